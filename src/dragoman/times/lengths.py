"""How long, and how often: durations and sets, told by a number of units or by words that leave it open."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.times.context import Builder, Context, Value
from dragoman.times.lexicon import load_lists

_UNITS = ("Y", "M", "W", "D", "TH", "TM", "S")


def amount_of(c: Context) -> float | None:
    """How many units are told: None where the words leave it open ("several", bare plurals)."""
    number = c.find("N")
    count: float | None = float(number.value) if number and len(number.value) < 13 else None
    fraction = c.find("j")
    if fraction and fraction.value[-1] != "0":
        count = (count or 0) + int(fraction.value.split("/")[0]) / int(fraction.value.split("/")[1])
    if count is None and c.has("H"):
        return 0.5 if not any(p.kind == "&" for p in c.parts) else 1.5
    if c.has("H") and count is not None:
        return count + 0.5
    if count is None and c.has("a"):
        return 1
    return count


def length_of(count: float | None, unit: str) -> str:
    """The TIMEX3 length: P2W, PT5H30M, PXD. Decades and centuries are told in years, as TimeBank mostly has them."""
    clock = unit in {"TH", "TM", "S"}
    letter = {"TH": "H", "TM": "M", "WE": "WE", "DE": "DE", "CE": "CE", "FN": "W", "S6": "M", "ML": "ML"}.get(
        unit, unit
    )
    if count is None:
        return f"P{'T' if clock else ''}X{letter}"
    scale = {"DE": 10, "CE": 100, "ML": 1000, "FN": 2, "S6": 6}.get(unit)
    if scale:
        count, letter = count * scale, "Y" if unit in {"DE", "CE", "ML"} else letter
    if unit == "WE":
        return f"P{int(count)}WE"
    if count == int(count):
        return f"P{'T' if clock else ''}{int(count)}{letter}"
    smaller = {
        "H": (60, "M"),
        "Y": (12, "M"),
        "M": (60, "S") if clock else (30, "D"),
        "D": (24, "H"),
        "W": (7, "D"),
    }.get(letter)
    whole, part = int(count), count - int(count)
    if smaller is None:
        return f"P{count:g}{letter}"
    rest = f"{round(part * smaller[0])}{smaller[1]}"
    head = f"{whole}{letter}" if whole else ""
    return f"P{'T' if clock else ''}{head}{'T' if letter == 'D' and not clock else ''}{rest}"


def _duration(c: Context) -> Value | None:
    unit = c.value("UV")
    count = amount_of(c)
    if c.has("a") and c.has("U") and c.parts[-1].text.lower() in {"calendar year", "fiscal year", "financial year"}:
        return None  # "from a fiscal year to a calendar year": a way to count
    if [p.kind for p in c.parts] == ["a", "U"] and not (
        c.before in load_lists()["before a length"] or c.after in {"after", "before", "since"}
    ):
        return None  # "four flights a week", "$2 a year"
    if c.parts[-1].text.lower() == "old" or c.after in {"old", "olds"} or _is_fraction(c, unit):
        return None
    if [p.kind for p in c.parts] == ["V"]:
        return _bare_length(c, unit)
    if [p.text.lower() for p in c.parts] == ["one", "day"] and c.before in load_lists()["some time ahead"]:
        return "FUTURE_REF", "DATE"  # "will one day be"
    if count is None and not c.has("qVd"):
        return None
    return length_of(count, unit), "DURATION"


def _bare_length(c: Context, unit: str) -> Value | None:
    """ "for months", "in decades": a length that no number tells, where the words do not speak of something else."""
    if unit == "WE":
        return ("XXXX-WXX-WE", "SET") if c.before == "on" else None
    if unit in {"N", "Q"} or (unit in {"TH", "TM", "S"} and c.before not in load_lists()["before hours"]):
        return None  # "calls from some quarters", "Tuesday nights", "opening hours"
    if c.after == "-" and "Z" in [token.kind for token in c.following[1:2]]:
        return None  # "the decades-old rule"
    if c.before in load_lists()["before no length"]:
        return None  # "a matter of months", "on days when prices tumble", "the worst days of his life"
    if c.after in {"after", "before"} and c.before != "for":
        return None  # "in the weeks before the vote": told by what follows, not by a length
    return length_of(None, unit), "DURATION"


def _one_long(c: Context) -> Value | None:
    """ "the weeklong strike", "a month-long siege", "for another year"."""
    if c.has("~") and (c.parts[0].text.lower() != "another" or c.before not in load_lists()["before a length"]):
        return None  # "another day of storms": which, not how long
    return length_of(1, c.value("8U")), "DURATION"


def _compound_duration(c: Context) -> Value | None:
    """ "two years and three months", "3 hours, 20 minutes": one length, where the units grow smaller."""
    units = [p.value for p in c.parts if p.kind in "UV"]
    order = [unit for unit in _UNITS if unit in units]
    if order != units or c.after in {"old", "ago", "later", "earlier"}:
        return None
    counts = [p.value for p in c.parts if p.kind in "aN"]
    lengths = [length_of(float(count), unit) for count, unit in zip(counts, units, strict=True)]
    days = "".join(length[1:] for length in lengths if not length.startswith("PT"))
    hours = "".join(length[2:] for length in lengths if length.startswith("PT"))
    return f"P{days}" + (f"T{hours}" if hours else ""), "DURATION"


def _is_fraction(c: Context, unit: str) -> bool:
    """Ages ("six-year-old") and quarters of something that is no year are no lengths of time."""
    return unit == "Q" and (c.after == "of" or c.has("a") or c.value("N") == "3" and c.has("-"))


def _span_length(c: Context) -> Value | None:
    first = c.parts[0].text.lower()
    if first in {"this", "that"} or (first == "coming" and c.has("N")) or (first == "last" and c.has("~")):
        return None  # "it seemed that four days were enough", "coming a day before the vote", "last about an hour"
    return length_of(amount_of(c), c.value("V") or c.value("U")), "DURATION"


def _recent_span(c: Context) -> Value | None:
    unit = c.value("VU")
    if c.has("n"):
        return ("PAST_REF", "DATE") if unit == "Y" else (length_of(None, unit), "DURATION")
    if c.parts[0].text.lower() in {"past", "coming", "future"}:
        return ("PAST_REF" if c.has("L") else "FUTURE_REF"), "DATE"  # "in past years", unlike "in the past years"
    return length_of(None, unit), "DURATION"


def _set(c: Context) -> Value | None:
    if c.has("s"):
        return c.value("s"), "SET"
    other = 2 if c.value("e") == "2" else None if c.has("q") else 1  # "every other week", "every few years"
    return length_of(amount_of(c) or other, c.value("UV")), "SET"


LENGTHS: Mapping[str, Builder] = {
    "span_length": _span_length,
    "recent_span": _recent_span,
    "one_long": _one_long,
    "compound_duration": _compound_duration,
    "duration": _duration,
    "set": _set,
}
