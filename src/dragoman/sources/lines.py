"""Article lines: one JSON object a line, `{"doc", "url", "publisher", "published", "title", "text"}`.

Text is taken as it stands, never normalised, so that the caller's offsets hold. A broken line is refused by its number
and the lines after it are read.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from dragoman.model import Report, Skip
from dragoman.sources.streams import REPORT_LIMIT, STREAM_ERRORS, binary_kind, read_lines
from dragoman.sources.trouble import skip, skip_stream_error

_TEXT_FIELDS = ("doc", "url", "publisher", "published", "title", "text")


class _LineError(ValueError):
    """A line is no article line."""


def read_article_lines(stream: io.BufferedReader, location: str) -> Iterator[Report | Skip]:
    """One report for each good line; a `Skip` with the line's number for each other. Blank lines are passed over."""
    count = 0
    is_blank = True
    lines = read_lines(stream)
    while True:
        try:
            number, line = next(lines, (0, b""))
        except STREAM_ERRORS as error:
            yield skip_stream_error(f"{location}:{count + 1}", error)
            return
        if number == 0:
            break
        count = number
        if number == 1 and line and (kind := binary_kind(line)):
            yield skip(location, "binary", f"{kind}, not article lines")
            return
        is_blank = is_blank and line is not None and not line.strip()
        yield from _read_line(line, f"{location}:{number}")
    if is_blank:
        yield skip(location, "empty", "no line in it" if not count else "nothing but blank lines")


def _read_line(line: bytes | None, location: str) -> Iterator[Report | Skip]:
    if line is None:
        yield skip(location, "too-large", f"the line is longer than {REPORT_LIMIT // (1024 * 1024)} MiB")
        return
    if not line.strip():
        return
    try:
        fields = _parse_line(line)
    except _LineError as error:
        yield skip(location, "broken-line", str(error))
        return
    published = read_day(fields.get("published"))
    if fields.get("published") and published is None:
        yield skip(location, "unknown-date", f"published {fields['published']!r:.60} is no date; read without it")
    yield Report(
        location=location,
        kind="line",
        fields=fields,
        url=fields.get("url"),
        publisher=fields.get("publisher"),
        published=published,
        published_basis="line" if published else None,
    )


def _parse_line(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _LineError("not UTF-8") from error
    except RecursionError as error:
        raise _LineError("JSON nested too deep") from error
    except ValueError as error:
        raise _LineError(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise _LineError(f"a JSON object is expected, not {type(fields).__name__}")
    _check_fields(fields)
    return fields


def _check_fields(fields: dict[str, Any]) -> None:
    for name in _TEXT_FIELDS:
        value = fields.get(name)
        if value is not None and not isinstance(value, str):
            raise _LineError(f"{name!r} must be text, not {type(value).__name__}")
        if value and not _is_writable(value):
            raise _LineError(f"{name!r} holds half a character (a lone surrogate)")
    if not (fields.get("text") or fields.get("title") or "").strip():
        raise _LineError("neither text nor title")


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_day(text: str | None) -> date | None:
    """The day of an ISO date or date-time, as written (no shift of time zone); None where there is none.

    >>> read_day("2022-09-20T23:40:00-04:00")
    datetime.date(2022, 9, 20)
    """
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        return None
