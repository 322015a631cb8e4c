"""How often in a window: happenings by day, type and theme, and events by place."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dragoman.codebook import load_codebook
from dragoman.model import STATUSES
from dragoman.tables import Snapshot, TableFolder
from dragoman.view import Row
from dragoman.web.arrays import THEME, HappeningColumns, day_number, day_of
from dragoman.web.passed import count_places
from dragoman.web.queries.columns import HeldColumns, is_within
from dragoman.web.queries.wanted import ASSERTED, Wanted, rows_wanted
from dragoman.web.queries.whereabouts import event_years, of_files
from dragoman.web.stored import Columns, StoredRows

# Days of a window whose places are counted from held groups; for longer ones the files are asked.
MOST_PLACE_DAYS = 400
# Bytes of groups of rows that are held to count places from.
PLACE_ROW_BYTES = 30_000_000

_PLACE_COLUMNS: Columns = {
    **dict.fromkeys(("quad", "intensity", "status"), frozenset()),
    "place": frozenset({"name", "country", "latitude", "longitude"}),
}


class WindowCounts(HeldColumns):
    """What is counted in a window of a record."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._place_rows = StoredRows(self._files, _PLACE_COLUMNS, PLACE_ROW_BYTES)

    def days(self, wanted: Wanted, *, since: date, until: date) -> list[Row]:
        """Happenings by day and quad in a window."""
        snapshot = self.snapshot()
        counts: Counter[tuple[int, int]] = Counter()
        for month in self._months_in(snapshot, since, until):
            if wanted.keys or wanted.since or wanted.until:
                counts.update(self._days_of_columns(snapshot, month, wanted))
            else:
                counts.update(self._days_of_types(snapshot, month, wanted))
        low, high = day_number(since), day_number(until)
        return [
            {"day": day_of(day).isoformat(), "quad": quad, "records": number}
            for (day, quad), number in sorted(counts.items())
            if low <= day < high
        ]

    def _days_of_columns(self, snapshot: Snapshot, month: str, wanted: Wanted) -> Counter[tuple[int, int]]:
        columns = self._happening_columns(month, snapshot)
        rows = rows_wanted(columns, wanted, self._keys)
        rows = rows[columns.status[rows] == ASSERTED]
        return Counter(zip(columns.day[rows].tolist(), columns.quad[rows].tolist(), strict=True))

    def _days_of_types(self, snapshot: Snapshot, month: str, wanted: Wanted) -> Counter[tuple[int, int]]:
        told = self._type_days(month, self._paths("records", snapshot, month))
        told = told[told[:, 3] == ASSERTED]
        if wanted.event_type:
            told = told[told[:, 1] == list(load_codebook().types).index(wanted.event_type)]
        if wanted.quad:
            told = told[told[:, 2] == wanted.quad]
        counts: Counter[tuple[int, int]] = Counter()
        for day, _, quad, _, number in told.tolist():
            counts[day, quad] += number
        return counts

    def _type_days(self, month: str, paths: tuple[str, ...]) -> NDArray[np.int64]:
        """Rows of day, type, quad, status and number of happenings of a month."""

        def load() -> NDArray[np.int64]:
            rows = self._rows(
                f"""SELECT day, event_type, quad, status, count(*) AS number FROM {of_files(paths)}
                WHERE day IS NOT NULL GROUP BY ALL ORDER BY ALL""",
                [],
            )
            types = list(load_codebook().types)
            told = [
                (day_number(row["day"]), types.index(row["event_type"]), row["quad"], STATUSES.index(row["status"]),
                 row["number"])
                for row in rows
            ]  # fmt: skip
            return np.array(told, dtype=np.int64).reshape(-1, 5)

        return self._held.get(("types", paths), load)

    def type_counts(self, *, since: date | None = None, until: date | None = None) -> dict[str, int]:
        """Happenings of each type that begin in a window, or of all days."""
        snapshot = self.snapshot()
        numbers = np.zeros(len(load_codebook().types), np.int64)
        for month, paths in self._partitions("records", snapshot).items():
            told = self._type_days(month, paths)
            if since:
                told = told[told[:, 0] >= day_number(since)]
            if until:
                told = told[told[:, 0] < day_number(until)]
            np.add.at(numbers, told[:, 1], told[:, 4])
        return {name: int(number) for name, number in zip(load_codebook().types, numbers, strict=True) if number}

    def theme_counts(self, *, since: date, until: date) -> dict[str, int]:
        """Happenings of each theme in a window."""
        snapshot = self.snapshot()
        counts: Counter[str] = Counter()
        for month in self._months_in(snapshot, since, until):
            columns = self._happening_columns(month, snapshot)
            for theme in load_codebook().contexts:
                rows = columns.where.of_key(self._keys.find(THEME + theme))
                counts[theme] += int(np.count_nonzero(is_within(columns.day[rows], since, until)))
        return dict(counts)

    def theme_pairs(self, theme: str, *, since: date, until: date, limit: int) -> list[Row]:
        """The busiest pairs of a theme in a window: low, high, records."""
        snapshot = self.snapshot()
        counts: Counter[tuple[str, str]] = Counter()
        for month in self._months_in(snapshot, since, until):
            columns = self._happening_columns(month, snapshot)
            counts.update(
                self._pairs_of_rows(columns, columns.where.of_key(self._keys.find(THEME + theme)), since, until)
            )
        told = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:limit]
        return [{"low": low, "high": high, "records": number} for (low, high), number in told]

    def _pairs_of_rows(
        self, columns: HappeningColumns, rows: NDArray[np.int32], since: date, until: date
    ) -> Counter[tuple[str, str]]:
        """Pairs of parties that stand in the same of some rows, both sides or one."""
        rows = rows[is_within(columns.day[rows], since, until)]
        sides: dict[int, list[str]] = {}
        for row, key in columns.where.standing_in(rows):
            if not (name := self._keys.name(key)).startswith(THEME):
                sides.setdefault(row, []).append(name)
        counts: Counter[tuple[str, str]] = Counter()
        for names in sides.values():
            names = sorted(names)[:6]
            counts.update((one, other) for at, one in enumerate(names) for other in names[at + 1 :])
        return counts

    def places(self, *, since: date, until: date, limit: int, quad: int | None = None) -> list[Row]:
        """Places of the events of a window, the most frequent first: name, country, degrees, counts."""
        snapshot = self.snapshot()
        is_plain = self.newest_coder(snapshot) == "TRUE" and not self._overlaid_ids(snapshot)
        if is_plain and (until - since).days <= MOST_PLACE_DAYS:
            paths = self._paths_of("events", snapshot, event_years(since, until) or ())
            tables = self._place_rows.tables(paths, since=since, until=until)
            return count_places(tables, since=since, until=until, quad=quad)[:limit]
        kind, values = ("AND quad = ?", [quad]) if quad else ("", [])
        source = self._source("events", snapshot, event_years(since, until))
        return self._rows(
            f"""SELECT place.name AS name, place.country AS country, round(place.latitude, 2) AS latitude,
                round(place.longitude, 2) AS longitude, count(*) AS events, count(*) FILTER (quad <= 2) AS cooperation,
                count(*) FILTER (quad >= 3) AS conflict, round(avg(intensity), 3) AS intensity
            FROM {source} WHERE place IS NOT NULL AND place.name IS NOT NULL AND status = 'asserted'
                AND day >= ? AND day < ? {kind} AND {self.newest_coder(snapshot)}
            GROUP BY ALL ORDER BY events DESC, name LIMIT ?""",
            [since, until, *values, limit],
        )
