"""Step 5a of the journey: finds the time expressions of an article and gives each its TIMEX3 value.

Token by token, by the rules of `data/times/rules.tsv`; the longest rule that yields a value wins. Relative words
are read against `article.published` and the last date told in the story. Refuses what is no calendar time: a bare
"then", "before the war", and day or month names that the calendar does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dragoman.model import Article, Sentence, TimeMention
from dragoman.times import calendar
from dragoman.times.context import Context, Told
from dragoman.times.hints import may_tell
from dragoman.times.lexicon import OTHER, Lexicon, Rule, load_lexicon, load_lists
from dragoman.times.tokens import Token, tokenize
from dragoman.times.values import BUILDERS

TENSE_WINDOW = 20
FOLLOWING = 8
PERFECT_REACH = 7
# Words after "Friday's" that may hold the verb of what it owns: "Friday's long address will".
OWNED_REACH = 5
# Words between an amount and the rate it is told at: "C$17.9 million annually".
RATE_REACH = 4
_OPENINGS = frozenset(("", '"', "“", "'", "`", "”"))
# "met", "agreed" and "decided", but not "need" and "unspecified".
_PAST_ENDING = re.compile(r"^(?!un)\w+(?<!e)ed$|^agreed$")
_COUNTED = re.compile(r"[a-z]{3,}s$")
# Times that only compare with the story's own ("a year earlier"): nothing later counts from them.
_COUNTED_BACK = frozenset(
    f"rule: {name}" for name in ("ago", "earlier, later", "a year-earlier period", "last period", "quarter of a year")
)


def find_times(article: Article, sentences: Sequence[Sentence]) -> tuple[TimeMention, ...]:
    """Finds and normalises the time expressions of an article, in the order of the text.

    `confidence` is the rule's, lowered where no publication day was there to count from; `basis` names the rule.
    Never raises on any text; time is linear in the text's length.
    """
    lexicon = load_lexicon()
    found: list[TimeMention] = []
    told = Told()
    for sentence in sentences:
        for mention in _in_sentence(sentence, article, lexicon, told):
            told = _told(mention, told)
            found.append(mention)
    return tuple(found)


def _told(mention: TimeMention, before: Told) -> Told:
    """What later "that day", "a year earlier" or "the quarter" will count from."""
    is_date = mention.type in {"DATE", "TIME"} and calendar.days_of(mention.value) is not None
    if not is_date or mention.basis in _COUNTED_BACK:
        return before
    return Told(mention.value, mention.value if mention.value[4:6] == "-Q" else before.quarter)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What expressions are read in: the tokens of a sentence, its article, and the lexicon."""

    tokens: Sequence[Token]
    article: Article
    lexicon: Lexicon


def _in_sentence(sentence: Sentence, article: Article, lexicon: Lexicon, told: Told) -> Iterator[TimeMention]:
    tokens = tokenize(sentence.text, sentence.start, lexicon) if may_tell(sentence.text) else ()
    if not tokens:
        return
    scene = _Scene(tokens, article, lexicon)
    taken = 0
    for start, matches in _starts("".join([token.kind for token in tokens])):
        if start < taken:
            continue
        built = ((end, _build(scene, (start, end), rule, told)) for end, rule in matches)
        end, mention = next(((end, m) for end, m in built if m), (taken, None))
        if mention:
            told = _told(mention, told)
            taken = end
            yield mention


def _starts(kinds: str) -> Iterator[tuple[int, list[tuple[int, Rule]]]]:
    """Where rules match: each start with its ends, longest first (then in the rules' order)."""
    at = 0
    for part in kinds.split(OTHER):  # no rule reaches over a word that is none of time
        for start, matches in _starts_in(part):
            yield at + start, [(at + end, rule) for end, rule in matches]
        at += len(part) + 1


@lru_cache(maxsize=1 << 13)  # between other words the same few classes stand again and again
def _starts_in(kinds: str) -> tuple[tuple[int, list[tuple[int, Rule]]], ...]:
    by_start: dict[int, list[tuple[int, Rule]]] = {}
    for rule in load_lexicon().rules if kinds else ():
        for match in rule.pattern.finditer(kinds):
            by_start.setdefault(match.start(), []).append((match.end(), rule))
    return tuple((start, sorted(by_start[start], key=lambda m: -m[0])) for start in sorted(by_start))


def _build(scene: _Scene, span: tuple[int, int], rule: Rule, told: Told) -> TimeMention | None:
    tokens, article = scene.tokens, scene.article
    start, end = span
    if tokens[end - 1].kind == "." and end - start > 1 and len(tokens[end - 2].text) > 4:
        end -= 1  # the full stop of the sentence, not of "Feb."
    if tokens[start].value == "follow" and tokens[end : end + 1] and tokens[end].kind == "'":
        start += 1  # "Following Monday's talks": after them
    parts = tokens[start:end]
    leading = tokens[start - 1].text if start else ""
    before = leading.lower()
    following = tokens[end].text if end < len(tokens) else ""
    after = following.lower()
    if (
        _is_count(tokens, start, end)
        or not _is_time(parts, before, after)
        or _is_name(parts, _name_before(tokens, start), following)
        or _is_rate(tokens, start, end)
    ):
        return None
    words = frozenset(t.text.lower() for t in tokens) if any(p.kind in "MABUQH" for p in parts) else frozenset()
    tense = tense_at(tokens, start, end, scene.lexicon)
    context = Context(
        article.published, told.date, tense, parts, before, after, words, told.quarter, tokens[end : end + FOLLOWING]
    )
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


def _is_count(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether four figures only count: "more than 1500 members", unlike "later than 1990"."""
    before = tokens[start - 1] if start else None
    is_figure = end - start == 1 and tokens[start].kind == "Y"
    return is_figure and before is not None and before.kind == "~" and before.text.lower().endswith(" than")


def _name_before(tokens: Sequence[Token], start: int) -> str:
    """The capitalised word right before an expression, where it is none of time and opens no sentence."""
    last = tokens[start - 1] if start > 1 else None
    if last is None or last.kind != "x" or last.text.lower() in load_lists()["before a year"] | {"fy"}:
        return ""
    return last.text


def _is_name(parts: Sequence[Token], before: str, after: str) -> bool:
    """Whether the words belong to a name: "the Winter Olympics", "This Week" of ABC, China Daily, Orion 1980."""
    first, last = parts[0], parts[-1]
    if before[:1].isupper() and len(parts) == 1 and (last.kind == "Y" or last.kind == "s" and last.text[0].isupper()):
        return True
    if first.kind == "d" and last.kind == "h" and last.text[0].isalpha():
        return after[:1].isupper()  # "the Good Friday Agreement"
    if first.kind == "T" and last.kind == "U":
        return first.text[0].isupper() and last.text[0].isupper()
    return after[:1].isupper() and (last.kind == "s" or last.kind == "S" and last.text[0].isupper())


def _is_rate(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether a unit only measures an amount, as in "$2 a year": "20% annually", "per day", "24 hours a day"."""
    if tokens[end - 1].kind == "V" and "".join(token.kind for token in tokens[end : end + 2]) == "aU":
        return "".join(token.kind for token in tokens[end + 2 : end + 3]) not in {"A", "B", "F"}
    is_every = tokens[start].kind == "s" or tokens[start].text.lower() == "per"
    return is_every and any(token.kind in "NY" for token in tokens[max(0, start - RATE_REACH) : start])


def tense_at(tokens: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> int:
    """Which way the clause around an expression looks: 1 ahead, -1 back, 0 where nothing tells."""
    leading = tokens[start - 1].text.lower() if start else ""
    if leading != "ahead of" and end < len(tokens) and tokens[end].kind == "'":
        # "Wednesday's ruling": what a day owns has mostly been reported, unlike "Friday's address will".
        return 1 if _sign_ahead(tokens[: end + OWNED_REACH], end, lexicon) > 0 else -1
    if leading in load_lists()["reported happening"]:
        return -1  # "the announcement Thursday that talks would go on"
    behind = _sign_behind(tokens[max(0, start - TENSE_WINDOW) : start], lexicon)
    if leading == "as" and start > 1 and tokens[start - 2].text.lower() in {"recently", "late"}:
        return -1  # "as recently as Monday", and not "as soon as"
    if leading in {"is", "are"} and any(token.kind == "W" for token in tokens[start:end]):
        return 1  # "the funeral is Saturday"
    if leading == "before" and behind < 0 and tokens[start].kind in "PKN":
        return -1  # "raided a house before dawn Friday": an hour, before which it was done
    if leading in load_lists()["looking ahead"] or leading == "ahead of":
        return -1 if _is_past_perfect(tokens, start, end) or _is_limit_past(tokens, start, end, lexicon) else 1
    if behind:
        return -1 if behind > 0 and _is_past_perfect(tokens, start, start) else behind
    return _sign_ahead(tokens, end, lexicon)


def _is_limit_past(tokens: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> bool:
    """Whether a limit in time lies behind: "did not confirm it until Monday", "By late Monday it was over"."""
    if tokens[start - 1].text.lower() not in {"by", "till", "until"}:
        return False
    if "did" in {token.text.lower() for token in tokens[max(0, start - PERFECT_REACH) : start]}:
        return True
    opens = all(token.text in _OPENINGS for token in tokens[: start - 1])
    return opens and _sign_ahead(tokens, end, lexicon) < 0


def _sign_ahead(tokens: Sequence[Token], end: int, lexicon: Lexicon) -> int:
    """The nearest sign after an expression, leaving out plans that are things: "set aside vacation plans"."""
    words = [token.text.lower() for token in tokens[end : end + TENSE_WINDOW + 1]]
    for i, token in enumerate(tokens[end : end + TENSE_WINDOW]):
        is_thing = words[i] in {"plan", "plans", "planned"} and words[i + 1 : i + 2] != ["to"]
        if not is_thing and (sign := 1 if _is_to_be(words, i) else _sign(token, lexicon)):
            return sign
    return 0


def _is_to_be(words: Sequence[str], i: int) -> bool:
    """Whether "is", "are" or "was" arranges what is to come: "the leaders are to sign the pact"."""
    return words[i] in load_lists()["to be"] and words[i + 1 : i + 2] == ["to"]


def _sign_behind(before: Sequence[Token], lexicon: Lexicon) -> int:
    """The nearest sign before an expression; a participle yields to what is to be done with it ("would be paid")."""
    words = [token.text.lower() for token in before]
    for i in range(len(before) - 1, -1, -1):
        sign = _sign(before[i], lexicon)
        if words[i] == "plan" and words[i - 1 : i] and words[i - 1] in load_lists()["before a thing"]:
            continue  # "a plan that was published Monday"
        if (sign > 0 and _is_as_planned(words, i)) or (words[i] == "have" and words[i - 1 : i] in (["to"], ["will"])):
            continue  # "to have dinner on Sunday" is yet to be
        if _is_to_be(words, i):
            return 1
        if sign < 0 and words[i - 1 : i] == ["be"] and load_lists()["to be done"] & set(words[max(0, i - 4) : i - 1]):
            return 1
        if sign:
            return sign
    return 0


def _is_as_planned(words: Sequence[str], i: int) -> bool:
    """Whether "planned" only says how: "left as planned", "as previously scheduled", "a hastily arranged visit"."""
    how = i > 0 and words[i].endswith("ed") and words[i - 1].endswith("ly")
    return how or (words[i].endswith("ed") and "as" in words[max(0, i - 2) : i])


def _is_past_perfect(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether "had" rules the words before an expression, or those after it: "had been due to expire Friday"."""
    near = (*tokens[max(0, start - PERFECT_REACH) : start], *tokens[end : end + (4 if end > start else 0)])
    return any(t.text.lower() == "had" for t in near)


def _sign(token: Token, lexicon: Lexicon) -> int:
    if token.kind == "M":
        return 0  # the month of May
    low = token.text.lower()
    sign = lexicon.tense.get(low)
    if sign is None and token.kind == "x" and len(low) > 4 and _PAST_ENDING.search(low):
        return -1
    return sign or 0
