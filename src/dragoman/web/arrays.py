"""Columns of the record that pages count with, as arrays: who stands in which happening, of which type, on which day.

Stands between the data files and the questions of pages. One object holds one partition (a month of happenings, a year
of dyads) in the order in which pages list it, so that a question over it is a mask and a sum. Days are counted from
1970-01-01; parties and themes are numbered by `Keys`. Gives numbers and ids; whole rows are read from the files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dragoman.codebook import load_codebook
from dragoman.model import STATUSES

EPOCH = date(1970, 1, 1).toordinal()
# The day of what has none: before all others, so that it comes last where the newest come first.
NO_DAY = -(2**31)
# Themes are numbered among the parties; no party key begins so.
THEME = "#"

Ints = NDArray[np.integer[Any]]


class Keys:
    """Numbers for party and theme keys, given in the order in which they are first met."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._lock = threading.Lock()

    def find(self, name: str) -> int | None:
        return self._numbers.get(name)

    def name(self, number: int) -> str:
        return self._names[number]

    def number_all(self, names: pa.Array | pa.ChunkedArray) -> NDArray[np.int32]:
        """The number of each name of an array without nulls."""
        if isinstance(names, pa.ChunkedArray):
            names = names.combine_chunks()
        coded = names.dictionary_encode()
        numbers = np.array([self._number(name) for name in coded.dictionary.to_pylist()], dtype=np.int32)
        indices = coded.indices.to_numpy(zero_copy_only=False)
        return numbers[indices] if len(numbers) else np.zeros(0, np.int32)

    def _number(self, name: str) -> int:
        with self._lock:
            if name not in self._numbers:
                self._numbers[name] = len(self._names)
                self._names.append(name)
            return self._numbers[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrays:
    @property
    def nbytes(self) -> int:
        return sum(getattr(getattr(self, one.name), "nbytes", 0) for one in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRows(_Arrays):
    """In which rows of a partition which key stands: those of the n-th of `keys` lie from `starts[n]` on, in order."""

    keys: NDArray[np.int32]
    starts: NDArray[np.int32]
    rows: NDArray[np.uint16] | NDArray[np.uint32]

    @classmethod
    def of(cls, keys: NDArray[np.int32], rows: NDArray[np.int64]) -> KeyRows:
        """From keys and the row of each, in any order; what stands twice counts once."""
        pairs = np.sort(keys.astype(np.int64) << 32 | rows)
        pairs = pairs[np.diff(pairs, prepend=-1) != 0]
        distinct, starts = np.unique(pairs >> 32, return_index=True)
        is_small = not len(rows) or int(rows.max()) < 1 << 16
        return cls(
            keys=distinct.astype(np.int32),
            starts=np.append(starts, len(pairs)).astype(np.int32),
            rows=(pairs & 0xFFFFFFFF).astype(np.uint16 if is_small else np.uint32),
        )

    def of_key(self, number: int | None) -> NDArray[np.int32]:
        """Rows in which a key stands, in order."""
        if number is None:
            return np.zeros(0, np.int32)
        at = int(self.keys.searchsorted(number))
        if at == len(self.keys) or self.keys[at] != number:
            return np.zeros(0, np.int32)
        rows: NDArray[np.int32] = self.rows[self.starts[at] : self.starts[at + 1]].astype(np.int32)
        return rows

    def of_keys(self, numbers: Iterable[int | None]) -> NDArray[np.int32]:
        """Rows in which all of some keys stand, in order."""
        few, *others = sorted((self.of_key(number) for number in numbers), key=len)
        for other in others:
            if not len(few):
                break
            few = few[other.take(other.searchsorted(few), mode="clip") == few]
        return few

    def copy(self) -> KeyRows:
        """The same in arrays of its own, which keep nothing else in memory."""
        return KeyRows(keys=self.keys.copy(), starts=self.starts.copy(), rows=self.rows.copy())

    def standing_in(self, rows: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
        """The keys that stand in some rows: row and key."""
        is_here = np.isin(self.rows, rows)
        keys = np.repeat(self.keys, np.diff(self.starts))
        return zip(self.rows[is_here].tolist(), keys[is_here].tolist(), strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class HappeningColumns(_Arrays):
    """Happenings of a partition, the newest day first. `where` says which party and theme stands in which row."""

    ids: pa.Array
    day: NDArray[np.int32]
    last_day: NDArray[np.int32]
    reported: NDArray[np.int32]
    kind: NDArray[np.int8]
    quad: NDArray[np.int8]
    status: NDArray[np.int8]
    weight: NDArray[np.float32]
    where: KeyRows

    @classmethod
    def of(cls, table: pa.Table, keys: Keys) -> HappeningColumns:
        """From the columns of the same names, with actors, recipients and contexts as lists of texts."""
        names, places = [], []
        for column, mark in (("actors", ""), ("recipients", ""), ("contexts", THEME)):
            lists = table[column].combine_chunks()
            flat = lists.flatten()
            names.append(pc.binary_join_element_wise(mark, flat, "") if mark else flat)
            places.append(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False))
        numbers = keys.number_all(pa.chunked_array(names, type=pa.string()))
        return cls(
            ids=table["record_id"].combine_chunks(),
            day=_days(table["day"]),
            last_day=_days(table["last_day"]),
            reported=_days(pc.strptime(table["first_reported"], format="%Y-%m-%d", unit="s").cast(pa.date32())),
            kind=_coded(table["event_type"], list(load_codebook().types)),
            quad=table["quad"].to_numpy().astype(np.int8),
            status=_coded(table["status"], STATUSES),
            weight=table["weight"].to_numpy().astype(np.float32),
            where=KeyRows.of(numbers, np.concatenate(places).astype(np.int64)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DyadColumns(_Arrays):
    """Rows of dyads of a partition, grouped by pair. `is_first` marks one row of each happening of a pair.

    `low` and `high` are the numbers of the sides of each pair, `starts` and `ends` where its rows lie, `pair` which
    pair each row is of. `sorted_pairs` are both numbers as one (low's shifted by 32 bits), `order` whose they are.
    """

    low: NDArray[np.int32]
    high: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    sorted_pairs: NDArray[np.int64]
    order: NDArray[np.int64]
    pair: NDArray[np.int32]
    day: NDArray[np.int32]
    last_day: NDArray[np.int32]
    kind: NDArray[np.int8]
    quad: NDArray[np.int8]
    intensity: NDArray[np.float64]
    belief: NDArray[np.float64]
    is_forward: NDArray[np.bool_]
    is_mutual: NDArray[np.bool_]
    is_first: NDArray[np.bool_]
    ids: pa.Array

    @classmethod
    def of(cls, table: pa.Table, keys: Keys) -> DyadColumns:
        """From the columns of the same names and `record_id`, in order of pair, day and record."""
        low, high = keys.number_all(table["low"]), keys.number_all(table["high"])
        ids = table["record_id"].combine_chunks()
        is_new = np.ones(len(low), np.bool_)
        is_new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        starts = np.flatnonzero(is_new)
        is_first = is_new.copy()
        is_first[1:] |= pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
        pairs = low[starts].astype(np.int64) << 32 | high[starts]
        order = np.argsort(pairs)
        return cls(
            low=low[starts],
            high=high[starts],
            starts=starts,
            ends=np.append(starts[1:], len(low)) if len(starts) else starts,
            sorted_pairs=pairs[order],
            order=order,
            pair=(np.cumsum(is_new) - 1).astype(np.int32),
            day=_days(table["day"]),
            last_day=_days(table["last_day"]),
            kind=_coded(table["event_type"], list(load_codebook().types)),
            quad=table["quad"].to_numpy().astype(np.int8),
            intensity=table["intensity"].to_numpy(),
            belief=table["belief"].to_numpy(),
            is_forward=table["is_forward"].to_numpy(),
            is_mutual=table["is_mutual"].to_numpy(),
            is_first=is_first,
            ids=ids,
        )

    def rows_of(self, low: int | None, high: int | None) -> slice:
        """Where the rows of a pair lie."""
        if low is None or high is None:
            return slice(0, 0)
        pair = (low << 32) | high
        at = int(np.searchsorted(self.sorted_pairs, pair))
        if at == len(self.sorted_pairs) or self.sorted_pairs[at] != pair:
            return slice(0, 0)
        place = self.order[at]
        return slice(int(self.starts[place]), int(self.ends[place]))


def day_number(day: date) -> int:
    return day.toordinal() - EPOCH


def day_of(number: int) -> date:
    return date.fromordinal(int(number) + EPOCH)


def _days(column: pa.ChunkedArray) -> NDArray[np.int32]:
    filled = pc.fill_null(column.cast(pa.int32()), NO_DAY)
    numbers: NDArray[np.int32] = filled.to_numpy().astype(np.int32)
    return numbers


def _coded(column: pa.ChunkedArray, known: Sequence[str]) -> NDArray[np.int8]:
    """Each value's place among the known ones, -1 for others."""
    places = pc.fill_null(pc.index_in(column, value_set=pa.array(list(known))), -1)
    numbers: NDArray[np.int8] = places.to_numpy().astype(np.int8)
    return numbers


def group_sums(
    keys: NDArray[np.int64], columns: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    """The distinct keys in order, and each column summed by key."""
    distinct, places = np.unique(keys, return_inverse=True)
    return distinct, {
        name: np.bincount(places, weights=column, minlength=len(distinct)) for name, column in columns.items()
    }


def join_sums(parts: Iterable[tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]) -> tuple[Any, dict[str, Any]]:
    """Sums of several partitions as one."""
    parts = list(parts)
    if not parts:
        return np.zeros(0, np.int64), {}
    keys = np.concatenate([part[0] for part in parts])
    return group_sums(keys, {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]})
