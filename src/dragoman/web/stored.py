"""Whole rows of few happenings and events, read where they lie in the data files.

Stands between the data files and the questions of pages. A file is cut into groups of some thousand rows in the order
of days; what a page shows alone lies scattered over them. A group is read whole, in the columns that are asked for,
which takes two milliseconds where a query that opens the file takes twenty. A group that is asked for again is held:
its file never changes, so what was read is right as long as the table names the file. What is asked for once, a
happening of years ago, pushes nothing out. Groups that a site has laid aside (`blocks.py`) are read from there. It
refuses nothing, knows no corrections and reads no table: whoever asks names the files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from dragoman.errors import StoreError
from dragoman.web.blocks import DAY, LaidGroup, LaidGroups, may_hold
from dragoman.web.held import Held

Row = dict[str, Any]
# Columns to read by name, each with the parts of it that are wanted; all parts where none is named.
Columns = Mapping[str, frozenset[str]]

# Groups of which is remembered that they were asked for once, in bytes that `Held` counts for them.
_MOST_MET = 300 * 2_000
# Rows of a group that are cut out one by one.
_MOST_CUT = 8
# What a file's description weighs in memory, in bytes on disk.
_SPREAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What a data file says of itself: its columns, of each group of rows its days (both None: not known) and its first
    row.
    """

    metadata: parquet.FileMetaData
    columns: tuple[str, ...]
    days: tuple[tuple[date | None, date | None], ...]
    starts: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        return int(self.metadata.serialized_size) * _SPREAD

    def groups_of(self, days: Sequence[date] | None) -> list[int]:
        """Groups in which one of some days, given in order, may lie; all of them where no days are given."""
        return [number for number, within in enumerate(self.days) if may_hold(within, days)]

    def groups_within(self, since: date, until: date) -> list[int]:
        """Groups in which a day of a window may lie."""
        return [
            number
            for number, (low, high) in enumerate(self.days)
            if low is None or high is None or (low < until and high >= since)
        ]


class DataFiles:
    """What data files say of themselves, held for all who read rows of them."""

    def __init__(self, most_bytes: int) -> None:
        self._held = Held(most_bytes)

    def get(self, path: str) -> _File:
        """Raises StoreError where the file cannot be read."""
        return self._held.get(path, lambda: _describe(path))

    def rows(self, path: str) -> int:
        """How many rows a file has. Raises StoreError where it cannot be read."""
        return int(self.get(path).metadata.num_rows)

    def may_exceed(self, path: str, column: str, value: int) -> bool:
        """Whether a column of numbers may hold more than a value. Raises StoreError where the file cannot be read."""
        file = self.get(path)
        place = file.columns.index(column)
        told = [file.metadata.row_group(group).column(place).statistics for group in range(len(file.days))]
        return any(one is None or not one.has_min_max or one.max > value for one in told)


class StoredRows:
    """Rows of a table's files in some columns; of a table that knows days, `day` is among them."""

    def __init__(self, files: DataFiles, columns: Columns, most_bytes: int, laid: LaidGroups | None = None) -> None:
        self._files = files
        self._columns = {DAY: frozenset[str](), **columns}
        self._held = Held(most_bytes)
        self._met = Held(_MOST_MET)
        self._laid = laid

    def find(
        self, paths: Iterable[str], column: str, values: Collection[str], *, days: Collection[date] | None
    ) -> list[Row]:
        """Rows of some files in which one of the values stands in a column, or in its list; on some days, if given.

        Raises:
            StoreError: a file cannot be read.
        """
        wanted = pa.array(sorted(values), type=pa.string())
        if not len(wanted):
            return []
        return [
            row
            for table in self._tables(paths, sorted(days) if days is not None else None)
            for row in _rows_at(table, _places_of(table[column], wanted))
            if days is None or row[DAY] in days
        ]

    def tables(self, paths: Iterable[str], *, since: date, until: date) -> list[pa.Table]:
        """The groups of rows in which a day of a window may lie, whole.

        Raises:
            StoreError: a file cannot be read.
        """
        files = [(path, self._files.get(path)) for path in paths]
        return [self._group(path, file, group) for path, file in files for group in file.groups_within(since, until)]

    def place_of(self, path: str, day: date | None) -> list[tuple[int, int]]:
        """Where in a file the rows of a day may lie: the first and the end of each group, counted from its first row.

        Without a day, that is everywhere.

        Raises:
            StoreError: the file cannot be read.
        """
        file = self._files.get(path)
        return [
            (int(file.starts[group]), int(file.starts[group]) + file.metadata.row_group(group).num_rows)
            for group in file.groups_of([day] if day else None)
        ]

    def take(self, path: str, places: Sequence[int]) -> list[Row]:
        """The rows at some places of a file, counted from its first; in the order of the file.

        Raises:
            StoreError: the file cannot be read.
        """
        file = self._files.get(path)
        at: dict[int, list[int]] = {}
        for place in sorted(places):
            group = int(np.searchsorted(file.starts, place, side="right")) - 1
            at.setdefault(group, []).append(place - int(file.starts[group]))
        return [row for group, here in at.items() for row in self._rows_of_group(path, file, group, here)]

    def to_lay(self, paths: Iterable[str]) -> Iterator[tuple[Hashable, Callable[[], bool]]]:
        """What of some files may lie aside: what each group is called there, and what lays it down.

        The latter says whether there was room, and raises OSError where the disk does not take it, StoreError where the
        file cannot be read. So does the first, of what a file says of itself.
        """
        if self._laid is None:
            return
        for path in paths:
            for group in range(len(self._files.get(path).days)):
                yield self._laid.key(path, group), partial(self._lay, self._laid, path, group)

    def _lay(self, laid: LaidGroups, path: str, group: int) -> bool:
        return laid.lay(path, group, self._read(path, self._files.get(path), group))

    def _apart(self, path: str, group: int) -> LaidGroup | None:
        """A group that lies aside and is not held."""
        is_held = self._laid is None or self._held.find((path, group)) is not None
        return None if self._laid is None or is_held else self._laid.find(path, group)

    def _tables(self, paths: Iterable[str], days: Sequence[date] | None) -> Iterator[pa.Table]:
        """Rows of the groups in which one of some days, given in order, may lie."""
        for path in paths:
            file = self._files.get(path)
            for group in file.groups_of(days):
                if apart := self._apart(path, group):
                    yield from apart.on_days(days)
                else:
                    yield self._group(path, file, group)

    def _rows_of_group(self, path: str, file: _File, group: int, places: Sequence[int]) -> list[Row]:
        if apart := self._apart(path, group):
            return [row for block, here in apart.at(places) for row in _rows_at(block, here)]
        return _rows_at(self._group(path, file, group), places)

    def _group(self, path: str, file: _File, group: int) -> pa.Table:
        """A group of rows; held from the second time that it is asked for."""
        key = (path, group)
        held: pa.Table | None = self._held.find(key)
        if held is not None:
            return held
        if self._met.find(key) is None:
            self._met.get(key, lambda: True)
            return self._read(path, file, group)
        return self._held.get(key, lambda: self._read(path, file, group))

    def _read(self, path: str, file: _File, group: int) -> pa.Table:
        wanted = [column for column in file.columns if self._is_wanted(column)]
        try:
            # Read where it lies: to read ahead costs threads, and the file is in memory or small.
            with parquet.ParquetFile(path, metadata=file.metadata, pre_buffer=False) as opened:
                return opened.read_row_group(group, columns=wanted, use_threads=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path} cannot be read: {error}; run `dragoman check`") from error

    def _is_wanted(self, path: str) -> bool:
        """Whether the values under a path are read: `sentence.text` is the part `text` of the column `sentence`."""
        column, *inner = path.split(".")
        parts = self._columns.get(column)
        return parts is not None and (not parts or bool(inner) and inner[-1] in parts)


def _days_of(group: parquet.RowGroupMetaData, paths: Sequence[str]) -> tuple[date | None, date | None]:
    column = group.column(paths.index(DAY)) if DAY in paths else None
    told = column.statistics if column is not None else None
    if told is None or not told.has_min_max or not told.has_null_count or told.null_count:
        return None, None
    return told.min, told.max


def _describe(path: str) -> _File:
    try:
        metadata = parquet.read_metadata(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(f"{path} cannot be read: {error}; run `dragoman check`") from error
    columns = tuple(metadata.schema.column(number).path for number in range(metadata.num_columns))
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    return _File(
        metadata=metadata,
        columns=columns,
        days=tuple(_days_of(group, columns) for group in groups),
        starts=np.cumsum([0, *(group.num_rows for group in groups[:-1])]),
    )


def _places_of(column: pa.ChunkedArray, wanted: pa.Array) -> list[int]:
    """Rows in which one of some values stands, each once and in order."""
    values = column.combine_chunks()
    if not pa.types.is_list(values.type) and not pa.types.is_large_list(values.type):
        return [int(place) for place in np.flatnonzero(_is_in(values, wanted))]
    parents = pc.list_parent_indices(values).to_numpy(zero_copy_only=False)
    return [int(place) for place in np.unique(parents[_is_in(pc.list_flatten(values), wanted)])]


def _is_in(values: pa.Array, wanted: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.is_in(values, value_set=wanted.cast(values.type)).to_numpy(zero_copy_only=False)
    return found


def _rows_at(table: pa.Table, places: Sequence[int]) -> list[Row]:
    # Some rows cut out are told sooner than they are gathered.
    if len(places) > _MOST_CUT:
        gathered: list[Row] = table.take(places).to_pylist()
        return gathered
    return [row for place in places for row in table.slice(place, 1).to_pylist()]
