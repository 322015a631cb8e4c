"""Where happenings and events lie: the partitions of their files, and the numbers by which they are found there.

A happening lies in the partition of its month, an event in that of its year. Both are found by digests of their ids,
which take a few bytes each, where the ids of ten million events would fill the memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.columns import NO_PERIOD
from dragoman.rows import date_bounds
from dragoman.view import Row
from dragoman.web.arrays import NO_DAY, HappeningColumns, day_of
from dragoman.web.words import DIGEST_BITS, DIGEST_MASK

# As `hit_of`, of a stored event.
EVENT_NUMBER = f"""(coalesce(day - DATE '0001-01-01', 0)::BIGINT << {DIGEST_BITS})
    + (md5_number_lower(event_id) & {DIGEST_MASK})::BIGINT"""
# Of the digest of an event's id, the part that is held to find it among the rows of its day.
SHORT_DIGEST = (1 << 32) - 1
FIRST_DAY = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class HappeningPlace:
    """Where a happening lies: its partition, its id, and its day where that is known."""

    month: str
    record_id: str
    day: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthIds:
    """The happenings of a month: digests of their ids in order, and the day of the month of each (0: none)."""

    month: str
    digests: NDArray[np.uint64]
    days: NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        return self.digests.nbytes + self.days.nbytes

    def find(self, digests: NDArray[np.uint64]) -> list[tuple[int, int]]:
        """Which of some digests are here, and on which day each."""
        at = self.digests.searchsorted(digests)
        here = np.flatnonzero(self.digests.take(at, mode="clip") == digests) if len(self.digests) else ()
        return [(int(number), int(self.days[at[number]])) for number in here]


def place_of(month: str, columns: HappeningColumns, row: int | np.integer[Any]) -> HappeningPlace:
    """Where the happening in a row of a month's columns lies."""
    day = int(columns.day[row])
    return HappeningPlace(month, columns.ids[int(row)].as_py(), day_of(day).isoformat() if day != NO_DAY else None)


def digest_of(name: str) -> int:
    """What DuckDB's `md5_number_lower` gives of an id."""
    return int.from_bytes(hashlib.md5(name.encode(), usedforsecurity=False).digest()[8:], "little")


def hit_of(event: Row) -> int:
    """The number that an event has in the index of words."""
    return (event_number(event["day"]) if event["day"] else 0) + (digest_of(event["event_id"]) & DIGEST_MASK)


def event_number(day: date) -> int:
    """The least number that an event of a day has in the index of words."""
    return (day - FIRST_DAY).days << DIGEST_BITS


def of_files(paths: Iterable[str]) -> str:
    """Some data files as a table of DuckDB."""
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = true, hive_types_autocast = false)"


def columns_key(name: str, paths: tuple[str, ...]) -> Hashable:
    """What the columns of some files are called among what is held and what lies aside."""
    return name, paths


def on_days(table: str, days: Iterable[str | None]) -> str:
    """A condition that opens the few groups of rows in which some days lie: rows are stored in the order of days."""
    listed = sorted(set(days), key=str)
    if None in listed or not listed:
        return "TRUE"
    dates = ", ".join(f"DATE '{day}'" for day in listed)
    return f"{table}.day IN ({dates})"


def newest_first(partitions: Iterable[str]) -> list[str]:
    """Partitions by their value, the newest first, those without a day last."""
    return sorted(partitions, key=lambda value: (value != NO_PERIOD, value), reverse=True)


def event_years(since: date | None, until: date | None) -> list[str] | None:
    """Partitions of the events of a window, and of the year before it; None where it is open."""
    if since is None or until is None:
        return None
    return [f"{year:04d}" for year in range(since.year - 1, until.year + 1)]


def event_years_of(rows: Sequence[Row]) -> list[str] | None:
    """Partitions of the events of some records, or None where a record's days are not known."""
    bounds = [date_bounds(row["date"] or row["first_reported"]) for row in rows]
    if any(one is None for one in bounds):
        return None
    return sorted({f"{one[0].year:04d}" for one in bounds if one})
