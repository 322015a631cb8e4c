"""Finds anchors by a lexicon of phrases, for events that few labels can teach: a second look where nothing was found.

The phrases are rows of `data/lexicon/anchors.tsv`; the parties of what they find are still the learned reader's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from dragoman.knowledge import table_rows

_WORD = re.compile(r"\w+")
# What a phrase may skip between its words: up to four words, never beyond the sentence's own punctuation.
_GAP = r"(?:[ ]+[\w’'-]+){0,4}?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A row of the lexicon: what it matches, and the type, mode and status (None: the reader's own) that it means.

    One of `keys` stands in whatever it matches: looking for them is ten times as fast as the pattern.
    """

    words: str
    keys: frozenset[str]
    pattern: re.Pattern[str]
    event_type: str
    mode: str | None
    status: str | None
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A phrase found in a text, with its offsets there."""

    start: int
    end: int
    phrase: Phrase


def find_phrases(text: str) -> Iterator[Match]:
    """Yields the phrases of the lexicon that stand in a sentence.

    >>> [text_match.phrase.event_type for text_match in find_phrases("The bloc recalled its ambassador on Monday.")]
    ['SANCTION']
    """
    words = frozenset(_WORD.findall(text.lower()))
    for phrase in load_phrases():
        if phrase.keys.isdisjoint(words):
            continue
        for found in phrase.pattern.finditer(text):
            yield Match(start=found.start(), end=found.end(), phrase=phrase)


@cache
def load_phrases() -> tuple[Phrase, ...]:
    """Reads the lexicon and compiles its phrases."""
    return tuple(
        Phrase(
            words=row["phrase"],
            keys=_keys(row["phrase"]),
            pattern=re.compile(_pattern(row["phrase"]), re.IGNORECASE),
            event_type=row["type"],
            mode=row["mode"] or None,
            status=row["status"] or None,
            example=row["example"],
        )
        for row in table_rows("lexicon", "anchors.tsv")
    )


def _keys(words: str) -> frozenset[str]:
    """Gives the choices of the last word that must stand there: objects are rarer than verbs."""
    must = [word for word in words.split() if word != "..." and not word.endswith("?")]
    return frozenset(_WORD.findall(choice.lower())[-1] for choice in must[-1].split("|"))


def _pattern(words: str) -> str:
    parts: list[str] = []
    for word in words.split():
        if word == "...":
            parts.append(_GAP)
            continue
        choice = "|".join(re.escape(each) for each in word.rstrip("?").split("|"))
        space = "[ ]+" if parts else ""
        parts.append(f"(?:{space}(?:{choice}))" + ("?" if word.endswith("?") else ""))
    return r"\b" + "".join(parts) + r"\b"
