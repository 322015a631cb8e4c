"""The columns of a record that are held in memory, one object for each partition of the data files.

Files never change, so what was read from one is right as long as the tables name it: a commit costs the reading of few.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TypeVar

import duckdb
import numpy as np
from numpy.typing import NDArray

from dragoman.columns import NO_PERIOD, SPECS
from dragoman.tables import Snapshot, TableFolder
from dragoman.view import RecordView
from dragoman.web.arrays import DyadColumns, HappeningColumns, KeyRows, Keys, day_number
from dragoman.web.aside import Aside
from dragoman.web.held import Held
from dragoman.web.queries.whereabouts import columns_key, newest_first, of_files
from dragoman.web.shown import ClosedError
from dragoman.web.stored import DataFiles

# Bytes of columns; held apart from what every new state asks for, which they would push out.
COLUMN_BYTES = 250_000_000
# Bytes that say in which rows of each month each party stands: 60 MB for ten million events.
KEY_BYTES = 250_000_000
# Bytes of what data files say of themselves.
FILES_BYTES = 150_000_000

# How much a happening weighs: how far from neutral, how sure, by how many voices (each doubling adds one), and half as
# much where one side is not told.
_WEIGHT = """belief * (1 + abs(intensity)) * (1 + log2(greatest(voices, 1)))
    * if(len(actors) > 0 AND len(recipients) > 0, 1, 0.5) * if(len(actors) + len(recipients) > 0, 1, 0)"""
_Columns = TypeVar("_Columns")


class HeldColumns(RecordView):
    """A record of which columns are held."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._closed = threading.Event()
        self._held = Held()
        self._columns_held = Held(COLUMN_BYTES)
        self._key_rows_held = Held(KEY_BYTES)
        self._aside = Aside(folder.path)
        self._files = DataFiles(FILES_BYTES)
        self._keys = Keys()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._check_open()
        with super()._cursor() as cursor:
            yield cursor

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise ClosedError(f"the view of the record at {self.place} was closed")

    def _partitions(self, name: str, snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
        """The data files of a table by the value of their partition."""
        mark = f"/{SPECS[name].partition}="

        def load() -> Mapping[str, tuple[str, ...]]:
            found: dict[str, list[str]] = {}
            for path in self._folder.files(name, snapshot):
                found.setdefault(path.partition(mark)[2].partition("/")[0], []).append(path)
            return {value: tuple(sorted(paths)) for value, paths in found.items()}

        return self._held.get(("partitions", name, snapshot.versions[name]), load)

    def _paths(self, name: str, snapshot: Snapshot, value: str) -> tuple[str, ...]:
        return self._partitions(name, snapshot).get(value, ())

    def _paths_of(self, name: str, snapshot: Snapshot, values: Iterable[str]) -> list[str]:
        return [path for value in values for path in self._paths(name, snapshot, value)]

    def _months_in(self, snapshot: Snapshot, since: date | None, until: date | None) -> list[str]:
        """Months of happenings that a window touches, the newest first; what has no day at all comes last."""
        months = newest_first(self._partitions("records", snapshot))
        low = f"{since:%Y-%m}" if since else ""
        high = f"{until:%Y-%m}" if until else "9999-99"
        is_open = since is None and until is None
        return [month for month in months if (low <= month <= high if month != NO_PERIOD else is_open)]

    def _years_in(self, snapshot: Snapshot, since: date, until: date) -> list[str]:
        last = until - timedelta(days=1)
        years = newest_first(self._partitions("dyads", snapshot))
        return [year for year in years if f"{since.year:04d}" <= year <= f"{last.year:04d}"]

    def _rows_in(self, path: str) -> int:
        """Rows of a data file."""
        return self._files.rows(path)

    def _happening_columns(self, month: str, snapshot: Snapshot) -> HappeningColumns:
        paths = self._paths("records", snapshot, month)
        return self._columns(columns_key("happenings", paths), lambda: self._read_happenings(paths))

    def _read_happenings(self, paths: Sequence[str]) -> HappeningColumns:
        with self._cursor() as cursor:
            table = cursor.sql(
                f"""SELECT record_id, day, last_day, first_reported, event_type, quad, status, {_WEIGHT} AS weight,
                    actors, recipients, contexts FROM {of_files(paths)} ORDER BY day DESC, record_id"""
            ).to_arrow_table()
        return HappeningColumns.of(table, self._keys)

    def _dyad_columns(self, year: str, snapshot: Snapshot) -> DyadColumns:
        paths = self._paths("dyads", snapshot, year)
        return self._columns(columns_key("dyads", paths), lambda: self._read_dyads(paths))

    def _read_dyads(self, paths: Sequence[str]) -> DyadColumns:
        # One file lies in this order already.
        order = "ORDER BY low, high, day, record_id" if len(paths) > 1 else ""
        with self._cursor() as cursor:
            table = cursor.sql(
                f"""SELECT low, high, day, last_day, event_type, quad, intensity, belief, is_forward, is_mutual,
                    record_id
                FROM {of_files(paths)} {order}"""
            ).to_arrow_table()
        return DyadColumns.of(table, self._keys)

    def _columns(self, key: Hashable, load: Callable[[], _Columns]) -> _Columns:
        """Columns that are held, or lie aside, or are read now."""
        return self._columns_held.get(key, lambda: self._aside.value(key) or load())

    def _key_rows(self, month: str, snapshot: Snapshot) -> KeyRows:
        """In which rows of a month which party and theme stands."""
        paths = self._paths("records", snapshot, month)
        return self._key_rows_held.get(paths, lambda: self._happening_columns(month, snapshot).where.copy())

    def _overlaid_ids(self, snapshot: Snapshot) -> frozenset[str]:
        """Events in whose place something else stands, or nothing, since people corrected them."""

        def load() -> frozenset[str]:
            rows = self._rows(f"SELECT DISTINCT event_id FROM {self._source('corrected', snapshot)}", [])
            return frozenset(row["event_id"] for row in rows)

        return self._held.get(("corrected", snapshot.versions.get("corrected")), load)


def is_within(days: NDArray[np.int32], since: date, until: date) -> NDArray[np.bool_]:
    """Which days lie in a window, as numbers."""
    within: NDArray[np.bool_] = (days >= day_number(since)) & (days < day_number(until))
    return within
