"""POLECAT release files: 40 columns with a header, tab-separated, `None` for missing, lists joined by `; `.

A POLECAT row is an event of one story with all its parties, so it is written without splitting. The lists of a side run
in parallel, a party's own sectors are joined by `|`, and an event that did not happen carries PLOVER's auxiliary mode
(negation, future, hypothetical, historical) among its contexts, as the PLOVER manual asks. The documentation of real
files could not be had: where their lists do not run in parallel, the countries are read and the names left aside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from dragoman.codebook import QUADS, load_codebook
from dragoman.countries import load_countries
from dragoman.exchange.cells import (
    UNSTATED_CONFIDENCE,
    Row,
    Unreadable,
    clean,
    day_date,
    make_evidence,
    make_party,
    read_day,
    read_number,
    read_place,
    read_whole,
)
from dragoman.exchange.knowledge import (
    columns_of,
    country_by_cow,
    country_by_name,
    load_levels,
    load_nonstates,
)
from dragoman.model import Event, Party, Status
from dragoman.rows import date_bounds

CODER = "POLECAT"
MISSING = "None"
AUXILIARY: Mapping[Status, str] = {
    "negated": "negation",
    "future": "future",
    "hypothetical": "hypothetical",
    "historical": "historical",
}
STATUS_OF: Mapping[str, Status] = {word: status for status, word in AUXILIARY.items()}
# Columns that some headers name although no row has them.
_GHOSTS = frozenset({"Headline", "Event Text", "Feed", "Story ID"})
_LIST = "; "
_IDENTIFIER = re.compile(r"Q\d{1,12}$", re.ASCII)


def header() -> str:
    """The first line of a POLECAT file."""
    return "\t".join(columns_of("polecat"))


def write_event(row: Row) -> str:
    """The line of an event row."""
    bounds = date_bounds(row["date"])
    place = row["place"] or {}
    auxiliary = AUXILIARY.get(row["status"])
    cells: dict[str, object] = {
        "Event ID": _event_key(row),
        "Event Date": bounds[0].isoformat() if bounds else None,
        "Event Type": row["event_type"],
        "Event Mode": row["mode"],
        "Intensity": row["intensity"],
        "Quad Code": QUADS[row["quad"]].upper() if row["quad"] in QUADS else None,
        "Contexts": _LIST.join([*row["contexts"], *([auxiliary] if auxiliary else [])]),
        **_party_cells("Actor", row["actors"]),
        **_party_cells("Recipient", row["recipients"]),
        "Placename": place.get("name"),
        **_level_cells(place),
        "Country": place.get("country"),
        "Latitude": place.get("latitude"),
        "Longitude": place.get("longitude"),
        "GeoNames ID": place.get("geonameid"),
        "Raw Placename": place.get("text"),
        "Source": row["publisher"],
        "Publication Date": row["published"],
        "Version": row["coder"].removeprefix(f"{CODER} "),
    }
    return "\t".join(clean(cells.get(column)) or MISSING for column in columns_of("polecat"))


def _level_cells(place: Row) -> dict[str, object]:
    level = load_levels().get(place.get("kind", ""))
    return {level.column: place["name"], "Feature Type": level.feature} if level else {}


def _event_key(row: Row) -> str:
    """An imported id as it was; else story, type and id, joined as POLECAT joins them."""
    key = str(row["event_id"])
    if key.startswith("polecat:"):
        return key.removeprefix("polecat:")
    return f"{row['article_id']}_{row['event_type']}_{key}"


def _party_cells(side: str, parties: Sequence[Row]) -> dict[str, object]:
    countries = [load_countries().get(party["code"]) for party in parties]
    return {
        f"{side} Name": _joined([party["name"] for party in parties]),
        f"{side} Country": _joined([party["code"] for party in parties]),
        f"{side} COW": _joined([country.cow if country else None for country in countries]),
        f"Primary {side} Sector": _joined([party["sectors"][0] if party["sectors"] else None for party in parties]),
        f"{side} Sectors": _joined(["|".join(party["sectors"]) for party in parties]),
        f"{side} Name Raw": _joined([party["text"] for party in parties]),
        f"Wikipedia {side} ID": _joined([party["identifier"] for party in parties]),
    }


def _joined(values: Sequence[object]) -> str:
    """A list cell; None stands for a missing entry, so that the lists of a side keep in step."""
    return _LIST.join(clean(value).replace(";", ",") or MISSING for value in values)


def open_reader() -> Callable[[str], list[Event]]:
    """A reader of one file's lines: the first may be a header, which then says the order of the columns."""
    columns = list(columns_of("polecat"))

    def read(line: str) -> list[Event]:
        cells = line.split("\t")
        if "Event ID" in cells and "Event Type" in cells:
            columns[:] = _real_columns(cells)
            return []
        while len(cells) > len(columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(columns):
            raise Unreadable("wrong number of columns", f"{len(cells)}, not {len(columns)}")
        values = (cell.strip() for cell in cells)
        return [_read_event({c: "" if v == MISSING else v for c, v in zip(columns, values, strict=True)})]

    return read


def _real_columns(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells if cell.strip() and cell.strip() not in _GHOSTS]
    return ["Intensity" if name == "Event Intensity" else name for name in names]


def _read_event(cells: Mapping[str, str]) -> Event:
    codebook = load_codebook()
    event_type = cells["Event Type"].upper()
    if event_type not in codebook.types:
        raise Unreadable("no PLOVER type", event_type[:40])
    if not cells["Event ID"]:
        raise Unreadable("no event id")
    mode = cells.get("Event Mode") or None
    contexts = _entries(cells.get("Contexts", ""))
    intensity = read_number(cells.get("Intensity", ""))
    return Event(
        event_id=f"polecat:{cells['Event ID']}",
        event_type=event_type,
        mode=mode,
        contexts=tuple(context for context in contexts if context not in STATUS_OF),
        status=next((STATUS_OF[context] for context in contexts if context in STATUS_OF), "asserted"),
        quad=_read_quad(cells.get("Quad Code", ""), event_type),
        intensity=codebook.intensity(event_type, mode) if intensity is None else intensity,
        confidence=UNSTATED_CONFIDENCE,
        basis="POLECAT: Event Type",
        actors=_read_parties(cells, "Actor"),
        recipients=_read_parties(cells, "Recipient"),
        date=day_date(read_day(cells.get("Event Date", "")), "POLECAT: Event Date"),
        place=read_place(
            cells.get("Placename") or cells.get("Raw Placename", ""),
            _country_code(cells.get("Country", "")),
            (cells.get("Latitude", ""), cells.get("Longitude", "")),
            geonameid=read_whole(cells.get("GeoNames ID", "").removesuffix(".0")),
            basis="POLECAT: Placename",
            kind=_read_kind(cells.get("Feature Type", "")),
        ),
        attributed_to=None,
        evidence=make_evidence(
            " ".join(filter(None, [CODER, cells.get("Version")])),
            article_id="polecat:" + cells["Event ID"].partition("_")[0],
            doc=cells["Event ID"].partition("_")[0],
            publisher=cells.get("Source") or None,
            published=read_day(cells.get("Publication Date", "")),
        ),
    )


def _read_kind(feature: str) -> str:
    """The kind of place of a GeoNames feature code: PPL and PPLC are towns, PCLI and PCLS states."""
    levels = load_levels().values()
    return next((level.kind for level in levels if feature.startswith(level.feature[:4].rstrip("I"))), "")


def _read_quad(cell: str, event_type: str) -> int:
    wanted = cell.casefold()
    return next((quad for quad, name in QUADS.items() if name == wanted), load_codebook().quad(event_type))


def _entries(cell: str) -> list[str]:
    return [entry.strip() for entry in cell.split(";") if entry.strip()]


def _in_step(cell: str, size: int) -> list[str]:
    """The entries of a list cell where it has as many as the side has parties; else as many empty ones."""
    entries = _entries(cell)
    return ["" if entry == MISSING else entry for entry in entries] if len(entries) == size else [""] * size


def _read_parties(cells: Mapping[str, str], side: str) -> tuple[Party, ...]:
    countries, names = _entries(cells.get(f"{side} Country", "")), _entries(cells.get(f"{side} Name", ""))
    size = len(countries) or len(names) or len(_entries(cells.get(f"{side} Name Raw", "")))
    columns = (
        f"{side} COW",
        f"{side} Name",
        f"{side} Name Raw",
        f"{side} Sectors",
        f"Primary {side} Sector",
        f"Wikipedia {side} ID",
    )
    lists = [_in_step(cells.get(column, ""), size) for column in columns]
    parties = (
        _read_party((country, *entries), basis=f"POLECAT: {side} Name")
        for country, *entries in zip(_in_step(";".join(countries), size), *lists, strict=True)
    )
    return tuple(party for party in parties if party)


def _read_party(entries: Sequence[str], *, basis: str) -> Party | None:
    country, cow, name, raw, sectors, primary, identifier = entries
    by_number = country_by_cow(cow.removesuffix(".0")) if not country else None
    code = _country_code(country) or (by_number.code if by_number else None)
    own = [sector.strip() for sector in (sectors or primary).replace("|", ",").split(",") if sector.strip()]
    is_wikidata = bool(_IDENTIFIER.match(identifier))
    return make_party(
        code,
        name=name or ("" if is_wikidata else identifier) or raw,
        sectors=own,
        identifier=identifier if is_wikidata else None,
        basis=basis,
    )


def _country_code(cell: str) -> str | None:
    """An alpha-3 or non-state code as it stands, or the code of a country given by its name."""
    if cell in load_countries() or cell in load_nonstates():
        return cell
    country = country_by_name(cell)
    return country.code if country else None
