"""Codes what the reader found as PLOVER events, step 6 of the journey.

Requires a found event with its parties, date, place and speaker resolved; gives an `Event`, or a `Skip` that says which
rule declined it. The rules are rows of `data/codebook/rules.tsv`. It changes no words and fills no field that the
text leaves open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from dragoman.codebook import Codebook
from dragoman.knowledge import table_rows
from dragoman.model import (
    Article,
    Event,
    EventDate,
    Evidence,
    FoundEvent,
    Party,
    PlaceMention,
    Skip,
    Span,
    Status,
)
from dragoman.ontology import Ontology

# Political violence and protest are coded without a named party (gold ruling "No actor in the sentence"); for every
# other type somebody has to be named.
PARTYLESS = frozenset({"ASSAULT", "PROTEST"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the other stages resolved for one found event."""

    actors: tuple[Party, ...]
    recipients: tuple[Party, ...]
    date: EventDate
    place: PlaceMention | None
    speaker: Party | None
    history: str | None = None
    is_lately: bool = False


def code_event(
    found: FoundEvent, around: Circumstances, *, article: Article, codebook: Codebook, coder: str
) -> Event | Skip:
    """Gives the event in PLOVER's terms, or a Skip where no rule lets it stand."""
    if not around.actors and not around.recipients and found.event_type not in PARTYLESS:
        return _without_party(found, found.event_type, article)
    status = status_of(found, around)
    meant, operator = apply_operators(found.event_type, found.anchor.text)
    event_type, why = apply_rules(meant, status)
    mode = found.mode if found.mode in codebook.event_type(event_type).modes else None
    meaning = _Meaning(
        event_type=event_type,
        mode=mode,
        quad=codebook.quad(event_type),
        intensity=codebook.intensity(event_type, mode),
        status=status,
        reasons=tuple(filter(None, [operator, why])),
    )
    return _event(found, around, meaning, article=article, made_by=(coder, codebook.version))


def code_own_event(
    found: FoundEvent, around: Circumstances, *, article: Article, ontology: Ontology, coder: str
) -> Event | Skip:
    """Gives the event as a user's own type (`found.own_type`), or a Skip where that type needs a party and has none.

    The rules of PLOVER, which make other types of what is promised or still to come, do not apply: the status says it.
    """
    kind = ontology.own_type(found.own_type or "")
    if kind.needs_party and not around.actors and not around.recipients:
        return _without_party(found, kind.name, article)
    meaning = _Meaning(
        event_type=kind.name, mode=None, quad=kind.quad, intensity=kind.intensity, status=status_of(found, around)
    )
    return _event(found, around, meaning, article=article, made_by=(coder, ontology.version))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What a codebook or an ontology makes of a found event."""

    event_type: str
    mode: str | None
    quad: int | None
    intensity: float | None
    status: Status
    reasons: tuple[str, ...] = ()


def status_of(found: FoundEvent, around: Circumstances) -> Status:
    """Gives the status that the reader found; what is asserted of long ago is historical, and nothing of late is."""
    if found.status == "asserted" and around.history:
        return "historical"
    return "asserted" if found.status == "historical" and around.is_lately else found.status


def _without_party(found: FoundEvent, event_type: str, article: Article) -> Skip:
    where = f"{article.location or article.doc} [{found.anchor.start}:{found.anchor.end}]"
    return Skip(location=where, stage="codes", reason="no party", detail=f"{event_type} {found.anchor.text!r}")


def _event(
    found: FoundEvent, around: Circumstances, meaning: _Meaning, *, article: Article, made_by: tuple[str, str]
) -> Event:
    """The event with its evidence; `made_by` are the versions of the coder and of the codebook or ontology."""
    coder, codebook = made_by
    reasons = [found.basis, *meaning.reasons, *filter(None, [around.history and f"historical: {around.history}"])]
    return Event(
        event_id=event_id(article.id, found.anchor, meaning.event_type, coder),
        event_type=meaning.event_type,
        mode=meaning.mode,
        contexts=found.contexts,
        status=meaning.status,
        quad=meaning.quad,
        intensity=meaning.intensity,
        confidence=found.confidence,
        basis="; ".join(reasons),
        actors=around.actors,
        recipients=without(around.recipients, around.actors),
        date=around.date,
        place=around.place,
        attributed_to=None if is_own_speech(around.speaker, around.actors) else around.speaker,
        evidence=Evidence.of(article, found.sentence, found.anchor, coder=coder, codebook=codebook),
    )


def apply_rules(event_type: str, status: Status) -> tuple[str, str]:
    """Gives the type that the codebook's rules make of a type and status, and the rule's words ("" where none applies).

    >>> apply_rules("CONSULT", "future")
    ('AGREE', 'rule: a meeting still to come is an agreement to meet')
    """
    rule = load_rules().get((event_type, status))
    return (rule["becomes"], f"rule: {rule['why']}") if rule else (event_type, "")


def apply_operators(event_type: str, anchor: str) -> tuple[str, str]:
    """Gives the type that the anchor's first words make of what the reader saw in it, and the rule's words.

    >>> apply_operators("SUPPORT", "committed to backing its neighbour")
    ('AGREE', "operator 'committed to': a promise of SUPPORT")
    """
    words = anchor.lower().split()
    for length in (3, 2, 1):
        row = load_operators().get(" ".join(words[:length]))
        if row and event_type in row["types"].split(","):
            return row["becomes"], f"operator {row['words']!r}: a promise of {event_type}"
    return event_type, ""


@cache
def load_operators() -> Mapping[str, dict[str, str]]:
    """Reads the words that turn an act into a promise of it, keyed by those words."""
    return {row["words"]: row for row in table_rows("codebook", "operators.tsv")}


@cache
def load_rules() -> Mapping[tuple[str, str], dict[str, str]]:
    """Reads the rules, keyed by type and status."""
    return {(row["type"], row["status"]): row for row in table_rows("codebook", "rules.tsv")}


def without(recipients: Sequence[Party], actors: Sequence[Party]) -> tuple[Party, ...]:
    """Drops recipients that are the very words of an actor: one span cannot be both sides."""
    taken = {(p.start, p.end) for p in actors}
    return tuple(p for p in recipients if (p.start, p.end) not in taken)


def is_own_speech(speaker: Party | None, actors: Sequence[Party]) -> bool:
    """Tells whether the speaker's words are an actor's: then nobody but the actor says it."""
    return speaker is not None and any(speaker.start < p.end and p.start < speaker.end for p in actors)


def event_id(article_id: str, anchor: Span, event_type: str, coder: str) -> str:
    """Gives a stable id: the same article, words, type and coder give the same id."""
    key = f"{article_id}|{anchor.start}|{anchor.end}|{event_type}|{coder}"
    return "ev_" + hashlib.sha256(key.encode()).hexdigest()[:16]
