"""Holidays: the day of each in a year, and which year's is meant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from dragoman.times import calendar
from dragoman.times.context import Builder, Context, Value, to_number
from dragoman.times.days import with_clock
from dragoman.times.lexicon import load_moving_days


def _holiday(c: Context) -> Value | None:
    rule, year = c.value("h"), to_number(c.value("Y"))
    if year is None and len(rule) == 10:
        return rule, "DATE"
    if year is None:
        if c.published is None:
            return None
        return _holiday_value(c, rule, _holiday_near(c, rule, c.published))
    return _holiday_value(c, rule, next(iter(holiday_days(rule, year)), None))


def _holiday_value(c: Context, rule: str, day: date | None) -> Value | None:
    if day is None:
        return None
    if rule == "moving:ramadan":  # a month of fasting, up to the feast that ends it
        feast = next((d for d in load_moving_days()["eid_al_fitr"] if d > day), None)
        last = calendar.add_days(feast, -1) if feast else None
        return (f"{day.isoformat()}/{last.isoformat()}", "DATE") if last else None
    return with_clock(c, day.isoformat())


def _holiday_near(c: Context, rule: str, published: date) -> date | None:
    days = [d for k in (-1, 0, 1) for d in holiday_days(rule, published.year + k)]
    past, ahead = [d for d in days if d <= published], [d for d in days if d >= published]
    if c.has("U"):
        year = published.year + {"L": -1, "X": 1}.get((c.find("LXT") or c.parts[0]).kind, 0)
        return next(iter(holiday_days(rule, year)), None)
    if c.has("L"):
        return next((d for d in reversed(past) if d < published), None)
    if c.tense < 0 and past:
        return past[-1]
    if c.has("X") or (c.tense > 0 and c.before != "before"):
        return ahead[0] if ahead else None
    if c.has("T"):
        return next(iter(holiday_days(rule, published.year)), None)
    nearest = sorted(days, key=lambda d: abs((d - published).days) - (20 if d <= published else 0))
    return nearest[0] if nearest else None


def holiday_days(rule: str, year: int) -> tuple[date, ...]:
    """The days of a holiday in a year: one, as a rule; none or two where its own year is shorter than ours."""
    kind, _, feast = rule.partition("moving:")
    if feast and not kind:
        return tuple(day for day in load_moving_days()[feast] if day.year == year)
    day = holiday_day(rule, year)
    return (day,) if day else ()


def holiday_day(rule: str, year: int) -> date | None:
    """The day of a holiday rule: `MM-DD`, `MM-nth-weekday`, `easter+n`, `MM-election`, or a full date."""
    if len(rule) == 10:
        return date.fromisoformat(rule)
    if not 1 <= year <= 9998:
        return None
    if rule.startswith("easter"):
        return calendar.add_days(calendar.easter(year), int(rule[6:]))
    month, _, rest = rule.partition("-")
    if rest == "election":
        return calendar.add_days(calendar.nth_weekday(year, 11, 1, 1), 1)
    if len(rest) == 2 and rest.isdigit():
        return calendar.make_day(year, int(month), int(rest))
    nth, weekday = rest[:-2], rest[-1]
    return calendar.nth_weekday(year, int(month), int(nth), int(weekday))


HOLIDAYS: Mapping[str, Builder] = {
    "holiday": _holiday,
}
