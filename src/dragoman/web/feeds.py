"""Happenings as an Atom feed (RFC 4287). Text only: no markup of an article reaches a feed reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

_ATOM = "http://www.w3.org/2005/Atom"
# Characters that XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EPOCH = "1970-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its stable key, where it lies on this site, its words and its day (YYYY-MM-DD)."""

    key: str
    path: str
    title: str
    summary: str
    day: str | None


def feed_of(title: str, entries: Sequence[Entry], *, site: str, address: str) -> bytes:
    """The feed of a page, with the entries in the given order; `site` is the address of the site without a path."""
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", f"{site}{address}")
    _add(feed, "title", f"{title} – Dragoman")
    _add(feed, "updated", _moment(max((entry.day for entry in entries if entry.day), default=None)))
    _add(_add(feed, "author", None), "name", "Dragoman")
    _add(feed, "link", None, rel="self", href=f"{site}{address}")
    for entry in entries:
        node = _add(feed, "entry", None)
        _add(node, "id", f"urn:dragoman:{entry.key}")
        _add(node, "title", entry.title, type="text")
        _add(node, "updated", _moment(entry.day))
        _add(node, "link", None, rel="alternate", href=f"{site}{entry.path}")
        _add(node, "summary", entry.summary, type="text")
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _add(parent: ET.Element, name: str, text: str | None, **attributes: str) -> ET.Element:
    node = ET.SubElement(
        parent, f"{{{_ATOM}}}{name}", {key: _NOT_XML.sub("", value) for key, value in attributes.items()}
    )
    node.text = _NOT_XML.sub("", text) if text is not None else None
    return node


def _moment(day: str | None) -> str:
    return f"{day or _EPOCH}T00:00:00Z"
