"""Splits an article into sentences by character offsets.

A rule splitter: a sentence ends at a full stop, question or exclamation mark (with closing quotes or brackets)
followed by white space and something that can begin a sentence, or at a line break. The title is one sentence.
It never alters the text: a sentence is a pair of offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.model import Article, Sentence
from dragoman.words import load_words

MAX_SENTENCE = 2000

_BOUNDARY = re.compile(r"(?:[.!?…]+[\"'”’)\]]*)(?=\s)|\n+")
_NEXT = re.compile(r"\s*[\"'“‘(\[—–-]*\s*(\w+)?")
_LAST_WORD = re.compile(r"([\w.&'’-]+?)\.[\"'”’)\]]*$")


def split_article(article: Article) -> tuple[Sentence, ...]:
    """Gives the sentences of an article in order, the title first, each with offsets in `article.body`."""
    spans: list[tuple[int, int, bool]] = []
    body = article.body
    if article.title:
        spans.extend((start, end, True) for start, end in _trim(body, 0, len(article.title)))
    for start, end in split_text(body, article.text_start):
        spans.append((start, end, False))
    return tuple(
        Sentence(index=i, start=start, end=end, text=body[start:end], is_title=is_title)
        for i, (start, end, is_title) in enumerate(spans)
    )


def split_text(text: str, begin: int = 0) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of each sentence of `text` from offset `begin` on, without white space around it.

    >>> t = "Mr. Lavrov met Gen. Li in the U.S. on Feb. 24. They agreed. "
    >>> [t[a:b] for a, b in split_text(t)]
    ['Mr. Lavrov met Gen. Li in the U.S. on Feb. 24.', 'They agreed.']
    """
    start = begin
    for mark in _BOUNDARY.finditer(text, begin):
        if "\n" not in mark.group() and not _ends_sentence(text, start, mark.end()):
            continue
        yield from _pieces(text, start, mark.end())
        start = mark.end()
    yield from _pieces(text, start, len(text))


def _ends_sentence(text: str, start: int, end: int) -> bool:
    following = _NEXT.match(text, end)
    word = following.group(1) if following else None
    if following is None or not word:
        return True
    quoted = following.group().strip() != word
    begins = word[0].isupper() or word[0].isdigit() or quoted
    last = _LAST_WORD.search(text, max(start, end - 40), end)
    if last is None:
        return begins
    before = last.group(1).lower()
    is_initial = len(before) == 1 and before != "i"
    if is_initial or before in load_words("abbreviations") or (before == "no" and word[0].isdigit()):
        return False
    if "." in before:
        return word[0].isupper() and word.lower() in load_words("openers")
    return begins


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cuts what is longer than a sentence can be, at white space where there is some, so that no input is unbounded."""
    while end - start > MAX_SENTENCE:
        cut = text.rfind(" ", start, start + MAX_SENTENCE)
        cut = cut if cut > start else start + MAX_SENTENCE
        yield from _trim(text, start, cut)
        start = cut
    yield from _trim(text, start, end)


def _trim(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
