"""Turns reports into articles: main text, title, authors, publication day with its basis, language.

Second step of the journey: `Report` -> `Article`, or a `Skip` with a reason. Pages and plain texts are cleaned of their
furniture; an article line is taken as it stands, so that the caller's offsets hold. Nothing is translated: an article
that is not in English is refused by its language's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from dragoman.article.dates import find_date_line
from dragoman.article.encoding import decode_page, tidy_characters
from dragoman.article.furniture import drop_furniture, plain_words, split_paragraphs, split_title
from dragoman.article.language import ENGLISH, identify_language, language_name
from dragoman.model import Article, Report, Skip

__all__ = ["REASONS", "article_line", "extract_article"]

STAGE = "article"

# The closed list of reasons of this stage.
REASONS = frozenset({
    "no-text",  # nothing that reads as an article
    "nested-too-deep",  # the page nests deeper than can be followed
    "too-many-elements",  # a page of more elements than any real one
    "not-english",  # the detail names the language
})

# Below this many words the title counts in the fingerprint: short texts are often an outlet's standing words.
_COPY_WORDS = 50


class _DeclinedError(Exception):
    """A report is declined, for the reason of `REASONS` and with the detail it carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def extract_article(report: Report) -> Article | Skip:
    """The article a report holds.

    Requires: a report of `sources.read_reports`. Gives: an article whose `body` is final (every later offset counts in
    it), or a `Skip` with a reason of `REASONS`.

    >>> report = Report(location="a.jsonl:1", kind="line", fields={"title": "Talks", "text": "They met in the city."})
    >>> extract_article(report).body
    'Talks\\n\\nThey met in the city.'
    """
    try:
        draft = _DRAFTERS[report.kind](report)
    except _DeclinedError as declined:
        return _skip(report, declined.reason, str(declined))
    if not draft["text"].strip() and not (draft["title"].strip() and report.kind in {"line", "feed-item"}):
        return _skip(report, "no-text", "nothing in it reads as an article")
    language = identify_language(f"{draft['title']}\n{draft['text']}")
    if language != ENGLISH:
        return _skip(report, "not-english", f"in {language_name(language)}")
    return _finish(report, draft, language)


def _skip(report: Report, reason: str, detail: str) -> Skip:
    return Skip(location=report.location, stage=STAGE, reason=reason, detail=detail)


def _finish(report: Report, draft: dict[str, Any], language: str) -> Article:
    title, text, url = draft["title"], draft["text"], draft.get("url") or report.url
    published, basis = draft.get("dated") or (None, None)
    if report.published:
        published, basis = report.published, report.published_basis
    body = f"{title}\n\n{text}" if title else text
    return Article(
        id=_digest(url or "", body),
        doc=report.fields.get("doc") or url or report.location,
        title=title,
        text=text,
        url=url,
        publisher=report.publisher or draft.get("publisher"),
        published=published,
        published_basis=basis,
        authors=draft.get("authors", ()),
        language=language,
        fingerprint=_fingerprint(title, text),
        location=report.location,
    )


def _digest(*parts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _fingerprint(title: str, text: str) -> str:
    """A digest of the text's words, equal for exact copies under whatever headline."""
    words = plain_words(text)
    if words.count(" ") < _COPY_WORDS:
        words = f"{plain_words(title)} {words}"
    return _digest(words)


def _draft_line(report: Report) -> dict[str, Any]:
    authors = report.fields.get("authors")
    names = authors if isinstance(authors, list) else []
    return {
        "title": report.fields.get("title") or "",
        "text": report.fields.get("text") or "",
        "authors": tuple(name for name in names if isinstance(name, str)),
    }


def _draft_page(report: Report) -> dict[str, Any]:
    # Imported here because trafilatura takes a third of a second, which article lines need not wait for.
    from dragoman.article.page import MAX_ELEMENTS, NestedTooDeepError, TooManyElementsError, read_page

    try:
        page = read_page(decode_page(report.content, report.encoding), report.url)
    except NestedTooDeepError as error:
        raise _DeclinedError("nested-too-deep", "more than 256 elements inside one another") from error
    except TooManyElementsError as error:
        raise _DeclinedError("too-many-elements", f"more than {MAX_ELEMENTS} elements in one page") from error
    dated = (page.published, page.published_basis) if page.published else None
    return {
        "title": page.title,
        "text": _join(drop_furniture(page.paragraphs, page.titles)),
        "url": page.url,
        "publisher": page.publisher,
        "authors": page.authors,
        "dated": dated,
    }


def _draft_text(report: Report) -> dict[str, Any]:
    paragraphs = split_paragraphs(tidy_characters(decode_page(report.content, report.encoding)))
    title, rest = split_title(paragraphs)
    return {"title": title, "text": _join(drop_furniture(rest, [title])), "dated": find_date_line(paragraphs)}


def _draft_feed_item(report: Report) -> dict[str, Any]:
    title = " ".join(_html_text(report.fields.get("title") or "").split())
    paragraphs = split_paragraphs(_html_text(report.fields.get("html") or ""))
    return {
        "title": title,
        "text": _join(drop_furniture(paragraphs, [title])),
        "authors": report.fields.get("authors", ()),
    }


_BLOCKS = frozenset("p br div li h1 h2 h3 h4 blockquote tr".split())


def _html_text(markup: str) -> str:
    """The text of a piece of HTML with a line break after each block."""
    if "<" not in markup and "&" not in markup:
        return tidy_characters(markup)
    from lxml import etree, html  # type: ignore[import-untyped]

    try:
        tree = html.fromstring(f"<div>{tidy_characters(markup)}</div>")
    except (etree.ParserError, ValueError):
        return ""
    for element in list(tree.iter("script", "style")):
        element.drop_tree()
    for element in tree.iter(*_BLOCKS):
        element.tail = f"\n{element.tail or ''}"
    return tidy_characters(tree.text_content())


def _join(paragraphs: Sequence[str]) -> str:
    return "\n\n".join(paragraphs)


_DRAFTERS = {"line": _draft_line, "html": _draft_page, "text": _draft_text, "feed-item": _draft_feed_item}


def article_line(article: Article) -> dict[str, Any]:
    """The article as `dragoman extract` prints it, ready for JSON; it can be read back as an article line.

    >>> article_line(Article(id="0", doc="a", title="Talks", text="They met.", language="en"))["title"]
    'Talks'
    """
    return {
        "doc": article.doc,
        "url": article.url,
        "publisher": article.publisher,
        "published": article.published.isoformat() if article.published else None,
        "published_basis": article.published_basis,
        "title": article.title,
        "text": article.text,
        "authors": list(article.authors),
        "language": article.language,
    }
