"""Times told by how far they lie from others: "ago", "two weeks later", "the same period last year"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from dragoman.times import calendar
from dragoman.times.context import Builder, Context, Value, to_number
from dragoman.times.days import with_clock
from dragoman.times.lengths import amount_of, length_of


def _ago(c: Context) -> Value | None:
    count, unit = amount_of(c), c.value("UV")
    if c.published is None or count is None:
        return "PAST_REF", "DATE"
    if c.has("yT"):
        return _ago_this(c, c.published, unit, count)
    return _shift_by(c, c.published, unit, -count)


def _ago_this(c: Context, published: date, unit: str, count: float) -> Value | None:
    """ "ten years ago today", "a year ago this month"."""
    grain = "D" if c.value("y") == "0" else [p.value for p in c.parts if p.kind == "U"][-1] if c.has("T") else ""
    months = {"Y": 12, "DE": 120, "CE": 1200, "M": 1}.get(unit)
    if months is None or count != int(count) or grain not in {"D", "M", "Y"}:
        return None
    month = calendar.add_months(published.year, published.month, -int(count) * months)
    if month is None or grain != "D":
        return (month[: 4 if grain == "Y" else 7], "DATE") if month else None
    day = calendar.make_day(int(month[:4]), int(month[5:]), published.day)
    return (day.isoformat() if day else month), "DATE"


def _shift_by(c: Context, base: date, unit: str, count: float) -> Value | None:
    if unit in {"TH", "TM", "S"}:
        hours = {"TH": 1.0, "TM": 1 / 60, "S": 1 / 3600}[unit] * count
        day = calendar.add_days(base, int(hours / 24)) if abs(hours) < 1e6 else None
        return (day.isoformat(), "DATE") if day else None
    if abs(count) > 1e5:
        return None
    in_months = "months" in c.sentence and "quarter" not in c.sentence  # "in the latest nine months, a year earlier"
    if unit == "Y" and abs(count) == 1 and not in_months and (quarter := c.quarter):
        year = int(quarter[:4]) if quarter[:4].isdigit() else base.year
        return f"{year + (int(count) if year == base.year else 0):04d}{quarter[4:]}", "DATE"
    if count != int(count) and unit in {"DE", "CE", "ML"}:
        count, unit = count * {"DE": 10, "CE": 100, "ML": 1000}[unit], "Y"  # "half a century ago"
    if count != int(count) and unit in {"Y", "M"}:
        value = calendar.shift(base, "M", round(count * (12 if unit == "Y" else 1)))
    else:
        value = calendar.shift(base, unit, int(count))
    if value and unit == "DE":
        value = f"{base.year + int(count) * 10:04d}"
    return (value, "DATE") if value else None


def _shifted(c: Context) -> Value | None:
    """ "two days later", "a year earlier": from the last date told."""
    mark, count, unit = c.value("BF"), amount_of(c), c.value("UV")
    if mark in {"before", "after", "since"}:
        return None
    if mark == "now":
        return _shift_by(c, c.published, unit, count) if c.published and count else ("FUTURE_REF", "DATE")
    days = c.told_days
    base = days[0] if days else c.published
    if unit == "N":
        return None
    if count is not None and (_is_coarser(days, unit) or (mark == "later" and days is None)):
        return length_of(count, unit), "DURATION"  # "80 years later": later than what was not said
    if base is None or count is None or unit in {"TH", "TM", "S"}:
        return length_of(count, unit), "DURATION"
    return _shift_by(c, base, unit, -count if mark == "earlier" else count)


def _is_coarser(days: calendar.Days | None, unit: str) -> bool:
    """Whether days or weeks would be counted from a whole year: "in 2012 ... three days later"."""
    limit = {"D": 0, "W": 6, "WE": 6, "FN": 6, "M": 30}.get(unit)
    return days is not None and limit is not None and (days[1] - days[0]).days > limit


def _shifted_period(c: Context) -> Value | None:
    """ "the year-earlier quarter": the told period a year before."""
    units = [p.value for p in c.parts if p.kind == "U"]
    if c.published is None or units[0] != "Y":
        return None
    if c.has("N"):
        return length_of(amount_of(c), c.value("V") or units[-1]), "DURATION"  # "the year-earlier nine months"
    year = c.published.year - 1
    if c.has("O") and "Q" in units:
        return f"{year}-Q{c.value('O')}", "DATE"
    if quarter := c.quarter:
        return f"{year}{quarter[4:]}", "DATE"
    return (f"{year}-QX" if "Q" in units else str(year)), "DATE"


def _unit_before(c: Context) -> Value | None:
    """ "2.1% the year before": the one before the date last told, where nothing follows that it is before."""
    days = c.told_days
    base = days[0] if days else c.published
    unit = c.value("U")
    if c.has("X"):  # "the week after next"
        after_next = calendar.shift(c.published, unit, 2) if c.published and unit in {"W", "WE", "M", "Y"} else None
        return (after_next, "DATE") if after_next else None
    if base is None or c.after.isalnum() or unit in {"TH", "TM", "S"}:
        return None
    value = calendar.shift(base, unit, -2 if c.has("L") else -1)  # "the year before last"
    return (value, "DATE") if value else None


def _part_before(c: Context) -> Value | None:
    """ "the night before": that of the day before the one last told, where nothing follows that it is before."""
    base = c.told_day or c.published
    day = calendar.add_days(base, -1) if base and not c.after.isalnum() else None
    return with_clock(c, day.isoformat()) if day else None


def _compared_period(c: Context) -> Value | None:
    """ "the quarter a year ago", "the same period last year": the period in question, a year before."""
    if c.published is None:
        return None
    mark = c.find("LY")
    years = to_number(c.value("Y")) or c.published.year - 1
    if mark is None and (amount_of(c) != 1 or c.parts[-2].value != "Y"):
        return None
    if c.value("U") == "M":
        base = (c.told_days or (c.published,))[0]
        return f"{years}-{base.month:02d}", "DATE"
    if c.quarter:
        return f"{years}{c.quarter[4:]}", "DATE"
    return (f"{years}-QX" if c.value("U") == "Q" else str(years)), "DATE"


def _same_unit(c: Context) -> Value | None:
    unit = c.value("U")
    days = c.told_days
    if days is None or unit in {"TH", "TM", "S"}:
        return None
    if unit == "D" and days[0] != days[1]:
        return (f"{c.told}-XX", "DATE") if c.told and len(c.told) == 7 and c.told[5:].isdigit() else None
    value = calendar.shift(days[0], unit, 0)
    return (value, "DATE") if value else None


SHIFTS: Mapping[str, Builder] = {
    "ago": _ago,
    "shifted": _shifted,
    "shifted_period": _shifted_period,
    "same_unit": _same_unit,
    "compared_period": _compared_period,
    "unit_before": _unit_before,
    "part_before": _part_before,
}
