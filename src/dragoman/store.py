"""The record on disk: what `add` reports as stored is stored for good.

A composer, like the pipeline: it joins the tables, merging (`records`) and the questions of a view. An article is
stored with all its events, once for each coder version, whatever interrupts the next batch; records follow from the
events and are merged anew only where something was added.

It keeps the sentence that proves an event and the link, and an article's full text only if asked to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from dragoman.columns import (
    SPECS,
    happening_from_row,
    month_of,
    stored_article,
    stored_dyads,
    stored_event,
    stored_happening,
    stored_skip,
    stored_statement,
    year_of,
)
from dragoman.correcting import CorrectingView
from dragoman.corrections import Correction, read_changes, read_signature, undoings
from dragoman.editions import editions_of
from dragoman.editions import to_row as edition_row
from dragoman.errors import QueryError
from dragoman.marks import Mark, Piece, Underway
from dragoman.mirror import open_folder
from dragoman.model import Article, Event, Skip, Statement
from dragoman.objects import Place
from dragoman.records import (
    Happening,
    cell_of,
    cluster_events,
    find_links,
    find_topic,
    find_wire,
    happening_day,
    sketch_text,
)
from dragoman.rows import event_from_row
from dragoman.runs import FOLDER as RUNS
from dragoman.runs import forget_in_runs
from dragoman.tables import Snapshot, Transaction
from dragoman.view import Row

# Cells merged at once: bounds memory when much was added since the last merge.
CELLS_AT_ONCE = 2000
# More files than this in a table make a question slow; then they are joined (a file opens in about a millisecond).
FILES_BEFORE_COMPACTING = 100
# An index that the pages make of the words of sentences; made anew where it is missing.
WORDS_FILE = "words.sqlite3"
_APPENDED = ("articles", "editions", "topics", "events", "own_events", "statements", "skips", "coverage", "inputs")
# How the rows of a replaced partition lie, so that a question for one dyad or day reads few of them.
_ORDER = {"dyads": "low, high, day, record_id", "records": "day, record_id", "links": "holder, record_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An article and what a coder found in it. A reading is stored once for each article id and coder."""

    article: Article
    coder: str
    codebook: str
    events: tuple[Event, ...] = ()
    statements: tuple[Statement, ...] = ()
    own_events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An input that has been read to its end: where, a digest of its bytes and of its coder, and what came of it."""

    location: str
    digest: str
    articles: int = 0
    skips: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What one `add` stored, and how many readings were there already."""

    articles: int
    events: int
    already_stored: int


class RecordStore(CorrectingView):
    """A record that can be added to. Questions are those of a view and see each batch as soon as it is stored.

    Raises:
        StoreError: the folder is missing, damaged, of a newer format, or locked by another writer for too long.
    """

    @classmethod
    def open(cls, place: str | Place, *, create: bool = False) -> Self:
        """Opens the record in a folder or an object store; with `create`, makes one where there is none.

        An address is a text (`s3://bucket/record`), or an `Address` with options of the store.
        """
        return cls(open_folder(place, SPECS, create=create))

    # --- adding ---

    def add(
        self,
        readings: Iterable[Reading],
        *,
        skips: Iterable[Skip] = (),
        inputs: Iterable[Input] = (),
        pieces: Sequence[Piece] = (),
        keep_text: bool = False,
        merge: bool = True,
    ) -> Added:
        """Stores a batch, all of it or nothing, and merges it into the records.

        `pieces` are the parts of archives that the batch holds whole: they are marked in the same commit.

        A reading that is stored already (article id and coder) changes nothing. With `merge=False` the records are
        left as they are until `merge` is called: better while many batches follow each other.
        """
        offered = {(reading.article.id, reading.coder): reading for reading in readings}
        with self._folder.writing() as transaction:
            number = transaction.snapshot.number
            fresh = self._append_readings(transaction, offered, keep_text=keep_text)
            self._append_new(transaction, "skips", [stored_skip(skip, added=number) for skip in skips])
            whole = _note_pieces(transaction, pieces)
            self._append_new(transaction, "inputs", [_stored_input(one, added=number) for one in (*inputs, *whole)])
            transaction.note(coders=_with_coders(transaction.head.notes, fresh))
            self._replay_later(transaction, [reading.article.id for reading in fresh])
            if merge:
                self._merge_pending(transaction)
            if transaction.has_written or pieces:
                self._compact(transaction)
                transaction.commit()
        events = sum(len(reading.events) for reading in fresh)
        return Added(articles=len(fresh), events=events, already_stored=len(offered) - len(fresh))

    def is_marked(self) -> Callable[[Mark], bool]:
        """Tells of a mark whether its piece is in the record, as the record stands now."""
        underway = Underway(self.snapshot().notes.get("underway"))
        whole = {row["digest"] for row in self.inputs()}
        return lambda mark: mark.digest in whole or underway.holds(mark)

    def _replay_later(self, transaction: Transaction, article_ids: Sequence[str]) -> None:
        """Replays corrections on fresh readings, and remembers the cells that the next merge has to touch for it."""
        if transaction.head.notes.get("corrections"):
            touched = self._replay(transaction, article_ids)
            transaction.note(touched=sorted({*transaction.snapshot.notes.get("touched", []), *touched}))

    def merge(self) -> None:
        """Merges what was added with `merge=False` into the records."""
        with self._folder.writing() as transaction:
            self._merge_pending(transaction)
            if transaction.has_written:
                transaction.commit()

    # --- corrections by people ---

    def correct(
        self, target_id: str, verdict: str, *, reason: str, name: str, changes: Mapping[str, Any] | None = None
    ) -> Row:
        """Accepts, rejects or amends an event or a happening in somebody's name; gives the correction.

        `verdict` is accept, reject or amend; `changes` are the amended fields: type, mode, status, date (text), actors
        and recipients (lists of codes). It holds from now on in every question, is replayed when the same text is coded
        again, and can be undone (`undo_correction`). The last of several corrections of one target has the last word;
        that of a happening holds for all its events.

        Raises:
            QueryError: nothing bears that id, a reason or a name is missing, or a change is none that can be made.
        """
        if verdict == "undo":
            raise QueryError("name the correction to undo: `undo_correction`")
        signed = read_signature(name, reason)
        known, read = read_changes(verdict, changes or {})
        with self._folder.writing() as transaction:
            target = self._target_of(transaction.snapshot, target_id)
            correction = replace(target, verdict=known, changes=read, undoes=None)
            return self._put_correction(transaction, correction, signed)

    def undo_correction(self, correction_id: str, *, reason: str, name: str) -> Row:
        """Undoes a correction, as if it had never been made; undoing the undoing brings it back. Both rows stay.

        Raises:
            QueryError: there is no such correction, it is undone already, or a reason or a name is missing.
        """
        signed = read_signature(name, reason)
        with self._folder.writing() as transaction:
            made = {one.correction_id: one for one in self._all_corrections(transaction.snapshot)}
            if correction_id not in made:
                raise QueryError(f"no correction {correction_id!r} in {self.place}: `dragoman correct list` shows them")
            if by := undoings(made.values()).get(correction_id):
                raise QueryError(f"{correction_id} is undone already, by {by}: undo {by} to bring it back")
            undone = replace(made[correction_id], verdict="undo", changes={}, undoes=correction_id)
            return self._put_correction(transaction, undone, signed)

    def _put_correction(self, transaction: Transaction, correction: Correction, signed: tuple[str, str]) -> Row:
        """Stores a correction under the next number, and merges anew what it touches."""
        number = transaction.head.notes.get("corrections", 0) + 1
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        done = replace(correction, correction_id=f"c{number}", name=signed[0], reason=signed[1], made_at=made_at)
        transaction.append("corrections", _to_arrow("corrections", [done.to_row()]))
        transaction.note(corrections=number)
        touched = self._replay(transaction, [done.article_id]) if done.article_id else {str(done.cell)}
        self._merge_pending(transaction, also=touched)
        transaction.commit()
        return done.shown()

    def _compact(self, transaction: Transaction) -> None:
        """Joins the small files that many batches left, where they have become too many to open quickly."""
        for name in _APPENDED:
            if len(self._folder.files(name, transaction.snapshot)) > FILES_BEFORE_COMPACTING:
                transaction.compact(name)

    # --- taking down, checking, repairing ---

    def forget(
        self,
        *,
        reason: str,
        article_ids: Sequence[str] = (),
        urls: Sequence[str] = (),
        publisher: str | None = None,
    ) -> int:
        """Removes articles with all that was read in them from the record and from its history; gives their number.

        What stays is a row that says how many were removed, on which day and why. The record as it stood before can
        be asked no more, since it held what was to be removed.
        """
        with self._folder.writing() as transaction:
            articles = self._source("articles", transaction.snapshot)
            query = f"""SELECT DISTINCT article_id FROM {articles}
                WHERE article_id IN (SELECT unnest(?)) OR url IN (SELECT unnest(?)) OR publisher = ?"""
            doomed = self._rows(query, [list(article_ids), list(urls), publisher])
            if not doomed:
                return 0
            gone = [row["article_id"] for row in doomed]
            named = self._rows(
                f"SELECT DISTINCT publisher, url FROM {articles} WHERE article_id IN (SELECT unnest(?))", [gone]
            )
            self._forget_skips(transaction, gone)
            self._forget_rulings(transaction, gone)
            self._remove_articles(transaction, gone)
            self._forget_in_runs(transaction.snapshot, named)
            today = datetime.now(UTC).date()
            row = {"what": f"{len(doomed)} article(s)", "reason": reason, "forgotten_on": today}
            transaction.append("forgotten", _to_arrow("forgotten", [row]))
            taken = "something was taken down later"
            transaction.note(oldest_readable=transaction.snapshot.number, unreadable_because=taken)
            transaction.commit()
            self._folder.discard_history()
            discard_words(self._folder.path)
        return len(doomed)

    @property
    def after_forgetting(self) -> str | None:
        """What must be said to whoever takes something down: where it may still lie; None where it is gone."""
        return self._folder.after_deleting

    def _forget_skips(self, transaction: Transaction, article_ids: Sequence[str]) -> None:
        """Drops what was declined in the articles: it tells their address, and often words of theirs.

        A place that an article shares with one that stays (a feed) keeps its skips, unless they name the address.
        """
        articles = self._source("articles", transaction.snapshot)
        query = f"""WITH gone AS (SELECT * FROM {articles} WHERE article_id IN (SELECT unnest($gone))),
            kept AS (SELECT location FROM {articles} WHERE article_id NOT IN (SELECT unnest($gone)))
            SELECT url AS name FROM gone UNION SELECT doc FROM gone UNION SELECT article_id FROM gone
            UNION SELECT location FROM gone ANTI JOIN kept USING (location)"""
        names = [row["name"] for row in self._rows(query, {"gone": list(article_ids)}) if row["name"]]
        columns = ", ".join(f'"{column}"' for column in SPECS["skips"].schema.names)
        query = f"""SELECT {columns} FROM {self._source("skips", transaction.snapshot)}
            WHERE split_part(location, ' [', 1) NOT IN (SELECT unnest($names))
                AND NOT list_has_any(regexp_extract_all(detail, 'https?://[^\\s"''<>]+'), $names)"""
        with self._cursor() as cursor:
            kept = cursor.sql(query, params={"names": names}).to_arrow_table().cast(SPECS["skips"].schema)
        transaction.replace_all("skips", kept)

    def _forget_rulings(self, transaction: Transaction, article_ids: Sequence[str]) -> None:
        """Drops the corrections of happenings that only these articles tell of: they hold how each was coded."""
        names = ("corrections", "corrected", "events", "records")
        rulings, corrected, events, records = (self._source(name, transaction.snapshot) for name in names)
        query = f"""WITH ruled AS (SELECT correction_id, target_id FROM {rulings} WHERE article_id IS NULL),
            named AS (SELECT unnest(list_append(aliases, record_id)) AS target_id, events FROM {records}),
            held AS (SELECT target_id, unnest(events) AS event_id FROM named),
            telling AS (
                SELECT target_id, article_id FROM {corrected}
                    JOIN ruled ON list_contains(corrected.corrected_by, ruled.correction_id)
                UNION ALL SELECT target_id, article_id FROM held
                    JOIN {events} USING (event_id) WHERE target_id IN (SELECT target_id FROM ruled))
            SELECT target_id FROM telling GROUP BY target_id HAVING bool_and(article_id IN (SELECT unnest($gone)))"""
        moot = [row["target_id"] for row in self._rows(query, {"gone": list(article_ids)})]
        columns = ", ".join(f'"{column}"' for column in SPECS["corrections"].schema.names)
        query = f"""SELECT {columns} FROM {rulings}
            WHERE article_id IS NOT NULL OR target_id NOT IN (SELECT unnest($moot))"""
        with self._cursor() as cursor:
            kept = cursor.sql(query, params={"moot": moot}).to_arrow_table().cast(SPECS["corrections"].schema)
        transaction.replace_all("corrections", kept)

    def _forget_in_runs(self, snapshot: Snapshot, named: Sequence[Row]) -> None:
        """Names in the reports of runs no more the addresses that are gone, and the outlets that nothing is left of."""
        query = f"SELECT DISTINCT publisher FROM {self._source('coverage', snapshot)}"
        left = {row["publisher"] for row in self._rows(query, [])}
        publishers = {row["publisher"] for row in named if row["publisher"]} - left
        self.gather(RUNS)
        for path in forget_in_runs(self.path, publishers=publishers, urls={row["url"] for row in named if row["url"]}):
            self.keep(path)

    def not_stored(self, *, urls: Sequence[str] = (), publisher: str | None = None) -> list[str]:
        """Those of some addresses, and of an outlet, of which no article is stored, in their order."""
        query = f"""SELECT DISTINCT url, publisher FROM {self._source("articles", self.snapshot())}
            WHERE url IN (SELECT unnest(?)) OR publisher = ?"""
        stored = {name for row in self._rows(query, [list(urls), publisher]) for name in row.values()}
        return [name for name in (*urls, publisher) if name and name not in stored]

    def _remove_articles(self, transaction: Transaction, article_ids: Sequence[str]) -> None:
        """Rewrites every table without the articles. Not by a Delta delete: its log would name what was deleted."""
        siblings = [row["article_id"] for row in self._editions_beside(transaction.snapshot, article_ids)]
        cells = self._cells_of(transaction.snapshot, [*article_ids, *siblings])
        coverage = self._coverage_without(transaction.snapshot, article_ids)
        transaction.replace_all("coverage", _to_arrow("coverage", coverage))
        # Else they would seem to be read.
        transaction.replace_all("inputs", SPECS["inputs"].schema.empty_table())
        transaction.note(underway={})
        for name in (
            "events",
            "own_events",
            "statements",
            "articles",
            "editions",
            "topics",
            "corrections",
            "corrected",
        ):
            columns = ", ".join(f'"{column}"' for column in SPECS[name].schema.names)
            query = f"""SELECT {columns} FROM {self._as_stored(name, transaction.snapshot)}
                WHERE article_id IS NULL OR article_id NOT IN (SELECT unnest(?))"""
            with self._cursor() as cursor:
                kept = cursor.sql(query, params=[list(article_ids)]).to_arrow_table().cast(SPECS[name].schema)
            transaction.replace_all(name, kept)
        self._merge_pending(transaction, also=cells)

    def _coverage_without(self, snapshot: Snapshot, article_ids: Sequence[str]) -> list[Row]:
        query = f"""WITH gone AS (SELECT DISTINCT article_id, publisher, published AS day
                FROM {self._source("articles", snapshot)} WHERE article_id IN (SELECT unnest(?))),
            counted AS (SELECT publisher, day, articles FROM {self._source("coverage", snapshot)}
                UNION ALL SELECT publisher, day, -1 FROM gone)
            SELECT publisher, day, sum(articles)::BIGINT AS articles, {snapshot.number} AS added
            FROM counted GROUP BY publisher, day HAVING sum(articles) > 0"""
        return self._rows(query, [list(article_ids)])

    def _cells_of(self, snapshot: Snapshot, article_ids: Sequence[str]) -> list[str]:
        query = f"SELECT DISTINCT cell FROM {self._merging_source(snapshot)} WHERE article_id IN (SELECT unnest(?))"
        return [row["cell"] for row in self._rows(query, [list(article_ids)])]

    def check(self) -> list[str]:
        """What is wrong with the record, one sentence each; none if it is sound. Reads all of it, changes nothing."""
        findings = self._folder.find_damage()
        if findings:
            return findings
        snapshot = self.snapshot()
        events, records = self._source("events", snapshot), self._source("records", snapshot)
        articles, merged_through = self._source("articles", snapshot), int(snapshot.notes.get("merged_through", 0))
        faults = {
            "events have no article: read their inputs again": f"""{events}
                WHERE (article_id, coder) NOT IN (SELECT (article_id, coder) FROM {articles})""",
            "events are stored twice: `dragoman forget` their articles and add them again": f"""
                (SELECT event_id FROM {events} GROUP BY event_id, coder HAVING count(*) > 1)""",
            "events stand in no record: `dragoman check --repair` merges them anew": f"""{events}
                WHERE added <= {merged_through} AND {self.newest_coder(snapshot)}
                AND event_id NOT IN (SELECT unnest(events) FROM {records})""",
        }
        for fault, source in faults.items():
            if number := self._count(source):
                findings.append(f"{number} {fault}")
        return findings

    @classmethod
    def upgrade(cls, place: str | Place) -> dict[str, str]:
        """Brings a record of an earlier version to this one; gives, by table, in what it differed.

        All rows are kept; happenings, links and dyads are made anew from the events. Days before it can be asked no
        more, except by undoing it.

        Raises:
            StoreError: there is no record, it is of a newer version, or it cannot be written.
        """
        folder = open_folder(place, SPECS, any_version=True)
        found = folder.differences()
        if not found:
            return {}
        store = cls(folder)
        with folder.upgrading() as transaction:
            for name in found:
                transaction.fit(name)
            number = transaction.snapshot.number
            why = f"its tables were upgraded on {datetime.now(UTC).date()} (`dragoman upgrade --undo` leads back)"
            transaction.note(oldest_readable=number, unreadable_because=why)
            store._merge_anew(transaction)
            transaction.commit()
        return found

    @staticmethod
    def undo_upgrade(place: str | Place) -> None:
        """Makes a record what it was before `upgrade`.

        Raises:
            StoreError: it was not upgraded, or something was added since.
        """
        open_folder(place, SPECS, any_version=True).undo_upgrade()

    def repair(self) -> None:
        """Makes records, links and dyads anew from the events; what an interrupted writer left is rolled back.

        The manifest of inputs is emptied: adding them again then looks at every article, and stores what is missing.
        """
        with self._folder.writing() as transaction:
            self._merge_anew(transaction)
            transaction.replace_all("inputs", SPECS["inputs"].schema.empty_table())
            transaction.note(underway={})
            transaction.commit()

    def _merge_anew(self, transaction: Transaction) -> None:
        for name in ("records", "links", "dyads", "corrected"):
            transaction.replace_all(name, SPECS[name].schema.empty_table())
        transaction.note(merged_through=0)
        self._replay(transaction, self._corrected_articles(transaction.snapshot))
        self._merge_pending(transaction)

    def _append_readings(
        self, transaction: Transaction, offered: Mapping[tuple[str, str], Reading], *, keep_text: bool
    ) -> list[Reading]:
        """Appends the readings that are not stored yet and gives them."""
        stored = self._stored_readings(transaction.snapshot, [article_id for article_id, _ in offered])
        fresh = [reading for key, reading in offered.items() if key not in stored]
        known = {article_id for article_id, _ in stored}
        added = transaction.snapshot.number
        events = _stored_events((event for reading in fresh for event in reading.events), added=added)
        own_events = _stored_events((event for reading in fresh for event in reading.own_events), added=added)
        statements = [stored_statement(one, added=added) for reading in fresh for one in reading.statements]
        articles = [_stored_reading(reading, keep_text=keep_text, added=added) for reading in fresh]
        transaction.append("events", _to_arrow("events", events))
        transaction.append("own_events", _to_arrow("own_events", own_events))
        transaction.append("statements", _to_arrow("statements", statements))
        transaction.append("coverage", _to_arrow("coverage", _coverage_rows(fresh, known, added)))
        transaction.append("articles", _to_arrow("articles", articles))
        unseen = [reading.article for reading in fresh if reading.article.id not in known]
        editions = [edition_row(edition, added=added) for article in unseen for edition in editions_of(article)]
        transaction.append("editions", _to_arrow("editions", editions))
        topics = ((article.id, list(find_topic(article.body))) for article in unseen)
        rows = [{"article_id": article_id, "stems": stems, "added": added} for article_id, stems in topics if stems]
        transaction.append("topics", _to_arrow("topics", rows))
        self._touch_siblings(transaction, [article.id for article in unseen])
        return fresh

    def _touch_siblings(self, transaction: Transaction, article_ids: Sequence[str]) -> None:
        """Remembers for the next merge the cells of other editions of some articles: they may be superseded now."""
        siblings = {row["article_id"] for row in self._editions_beside(transaction.snapshot, article_ids)}
        others = sorted(siblings - set(article_ids))
        if others:
            touched = {*transaction.snapshot.notes.get("touched", []), *self._cells_of(transaction.snapshot, others)}
            transaction.note(touched=sorted(touched))

    def _append_new(self, transaction: Transaction, name: str, rows: list[Row]) -> None:
        """Appends the rows that are not there already, whatever batch added them."""
        if not rows:
            return
        columns = [column for column in SPECS[name].schema.names if column != "added"]
        fresh = _to_arrow(name, list({tuple(row[column] for column in columns): row for row in rows}.values()))
        same = " AND ".join(f"{name}.{column} IS NOT DISTINCT FROM fresh.{column}" for column in columns)
        query = f"""SELECT * FROM fresh
            WHERE NOT EXISTS (SELECT 1 FROM {self._source(name, transaction.snapshot)} WHERE {same})"""
        with self._cursor() as cursor:
            cursor.register("fresh", fresh)
            unseen = cursor.sql(query).to_arrow_table().cast(SPECS[name].schema)
        transaction.append(name, unseen)

    # --- merging ---

    def _merge_pending(self, transaction: Transaction, *, also: Iterable[str] = ()) -> None:
        """Merges every cell that got an event, or lost one to a newer coder, since the last merge."""
        merged_through = transaction.snapshot.notes.get("merged_through", 0)
        touched = transaction.snapshot.notes.get("touched", [])
        cells = sorted({*self._pending_cells(transaction.snapshot, merged_through), *also, *touched})
        for at in range(0, len(cells), CELLS_AT_ONCE):
            self._merge_cells(transaction, cells[at : at + CELLS_AT_ONCE])
        if transaction.has_written:
            transaction.note(merged_through=transaction.snapshot.number, touched=[])

    def _pending_cells(self, snapshot: Snapshot, merged_through: int) -> list[str]:
        events, articles = self._merging_source(snapshot), self._source("articles", snapshot)
        query = f"""SELECT DISTINCT cell FROM {events} WHERE added > ? OR article_id IN (
            SELECT article_id FROM {articles} GROUP BY article_id HAVING count(*) > 1 AND max(added) > ?)
            ORDER BY cell"""
        return [row["cell"] for row in self._rows(query, [merged_through, merged_through])]

    def _merge_cells(self, transaction: Transaction, cells: Sequence[str]) -> None:
        happenings = self._cluster_cells(transaction, cells)
        days = {cell.split("|")[0] for cell in cells} | {happening.record.date for happening in happenings}
        days |= self._recorded_days(transaction, cells)
        months, years = sorted({month_of(day) for day in days}), sorted({year_of(day) for day in days})
        records = [stored_happening(happening) for happening in happenings]
        dyads = [row for happening in happenings for row in stored_dyads(happening)]
        gone = "cell NOT IN (SELECT unnest($cells))"
        self._replace(transaction, "records", months, kept=(gone, cells), fresh=records)
        self._replace(transaction, "dyads", years, kept=(gone, cells), fresh=dyads)
        self._link_cells(transaction, cells)

    def _recorded_days(self, transaction: Transaction, cells: Sequence[str]) -> set[str | None]:
        """Dates of the records of some cells so far: a person may have moved one out of its cell's month."""
        if not transaction.snapshot.notes.get("corrections"):
            return set()
        query = f"""SELECT DISTINCT date FROM {self._source("records", transaction.snapshot)}
            WHERE cell IN (SELECT unnest(?))"""
        return {row["date"] for row in self._rows(query, [list(cells)])}

    def _link_cells(self, transaction: Transaction, cells: Sequence[str]) -> None:
        """Judges anew every pair of records of which one lies in the given cells."""
        nearby = self._happenings_around(transaction.snapshot, cells)
        cell_of_record = {happening.record.record_id: happening.cell for happening in nearby}
        rows = [
            {
                "holder": holder,
                "kind": link.kind,
                "record_id": link.record_id,
                "reason": link.reason,
                "cell": cell_of_record[holder],
                "other_cell": cell_of_record[link.record_id],
                "month": _month_of_cell(cell_of_record[holder]),
            }
            for holder, link in find_links(nearby, touching=frozenset(cells))
        ]
        months = sorted(
            {_month_of_cell(cell) for cell in (*cell_of_record.values(), *cells)}
            | self._linked_months(transaction.snapshot, cells)
        )
        kept = "cell NOT IN (SELECT unnest($cells)) AND other_cell NOT IN (SELECT unnest($cells))"
        self._replace(transaction, "links", months, kept=(kept, cells), fresh=rows)

    def _linked_months(self, snapshot: Snapshot, cells: Sequence[str]) -> set[str]:
        """Months that hold links with the cells so far: what was linked may be there no more."""
        query = f"""SELECT DISTINCT month FROM {self._source("links", snapshot)}
            WHERE cell IN (SELECT unnest($cells)) OR other_cell IN (SELECT unnest($cells))"""
        return {row["month"] for row in self._rows(query, {"cells": list(cells)})}

    def _replace(
        self,
        transaction: Transaction,
        name: str,
        partitions: Sequence[str],
        *,
        kept: tuple[str, Sequence[str]],
        fresh: list[Row],
    ) -> None:
        """Puts `fresh` beside what is kept (a condition on cells) in the given partitions."""
        condition, cells = kept
        arrived = _to_arrow(name, fresh)
        source = self._source(name, transaction.snapshot, partitions)
        columns = ", ".join(SPECS[name].schema.names)
        query = f"""SELECT * FROM (SELECT {columns} FROM {source} WHERE {condition}
            UNION ALL SELECT {columns} FROM arrived) ORDER BY {_ORDER[name]}"""
        with self._cursor() as cursor:
            cursor.register("arrived", arrived)
            rows = cursor.sql(query, params={"cells": list(cells)}).to_arrow_table().cast(SPECS[name].schema)
        if rows.num_rows or not source.startswith("empty_"):
            transaction.replace_partitions(name, partitions, rows)

    def _cluster_cells(self, transaction: Transaction, cells: Sequence[str]) -> list[Happening]:
        snapshot = transaction.snapshot
        years = sorted({year_of(cell.split("|")[0]) for cell in cells})
        query = f"""SELECT * FROM {self._merging_source(snapshot, years)}
            WHERE cell IN (SELECT unnest(?)) AND {self.newest_coder(snapshot)}"""
        events = {row["event_id"]: event_from_row(row) for row in self._each_row(query, [list(cells)])}
        happenings = cluster_events(events.values(), self._sources_of(snapshot, events.values()))
        if not snapshot.notes.get("corrections"):
            return happenings
        return self._rule_on(transaction, happenings, events, cells=cells)

    def _happenings_around(self, snapshot: Snapshot, cells: Sequence[str]) -> list[Happening]:
        """Merged happenings that may stand in a link with one of the cells: same family, days overlap or adjoin."""
        records = self._source("records", snapshot)
        query = f"""WITH around AS (SELECT DISTINCT split_part(cell, '|', 2) AS family, day, last_day
                FROM {records} WHERE cell IN (SELECT unnest(?)))
            SELECT * FROM {records} SEMI JOIN around ON split_part(records.cell, '|', 2) = around.family
                AND records.day <= around.last_day + 1 AND records.last_day >= around.day - 1"""
        return [happening_from_row(row) for row in self._rows(query, [list(cells)])]


def discard_words(folder: Path) -> None:
    """Deletes the index of words: it is made anew from the events by whoever needs it."""
    for ending in ("", "-wal", "-shm"):
        (folder / f"{WORDS_FILE}{ending}").unlink(missing_ok=True)


def _to_arrow(name: str, rows: list[Row]) -> pa.Table:
    schema = SPECS[name].schema
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except UnicodeEncodeError:
        return pa.Table.from_pylist([_without_surrogates(row) for row in rows], schema=schema)


def _without_surrogates(value: Any) -> Any:
    """Half a character, as broken input has it, cannot be stored: one replacement character keeps the offsets right."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {name: _without_surrogates(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(part) for part in value]
    return value


def _stored_events(events: Iterable[Event], *, added: int) -> list[Row]:
    """Rows of the events table in the order of their days."""
    rows = [stored_event(event, cell=cell_of(event), day_value=happening_day(event), added=added) for event in events]
    return sorted(rows, key=lambda row: (row["day"] or date.min, row["event_id"]))


def _stored_reading(reading: Reading, *, keep_text: bool, added: int) -> Row:
    article = reading.article
    return stored_article(
        article,
        sketch=sketch_text(article.body),
        wire=find_wire(article.text),
        text=article.body if keep_text else None,
        events=len(reading.events),
        coder=reading.coder,
        codebook=reading.codebook,
        added=added,
    )


def _stored_input(one: Input, *, added: int) -> Row:
    return {
        "location": one.location,
        "digest": one.digest,
        "articles": one.articles,
        "skips": one.skips,
        "added": added,
    }


def _note_pieces(transaction: Transaction, pieces: Iterable[Piece]) -> list[Input]:
    """Notes the pieces of archives, and gives the archives that are whole with them."""
    underway = Underway(transaction.head.notes.get("underway"))
    for piece in pieces:
        underway.take(piece)
    whole = underway.pop_whole()
    if underway.to_note() or transaction.head.notes.get("underway"):
        transaction.note(underway=underway.to_note())
    return [
        Input(location=entry["location"], digest=digest, articles=entry["articles"], skips=entry["skips"])
        for digest, entry in whole.items()
    ]


def _coverage_rows(fresh: Iterable[Reading], known: set[str], added: int) -> list[Row]:
    """Articles by publisher and day, of those that no coder had read before."""
    articles = {reading.article.id: reading.article for reading in fresh if reading.article.id not in known}
    counts = Counter((article.publisher, article.published) for article in articles.values())
    return [
        {"publisher": publisher, "day": day, "articles": count, "added": added}
        for (publisher, day), count in sorted(counts.items(), key=str)
    ]


def _with_coders(notes: Mapping[str, Any], fresh: Iterable[Reading]) -> list[str]:
    """The coders of the head and those that the new readings bring."""
    return list(dict.fromkeys([*notes.get("coders", []), *(reading.coder for reading in fresh)]))


def _month_of_cell(cell: str) -> str:
    return month_of(cell.split("|")[0])
