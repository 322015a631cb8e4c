"""Finds reports: files, folders, feeds, archives, article lines, web addresses and the standard input.

First step of the journey: inputs -> `Report`. Inputs are streamed, so memory stays bounded whatever their size. It
guesses nothing about what a page says; what cannot be read is a `Skip` that tells where (`path`, `path:line`,
`path#record`), and the good part of a mixed input still comes out.

The readers of feeds, archives and the web are imported when first needed, so that small jobs start fast.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dragoman.errors import SourceError
from dragoman.model import Report, Skip
from dragoman.sources.lines import read_article_lines
from dragoman.sources.streams import (
    SNIFF_BYTES,
    STREAM_ERRORS,
    Format,
    TooLargeError,
    binary_kind,
    format_of_name,
    read_bounded,
    sniff_format,
    split_content_type,
    unpack_stream,
)
from dragoman.sources.trouble import REASONS, skip, skip_stream_error

if TYPE_CHECKING:
    from dragoman.sources.web import Fetched

__all__ = ["REASONS", "check_inputs", "give_day", "is_archive", "read_named_inputs", "read_reports", "reports_of_page"]

STDIN = "-"
_FORMATS_BY_MEDIA_TYPE: dict[str, Format] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/rss+xml": "feed",
    "application/atom+xml": "feed",
    "application/rdf+xml": "feed",
    "application/x-ndjson": "line",
    "application/jsonl": "line",
    "application/warc": "warc",
}


def read_reports(
    inputs: Iterable[str],
    *,
    published: date | None = None,
    allow_private: bool = False,
    stdin: IO[bytes] | None = None,
) -> Iterator[Report | Skip]:
    """The reports of all inputs in their order, folders sorted by name, with a `Skip` for whatever cannot be read.

    Args:
        inputs: addresses (http, https), paths of files or folders, `-` for the standard input. Files may be `.html
            .htm .txt .jsonl .xml .rss .atom .warc`, each also packed (`.gz .xz .zst`); a file of another name is
            taken for what its first bytes show. In a folder, files of other names are no inputs.
        published: the publication day of reports that carry none of their own (basis `given`).
        allow_private: fetch from private and local addresses too.
        stdin: what `-` reads; the process's standard input by default.

    Raises:
        SourceError: the call itself is wrong: no input, `-` twice, or not one of the named files exists. It is raised
            at once, before anything is read. If only some are missing, each is a `Skip`.
    """
    named = tuple(inputs)
    check_inputs(named)
    reports = _read_inputs(named, allow_private=allow_private, stdin=stdin)
    return (give_day(found, published) for found in reports)


def read_named_inputs(
    inputs: Iterable[str], *, published: date | None = None
) -> Iterator[tuple[Path | None, Iterator[Report | Skip]]]:
    """The reports of `read_reports`, file by file: each file's path with its reports, None with all others.

    A file's reports must be taken before the next file is asked for.

    Raises:
        SourceError: as `read_reports`, at once.
    """
    named = tuple(inputs)
    check_inputs(named)
    parts = (part for name in named for part in _name_input(name))
    return ((path, (give_day(found, published) for found in reports)) for path, reports in parts)


def _name_input(name: str) -> Iterator[tuple[Path | None, Iterator[Report | Skip]]]:
    path = Path(name)
    if name == STDIN or _is_url(name) or not _exists(name):
        yield None, _read_inputs((name,), allow_private=False, stdin=None)
    elif path.is_dir():
        for found in _walk_folder(path):
            yield (None, iter((found,))) if isinstance(found, Skip) else (found, _read_file(found))
    else:
        yield path, _read_file(path)


def check_inputs(inputs: tuple[str, ...]) -> None:
    """Raises SourceError where nothing is named, or nothing that is named is there."""
    if not inputs:
        raise SourceError("Nothing to read: name a file, a folder, an address, or - for the standard input.")
    if inputs.count(STDIN) > 1:
        raise SourceError("The standard input (-) can be read only once; name it once.")
    if not any(name == STDIN or _is_url(name) or _exists(name) for name in inputs):
        raise SourceError(f"No such file or folder: {', '.join(inputs[:3])}. Check the name.")


def _is_url(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # a name too long, without right of access, or with a NUL
        return False


def give_day(found: Report | Skip, published: date | None) -> Report | Skip:
    """The report with a publication day (basis `given`) where it has none of its own."""
    if isinstance(found, Skip) or found.published or published is None:
        return found
    return replace(found, published=published, published_basis="given")


def _read_inputs(inputs: tuple[str, ...], *, allow_private: bool, stdin: IO[bytes] | None) -> Iterator[Report | Skip]:
    for name in inputs:
        if name == STDIN:
            yield from _read_stream(stdin or sys.stdin.buffer, "<stdin>", None)
        elif _is_url(name):
            yield from _read_url(name, allow_private=allow_private)
        elif not _exists(name):
            yield skip(name, "missing", "no such file or folder")
        elif Path(name).is_dir():
            yield from _read_folder(Path(name))
        else:
            yield from _read_file(Path(name))


def _read_folder(folder: Path) -> Iterator[Report | Skip]:
    for found in _walk_folder(folder):
        if isinstance(found, Skip):
            yield found
        else:
            yield from _read_file(found)


def _walk_folder(folder: Path) -> Iterator[Path | Skip]:
    """The files of a folder that can be read, in order, then a skip for what cannot."""
    count = 0
    trouble: list[OSError] = []
    others: list[str] = []
    for parent, folders, names in os.walk(folder, onerror=trouble.append):
        folders.sort()
        others.extend(name for name in names if not format_of_name(name))
        paths = (Path(parent, name) for name in sorted(names) if format_of_name(name))
        for path in paths:
            count += 1
            yield path
    yield from (skip(str(error.filename), "unreadable", error.strerror or "") for error in trouble)
    if others:
        kinds = ", ".join(sorted({Path(name).suffix or name for name in others}))
        yield Skip(location=str(folder), stage="folder", reason="passed-over", detail=f"{len(others)} files: {kinds}")
    if not count and not trouble:
        yield skip(str(folder), "empty", "no file in it that can be read")


def _read_file(path: Path) -> Iterator[Report | Skip]:
    if is_archive(path):
        from dragoman.sources.archives import ArchiveSpan, read_span

        yield from read_span(ArchiveSpan(path=str(path)))
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        yield skip_stream_error(str(path), error)
        return
    with stream:
        yield from _read_stream(stream, str(path), format_of_name(path.name))


def is_archive(path: Path) -> bool:
    """Whether a path is, by its name, a WARC archive with something in it; no pipe, which is read forward only."""
    try:
        return format_of_name(path.name) == "warc" and path.is_file() and path.stat().st_size > 0
    except (OSError, ValueError):
        return False


def _read_url(url: str, *, allow_private: bool) -> Iterator[Report | Skip]:
    from dragoman.sources.web import FetchError, fetch_page

    try:
        page = fetch_page(url, allow_private=allow_private)
    except FetchError as error:
        yield skip(url, error.reason, str(error))
        return
    yield from reports_of_page(page, url)


def reports_of_page(page: Fetched, url: str) -> Iterator[Report | Skip]:
    """The reports of a fetched answer (`sources.web.fetch_page`): one of a page, all of a feed or an archive."""
    media_type, charset = split_content_type(page.content_type)
    form = _FORMATS_BY_MEDIA_TYPE.get(media_type) or format_of_name(page.url.partition("?")[0])
    for found in _read_stream(io.BytesIO(page.content), url, form):
        is_page = isinstance(found, Report) and found.location == url
        yield replace(found, url=page.url, encoding=charset) if is_page and isinstance(found, Report) else found


def _read_stream(stream: IO[bytes], location: str, form: Format | None) -> Iterator[Report | Skip]:
    """The reports of one stream of bytes, packed or not, in the given format or the one its first bytes show."""
    try:
        plain = unpack_stream(stream)
        head = plain.peek(SNIFF_BYTES)[:SNIFF_BYTES]
    except STREAM_ERRORS as error:
        yield skip_stream_error(location, error)
        return
    if not head:
        yield skip(location, "empty", "no byte in it")
        return
    yield from _read_as(form or sniff_format(head) or "text", plain, location)


def _read_as(form: Format, plain: io.BufferedReader, location: str) -> Iterator[Report | Skip]:
    if form == "line":
        yield from read_article_lines(plain, location)
        return
    if form == "warc":
        from dragoman.sources.archives import read_archive

        yield from read_archive(plain, location)
        return
    try:
        content = read_bounded(plain)
    except TooLargeError as error:
        yield skip(location, "too-large", str(error))
        return
    except STREAM_ERRORS as error:
        yield skip_stream_error(location, error)
        return
    if kind := binary_kind(content):
        yield skip(location, "binary", kind)
    elif not content.strip():
        yield skip(location, "empty", "nothing but white space")
    elif form == "feed":
        from dragoman.sources.feeds import read_feed

        yield from read_feed(content, location)
    else:
        yield Report(location=location, kind=form, content=content)
