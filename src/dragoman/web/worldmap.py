"""The outlines of the world's countries as SVG paths, and where a place lies among them.

Outlines are Natural Earth's (public domain) at 1:110 million, as the TopoJSON of world-atlas 2.0.2 (ISC licence). Equal
Earth projection (Šavrič, Patterson, Jenny 2018): areas keep their proportion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import asin, cos, radians, sin, sqrt
from typing import Any

from dragoman.knowledge import table_rows

WIDTH, HEIGHT = 960.0, 468.0
# Coefficients of the Equal Earth polynomial.
_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_M = sqrt(3) / 2
# Half the width of the projected world, in radii, and the share of its height shown (Antarctica is cut off).
_HALF_WIDTH = 2.7066299836
_NORTH = 84.0
_ANTARCTICA = "ATA"
# A step in longitude that no coast takes: the outline wraps round the edge of the map there.
_WRAP = 180.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A country: its code (None where it has none), its name and its path."""

    code: str | None
    name: str
    path: str


def project(longitude: float, latitude: float) -> Point:
    """Degrees to the view box of the map."""
    theta = asin(_M * sin(radians(max(-90.0, min(90.0, latitude)))))
    square = theta * theta
    sixth = square**3
    x = radians(longitude) * cos(theta) / (_M * (_A1 + 3 * _A2 * square + sixth * (7 * _A3 + 9 * _A4 * square)))
    y = theta * (_A1 + _A2 * square + sixth * (_A3 + _A4 * square))
    unit = WIDTH / 2 / _HALF_WIDTH
    return round(WIDTH / 2 + x * unit, 1), round(_top() * unit - y * unit, 1)


@cache
def _top() -> float:
    theta = asin(_M * sin(radians(_NORTH)))
    square = theta * theta
    return theta * (_A1 + _A2 * square + square**3 * (_A3 + _A4 * square))


@cache
def load_outlines() -> tuple[Outline, ...]:
    """All countries but Antarctica (decoded once, some 40 ms)."""
    world = ("static", "world")
    shapes = resources.files("dragoman.web").joinpath(*world, "countries-110m.json")
    topology = json.loads(shapes.read_text("utf-8"))
    codes = {row["numeric"]: row["code"] for row in table_rows(*world, "numeric.tsv", package="dragoman.web")}
    arcs = _decode_arcs(topology)
    outlines = []
    for shape in topology["objects"]["countries"]["geometries"]:
        name = shape["properties"]["name"]
        code = codes.get(shape.get("id", "")) or {"Kosovo": "KOS"}.get(name)
        if code != _ANTARCTICA:
            outlines.append(Outline(code=code, name=name, path="".join(_path_parts(shape, arcs))))
    return tuple(outlines)


def _decode_arcs(topology: Mapping[str, Any]) -> list[list[Point]]:
    """Arcs in degrees: TopoJSON stores them as steps on a grid."""
    (scale_x, scale_y), (shift_x, shift_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for steps in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in steps:
            x, y = x + dx, y + dy
            points.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(points)
    return arcs


def _path_parts(shape: Mapping[str, Any], arcs: Sequence[Sequence[Point]]) -> Iterator[str]:
    polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    for polygon in polygons:
        for ring in polygon:
            yield _ring_path(_joined(ring, arcs))


def _joined(ring: Sequence[int], arcs: Sequence[Sequence[Point]]) -> list[Point]:
    """The points of a ring; a negative number is an arc walked backwards."""
    points: list[Point] = []
    for number in ring:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points.extend(arc[1:] if points else arc)
    return points


def _ring_path(points: Sequence[Point]) -> str:
    path, before = [], None
    for longitude, latitude in points:
        wraps = before is not None and abs(longitude - before) > _WRAP
        x, y = project(longitude, latitude)
        path.append(f"{'M' if before is None or wraps else 'L'}{x:g},{y:g}")
        before = longitude
    return "".join(path) + "Z"
