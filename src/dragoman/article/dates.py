"""When a page was published, and how that is known.

In falling order of trust: JSON-LD, meta elements, microdata, the `time` element, the address, a date in the text.
The day is taken as written, without a shift of time zone. A page that states none has none; the day of fetching is
no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]

Dated = tuple[date, str]

# The web's first pages are of 1991; a page dated beyond tomorrow is in error (time zones differ by a day).
_FIRST_YEAR = 1990
_META_NAMES = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "article.published",
    "publish-date",
    "publish_date",
    "publishdate",
    "publication_date",
    "published_time",
    "parsely-pub-date",
    "sailthru.date",
    "article_date_original",
    "cxenseparse:recs:publishtime",
    "pubdate",
    "dc.date.issued",
    "dcterms.created",
    "dc.date.created",
    "dc.date",
    "dcterms.date",
    "og:published_time",
    "date",
    "originalpublicationdate",
    "bt:pubdate",
    "og:pubdate",
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_WRITTEN = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{_MONTH}),? (?P<year>\d{{4}})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})\b", re.IGNORECASE),
    re.compile(r"\b(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})\b"),
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\D|T|$|\d{6})")
_IN_URL = (
    re.compile(r"[/_-]((?:19|20)\d{2})[/_-](\d{1,2}|[a-z]{3})[/_-](\d{1,2})(?=[/_.-]|$)", re.IGNORECASE),
    re.compile(r"[/_-]((?:19|20)\d{2})([01]\d)([0-3]\d)(?=[/_.-]|$)"),
)


def read_date(text: str) -> date | None:
    """The day written in a short text, in any of the usual forms; None where there is none or it is impossible.

    >>> read_date("Published: Tuesday, 20th September 2022 at 10:15 GMT")
    datetime.date(2022, 9, 20)
    """
    text = text.strip()[:_LONGEST]
    if day := _read_iso(text):
        return day
    if compact := _COMPACT.match(text):
        return _make_day(*compact.groups()[:3])
    for pattern in _WRITTEN:
        if found := pattern.search(text):
            return _make_day(found["year"], found["month"], found["day"])
    return None


# A date with its words around it is never longer.
_LONGEST = 160


def _read_iso(text: str) -> date | None:
    try:
        return _plausible(datetime.fromisoformat(text).date())
    except ValueError:
        return None


def _make_day(year: str, month: str, day: str) -> date | None:
    number = int(month) if month.isdigit() else _month_number(month)
    try:
        return _plausible(date(int(year), number, int(day)))
    except ValueError:
        return None


def _month_number(name: str) -> int:
    name = name[:3].lower()
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def _plausible(day: date) -> date | None:
    latest = datetime.now().astimezone().date() + timedelta(days=1)
    return day if date(_FIRST_YEAR, 1, 1) <= day <= latest else None


def find_published(tree: HtmlElement, linked: Iterable[dict[str, object]], url: str | None) -> Dated | None:
    """Day and basis (`json-ld`, `meta`, `microdata`, `time`, `url`) of a publication, None where markup states none.

    Args:
        tree: the page.
        linked: its JSON-LD objects that describe an article.
        url: where it was found.
    """
    stated = (
        (str(thing[key]), "json-ld") for thing in linked for key in ("datePublished", "dateCreated") if key in thing
    )
    for text, basis in (*stated, *_meta_dates(tree), *_item_properties(tree), *_time_elements(tree)):
        if day := read_date(text):
            return day, basis
    day = read_url_date(url or "")
    return (day, "url") if day else None


def _meta_dates(tree: HtmlElement) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or ""
        found.setdefault(name.lower(), meta.get("content") or "")
    return [(found[name], "meta") for name in _META_NAMES if found.get(name)]


def _time_elements(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    """Dates of `time` elements that say they are the publication's, then of the first one in the page's order."""
    elements = list(tree.iter("time"))
    marked = [element for element in elements if _says_published(element)]
    for element in (*marked, *elements[:1]):
        yield element.get("datetime") or element.text_content(), "time"


def _item_properties(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    for element in tree.iterfind(".//*[@itemprop='datePublished']"):
        yield element.get("content") or element.get("datetime") or element.text_content(), "microdata"


def find_shown_date(tree: HtmlElement) -> Dated | None:
    """A publication day that the page only shows, found by htmldate; right for four in five of the pages left to it."""
    import htmldate  # slow to import, and only pages without stated dates come here

    written = htmldate.find_date(tree, original_date=True, extensive_search=False)
    day = read_date(written or "")
    return (day, "text") if day else None


_PUBLISHED_CLASSES = ("published", "entry-date", "pubdate", "posted")


def _says_published(element: HtmlElement) -> bool:
    said = f"{element.get('itemprop', '')} {element.get('class', '')}".lower()
    return element.get("pubdate") is not None or any(word in said for word in _PUBLISHED_CLASSES)


def read_url_date(url: str) -> date | None:
    """The day in a web address.

    >>> read_url_date("https://news.example/world/2022/sep/20/talks-in-nanping")
    datetime.date(2022, 9, 20)
    """
    for pattern in _IN_URL:
        if found := pattern.search(url[:2000]):
            return _make_day(*found.groups())
    return None


def find_date_line(paragraphs: Sequence[str]) -> Dated | None:
    """Day and basis (`text`) of a date line: a short line near the head or foot of a text that is no sentence."""
    near = [*paragraphs[:6], *paragraphs[-3:]]
    lines = (line for line in near if len(line) <= 100 and not line.endswith("."))
    return next(((day, "text") for line in lines if (day := read_date(line))), None)
