"""Positions that are joined into groups: pairs by likeness, and disjoint sets.

It knows nothing of events: articles are joined into stories with it, readings into happenings, and copies into voices.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

import numpy as np

# Bins that like pairs are sorted in, for each step of likeness by 1.
BINS = 256
Asked = TypeVar("Asked", bound=Hashable)


class LikePairs(Generic[Asked]):
    """Pairs of positions with how like the two are, and what was asked of them: some 14 bytes a pair.

    On the day of a great story they are millions, and as objects of their own they would take gigabytes. They lie in
    bins by likeness, so that only one bin at a time is sorted, and none is held longer than it is needed.
    """

    def __init__(self, positions: int) -> None:
        self._code = "H" if positions <= 1 << 16 else "I"
        self._bins: dict[int, tuple[array[float], array[int], array[int], array[int]]] = {}
        self._kinds: dict[Asked, int] = {}

    def add(self, likeness: float, one: int, other: int, asked: Asked) -> None:
        number = int(likeness * BINS)
        if number not in self._bins:
            self._bins[number] = array("d"), array(self._code), array(self._code), array("H")
        values, ones, others, asked_at = self._bins[number]
        values.append(-likeness)
        ones.append(one)
        others.append(other)
        # What can be asked are a few rows of a table: each is kept once.
        asked_at.append(self._kinds.setdefault(asked, len(self._kinds)))

    def likest_first(self) -> Iterator[tuple[int, int, Asked]]:
        """The pairs, the likest first, then by position; each is given once."""
        kinds = list(self._kinds)
        for number in sorted(self._bins, reverse=True):
            values, ones, others, asked_at = self._bins.pop(number)
            keys = (np.frombuffer(others, self._code), np.frombuffer(ones, self._code), np.frombuffer(values, "d"))
            for at in np.lexsort(keys).data:
                yield ones[at], others[at], kinds[asked_at[at]]


def earlier_with_a_key(keys_of: Iterable[Iterable[Hashable]]) -> Iterator[set[int]]:
    """For each in turn the positions of those before it that share a key with it."""
    having: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at, keys in enumerate(keys_of):
        mine = set(keys)
        yield {before for key in mine for before in having[key]}
        for key in mine:
            having[key].append(at)


class Groups:
    """Disjoint sets of positions (union by smaller position, so that the outcome is canonical)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, at: int) -> int:
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low
