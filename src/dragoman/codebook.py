"""PLOVER 2.0 as data: types, modes, contexts, quad classes and scores, with the way to and from CAMEO.

The rows live in `data/codebook/*.tsv`, whose README names their sources and the patched faults. This module only
reads and answers; it codes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from dragoman.errors import QueryError
from dragoman.knowledge import table_rows
from dragoman.words import did_you_mean

VERSION = "PLOVER-2.0+patches-1"
QUADS: Mapping[int, str] = {
    1: "verbal cooperation",
    2: "material cooperation",
    3: "verbal conflict",
    4: "material conflict",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One of the 16 types: its quad class (1-4), score (-10..10) and its modes with their scores."""

    name: str
    quad: int
    score: float
    requires_recipient: bool
    modes: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameoCode:
    """A CAMEO 1.1b3 code (a string: leading zeros matter) with its Goldstein value and its way to PLOVER 2.0."""

    code: str
    label: str
    goldstein: float | None
    quad: int
    event_type: str | None
    mode: str | None
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """All rows of the codebook, in the order of its files."""

    types: Mapping[str, EventType]
    contexts: tuple[str, ...]
    sectors: tuple[str, ...]
    cameo: Mapping[str, CameoCode]
    version: str = VERSION

    def event_type(self, name: str) -> EventType:
        """Finds a type by its name in any case; raises QueryError that suggests the nearest one, else names all."""
        found = self.types.get(name.upper())
        if found is None:
            hint = did_you_mean(name.upper(), self.types) or f"the types are {', '.join(self.types)}"
            raise QueryError(f"there is no event type {name!r}; {hint}")
        return found

    def intensity(self, event_type: str, mode: str | None = None) -> float:
        """Gives the PLOVER score (-10..10): the mode's where it has one, otherwise the type's."""
        kind = self.event_type(event_type)
        score = kind.modes.get(mode) if mode else None
        return kind.score if score is None else score

    def quad(self, event_type: str) -> int:
        """Gives the quad class of a type: 1 and 2 cooperation (verbal, material), 3 and 4 conflict."""
        return self.event_type(event_type).quad

    def to_cameo(self, event_type: str, mode: str | None = None) -> CameoCode:
        """Gives the most general CAMEO code that maps to this type and mode, or to the type alone."""
        self.event_type(event_type)
        ways = [c for c in self.cameo.values() if c.event_type == event_type]
        exact = [c for c in ways if c.mode == mode]
        return min(exact or ways, key=lambda c: (len(c.code), c.code))

    def goldstein(self, event_type: str, mode: str | None = None) -> float:
        """Gives the Goldstein value (-10..10) of the nearest CAMEO code that has one: the mode's, else the type's."""
        values = (self.to_cameo(event_type, name).goldstein for name in (mode, None))
        return next((value for value in values if value is not None), 0.0)

    def from_cameo(self, code: str) -> CameoCode:
        """Finds a CAMEO code; raises QueryError where it is none of 1.1b3's."""
        found = self.cameo.get(code)
        if found is None:
            raise QueryError("; ".join(filter(None, [f"{code!r} is no CAMEO code", did_you_mean(code, self.cameo)])))
        return found


@cache
def load_codebook() -> Codebook:
    """Reads the codebook that comes with the package (a few milliseconds, once in a process)."""
    modes = table_rows("codebook", "modes.tsv")
    return Codebook(
        types={r["type"]: _event_type(r, modes) for r in table_rows("codebook", "types.tsv")},
        contexts=tuple(r["context"] for r in table_rows("codebook", "contexts.tsv")),
        sectors=tuple(r["sector"] for r in table_rows("codebook", "sectors.tsv")),
        cameo={r["code"]: _cameo_code(r) for r in table_rows("codebook", "cameo.tsv", is_quoted=True)},
    )


def _event_type(row: Mapping[str, str], modes: Iterable[Mapping[str, str]]) -> EventType:
    name = row["type"]
    return EventType(
        name=name,
        quad=int(row["quad"]),
        score=float(row["score"]),
        requires_recipient=row["requires_recipient"] == "true",
        modes={m["mode"]: float(m["score"]) if m["score"] else None for m in modes if m["type"] == name},
    )


def _cameo_code(row: Mapping[str, str]) -> CameoCode:
    return CameoCode(
        code=row["code"],
        label=row["label"],
        goldstein=float(row["goldstein"]) if row["goldstein"] else None,
        quad=int(row["quad"]),
        event_type=row["type"] or None,
        mode=row["mode"] or None,
        contexts=tuple(filter(None, row["contexts"].split(","))),
    )
