"""Byte streams of the inputs: opened, unpacked by what they are (not by their name), and read within bounds.

First step inside `sources`: a file, the standard input or a fetched page becomes one buffered stream of plain bytes.
It refuses to hold more than `REPORT_LIMIT` bytes of one report, whatever the input claims to be.
"""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Literal, Protocol

Format = Literal["html", "text", "line", "feed", "warc"]

# One report may take this many bytes. Common Crawl cuts pages at 5 MiB, so nothing an archive keeps whole is refused.
REPORT_LIMIT = 8 * 1024 * 1024
# `xz -9` needs 65 MiB to unpack; a header may ask for 4 GiB, and does not get it.
XZ_MEMORY_LIMIT = 256 * 1024 * 1024
CHUNK = 64 * 1024
SNIFF_BYTES = 4096

# What reading a packed or broken stream can raise.
STREAM_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError)

FORMATS_BY_SUFFIX: dict[str, Format] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".txt": "text",
    ".jsonl": "line",
    ".ndjson": "line",
    ".xml": "feed",
    ".rss": "feed",
    ".atom": "feed",
    ".warc": "warc",
}
PACKED_SUFFIXES = (".gz", ".xz", ".zst")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class TooLargeError(Exception):
    """A report takes more bytes than one report may."""


class _Unpacker(Protocol):
    """What `zlib` and `lzma` decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class _UnpackedStream(io.RawIOBase):
    """Unpacks gzip or xz as it is read, members joined.

    The standard library's own streams lose what they had unpacked when they meet the end of a truncated file, and ask
    for as much memory as an xz header wants; this one hands out every byte that can be had before it raises.
    """

    def __init__(self, packed: _Readable, new_unpacker: Callable[[], _Unpacker]) -> None:
        super().__init__()
        self._packed = packed
        self._new_unpacker = new_unpacker
        self._unpacker = new_unpacker()
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        plain = b""
        while not plain:
            if self._unpacker.eof and not self._start_member():
                return 0
            plain = self._unpack(len(buffer))
        buffer[: len(plain)] = plain
        return len(plain)

    def _unpack(self, size: int) -> bytes:
        needs_input = getattr(self._unpacker, "needs_input", True)
        packed = self._waiting or (self._packed.read(CHUNK) if needs_input else b"")
        if not packed and needs_input:
            raise EOFError("it ends in the middle of packed data")
        plain = self._unpacker.decompress(packed, max_length=size)
        # zlib hands back what it did not need; lzma keeps it to itself.
        self._waiting = getattr(self._unpacker, "unconsumed_tail", b"")
        return plain

    def _start_member(self) -> bool:
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while not rest:
            chunk = self._packed.read(CHUNK)
            if not chunk:
                return False
            rest = chunk.lstrip(b"\0")
        self._unpacker = self._new_unpacker()
        self._waiting = rest
        return True


class _ReaderStream(io.RawIOBase):
    """Makes anything with `read(size)` a raw stream."""

    def __init__(self, reader: _Readable) -> None:
        super().__init__()
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        plain = self._reader.read(len(buffer))
        buffer[: len(plain)] = plain
        return len(plain)


def _unpack_gzip(packed: io.BufferedReader) -> io.RawIOBase:
    return _UnpackedStream(packed, lambda: zlib.decompressobj(wbits=31))


def _unpack_xz(packed: io.BufferedReader) -> io.RawIOBase:
    return _UnpackedStream(packed, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_LIMIT))


def _unpack_zstd(packed: io.BufferedReader) -> io.RawIOBase:
    from fastwarc.stream_io import ZstdReader

    return _ReaderStream(ZstdReader(packed))


_UNPACKERS: dict[bytes, Callable[[io.BufferedReader], io.RawIOBase]] = {
    b"\x1f\x8b": _unpack_gzip,
    b"\xfd7zXZ\x00": _unpack_xz,
    b"\x28\xb5\x2f\xfd": _unpack_zstd,
}


def buffer_stream(stream: IO[bytes] | io.RawIOBase) -> io.BufferedReader:
    """Any binary stream as one that can be peeked into."""
    if isinstance(stream, io.BufferedReader):
        return stream
    raw = stream if isinstance(stream, io.RawIOBase) else _ReaderStream(stream)
    return io.BufferedReader(raw, CHUNK)


def unpack_stream(stream: IO[bytes]) -> io.BufferedReader:
    """The plain bytes of a stream that may be packed with gzip, xz or zstd, told by its first bytes."""
    packed = buffer_stream(stream)
    head = packed.peek(8)[:8]
    for magic, unpack in _UNPACKERS.items():
        if head.startswith(magic):
            return io.BufferedReader(unpack(packed), CHUNK)
    return packed


def read_bounded(stream: io.BufferedReader, limit: int = REPORT_LIMIT) -> bytes:
    """The whole stream.

    Raises:
        TooLargeError: it holds more than `limit` bytes; no more than that is ever in memory.
    """
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLargeError(f"more than {limit // (1024 * 1024)} MiB in one report")
    return content


def read_lines(stream: io.BufferedReader, limit: int = REPORT_LIMIT) -> Iterator[tuple[int, bytes | None]]:
    """Line number (from 1) and bytes of each line; None for a line longer than `limit`, which is passed over."""
    number = 0
    while line := stream.readline(limit + 1):
        number += 1
        if len(line) <= limit or line.endswith(b"\n"):
            yield number, line
            continue
        _pass_over_line(stream)
        yield number, None


def _pass_over_line(stream: io.BufferedReader) -> None:
    while rest := stream.readline(CHUNK):
        if rest.endswith(b"\n"):
            return


def format_of_name(name: str) -> Format | None:
    """The format a file name promises: `a.html`, `a.jsonl.xz`; None where it promises nothing known."""
    lowered = name.lower()
    for packed in PACKED_SUFFIXES:
        lowered = lowered.removesuffix(packed)
    return next((form for suffix, form in FORMATS_BY_SUFFIX.items() if lowered.endswith(suffix)), None)


def sniff_format(head: bytes) -> Format | None:
    """The format that the first bytes show, for inputs whose name says nothing; None for bytes that hold no text."""
    if head.startswith(b"WARC/"):
        return "warc"
    if binary_kind(head):
        return None
    opening = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if opening.startswith(b"{"):
        return "line"
    if opening.startswith((b"<?xml", b"<rss", b"<feed", b"<rdf:rdf")) and b"<html" not in opening:
        return "feed"
    return "html" if opening.startswith(b"<") else "text"


_MAGIC = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip or office file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"BZh": "a bzip2 file",
    b"7z\xbc\xaf": "a 7z file",
}
_TEXT_CONTROLS = frozenset(b"\t\n\x0b\x0c\r\x1b\x85")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def binary_kind(head: bytes) -> str | None:
    """What kind of binary file begins so, in words; None for text, which has no NUL (UTF-16 apart) and few controls."""
    head = head[:SNIFF_BYTES]
    named = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if named or not head or head.startswith(_UTF16_MARKS):
        return named
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
    if b"\0" in head or controls > len(head) // 10:
        return "binary data"
    return None


def split_content_type(value: str) -> tuple[str, str | None]:
    """Media type and charset of a Content-Type header.

    >>> split_content_type('text/html; charset="UTF-8"')
    ('text/html', 'utf-8')
    """
    media_type, *parameters = value.lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    charset = next((worth.strip(" \"'") for name, _, worth in pairs if name.strip() == "charset"), None)
    return media_type.strip(), charset or None
