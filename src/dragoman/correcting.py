"""Corrections on disk: where they are kept, which of them hold, and what they make of the events and happenings.

A composer below the store: it joins the tables and the rules of `corrections`. What coders read lies untouched in the
events table; the corrected events lie beside it and are made anew whenever a correction or a reading comes or goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from dragoman.columns import SPECS, stored_corrected, stored_event
from dragoman.corrections import (
    CorrectedEvent,
    Correction,
    correct_event,
    correct_happening,
    correct_reading,
    fields_of,
    ruling_on,
    rulings_of,
)
from dragoman.errors import QueryError
from dragoman.model import Event
from dragoman.records import Happening, cell_of, happening_day
from dragoman.rows import event_from_row, record_from_row
from dragoman.tables import Snapshot, Transaction
from dragoman.view import RecordView, Row

Keep = Callable[[Row], bool]
# What a correction has before anybody made it.
_BLANK: dict[str, Any] = {"correction_id": "", "verdict": "accept", "reason": "", "name": "", "made_at": ""}


class CorrectingView(RecordView):
    """A view that also works out what corrections change; what it finds is written by the store."""

    def _target_of(self, snapshot: Snapshot, target_id: str) -> Correction:
        """A blank correction of an event or a happening, with the fields and the place that it has now.

        Raises:
            QueryError: the record holds nothing under that id.
        """
        earlier = [one for one in self._all_corrections(snapshot) if one.target_id == target_id]
        found = self._event_target(snapshot, target_id) or self._record_target(snapshot, target_id)
        if found is None and earlier:  # what was rejected is found by its earlier correction
            found = earlier[0]
        if found is None:
            raise QueryError(
                f"no event or happening {target_id!r} in {self.place}: `dragoman events` and `records` list ids"
            )
        return found

    def _event_target(self, snapshot: Snapshot, event_id: str) -> Correction | None:
        query = f"SELECT * FROM {self._source('events', snapshot)} WHERE event_id = ?"
        for row in self._rows(query, [event_id]):
            event = event_from_row(row)
            anchor, article_id = event.evidence.anchor, event.evidence.article_id
            blank = Correction(**_BLANK, target="event", target_id=event_id, was=fields_of(event))
            return replace(blank, article_id=article_id, start=anchor.start, end=anchor.end)
        return None

    def _record_target(self, snapshot: Snapshot, record_id: str) -> Correction | None:
        query = f"""SELECT * FROM {self._source("records", snapshot)}
            WHERE record_id = ? OR list_contains(aliases, ?)"""
        for row in self._rows(query, [record_id, record_id]):
            record = record_from_row({**row, "links": []})
            return Correction(**_BLANK, target="record", target_id=record_id, was=fields_of(record), cell=row["cell"])
        return None

    def _corrected_articles(self, snapshot: Snapshot) -> list[str]:
        return sorted({one.article_id for one in self._all_corrections(snapshot) if one.article_id})

    # --- events ---

    def _replay(self, transaction: Transaction, article_ids: Collection[str]) -> set[str]:
        """Makes the corrected events of some articles anew; gives the cells that must be merged again."""
        snapshot = transaction.snapshot
        held = [one for one in self._standing(snapshot) if one.article_id in article_ids]
        query = f"""SELECT cell, event_id FROM {self._source("corrected", snapshot)}
            WHERE layer = 'event' AND article_id IN (SELECT unnest(?))"""
        gone = self._rows(query, [list(article_ids)])
        if not held and not gone:
            return set()
        fresh = self._corrected_rows(snapshot, held)
        ids = {row["event_id"] for row in (*gone, *fresh)}
        self._rewrite_corrected(
            transaction, lambda row: row["layer"] != "event" or row["article_id"] not in article_ids, fresh
        )
        return {row["cell"] for row in (*gone, *fresh)} | {row["cell"] for row in self._raw_events(snapshot, ids)}

    def _corrected_rows(self, snapshot: Snapshot, held: Sequence[Correction]) -> list[Row]:
        originals = {row["event_id"]: row for row in self._raw_events(snapshot, {one.target_id for one in held})}
        by_id = {event_id: event_from_row(row) for event_id, row in originals.items()}
        coders = self._newest_coders(snapshot, {one.article_id for one in held if one.article_id})
        rows = []
        for article_id, coder in sorted(coders.items()):
            reading = [event_from_row(row) for row in self._raw_reading(snapshot, article_id, coder)]
            about = [one for one in held if one.article_id == article_id]
            for corrected in correct_reading(reading, about, by_id, coder=coder):
                rows.append(_event_layer(corrected, added=snapshot.number))
        return rows

    def _raw_events(self, snapshot: Snapshot, event_ids: Iterable[str]) -> list[Row]:
        query = f"SELECT * FROM {self._as_stored('events', snapshot)} WHERE event_id IN (SELECT unnest(?))"
        return self._rows(query, [sorted(event_ids)])

    def _raw_reading(self, snapshot: Snapshot, article_id: str, coder: str) -> list[Row]:
        query = f"SELECT * FROM {self._as_stored('events', snapshot)} WHERE article_id = ? AND coder = ?"
        return self._rows(query, [article_id, coder])

    def _newest_coders(self, snapshot: Snapshot, article_ids: Collection[str]) -> dict[str, str]:
        query = f"""SELECT article_id, arg_max(coder, added) AS coder FROM {self._source("articles", snapshot)}
            WHERE article_id IN (SELECT unnest(?)) GROUP BY article_id"""
        return {row["article_id"]: row["coder"] for row in self._rows(query, [sorted(article_ids)])}

    # --- happenings ---

    def _rule_on(
        self,
        transaction: Transaction,
        happenings: Sequence[Happening],
        events: Mapping[str, Event],
        *,
        cells: Sequence[str],
    ) -> list[Happening]:
        """The happenings as people left them, without the rejected ones; their events are corrected with them."""
        by_id = rulings_of(self._standing(transaction.snapshot))
        kept, fresh = [], []
        for happening in happenings:
            ruling = ruling_on(happening.record, by_id)
            if ruling is None:
                kept.append(happening)
                continue
            if not ruling.is_rejected:
                kept.append(correct_happening(happening, ruling))
            for event_id in happening.record.event_ids:
                corrected = correct_event(events[event_id], ruling)
                fresh.append(_record_layer(corrected, happening.cell, confidence=events[event_id].confidence))
        self._put_record_layer(transaction, cells, fresh)
        return kept

    def _put_record_layer(self, transaction: Transaction, cells: Collection[str], fresh: list[Row]) -> None:
        query = (
            f"SELECT DISTINCT merged_in FROM {self._source('corrected', transaction.snapshot)} WHERE layer = 'record'"
        )
        stored = {row["merged_in"] for row in self._rows(query, [])}
        if fresh or stored & set(cells):
            self._rewrite_corrected(
                transaction, lambda row: row["layer"] != "record" or row["merged_in"] not in cells, fresh
            )

    def _rewrite_corrected(self, transaction: Transaction, keep: Keep, fresh: list[Row]) -> None:
        """Puts fresh rows beside those that are kept. The table is as small as the work of people."""
        rows = self._rows(f"SELECT * FROM {self._source('corrected', transaction.snapshot)}", [])
        kept = [row for row in rows if keep(row)]
        transaction.replace_all("corrected", pa.Table.from_pylist([*kept, *fresh], schema=SPECS["corrected"].schema))


def _event_layer(corrected: CorrectedEvent, *, added: int) -> Row:
    row = stored_event(
        corrected.event, cell=cell_of(corrected.event), day_value=happening_day(corrected.event), added=added
    )
    return stored_corrected(row, by=corrected.by, layer="event", is_rejected=corrected.is_rejected, merged_in=None)


def _record_layer(corrected: CorrectedEvent, cell: str, *, confidence: float) -> Row:
    """A row of an event whose happening was corrected: nobody has looked at this sentence, its confidence stays."""
    event = replace(corrected.event, confidence=confidence)
    row = stored_event(event, cell=cell, day_value=happening_day(event), added=0)
    return stored_corrected(row, by=corrected.by, layer="record", is_rejected=corrected.is_rejected, merged_in=cell)
