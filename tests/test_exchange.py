"""Exchange: every form out and in again, equal but for the losses that the export names."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import make_event, make_party, make_reading

from dragoman.codebook import load_codebook
from dragoman.errors import QueryError, SourceError
from dragoman.exchange import (
    EXPORT_FORMS,
    ROW_FORMS,
    export_record,
    gdelt,
    icews,
    import_events,
    knowledge,
    phoenix,
    plover,
    polecat,
    readings_of,
    write_events,
)
from dragoman.exchange.cells import Unreadable, clean, number_of, read_day, read_number, read_place, read_whole
from dragoman.exchange.flat import guard
from dragoman.exchange.network import Arrow, write_gexf, write_graphml
from dragoman.exchange.tally import blank, expand_dyads
from dragoman.model import Event, EventDate, Party, PlaceMention, Skip
from dragoman.rows import event_row
from dragoman.store import Reading, RecordStore

ROUND_TRIP_FORMS = ("gdelt1", "gdelt2", "icews", "polecat")

# --- strategies ---

# Words with everything that breaks a table: tabs, line ends, quotes, semicolons, a missing value's own word.
WORDS = st.one_of(
    st.sampled_from([
        "France",
        "the ministry",
        "NA",
        "None",
        "",
        "a\tb",
        "a\nb",
        "x; y",
        '"quoted"',
        "=1+1",
        "Łódź",
        "外交部",
    ]),
    st.text(max_size=8),
)
CODES = st.sampled_from([
    "FRA",
    "USA",
    "PSE",
    "KOS",
    "TLS",
    "ROU",
    "UNO",
    "EUR",
    "IGO",
    "NGO",
    "IMG",
    "MNC",
    "ISM",
    "XXX",
    None,
])
SECTORS = st.sampled_from(load_codebook().sectors)
DATES = st.sampled_from([
    ("2025-03-01", "day"), ("2025-02", "month"), ("2024", "year"), ("2025-03-01/2025-03-04", "range"),
    ("2025-03-03/2025-03-09", "week"), (None, None), ("2025-02-30", None),
])  # fmt: skip


@st.composite
def parties(draw: st.DrawFn) -> Party:
    start, text = draw(st.integers(0, 500)), draw(WORDS)
    return Party(
        start=start,
        end=start + len(text),
        text=text,
        code=draw(CODES),
        sectors=tuple(draw(st.lists(SECTORS, max_size=4, unique=True))),
        name=draw(st.none() | WORDS),
        identifier=draw(st.sampled_from([None, "Q142", "Q7184", "no identifier"])),
        basis=draw(WORDS),
    )


@st.composite
def places(draw: st.DrawFn) -> PlaceMention:
    text = draw(WORDS)
    return PlaceMention(
        start=3,
        end=3 + len(text),
        text=text,
        name=draw(st.none() | WORDS),
        country=draw(st.sampled_from([None, "FRA", "USA", "PSE", "XXX"])),
        latitude=draw(st.none() | st.floats(-90, 90)),
        longitude=draw(st.none() | st.floats(-180, 180)),
        geonameid=draw(st.none() | st.integers(1, 10**7)),
        confidence=draw(st.floats(0, 1)),
        basis=draw(WORDS),
        kind=draw(st.sampled_from(["", "state", "town", "division", "water"])),
    )


@st.composite
def any_events(draw: st.DrawFn) -> Event:
    """Events with anything that the model allows in any field."""
    kind = draw(st.sampled_from(sorted(load_codebook().types.values(), key=lambda one: one.name)))
    value, granularity = draw(DATES)
    plain = make_event(
        draw(st.sampled_from(["e1", "ev_0f", "gdelt1:42", "icews:7:2025-03-01", "a_b_c", "polecat:s_AID_1"])),
        event_type=kind.name,
        status=draw(
            st.sampled_from(["asserted", "asserted", "asserted", "negated", "future", "hypothetical", "historical"])
        ),
        sentence=draw(WORDS),
        anchor=draw(WORDS),
        publisher=draw(st.none() | WORDS),
        published=draw(st.sampled_from([None, date(2025, 3, 2), date(1979, 1, 1)])),
        confidence=draw(st.floats(0, 1)),
        speaker=draw(st.none() | parties()),
        place=draw(st.none() | places()),
    )
    changes: dict[str, Any] = {
        "mode": draw(st.sampled_from([None, *kind.modes])),
        "contexts": tuple(draw(st.lists(st.sampled_from(load_codebook().contexts), max_size=2, unique=True))),
        "quad": draw(st.sampled_from([kind.quad, kind.quad, 1])),
        "intensity": draw(st.sampled_from([kind.score, 0.1, -3.25])),
        "actors": tuple(draw(st.lists(parties(), max_size=3))),
        "recipients": tuple(draw(st.lists(parties(), max_size=2))),
        "date": EventDate(value=value, granularity=granularity, basis=draw(WORDS)),
    }
    return replace(plain, **changes)


# --- round trips ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exchange")


def write(rows: list[dict[str, Any]], form: str) -> tuple[str, tuple[str, ...]]:
    out = io.StringIO()
    losses = write_events(rows, form, out)
    return out.getvalue(), losses


def read(text: str, form: str, folder: Path, name: str = "file.txt") -> list[Event | Skip]:
    path = folder / name
    path.write_text(text, encoding="utf8", newline="")
    return list(import_events([path], form))


def named_fields(losses: tuple[str, ...]) -> frozenset[str]:
    return frozenset(match[1] for loss in losses if (match := re.match(r"([a-z_.]+) \(\d+ of \d+ rows?\): ", loss)))


def told_rows(row: dict[str, Any], form: str) -> list[dict[str, Any]]:
    """What a form should give back of an event: its pairs where it has dyads only, nothing where it is no deed."""
    if form in {"plover", "polecat"}:
        return [row]
    return expand_dyads(row) if row["status"] == "asserted" else []


@pytest.mark.parametrize("form", [*ROUND_TRIP_FORMS, "plover"])
@given(event=any_events())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_not_named_as_lost_comes_back_equal(event: Event, form: str, folder: Path) -> None:
    row = event_row(event)
    text, losses = write([row], form)
    back = read(text, form, folder)
    lost = named_fields(losses)
    wanted = told_rows(row, form)
    assert [one for one in back if isinstance(one, Skip)] == []
    assert [blank(event_row(one), lost) for one in back] == [blank(one, lost) for one in wanted]
    assert any("left out" in loss for loss in losses) == (not wanted)
    assert any("for each pair" in loss for loss in losses) == (len(wanted) > 1)
    assert not any(loss.endswith(": not kept.") for loss in losses)


@given(event=any_events())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_plover_loses_nothing(event: Event, folder: Path) -> None:
    text, losses = write([event_row(event)], "plover")
    assert losses == ()
    assert [event_row(one) for one in read(text, "plover", folder) if isinstance(one, Event)] == [event_row(event)]


PLAIN = make_event(
    "e1",
    event_type="CONSULT",
    actors=("FRA",),
    recipients=("UNO",),
    confidence=0.83,
    place=PlaceMention(start=5, end=10, text="Lyons", name="Lyon", country="FRA", latitude=45.75, longitude=4.85,
                       geonameid=2996944, basis="gazetteer"),
)  # fmt: skip

# What may be lost of an event with nothing unusual about it; everything else has to come back. Every entry is a column
# that the form does not have.
UNAVOIDABLE = frozenset(
    "article_id anchor.end anchor.start anchor.text basis coder codebook confidence date_basis doc event_id intensity "
    "parties.basis parties.end parties.start parties.text place.basis place.end place.geonameid place.start place.text "
    "publisher sentence.end sentence.start sentence.text parties.name place.kind".split()
)


@pytest.mark.parametrize(
    ("form", "also_kept", "also_lost"),
    [
        ("gdelt1", set(), set()),
        ("gdelt2", set(), set()),
        ("icews", {"parties.name", "publisher"}, {"url"}),
        ("polecat", {"parties.name", "place.geonameid", "publisher", "intensity"}, {"url"}),
    ],
)
def test_a_plain_event_loses_only_what_the_form_has_no_column_for(
    form: str, also_kept: set[str], also_lost: set[str]
) -> None:
    _, losses = write([event_row(PLAIN)], form)
    assert named_fields(losses) <= (UNAVOIDABLE - also_kept) | also_lost


@pytest.mark.parametrize("form", ROUND_TRIP_FORMS)
@pytest.mark.parametrize("event_type", sorted(load_codebook().types))
def test_every_type_and_mode_survives_or_is_named(form: str, event_type: str, folder: Path) -> None:
    codebook = load_codebook()
    for mode in (None, *codebook.types[event_type].modes):
        event = replace(make_event("e1", event_type=event_type), mode=mode)
        text, losses = write([event_row(event)], form)
        (back,) = read(text, form, folder)
        assert isinstance(back, Event)
        assert back.event_type == event_type
        assert back.mode == mode or "mode" in named_fields(losses)


@pytest.mark.parametrize("form", ROUND_TRIP_FORMS)
def test_every_state_survives(form: str, folder: Path) -> None:
    codes = sorted(knowledge.load_countries())
    rows = [event_row(make_event(f"e{code}", actors=(code,), recipients=())) for code in codes]
    text, losses = write(rows, form)
    assert "parties.code" not in named_fields(losses)
    assert [one.actors[0].code for one in read(text, form, folder) if isinstance(one, Event)] == codes


@pytest.mark.parametrize("form", ["gdelt1", "gdelt2", "icews", "polecat"])
def test_a_file_of_the_form_comes_back_as_it_was(form: str, folder: Path) -> None:
    """The second time round nothing is lost: imported events fit their own form, id and CAMEO code included."""
    named = make_event("e1", place=PLAIN.place)
    named = replace(named, actors=(replace(make_party("FRA", sectors=("GOV",)), text="", end=0),), recipients=())
    text, _ = write([event_row(replace(named, place=replace(named.place, text="", end=5)))], form)
    (first,) = read(text, form, folder)
    assert isinstance(first, Event)
    again, losses = write([event_row(first)], form)
    assert losses == ()
    assert again == text


# --- dyads ---


@pytest.mark.parametrize("form", ["gdelt1", "gdelt2", "icews"])
def test_each_pair_of_an_event_is_one_event_when_it_is_read_back(form: str, folder: Path) -> None:
    rows = [event_row(make_event(name, actors=("FRA", "DEU"), recipients=("UKR", "POL"))) for name in ("e1", "e2")]
    text, _ = write(rows, form)
    stories = list(readings_of(read(text, form, folder)))
    assert [len(story.events) for story in stories if isinstance(story, Reading)] in ([4, 4], [8])
    assert not any(isinstance(story, Skip) for story in stories)


@pytest.mark.parametrize(
    ("event_type", "actors", "recipients", "pairs"),
    [
        ("AID", ("FRA", "DEU"), ("UKR",), [("FRA", "UKR"), ("DEU", "UKR")]),
        ("CONSULT", ("FRA", "DEU"), (), [("FRA", "DEU"), ("DEU", "FRA")]),
        ("CONCEDE", ("FRA", "DEU"), (), [("FRA", "DEU"), ("DEU", "FRA")]),
        ("ASSAULT", ("FRA", "DEU"), (), [("FRA", None), ("DEU", None)]),
        ("ACCUSE", ("FRA", "DEU"), (), [("FRA", None), ("DEU", None)]),
        ("ASSAULT", (), ("UKR",), [(None, "UKR")]),
        ("PROTEST", (), (), [(None, None)]),
    ],
)
def test_parties_become_pairs(
    event_type: str, actors: Any, recipients: Any, pairs: list[tuple[str | None, ...]]
) -> None:
    row = event_row(make_event(event_type=event_type, actors=actors, recipients=recipients))
    found = [
        tuple(side[0]["code"] if side else None for side in (d["actors"], d["recipients"])) for d in expand_dyads(row)
    ]
    assert found == pairs


# --- exact rows ---


def cells_of(line: str, form: str) -> dict[str, str]:
    return {name: cell for name, cell in zip(knowledge.columns_of(form), line.split("\t"), strict=True) if cell}


def test_gdelt_row_in_full() -> None:
    text, _ = write([event_row(PLAIN)], "gdelt")
    found = cells_of(text.rstrip("\n"), "gdelt2")
    number = found.pop("GLOBALEVENTID")
    assert number.isdigit() and len(number) <= 18
    assert found == {
        "SQLDATE": "20250301", "MonthYear": "202503", "Year": "2025", "FractionDate": "2025.2493",
        "Actor1Code": "FRA", "Actor1Name": "FRA", "Actor1CountryCode": "FRA",
        "Actor2Code": "IGOUNO", "Actor2Name": "UNO", "Actor2KnownGroupCode": "UNO", "Actor2Type1Code": "IGO",
        "EventCode": "040", "EventBaseCode": "040", "EventRootCode": "04", "QuadClass": "1", "GoldsteinScale": "1.0",
        "NumMentions": "1", "NumSources": "1", "NumArticles": "1",
        "ActionGeo_FullName": "Lyon", "ActionGeo_CountryCode": "FR", "ActionGeo_Lat": "45.75", "ActionGeo_Long": "4.85",
        "DATEADDED": "20250301000000", "SOURCEURL": "https://sample.example/a1",
    }  # fmt: skip


def test_icews_row() -> None:
    text, _ = write([event_row(PLAIN)], "icews")
    head, line = text.splitlines()
    assert head == icews.header()
    cells = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert cells["CAMEO Code"] == "040"
    assert cells["Event Text"] == "Consult"
    assert (cells["Source Country"], cells["Target Country"]) == ("France", "NA")
    assert cells["Target Sectors"] == "International Government Organization,Global,Global Diplomatic IGOs"
    assert (cells["City"], cells["Country"], cells["District"]) == ("Lyon", "France", "NA")


def test_polecat_row_keeps_parties_together() -> None:
    event = replace(
        PLAIN,
        actors=(make_party("FRA", sectors=("GOV", "MIL")), make_party(None, text="a crowd")),
        status="negated",
        contexts=("economic",),
    )
    text, _ = write([event_row(event)], "polecat")
    head, line = text.splitlines()
    cells = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert len(cells) == 40
    assert cells["Actor Country"] == "FRA; None"
    assert cells["Actor COW"] == "220; None"
    assert cells["Actor Sectors"] == "GOV|MIL; None"
    assert cells["Primary Actor Sector"] == "GOV; None"
    assert cells["Contexts"] == "economic; negation"
    assert cells["Quad Code"] == "VERBAL COOPERATION"
    assert cells["Event ID"] == "a1_CONSULT_e1"


def test_plover_line_has_the_fields_of_the_manual() -> None:
    text, _ = write([{**event_row(replace(PLAIN, status="future")), "record_id": "r1"}], "plover")
    record = json.loads(text)
    assert record["id"] == "e1"
    assert record["has_event"] is True
    assert record["date"] == "2025-03-01"
    assert record["event"] == ["CONSULT"]
    assert record["context"] == ["future"]
    assert record["link"] == "r1"
    assert record["actor"][0]["code"] == "FRA"
    assert record["event_loc"]["country_code"] == "FRA"
    assert record["cite_info"]["url"] == "https://sample.example/a1"


@pytest.mark.parametrize(
    ("contexts", "code"),
    [((), "030"), (("economic",), "0311"), (("military",), "0312"), (("legal",), "0313")],
)
def test_contexts_choose_the_cameo_code(contexts: tuple[str, ...], code: str) -> None:
    assert knowledge.cameo_for("AGREE", None, contexts).code == code or not contexts


def test_cameo_of_an_import_is_written_again(folder: Path) -> None:
    line = gdelt_line(EventCode="043")
    (event,) = read(line, "gdelt2", folder)
    assert isinstance(event, Event)
    assert cells_of(write([event_row(event)], "gdelt2")[0].rstrip("\n"), "gdelt2")["EventCode"] == "043"


# --- reading strangers' files ---


def gdelt_line(form: str = "gdelt2", **cells: str) -> str:
    known = {
        "GLOBALEVENTID": "701", "SQLDATE": "20250301", "Actor1Code": "USAGOV", "Actor1Name": "WASHINGTON",
        "Actor1CountryCode": "USA", "Actor1Type1Code": "GOV", "EventCode": "040", "DATEADDED": "20250302",
        "Actor2Code": "TMPREB", "Actor2Name": "REBELS", "Actor2CountryCode": "TMP", "Actor2Type1Code": "SEP",
        "SOURCEURL": "https://www.paper.example/x",
    }  # fmt: skip
    filled = {**known, **cells}
    return "\t".join(filled.get(column, "") for column in knowledge.columns_of(form))


def test_gdelt_row_is_read() -> None:
    (event,) = gdelt.read_events(
        gdelt_line(ActionGeo_Type="4", ActionGeo_CountryCode="GZ", ActionGeo_Lat="31.5"), "gdelt2"
    )
    assert event.event_id == "gdelt2:701"
    assert [(p.code, p.sectors, p.name) for p in (*event.actors, *event.recipients)] == [
        ("USA", ("GOV",), "WASHINGTON"),
        ("TLS", ("REB",), "REBELS"),
    ]
    assert (event.date.value, event.evidence.published) == ("2025-03-01", date(2025, 3, 2))
    assert (event.evidence.publisher, event.evidence.coder) == ("paper.example", "GDELT 2.0")
    assert event.place is not None
    assert (event.place.country, event.place.kind) == ("PSE", "town")
    assert event.evidence.sentence.text == ""


@pytest.mark.parametrize(
    ("changes", "code", "sectors"),
    [
        ({"Actor1CountryCode": "EUR", "Actor1KnownGroupCode": "", "Actor1Type1Code": ""}, None, ()),
        ({"Actor1CountryCode": "EUR", "Actor1KnownGroupCode": "EEC", "Actor1Type1Code": "IGO"}, "EUR", ()),
        ({"Actor1CountryCode": "", "Actor1KnownGroupCode": "UNO", "Actor1Type1Code": "IGO"}, "UNO", ()),
        ({"Actor1CountryCode": "", "Actor1KnownGroupCode": "NAT", "Actor1Type1Code": "IGO"}, "IGO", ()),
        ({"Actor1CountryCode": "", "Actor1Type1Code": "NGM"}, "ISM", ()),
        ({"Actor1CountryCode": "", "Actor1Type1Code": "", "Actor1Code": "IRQMIL"}, "IRQ", ("MIL",)),
        ({"Actor1Type1Code": "MED", "Actor1Type2Code": "HLH"}, "USA", ("JRN", "MED")),
        ({"Actor1CountryCode": "AFR", "Actor1Type1Code": "COP"}, None, ("COP",)),
    ],
)
def test_gdelt_actors(changes: dict[str, str], code: str | None, sectors: tuple[str, ...]) -> None:
    (event,) = gdelt.read_events(gdelt_line(**changes), "gdelt2")
    assert (event.actors[0].code, event.actors[0].sectors) == (code, sectors)


def test_words_of_sectors_are_no_country_codes() -> None:
    assert not set(knowledge.sectors_by_word("cameo")) & set(knowledge.load_countries())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a\tb", "wrong number of columns"),
        (gdelt_line(GLOBALEVENTID="x1"), "bad number"),
        (gdelt_line(GLOBALEVENTID=""), "no event id"),
        (gdelt_line(EventCode="999"), "no CAMEO code"),
        (gdelt_line(EventCode="010"), "no PLOVER type"),
        (gdelt_line(SQLDATE="20251301"), "bad date"),
        (gdelt_line(SQLDATE="soon"), "bad date"),
        (gdelt_line(ActionGeo_Lat="nan"), "bad number"),
        (gdelt_line(ActionGeo_Lat="1e999"), "bad number"),
        (gdelt_line(ActionGeo_Lat="91"), "bad coordinates"),
    ],
)
def test_broken_lines_are_skips_with_their_number(line: str, reason: str, folder: Path) -> None:
    found = read(f"{gdelt_line()}\n\n{line}\n", "gdelt2", folder)
    assert isinstance(found[0], Event)
    assert isinstance(found[1], Skip)
    assert (found[1].reason, found[1].stage) == (reason, "exchange")
    assert found[1].location.endswith("file.txt:3")


def test_old_gdelt_files_have_no_address(folder: Path) -> None:
    line = "\t".join(gdelt_line("gdelt1").split("\t")[:-1])
    (event,) = read(line, "gdelt1", folder)
    assert isinstance(event, Event)
    assert (event.evidence.url, event.evidence.article_id) == (None, "gdelt1:701")


def test_mentions_give_an_event_its_reports(folder: Path) -> None:
    events, mentions = folder / "a.export.CSV", folder / "b.tsv"
    events.write_text(gdelt_line() + "\n" + gdelt_line(GLOBALEVENTID="702") + "\n")
    told = {"GLOBALEVENTID": "701", "MentionTimeDate": "20250303101500", "MentionSourceName": "paper.example",
            "Confidence": "70"}  # fmt: skip
    lines = [
        "\t".join(
            {**told, "MentionIdentifier": f"https://paper.example/{n}"}.get(c, "")
            for c in knowledge.columns_of("gdelt2-mentions")
        )
        for n in (1, 2)
    ]
    mentions.write_text("\n".join([*lines, "broken"]) + "\n")
    skip, *found = import_events([events, mentions], "gdelt2")
    assert isinstance(skip, Skip) and skip.location.endswith("b.tsv:3")
    assert [(e.event_id, e.evidence.url, e.confidence) for e in found if isinstance(e, Event)] == [
        ("gdelt2:701/1", "https://paper.example/1", 0.7),
        ("gdelt2:701/2", "https://paper.example/2", 0.7),
        ("gdelt2:702", "https://www.paper.example/x", 0.5),
    ]


ICEWS_HEADER = icews.header()
ICEWS_LINE = (
    "501\t2018-06-01\tForeign Affairs (Bangladesh)\tExecutive,Foreign Ministry,Government\tBangladesh\tConsult\t040\t"
    "1\tEuropean Parliament\tInternational Government Organization,Regional\tNA\t77\t2\tSample Wire\tNA\tNA\t"
    "Hanoi Province\tViet Nam\t21.0\t105.8"
)


def test_icews_row_is_read(folder: Path) -> None:
    (event,) = read(f"{ICEWS_HEADER}\n{ICEWS_LINE}\n", "icews", folder)
    assert isinstance(event, Event)
    assert event.event_id == "icews:501:2018-06-01"
    assert [(p.code, p.sectors) for p in (*event.actors, *event.recipients)] == [("BGD", ("GOV",)), ("EUR", ())]
    assert event.place is not None
    assert (event.place.name, event.place.kind, event.place.country) == ("Hanoi Province", "division", "VNM")
    assert (event.evidence.article_id, event.evidence.publisher) == ("icews:77", "Sample Wire")


def test_icews_columns_in_another_order_and_american_dates(folder: Path) -> None:
    cells = dict(zip(ICEWS_HEADER.split("\t"), ICEWS_LINE.split("\t"), strict=True)) | {"Event Date": "6/1/2018"}
    columns = sorted(cells)
    text = "\t".join(columns) + "\n" + "\t".join(cells[column] for column in columns)
    (event,) = read(text, "icews", folder)
    assert isinstance(event, Event)
    assert event.date.value == "2018-06-01"


def polecat_line(**cells: str) -> str:
    known = {"Event ID": "20250301-77_AID_R", "Event Date": "2025-03-01", "Event Type": "AID", "Actor Country": "FRA"}
    filled = {**known, **{name.replace("_", " "): cell for name, cell in cells.items()}}
    return "\t".join(filled.get(column, "None") for column in knowledge.columns_of("polecat"))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Actor_Name": "Paris", "Actor_Sectors": "GOV|MIL"}, [("FRA", "Paris", ("GOV", "MIL"))]),
        ({"Actor_Name": "A; B", "Actor_Country": "FRA; DEU"}, [("FRA", "A", ()), ("DEU", "B", ())]),
        ({"Actor_Name": "A; B; C", "Actor_Country": "FRA; DEU"}, [("FRA", None, ()), ("DEU", None, ())]),
        ({"Actor_Name": "A; B", "Actor_Country": "None"}, [(None, "A", ()), (None, "B", ())]),
        ({"Actor_Country": "None; None", "Actor_COW": "220; 255.0"}, [("FRA", None, ()), ("DEU", None, ())]),
        ({"Wikipedia_Actor_ID": "Emmanuel Sample"}, [("FRA", "Emmanuel Sample", ())]),
        ({"Actor_Country": "France", "Primary_Actor_Sector": "GOV"}, [("FRA", None, ("GOV",))]),
    ],
)
def test_polecat_parties(cells: dict[str, str], expected: list[Any], folder: Path) -> None:
    (event,) = read(polecat_line(**cells), "polecat", folder)
    assert isinstance(event, Event)
    assert [(p.code, p.name, p.sectors) for p in event.actors] == expected


def test_polecat_defects_of_releases(folder: Path) -> None:
    """A header with names that no row has, the later name of the score, empty columns at the end, Latin-1."""
    columns = [{"Intensity": "Event Intensity"}.get(column, column) for column in knowledge.columns_of("polecat")]
    head = "\t".join([*columns[:5], "Headline", *columns[5:], "Feed", ""])
    path = folder / "old.txt"
    path.write_bytes(f"{head}\n{polecat_line(Intensity='7.5', Actor_Name='Orléans')}\t\t\n".encode("latin-1"))
    (event,) = import_events([path], "polecat")
    assert isinstance(event, Event)
    assert (event.intensity, event.actors[0].name) == (7.5, "Orléans")


PHOENIX = "39_1\t20140620\t2014\t06\t20\tUSAGOV\tUSA\tGOV\t\tIGOEUREEC\tIGO\t\t\t043\t04\t1\t2.8\t\t50.8\t4.3\tBrussels\t{0}\t{1}\tab12_3\thttps://x.example/a;https://y.example/b\tx"


@pytest.mark.parametrize("order", [("Belgium", "Brabant"), ("Brabant", "Belgium"), ("BEL", "Brabant")])
def test_phoenix_row_is_read(order: tuple[str, str], folder: Path) -> None:
    (event,) = read(PHOENIX.format(*order), "phoenix", folder)
    assert isinstance(event, Event)
    assert (event.event_type, event.mode) == ("CONSULT", "visit")
    assert (event.actors[0].code, event.recipients[0].code) == ("USA", "EUR")
    assert event.place is not None and event.place.country == "BEL"
    assert (event.evidence.url, event.evidence.publisher) == ("https://x.example/a", "x")


def test_historical_phoenix_has_a_header_and_commas(folder: Path) -> None:
    text = "eid,story_date,source,target,code,lat,lon,placename,statename,countryname,aid\n"
    text += '"5","1999-03-01",YUGMIL,KSVREB,190,,,,,,"77_1"\n'
    (event,) = read(text, "phoenix", folder)
    assert isinstance(event, Event)
    assert (event.event_id, event.recipients[0].code, event.date.value) == ("phoenix:5", "KOS", "1999-03-01")


@pytest.mark.parametrize(
    ("line", "day", "code"),
    [
        ("950101\tFRA\tDEUGOV\t040\t(CONSULT)\tMET", "1995-01-01", "DEU"),
        ("120101\tFRA\tDEU\t040", "2012-01-01", "DEU"),
        ("20150301\tFRA\t---GOV\t040\tstory1_2;story3_1\tPETR", "2015-03-01", None),
    ],
)
def test_keds_lines(line: str, day: str, code: str | None, folder: Path) -> None:
    (event,) = read(line, "phoenix", folder)
    assert isinstance(event, Event)
    assert (event.date.value, event.recipients[0].code, event.evidence.coder) == (day, code, "KEDS")


def test_a_stranger_s_plover_line(folder: Path) -> None:
    """The minimal record of the manual, with the other spelling of an entity and two types."""
    record = {
        "id": "7",
        "date": "2025-03-01",
        "actor": [{"country_name": "France", "raw_text": "Paris", "sector_code": "GOV", "other_sector_codes": ["MIL"]}],
        "event": ["ACCUSE", "threaten"],
        "context": ["negation", "cyber"],
        "text": "words without a place",
        "cite_info": {"url": "https://www.paper.example/x"},
    }
    first, second = read(json.dumps(record), "plover", folder)
    assert isinstance(first, Event) and isinstance(second, Event)
    assert (first.event_id, second.event_id, second.event_type) == ("7/ACCUSE", "7/threaten", "THREATEN")
    assert (first.status, first.contexts) == ("negated", ("cyber",))
    assert (first.actors[0].code, first.actors[0].sectors) == ("FRA", ("GOV", "MIL"))
    assert first.evidence.sentence.text == ""
    assert (first.evidence.publisher, first.evidence.coder) == ("paper.example", "PLOVER")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no JSON object"),
        ('{"id": "1"}', "no PLOVER type"),
        ('{"event": ["AID"]}', "no event id"),
        ('{"id": "1", "event": ["LOVE"]}', "no PLOVER type"),
        ('{"id": "1", "event": [3]}', "bad field"),
        ('{"id": {}, "event": ["AID"]}', "bad field"),
        ('{"id": "1", "event": ["AID"], "actor": "FRA"}', "bad field"),
        ('{"id": "1", "event": ["AID"], "cite_info": []}', "bad field"),
        ('{"id": "1", "event": ["AID"], "event_scale": NaN}', "bad number"),
        ('{"id": "1", "event": ["AID"], "event_scale": 1e999}', "bad number"),
        ('{"id": "1", "event": ["AID"], "event_loc": {"geonameid": 1.5}}', "bad number"),
        ('{"id": "1", "event": ["AID"], "date": "yesterday"}', "bad date"),
    ],
)
def test_hostile_plover_lines(line: str, reason: str, folder: Path) -> None:
    (skip,) = read(line, "plover", folder)
    assert isinstance(skip, Skip)
    assert skip.reason == reason


@given(line=st.text(max_size=200), form=st.sampled_from(["gdelt1", "gdelt2", "icews", "polecat", "phoenix", "plover"]))
@settings(max_examples=25, deadline=None)
def test_no_line_breaks_an_import(line: str, form: str, folder: Path) -> None:
    for found in read(line, form, folder):
        assert isinstance(found, Event | Skip)


@given(
    cells=st.lists(st.text(max_size=6) | st.sampled_from(["20250301", "040", "USA", "1"]), min_size=61, max_size=61),
    form=st.sampled_from(["gdelt1", "gdelt2", "icews", "polecat", "phoenix"]),
)
@settings(max_examples=25, deadline=None)
def test_no_cells_break_an_import(cells: list[str], form: str, folder: Path) -> None:
    line = "\t".join(clean(cell) for cell in cells[: len(knowledge.columns_of(form))])
    for found in read(line, form, folder):
        assert isinstance(found, Event | Skip)


# --- files ---


def test_packed_files(folder: Path) -> None:
    path = folder / "day.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("day.CSV", gdelt_line())
    packed = folder / "day.gz"
    packed.write_bytes(gzip.compress(gdelt_line().encode()))
    events = list(import_events([path, packed], "gdelt2"))
    assert [one.event_id for one in events if isinstance(one, Event)] == ["gdelt2:701", "gdelt2:701"]


def test_a_file_that_breaks_off_ends_with_a_skip(folder: Path) -> None:
    text = "\n".join(gdelt_line(GLOBALEVENTID=str(number * 7919)) for number in range(500))
    path = folder / "broken.gz"
    path.write_bytes(gzip.compress(text.encode())[:-400])
    *events, last = import_events([path], "gdelt2")
    assert events
    assert isinstance(last, Skip) and last.reason == "file breaks off"


def test_a_line_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dragoman.exchange.lines.LONGEST_LINE", 2000)
    found = read("x" * 9001 + "\n" + gdelt_line(), "gdelt2", folder)
    assert isinstance(found[0], Skip) and found[0].reason == "line too long"
    assert isinstance(found[1], Event)


def test_files_that_cannot_be_opened(folder: Path) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        list(import_events([folder / "missing.csv"], "icews"))
    (folder / "bad.zip").write_bytes(b"no zip")
    with pytest.raises(SourceError, match="cannot be opened"):
        list(import_events([folder / "bad.zip"], "icews"))
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("a", "")
        archive.writestr("b", "")
    with pytest.raises(SourceError, match="holds 2 files"):
        list(import_events([folder / "two.zip"], "icews"))


def test_unknown_forms_are_named() -> None:
    with pytest.raises(QueryError, match="Did you mean gdelt1"):
        import_events([], "gdelt11")
    with pytest.raises(QueryError, match="written as"):
        write_events([], "graphml", io.StringIO())


# --- a record ---


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    """Two reports of one meeting, a denied attack, aid from two states, and a name that a spreadsheet would run."""
    opened = RecordStore.open(tmp_path_factory.mktemp("record") / "r", create=True)
    meeting = {"event_type": "CONSULT", "actors": ("FRA",), "recipients": ("DEU",)}
    opened.add([
        make_reading(make_event("m1", article="a1", confidence=0.9, **meeting)),
        make_reading(make_event("m2", article="a2", publisher="Sample Daily", confidence=0.6, **meeting)),
        make_reading(make_event("n1", article="a3", event_type="ASSAULT", status="negated")),
        make_reading(make_event("h1", article="a4", event_type="AID", actors=("USA", "FRA"), recipients=("UKR",),
                                day="2025-04", sentence="=HYPERLINK() sent grain, they said.")),
    ])  # fmt: skip
    return opened


def test_gdelt2_of_a_record_counts_reports_and_mentions_them(store: RecordStore, tmp_path: Path) -> None:
    report = export_record(store, "gdelt2", tmp_path / "day.export.CSV")
    events, mentions = report.files
    assert (events.name, mentions.name) == ("day.export.CSV", "day.mentions.CSV")
    rows = [cells_of(line, "gdelt2") for line in events.read_text().splitlines()]
    assert report.rows == len(rows) == 3
    (meeting,) = (row for row in rows if row["EventCode"] == "040")
    assert (meeting["NumMentions"], meeting["NumSources"], meeting["NumArticles"]) == ("2", "2", "2")
    told = [cells_of(line, "gdelt2-mentions") for line in mentions.read_text().splitlines()]
    assert len(told) == 4
    assert [m["Confidence"] for m in told if m["GLOBALEVENTID"] == meeting["GLOBALEVENTID"]] == ["90", "60"]
    assert "1 event left out: gdelt2 tells of deeds only and these are negated." in report.losses
    assert any(loss.startswith("1 further report of happenings") for loss in report.losses)
    assert any(loss.startswith("1 event with several parties") for loss in report.losses)
    assert any(loss.startswith("date (2 of 3 rows): ") for loss in report.losses)
    back = [e for e in import_events([events, mentions], "gdelt2") if isinstance(e, Event)]
    assert sorted(e.evidence.publisher or "" for e in back if e.event_type == "CONSULT") == [
        "Sample Daily",
        "The Sample Times",
    ]


@pytest.mark.parametrize(
    ("form", "rows"),
    [
        ("plover", 4),
        ("jsonl", 4),
        ("polecat", 4),
        ("icews", 4),
        ("gdelt1", 3),
        ("csv", 4),
        ("parquet", 4),
        ("graphml", 3),
        ("gexf", 3),
    ],
)
def test_a_record_goes_out_in_every_form(form: str, rows: int, store: RecordStore, tmp_path: Path) -> None:
    report = export_record(store, form, tmp_path / f"out.{form}")
    assert report.rows == rows
    assert [file.name for file in report.files] == [f"out.{form}"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"out.{form}"]
    assert bool(report.losses) == (form not in {"plover", "jsonl", "parquet"})


def test_plover_of_a_record_comes_back_whole(store: RecordStore, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    export_record(store, "plover", path)
    back = [one for one in import_events([path], "plover") if isinstance(one, Event)]
    assert sorted(back, key=lambda event: event.event_id) == store.load_events()
    links = {record["id"]: record["link"] for record in map(json.loads, path.read_text().splitlines())}
    assert links["m1"] == links["m2"] != links["h1"]


def test_csv_is_safe_and_flat(store: RecordStore, tmp_path: Path) -> None:
    export_record(store, "csv", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf8", newline="") as file:
        rows = {row["event_id"]: row for row in csv.DictReader(file)}
    assert rows["h1"]["sentence"] == "'=HYPERLINK() sent grain, they said."
    assert rows["h1"]["actor_codes"] == "USA; FRA"
    assert rows["n1"]["intensity"] == "-9.0"
    assert rows["m1"]["record_id"] == rows["m2"]["record_id"]
    assert (rows["m1"]["cameo"], rows["m1"]["goldstein"]) == ("040", "1.0")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_formulas_get_an_apostrophe(start: str) -> None:
    assert guard(f"{start}cmd") == f"'{start}cmd"
    assert guard(f"x{start}") == f"x{start}"
    assert guard(-3.5) == -3.5


def test_parquet_keeps_every_field(store: RecordStore, tmp_path: Path) -> None:
    export_record(store, "parquet", tmp_path / "out.parquet")
    rows = {row["event_id"]: row for row in pq.read_table(tmp_path / "out.parquet").to_pylist()}
    for event in store.load_events():
        row = rows[event.event_id]
        assert row.pop("record_id")
        assert row == event_row(event)


@pytest.mark.parametrize(("form", "edge"), [("graphml", "edge"), ("gexf", "edge")])
def test_networks_are_xml_with_weights_by_quad(form: str, edge: str, store: RecordStore, tmp_path: Path) -> None:
    export_record(store, form, tmp_path / "net.xml")
    tree = ElementTree.parse(tmp_path / "net.xml")
    edges = [e for e in tree.iter() if e.tag.endswith(f"}}{edge}")]
    assert [(e.get("source"), e.get("target")) for e in edges] == [("FRA", "DEU"), ("FRA", "UKR"), ("USA", "UKR")]
    values = {
        d.get("key") or d.get("for"): d.text or d.get("value") for d in edges[1].iter() if d.get("key") or d.get("for")
    }
    assert values == {"quad1": "0", "quad2": "1", "quad3": "0", "quad4": "0", "weight": "1", "intensity": "6.5"}


@pytest.mark.parametrize("writer", [write_graphml, write_gexf])
@given(names=st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=2))
def test_networks_stay_xml_whatever_a_party_is_called(writer: Any, names: list[str]) -> None:
    out = io.StringIO()
    writer([Arrow(actor=f"IGO:{names[0]}", recipient=names[1], quads=(1, 0, 0, 0), intensity=1.0)], out)
    ElementTree.fromstring(out.getvalue())


def test_an_empty_record_goes_out_empty(tmp_path: Path) -> None:
    empty = RecordStore.open(tmp_path / "r", create=True)
    for form in EXPORT_FORMS:
        assert export_record(empty, form, tmp_path / f"out.{form}").rows == 0


def test_an_export_that_cannot_be_written_leaves_nothing(store: RecordStore, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written"):
        export_record(store, "csv", tmp_path / "no folder" / "out.csv")
    with pytest.raises(QueryError, match="exported"):
        export_record(store, "xls", tmp_path / "out.xls")


# --- into a record ---


def test_imported_events_can_be_stored(folder: Path, tmp_path: Path) -> None:
    """Events of one story stand apart in the file; other stories are voices of their own although they have no text."""
    lines = [
        gdelt_line(GLOBALEVENTID="1"),
        gdelt_line(GLOBALEVENTID="2", SOURCEURL="https://other.example/y"),
        gdelt_line(GLOBALEVENTID="3", EventCode="190"),
        gdelt_line(GLOBALEVENTID="1"),
        "broken",
    ]
    found = list(readings_of(read("\n".join(lines), "gdelt2", folder)))
    skips = [one for one in found if isinstance(one, Skip)]
    readings = [one for one in found if not isinstance(one, Skip)]
    assert [skip.reason for skip in skips] == ["told twice", "wrong number of columns"]
    assert sorted(len(reading.events) for reading in readings) == [1, 2]
    store = RecordStore.open(tmp_path / "r", create=True)
    assert store.add(readings).events == 3
    (meeting,) = store.records(event_type="CONSULT")
    assert (meeting["voices"], sorted(meeting["publishers"], reverse=True)) == (2, ["paper.example", "other.example"])
    assert store.ties("USA", "TLS", since=date(2025, 3, 1), until=date(2025, 4, 1))[0]["quads"] == {
        "1": 1,
        "2": 0,
        "3": 0,
        "4": 1,
    }


# --- cells ---


@pytest.mark.parametrize(
    ("cell", "day"),
    [("20250301", date(2025, 3, 1)), ("20250301101500", date(2025, 3, 1)), ("2025-03-01", date(2025, 3, 1)),
     ("3/1/2025", date(2025, 3, 1)), ("", None)],
)  # fmt: skip
def test_days(cell: str, day: date | None) -> None:
    assert read_day(cell) == day


@pytest.mark.parametrize("reader", [read_number, read_whole, read_day])
@pytest.mark.parametrize("cell", ["nan", "inf", "1_000", "٣", "--1", "9" * 400 + "e999", "x"])
def test_cells_that_are_no_numbers(reader: Any, cell: str) -> None:
    with pytest.raises(Unreadable):
        reader(cell)


def test_half_characters_become_question_marks() -> None:
    assert clean("a\ud800b") == "a?b"
    row = event_row(make_event(sentence="half \ud800 a character"))
    assert "\\ud800" in write([row], "plover")[0]


def test_numbers_of_ids_are_the_files_own_or_a_digest() -> None:
    assert number_of("gdelt1:42", "gdelt1") == 42
    assert number_of("gdelt1:42", "gdelt2") != 42
    assert 0 <= number_of("ev_1", "icews") < 10**18


def test_a_place_of_which_nothing_is_known_is_none() -> None:
    assert read_place("", None, ("", "")) is None


def test_every_loss_sentence_belongs_to_a_field() -> None:
    row = event_row(PLAIN)
    fields = set(row) | {"parties", *(f"parties.{key}" for key in row["actors"][0])}
    fields |= {f"{name}.{key}" for name in ("place", "sentence", "anchor") for key in row[name]}
    for form in ROW_FORMS:
        assert set(knowledge.load_losses(form)) <= fields


@pytest.mark.parametrize(
    ("form", "count"),
    [("gdelt1", 58), ("gdelt2", 61), ("gdelt2-mentions", 16), ("icews", 20), ("polecat", 40), ("phoenix", 26)],
)
def test_columns(form: str, count: int) -> None:
    assert len(knowledge.columns_of(form)) == len(set(knowledge.columns_of(form))) == count


def test_readers_do_not_share_state() -> None:
    assert phoenix.open_reader() is not phoenix.open_reader()
    one, other = polecat.open_reader(), polecat.open_reader()
    one("\t".join(["Event Type", "Event ID"]))
    assert other(polecat_line())[0].event_type == "AID"
    assert plover.CODER == "PLOVER"
