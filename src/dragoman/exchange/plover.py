"""PLOVER JSON: one event a line, with the fields of the PLOVER 2.0 manual's data chapter and, beside them, its own.

The manual allows further named fields. What it has no field for (status, confidence, bases, offsets of each party, the
speaker, publication day) stands in such fields, so that nothing is lost on the way out and in. The status is also told
as the manual asks: its auxiliary mode among the contexts. Lines of other writers are read as far as they go, with
either of the manual's two spellings of an entity.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from dragoman.codebook import load_codebook
from dragoman.exchange.cells import NOWHERE, UNSTATED_CONFIDENCE, Row, Unreadable, digest_of, host_of, read_day
from dragoman.exchange.knowledge import country_by_name
from dragoman.exchange.polecat import AUXILIARY, STATUS_OF
from dragoman.model import STATUSES, Event, EventDate, Evidence, Granularity, Party, PlaceMention, Span, Status
from dragoman.rows import date_bounds

CODER = "PLOVER"
_SECTOR_LENGTH = 3

Json = Mapping[str, Any]


# --- writing ---


def write_event(row: Row) -> str:
    """The JSON line of an event row; a `record_id` beside it becomes the link of the related events."""
    record = _known({
        "id": row["event_id"],
        "has_event": True,
        **_date_fields(row),
        "actor": [_entity(party) for party in row["actors"]],
        "recipient": [_entity(party) for party in row["recipients"]],
        "event": [row["event_type"]],
        "event_loc": _location(row["place"]) if row["place"] else None,
        "event_text": [row["anchor"]["text"]],
        "quad_code": row["quad"],
        "event_scale": row["intensity"],
        "mode": [row["mode"]] if row["mode"] is not None else [],
        "context": [*row["contexts"], *([AUXILIARY[row["status"]]] if row["status"] in AUXILIARY else [])],
        "link": row.get("record_id"),
        "text": row["sentence"]["text"],
        "text_info": {"start": row["sentence"]["start"], "end": row["sentence"]["end"]},
        "cite_info": _known({"url": row["url"], "publication": row["publisher"], "codebook": row["codebook"]}),
        "coder": row["coder"],
        "status": row["status"],
        "confidence": row["confidence"],
        "basis": row["basis"],
        "date_granularity": row["date_granularity"],
        "date_basis": row["date_basis"],
        "anchor": {"start": row["anchor"]["start"], "end": row["anchor"]["end"]},
        "attributed_to": _entity(row["attributed_to"]) if row["attributed_to"] else None,
        "article_id": row["article_id"],
        "doc": row["doc"],
        "published": row["published"],
    })
    text = json.dumps(record, ensure_ascii=False)
    return text if _is_whole(text) else json.dumps(record)


def _is_whole(text: str) -> bool:
    """Whether a text has no half characters, which no encoding can write."""
    return text.isascii() or text.encode("utf8", "replace").decode("utf8") == text


def _known(fields: Row) -> Row:
    return {name: value for name, value in fields.items() if value is not None}


def _date_fields(row: Row) -> Row:
    """Date and end date; the value itself is added where the two and the granularity do not tell it."""
    bounds = date_bounds(row["date"])
    if bounds is None:
        return {"date": row["published"], "date_value": row["date"] or ""}
    first, last = (day.isoformat() for day in bounds)
    fields = {"date": first, **({"enddate": last} if first != last else {})}
    told = _date_value(first, fields.get("enddate"), row["date_granularity"])
    return fields if told == row["date"] else {**fields, "date_value": row["date"]}


def _date_value(first: str, last: str | None, granularity: str | None) -> str:
    if last is None:
        return first
    size = {"month": 7, "year": 4}.get(granularity or "")
    return first[:size] if size else f"{first}/{last}"


def _entity(party: Row) -> Row:
    sectors = party["sectors"]
    joined = "".join(sectors[:2])
    return _known({
        "code": party["code"],
        "sector": joined or None,
        "entity_text": party["text"],
        "identifier_id": party["identifier"],
        "identifier_text": party["name"],
        "sectors": sectors if _split_sector(joined) != sectors else None,
        "start": party["start"],
        "end": party["end"],
        "basis": party["basis"],
    })


def _split_sector(sector: str) -> list[str]:
    return [sector[at : at + _SECTOR_LENGTH] for at in range(0, len(sector), _SECTOR_LENGTH)]


def _location(place: Row) -> Row:
    return _known({
        "extracted_place": place["text"],
        "resolved_place": place["name"],
        "geonameid": place["geonameid"],
        "lat": place["latitude"],
        "lon": place["longitude"],
        "country_code": place["country"],
        "start": place["start"],
        "end": place["end"],
        "confidence": place["confidence"],
        "basis": place["basis"],
        "kind": place.get("kind") or None,
    })


# --- reading ---


def read_events(line: str) -> list[Event]:
    """The events of a line: one for each of its types, since a PLOVER record may carry several.

    Raises:
        Unreadable: no JSON object, a field of a wrong kind, or no type of PLOVER 2.0.
    """
    record = _parse(line)
    types = _texts(record, "event")
    event_id = _text(record, "id")
    if not event_id:
        raise Unreadable("no event id")
    if not types:
        raise Unreadable("no PLOVER type", "the list of events is empty")
    return [
        _read_event(record, event_type.upper(), event_id if len(types) == 1 else f"{event_id}/{event_type}")
        for event_type in types
    ]


def _parse(line: str) -> Json:
    try:
        record = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        raise Unreadable("no JSON", type(fault).__name__) from fault
    if not isinstance(record, dict):
        raise Unreadable("no JSON object")
    return record


def _refuse_constant(name: str) -> None:
    raise Unreadable("bad number", name)


def _read_event(record: Json, event_type: str, event_id: str) -> Event:
    codebook = load_codebook()
    if event_type not in codebook.types:
        raise Unreadable("no PLOVER type", event_type[:40])
    mode = next(iter(_texts(record, "mode")), None)
    status, contexts = _read_status(record)
    quad, intensity = _whole(record, "quad_code"), _number(record, "event_scale")
    confidence = _number(record, "confidence")
    return Event(
        event_id=event_id,
        event_type=event_type,
        mode=mode,
        contexts=tuple(contexts),
        status=status,
        quad=quad if quad in {1, 2, 3, 4} else codebook.quad(event_type),
        intensity=codebook.intensity(event_type, mode) if intensity is None else intensity,
        confidence=UNSTATED_CONFIDENCE if confidence is None else confidence,
        basis=_stated(record, "basis", "PLOVER: event"),
        actors=tuple(_read_entity(entity) for entity in _objects(record, "actor")),
        recipients=tuple(_read_entity(entity) for entity in _objects(record, "recipient")),
        date=_read_date(record),
        place=_read_location(_object(record, "event_loc")),
        attributed_to=_read_entity(_object(record, "attributed_to")) if record.get("attributed_to") else None,
        evidence=_read_evidence(record, event_id),
    )


def _read_status(record: Json) -> tuple[Status, list[str]]:
    """Status and contexts: the auxiliary mode is taken out of the contexts again."""
    contexts = _texts(record, "context")
    stated = _text(record, "status")
    for status in STATUSES:
        if status != stated:
            continue
        if contexts and contexts[-1] == AUXILIARY.get(status):
            contexts.pop()
        return status, contexts
    found: list[Status] = [STATUS_OF[context] for context in contexts if context in STATUS_OF]
    return (found or ["asserted"])[0], [context for context in contexts if context not in STATUS_OF]


def _read_date(record: Json) -> EventDate:
    granularity = _text(record, "date_granularity")
    stated = _text(record, "date_value")
    if stated is None:
        first, last = _day(record, "date"), _day(record, "enddate")
        granularity = granularity or ("range" if last and last != first else "day" if first else None)
        stated = _date_value(first, last, granularity) if first else None
    return EventDate(
        value=stated or None,
        granularity=cast("Granularity", granularity) if granularity in get_args(Granularity) else None,
        basis=_stated(record, "date_basis", "PLOVER: date"),
    )


def _day(record: Json, field: str) -> str | None:
    day = read_day(_text(record, field) or "")
    return day.isoformat() if day else None


def _read_entity(entity: Json) -> Party:
    """A party; the manual's actor chapter has other names for the same fields."""
    country = country_by_name(_text(entity, "country_name") or "")
    sectors = _texts(entity, "sectors") if "sectors" in entity else _split_sector(_text(entity, "sector") or "")
    others = _texts(entity, "other_sector_codes")
    start, end, text = _offsets(entity, _either(entity, "entity_text", "raw_text"))
    return Party(
        start=start,
        end=end,
        text=text,
        code=_text(entity, "code") or (country.code if country else None),
        sectors=tuple(sectors or [*_split_sector(_text(entity, "sector_code") or ""), *others]),
        name=_either(entity, "identifier_text", "entity_name"),
        identifier=_either(entity, "identifier_id", "wikidata_id"),
        basis=_stated(entity, "basis", "PLOVER: entity"),
    )


def _either(entity: Json, name: str, other: str) -> str | None:
    found = _text(entity, name)
    return _text(entity, other) if found is None else found


def _read_location(place: Json) -> PlaceMention | None:
    if not place:
        return None
    start, end, text = _offsets(place, _text(place, "extracted_place"))
    confidence = _number(place, "confidence")
    country = country_by_name(_text(place, "country") or "")
    return PlaceMention(
        start=start,
        end=end,
        text=text,
        name=_text(place, "resolved_place"),
        country=_text(place, "country_code") or (country.code if country else None),
        latitude=_number(place, "lat"),
        longitude=_number(place, "lon"),
        geonameid=_whole(place, "geonameid"),
        confidence=1.0 if confidence is None else confidence,
        basis=_stated(place, "basis", "PLOVER: event_loc"),
        kind=_stated(place, "kind", ""),
    )


def _read_evidence(record: Json, event_id: str) -> Evidence:
    cited = _object(record, "cite_info")
    url = _text(cited, "url")
    sentence = _read_span(_object(record, "text_info"), _text(record, "text"))
    words = next(iter(_texts(record, "event_text")), None)
    return Evidence(
        article_id=_stated(record, "article_id", f"url:{digest_of(url)}" if url else f"plover:{event_id}"),
        doc=_stated(record, "doc", url or event_id),
        url=url,
        publisher=_read_publisher(record, cited),
        published=read_day(_text(record, "published") or ""),
        sentence=sentence,
        anchor=_read_span(_object(record, "anchor"), words),
        coder=_stated(record, "coder", _stated(cited, "coder", CODER)),
        codebook=_stated(cited, "codebook", load_codebook().version),
    )


def _read_publisher(record: Json, cited: Json) -> str | None:
    """The publisher; where a stranger's line names none it is the host of the address."""
    publisher = _text(cited, "publication")
    return publisher if publisher is not None or "article_id" in record else host_of(_text(cited, "url"))


def _read_span(place: Json, text: str | None) -> Span:
    start, end, words = _offsets(place, text)
    return Span(start=start, end=end, text=words) if words or start or end else NOWHERE


def _offsets(fields: Json, text: str | None) -> tuple[int, int, str]:
    """Offsets and words; words whose place is not given, or does not fit them, are left aside: they prove nothing."""
    start, end, words = _whole(fields, "start"), _whole(fields, "end"), text or ""
    if start is None or end is None or start < 0 or end - start != len(words):
        return 0, 0, ""
    return start, end, words


# --- fields of a line, whatever a stranger put there ---


def _text(fields: Json, name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Unreadable("bad field", name)


def _stated(fields: Json, name: str, otherwise: str) -> str:
    """The text of a field, be it empty; `otherwise` where the field is not there."""
    value = _text(fields, name)
    return otherwise if value is None else value


def _number(fields: Json, name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return value
    raise Unreadable("bad number", name)


def _whole(fields: Json, name: str) -> int | None:
    value = _number(fields, name)
    if value is None or value == int(value):
        return None if value is None else int(value)
    raise Unreadable("bad number", name)


def _texts(fields: Json, name: str) -> list[str]:
    """A list of texts; a single text counts as a list of one, as older files have it."""
    value = fields.get(name)
    entries: Sequence[object] = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise Unreadable("bad field", name)
    return [str(entry) for entry in entries]


def _object(fields: Json, name: str) -> Json:
    value = fields.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise Unreadable("bad field", name)


def _objects(fields: Json, name: str) -> list[Json]:
    value = fields.get(name)
    entries = [value] if isinstance(value, dict) else value or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Unreadable("bad field", name)
    return entries
