"""WARC archives: each archived page becomes a report, streamed record by record with fastwarc.

Only answers that hold a page are reports: redirects, errors, images and the like are refused as `not-a-page`; the
archive's own book-keeping records (requests, metadata) are no answers and are passed over.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPException, parse_headers
from typing import Any, Literal

from fastwarc.stream_io import BrotliReader, ChunkedReader
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from dragoman.model import Report, Skip
from dragoman.sources.streams import REPORT_LIMIT, STREAM_ERRORS, split_content_type
from dragoman.sources.trouble import skip

# Headers of an answer beyond this size are hostile.
_HEADER_LIMIT = 64 * 1024
_PAGE_TYPES: dict[str, Literal["html", "text"]] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "text",
    "": "html",
}
_ANSWERS = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion


class _RecordError(Exception):
    """A record is declined, for the reason of the closed list and with the detail it carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_archive(stream: io.BufferedReader, location: str) -> Iterator[Report | Skip]:
    """One report for each archived page. An archive that is cut off gives its whole records, then a `Skip`."""
    number = 0
    records = _iterate(stream)
    while True:
        number += 1
        here = f"{location}#{number}"
        try:
            record = next(records, None)
            if record is None:
                break
            yield _read_record(record, here)
        except _RecordError as declined:
            yield skip(here, declined.reason, str(declined))
        except STREAM_ERRORS as error:
            yield skip(here, "truncated" if number > 1 else "broken-record", f"the archive breaks off here ({error})")
            return
    if number == 1:
        yield skip(location, "empty", "no archived page in it")


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


def _iterate(stream: io.BufferedReader) -> Iterator[WarcRecord]:
    records = ArchiveIterator(
        _Forward(stream), record_types=_ANSWERS, parse_http=False, max_header_len=_HEADER_LIMIT, fsspec_args=False
    )
    return iter(records)


def _read_record(record: WarcRecord, location: str) -> Report:
    block = record.reader.read(min(record.content_length, REPORT_LIMIT) + 1)
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
