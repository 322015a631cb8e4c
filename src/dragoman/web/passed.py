"""What passed between two sides, and where, counted from columns held in memory: the same as a query of the view gives.

Stands between the held columns and the pages of ties and places. Periods and sums are those of `view._count_query`; a
test holds the two together. It asks nothing of the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dragoman.codebook import load_codebook
from dragoman.kinds import types_of
from dragoman.ties import DyadCount, Period, Window
from dragoman.web.arrays import DyadColumns, day_number, day_of

Row = dict[str, Any]

_DEGREES = ("latitude", "longitude")
# What tells one place from another.
_OF_A_PLACE = ("name", "country", *_DEGREES)
# Places that are told of a window, at most.
MOST_PLACES = 1_000
# 1970-01-01 was a Thursday: so many days after a Monday.
_THURSDAY = 3


def count_pair(columns: DyadColumns, rows: slice, sides: tuple[str, str], window: Window) -> list[DyadCount]:
    """Counts of the rows of a pair (`sides` in the order in which dyads are stored) by direction, quad and period."""
    day, last = columns.day[rows], columns.last_day[rows]
    starts = _period_starts(day, window.by)
    # What is dated by more than a period counts in none.
    is_whole = (day == last) | (starts == _period_starts(last, window.by))
    here = np.flatnonzero((day >= day_number(window.since)) & (last < day_number(window.until)) & is_whole)
    if not len(here):
        return []
    since = np.maximum(starts[here], day_number(window.since)).astype(np.int64)
    here += rows.start
    flags = columns.quad[here] * 4 + columns.is_forward[here] * 2 + columns.is_mutual[here]
    groups, places, numbers = np.unique(since << 8 | flags, return_inverse=True, return_counts=True)
    sums = {name: np.bincount(places, weights=values).tolist() for name, values in _summed(columns, here).items()}
    ids = columns.ids.take(here[np.argsort(places, kind="stable")]).to_pylist()
    ends = np.cumsum(numbers).tolist()
    return [
        _count(group, {name: values[at] for name, values in sums.items()}, ids[end - number : end], sides)
        for at, (group, number, end) in enumerate(zip(groups.tolist(), numbers.tolist(), ends, strict=True))
    ]


def newest_of_pair(columns: DyadColumns, rows: slice, window: Window) -> list[tuple[str, str]]:
    """Days and ids of the happenings of a pair that begin in a window, the newest first, each once."""
    day = columns.day[rows]
    here = np.flatnonzero((day >= day_number(window.since)) & (day < day_number(window.until))) + rows.start
    days = [day_of(number).isoformat() for number in columns.day[here].tolist()]
    pairs = set(zip(days, columns.ids.take(here).to_pylist(), strict=True))
    return sorted(sorted(pairs, key=lambda pair: pair[1]), key=lambda pair: pair[0], reverse=True)


def count_places(tables: Sequence[pa.Table], *, since: date, until: date, quad: int | None) -> list[Row]:
    """Places of the asserted events of a window, the most frequent first: name, country, degrees, counts.

    The tables hold `day`, `quad`, `intensity`, `status` and `place` of events.
    """
    if not tables:
        return []
    told = pa.concat_tables([_placed(table, since, until, quad) for table in tables])
    sums = [(name, "sum") for name in ("events", "cooperation", "conflict", "intensity")]
    counted = told.group_by(list(_OF_A_PLACE), use_threads=False).aggregate(sums)
    order = [("events_sum", "descending"), *((name, "ascending") for name in _OF_A_PLACE)]
    return [
        {
            **{name: row[name] for name in _OF_A_PLACE},
            **{name: row[f"{name}_sum"] for name in ("events", "cooperation", "conflict")},
            "intensity": round(row["intensity_sum"] / row["events_sum"], 3),
        }
        for row in counted.take(pc.sort_indices(counted, order)[:MOST_PLACES]).to_pylist()
    ]


def _placed(table: pa.Table, since: date, until: date, quad: int | None) -> pa.Table:
    """The asserted events of a window whose place has a name, with their place's columns and 1 or 0 to be summed."""
    day, name = table["day"], pc.struct_field(table["place"], "name")
    is_asked = pc.and_(pc.greater_equal(day, pa.scalar(since)), pc.less(day, pa.scalar(until)))
    is_asked = pc.and_(pc.and_(is_asked, pc.is_valid(name)), pc.equal(table["status"], "asserted"))
    if quad:
        is_asked = pc.and_(is_asked, pc.equal(table["quad"], quad))
    kept = table.filter(is_asked)
    place, cooperates = kept["place"], pc.less_equal(kept["quad"], 2).cast(pa.int64())
    degrees = {name: pc.round(pc.struct_field(place, name), 2, "half_towards_infinity") for name in _DEGREES}
    return pa.table({
        "name": pc.struct_field(place, "name"),
        "country": pc.struct_field(place, "country"),
        **degrees,
        "events": pa.array(np.ones(len(kept), np.int64)),
        "cooperation": cooperates,
        "conflict": pc.subtract(1, cooperates),
        "intensity": kept["intensity"],
    })


def _summed(columns: DyadColumns, rows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """What is summed of each row, by the name that it has in a count."""
    intensity, belief, kind = columns.intensity[rows], columns.belief[rows], columns.kind[rows]
    squares, doubt = intensity * intensity, belief * (1 - belief)
    return {
        "intensity": intensity, "squares": squares, "belief": belief, "doubt": doubt,
        "doubted_squares": doubt * squares, "pledges": np.isin(kind, _numbers_of(types_of("pledge"))),
        "threats": np.isin(kind, _numbers_of(types_of("threat"))),
    }  # fmt: skip


def _numbers_of(types: Sequence[str]) -> list[int]:
    known = list(load_codebook().types)
    return [known.index(name) for name in types]


def _count(group: int, sums: dict[str, float], record_ids: Sequence[str], sides: tuple[str, str]) -> DyadCount:
    """A count from its group (first day, quad and direction in one number), sums and happenings."""
    since, flags = group >> 8, group & 0xFF
    actor, recipient = sides if flags & 2 else sides[::-1]
    pledges, threats = int(sums.pop("pledges")), int(sums.pop("threats"))
    return DyadCount(
        actor=actor, recipient=recipient, since=day_of(since), quad=flags // 4, count=len(record_ids),
        record_ids=tuple(record_ids), is_mutual=bool(flags & 1), pledges=pledges, threats=threats, **sums,
    )  # fmt: skip


def _period_starts(days: NDArray[np.int32], by: Period) -> NDArray[np.int32]:
    """The first day of the period that each day lies in."""
    if by == "day":
        return days
    if by == "week":
        starts: NDArray[np.int32] = days - (days + _THURSDAY) % timedelta(weeks=1).days
        return starts
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int32)
