"""A tie's series: what passed in each period, the level with its turns and its uncertainty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import QueryError
from dragoman.model import Tie
from dragoman.plots.style import (
    COLOURS,
    INK,
    MARK,
    MISSING,
    PALE,
    altair,
    check_picture_path,
    pair_name,
    save_chart,
    styled,
)
from dragoman.rows import counted
from dragoman.ties import Turn, find_turns

if TYPE_CHECKING:
    import altair as alt_types

_QUADS = ("verbal cooperation", "material cooperation", "verbal conflict", "material conflict")
# How wide the band about the level is, in standard deviations: it holds the level in 95 of 100 cases.
BAND = 1.96
# Labels of turns nearer to the right edge than this share of the window stand on the left of their line.
LABEL_ROOM = 0.84
# Words over lines: drawn once in white and thick, then as they are.
_HALO: tuple[dict[str, Any], ...] = ({"stroke": "white", "strokeWidth": 4, "strokeJoin": "round"}, {})


def plot_tie(series: Sequence[Tie], path: str | Path, *, title: str | None = None) -> Path:
    """Draws a series to a file and gives its path; the ending says how (svg, png, html, pdf, json).

    Upwards, cooperation; downwards, conflict; happenings per period by quad class. Below, the level with its turns and
    a band of uncertainty from belief and coverage. Grey stripes are periods in which nothing was read.

    Raises:
        QueryError: the series is empty, or no picture can be written to such a file.
    """
    check_picture_path(path)
    return save_chart(draw_tie(series, title=title), path)


def draw_tie(series: Sequence[Tie], *, title: str | None = None) -> alt_types.VConcatChart:
    """The picture as an Altair chart, to change or to show in a notebook."""
    if not series:
        raise QueryError("nothing to draw: the window holds no period")
    alt = altair()
    first = series[0]
    span = alt.Scale(type="utc", domain=[first.since.isoformat(), series[-1].until.isoformat()])
    x = alt.X("since:T", title=None, scale=span, axis=alt.Axis(**_ticks(series), labelAngle=0, grid=False))
    parts = alt.vconcat(_draw_counts(series, x), _draw_level(series, find_turns(series), x), spacing=14)
    chart: alt_types.VConcatChart = styled(parts, title or pair_name(first.actor, first.recipient), _subtitle(series))
    return chart


def _ticks(series: Sequence[Tie]) -> dict[str, Any]:
    """Marks by year, month or day, as long as the window is: never the same label twice."""
    days = (series[-1].until - series[0].since).days
    if days > 3 * 365:
        return {"format": "%Y", "tickCount": "year"}
    if days > 75:
        step = max(1, round(days / 30 / 9))
        return {"format": "%b %Y", "tickCount": {"interval": "month", "step": step}}
    return {"format": "%d %b", "tickCount": 8}


def _subtitle(series: Sequence[Tie]) -> list[str]:
    happenings = sum(sum(tie.quads) for tie in series)
    articles = sum(tie.articles for tie in series)
    return [
        f"{counted(happenings, 'happening')} asserted in {articles:,} articles read, "
        f"{series[0].since} to {series[-1].until}",
        f"band: the level give or take {BAND} standard deviations, from belief and coverage; grey: nothing was read",
    ]


def _draw_counts(series: Sequence[Tie], x: Any) -> Any:
    alt = altair()
    bars = (
        alt
        .Chart(alt.Data(values=list(_count_rows(series))))
        .mark_bar()
        .encode(
            x=x,
            x2="until:T",
            y=alt.Y(
                "count:Q", title="happenings", axis=alt.Axis(format="d", tickMinStep=1, labelExpr="abs(datum.value)")
            ),
            y2="base:Q",
            color=alt.Color(
                "quad:N",
                scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
                legend=alt.Legend(orient="bottom", title=None, symbolType="square", columns=4),
            ),
            tooltip=["since:T", "quad:N", "number:Q"],
        )
    )
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color=INK, strokeWidth=0.7).encode(y="y:Q")
    return alt.layer(_draw_missing(series, x), bars, zero).properties(width=720, height=210)


def _count_rows(series: Sequence[Tie]) -> Iterator[dict[str, object]]:
    """Stacked bars: cooperation above the line, conflict below it, deeds next to the line."""
    for tie in series:
        yield from _stack(tie, ("material cooperation", "verbal cooperation"), sign=1)
        yield from _stack(tie, ("material conflict", "verbal conflict"), sign=-1)


def _stack(tie: Tie, names: Sequence[str], *, sign: int) -> Iterator[dict[str, object]]:
    base = 0
    for name in names:
        number = tie.quads[_QUADS.index(name)]
        if number:
            yield {**_period(tie), "quad": name, "number": number, "base": base, "count": base + sign * number}
        base += sign * number


def _draw_level(series: Sequence[Tie], turns: Sequence[Turn], x: Any) -> Any:
    alt = altair()
    points = [_level_point(tie) for tie in series]
    base = alt.Chart(alt.Data(values=points)).encode(x=x)
    y = alt.Y("level:Q", title="level (score a day read)", axis=alt.Axis(tickCount=5))
    band = base.mark_area(color=INK, opacity=0.13, interpolate="monotone", invalid="break-paths-show-domains").encode(
        y=alt.Y("low:Q"), y2="high:Q"
    )
    line = base.mark_line(color=INK, strokeWidth=1.8, interpolate="monotone", invalid="break-paths-show-domains")
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color=PALE, strokeWidth=0.7).encode(y="y:Q")
    layers = [_draw_missing(series, x), zero, band, line.encode(y=y), *_draw_turns(series, turns, x)]
    return alt.layer(*layers).properties(width=720, height=170)


def _level_point(tie: Tie) -> dict[str, object]:
    if tie.level is None:
        return {**_period(tie), "level": None, "low": None, "high": None}
    spread = BAND * (tie.level_sd or 0.0)
    return {**_period(tie), "level": tie.level, "low": tie.level - spread, "high": tie.level + spread}


def _draw_turns(series: Sequence[Tie], turns: Sequence[Turn], x: Any) -> list[Any]:
    """A dashed line for each turn; labels stand on three heights, so that neighbours do not cover each other."""
    alt = altair()
    first, length = series[0].since, (series[-1].until - series[0].since).days
    marks = [
        {
            "since": turn.day.isoformat(),
            "label": f"{turn.day:%d %b %Y}  {turn.size:+.2f}",
            "late": (turn.day - first).days > LABEL_ROOM * length,
            "row": number % 3,
        }
        for number, turn in enumerate(turns)
    ]
    base = alt.Chart(alt.Data(values=marks)).encode(x=x)
    labels = [
        base
        .transform_filter(f"datum.late == {late} && datum.row == {row}")
        .mark_text(align=align, dx=dx, y=8 + 13 * row, fontSize=11, color=MARK, **halo)
        .encode(text="label:N")
        for late, align, dx in (("false", "left", 5), ("true", "right", -5))
        for row in range(3)
        for halo in _HALO
    ]
    return [base.mark_rule(color=MARK, strokeDash=[4, 3]), *labels] if marks else []


def _draw_missing(series: Sequence[Tie], x: Any) -> Any:
    alt = altair()
    gaps = [_period(tie) for tie in series if tie.covered == 0]
    return alt.Chart(alt.Data(values=gaps)).mark_rect(color=MISSING).encode(x=x, x2="until:T")


def _period(tie: Tie) -> dict[str, str]:
    return {"since": tie.since.isoformat(), "until": tie.until.isoformat()}
