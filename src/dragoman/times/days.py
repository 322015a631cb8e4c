"""Days and their hours: dates, weekdays, "yesterday", parts of the day and clock times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from dragoman.times import calendar
from dragoman.times.context import Builder, Context, Value, to_number
from dragoman.times.lengths import amount_of
from dragoman.times.lexicon import load_lexicon, load_lists
from dragoman.times.tokens import Token
from dragoman.times.years import nearest_year, shared_year, year_by_weekday, year_of_named_day

DAYS_TO_LAST_WEEKS_MORROW = 6
_FOUR_FIGURES = re.compile(r"([01]\d|2[0-3])([0-5]\d)")
_OTHER_ZONE = re.compile(r"\([NYK]z\),?o?W")


def _figures(c: Context) -> Value | None:
    text = c.parts[0].value
    if text[4:5] == "-":
        value = text.replace(" ", "T")
        return (value, "TIME" if "T" in value else "DATE") if calendar.days_of(value) else None
    separator = next(mark for mark in "/.-" if mark in text)
    pieces = text.split(separator)
    if len(pieces) != 3:
        return None
    first, second, year = (int(p) for p in pieces)
    year += 0 if year > 99 else 1900 if year > 49 else 2000
    if separator == ".":
        first, second = second, first
    # Month first, as the American wires write it; day first where only that can be.
    day = calendar.make_day(year, first, second) or calendar.make_day(year, second, first)
    return (day.isoformat(), "DATE") if day else None


def _day_range(c: Context) -> Value | None:
    """ "March 3-5", "from 3 to 5 March": from the first to the last day, as an ISO 8601 interval."""
    first = calendar_day(c)
    start = calendar.days_of(first[0]) if first else None
    last = to_number([p for p in c.parts if p.kind == "N"][-1].value)
    if start is None or last is None:
        return None
    end = calendar.make_day(start[0].year, start[0].month, last)
    return (f"{start[0].isoformat()}/{end.isoformat()}", "DATE") if end and end > start[0] else None


def calendar_day(c: Context) -> Value | None:
    """ "March 3", "Friday, March 3, 2017": a day of a month, with its clock time where one is told."""
    month = int(c.value("M"))
    number = next((p for p in c.parts if p.kind in "NO" and p.value.isdigit() and 1 <= int(p.value) <= 31), None)
    if number is None:
        return None
    if c.find("NO") is not number and not c.has("k"):
        return None
    at = c.parts.index(number)
    if at > 1 and c.parts[at - 1].kind == "d" and c.parts[at - 2].kind in "M." and c.leads_to_a_noun:
        return None  # "in May the third round"
    day = int(number.value)
    if c.has("k") and (last := [p for p in c.parts if p.kind in "NO"]):
        day = to_number(last[-1].value) or day
    told_year = to_number(c.value("Y")) or shared_year(c)
    told_year = told_year or year_by_weekday(c, month, day) or year_of_named_day(c, month, day)
    year = told_year or nearest_year(c, month, day)
    if year is None:
        return f"XXXX-{month:02d}-{day:02d}", "DATE"
    found = calendar.make_day(year, month, day)
    return with_clock(c, found.isoformat()) if found else None


def _hour_of_day(c: Context) -> Value | None:
    """ "midnight EST Nov. 29", "noon on June 1"; the day alone where the word is no hour ("overnight on June 1")."""
    return calendar_day(c) if c.parts[0].value.startswith("T") else None


def _listed_day(c: Context) -> Value | None:
    """The 25 of "April 24 and 25": a later day of the month just told."""
    first, number = c.told_day, to_number(c.parts[0].value)
    if first is None or number is None or number <= first.day:
        return None
    if c.leads_to_a_noun:
        return None  # "on April 24 and 25 people": who, not when
    day = calendar.make_day(first.year, first.month, number)
    return (day.isoformat(), "DATE") if day else None


def _weekday(c: Context) -> Value | None:
    weekday = int(c.value("Ww"))
    if c.published is None:
        return f"XXXX-WXX-{weekday}", "DATE"
    day = _weekday_near(c, weekday, c.published)
    return with_clock(c, day.isoformat()) if day else None


def _weekday_near(c: Context, weekday: int, published: date) -> date | None:
    back = (published.isoweekday() - weekday) % 7
    if c.has("Ab") or (len(c.parts) > 2 and c.parts[-2].kind == "o" and c.parts[-3].kind in "UV"):
        return _counted_weekday(c, back, published)
    if c.has("U"):
        monday = calendar.add_days(published, 1 - published.isoweekday())
        weeks = {"L": -7, "X": 7}.get((c.find("LXT") or c.parts[0]).kind, 0)
        return calendar.add_days(monday, weekday - 1 + weeks) if monday else None
    if c.has("X"):
        following = c.value("X") == "follow" and c.told_days
        base = following[0] if following else published
        return calendar.add_days(base, (weekday - base.isoweekday()) % 7 or 7)
    if c.has("L"):
        word = c.find("L")
        told = c.told_days if word and word.text.lower() in {"previous", "preceding", "prior"} else None
        base = told[0] if told else published
        return calendar.add_days(base, -((base.isoweekday() - weekday) % 7 or 7))
    if c.has("tD") and c.told_days:
        return calendar.add_days(c.told_days[0], (weekday - c.told_days[0].isoweekday()) % 7)
    if c.value("T") == "1":
        return calendar.add_days(published, 7 - back)
    return calendar.add_days(published, _bare_weekday_shift(back, c.tense))


def _counted_weekday(c: Context, back: int, published: date) -> date | None:
    """ "a week ago Friday", "two Fridays ago", "the Friday before last", "a week from Friday"."""
    weeks = int(amount_of(c) or 0)
    if c.has("b"):
        return calendar.add_days(published, -(back or 7) - 7)
    if c.has("w"):
        return calendar.add_days(published, -(back or 7) - 7 * (weeks - 1)) if weeks else None
    if not weeks or c.value("UV") != "W":
        return None
    if c.has("A"):
        return calendar.add_days(published, -back - 7 * weeks)
    return calendar.add_days(published, -back % 7 + 7 * weeks) if c.parts[-2].text.lower() == "from" else None


def _bare_weekday_shift(back: int, tense: int) -> int:
    """Days from publication to a bare weekday that last fell `back` days before it.

    Yesterday's name is yesterday however the words look ahead, as news is often stamped a day after it was written;
    and where nothing looks back, tomorrow's name is tomorrow. The day after these is told as "next Monday".
    """
    if back == 1 or (tense < 0 and back):
        return -back
    return (7 - back) % 7 if tense > 0 or back == DAYS_TO_LAST_WEEKS_MORROW else -back


def _weekday_set(c: Context) -> Value | None:
    if c.has("p") and not c.has("W"):
        return f"XXXX-XX-XXT{c.value('p')}", "SET"
    if not c.has("wW"):
        return f"XXXX-XX-XXT{c.value('P')}", "SET"  # "every morning"
    part = c.value("p") or c.value("P")
    return f"XXXX-WXX-{c.value('wW')}" + (f"T{part}" if part else ""), "SET"


def _relative_day(c: Context) -> Value | None:
    if c.before == "usa" and c.parts[0].text == "TODAY":
        return None  # the newspaper
    word = c.value("y") or ("0" if c.parts[-1].text.lower() == "from today" else "")
    if not word:
        return None
    if c.published is None:
        return "PRESENT_REF", "DATE"
    shift, _, part = word.partition("T")
    day = calendar.add_days(c.published, int(shift))
    if day is None:
        return None
    if not part:
        return with_clock(c, day.isoformat())
    clock = clock_value(c.parts)
    if clock and clock < "T12":
        clock = f"T{int(clock[1:3]) + 12}{clock[3:]}"  # "6:30 tonight"
    return day.isoformat() + (clock or f"T{part}"), "TIME"


def _day_part(c: Context) -> Value | None:
    base = c.published
    shift = 0
    if c.has("L"):
        shift = -1
    elif c.has("X"):
        base, shift = (c.told_day or base), 1
    elif not c.has("T"):
        if _is_of_another_day(c):
            return None
        base = c.told_day or base
    day = calendar.add_days(base, shift) if base else None
    return with_clock(c, day.isoformat()) if day else None


def _is_of_another_day(c: Context) -> bool:
    """Whether "the night" is told by more than itself: "the night of the raid", "the night before"."""
    is_plain = [p.kind for p in c.parts] == ["d", "P"]
    named = bool(c.following) and c.following[0].text[:1].isupper()
    return is_plain and (named or c.before in {"into", "of"} or c.after in load_lists()["after no day part"])


def _bare_part(c: Context) -> Value | None:
    """ "at midday", "in the morning": of the day last told, else of publication."""
    if c.has("k"):
        return _in_the_part(c)
    if c.before not in {"at", "by", "around", "before", "until"}:
        return None
    day = c.told_day or c.published
    return with_clock(c, day.isoformat()) if day else None


def _in_the_part(c: Context) -> Value | None:
    words = c.parts[0].text.lower().split()
    part = load_lexicon().words.get(words[-1], ("", ""))[1]
    day = c.told_day or c.published
    if day is None or words[:2] != ["in", "the"] or c.after in load_lists()["after no day part"]:
        return None  # "8 p.m.", "at night"; "in the morning of his life"
    return f"{day.isoformat()}T{part}", "TIME"


def _clock(c: Context) -> Value | None:
    if c.before == "(":
        return None  # "10:35 a.m. (0735 GMT)": the same time again
    clock = clock_value(c.parts)
    if not clock or (not c.has("kz") and " " not in c.value("K") and c.before not in {"at", "by", "around", "until"}):
        return None
    day = _day_after_zone(c) or c.told_day or c.published
    return (f"{day.isoformat()}{clock}" if day else clock), "TIME"


def _day_after_zone(c: Context) -> date | None:
    """The day of "10:35 a.m. (0735 GMT) Friday"."""
    match = _OTHER_ZONE.match("".join(token.kind for token in c.following))
    if match is None or c.published is None:
        return None
    weekday = c.following[match.end() - 1]
    return _weekday_near(replace(c, parts=(weekday,)), int(weekday.value), c.published)


def with_clock(c: Context, day: str) -> Value:
    """Adds a clock time or a part of the day to a day's value; weekdays and dates stay days ("Friday night")."""
    part = c.find("P")
    # "Friday night" tells the day, as "Friday" does; an evening is told for its own sake.
    clock = clock_value(c.parts)
    if clock and part and part.value in {"AF", "EV", "NI"} and clock < "T12":
        clock = f"T{int(clock[1:3]) + 12}{clock[3:]}"
    if part and not clock and (part.value.startswith("T") or part.text.lower() == "evening" or not c.has("WM")):
        return (day + (part.value if part.value.startswith("T") else f"T{part.value}")), "TIME"
    return (f"{day}{clock}", "TIME") if clock else (day, "DATE")


def clock_value(parts: Sequence[Token]) -> str:
    """`THH:MM` of a clock time among the tokens, or nothing."""
    half = next((p.value for p in parts if p.kind == "k" and p.value), "")
    clock = next((p for p in parts if p.kind == "K"), None)
    if clock is None and len(parts) == 2 and parts[1].kind == "z":
        told = _FOUR_FIGURES.fullmatch(parts[0].value)  # "0735 GMT"
        return f"T{told[1]}:{told[2]}" if told else ""
    if clock is None:
        at = next((i for i, p in enumerate(parts) if p.kind == "k" and i and parts[i - 1].kind == "N"), None)
        clock = parts[at - 1] if at is not None else None
    if clock is None:
        return ""
    figures, _, suffix = clock.value.partition(" ")
    hour, _, minute = figures.partition(":")
    if not hour.isdigit() or int(hour) > 24:
        return ""
    hours = int(hour) % 12 + (12 if (suffix or half) == "pm" else 0) if (suffix or half) else int(hour)
    return f"T{hours:02d}:{minute[:2] or '00'}"


DAYS: Mapping[str, Builder] = {
    "figures": _figures,
    "calendar_day": calendar_day,
    "hour_of_day": _hour_of_day,
    "day_range": _day_range,
    "listed_day": _listed_day,
    "weekday": _weekday,
    "weekday_set": _weekday_set,
    "relative_day": _relative_day,
    "day_part": _day_part,
    "bare_part": _bare_part,
    "clock": _clock,
}
