"""What a page is, and what pages share: rows of happenings told for JSON, CSV and feeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dragoman.codebook import load_codebook
from dragoman.model import STATUSES
from dragoman.view import Row
from dragoman.web.answers import Answer, Moved
from dragoman.web.asked import MOST_ROWS, Asked
from dragoman.web.feeds import Entry
from dragoman.web.marking import plain
from dragoman.web.names import headline
from dragoman.web.site import Site

View = Callable[[Asked, Site], Answer | Moved]
# JSON schemas of query parameters by name.
Schemas = Mapping[str, Mapping[str, Any]]

DAY: Mapping[str, Any] = {"type": "string", "format": "date"}
LIMIT: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
TYPE: Mapping[str, Any] = {"type": "string", "enum": list(load_codebook().types)}
STATUS: Mapping[str, Any] = {"type": "string", "enum": list(STATUSES)}
QUAD: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": 4}
PERIOD: Mapping[str, Any] = {"type": "string", "enum": ["day", "week", "month"]}
TEXT: Mapping[str, Any] = {"type": "string", "maxLength": 300}
WINDOW: Schemas = {"since": DAY, "until": DAY}

_OF_A_RECORD = (
    "record_id", "event_type", "mode", "contexts", "status", "quad", "intensity", "actors", "recipients", "date",
    "belief", "voices", "events", "publishers", "urls", "first_reported", "last_reported", "disagreements", "aliases",
)  # fmt: skip


class NotThereError(Exception):
    """The record holds nothing under that address; says so in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: its address, its view, and what a client may ask of it. A private page is not described to clients."""

    name: str
    path: str
    view: View
    summary: str
    parameters: Schemas = field(default_factory=dict)
    method: Literal["GET", "POST"] = "GET"
    is_private: bool = False


def posted_fields(asked: Asked) -> dict[str, str]:
    """The posted fields that are text; a file in their place counts as nothing."""
    return {name: value for name, value in (asked.form or {}).items() if isinstance(value, str)}


def happening_row(row: Row) -> Row:
    """A happening as JSON and CSV tell it: the contract's record row with the sentence that shows it and its link."""
    shown = row["shown"]
    return {
        **{column: row[column] for column in _OF_A_RECORD},
        **{column: row[column] for column in ("weight", "novelty") if column in row},
        "sentence": plain(shown["sentence"]["text"]) if shown else None,
        "url": shown["url"] if shown else None,
    }


def happening_entry(row: Row) -> Entry:
    """A happening as an entry of a feed."""
    shown = row["shown"]
    said = f"{shown['sentence']['text']} ({shown['publisher'] or 'unnamed outlet'})" if shown else ""
    return Entry(
        key=f"record:{row['record_id']}",
        path=f"/records/{row['record_id']}",
        title=headline(row),
        summary=f"{row['event_type']}, {row['date'] or 'no date'}: {said}",
        day=row["last_reported"],
    )


def owners_page(template: str, title: str, *, is_owner: bool, data: Row, told: Row) -> Answer:
    """A page for the owner alone: whoever else asks gets its form for the owner's token, and a refusal."""
    return Answer(
        template=template,
        title=title,
        data=data,
        told={"is_owner": is_owner, **told},
        status=200 if is_owner else 401,
        refusal=None if is_owner else "send the owner's token as a bearer token",
        has_form=True,
        has_other_forms=False,
    )
