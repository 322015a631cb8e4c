"""Weeks, months, quarters, halves and seasons: told by name, by number, or as this, the last and the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from dragoman.times import calendar
from dragoman.times.context import Builder, Context, Value, to_number
from dragoman.times.days import calendar_day
from dragoman.times.lengths import length_of
from dragoman.times.lexicon import load_lists
from dragoman.times.years import century, nearest_year, period_year, relative_month_year, season_year, shared_year


def _part_of_month(c: Context) -> Value | None:
    """ "the last week of October", "the first Sunday of May"."""
    of_month = next(i for i, part in enumerate(c.parts) if part.kind in "fi")
    weekday = {"W": 4, "WE": 6, "D": 0}.get(c.value("U")) if c.has("U") else int(c.value("W"))
    if weekday is None:
        return None  # "the first quarter of May"
    month = _month(replace(c, parts=c.parts[of_month:]))
    days = calendar.days_of(month[0]) if month else None
    number = -1 if c.parts[of_month - 2].kind == "L" else to_number(c.parts[of_month - 2].value.replace("last", "5"))
    if days is None or number not in {-1, 1, 2, 3, 4, 5}:
        return month
    nth = -1 if number == 5 else number
    if weekday == 0:
        return (days[1] if nth < 0 else days[0].replace(day=nth)).isoformat(), "DATE"
    # A week belongs to the month that has its Thursday, as in ISO 8601.
    day = calendar.nth_weekday(days[0].year, days[0].month, nth, weekday)
    return (calendar.week_of(day) + "-WE" * (weekday == 6) if c.has("U") else day.isoformat()), "DATE"


def _week_of(c: Context) -> Value | None:
    day = calendar_day(c)
    unit = c.value("U")
    days = calendar.days_of(day[0]) if day and unit in {"W", "WE"} else None
    return (calendar.week_of(days[0]) + ("-WE" if unit == "WE" else ""), "DATE") if days else day


def _month(c: Context) -> Value | None:
    month = int(c.value("M"))
    year = to_number(c.value("Y")) or shared_year(c)
    if year is None and c.published is None:
        return f"XXXX-{month:02d}", "DATE"
    if year is None and c.published is not None:
        year = relative_month_year(c, month, c.published)
    return f"{year:04d}-{month:02d}", "DATE"


def _month_range(c: Context) -> Value | None:
    """ "the July-September quarter": the quarter of the year it is, else from the first month to the last."""
    first, last = (int(p.value) for p in c.parts if p.kind == "M")
    year = period_year(c, last)
    if year is None or first >= last:
        return None
    if last - first == 2 and last % 3 == 0:
        return f"{year}-Q{last // 3}", "DATE"
    return f"{year}-{first:02d}/{year}-{last:02d}", "DATE"


def _relative_unit(c: Context) -> Value | None:
    unit, mark = c.value("U"), c.find("LXTCt")
    if mark is None or c.published is None:
        return None
    if unit in {"TH", "TM", "S"}:
        return length_of(1, unit), "DURATION"
    if mark.value == "past" and unit != "WE":
        return length_of(1, unit), "DURATION"
    told = c.told_days
    next_day = unit == "D" and mark.kind == "X"
    is_before = mark.text.lower() in {"previous", "preceding"}
    told_first = next_day or mark.value == "follow" or is_before
    base = told[0] if told and told_first else c.published
    if unit == "D" and base is c.published and not is_before and mark.kind != "X" and mark.value != "follow":
        return ("PRESENT_REF", "DATE") if mark.kind == "C" else (length_of(1, unit), "DURATION")
    value = calendar.shift(base, unit, {"L": -1, "X": 1, "T": 0, "C": 0}.get(mark.kind, 0))
    return (value, "DATE") if value else None


def _ordinal_period(c: Context) -> Value | None:
    """ "the third quarter", "the first half of 2020", "this year's fourth quarter"."""
    unit = [p for p in c.parts if p.kind == "U"]
    ordinal = c.value("O")
    if c.has("H") and not ordinal:
        return None
    size = "H" if c.has("H") else unit[-1].value if unit else ""
    if len(unit) > 1 and size != "H":
        size = next((p.value for p in unit if p.value in {"Q", "S6"}), size)
    if size == "CE":
        return century(c)
    if size not in {"Q", "H", "S6"} or not ordinal:
        return None
    limit, letter = (4, "Q") if size == "Q" else (2, "H")
    number = limit if ordinal == "last" else to_number(ordinal)
    if number is None or not 1 <= number <= limit:
        return None
    year = period_year(c, number * 12 // limit)
    return (f"{year:04d}-{letter}{number}" if year else f"XXXX-{letter}{number}"), "DATE"


def _year_quarter(c: Context) -> Value | None:
    """ "the 1988 third quarter", "the 1988 quarter", "the last half of 1989"."""
    year = to_number(c.value("Y"))
    if c.has("7"):
        year = year or period_year(c, 3 * int(c.value("7")[1]))
        return (f"{year}-{c.value('7')}", "DATE") if year else None
    if c.has("H"):
        return _half_of(c, year)
    if c.has("O"):
        return _ordinal_period(c)
    unit = c.value("U")
    if year is not None and unit == "Y":
        return str(year), "DATE"  # "the 1990 fiscal year"
    if year is None or unit not in {"Q", ""}:
        return None
    if quarter := c.quarter:
        return f"{year}{quarter[4:]}", "DATE"
    return (f"{year}-QX", "DATE") if unit == "Q" else (str(year), "DATE")


def _half_of(c: Context, year: int | None) -> Value | None:
    if c.has("E"):
        return c.value("E"), "DATE"
    marks = [p.kind for p in c.parts]
    half = marks.index("H")
    if year is None and c.published:
        year = c.published.year + next(({"L": -1, "X": 1}[k] for k in marks[half:] if k in "LX"), 0)
    second = c.value("O") == "2" or "L" in marks[:half]
    return (f"{year}-H{2 if second else 1}", "DATE") if year else None


def _last_period(c: Context) -> Value | None:
    if c.has("Q"):
        value = c.quarter or (c.told if c.told_days and not c.has("Tt") else None)
        return (value, "DATE") if value else None
    if c.published is None:
        return None
    marks = [p for p in c.parts if p.kind in "LXTC"]
    year = c.published.year + {"L": -1, "X": 1}.get(marks[0].kind, 0)
    if quarter := c.quarter:
        return f"{year}{quarter[4:]}", "DATE"
    return str(year), "DATE"


def _half_year(c: Context) -> Value | None:
    """ "in the first half", "first-half profit": of the year in question, where it is no half of anything else."""
    number = to_number(c.value("O"))
    figures = load_lists()["company figures"] | load_lists()["figures of an economy"]
    if number not in {1, 2} or c.after == "of" or not c.sentence & figures:
        return None
    year = period_year(c, number * 6)
    return (f"{year:04d}-H{number}", "DATE") if year else None


def _season(c: Context) -> Value | None:
    season, year = c.value("S"), to_number(c.value("Y"))
    if year is None:
        if c.published is None:
            return f"XXXX-{season}", "DATE"
        if (
            not c.has("dLXTrlBF")
            and c.parts[0].text.lower() in {"fall", "spring"}
            and c.before not in load_lists()["plain season"]
        ):
            return None
        year = season_year(c, season, c.published)
    return f"{year:04d}-{season}", "DATE"


def _the_unit(c: Context) -> Value | None:
    unit = c.value("U")
    if c.published is None or unit not in {"Q", "Y", "M", "WE", "W"}:
        return None
    if c.after == "-":
        return None  # "the quarter-finals", "the week-old siege"
    if unit == "Y" and c.after in {"ended", "ending"}:
        return "P1Y", "DURATION"
    if unit == "Q" and c.told_quarter:
        return c.told_quarter, "DATE"
    if unit == "Q" and (ended := _quarter_ended(c)):
        return ended
    if unit == "WE":
        shift = 0 if c.published.isoweekday() >= 6 or c.tense > 0 or c.before == "ahead of" else -1
        value = calendar.shift(c.published, "WE", shift)
        return (value, "DATE") if value else None
    if unit == "W" and (day := _day_ended(c)):
        return calendar.week_of(day), "DATE"
    if unit == "W" and not c.has("lrBF"):
        return f"{c.published.isocalendar().year:04d}-WXX", "DATE"  # "for the week": which one, the story tells
    if unit == "M" and not c.has("lrBF"):
        return length_of(1, unit), "DURATION"
    value = calendar.shift(c.published, unit, -1 if unit == "Q" else 0)
    return (value, "DATE") if value else None


def _quarter_ended(c: Context) -> Value | None:
    """The quarter of "the quarter ended July 31": the one that most of its three months lie in."""
    words = [token.text.lower() for token in c.following[:4]]
    month = next((i for i, token in enumerate(c.following) if token.kind == "M"), None)
    if c.published is None or month is None or not {"ended", "ending"} & set(words[:month]):
        return None
    number = int(c.following[month].value)
    year = next((to_number(t.value) for t in c.following[month:] if t.kind == "Y"), None) or nearest_year(c, number, 1)
    middle = calendar.add_months(year, number, -1) if year else None
    days = calendar.days_of(middle) if middle else None
    return (calendar.quarter_of(days[0]), "DATE") if days else None


def _day_ended(c: Context) -> date | None:
    """The last day of "the week ended Oct. 21"."""
    kinds = "".join(token.kind for token in c.following)
    match = re.match(r"xW?,?M\.?N", kinds)
    if match is None or c.after not in {"ended", "ending"}:
        return None
    told = calendar_day(replace(c, parts=c.following[1 : match.end()], following=c.following[match.end() :]))
    days = calendar.days_of(told[0]) if told else None
    return days[0] if days else None


PERIODS: Mapping[str, Builder] = {
    "week_of": _week_of,
    "part_of_month": _part_of_month,
    "month": _month,
    "month_range": _month_range,
    "relative_unit": _relative_unit,
    "ordinal_period": _ordinal_period,
    "year_quarter": _year_quarter,
    "last_period": _last_period,
    "season": _season,
    "half_year": _half_year,
    "the_unit": _the_unit,
}
