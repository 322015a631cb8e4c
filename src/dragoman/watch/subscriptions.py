"""Which feeds to watch: an OPML file as feed readers export it, or a list with one address a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from dragoman.addresses import is_web_address
from dragoman.errors import SourceError

# A list of a hundred thousand feeds takes some ten megabytes.
_MOST_BYTES = 64 * 1024 * 1024


def read_subscriptions(path: Path) -> list[str]:
    """The addresses of feeds in an OPML file or a list, each once, in order. In a list, `#` begins a comment.

    Raises:
        SourceError: the file cannot be read, is broken, or names no feed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > _MOST_BYTES:
        raise SourceError(f"{path} is larger than any list of feeds: name an OPML file or one address a line")
    is_opml = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    found = _read_opml(content, path) if is_opml else _read_list(content)
    feeds = list(dict.fromkeys(filter(is_web_address, found)))
    if not feeds:
        raise SourceError(f"{path} names no feed: it must be OPML with xmlUrl, or have one http address a line")
    return feeds


def _read_opml(content: bytes, path: Path) -> Iterator[str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise SourceError(f"{path} is no sound OPML ({error}): export it again") from error
    for outline in root.iter("outline"):
        yield (outline.get("xmlUrl") or outline.get("xmlurl") or "").strip()


def _read_list(content: bytes) -> Iterator[str]:
    for line in content.decode("utf-8-sig", "replace").splitlines():
        yield line.partition(" #")[0].strip() if not line.lstrip().startswith("#") else ""
