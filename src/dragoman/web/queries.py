"""The questions that pages ask beside those of a view: what is new, who deals with whom, where, how often.

Stands between the record and the pages. Counts come from columns held in memory, one object for each partition of the
data files, so that a commit costs the reading of few files; whole rows are read from the files for what is shown
alone. It refuses to answer without a limit.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Self, TypeVar

import duckdb
import numpy as np
from numpy.typing import NDArray

from dragoman.codebook import QUADS, load_codebook
from dragoman.columns import NO_PERIOD, SPECS
from dragoman.errors import DragomanError
from dragoman.groups import Side, name_of_side
from dragoman.mirror import open_folder
from dragoman.model import STATUSES
from dragoman.objects import Place
from dragoman.rows import date_bounds, each_day
from dragoman.tables import Snapshot, TableFolder
from dragoman.ties import DyadCount, Scale, Window, next_period
from dragoman.view import CONTRACT_EVENT, SHOWN_CORRECTED, RecordView, Row, with_links
from dragoman.web.arrays import (
    NO_DAY,
    THEME,
    DyadColumns,
    HappeningColumns,
    KeyRows,
    Keys,
    day_number,
    day_of,
    group_sums,
    join_sums,
)
from dragoman.web.aside import Aside
from dragoman.web.blocks import LaidGroups
from dragoman.web.held import Held
from dragoman.web.passed import count_pair, count_places, newest_of_pair
from dragoman.web.shown import ClosedError, Shown
from dragoman.web.stored import Columns, DataFiles, StoredRows
from dragoman.web.words import DIGEST_BITS, DIGEST_MASK, LATEST, WordIndex

# Events read to find the one that shows a happening best: more would only repeat it.
EVENTS_TO_SHOW = 4
# Days around a window in which the happenings lie that were first reported in it.
REPORTED_AROUND = 45
# Hits of the index of words that are looked at together, and how often, before a search says how far it came.
HITS_AT_ONCE, MOST_LOOKS = 30, 16
# Rows that a search reads to look further back before it says how far it came.
MOST_UNREAD = 250_000
# A month costs as much as so many rows, however few it has.
_ROWS_OF_OPENING = 15_000
# A month whose columns lie aside costs as much as so many.
_ROWS_OF_ASIDE = 1_500
# An id behind all others of its day.
_BEHIND_ALL = "~"
# Newest partitions that are read again as soon as they change, since nearly every page asks for them.
MONTHS_READY, YEARS_READY = 3, 2
# Months of columns and days of rows that are read when a site begins.
MONTHS_WARM, DAYS_WARM = 36, 270
# Happenings of a record from which on columns and rows of older days are laid aside, and rows of the least file.
LEAST_TO_LAY, LEAST_IN_FILE = 100_000, 2_000
# Years of dyads from which a tie is counted at once; for more of them the files are asked.
MOST_YEARS = 4
# Bytes of happenings with their sentences that are kept, and of the counts of ties.
CARD_BYTES, COUNT_BYTES = 60_000_000, 20_000_000
# Bytes of columns; held apart from what every new state asks for, which they would push out.
COLUMN_BYTES = 250_000_000
# Bytes that say in which rows of each month each party stands: 60 MB for ten million events.
KEY_BYTES = 250_000_000
# Bytes of groups of rows that are held to read rows from: those of the newest year of a large record.
RECORD_ROW_BYTES, EVENT_ROW_BYTES, PLACE_ROW_BYTES, WHOLE_ROW_BYTES = 130_000_000, 160_000_000, 30_000_000, 30_000_000
# Bytes of what data files say of themselves.
FILES_BYTES = 150_000_000
# Days of a window whose places are counted from held groups; for longer ones the files are asked.
MOST_PLACE_DAYS = 400
# Days among which the events of a happening are looked for where they lie.
MOST_EVENT_DAYS = 31
# Events that a search adds to the index of words before it answers; more are left to the start of the site.
MOST_ON_THE_SPOT = 20_000
# Events that are put into the index of words at once.
WORDS_AT_ONCE = 50_000

_RECORD_COLUMNS = (
    "record_id", "event_type", "mode", "contexts", "status", "quad", "intensity", "actors", "recipients", "date",
    "belief", "voices", "events", "publishers", "urls", "first_reported", "last_reported", "disagreements", "aliases",
)  # fmt: skip
# Of an event that shows a happening: what it says, who passes it on, and where the roles stand that are marked in it.
_SPAN = frozenset({"start", "end"})
_SHOWN_COLUMNS: Columns = {
    **dict.fromkeys(("event_id", "confidence", "date", "date_basis", "publisher", "published", "url"), frozenset()),
    **dict.fromkeys(("anchor", "actors", "recipients", "place", "attributed_to"), _SPAN),
    "sentence": _SPAN | {"text"},
}
_PLACE_COLUMNS: Columns = {
    **dict.fromkeys(("quad", "intensity", "status"), frozenset()),
    "place": frozenset({"name", "country", "latitude", "longitude"}),
}
_LINK_COLUMNS: Columns = dict.fromkeys(("holder", "kind", "record_id", "reason"), frozenset())
# How much a happening weighs: how far from neutral, how sure, by how many voices (each doubling adds one), and half as
# much where one side is not told.
_WEIGHT = """belief * (1 + abs(intensity)) * (1 + log2(greatest(voices, 1)))
    * if(len(actors) > 0 AND len(recipients) > 0, 1, 0.5) * if(len(actors) + len(recipients) > 0, 1, 0)"""
_WEIGHED = np.array([STATUSES.index(status) for status in ("asserted", "negated", "future")], dtype=np.int8)
_STATUS_NUMBERS: Mapping[str, int] = {status: number for number, status in enumerate(STATUSES)}
_ASSERTED = _STATUS_NUMBERS["asserted"]
_NUMBER = f"""(coalesce(day - DATE '0001-01-01', 0)::BIGINT << {DIGEST_BITS})
    + (md5_number_lower(event_id) & {DIGEST_MASK})::BIGINT"""
# Of the digest of an event's id, the part that is held to find it among the rows of its day.
_SHORT = (1 << 32) - 1
_FIRST_DAY = date(1, 1, 1)
_Columns = TypeVar("_Columns")
# What is to lie aside: how it is called there, and what lays it down, which says whether there was room.
_ToLay = tuple[Hashable, Callable[[], bool]]


class NotReadyError(DragomanError):
    """A question that can be answered in a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which happenings: all that is given must hold. `since` is inside the window, `until` is not."""

    parties: tuple[str, ...] = ()
    event_type: str | None = None
    status: str | None = None
    quad: int | None = None
    since: date | None = None
    until: date | None = None
    words: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.parties, *(THEME + theme for theme in self.themes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found. `reached` is where it stopped looking, if it did: a day and an id to go on after."""

    rows: list[Row]
    reached: tuple[date, str] | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a happening lies: its partition, its id, and its day where that is known."""

    month: str
    record_id: str
    day: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ids:
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


@dataclass(frozen=True, slots=True)
class _Card:
    """A happening's row with the sentence that shows it, packed: thousands of rows would be looked through by Python's
    collector of garbage again and again, while all pages wait.
    """

    packed: bytes

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(pickle.dumps(row, protocol=5))

    @property
    def row(self) -> Row:
        row: Row = pickle.loads(self.packed)
        return row

    @property
    def nbytes(self) -> int:
        return len(self.packed)


@dataclass(frozen=True, slots=True)
class _Counts:
    """The counts of a tie in a window, kept for all series of a page."""

    counts: tuple[DyadCount, ...]

    @property
    def nbytes(self) -> int:
        return sum(400 + 80 * count.count for count in self.counts)


class PageView(RecordView):
    """A record as pages ask it."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._closed = threading.Event()
        self._held = Held()
        self._columns_held = Held(COLUMN_BYTES)
        self._key_rows_held = Held(KEY_BYTES)
        aside = self._aside = Aside(folder.path)
        self._laid = {name: LaidGroups(name, aside) for name in ("records", "events")}
        self._cards = Held(CARD_BYTES)
        self._counts = Held(COUNT_BYTES)
        files = self._files = DataFiles(FILES_BYTES)
        record_columns = dict.fromkeys((*_RECORD_COLUMNS, "last_day"), frozenset[str]())
        self._record_rows_held = StoredRows(files, record_columns, RECORD_ROW_BYTES, self._laid["records"])
        self._event_rows_held = StoredRows(files, _SHOWN_COLUMNS, EVENT_ROW_BYTES, self._laid["events"])
        self._whole_events = StoredRows(files, dict.fromkeys(CONTRACT_EVENT, frozenset()), WHOLE_ROW_BYTES)
        self._place_rows = StoredRows(files, _PLACE_COLUMNS, PLACE_ROW_BYTES)
        self._link_rows = StoredRows(files, _LINK_COLUMNS, PLACE_ROW_BYTES)
        self._keys = Keys()
        self._words = WordIndex(folder.path)
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

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._check_open()
        with super()._cursor() as cursor:
            yield cursor

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise ClosedError(f"the view of the record at {self.place} was closed")

    # --- what is held ---

    def _prepare(self, snapshot: Snapshot) -> None:
        """Reads of a new state what nearly every page asks for; most of it is held already."""
        self._totals(snapshot)
        self._articles_by_day(snapshot)
        self._party_totals(snapshot)
        months = self._partitions("records", snapshot)
        for month in months:
            self._type_days(month, months[month])
        self._ids(snapshot)
        for month in _newest_first(months)[:MONTHS_READY]:
            self._happening_columns(month, snapshot)
        for year in _newest_first(self._partitions("dyads", snapshot))[:YEARS_READY]:
            self._dyad_columns(year, snapshot)
        if self._words.added() and self._unindexed(snapshot) <= MOST_ON_THE_SPOT:
            self._index_words(snapshot)

    def warm_up(self) -> None:
        """Reads what pages of the newest days would wait for."""
        snapshot = self.snapshot()
        for month in _newest_first(self._partitions("records", snapshot))[:MONTHS_WARM]:
            self._happening_columns(month, snapshot)
        last = self.last_day()
        if last is None:
            return
        since, until = last - timedelta(days=DAYS_WARM), last + timedelta(days=1)
        months = self._paths_of("records", snapshot, self._months_in(snapshot, since, until))
        years = self._paths_of("events", snapshot, _years(since, until) or ())
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
        months = _newest_first(self._partitions("records", snapshot))
        for month in months[MONTHS_READY:]:
            paths = self._paths("records", snapshot, month)
            key = _columns_key("happenings", paths)
            yield key, partial(self._lay_month, key, paths)
        yield from self._record_rows_held.to_lay(self._large("records", snapshot, months[MONTHS_READY:]))
        years = _newest_first(self._partitions("events", snapshot))
        yield from self._event_rows_held.to_lay(self._large("events", snapshot, years))
        for year in _newest_first(self._partitions("dyads", snapshot))[YEARS_READY:]:
            paths = self._paths("dyads", snapshot, year)
            key = _columns_key("dyads", paths)
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

    def index_words(self) -> None:
        """Brings the index of words up to the state that is shown: minutes for the first time in a large record."""
        self._index_words(self.snapshot())

    def _index_words(self, snapshot: Snapshot) -> None:
        def read(after: int, up_to: int) -> Iterator[list[tuple[int, str]]]:
            # The index grows fastest where numbers rise, so each partition is read in their order, the oldest first.
            for year in reversed(_newest_first(self._partitions("events", snapshot))):
                paths = self._added_to(self._paths("events", snapshot, year), after)
                if not paths:
                    continue
                query = f"""SELECT {_NUMBER} AS number, concat_ws(' ', sentence.text, publisher,
                        array_to_string(list_transform(actors || recipients, lambda p: p.name), ' ')) AS words
                    FROM {_of_files(paths)} WHERE added > ? AND added <= ? ORDER BY number"""
                with self._cursor() as cursor:
                    for batch in cursor.sql(query, params=[after, up_to]).to_arrow_reader(WORDS_AT_ONCE):
                        self._check_open()
                        yield list(zip(batch["number"].to_pylist(), batch["words"].to_pylist(), strict=True))

        self._words.update(snapshot, read)
        for path in self._folder.files("events", snapshot):
            self._short_digests(path)

    def _bring_words_up(self, snapshot: Snapshot) -> None:
        """Adds the newest batches to the index of words; raises NotReadyError where it has to be made first."""
        if self._words.reaches(snapshot):
            return
        if self._unindexed(snapshot) > MOST_ON_THE_SPOT:
            raise NotReadyError(
                "the words of this record are still being indexed: try again in some minutes, or search by states, "
                "types and days alone"
            )
        self._index_words(snapshot)

    def _unindexed(self, snapshot: Snapshot) -> int:
        """How many events are not in the index of words yet."""
        after = self._words.added()
        paths = self._added_to(self._folder.files("events", snapshot), after)
        if not paths:
            return 0
        found = self._rows(f"SELECT count(*) AS number FROM {_of_files(paths)} WHERE added > ?", [after])
        return int(found[0]["number"])

    def _added_to(self, paths: Iterable[str], after: int) -> list[str]:
        """Of some data files those with rows that a snapshot after a number added."""
        return [path for path in paths if self._files.may_exceed(path, "added", after)]

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

    def _happening_columns(self, month: str, snapshot: Snapshot) -> HappeningColumns:
        paths = self._paths("records", snapshot, month)
        return self._columns(_columns_key("happenings", paths), lambda: self._read_happenings(paths))

    def _read_happenings(self, paths: Sequence[str]) -> HappeningColumns:
        with self._cursor() as cursor:
            table = cursor.sql(
                f"""SELECT record_id, day, last_day, first_reported, event_type, quad, status, {_WEIGHT} AS weight,
                    actors, recipients, contexts FROM {_of_files(paths)} ORDER BY day DESC, record_id"""
            ).to_arrow_table()
        return HappeningColumns.of(table, self._keys)

    def _dyad_columns(self, year: str, snapshot: Snapshot) -> DyadColumns:
        paths = self._paths("dyads", snapshot, year)
        return self._columns(_columns_key("dyads", paths), lambda: self._read_dyads(paths))

    def _read_dyads(self, paths: Sequence[str]) -> DyadColumns:
        # One file lies in this order already.
        order = "ORDER BY low, high, day, record_id" if len(paths) > 1 else ""
        with self._cursor() as cursor:
            table = cursor.sql(
                f"""SELECT low, high, day, last_day, event_type, quad, intensity, belief, is_forward, is_mutual,
                    record_id
                FROM {_of_files(paths)} {order}"""
            ).to_arrow_table()
        return DyadColumns.of(table, self._keys)

    def _columns(self, key: Hashable, load: Callable[[], _Columns]) -> _Columns:
        """Columns that are held, or lie aside, or are read now."""
        return self._columns_held.get(key, lambda: self._aside.value(key) or load())

    def _key_rows(self, month: str, snapshot: Snapshot) -> KeyRows:
        """In which rows of a month which party and theme stands."""
        paths = self._paths("records", snapshot, month)
        return self._key_rows_held.get(paths, lambda: self._happening_columns(month, snapshot).where.copy())

    def _type_days(self, month: str, paths: tuple[str, ...]) -> NDArray[np.int64]:
        """Rows of day, type, quad, status and number of happenings of a month."""

        def load() -> NDArray[np.int64]:
            rows = self._rows(
                f"""SELECT day, event_type, quad, status, count(*) AS number FROM {_of_files(paths)}
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

    def _ids(self, snapshot: Snapshot) -> Sequence[_Ids]:
        """The ids of all happenings, month by month."""

        def load() -> Sequence[_Ids]:
            return [self._ids_of(month, paths) for month, paths in self._partitions("records", snapshot).items()]

        return self._held.get(("all ids", snapshot.versions["records"]), load)

    def _ids_of(self, month: str, paths: tuple[str, ...]) -> _Ids:
        """The ids of a month's happenings and those that they bore before, by their digests."""

        def load() -> _Ids:
            query = f"""SELECT digest, day FROM (
                SELECT md5_number_lower(record_id) AS digest, coalesce(day(day), 0)::UTINYINT AS day
                    FROM {_of_files(paths)}
                UNION ALL SELECT md5_number_lower(unnest(aliases)), coalesce(day(day), 0)::UTINYINT
                    FROM {_of_files(paths)} WHERE len(aliases) > 0) ORDER BY digest"""
            with self._cursor() as cursor:
                table = cursor.sql(query).to_arrow_table()
            return _Ids(month=month, digests=table["digest"].to_numpy(), days=table["day"].to_numpy())

        return self._held.get(("ids", paths), load)

    def _short_digests(self, path: str) -> NDArray[np.uint32]:
        """Digests of the ids of a file's events, row by row."""

        def load() -> NDArray[np.uint32]:
            query = f"SELECT (md5_number_lower(event_id) & {_SHORT})::UINTEGER AS digest FROM {_of_files([path])}"
            with self._cursor() as cursor:
                return np.asarray(cursor.sql(query).to_arrow_table()["digest"].to_numpy())

        return self._held.get(("digests", path), load)

    # --- totals ---

    def last_day(self) -> date | None:
        """The last day on which an article was read; None in an empty record."""
        last = self.totals()["last_day"]
        return date.fromisoformat(last) if last else None

    def totals(self) -> Row:
        """How much the record holds: articles, events, happenings, publishers, first and last day read."""
        return self._totals(self.snapshot())

    def _totals(self, snapshot: Snapshot) -> Row:
        def load() -> Row:
            parts = [self._covered(path) for path in self._folder.files("coverage", snapshot)]
            days = [day for part in parts for day in part[2] if day]
            return {
                "articles": sum(part[0] for part in parts),
                "publishers": len(frozenset[str]().union(*(part[1] for part in parts))),
                "first_day": min(days).isoformat() if days else None,
                "last_day": max(days).isoformat() if days else None,
                "events": self._total("events", snapshot),
                "records": self._total("records", snapshot),
                "snapshot": snapshot.number,
                "committed_at": snapshot.committed_at.isoformat(timespec="seconds"),
            }

        return self._held.get(("totals", snapshot.number, snapshot.committed_at), load)

    def _covered(self, path: str) -> tuple[int, frozenset[str], tuple[date | None, date | None]]:
        def load() -> tuple[int, frozenset[str], tuple[date | None, date | None]]:
            row = self._rows(
                f"""SELECT sum(articles)::BIGINT AS articles, list(DISTINCT publisher) AS publishers, min(day) AS first,
                    max(day) AS last FROM {_of_files([path])}""",
                [],
            )[0]
            publishers = frozenset(name for name in row["publishers"] or () if name)
            return row["articles"] or 0, publishers, (row["first"], row["last"])

        return self._held.get(("covered", path), load)

    def _total(self, name: str, snapshot: Snapshot) -> int:
        return sum(self._rows_in(path) for path in self._folder.files(name, snapshot))

    def _rows_in(self, path: str) -> int:
        """Rows of a data file."""
        return self._files.rows(path)

    def _articles_by_day(self, snapshot: Snapshot) -> dict[date, int]:
        def load_file(path: str) -> list[tuple[date, int]]:
            query = f"""SELECT day, sum(articles)::BIGINT AS articles FROM {_of_files([path])}
                WHERE day IS NOT NULL GROUP BY day"""
            return [(row["day"], row["articles"]) for row in self._rows(query, [])]

        def load() -> dict[date, int]:
            counts: Counter[date] = Counter()
            for path in self._folder.files("coverage", snapshot):
                counts.update(dict(self._held.get(("by day", path), lambda path=path: load_file(path))))  # type: ignore[misc]
            return {day: number for day, number in counts.items() if number > 0}

        return self._held.get(("articles by day", snapshot.versions["coverage"]), load)

    def _party_totals(self, snapshot: Snapshot) -> Counter[str]:
        """Rows of dyads in which each party stands."""

        def load_year(paths: tuple[str, ...]) -> list[tuple[str, int]]:
            query = f"""SELECT party, count(*) AS number FROM (SELECT low AS party FROM {_of_files(paths)} UNION ALL
                SELECT high FROM {_of_files(paths)}) GROUP BY party"""
            return [(row["party"], row["number"]) for row in self._rows(query, [])]

        def load() -> Counter[str]:
            counts: Counter[str] = Counter()
            for paths in self._partitions("dyads", snapshot).values():
                counts.update(dict(self._held.get(("parties", paths), lambda paths=paths: load_year(paths))))  # type: ignore[misc]
            return counts

        return self._held.get(("party totals", snapshot.versions["dyads"]), load)

    # --- happenings ---

    def weightiest(self, *, since: date, until: date, limit: int) -> list[Row]:
        """Happenings first reported in a window, the weightiest first, with `weight` and `novelty`.

        Novelty is 1 / (1 + n), where n is how often the two sides did the like in the year before the window; one half
        where a side is not told.
        """
        snapshot = self.snapshot()
        low, high = day_number(since), day_number(until)
        heavy: list[tuple[float, _Place]] = []
        around = timedelta(days=REPORTED_AROUND)
        for month in self._months_in(snapshot, since - around, until + around):
            columns = self._happening_columns(month, snapshot)
            is_new = (columns.reported >= low) & (columns.reported < high) & np.isin(columns.status, _WEIGHED)
            new = np.flatnonzero(is_new & (columns.weight > 0))
            new = new[np.argsort(-columns.weight[new], kind="stable")[: 4 * limit]]
            heavy += [(-float(columns.weight[row]), _place(month, columns, row)) for row in new]
        heavy.sort(key=lambda entry: (entry[0], entry[1].record_id))
        places = [place for _, place in heavy[: 4 * limit]]
        weights = {place.record_id: -weight for weight, place in heavy}
        rows = [{**row, "weight": round(weights[row["record_id"]], 6)} for row in self._read_rows(snapshot, places)]
        usual = self._usual(snapshot, rows, since=since)
        rows = [{**row, "novelty": _novelty(row, usual)} for row in rows]
        rows.sort(key=lambda row: (-row["weight"] * (1 + row["novelty"]), row["record_id"]))
        return self._with_sentences(snapshot, rows[:limit])

    def _usual(self, snapshot: Snapshot, rows: Sequence[Row], *, since: date) -> Mapping[tuple[str, str, str], int]:
        """How often the pairs of some happenings did the like in the year before a day."""
        wanted = {(*pair, row["event_type"]) for row in rows for pair in _pairs(row)}
        low, high = day_number(since - timedelta(days=365)), day_number(since)
        types = list(load_codebook().types)
        counts: Counter[tuple[str, str, str]] = Counter()
        for year in self._years_in(snapshot, since - timedelta(days=365), since):
            columns = self._dyad_columns(year, snapshot)
            for one, other, kind in wanted:
                at = columns.rows_of(self._keys.find(one), self._keys.find(other))
                day, is_kind = columns.day[at], columns.kind[at] == types.index(kind)
                counts[one, other, kind] += int(np.count_nonzero(is_kind & (day >= low) & (day < high)))
        return counts

    def happenings(self, wanted: Wanted, *, limit: int) -> list[Row]:
        """The newest happenings that are wanted, each with its sentence, as far back as a search looks at once."""
        return self.search(wanted, limit=limit).rows

    def search(self, wanted: Wanted, *, limit: int, after: tuple[date, str] | None = None) -> Found:
        """Happenings that are wanted, the newest day first; `after` is the day and id of the last one shown before."""
        snapshot = self.snapshot()
        if wanted.words:
            return self._saying(snapshot, wanted, limit=limit, after=after)
        return self._listed(snapshot, wanted, limit=limit, after=after)

    def _listed(self, snapshot: Snapshot, wanted: Wanted, *, limit: int, after: tuple[date, str] | None) -> Found:
        """The newest happenings that are wanted, month by month backwards until there are enough."""
        last = wanted.until if after is None else min(wanted.until or date.max, after[0] + timedelta(days=1))
        first = wanted.since and wanted.since.replace(month=1, day=1)
        places: list[_Place] = []
        unread = 0
        for month in self._months_in(snapshot, first, last):
            unread += self._unread_rows(month, snapshot, needs_columns=not wanted.keys)
            if unread > MOST_UNREAD and month != NO_PERIOD:
                return Found(rows=self._cards_of(snapshot, places), reached=_end_of(month))
            if wanted.keys and not len(self._key_rows(month, snapshot).of_keys(map(self._keys.find, wanted.keys))):
                continue
            unread += self._unread_rows(month, snapshot, needs_columns=True)
            columns = self._happening_columns(month, snapshot)
            rows = self._rows_wanted(columns, wanted)
            if after is not None:
                rows = _rows_after(columns, rows, after)
            places += [_place(month, columns, row) for row in rows[: limit - len(places)]]
            if len(places) >= limit:
                break
        return Found(rows=self._cards_of(snapshot, places))

    def _unread_rows(self, month: str, snapshot: Snapshot, *, needs_columns: bool) -> int:
        """What reading costs before a month can be searched, in rows; nothing where what is needed of it is held."""
        paths = self._paths("records", snapshot, month)
        if not needs_columns and self._key_rows_held.find(paths) is not None:
            return 0
        key = _columns_key("happenings", paths)
        if self._columns_held.find(key) is not None:
            return 0
        return _ROWS_OF_ASIDE if key in self._aside else _ROWS_OF_OPENING + sum(map(self._rows_in, paths))

    def _rows_wanted(self, columns: HappeningColumns, wanted: Wanted) -> NDArray[np.int32]:
        """Rows of a partition that are wanted, whatever their words, in order."""
        if wanted.keys:
            rows = columns.where.of_keys(map(self._keys.find, wanted.keys))
        else:
            rows = np.arange(len(columns.day), dtype=np.int32)
        is_wanted = np.ones(len(rows), np.bool_)
        if wanted.event_type:
            is_wanted &= columns.kind[rows] == list(load_codebook().types).index(wanted.event_type)
        if wanted.status:
            is_wanted &= columns.status[rows] == _STATUS_NUMBERS[wanted.status]
        if wanted.quad:
            is_wanted &= columns.quad[rows] == wanted.quad
        if wanted.since:
            is_wanted &= columns.last_day[rows] >= day_number(wanted.since)
        if wanted.until:
            is_wanted &= (columns.day[rows] < day_number(wanted.until)) & (columns.day[rows] >= day_number(_FIRST_DAY))
        return rows[is_wanted]

    def _saying(self, snapshot: Snapshot, wanted: Wanted, *, limit: int, after: tuple[date, str] | None) -> Found:
        """Happenings with an event in which all words stand, the newest first."""
        self._bring_words_up(snapshot)
        below = LATEST if after is None else _event_number(after[0] + timedelta(days=1))
        if wanted.until:
            below = min(below, _event_number(wanted.until))
        found: dict[str, Row] = {}
        hits: list[int] = []
        for _ in range(MOST_LOOKS):
            hits = self._words.find(wanted.words, limit=HITS_AT_ONCE, below=below)
            rows = self._rows_of_hits(snapshot, hits, wanted)
            found.update((row["record_id"], row) for row in rows if after is None or _is_after(row, after))
            if len(found) >= limit or len(hits) < HITS_AT_ONCE:
                break
            below = hits[-1]
        newest = sorted(found.values(), key=_newest_row_first)[:limit]
        reached = None
        if len(found) < limit and len(hits) == HITS_AT_ONCE:
            # A part of that day has been looked at: rather shown twice than not at all.
            reached = (_FIRST_DAY + timedelta(days=(below >> DIGEST_BITS) + 1), _BEHIND_ALL)
        return Found(rows=newest, reached=reached)

    def _rows_of_hits(self, snapshot: Snapshot, hits: Sequence[int], wanted: Wanted) -> list[Row]:
        """Rows of the happenings that hold the events of some hits and are wanted, shown by the event that was hit."""
        if not hits:
            return []
        events = {row["event_id"]: row for row in self._events_of_hits(snapshot, hits)}
        days = {row["day"] for row in events.values()}
        months = sorted({f"{day:%Y-%m}" if day else NO_PERIOD for day in days})
        paths = self._paths_of("records", snapshot, months)
        found = self._record_rows_held.find(paths, "events", events.keys(), days=None if None in days else days)
        return [
            {**_told_record(row), "shown": _shown(events[one] for one in row["events"] if one in events)}
            for row in found
            if _is_wanted(row, wanted)
        ]

    def _events_of_hits(self, snapshot: Snapshot, hits: Sequence[int]) -> list[Row]:
        """The events that some hits stand for, read by the newest coder, as people corrected them."""
        if self.newest_coder(snapshot) == "TRUE":
            return self._with_corrected(snapshot, self._events_numbered(snapshot, hits))
        days = {_FIRST_DAY + timedelta(days=hit >> DIGEST_BITS) for hit in hits}
        years = sorted({*(f"{day.year:04d}" for day in days), NO_PERIOD})
        at = _on_days("events", [day.isoformat() if day != _FIRST_DAY else None for day in days])
        return self._rows(
            f"""SELECT {", ".join(_SHOWN_COLUMNS)}, day FROM {self._source("events", snapshot, years)}
            WHERE {at} AND {_NUMBER} IN (SELECT unnest(?)) AND {self.newest_coder(snapshot)}""",
            [list(hits)],
        )

    def _events_numbered(self, snapshot: Snapshot, hits: Sequence[int]) -> list[Row]:
        """The events that some hits stand for, as they were read."""
        places: dict[str, list[int]] = {}
        for hit in hits:
            days = hit >> DIGEST_BITS
            day = _FIRST_DAY + timedelta(days=days) if days else None
            for path in self._paths("events", snapshot, f"{day.year:04d}" if day else NO_PERIOD):
                digests = self._short_digests(path)
                for start, end in self._event_rows_held.place_of(path, day):
                    found = np.flatnonzero(digests[start:end] == hit & _SHORT) + start
                    places.setdefault(path, []).extend(found.tolist())
        asked = set(hits)
        rows = [row for path, here in places.items() for row in self._event_rows_held.take(path, here)]
        return [row for row in rows if _hit_of(row) in asked]

    def _with_corrected(self, snapshot: Snapshot, rows: Sequence[Row]) -> list[Row]:
        """Events as people corrected them, some of them to another day; those that were rejected are left out."""
        overlaid = [row["event_id"] for row in rows if row["event_id"] in self._overlaid_ids(snapshot)]
        kept = [row for row in rows if row["event_id"] not in overlaid]
        if not overlaid:
            return kept
        query = f"""WITH corrected AS (SELECT * FROM {self._source("corrected", snapshot)})
            SELECT {", ".join(_SHOWN_COLUMNS)}, day FROM corrected
            WHERE {SHOWN_CORRECTED} AND event_id IN (SELECT unnest(?))"""
        return kept + self._rows(query, [overlaid])

    def _overlaid_ids(self, snapshot: Snapshot) -> frozenset[str]:
        """Events in whose place something else stands, or nothing, since people corrected them."""

        def load() -> frozenset[str]:
            rows = self._rows(f"SELECT DISTINCT event_id FROM {self._source('corrected', snapshot)}", [])
            return frozenset(row["event_id"] for row in rows)

        return self._held.get(("corrected", snapshot.versions.get("corrected")), load)

    def _paths_of(self, name: str, snapshot: Snapshot, values: Iterable[str]) -> list[str]:
        return [path for value in values for path in self._paths(name, snapshot, value)]

    def happenings_by_id(self, record_ids: Sequence[str]) -> list[Row]:
        """Happenings with the given ids, the newest day first, each with its sentence."""
        snapshot = self.snapshot()
        rows = self._cards_of(snapshot, self._locate(snapshot, record_ids))
        return sorted(rows, key=_newest_row_first)

    def tie_happenings(self, sides: tuple[str, str], *, since: date, until: date, limit: int) -> list[Row]:
        """The newest happenings between two sides in a window, each with its sentence."""
        snapshot = self.snapshot()
        window = Window(since=since, until=until)
        if self._is_in_columns(snapshot, sides, window):
            pairs = [pair for at, columns in self._pair_columns(snapshot, sides, window)
                     for pair in newest_of_pair(columns, at, window)]  # fmt: skip
            newest = sorted(pairs, key=lambda pair: (-date.fromisoformat(pair[0]).toordinal(), pair[1]))[:limit]
            return self._cards_of(snapshot, [_Place(day[:7], record_id, day) for day, record_id in newest])
        source = self._source("dyads", snapshot, _years(since, until))
        found = self._rows(
            f"""SELECT DISTINCT record_id, strftime(day, '%Y-%m-%d') AS day FROM {source}
            WHERE low = ? AND high = ? AND day >= ? AND day < ? ORDER BY day DESC, record_id LIMIT ?""",
            [*sorted(sides), since, until, limit],
        )
        return self._cards_of(snapshot, [_Place(row["day"][:7], row["record_id"], row["day"]) for row in found])

    def record(self, record_id: str) -> Row | None:
        """The record with an id, be it one that it bore before it was joined with another; None where there is none."""
        snapshot = self.snapshot()
        places = self._locate(snapshot, [record_id])
        found = self._rows_at(snapshot, places, "record_id") or self._rows_at(snapshot, places, "aliases")
        if not found:
            return None
        told = {column: found[0][column] for column in _RECORD_COLUMNS}
        months = sorted({place.month for place in places})
        row = with_links(told, self._links_held_by(snapshot, told["record_id"], months))
        return self._with_corrections(snapshot, [row])[0]

    def _links_held_by(self, snapshot: Snapshot, record_id: str, months: Sequence[str]) -> list[Row]:
        paths = self._paths_of("links", snapshot, months)
        rows = self._link_rows.find(paths, "holder", {record_id}, days=None)
        links = [{name: row[name] for name in ("kind", "record_id", "reason")} for row in rows]
        return sorted(links, key=lambda link: (link["kind"], link["record_id"], link["reason"]))

    def _locate(self, snapshot: Snapshot, record_ids: Sequence[str]) -> list[_Place]:
        """Where happenings lie, by the digests of their ids; a digest that two ids share gives both places."""
        if not record_ids:
            return []
        digests = np.array([digest_of(record_id) for record_id in record_ids], np.uint64)
        return [
            _Place(ids.month, record_ids[number], f"{ids.month}-{day:02d}" if day else None)
            for ids in self._ids(snapshot)
            for number, day in ids.find(digests)
        ]

    def _cards_of(self, snapshot: Snapshot, places: Sequence[_Place]) -> list[Row]:
        """Rows with `shown`, in the order of their places; those shown before are kept."""
        keys = {place: (self._paths("records", snapshot, place.month), place.record_id) for place in places}
        cards = {place: self._cards.find(keys[place]) for place in places}
        missing = [place for place, card in cards.items() if card is None]
        fresh = self._with_sentences(snapshot, self._read_rows(snapshot, missing))
        by_id = {row["record_id"]: _Card.of(row) for row in fresh}
        for place in missing:
            if card := by_id.get(place.record_id):
                cards[place] = self._cards.get(keys[place], lambda card=card: card)  # type: ignore[misc]
        return [card.row for card in cards.values() if card is not None]

    def _read_rows(self, snapshot: Snapshot, places: Sequence[_Place]) -> list[Row]:
        """Rows of the happenings at some places, in their order."""
        rows = {row["record_id"]: _told_record(row) for row in self._rows_at(snapshot, places, "record_id")}
        return [rows[place.record_id] for place in places if place.record_id in rows]

    def _rows_at(self, snapshot: Snapshot, places: Sequence[_Place], column: str) -> list[Row]:
        """Stored happenings at some places in whose column (or its list) one of the ids stands."""
        days = {place.day and date.fromisoformat(place.day) for place in places}
        return self._record_rows_held.find(
            self._paths_of("records", snapshot, sorted({place.month for place in places})),
            column,
            {place.record_id for place in places},
            days=None if None in days else days,  # type: ignore[arg-type]
        )

    def _with_sentences(self, snapshot: Snapshot, rows: Sequence[Row]) -> list[Row]:
        """Rows with `shown`, the surest of their first events."""
        ids = [event_id for row in rows for event_id in row["events"][:EVENTS_TO_SHOW]]
        if not ids:
            return [{**row, "shown": None} for row in rows]
        events = {row["event_id"]: row for row in self._shown_events(snapshot, rows, ids)}
        shown = []
        for row in rows:
            told = [events[event_id] for event_id in row["events"][:EVENTS_TO_SHOW] if event_id in events]
            shown.append({**row, "shown": max(told, key=lambda event: event["confidence"], default=None)})
        return shown

    def _shown_events(self, snapshot: Snapshot, rows: Sequence[Row], ids: Sequence[str]) -> list[Row]:
        """Events of some happenings; those that were corrected come from DuckDB, which lays one over the other."""
        years = _years_of_dates(rows)
        overlaid = self._overlaid_ids(snapshot)
        if any(one in overlaid for one in ids) or years is None or any(row["day"] is None for row in rows):
            at = _on_days("events", [row["day"] for row in rows])
            query = f"""SELECT {", ".join(_SHOWN_COLUMNS)}, day FROM {self._source("events", snapshot, years)}
                WHERE {at} AND event_id IN (SELECT unnest(?))"""
            return self._rows(query, [ids])
        days = {date.fromisoformat(row["day"]) for row in rows}
        return self._event_rows_held.find(self._paths_of("events", snapshot, years), "event_id", set(ids), days=days)

    # --- parties, types, places ---

    def partners(self, party: str, *, since: date, until: date, limit: int) -> list[Row]:
        """Whom a party deals with in a window: counts by quad and direction, intensity, and the change of it.

        `change` is the mean intensity of the later half of the window less that of the earlier half; None where one of
        the halves has nothing.
        """
        snapshot = self.snapshot()
        number = self._keys.find(party)
        middle = day_number(since + (until - since) // 2)
        parts = []
        for year in self._years_in(snapshot, since, until):
            columns = self._dyad_columns(year, snapshot)
            number = self._keys.find(party) if number is None else number
            is_party = ((columns.low == number) | (columns.high == number)) & (columns.low != columns.high)
            rows = np.flatnonzero(is_party[columns.pair] & _is_within(columns.day, since, until))
            parts.append(_partner_sums(columns, rows, number or 0, middle))
        others, sums = join_sums(parts)
        told = [_partner_row(self._keys.name(int(other)), sums, at) for at, other in enumerate(others)]
        told.sort(key=lambda row: (-row["records"], row["party"]))
        return told[:limit]

    def dyads(self, *, since: date, until: date, limit: int, event_type: str | None = None) -> list[Row]:
        """The busiest pairs of a window, both directions pooled, with counts by quad and mean intensity."""
        snapshot = self.snapshot()
        kind = list(load_codebook().types).index(event_type) if event_type else None
        parts = []
        for year in self._years_in(snapshot, since, until):
            columns = self._dyad_columns(year, snapshot)
            is_asked = _is_within(columns.day, since, until) & (columns.low != columns.high)[columns.pair]
            if kind is not None:
                is_asked &= columns.kind == kind
            rows = np.flatnonzero(is_asked)
            parts.append(_pair_sums(columns, rows))
        pairs, sums = join_sums(parts)
        if not len(pairs):
            return []
        # Ties at the edge are decided by name, so all of them are told before the list is cut.
        least = np.sort(sums["records"])[-min(limit, len(pairs))]
        told = [_pair_row(self._keys, int(pairs[at]), sums, int(at)) for at in np.flatnonzero(sums["records"] >= least)]
        told.sort(key=lambda row: (-row["records"], row["low"], row["high"]))
        return told[:limit]

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
        rows = self._rows_wanted(columns, wanted)
        rows = rows[columns.status[rows] == _ASSERTED]
        return Counter(zip(columns.day[rows].tolist(), columns.quad[rows].tolist(), strict=True))

    def _days_of_types(self, snapshot: Snapshot, month: str, wanted: Wanted) -> Counter[tuple[int, int]]:
        told = self._type_days(month, self._paths("records", snapshot, month))
        told = told[told[:, 3] == _ASSERTED]
        if wanted.event_type:
            told = told[told[:, 1] == list(load_codebook().types).index(wanted.event_type)]
        if wanted.quad:
            told = told[told[:, 2] == wanted.quad]
        counts: Counter[tuple[int, int]] = Counter()
        for day, _, quad, _, number in told.tolist():
            counts[day, quad] += number
        return counts

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
                counts[theme] += int(np.count_nonzero(_is_within(columns.day[rows], since, until)))
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
        rows = rows[_is_within(columns.day[rows], since, until)]
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
            paths = self._paths_of("events", snapshot, _years(since, until) or ())
            tables = self._place_rows.tables(paths, since=since, until=until)
            return count_places(tables, since=since, until=until, quad=quad)[:limit]
        kind, values = ("AND quad = ?", [quad]) if quad else ("", [])
        source = self._source("events", snapshot, _years(since, until))
        return self._rows(
            f"""SELECT place.name AS name, place.country AS country, round(place.latitude, 2) AS latitude,
                round(place.longitude, 2) AS longitude, count(*) AS events, count(*) FILTER (quad <= 2) AS cooperation,
                count(*) FILTER (quad >= 3) AS conflict, round(avg(intensity), 3) AS intensity
            FROM {source} WHERE place IS NOT NULL AND place.name IS NOT NULL AND status = 'asserted'
                AND day >= ? AND day < ? {kind} AND {self.newest_coder(snapshot)}
            GROUP BY ALL ORDER BY events DESC, name LIMIT ?""",
            [since, until, *values, limit],
        )

    def parties(self, *, limit: int) -> list[Row]:
        """The parties with most happenings."""
        totals = self._party_totals(self.snapshot())
        told = sorted(totals.items(), key=lambda entry: (-entry[1], entry[0]))[:limit]
        return [{"party": party, "records": number} for party, number in told]

    def knows(self, party: str) -> bool:
        """Whether a party stands under this key in any happening, be it one that nobody confirmed."""
        snapshot = self.snapshot()
        months = self._partitions("records", snapshot)
        return party in self._party_totals(snapshot) or any(
            party in self._parties_of(months[month]) for month in _newest_first(months)
        )

    def _parties_of(self, paths: tuple[str, ...]) -> frozenset[str]:
        """The parties of a month's happenings."""

        def load() -> frozenset[str]:
            query = f"SELECT DISTINCT unnest(actors || recipients) AS party FROM {_of_files(paths)}"
            return frozenset(row["party"] for row in self._rows(query, []))

        return self._held.get(("parties of", paths), load)

    def linked_events(self, record: Row) -> list[Row]:
        """All events of a happening, first published first."""
        snapshot = self.snapshot()
        bounds = date_bounds(record["date"])
        is_plain = self.newest_coder(snapshot) == "TRUE" and not self._overlaid_ids(snapshot).intersection(
            record["events"]
        )
        if is_plain and bounds and (bounds[1] - bounds[0]).days < MOST_EVENT_DAYS:
            paths = self._paths_of("events", snapshot, _years_of_dates([record]) or ())
            days = set(each_day(bounds[0], bounds[1] + timedelta(days=1)))
            rows = self._whole_events.find(paths, "event_id", set(record["events"]), days=days)
            told = [{name: row[name] for name in CONTRACT_EVENT} for row in rows]
            return sorted(told, key=_first_published)
        source = self._source("events", snapshot, _years_of_dates([record]))
        at = "day >= ? AND day <= ? AND" if bounds else ""
        return self._rows(
            f"""SELECT * EXCLUDE (day, last_day, actor_keys, recipient_keys, cell, year, added) FROM {source}
            WHERE {at} event_id IN (SELECT unnest(?)) AND {self.newest_coder(snapshot)}
            ORDER BY published NULLS LAST, publisher, event_id""",
            [*(bounds or ()), record["events"]],
        )

    def versions(self, events: Sequence[Row]) -> dict[str, str]:
        """What is said of events whose article has other editions among them: "version 2 of 3", by event id."""
        snapshot = self.snapshot()
        if not self._folder.files("editions", snapshot):
            return {}
        rows = self._rows(
            f"""SELECT DISTINCT article_id, story, publisher, published, stage
            FROM {self._source("editions", snapshot)} WHERE article_id IN (SELECT unnest(?)) AND publisher IS NOT NULL
            ORDER BY published, stage, article_id""",
            [sorted({event["article_id"] for event in events})],
        )
        told: dict[str, str] = {}
        stories: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            stories.setdefault((row["story"], row["publisher"]), []).append(row["article_id"])
        for articles in stories.values():
            if len(articles) > 1:
                numbered = enumerate(articles, start=1)
                told.update({name: f"version {number} of {len(articles)}" for number, name in numbered})
        return {event["event_id"]: told[event["article_id"]] for event in events if event["article_id"] in told}

    def tie_sums(self, sides: tuple[str, str], window: Window) -> tuple[dict[str, int], dict[str, int]]:
        """Happenings by quad class in a window: what the first side did to the second, and the reverse."""
        ways: tuple[dict[str, int], dict[str, int]] = tuple({str(quad): 0 for quad in QUADS} for _ in sides)  # type: ignore[assignment]
        for count in self._side_counts(self.snapshot(), sides, window):
            ways[count.actor != sides[0]][str(count.quad)] += count.count
        return ways

    def _side_counts(
        self, snapshot: Snapshot, sides: tuple[Side, Side], window: Window, *, scale: Scale = "plover"
    ) -> list[DyadCount]:
        """As the view's; of two parties in few years from what is held, else read once for all series of a page."""
        years = _years(window.since, window.until) or []
        paths = tuple(self._paths("dyads", snapshot, year) for year in years)

        def load() -> _Counts:
            if scale != "plover" or not self._is_in_columns(snapshot, sides, window):
                return _Counts(tuple(super(PageView, self)._side_counts(snapshot, sides, window, scale=scale)))
            low, high = sorted(map(name_of_side, sides))
            counted = [
                count_pair(columns, at, (low, high), window)
                for at, columns in self._pair_columns(snapshot, sides, window)
            ]
            return _Counts(tuple(count for counts in counted for count in counts))

        return list(self._counts.get((sides, window, scale, paths), load).counts)

    def _is_in_columns(self, snapshot: Snapshot, sides: tuple[Side, Side], window: Window) -> bool:
        """Whether a tie can be counted from columns: two parties, and so few years that these may be held."""
        are_parties = isinstance(sides[0], str) and isinstance(sides[1], str)
        return are_parties and len(self._years_in(snapshot, window.since, window.until)) <= MOST_YEARS

    def _pair_columns(
        self, snapshot: Snapshot, sides: tuple[Side, Side], window: Window
    ) -> Iterator[tuple[slice, DyadColumns]]:
        """The columns of the years of a window, the oldest first, each with where the rows of two parties lie."""
        low, high = sorted(map(name_of_side, sides))
        for year in reversed(self._years_in(snapshot, window.since, window.until)):
            columns = self._dyad_columns(year, snapshot)
            yield columns.rows_of(self._keys.find(low), self._keys.find(high)), columns

    # --- partitions ---

    def _months_in(self, snapshot: Snapshot, since: date | None, until: date | None) -> list[str]:
        """Months of happenings that a window touches, the newest first; what has no day at all comes last."""
        months = _newest_first(self._partitions("records", snapshot))
        low = f"{since:%Y-%m}" if since else ""
        high = f"{until:%Y-%m}" if until else "9999-99"
        is_open = since is None and until is None
        return [month for month in months if (low <= month <= high if month != NO_PERIOD else is_open)]

    def _years_in(self, snapshot: Snapshot, since: date, until: date) -> list[str]:
        last = until - timedelta(days=1)
        years = _newest_first(self._partitions("dyads", snapshot))
        return [year for year in years if f"{since.year:04d}" <= year <= f"{last.year:04d}"]


def _of_files(paths: Iterable[str]) -> str:
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = true, hive_types_autocast = false)"


def _columns_key(name: str, paths: tuple[str, ...]) -> Hashable:
    """What the columns of some files are called among what is held and what lies aside."""
    return name, paths


def _end_of(month: str) -> tuple[date, str]:
    """Where a search goes on that has looked at everything after a month."""
    first = date.fromisoformat(f"{month}-01")
    return next_period(first, "month"), _BEHIND_ALL


def _place(month: str, columns: HappeningColumns, row: int | np.integer[Any]) -> _Place:
    day = int(columns.day[row])
    return _Place(month, columns.ids[int(row)].as_py(), day_of(day).isoformat() if day != NO_DAY else None)


def _on_days(table: str, days: Iterable[str | None]) -> str:
    """A condition that opens the few groups of rows in which some days lie: rows are stored in the order of days."""
    listed = sorted(set(days), key=str)
    if None in listed or not listed:
        return "TRUE"
    dates = ", ".join(f"DATE '{day}'" for day in listed)
    return f"{table}.day IN ({dates})"


def _newest_first(partitions: Iterable[str]) -> list[str]:
    """Partitions by their value, the newest first, those without a day last."""
    return sorted(partitions, key=lambda value: (value != NO_PERIOD, value), reverse=True)


def _is_within(days: NDArray[np.int32], since: date, until: date) -> NDArray[np.bool_]:
    within: NDArray[np.bool_] = (days >= day_number(since)) & (days < day_number(until))
    return within


def _rows_after(columns: HappeningColumns, rows: NDArray[np.int32], after: tuple[date, str]) -> NDArray[np.int32]:
    """Of rows in order, those behind a day and an id."""
    day = day_number(after[0])
    same = rows[columns.day[rows] == day]
    behind = [row for row in same.tolist() if columns.ids[row].as_py() > after[1]]
    return np.concatenate([np.array(behind, np.int32), rows[columns.day[rows] < day]])


def _partner_sums(columns: DyadColumns, rows: NDArray[np.intp], party: int, middle: int) -> tuple[Any, dict[str, Any]]:
    pair, quad, intensity = columns.pair[rows], columns.quad[rows], columns.intensity[rows]
    is_low = (columns.low == party)[pair]
    other = np.where(is_low, columns.high[pair], columns.low[pair]).astype(np.int64)
    first = columns.is_first[rows].astype(np.float64)
    is_late = columns.day[rows] >= middle
    return group_sums(
        other,
        {
            "records": first,
            "outward": (is_low == columns.is_forward[rows]).astype(np.float64),
            **{f"quad{number}": first * (quad == number) for number in (1, 2, 3, 4)},
            "rows": np.ones(len(rows)),
            "late": is_late.astype(np.float64),
            "sum": intensity,
            "late_sum": intensity * is_late,
        },
    )


def _partner_row(party: str, sums: Mapping[str, NDArray[Any]], at: int) -> Row:
    rows, late = float(sums["rows"][at]), float(sums["late"][at])
    total, late_total = float(sums["sum"][at]), float(sums["late_sum"][at])
    has_both = 0 < late < rows
    counted = ("records", "outward", "quad1", "quad2", "quad3", "quad4")
    return {
        "party": party,
        **{name: int(sums[name][at]) for name in counted},
        "intensity": round(total / rows, 3),
        "change": round(late_total / late - (total - late_total) / (rows - late), 3) if has_both else None,
    }


def _pair_sums(columns: DyadColumns, rows: NDArray[np.intp]) -> tuple[Any, dict[str, Any]]:
    first = columns.is_first[rows].astype(np.float64)
    quad = columns.quad[rows]
    pair = columns.pair[rows]
    sums = {
        "records": np.bincount(pair, weights=first, minlength=len(columns.low)),
        "cooperation": np.bincount(pair, weights=first * (quad <= 2), minlength=len(columns.low)),
        "rows": np.bincount(pair, minlength=len(columns.low)).astype(np.float64),
        "sum": np.bincount(pair, weights=columns.intensity[rows], minlength=len(columns.low)),
    }
    told = np.flatnonzero(sums["rows"])
    pairs = columns.low[told].astype(np.int64) << 32 | columns.high[told]
    return pairs, {name: values[told] for name, values in sums.items()}


def _pair_row(keys: Keys, pair: int, sums: Mapping[str, NDArray[Any]], at: int) -> Row:
    records, cooperation = int(sums["records"][at]), int(sums["cooperation"][at])
    return {
        "low": keys.name(pair >> 32),
        "high": keys.name(pair & 0xFFFFFFFF),
        "records": records,
        "cooperation": cooperation,
        "conflict": records - cooperation,
        "intensity": round(float(sums["sum"][at]) / float(sums["rows"][at]), 3),
    }


def _is_wanted(row: Row, wanted: Wanted) -> bool:
    """Whether a happening is wanted, whatever its words."""
    asked = (("event_type", wanted.event_type), ("status", wanted.status), ("quad", wanted.quad))
    return (
        all(party in row["actors"] or party in row["recipients"] for party in wanted.parties)
        and all(theme in row["contexts"] for theme in wanted.themes)
        and all(row[column] == value for column, value in asked if value is not None)
        and (wanted.since is None or (row["last_day"] is not None and row["last_day"] >= wanted.since))
        and (wanted.until is None or (row["day"] is not None and row["day"] < wanted.until))
    )


def _told_record(row: Row) -> Row:
    """A stored happening as pages tell it, with its day as a text."""
    told = {column: row[column] for column in _RECORD_COLUMNS}
    return {**told, "day": row["day"].isoformat() if row["day"] else None}


def _newest_row_first(row: Row) -> tuple[int, str]:
    return (-date.fromisoformat(row["day"]).toordinal() if row["day"] else 0, row["record_id"])


def _is_after(row: Row, after: tuple[date, str]) -> bool:
    return _newest_row_first(row) > (-after[0].toordinal(), after[1])


def _first_published(event: Row) -> tuple[bool, str, bool, str, str]:
    """First published first; what names no day or no publisher comes last."""
    published, publisher = event["published"], event["publisher"]
    return published is None, published or "", publisher is None, publisher or "", event["event_id"]


def digest_of(name: str) -> int:
    """What DuckDB's `md5_number_lower` gives of an id."""
    return int.from_bytes(hashlib.md5(name.encode(), usedforsecurity=False).digest()[8:], "little")


def _hit_of(event: Row) -> int:
    """The number that an event has in the index of words."""
    return (_event_number(event["day"]) if event["day"] else 0) + (digest_of(event["event_id"]) & DIGEST_MASK)


def _event_number(day: date) -> int:
    """The least number that an event of a day has in the index of words."""
    return (day - _FIRST_DAY).days << DIGEST_BITS


def _shown(events: Iterable[Row]) -> Row | None:
    """The surest of some events, without the column that found it."""
    shown = max(events, key=lambda event: event["confidence"], default=None)
    return {name: value for name, value in shown.items() if name != "day"} if shown else None


def _pairs(row: Row) -> list[tuple[str, str]]:
    """Pairs of the two sides of a happening, in the order in which dyads are stored."""
    return [(min(a, b), max(a, b)) for a in row["actors"] for b in row["recipients"]]


def _novelty(row: Row, usual: Mapping[tuple[str, str, str], int]) -> float:
    counts = [usual.get((low, high, row["event_type"]), 0) for low, high in _pairs(row)]
    return round(1 / (1 + min(counts)), 3) if counts else 0.5


def _years(since: date | None, until: date | None) -> list[str] | None:
    if since is None or until is None:
        return None
    return [f"{year:04d}" for year in range(since.year - 1, until.year + 1)]


def _years_of_dates(rows: Sequence[Row]) -> list[str] | None:
    """Partitions of the events of some records, or None where a record's days are not known."""
    bounds = [date_bounds(row["date"] or row["first_reported"]) for row in rows]
    if any(one is None for one in bounds):
        return None
    return sorted({f"{one[0].year:04d}" for one in bounds if one})
