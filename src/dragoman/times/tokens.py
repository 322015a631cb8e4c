"""Turns a sentence into tokens with a word class each: the first half of finding time expressions.

Numbers written in words are joined ("twenty-five", "nineteen ninety-four"), and words that are only sometimes words
of time ("may", "march", "second", "fall") get their class here from their looks and neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import NamedTuple
from unicodedata import decimal

from dragoman.times.lexicon import OTHER, TOKEN, Lexicon, Phrase, load_lists

# A sentence without any of these classes or a four-digit year holds no time expression.
TRIGGERS = frozenset("MWwYEUVPpSyRhsGDKknczCQ78LFH")
MAX_TOKENS = 400
_NUMBER = re.compile(r"(\d+(?:,\d{3})*(?:\.\d+)?)(st|nd|rd|th|s|['’]s|am|pm|bn|m|k)?$")
_AFTER_MONTH = re.compile(r"\d{1,4}(?:st|nd|rd|th)?$|,$|\.$")
_BEFORE_DECADE = tuple([word] for word in ("the", "early", "late", "mid", "-", "and", "through", "to"))
_TENS_YEARS = range(10, 21)


class Token(NamedTuple):
    """A word with its offsets in the article's body, its class and the class's value."""

    start: int
    end: int
    text: str
    kind: str
    value: str = ""


_kind = attrgetter("kind")
_new_token: Callable[[Iterable[object]], Token] = partial(tuple.__new__, Token)  # past the slower constructor


def tokenize(text: str, offset: int, lexicon: Lexicon) -> list[Token]:
    """Gives the tokens of a sentence that starts at `offset`, or nothing where no word of time is among them."""
    found = list(islice(TOKEN.finditer(text), MAX_TOKENS))
    words = [match[0] for match in found]
    lowered = [word.lower() for word in words]
    tokens: list[Token] = []
    past = 0
    for i, word in enumerate(words):
        if i < past:
            continue
        start, end = found[i].span()
        phrase = _phrase_at(lowered, i, lexicon)
        if phrase:
            past = i + len(phrase[0])
            end = found[past - 1].end()
            word, kind, value = text[start:end], phrase[1], phrase[2]  # noqa: PLW2901 - the phrase stands for it
        else:
            kind, value = _classify(word, lowered, i, lexicon)
        tokens.append(_new_token((start + offset, end + offset, word, kind, value)))
    tokens = _join_numbers(tokens)
    return [] if TRIGGERS.isdisjoint(map(_kind, tokens)) else tokens


def _phrase_at(lowered: Sequence[str], i: int, lexicon: Lexicon) -> Phrase | None:
    phrases = lexicon.phrases.get(lowered[i], ())
    second = lowered[i + 1] if phrases and i + 1 < len(lowered) else ""
    for phrase in phrases:
        words = phrase[0]
        if words[1] == second and tuple(lowered[i : i + len(words)]) == words:
            return phrase
    return None


def _classify(word: str, lowered: Sequence[str], i: int, lexicon: Lexicon) -> tuple[str, str]:
    low = lowered[i]
    entry = lexicon.words.get(low)
    if entry is None and word.isalpha():
        return OTHER, ""
    if word[0].isdigit() or (word[0] in "'’" and word[1:2].isdigit()):
        kind, value = _classify_figure(word)
        if kind == "E" and word[-2] in "'’" and lowered[i - 1 : i] not in _BEFORE_DECADE and len(word) == 6:
            return "Y", word[:4]  # "1990's budget", unlike "the 1990's"
        return kind, value
    if entry is None:
        return (word, "") if word in ",.-/()" else ("-", "") if word in "–—" else (OTHER, "")
    if _is_other_word(word, lowered, i):
        return OTHER, ""
    return entry


def _is_other_word(word: str, lowered: Sequence[str], i: int) -> bool:
    """Whether a word that may name a time does not here: the verb "may", a fall in prices, "the second man"."""
    lists = load_lists()
    low = lowered[i]
    before = lowered[i - 1] if i else ""
    after = lowered[i + 1] if i + 1 < len(lowered) else ""
    if low in lists["sometimes a month"]:
        if word == "Jan" and not (after == "." or after[:1].isdigit()):
            return True  # a man's name
        if word.islower():
            return True
        is_led = before in lists["before a month"] or _AFTER_MONTH.match(after)
        is_plain = before.islower() and after not in lists["after a march"]
        return not is_led and not (low in lists["seldom a name"] and (is_plain or after in {"'s", "’s"}))
    if low in lists["short day"]:
        return word.islower() or not (after in {",", ".", ""} or after.isdigit())
    if low in lists["sometimes a season"] and before not in {"last", "next"}:
        of_year = after == "of" and lowered[i + 2 : i + 3] != [] and lowered[i + 2][0] in "12'’"
        return before not in lists["before a season"] or (after in lists["after no season"] and not of_year)
    return False


def _plain_figures(word: str) -> str:
    """The figures of any script as 0 to 9, so that values are plain: "１９９０" is 1990."""
    return word if word.isascii() else "".join(str(decimal(c)) if c.isdecimal() else c for c in word)


def _classify_figure(word: str) -> tuple[str, str]:
    word = _plain_figures(word)
    if word.count(".") == 2:
        return "G", word
    if "/" in word or "-" in word or ":" in word:
        return _classify_compound(word)
    if word[0] in "'’":
        return ("E", f"19{word[1]}") if word.endswith("s") else ("Y", _century(int(word[1:])))
    match = _NUMBER.match(word)
    if match is None:
        return OTHER, ""
    digits, suffix = match.group(1).replace(",", ""), match.group(2) or ""
    if suffix in {"st", "nd", "rd", "th"}:
        return "O", digits[:6]
    if suffix in {"am", "pm"}:
        return "K", f"{digits} {suffix}"
    if suffix in {"s", "'s", "’s"}:
        return _classify_decade(digits, suffix)
    if suffix:
        return OTHER, ""
    is_year = len(word) == 4 and word.isdigit() and 1000 <= int(word) <= 2199
    return ("Y", word) if is_year else ("N", digits[:12])


def _classify_compound(word: str) -> tuple[str, str]:
    if ":" in word and "-" not in word:
        return "K", word
    if word.count("/") == 1:
        return "j", word
    return "G", word


def _classify_decade(digits: str, suffix: str) -> tuple[str, str]:
    if len(digits) == 4 and digits.endswith("0") and digits[0] in "12":
        return "E", digits[:3]
    if len(digits) == 4 and suffix != "s":
        return "Y", digits
    if len(digits) == 2 and digits.endswith("0") and suffix == "s":
        return "E", f"19{digits[0]}"
    return OTHER, ""


def _century(two_digits: int) -> str:
    return str(1900 + two_digits if two_digits > 49 else 2000 + two_digits)


def _join_numbers(tokens: list[Token]) -> list[Token]:
    """Joins "twenty-five" to 25, "two hundred" to 200 and "nineteen ninety-four" to the year 1994."""
    joined: list[Token] = []
    for token in tokens:
        joined.append(token)
        if token.kind in "NO" and token.text[0].isalpha():
            _join_last(joined)
    return joined


def _join_last(joined: list[Token]) -> None:
    last = joined[-1]
    if not last.value.isdigit():
        return
    step = 2 if len(joined) > 2 and joined[-2].kind == "-" else 1
    first = joined[-1 - step] if len(joined) > step else None
    if first is None or first.kind not in "NY" or not first.value.isdigit() or not first.text[0].isalpha():
        return
    if first.kind == "Y" and int(first.value) % 10 == 0 and step == 2 and int(last.value) < 10:
        total: int | None = int(first.value) + int(last.value)  # "nineteen ninety" and "four"
    else:
        total = _combine(int(first.value), int(last.value))
    if total is None:
        return
    is_year = 1000 <= total <= 2199 and last.kind == "N" and last.text.lower() not in {"hundred", "thousand"}
    kind = "Y" if is_year else last.kind
    text = first.text + " " + last.text
    joined[-1 - step :] = [Token(first.start, last.end, text, kind, str(total))]


def _combine(first: int, second: int) -> int | None:
    if second in {100, 1000}:
        return first * second
    if first in range(20, 100, 10) and 0 < second < 10:
        return first + second
    if first in _TENS_YEARS and 10 <= second <= 99:
        return first * 100 + second
    if first >= 100 and first % 100 == 0 and second < 100:
        return first + second
    return None
