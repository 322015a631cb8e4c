"""The columns of the record's tables: Arrow schemas, and the nouns as rows of them.

Knows how a noun lies on disk and nothing of where. A stored row is the contract's row with the columns beside it that
make a query or a merge find it: first and last day, cell, party keys, partition, and the snapshot that added it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import permutations, product
from typing import Any

import pyarrow as pa

from dragoman.kinds import is_mutual
from dragoman.model import Article, Event, Skip, Statement
from dragoman.records import Happening
from dragoman.rows import date_bounds, event_row, party_key, record_from_row, record_row, statement_row
from dragoman.tables import TableSpec

NO_PERIOD = "none"

_TEXTS = pa.list_(pa.string())
_SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())])
_PARTY = pa.struct([
    ("text", pa.string()),
    ("start", pa.int64()),
    ("end", pa.int64()),
    ("code", pa.string()),
    ("sectors", _TEXTS),
    ("name", pa.string()),
    ("identifier", pa.string()),
    ("basis", pa.string()),
])
_PLACE = pa.struct([
    ("text", pa.string()),
    ("start", pa.int64()),
    ("end", pa.int64()),
    ("name", pa.string()),
    ("country", pa.string()),
    ("latitude", pa.float64()),
    ("longitude", pa.float64()),
    ("geonameid", pa.int64()),
    ("confidence", pa.float64()),
    ("basis", pa.string()),
    ("kind", pa.string()),
])
_EVIDENCE = [
    ("doc", pa.string()),
    ("sentence", _SPAN),
    ("anchor", _SPAN),
    ("article_id", pa.string()),
    ("url", pa.string()),
    ("publisher", pa.string()),
    ("published", pa.string()),
    ("coder", pa.string()),
    ("codebook", pa.string()),
]
_DAYS = [("day", pa.date32()), ("last_day", pa.date32())]

EVENTS = pa.schema([
    ("event_id", pa.string()),
    ("event_type", pa.string()),
    ("mode", pa.string()),
    ("contexts", _TEXTS),
    ("status", pa.string()),
    ("quad", pa.int8()),
    ("intensity", pa.float64()),
    ("confidence", pa.float64()),
    ("basis", pa.string()),
    ("actors", pa.list_(_PARTY)),
    ("recipients", pa.list_(_PARTY)),
    ("date", pa.string()),
    ("date_granularity", pa.string()),
    ("date_basis", pa.string()),
    ("place", _PLACE),
    ("attributed_to", _PARTY),
    *_EVIDENCE,
    *_DAYS,
    ("actor_keys", _TEXTS),
    ("recipient_keys", _TEXTS),
    ("cell", pa.string()),
    ("year", pa.string()),
    ("added", pa.int64()),
])
RECORDS = pa.schema([
    ("record_id", pa.string()),
    ("event_type", pa.string()),
    ("mode", pa.string()),
    ("contexts", _TEXTS),
    ("status", pa.string()),
    ("quad", pa.int8()),
    ("intensity", pa.float64()),
    ("actors", _TEXTS),
    ("recipients", _TEXTS),
    ("date", pa.string()),
    ("belief", pa.float64()),
    ("voices", pa.int64()),
    ("events", _TEXTS),
    ("publishers", _TEXTS),
    ("urls", _TEXTS),
    ("first_reported", pa.string()),
    ("last_reported", pa.string()),
    ("disagreements", _TEXTS),
    ("aliases", _TEXTS),
    *_DAYS,
    ("words", _TEXTS),
    ("harm", pa.list_(pa.struct([("kind", pa.string()), ("most", pa.int64())]))),
    ("cell", pa.string()),
    ("month", pa.string()),
])
LINKS = pa.schema([
    ("holder", pa.string()),
    ("kind", pa.string()),
    ("record_id", pa.string()),
    ("reason", pa.string()),
    ("cell", pa.string()),
    ("other_cell", pa.string()),
    ("month", pa.string()),
])
DYADS = pa.schema([
    ("low", pa.string()),
    ("high", pa.string()),
    ("is_forward", pa.bool_()),
    ("is_mutual", pa.bool_()),
    *_DAYS,
    ("quad", pa.int8()),
    ("event_type", pa.string()),
    ("intensity", pa.float64()),
    ("belief", pa.float64()),
    ("record_id", pa.string()),
    ("cell", pa.string()),
    ("year", pa.string()),
])
ARTICLES = pa.schema([
    ("article_id", pa.string()),
    ("doc", pa.string()),
    ("url", pa.string()),
    ("publisher", pa.string()),
    ("published", pa.date32()),
    ("published_basis", pa.string()),
    ("title_digest", pa.string()),
    ("language", pa.string()),
    ("fingerprint", pa.string()),
    ("location", pa.string()),
    ("sketch", pa.binary()),
    ("wire", pa.string()),
    ("text", pa.string()),
    ("events", pa.int32()),
    ("coder", pa.string()),
    ("codebook", pa.string()),
    ("added", pa.int64()),
])
EDITIONS = pa.schema([
    ("article_id", pa.string()),
    ("story", pa.string()),
    ("publisher", pa.string()),
    ("published", pa.date32()),
    ("stage", pa.int64()),
    ("is_live", pa.bool_()),
    ("added", pa.int64()),
])
TOPICS = pa.schema([("article_id", pa.string()), ("stems", _TEXTS), ("added", pa.int64())])
STATEMENTS = pa.schema([
    ("statement_id", pa.string()),
    ("speaker", _PARTY),
    ("addressee", _PARTY),
    ("topic", pa.string()),
    ("polarity", pa.string()),
    ("basis", pa.string()),
    *_EVIDENCE,
    ("added", pa.int64()),
])
SKIPS = pa.schema([
    ("location", pa.string()),
    ("stage", pa.string()),
    ("reason", pa.string()),
    ("detail", pa.string()),
    ("added", pa.int64()),
])
COVERAGE = pa.schema([
    ("publisher", pa.string()),
    ("day", pa.date32()),
    ("articles", pa.int64()),
    ("added", pa.int64()),
])
INPUTS = pa.schema([
    ("location", pa.string()),
    ("digest", pa.string()),
    ("articles", pa.int64()),
    ("skips", pa.int64()),
    ("added", pa.int64()),
])
CORRECTIONS = pa.schema([
    ("correction_id", pa.string()),
    ("target", pa.string()),
    ("target_id", pa.string()),
    ("verdict", pa.string()),
    ("reason", pa.string()),
    ("name", pa.string()),
    ("made_at", pa.string()),
    ("changes", pa.string()),
    ("was", pa.string()),
    ("undoes", pa.string()),
    ("article_id", pa.string()),
    ("start", pa.int64()),
    ("end", pa.int64()),
    ("cell", pa.string()),
])
# Events as people left them, made anew from corrections and events. `layer` is "event" for what was corrected itself,
# "record" for the events of a corrected happening, merged in the cell `merged_in`; `corrected_by` are correction ids.
CORRECTED = pa.schema([
    *EVENTS,
    ("layer", pa.string()),
    ("is_rejected", pa.bool_()),
    ("merged_in", pa.string()),
    ("corrected_by", _TEXTS),
])
FORGOTTEN = pa.schema([("what", pa.string()), ("reason", pa.string()), ("forgotten_on", pa.date32())])

SPECS: Mapping[str, TableSpec] = {
    "articles": TableSpec(schema=ARTICLES, statistics=("published", "added")),
    # Pages want few rows of a day: small groups let them pass over the others (measured by eval/page_speed.py).
    "events": TableSpec(
        schema=EVENTS, partition="year", statistics=("day", "added"), rows_in_group=8_192, distinct=("event_id",)
    ),
    # Those of users' own types, apart: ties, exports and pages of the record know PLOVER's alone.
    "own_events": TableSpec(schema=EVENTS, statistics=("day", "added"), distinct=("event_id",)),
    "records": TableSpec(
        schema=RECORDS, partition="month", statistics=("day",), rows_in_group=8_192, distinct=("record_id",)
    ),
    "links": TableSpec(schema=LINKS, partition="month", statistics=("holder",)),
    "dyads": TableSpec(
        schema=DYADS,
        partition="year",
        statistics=("low", "high", "day"),
        rows_in_group=65_536,
        distinct=("record_id",),
    ),
    "editions": TableSpec(schema=EDITIONS, statistics=("added",)),
    "topics": TableSpec(schema=TOPICS, statistics=("added",)),
    "statements": TableSpec(schema=STATEMENTS, statistics=("added",)),
    "skips": TableSpec(schema=SKIPS, statistics=("added",)),
    "coverage": TableSpec(schema=COVERAGE, statistics=("day",)),
    "inputs": TableSpec(schema=INPUTS, statistics=("added",)),
    "corrections": TableSpec(schema=CORRECTIONS, statistics=("made_at",)),
    "corrected": TableSpec(schema=CORRECTED, statistics=("day",)),
    "forgotten": TableSpec(schema=FORGOTTEN, statistics=("forgotten_on",)),
}


def stored_event(event: Event, *, cell: str, day_value: str | None, added: int) -> dict[str, Any]:
    """An event as a row of the events table."""
    return {
        **event_row(event),
        **_day_columns(day_value),
        "actor_keys": [key for party in event.actors if (key := party_key(party))],
        "recipient_keys": [key for party in event.recipients if (key := party_key(party))],
        "cell": cell,
        "year": year_of(day_value),
        "added": added,
    }


def stored_corrected(event: Mapping[str, Any], *, by: tuple[str, ...], **columns: Any) -> dict[str, Any]:
    """A row of the events table as a row of the corrected table; `columns` are layer, is_rejected and merged_in."""
    return {**event, "corrected_by": list(by), **columns}


def stored_happening(happening: Happening) -> dict[str, Any]:
    """A happening as a row of the records table, its links apart."""
    record = happening.record
    return {
        **record_row(record),
        **_day_columns(record.date),
        "words": sorted(happening.words),
        "harm": [{"kind": kind, "most": most} for kind, most in sorted(happening.harm.items())],
        "cell": happening.cell,
        "month": month_of(record.date),
    }


def happening_from_row(row: dict[str, Any]) -> Happening:
    """The happening that `stored_happening` was made from."""
    return Happening(
        record=record_from_row({**row, "links": []}),
        cell=row["cell"],
        words=frozenset(row["words"]),
        harm={entry["kind"]: entry["most"] for entry in row["harm"]},
    )


def stored_dyads(happening: Happening) -> Iterator[dict[str, Any]]:
    """A record as rows of the dyads table: one for each pair of parties that face each other.

    Only what is asserted makes a dyad: what was denied, planned, supposed or long past moves no tie. What is mutual
    (`is_mutual`) lies there twice, once in each direction.
    """
    record = happening.record
    if record.status != "asserted":
        return
    one_way = set(product(record.actors, record.recipients))
    is_shared = is_mutual(record.event_type, record.mode, has_recipients=bool(record.recipients))
    mutual = {*permutations(record.actors, 2)} if is_shared else set()
    for actor, recipient in sorted(one_way | mutual):
        low, high = sorted((actor, recipient))
        yield {
            "low": low,
            "high": high,
            "is_forward": actor == low,
            "is_mutual": (actor, recipient) in mutual,
            **_day_columns(record.date),
            "quad": record.quad,
            "event_type": record.event_type,
            "intensity": record.intensity,
            "belief": record.belief,
            "record_id": record.record_id,
            "cell": happening.cell,
            "year": year_of(record.date),
        }


def stored_article(article: Article, **columns: Any) -> dict[str, Any]:
    """An article as a row of the articles table; `columns` are those that do not come from the article itself."""
    title = " ".join(article.title.casefold().split())
    return {
        "article_id": article.id,
        "doc": article.doc,
        "url": article.url,
        "publisher": article.publisher,
        "published": article.published,
        "published_basis": article.published_basis,
        "title_digest": hashlib.sha256(title.encode()).hexdigest()[:16] if title else None,
        "language": article.language,
        "fingerprint": article.fingerprint,
        "location": article.location,
        **columns,
    }


def stored_statement(statement: Statement, *, added: int) -> dict[str, Any]:
    """A statement as a row of the statements table."""
    return {**statement_row(statement), "added": added}


def stored_skip(skip: Skip, *, added: int) -> dict[str, Any]:
    """A skip as a row of the skips table."""
    return {
        "location": skip.location,
        "stage": skip.stage,
        "reason": skip.reason,
        "detail": skip.detail,
        "added": added,
    }


def year_of(day_value: str | None) -> str:
    """The partition of a date value: its first year."""
    bounds = date_bounds(day_value)
    return f"{bounds[0].year:04d}" if bounds else NO_PERIOD


def month_of(day_value: str | None) -> str:
    """The partition of a date value: its first month."""
    bounds = date_bounds(day_value)
    return f"{bounds[0].year:04d}-{bounds[0].month:02d}" if bounds else NO_PERIOD


def _day_columns(day_value: str | None) -> dict[str, date | None]:
    bounds = date_bounds(day_value)
    return {"day": bounds[0] if bounds else None, "last_day": bounds[1] if bounds else None}
