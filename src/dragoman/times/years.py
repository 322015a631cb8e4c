"""Years, decades and centuries, and which year is meant by a day, month or season that is told without one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from dragoman.times import calendar
from dragoman.times.context import Builder, Context, Value, to_number
from dragoman.times.lexicon import load_lexicon, load_lists

# What may stand between the first of several days or months and the year told for all of them.
_SHARED_YEAR = re.compile(r"(?:(?:,&?|[&o-])(?:M\.?[NO]?|[NO])){1,3},?f?(?:Y|[LXT]U)")


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


def century(c: Context) -> Value | None:
    """ "the 21st century": its first two figures."""
    number = to_number(c.value("O"))
    if c.value("U") != "CE" or not number or number > 99:
        return None
    return f"{number - 1:02d}", "DATE"


def nearest_year(c: Context, month: int, day: int) -> int | None:
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


def shared_year(c: Context) -> int | None:
    """The year told once for several days or months: the 1988 of "March and April 1988", "from May 3 to 5, 1988"."""
    kinds = "".join(token.kind for token in c.following)
    match = _SHARED_YEAR.match(kinds)
    ends = load_lists()["end of a range"]
    if match is None or any(t.text.lower() not in ends for t in c.following[: match.end()] if t.kind in ",&o-"):
        return None
    last = c.following[match.end() - 1]
    if last.kind == "Y":
        return to_number(last.value)
    mark = c.following[match.end() - 2].kind
    return c.published.year + {"L": -1, "X": 1}.get(mark, 0) if c.published and last.value == "Y" else None


def year_of_named_day(c: Context, month: int, day: int) -> int | None:
    """The year of "Oct. 7" in "the Oct. 7 attack": that of the event the day is known for."""
    for year, words in load_lexicon().named_days.get((month, day), ()):
        if words & c.sentence and (c.published is None or c.published > date(year, month, day)):
            return year
    return None


def year_by_weekday(c: Context, month: int, day: int) -> int | None:
    """The year at hand in which a month and day fall on the weekday told with them."""
    if not c.has("W") or c.published is None:
        return None
    weekday = int(c.value("W"))
    years = (c.published.year + k for k in (0, -1, 1))
    days = (calendar.make_day(y, month, day) for y in years)
    return next((d.year for d in days if d and d.isoweekday() == weekday), None)


def relative_month_year(c: Context, month: int, published: date) -> int:
    """The year of a month told without one: "last May", "May of this year", "in May"."""
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
    return nearest_year(c, month, 0) or published.year


def period_year(c: Context, last_month: int) -> int | None:
    """The year of a quarter or half that ends with a month: the one told, else the one it last began in."""
    if year := to_number(c.value("Y")):
        return year
    if c.published is None:
        return None
    mark = c.find("LXTC")
    if mark and any(p.kind == "U" and p.value == "Y" for p in c.parts):
        return c.published.year + {"L": -1, "X": 1}.get(mark.kind, 0)
    begun = last_month - 2 <= c.published.month
    return c.published.year if begun or c.tense > 0 else c.published.year - 1


def season_year(c: Context, season: str, published: date) -> int:
    """The year of a season told without one: "last winter", "this fall"."""
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


YEARS: Mapping[str, Builder] = {
    "year": _year,
    "year_range": _year_range,
    "half_in_months": _half_in_months,
    "decade": _decade,
    "year_end": _year_end,
    "century": century,
}
