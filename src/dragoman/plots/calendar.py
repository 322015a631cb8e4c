"""A tie's days as a calendar: a square for each day, by weekday and week, a row of weeks for each year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import QueryError
from dragoman.model import Tie
from dragoman.plots.style import INK, PALE, altair, check_picture_path, pair_name, save_chart, score_scale, styled

if TYPE_CHECKING:
    import altair as alt_types

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SIDE = 13
# Years that fit on a page; more are refused.
MOST_YEARS = 12


def plot_calendar(series: Sequence[Tie], path: str | Path, *, title: str | None = None) -> Path:
    """Draws a series of days to a file and gives its path.

    Each square is a day by the summed score of its happenings; grey, nothing was read; nearly white, calm.

    Raises:
        QueryError: the series is no series of days, or no picture can be written to such a file.
    """
    check_picture_path(path)
    return save_chart(draw_calendar(series, title=title), path)


def draw_calendar(series: Sequence[Tie], *, title: str | None = None) -> alt_types.Chart:
    """The picture as an Altair chart.

    Raises:
        QueryError: the series is empty, is not by day, or is too long for a page.
    """
    if not series or any(tie.until - tie.since != timedelta(days=1) for tie in series):
        raise QueryError("a calendar needs a series by day")
    years = range(series[0].since.year, series[-1].since.year + 1)
    if len(years) > MOST_YEARS:
        raise QueryError(f"a calendar shows at most {MOST_YEARS} years: narrow the window")
    alt = altair()
    days = [_square(tie) for tie in series]
    most = max((abs(day["score"]) for day in days if day["score"] is not None), default=1) or 1
    weeks = _weeks_shown(days, len(years))
    rows = alt.vconcat(*(_draw_year(year, days, (most, weeks)) for year in years), spacing=18)
    first = series[0]
    below = ["summed score of each day's happenings; grey: nothing was read; white: calm"]
    chart: alt_types.Chart = styled(rows, title or f"{pair_name(first.actor, first.recipient)}, day by day", below)
    return chart


def _weeks_shown(days: Sequence[dict[str, Any]], years: int) -> list[int]:
    """Whole years stand below each other; a window within one year shows no more than its weeks."""
    if years > 1:
        return list(range(54))
    return list(range(days[0]["week"], days[-1]["week"] + 1))


def _draw_year(year: int, days: Sequence[dict[str, Any]], scales: tuple[float, list[int]]) -> Any:
    alt = altair()
    most, weeks = scales
    own = [day for day in days if day["year"] == year]
    x = alt.X("week:O", scale=alt.Scale(domain=weeks, paddingInner=0.12), axis=None)
    y = alt.Y("weekday:N", sort=list(_WEEKDAYS), title=str(year), scale=alt.Scale(domain=_WEEKDAYS, paddingInner=0.12))
    y = y.axis(alt.Axis(domain=False, ticks=False, values=["Mon", "Wed", "Fri", "Sun"], labelColor=PALE, grid=False))
    base = alt.Chart(alt.Data(values=own)).encode(x=x, y=y)
    unread = base.transform_filter("datum.score === null").mark_rect(color="#d4d4d4", cornerRadius=2)
    read = (
        base
        .transform_filter("datum.score !== null")
        .mark_rect(cornerRadius=2, stroke="#cfcfcf", strokeWidth=0.5)
        .encode(
            color=alt.Color(
                "score:Q",
                scale=score_scale(most, middle="#ffffff"),
                legend=alt.Legend(title="score", orient="right", gradientLength=90, tickCount=5),
            ),
            tooltip=["day:N", "score:Q", "happenings:Q"],
        )
    )
    months = alt.Chart(alt.Data(values=[name for name in _month_names(year) if name["week"] in weeks])).encode(
        x=alt.X("week:O", axis=None)
    )
    names = months.mark_text(align="left", dx=-_SIDE / 2, y=-9, fontSize=11, color=INK).encode(text="name:N")
    return alt.layer(unread, read, names).properties(width=len(weeks) * _SIDE, height=7 * _SIDE)


def _square(tie: Tie) -> dict[str, Any]:
    happenings = sum(tie.quads)
    score = None if tie.covered == 0 and not happenings else round((tie.intensity or 0.0) * happenings, 2)
    return {
        "day": tie.since.isoformat(),
        "year": tie.since.year,
        "week": _week(tie.since),
        "weekday": _WEEKDAYS[tie.since.weekday()],
        "score": score,
        "happenings": happenings,
    }


def _week(day: date) -> int:
    """The week of the year as a calendar on paper counts it: from 0, each from Monday."""
    return (day.timetuple().tm_yday - 1 + date(day.year, 1, 1).weekday()) // 7


def _month_names(year: int) -> Iterator[dict[str, Any]]:
    for month in range(1, 13):
        first = date(year, month, 1)
        yield {"week": _week(first) + (first.weekday() > 3), "name": f"{first:%b}"}  # over its first whole week or so
