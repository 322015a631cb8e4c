"""Whole rows of happenings and their events, read from the files for what is shown alone.

A happening is shown with the sentence of its surest event, as people corrected it.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np

from dragoman.rows import date_bounds, each_day
from dragoman.tables import Snapshot, TableFolder
from dragoman.view import CONTRACT_EVENT, Row, with_links
from dragoman.web.blocks import LaidGroups
from dragoman.web.held import Held
from dragoman.web.queries.columns import HeldColumns
from dragoman.web.queries.whereabouts import HappeningPlace, MonthIds, digest_of, event_years_of, of_files, on_days
from dragoman.web.stored import Columns, StoredRows

# Events read to find the one that shows a happening best: more would only repeat it.
EVENTS_TO_SHOW = 4
# Bytes of happenings with their sentences that are kept.
CARD_BYTES = 60_000_000
# Bytes of groups of rows that are held to read rows from: those of the newest year of a large record.
RECORD_ROW_BYTES, EVENT_ROW_BYTES, LINK_ROW_BYTES, WHOLE_ROW_BYTES = 130_000_000, 160_000_000, 30_000_000, 30_000_000
# Days among which the events of a happening are looked for where they lie.
MOST_EVENT_DAYS = 31

_RECORD_COLUMNS = (
    "record_id", "event_type", "mode", "contexts", "status", "quad", "intensity", "actors", "recipients", "date",
    "belief", "voices", "events", "publishers", "urls", "first_reported", "last_reported", "disagreements", "aliases",
)  # fmt: skip
# Of an event that shows a happening: what it says, who passes it on, and where the roles stand that are marked in it.
_SPAN = frozenset({"start", "end"})
SHOWN_COLUMNS: Columns = {
    **dict.fromkeys(("event_id", "confidence", "date", "date_basis", "publisher", "published", "url"), frozenset()),
    **dict.fromkeys(("anchor", "actors", "recipients", "place", "attributed_to"), _SPAN),
    "sentence": _SPAN | {"text"},
}
_LINK_COLUMNS: Columns = dict.fromkeys(("holder", "kind", "record_id", "reason"), frozenset())


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


class HappeningRows(HeldColumns):
    """A record of which rows are read by their place."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._laid = {name: LaidGroups(name, self._aside) for name in ("records", "events")}
        self._cards = Held(CARD_BYTES)
        files = self._files
        record_columns = dict.fromkeys((*_RECORD_COLUMNS, "last_day"), frozenset[str]())
        self._record_rows_held = StoredRows(files, record_columns, RECORD_ROW_BYTES, self._laid["records"])
        self._event_rows_held = StoredRows(files, SHOWN_COLUMNS, EVENT_ROW_BYTES, self._laid["events"])
        self._whole_events = StoredRows(files, dict.fromkeys(CONTRACT_EVENT, frozenset()), WHOLE_ROW_BYTES)
        self._link_rows = StoredRows(files, _LINK_COLUMNS, LINK_ROW_BYTES)

    def happenings_by_id(self, record_ids: Sequence[str]) -> list[Row]:
        """Happenings with the given ids, the newest day first, each with its sentence."""
        snapshot = self.snapshot()
        rows = self._cards_of(snapshot, self._locate(snapshot, record_ids))
        return sorted(rows, key=newest_row_first)

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

    def linked_events(self, record: Row) -> list[Row]:
        """All events of a happening, first published first."""
        snapshot = self.snapshot()
        bounds = date_bounds(record["date"])
        is_plain = self.newest_coder(snapshot) == "TRUE" and not self._overlaid_ids(snapshot).intersection(
            record["events"]
        )
        if is_plain and bounds and (bounds[1] - bounds[0]).days < MOST_EVENT_DAYS:
            paths = self._paths_of("events", snapshot, event_years_of([record]) or ())
            days = set(each_day(bounds[0], bounds[1] + timedelta(days=1)))
            rows = self._whole_events.find(paths, "event_id", set(record["events"]), days=days)
            told = [{name: row[name] for name in CONTRACT_EVENT} for row in rows]
            return sorted(told, key=_first_published)
        source = self._source("events", snapshot, event_years_of([record]))
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

    def _locate(self, snapshot: Snapshot, record_ids: Sequence[str]) -> list[HappeningPlace]:
        """Where happenings lie, by the digests of their ids; a digest that two ids share gives both places."""
        if not record_ids:
            return []
        digests = np.array([digest_of(record_id) for record_id in record_ids], np.uint64)
        return [
            HappeningPlace(ids.month, record_ids[number], f"{ids.month}-{day:02d}" if day else None)
            for ids in self._ids(snapshot)
            for number, day in ids.find(digests)
        ]

    def _ids(self, snapshot: Snapshot) -> Sequence[MonthIds]:
        """The ids of all happenings, month by month."""

        def load() -> Sequence[MonthIds]:
            return [self._ids_of(month, paths) for month, paths in self._partitions("records", snapshot).items()]

        return self._held.get(("all ids", snapshot.versions["records"]), load)

    def _ids_of(self, month: str, paths: tuple[str, ...]) -> MonthIds:
        """The ids of a month's happenings and those that they bore before, by their digests."""

        def load() -> MonthIds:
            query = f"""SELECT digest, day FROM (
                SELECT md5_number_lower(record_id) AS digest, coalesce(day(day), 0)::UTINYINT AS day
                    FROM {of_files(paths)}
                UNION ALL SELECT md5_number_lower(unnest(aliases)), coalesce(day(day), 0)::UTINYINT
                    FROM {of_files(paths)} WHERE len(aliases) > 0) ORDER BY digest"""
            with self._cursor() as cursor:
                table = cursor.sql(query).to_arrow_table()
            return MonthIds(month=month, digests=table["digest"].to_numpy(), days=table["day"].to_numpy())

        return self._held.get(("ids", paths), load)

    def _cards_of(self, snapshot: Snapshot, places: Sequence[HappeningPlace]) -> list[Row]:
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

    def _read_rows(self, snapshot: Snapshot, places: Sequence[HappeningPlace]) -> list[Row]:
        """Rows of the happenings at some places, in their order."""
        rows = {row["record_id"]: told_record(row) for row in self._rows_at(snapshot, places, "record_id")}
        return [rows[place.record_id] for place in places if place.record_id in rows]

    def _rows_at(self, snapshot: Snapshot, places: Sequence[HappeningPlace], column: str) -> list[Row]:
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
        years = event_years_of(rows)
        overlaid = self._overlaid_ids(snapshot)
        if any(one in overlaid for one in ids) or years is None or any(row["day"] is None for row in rows):
            at = on_days("events", [row["day"] for row in rows])
            query = f"""SELECT {", ".join(SHOWN_COLUMNS)}, day FROM {self._source("events", snapshot, years)}
                WHERE {at} AND event_id IN (SELECT unnest(?))"""
            return self._rows(query, [ids])
        days = {date.fromisoformat(row["day"]) for row in rows}
        return self._event_rows_held.find(self._paths_of("events", snapshot, years), "event_id", set(ids), days=days)


def told_record(row: Row) -> Row:
    """A stored happening as pages tell it, with its day as a text."""
    told = {column: row[column] for column in _RECORD_COLUMNS}
    return {**told, "day": row["day"].isoformat() if row["day"] else None}


def newest_row_first(row: Row) -> tuple[int, str]:
    return (-date.fromisoformat(row["day"]).toordinal() if row["day"] else 0, row["record_id"])


def _first_published(event: Row) -> tuple[bool, str, bool, str, str]:
    """First published first; what names no day or no publisher comes last."""
    published, publisher = event["published"], event["publisher"]
    return published is None, published or "", publisher is None, publisher or "", event["event_id"]
