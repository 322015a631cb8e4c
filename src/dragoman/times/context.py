"""What a time expression is read against, and what is made of it: a TIMEX3 value with its type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from dragoman.times import calendar
from dragoman.times.lexicon import load_lists
from dragoman.times.tokens import Token

Kind = Literal["DATE", "TIME", "DURATION", "SET"]
Value = tuple[str, Kind]


@dataclass(frozen=True, slots=True)
class Told:
    """What the story has told so far: its last date, and its last quarter of a year."""

    date: str | None = None
    quarter: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression is read against: the publication day, the last date told, and the tense around (-1, 0, 1)."""

    published: date | None
    told: str | None
    tense: int
    parts: Sequence[Token]
    before: str = ""
    after: str = ""
    sentence: frozenset[str] = frozenset()
    told_quarter: str | None = None
    following: Sequence[Token] = ()

    def find(self, kinds: str) -> Token | None:
        return next((p for p in self.parts if p.kind in kinds), None)

    def value(self, kinds: str) -> str:
        found = self.find(kinds)
        return found.value if found else ""

    def has(self, kinds: str) -> bool:
        return any(p.kind in kinds for p in self.parts)

    @property
    def quarter(self) -> str | None:
        """The quarter in question: the last told; among a company's figures, else the one before publication."""
        if self.told_quarter and self.told == self.told_quarter:
            return self.told_quarter
        if self.published is None or not self.sentence & load_lists()["company figures"]:
            return None
        return self.told_quarter or calendar.shift(self.published, "Q", -1)

    @property
    def leads_to_a_noun(self) -> bool:
        """Whether the next word may be what a number counts: "25 people", unlike "25 in Paris"."""
        return self.after.isalnum() and self.after not in load_lists()["after a listed day"]

    @property
    def told_days(self) -> calendar.Days | None:
        return calendar.days_of(self.told) if self.told else None

    @property
    def told_day(self) -> date | None:
        """The last date told, where it is a single day: no clock time belongs to a year."""
        days = self.told_days
        return days[0] if days and days[0] == days[1] else None


# Answers a value with its type, or None where the words turn out to be no time after all.
Builder = Callable[[Context], Value | None]


def to_number(text: str) -> int | None:
    """The number that figures tell; None for other words and for more than six figures."""
    return int(text) if text.isdigit() and len(text) < 7 else None
