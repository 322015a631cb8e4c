"""Rows: the nouns as plain dictionaries, for the contract's JSON lines and for the columns of the store.

Stands beside the journey: it knows the nouns and nothing else. A row never holds more than its noun; it refuses
nothing and computes nothing but the first and last day that a date value covers.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Any

from dragoman.model import (
    Event,
    EventDate,
    Evidence,
    Link,
    Mention,
    Party,
    PlaceMention,
    Record,
    Span,
    Statement,
    Tie,
    TimeMention,
)

# Umbrella codes of PLOVER's non-state "countries": the code alone does not say who is meant, the name does.
UMBRELLA_CODES = frozenset({"IGO", "NGO", "ISM", "IMG", "MNC"})

_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)$")
_MONTH = re.compile(r"(\d{4})-(\d\d)$")
_YEAR = re.compile(r"(\d{4})$")


def party_key(party: Party) -> str | None:
    """The name by which a party is counted: its code, or `code:identifier` for an umbrella code; None if unresolved."""
    if party.code is None:
        return None
    if party.code not in UMBRELLA_CODES:
        return party.code
    detail = party.identifier or party.name
    return f"{party.code}:{detail}" if detail else party.code


def date_bounds(value: str | None) -> tuple[date, date] | None:
    """First and last day (both inside) of an ISO day, `YYYY-MM`, `YYYY` or `start/end`; None for anything else."""
    if not value:
        return None
    first, _, last = value.partition("/")
    start, end = _bounds(first), _bounds(last or first)
    if start is None or end is None or end[1] < start[0]:
        return None
    return start[0], end[1]


def _bounds(value: str) -> tuple[date, date] | None:
    try:
        if match := _DAY.match(value):
            day = date(int(match[1]), int(match[2]), int(match[3]))
            return day, day
        if match := _MONTH.match(value):
            year, month = int(match[1]), int(match[2])
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        if match := _YEAR.match(value):
            return date(int(match[1]), 1, 1), date(int(match[1]), 12, 31)
    except ValueError:  # a month 13 or a day 31 in June: no date at all
        return None
    return None


def each_day(since: date, until: date) -> list[date]:
    """The days of the half-open window from `since` to `until`."""
    return [since + timedelta(days=number) for number in range((until - since).days)]


def counted(number: int, noun: str) -> str:
    """Gives "1 happening", "2 happenings"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def event_row(event: Event) -> dict[str, Any]:
    """The contract's event row: plain JSON values; the sentence's words and the link stand beside what is required."""
    evidence = event.evidence
    return {
        "doc": evidence.doc,
        "event_id": event.event_id,
        "event_type": event.event_type,
        "mode": event.mode,
        "contexts": list(event.contexts),
        "status": event.status,
        "quad": event.quad,
        "intensity": event.intensity,
        "confidence": event.confidence,
        "basis": event.basis,
        "actors": [_party_row(party) for party in event.actors],
        "recipients": [_party_row(party) for party in event.recipients],
        "date": event.date.value,
        "date_granularity": event.date.granularity,
        "date_basis": event.date.basis,
        "place": _place_row(event.place),
        "attributed_to": _party_row(event.attributed_to) if event.attributed_to else None,
        **_evidence_row(evidence),
    }


def record_row(record: Record) -> dict[str, Any]:
    """The contract's record row, with voices, disagreements, links and aliases beside the required fields."""
    return {
        "record_id": record.record_id,
        "event_type": record.event_type,
        "mode": record.mode,
        "contexts": list(record.contexts),
        "status": record.status,
        "quad": record.quad,
        "intensity": record.intensity,
        "actors": list(record.actors),
        "recipients": list(record.recipients),
        "date": record.date,
        "belief": record.belief,
        "voices": record.voices,
        "events": list(record.event_ids),
        "publishers": list(record.publishers),
        "urls": list(record.urls),
        "first_reported": _iso(record.first_reported),
        "last_reported": _iso(record.last_reported),
        "disagreements": list(record.disagreements),
        "links": [{"kind": link.kind, "record_id": link.record_id, "reason": link.reason} for link in record.links],
        "aliases": list(record.aliases),
    }


def record_from_row(row: dict[str, Any]) -> Record:
    """The record that `record_row` was made from."""
    return Record(
        record_id=row["record_id"],
        event_type=row["event_type"],
        mode=row["mode"],
        contexts=tuple(row["contexts"]),
        status=row["status"],
        quad=row["quad"],
        intensity=row["intensity"],
        actors=tuple(row["actors"]),
        recipients=tuple(row["recipients"]),
        date=row["date"],
        belief=row["belief"],
        event_ids=tuple(row["events"]),
        publishers=tuple(row["publishers"]),
        urls=tuple(row["urls"]),
        first_reported=_day(row["first_reported"]),
        last_reported=_day(row["last_reported"]),
        voices=row["voices"],
        disagreements=tuple(row["disagreements"]),
        links=tuple(Link(**link) for link in row["links"]),
        aliases=tuple(row["aliases"]),
    )


def tie_row(tie: Tie) -> dict[str, Any]:
    """The contract's tie row. `intensity` is None of nothing, `level` where nothing was read, never zero."""
    return {
        "actor": tie.actor,
        "recipient": tie.recipient,
        "since": tie.since.isoformat(),
        "until": tie.until.isoformat(),
        "quads": {str(quad): count for quad, count in enumerate(tie.quads, start=1)},
        "intensity": tie.intensity,
        "level": tie.level,
        "level_sd": tie.level_sd,
        "trend": tie.trend,
        "covered": tie.covered,
        "articles": tie.articles,
        "rate": None if tie.rate is None else round(tie.rate, 4),
        "believed": tie.believed,
        "believed_sd": tie.believed_sd,
        "cooperation": tie.cooperation,
        "conflict": tie.conflict,
        "pledges": tie.pledges,
        "threats": tie.threats,
        "records": list(tie.record_ids),
    }


def statement_row(statement: Statement) -> dict[str, Any]:
    """A statement as plain JSON values."""
    evidence = statement.evidence
    return {
        "statement_id": statement.statement_id,
        "doc": evidence.doc,
        "speaker": _party_row(statement.speaker) if statement.speaker else None,
        "addressee": _party_row(statement.addressee) if statement.addressee else None,
        "topic": statement.topic,
        "polarity": statement.polarity,
        "basis": statement.basis,
        **_evidence_row(evidence),
    }


def event_from_row(row: dict[str, Any]) -> Event:
    """The event that `event_row` was made from: the two are inverse.

    Raises:
        KeyError, TypeError, ValueError: the row is not one that `event_row` made.
    """
    return Event(
        event_id=row["event_id"],
        event_type=row["event_type"],
        mode=row["mode"],
        contexts=tuple(row["contexts"]),
        status=row["status"],
        quad=row["quad"],
        intensity=row["intensity"],
        confidence=row["confidence"],
        basis=row["basis"],
        actors=tuple(_party(party) for party in row["actors"]),
        recipients=tuple(_party(party) for party in row["recipients"]),
        date=EventDate(value=row["date"], granularity=row["date_granularity"], basis=row["date_basis"]),
        place=PlaceMention(**row["place"]) if row["place"] else None,
        attributed_to=_party(row["attributed_to"]) if row["attributed_to"] else None,
        evidence=_evidence(row),
    )


def statement_from_row(row: dict[str, Any]) -> Statement:
    """The statement that `statement_row` was made from."""
    return Statement(
        statement_id=row["statement_id"],
        speaker=_party(row["speaker"]) if row["speaker"] else None,
        addressee=_party(row["addressee"]) if row["addressee"] else None,
        topic=row["topic"],
        polarity=row["polarity"],
        basis=row["basis"],
        evidence=_evidence(row),
    )


def _evidence_row(evidence: Evidence) -> dict[str, Any]:
    """The proof as it ends a row; `doc` stands at the row's beginning."""
    return {
        "sentence": span_row(evidence.sentence),
        "anchor": span_row(evidence.anchor),
        "article_id": evidence.article_id,
        "url": evidence.url,
        "publisher": evidence.publisher,
        "published": _iso(evidence.published),
        "coder": evidence.coder,
        "codebook": evidence.codebook,
    }


def _evidence(row: dict[str, Any]) -> Evidence:
    return Evidence(
        article_id=row["article_id"],
        doc=row["doc"],
        url=row["url"],
        publisher=row["publisher"],
        published=_day(row["published"]),
        sentence=Span(**row["sentence"]),
        anchor=Span(**row["anchor"]),
        coder=row["coder"],
        codebook=row["codebook"],
    )


def _party_row(party: Party) -> dict[str, Any]:
    return {
        "text": party.text,
        "start": party.start,
        "end": party.end,
        "code": party.code,
        "sectors": list(party.sectors),
        "name": party.name,
        "identifier": party.identifier,
        "basis": party.basis,
    }


def _party(row: dict[str, Any]) -> Party:
    return Party(**{**row, "sectors": tuple(row["sectors"])})


def _place_row(place: PlaceMention | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "text": place.text,
        "start": place.start,
        "end": place.end,
        **feature_row(place),
        "kind": place.kind,
    }


def feature_row(place: PlaceMention) -> dict[str, Any]:
    """What a place is, without the words that name it; degrees are WGS 84."""
    return {
        "name": place.name,
        "country": place.country,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "geonameid": place.geonameid,
        "confidence": place.confidence,
        "basis": place.basis,
    }


def span_row(span: Mention | TimeMention | PlaceMention | Span) -> dict[str, Any]:
    """Words and where they stand."""
    return {"start": span.start, "end": span.end, "text": span.text}


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
