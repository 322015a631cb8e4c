"""Widens a party's span to the whole name it stands in: "Shengkun" in "Guo Shengkun" is no party of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from dragoman.model import Sentence, Span
from dragoman.words import load_words

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*\.?")
# In a headline set in capitals every word looks like a name: there nothing is widened.
MOST_CAPITALS = 0.5


def whole_name(span: Span, sentence: Sentence) -> Span:
    """Gives the span widened over the capitalised words next to it, if it begins or ends with one itself.

    >>> s = Sentence(index=0, start=10, end=44, text="On Monday Guo Shengkun met envoys.")
    >>> whole_name(Span(start=24, end=32, text="Shengkun"), s).text
    'Guo Shengkun'
    """
    words, is_headline = _words(sentence.text, sentence.start)
    if is_headline:
        return span
    inside = [i for i, (start, end, _) in enumerate(words) if start < span.end and end > span.start]
    if not inside:
        return span
    first, last = inside[0], inside[-1]
    while first > 0 and _is_name(words, first) and _is_name(words, first - 1) and _touch(words, first - 1, sentence):
        first -= 1
    while (
        last + 1 < len(words) and _is_name(words, last) and _is_name(words, last + 1) and _touch(words, last, sentence)
    ):
        last += 1
    start, end = min(span.start, words[first][0]), max(span.end, words[last][1])
    text = sentence.text[start - sentence.start : end - sentence.start]
    return span if (start, end) == (span.start, span.end) else Span(start=start, end=end, text=text)


@lru_cache(maxsize=32)  # the parties of one sentence are asked for one after another
def _words(text: str, begin: int) -> tuple[tuple[tuple[int, int, str], ...], bool]:
    """Gives the words of a sentence that begins at `begin`, and whether most of them have capitals."""
    words = tuple((m.start() + begin, m.end() + begin, m.group()) for m in _WORD.finditer(text))
    return words, sum(word[0].isupper() for _, _, word in words) > MOST_CAPITALS * len(words)


def _is_name(words: Sequence[tuple[int, int, str]], at: int) -> bool:
    word = words[at][2]
    low = word.lower().rstrip(".")
    return word[0].isupper() and low not in load_words("openers") and low not in load_words("days")


def _touch(words: Sequence[tuple[int, int, str]], at: int, sentence: Sentence) -> bool:
    """Tells whether only a space stands between word `at` and the next."""
    return sentence.text[words[at][1] - sentence.start : words[at + 1][0] - sentence.start] == " "
