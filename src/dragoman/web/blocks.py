"""Groups of rows once more, in blocks of some hundred: a row is read with its block, in a sixth of a millisecond, where
its whole group in the data file takes two.

Stands between what lies aside (`aside.py`) and the rows that pages show. The blocks of a group hold its rows in their
order and the columns that it was given with, packed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dragoman.web.aside import Aside, Lying

DAY = "day"
# Rows of a block: fewer take more room on disk, more take longer to read.
BLOCK_ROWS = 512
# The first and the last day of some rows; both None where not every row has one.
Days = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidGroup:
    """A group that lies aside: its columns, of each block its days, and where the bytes of each begin and end."""

    schema: pa.Schema
    days: tuple[Days, ...]
    bounds: NDArray[np.int64]
    lying: Lying

    def on_days(self, days: Sequence[date] | None) -> Iterator[pa.Table]:
        """The blocks in which one of some days, given in order, may stand; all of them where none are given."""
        return (self._block(number) for number, within in enumerate(self.days) if may_hold(within, days))

    def at(self, places: Sequence[int]) -> Iterator[tuple[pa.Table, list[int]]]:
        """The blocks in which some places of the group lie, each with its own of them, counted from its first row."""
        for number in sorted({place // BLOCK_ROWS for place in places}):
            yield self._block(number), [place % BLOCK_ROWS for place in places if place // BLOCK_ROWS == number]

    def _block(self, number: int) -> pa.Table:
        start, end = (int(bound) for bound in self.bounds[number : number + 2])
        part = pa.py_buffer(self.lying.read(start, end - start))
        return pa.Table.from_batches([pa.ipc.read_record_batch(part, self.schema)])


class LaidGroups:
    """Groups of rows that lie aside in blocks, by data file and number; `name` tells them from what else lies there."""

    def __init__(self, name: str, aside: Aside) -> None:
        self._name = name
        self._aside = aside
        self._groups: dict[Hashable, LaidGroup] = {}

    def key(self, path: str, number: int) -> Hashable:
        """What a group is called among all that lies aside."""
        return self._name, path, number

    def find(self, path: str, number: int) -> LaidGroup | None:
        return self._groups.get(self.key(path, number))

    def lay(self, path: str, number: int, rows: pa.Table) -> bool:
        """Lays a group aside; False where there is no room. Raises OSError where the disk does not take it."""
        batches = rows.combine_chunks().to_batches(BLOCK_ROWS)
        packed, bounds = _pack(rows.schema, batches)
        lying = self._aside.lay(self.key(path, number), [memoryview(packed)])
        if lying is None:
            return False
        days = tuple(_days_of(batch) for batch in batches)
        group = LaidGroup(schema=rows.schema, days=days, bounds=np.array(bounds, np.int64), lying=lying)
        self._groups[self.key(path, number)] = group
        return True

    def keep_only(self, keys: Set[Hashable]) -> None:
        """Lets go of all but some groups."""
        for key in [key for key in self._groups if key not in keys]:
            del self._groups[key]


def may_hold(within: Days, days: Sequence[date] | None) -> bool:
    """Whether one of some days, given in order, may lie within others; so it is where either are not known."""
    low, high = within
    if days is None or low is None or high is None:
        return True
    at = bisect_left(days, low)
    return at < len(days) and days[at] <= high


def _pack(schema: pa.Schema, batches: Sequence[pa.RecordBatch]) -> tuple[pa.Buffer, list[int]]:
    """Blocks as bytes, and where each begins and ends."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        # What stands before the first block is the schema, which is written with it.
        stream.write_batch(pa.RecordBatch.from_pylist([], schema=schema))
        bounds = [sink.tell()]
        for batch in batches:
            stream.write_batch(batch)
            bounds.append(sink.tell())
    return sink.getvalue(), bounds


def _days_of(batch: pa.RecordBatch) -> Days:
    if DAY not in batch.schema.names or batch[DAY].null_count or not len(batch):
        return None, None
    told = pc.min_max(batch[DAY])
    return told["min"].as_py(), told["max"].as_py()
