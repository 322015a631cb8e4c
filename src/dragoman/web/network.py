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

WIDTH, HEIGHT = 960.0, 640.0
_MARGIN_X, _MARGIN_Y = 70.0, 36.0
_STEPS = 400
_LARGEST_NODE, _SMALLEST_NODE = 26.0, 5.0
_WIDEST_EDGE = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    party: str
    records: int
    x: float
    y: float
    radius: float


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
    return Network(
        nodes=tuple(
            Node(
                party=party, records=totals[party], x=at[party][0], y=at[party][1],
                radius=round(max(_SMALLEST_NODE, _LARGEST_NODE * sqrt(totals[party] / largest)), 1),
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
