"""Turns in synthetic series with known change points: how many are found within two steps, how many are invented.

The generator, for each dyad: 156 weeks; each week a Poisson number of happenings at the stretch's rate, each with a
score drawn from the stretch's mix of cooperation (+2 to +7) and conflict (-2 to -9); weeks unread with chance 0.03.
Stretches of at least 20 weeks; at a turn either the mix crosses over or the rate changes fourfold. First rates from 1
to 6 a week. About half of the dyads have no turn. Tuning uses seeds 0-99; the report uses seeds from 1000 on.

    python eval/turns.py [--dyads 400] [--tuning]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from dragoman.model import Tie
from dragoman.ties import DyadCount, Window, build_series, find_turns

WEEKS = 156
SHORTEST = 20
START = date(2022, 1, 3)
DETECTION_FLOOR = 0.80
FALSE_ALARMS_CEILING = 1.0


@dataclass(frozen=True)
class Level:
    rate: float
    cooperation: float


def draw_levels(chance: np.random.Generator) -> list[tuple[int, Level]]:
    """First weeks of the stretches and their levels."""
    level = Level(rate=float(chance.uniform(1, 6)), cooperation=float(chance.choice([0.15, 0.85])))
    levels = [(0, level)]
    week = 0
    while chance.random() < 0.5:
        week += int(chance.integers(SHORTEST, 60))
        if week > WEEKS - SHORTEST:
            break
        if chance.random() < 0.5:
            level = Level(rate=level.rate, cooperation=1 - level.cooperation)
        else:
            grows = level.rate < 3
            level = Level(rate=level.rate * 4 if grows else level.rate / 4, cooperation=level.cooperation)
        levels.append((week, level))
    return levels


def draw_series(chance: np.random.Generator, levels: list[tuple[int, Level]]) -> list[Tie]:
    counts, read = [], {}
    for week in range(WEEKS):
        level = [level for first, level in levels if first <= week][-1]
        since = START + timedelta(weeks=week)
        if chance.random() >= 0.03:
            read |= {since + timedelta(days=day): 10 for day in range(7)}
            counts += draw_week(chance, level, since)
    window = Window(since=START, until=START + timedelta(weeks=WEEKS), by="week")
    return build_series(("AAA", "BBB"), counts, read, window)


def draw_week(chance: np.random.Generator, level: Level, since: date) -> list[DyadCount]:
    counts = []
    for number in range(chance.poisson(level.rate)):
        cooperates = chance.random() < level.cooperation
        score = float(chance.uniform(2, 7)) if cooperates else float(-chance.uniform(2, 9))
        quad = int(chance.choice([1, 2] if cooperates else [3, 4]))
        counts.append(
            DyadCount(
                actor="AAA",
                recipient="BBB",
                since=since,
                quad=quad,
                count=1,
                intensity=score,
                record_ids=(f"{since}-{number}",),
            )
        )
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dyads", type=int, default=400)
    parser.add_argument("--tuning", action="store_true")
    options = parser.parse_args()
    known = found = alarms = 0
    first = 0 if options.tuning else 1000
    for seed in range(first, first + (100 if options.tuning else options.dyads)):
        chance = np.random.default_rng(seed)
        levels = draw_levels(chance)
        truth = [START + timedelta(weeks=week) for week, _ in levels[1:]]
        turns = [turn.day for turn in find_turns(draw_series(chance, levels))]
        hits = [day for day in truth if any(abs((turn - day).days) <= 14 for turn in turns)]
        known, found = known + len(truth), found + len(hits)
        alarms += sum(1 for turn in turns if not any(abs((turn - day).days) <= 14 for day in truth))
        dyads = seed - first + 1
    years = dyads * WEEKS / 52
    print(f"turns found within two steps: {found} of {known} = {found / known:.3f} (floor {DETECTION_FLOOR})")
    print(f"false alarms a dyad-year: {alarms / years:.3f} (ceiling {FALSE_ALARMS_CEILING})")
    if found / known < DETECTION_FLOOR or alarms / years > FALSE_ALARMS_CEILING:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
