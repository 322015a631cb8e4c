"""Builders by their names: from the tokens of a time expression and its context to a TIMEX3 value.

Each builder serves some rows of `data/times/rules.tsv` and answers a value with its type, or None where the words turn
out to be no time after all. Relative words count from the publication day; "that day", "two weeks later" and the like
from the last date told in the story. Nothing is stamped with the publication day unless the words point to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.times.context import Builder, Context, Value
from dragoman.times.days import DAYS
from dragoman.times.holidays import HOLIDAYS
from dragoman.times.lengths import LENGTHS
from dragoman.times.lexicon import load_lists
from dragoman.times.periods import PERIODS
from dragoman.times.shifts import SHIFTS
from dragoman.times.years import YEARS

_OPENINGS = frozenset(("", ".", '"', "“", "'", "`"))


def _ordinal_unit(c: Context) -> Value | None:
    return None


def _reference(c: Context) -> Value | None:
    if c.has("C"):
        return ("PRESENT_REF", "DATE") if c.value("C") == "0" and c.parts[-1].text.lower() == "current" else None
    if c.has("L"):
        is_noun = c.before == "in" and c.parts[-1].text.lower() == "the past"
        return ("PAST_REF", "DATE") if is_noun else None
    if c.has("n") and c.before == "the":
        return None  # "the recent moves": which, not when
    if c.parts[0].text.lower() == "the future" and c.before not in load_lists()["before the future"]:
        return None  # "the future of the alliance": a subject, not when
    if c.parts[0].text.lower() == "now" and c.before in _OPENINGS and c.after in {",", "for"}:
        return None  # "Now, he says, ...", "Now for the news": a turn of the story
    value = c.value("Rn")
    led_in = c.before if len(c.parts) == 1 else c.parts[0].text.lower()
    if c.parts[-1].text.lower() == "recently" and led_in in load_lists()["before no recently"]:
        return None  # "the recently passed law", "has recently moved": no point of time is told
    if c.parts[0].text.lower() == "soon" and (c.tense < 1 or c.before == "as" or c.after in {"after", "before", "as"}):
        return None  # "as soon as trading opened", "it soon became a flood"
    return value, "DURATION" if value.startswith("P") and value[1:2] == "X" else "DATE"


BUILDERS: Mapping[str, Builder] = {
    **DAYS,
    **PERIODS,
    **YEARS,
    **HOLIDAYS,
    **SHIFTS,
    **LENGTHS,
    "ordinal_unit": _ordinal_unit,
    "reference": _reference,
}
