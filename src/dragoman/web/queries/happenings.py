"""Which happenings: the weightiest that are new, those that a search wants, those in which words stand.

A search goes back month by month, or by the hits of the index of words, and says how far it came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from dragoman.codebook import load_codebook
from dragoman.columns import NO_PERIOD
from dragoman.model import STATUSES
from dragoman.tables import Snapshot
from dragoman.ties import next_period
from dragoman.view import SHOWN_CORRECTED, Row
from dragoman.web.arrays import HappeningColumns, day_number
from dragoman.web.queries.indexing import IndexedWords
from dragoman.web.queries.rows import SHOWN_COLUMNS, HappeningRows, newest_row_first, told_record
from dragoman.web.queries.wanted import Found, Wanted, is_wanted, rows_wanted
from dragoman.web.queries.whereabouts import (
    EVENT_NUMBER,
    FIRST_DAY,
    SHORT_DIGEST,
    HappeningPlace,
    columns_key,
    event_number,
    hit_of,
    on_days,
    place_of,
)
from dragoman.web.words import DIGEST_BITS, LATEST

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
_WEIGHED = np.array([STATUSES.index(status) for status in ("asserted", "negated", "future")], dtype=np.int8)


class Happenings(HappeningRows, IndexedWords):
    """The happenings of a record, found by what is asked of them."""

    def weightiest(self, *, since: date, until: date, limit: int) -> list[Row]:
        """Happenings first reported in a window, the weightiest first, with `weight` and `novelty`.

        Novelty is 1 / (1 + n), where n is how often the two sides did the like in the year before the window; one half
        where a side is not told.
        """
        snapshot = self.snapshot()
        low, high = day_number(since), day_number(until)
        heavy: list[tuple[float, HappeningPlace]] = []
        around = timedelta(days=REPORTED_AROUND)
        for month in self._months_in(snapshot, since - around, until + around):
            columns = self._happening_columns(month, snapshot)
            is_new = (columns.reported >= low) & (columns.reported < high) & np.isin(columns.status, _WEIGHED)
            new = np.flatnonzero(is_new & (columns.weight > 0))
            new = new[np.argsort(-columns.weight[new], kind="stable")[: 4 * limit]]
            heavy += [(-float(columns.weight[row]), place_of(month, columns, row)) for row in new]
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
        places: list[HappeningPlace] = []
        unread = 0
        for month in self._months_in(snapshot, first, last):
            unread += self._unread_rows(month, snapshot, needs_columns=not wanted.keys)
            if unread > MOST_UNREAD and month != NO_PERIOD:
                return Found(rows=self._cards_of(snapshot, places), reached=_end_of(month))
            if wanted.keys and not len(self._key_rows(month, snapshot).of_keys(map(self._keys.find, wanted.keys))):
                continue
            unread += self._unread_rows(month, snapshot, needs_columns=True)
            columns = self._happening_columns(month, snapshot)
            rows = rows_wanted(columns, wanted, self._keys)
            if after is not None:
                rows = _rows_after(columns, rows, after)
            places += [place_of(month, columns, row) for row in rows[: limit - len(places)]]
            if len(places) >= limit:
                break
        return Found(rows=self._cards_of(snapshot, places))

    def _unread_rows(self, month: str, snapshot: Snapshot, *, needs_columns: bool) -> int:
        """What reading costs before a month can be searched, in rows; nothing where what is needed of it is held."""
        paths = self._paths("records", snapshot, month)
        if not needs_columns and self._key_rows_held.find(paths) is not None:
            return 0
        key = columns_key("happenings", paths)
        if self._columns_held.find(key) is not None:
            return 0
        return _ROWS_OF_ASIDE if key in self._aside else _ROWS_OF_OPENING + sum(map(self._rows_in, paths))

    def _saying(self, snapshot: Snapshot, wanted: Wanted, *, limit: int, after: tuple[date, str] | None) -> Found:
        """Happenings with an event in which all words stand, the newest first."""
        self._bring_words_up(snapshot)
        below = LATEST if after is None else event_number(after[0] + timedelta(days=1))
        if wanted.until:
            below = min(below, event_number(wanted.until))
        found: dict[str, Row] = {}
        hits: list[int] = []
        for _ in range(MOST_LOOKS):
            hits = self._words.find(wanted.words, limit=HITS_AT_ONCE, below=below)
            rows = self._rows_of_hits(snapshot, hits, wanted)
            found.update((row["record_id"], row) for row in rows if after is None or _is_after(row, after))
            if len(found) >= limit or len(hits) < HITS_AT_ONCE:
                break
            below = hits[-1]
        newest = sorted(found.values(), key=newest_row_first)[:limit]
        reached = None
        if len(found) < limit and len(hits) == HITS_AT_ONCE:
            # A part of that day has been looked at: rather shown twice than not at all.
            reached = (FIRST_DAY + timedelta(days=(below >> DIGEST_BITS) + 1), _BEHIND_ALL)
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
            {**told_record(row), "shown": _shown(events[one] for one in row["events"] if one in events)}
            for row in found
            if is_wanted(row, wanted)
        ]

    def _events_of_hits(self, snapshot: Snapshot, hits: Sequence[int]) -> list[Row]:
        """The events that some hits stand for, read by the newest coder, as people corrected them."""
        if self.newest_coder(snapshot) == "TRUE":
            return self._with_corrected(snapshot, self._events_numbered(snapshot, hits))
        days = {FIRST_DAY + timedelta(days=hit >> DIGEST_BITS) for hit in hits}
        years = sorted({*(f"{day.year:04d}" for day in days), NO_PERIOD})
        at = on_days("events", [day.isoformat() if day != FIRST_DAY else None for day in days])
        return self._rows(
            f"""SELECT {", ".join(SHOWN_COLUMNS)}, day FROM {self._source("events", snapshot, years)}
            WHERE {at} AND {EVENT_NUMBER} IN (SELECT unnest(?)) AND {self.newest_coder(snapshot)}""",
            [list(hits)],
        )

    def _events_numbered(self, snapshot: Snapshot, hits: Sequence[int]) -> list[Row]:
        """The events that some hits stand for, as they were read."""
        places: dict[str, list[int]] = {}
        for hit in hits:
            days = hit >> DIGEST_BITS
            day = FIRST_DAY + timedelta(days=days) if days else None
            for path in self._paths("events", snapshot, f"{day.year:04d}" if day else NO_PERIOD):
                digests = self._short_digests(path)
                for start, end in self._event_rows_held.place_of(path, day):
                    found = np.flatnonzero(digests[start:end] == hit & SHORT_DIGEST) + start
                    places.setdefault(path, []).extend(found.tolist())
        asked = set(hits)
        rows = [row for path, here in places.items() for row in self._event_rows_held.take(path, here)]
        return [row for row in rows if hit_of(row) in asked]

    def _with_corrected(self, snapshot: Snapshot, rows: Sequence[Row]) -> list[Row]:
        """Events as people corrected them, some of them to another day; those that were rejected are left out."""
        overlaid = [row["event_id"] for row in rows if row["event_id"] in self._overlaid_ids(snapshot)]
        kept = [row for row in rows if row["event_id"] not in overlaid]
        if not overlaid:
            return kept
        query = f"""WITH corrected AS (SELECT * FROM {self._source("corrected", snapshot)})
            SELECT {", ".join(SHOWN_COLUMNS)}, day FROM corrected
            WHERE {SHOWN_CORRECTED} AND event_id IN (SELECT unnest(?))"""
        return kept + self._rows(query, [overlaid])


def _end_of(month: str) -> tuple[date, str]:
    """Where a search goes on that has looked at everything after a month."""
    first = date.fromisoformat(f"{month}-01")
    return next_period(first, "month"), _BEHIND_ALL


def _rows_after(columns: HappeningColumns, rows: NDArray[np.int32], after: tuple[date, str]) -> NDArray[np.int32]:
    """Of rows in order, those behind a day and an id."""
    day = day_number(after[0])
    same = rows[columns.day[rows] == day]
    behind = [row for row in same.tolist() if columns.ids[row].as_py() > after[1]]
    return np.concatenate([np.array(behind, np.int32), rows[columns.day[rows] < day]])


def _is_after(row: Row, after: tuple[date, str]) -> bool:
    return newest_row_first(row) > (-after[0].toordinal(), after[1])


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
