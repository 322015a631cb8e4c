"""Places in the text, what they are resolved to, and where events happened."""

from __future__ import annotations

import tempfile
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.model import Article, FoundEvent, PlaceMention, Span
from dragoman.places import PlaceIndex
from dragoman.places.gazetteer import Gazetteer
from dragoman.places.names import key_of
from dragoman.reader.sentences import split_article

INDEX = PlaceIndex.load()


def make_article(text: str, *, title: str = "", url: str | None = None) -> Article:
    return Article(id="a", doc="a", title=title, text=text, published=date(2025, 7, 9), url=url)


def find(text: str, **fields: str) -> list[PlaceMention]:
    article = make_article(text, **fields)
    return list(INDEX.find_places(article, split_article(article)))


def countries(text: str, **fields: str) -> list[tuple[str, str | None]]:
    return [(p.text, p.country) for p in find(text, **fields)]


def found_event(article: Article, words: str, event_type: str, actor: str = "") -> FoundEvent:
    start = article.body.index(words)
    sentence = next(s for s in split_article(article) if s.start <= start < s.end)
    at = article.body.index(actor) if actor else 0
    actors = (Span(start=at, end=at + len(actor), text=actor),) if actor else ()
    return FoundEvent(
        sentence=sentence, anchor=Span(start=start, end=start + len(words), text=words), event_type=event_type,
        status="asserted", confidence=1.0, actors=actors,
    )  # fmt: skip


def place_of(article: Article, words: str, event_type: str, actor: str = "") -> PlaceMention | None:
    places = INDEX.find_places(article, split_article(article))
    return INDEX.place_event(found_event(article, words, event_type, actor), places, article)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Troops entered Kharkiv and Mykolaiv.", [("Kharkiv", "UKR"), ("Mykolaiv", "UKR")]),
        ("The U.S. and Russia met in Geneva.", [("U.S.", "USA"), ("Russia", "RUS"), ("Geneva", "CHE")]),
        ("He spoke in Springfield, Ohio.", [("Springfield", "USA"), ("Ohio", "USA")]),
        ("Strikes hit the Gaza Strip.", [("Gaza Strip", "PSE")]),
        ("Israeli forces left the West Bank.", [("Israeli", "ISR"), ("West Bank", "PSE")]),
        ("He flew to Tbilisi, the capital of Georgia.", [("Tbilisi", "GEO"), ("Georgia", "GEO")]),
        ("The governor of Georgia spoke in Atlanta.", [("Georgia", "USA"), ("Atlanta", "USA")]),
        ("Talks opened in Khartoum on Darfur.", [("Khartoum", "SDN"), ("Darfur", "SDN")]),
        ("The ship crossed the Black Sea.", [("Black Sea", None)]),
    ],
)
def test_places_are_found_and_resolved(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert countries(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Paris Hilton spoke.",
        "Mr. Lincoln said he would stay.",
        "Robert Lancaster smiled. Lancaster left early.",
        "Many people stayed; us, too.",
        "The Washington Post reported it.",
        "Police said so in March.",
        "",
    ],
)
def test_persons_words_and_papers_are_no_places(text: str) -> None:
    assert countries(text) == []


def test_a_broken_link_tells_no_country_and_breaks_nothing() -> None:
    """Found by scripts/hostile.py: a link with brackets that hold no address."""
    assert countries("He spoke in Paris.", url="https://cou[x]rier.example.de/1") == [("Paris", "FRA")]


def test_a_state_is_not_taken_for_a_town_of_that_name() -> None:
    text = (
        "Egypt spoke with Texas officials in Houston and Dallas. The U.S. and Egypt agreed, said an Egyptian minister."
    )
    assert {c for words, c in countries(text) if words == "Egypt"} == {"EGY"}


def test_neighbours_and_containers_choose_among_namesakes() -> None:
    text = "Paris, Texas, is near Clarksville. The Lamar County sheriff spoke in Paris."
    assert {c for words, c in countries(text) if words == "Paris"} == {"USA"}
    assert countries("The minister spoke in Paris.")[0] == ("Paris", "FRA")


def test_a_mention_carries_point_identifier_confidence_and_basis() -> None:
    (kyiv,) = find("Missiles fell on Kyiv.")
    assert kyiv.geonameid == 703448
    assert kyiv.latitude == pytest.approx(50.45, abs=0.1)
    assert kyiv.longitude == pytest.approx(30.52, abs=0.1)
    assert (kyiv.kind, kyiv.name) == ("town", "Kyiv")
    assert 0 < kyiv.confidence <= 1
    assert kyiv.basis


@pytest.mark.parametrize(
    ("text", "words", "event_type", "actor", "country"),
    [
        ("Russian troops shelled a market in Kharkiv.", "shelled", "ASSAULT", "Russian troops", "UKR"),
        ("Protesters marched in Tbilisi against the law.", "marched", "PROTEST", "Protesters", "GEO"),
        ("Iranian and Saudi ministers held talks in Beijing.", "held talks", "CONSULT", "Iranian", "CHN"),
        ("Sectarian violence killed dozens in a Syrian city.", "killed", "ASSAULT", "", "SYR"),
        ("Troops killed ten men in Mali, the defence ministry in Paris said.", "killed", "ASSAULT", "Troops", "MLI"),
        (
            "WASHINGTON (Reuters) - Gunmen attacked a convoy near Goma on Monday.",
            "attacked",
            "ASSAULT",
            "Gunmen",
            "COD",
        ),
        ("The ministers of Egypt and Turkey met in Geneva for talks on Libya.", "met", "CONSULT", "ministers", "CHE"),
        ("Ukrainian forces hit an oil terminal on Russian soil.", "hit", "ASSAULT", "Ukrainian forces", "RUS"),
        ("Chilean authorities detained him after he landed in Antarctica.", "detained", "COERCE", "Chilean", "ATA"),
    ],
)
def test_events_are_placed_where_they_happened(
    text: str, words: str, event_type: str, actor: str, country: str
) -> None:
    place = place_of(make_article(text), words, event_type, actor)
    assert place is not None
    assert place.country == country


def test_the_government_that_acts_is_no_place_of_its_words() -> None:
    assert place_of(make_article("Moscow rejected the demand."), "rejected", "REJECT", "Moscow") is None
    dateline = make_article("PARIS (AP) — France accused Iran on Tuesday of shipping drones.")
    assert place_of(dateline, "accused", "ACCUSE", "France") is None


def test_a_readers_mark_decides() -> None:
    article = make_article("Police in Minsk said the bomb was made in Gomel.")
    found = found_event(article, "bomb", "ASSAULT")
    at = article.body.index("Gomel")
    marked = FoundEvent(
        sentence=found.sentence, anchor=found.anchor, event_type="ASSAULT", status="asserted", confidence=1.0,
        places=(Span(start=at, end=at + 5, text="Gomel"),),
    )  # fmt: skip
    place = INDEX.place_event(marked, INDEX.find_places(article, split_article(article)), article)
    assert place is not None
    assert place.text == "Gomel"
    assert "reader" in place.basis


def test_an_article_without_places_places_nothing() -> None:
    assert place_of(make_article("They met."), "met", "CONSULT") is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("St. Pölten", "saint polten"),
        ("Ra's al-Khaimah", "ras al khaimah"),
        ("W.Va.", "wva"),
        ("Łódź", "lodz"),
        ("", ""),
    ],
)
def test_names_have_one_key(name: str, key: str) -> None:
    assert key_of(name) == key


@given(st.text(max_size=30))
def test_keys_are_stable(name: str) -> None:
    assert key_of(key_of(name)) == key_of(name) or not key_of(name).isascii()


def test_the_table_gives_each_of_its_keys() -> None:
    lines = [f"k{i:04d}\tP;{i};Name {i};FRA;11;48.1;2.2;{i};m" for i in range(500)]
    assert_table_finds(lines)


def assert_table_finds(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "table.tsv"
        path.write_text("\n".join(["# head", *lines, ""]), encoding="utf-8")
        table = Gazetteer(path)
        for line in lines:
            key = line.split("\t")[0]
            assert len(table.find(key)) == 1, key
        assert table.find("k") == ()
        assert table.find("zzz") == ()
        assert table.find("k0001\tP") == ()


def test_loading_is_fast() -> None:
    begin = time.perf_counter()
    PlaceIndex.load()
    assert time.perf_counter() - begin < 0.3


PIECES = st.sampled_from(
    "Paris London St. Mary of the U.S. OH , . - Gen. New York County Ω ’s 's Ra's al-Khaimah Port-au-Prince İstanbul "
    "said in IN Us ; |".split()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=40))
def test_any_words_give_spans_that_equal_their_text(pieces: list[str]) -> None:
    article = make_article(" ".join(pieces))
    last = 0
    for place in INDEX.find_places(article, split_article(article)):
        assert article.body[place.start : place.end] == place.text
        assert place.start >= last
        assert place.latitude is not None and abs(place.latitude) <= 90
        last = place.end


def test_time_grows_with_the_text_only() -> None:
    for piece in ("Paris ", "New ", "St. ", "A-", "of the ", "'", "Springfield, Ohio "):
        article = make_article(piece * 4_000)
        begin = time.perf_counter()
        INDEX.find_places(article, split_article(article))
        assert time.perf_counter() - begin < 3


def test_what_one_article_says_of_its_places_is_not_asked_of_the_next() -> None:
    texts = ("Troops shelled Kharkiv on Monday.", "Troops shelled Donetsk on Monday.")
    articles = [make_article(text) for text in texts]
    places = [INDEX.find_places(article, split_article(article)) for article in articles]
    events = [found_event(article, "shelled", "ASSAULT") for article in articles]
    asked = zip(events * 2, places * 2, articles * 2, strict=True)
    named = [INDEX.place_event(event, told, article) for event, told, article in asked]
    assert [place and place.text for place in named] == ["Kharkiv", "Donetsk"] * 2
