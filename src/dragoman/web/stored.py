"""Whole rows of few happenings and events, read where they lie in the data files.

Stands between the data files and the questions of pages. A file is cut into groups of some thousand rows in the order
of days; what a page shows alone lies scattered over them. A group is read whole, once, in the columns that are asked
for, and held: its file never changes, so what was read is right as long as the table names the file. It refuses
nothing, knows no corrections and reads no table: whoever asks names the files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from dragoman.errors import StoreError
from dragoman.web.held import Held

Row = dict[str, Any]
# Columns to read by name, each with the parts of it that are wanted; all parts where none is named.
Columns = Mapping[str, frozenset[str]]

_DAY = "day"
# What a file's description weighs in memory, in bytes on disk.
_SPREAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What a data file says of itself: the days of each group of rows (both None: not known), the paths to read."""

    metadata: parquet.FileMetaData
    days: tuple[tuple[date | None, date | None], ...]
    paths: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        return int(self.metadata.serialized_size) * _SPREAD

    def groups_of(self, days: Collection[date] | None) -> list[int]:
        """Groups in which one of some days may lie; all of them where no days are given."""
        return [
            number
            for number, (low, high) in enumerate(self.days)
            if days is None or low is None or high is None or any(low <= day <= high for day in days)
        ]


class StoredRows:
    """Rows of a table's files in some columns, `day` among them."""

    def __init__(self, columns: Columns, most_bytes: int) -> None:
        self._columns = {_DAY: frozenset[str](), **columns}
        self._held = Held(most_bytes)

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
            for table in self._tables(paths, days)
            for row in _rows_at(table, _places_of(table[column], wanted))
            if days is None or row[_DAY] in days
        ]

    def _tables(self, paths: Iterable[str], days: Collection[date] | None) -> Iterator[pa.Table]:
        """Groups of rows in which one of some days may lie."""
        for path in paths:
            file: _File = self._held.get(("file", path), lambda path=path: self._describe(path))  # type: ignore[misc]
            for group in file.groups_of(days):
                yield self._held.get(
                    ("group", path, group),
                    lambda path=path, file=file, group=group: _read(path, file, group),  # type: ignore[misc]
                )

    def _describe(self, path: str) -> _File:
        try:
            metadata = parquet.read_metadata(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path} cannot be read: {error}; run `dragoman check`") from error
        paths = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
        return _File(
            metadata=metadata,
            days=tuple(_days_of(metadata.row_group(group), paths) for group in range(metadata.num_row_groups)),
            paths=tuple(path for path in paths if self._is_wanted(path)),
        )

    def _is_wanted(self, path: str) -> bool:
        """Whether the values under a path are read: `sentence.text` is the part `text` of the column `sentence`."""
        column, *inner = path.split(".")
        parts = self._columns.get(column)
        return parts is not None and (not parts or bool(inner) and inner[-1] in parts)


def _days_of(group: parquet.RowGroupMetaData, paths: Sequence[str]) -> tuple[date | None, date | None]:
    column = group.column(paths.index(_DAY)) if _DAY in paths else None
    told = column.statistics if column is not None else None
    if told is None or not told.has_min_max or not told.has_null_count or told.null_count:
        return None, None
    return told.min, told.max


def _read(path: str, file: _File, group: int) -> pa.Table:
    try:
        with parquet.ParquetFile(path, metadata=file.metadata) as opened:
            return opened.read_row_group(group, columns=list(file.paths), use_threads=False).combine_chunks()
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(f"{path} cannot be read: {error}; run `dragoman check`") from error


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
    return [row for place in places for row in table.slice(place, 1).to_pylist()]
