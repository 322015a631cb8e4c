"""Two states of a record, or two records, side by side: which events and happenings came, went or changed.

Stands beside the questions of a view. A newer coder's reading never takes the place of an older one in silence: this
says what it gained, lost and read otherwise. It judges nothing: which of the two is right is for the reader to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dragoman.errors import QueryError
from dragoman.records import merge_events
from dragoman.rows import event_from_row, record_row
from dragoman.view import RecordView, Row

# What two readings of one sentence, and two merged happenings, are compared by; `reports` counts sentences.
EVENT_FIELDS = ("event_type", "mode", "status", "actors", "recipients", "date", "contexts", "attributed_to")
RECORD_FIELDS = (
    "event_type", "mode", "status", "actors", "recipients", "date", "voices", "publishers", "belief", "disagreements",
    "reports",
)  # fmt: skip
_EVENT_COLUMNS = """event_id, article_id, doc, url, coder, anchor, sentence, event_type, mode, status, contexts, date,
    list_sort(list_distinct(actor_keys)) AS actors, list_sort(list_distinct(recipient_keys)) AS recipients,
    attributed_to.code AS attributed_to"""
_RECORD_COLUMNS = f"record_id, aliases, events, {', '.join(RECORD_FIELDS[:-1])}"
_EVENT_KEY = ("article_id", "anchor", *EVENT_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One event or happening that differs: `old` is None where it was added, `new` where it was removed.

    `fields` names what changed. `elsewhere` are the happenings of the other side that hold its sentences: what an added
    one was part of, or a removed one was joined with.
    """

    what: Literal["event", "happening"]
    change: Literal["added", "removed", "changed"]
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    fields: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def to_row(self) -> Row:
        """The difference as plain JSON values."""
        return {
            "what": self.what,
            "change": self.change,
            "fields": list(self.fields),
            "elsewhere": list(self.elsewhere),
            "old": dict(self.old) if self.old else None,
            "new": dict(self.new) if self.new else None,
        }


def compare_states(old: RecordView, new: RecordView) -> Iterator[Difference]:
    """Differences between two views, of one record on two days or of two records: events first, then happenings.

    Events are the same where the coders found the same at the same words; else they belong together where their anchors
    overlap in the same text. Happenings belong together by their ids, present and past, else by their sentences.
    """
    yield from _compare_events(_unlike_events(old, new), _unlike_events(new, old))
    places = _places_of(old), _places_of(new)
    yield from _compare_records((_records_of(old), _records_of(new)), places)


def compare_coders(record: RecordView, old: str, new: str) -> Iterator[Difference]:
    """Differences between what two coders read in the articles that both of them read, before corrections by people.

    Raises:
        QueryError: the record holds no reading by one of them.
    """
    readings = _events_by(record, old, beside=new), _events_by(record, new, beside=old)
    unlike = [_without(readings[at], readings[1 - at]) for at in (0, 1)]
    yield from _compare_events(unlike[0], unlike[1])
    merged = tuple([record_row(one) for one in merge_events(map(event_from_row, rows))] for rows in readings)
    places = tuple({row["event_id"]: _place(row) for row in rows} for rows in readings)
    yield from _compare_records((merged[0], merged[1]), (places[0], places[1]))


# --- what is read from the tables ---


def _unlike_events(view: RecordView, other: RecordView) -> list[Row]:
    """Events of a view that the other does not hold with the same fields at the same words."""
    here, there = (f"(SELECT {_EVENT_COLUMNS} FROM {one.current_events()})" for one in (view, other))
    same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in _EVENT_KEY)
    return view.rows_of(f"SELECT a.* FROM {here} AS a ANTI JOIN {there} AS b ON {same} ORDER BY a.event_id")


def _records_of(view: RecordView) -> list[Row]:
    return view.rows_of(f"SELECT {_RECORD_COLUMNS} FROM {view.table('records')} ORDER BY date, record_id")


def _places_of(view: RecordView) -> dict[str, str]:
    """The sentence that each event stands in, as one word for article and offset."""
    rows = view.rows_of(f"SELECT event_id, article_id, sentence FROM {view.current_events()}")
    return {row["event_id"]: _place(row) for row in rows}


def _place(row: Row) -> str:
    return f"{row['article_id']}:{row['sentence']['start']}"


def _events_by(record: RecordView, coder: str, *, beside: str) -> list[Row]:
    rows = record.events_read_by(coder, beside=beside)
    known = [
        row["coder"] for row in record.rows_of(f"SELECT DISTINCT coder FROM {record.table('articles')} ORDER BY 1")
    ]
    if coder not in known:
        raise QueryError(f"no reading by {coder!r} in {record.place}; there are {', '.join(known) or 'none'}")
    return rows


def _without(rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    """Rows in the shape of `_EVENT_COLUMNS`, less those that the others have alike."""
    known = {repr([_flat(row)[name] for name in _EVENT_KEY]) for row in others}
    flat = map(_flat, rows)
    return [row for row in flat if repr([row[name] for name in _EVENT_KEY]) not in known]


def _flat(row: Row) -> Row:
    speaker = row["attributed_to"]
    sides = {side: sorted({party["code"] for party in row[side] if party["code"]}) for side in ("actors", "recipients")}
    return {**row, **sides, "attributed_to": speaker["code"] if speaker else None}


# --- events ---


def _compare_events(old: Sequence[Row], new: Sequence[Row]) -> Iterator[Difference]:
    """Differences of events that are not alike: pairs at the same words, and what is left over on either side."""
    paired = dict(_pair_events(old, new))
    taken = set(paired.values())
    for at, row in enumerate(old):
        if at in paired:
            other = new[paired[at]]
            fields = tuple(name for name in EVENT_FIELDS if row[name] != other[name])
            if fields:
                yield Difference(what="event", change="changed", old=_event(row), new=_event(other), fields=fields)
        else:
            yield Difference(what="event", change="removed", old=_event(row), new=None)
    for at, row in enumerate(new):
        if at not in taken:
            yield Difference(what="event", change="added", old=None, new=_event(row))


def _pair_events(old: Sequence[Row], new: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Positions of events that belong together: anchors that overlap in one text, the likest first, each once."""
    by_article: dict[str, list[int]] = {}
    for at, row in enumerate(new):
        by_article.setdefault(row["article_id"], []).append(at)
    pairs = []
    for one, row in enumerate(old):
        for other in by_article.get(row["article_id"], ()):
            shared = _shared(row["anchor"], new[other]["anchor"])
            if shared > 0 or row["event_id"] == new[other]["event_id"]:
                alike = sum(row[name] == new[other][name] for name in EVENT_FIELDS)
                pairs.append((-alike, -shared, one, other))
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, _, one, other in sorted(pairs):
        if one not in taken[0] and other not in taken[1]:
            taken[0].add(one)
            taken[1].add(other)
            yield one, other


def _shared(one: Row, other: Row) -> int:
    return int(min(one["end"], other["end"]) - max(one["start"], other["start"]))


def _event(row: Row) -> Row:
    shown = ("event_id", "article_id", "doc", "url", "coder", "anchor", "sentence", *EVENT_FIELDS)
    return {name: row.get(name) for name in shown}


# --- happenings ---


def _compare_records(
    records: tuple[Sequence[Row], Sequence[Row]], places: tuple[Mapping[str, str], Mapping[str, str]]
) -> Iterator[Difference]:
    """Differences of happenings, paired by their ids and then by the sentences that they share."""
    old, new = ({row["record_id"]: row for row in side} for side in records)
    held = _holders(old.values(), places[0]), _holders(new.values(), places[1])
    pairs = _pair_records(old, new, lambda row: _holding(row, places[0], held[1]))
    taken = set(pairs.values())
    for record_id, row in old.items():
        other = new.get(pairs.get(record_id, ""))
        if other is None:
            elsewhere = tuple(_holding(row, places[0], held[1]))
            yield Difference(what="happening", change="removed", old=_record(row), new=None, elsewhere=elsewhere)
        elif fields := tuple(name for name in RECORD_FIELDS if _value(row, name) != _value(other, name)):
            yield Difference(what="happening", change="changed", old=_record(row), new=_record(other), fields=fields)
    for record_id, row in new.items():
        if record_id not in taken:
            elsewhere = tuple(_holding(row, places[1], held[0]))
            yield Difference(what="happening", change="added", old=None, new=_record(row), elsewhere=elsewhere)


def _holders(rows: Iterable[Row], places: Mapping[str, str]) -> dict[str, list[str]]:
    """The happenings that hold each sentence."""
    holders: dict[str, list[str]] = {}
    for row in rows:
        for place in {places[event_id] for event_id in row["events"] if event_id in places}:
            holders.setdefault(place, []).append(row["record_id"])
    return holders


def _holding(row: Row, places: Mapping[str, str], holders: Mapping[str, Sequence[str]]) -> list[str]:
    """Happenings of the other side that hold sentences of a happening, those with most of them first."""
    counts: dict[str, int] = {}
    for place in {places[event_id] for event_id in row["events"] if event_id in places}:
        for record_id in holders.get(place, ()):
            counts[record_id] = counts.get(record_id, 0) + 1
    return sorted(counts, key=lambda record_id: (-counts[record_id], record_id))


def _pair_records(
    old: Mapping[str, Row], new: Mapping[str, Row], holding: Callable[[Row], list[str]]
) -> dict[str, str]:
    """Which old happening became which new one, each at most once."""
    present = {name: record_id for record_id, row in new.items() for name in (*row["aliases"], record_id)}
    pairs = {record_id: record_id for record_id in old if record_id in new}
    taken = set(pairs.values())
    for record_id, row in old.items():
        if record_id in pairs:
            continue
        by_name = [present[name] for name in (record_id, *row["aliases"]) if name in present]
        by_words = [other for other in holding(row) if new[other]["status"] == row["status"]]
        free = [other for other in (*by_name, *by_words) if other not in taken]
        if free:
            pairs[record_id] = free[0]
            taken.add(free[0])
    return pairs


def _value(row: Row, name: str) -> Any:
    """A field as it is compared: belief to two places, lists of outlets and disputes in any order."""
    if name == "reports":
        return len(row["events"])
    if name == "belief":
        return round(row[name], 2)
    return sorted(row[name]) if name in {"publishers", "disagreements"} else row[name]


def _record(row: Row) -> Row:
    shown = {name: row[name] for name in ("record_id", "aliases", "events", *RECORD_FIELDS[:-1])}
    return {**shown, "reports": len(row["events"])}
