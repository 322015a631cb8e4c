"""Questions that people come with: pledges, meetings, agreements kept, sanctions in force, members, denials, positions.

Stands on the view. Which types are pledges, what keeps or ends what, and which contexts make a theme are rows of
`data/ties/*.tsv`. An answer is what outlets that were read reported, nothing more: an agreement of which nothing
further was read is pending, sanctions laid before the first article are not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from dragoman.errors import QueryError
from dragoman.groups import Group, Side, read_side, stands_on
from dragoman.kinds import Follow, Theme, find_theme, load_follows, types_of
from dragoman.neighbourhood import Pair, find_pairs
from dragoman.sides import members_of
from dragoman.ties import Window
from dragoman.view import RecordView

Row = dict[str, Any]
Kind = Literal["pledge", "threat", "deed"]
State = Literal["kept", "broken", "pending"]
# A promise of which nothing was heard for so long is not kept by what two sides do then.
HORIZON = timedelta(days=365)
_DEED_QUADS = (2, 4)
_COLUMNS = """record_id, event_type, mode, contexts, status, quad, intensity, actors, recipients, date, belief, voices,
    events, publishers, urls, first_reported, last_reported, day, last_day"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An agreement or concession and what came of it, as far as was read.

    `record` is its record row; `state` kept or broken by the first of the records in `followed_by`, else pending.
    """

    record: Row
    state: State
    followed_by: tuple[Row, ...] = ()

    def to_row(self) -> Row:
        return {
            **_plain(self.record),
            "state": self.state,
            "followed_by": [row["record_id"] for row in self.followed_by],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanctions:
    """Sanctions of one party against another: since when, and until when if they were eased.

    `records` are the happenings that laid them, in order; `ended_by` the one that eased them.
    """

    actor: str
    recipient: str
    since: date
    until: date | None
    records: tuple[Row, ...]
    ended_by: Row | None = None

    def in_force(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)

    def to_row(self) -> Row:
        return {
            "actor": self.actor,
            "recipient": self.recipient,
            "since": self.since.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "contexts": sorted({name for row in self.records for name in row["contexts"]}),
            "records": [row["record_id"] for row in self.records],
            "ended_by": self.ended_by["record_id"] if self.ended_by else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaid:
    """What one side did not do or say: happenings reported as not having taken place, and statements that deny."""

    records: tuple[Row, ...]
    statements: tuple[Row, ...]


# --- words and deeds ---


def find_words(
    view: RecordView, kind: Kind, a: Side | None = None, b: Side | None = None, *, theme: str | None = None,
    window: Window | None = None,
) -> list[Row]:  # fmt: skip
    """Gives the pledges or threats of `a` towards `b`, or (`deed`) what they did, as record rows in order of days.

    A side is a code or what `find_side` gives: a group, or the rest.
    What both agreed counts for either. A theme is a word of `data/ties/themes.tsv` or a PLOVER context.

    Raises:
        QueryError: there is no such theme.
    """
    wanted = _Wanted(actor=a, recipient=b, theme=find_theme(theme) if theme else None, window=window)
    if kind == "deed":
        return [row for row in _records(view, wanted) if row["quad"] in _DEED_QUADS]
    return _records(view, wanted, types=types_of(kind))


def find_by_theme(
    view: RecordView, theme: str, a: str | None = None, b: str | None = None, *, window: Window | None = None
) -> tuple[list[Row], list[Row]]:
    """Gives all happenings of a theme between two parties, either way, and the statements about it.

    Raises:
        QueryError: there is no such theme.
    """
    found = find_theme(theme)
    records = _records(view, _Wanted(parties=_named(a, b), theme=found, window=window))
    statements = [row for row in view.statements(speaker=a, addressee=b) if _speaks_of(row, found)]
    return records, [row for row in statements if _said_in(row, window)]


def find_meetings(view: RecordView, a: str, b: str, *, window: Window | None = None) -> list[Row]:
    """Gives the meetings of two leaders (CONSULT) as record rows, with the sentences that name both in `told`.

    A leader is a name or a Wikidata identifier, as events carry it.
    """
    party = "lower(p.name) = lower({0}) OR p.identifier = {0}"
    named = f"len(list_filter(list_concat(actors, recipients), lambda p: {party})) > 0"
    query = f"""SELECT e.event_id, e.sentence.text AS sentence, e.publisher, e.url, r.record_id
        FROM (SELECT * FROM {{events}} WHERE event_type = 'CONSULT' AND status IN ('asserted', 'historical')
            AND {{newest}} AND {named.format("$a")} AND {named.format("$b")}) AS e
        JOIN (SELECT record_id, unnest(events) AS event_id FROM {{records}}) AS r USING (event_id)
        ORDER BY e.event_id"""
    told: dict[str, list[Row]] = {}
    for row in view.ask(query, {"a": a, "b": b}).to_pylist():
        told.setdefault(row.pop("record_id"), []).append(row)
    meetings = [row for row in view.records_by_id(list(told)) if _lies_in(row, window)]
    return [{**row, "told": told[row["record_id"]]} for row in meetings]


def find_unsaid(
    view: RecordView, a: str | None = None, b: str | None = None, *, window: Window | None = None
) -> Unsaid:
    """Gives what `a` did not do to `b`, and what `a` denied or left unsaid (to `b`, if that is told)."""
    records = _records(view, _Wanted(actor=a, recipient=b, window=window), status="negated")
    statements = [row for row in view.statements(speaker=a, addressee=b) if row["polarity"] != "affirms"]
    return Unsaid(records=tuple(records), statements=tuple(row for row in statements if _said_in(row, window)))


def find_positions(
    view: RecordView, a: str | None = None, *, topic: str | None = None, window: Window | None = None
) -> list[Row]:
    """Gives what a party claims or holds: statement rows that affirm, in order of publication."""
    rows = [row for row in view.statements(speaker=a, topic=topic) if row["polarity"] == "affirms"]
    return sorted((row for row in rows if _said_in(row, window)), key=lambda row: row["published"] or "")


# --- what came of it ---


def find_agreements(
    view: RecordView, a: Side | None = None, b: Side | None = None, *, theme: str | None = None,
    window: Window | None = None,
) -> list[Promise]:  # fmt: skip
    """Gives agreements and concessions of a window with what came of them by the last day of the record.

    AGREE is kept by COOPERATE or AID of the same parties and theme within a year, broken by REJECT or SANCTION;
    CONCEDE is kept by RETREAT. Of an agreement without a theme, any of them counts.

    Raises:
        QueryError: there is no such theme.
    """
    themed = find_theme(theme) if theme else None
    promises = _records(view, _Wanted(parties=_named(a, b), theme=themed, window=window), types=types_of("pledge"))
    follows = [follow for kind in types_of("pledge") for follow in load_follows(kind)]
    later = _records(view, _Wanted(parties=_named(a, b)), types=sorted({name for f in follows for name in f.by}))
    return [_promise(row, later) for row in promises if _sides(row) >= 2]


def find_sanctions(
    view: RecordView, actor: Side | None = None, recipient: Side | None = None, *, on: date | None = None
) -> list[Sanctions]:
    """Gives the sanctions that are known to be in force on a day; without a day, all with when they ended.

    Sanctions last until their author eases them (RETREAT about the economy, diplomacy or law, or about nothing told).
    """
    (follow,) = load_follows("SANCTION")
    laid = _records(view, _Wanted(actor=actor, recipient=recipient), types=["SANCTION"])
    eased = _records(view, _Wanted(actor=actor, recipient=recipient), types=follow.by)
    sides = [None if side is None else read_side(side) for side in (actor, recipient)]
    by_pair: dict[tuple[str, str], list[Row]] = {}
    for row in sorted([*laid, *eased], key=lambda row: (row["day"], row["event_type"], row["record_id"])):
        for pair in _pairs(row, *sides):
            by_pair.setdefault(pair, []).append(row)
    found = [each for pair, rows in by_pair.items() for each in _spells(pair, rows, follow)]
    told = [each for each in found if on is None or each.in_force(on)]
    return sorted(told, key=lambda each: (each.since, each.actor, each.recipient))


def find_members(body: str, day: date) -> list[str]:
    """Gives the codes of a body's members on a day.

    Raises:
        QueryError: the body's members are not known.
    """
    return members_of(body).codes_on(day)


def find_ties_inside(view: RecordView, body: str, window: Window) -> list[Pair]:
    """Gives the pairs of members of a body (on the window's first day) that dealt with each other, the busiest first.

    Raises:
        QueryError: the body's members are not known.
    """
    members = set(find_members(body, window.since))
    return [pair for pair in find_pairs(view, window) if {pair.a, pair.b} <= members]


# --- asking ---


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which records: `actor` acts and `recipient` is acted upon or acts too; `parties` stand on any side."""

    actor: Side | None = None
    recipient: Side | None = None
    parties: tuple[Side, ...] = ()
    theme: Theme | None = None
    window: Window | None = None


def _records(view: RecordView, wanted: _Wanted, *, types: Sequence[str] = (), status: str = "asserted") -> list[Row]:
    """Dated records, in order of their days."""
    anybody = "list_concat(actors, recipients)"
    query = f"""SELECT {_COLUMNS} FROM {{records}} WHERE status = $status AND day IS NOT NULL
            AND (len($types) = 0 OR list_contains($types, event_type))
            AND ($actor IS NULL OR list_contains(actors, $actor))
            AND ($recipient IS NULL OR list_contains({anybody}, $recipient))
            AND list_has_all({anybody}, $parties::VARCHAR[])
            AND (len($contexts) = 0 OR list_has_any(contexts, $contexts))
            AND ($since IS NULL OR last_day >= $since) AND ($until IS NULL OR day < $until)
        ORDER BY day, record_id"""
    sides = [None if side is None else read_side(side) for side in (wanted.actor, wanted.recipient)]
    parties = [read_side(side) for side in wanted.parties]
    values: Mapping[str, object] = {
        "status": status,
        "types": list(types),
        "actor": _code(sides[0]),
        "recipient": _code(sides[1]),
        "parties": [side for side in parties if isinstance(side, str)],
        "contexts": list(wanted.theme.contexts) if wanted.theme else [],
        "since": wanted.window.since if wanted.window else None,
        "until": wanted.window.until if wanted.window else None,
    }
    rows: list[Row] = view.ask(query, values).to_pylist()
    if any(isinstance(side, Group) for side in (*sides, *parties)):
        either = (parties[0], parties[1] if len(parties) > 1 else None) if parties else None
        return [row for row in rows if (_is_between(row, *either) if either else _is_from(row, *sides))]
    return rows


def _code(side: Side | None) -> str | None:
    return side if isinstance(side, str) else None


def _is_from(row: Row, actor: Side | None, recipient: Side | None) -> bool:
    """Whether one of the first side acts in a record, and another party, of the second, is acted upon or acts too."""
    everybody = _parties(row)
    return any(
        a != b for a in row["actors"] if _is_on(a, actor, recipient, row["day"])
        for b in everybody if _is_on(b, recipient, actor, row["day"])
    ) or (recipient is None and any(_is_on(a, actor, None, row["day"]) for a in row["actors"]))  # fmt: skip


def _is_between(row: Row, first: Side, second: Side | None) -> bool:
    """Whether a record has a party of each side, whoever acts."""
    return _is_from({**row, "actors": sorted(_parties(row))}, first, second)


def _is_on(code: str, side: Side | None, other: Side | None, day: date) -> bool:
    if side is None:
        return True
    if other is None and isinstance(side, Group) and side.is_rest:
        raise QueryError("rest is whoever is not on the other side: name a party or a group there")
    return stands_on(code, side, other or "", day)


def _named(*parties: Side | None) -> tuple[Side, ...]:
    return tuple(party for party in parties if party is not None)


def _parties(row: Row) -> frozenset[str]:
    return frozenset([*row["actors"], *row["recipients"]])


def _sides(row: Row) -> int:
    return len(_parties(row))


def _promise(record: Row, later: Iterable[Row]) -> Promise:
    """The promise with the first that follows it, and all that say the same."""
    told = [
        (follow, row) for row in later for follow in load_follows(record["event_type"]) if _follows(record, row, follow)
    ]
    if not told:
        return Promise(record=record, state="pending")
    outcome = told[0][0].outcome
    followed = tuple(row for follow, row in told if follow.outcome == outcome)
    return Promise(record=record, state="kept" if outcome == "kept" else "broken", followed_by=followed)


def _follows(first: Row, second: Row, follow: Follow) -> bool:
    """Whether a record is what may follow another: the type, the parties, the day and the theme."""
    if second["event_type"] not in follow.by or not first["last_day"] < second["day"] <= first["last_day"] + HORIZON:
        return False
    if follow.same_sides and not set(second["actors"]) & set(first["actors"]):
        return False
    shared = not first["contexts"] or set(first["contexts"]) & set(second["contexts"])
    return len(_parties(first) & _parties(second)) >= 2 and bool(shared)


def _pairs(row: Row, actor: Side | None, recipient: Side | None) -> list[tuple[str, str]]:
    return [
        (a, b) for a in row["actors"] for b in row["recipients"]
        if a != b and _is_on(a, actor, recipient, row["day"]) and _is_on(b, recipient, actor, row["day"])
    ]  # fmt: skip


def _spells(pair: tuple[str, str], rows: Sequence[Row], follow: Follow) -> list[Sanctions]:
    """The times in which sanctions were in force between two, from what laid and what eased them in order of days."""
    spells: list[Sanctions] = []
    laid: list[Row] = []
    for row in rows:
        if row["event_type"] == "SANCTION":
            if row["mode"] in follow.modes:
                laid.append(row)
        elif laid and (follow.contexts & set(row["contexts"] or [None])):
            spells.append(_spell(pair, laid, ended_by=row))
            laid = []
    return [*spells, _spell(pair, laid)] if laid else spells


def _spell(pair: tuple[str, str], laid: Sequence[Row], ended_by: Row | None = None) -> Sanctions:
    return Sanctions(
        actor=pair[0],
        recipient=pair[1],
        since=laid[0]["day"],
        until=ended_by["day"] if ended_by else None,
        records=tuple(laid),
        ended_by=ended_by,
    )


def _speaks_of(statement: Row, theme: Theme) -> bool:
    words = f"{statement['topic']} {statement['anchor']['text']}".lower().split()
    return any(word.startswith(theme.words) for word in words)


def _said_in(statement: Row, window: Window | None) -> bool:
    day = statement["published"]
    return window is None or (day is not None and window.since.isoformat() <= day < window.until.isoformat())


def _lies_in(record: Row, window: Window | None) -> bool:
    day = record["date"] or ""
    return window is None or window.since.isoformat() <= day < window.until.isoformat()


def _plain(record: Row) -> Row:
    return {name: value for name, value in record.items() if name not in {"day", "last_day"}}
