"""Phoenix, PETRARCH and KEDS event lines: import only.

Phoenix files have 26 columns without a header; the historical files have a header with names of their own and commas.
KEDS lines are day, source, target, CAMEO code and, where they go on, label and words; PETRARCH's own output has story
ids in the fifth column. Codes of WEIS, which KEDS files before 2000 use, look like CAMEO's and cannot be told apart.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from dragoman.exchange.cells import (
    Unreadable,
    day_date,
    digest_of,
    event_from_cameo,
    host_of,
    is_address,
    make_evidence,
    read_day,
    read_place,
)
from dragoman.exchange.gdelt import chain_groups, party_of_groups
from dragoman.exchange.knowledge import columns_of, country_by_cameo, country_by_name
from dragoman.model import Event

CODER = "Phoenix"
KEDS_CODER = "KEDS"
# Names of the historical files for the columns of the daily ones.
_HISTORICAL = {
    "eid": "EventID",
    "story_date": "Date",
    "source": "SourceActorFull",
    "target": "TargetActorFull",
    "code": "EventCode",
    "lat": "ActionLat",
    "lon": "ActionLong",
    "placename": "LocationName",
    "statename": "GeoStateName",
    "countryname": "GeoCountryName",
    "aid": "SentenceID",
}
# Two-digit years of KEDS: event data of this family begin in 1979, so that 79 is 1979 and 78 is 2078.
FIRST_YEAR = 79


def open_reader() -> Callable[[str], list[Event]]:
    """A reader of one file's lines that tells Phoenix from KEDS by the number of columns."""
    columns = list(columns_of("phoenix"))

    def read(line: str) -> list[Event]:
        if "\t" not in line and line.count(",") > 3:
            cells = _split_commas(line)
            if "code" in cells and "source" in cells:
                columns[:] = [_HISTORICAL.get(cell, cell) for cell in cells]
                return []
        else:
            cells = line.split("\t")
        if len(cells) == len(columns):
            return [_read_phoenix(dict(zip(columns, (cell.strip() for cell in cells), strict=True)))]
        if 4 <= len(cells) <= 8:
            return [_read_keds([cell.strip() for cell in cells], line)]
        raise Unreadable("wrong number of columns", f"{len(cells)}, neither {len(columns)} nor 4 to 8")

    return read


def _split_commas(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error as fault:
        raise Unreadable("broken quoting", str(fault)) from fault


def _read_phoenix(cells: Mapping[str, str]) -> Event:
    if not cells["EventID"]:
        raise Unreadable("no event id")
    day = read_day(cells["Date"])
    event_id = f"phoenix:{cells['EventID']}"
    address = next((url for url in cells.get("URLs", "").split(";") if is_address(url)), None)
    names = [cells.get("GeoCountryName", ""), cells.get("GeoStateName", "")]
    # Two orders of these columns are about: whichever holds a country's name is the country.
    country = next((found for name in names if (found := country_by_name(name) or country_by_cameo(name))), None)
    story = address or cells.get("SentenceID", "").rpartition("_")[0]
    return event_from_cameo(
        cells["EventCode"],
        event_id=event_id,
        **_parties(cells["SourceActorFull"], cells["TargetActorFull"], CODER),
        date=day_date(day, "Phoenix: Date"),
        place=read_place(
            cells.get("LocationName", ""),
            country.code if country else None,
            (cells.get("ActionLat", ""), cells.get("ActionLong", "")),
            basis="Phoenix: LocationName",
        ),
        evidence=make_evidence(
            CODER,
            article_id=f"url:{digest_of(address)}" if address else f"phoenix:{story}" if story else event_id,
            doc=story or event_id,
            url=address,
            publisher=cells.get("NewsSources", "").split(";")[0] or host_of(address),
            published=day,
        ),
    )


def _read_keds(cells: Sequence[str], line: str) -> Event:
    day = _keds_day(cells[0])
    has_ids = len(cells) > 4 and re.match(r"[\w.-]{1,200}_\d{1,4}\b", cells[4], re.ASCII) is not None
    story = cells[4].split(";")[0].rpartition("_")[0] if has_ids else ""
    event_id = f"keds:{digest_of(line)}"
    return event_from_cameo(
        cells[3],
        event_id=event_id,
        **_parties(cells[1], cells[2], KEDS_CODER),
        date=day_date(day, "KEDS: first column"),
        place=None,
        evidence=make_evidence(
            KEDS_CODER,
            article_id=f"keds:{story}" if story else event_id,
            doc=story or event_id,
            published=day,
        ),
    )


def _keds_day(cell: str) -> date:
    if re.match(r"\d{6}$", cell, re.ASCII):
        century = "19" if int(cell[:2]) >= FIRST_YEAR else "20"
        cell = century + cell
    day = read_day(cell)
    if day is None:
        raise Unreadable("bad date", "no day")
    return day


def _parties(source: str, target: str, coder: str) -> dict[str, object]:
    """Actors and recipients from CAMEO chains such as USAGOV; dashes stand for an unknown state."""
    sides: dict[str, object] = {}
    for side, chain in (("actors", source), ("recipients", target)):
        groups = [group for group in chain_groups(chain) if group.strip("-")]
        party = party_of_groups(groups, name=chain.strip("-") or "", basis=f"{coder}: {chain[:30]}")
        sides[side] = (party,) if party else ()
    return sides
