"""Questions to the record: events, records, ties, coverage, statements, in one state of it.

A view reads a snapshot of the tables through DuckDB and gives plain rows in the contract's shapes. It writes nothing,
takes no lock, and sees whole batches only: any number of views can read while a writer works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, get_args

import duckdb
import pyarrow as pa

from dragoman.codebook import load_codebook
from dragoman.columns import SPECS
from dragoman.corrections import Correction, standing
from dragoman.dyads import DyadTies, read_days
from dragoman.editions import find_versions
from dragoman.editions import from_row as edition_from_row
from dragoman.errors import QueryError, StoreError
from dragoman.groups import Members, Side, Spell, member_condition, name_of_side, read_side, refuse_members
from dragoman.kinds import types_of
from dragoman.model import Event, Statement, Tie
from dragoman.objects import Place
from dragoman.records import Sources, cluster_events
from dragoman.rows import event_from_row, record_row, statement_from_row, tie_row
from dragoman.tables import Snapshot, TableFolder, open_database
from dragoman.ties import HALF_LIFE, DyadCount, Period, Scale, Window, build_series, find_turns

Row = dict[str, Any]
# Rows of the store that are Python's objects at once, where each is turned into something smaller.
ROWS_AT_ONCE = 256

# Which rows of the corrected events stand in place of what was read.
SHOWN_CORRECTED = """NOT is_rejected AND (layer = 'record'
    OR event_id NOT IN (SELECT event_id FROM corrected WHERE layer = 'record'))"""
_BESIDE_EVENT = frozenset({"day", "last_day", "actor_keys", "recipient_keys", "cell", "year", "added"})
CONTRACT_EVENT = tuple(name for name in SPECS["events"].schema.names if name not in _BESIDE_EVENT)
_BESIDE_RECORD = frozenset({"day", "last_day", "words", "harm", "cell", "month"})
_CONTRACT_RECORD = tuple(name for name in SPECS["records"].schema.names if name not in _BESIDE_RECORD)


class RecordView:
    """A record to ask. `since` is inside a window, `until` is not; both are days or texts in ISO form.

    Raises:
        StoreError: the record cannot be read.
        QueryError: a question cannot be answered as it was asked.
    """

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        self._folder = folder
        self._pinned = snapshot
        self._connection = open_database()
        self._connection.execute("SET parquet_metadata_cache = true")
        for name, spec in SPECS.items():
            # Not `schema.empty_table()`: that loads pandas where it is installed, which takes longer than the answer.
            self._connection.register("nothing", pa.Table.from_batches([], schema=spec.schema))
            self._connection.execute(f"CREATE TABLE empty_{name} AS SELECT * FROM nothing")
        self._connection.unregister("nothing")

    @property
    def path(self) -> Path:
        """The folder of the record; of one in an object store, its mirror on this machine."""
        return self._folder.path

    @property
    def place(self) -> Place:
        """Where the record lies, as it is named to open it again: a folder, or an address in an object store."""
        return self._folder.place

    def gather(self, name: str) -> None:
        """Sees to it that the small files in a folder beside the tables are in `path`."""
        self._folder.gather(name)

    def keep(self, path: Path) -> None:
        """Takes notice of a small file that was written beside the tables."""
        self._folder.keep(path)

    def files(self, table: str, snapshot: Snapshot) -> list[str]:
        """The parquet files that hold a table in a state of the record, for whoever reads them in bulk."""
        return self._folder.files(table, snapshot)

    def snapshot(self) -> Snapshot:
        """The state that questions see: the newest at each question, or the one that the view was made for."""
        return self._pinned or self._folder.head()

    def as_of(self, day: date) -> RecordView:
        """The record as it stood at the end of a day (UTC)."""
        moment = datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)
        return RecordView(self._folder, self._folder.snapshot_at(moment))

    def close(self) -> None:
        """Lets go of memory; the record itself needs no closing."""
        self._connection.close()

    # --- events and records ---

    def own_types(self) -> list[Row]:
        """The own types of which events are stored: rows of event_type, codebook and the number of events."""
        snapshot = self.snapshot()
        query = f"""SELECT event_type, codebook, count(*) AS events FROM {self._source("own_events", snapshot)}
            WHERE {self.newest_coder(snapshot)} GROUP BY ALL ORDER BY ALL"""
        return self._rows(query, [])

    def own_records(  # noqa: PLR0913 - a question, each part by name
        self,
        event_type: str,
        *,
        actor: str | None = None,
        recipient: str | None = None,
        status: str | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        min_belief: float | None = None,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[Row]:
        """Record rows of a user's own type, merged at the question as others are when they are added.

        They merge with their own kind alone, stand in no tie, and have no links and no corrections. A window is asked
        by the days of the events.
        """
        since, until = read_days(since, until)
        wanted = _Conditions()
        wanted.add_kind(event_type, status, (since, until))
        snapshot = self.snapshot()
        wanted.add(self.newest_coder(snapshot))
        query = f"SELECT * FROM {self._source('own_events', snapshot)} WHERE {wanted.sql}"
        events = [event_from_row(row) for row in self._rows(query, wanted.values)]
        rows = [record_row(one.record) for one in cluster_events(events, self._sources_of(snapshot, events))]
        sides = (("actors", actor), ("recipients", recipient))
        believed = [row for row in rows if row["belief"] >= (min_belief or 0)]
        kept = [row for row in believed if all(key is None or key in row[side] for side, key in sides)]
        kept.sort(key=lambda row: row["record_id"])
        dateless = "" if newest else "9999"
        return sorted(kept, key=lambda row: row["date"] or dateless, reverse=newest)[:limit]

    def _sources_of(self, snapshot: Snapshot, events: Iterable[Event]) -> Sources:
        """Sketches of the articles behind some events, and the agencies that they credit."""
        article_ids = sorted({event.evidence.article_id for event in events})
        query = f"""SELECT article_id, any_value(sketch) AS sketch, any_value(wire) AS wire
            FROM {self._source("articles", snapshot)} WHERE article_id IN (SELECT unnest(?)) GROUP BY article_id"""
        rows = self._rows(query, [article_ids])
        query = f"""SELECT article_id, any_value(stems) AS stems FROM {self._source("topics", snapshot)}
            WHERE article_id IN (SELECT unnest(?)) GROUP BY article_id"""
        topics = {row["article_id"]: tuple(row["stems"]) for row in self._rows(query, [article_ids])}
        copies, superseded = find_versions(map(edition_from_row, self._editions_beside(snapshot, article_ids)))
        return Sources(
            copies=copies,
            superseded=superseded,
            topics=topics,
            sketches={row["article_id"]: row["sketch"] for row in rows},
            wires={row["article_id"]: row["wire"] for row in rows if row["wire"]},
        )

    def _editions_beside(self, snapshot: Snapshot, article_ids: Sequence[str]) -> list[Row]:
        """All editions of the stories of some articles, theirs too, where a story has more than one."""
        editions = self._source("editions", snapshot)
        query = f"""WITH asked AS (SELECT DISTINCT story FROM {editions} WHERE article_id IN (SELECT unnest(?)))
            SELECT * FROM {editions} SEMI JOIN asked ON editions.story = asked.story
            QUALIFY count(*) OVER (PARTITION BY editions.story) > 1"""
        return self._rows(query, [list(article_ids)])

    def events(  # noqa: PLR0913 - a question, each part by name
        self,
        *,
        actor: str | None = None,
        recipient: str | None = None,
        event_type: str | None = None,
        status: str | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        text: str | None = None,
        min_confidence: float | None = None,
        limit: int | None = None,
        members: Members | None = None,
        newest: bool = False,
    ) -> list[Row]:
        """Event rows in the order of their days; of an article read by several coders, what the last one read.

        With `newest`, the latest day comes first; what has no day comes last either way.

        Events of users' own types come only where `event_type` names one.

        What people rejected is left out; `corrections` says what was and is where they amended or accepted.
        `actor` and `recipient` are a code (`ISR`), a code with sectors (`ISRGOV`), an identifier or a name; `text` is
        looked for in the sentence, whatever its case. A side in `members` also means its members on the event's day.
        """
        since, until = read_days(since, until)
        wanted = _Conditions()
        wanted.add_party("actors", actor, (members or {}).get(actor or "", ()))
        wanted.add_party("recipients", recipient, (members or {}).get(recipient or "", ()))
        wanted.add_kind(event_type, status, (since, until))
        if text:
            wanted.add("contains(lower(sentence.text), lower(?))", text)
        if min_confidence:
            wanted.add("confidence >= ?", min_confidence)
        snapshot = self.snapshot()
        wanted.add(self.newest_coder(snapshot))
        if event_type in {None, *load_codebook().types}:
            source = self._source("events", snapshot, _years_of(since, until))
        else:
            source = self._source("own_events", snapshot)
        query = f"""SELECT {", ".join(CONTRACT_EVENT)} FROM {source} WHERE {wanted.sql}
            ORDER BY {_day_order(newest=newest)}, event_id {_limit(limit)}"""
        return self._with_corrections(snapshot, self._rows(query, wanted.values))

    def events_by_id(self, event_ids: Sequence[str]) -> list[Row]:
        """Event rows with the given ids, as a record lists them."""
        snapshot = self.snapshot()
        query = f"""SELECT {", ".join(CONTRACT_EVENT)} FROM {self._source("events", snapshot)}
            WHERE event_id IN (SELECT unnest(?)) AND {self.newest_coder(snapshot)} ORDER BY day, event_id"""
        return self._with_corrections(snapshot, self._rows(query, [list(event_ids)]))

    def records(  # noqa: PLR0913 - a question, each part by name
        self,
        *,
        actor: str | None = None,
        recipient: str | None = None,
        event_type: str | None = None,
        status: str | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        min_belief: float | None = None,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[Row]:
        """Record rows with their links, in the order of their days; with `newest`, the latest day first."""
        since, until = read_days(since, until)
        wanted = _Conditions()
        wanted.add_key("actors", actor)
        wanted.add_key("recipients", recipient)
        wanted.add_kind(event_type, status, (since, until))
        if min_belief:
            wanted.add("belief >= ?", min_belief)
        return self._record_rows(wanted, limit, newest=newest)

    def record(self, record_id: str) -> Row | None:
        """The record with an id, be it one that it bore before it was joined with another; None where there is none."""
        wanted = _Conditions()
        wanted.add("(record_id = ? OR list_contains(aliases, ?))", record_id, record_id)
        return next(iter(self._record_rows(wanted, 1)), None)

    def records_by_id(self, record_ids: Sequence[str]) -> list[Row]:
        """Record rows with the given ids, as a tie lists them."""
        wanted = _Conditions()
        wanted.add("record_id IN (SELECT unnest(?))", list(record_ids))
        return self._record_rows(wanted, None)

    def _record_rows(self, wanted: _Conditions, limit: int | None, *, newest: bool = False) -> list[Row]:
        snapshot = self.snapshot()
        query = f"""SELECT {", ".join(_CONTRACT_RECORD)} FROM {self._source("records", snapshot)} WHERE {wanted.sql}
            ORDER BY {_day_order(newest=newest)}, record_id {_limit(limit)}"""
        rows = self._rows(query, wanted.values)
        links = self._links_of(snapshot, [row["record_id"] for row in rows])
        return self._with_corrections(snapshot, [with_links(row, links.get(row["record_id"], [])) for row in rows])

    def _links_of(
        self, snapshot: Snapshot, record_ids: Sequence[str], months: Sequence[str] | None = None
    ) -> dict[str, list[Row]]:
        """Links by the record that holds them; `months` are the partitions of these records where they are known."""
        query = f"""SELECT holder, kind, record_id, reason FROM {self._source("links", snapshot, months)}
            WHERE holder IN (SELECT unnest(?)) ORDER BY holder, kind, record_id, reason"""
        links: dict[str, list[Row]] = {}
        for row in self._rows(query, [list(record_ids)]):
            links.setdefault(row.pop("holder"), []).append(row)
        return links

    # --- corrections by people ---

    def corrections(self, *, target_id: str | None = None) -> list[Row]:
        """All corrections as they were made, undone ones too: rows of what was and is, reason, name, `stands`.

        With `target_id`, only those of one event or happening.
        """
        snapshot = self.snapshot()
        held = {one.correction_id for one in self._standing(snapshot)}
        return [
            {**one.shown(), "undoes": one.undoes, "stands": one.correction_id in held}
            for one in self._all_corrections(snapshot)
            if target_id in {None, one.target_id}
        ]

    def _standing(self, snapshot: Snapshot) -> list[Correction]:
        return standing(self._all_corrections(snapshot))

    def _all_corrections(self, snapshot: Snapshot) -> list[Correction]:
        if not self._folder.files("corrections", snapshot):
            return []
        rows = self._rows(f"SELECT * FROM {self._source('corrections', snapshot)}", [])
        return sorted(map(Correction.from_row, rows), key=lambda one: int(one.correction_id[1:]))

    def _with_corrections(self, snapshot: Snapshot, rows: list[Row]) -> list[Row]:
        """Rows of events or records with the standing corrections of each, and of a record's events."""
        held = {one.correction_id: one for one in self._standing(snapshot)}
        if not held:
            return [{**row, "corrections": []} for row in rows]
        query = f"SELECT event_id, unnest(corrected_by) AS correction_id FROM {self._source('corrected', snapshot)}"
        by_id: dict[str, set[str]] = {}
        for row in self._rows(query, []):
            by_id.setdefault(row["event_id"], set()).add(row["correction_id"])
        for one in held.values():
            by_id.setdefault(one.target_id, set()).add(one.correction_id)
        return [{**row, "corrections": _corrections_of(row, by_id, held)} for row in rows]

    # --- ties and coverage ---

    def ties(  # noqa: PLR0913 - a question, each part by name
        self,
        a: Side,
        b: Side,
        *,
        turns: bool = False,
        **asked: Any,
    ) -> DyadTies:
        """Tie rows of two sides, period by period: first what `a` did to `b`, then the reverse; or both pooled.

        `asked` is what `tie_series` takes: since, until, by, directed, half_life, scale. A side is a code (`RUS`),
        a group (`FRA+DEU`, or a Group), or `rest`: whoever is not on the other side. Without a window: from the first
        to the last day on which the sides have a happening or an article was read. With `turns`, each row lists the
        turn that begins in its period, if there is one.
        """
        series = self.tie_series(a, b, **asked)
        rows = [row for ties in series for row in _tie_rows(ties, turns=turns)]
        return DyadTies(series, rows, ask_records=self.records_by_id, ask_events=self.events_by_id)

    def tie_series(
        self,
        a: Side,
        b: Side,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        by: Period = "month",
        directed: bool = True,
        half_life: float = HALF_LIFE,
        scale: Scale = "plover",
    ) -> list[list[Tie]]:
        """The same as lists of Ties, one for each direction: what `plot_tie` and `find_turns` take.

        `scale` says whose scores: PLOVER's, which a record holds, or Goldstein's, those of the nearest CAMEO code.
        """
        snapshot = self.snapshot()
        since, until = read_days(since, until)
        sides = (read_side(a), read_side(b))
        read = self._articles_by_day(snapshot)
        window = self._window(snapshot, sides, read, asked=(since, until, by))
        if window is None:
            return []
        counts = self._side_counts(snapshot, sides, window, scale=scale)
        names = (name_of_side(sides[0]), name_of_side(sides[1]))
        ways = [names] if names[0] == names[1] or not directed else [names, (names[1], names[0])]
        return [
            build_series(
                way,
                [count for count in counts if _counts_for(count, way[0], directed=directed)],
                read,
                window,
                half_life=half_life,
            )
            for way in ways
        ]

    def _side_counts(
        self, snapshot: Snapshot, sides: tuple[Side, Side], window: Window, *, scale: Scale = "plover"
    ) -> list[DyadCount]:
        """What passed between two sides: a plain pair is read by its key, a group by its members, record by record."""
        if scale not in get_args(Scale):
            raise QueryError(f"no scale {scale!r}: say {' or '.join(get_args(Scale))}")
        source = self._source("dyads", snapshot, _years_of(window.since, window.until))
        if scale == "goldstein":
            months = _months_of(window.since, window.until)
            source = _goldstein_source(source, self._source("records", snapshot, months))
        if isinstance(sides[0], str) and isinstance(sides[1], str):
            low, high = sorted((sides[0], sides[1]))
            chosen, values = f"(SELECT * FROM {source} WHERE low = ? AND high = ?)", list[object]([low, high])
        else:
            chosen, values = _group_source(source, sides)
            low, high = (name_of_side(side) for side in sides)
        rows = self._rows(_count_query(chosen, window), [window.since, *values, window.since, window.until])
        ways = {True: (low, high), False: (high, low)}
        return [_dyad_count(row, ways[row["is_forward"]]) for row in rows]

    def _window(
        self,
        snapshot: Snapshot,
        sides: tuple[Side, Side],
        read: Mapping[date, int],
        *,
        asked: tuple[date | None, date | None, Period],
    ) -> Window | None:
        since, until, by = asked
        if since is not None and until is not None:
            return Window(since=since, until=until, by=by)
        source = self._source("dyads", snapshot)
        if isinstance(sides[0], str) and isinstance(sides[1], str):
            low, high = sorted((sides[0], sides[1]))
            chosen, values = f"(SELECT * FROM {source} WHERE low = ? AND high = ?)", list[object]([low, high])
        else:
            chosen, values = _group_source(source, sides)
        span = self._rows(f"SELECT min(day) AS first, max(last_day) AS last FROM {chosen}", values)[0]
        days = [day for day in (span["first"], span["last"], *read) if day]
        if not days:
            return None
        if since is None and until is not None and until < min(days):
            return None  # nothing was read before that day, and nothing has to be swapped
        first, last = since or min(days), until or max(days) + timedelta(days=1)
        return Window(since=first, until=last if until or since is None else max(first, last), by=by)

    def coverage(
        self, *, since: date | None = None, until: date | None = None, publisher: str | None = None
    ) -> list[Row]:
        """Articles read for each publisher and day: rows of publisher, day, articles."""
        wanted = _Conditions()
        wanted.add_equal("publisher", publisher)
        wanted.add_window(since, until, last="day")
        query = f"""SELECT publisher, strftime(day, '%Y-%m-%d') AS day, sum(articles)::BIGINT AS articles
            FROM {self._source("coverage", self.snapshot())} WHERE {wanted.sql} GROUP BY publisher, coverage.day
            HAVING sum(articles) > 0 ORDER BY coverage.day, publisher"""
        return self._rows(query, wanted.values)

    def _articles_by_day(self, snapshot: Snapshot) -> dict[date, int]:
        query = f"""SELECT day, sum(articles)::BIGINT AS articles FROM {self._source("coverage", snapshot)}
            WHERE day IS NOT NULL GROUP BY day HAVING sum(articles) > 0"""
        return {row["day"]: row["articles"] for row in self._rows(query, [])}

    # --- any other question ---

    def ask(
        self, query: str, values: Sequence[object] | Mapping[str, object] = (), *, window: Window | None = None
    ) -> pa.Table:
        """What a query gives as an Arrow table; `{dyads}` and the like stand for tables of one state of the record.

        `{dyads:goldstein}` has Goldstein's values in place of PLOVER's scores, `{newest}` is the condition on events
        that keeps, of an article read by several coders, the newest reading.

        For modules that stand on the view. With a window, dyads and events are read for its years alone (with the
        year before, where a range may have begun), records for its months.
        """
        snapshot = self.snapshot()
        years = _years_of(window.since, window.until) if window else None
        parts = {"dyads": years, "events": years}
        parts["records"] = parts["links"] = _months_of(window.since, window.until) if window else None
        sources = {f"{{{name}}}": self._source(name, snapshot, parts.get(name)) for name in SPECS}
        sources["{dyads:plover}"] = sources["{dyads}"]
        sources["{dyads:goldstein}"] = _goldstein_source(sources["{dyads}"], sources["{records}"])
        sources["{newest}"] = self.newest_coder(snapshot)
        for name, source in sources.items():
            query = query.replace(name, source)
        with self._cursor() as cursor:
            return cursor.sql(query, params=values).to_arrow_table()

    def party_counts(self, *, is_known: bool, limit: int) -> list[Row]:
        """The parties of the events that count, the commonest first: rows of name, code and events.

        Those without a code, by the words that name them, are a work-list for the tables of actors.
        """
        name = "coalesce(party.name, party.text)" if is_known else "party.text"
        query = f"""SELECT {name} AS name, party.code AS code, count(*) AS events
            FROM (SELECT unnest(list_concat(actors, recipients)) AS party FROM {{events}} WHERE {{newest}})
            WHERE (party.code IS NOT NULL) = ? GROUP BY ALL ORDER BY events DESC, name LIMIT ?"""
        return self.ask(query, [is_known, limit]).to_pylist()  # type: ignore[no-any-return]

    def articles_by_day(self) -> dict[date, int]:
        """How many articles were read that were published on each day."""
        return self._articles_by_day(self.snapshot())

    # --- the rest of the record ---

    def statements(
        self,
        *,
        speaker: str | None = None,
        addressee: str | None = None,
        topic: str | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Statement rows in the order they were added; the window is one of days of publication.

        Raises:
            QueryError: a day is none, or the window ends before it begins.
        """
        since, until = read_days(since, until)
        wanted = _Conditions()
        wanted.add_window(since, until, first="published::DATE", last="published::DATE")
        for side, party in (("speaker", speaker), ("addressee", addressee)):
            if party:
                match = f"({side}.code = ? OR {side}.identifier = ? OR lower({side}.name) = lower(?))"
                wanted.add(match, party, party, party)
        if topic:
            wanted.add("contains(lower(topic), lower(?))", topic)
        snapshot = self.snapshot()
        wanted.add(self.newest_coder(snapshot))
        query = f"""SELECT * EXCLUDE (added) FROM {self._source("statements", snapshot)} WHERE {wanted.sql}
            ORDER BY added, statement_id {_limit(limit)}"""
        return self._rows(query, wanted.values)

    def skips(self) -> list[Row]:
        """What was declined: rows of location, stage, reason, detail."""
        source = self._source("skips", self.snapshot())
        return self._rows(f"SELECT * EXCLUDE (added) FROM {source} ORDER BY added, location, reason", [])

    def inputs(self) -> list[Row]:
        """Inputs read to their end: rows of location, digest, articles, skips."""
        source = self._source("inputs", self.snapshot())
        return self._rows(f"SELECT * EXCLUDE (added) FROM {source} ORDER BY added, location", [])

    def events_read_by(self, coder: str, *, beside: str) -> list[Row]:
        """Event rows as one coder read them, uncorrected, of the articles that another coder read as well."""
        snapshot = self.snapshot()
        query = f"""SELECT {", ".join(CONTRACT_EVENT)} FROM {self._as_stored("events", snapshot)} WHERE coder = ?
            AND article_id IN (SELECT article_id FROM {self._source("articles", snapshot)} WHERE coder = ?)
            ORDER BY event_id"""
        return self._rows(query, [coder, beside])

    def table(self, name: str) -> str:
        """What stands after FROM for a table in this state, in a question to this view or another (`rows_of`)."""
        return self._source(name, self.snapshot())

    def current_events(self) -> str:
        """The same for the events that count: read by the newest coder, as people corrected them."""
        snapshot = self.snapshot()
        return f"(SELECT * FROM {self._source('events', snapshot)} WHERE {self.newest_coder(snapshot)}) AS events"

    def rows_of(self, query: str, *values: object) -> list[Row]:
        """Rows of a question in SQL, for composers that compare or sum what no other question gives."""
        return self._rows(query, values)

    def stored_readings(self, article_ids: Iterable[str]) -> set[tuple[str, str]]:
        """Pairs of article id and coder that are stored, among the given articles: what need not be read again."""
        return self._stored_readings(self.snapshot(), article_ids)

    def known_urls(self, urls: Iterable[str]) -> set[str]:
        """Those of some addresses under which the record holds an article."""
        asked = list(urls)
        if not asked:
            return set()
        query = f"""SELECT DISTINCT url FROM {self._source("articles", self.snapshot())}
            WHERE url IN (SELECT unnest(?))"""
        return {row["url"] for row in self._rows(query, [asked])}

    def known_inputs(self) -> dict[tuple[str, str], int]:
        """The inputs that were read to their end: number of articles by location and digest."""
        query = f"SELECT location, digest, articles FROM {self._source('inputs', self.snapshot())}"
        return {(row["location"], row["digest"]): row["articles"] for row in self._rows(query, [])}

    def load_events(self) -> list[Event]:
        """All events of the current coder versions, as the nouns they were stored from."""
        snapshot = self.snapshot()
        query = f"""SELECT * FROM {self._source("events", snapshot)} WHERE {self.newest_coder(snapshot)}
            ORDER BY event_id"""
        return [event_from_row(row) for row in self._rows(query, [])]

    def load_statements(self) -> list[Statement]:
        """All statements, as the nouns they were stored from."""
        rows = self._rows(f"SELECT * FROM {self._source('statements', self.snapshot())} ORDER BY statement_id", [])
        return [statement_from_row(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Rows in each table."""
        snapshot = self.snapshot()
        return {name: self._count(self._source(name, snapshot)) for name in SPECS}

    # --- DuckDB ---

    def _count(self, source: str) -> int:
        return int(self._rows(f"SELECT count(*) AS number FROM {source}", [])[0]["number"])

    def _stored_readings(self, snapshot: Snapshot, article_ids: Iterable[str]) -> set[tuple[str, str]]:
        query = f"""SELECT article_id, coder FROM {self._source("articles", snapshot)}
            WHERE article_id IN (SELECT unnest(?))"""
        return {(row["article_id"], row["coder"]) for row in self._rows(query, [list(article_ids)])}

    def newest_coder(self, snapshot: Snapshot) -> str:
        """A condition that keeps, of an article read by several coders, the reading added last."""
        if len(snapshot.notes.get("coders", [])) < 2:
            return "TRUE"
        return f"""(article_id, coder) IN (SELECT (article_id, arg_max(coder, added))
            FROM {self._source("articles", snapshot)} GROUP BY article_id)"""

    def source(self, name: str, snapshot: Snapshot) -> str:
        """What stands after FROM for a whole table, in any DuckDB: events as people corrected them; "" if empty."""
        return self._source(name, snapshot) if self._folder.files(name, snapshot) else ""

    def _source(self, name: str, snapshot: Snapshot, partitions: Sequence[str] | None = None) -> str:
        """What stands after FROM for a table in a snapshot: events as people corrected them."""
        if name == "events" and self._folder.files("corrected", snapshot):
            return self._overlaid(snapshot, partitions, hidden="TRUE", shown=SHOWN_CORRECTED)
        return self._as_stored(name, snapshot, partitions)

    def _merging_source(self, snapshot: Snapshot, partitions: Sequence[str] | None = None) -> str:
        """The same for what is merged: a happening that was corrected is found by its events as they were read."""
        if self._folder.files("corrected", snapshot):
            hidden = "layer = 'event'"
            return self._overlaid(snapshot, partitions, hidden=hidden, shown=f"{hidden} AND NOT is_rejected")
        return self._as_stored("events", snapshot, partitions)

    def _overlaid(self, snapshot: Snapshot, partitions: Sequence[str] | None, *, hidden: str, shown: str) -> str:
        """The events table with corrected events in place of what was read; both conditions are on corrected rows."""
        columns = ", ".join(SPECS["events"].schema.names)
        years = ", ".join(f"'{year}'" for year in partitions or ())
        within = "TRUE" if partitions is None else f"year IN ({years})" if years else "FALSE"
        return f"""(WITH corrected AS (SELECT * FROM {self._as_stored("corrected", snapshot)})
            SELECT {columns} FROM {self._as_stored("events", snapshot, partitions)}
                WHERE event_id NOT IN (SELECT event_id FROM corrected WHERE {hidden})
            UNION ALL SELECT {columns} FROM corrected WHERE {shown} AND {within}) AS events"""

    def _as_stored(self, name: str, snapshot: Snapshot, partitions: Sequence[str] | None = None) -> str:
        files = self._folder.files(name, snapshot, partitions)
        if not files:
            return f"empty_{name} AS {name}"
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
        return f"read_parquet([{listed}], hive_partitioning = true, hive_types_autocast = false) AS {name}"

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own for each question, so that threads of a server do not share results."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise StoreError(f"the record at {self.place} cannot be read: {error}; run `dragoman check`") from error
        finally:
            cursor.close()

    def _rows(self, query: str, values: Sequence[object] | Mapping[str, object]) -> list[Row]:
        with self._cursor() as cursor:
            rows: list[Row] = cursor.sql(query, params=values).to_arrow_table().to_pylist()
        return rows

    def _each_row(self, query: str, values: Sequence[object]) -> Iterator[Row]:
        """The same one after another: few of them are Python's objects at once, where each is made another."""
        with self._cursor() as cursor:
            table = cursor.sql(query, params=values).to_arrow_table()
        for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
            yield from batch.to_pylist()


def _counted(row: Row) -> Row:
    return {**row, "record_ids": tuple(row["record_ids"])}


class _Conditions:
    """Conditions of a question, joined by AND, with their values."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.values: list[object] = []

    @property
    def sql(self) -> str:
        return " AND ".join(self._parts) or "TRUE"

    def add(self, condition: str, *values: object) -> None:
        self._parts.append(condition)
        self.values.extend(values)

    def add_equal(self, column: str, value: str | None) -> None:
        if value is not None:
            self.add(f"{column} = ?", value)

    def add_kind(self, event_type: str | None, status: str | None, window: tuple[date | None, date | None]) -> None:
        """Keeps what is of a type and a status in a window; what is None is not asked."""
        self.add_equal("event_type", event_type)
        self.add_equal("status", status)
        self.add_window(*window)

    def add_window(self, since: date | None, until: date | None, *, first: str = "day", last: str = "last_day") -> None:
        """Keeps what touches the half-open window; a month touches it with any of its days."""
        if since is not None and until is not None and until < since:
            raise QueryError(f"the window ends on {until}, before it begins on {since}: swap the two")
        if since is not None:
            self.add(f"{last} >= ?", since)
        if until is not None:
            self.add(f"{first} < ?", until)

    def add_key(self, column: str, party: str | None) -> None:
        if party is not None:
            refuse_members(party)
            self.add(f"list_contains({column}, ?)", party)

    def add_party(self, column: str, party: str | None, members: Sequence[Spell] = ()) -> None:
        """Matches a party by code, code with sectors, identifier or name, or one that was its member on the day."""
        if party is None:
            return
        refuse_members(party)
        match = "p.identifier = ? OR lower(p.name) = lower(?)"
        values: list[object] = [party, party]
        if len(party) % 3 == 0 and party.isupper() and party.isalpha():
            match += " OR (p.code = ? AND list_has_all(p.sectors, ?::VARCHAR[]))"
            values += [party[:3], [party[at : at + 3] for at in range(3, len(party), 3)]]
        either = [f"len(list_filter({column}, lambda p: {match})) > 0"]
        for code, since, until in members:
            either.append(f"(day >= ? AND day < ? AND len(list_filter({column}, lambda p: p.code = ?)) > 0)")
            values += [since, until, code]
        self.add(f"({' OR '.join(either)})", *values)


def _counts_for(count: DyadCount, actor: str, *, directed: bool) -> bool:
    """Whether a count belongs to the series of `actor`. Pooled, what is mutual is counted in one direction only."""
    return count.actor == actor or not (directed or count.is_mutual)


def _count_query(chosen: str, window: Window) -> str:
    """Sums of rows of dyads by direction, quad class and period; values: since, those of `chosen`, since, until.

    The window is asked for as a difference of days: as a plain comparison DuckDB looks for it in every row of a file
    before it looks for the pair, which takes longer (eval/store_speed.py).
    """
    period = f"date_trunc('{window.by}', day)"
    pledges, threats = (", ".join(f"'{name}'" for name in types_of(kind)) for kind in ("pledge", "threat"))
    return f"""SELECT is_forward, is_mutual, quad, greatest({period}::DATE, ?) AS since, count(*) AS count,
            sum(intensity) AS intensity, sum(intensity * intensity) AS squares, sum(belief) AS belief,
            sum(belief * (1 - belief)) AS doubt,
            sum(belief * (1 - belief) * intensity * intensity) AS doubted_squares,
            count(*) FILTER (event_type IN ({pledges})) AS pledges,
            count(*) FILTER (event_type IN ({threats})) AS threats, list(record_id) AS record_ids
        FROM {chosen} WHERE day - ?::DATE >= 0 AND last_day - ?::DATE < 0
            AND (day = last_day OR {period} = date_trunc('{window.by}', last_day)) GROUP BY ALL"""


def _goldstein_source(dyads: str, records: str) -> str:
    """The dyads with Goldstein's values in place of PLOVER's scores."""
    book = load_codebook()
    scores = ", ".join(
        f"('{kind.name}', {_quoted(mode)}, {book.goldstein(kind.name, mode)})"
        for kind in book.types.values()
        for mode in (None, *kind.modes)
    )
    return f"""(SELECT d.* EXCLUDE (intensity), coalesce(s.score, d.intensity) AS intensity
        FROM (SELECT * FROM {dyads}) AS d
        LEFT JOIN (SELECT record_id, any_value(mode) AS mode FROM {records} GROUP BY 1) AS r USING (record_id)
        LEFT JOIN (VALUES {scores}) AS s(event_type, mode, score)
            ON s.event_type = d.event_type AND s.mode IS NOT DISTINCT FROM r.mode)"""


def _group_source(source: str, sides: tuple[Side, Side]) -> tuple[str, list[object]]:
    """Dyads between two groups, one row for each happening and direction, `is_forward` from the first to the second."""
    actor, recipient = "if(is_forward, low, high)", "if(is_forward, high, low)"
    (from_a, a), (to_b, b) = member_condition(actor, *sides), member_condition(recipient, sides[1], sides[0])
    (from_b, c), (to_a, d) = member_condition(actor, sides[1], sides[0]), member_condition(recipient, *sides)
    query = f"""(SELECT is_out AS is_forward, bool_or(is_mutual) AS is_mutual, day, last_day, quad, event_type,
            any_value(intensity) AS intensity, any_value(belief) AS belief, record_id
        FROM (SELECT *, ({from_a}) AND ({to_b}) AS is_out, ({from_b}) AND ({to_a}) AS is_back FROM {source}
            WHERE low <> high)
        WHERE is_out OR is_back GROUP BY is_out, day, last_day, quad, event_type, record_id)"""
    return query, [*a, *b, *c, *d]


def _dyad_count(row: Row, way: tuple[str, str]) -> DyadCount:
    fields = {name: value for name, value in row.items() if name not in {"is_forward", "record_ids"}}
    return DyadCount(actor=way[0], recipient=way[1], record_ids=tuple(row["record_ids"]), **fields)


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _tie_rows(ties: Sequence[Tie], *, turns: bool) -> list[Row]:
    if not turns:
        return [tie_row(tie) for tie in ties]
    found = {turn.day: turn.to_row() for turn in find_turns(ties)}
    return [{**tie_row(tie), "turns": [found[tie.since]] if tie.since in found else []} for tie in ties]


def _corrections_of(row: Row, by_id: Mapping[str, set[str]], held: Mapping[str, Correction]) -> list[Row]:
    ids = [row["event_id"]] if "event_id" in row else [row["record_id"], *row["aliases"], *row["events"]]
    found = {correction_id for one in ids for correction_id in by_id.get(one, ())}
    return [one.shown() for correction_id, one in held.items() if correction_id in found]


def with_links(row: Row, links: list[Row]) -> Row:
    """A record row with its links, and with what contradicts it among its disagreements."""
    disputes = [f"{link['reason']} ({link['record_id']})" for link in links if link["kind"] == "contradicts"]
    return {**row, "disagreements": row["disagreements"] + disputes, "links": links}


def _years_of(since: date | None, until: date | None) -> list[str] | None:
    """Partitions that a window may touch: a range that began the year before counts; None where the window is open."""
    if since is None or until is None:
        return None
    return [f"{year:04d}" for year in range(since.year - 1, until.year + 1)]


def _months_of(since: date, until: date) -> list[str]:
    """Partitions of records that a window may touch: those that began the year before count."""
    years = range(since.year - 1, until.year + 1)
    return [f"{year:04d}-{month:02d}" for year in years for month in range(1, 13)]


def _day_order(*, newest: bool) -> str:
    """By days, what has none last."""
    return "day DESC NULLS LAST" if newest else "day NULLS LAST"


def _limit(limit: int | None) -> str:
    return "" if limit is None else f"LIMIT {max(0, int(limit))}"
