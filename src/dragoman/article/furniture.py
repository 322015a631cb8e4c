"""Drops what is no part of the report from the paragraphs of a page: repeated titles, share bars, comment forms.

The wordings are data (`data/furniture.tsv`), each with what to do about it. Sentences of the report are never edited:
a paragraph stays whole or goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dragoman.article.dates import read_date
from dragoman.knowledge import table_rows

# A paragraph longer than this is prose, however it begins.
_LONGEST_FURNITURE = 200
# Bylines and date lines stand among the first paragraphs and are short.
_HEAD_PARAGRAPHS = 6
_LONGEST_BYLINE = 120
_LONGEST_DATE_LINE = 40
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_MINUTES = re.compile(r"^\d{1,3} min(?:ute)?s? read$")
_BYLINE = re.compile(
    r"^(?:by [^\d.]{3,80}|(?:(?:first )?published|last updated|updated|posted|modified)\b.{0,90}"
    r"|.{0,40}\d{1,2}:\d{2}.{0,40})$",
    re.IGNORECASE,
)
_SENTENCE_END = (".", "!", "?", ".”", '."', "?”", ".’")


@dataclass(frozen=True, slots=True)
class _Furniture:
    lines: frozenset[str]
    starts: tuple[str, ...]
    closings: tuple[str, ...]
    ends: tuple[str, ...]


_HOWS = ("line", "start", "end", "from")


@lru_cache(maxsize=1)
def _load_furniture() -> _Furniture:
    rows = table_rows("furniture.tsv")
    words = {how: [row["words"] for row in rows if row["how"] == how] for how in _HOWS}
    return _Furniture(
        lines=frozenset(words["line"]),
        # With a space after the last word, so that "share this" does not stand for "share thistles".
        starts=tuple(f"{start} " for start in words["start"]),
        closings=tuple(f" {closing}" for closing in words["end"]),
        ends=tuple(f"{end} " for end in words["from"]),
    )


def plain_words(text: str) -> str:
    """The words of a text in lower case with single spaces, without punctuation.

    >>> plain_words("  Leave a Reply: “now” ")
    'leave a reply now'
    """
    return " ".join(_WORDS.findall(text.lower().replace("\u2019", "'")))


def split_paragraphs(text: str) -> list[str]:
    """The paragraphs of a plain text: lines, or blocks of lines where a text is wrapped at a fixed width."""
    lines = [line.strip() for line in text.splitlines()]
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [paragraph for block in blocks for paragraph in _join_wrapped(block)]


# Lines of a wrapped paragraph, all but its last, have such lengths and differ by no more than a long word.
_WRAPPED = range(40, 101)
_WRAPPED_SPREAD = 25


def _join_wrapped(block: list[str]) -> list[str]:
    lengths = [len(line) for line in block[:-1]]
    if lengths and all(length in _WRAPPED for length in lengths) and max(lengths) - min(lengths) <= _WRAPPED_SPREAD:
        return [" ".join(block)]
    return block


def drop_furniture(paragraphs: Iterable[str], titles: Iterable[str]) -> list[str]:
    """The paragraphs of the report itself, in order: no byline, share bar, comment form, banner or repeated title.

    Args:
        paragraphs: what the extractor, or the plain text, gave.
        titles: every wording of the title the page states.
    """
    kept: list[str] = []
    title_words = frozenset(map(plain_words, titles))
    for number, paragraph in enumerate(paragraphs):
        words = plain_words(paragraph)
        if _ends_report(words, paragraph) and kept:
            break
        is_head = number < _HEAD_PARAGRAPHS
        if words and not _is_furniture(words, paragraph, title_words=title_words, is_head=is_head):
            kept.append(paragraph)
    return kept


def _ends_report(words: str, paragraph: str) -> bool:
    if len(paragraph) > _LONGEST_FURNITURE:
        return False
    return f"{words} ".startswith(_load_furniture().ends)


def _is_furniture(words: str, paragraph: str, *, title_words: frozenset[str], is_head: bool) -> bool:
    if words in title_words:
        return True
    if len(paragraph) > _LONGEST_FURNITURE:
        return False
    furniture = _load_furniture()
    if words in furniture.lines or f" {words}".endswith(furniture.closings) or _ends_report(words, paragraph):
        return True
    if f"{words} ".startswith(furniture.starts):
        return not _reads_as_report(paragraph)
    return is_head and _is_heading_line(paragraph)


def _reads_as_report(paragraph: str) -> bool:
    """True for a sentence of prose ("Sign up for the treaty stalled, officials said.") rather than a call to act."""
    return paragraph.endswith(_SENTENCE_END) and " said" in paragraph


def _is_heading_line(paragraph: str) -> bool:
    """True for a short line that names author, section, reading time or publication day and is no sentence."""
    if len(paragraph) > _LONGEST_BYLINE or paragraph.endswith(_SENTENCE_END):
        return False
    is_day = len(paragraph) <= _LONGEST_DATE_LINE and read_date(paragraph) is not None
    return is_day or " " not in paragraph or bool(_BYLINE.match(paragraph) or _MINUTES.match(plain_words(paragraph)))


def split_title(paragraphs: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Title and remaining paragraphs of a plain text: a first line that is short and no sentence is its title."""
    if len(paragraphs) < 2:
        return "", paragraphs
    first = paragraphs[0]
    is_title = len(first) <= _LONGEST_FURNITURE and not first.endswith((".", ":", ",", ";")) and plain_words(first)
    return (first, paragraphs[1:]) if is_title else ("", paragraphs)
