"""RSS and Atom feeds: each entry becomes a report of its own, with the entry's title, text, link and date.

Parsed by feedparser from bytes already in hand: nothing is fetched, and its sanitiser is off because the article stage
reads text only. Pages behind the links are not followed here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any
from xml.sax import SAXParseException

import feedparser

from dragoman.model import Report, Skip
from dragoman.sources.lines import read_day
from dragoman.sources.trouble import skip

# What feedparser reports in `bozo_exception` for broken XML, as against an odd header or encoding label.
_PARSE_ERRORS = (SAXParseException,)


def read_feed(content: bytes, location: str) -> Iterator[Report | Skip]:
    """One report for each entry; a `Skip` where the bytes are no feed, or where the feed broke off before its end."""
    # A file object, since feedparser would open bytes that look like a file's name.
    try:
        feed = feedparser.parse(io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
    except (ValueError, OverflowError) as error:  # its parser for broken XML fails on references beyond Unicode
        yield skip(location, "broken-feed", f"not well-formed ({error})")
        return
    if not feed.get("version") and not feed.entries:
        yield skip(location, "broken-feed", "no RSS or Atom feed in it")
        return
    if not feed.entries:
        yield skip(location, "empty", "the feed has no entry")
    publisher = _clean(feed.feed.get("title"))
    for number, entry in enumerate(feed.entries, start=1):
        yield _entry_report(entry, f"{location}#{number}", publisher)
    if feed.bozo and isinstance(feed.get("bozo_exception"), _PARSE_ERRORS):
        detail = f"not well-formed, read as far as it goes: {feed.bozo_exception}"
        yield skip(f"{location}#{len(feed.entries)}", "broken-feed", detail)


def _entry_report(entry: Any, location: str, publisher: str | None) -> Report:
    published = _entry_day(entry)
    contents = [part.get("value") or "" for part in entry.get("content", ())]
    authors = [_clean(author.get("name")) for author in entry.get("authors", ())]
    return Report(
        location=location,
        kind="feed-item",
        fields={
            "title": entry.get("title") or "",
            "html": max([*contents, entry.get("summary") or ""], key=len),
            "authors": tuple(author for author in authors if author),
        },
        url=_clean(entry.get("link")),
        publisher=publisher,
        published=published,
        published_basis="feed" if published else None,
    )


def _entry_day(entry: Any) -> date | None:
    written = entry.get("published") or entry.get("updated") or ""
    day = read_day(written) or _mail_day(written)
    if day:
        return day
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    return date(*parsed[:3]) if parsed else None


def _mail_day(written: str) -> date | None:
    """The day of an RFC 822 date as written, so that an evening in New York stays that day."""
    try:
        return parsedate_to_datetime(written).date()
    except (ValueError, TypeError, IndexError):
        return None


def _clean(text: Any) -> str | None:
    return " ".join(text.split()) or None if isinstance(text, str) else None
