"""Widens a party's span to the whole name it stands in: "Shengkun" in "Guo Shengkun" is no party of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from dragoman.model import Sentence, Span
from dragoman.words import load_words

_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*\.?")
# What may end a party's words without being of them: stops, quotes, the "'s" of "Tehran's".
_TAIL = re.compile(r"(?:[’']s?|[\s.,;:!?…\"”)\]]+)$")
_LEAD = re.compile(r"^(?:neither|both|if|unless|whether|should|had|were) ", re.IGNORECASE)
_ABBREVIATED = re.compile(r"(?:\b\w\.)+$")
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


def shorn(span: Span) -> Span:
    """Gives the span without what only ends it: "Tehran" of "Tehran's", "Chinese banks" of "Chinese banks.".

    >>> [shorn(Span(start=0, end=len(words), text=words)).text for words in ("Tehran’s", "Chinese banks.", "the U.S.")]
    ['Tehran', 'Chinese banks', 'the U.S.']
    """
    text = span.text
    lead = len(text) - len(_LEAD.sub("", text))
    text = text[lead:]
    while not _ABBREVIATED.search(text) and (shorter := _TAIL.sub("", text)) != text:
        text = shorter
    begin = span.start + lead
    return Span(start=begin, end=begin + len(text), text=text) if text and text != span.text else span


def own_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Drops spans that lie in another of the same side ("d'Ivoire" in "Côte d'Ivoire"), and doubles."""
    kept = list(dict.fromkeys(spans))
    return tuple(span for span in kept if not any(_is_inside(span, other) for other in kept))


def _is_inside(span: Span, other: Span) -> bool:
    return span != other and other.start <= span.start and span.end <= other.end


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
