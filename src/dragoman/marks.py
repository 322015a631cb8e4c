"""Marks: which pieces of an archive are in the record, so that a run that was cut off goes on where it stood.

The store writes marks in the same commit as what came of the pieces. Pieces may arrive in any order, as many machines
finish them; an archive all of whose pieces are there becomes one row of the inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A piece of an archive: the archive's digest, the piece's first record and the one after its last, from 1 on.

    `location` is where the archive lies; `is_last` tells that nothing of it follows.
    """

    location: str
    digest: str
    first: int
    after: int
    is_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A mark with what came of its piece: numbers of articles and of skips."""

    mark: Mark
    articles: int = 0
    skips: int = 0


class Underway:
    """The archives that are read in part: what the record's notes keep of them, as plain JSON values."""

    def __init__(self, noted: Mapping[str, Any] | None = None) -> None:
        self._archives = {digest: dict(entry) for digest, entry in (noted or {}).items()}

    def to_note(self) -> dict[str, Any]:
        return self._archives

    def holds(self, mark: Mark) -> bool:
        """Whether a piece is there already."""
        done = self._archives.get(mark.digest, {}).get("done", [])
        return any(first <= mark.first and mark.after <= after for first, after in done)

    def take(self, piece: Piece) -> None:
        """Adds a piece."""
        mark = piece.mark
        entry = self._archives.setdefault(
            mark.digest, {"location": mark.location, "done": [], "end": None, "articles": 0, "skips": 0}
        )
        entry["done"] = _join([*entry["done"], [mark.first, mark.after]])
        entry["articles"] += piece.articles
        entry["skips"] += piece.skips
        if mark.is_last:
            entry["end"] = mark.after

    def pop_whole(self) -> dict[str, dict[str, Any]]:
        """Takes out the archives of which every piece is there, by their digests."""
        whole = {d: e for d, e in self._archives.items() if e["end"] is not None and e["done"] == [[1, e["end"]]]}
        for digest in whole:
            del self._archives[digest]
        return whole


def _join(ranges: Iterable[list[int]]) -> list[list[int]]:
    """Half-open ranges, joined where they touch.

    >>> _join([[5, 9], [1, 5], [12, 13]])
    [[1, 9], [12, 13]]
    """
    joined: list[list[int]] = []
    for first, after in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], after)
        else:
            joined.append([first, after])
    return joined
