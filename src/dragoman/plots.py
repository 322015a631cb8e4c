"""Pictures of a tie's series, to print or to put on a page.

Stands beside `ties`: it draws what it is given and computes nothing. Needs the `plot` extra (Altair and vl-convert),
imported when a picture is asked for. Periods on which nothing was read are drawn as missing, never as calm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import QueryError
from dragoman.model import Tie
from dragoman.ties import Turn, find_turns

if TYPE_CHECKING:
    import altair

FORMATS = (".svg", ".png", ".html", ".pdf", ".json")
# Colour-blind safe (Okabe and Ito 2008), deeds darker than words.
COLOURS = {
    "material cooperation": "#005b8c",
    "verbal cooperation": "#56b4e9",
    "verbal conflict": "#f0b060",
    "material conflict": "#b8400f",
}
_QUADS = ("verbal cooperation", "material cooperation", "verbal conflict", "material conflict")
_INK = "#222222"
_PALE = "#8a8a8a"
# The first is the one that vl-convert brings along; the others are for browsers that draw the SVG.
_FONT = "Liberation Sans, Helvetica, Arial, sans-serif"


def plot_tie(series: Sequence[Tie], path: str | Path, *, title: str | None = None) -> Path:
    """Draws a series to a file and gives its path; the ending says how (svg, png, html, pdf, json).

    Upwards, cooperation; downwards, conflict; happenings per period by quad class. Below, the level with its turns.
    Grey stripes are periods in which nothing was read.

    Raises:
        QueryError: the series is empty, or the ending is none of these, or the `plot` extra is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise QueryError(f"no picture of kind {path.suffix!r}: end the file's name with one of {', '.join(FORMATS)}")
    if not series:
        raise QueryError("nothing to draw: the window holds no period")
    chart = draw_tie(series, title=title)
    options: dict[str, Any] = {"scale_factor": 2} if path.suffix.lower() == ".png" else {}
    if path.suffix.lower() == ".html":
        options["inline"] = True  # a page that needs no network
    try:
        chart.save(str(path), **options)
    except OSError as error:
        raise QueryError(f"the picture cannot be written to {path}: {error}") from error
    return path


def draw_tie(series: Sequence[Tie], *, title: str | None = None) -> altair.VConcatChart:
    """The picture as an Altair chart, to change or to show in a notebook."""
    alt = _altair()
    turns = find_turns(series)
    first = series[0]
    span = alt.Scale(type="utc", domain=[first.since.isoformat(), series[-1].until.isoformat()])
    x = alt.X("since:T", title=None, scale=span, axis=alt.Axis(format="%b %Y", tickCount=8, labelAngle=0))
    parts = alt.vconcat(_draw_counts(series, x), _draw_level(series, turns, x), spacing=14)
    heading = title or f"{first.actor} and {first.recipient}"
    chart: altair.VConcatChart = (
        parts
        .properties(title=alt.TitleParams(heading, subtitle=_subtitle(series), anchor="start"))
        .configure(font=_FONT, background="white", padding=16)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_INK, titleColor=_INK, gridColor="#e8e8e8", domainColor=_PALE, tickColor=_PALE, labelFontSize=11
        )
        .configure_title(fontSize=17, subtitleFontSize=11, subtitleColor=_PALE, color=_INK, offset=12)
        .configure_legend(orient="bottom", title=None, labelFontSize=11, symbolType="square", columns=4)
    )
    return chart


def _altair() -> Any:
    try:
        import altair
        import vl_convert  # noqa: F401 - Altair needs it to write files
    except ImportError as error:
        raise QueryError("pictures need the `plot` extra: pip install 'dragoman[plot]'") from error
    return altair


def _subtitle(series: Sequence[Tie]) -> list[str]:
    happenings = sum(sum(tie.quads) for tie in series)
    articles = sum(tie.articles for tie in series)
    return [
        f"{happenings:,} happenings asserted in {articles:,} articles read, {series[0].since} to {series[-1].until}",
        "grey: nothing was read",
    ]


def _draw_counts(series: Sequence[Tie], x: Any) -> Any:
    alt = _altair()
    bars = (
        alt
        .Chart(alt.Data(values=list(_count_rows(series))))
        .mark_bar()
        .encode(
            x=x,
            x2="until:T",
            y=alt.Y("count:Q", title="happenings", axis=alt.Axis(format="d", tickMinStep=1)),
            y2="base:Q",
            color=alt.Color(
                "quad:N",
                scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
            ),
            tooltip=["since:T", "quad:N", "number:Q"],
        )
    )
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color=_INK, strokeWidth=0.7).encode(y="y:Q")
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
    alt = _altair()
    points = [{**_period(tie), "level": tie.level} for tie in series]
    line = (
        alt
        .Chart(alt.Data(values=points))
        .mark_line(color=_INK, strokeWidth=1.8, interpolate="monotone", invalid="break-paths-show-domains")
        .encode(x=x, y=alt.Y("level:Q", title="level (score a day read)"))
    )
    marks = [{"since": turn.day.isoformat(), "label": f"{turn.day}  {turn.size:+.2f}"} for turn in turns]
    base = alt.Chart(alt.Data(values=marks)).encode(x=x)
    rules = base.mark_rule(color="#b8400f", strokeDash=[4, 3])
    labels = base.mark_text(align="left", dx=4, y=8, fontSize=11, color="#b8400f").encode(text="label:N")
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color=_PALE, strokeWidth=0.7).encode(y="y:Q")
    return alt.layer(_draw_missing(series, x), zero, line, rules, labels).properties(width=720, height=150)


def _draw_missing(series: Sequence[Tie], x: Any) -> Any:
    alt = _altair()
    gaps = [_period(tie) for tie in series if tie.covered == 0]
    return alt.Chart(alt.Data(values=gaps)).mark_rect(color="#ececec").encode(x=x, x2="until:T")


def _period(tie: Tie) -> dict[str, str]:
    return {"since": tie.since.isoformat(), "until": tie.until.isoformat()}
