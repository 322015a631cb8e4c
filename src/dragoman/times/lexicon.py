"""The words of time and the rules that join them, read from `data/times/`.

Each word or phrase belongs to one class, named by one character; a sentence becomes a string of such characters, and
a rule is a regular expression over that string. So rules stay short, and adding a word is adding a row.
This module only reads; it decides nothing about a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from dragoman.knowledge import table_cells

Entry = tuple[str, str]
Phrase = tuple[tuple[str, ...], str, str]
# The class of words that are none of time: no rule names it.
OTHER = "x"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of saying a time: a pattern over word classes, and the builder that gives its value."""

    name: str
    builder: str
    pattern: re.Pattern[str]
    confidence: float


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Single words, phrases by their first word (longest first), rules, and the words that show tense (+1, -1)."""

    words: Mapping[str, Entry]
    phrases: Mapping[str, tuple[Phrase, ...]]
    rules: tuple[Rule, ...]
    tense: Mapping[str, int]
    named_days: Mapping[tuple[int, int], tuple[tuple[int, frozenset[str]], ...]]


@cache
def load_lexicon() -> Lexicon:
    """Reads the tables once per process (a few milliseconds)."""
    words: dict[str, Entry] = {}
    phrases: dict[str, list[Phrase]] = {}
    for word, kind, value in table_cells("times", "lexicon.tsv"):
        parts = tuple(split_words(word))
        if len(parts) == 1:
            words[word] = (kind, value)
        else:
            phrases.setdefault(parts[0], []).append((parts, kind, value))
    rules = tuple(
        Rule(name, builder, re.compile(pattern), float(confidence))
        for name, builder, pattern, confidence, *_ in table_cells("times", "rules.tsv")
    )
    tense = {word: 1 if sign == "+" else -1 for word, sign in table_cells("times", "tense.tsv")}
    ordered = {first: tuple(sorted(found, key=lambda p: -len(p[0]))) for first, found in phrases.items()}
    return Lexicon(words, ordered, rules, tense, _named_days())


def _named_days() -> dict[tuple[int, int], tuple[tuple[int, frozenset[str]], ...]]:
    days: dict[tuple[int, int], tuple[tuple[int, frozenset[str]], ...]] = {}
    for month, day, year, words in table_cells("times", "named_days.tsv"):
        mark = int(month), int(day)
        days[mark] = (*days.get(mark, ()), (int(year), frozenset(words.split())))
    return days


@cache
def load_moving_days() -> Mapping[str, tuple[date, ...]]:
    """The days of the feasts that move with the moon, by feast, in order."""
    rows = table_cells("times", "moving_days.tsv")
    return {feast: tuple(date.fromisoformat(day) for day in days.split()) for feast, days in rows}


@cache
def load_lists() -> Mapping[str, frozenset[str]]:
    """The lists of small words that the rules look for, by name."""
    return {name: frozenset(words.split()) for name, words in table_cells("times", "words.tsv")}


# Dates in figures, clock times, numbers, abbreviations with inner stops, words, and any other single character. Longer
# words come first, since they are the most and nothing else begins with two letters.
TOKEN = re.compile(
    r"""[^\W\d_]{2,}
      | \d{4}-\d{2}-\d{2}(?:T[\d:.]{1,15}Z?)?(?!\d)
      | \d{1,2}[/-]\d{1,2}[/-](?:\d{4}|\d{2})(?!\d)
      | \d{1,2}\.\d{1,2}\.\d{4}(?!\d|\.\d)
      | \d{1,2}:\d{2}(?::\d{2})?(?!\d)
      | \d{1,2}/\d(?!\d)
      | \d+(?:,\d{3})+(?:\.\d+)?
      | \d+(?:\.\d+)?(?:st|nd|rd|th|s|['’]s|am|pm|bn|m|k)?(?![^\W\d_])
      | ['’](?:\d\ds?(?!\d)|s\b|ll\b)
      | [^\W\d_]\.(?:[^\W\d_]\.)+
      | [ap]\.m\b
      | [^\W\d_]+
      | \S""",
    re.VERBOSE,
)


def split_words(text: str) -> list[str]:
    """Splits as sentences are split, for looking phrases up.

    >>> split_words("new year's day")
    ['new', 'year', "'s", 'day']
    """
    return TOKEN.findall(text)
