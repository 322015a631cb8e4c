"""Series, levels, turns and their pictures."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.errors import QueryError
from dragoman.model import Tie
from dragoman.rows import tie_row
from dragoman.ties import DyadCount, Window, build_series, find_turns, next_period

START = date(2025, 1, 6)  # a Monday
FEW = settings(max_examples=30, deadline=None)


def count(since: date, *, quad: int = 1, number: int = 1, intensity: float = 4.0, name: str = "") -> DyadCount:
    ids = tuple(f"r{since}{quad}{name}{at}" for at in range(number))
    return DyadCount(
        actor="FRA", recipient="DEU", since=since, quad=quad, count=number, intensity=intensity * number, record_ids=ids
    )


def series(counts: list[DyadCount], read: dict[date, int], window: Window, half_life: float = 30.0) -> list[Tie]:
    return build_series(("FRA", "DEU"), counts, read, window, half_life=half_life)


def every_day(window: Window) -> dict[date, int]:
    return {window.since + timedelta(days=at): 5 for at in range((window.until - window.since).days)}


# --- windows ---


@pytest.mark.parametrize(
    ("day", "by", "following"),
    [
        (date(2025, 1, 31), "day", date(2025, 2, 1)),
        (date(2025, 1, 6), "week", date(2025, 1, 13)),
        (date(2025, 1, 12), "week", date(2025, 1, 13)),
        (date(2025, 1, 31), "month", date(2025, 2, 1)),
        (date(2024, 12, 1), "month", date(2025, 1, 1)),
    ],
)
def test_periods_follow_the_calendar(day: date, by: str, following: date) -> None:
    assert next_period(day, by) == following  # type: ignore[arg-type]


@FEW
@given(st.integers(0, 400), st.integers(0, 200), st.sampled_from(["day", "week", "month"]))
def test_periods_cover_the_window_without_gap_or_overlap(offset: int, length: int, by: str) -> None:
    since = START + timedelta(days=offset)
    window = Window(since=since, until=since + timedelta(days=length), by=by)  # type: ignore[arg-type]
    days = [since for pair in window.periods() for since in pair]
    assert days[::2][1:] == days[1::2][:-1]
    assert (not days and length == 0) or (days[0], days[-1]) == (window.since, window.until)


def test_a_period_that_nobody_knows_is_refused() -> None:
    with pytest.raises(QueryError, match="day, week or month"):
        Window(since=START, until=START, by="fortnight")  # type: ignore[arg-type]


# --- series ---


def test_a_period_not_read_is_missing_and_a_quiet_one_is_calm() -> None:
    window = Window(since=START, until=START + timedelta(days=14), by="week")
    quiet, missing = series([], {START: 3}, window)
    assert (quiet.intensity, quiet.level, quiet.covered, quiet.articles) == (None, 0.0, round(1 / 7, 4), 3)
    assert (missing.intensity, missing.level, missing.covered) == (None, None, 0.0)


def test_happenings_are_counted_by_quad_class() -> None:
    window = Window(since=START, until=START + timedelta(days=7), by="week")
    counts = [count(START, quad=1, number=2), count(START, quad=4, intensity=-9.0)]
    (tie,) = series(counts, every_day(window), window)
    assert tie.quads == (2, 0, 0, 1)
    assert tie.intensity == round((4 + 4 - 9) / 3, 4)
    assert len(tie.record_ids) == 3
    assert tie_row(tie)["quads"] == {"1": 2, "2": 0, "3": 0, "4": 1}


def test_what_was_reported_on_days_not_covered_is_still_counted() -> None:
    window = Window(since=START, until=START + timedelta(days=7), by="week")
    (tie,) = series([count(START)], {}, window)
    assert (tie.quads, tie.intensity, tie.level) == ((1, 0, 0, 0), 4.0, None)


def test_the_level_halves_with_each_half_life() -> None:
    window = Window(since=START, until=START + timedelta(days=3), by="day")
    first, second, third = series([count(START, intensity=8.0)], every_day(window), window, half_life=1.0)
    assert first.level == 8.0
    assert second.level == round(8 * 0.5 / 1.5, 4)
    assert third.level == round(8 * 0.25 / 1.75, 4)
    assert third.trend == round(8 * 0.25 / 1.75 - 8 * 0.5 / 1.5, 4)
    assert first.trend is None


@FEW
@given(st.floats(-10, 10), st.sampled_from(["day", "week", "month"]))
def test_an_even_flow_keeps_its_level_whatever_the_period(intensity: float, by: str) -> None:
    window = Window(since=date(2025, 1, 1), until=date(2025, 7, 1), by=by)  # type: ignore[arg-type]
    counts = [count(since, number=(until - since).days, intensity=intensity) for since, until in window.periods()]
    for tie in series(counts, every_day(window), window):
        assert tie.level is not None
        assert math.isclose(tie.level, intensity, abs_tol=1e-3)


@FEW
@given(st.sets(st.integers(0, 59)))
def test_days_not_read_never_pull_the_level_towards_calm(unread: set[int]) -> None:
    window = Window(since=START, until=START + timedelta(days=60), by="day")
    read = {day: number for day, number in every_day(window).items() if (day - START).days not in unread}
    counts = [count(day, intensity=-5.0) for day in read]
    assert {tie.level for tie in series(counts, read, window)} <= {-5.0, None}


# --- turns ---


def weekly(rates: list[float | None], seed: int = 1) -> list[Tie]:
    """A series of weeks with about so much intensity each; None is a week not read."""
    chance = random.Random(seed)
    window = Window(since=START, until=START + timedelta(weeks=len(rates)), by="week")
    read, counts = {}, []
    for at, rate in enumerate(rates):
        since = START + timedelta(weeks=at)
        if rate is not None:
            read |= {since + timedelta(days=day): 5 for day in range(7)}
            counts.append(count(since, number=4, intensity=rate + chance.uniform(-1, 1)))
    return series(counts, read, window)


def test_a_turn_is_found_where_it_is_with_its_size_and_happenings() -> None:
    ties = weekly([4.0] * 20 + [-5.0] * 20)
    (turn,) = find_turns(ties)
    assert turn.day == START + timedelta(weeks=20)
    assert turn.size == pytest.approx(-9 * 4 / 7, abs=0.3)
    assert turn.before > 0 > turn.after
    assert turn.confidence > 0.999
    assert turn.record_ids[:4] == ties[20].record_ids
    assert turn.to_row()["date"] == turn.day.isoformat()


@pytest.mark.parametrize("rates", [[], [3.0] * 7, [3.0] * 60, [None] * 40, [0.0] * 3 + [None] * 30])
def test_a_series_without_a_turn_has_none(rates: list[float | None]) -> None:
    assert find_turns(weekly(rates)) == []


def test_a_constant_series_has_no_turn() -> None:
    window = Window(since=START, until=START + timedelta(weeks=40), by="week")
    assert find_turns(series([], every_day(window), window)) == []


def test_weeks_not_read_make_no_turn() -> None:
    assert find_turns(weekly([4.0] * 20 + [None] * 12 + [4.0] * 20)) == []


def test_one_loud_week_is_no_turn() -> None:
    assert find_turns(weekly([1.0] * 20 + [-9.0] + [1.0] * 20)) == []


# --- pictures ---


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_pictures(tmp_path: Path, ending: str) -> None:
    plots = pytest.importorskip("dragoman.plots")
    pytest.importorskip("vl_convert")
    path = plots.plot_tie(weekly([4.0] * 12 + [None] * 3 + [-5.0] * 12), tmp_path / f"tie.{ending}")
    content = path.read_bytes()
    assert content.startswith({"svg": b"<svg", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}[ending])
    if ending == "svg":
        assert b"France and Germany" in content
        assert b"21 Apr 2025" in content  # the turn
    if ending == "html":
        assert b'src="http' not in content


def test_pictures_that_cannot_be_drawn_are_refused(tmp_path: Path) -> None:
    plots = pytest.importorskip("dragoman.plots")
    pytest.importorskip("vl_convert")
    ties = weekly([1.0] * 4)
    for given_ties, path in ((ties, "tie.gif"), (ties, "tie"), ([], "tie.svg"), (ties, "none/tie.svg")):
        with pytest.raises(QueryError):
            plots.plot_tie(given_ties, tmp_path / path)
