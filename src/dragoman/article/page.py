"""Reads an HTML page: its main text by trafilatura, its title, authors and date from what the page states about itself.

Stated metadata comes as JSON-LD, as meta elements, or as marked elements of the body, in this order of trust.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from html import unescape
from itertools import islice
from typing import Any

import trafilatura
from lxml import etree, html  # type: ignore[import-untyped]
from lxml.html import HtmlElement  # type: ignore[import-untyped]
from trafilatura.metadata import extract_author, extract_title

from dragoman.addresses import split_address
from dragoman.article.dates import find_date_line, find_published, find_shown_date
from dragoman.article.encoding import tidy_characters
from dragoman.article.furniture import plain_words

# One JSON-LD block beyond this is no description of an article.
_JSON_LIMIT = 512 * 1024
_JSON_THINGS = 500
_ARTICLE_TYPES = ("article", "posting", "report")
_TITLE_BREAK = re.compile(r" [|\u2013\u2014»·] | - | :: ")
_NAME_BREAK = re.compile(r"[,;|]| and ", re.IGNORECASE)
# Text in tables counts where it makes the text longer by this factor; below it, tables hold menus and figures.
_TABLE_TEXT = 2
# A heading of fewer words may be the outlet's or the section's name.
_HEADLINE_WORDS = 4
# A table's cell of fewer characters is a figure or a name, not a sentence.
_PROSE_CELL = 60
_LONGEST_BYLINE = 300
_LONGEST_TITLE = 500
# Characters, and references to them, that no tree may hold: the parser lets them in, and the extractor fails on them.
_NOT_IN_XML = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&#(?:0*(?:[1-8]|1[124-9]|2\d|3[01]|65534|65535)|[xX]0*(?:[1-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF]))(?:;|(?![0-9a-fA-F]))"
)
_BY = re.compile(r"^(?:by|von|par|por|story by|written by)\s+", re.IGNORECASE)


# The largest of 1,146 real pages has 10,103 elements; extraction takes time that grows with their square.
MAX_ELEMENTS = 40_000


class NestedTooDeepError(Exception):
    """The page nests deeper than the parser follows (256 elements), so that its text cannot be had whole."""


class TooManyElementsError(Exception):
    """The page has more than `MAX_ELEMENTS` elements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an HTML page holds: title, paragraphs, and what it states about itself."""

    title: str
    titles: tuple[str, ...]
    paragraphs: tuple[str, ...]
    authors: tuple[str, ...]
    published: date | None
    published_basis: str | None
    publisher: str | None
    url: str | None


_EMPTY = Page(
    title="",
    titles=(),
    paragraphs=(),
    authors=(),
    published=None,
    published_basis=None,
    publisher=None,
    url=None,
)


def read_page(text: str, url: str | None) -> Page:
    """The page in the given HTML.

    Raises:
        NestedTooDeepError: no page of 1,146 real ones is nested so deep.
        TooManyElementsError: none has a quarter of so many.
    """
    tree = _parse(text)
    if tree is None:
        return _EMPTY
    meta = _meta_values(tree)
    linked = list(_linked_articles(tree))
    url = url or _stated_url(tree, meta)
    publisher = _one_line(meta.get("og:site_name")) or _host(url)
    published = find_published(tree, linked, url)
    titles = _stated_titles(meta, linked)
    headings = _short_lines(heading.text_content() for heading in tree.iter("h1"))
    title = _choose_title(titles, headings, tree=tree, publisher=publisher)
    authors = _find_authors(tree, meta, linked)
    shown = None if published else find_shown_date(tree)
    # Last, because the extractor prunes the tree.
    paragraphs = _main_paragraphs(tree, url)
    day, basis = published or shown or find_date_line(paragraphs) or (None, None)
    return Page(
        title=title,
        titles=(*titles, *headings),
        paragraphs=paragraphs,
        authors=authors,
        published=day,
        published_basis=basis,
        publisher=publisher,
        url=url,
    )


def _parse(text: str) -> HtmlElement | None:
    parser = html.HTMLParser(encoding="utf-8", collect_ids=False, remove_comments=True, remove_pis=True)
    try:
        plain = _NOT_IN_XML.sub(" ", text)
        tree = html.document_fromstring(plain.encode("utf-8", errors="replace"), parser=parser)
    except etree.ParserError:  # nothing but comments or white space
        return None
    etree.strip_elements(tree, "style", with_tail=False)
    if any("Excessive depth" in fault.message for fault in parser.error_log):
        raise NestedTooDeepError
    if sum(1 for _ in islice(tree.iter(), MAX_ELEMENTS + 1)) > MAX_ELEMENTS:
        raise TooManyElementsError
    return tree


def _main_paragraphs(tree: HtmlElement, url: str | None) -> tuple[str, ...]:
    """The paragraphs of the main text; those in table cells too where a good part of the text is in tables."""
    spare = deepcopy(tree) if tree.find(".//table") is not None else None
    text = _main_text(tree, url, with_tables=False)
    if spare is not None:
        whole = _main_text(spare, url, with_tables=True)
        text = whole if len(whole) > _TABLE_TEXT * len(text) else text
    return tuple(paragraph for line in text.splitlines() for paragraph in _split_row(line.strip()) if paragraph)


def _main_text(tree: HtmlElement, url: str | None, *, with_tables: bool) -> str:
    document: Any = trafilatura.bare_extraction(tree, url=url, include_comments=False, include_tables=with_tables)
    return tidy_characters(document.text or "") if document else ""


def _split_row(line: str) -> list[str]:
    """The line itself, or of a table's row the cells that hold prose: old pages lay out their text in tables."""
    if not line.startswith("|"):
        return [line]
    cells = (cell.strip() for cell in line.split("|"))
    return [cell for cell in cells if len(cell) >= _PROSE_CELL]


def _meta_values(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or ""
        found.setdefault(name.lower(), meta.get("content") or "")
    return found


def _linked_articles(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """The JSON-LD objects of a page that describe an article; broken blocks are passed over."""
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "") or len(script.text or "") > _JSON_LIMIT:
            continue
        try:
            block = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        yield from (thing for thing in _walk(block) if _is_article(thing))


def _walk(block: Any) -> Iterator[dict[str, Any]]:
    """The objects of a JSON value, outer before inner, at most `_JSON_THINGS` values looked at."""
    waiting = [block]
    for _ in range(_JSON_THINGS):
        if not waiting:
            return
        thing = waiting.pop(0)
        if isinstance(thing, dict):
            yield thing
            waiting.extend(worth for worth in thing.values() if isinstance(worth, dict | list))
        elif isinstance(thing, list):
            waiting.extend(thing[:_JSON_THINGS])


def _is_article(thing: dict[str, Any]) -> bool:
    return str(thing.get("@type", "")).lower().rstrip("']").endswith(_ARTICLE_TYPES)


def _one_line(text: object) -> str:
    if not isinstance(text, str):
        return ""
    return " ".join(tidy_characters(unescape(text)).split())


def _stated_titles(meta: dict[str, str], linked: list[dict[str, Any]]) -> tuple[str, ...]:
    """Every wording of the title the page's metadata state."""
    stated = [*(thing.get("headline") for thing in linked), meta.get("og:title"), meta.get("twitter:title")]
    return _short_lines(stated)


def _short_lines(texts: Iterable[object]) -> tuple[str, ...]:
    """The texts on one line each, once, but for those that are empty or too long for a title."""
    lines = (_one_line(text) for text in texts if isinstance(text, str) and len(text) <= _LONGEST_TITLE)
    return tuple(dict.fromkeys(filter(None, lines)))


def _choose_title(
    titles: tuple[str, ...], headings: tuple[str, ...], *, tree: HtmlElement, publisher: str | None
) -> str:
    """The title stated, or the heading shown where that is the same title without the outlet's name or the like."""
    for stated in (*titles, *_short_lines([tree.findtext(".//title")])):
        shown = next((heading for heading in headings if _same_title(heading, stated)), None)
        if shown:
            # Stated titles are cut off at their end; headings have a section's name before their beginning.
            is_cut = plain_words(shown).startswith(plain_words(stated))
            return shown if is_cut else min(shown, _without_outlet(stated, publisher), key=len)
    long_headings = [heading for heading in headings if len(heading.split()) >= _HEADLINE_WORDS]
    if not titles and len(long_headings) == 1:
        return long_headings[0]
    if titles:
        return _without_outlet(titles[0], publisher)
    return _without_outlet(next(iter(_short_lines([extract_title(tree)])), ""), publisher)


def _same_title(heading: str, title: str) -> bool:
    """True where the one is the other with something added at either end, such as the outlet's name."""
    shown, stated = plain_words(heading), plain_words(title)
    return len(shown.split()) >= 3 and (shown in stated or stated in shown and len(stated.split()) >= 3)


def _without_outlet(title: str, publisher: str | None) -> str:
    parts = _TITLE_BREAK.split(title)
    outlet = plain_words(publisher or "").replace(" ", "")
    last = plain_words(parts[-1]).replace(" ", "")
    is_outlet = bool(outlet and last) and (last in outlet or outlet in last)
    return title[: -len(parts[-1])].rstrip(" |\u2013\u2014»·-:") if len(parts) > 1 and is_outlet else title


def _find_authors(tree: HtmlElement, meta: dict[str, str], linked: list[dict[str, Any]]) -> tuple[str, ...]:
    stated = [name for thing in linked for name in _author_names(thing.get("author"))]
    if not stated:
        named = meta.get("author") or _marked_author(tree) or extract_author(tree) or ""
        stated = _NAME_BREAK.split(named) if len(named) <= _LONGEST_BYLINE else []
    names = (_BY.sub("", _one_line(name)) for name in stated)
    return tuple(dict.fromkeys(name for name in names if _is_name(name)))


def _marked_author(tree: HtmlElement) -> str:
    marked = tree.find(".//*[@itemprop='author']")
    return _one_line(marked.text_content()) if marked is not None else ""


def _author_names(author: Any) -> Iterator[str]:
    if isinstance(author, str):
        yield author
    elif isinstance(author, dict):
        yield from _author_names(author.get("name"))
    elif isinstance(author, list):
        for one in author[:50]:
            yield from _author_names(one)


def _is_name(text: str) -> bool:
    return (
        1 < len(text) <= 80
        and "://" not in text
        and text[0] not in "(@"
        and any(character.isalpha() for character in text)
    )


def _stated_url(tree: HtmlElement, meta: dict[str, str]) -> str | None:
    links = (link.get("href") or "" for link in tree.iter("link") if link.get("rel") == "canonical")
    stated = (address.strip() for address in (*links, meta.get("og:url") or ""))
    return next((address for address in stated if _host(address)), None)


def _host(url: str | None) -> str | None:
    parts = split_address(url)
    if parts is None:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    return host or None if parts.scheme in {"http", "https"} else None
