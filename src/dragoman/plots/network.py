"""A network of ties on paper: parties as discs, what passed between them as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import QueryError
from dragoman.plots.style import INK, altair, check_picture_path, save_chart, score_scale, styled

if TYPE_CHECKING:
    import altair as alt_types

Row = Mapping[str, Any]
WIDTH, HEIGHT = 820, 620
# Muted, so that the lines' colours, which say cooperation or conflict, stay the louder ones (Tableau 10, lightened).
COMMUNITY_COLOURS = (
    "#c9d8e8", "#f2d7b8", "#cfe5cd", "#f0cfd0", "#ddd2e8", "#e3d9cf", "#f3dfec", "#dcdcdc", "#e9e7bf", "#cdeae8",
)  # fmt: skip


def plot_network(
    nodes: Sequence[Row], edges: Sequence[Row], path: str | Path, *, title: str, below: Sequence[str] = ()
) -> Path:
    """Draws a network to a file and gives its path.

    `nodes` are rows of party, happenings, community, x, y (any unit); `edges` of a, b, happenings, intensity. A line's
    width is the number of happenings, its colour their mean score; a disc's colour is its community.

    Raises:
        QueryError: there is no node, or no picture can be written to such a file.
    """
    check_picture_path(path)
    return save_chart(draw_network(nodes, edges, title=title, below=below), path)


def draw_network(
    nodes: Sequence[Row], edges: Sequence[Row], *, title: str, below: Sequence[str] = ()
) -> alt_types.LayerChart:
    """The picture as an Altair chart."""
    if not nodes:
        raise QueryError("nothing to draw: no two parties of that window have dealt with each other")
    alt = altair()
    at = {row["party"]: (row["x"], row["y"]) for row in nodes}
    most = max(row["happenings"] for row in edges)
    lines = [
        {
            "x": at[row["a"]][0], "y": at[row["a"]][1], "x2": at[row["b"]][0], "y2": at[row["b"]][1],
            "happenings": row["happenings"], "intensity": row["intensity"], "pair": f"{row['a']} and {row['b']}",
            "width": 0.8 + 8 * row["happenings"] / most, "opacity": 0.45 if row["happenings"] == 1 else 0.8,
        }
        for row in sorted(edges, key=lambda row: row["happenings"])
    ]  # fmt: skip
    bare = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)
    x, y = alt.X("x:Q", axis=bare, scale=alt.Scale(nice=False, padding=34)), alt.Y("y:Q", axis=bare)
    y = y.scale(alt.Scale(nice=False, padding=34))
    drawn = (
        alt
        .Chart(alt.Data(values=lines))
        .mark_rule(strokeCap="round")
        .encode(
            x=x, y=y, x2="x2:Q", y2="y2:Q",
            strokeWidth=alt.StrokeWidth("width:Q", scale=None),
            opacity=alt.Opacity("opacity:Q", scale=None),
            color=alt.Color(
                "intensity:Q",
                scale=score_scale(middle="#b9b9b9"),
                legend=alt.Legend(title="mean score", gradientLength=120, tickCount=5),
            ),
            tooltip=["pair:N", "happenings:Q", "intensity:Q"],
        )
    )  # fmt: skip
    layers = alt.layer(drawn, *_draw_nodes(nodes, x, y)).resolve_scale(color="independent", size="independent")
    notes = ["line: happenings between two, its colour their mean score; disc: community of cooperation", *below]
    chart: alt_types.LayerChart = styled(layers.properties(width=WIDTH, height=HEIGHT), title, notes)
    return chart


def _draw_nodes(nodes: Sequence[Row], x: Any, y: Any) -> list[Any]:
    alt = altair()
    most = max(row["happenings"] for row in nodes)
    discs = [
        {
            **{name: row[name] for name in ("party", "happenings", "x", "y")},
            "size": 380 + 1500 * row["happenings"] / most,
            "fill": COMMUNITY_COLOURS[row["community"] % len(COMMUNITY_COLOURS)],
        }
        for row in nodes
    ]
    base = alt.Chart(alt.Data(values=discs)).encode(x=x, y=y)
    circles = base.mark_point(filled=True, opacity=1, stroke="white", strokeWidth=2).encode(
        size=alt.Size("size:Q", scale=None, legend=None),
        color=alt.Color("fill:N", scale=None),
        tooltip=["party:N", "happenings:Q"],
    )
    return [circles, base.mark_text(fontSize=10.5, fontWeight="bold", color=INK).encode(text="party:N")]
