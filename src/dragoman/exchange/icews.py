"""ICEWS event files: 20 columns with a header, tab-separated, quoting off, NA for missing.

An ICEWS row is one sentence's event between two parties named in words: countries by name, sectors by ICEWS's own
names, of which PLOVER's 25 are the coarser ones. The place column that says most is read as the place's name; on export
the name stands in the column of its level, and in City where the level is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dragoman.codebook import load_codebook
from dragoman.countries import load_countries
from dragoman.exchange.cells import (
    Row,
    Unreadable,
    cameo_of,
    clean,
    day_date,
    event_from_cameo,
    make_evidence,
    make_party,
    number_of,
    read_day,
    read_place,
)
from dragoman.exchange.knowledge import (
    columns_of,
    country_by_name,
    load_levels,
    load_nonstates,
    sectors_by_word,
    words_by_sector,
)
from dragoman.model import Event, Party
from dragoman.rows import date_bounds

CODER = "ICEWS"
MISSING = "NA"
_BESIDE_LABEL = ", not specified below"


def header() -> str:
    """The first line of an ICEWS file."""
    return "\t".join(columns_of("icews"))


def write_event(row: Row) -> str:
    """The line of an event row with one actor and one recipient at most."""
    way = load_codebook().from_cameo(cameo_of(row))
    bounds = date_bounds(row["date"])
    place = row["place"] or {}
    cells = {
        "Event ID": number_of(_story_key(row["event_id"]), "icews"),
        "Event Date": bounds[0].isoformat() if bounds else None,
        **_party_cells("Source", row["actors"]),
        "Event Text": way.label.removesuffix(_BESIDE_LABEL),
        "CAMEO Code": way.code,
        "Intensity": way.goldstein,
        **_party_cells("Target", row["recipients"]),
        "Story ID": number_of(row["article_id"], "icews"),
        "Publisher": row["publisher"],
        **_place_cells(place),
        "Country": _country_name(place.get("country")),
        "Latitude": place.get("latitude"),
        "Longitude": place.get("longitude"),
    }
    # ICEWS writes 21, not 21.0.
    texts = {column: clean(value).removesuffix(".0") for column, value in cells.items() if isinstance(value, float)}
    return "\t".join(texts.get(column) or clean(cells.get(column)) or MISSING for column in columns_of("icews"))


def _story_key(event_id: str) -> str:
    """An imported id without its day: `icews:ID:YYYY-MM-DD` is the ICEWS id ID. One of several pairs has its own."""
    parts = event_id.split(":")
    return ":".join(parts[:2]) if parts[0] == "icews" and "/" not in event_id else event_id


def _party_cells(side: str, parties: Sequence[Row]) -> dict[str, object]:
    if not parties:
        return {}
    party = parties[0]
    nonstate = load_nonstates().get(party["code"])
    words = words_by_sector("icews")
    marks = [*(nonstate.icews_sectors[:1] if nonstate else ()), *(words[s] for s in party["sectors"] if s in words)]
    return {
        f"{side} Name": party["name"] or party["text"],
        f"{side} Sectors": ",".join(marks),
        f"{side} Country": _country_name(party["code"]),
    }


def _country_name(code: str | None) -> str | None:
    country = load_countries().get(code) if code else None
    return country.icews if country else None


def _place_cells(place: Row) -> dict[str, object]:
    """The place's name in the column of its level; the country itself has its column already."""
    name = place.get("name") or place.get("text")
    country = load_countries().get(place.get("country") or "")
    if country is not None and name in {country.icews, country.name}:
        return {}
    level = load_levels().get(place.get("kind", ""))
    return {level.column if level and level.kind != "state" else "City": name}


def open_reader() -> Callable[[str], list[Event]]:
    """A reader of one file's lines: the first may be a header, which then says the order of the columns."""
    columns = list(columns_of("icews"))

    def read(line: str) -> list[Event]:
        cells = line.split("\t")
        if "Event ID" in cells and "CAMEO Code" in cells:
            columns[:] = cells
            return []
        if len(cells) != len(columns):
            raise Unreadable("wrong number of columns", f"{len(cells)}, not {len(columns)}")
        values = (cell.strip() for cell in cells)
        return [_read_event({c: "" if v == MISSING else v for c, v in zip(columns, values, strict=True)})]

    return read


def _read_event(cells: Mapping[str, str]) -> Event:
    day = read_day(cells.get("Event Date", ""))
    if not cells["Event ID"]:
        raise Unreadable("no event id")
    if not cells["CAMEO Code"]:
        raise Unreadable("no CAMEO code")
    event_id = f"icews:{cells['Event ID']}:{day or 'undated'}"
    story = cells.get("Story ID", "")
    actor, recipient = _read_party(cells, "Source"), _read_party(cells, "Target")
    country = country_by_name(cells.get("Country", ""))
    place_name, place_kind = _read_level(cells)
    return event_from_cameo(
        cells["CAMEO Code"],
        event_id=event_id,
        actors=(actor,) if actor else (),
        recipients=(recipient,) if recipient else (),
        date=day_date(day, "ICEWS: Event Date"),
        place=read_place(
            place_name,
            country.code if country else None,
            (cells.get("Latitude", ""), cells.get("Longitude", "")),
            basis="ICEWS: City to Country",
            kind=place_kind,
        ),
        # ICEWS dates an event by its story, so that the day is the story's as well.
        evidence=make_evidence(
            CODER,
            article_id=f"icews:{story}" if story else event_id,
            doc=f"ICEWS story {story}" if story else event_id,
            publisher=cells.get("Publisher") or None,
            published=day,
        ),
    )


def _read_level(cells: Mapping[str, str]) -> tuple[str, str]:
    """The name and kind of the place that says most."""
    for level in reversed(tuple(load_levels().values())):
        if name := cells.get(level.column):
            return name, level.kind
    return "", ""


def _read_party(cells: Mapping[str, str], side: str) -> Party | None:
    name = cells.get(f"{side} Name", "")
    told = [word.strip(' "') for word in cells.get(f"{side} Sectors", "").split(",")]
    known = sectors_by_word("icews")
    country = country_by_name(cells.get(f"{side} Country", ""))
    code = country.code if country else _nonstate_code(name, told)
    sectors = [known[word] for word in told if word in known]
    return make_party(code, name=name, sectors=sectors, basis=f"ICEWS: {side} Name")


def _nonstate_code(name: str, told: Sequence[str]) -> str | None:
    """The PLOVER code of an actor without a country: by its name, else by the sectors that mark such actors."""
    nonstates = load_nonstates().values()
    for nonstate in nonstates:
        if name in nonstate.icews_names:
            return nonstate.code
    marked = set(told)
    for nonstate in nonstates:
        marks = nonstate.icews_sectors[1:] if nonstate.icews_names else nonstate.icews_sectors
        if any(mark in marked for mark in marks):
            return nonstate.code
    return None
