"""Pages of pictures: the world with where things happened, and the network of who deals with whom."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from dragoman.errors import QueryError
from dragoman.neighbourhood import build_network
from dragoman.ties import Window
from dragoman.view import Row
from dragoman.web.answers import Answer
from dragoman.web.asked import Asked
from dragoman.web.names import name_of
from dragoman.web.network import lay_out
from dragoman.web.site import Site
from dragoman.web.views.page import QUAD, WINDOW, Page
from dragoman.web.worldmap import HEIGHT, WIDTH, load_outlines, project

PLACES_SHOWN = 300
# Steps of shading: a country of the n-th step has at least so many events.
SHADES = (1, 3, 10, 30, 100, 300)
_LARGEST_DOT, _SMALLEST_DOT = 16.0, 2.0


def show_map(asked: Asked, site: Site) -> Answer:
    """Where the events of a window took place: countries shaded by number, places as dots."""
    since, until = asked.window(site.view.last_day(), days=30)
    places = site.view.places(since=since, until=until, limit=PLACES_SHOWN, quad=asked.quad())
    countries: dict[str, int] = {}
    for row in places:
        if row["country"]:
            countries[row["country"]] = countries.get(row["country"], 0) + row["events"]
    return Answer(
        template="map.html",
        title="Map",
        data={"since": since.isoformat(), "until": until.isoformat(), "places": places, "countries": countries},
        told={
            "outlines": load_outlines(),
            "shades": {code: _shade(number) for code, number in countries.items()},
            "steps": SHADES,
            "dots": _dots(places),
            "size": (WIDTH, HEIGHT),
            "quad": asked.quad(),
        },
        table=places,
    )


def _shade(number: int) -> int:
    return sum(1 for step in SHADES if number >= step)


def _dots(places: Sequence[Row]) -> list[Row]:
    """Places with their point and radius, large ones first so that small ones stay on top."""
    most = max((row["events"] for row in places), default=1)
    dots: list[Row] = []
    for row in places:
        # A whole country is shaded; a dot in its middle would say that it happened there.
        is_country = row["country"] is not None and row["name"] == name_of(row["country"])
        if is_country or row["latitude"] is None or row["longitude"] is None:
            continue
        x, y = project(row["longitude"], row["latitude"])
        radius = max(_SMALLEST_DOT, _LARGEST_DOT * sqrt(row["events"] / most))
        dots.append({**row, "x": x, "y": y, "radius": round(radius, 1)})
    return dots


def show_network(asked: Asked, site: Site) -> Answer:
    """Who deals with whom in a window: the busiest pairs as a picture and as a table.

    Programs are given what `dragoman network` prints: `nodes` and `pairs` among the busiest `parties`.
    """
    since, until = asked.window(site.view.last_day(), days=90)
    most = asked.number("ties", 45, most=150)
    window = {"since": since.isoformat(), "until": until.isoformat()}
    if not asked.is_page:
        rows = _network_rows(asked, site, Window(since=since, until=until))
        told = {f"{kind}s": [row for row in rows if row["kind"] == kind] for kind in ("node", "pair")}
        return Answer(template="network.html", title="Network", data={**window, **told}, table=told["pairs"])
    dyads = site.view.dyads(since=since, until=until, limit=most)
    return Answer(
        template="network.html",
        title="Network",
        data=window,
        told={"dyads": dyads, "network": lay_out(dyads)},
        table=dyads,
    )


def _network_rows(asked: Asked, site: Site, window: Window) -> list[Row]:
    """The rows that `dragoman network` prints; none where no two parties dealt with each other."""
    parties, least = asked.number("parties", 40, most=200, least=2), asked.number("least", 1, most=1_000_000)
    try:
        return build_network(site.view, window, parties=parties, least=least).to_rows()
    except QueryError:
        return []


PICTURE_PAGES = (
    Page(name="map", path="/map", view=show_map, summary="Where events took place",
         parameters={**WINDOW, "quad": QUAD}),
    Page(name="network", path="/network", view=show_network, summary="Who deals with whom",
         parameters={**WINDOW, "ties": {"type": "integer", "minimum": 1, "maximum": 150},
                     "parties": {"type": "integer", "minimum": 2, "maximum": 200},
                     "least": {"type": "integer", "minimum": 1, "maximum": 1_000_000}}),
)  # fmt: skip
