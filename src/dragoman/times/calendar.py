"""Arithmetic on TIMEX3 values: days, ISO weeks, months, quarters, seasons and years as strings, and the days they span.

Pure functions over the standard library's dates. A value that would leave the calendar (year 1 to 9999) gives None.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MONTH = re.compile(r"(\d{4})-(\d\d)$")
_WEEK = re.compile(r"(\d{4})-W(\d\d)(-WE)?$")
_PART = re.compile(r"(\d{4})-(Q[1-4]|H[12]|SP|SU|FA|WI)$")
_YEARS = re.compile(r"(?:FY)?(\d{1,4})(X*)$")
_PART_MONTHS = {
    "Q1": (1, 3), "Q2": (4, 6), "Q3": (7, 9), "Q4": (10, 12), "H1": (1, 6), "H2": (7, 12),
    "SP": (3, 5), "SU": (6, 8), "FA": (9, 11), "WI": (12, 14),
}  # fmt: skip
Days = tuple[date, date]


def add_days(day: date, count: int) -> date | None:
    try:
        return day + timedelta(days=count)
    except OverflowError:
        return None


def make_day(year: int, month: int, day: int) -> date | None:
    """The day, or None where there is no such day (30 February)."""
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def add_months(year: int, month: int, count: int) -> str | None:
    months = year * 12 + month - 1 + count
    return f"{months // 12:04d}-{months % 12 + 1:02d}" if 12 <= months < 120000 else None


def week_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def quarter_of(day: date) -> str:
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def shift(day: date, unit: str, count: int) -> str | None:
    """The week, month, quarter... that lies `count` of them after the one of `day`, in TIMEX3.

    >>> shift(date(2024, 1, 15), "M", -1)
    '2023-12'
    """
    if unit in {"D", "W", "WE", "FN"}:
        moved = add_days(day, count * {"D": 1, "W": 7, "WE": 7, "FN": 14}[unit])
        if moved is None:
            return None
        return moved.isoformat() if unit == "D" else week_of(moved) + ("-WE" if unit == "WE" else "")
    if unit == "M":
        return add_months(day.year, day.month, count)
    if unit in {"Q", "S6"}:
        return _shift_part(day, unit, count)
    return _shift_years(day.year, unit, count)


def _shift_part(day: date, unit: str, count: int) -> str | None:
    size, letter = (3, "Q") if unit == "Q" else (6, "H")
    parts = day.year * (12 // size) + (day.month - 1) // size + count
    year, part = divmod(parts, 12 // size)
    return f"{year:04d}-{letter}{part + 1}" if 1 <= year <= 9999 else None


def _shift_years(year: int, unit: str, count: int) -> str | None:
    size = {"Y": 1, "DE": 10, "CE": 100, "ML": 1000}.get(unit)
    if size is None or not 1 <= year + count * size <= 9999:
        return None
    moved = f"{year + count * size:04d}"
    return moved[: {"Y": 4, "DE": 3, "CE": 2, "ML": 1}[unit]]


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of Meeus, Jones and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, nth: int, weekday: int) -> date:
    """The nth (-1: last) ISO weekday of a month."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (nth - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.isoweekday() - weekday) % 7)


@lru_cache(maxsize=4096)  # asked for every expression of an article by every event of it
def days_of(value: str) -> Days | None:
    """The first and last day that a TIMEX3 date value spans; None for references, durations and unknown parts.

    >>> days_of("2022-W08-WE")
    (datetime.date(2022, 2, 26), datetime.date(2022, 2, 27))
    """
    first, slash, last = value.partition("/")
    if slash:
        start, end = days_of(first), days_of(last) if "/" not in last else None
        return (start[0], end[1]) if start and end and start[0] <= end[1] else None
    if match := _DAY.match(value):
        day = make_day(*(int(g) for g in match.groups()))
        return (day, day) if day else None
    if match := _MONTH.match(value):
        return _months(int(match[1]), int(match[2]), int(match[2]))
    if match := _PART.match(value):
        return _months(int(match[1]), *_PART_MONTHS[match[2]])
    if match := _WEEK.match(value):
        return _week(int(match[1]), int(match[2]), weekend=bool(match[3]))
    if match := _YEARS.match(value):
        low, high = match[1].ljust(4, "0"), match[1].ljust(4, "9")
        return (date(int(low), 1, 1), date(int(high), 12, 31)) if int(low) else None
    return None


def _months(year: int, first: int, last: int) -> Days | None:
    if not (1 <= year < 9998 and 1 <= first <= 14 and last <= 14):
        return None
    start = date(year + (first - 1) // 12, (first - 1) % 12 + 1, 1)
    return start, date(year + last // 12, last % 12 + 1, 1) - timedelta(days=1)


def _week(year: int, week: int, *, weekend: bool) -> Days | None:
    try:
        return date.fromisocalendar(year, week, 6 if weekend else 1), date.fromisocalendar(year, week, 7)
    except ValueError:
        return None
