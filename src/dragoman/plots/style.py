"""What all pictures share: colours, type, and how they become a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dragoman.countries import load_countries
from dragoman.errors import QueryError

FORMATS = (".svg", ".png", ".html", ".pdf", ".json")
# Colour-blind safe (Okabe and Ito 2008), deeds darker than words.
COLOURS = {
    "material cooperation": "#005b8c",
    "verbal cooperation": "#56b4e9",
    "verbal conflict": "#f0b060",
    "material conflict": "#b8400f",
}
# From conflict over nothing to cooperation, the same hues.
DIVERGING = ("#b8400f", "#f0b060", "#f4f4f4", "#8fcbef", "#005b8c")
INK, PALE, MISSING, MARK = "#222222", "#767676", "#e9e9e9", "#8c2d04"
# The first is the one that vl-convert brings along; the others are for browsers that draw the SVG.
FONT = "Liberation Sans, Helvetica, Arial, sans-serif"


def check_picture_path(path: str | Path) -> None:
    """Raises QueryError where no picture could be written to a file, before anything is computed."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise QueryError(f"no picture of kind {path.suffix!r}: end the file's name with one of {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise QueryError(f"there is no folder {path.parent} for the picture: make it, or name another")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise QueryError(f"{path} cannot be written: name a file that you may write")


def save_chart(chart: Any, path: str | Path) -> Path:
    """Writes a chart to a file and gives its path; the ending says how (svg, png, html, pdf, json)."""
    path = Path(path)
    options: dict[str, Any] = {"scale_factor": 2} if path.suffix.lower() == ".png" else {}
    if path.suffix.lower() == ".html":
        options["inline"] = True  # a page that needs no network
    try:
        chart.save(str(path), **options)
    except OSError as error:
        raise QueryError(f"the picture cannot be written to {path}: {error}") from error
    return path


def score_scale(most: float = 10.0, *, middle: str = DIVERGING[2]) -> Any:
    """The colours of scores from -most to most, with the middle's colour at nothing; mixed as light mixes (RGB)."""
    domain = [-most, -0.4 * most, 0, 0.4 * most, most]
    return altair().Scale(domain=domain, range=[*DIVERGING[:2], middle, *DIVERGING[3:]], interpolate="rgb")


def pair_name(a: str, b: str) -> str:
    """What a picture of two sides is called: states by their names, all else as it is."""
    names = [load_countries()[side].name if side in load_countries() else side for side in (a, b)]
    return " and ".join(names)


def altair() -> Any:
    """Altair, imported when the first picture is drawn; vl-convert, which it needs to write files, with it."""
    import altair as library
    import vl_convert  # noqa: F401 - a missing one is told now, not after the drawing

    return library


def styled(chart: Any, heading: str, below: list[str]) -> Any:
    """The chart with its heading, the lines below it, and the type and lines of the house."""
    title = altair().TitleParams(heading, subtitle=below, anchor="start")
    return (
        chart
        .properties(title=title)
        .configure(font=FONT, background="white", padding=16)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK, titleColor=INK, titleFontWeight="normal", titleFontSize=11, gridColor="#ececec",
            domainColor=PALE, tickColor=PALE, labelFontSize=11,
        )
        .configure_title(
            fontSize=17, subtitleFontSize=11, subtitleColor=PALE, color=INK, offset=14, subtitlePadding=5
        )
        .configure_legend(labelFontSize=11, titleFontSize=11, titleFontWeight="normal", titleColor=INK, labelColor=INK)
    )  # fmt: skip
