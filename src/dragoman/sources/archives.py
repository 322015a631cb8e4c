"""WARC archives: each archived page becomes a report, streamed record by record with fastwarc.

Only answers that hold a page are reports: redirects, errors, images and the like are refused as `not-a-page`; the
archive's own book-keeping records (requests, metadata) are no answers and are passed over.

An archive that is a file is read by offsets: a damaged record is set aside with a reason and reading goes on at the
next one that opens, and `plan_spans` cuts it into runs of records that can be read apart, by other processes and after
an interruption. That needs an archive packed record by record, as the format asks for; one packed as a whole, or in xz,
is one span.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException, parse_headers
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

from fastwarc.stream_io import BrotliReader, ChunkedReader
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from dragoman.model import Report, Skip
from dragoman.sources.streams import CHUNK, REPORT_LIMIT, STREAM_ERRORS, split_content_type, unpack_stream
from dragoman.sources.trouble import skip, skip_stream_error

# Headers of an answer beyond this size are hostile.
_HEADER_LIMIT = 64 * 1024
_PAGE_TYPES: dict[str, Literal["html", "text"]] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "text",
    "": "html",
}
_ANSWERS = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion
# What a record begins with, by how the archive is packed: gzip members, zstd frames, or not at all.
_OPENINGS = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"WARC/")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSpan:
    """A run of an archive's records: from byte `start` up to byte `stop` (None: to the end) of the packed file.

    `first` is the number of its first record, counted from 1 over the answers of the archive; `count` is how many it
    holds, 0 where that is not known.
    """

    path: str
    start: int = 0
    stop: int | None = None
    first: int = 1
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """A record as it lies in the file: its first byte and its block, or why it cannot be read.

    A record whose very header is damaged has no known first byte.
    """

    offset: int | None
    record: WarcRecord | None
    block: bytes = b""
    trouble: Exception | None = None
    goes_on_at: int | None = None


class _RecordError(Exception):
    """A record is declined, for the reason of the closed list and with the detail it carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_archive(stream: io.BufferedReader, location: str) -> Iterator[Report | Skip]:
    """One report for each page of an archive that can only be read forward. Where it breaks off, a `Skip` says so."""
    yield from _read_found(_walk_forward(stream), location, first=1)


def read_span(span: ArchiveSpan) -> Iterator[Report | Skip]:
    """One report for each archived page of a span; a `Skip` for each record that is damaged or no page."""
    try:
        with Path(span.path).open("rb") as stream:
            is_seekable = _is_seekable(stream)
            found = _walk(stream, span.start, span.stop) if is_seekable else _walk_forward(unpack_stream(stream))
            yield from _read_found(found, span.path, first=span.first)
    except OSError as error:
        yield skip_stream_error(span.path, error)


def plan_spans(whole: ArchiveSpan, size: int) -> Iterator[ArchiveSpan]:
    """Cuts a span into spans of `size` records, as it is read through once. Damaged records count like others."""
    start, first, count = whole.start, whole.first, 0
    with Path(whole.path).open("rb") as stream:
        if not _is_seekable(stream):
            yield whole
            return
        for found in _walk(stream, whole.start, whole.stop):
            if count >= size and found.offset is not None:
                yield ArchiveSpan(path=whole.path, start=start, stop=found.offset, first=first, count=count)
                start, first, count = found.offset, first + count, 0
            count += 1
    yield ArchiveSpan(path=whole.path, start=start, stop=whole.stop, first=first, count=count)


def _read_found(found: Iterator[_Found], location: str, *, first: int) -> Iterator[Report | Skip]:
    number = first - 1
    for number, one in enumerate(found, start=first):
        here = f"{location}#{number}"
        if one.record is None:
            yield _skip_damage(one, here, is_first=number == 1)
            continue
        try:
            yield _read_record(one.record, one.block, here)
        except _RecordError as declined:
            yield skip(here, declined.reason, str(declined))
    if number == 0:
        yield skip(location, "empty", "no archived page in it")


def _skip_damage(one: _Found, here: str, *, is_first: bool) -> Skip:
    if one.goes_on_at is not None:
        return skip(here, "broken-record", f"damaged ({one.trouble}); read on from byte {one.goes_on_at}")
    return skip(here, "broken-record" if is_first else "truncated", f"the archive breaks off here ({one.trouble})")


# --- finding records ---


def _walk(stream: IO[bytes], start: int, stop: int | None) -> Iterator[_Found]:
    """The answers of an archive from byte `start` on; after damage, from the next record that opens."""
    goes_on_at: int | None = start
    while goes_on_at is not None and (stop is None or goes_on_at < stop):
        goes_on_at = yield from _walk_to_damage(stream, goes_on_at, stop)


def _walk_to_damage(stream: IO[bytes], start: int, stop: int | None) -> Generator[_Found, None, int | None]:
    """The answers up to the end or the first that is damaged, told of last; returns where the next one opens."""
    last, opened = start, None
    try:
        for record in _iterate(stream, start):
            last = opened = record.stream_pos
            if stop is not None and opened >= stop:
                return None
            yield _Found(opened, record, _read_block(record))
            opened = None
    except STREAM_ERRORS as error:
        goes_on_at = _find_opening(stream, last + 1)
        yield _Found(opened, None, trouble=error, goes_on_at=goes_on_at)
        return goes_on_at
    return None


def _walk_forward(stream: io.BufferedReader) -> Iterator[_Found]:
    try:
        for record in ArchiveIterator(_Forward(stream), **_HOW):
            yield _Found(0, record, _read_block(record))
    except STREAM_ERRORS as error:
        yield _Found(0, None, trouble=error)


_HOW: dict[str, Any] = {
    "record_types": _ANSWERS,
    "parse_http": False,
    "max_header_len": _HEADER_LIMIT,
    "fsspec_args": False,
}


def _iterate(stream: IO[bytes], offset: int) -> Iterator[WarcRecord]:
    stream.seek(offset)
    return iter(ArchiveIterator(stream, **_HOW))


def _read_block(record: WarcRecord) -> bytes:
    """The record's bytes, one more than a report may have where it is too large."""
    return bytes(record.reader.read(min(record.content_length, REPORT_LIMIT) + 1))


def _is_seekable(stream: IO[bytes]) -> bool:
    """Whether records can be found again by their offsets: each begins as the file begins. Leaves it at its start."""
    opening = _opening_of(stream, 0)
    offsets: list[int] = []
    try:
        offsets += [record.stream_pos for record in islice(_iterate(stream, 0), 2)]
    except STREAM_ERRORS:
        pass  # damage is told of by whoever reads the records
    finally:
        is_seekable = opening is not None and all(_opening_of(stream, offset) == opening for offset in offsets)
        stream.seek(0)
    return is_seekable


def _opening_of(stream: IO[bytes], offset: int) -> bytes | None:
    here = stream.tell()
    stream.seek(offset)
    head = stream.read(len(_OPENINGS[-1]))
    stream.seek(here)
    return next((opening for opening in _OPENINGS if head.startswith(opening)), None)


def _find_opening(stream: IO[bytes], offset: int) -> int | None:
    """The first byte from `offset` on at which a record opens; None where there is none."""
    opening = _opening_of(stream, 0) or _OPENINGS[-1]
    while (offset := _find_bytes(stream, opening, offset)) >= 0:
        if _opens(stream, offset):
            return offset
        offset += 1
    return None


def _find_bytes(stream: IO[bytes], wanted: bytes, offset: int) -> int:
    """The first byte from `offset` on at which `wanted` stands; -1 where it does not."""
    stream.seek(offset)
    kept = b""
    while chunk := stream.read(16 * CHUNK):
        window = kept + chunk
        if (at := window.find(wanted)) >= 0:
            return offset - len(kept) + at
        offset += len(chunk)
        kept = window[1 - len(wanted) :]
    return -1


def _opens(stream: IO[bytes], offset: int) -> bool:
    try:
        stream.seek(offset)
        record = next(iter(ArchiveIterator(stream, **{**_HOW, "record_types": WarcRecordType.any_type})), None)
    except STREAM_ERRORS:
        return False
    return record is not None and record.stream_pos == offset


class _Forward(io.RawIOBase):
    """A stream that is only read forward. fastwarc asks for its position, and aborts where a pipe has none."""

    def __init__(self, stream: io.BufferedReader) -> None:
        super().__init__()
        self._stream = stream
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = self._stream.readinto1(buffer)
        self._position += size
        return size

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if offset and whence == io.SEEK_CUR or whence == io.SEEK_SET and offset != self._position:
            raise io.UnsupportedOperation("an archive is only read forward")
        return self._position


def _read_record(record: WarcRecord, block: bytes, location: str) -> Report:
    if len(block) > REPORT_LIMIT:
        raise _RecordError("too-large", f"{record.content_length} bytes in one page")
    if len(block) < record.content_length:
        raise _RecordError("truncated", f"{len(block)} of {record.content_length} bytes are there")
    headers = record.headers
    url = (headers.get("WARC-Target-URI") or "").strip("<>") or None
    if record.record_type == WarcRecordType.response:
        content_type, content = _open_answer(block)
    else:
        content_type, content = headers.get("Content-Type") or "", block
    media_type, charset = split_content_type(content_type)
    kind = _PAGE_TYPES.get(media_type)
    if kind is None:
        raise _RecordError("not-a-page", media_type)
    return Report(
        location=location,
        kind=kind,
        content=content,
        url=url,
        encoding=charset,
        fetched_at=_fetched_at(record),
    )


def _fetched_at(record: WarcRecord) -> datetime | None:
    moment: Any = record.record_date
    return moment if isinstance(moment, datetime) else None


def _open_answer(block: bytes) -> tuple[str, bytes]:
    """Content type and body of an archived HTTP answer, unpacked as its headers say."""
    stream = io.BytesIO(block)
    status = stream.readline(_HEADER_LIMIT).split(None, 2)
    if len(status) < 2 or not status[0].startswith(b"HTTP/"):
        raise _RecordError("broken-record", "no HTTP answer in the record")
    if status[1] != b"200":
        raise _RecordError("not-a-page", f"HTTP status {status[1][:3].decode('ascii', 'replace')}")
    try:
        headers = parse_headers(stream)
    except HTTPException as error:
        raise _RecordError("broken-record", f"the HTTP headers cannot be read ({error})") from error
    body = stream.read()
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        body = _dechunk(body)
    return headers.get("Content-Type", ""), _unpack_body(body, headers.get("Content-Encoding", "").lower())


def _dechunk(body: bytes) -> bytes:
    """The joined chunks; the body itself where it was stored joined already, as crawlers often do."""
    size = body.partition(b"\r\n")[0].partition(b";")[0].strip()
    if not size or size.strip(b"0123456789abcdefABCDEF"):
        return body
    try:
        return bytes(ChunkedReader(io.BytesIO(body)).read(REPORT_LIMIT + 1))
    except STREAM_ERRORS as error:
        raise _RecordError("truncated", f"a broken chunk ({error})") from error


def _unpack_body(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding; unchanged where the crawler had unpacked it but kept the header."""
    try:
        if encoding in {"gzip", "x-gzip"} and body.startswith(b"\x1f\x8b"):
            plain = zlib.decompressobj(wbits=31).decompress(body, REPORT_LIMIT + 1)
        elif encoding == "deflate" and body[:1] == b"\x78":
            plain = zlib.decompressobj().decompress(body, REPORT_LIMIT + 1)
        elif encoding == "br" and body.lstrip()[:1] != b"<":
            plain = bytes(BrotliReader(io.BytesIO(body)).read(REPORT_LIMIT + 1))
        else:
            return body
    except STREAM_ERRORS as error:
        raise _RecordError("truncated", f"the {encoding} body is damaged ({error})") from error
    if len(plain) > REPORT_LIMIT:
        raise _RecordError("too-large", f"more than {REPORT_LIMIT // (1024 * 1024)} MiB once unpacked")
    return plain
