"""Whether a level's standard deviation says how far it may be off, on synthetic series of which days were not read.

The generator, for each dyad: 40 weeks; each day a Poisson number of happenings at 0.2 to 3 a day, each with a score of
+2 to +7 or -2 to -9, the mix drawn for each dyad. The whole series gives the true levels. Then each day is left unread
with the chance that the row names, and the level is made from the rest. Printed: how often the true level lies within
1.96 standard deviations (it should in 95 of 100 cases; floor 88), and how wide that band is beside the truth's spread.

    python eval/uncertainty.py [--dyads 200]
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta

import numpy as np

from dragoman.model import Tie
from dragoman.ties import DyadCount, Window, build_series

WEEKS = 40
START = date(2024, 1, 1)
WINDOW = Window(since=START, until=START + timedelta(weeks=WEEKS), by="week")
SHARES = (0.9, 0.7, 0.5, 0.3, 0.15)
BAND = 1.96
FLOOR = 0.88
# Weeks until the level has forgotten that the series had a beginning.
WARMING_UP = 8


def draw_days(chance: np.random.Generator) -> list[list[float]]:
    """The scores of each day's happenings."""
    rate, cooperation = float(chance.uniform(0.2, 3)), float(chance.uniform(0.1, 0.9))
    return [
        [
            float(chance.uniform(2, 7)) if chance.random() < cooperation else float(-chance.uniform(2, 9))
            for _ in range(chance.poisson(rate))
        ]
        for _ in range(WEEKS * 7)
    ]


def series_of(days: list[list[float]], is_read: np.ndarray) -> list[Tie]:
    """The series by week of the days that were read; all happenings are sure, so that only coverage is in doubt."""
    counts = [
        DyadCount(
            actor="AAA",
            recipient="BBB",
            since=START + timedelta(weeks=number // 7),
            quad=1,
            count=len(scores),
            intensity=sum(scores),
            squares=sum(score**2 for score in scores),
            belief=float(len(scores)),
            record_ids=(),
        )
        for number, scores in enumerate(days)
        if is_read[number] and scores
    ]
    read = {START + timedelta(days=number): 10 for number in range(len(days)) if is_read[number]}
    return build_series(("AAA", "BBB"), counts, read, WINDOW)


def compare(seed: int, share: float) -> list[tuple[float, float]]:
    """For each week of a dyad with a level: how far it is off, and the half width of its band."""
    chance = np.random.default_rng(5000 + seed)
    days = draw_days(chance)
    truth = series_of(days, np.ones(len(days), dtype=bool))
    thinned = series_of(days, chance.random(len(days)) < share)
    return [
        (abs(seen.level - true.level), BAND * seen.level_sd)
        for true, seen in list(zip(truth, thinned, strict=True))[WARMING_UP:]
        if seen.level is not None and seen.level_sd is not None and true.level is not None
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dyads", type=int, default=200)
    dyads = parser.parse_args().dyads
    worst = 1.0
    for share in SHARES:
        weeks = [week for seed in range(dyads) for week in compare(seed, share)]
        held = float(np.mean([error <= width for error, width in weeks]))
        error, width = (float(np.mean(values)) for values in zip(*weeks, strict=True))
        worst = min(worst, held)
        print(
            f"{share:.0%} of days read: the true level lies in the band in {held:.3f} of {len(weeks)} weeks (floor "
            f"{FLOOR}); band ± {width:.2f}, error {error:.2f} a day read"
        )
    if worst < FLOOR:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
