#!/usr/bin/env python3
"""Writes `src/dragoman/data/times/moving_days.tsv`: the feasts whose day moves with the moon, year by year.

    pip install holidays==0.109
    python train/build_moving_days.py

holidays (MIT) computes the Hebrew, Chinese and Julian calendars and keeps the days of the Islamic and Hindu ones; days
of Islamic feasts to come are estimates that may shift by one with the moon's sighting. Only dates are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from holidays.calendars.chinese import _ChineseLunisolar
from holidays.calendars.hebrew import _HebrewLunisolar
from holidays.calendars.hindu import _HinduLunisolar
from holidays.calendars.islamic import _IslamicLunar

TABLE = Path(__file__).parent.parent / "src" / "dragoman" / "data" / "times" / "moving_days.tsv"
YEARS = range(1990, 2041)
MONTHS = {
    name: i
    for i, name in enumerate(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1)
}
FEASTS = {
    "ramadan": (_IslamicLunar, "RAMADAN_BEGINNING_DATES"),
    "eid_al_fitr": (_IslamicLunar, "EID_AL_FITR_DATES"),
    "eid_al_adha": (_IslamicLunar, "EID_AL_ADHA_DATES"),
    "ashura": (_IslamicLunar, "ASHURA_DATES"),
    "arbaeen": (_IslamicLunar, "ARBAEEN_DATES"),
    "mawlid": (_IslamicLunar, "MAWLID_DATES"),
    "passover": (_HebrewLunisolar, "PASSOVER_DATES"),
    "rosh_hashanah": (_HebrewLunisolar, "ROSH_HASHANAH_DATES"),
    "yom_kippur": (_HebrewLunisolar, "YOM_KIPPUR_DATES"),
    "sukkot": (_HebrewLunisolar, "SUKKOT_DATES"),
    "hanukkah": (_HebrewLunisolar, "HANUKKAH_DATES"),
    "purim": (_HebrewLunisolar, "PURIM_DATES"),
    "shavuot": (_HebrewLunisolar, "SHAVUOT_DATES"),
    "israel_independence": (_HebrewLunisolar, "INDEPENDENCE_DAY_DATES"),
    "lunar_new_year": (_ChineseLunisolar, "LUNAR_NEW_YEAR_DATES"),
    "mid_autumn": (_ChineseLunisolar, "MID_AUTUMN_DATES"),
    "diwali": (_HinduLunisolar, "DIWALI_DATES"),
    "holi": (_HinduLunisolar, "HOLI_DATES"),
}


def days(table: dict, year: int) -> Iterator[date]:
    """The feast's days in a Gregorian year: none, one, or two (the Islamic year is shorter)."""
    told = table.get(year, ())
    for month, day in told if told and isinstance(told[0], tuple) else (told,) if told else ():
        yield date(year, month if isinstance(month, int) else MONTHS[month], day)


def orthodox_easter(year: int) -> date:
    """Easter of the Julian calendar (the algorithm of Meeus), as a Gregorian day; right from 1900 to 2099."""
    d = (19 * (year % 19) + 15) % 30
    e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
    month, day = divmod(d + e + 114, 31)
    return date(year, month, day + 1) + timedelta(days=13)


def main() -> None:
    lines = [
        "# Days of the feasts that move with the moon, 1990 to 2040. Written by train/build_moving_days.py from",
        "# the package holidays 0.109 (MIT); Orthodox Easter by the algorithm of Meeus.",
        "feast\tdays",
    ]
    for feast, (calendar, table) in FEASTS.items():
        found = [d for year in YEARS for d in days(getattr(calendar, table), year)]
        lines.append(feast + "\t" + " ".join(d.isoformat() for d in found))
    lines.append("orthodox_easter\t" + " ".join(orthodox_easter(year).isoformat() for year in YEARS))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
