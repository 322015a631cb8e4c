"""Where the parties of a network lie, so that those who deal with each other lie together.

Forces as in Fruchterman and Reingold (1991), started from a spiral and without chance: the same ties give the same
picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from dragoman.web.marking import plain
from dragoman.web.names import name_of

WIDTH, HEIGHT = 960.0, 640.0
_MARGIN_X, _MARGIN_Y = 70.0, 36.0
_STEPS = 400
_LARGEST_NODE, _SMALLEST_NODE = 26.0, 5.0
_WIDEST_EDGE = 9.0
# A name as it is drawn: so long at most, with so wide a letter and so high a line.
LONGEST_NAME = 22
_LETTER, _LINE, _GAP = 7.4, 14.0, 4.0

# Left, top, right and bottom.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    party: str
    records: int
    x: float
    y: float
    radius: float
    name: str
    name_x: float
    name_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    row: Mapping[str, Any]
    ends: tuple[float, float, float, float]
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: float = WIDTH
    height: float = HEIGHT


def lay_out(dyads: Sequence[Mapping[str, Any]]) -> Network | None:
    """The network of some dyads (rows of low, high, records); None where there are none."""
    if not dyads:
        return None
    totals: dict[str, int] = {}
    for row in dyads:
        for party in (row["low"], row["high"]):
            totals[party] = totals.get(party, 0) + row["records"]
    parties = sorted(totals, key=lambda party: (-totals[party], party))
    index = {party: number for number, party in enumerate(parties)}
    weights = np.zeros((len(parties), len(parties)))
    for row in dyads:
        low, high = index[row["low"]], index[row["high"]]
        weights[low, high] = weights[high, low] = sqrt(row["records"])
    places = _settle(weights / weights.max())
    largest = max(totals.values())
    at = {party: (round(float(x), 1), round(float(y), 1)) for party, (x, y) in zip(parties, places, strict=True)}
    most = max(row["records"] for row in dyads)
    radii = {party: round(max(_SMALLEST_NODE, _LARGEST_NODE * sqrt(totals[party] / largest)), 1) for party in parties}
    names = {party: _short(plain(name_of(party))) for party in parties}
    named_at = _place_names(names, {party: (*at[party], radii[party]) for party in parties})
    return Network(
        nodes=tuple(
            Node(
                party=party, records=totals[party], x=at[party][0], y=at[party][1], radius=radii[party],
                name=names[party], name_x=named_at[party][0], name_y=named_at[party][1],
            )
            for party in parties
        ),
        edges=tuple(
            Edge(
                row=row, ends=(*at[row["low"]], *at[row["high"]]),
                width=round(max(0.8, _WIDEST_EDGE * row["records"] / most), 2),
            )
            for row in dyads
        ),
    )  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


def _place_names(
    names: Mapping[str, str], circles: Mapping[str, tuple[float, float, float]]
) -> dict[str, tuple[float, float]]:
    """Where the middle of each name stands: above its circle, else below or beside, where least is covered by it."""
    taken: list[Box] = [(x - radius, y - radius, x + radius, y + radius) for x, y, radius in circles.values()]
    placed: dict[str, tuple[float, float]] = {}
    for party, name in names.items():
        boxes = _name_boxes(len(name) * _LETTER, circles[party])
        best = min(boxes, key=lambda box: sum(_shared(box, other) for other in taken))
        taken.append(best)
        placed[party] = (round((best[0] + best[2]) / 2, 1), round(best[3] - _GAP / 2, 1))
    return placed


def _name_boxes(width: float, circle: tuple[float, float, float]) -> list[Box]:
    """The places for a name, all of them within the picture, the usual one first."""
    x, y, radius = circle
    aside = radius + _GAP + width / 2
    middles = [
        (x, y - radius - _GAP - _LINE / 2),
        (x, y + radius + _GAP + _LINE / 2),
        (x + aside, y),
        (x - aside, y),
    ]
    kept = [
        (min(max(at, width / 2), WIDTH - width / 2), min(max(line, _LINE / 2), HEIGHT - _LINE / 2))
        for at, line in middles
    ]
    return [(at - width / 2, line - _LINE / 2, at + width / 2, line + _LINE / 2) for at, line in kept]


def _shared(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)


def _settle(weights: np.ndarray) -> np.ndarray:
    """Places for all nodes after the forces have pulled; the busiest begins in the middle."""
    count = len(weights)
    angles = np.arange(count) * 2.399963  # the golden angle spreads a spiral evenly
    radii = np.sqrt(np.arange(count) / max(1, count))
    places = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    spring = 1.6 / sqrt(max(1, count))
    for step in range(_STEPS):
        apart = places[:, None] - places[None]
        distance = np.sqrt((apart**2).sum(axis=2)) + 1e-6
        push = spring**2 / distance**2
        pull = weights * distance / spring
        force = (apart * (push - pull)[:, :, None]).sum(axis=1) - 0.25 * places
        length = np.sqrt((force**2).sum(axis=1, keepdims=True)) + 1e-9
        places += force / length * np.minimum(length, 0.08 * (1 - step / _STEPS))
    return _fitted(places)


def _fitted(places: np.ndarray) -> np.ndarray:
    low, high = places.min(axis=0), places.max(axis=0)
    room = np.array([WIDTH - 2 * _MARGIN_X, HEIGHT - 2 * _MARGIN_Y])
    fitted: np.ndarray = (places - low) / np.maximum(high - low, 1e-6) * room + [_MARGIN_X, _MARGIN_Y]
    return fitted
