"""Where the marks of a chart lie: series of a tie, days of a record. Units are those of the chart's own view box.

Gives geometry only; templates write it as SVG, so that names and numbers pass through their escaping. Periods in which
nothing was read are drawn as missing, never as calm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10
from typing import Any, NamedTuple

Row = Mapping[str, Any]

WIDTH = 960.0
LEFT, RIGHT = 46.0, 14.0
LEVEL_TOP, LEVEL_HEIGHT = 26.0, 168.0
COUNT_TOP, COUNT_HEIGHT = 226.0, 128.0
HEIGHT = 388.0
MOST_TICKS = 9
# A window of more days is marked by months.
LONGEST_IN_DAYS = 100


class Block(NamedTuple):
    """A rectangle; `kind` is the class that colours it."""

    x: float
    y: float
    width: float
    height: float
    kind: str

    @property
    def path(self) -> str:
        """The rectangle as an SVG path: one attribute to be written in place of four."""
        return f"M{self.x:g} {self.y:g}h{self.width:g}v{self.height:g}H{self.x:g}z"


class Slot(NamedTuple):
    """One period of a chart: its row, its column, its bars, where its level lies, whether it was read."""

    row: Row
    column: Block
    bars: tuple[Block, ...]
    dot: tuple[float, float] | None
    is_read: bool


class Mark(NamedTuple):
    """All shapes of a chart that are coloured alike, as one SVG path; `kind` is their class."""

    kind: str
    path: str


class Tick(NamedTuple):
    x: float
    label: str


class Turn(NamedTuple):
    x: float
    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class TieChart:
    """The chart of a tie: the level above (up to `reach` either way), counts of cooperation and conflict below."""

    slots: tuple[Slot, ...]
    marks: tuple[Mark, ...]
    lines: tuple[str, ...]
    ticks: tuple[Tick, ...]
    turns: tuple[Turn, ...]
    most: int
    reach: float
    width: float = WIDTH
    height: float = HEIGHT
    level_top: float = LEVEL_TOP
    level_bottom: float = LEVEL_TOP + LEVEL_HEIGHT
    zero: float = LEVEL_TOP + LEVEL_HEIGHT / 2
    count_top: float = COUNT_TOP
    count_bottom: float = COUNT_TOP + COUNT_HEIGHT
    middle: float = COUNT_TOP + COUNT_HEIGHT / 2
    left: float = LEFT
    right: float = WIDTH - RIGHT


def tie_chart(rows: Sequence[Row]) -> TieChart | None:
    """The chart of tie rows in the order of their periods, with their turns; None where there are none."""
    if not rows:
        return None
    turns = [turn for row in rows for turn in row.get("turns", ())]
    reach = _round_up(max((abs(row["level"]) for row in rows if row["level"] is not None), default=1.0))
    first, last = date.fromisoformat(rows[0]["since"]), date.fromisoformat(rows[-1]["until"])
    scale = _Days(first, last)
    most = max(1, *(max(_sides(row)) for row in rows))
    slots = tuple(_slot(row, scale, most, reach) for row in rows)
    unread = "".join(slot.column.path for slot in slots if not slot.is_read)
    dots = "".join(f"M{slot.dot[0] - 3:g} {slot.dot[1]:g}a3 3 0 1 0 6 0a3 3 0 1 0-6 0z" for slot in slots if slot.dot)
    marks = [Mark("unread", unread), *_marks([bar for slot in slots for bar in slot.bars]), Mark("dot", dots)]
    return TieChart(
        slots=slots,
        marks=tuple(mark for mark in marks if mark.path),
        lines=tuple(_level_lines(rows, scale, reach)),
        ticks=tuple(_ticks(first, last, scale)),
        turns=tuple(
            Turn(x=scale.at(date.fromisoformat(turn["date"])), row=turn)
            for turn in turns
            if first <= date.fromisoformat(turn["date"]) < last
        ),
        most=most,
        reach=reach,
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """An axis of days."""

    first: date
    last: date

    def at(self, day: date) -> float:
        share = (day - self.first).days / max(1, (self.last - self.first).days)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 2)


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 6, 8, 10, 20, 40 ... that is not below a value."""
    if value <= 0.1:
        return 0.1
    power = 10.0 ** floor(log10(value))
    return next(round(step * power, 6) for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _level_y(value: float, reach: float) -> float:
    return round(LEVEL_TOP + (1 - value / reach) / 2 * LEVEL_HEIGHT, 2)


def _sides(row: Row) -> tuple[int, int]:
    """Counts of cooperation and of conflict."""
    quads = row["quads"]
    return quads["1"] + quads["2"], quads["3"] + quads["4"]


def _slot(row: Row, scale: _Days, most: int, reach: float) -> Slot:
    left, right = scale.at(date.fromisoformat(row["since"])), scale.at(date.fromisoformat(row["until"]))
    width = max(0.5, right - left)
    inset = min(3.0, width * 0.12)
    column = Block(x=left, y=LEVEL_TOP, width=round(width, 2), height=COUNT_TOP + COUNT_HEIGHT - LEVEL_TOP, kind="")
    bars = _bars(row, (left + inset, width - 2 * inset), most)
    level = row["level"]
    dot = (round(left + width / 2, 2), _level_y(level, reach)) if level is not None and any(_sides(row)) else None
    return Slot(row=row, column=column, bars=bars, dot=dot, is_read=row["covered"] > 0)


def _bars(row: Row, place: tuple[float, float], most: int) -> tuple[Block, ...]:
    """Cooperation upwards from the middle, conflict downwards; what is material lies at the outer end."""
    unit = COUNT_HEIGHT / 2 / most
    middle = COUNT_TOP + COUNT_HEIGHT / 2
    heights = {quad: row["quads"][quad] * unit for quad in ("1", "2", "3", "4")}
    tops = {
        "1": middle - heights["1"],
        "2": middle - heights["1"] - heights["2"],
        "3": middle,
        "4": middle + heights["3"],
    }
    return tuple(
        Block(
            x=round(place[0], 2), y=round(tops[quad], 2), width=round(place[1], 2), height=round(height, 2),
            kind=f"quad{quad}",
        )
        for quad, height in heights.items()
        if height
    )  # fmt: skip


def _marks(blocks: Sequence[Block]) -> tuple[Mark, ...]:
    """Blocks of one kind as one path each."""
    paths: dict[str, list[str]] = {}
    for block in blocks:
        paths.setdefault(block.kind, []).append(block.path)
    return tuple(Mark(kind, "".join(path)) for kind, path in sorted(paths.items()))


def _level_lines(rows: Sequence[Row], scale: _Days, reach: float) -> list[str]:
    """The level as SVG paths, broken where nothing was read."""
    paths: list[list[str]] = [[]]
    for row in rows:
        if row["level"] is None:
            paths.append([])
            continue
        left, right = scale.at(date.fromisoformat(row["since"])), scale.at(date.fromisoformat(row["until"]))
        paths[-1].append(f"{(left + right) / 2:.1f},{_level_y(row['level'], reach)}")
    # A lone period has no line to draw, only a short stroke to be seen by.
    return ["M" + "L".join(path if len(path) > 1 else [path[0], path[0]]) for path in paths if path]


def _ticks(first: date, last: date, scale: _Days) -> list[Tick]:
    """Firsts of months or years along an axis of days, at most `MOST_TICKS`; days where the window is short."""
    days = (last - first).days
    if days <= LONGEST_IN_DAYS:
        step = max(1, ceil(days / MOST_TICKS))
        marks = [first + timedelta(days=number) for number in range(0, days, step)]
        return [Tick(x=scale.at(day), label=f"{day.day} {day:%b}") for day in marks]
    months = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13)]
    marks = [month for month in months if first <= month < last]
    if len(marks) > 4 * MOST_TICKS:
        marks = [month for month in marks if month.month == 1]
    step = max(1, ceil(len(marks) / MOST_TICKS))
    return [
        Tick(x=scale.at(day), label=f"{day:%Y}" if len(marks) > 1 and days > 1100 else f"{day:%b %Y}")
        for day in marks[::step]
    ]


# --- days of a record ---

DAYS_WIDTH, DAYS_HEIGHT, DAYS_BASE = 960.0, 118.0, 96.0


class DayBar(NamedTuple):
    """A day with its counts by quad, its blocks, and the column that is clicked."""

    day: str
    next_day: str
    total: int
    column: Block
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChart:
    """Days as columns to be clicked, and what stands in them."""

    bars: tuple[DayBar, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    most: int
    width: float = DAYS_WIDTH
    height: float = DAYS_HEIGHT
    base: float = DAYS_BASE


def day_chart(rows: Sequence[Row], *, since: date, until: date) -> DayChart | None:
    """Stacked counts of happenings by day and quad over a window; None where nothing happened in it."""
    counts: dict[str, dict[int, int]] = {}
    for row in rows:
        counts.setdefault(row["day"], {})[row["quad"]] = row["records"]
    if not counts:
        return None
    most = max(sum(quads.values()) for quads in counts.values())
    scale = _Days(since, until)
    days = [since + timedelta(days=number) for number in range((until - since).days)]
    bars = tuple(_day_bar(day, counts.get(day.isoformat(), {}), scale, most) for day in days)
    return DayChart(
        bars=bars,
        marks=_marks([block for bar in bars for block in bar.blocks]),
        ticks=tuple(_ticks(since, until, scale)),
        most=most,
    )


def _day_bar(day: date, quads: Mapping[int, int], scale: _Days, most: int) -> DayBar:
    left, right = scale.at(day), scale.at(day + timedelta(days=1))
    inset = (right - left) * 0.1
    y, blocks = DAYS_BASE, []
    for quad, number in sorted(quads.items()):
        height = number / most * (DAYS_BASE - 8)
        y -= height
        blocks.append(
            Block(
                x=round(left + inset, 2), y=round(y, 2), width=round(right - left - 2 * inset, 2),
                height=round(height, 2), kind=f"quad{quad}",
            )
        )  # fmt: skip
    column = Block(x=left, y=0, width=round(right - left, 2), height=DAYS_BASE, kind="")
    next_day = (day + timedelta(days=1)).isoformat()
    return DayBar(
        day=day.isoformat(), next_day=next_day, total=sum(quads.values()), column=column, blocks=tuple(blocks)
    )
