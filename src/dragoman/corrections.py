"""Corrections by people: what somebody accepted, rejected or amended, with a reason and a name.

Stands beside merging (Event -> Record): it says what a correction makes of an event or of a happening, and to which
event of a newer reading a correction of an older one belongs. Nothing is overwritten: what the coder read stays where
it is, and a correction that is undone leaves no trace but its own row.

It refuses a correction without a reason or a name, and a change to what only the text can say (its words, its links).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

from dragoman.codebook import load_codebook
from dragoman.errors import QueryError
from dragoman.model import STATUSES, Event, EventDate, Granularity, Party, Record
from dragoman.records import Happening, load_priors
from dragoman.rows import UMBRELLA_CODES, date_bounds, party_key

Verdict = Literal["accept", "reject", "amend", "undo"]
VERDICTS: tuple[Verdict, ...] = ("accept", "reject", "amend")  # undoing has a call of its own
# What a person can amend, in the words of an event row (`type` for `event_type`).
AMENDABLE = ("type", "mode", "status", "actors", "recipients", "date")
LONGEST_NAME, LONGEST_REASON = 200, 4000

_PARTY = re.compile(r"(?:[A-Z]{3})+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What one person decided about one event or happening (`target_id`), or that they undo it (`undoes`).

    `changes` holds the amended fields, `was` all amendable fields as they stood. `article_id`, `start` and `end` are
    the place of an event's anchor, by which a later reading of the same text finds its correction again; `cell` is the
    block of merging in which a happening lies.
    """

    correction_id: str
    target: Literal["event", "record"]
    target_id: str
    verdict: Verdict
    reason: str
    name: str
    made_at: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    was: Mapping[str, Any] = field(default_factory=dict)
    undoes: str | None = None
    article_id: str | None = None
    start: int | None = None
    end: int | None = None
    cell: str | None = None

    def to_row(self) -> dict[str, Any]:
        """The correction as it is stored: `changes` and `was` as JSON."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**fields, "changes": json.dumps(dict(self.changes)), "was": json.dumps(dict(self.was))}

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Correction:
        """The correction that `to_row` was made from."""
        return Correction(**{**row, "changes": json.loads(row["changes"]), "was": json.loads(row["was"])})

    def shown(self) -> dict[str, Any]:
        """What stands beside a corrected event or happening: who, why, and what was and is."""
        return {
            "correction_id": self.correction_id,
            "target": self.target,
            "target_id": self.target_id,
            "verdict": self.verdict,
            "was": {name: self.was.get(name) for name in self.changes},
            "now": dict(self.changes),
            "reason": self.reason,
            "name": self.name,
            "made_at": self.made_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What several standing corrections of one target come to: the last word on each point holds."""

    is_rejected: bool
    is_accepted: bool
    changes: Mapping[str, Any]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedEvent:
    """An event as people left it; a rejected one counts no more. `by` are the ids of the corrections."""

    event: Event
    is_rejected: bool
    by: tuple[str, ...]


def read_signature(name: str, reason: str) -> tuple[str, str]:
    """Name and reason without outer blanks; raises QueryError where one is missing or too long."""
    signed = []
    for what, given, longest in (("name", name, LONGEST_NAME), ("reason", reason, LONGEST_REASON)):
        words = given.strip()
        if not words:
            raise QueryError(f"a correction needs a {what}: give one")
        if len(words) > longest:
            raise QueryError(f"the {what} is longer than {longest} characters: shorten it")
        signed.append(words)
    return signed[0], signed[1]


def read_changes(verdict: str, changes: Mapping[str, Any]) -> tuple[Verdict, dict[str, Any]]:
    """The verdict, and the changes in the codebook's spelling with sides as sorted lists.

    Raises:
        QueryError: an unknown verdict, field, type, mode, status, date or code; or changes where none belong.
    """
    known = next((one for one in VERDICTS if one == verdict), None)
    if known is None:
        raise QueryError(f"there is no verdict {verdict!r}: say accept, reject or amend")
    if (verdict == "amend") != bool(changes):
        raise QueryError("say what to amend: type, mode, status, actors, recipients or date; other verdicts take none")
    unknown = sorted(set(changes) - set(AMENDABLE))
    if unknown:
        raise QueryError(f"{unknown[0]!r} cannot be amended: only {', '.join(AMENDABLE)} can")
    read = {name: _READERS[name](value) for name, value in changes.items()}
    _check_mode(read)
    return known, read


def _read_type(value: Any) -> str:
    return load_codebook().event_type(str(value)).name


def _read_mode(value: Any) -> str | None:
    return str(value).lower() if value else None


def _read_status(value: Any) -> str:
    if value not in STATUSES:
        raise QueryError(f"there is no status {value!r}: say {', '.join(STATUSES)}")
    return str(value)


def _read_date(value: Any) -> str:
    if date_bounds(str(value)) is None:
        raise QueryError(f"{value!r} is no date: write YYYY-MM-DD, YYYY-MM, YYYY or START/END")
    return str(value)


def _read_side(value: Any) -> list[str]:
    keys = sorted({value} if isinstance(value, str) else {str(key) for key in value})
    for key in keys:
        code, _, detail = key.partition(":")
        if not _PARTY.match(code) or (detail and code not in UMBRELLA_CODES):
            raise QueryError(f"{key!r} is no party: write a code, as RUS, RUSMIL or IGO:NATO")
    return keys


_READERS = {
    "type": _read_type,
    "mode": _read_mode,
    "status": _read_status,
    "actors": _read_side,
    "recipients": _read_side,
    "date": _read_date,
}


def _check_mode(changes: Mapping[str, Any]) -> None:
    if changes.get("mode") and changes.get("type"):
        modes = load_codebook().event_type(changes["type"]).modes
        if changes["mode"] not in modes:
            raise QueryError(f"{changes['type']} has no mode {changes['mode']!r}: {', '.join(modes) or 'it has none'}")


def standing(corrections: Iterable[Correction]) -> list[Correction]:
    """The corrections that hold, in the order they were made: neither undone nor an undoing themselves.

    Undoing an undoing lets the first correction stand again.
    """
    made = sorted(corrections, key=_number)
    undone = undoings(made)
    return [one for one in made if one.verdict != "undo" and one.correction_id not in undone]


def undoings(corrections: Iterable[Correction]) -> dict[str, str]:
    """The ids of what is undone, each with the id of the latest undoing of it that holds."""
    undone: dict[str, str] = {}
    for correction in sorted(corrections, key=_number, reverse=True):
        if correction.undoes and correction.correction_id not in undone:
            undone.setdefault(correction.undoes, correction.correction_id)
    return undone


def _number(correction: Correction) -> int:
    return int(correction.correction_id[1:])


def rule(corrections: Sequence[Correction]) -> Ruling:
    """What standing corrections of one target, in the order they were made, come to."""
    verdicts = [correction.verdict for correction in corrections]
    changes: dict[str, Any] = {}
    for correction in corrections:
        changes |= correction.changes
    return Ruling(
        is_rejected=bool(verdicts) and verdicts[-1] == "reject",
        is_accepted="accept" in verdicts or "amend" in verdicts,
        changes=changes,
        by=tuple(correction.correction_id for correction in corrections),
    )


# --- events ---


def fields_of(target: Event | Record) -> dict[str, Any]:
    """The amendable fields of an event or a happening, as a correction names them."""
    if isinstance(target, Record):
        sides, date = (list(target.actors), list(target.recipients)), target.date
    else:
        sides, date = (_keys(target.actors), _keys(target.recipients)), target.date.value
    return {
        "type": target.event_type,
        "mode": target.mode,
        "status": target.status,
        "actors": sides[0],
        "recipients": sides[1],
        "date": date,
    }


def _keys(parties: Iterable[Party]) -> list[str]:
    return sorted({key for party in parties if (key := party_key(party))})


def correct_reading(
    events: Sequence[Event], corrections: Sequence[Correction], originals: Mapping[str, Event], *, coder: str
) -> list[CorrectedEvent]:
    """Replays standing corrections of events on a coder's reading of their article: the events that they change.

    A correction belongs to the event with its id, else to the one event whose anchor lies at the same words: as a
    rejection only if that reading says the same (type and status), as an acceptance with the fields that were accepted.
    What was accepted or amended and is read no more stays in the record, from `originals` (events by id).
    """
    by_target: dict[str, list[Correction]] = {}
    for correction in corrections:
        by_target.setdefault(correction.target_id, []).append(correction)
    corrected: dict[str, CorrectedEvent] = {}
    for target_id, held in by_target.items():
        event = next((event for event in events if event.event_id == target_id), None)
        is_reread = event is None
        event = event or _at_same_words(events, held)
        ruling = rule([_as_amendment(one) for one in held] if is_reread else held)
        if event is None:
            event = None if ruling.is_rejected or not ruling.is_accepted else originals.get(target_id)
            event = _kept(event, coder) if event else None
        if event is not None:
            corrected[event.event_id] = correct_event(event, ruling)
    return [corrected[event_id] for event_id in sorted(corrected)]


def _as_amendment(correction: Correction) -> Correction:
    """An acceptance of an older reading, for a newer one: the accepted fields hold."""
    return replace(correction, changes=correction.was) if correction.verdict == "accept" else correction


def _kept(event: Event, coder: str) -> Event:
    """An event that a newer coder does not read any more: it stands among that coder's, and says so."""
    evidence = replace(event.evidence, coder=coder)
    return replace(event, evidence=evidence, basis=f"{event.basis}; read by {event.evidence.coder} alone")


def _at_same_words(events: Iterable[Event], held: Sequence[Correction]) -> Event | None:
    """The event of another reading that a correction is about: the anchors overlap; best if the type is the same."""
    last = held[-1]
    near = [event for event in events if _overlap(event, last) > 0]
    if last.verdict == "reject":
        near = [e for e in near if (e.event_type, e.status) == (last.was.get("type"), last.was.get("status"))]
    return min(near, key=lambda e: (e.event_type != last.was.get("type"), -_overlap(e, last), e.event_id), default=None)


def _overlap(event: Event, correction: Correction) -> int:
    """Characters that the anchors of an event and of a corrected one share."""
    if correction.start is None or correction.end is None or event.evidence.article_id != correction.article_id:
        return 0
    anchor = event.evidence.anchor
    return min(anchor.end, correction.end) - max(anchor.start, correction.start)


def _codes_after(target: Event | Record, ruling: Ruling) -> dict[str, Any]:
    """Type, mode, status and what the codebook says of them; a mode that the type does not have is dropped."""
    kind = {**fields_of(target), **ruling.changes}
    book = load_codebook()
    mode = kind["mode"] if kind["mode"] in book.event_type(kind["type"]).modes else None
    is_same = (kind["type"], mode) == (target.event_type, target.mode)
    return {
        "event_type": kind["type"],
        "mode": mode,
        "status": kind["status"],
        "quad": book.quad(kind["type"]),
        "intensity": target.intensity if is_same else book.intensity(kind["type"], mode),
    }


def correct_event(event: Event, ruling: Ruling) -> CorrectedEvent:
    """An event as a ruling leaves it. A person has read the sentence: the confidence is 1."""
    if ruling.is_rejected:
        return CorrectedEvent(event=event, is_rejected=True, by=ruling.by)
    basis = f"{event.basis}; corrected by a person ({', '.join(ruling.by)})"
    amended = replace(
        event,
        **_codes_after(event, ruling),
        actors=_side(event, event.actors, ruling.changes.get("actors")),
        recipients=_side(event, event.recipients, ruling.changes.get("recipients")),
        date=_date(event.date, ruling.changes.get("date")),
        confidence=1.0,
        basis=basis,
    )
    return CorrectedEvent(event=amended, is_rejected=False, by=ruling.by)


def _date(date: EventDate, value: str | None) -> EventDate:
    if value is None or value == date.value:
        return date
    return EventDate(value=value, granularity=_granularity(value), basis="corrected by a person")


def _granularity(value: str) -> Granularity:
    forms: dict[int, Granularity] = {10: "day", 7: "month", 4: "year"}
    return "range" if "/" in value else forms[len(value)]


def _side(event: Event, parties: tuple[Party, ...], keys: Sequence[str] | None) -> tuple[Party, ...]:
    """The parties with the given keys: their own words where the sentence names them, else those they take over."""
    if keys is None or list(keys) == _keys(parties):
        return parties
    named = {key: party for party in (*event.actors, *event.recipients) if (key := party_key(party))}
    spare = [party for party in parties if party_key(party) not in keys]
    side = []
    for key in keys:
        words = named.get(key) or (spare.pop(0) if spare else _at_anchor(event))
        side.append(words if party_key(words) == key else _renamed(words, key))
    return tuple(side)


def _at_anchor(event: Event) -> Party:
    """A party that the sentence does not name: its evidence is the anchor."""
    anchor = event.evidence.anchor
    return Party(start=anchor.start, end=anchor.end, text=anchor.text, code=None)


def _renamed(party: Party, key: str) -> Party:
    code, _, detail = key.partition(":")
    sectors = tuple(code[at : at + 3] for at in range(3, len(code), 3))
    is_identifier = detail[:1] == "Q" and detail[1:].isdecimal()
    return replace(
        party,
        code=code[:3],
        sectors=sectors,
        name=None if is_identifier else detail or None,
        identifier=detail if is_identifier else None,
        basis="named by a person",
    )


# --- happenings ---


def rulings_of(corrections: Iterable[Correction]) -> dict[str, list[Correction]]:
    """Standing corrections of happenings by the id they were made on."""
    by_id: dict[str, list[Correction]] = {}
    for correction in corrections:
        if correction.target == "record":
            by_id.setdefault(correction.target_id, []).append(correction)
    return by_id


def ruling_on(record: Record, by_id: Mapping[str, Sequence[Correction]]) -> Ruling | None:
    """What people ruled on a happening under any of its ids; None where nobody did."""
    held = [one for record_id in (record.record_id, *record.aliases) for one in by_id.get(record_id, ())]
    return rule(sorted(held, key=_number)) if held else None


def correct_happening(happening: Happening, ruling: Ruling) -> Happening:
    """A happening as a ruling that does not reject it leaves it. Its id stays: it is the same happening."""
    record = happening.record
    kind = {**fields_of(record), **ruling.changes}
    return replace(
        happening,
        record=replace(
            record,
            **_codes_after(record, ruling),
            actors=_counted(kind["actors"]),
            recipients=_counted(kind["recipients"]),
            date=kind["date"],
            belief=max(record.belief, _accepted_belief()),
            disagreements=tuple(one for one in record.disagreements if not _is_settled(one, ruling)),
        ),
    )


def _counted(keys: Iterable[str]) -> tuple[str, ...]:
    """Parties as happenings count them: sectors are left out."""
    return tuple(sorted({key if ":" in key else key[:3] for key in keys}))


def _is_settled(disagreement: str, ruling: Ruling) -> bool:
    return disagreement.startswith("type: ") and "type" in ruling.changes


@cache
def _accepted_belief() -> float:
    return float(load_priors()["person"]["accepted"])
