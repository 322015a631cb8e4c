"""Records in a window -> Ties: what passed between two sides, period by period.

Stands at the end of the journey. Takes counts of dyads (one pair of an actor and a recipient of one asserted record,
by day) and the articles read on each day. What a tie means: what outlets reported, as far as they were read. Days on
which nothing was read are missing, not calm: a period without any has no level.

It refuses to count what was denied, planned or supposed, and to put a happening dated by a month into one of its days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from math import log, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dragoman.errors import QueryError
from dragoman.model import Tie
from dragoman.rows import each_day

Period = Literal["day", "week", "month"]
Scale = Literal["plover", "goldstein"]

# Days after which what passed weighs half as much in the level.
HALF_LIFE = 30.0
# Of `find_turns`; `eval/turns.py` prints detection and false alarms on series with known turns.
PENALTY = 2.0
SHORTEST_STRETCH = 4
LEAST_CONFIDENCE = 0.99
# Share of the mean squared difference below which the noise is never taken: in sparse series most differences are zero.
LEAST_NOISE = 0.5
# Periods before and after a turn whose happenings are shown as having made it.
PERIODS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DyadCount:
    """What passed in one direction in one period and quad class: how many happenings, their summed intensity, which."""

    actor: str
    recipient: str
    since: date
    quad: int
    count: int
    intensity: float
    record_ids: tuple[str, ...]
    belief: float = 0.0
    is_mutual: bool = False
    squares: float = 0.0
    doubt: float = 0.0
    doubted_squares: float = 0.0
    pledges: int = 0
    threats: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A day from which a tie runs on another level: sizes are summed intensity per day read, before and after.

    `confidence` is 1 minus the chance that two stretches of one level differ so much by accident (a rank test).
    `record_ids` are the happenings of the first periods after it, `earlier_ids` those of the last periods before it:
    a turn towards calm is made by what stopped.
    """

    day: date
    before: float
    after: float
    confidence: float
    record_ids: tuple[str, ...] = ()
    earlier_ids: tuple[str, ...] = ()

    @property
    def size(self) -> float:
        return self.after - self.before

    def to_row(self) -> dict[str, Any]:
        return {
            "date": self.day.isoformat(),
            "size": round(self.size, 4),
            "before": round(self.before, 4),
            "after": round(self.after, 4),
            "confidence": round(self.confidence, 4),
            "records": list(self.record_ids),
            "earlier": list(self.earlier_ids),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open window of days, cut into periods of days, weeks (from Monday) or months."""

    since: date
    until: date
    by: Period = "month"

    def __post_init__(self) -> None:
        if self.by not in ("day", "week", "month"):
            raise QueryError(f"no period {self.by!r}: say day, week or month")
        if self.until < self.since:
            raise QueryError(f"the window ends on {self.until}, before it begins on {self.since}: swap the two")

    def periods(self) -> list[tuple[date, date]]:
        """The periods as half-open pairs of days; the first and the last are cut to the window."""
        periods = []
        since = self.since
        while since < self.until:
            until = min(next_period(since, self.by), self.until)
            periods.append((since, until))
            since = until
        return periods


def next_period(day: date, by: Period) -> date:
    """The first day of the period after the one that a day lies in."""
    if by == "day":
        return day + timedelta(days=1)
    if by == "week":
        return day + timedelta(days=7 - day.weekday())
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def build_series(
    sides: tuple[str, str],
    counts: Iterable[DyadCount],
    read: Mapping[date, int],
    window: Window,
    *,
    half_life: float = HALF_LIFE,
) -> list[Tie]:
    """One Tie for each period of the window, from the counts of one direction (or of both, pooled).

    `read` gives the articles read on each day. `intensity` is the mean PLOVER score of the period's happenings, None
    where there are none: a mean over nothing is no number. `level` is the summed intensity per day read, each day
    weighted by half for every `half_life` days that it lies back; None before anything was read and in periods not
    read at all, so that a period of calm has a level and one not read has none. `level_sd` is its standard
    deviation: see `_variance`.
    """
    pooled: dict[date, list[DyadCount]] = defaultdict(list)
    for count in counts:
        pooled[count.since].append(count)
    usual = _mean_square([count for told in pooled.values() for count in told])
    ties = []
    state = _Level()
    for since, until in window.periods():
        told = pooled.get(since, [])
        articles = [number for day in each_day(since, until) if (number := read.get(day, 0)) > 0]
        covered = len(articles) / max(1, (until - since).days)
        fade = 0.5 ** ((until - since).days / half_life)
        state = state.after(told, fade=fade, days_read=len(articles), variance=_variance(told, covered, usual))
        ties.append(_tie(sides, (since, until), told, articles=articles, state=state))
    return ties


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """The faded sum of scores and of days read, the variance of the sum, and the levels now and before."""

    mass: float = 0.0
    days: float = 0.0
    variance: float = 0.0
    now: float | None = None
    before: float | None = None

    def after(self, told: Sequence[DyadCount], *, fade: float, days_read: int, variance: float) -> _Level:
        mass = self.mass * fade + sum(count.intensity for count in told)
        days = self.days * fade + days_read
        return _Level(
            mass=mass,
            days=days,
            variance=self.variance * fade**2 + variance,
            now=mass / days if days_read else None,
            before=self.now if self.now is not None else self.before,
        )

    @property
    def deviation(self) -> float | None:
        return sqrt(self.variance) / self.days if self.now is not None else None

    @property
    def trend(self) -> float | None:
        return self.now - self.before if self.now is not None and self.before is not None else None


def _mean_square(counts: Sequence[DyadCount]) -> float:
    """The mean squared score of a series' happenings; 0.0 where there are none."""
    number = sum(count.count for count in counts)
    return sum(count.squares for count in counts) / number if number else 0.0


def _variance(told: Sequence[DyadCount], covered: float, usual: float) -> float:
    """Variance of a period's summed score, from belief and from the days that were not read.

    Belief: each happening took place with the chance that it is believed with (Bernoulli). Coverage: happenings come
    as a compound Poisson process of which the share `covered` was seen, so that its variance counts by the rest
    (finite population correction); half a happening of the usual size is added (Jeffreys), since none seen in a few
    days is no proof of none.
    """
    squares = sum(count.squares for count in told) + usual / 2
    return sum(count.doubted_squares for count in told) + (1 - covered) * squares


def _tie(
    sides: tuple[str, str],
    period: tuple[date, date],
    told: Sequence[DyadCount],
    *,
    articles: Sequence[int],
    state: _Level,
) -> Tie:
    quads, scores = [0, 0, 0, 0], [0.0, 0.0, 0.0, 0.0]
    for count in told:
        quads[count.quad - 1] += count.count
        scores[count.quad - 1] += count.intensity
    return Tie(
        actor=sides[0],
        recipient=sides[1],
        since=period[0],
        until=period[1],
        quads=(quads[0], quads[1], quads[2], quads[3]),
        intensity=_mean(sum(scores), sum(quads)),
        cooperation=_mean(scores[0] + scores[1], quads[0] + quads[1]),
        conflict=_mean(scores[2] + scores[3], quads[2] + quads[3]),
        level=_rounded(state.now),
        level_sd=_rounded(state.deviation),
        trend=_rounded(state.trend),
        covered=round(len(articles) / max(1, (period[1] - period[0]).days), 4),
        articles=sum(articles),
        believed=round(sum(count.belief for count in told), 4),
        believed_sd=round(sqrt(sum(count.doubt for count in told)), 4),
        pledges=sum(count.pledges for count in told),
        threats=sum(count.threats for count in told),
        record_ids=_ids_of(told),
    )


def _ids_of(told: Sequence[DyadCount]) -> tuple[str, ...]:
    """The records of some counts, in order, each once: a record has one quad class, so only two of it may share it."""
    ids = sorted(chain.from_iterable(count.record_ids for count in told))
    quads = [count.quad for count in told]
    return tuple(ids if len(set(quads)) == len(quads) else dict.fromkeys(ids))


def _mean(total: float, number: int) -> float | None:
    """The mean score; None of nothing."""
    return round(total / number, 4) if number else None


def _rounded(value: float | None) -> float | None:
    return round(value, 4) if value is not None else None


def find_turns(series: Sequence[Tie]) -> list[Turn]:
    """The turns of a series, in order: where the intensity per day read changes its level for good.

    Change points by PELT (Killick, Fearnhead and Eckley 2012, doi 10.1080/01621459.2012.737745) with
    a squared-error cost on a damped scale (asinh, since counts of happenings have long tails), the penalty
    `PENALTY * variance * log(n)` with the variance of the noise taken from differences of neighbours. A change stands
    if ranks on both sides of it differ (Mann-Whitney) with `LEAST_CONFIDENCE`. Periods not read are left out, not
    counted as calm. A series shorter than two stretches has no turns.
    """
    read = [tie for tie in series if tie.covered > 0]
    if len(read) < 2 * SHORTEST_STRETCH:
        return []
    rates = np.array([_rate(tie) for tie in read])
    damped = np.arcsinh(rates)
    starts = _change_points(damped)
    edges = [0, *starts, len(read)]
    turns = []
    for before, start, end in zip(edges, edges[1:], edges[2:], strict=False):
        confidence = _confidence(damped[before:start], damped[start:end])
        if confidence >= LEAST_CONFIDENCE:
            first, last = read[start : start + PERIODS_SHOWN], read[max(before, start - PERIODS_SHOWN) : start]
            turns.append(
                Turn(
                    day=read[start].since,
                    before=float(rates[before:start].mean()),
                    after=float(rates[start:end].mean()),
                    confidence=confidence,
                    record_ids=_records_of(first),
                    earlier_ids=_records_of(last),
                )
            )
    return turns


def _records_of(ties: Sequence[Tie]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for tie in ties for name in tie.record_ids))


def _rate(tie: Tie) -> float:
    """Summed intensity per day read."""
    days_read = tie.covered * (tie.until - tie.since).days
    return (tie.intensity or 0.0) * sum(tie.quads) / days_read


def _change_points(values: NDArray[np.float64]) -> list[int]:
    """Where the stretches begin that fit best, all beginnings of the last stretch weighed at once for each end.

    The optimum that PELT finds, without its pruning: with sums of all beginnings at hand, a series of a year by day
    takes some milliseconds.
    """
    penalty = PENALTY * _noise_variance(values) * log(len(values))
    if penalty == 0.0:
        return []
    sums, squares = (np.concatenate([[0.0], np.cumsum(part)]) for part in (values, values**2))
    best = np.full(len(values) + 1, np.inf)
    best[0] = -penalty
    begins = np.zeros(len(values) + 1, dtype=np.intp)
    for end in range(SHORTEST_STRETCH, len(values) + 1):
        starts = np.arange(end - SHORTEST_STRETCH + 1)
        spread = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        totals = best[starts] + spread + penalty
        begins[end] = int(totals.argmin())
        best[end] = totals[begins[end]]
    points = [int(begins[len(values)])]
    while points[-1] > 0:
        points.append(int(begins[points[-1]]))
    return points[::-1][1:]


def _noise_variance(values: NDArray[np.float64]) -> float:
    """Variance about the level, from differences of neighbours: a change of level shifts only one of them."""
    differences = np.diff(values)
    robust = 1.4826 * float(np.median(np.abs(differences))) / sqrt(2)
    return max(robust**2, float(np.mean(differences**2)) / 2 * LEAST_NOISE)


def _confidence(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    if np.all(before == before[0]) and np.all(after == before[0]):
        return 0.0
    from scipy.stats import mannwhitneyu  # as above

    return 1.0 - float(mannwhitneyu(before, after, alternative="two-sided").pvalue)
