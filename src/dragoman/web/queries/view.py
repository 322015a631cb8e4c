"""The view that pages ask: which state it shows, what it reads ahead for it, and what it lays aside on disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Self

from dragoman.columns import SPECS
from dragoman.mirror import open_folder
from dragoman.objects import Place
from dragoman.tables import Snapshot, TableFolder
from dragoman.web.queries.counting import WindowCounts
from dragoman.web.queries.happenings import Happenings
from dragoman.web.queries.ties import PartyTies
from dragoman.web.queries.totals import Totals
from dragoman.web.queries.whereabouts import columns_key, event_years, newest_first
from dragoman.web.shown import Shown

# Newest partitions that are read again as soon as they change, since nearly every page asks for them.
MONTHS_READY, YEARS_READY = 3, 2
# Months of columns and days of rows that are read when a site begins.
MONTHS_WARM, DAYS_WARM = 36, 270
# Happenings of a record from which on columns and rows of older days are laid aside, and rows of the least file.
LEAST_TO_LAY, LEAST_IN_FILE = 100_000, 2_000

# What is to lie aside: how it is called there, and what lays it down, which says whether there was room.
_ToLay = tuple[Hashable, Callable[[], bool]]


class PageView(Totals, Happenings, PartyTies, WindowCounts):
    """A record as pages ask it."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._shown = Shown(folder.head, self._prepare)

    @classmethod
    def of(cls, place: Place) -> Self:
        """A view of the record at a place, with a connection of its own."""
        return cls(open_folder(place, SPECS))

    def snapshot(self) -> Snapshot:
        """The state that is shown: the newest, or in a large record the newest that is ready."""
        self._check_open()
        return self._pinned or self._shown.snapshot()

    def close(self) -> None:
        """Ends what is read ahead: from now on each question raises ClosedError. Waits for what this view began."""
        self._closed.set()
        self._shown.wait()

    def _prepare(self, snapshot: Snapshot) -> None:
        """Reads of a new state what nearly every page asks for; most of it is held already."""
        self._totals(snapshot)
        self._articles_by_day(snapshot)
        self._party_totals(snapshot)
        months = self._partitions("records", snapshot)
        for month in months:
            self._type_days(month, months[month])
        self._ids(snapshot)
        for month in newest_first(months)[:MONTHS_READY]:
            self._happening_columns(month, snapshot)
        for year in newest_first(self._partitions("dyads", snapshot))[:YEARS_READY]:
            self._dyad_columns(year, snapshot)
        self._keep_words_up(snapshot)

    def warm_up(self) -> None:
        """Reads what pages of the newest days would wait for."""
        snapshot = self.snapshot()
        for month in newest_first(self._partitions("records", snapshot))[:MONTHS_WARM]:
            self._happening_columns(month, snapshot)
        last = self.last_day()
        if last is None:
            return
        since, until = last - timedelta(days=DAYS_WARM), last + timedelta(days=1)
        months = self._paths_of("records", snapshot, self._months_in(snapshot, since, until))
        years = self._paths_of("events", snapshot, event_years(since, until) or ())
        for _ in range(2):  # what is asked for again is held
            self._record_rows_held.tables(months, since=since, until=until)
            self._event_rows_held.tables(years, since=since, until=until)

    def lay_aside(self) -> None:
        """Lays aside on disk what pages of older days would wait for, the newest first, until there is no room.

        What the files of the shown state do not tell any more is let go. Takes two thirds of one core, a minute for
        ten million events the first time.

        Raises:
            OSError: the disk does not take it.
            StoreError: a file cannot be read.
        """
        snapshot = self.snapshot()
        if self._total("records", snapshot) < LEAST_TO_LAY:
            return
        wanted = dict(self._to_lay(snapshot))
        self._aside.keep_only(wanted.keys())
        for laid in self._laid.values():
            laid.keep_only(wanted.keys())
        for key, lay in wanted.items():
            self._check_open()
            started = time.monotonic()
            if key not in self._aside and not lay():
                return
            self._closed.wait((time.monotonic() - started) / 2)

    def _to_lay(self, snapshot: Snapshot) -> Iterator[_ToLay]:
        months = newest_first(self._partitions("records", snapshot))
        for month in months[MONTHS_READY:]:
            paths = self._paths("records", snapshot, month)
            key = columns_key("happenings", paths)
            yield key, partial(self._lay_month, key, paths)
        yield from self._record_rows_held.to_lay(self._large("records", snapshot, months[MONTHS_READY:]))
        years = newest_first(self._partitions("events", snapshot))
        yield from self._event_rows_held.to_lay(self._large("events", snapshot, years))
        for year in newest_first(self._partitions("dyads", snapshot))[YEARS_READY:]:
            paths = self._paths("dyads", snapshot, year)
            key = columns_key("dyads", paths)
            yield key, partial(self._lay_year, key, paths)

    def _lay_month(self, key: Hashable, paths: Sequence[str]) -> bool:
        # Read apart: it would push out what pages hold.
        columns = self._columns_held.find(key) or self._read_happenings(paths)
        self._key_rows_held.get(paths, columns.where.copy)
        return self._aside.lay_value(key, columns)

    def _lay_year(self, key: Hashable, paths: Sequence[str]) -> bool:
        return self._aside.lay_value(key, self._columns_held.find(key) or self._read_dyads(paths))

    def _large(self, name: str, snapshot: Snapshot, values: Iterable[str]) -> list[str]:
        """The data files of some partitions that are worth laying aside."""
        return [path for path in self._paths_of(name, snapshot, values) if self._rows_in(path) >= LEAST_IN_FILE]
