"""Widens a party's span to the whole name it stands in: "Shengkun" in "Guo Shengkun" is no party of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

from dragoman.knowledge import table_cells
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

    >>> s = Sentence(index=0, start=10, end=61, text="On Monday Guo Shengkun met envoys of the two sides.")
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


# Words between blanks; "at least" is none of the edges.
_UNITS = re.compile(r"at (?:least|most)\b|\S+", re.IGNORECASE)
# What goes on from a modifier to its noun: another word behind a blank.
_NEXT = re.compile(r" ([^\W\d_][\w’'-]*)")


@cache
def _no_parties() -> Mapping[str, frozenset[str]]:
    rows = table_cells("lexicon", "no_parties.tsv")
    kinds = {kind for _, kind in rows}
    return {kind: frozenset(words for words, k in rows if k == kind) for kind in kinds}


def headed(span: Span, sentence: Sentence) -> Span | None:
    """Gives the span without function words at its edges, and with the noun that its last word describes.

    None where nobody is left: "and", or "federal" in "federal and local".

    >>> s = Sentence(index=0, start=0, end=39, text="Protests of farmers met federal agents.")
    >>> headed(Span(start=9, end=19, text="of farmers"), s).text, headed(Span(start=24, end=31, text="federal"), s).text
    ('farmers', 'federal agents')
    """
    text, begin = sentence.text, sentence.start
    start, end = _without_edges(text, span.start - begin, span.end - begin)
    while (last := text[start:end].rpartition(" ")[2]) and _is_modifier(last):
        following = _NEXT.match(text, end)
        if following is None or following.group(1).lower() in load_words("closed"):
            break
        end = following.end()
    words = text[start:end].split()
    if all(_is_modifier(word) for word in words):
        return None
    is_same = (start, end) == (span.start - begin, span.end - begin)
    return span if is_same else Span(start=start + begin, end=end + begin, text=text[start:end])


def _without_edges(text: str, start: int, end: int) -> tuple[int, int]:
    """Cuts function words and marks off the edges of the words between two offsets."""
    words = [(m.start() + start, m.end() + start) for m in _UNITS.finditer(text[start:end])]
    while words and text[slice(*words[0])].lower() in _no_parties()["lead"]:
        words = words[1:]
    while words and text[slice(*words[-1])] in _no_parties()["tail"]:  # "Ahmed A" has an initial
        words = words[:-1]
    return (words[0][0], words[-1][1]) if words else (start, start)


def _is_modifier(word: str) -> bool:
    """Tells a word that only describes the party behind it: "federal", "five-judge", "anti-drugs".

    >>> [_is_modifier(word) for word in ("Federal", "five-judge", "anti-drugs", "judge", "Trump")]
    [True, True, True, False, False]
    """
    low, kinds = word.lower(), _no_parties()
    first, _, rest = low.partition("-")
    is_people = word[len(first) + 1 :][:1].isupper() and low.endswith("s")  # "Pro-Europeans"
    if low in kinds["modifier"] or not rest:
        return low in kinds["modifier"]
    return first in kinds["beginning"] and not is_people or _ending(rest) in kinds["ending"]


def _ending(compound: str) -> str:
    return compound if compound.endswith("year-old") else compound.rpartition("-")[2]


def with_heads(
    actors: Sequence[Span], recipients: Sequence[Span], sentence: Sentence
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Gives a word that was told on one side to the noun right behind it that was told on the other.

    >>> s = Sentence(index=0, start=0, end=48, text="A US senator is investigated by the Peru police.")
    >>> us, senator = Span(start=2, end=4, text="US"), Span(start=5, end=12, text="senator")
    >>> [[span.text for span in side] for side in with_heads([us], [senator], s)]
    [[], ['US senator']]
    """
    of_recipients = {one for one in actors if _head_of(one, recipients, sentence)}
    of_actors = {one for one in recipients if _head_of(one, actors, sentence)}
    return (
        tuple(_joined(one, of_actors, sentence) for one in actors if one not in of_recipients),
        tuple(_joined(one, of_recipients, sentence) for one in recipients if one not in of_actors),
    )


def _head_of(modifier: Span, others: Iterable[Span], sentence: Sentence) -> Span | None:
    """Gives the one of `others` that is a common noun right behind a name: "the protesters police beat" are two."""
    is_next = modifier.text[:1].isupper() and sentence.text[modifier.end - sentence.start :][:1] == " "
    behind = (one for one in others if one.start == modifier.end + 1 and one.text[:1].islower())
    return next(behind, None) if is_next else None


def _joined(head: Span, modifiers: Iterable[Span], sentence: Sentence) -> Span:
    """Gives the span from its modifier on, if it is the head of one."""
    start = min((m.start for m in modifiers if _head_of(m, [head], sentence)), default=head.start)
    text = sentence.text[start - sentence.start : head.end - sentence.start]
    return Span(start=start, end=head.end, text=text)


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
