"""GDELT 1.0 and 2.0: event tables of 58 and 61 columns and the 2.0 mentions table, without header, tab-separated.

A GDELT row is a happening between two parties, a mention is one report of it. So a record is written as one row for
each pair of its parties, with the counts of its reports, and (2.0) one mention for each report. Empty cells are missing
values: tone, ethnic and religious codes, places of the parties and the lead-paragraph flag are never filled, since the
record does not have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from dragoman.codebook import load_codebook
from dragoman.countries import Country, load_countries
from dragoman.exchange.cells import (
    Row,
    Unreadable,
    cameo_of,
    clean,
    day_date,
    digest_of,
    event_from_cameo,
    host_of,
    is_address,
    make_evidence,
    make_party,
    number_of,
    read_day,
    read_number,
    read_place,
    read_whole,
)
from dragoman.exchange.knowledge import (
    columns_of,
    country_by_cameo,
    country_by_fips,
    known_group_of,
    load_known_groups,
    load_levels,
    load_nonstates,
    sectors_by_word,
    words_by_sector,
)
from dragoman.model import Event, Party
from dragoman.rows import date_bounds

CODERS = {"gdelt1": "GDELT 1.0", "gdelt2": "GDELT 2.0"}
MENTIONS = "gdelt2-mentions"
TYPE_SLOTS = 3

Cells = Mapping[str, str]
MentionsOf = Callable[[str], Sequence[Cells]]


# --- writing ---


def write_happening(
    reports: Sequence[Row], dyads: Sequence[Row], form: str, *, with_mentions: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """For each dyad of a happening its event line and, if they are wanted, its mention lines, without line ends.

    `reports` are the event rows of the happening and `dyads` the rows of the one that stands for all, split into pairs.
    """
    for at, dyad in enumerate(dyads):
        key = dyad["event_id"] if len(dyads) == 1 else f"{dyad['event_id']}/{at}"
        cells = _event_cells(dyad, reports, number=number_of(key, form), form=form)
        mentions = [_mention_cells(report, dyad, cells) for report in reports] if with_mentions else []
        yield _line(cells, form), [_line(mention, MENTIONS) for mention in mentions]


def _line(cells: Mapping[str, object], form: str) -> str:
    places = _places_of_columns(form)
    line = [""] * len(places)
    for column, value in cells.items():
        line[places[column]] = clean(value)
    return "\t".join(line)


@cache
def _places_of_columns(form: str) -> Mapping[str, int]:
    return {column: place for place, column in enumerate(columns_of(form))}


def _event_cells(row: Row, reports: Sequence[Row], *, number: int, form: str) -> dict[str, object]:
    way = load_codebook().from_cameo(cameo_of(row))
    days = [report["published"] for report in reports if report["published"]]
    return {
        "GLOBALEVENTID": number,
        **_date_cells(row["date"]),
        **_party_cells("Actor1", row["actors"]),
        **_party_cells("Actor2", row["recipients"]),
        "EventCode": way.code,
        "EventBaseCode": way.code[:3],
        "EventRootCode": way.code[:2],
        "QuadClass": way.quad,
        "GoldsteinScale": way.goldstein,
        "NumMentions": len(reports),
        "NumSources": len({report["publisher"] for report in reports}),
        "NumArticles": len({report["article_id"] for report in reports}),
        **_place_cells(row["place"]),
        "DATEADDED": _stamp(min(days), form) if days else None,
        "SOURCEURL": row["url"] or row["publisher"],
    }


def _date_cells(value: str | None) -> dict[str, object]:
    bounds = date_bounds(value)
    if bounds is None:
        return {}
    first = bounds[0]
    return {
        "SQLDATE": f"{first:%Y%m%d}",
        "MonthYear": f"{first:%Y%m}",
        "Year": f"{first:%Y}",
        "FractionDate": round(first.year + (first.month * 30 + first.day) / 365, 4),
    }


def _party_cells(side: str, parties: Sequence[Row]) -> dict[str, object]:
    if not parties:
        return {}
    party = parties[0]
    nonstate = load_nonstates().get(party["code"])
    country = load_countries().get(party["code"])
    group = known_group_of(party["name"], party["identifier"]) if nonstate and not nonstate.known else None
    known = nonstate.known if nonstate and nonstate.known else group.known if group else ""
    words = words_by_sector("cameo")
    types = [*([nonstate.type] if nonstate else []), *(words[s] for s in party["sectors"] if s in words)][:TYPE_SLOTS]
    chain = [*(nonstate.chain if nonstate else []), *([group.known] if group else []), *types[bool(nonstate) :]]
    cells: dict[str, object] = {
        f"{side}Code": "".join([country.cameo] if country else []) + "".join(chain),
        f"{side}Name": (party["name"] or party["text"] or "").upper(),
        f"{side}CountryCode": country.cameo if country else "EUR" if party["code"] == "EUR" else "",
        f"{side}KnownGroupCode": known,
    }
    return cells | {f"{side}Type{slot}Code": word for slot, word in enumerate(types, start=1)}


def _place_cells(place: Row | None) -> dict[str, object]:
    if place is None:
        return {}
    country = load_countries().get(place["country"])
    return {
        "ActionGeo_Type": _level(place, country),
        "ActionGeo_FullName": place["name"] or place["text"],
        "ActionGeo_CountryCode": country.fips if country else None,
        "ActionGeo_Lat": place["latitude"],
        "ActionGeo_Long": place["longitude"],
    }


def _level(place: Row, country: Country | None) -> str:
    """The match level, where it is known what kind of place it is."""
    is_state = country is not None and place["name"] == country.name
    level = load_levels().get("state" if is_state else place.get("kind", ""))
    if level is None:
        return ""
    return level.gdelt_us if country is not None and country.code == "USA" else level.gdelt


def _mention_cells(report: Row, dyad: Row, event: Mapping[str, object]) -> dict[str, object]:
    return {
        "GLOBALEVENTID": event["GLOBALEVENTID"],
        "EventTimeDate": event["DATEADDED"],
        "MentionTimeDate": _stamp(report["published"], "gdelt2") if report["published"] else None,
        "MentionType": 1 if report["url"] else 2,
        "MentionSourceName": report["publisher"] or host_of(report["url"]),
        "MentionIdentifier": report["url"] or report["doc"],
        "Actor1CharOffset": _start(report["actors"] + report["recipients"], dyad["actors"]),
        "Actor2CharOffset": _start(report["recipients"] + report["actors"], dyad["recipients"]),
        "ActionCharOffset": report["anchor"]["start"],
        "InRawText": 1,
        "Confidence": round(100 * report["confidence"]),
    }


def _start(told: Sequence[Row], wanted: Sequence[Row]) -> int:
    """Where a report names the wanted party; GDELT writes -1 where it does not."""
    code = wanted[0]["code"] if wanted else None
    return next((party["start"] for party in told if wanted and party["code"] == code), -1)


def _stamp(day: str, form: str) -> str:
    return day.replace("-", "") + ("000000" if form == "gdelt2" else "")


# --- reading ---


def no_mentions(_: str) -> Sequence[Cells]:
    """Stands in where there is no mentions table."""
    return ()


def read_events(line: str, form: str, mentions_of: MentionsOf = no_mentions) -> list[Event]:
    """The events of a line of the event table: one for each of its mentions, or one alone where there are none.

    Raises:
        Unreadable: the line is no row of this form, or has no PLOVER type.
    """
    cells = _cells(line, form)
    number = cells["GLOBALEVENTID"]
    mentions = mentions_of(number)
    if not mentions:
        return [_read_event(cells, form, event_id=f"{form}:{number}", report=_own_report(cells, form))]
    several = len(mentions) > 1
    return [
        _read_event(cells, form, event_id=f"{form}:{number}" + (f"/{at}" if several else ""), report=_report(mention))
        for at, mention in enumerate(mentions, start=1)
    ]


def read_mention(line: str) -> Cells:
    """The cells of a line of the mentions table."""
    return _cells(line, MENTIONS)


def _cells(line: str, form: str) -> Cells:
    columns = columns_of(form)
    found = line.split("\t")
    if form == "gdelt1" and len(found) == len(columns) - 1:  # files up to March 2013 lack the address
        found.append("")
    if len(found) != len(columns):
        raise Unreadable("wrong number of columns", f"{len(found)}, not {len(columns)}")
    if read_whole(found[0]) is None:
        raise Unreadable("no event id")
    return dict(zip(columns, (cell.strip() for cell in found), strict=True))


def _read_event(cells: Cells, form: str, *, event_id: str, report: dict[str, Any]) -> Event:
    coder = CODERS[form]
    actor, recipient = _read_party(cells, "Actor1", coder), _read_party(cells, "Actor2", coder)
    country = country_by_fips(cells["ActionGeo_CountryCode"])
    confidence = report.pop("confidence", None)
    article_id = "url:" + digest_of(report["url"]) if report["url"] else event_id
    return event_from_cameo(
        cells["EventCode"],
        event_id=event_id,
        actors=(actor,) if actor else (),
        recipients=(recipient,) if recipient else (),
        date=day_date(read_day(cells["SQLDATE"]), f"{coder}: SQLDATE"),
        place=read_place(
            cells["ActionGeo_FullName"],
            country.code if country else None,
            (cells["ActionGeo_Lat"], cells["ActionGeo_Long"]),
            basis=f"{coder}: ActionGeo",
            kind=_kinds_by_level().get(cells["ActionGeo_Type"], ""),
        ),
        evidence=make_evidence(coder, article_id=article_id, **report),
        **({} if confidence is None else {"confidence": confidence}),
    )


@cache
def _kinds_by_level() -> Mapping[str, str]:
    return {
        number: level.kind for level in load_levels().values() for number in (level.gdelt_us, level.gdelt) if number
    }


def _own_report(cells: Cells, form: str) -> dict[str, Any]:
    source = cells["SOURCEURL"]
    url = source if is_address(source) else None
    return {
        "doc": url or f"{form} {cells['GLOBALEVENTID']}",
        "url": url,
        "publisher": host_of(url) if url else source or None,
        "published": read_day(cells["DATEADDED"]),
    }


def _report(mention: Cells) -> dict[str, Any]:
    source = mention["MentionIdentifier"]
    percent = read_number(mention["Confidence"])
    if percent is not None and not 0 <= percent <= 100:
        raise Unreadable("bad number", f"confidence {percent}")
    published: date | None = read_day(mention["MentionTimeDate"])
    return {
        "doc": source or f"gdelt2 {mention['GLOBALEVENTID']}",
        "url": source if is_address(source) else None,
        "publisher": mention["MentionSourceName"] or None,
        "published": published,
        "confidence": None if percent is None else percent / 100,
    }


def _read_party(cells: Cells, side: str, coder: str) -> Party | None:
    own = [f"{side}CountryCode", f"{side}KnownGroupCode", *(f"{side}Type{slot}Code" for slot in (1, 2, 3))]
    groups = [cells[column] for column in own if cells[column]] or chain_groups(cells[f"{side}Code"])
    return party_of_groups(groups, name=cells[f"{side}Name"], basis=f"{coder}: {side}")


def chain_groups(chain: str) -> list[str]:
    """The three-letter groups of a CAMEO actor chain."""
    return [chain[at : at + 3] for at in range(0, min(len(chain), 30), 3)]


def party_of_groups(groups: Sequence[str], *, name: str, basis: str) -> Party | None:
    """The party that the groups of a CAMEO chain mean: its state or PLOVER code, and the sectors among the rest.

    EUR alone is CAMEO's region Europe, no actor of PLOVER's; with EEC it is the European Union.
    """
    code = _code_of_groups(groups)
    words = sectors_by_word("cameo")
    group = next((found for part in groups if (found := load_known_groups().get(part))), None)
    return make_party(
        code,
        name=name,
        sectors=[words[part] for part in groups if part in words],
        identifier=group.identifier if group and code in load_nonstates() else None,
        basis=basis,
    )


def _code_of_groups(groups: Sequence[str]) -> str | None:
    nonstates = load_nonstates()
    for nonstate in nonstates.values():
        if nonstate.known and nonstate.known in groups:
            return nonstate.code
    country = country_by_cameo(groups[0]) if groups else None
    if country is not None:
        return country.code
    return next((one.code for one in nonstates.values() if not one.known and one.type in groups), None)
