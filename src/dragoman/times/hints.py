"""Which sentences may tell a time at all: a look at their words, ten times as fast as taking them apart.

Half of all sentences hold no word of `data/times/lexicon.tsv` that a time could begin from. It never refuses a sentence
in which `tokenize` would find such a word; what it lets pass is decided there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dragoman.times.lexicon import load_lexicon
from dragoman.times.tokens import TRIGGERS

_LETTERS = re.compile(r"[^\W\d_]+")
_FIGURE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Hints:
    """Words that tell a time alone, phrases by their longest word, and signs that are no words ("p.m")."""

    words: frozenset[str]
    phrases: Mapping[str, tuple[frozenset[str], ...]]
    signs: tuple[str, ...]


def may_tell(text: str) -> bool:
    """Tells whether a sentence may hold a time expression.

    >>> may_tell("They met at noon."), may_tell("They met again.")
    (True, False)
    """
    if _FIGURE.search(text):
        return True
    hints = load_hints()
    low = text.lower()
    words = set(_LETTERS.findall(low))
    if not hints.words.isdisjoint(words):
        return True
    if any(phrase <= words for key in hints.phrases.keys() & words for phrase in hints.phrases[key]):
        return True
    return any(sign in low for sign in hints.signs)


@cache
def load_hints() -> Hints:
    """Gathers the hints from the lexicon, once per process."""
    lexicon = load_lexicon()
    words = {word for word, (kind, value) in lexicon.words.items() if kind in TRIGGERS or _may_be_year(kind, value)}
    told = [tokens for group in lexicon.phrases.values() for tokens, kind, _ in group if kind in TRIGGERS]
    phrases: dict[str, tuple[frozenset[str], ...]] = {}
    for tokens in told:
        letters = frozenset(filter(_LETTERS.fullmatch, tokens))
        key = max(letters or tokens, key=lambda token: (len(token), token))
        phrases[key] = (*phrases.get(key, ()), letters)
    keys = words | phrases.keys()
    return Hints(frozenset(words), phrases, tuple(key for key in sorted(keys) if not _LETTERS.fullmatch(key)))


def _may_be_year(kind: str, value: str) -> bool:
    """Whether a number may join others to a year ("nineteen ninety"): those below ten make none by themselves."""
    return kind == "N" and not (value.isdigit() and int(value) < 10)
