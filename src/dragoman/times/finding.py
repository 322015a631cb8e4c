"""Step 5a of the journey: finds the time expressions of an article and gives each its TIMEX3 value.

Token by token, by the rules of `data/times/rules.tsv`; the longest rule that yields a value wins. Relative words
are read against `article.published` and the last date told in the story. Refuses what is no calendar time: a bare
"then", "before the war", and day or month names that the calendar does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dragoman.model import Article, Sentence, TimeMention
from dragoman.times import calendar
from dragoman.times.lexicon import Lexicon, Rule, load_lexicon, load_lists
from dragoman.times.tokens import Token, tokenize
from dragoman.times.values import BUILDERS, Context

TENSE_WINDOW = 20
_COUNTED = re.compile(r"[a-z]{3,}s$")
# Times that only compare with the story's own ("a year earlier"): nothing later counts from them.
_COUNTED_BACK = frozenset(f"rule: {name}" for name in ("ago", "earlier, later", "a year-earlier period", "last period"))


def find_times(article: Article, sentences: Sequence[Sentence]) -> tuple[TimeMention, ...]:
    """Finds and normalises the time expressions of an article, in the order of the text.

    `confidence` is the rule's, lowered where no publication day was there to count from; `basis` names the rule.
    Never raises on any text; time is linear in the text's length.
    """
    lexicon = load_lexicon()
    found: list[TimeMention] = []
    told: str | None = None
    for sentence in sentences:
        for mention in _in_sentence(sentence, article, lexicon, told):
            told = _told(mention, told)
            found.append(mention)
    return tuple(found)


def _told(mention: TimeMention, before: str | None) -> str | None:
    """The date that later "that day" or "a year earlier" will count from."""
    is_date = mention.type in {"DATE", "TIME"} and calendar.days_of(mention.value) is not None
    return mention.value if is_date and mention.basis not in _COUNTED_BACK else before


@dataclass(frozen=True, slots=True)
class _Scene:
    """What expressions are read in: the tokens of a sentence, its article, and the lexicon."""

    tokens: Sequence[Token]
    article: Article
    lexicon: Lexicon


def _in_sentence(sentence: Sentence, article: Article, lexicon: Lexicon, told: str | None) -> Iterator[TimeMention]:
    tokens = tokenize(sentence.text, sentence.start, lexicon)
    if not tokens:
        return
    scene = _Scene(tokens, article, lexicon)
    taken = 0
    for start, matches in _starts("".join(token.kind for token in tokens), lexicon.rules):
        if start < taken:
            continue
        built = ((end, _build(scene, (start, end), rule, told)) for end, rule in matches)
        end, mention = next(((end, m) for end, m in built if m), (taken, None))
        if mention:
            told = _told(mention, told)
            taken = end
            yield mention


def _starts(kinds: str, rules: Sequence[Rule]) -> Iterator[tuple[int, list[tuple[int, Rule]]]]:
    """Where rules match: each start with its ends, longest first (then in the rules' order)."""
    by_start: dict[int, list[tuple[int, Rule]]] = {}
    for rule in rules:
        for match in rule.pattern.finditer(kinds):
            by_start.setdefault(match.start(), []).append((match.end(), rule))
    for start in sorted(by_start):
        yield start, sorted(by_start[start], key=lambda m: -m[0])


def _build(scene: _Scene, span: tuple[int, int], rule: Rule, told: str | None) -> TimeMention | None:
    tokens, article = scene.tokens, scene.article
    start, end = span
    if tokens[end - 1].kind == "." and end - start > 1 and len(tokens[end - 2].text) > 4:
        end -= 1  # the full stop of the sentence, not of "Feb."
    parts = tokens[start:end]
    before = tokens[start - 1].text.lower() if start else ""
    after = tokens[end].text.lower() if end < len(tokens) else ""
    if not _is_time(parts, before, after):
        return None
    words = frozenset(t.text.lower() for t in tokens) if any(p.kind == "M" for p in parts) else frozenset()
    tense = tense_at(tokens, start, end, scene.lexicon)
    context = Context(article.published, told, tense, parts, before, after, words)
    built = BUILDERS[rule.builder](context)
    if built is None:
        return None
    value, kind = built
    first, last = parts[0].start, parts[-1].end
    known = 1.0 if article.published else 0.7
    return TimeMention(
        start=first, end=last, text=article.body[first:last], value=value, type=kind,
        confidence=round(rule.confidence * known, 3), basis=f"rule: {rule.name}",
    )  # fmt: skip


def _is_time(parts: Sequence[Token], before: str, after: str) -> bool:
    """Refuses figures that only look like years, and counts that only look like lengths."""
    lists = load_lists()
    only = parts[-1] if len(parts) == 1 else None
    if only is not None and only.kind == "Y" and only.text[0].isdigit():
        if before in lists["before no year"] or after in lists["after no year"]:
            return False
        return before in lists["before a year"] or not _COUNTED.match(after)
    return True


def tense_at(tokens: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> int:
    """Which way the clause around an expression looks: 1 ahead, -1 back, 0 where nothing tells."""
    if start and tokens[start - 1].text.lower() in load_lists()["looking ahead"]:
        return 1
    if end < len(tokens) and tokens[end].kind == "'":
        return -1  # "Wednesday's ruling": what a day owns has mostly been reported
    for token in reversed(tokens[max(0, start - TENSE_WINDOW) : start]):
        sign = _sign(token, lexicon)
        if sign:
            return sign
    for token in tokens[end : end + TENSE_WINDOW]:
        sign = _sign(token, lexicon)
        if sign:
            return sign
    return 0


def _sign(token: Token, lexicon: Lexicon) -> int:
    low = token.text.lower()
    sign = lexicon.tense.get(low)
    if sign is None and token.kind == "x" and len(low) > 4 and low.endswith("ed"):
        return -1
    return sign or 0
