"""Questions to the record: events, records, ties, coverage, statements, in one state of it.

A view reads a snapshot of the tables through DuckDB and gives plain rows in the contract's shapes. It writes nothing,
takes no lock, and sees whole batches only: any number of views can read while a writer works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from dragoman.columns import SPECS
from dragoman.errors import QueryError, StoreError
from dragoman.expansion import Between, Members, Spell, belongs, pair_of
from dragoman.model import Event, Statement, Tie
from dragoman.rows import event_from_row, statement_from_row, tie_row
from dragoman.tables import Snapshot, TableFolder
from dragoman.ties import HALF_LIFE, DyadCount, Period, Window, build_series, find_turns

Row = dict[str, Any]

_BESIDE_EVENT = frozenset({"day", "last_day", "actor_keys", "recipient_keys", "cell", "year", "added"})
_CONTRACT_EVENT = tuple(name for name in SPECS["events"].schema.names if name not in _BESIDE_EVENT)
_BESIDE_RECORD = frozenset({"day", "last_day", "words", "harm", "cell", "month"})
_CONTRACT_RECORD = tuple(name for name in SPECS["records"].schema.names if name not in _BESIDE_RECORD)


class RecordView:
    """A record to ask. `since` is inside a window, `until` is not.

    Raises:
        StoreError: the record cannot be read.
        QueryError: a question cannot be answered as it was asked.
    """

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        self._folder = folder
        self._pinned = snapshot
        self._connection = duckdb.connect()
        self._connection.execute("SET enable_progress_bar = false; SET parquet_metadata_cache = true")
        for name, spec in SPECS.items():
            empty = spec.schema.empty_table()  # noqa: F841 - DuckDB finds it by its name
            self._connection.execute(f"CREATE TABLE empty_{name} AS SELECT * FROM empty")

    @property
    def path(self) -> Path:
        return self._folder.path

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

    def events(  # noqa: PLR0913 - a question, each part by name
        self,
        *,
        actor: str | None = None,
        recipient: str | None = None,
        event_type: str | None = None,
        status: str | None = None,
        since: date | None = None,
        until: date | None = None,
        text: str | None = None,
        min_confidence: float | None = None,
        limit: int | None = None,
        members: Members | None = None,
    ) -> list[Row]:
        """Event rows in the order of their days; of an article read by several coders, what the last one read.

        `actor` and `recipient` are a code (`ISR`), a code with sectors (`ISRGOV`), an identifier or a name; `text` is
        looked for in the sentence, whatever its case. A side in `members` also means its members on the event's day.
        """
        wanted = _Conditions()
        wanted.add_party("actors", actor, (members or {}).get(actor or "", ()))
        wanted.add_party("recipients", recipient, (members or {}).get(recipient or "", ()))
        wanted.add_equal("event_type", event_type)
        wanted.add_equal("status", status)
        wanted.add_window(since, until)
        if text:
            wanted.add("contains(lower(sentence.text), lower(?))", text)
        if min_confidence:
            wanted.add("confidence >= ?", min_confidence)
        snapshot = self.snapshot()
        wanted.add(self.newest_coder(snapshot))
        source = self._source("events", snapshot, _years_of(since, until))
        query = f"""SELECT {", ".join(_CONTRACT_EVENT)} FROM {source} WHERE {wanted.sql}
            ORDER BY day, event_id {_limit(limit)}"""
        return self._rows(query, wanted.values)

    def events_by_id(self, event_ids: Sequence[str]) -> list[Row]:
        """Event rows with the given ids, as a record lists them."""
        snapshot = self.snapshot()
        query = f"""SELECT {", ".join(_CONTRACT_EVENT)} FROM {self._source("events", snapshot)}
            WHERE event_id IN (SELECT unnest(?)) AND {self.newest_coder(snapshot)} ORDER BY day, event_id"""
        return self._rows(query, [list(event_ids)])

    def records(
        self,
        *,
        actor: str | None = None,
        recipient: str | None = None,
        event_type: str | None = None,
        status: str | None = None,
        since: date | None = None,
        until: date | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Record rows with their links, in the order of their days."""
        wanted = _Conditions()
        wanted.add_key("actors", actor)
        wanted.add_key("recipients", recipient)
        wanted.add_equal("event_type", event_type)
        wanted.add_equal("status", status)
        wanted.add_window(since, until)
        return self._record_rows(wanted, limit)

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

    def _record_rows(self, wanted: _Conditions, limit: int | None) -> list[Row]:
        snapshot = self.snapshot()
        query = f"""SELECT {", ".join(_CONTRACT_RECORD)} FROM {self._source("records", snapshot)} WHERE {wanted.sql}
            ORDER BY day, record_id {_limit(limit)}"""
        rows = self._rows(query, wanted.values)
        links = self._links_of(snapshot, [row["record_id"] for row in rows])
        return [_with_links(row, links.get(row["record_id"], [])) for row in rows]

    def _links_of(self, snapshot: Snapshot, record_ids: Sequence[str]) -> dict[str, list[Row]]:
        query = f"""SELECT holder, kind, record_id, reason FROM {self._source("links", snapshot)}
            WHERE holder IN (SELECT unnest(?)) ORDER BY holder, kind, record_id, reason"""
        links: dict[str, list[Row]] = {}
        for row in self._rows(query, [list(record_ids)]):
            links.setdefault(row.pop("holder"), []).append(row)
        return links

    # --- ties and coverage ---

    def ties(  # noqa: PLR0913 - a question, each part by name
        self,
        a: str,
        b: str,
        *,
        since: date | None = None,
        until: date | None = None,
        by: Period = "month",
        directed: bool = True,
        half_life: float = HALF_LIFE,
        turns: bool = False,
        members: Members | None = None,
    ) -> list[Row]:
        """Tie rows of a dyad, period by period: first what `a` did to `b`, then the reverse; or both pooled.

        Without a window: from the first to the last day on which the dyad has a happening or an article was read.
        With `turns`, each row lists the turn that begins in its period, if there is one. A side in `members` also
        means its members on the day; what several members did together is one happening.
        """
        series = self.tie_series(
            a, b, since=since, until=until, by=by, directed=directed, half_life=half_life, members=members
        )
        return [row for ties in series for row in _tie_rows(ties, turns=turns)]

    def tie_series(
        self,
        a: str,
        b: str,
        *,
        since: date | None = None,
        until: date | None = None,
        by: Period = "month",
        directed: bool = True,
        half_life: float = HALF_LIFE,
        members: Members | None = None,
    ) -> list[list[Tie]]:
        """The same as lists of Ties, one for each direction: what `plot_tie` and `find_turns` take."""
        snapshot = self.snapshot()
        read = self._articles_by_day(snapshot)
        between = pair_of((a, b), members or {})
        window = self._window(snapshot, between, read, asked=(since, until, by))
        if window is None:
            return []
        if members:
            counts = self._group_counts(snapshot, (a, b), members, window=window)
        else:
            counts = self._dyad_counts(snapshot, (a, b), window)
        sides = [(a, b)] if a == b or not directed else [(a, b), (b, a)]
        return [
            build_series(
                (actor, recipient),
                [count for count in counts if _counts_for(count, actor, directed=directed)],
                read,
                window,
                half_life=half_life,
            )
            for actor, recipient in sides
        ]

    def _dyad_counts(self, snapshot: Snapshot, sides: tuple[str, str], window: Window) -> list[DyadCount]:
        low, high = sorted(sides)
        source = self._source("dyads", snapshot, _years_of(window.since, window.until))
        period = f"date_trunc('{window.by}', day)"
        query = f"""SELECT is_forward, is_mutual, quad, greatest({period}::DATE, ?) AS since, count(*) AS count,
                sum(intensity) AS intensity, sum(belief) AS belief, list(record_id) AS record_ids
            FROM {source} WHERE low = ? AND high = ? AND day >= ? AND last_day < ?
                AND (day = last_day OR {period} = date_trunc('{window.by}', last_day)) GROUP BY ALL"""
        rows = self._rows(query, [window.since, low, high, window.since, window.until])
        return [
            DyadCount(
                is_mutual=row["is_mutual"],
                actor=low if row["is_forward"] else high,
                recipient=high if row["is_forward"] else low,
                since=row["since"],
                quad=row["quad"],
                count=row["count"],
                intensity=row["intensity"],
                belief=row["belief"],
                record_ids=tuple(row["record_ids"]),
            )
            for row in rows
        ]

    def _group_counts(
        self, snapshot: Snapshot, sides: tuple[str, str], members: Members, *, window: Window
    ) -> list[DyadCount]:
        """Counts where a side is expanded: each happening once a direction, however many members took part."""
        source = self._source("dyads", snapshot, _years_of(window.since, window.until))
        period = f"date_trunc('{window.by}', day)"
        counts = []
        for actor, recipient in (sides, sides[::-1]):
            is_actor = belongs("CASE WHEN is_forward THEN low ELSE high END", actor, members.get(actor, ()))
            is_recipient = belongs("CASE WHEN is_forward THEN high ELSE low END", recipient, members.get(recipient, ()))
            query = f"""SELECT greatest({period}::DATE, ?) AS since, quad, is_mutual, count(*) AS count,
                    sum(intensity) AS intensity, sum(belief) AS belief, list(record_id) AS record_ids
                FROM (SELECT record_id, quad, day, bool_or(is_mutual) AS is_mutual, any_value(intensity) AS intensity,
                        any_value(belief) AS belief
                    FROM {source} WHERE {is_actor.sql} AND {is_recipient.sql} AND day >= ? AND last_day < ?
                        AND (day = last_day OR {period} = date_trunc('{window.by}', last_day))
                    GROUP BY record_id, quad, day) GROUP BY ALL"""
            values = [window.since, *is_actor.values, *is_recipient.values, window.since, window.until]
            rows = self._rows(query, values)
            counts += [DyadCount(actor=actor, recipient=recipient, **_counted(row)) for row in rows]
        return counts

    def _window(
        self,
        snapshot: Snapshot,
        between: Between,
        read: Mapping[date, int],
        *,
        asked: tuple[date | None, date | None, Period],
    ) -> Window | None:
        since, until, by = asked
        if since is not None and until is not None:
            return Window(since=since, until=until, by=by)
        query = f"""SELECT min(day) AS first, max(last_day) AS last FROM {self._source("dyads", snapshot)}
            WHERE {between.sql}"""
        span = self._rows(query, between.values)[0]
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

    # --- the rest of the record ---

    def statements(
        self, *, speaker: str | None = None, addressee: str | None = None, topic: str | None = None
    ) -> list[Row]:
        """Statement rows in the order they were added."""
        wanted = _Conditions()
        for side, party in (("speaker", speaker), ("addressee", addressee)):
            if party:
                match = f"({side}.code = ? OR {side}.identifier = ? OR lower({side}.name) = lower(?))"
                wanted.add(match, party, party, party)
        if topic:
            wanted.add("contains(lower(topic), lower(?))", topic)
        snapshot = self.snapshot()
        wanted.add(self.newest_coder(snapshot))
        query = f"""SELECT * EXCLUDE (added) FROM {self._source("statements", snapshot)} WHERE {wanted.sql}
            ORDER BY added, statement_id"""
        return self._rows(query, wanted.values)

    def skips(self) -> list[Row]:
        """What was declined: rows of location, stage, reason, detail."""
        source = self._source("skips", self.snapshot())
        return self._rows(f"SELECT * EXCLUDE (added) FROM {source} ORDER BY added, location, reason", [])

    def inputs(self) -> list[Row]:
        """Inputs read to their end: rows of location, digest, articles, skips."""
        source = self._source("inputs", self.snapshot())
        return self._rows(f"SELECT * EXCLUDE (added) FROM {source} ORDER BY added, location", [])

    def stored_readings(self, article_ids: Iterable[str]) -> set[tuple[str, str]]:
        """Pairs of article id and coder that are stored, among the given articles: what need not be read again."""
        return self._stored_readings(self.snapshot(), article_ids)

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

    def _source(self, name: str, snapshot: Snapshot, partitions: Sequence[str] | None = None) -> str:
        """What stands after FROM for a table in a snapshot."""
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
            raise StoreError(f"the record at {self.path} cannot be read: {error}; run `dragoman check`") from error
        finally:
            cursor.close()

    def _rows(self, query: str, values: Sequence[object] | Mapping[str, object]) -> list[Row]:
        with self._cursor() as cursor:
            rows: list[Row] = cursor.sql(query, params=values).to_arrow_table().to_pylist()
        return rows


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

    def add_window(self, since: date | None, until: date | None, *, last: str = "last_day") -> None:
        """Keeps what touches the half-open window; a month touches it with any of its days."""
        if since is not None and until is not None and until < since:
            raise QueryError(f"the window ends on {until}, before it begins on {since}: swap the two")
        if since is not None:
            self.add(f"{last} >= ?", since)
        if until is not None:
            self.add("day < ?", until)

    def add_key(self, column: str, party: str | None) -> None:
        if party is not None:
            self.add(f"list_contains({column}, ?)", party)

    def add_party(self, column: str, party: str | None, members: Sequence[Spell] = ()) -> None:
        """Matches a party by code, code with sectors, identifier or name, or one that was its member on the day."""
        if party is None:
            return
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
    if directed:
        return count.actor == actor
    return not count.is_mutual or count.actor < count.recipient


def _tie_rows(ties: Sequence[Tie], *, turns: bool) -> list[Row]:
    if not turns:
        return [tie_row(tie) for tie in ties]
    found = {turn.day: turn.to_row() for turn in find_turns(ties)}
    return [{**tie_row(tie), "turns": [found[tie.since]] if tie.since in found else []} for tie in ties]


def _with_links(row: Row, links: list[Row]) -> Row:
    """A record row with its links, and with what contradicts it among its disagreements."""
    disputes = [f"{link['reason']} ({link['record_id']})" for link in links if link["kind"] == "contradicts"]
    return {**row, "disagreements": row["disagreements"] + disputes, "links": links}


def _years_of(since: date | None, until: date | None) -> list[str] | None:
    """Partitions that a window may touch: a range that began the year before counts; None where the window is open."""
    if since is None or until is None:
        return None
    return [f"{year:04d}" for year in range(since.year - 1, until.year + 1)]


def _limit(limit: int | None) -> str:
    return "" if limit is None else f"LIMIT {max(0, int(limit))}"
