"""The questions that pages ask beside those of a view: what is new, who deals with whom, where, how often.

Stands between the record and the pages. Each question reads as few partitions as its window allows and gives plain
rows; it refuses to answer without a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Self

from dragoman.columns import SPECS
from dragoman.rows import date_bounds
from dragoman.tables import Snapshot, TableFolder
from dragoman.view import RecordView, Row

# Events read to find the one that shows a happening best: more would only repeat it.
EVENTS_TO_SHOW = 4
# Days around a window in which the happenings lie that were first reported in it.
REPORTED_AROUND = 45
# Events that a search for words may hit in a year before it stops looking further back.
HITS_IN_A_YEAR = 2000
_RECORD_COLUMNS = """record_id, event_type, mode, contexts, status, quad, intensity, actors, recipients, date, belief,
    voices, events, publishers, urls, first_reported, last_reported, disagreements, aliases,
    strftime(day, '%Y-%m-%d') AS day"""
# How much a happening weighs: how far from neutral, how sure, by how many voices (each doubling adds one), and half as
# much where one side is not told.
_WEIGHT = """belief * (1 + abs(intensity)) * (1 + log2(greatest(voices, 1)))
    * if(len(actors) > 0 AND len(recipients) > 0, 1, 0.5)"""


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


class PageView(RecordView):
    """A record as pages ask it."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._summed: tuple[int, Row] | None = None

    @classmethod
    def of(cls, path: Path) -> Self:
        """A view of the record in a folder, with a connection of its own."""
        return cls(TableFolder.open(path, SPECS))

    def last_day(self) -> date | None:
        """The last day on which an article was read; None in an empty record."""
        last = self.totals()["last_day"]
        return date.fromisoformat(last) if last else None

    def totals(self) -> Row:
        """How much the record holds: articles, events, happenings, publishers, first and last day read.

        Summed once for each snapshot.
        """
        snapshot = self.snapshot()
        if self._summed is None or self._summed[0] != snapshot.number:
            self._summed = (snapshot.number, self._sum(snapshot))
        return self._summed[1]

    def _sum(self, snapshot: Snapshot) -> Row:
        coverage = self._rows(
            f"""SELECT coalesce(sum(articles), 0)::BIGINT AS articles, count(DISTINCT publisher) AS publishers,
                strftime(min(day), '%Y-%m-%d') AS first_day, strftime(max(day), '%Y-%m-%d') AS last_day
            FROM {self._source("coverage", snapshot)}""",
            [],
        )[0]
        return {
            **coverage,
            "events": self._count(self._source("events", snapshot)),
            "records": self._count(self._source("records", snapshot)),
            "snapshot": snapshot.number,
            "committed_at": snapshot.committed_at.isoformat(timespec="seconds"),
        }

    # --- happenings ---

    def weightiest(self, *, since: date, until: date, limit: int) -> list[Row]:
        """Happenings first reported in a window, the weightiest first, with `weight` and `novelty`.

        Novelty is 1 / (1 + n), where n is how often the two sides did the like in the year before the window; one half
        where a side is not told.
        """
        snapshot = self.snapshot()
        months = _months(since - timedelta(days=REPORTED_AROUND), until + timedelta(days=REPORTED_AROUND))
        rows = self._rows(
            f"""SELECT {_RECORD_COLUMNS}, {_WEIGHT} AS weight FROM {self._source("records", snapshot, months)}
            WHERE first_reported >= ? AND first_reported < ? AND status IN ('asserted', 'negated', 'future')
                AND len(actors) + len(recipients) > 0
            ORDER BY weight DESC, record_id LIMIT ?""",
            [since.isoformat(), until.isoformat(), 4 * limit],
        )
        usual = self._usual(snapshot, rows, since=since)
        rows = [{**row, "novelty": _novelty(row, usual)} for row in rows]
        rows.sort(key=lambda row: (-row["weight"] * (1 + row["novelty"]), row["record_id"]))
        return self._with_sentences(snapshot, rows[:limit])

    def _usual(self, snapshot: Snapshot, rows: Sequence[Row], *, since: date) -> Mapping[tuple[str, str, str], int]:
        """How often the pairs of some happenings did the like in the year before a day."""
        pairs = sorted({pair for row in rows for pair in _pairs(row)})
        source = self._source("dyads", snapshot, [f"{year:04d}" for year in (since.year - 1, since.year)])
        found = self._rows(
            f"""SELECT low, high, event_type, count(*) AS number FROM {source}
            WHERE day >= ? AND day < ? AND (low || ' ' || high) IN (SELECT unnest(?)) GROUP BY ALL""",
            [since - timedelta(days=365), since, [f"{low} {high}" for low, high in pairs]],
        )
        return {(row["low"], row["high"], row["event_type"]): row["number"] for row in found}

    def happenings(self, wanted: Wanted, *, limit: int, after: tuple[date, str] | None = None) -> list[Row]:
        """Happenings that are wanted, the newest day first; `after` is the day and id of the last one shown before."""
        snapshot = self.snapshot()
        parts, values = _conditions(wanted)
        if after is not None:
            parts.append("(day < ? OR (day = ? AND record_id > ?))")
            values += [after[0], after[0], after[1]]
        if wanted.words:
            parts.append("record_id IN (SELECT unnest(?))")
            values.append(self._records_saying(snapshot, wanted))
        months = _months(wanted.since, wanted.until) if wanted.since and wanted.until else None
        rows = self._rows(
            f"""SELECT {_RECORD_COLUMNS} FROM {self._source("records", snapshot, months)}
            WHERE {" AND ".join(parts)} ORDER BY day DESC, record_id LIMIT ?""",
            [*values, limit],
        )
        return self._with_sentences(snapshot, rows)

    def _records_saying(self, snapshot: Snapshot, wanted: Wanted) -> list[str]:
        """Ids of records with an event in whose sentence or parties all words stand."""
        said = "lower(concat_ws(' ', sentence.text, publisher, list_transform(actors, lambda p: p.name), \
list_transform(recipients, lambda p: p.name)))"
        parts = [f"contains({said}, lower(?))" for _ in wanted.words]
        values: list[object] = list(wanted.words)
        if wanted.since:
            parts.append("last_day >= ?")
            values.append(wanted.since)
        if wanted.until:
            parts.append("day < ?")
            values.append(wanted.until)
        events = self._source("events", snapshot, _years(wanted.since, wanted.until))
        found = self._rows(
            f"""WITH hits AS (SELECT event_id FROM {events} WHERE {" AND ".join(parts)} ORDER BY day DESC LIMIT ?)
            SELECT DISTINCT record_id FROM {self._source("records", snapshot)}
            WHERE len(list_intersect(events, (SELECT list(event_id) FROM hits))) > 0""",
            [*values, HITS_IN_A_YEAR],
        )
        return [row["record_id"] for row in found]

    def happenings_by_id(self, record_ids: Sequence[str]) -> list[Row]:
        """Happenings with the given ids, the newest day first, each with its sentence."""
        snapshot = self.snapshot()
        rows = self._rows(
            f"""SELECT {_RECORD_COLUMNS} FROM {self._source("records", snapshot)}
            WHERE record_id IN (SELECT unnest(?)) ORDER BY day DESC, record_id""",
            [list(record_ids)],
        )
        return self._with_sentences(snapshot, rows)

    def _with_sentences(self, snapshot: Snapshot, rows: Sequence[Row]) -> list[Row]:
        """Rows with `shown`, the surest of their first events."""
        ids = [event_id for row in rows for event_id in row["events"][:EVENTS_TO_SHOW]]
        source = self._source("events", snapshot, _years_of_dates(rows))
        found = self._rows(f"SELECT * FROM {source} WHERE event_id IN (SELECT unnest(?))", [ids]) if ids else []
        events = {row["event_id"]: row for row in found}
        shown = []
        for row in rows:
            told = [events[event_id] for event_id in row["events"][:EVENTS_TO_SHOW] if event_id in events]
            shown.append({**row, "shown": max(told, key=lambda event: event["confidence"], default=None)})
        return shown

    # --- parties, types, places ---

    def partners(self, party: str, *, since: date, until: date, limit: int) -> list[Row]:
        """Whom a party deals with in a window: counts by quad and direction, intensity, and the change of it.

        `change` is the mean intensity of the later half of the window less that of the earlier half; None where one of
        the halves has nothing.
        """
        middle = since + (until - since) // 2
        source = self._source("dyads", self.snapshot(), _years(since, until))
        return self._rows(
            f"""SELECT if(low = $party, high, low) AS party, count(DISTINCT record_id) AS records,
                count(DISTINCT record_id) FILTER ((low = $party) = is_forward) AS outward,
                count(DISTINCT record_id) FILTER (quad = 1) AS quad1,
                count(DISTINCT record_id) FILTER (quad = 2) AS quad2,
                count(DISTINCT record_id) FILTER (quad = 3) AS quad3,
                count(DISTINCT record_id) FILTER (quad = 4) AS quad4,
                round(avg(intensity), 3) AS intensity,
                round(avg(intensity) FILTER (day >= $middle) - avg(intensity) FILTER (day < $middle), 3) AS change
            FROM {source} WHERE (low = $party OR high = $party) AND low <> high AND day >= $since AND day < $until
            GROUP BY 1 ORDER BY records DESC, 1 LIMIT $limit""",
            {"party": party, "since": since, "until": until, "middle": middle, "limit": limit},
        )

    def dyads(self, *, since: date, until: date, limit: int, event_type: str | None = None) -> list[Row]:
        """The busiest pairs of a window, both directions pooled, with counts by quad and mean intensity."""
        source = self._source("dyads", self.snapshot(), _years(since, until))
        kind, values = ("AND event_type = ?", [event_type]) if event_type else ("", [])
        return self._rows(
            f"""SELECT low, high, count(DISTINCT record_id) AS records,
                count(DISTINCT record_id) FILTER (quad <= 2) AS cooperation,
                count(DISTINCT record_id) FILTER (quad >= 3) AS conflict, round(avg(intensity), 3) AS intensity
            FROM {source} WHERE low <> high AND day >= ? AND day < ? {kind}
            GROUP BY ALL ORDER BY records DESC, low, high LIMIT ?""",
            [since, until, *values, limit],
        )

    def days(self, wanted: Wanted, *, since: date, until: date) -> list[Row]:
        """Happenings by day and quad in a window."""
        parts, values = _conditions(wanted)
        source = self._source("records", self.snapshot(), _months(since, until))
        return self._rows(
            f"""SELECT strftime(day, '%Y-%m-%d') AS day, quad, count(*) AS records FROM {source}
            WHERE {" AND ".join(parts)} AND day >= ? AND day < ? AND status = 'asserted' GROUP BY ALL ORDER BY 1, 2""",
            [*values, since, until],
        )

    def type_counts(self, *, since: date | None = None, until: date | None = None) -> dict[str, int]:
        """Happenings of each type in a window, or of all days."""
        parts, values = _conditions(Wanted(since=since, until=until))
        source = self._source("records", self.snapshot(), _months(since, until) if since and until else None)
        rows = self._rows(
            f"SELECT event_type, count(*) AS records FROM {source} WHERE {' AND '.join(parts)} GROUP BY 1", values
        )
        return {row["event_type"]: row["records"] for row in rows}

    def places(self, *, since: date, until: date, limit: int, quad: int | None = None) -> list[Row]:
        """Places of the events of a window, the most frequent first: name, country, degrees, counts."""
        snapshot = self.snapshot()
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
        return self._rows(
            f"""SELECT party, count(*) AS records FROM (
                SELECT low AS party FROM {self._source("dyads", self.snapshot())} UNION ALL
                SELECT high FROM {self._source("dyads", self.snapshot())}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?""",
            [limit],
        )

    def linked_events(self, record: Row) -> list[Row]:
        """All events of a happening, first published first."""
        snapshot = self.snapshot()
        source = self._source("events", snapshot, _years_of_dates([record]))
        return self._rows(
            f"""SELECT * EXCLUDE (day, last_day, actor_keys, recipient_keys, cell, year, added) FROM {source}
            WHERE event_id IN (SELECT unnest(?)) AND {self.newest_coder(snapshot)}
            ORDER BY published NULLS LAST, publisher, event_id""",
            [record["events"]],
        )


def _conditions(wanted: Wanted) -> tuple[list[str], list[object]]:
    parts, values = ["TRUE"], list[object]()
    for party in wanted.parties:
        parts.append("(list_contains(actors, ?) OR list_contains(recipients, ?))")
        values += [party, party]
    for column, value in (("event_type", wanted.event_type), ("status", wanted.status), ("quad", wanted.quad)):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value)
    if wanted.since:
        parts.append("last_day >= ?")
        values.append(wanted.since)
    if wanted.until:
        parts.append("day < ?")
        values.append(wanted.until)
    return parts, values


def _pairs(row: Row) -> list[tuple[str, str]]:
    """Pairs of the two sides of a happening, in the order in which dyads are stored."""
    return [(min(a, b), max(a, b)) for a in row["actors"] for b in row["recipients"]]


def _novelty(row: Row, usual: Mapping[tuple[str, str, str], int]) -> float:
    counts = [usual.get((low, high, row["event_type"]), 0) for low, high in _pairs(row)]
    return round(1 / (1 + min(counts)), 3) if counts else 0.5


def _months(since: date, until: date) -> list[str]:
    """The partitions of records that a window may touch, with those of a year, a range or no date at all."""
    months = [f"{year:04d}-{month:02d}" for year in range(since.year, until.year + 1) for month in range(1, 13)]
    low, high = f"{since:%Y-%m}", f"{until:%Y-%m}"
    return [month for month in months if low <= month <= high]


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
