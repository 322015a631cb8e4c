"""Builders: from the tokens of a time expression and its context to a TIMEX3 value.

Each builder serves some rows of `data/times/rules.tsv` and answers a value with its type, or None where the words turn
out to be no time after all. Relative words count from the publication day; "that day", "two weeks later" and the like
from the last date told in the story. Nothing is stamped with the publication day unless the words point to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from dragoman.times import calendar
from dragoman.times.lexicon import load_lexicon, load_lists, load_moving_days
from dragoman.times.tokens import Token

Kind = Literal["DATE", "TIME", "DURATION", "SET"]
Value = tuple[str, Kind]
DAYS_TO_LAST_WEEKS_MORROW = 6
_FOUR_FIGURES = re.compile(r"([01]\d|2[0-3])([0-5]\d)")
_OTHER_ZONE = re.compile(r"\([NYK]z\),?o?W")
_UNITS = ("Y", "M", "W", "D", "TH", "TM", "S")
# What may stand between the first of several days or months and the year told for all of them.
_SHARED_YEAR = re.compile(r"(?:(?:,&?|[&o-])(?:M\.?[NO]?|[NO])){1,3},?f?(?:Y|[LXT]U)")
_OPENINGS = frozenset(("", ".", '"', "“", "'", "`"))


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


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 7 else None


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
    first = _calendar_day(c)
    start = calendar.days_of(first[0]) if first else None
    last = _number([p for p in c.parts if p.kind == "N"][-1].value)
    if start is None or last is None:
        return None
    end = calendar.make_day(start[0].year, start[0].month, last)
    return (f"{start[0].isoformat()}/{end.isoformat()}", "DATE") if end and end > start[0] else None


def _nearest_year(c: Context, month: int, day: int) -> int | None:
    """The year of a month and day told without one: of the three at hand, the nearest, leaning as the tense does."""
    if c.published is None:
        return None
    # Months that a date may lie behind before the one ahead is meant, by tense: news seldom looks far ahead.
    reach = {-1: 9, 0: 7, 1: 2}[c.tense]
    ahead = (month - c.published.month) % 12
    if ahead == 0:
        return c.published.year
    behind = 12 - ahead
    year_ahead = c.published.year + (month < c.published.month)
    return year_ahead - 1 if behind <= reach else year_ahead


def _calendar_day(c: Context) -> Value | None:
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
        day = _number(last[-1].value) or day
    told_year = _number(c.value("Y")) or _shared_year(c)
    told_year = told_year or _year_by_weekday(c, month, day) or _year_of_named_day(c, month, day)
    year = told_year or _nearest_year(c, month, day)
    if year is None:
        return f"XXXX-{month:02d}-{day:02d}", "DATE"
    found = calendar.make_day(year, month, day)
    return _with_clock(c, found.isoformat()) if found else None


def _hour_of_day(c: Context) -> Value | None:
    """ "midnight EST Nov. 29", "noon on June 1"; the day alone where the word is no hour ("overnight on June 1")."""
    return _calendar_day(c) if c.parts[0].value.startswith("T") else None


def _shared_year(c: Context) -> int | None:
    """The year told once for several days or months: the 1988 of "March and April 1988", "from May 3 to 5, 1988"."""
    kinds = "".join(token.kind for token in c.following)
    match = _SHARED_YEAR.match(kinds)
    ends = load_lists()["end of a range"]
    if match is None or any(t.text.lower() not in ends for t in c.following[: match.end()] if t.kind in ",&o-"):
        return None
    last = c.following[match.end() - 1]
    if last.kind == "Y":
        return _number(last.value)
    mark = c.following[match.end() - 2].kind
    return c.published.year + {"L": -1, "X": 1}.get(mark, 0) if c.published and last.value == "Y" else None


def _year_of_named_day(c: Context, month: int, day: int) -> int | None:
    """The year of "Oct. 7" in "the Oct. 7 attack": that of the event the day is known for."""
    for year, words in load_lexicon().named_days.get((month, day), ()):
        if words & c.sentence and (c.published is None or c.published > date(year, month, day)):
            return year
    return None


def _year_by_weekday(c: Context, month: int, day: int) -> int | None:
    if not c.has("W") or c.published is None:
        return None
    weekday = int(c.value("W"))
    years = (c.published.year + k for k in (0, -1, 1))
    days = (calendar.make_day(y, month, day) for y in years)
    return next((d.year for d in days if d and d.isoweekday() == weekday), None)


def _with_clock(c: Context, day: str) -> Value:
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


def _listed_day(c: Context) -> Value | None:
    """The 25 of "April 24 and 25": a later day of the month just told."""
    first, number = c.told_day, _number(c.parts[0].value)
    if first is None or number is None or number <= first.day:
        return None
    if c.leads_to_a_noun:
        return None  # "on April 24 and 25 people": who, not when
    day = calendar.make_day(first.year, first.month, number)
    return (day.isoformat(), "DATE") if day else None


def _part_of_month(c: Context) -> Value | None:
    """ "the last week of October", "the first Sunday of May"."""
    of_month = next(i for i, part in enumerate(c.parts) if part.kind in "fi")
    weekday = {"W": 4, "WE": 6, "D": 0}.get(c.value("U")) if c.has("U") else int(c.value("W"))
    if weekday is None:
        return None  # "the first quarter of May"
    month = _month(replace(c, parts=c.parts[of_month:]))
    days = calendar.days_of(month[0]) if month else None
    number = -1 if c.parts[of_month - 2].kind == "L" else _number(c.parts[of_month - 2].value.replace("last", "5"))
    if days is None or number not in {-1, 1, 2, 3, 4, 5}:
        return month
    nth = -1 if number == 5 else number
    if weekday == 0:
        return (days[1] if nth < 0 else days[0].replace(day=nth)).isoformat(), "DATE"
    # A week belongs to the month that has its Thursday, as in ISO 8601.
    day = calendar.nth_weekday(days[0].year, days[0].month, nth, weekday)
    return (calendar.week_of(day) + "-WE" * (weekday == 6) if c.has("U") else day.isoformat()), "DATE"


def _week_of(c: Context) -> Value | None:
    day = _calendar_day(c)
    unit = c.value("U")
    days = calendar.days_of(day[0]) if day and unit in {"W", "WE"} else None
    return (calendar.week_of(days[0]) + ("-WE" if unit == "WE" else ""), "DATE") if days else day


def _month(c: Context) -> Value | None:
    month = int(c.value("M"))
    year = _number(c.value("Y")) or _shared_year(c)
    if year is None and c.published is None:
        return f"XXXX-{month:02d}", "DATE"
    if year is None and c.published is not None:
        year = _relative_month_year(c, month, c.published)
    return f"{year:04d}-{month:02d}", "DATE"


def _month_range(c: Context) -> Value | None:
    """ "the July-September quarter": the quarter of the year it is, else from the first month to the last."""
    first, last = (int(p.value) for p in c.parts if p.kind == "M")
    year = _period_year(c, last)
    if year is None or first >= last:
        return None
    if last - first == 2 and last % 3 == 0:
        return f"{year}-Q{last // 3}", "DATE"
    return f"{year}-{first:02d}/{year}-{last:02d}", "DATE"


def _relative_month_year(c: Context, month: int, published: date) -> int:
    if c.has("U"):
        unit_year = published.year + {"L": -1, "X": 1}.get((c.find("LXTt") or c.parts[0]).kind, 0)
        days = c.told_days if c.has("t") else None
        return days[0].year if days else unit_year
    if c.has("L"):
        return published.year - (month >= published.month)
    if c.has("X"):
        return published.year + (month <= published.month)
    if c.has("T"):
        return published.year
    return _nearest_year(c, month, 0) or published.year


def _weekday(c: Context) -> Value | None:
    weekday = int(c.value("Ww"))
    if c.published is None:
        return f"XXXX-WXX-{weekday}", "DATE"
    day = _weekday_near(c, weekday, c.published)
    return _with_clock(c, day.isoformat()) if day else None


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
    weeks = int(_amount(c) or 0)
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
        return _with_clock(c, day.isoformat())
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
    return _with_clock(c, day.isoformat()) if day else None


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
    return _with_clock(c, day.isoformat()) if day else None


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


def _relative_unit(c: Context) -> Value | None:
    unit, mark = c.value("U"), c.find("LXTCt")
    if mark is None or c.published is None:
        return None
    if unit in {"TH", "TM", "S"}:
        return _length(1, unit), "DURATION"
    if mark.value == "past" and unit != "WE":
        return _length(1, unit), "DURATION"
    told = c.told_days
    next_day = unit == "D" and mark.kind == "X"
    is_before = mark.text.lower() in {"previous", "preceding"}
    told_first = next_day or mark.value == "follow" or is_before
    base = told[0] if told and told_first else c.published
    if unit == "D" and base is c.published and not is_before and mark.kind != "X" and mark.value != "follow":
        return ("PRESENT_REF", "DATE") if mark.kind == "C" else (_length(1, unit), "DURATION")
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
        return _century(c)
    if size not in {"Q", "H", "S6"} or not ordinal:
        return None
    limit, letter = (4, "Q") if size == "Q" else (2, "H")
    number = limit if ordinal == "last" else _number(ordinal)
    if number is None or not 1 <= number <= limit:
        return None
    year = _period_year(c, number * 12 // limit)
    return (f"{year:04d}-{letter}{number}" if year else f"XXXX-{letter}{number}"), "DATE"


def _period_year(c: Context, last_month: int) -> int | None:
    if year := _number(c.value("Y")):
        return year
    if c.published is None:
        return None
    mark = c.find("LXTC")
    if mark and any(p.kind == "U" and p.value == "Y" for p in c.parts):
        return c.published.year + {"L": -1, "X": 1}.get(mark.kind, 0)
    begun = last_month - 2 <= c.published.month
    return c.published.year if begun or c.tense > 0 else c.published.year - 1


def _year_quarter(c: Context) -> Value | None:
    """ "the 1988 third quarter", "the 1988 quarter", "the last half of 1989"."""
    year = _number(c.value("Y"))
    if c.has("7"):
        year = year or _period_year(c, 3 * int(c.value("7")[1]))
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


def _season(c: Context) -> Value | None:
    season, year = c.value("S"), _number(c.value("Y"))
    if year is None:
        if c.published is None:
            return f"XXXX-{season}", "DATE"
        if (
            not c.has("dLXTrlBF")
            and c.parts[0].text.lower() in {"fall", "spring"}
            and c.before not in load_lists()["plain season"]
        ):
            return None
        year = _season_year(c, season, c.published)
    return f"{year:04d}-{season}", "DATE"


def _season_year(c: Context, season: str, published: date) -> int:
    first = {"SP": 3, "SU": 6, "FA": 9, "WI": 12}[season]
    if c.has("U"):
        return published.year + {"L": -1, "X": 1}.get((c.find("LXT") or c.parts[0]).kind, 0)
    begun = published.month >= first
    ended = published.month > first + 2
    if season == "WI" and published.month <= 2:
        return published.year - (2 if c.has("L") else 1)
    if c.has("L"):
        return published.year - (not ended)
    if c.has("X"):
        return published.year + begun
    if c.has("T") or c.tense > 0:
        return published.year + (ended and c.tense > 0)
    return published.year - (not begun)


def _year(c: Context) -> Value | None:
    value = c.value("Y") or c.value("E") or c.value("N")
    if c.has("U") and not (c.value("U") == "Y" and value.isdigit() and 1000 <= int(value) <= 2199):
        return None
    return (value, "DATE") if value else None


def _year_range(c: Context) -> Value | None:
    """ "2014-2016", "1991-95", "the 2024/25 fiscal year": from the first year to the last."""
    first, last = c.value("Y"), [p for p in c.parts if p.kind in "YN"][-1].value
    if len(last) == 2:
        last = first[:2] + last
    if not (len(last) == 4 and last.isdigit() and int(first) < int(last) < int(first) + 100):
        return None
    return f"{first}/{last}", "DATE"


def _half_in_months(c: Context) -> Value | None:
    """ "the first six months of 2024": the half of the year."""
    if c.value("N") != {"M": "6", "Q": "2"}.get(c.value("V")) or c.value("OL") not in {"1", "-1", "last"}:
        return None
    return f"{c.value('Y')}-H{1 if c.value('OL') == '1' else 2}", "DATE"


def _decade(c: Context) -> Value | None:
    if c.parts[0].text.lower() in {"his", "her", "their"}:
        return None  # "in his 40s"
    return c.value("E"), "DATE"


def _year_end(c: Context) -> Value | None:
    if c.published is None or c.value("U") != "Y":
        return None
    year = c.published.year + {"L": -1, "X": 1}.get((c.find("LXTC") or c.parts[0]).kind, 0)
    return f"{year}-12-31" if c.has("-") else str(year), "DATE"


def _holiday(c: Context) -> Value | None:
    rule, year = c.value("h"), _number(c.value("Y"))
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
    return _with_clock(c, day.isoformat())


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


def _amount(c: Context) -> float | None:
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


def _length(count: float | None, unit: str) -> str:
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
    count = _amount(c)
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
    return _length(count, unit), "DURATION"


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
    return _length(None, unit), "DURATION"


def _one_long(c: Context) -> Value | None:
    """ "the weeklong strike", "a month-long siege", "for another year"."""
    if c.has("~") and (c.parts[0].text.lower() != "another" or c.before not in load_lists()["before a length"]):
        return None  # "another day of storms": which, not how long
    return _length(1, c.value("8U")), "DURATION"


def _compound_duration(c: Context) -> Value | None:
    """ "two years and three months", "3 hours, 20 minutes": one length, where the units grow smaller."""
    units = [p.value for p in c.parts if p.kind in "UV"]
    order = [unit for unit in _UNITS if unit in units]
    if order != units or c.after in {"old", "ago", "later", "earlier"}:
        return None
    counts = [p.value for p in c.parts if p.kind in "aN"]
    lengths = [_length(float(count), unit) for count, unit in zip(counts, units, strict=True)]
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
    return _length(_amount(c), c.value("V") or c.value("U")), "DURATION"


def _recent_span(c: Context) -> Value | None:
    unit = c.value("VU")
    if c.has("n"):
        return ("PAST_REF", "DATE") if unit == "Y" else (_length(None, unit), "DURATION")
    if c.parts[0].text.lower() in {"past", "coming", "future"}:
        return ("PAST_REF" if c.has("L") else "FUTURE_REF"), "DATE"  # "in past years", unlike "in the past years"
    return _length(None, unit), "DURATION"


def _ago(c: Context) -> Value | None:
    count, unit = _amount(c), c.value("UV")
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
    mark, count, unit = c.value("BF"), _amount(c), c.value("UV")
    if mark in {"before", "after", "since"}:
        return None
    if mark == "now":
        return _shift_by(c, c.published, unit, count) if c.published and count else ("FUTURE_REF", "DATE")
    days = c.told_days
    base = days[0] if days else c.published
    if unit == "N":
        return None
    if count is not None and (_is_coarser(days, unit) or (mark == "later" and days is None)):
        return _length(count, unit), "DURATION"  # "80 years later": later than what was not said
    if base is None or count is None or unit in {"TH", "TM", "S"}:
        return _length(count, unit), "DURATION"
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
        return _length(_amount(c), c.value("V") or units[-1]), "DURATION"  # "the year-earlier nine months"
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
    return _with_clock(c, day.isoformat()) if day else None


def _half_year(c: Context) -> Value | None:
    """ "in the first half", "first-half profit": of the year in question, where it is no half of anything else."""
    number = _number(c.value("O"))
    figures = load_lists()["company figures"] | load_lists()["figures of an economy"]
    if number not in {1, 2} or c.after == "of" or not c.sentence & figures:
        return None
    year = _period_year(c, number * 6)
    return (f"{year:04d}-H{number}", "DATE") if year else None


def _compared_period(c: Context) -> Value | None:
    """ "the quarter a year ago", "the same period last year": the period in question, a year before."""
    if c.published is None:
        return None
    mark = c.find("LY")
    years = _number(c.value("Y")) or c.published.year - 1
    if mark is None and (_amount(c) != 1 or c.parts[-2].value != "Y"):
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


def _quarter_ended(c: Context) -> Value | None:
    """The quarter of "the quarter ended July 31": the one that most of its three months lie in."""
    words = [token.text.lower() for token in c.following[:4]]
    month = next((i for i, token in enumerate(c.following) if token.kind == "M"), None)
    if c.published is None or month is None or not {"ended", "ending"} & set(words[:month]):
        return None
    number = int(c.following[month].value)
    year = next((_number(t.value) for t in c.following[month:] if t.kind == "Y"), None) or _nearest_year(c, number, 1)
    middle = calendar.add_months(year, number, -1) if year else None
    days = calendar.days_of(middle) if middle else None
    return (calendar.quarter_of(days[0]), "DATE") if days else None


def _day_ended(c: Context) -> date | None:
    """The last day of "the week ended Oct. 21"."""
    kinds = "".join(token.kind for token in c.following)
    match = re.match(r"xW?,?M\.?N", kinds)
    if match is None or c.after not in {"ended", "ending"}:
        return None
    told = _calendar_day(replace(c, parts=c.following[1 : match.end()], following=c.following[match.end() :]))
    days = calendar.days_of(told[0]) if told else None
    return days[0] if days else None


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
        return _length(1, unit), "DURATION"
    value = calendar.shift(c.published, unit, -1 if unit == "Q" else 0)
    return (value, "DATE") if value else None


def _ordinal_unit(c: Context) -> Value | None:
    return None


def _set(c: Context) -> Value | None:
    if c.has("s"):
        return c.value("s"), "SET"
    other = 2 if c.value("e") == "2" else None if c.has("q") else 1  # "every other week", "every few years"
    return _length(_amount(c) or other, c.value("UV")), "SET"


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


def _century(c: Context) -> Value | None:
    number = _number(c.value("O"))
    if c.value("U") != "CE" or not number or number > 99:
        return None
    return f"{number - 1:02d}", "DATE"


Builder = Callable[[Context], Value | None]
BUILDERS: dict[str, Builder] = {
    "figures": _figures,
    "calendar_day": _calendar_day,
    "hour_of_day": _hour_of_day,
    "day_range": _day_range,
    "week_of": _week_of,
    "listed_day": _listed_day,
    "part_of_month": _part_of_month,
    "month": _month,
    "month_range": _month_range,
    "weekday": _weekday,
    "weekday_set": _weekday_set,
    "relative_day": _relative_day,
    "day_part": _day_part,
    "bare_part": _bare_part,
    "clock": _clock,
    "relative_unit": _relative_unit,
    "ordinal_period": _ordinal_period,
    "year_quarter": _year_quarter,
    "last_period": _last_period,
    "season": _season,
    "year": _year,
    "year_range": _year_range,
    "half_in_months": _half_in_months,
    "decade": _decade,
    "year_end": _year_end,
    "holiday": _holiday,
    "ago": _ago,
    "shifted": _shifted,
    "shifted_period": _shifted_period,
    "same_unit": _same_unit,
    "compared_period": _compared_period,
    "unit_before": _unit_before,
    "part_before": _part_before,
    "half_year": _half_year,
    "the_unit": _the_unit,
    "span_length": _span_length,
    "recent_span": _recent_span,
    "one_long": _one_long,
    "compound_duration": _compound_duration,
    "duration": _duration,
    "ordinal_unit": _ordinal_unit,
    "set": _set,
    "reference": _reference,
    "century": _century,
}
