"""The dyads of a window as a table in colour: who acts on the left, who is acted upon above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import QueryError
from dragoman.plots.style import INK, PALE, altair, check_picture_path, save_chart, score_scale, styled

if TYPE_CHECKING:
    import altair as alt_types

Row = Mapping[str, Any]
_SIDE = 27


def plot_heat(arrows: Sequence[Row], path: str | Path, *, title: str, below: Sequence[str] = ()) -> Path:
    """Draws arrows (rows of actor, recipient, happenings, intensity) to a file and gives its path.

    A cell's colour is the mean score of what the left side did to the upper one, its number the happenings.

    Raises:
        QueryError: there is no arrow, or no picture can be written to such a file.
    """
    check_picture_path(path)
    return save_chart(draw_heat(arrows, title=title, below=below), path)


def draw_heat(arrows: Sequence[Row], *, title: str, below: Sequence[str] = ()) -> alt_types.Chart:
    """The picture as an Altair chart; parties stand in the order in which the arrows first name them."""
    if not arrows:
        raise QueryError("nothing to draw: no two parties of that window have dealt with each other")
    alt = altair()
    parties = list(dict.fromkeys(name for row in arrows for name in (row["actor"], row["recipient"])))
    values = [{name: row[name] for name in ("actor", "recipient", "happenings", "intensity")} for row in arrows]
    scale = alt.Scale(domain=parties, paddingInner=0.06, paddingOuter=0.03)
    axis = {"title": None, "domain": False, "ticks": False, "grid": False}
    x = alt.X("recipient:N", scale=scale, axis=alt.Axis(orient="top", labelAngle=-90, **axis))
    y = alt.Y("actor:N", scale=scale, axis=alt.Axis(**axis))
    base = alt.Chart(alt.Data(values=values)).encode(x=x, y=y)
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "intensity:Q",
            scale=score_scale(),
            legend=alt.Legend(title="mean score", gradientLength=140, tickCount=5),
        ),
        tooltip=["actor:N", "recipient:N", "happenings:Q", "intensity:Q"],
    )
    numbers = base.mark_text(fontSize=10).encode(
        text=alt.Text("happenings:Q", format="d"),
        color=alt.condition("abs(datum.intensity) > 6", alt.value("white"), alt.value(INK)),
    )
    diagonal = [{"actor": name, "recipient": name} for name in parties]
    own = alt.Chart(alt.Data(values=diagonal)).mark_point(size=6, filled=True, color=PALE, opacity=0.5)
    own = own.encode(x=x, y=y)
    side = _SIDE * len(parties)
    notes = ["left: who acts; above: upon whom; in the cell: happenings", *below]
    chart: alt_types.Chart = styled(alt.layer(own, cells, numbers).properties(width=side, height=side), title, notes)
    return chart
