"""Cells: the pieces that all tabular forms share when a row is written or read.

Text of a cell never breaks its row; a number or day that cannot be read refuses the row (`Unreadable`) instead of
turning into nothing. Imported spans are empty, since an event file brings no text that they could point into.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dragoman import addresses
from dragoman.codebook import load_codebook
from dragoman.exchange.knowledge import cameo_for, known_contexts
from dragoman.model import Event, EventDate, Evidence, Party, PlaceMention, Span

Row = dict[str, Any]

NOWHERE = Span(start=0, end=0, text="")
# An event file that states no confidence leaves it open whether the event is right: neither 0 nor 1 would be true.
UNSTATED_CONFIDENCE = 0.5

_BREAKS = str.maketrans(dict.fromkeys("\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$", re.ASCII)
_CAMEO_BASIS = re.compile(r"CAMEO (\d{2,4})$", re.ASCII)


class Unreadable(Exception):  # noqa: N818 - no error of the caller's: it becomes a Skip
    """Why a line of a file cannot become an event."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def clean(value: object) -> str:
    """The text of a cell: None is empty, tabs and line breaks are spaces, half characters are question marks."""
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return text.translate(_BREAKS).encode("utf8", "replace").decode("utf8")


def read_number(cell: str) -> float | None:
    """A finite decimal number; None for an empty cell."""
    text = cell.strip()
    if not text:
        return None
    if not _NUMBER.match(text) or not math.isfinite(float(text)):
        raise Unreadable("bad number", cell[:40])
    return float(text)


def read_whole(cell: str) -> int | None:
    """A whole number of at most 18 digits; None for an empty cell."""
    text = cell.strip()
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise Unreadable("bad number", cell[:40])
    return int(text)


def read_day(cell: str) -> date | None:
    """The day of `YYYYMMDD` (a time of day may follow), `YYYY-MM-DD` or `month/day/year`; None for an empty cell."""
    text = cell.strip()
    if not text:
        return None
    parts = _day_parts(text)
    try:
        return date(*parts)
    except ValueError:
        raise Unreadable("bad date", cell[:40]) from None


def _day_parts(text: str) -> tuple[int, int, int]:
    if match := re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?:\d{6}|[T ].{0,20})?$", text, re.ASCII):
        return int(match[1]), int(match[2]), int(match[3])
    if match := re.match(r"(\d{1,2})/(\d{1,2})/(\d{4})$", text, re.ASCII):
        return int(match[3]), int(match[1]), int(match[2])
    raise Unreadable("bad date", text[:40])


def read_place(name: str, country: str | None, where: tuple[str, str], **fields: Any) -> PlaceMention | None:
    """A place from its name, country code and the cells of latitude and longitude; None where all say nothing."""
    latitude, longitude = read_number(where[0]), read_number(where[1])
    if (latitude is not None and abs(latitude) > 90) or (longitude is not None and abs(longitude) > 180):
        raise Unreadable("bad coordinates", f"{latitude}, {longitude}")
    if not (name or country or latitude is not None or longitude is not None or fields.get("geonameid")):
        return None
    return PlaceMention(
        start=0,
        end=0,
        text="",
        name=name or None,
        country=country,
        latitude=latitude,
        longitude=longitude,
        **fields,
    )


def make_party(code: str | None, *, name: str = "", sectors: Sequence[str] = (), **fields: Any) -> Party | None:
    """A party of an imported event, without words of its own; None where nothing is known of it."""
    if not (code or name or sectors):
        return None
    distinct = tuple(dict.fromkeys(sectors))
    return Party(start=0, end=0, text="", code=code, sectors=distinct, name=name or None, **fields)


def make_evidence(coder: str, *, article_id: str, **fields: Any) -> Evidence:
    """Evidence of an imported event: the story as far as the file names it, the file's own coder, no words."""
    known: dict[str, Any] = {"doc": article_id, "url": None, "publisher": None, "published": None}
    return Evidence(
        article_id=article_id,
        sentence=NOWHERE,
        anchor=NOWHERE,
        coder=coder,
        codebook=load_codebook().version,
        **{**known, **fields},
    )


def day_date(day: date | None, basis: str) -> EventDate:
    """A day as the date of an event."""
    return EventDate(value=day.isoformat() if day else None, granularity="day" if day else None, basis=basis)


def event_from_cameo(code: str, **fields: Any) -> Event:
    """An event from its CAMEO code: type, mode, contexts, quad class and PLOVER score follow from the crosswalk.

    Raises:
        Unreadable: the code is none of CAMEO 1.1b3's, or one that has no PLOVER type (statements and appeals).
    """
    codebook = load_codebook()
    way = codebook.cameo.get(code.strip())
    if way is None:
        raise Unreadable("no CAMEO code", code[:40])
    if way.event_type is None or way.event_type not in codebook.types:
        raise Unreadable("no PLOVER type", f"CAMEO {way.code} {way.label}")
    return Event(
        event_type=way.event_type,
        mode=way.mode,
        contexts=known_contexts(way, codebook),
        status="asserted",
        quad=codebook.quad(way.event_type),
        intensity=codebook.intensity(way.event_type, way.mode),
        basis=f"CAMEO {way.code}",
        attributed_to=None,
        **{"confidence": UNSTATED_CONFIDENCE, **fields},
    )


def cameo_of(row: Mapping[str, Any]) -> str:
    """The CAMEO code of an event row: the one it was imported with, if its type still fits, else the nearest."""
    match = _CAMEO_BASIS.match(row["basis"] or "")
    way = load_codebook().cameo.get(match[1]) if match else None
    if way is not None and way.event_type == row["event_type"]:
        return way.code
    return cameo_for(row["event_type"], row["mode"], tuple(row["contexts"])).code


def number_of(key: str, form: str) -> int:
    """A whole number (below 10**18) for an id: the file's own where it was imported from this form, else a digest."""
    own = key.removeprefix(f"{form}:")
    if own != key and own.isascii() and own.isdigit() and len(own) <= 18:
        return int(own)
    return int(hashlib.sha256(key.encode("utf8", "surrogatepass")).hexdigest()[:14], 16)


def digest_of(text: str) -> str:
    """A short stable name for a text."""
    return hashlib.sha256(text.encode("utf8", "surrogatepass")).hexdigest()[:20]


def host_of(url: str | None) -> str | None:
    """The host of an address without a leading www; None where it has none."""
    return (addresses.host_of(url) or "").removeprefix("www.") or None


def is_address(text: str) -> bool:
    """Whether a text is a web address and no citation."""
    return text.lower().startswith(("http://", "https://"))
