"""The site without a browser: every page in every form, and attacks on it. No text here is from real news."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import START, make_article, make_event, make_party, make_reading

from dragoman.cli import main
from dragoman.codebook import load_codebook
from dragoman.model import Article, Party, PlaceMention, Sentence, Span
from dragoman.rows import event_row
from dragoman.store import RecordStore
from dragoman.web import make_app
from dragoman.web.answers import csv_of, day_words, many, signed, web_link, window_words
from dragoman.web.drawing import day_chart, tie_chart
from dragoman.web.feeds import Entry, feed_of
from dragoman.web.forms import FormTokens
from dragoman.web.guard import Limits
from dragoman.web.marking import mark_sentence, plain
from dragoman.web.names import codes_named, headline, load_wordings, name_of, party_named, read_search
from dragoman.web.network import HEIGHT, WIDTH, lay_out
from dragoman.web.views import PAGES
from dragoman.web.worldmap import HEIGHT as MAP_HEIGHT
from dragoman.web.worldmap import WIDTH as MAP_WIDTH
from dragoman.web.worldmap import load_outlines, project

OWNER = "a-long-owner-token"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)></title><svg/onload=alert(3)>{{7*7}}{%raw%}"
# All that the templates of this site write; whatever else stands in a page came from an article.
TAGS = frozenset(
    "html head meta title link body a header div svg path span form label input button nav ul ol li main p h1 h2 h3 "
    "footer section article aside time mark figure figcaption rect circle line text table thead tbody tr th td details "
    "summary dl dt dd fieldset legend textarea select option datalist strong em pre code defs pattern".split()
)


# --- a client that speaks ASGI, so that paths reach the site as they are sent ---


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    app: Any,
    path: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    chunks: Iterable[bytes] | None = None,
    method: str | None = None,
    pause: float = 0.0,
) -> Reply:
    body = urlencode(form).encode() if form is not None else b""
    parts = list(chunks) if chunks is not None else [body]
    sent = {"host": "localhost", **{name.lower(): value for name, value in (headers or {}).items()}}
    if form is not None:
        sent = {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body)), **sent}
    raw, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method or ("POST" if form is not None or chunks is not None else "GET"),
        "scheme": "http",
        "path": _unquoted(raw),
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("localhost", 80),
    }
    return asyncio.run(_exchange(app, scope, parts, pause))


def _unquoted(path: str) -> str:
    return re.sub(
        "(?:%[0-9a-fA-F]{2})+", lambda x: bytes.fromhex(x[0].replace("%", "")).decode("utf-8", "replace"), path
    )


async def _exchange(app: Any, scope: dict[str, Any], parts: list[bytes], pause: float) -> Reply:
    messages: list[dict[str, Any]] = []
    coming = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]

    async def receive() -> dict[str, Any]:
        if pause:
            await asyncio.sleep(pause)
        if coming:
            return coming.pop(0)
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = messages[0]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    set_cookies = [value.decode() for name, value in start["headers"] if name == b"set-cookie"]
    cookies = {line.partition("=")[0]: line.partition("=")[2].partition(";")[0] for line in set_cookies}
    return Reply(start["status"], headers, cookies, b"".join(message.get("body", b"") for message in messages[1:]))


# --- records to show ---


def two_months() -> list[Any]:
    """Readings of two months with two sides that cooperate, then fight; one is disputed, one is to come."""
    readings = []
    for number in range(24):
        day = START + timedelta(days=2 * number)
        kind = "CONSULT" if number < 12 else "ASSAULT"
        event = make_event(
            f"e{number}", event_type=kind, day=day.isoformat(), article=f"a{number}", published=day,
            sentence=f"Delegates of both met in round {number} at the harbour.",
            place=PlaceMention(start=40, end=47, text="harbour", name="Lyon", country="FRA", latitude=45.7,
                               longitude=4.8),
        )  # fmt: skip
        readings.append(make_reading(event))
    readings.append(
        make_reading(make_event("f1", status="future", article="b1", day="2025-04-20", published=date(2025, 4, 16)))
    )
    return readings


def hostile_reading() -> Any:
    """A reading in which every field that an article can carry is an attack."""
    sentence = f"{HOSTILE} struck \u202etxt.exe\u202c {HOSTILE} near {HOSTILE}"
    party = Party(
        start=0,
        end=len(HOSTILE),
        text=HOSTILE,
        code="IGO",
        sectors=(HOSTILE,),
        name=HOSTILE,
        identifier=HOSTILE,
        basis=HOSTILE,
    )
    unresolved = replace(party, code=None)
    place = PlaceMention(
        start=0, end=9, text=HOSTILE, name=HOSTILE, country=HOSTILE, latitude=1.0, longitude=2.0, basis=HOSTILE
    )
    event = make_event(
        f"x{HOSTILE}", event_type="ASSAULT", article=f"z{HOSTILE}", publisher=HOSTILE, sentence=sentence,
        anchor=HOSTILE, day="2025-04-16", published=date(2025, 4, 16), speaker=party, place=place, coder=HOSTILE,
    )  # fmt: skip
    event = replace(
        event, mode=HOSTILE, contexts=(HOSTILE,), basis=HOSTILE, actors=(party, unresolved),
        recipients=(make_party("DEU"), replace(party, name="A/C & D", identifier="A/C & D")),
        evidence=replace(event.evidence, url=f"javascript:alert(1)//{HOSTILE}", doc=HOSTILE, codebook=HOSTILE),
    )  # fmt: skip
    article = make_article(
        event.evidence.article_id, text=sentence, publisher=HOSTILE, published=date(2025, 4, 16), url=event.evidence.url
    )
    return make_reading(event, article=article, coder=HOSTILE)


class StandIn:
    """A coder that finds one meeting in the first sentence of what it is given."""

    def code(self, articles: Iterable[Article]) -> Iterator[Any]:
        for article in articles:
            sentence = article.text.split(".")[0] + "."
            start = article.text_start
            event = make_event("live", sentence=sentence, anchor=sentence[:3], article=article.id)
            span = Span(start=start, end=start + len(sentence), text=sentence)
            anchor = Span(start=start, end=start + 3, text=sentence[:3])
            found = replace(event, evidence=replace(event.evidence, sentence=span, anchor=anchor))
            yield _Found(
                article, (Sentence(index=0, start=start, end=start + len(sentence), text=sentence),), (found,), ()
            )


@dataclass(frozen=True)
class _Found:
    article: Article
    sentences: tuple[Any, ...]
    events: tuple[Any, ...]
    skips: tuple[Any, ...]


def site_of(store: RecordStore, **options: Any) -> Any:
    return make_app(store, owner_token=OWNER, load_coder=StandIn, least_form_seconds=0.0, **options)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    store = RecordStore.open(tmp_path_factory.mktemp("site") / "record", create=True)
    store.add(two_months())
    return store


@pytest.fixture(scope="module")
def app(store: RecordStore) -> Any:
    return site_of(store, limits=Limits(reads=100_000, posts=100_000))


@pytest.fixture(scope="module")
def record_id(store: RecordStore) -> str:
    return str(store.records(event_type="ASSAULT")[0]["record_id"])


@pytest.fixture(scope="module")
def hostile_store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    store = RecordStore.open(tmp_path_factory.mktemp("hostile") / "record", create=True)
    store.add([*two_months(), hostile_reading()])
    return store


@pytest.fixture(scope="module")
def hostile_app(hostile_store: RecordStore) -> Any:
    return site_of(hostile_store, limits=Limits(reads=100_000, posts=100_000))


@pytest.fixture(scope="module")
def empty_app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return site_of(RecordStore.open(tmp_path_factory.mktemp("empty") / "record", create=True))


READABLE = (
    "/", "/today", "/?days=30", "/search", "/search?q=harbour", "/search?q=France+Germany", "/ties", "/ties/FRA/DEU",
    "/ties/FRA/DEU?by=day", "/ties/FRA/DEU?by=month&at=2025-03-01", "/states", "/states/FRA", "/types",
    "/types/ASSAULT", "/themes", "/themes/military", "/search?theme=military", "/states/EUR",
    "/states/EUR?on=1960-01-01", "/alerts",
    "/map", "/map?quad=4", "/network", "/about", "/watch", "/watch?q=Lyon", "/watch?a=France&b=DEU&alert=2", "/read",
)  # fmt: skip


def words_of(page: str) -> str:
    """The words of a page as they are read on it, without the labels of marks."""
    unlabelled = re.sub(r'<span class="(?:unseen|role-label) [^>]*>[^<]*</span>', "", page)
    return " ".join(re.sub(r"<[^>]*>", "", unlabelled).split())


# --- pages ---


@pytest.mark.parametrize("path", READABLE)
def test_every_page_answers_in_html_with_a_title_and_one_heading(app: Any, path: str) -> None:
    reply = ask(app, path)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert re.search(r"<title>[^<]+ · Dragoman</title>", reply.text)
    assert reply.text.count("<h1") == 1
    assert_only_own_markup(reply.text)


@pytest.mark.parametrize("path", [path for path in READABLE if not path.startswith(("/read", "/?")) and path != "/"])
def test_every_page_answers_in_json_by_ending_and_by_accept(app: Any, path: str) -> None:
    address, mark, query = path.partition("?")
    by_ending = ask(app, f"{address}.json{mark}{query}")
    by_accept = ask(app, path, headers={"accept": "application/json"})
    assert by_ending.status == by_accept.status == 200
    assert by_ending.json["ok"] is True
    strip = {key: value for key, value in by_ending.json.items() if key not in {"next"}}
    assert strip == {key: value for key, value in by_accept.json.items() if key not in {"next"}}


@pytest.mark.parametrize("path", READABLE)
def test_an_empty_record_shows_decent_pages(empty_app: Any, path: str) -> None:
    reply = ask(empty_app, path)
    assert reply.status == 200
    assert reply.text.count("<h1") == 1


def test_the_record_page_shows_every_report_with_marked_spans(app: Any, record_id: str) -> None:
    text = ask(app, f"/records/{record_id}").text
    assert 'class="role role-anchor' in text
    assert "Why this code, and why not more" in text
    assert 'href="https://sample.example/a' in text
    assert "The Sample Times" in text


def test_the_record_as_json_has_its_events_and_replies(app: Any, store: RecordStore, record_id: str) -> None:
    answer = ask(app, f"/records/{record_id}.json").json
    assert answer["record"] == store.record(record_id)
    assert [event["event_id"] for event in answer["events"]] == answer["record"]["events"]
    assert answer["replies"] == []


def test_the_surfaces_agree_on_a_tie(app: Any, store: RecordStore) -> None:
    window = {"since": date(2025, 3, 1), "until": date(2025, 5, 1)}
    asked = "since=2025-03-01&until=2025-05-01&by=week"
    answer = ask(app, f"/ties/FRA/DEU.json?{asked}").json
    assert answer["directed"] == store.ties("FRA", "DEU", by="week", **window)
    assert answer["tie"] == store.ties("FRA", "DEU", by="week", directed=False, turns=True, **window)
    rows = list(csv.DictReader(io.StringIO(ask(app, f"/ties/FRA/DEU.csv?{asked}").text)))
    assert [row["since"] for row in rows] == [row["since"] for row in answer["directed"]]


def test_a_tie_says_what_it_shows_and_shows_each_direction(app: Any) -> None:
    both = ask(app, "/ties/FRA/DEU").text
    assert "Shown by week, both directions together." in both
    assert "dragoman ties FRA DEU --by week --undirected" in both
    directed = ask(app, "/ties/FRA/DEU.json").json["directed"]
    for way, actor, words in (
        ("out", "FRA", "what France does to Germany"),
        ("back", "DEU", "what Germany does to France"),
    ):
        text = ask(app, f"/ties/FRA/DEU?by=week&way={way}").text
        number = len({record for row in directed if row["actor"] == actor for record in row["records"]})
        assert f"{many(number, 'happening')}, " in text
        assert f"Shown by week, {words}." in text
        assert "dragoman ties FRA DEU --by week</code>" in text
    assert "way=" not in ask(app, "/ties/FRA/FRA").text


def test_a_command_that_is_shown_runs_nothing_but_itself(app: Any) -> None:
    party = "IGO:$(reboot); echo 'x'"
    text = ask(app, f"/ties/FRA/{quote(party)}").text
    command = re.search(r"<code>(dragoman ties FRA[^<]*)</code>", text)
    assert command
    assert shlex.split(unescape(command[1]))[3] == party


def test_happenings_that_contradict_each_other_lead_to_each_other(tmp_path: Path) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    told = "Missiles hit the harbour hospital at dawn and {} people died"
    store.add([
        make_reading(
            make_event(actor, event_type="ASSAULT", article=actor, actors=(actor,), recipients=("UKR",),
                       sentence=told.format(number), anchor="hit")
        )
        for actor, number in (("RUS", "nine"), ("USA", "ten"))
    ])  # fmt: skip
    (other,) = store.records(actor="RUS")
    (one,) = store.records(actor="USA")
    text = ask(site_of(store), f"/records/{one['record_id']}").text
    disputed = text.partition("Where reports disagree")[2].partition("</section>")[0]
    assert f'href="/records/{other["record_id"]}"' in disputed
    assert f"({other['record_id']})" not in disputed
    assert "names United States where the other names Russia" in disputed


def test_a_point_of_a_tie_opens_its_happenings_and_they_their_sentences(app: Any) -> None:
    text = ask(app, "/ties/FRA/DEU?by=month").text
    at = re.search(r'href="(/ties/FRA/DEU\?[^"]*at=[^"]*)#happenings"', text)
    assert at
    opened = ask(app, at[1].replace("&amp;", "&")).text
    assert "Show all periods" in opened
    happening = re.search(r'href="(/records/[^"]+)"', opened)
    assert happening
    assert "Delegates of both met in round" in words_of(ask(app, happening[1]).text)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/ties/russia/China", "/ties/RUS/CHN"),
        ("/ties?a=Russia&b=chn", "/ties/RUS/CHN"),
        ("/states/germany", "/states/DEU"),
        ("/states?party=Germany", "/states/DEU"),
        ("/types/assault", "/types/ASSAULT"),
    ],
)
def test_names_lead_to_the_address_by_code(app: Any, path: str, target: str) -> None:
    reply = ask(app, path)
    assert (reply.status, reply.headers["location"]) == (303, target)


def test_search_goes_on_where_the_page_before_ended(app: Any) -> None:
    seen: list[str] = []
    path: str | None = "/search.json?limit=7"
    while path:
        answer = ask(app, path).json
        seen += [row["record_id"] for row in answer["records"]]
        path = answer["next"] and answer["next"].replace("/search?", "/search.json?")
    assert len(seen) == len(set(seen)) == 25


@pytest.mark.parametrize(
    ("query", "number"),
    [("round", 24), ("round 23", 1), ("France", 25), ("2025-03", 16), ("ASSAULT", 12), ("nothing-like-it", 0)],
)
def test_search_finds_by_words_sides_days_and_types(app: Any, query: str, number: int) -> None:
    answer = ask(app, f"/search.json?limit=200&q={quote(query)}").json
    assert len(answer["records"]) == number


def test_a_page_follows_the_record_and_is_not_sent_twice(tmp_path: Path) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    app = site_of(store)
    before = ask(app, "/states.json")
    tag = before.headers["etag"]
    assert ask(app, "/states.json", headers={"if-none-match": tag}).status == 304
    store.add([make_reading(make_event())])
    after = ask(app, "/states.json", headers={"if-none-match": tag})
    assert (before.json["parties"], after.status) == ([], 200)
    assert {row["party"] for row in after.json["parties"]} == {"FRA", "DEU"}


# --- errors ---


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nope", 404), ("/records/none", 404), ("/ties/FRA/Nowhereland", 404), ("/states/zzzz", 404),
        ("/types/JUMP", 404),
        ("/?on=yesterday", 400), ("/?days=0", 400), ("/?days=99999999999999999999", 400), ("/search?limit=201", 400),
        ("/search?limit=-1", 400), ("/search?limit=١", 400), ("/search?since=2025-13-01", 400),
        ("/search?status=odd", 400), ("/search?quad=5", 400), ("/search?type=JUMP", 400), ("/search?after=x", 400),
        ("/search?since=9999-12-31", 400),
        ("/ties/FRA/DEU?by=year", 400), ("/ties/FRA/DEU?since=2025-02-01&until=2025-01-01", 400),
        ("/ties/FRA/DEU?by=day&since=1900-01-01", 400), ("/map?quad=0", 400), ("/network?ties=1000", 400),
        (f"/search?q={'x' * 301}", 400), (f"/states/{'x' * 300}", 400), ("/ties/FRA/DEU?alert=-1", 400),
        ("/ties/FRA/DEU?way=sideways", 400),
    ],
)  # fmt: skip
def test_errors_have_one_shape_and_a_page(app: Any, path: str, status: int) -> None:
    told = ask(app, path, headers={"accept": "application/json"})
    assert told.status == status
    assert told.json == {"ok": False, "error": told.json["error"], "status": status}
    assert told.json["error"]
    page = ask(app, path)
    assert page.status == status
    assert page.text.count("<h1") == 1
    assert_only_own_markup(page.text)


def test_a_page_without_rows_has_no_csv(app: Any) -> None:
    assert ask(app, "/about.csv").status == 406


ODD = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from([
        "0",
        "-1",
        "1e3",
        "2025-03-01",
        "0001-01-01",
        "9998-12-31",
        "2025-03",
        "null",
        "[]",
        "%00",
        "FRA",
        "1",
    ]),
)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_is_asked_gets_an_answer(app: Any, data: st.DataObject) -> None:
    page = data.draw(st.sampled_from([page for page in PAGES if page.method == "GET"]))
    path = re.sub(r"\{(\w+)\}", lambda _: quote(data.draw(ODD) or "x", safe=""), page.path)
    names = data.draw(st.lists(st.sampled_from([*page.parameters, "odd"]), unique=True, max_size=3))
    query = urlencode({name: data.draw(ODD) for name in names}, errors="replace")
    ending = data.draw(st.sampled_from(["", ".json", ".csv", ".atom"])) if page.path != "/" else ""
    reply = ask(app, f"{path}{ending}?{query}")
    assert reply.status in {200, 301, 303, 307, 400, 401, 404, 406}
    if reply.headers.get("content-type", "").startswith("text/html"):
        assert_only_own_markup(reply.text)
    elif reply.status >= 400:
        assert reply.json["ok"] is False


# --- other forms ---


def test_the_description_names_addresses_that_answer(app: Any, record_id: str) -> None:
    described = ask(app, "/openapi.json").json
    assert described["openapi"] == "3.1.0"
    parts = {"record_id": record_id, "a": "FRA", "b": "DEU", "party": "FRA", "event_type": "AID", "theme": "military"}
    assert len(described["paths"]) >= 12
    for path, operations in described["paths"].items():
        assert ask(app, path.format(**parts)).json["ok"] is True
        named = {one["name"] for one in operations["get"]["parameters"] if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))


@pytest.mark.parametrize("path", ["/today", "/search", "/ties/FRA/DEU", "/states/FRA", "/types/ASSAULT"])
def test_feeds_are_well_formed_with_distinct_entries(app: Any, path: str) -> None:
    reply = ask(app, f"{path}.atom")
    assert reply.headers["content-type"].startswith("application/atom+xml")
    feed = ET.fromstring(reply.body)
    ids = [node.text for node in feed.iter("{http://www.w3.org/2005/Atom}id")]
    assert len(ids) == len(set(ids)) > 1
    assert all(
        link.get("href", "").startswith("http://localhost/") for link in feed.iter("{http://www.w3.org/2005/Atom}link")
    )


def test_an_alert_feed_tells_only_of_moves(app: Any) -> None:
    every = ET.fromstring(ask(app, "/ties/FRA/DEU.atom").body)
    moved = ET.fromstring(ask(app, "/ties/FRA/DEU.atom?alert=1").body)
    titles = [node.text or "" for node in moved.iter("{http://www.w3.org/2005/Atom}title")][1:]
    assert titles
    assert all("the level moved by" in title or "a turn for" in title for title in titles)
    assert len(titles) < len(list(every.iter("{http://www.w3.org/2005/Atom}entry")))


def test_a_feed_drops_what_xml_cannot_write() -> None:
    entry = Entry(key="k", path="/", title="a\x00b\ud800<b>", summary="]]>&", day=None)
    feed = ET.fromstring(feed_of("t", [entry], site="http://localhost", address="/"))
    assert feed.find(".//{*}entry/{*}title").text == "ab<b>"  # type: ignore[union-attr]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_of_a_table_begins_like_a_formula(start: str) -> None:
    cell = list(csv.reader(io.StringIO(csv_of([{"text": start, "number": -1.5}]))))[1]
    assert cell == [f"'{start}", "-1.5"]


# --- attacks: markup ---


class _Markup(HTMLParser):
    """Collects what stands in a page that its templates did not write."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.foreign.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "src", "formaction"}:
                self.foreign.append(f"{tag} {name}={value}")
            if name in {"href", "action", "xlink:href"} and not _is_harmless(value or ""):
                self.foreign.append(f"{tag} {name}={value}")


def _is_harmless(target: str) -> bool:
    if target.startswith("//") or "\\" in target:
        return False
    return urlsplit(target).scheme in {"", "http", "https"}


def assert_only_own_markup(text: str) -> None:
    markup = _Markup()
    markup.feed(text)
    assert markup.foreign == []


def hostile_pages(store: RecordStore) -> list[str]:
    record = next(
        row["record_id"]
        for row in store.records(event_type="ASSAULT")
        if "DEU" in row["recipients"] and len(row["actors"]) and row["mode"]
    )
    key = f"IGO:{HOSTILE}"
    sides = urlencode({"a": key, "b": "DEU"})
    return [
        *READABLE, f"/records/{record}", f"/ties?{sides}", f"/states?{urlencode({'party': key})}",
        f"/states?{urlencode({'party': 'IGO:A/C & D'})}", f"/search?{urlencode({'q': HOSTILE, 'party': key})}",
        f"/search?{urlencode({'q': 'struck'})}", f"/watch?{urlencode({'q': HOSTILE})}", f"/{quote(HOSTILE)}",
        f"/records/{quote(HOSTILE, safe='')}", f"/ties/FRA/{quote(HOSTILE, safe='')}", f"/?on={quote(HOSTILE)}",
        f"/states/{quote(HOSTILE, safe='')}", f"/types/{quote(HOSTILE, safe='')}",
    ]  # fmt: skip


def test_no_field_of_an_article_becomes_markup(hostile_app: Any, hostile_store: RecordStore) -> None:
    shown = ""
    for path in hostile_pages(hostile_store):
        reply = ask(hostile_app, path)
        assert reply.status in {200, 303, 400, 404}, path
        assert_only_own_markup(reply.text)
        assert "javascript:" not in re.sub(r">[^<]*<", "><", reply.text)
        assert "\u202e" not in reply.text
        shown += reply.text
    # The attack was on the pages at all, as words.
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "{{7*7}}" in shown


def test_no_field_of_an_article_breaks_a_feed_or_a_table(hostile_app: Any, hostile_store: RecordStore) -> None:
    for path in hostile_pages(hostile_store):
        address, mark, query = path.partition("?")
        if address == "/":
            continue
        feed = ask(hostile_app, f"{address}.atom{mark}{query}")
        if feed.status == 200:
            ET.fromstring(feed.body)
            assert b"<script" not in feed.body
        table = ask(hostile_app, f"{address}.csv{mark}{query}")
        if table.status == 200:
            assert table.headers["content-type"].startswith("text/csv")
            assert table.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://a.example/x", True), ("http://a.example", True), ("HTTPS://a.example", True), ("", False),
        ("javascript:alert(1)", False), ("java\nscript:alert(1)", False), ("data:text/html,x", False), (None, False),
        ("//a.example", False), ("vbscript:x", False), ("file:///etc/passwd", False), (" javascript:alert(1)", False),
    ],
)  # fmt: skip
def test_only_web_addresses_are_linked(url: str | None, followed: bool) -> None:
    assert (web_link(url) is not None) is followed


# --- attacks: paths, hosts, sizes, rates ---


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/%2e%2e%2f%2e%2e%2fstore.py",
        "/static//etc/passwd", "/static/..\\app.py", "/static/world/../../app.py", "/records/..%2f..%2fhead.json",
        "/static/%00", "/static/", "/records/%2e%2e", "/../head.json", "/static/style.css%00.html",
    ],
)  # fmt: skip
def test_no_file_outside_the_pages_is_readable(app: Any, path: str) -> None:
    reply = ask(app, path)
    assert reply.status in {400, 404}
    assert b"import" not in reply.body
    assert b"root:" not in reply.body


def test_the_first_page_is_json_under_each_of_its_names(app: Any) -> None:
    today = ask(app, "/today.json?limit=1")
    assert today.status == 200
    for path in ("/.json?limit=1", "/index.json?limit=1"):
        assert (ask(app, path).status, ask(app, path).body) == (200, today.body)


def test_every_answer_leaves_under_the_same_headers(app: Any) -> None:
    for path in ("/", "/nope", "/static/style.css", "/openapi.json", "/today.json", "/search?limit=x"):
        headers = ask(app, path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]"])
def test_a_foreign_host_name_reads_nothing(app: Any, host: str) -> None:
    assert ask(app, "/", headers={"host": host}).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_own_host_names_are_answered(app: Any, host: str) -> None:
    assert ask(app, "/about", headers={"host": host}).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"])
def test_other_methods_are_refused(app: Any, method: str) -> None:
    assert ask(app, "/", method=method).status == 405


def test_a_long_address_is_refused(app: Any) -> None:
    assert ask(app, "/search?q=" + "x" * 5000).status == 414


def test_a_large_body_is_refused_announced_or_not(app: Any) -> None:
    assert ask(app, "/read", chunks=[b""], headers={"content-length": "9" * 30}).status == 413
    assert ask(app, "/read", chunks=[b"x" * 30_000] * 3).status == 413


def test_a_slow_body_is_refused(store: RecordStore) -> None:
    app = site_of(store, limits=Limits(body_seconds=0.05))
    assert ask(app, "/read", chunks=[b"x"] * 50, pause=0.02).status == 408


def test_too_many_requests_are_refused_and_forgiven(store: RecordStore) -> None:
    app = site_of(store, limits=Limits(reads=5, posts=2))
    assert [ask(app, "/openapi.json").status for _ in range(7)] == [200] * 5 + [429] * 2
    assert [ask(app, "/read", form={}).status for _ in range(3)] == [400, 400, 429]


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "application/json"]
)
def test_a_body_of_another_kind_is_refused_quietly(app: Any, kind: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\nhello\r\n--x--\r\n'
    reply = ask(app, "/read", chunks=[body], headers={"content-type": kind})
    assert reply.status == 400


# --- attacks: forms of other sites ---


def opened(app: Any, path: str) -> tuple[str, dict[str, str]]:
    """The token of a form and the cookie that its reader holds."""
    reply = ask(app, path)
    token = re.search(r'name="token" value="([^"]+)"', reply.text)
    assert token
    return token[1], {"cookie": "; ".join(f"{name}={value}" for name, value in reply.cookies.items())}


TEXT = {"title": "", "published": "2025-03-04", "text": "Both sides met. <b>It</b> rained."}


def test_a_pasted_text_is_read_event_by_event_and_not_stored(app: Any, store: RecordStore) -> None:
    before = store.counts()
    token, cookie = opened(app, "/read")
    reply = ask(app, "/read", form={**TEXT, "token": token}, headers=cookie)
    assert reply.status == 200
    assert "1 event" in reply.text
    assert "Both sides met." in words_of(reply.text)
    assert_only_own_markup(reply.text)
    assert store.counts() == before
    told = ask(app, "/read", form={**TEXT, "token": token}, headers={**cookie, "accept": "application/json"})
    assert [event["event_id"] for event in told.json["events"]] == ["live"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, "missing"),
        ({"text": "x" * 20_001}, "longer"),
        ({"published": "soon"}, "no day"),
        ({"token": ""}, "not opened here"),
        ({"token": "a.b.c"}, "not opened here"),
    ],
)
def test_what_cannot_be_read_is_refused(app: Any, change: dict[str, str], said: str) -> None:
    token, cookie = opened(app, "/read")
    form = {**TEXT, "token": token, **change}
    reply = ask(app, "/read", form=form, headers={**cookie, "accept": "application/json"})
    assert reply.status == 400
    assert said in reply.json["error"]


def test_a_form_is_taken_only_from_who_opened_it_and_for_its_purpose(app: Any, record_id: str) -> None:
    token, cookie = opened(app, "/read")
    _, other = opened(app, "/read")
    assert ask(app, "/read", form={**TEXT, "token": token}, headers=other).status == 400
    assert ask(app, "/read", form={**TEXT, "token": token}).status == 400
    assert ask(app, f"/records/{record_id}/replies", form={**REPLY, "token": token}, headers=cookie).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://[broken"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(app: Any, headers: dict[str, str]) -> None:
    token, cookie = opened(app, "/read")
    assert ask(app, "/read", form={**TEXT, "token": token}, headers={**cookie, **headers}).status == 403


def test_tokens_age_and_are_not_for_robots() -> None:
    now = [1000.0]
    tokens = FormTokens(least_seconds=2.0, clock=lambda: now[0])
    token = tokens.make("cookie", "read")
    with pytest.raises(ValueError, match="faster"):
        _checked(tokens, token)
    now[0] += 3
    _checked(tokens, token)
    now[0] += 5 * 3600
    with pytest.raises(ValueError, match="too long"):
        _checked(tokens, token)


def _checked(tokens: FormTokens, token: str) -> None:
    from dragoman.errors import QueryError

    try:
        tokens.check(token, "cookie", "read")
    except QueryError as refused:
        raise ValueError(str(refused)) from refused


# --- replies ---

REPLY = {
    "kind": "correction",
    "name": "A. Reader",
    "email": "reader@post.example",
    "text": "The place was <b>another</b>.",
}


def fresh_site(tmp_path: Path) -> tuple[Any, RecordStore, str]:
    store = RecordStore.open(tmp_path / "record", create=True)
    store.add([make_reading(make_event())])
    app = site_of(store, limits=Limits(reads=10_000, posts=10_000))
    return app, store, str(store.records()[0]["record_id"])


def send(app: Any, record_id: str, **change: str) -> Reply:
    token, cookie = opened(app, f"/records/{record_id}")
    return ask(app, f"/records/{record_id}/replies", form={**REPLY, "token": token, **change}, headers=cookie)


def test_a_reply_waits_is_accepted_and_its_address_is_never_shown(tmp_path: Path) -> None:
    app, store, record_id = fresh_site(tmp_path)
    sent = send(app, record_id)
    assert sent.headers["location"] == f"/records/{record_id}?sent=yes#replies"
    assert "A. Reader" not in ask(app, f"/records/{record_id}").text
    owner = {"authorization": f"Bearer {OWNER}"}
    waiting = ask(app, "/owner", headers=owner)
    assert "reader@post.example" in waiting.text
    token = re.search(r'name="token" value="([^"]+)"', waiting.text)
    assert token
    cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in waiting.cookies.items())}
    decision = {"token": token[1], "reply": "1", "decision": "accept"}
    assert ask(app, "/owner/replies", form=decision, headers=cookie).status == 400
    assert ask(app, "/owner/replies", form=decision, headers={**cookie, **owner}).status == 303
    shown = ask(app, f"/records/{record_id}")
    assert "&lt;b&gt;another&lt;/b&gt;" in shown.text
    everywhere = shown.text + ask(app, f"/records/{record_id}.json").text + ask(app, "/owner.json").text
    assert "reader@post.example" not in everywhere
    assert (store.path / "replies.sqlite3").stat().st_mode & 0o077 == 0
    assert store.check() == []


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"email": ""}, {"email": "no address"}, {"email": "a@b"}, {"text": ""}, {"kind": "praise"},
     {"text": "x" * 4001}, {"name": "x" * 81}, {"email": "a@" + "b." * 200 + "c"}],
)  # fmt: skip
def test_a_reply_with_a_field_missing_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    app, store, record_id = fresh_site(tmp_path)
    assert send(app, record_id, **change).status == 400
    assert not (store.path / "replies.sqlite3").exists()


def test_a_robot_is_thanked_and_dropped(tmp_path: Path) -> None:
    app, store, record_id = fresh_site(tmp_path)
    assert send(app, record_id, website="https://spam.example").status == 303
    assert not (store.path / "replies.sqlite3").exists()


def test_every_field_of_a_reply_is_shown_as_text(tmp_path: Path) -> None:
    app, _, record_id = fresh_site(tmp_path)
    assert send(app, record_id, name=HOSTILE[:80], text=HOSTILE).status == 303
    owner = {"authorization": f"Bearer {OWNER}"}
    waiting = ask(app, "/owner", headers=owner)
    assert_only_own_markup(waiting.text)
    assert "&lt;script&gt;" in waiting.text


def decide(app: Any, **fields: str) -> Reply:
    """The owner's decision about the first reply, sent from the owner's page."""
    owner = {"authorization": f"Bearer {OWNER}"}
    waiting = ask(app, "/owner", headers=owner)
    token = re.search(r'name="token" value="([^"]+)"', waiting.text)
    assert token
    cookie = "; ".join(f"{name}={value}" for name, value in waiting.cookies.items())
    form = {"token": token[1], "reply": "1", **fields}
    return ask(app, "/owner/replies", form=form, headers={**owner, "cookie": cookie})


def test_an_accepted_correction_flows_into_the_record(tmp_path: Path) -> None:
    app, store, record_id = fresh_site(tmp_path)
    send(app, record_id, text="It was an agreement of March.")
    done = decide(app, decision="correct", verdict="amend", type="AGREE", date="2025-03-02", recipients="Italy; ESP")
    assert done.status == 303
    record = store.record(record_id)
    assert record
    assert (record["event_type"], record["date"], record["recipients"]) == ("AGREE", "2025-03-02", ["ESP", "ITA"])
    (correction,) = record["corrections"]
    assert (correction["name"], correction["reason"]) == ("A. Reader", "It was an agreement of March.")
    page = ask(app, f"/records/{record_id}")
    assert "Corrected by people" in page.text
    assert "CONSULT → AGREE" in words_of(page.text)
    assert_only_own_markup(page.text)
    assert "reader@post.example" not in json.dumps(store.corrections())


def test_what_was_rejected_says_so_and_is_counted_nowhere(tmp_path: Path) -> None:
    app, _, record_id = fresh_site(tmp_path)
    send(app, record_id, text=HOSTILE)
    assert decide(app, decision="correct", verdict="reject").status == 303
    page = ask(app, f"/records/{record_id}")
    assert page.status == 404
    assert "taken out of the record by A. Reader" in page.text
    assert_only_own_markup(page.text)
    assert ask(app, "/search.json").json["records"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"verdict": "amend"}, {"verdict": "odd"}, {"verdict": "amend", "type": "JUMP"}, {"verdict": "undo"},
     {"verdict": "amend", "actors": "Nowhereland"}, {"verdict": "amend", "date": "soon"}],
)  # fmt: skip
def test_a_correction_that_makes_no_sense_leaves_the_reply_waiting(tmp_path: Path, wrong: dict[str, str]) -> None:
    app, store, record_id = fresh_site(tmp_path)
    send(app, record_id)
    assert decide(app, decision="correct", **wrong).status == 400
    assert store.corrections() == []
    assert "The place was" in ask(app, "/owner", headers={"authorization": f"Bearer {OWNER}"}).text


def test_versions_of_a_story_are_told_in_order(tmp_path: Path) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    headline = "Both sides meet at the harbour bridge for a second day of talks"
    for number, title in enumerate((headline, f"UPDATE 1 {headline}")):
        event = make_event(f"v{number}", article=f"v{number}")
        article = make_article(f"v{number}", title=title, text=event.evidence.sentence.text, url="https://a.example/1")
        store.add([make_reading(event, article=article)])
    record = store.records()[0]
    assert len(record["events"]) == 2
    text = ask(site_of(store), f"/records/{record['record_id']}").text
    assert ("version 1 of 2" in text, "version 2 of 2" in text) == (True, True)


def test_the_words_of_a_time_are_marked() -> None:
    event = make_event(sentence="On Monday they met; on Monday it rained.", anchor="On Monday")
    row = {**event_row(event), "date_basis": "told with the event: Monday"}
    timed = [segment.text for segment in mark_sentence(row) if "time" in segment.roles]
    assert timed == ["Monday"]
    assert not [segment for segment in mark_sentence({**row, "date_basis": "a"}) if "time" in segment.roles]


def test_only_the_owner_comes_in(tmp_path: Path) -> None:
    app, _, _ = fresh_site(tmp_path)
    assert ask(app, "/owner").status == 401
    assert ask(app, "/owner", headers={"authorization": "Bearer wrong"}).status == 401
    assert ask(app, "/owner", headers={"cookie": f"dragoman_owner={OWNER}"}).status == 401
    token, cookie = opened(app, "/owner")
    assert ask(app, "/owner", form={"token": token, "owner_token": "wrong"}, headers=cookie).status == 400
    entered = ask(app, "/owner", form={"token": token, "owner_token": OWNER}, headers=cookie)
    assert entered.status == 303
    assert OWNER not in str(entered.headers)
    session = {"cookie": f"dragoman_owner={entered.cookies['dragoman_owner']}"}
    assert ask(app, "/owner", headers=session).status == 200


def test_a_site_without_an_owner_has_no_moderation(store: RecordStore) -> None:
    app = make_app(store)
    assert ask(app, "/owner").status == 404
    assert ask(app, "/owner", headers={"authorization": "Bearer "}).status == 404


# --- what pages are made of ---


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_marked_segments_are_the_sentence(data: st.DataObject) -> None:
    words = data.draw(st.text(min_size=1, max_size=40))
    start = data.draw(st.integers(0, 500))

    def party() -> Party:
        low = data.draw(st.integers(-5, len(words) + 5))
        return replace(make_party("FRA"), start=start + low, end=start + low + data.draw(st.integers(-2, 9)))

    event = make_event(speaker=party())
    span = Span(start=start, end=start + len(words), text=words)
    event = replace(
        event, actors=(party(), party()), recipients=(party(),), evidence=replace(event.evidence, sentence=span)
    )
    segments = mark_sentence(event_row(event))
    assert "".join(segment.text for segment in segments) == plain(words)


def test_overlapping_spans_carry_both_roles() -> None:
    event = make_event(sentence="Troops hit the town.", anchor="hit the town")
    recipient = replace(make_party("UKR"), start=15, end=19)
    anchor = Span(start=7, end=19, text="hit the town")
    event = replace(event, actors=(), recipients=(recipient,), evidence=replace(event.evidence, anchor=anchor))
    marked = [(segment.text, segment.roles, segment.ends) for segment in mark_sentence(event_row(event))]
    assert marked == [
        ("Troops ", (), ()),
        ("hit the ", ("anchor",), ()),
        ("town", ("recipient", "anchor"), ("recipient", "anchor")),
        (".", (), ()),
    ]


@pytest.mark.parametrize(
    ("query", "parties", "event_type", "window", "words"),
    [
        ("Russia China gas", ("RUS", "CHN"), None, None, ("gas",)),
        ("South Korea AID", ("KOR",), "AID", None, ()),
        ("French 2025-03", ("FRA",), None, ("2025-03-01", "2025-04-01"), ()),
        ("2024", (), None, ("2024-01-01", "2025-01-01"), ()),
        ("per can aid", (), None, None, ("per", "can", "aid")),
        ("2025-02-31 9999", (), None, None, ("2025-02-31", "9999")),
        ("UN", ("UNO",), None, None, ()),
        ("", (), None, None, ()),
    ],
)
def test_a_search_is_understood(
    query: str, parties: tuple[str, ...], event_type: str | None, window: tuple[str, str] | None, words: tuple[str, ...]
) -> None:
    wanted = read_search(query)
    assert (wanted.parties, wanted.event_type, wanted.words) == (parties, event_type, words)
    got = (wanted.since.isoformat(), wanted.until.isoformat()) if wanted.since and wanted.until else None
    assert got == window


def test_every_type_has_its_wording_and_every_party_a_name() -> None:
    assert set(load_wordings()) == set(load_codebook().types)
    assert (name_of("RUS"), name_of("UNO"), name_of("IGO:Some Body"), name_of("Q1")) == (
        "Russia", "United Nations", "Some Body", "Q1",
    )  # fmt: skip
    assert party_named("north korea") == party_named("prk") == "PRK"


@pytest.mark.parametrize(
    ("actors", "recipients", "status", "words"),
    [
        (["RUS"], ["UKR"], "asserted", "Russia attacks Ukraine"),
        (["FRA", "DEU"], ["UKR"], "asserted", "France and Germany attack Ukraine"),
        ([], ["UKR"], "asserted", "Somebody attacks Ukraine"),
        (["RUS"], [], "negated", "Denied: Russia attacks"),
        (["DEU"], ["DEU"], "asserted", "Germany attacks its own"),
        (["DEU"], ["POL", "DEU"], "asserted", "Germany attacks Poland and its own"),
        (["FRA", "DEU"], ["DEU"], "asserted", "France and Germany attack Germany"),
        (["IMG"], ["IMG"], "asserted", "A militant group attacks a militant group"),
        (["FRA", "DEU", "ITA", "ESP", "POL"], [], "future", "To come: France, Germany, Italy and 2 more attack"),
    ],
)
def test_headlines(actors: list[str], recipients: list[str], status: str, words: str) -> None:
    row = {"event_type": "ASSAULT", "actors": actors, "recipients": recipients, "status": status}
    assert headline(row) == words


def test_names_in_a_network_cover_no_other_where_there_is_room() -> None:
    rows = [{"low": "USA", "high": f"IGO:{'Long name ' * 3}{number}", "records": 40 - number} for number in range(8)]
    network = lay_out(rows)
    assert network
    boxes = [
        (node.name_x - len(node.name) * 3.7, node.name_x + len(node.name) * 3.7, node.name_y) for node in network.nodes
    ]
    assert all(left + 0.1 >= 0 and right <= WIDTH + 0.1 and 0 < line <= HEIGHT for left, right, line in boxes)
    assert all(len(node.name) <= 22 for node in network.nodes)
    for number, (left, right, line) in enumerate(boxes):
        for other_left, other_right, other_line in boxes[number + 1 :]:
            assert abs(line - other_line) >= 13.9 or right <= other_left + 0.1 or other_right <= left + 0.1


def test_numbers_and_days_in_words() -> None:
    assert (many(1, "voice"), many(1200, "voice")) == ("1 voice", "1,200 voices")
    assert (signed(-2.04), signed(None), signed(0.04), signed(-0.04)) == ("−2.0", "–", "0.0", "0.0")
    assert day_words("2025-05-31/2025-06-01") == "31 May to 1 June 2025"
    assert (day_words("2025-05/2025-06"), day_words("2025-05")) == ("2025-05/2025-06", "May 2025")
    assert (
        codes_named("names UKR, IGO:X where the other names RUS") == "names Ukraine, IGO:X where the other names Russia"
    )
    assert window_words("2025-05-01", "2026-01-01") == "1 May to 31 December 2025"
    assert window_words("2025-05-01", "2025-05-02") == "1 May 2025"


def tie_rows(levels: list[float | None]) -> list[dict[str, Any]]:
    first = date(2025, 1, 6)
    return [
        {
            "since": (first + timedelta(days=7 * number)).isoformat(),
            "until": (first + timedelta(days=7 * number + 7)).isoformat(),
            "quads": {"1": 2, "2": 1, "3": 0, "4": 3 * number},
            "level": level,
            "covered": 0.0 if level is None else 1.0,
            "turns": [],
        }
        for number, level in enumerate(levels)
    ]


def test_a_chart_breaks_where_nothing_was_read() -> None:
    chart = tie_chart(tie_rows([1.0, 2.0, None, -3.0, -14.0]))
    assert chart
    assert len(chart.lines) == 2
    assert [slot.is_read for slot in chart.slots] == [True, True, False, True, True]
    assert chart.reach == 20
    for slot in chart.slots:
        for bar in slot.bars:
            assert chart.count_top - 0.01 <= bar.y <= bar.y + bar.height <= chart.count_bottom + 0.01
    assert tie_chart([]) is None


def test_a_day_chart_counts_each_day() -> None:
    rows = [{"day": "2025-01-02", "quad": 1, "records": 3}, {"day": "2025-01-02", "quad": 4, "records": 1}]
    chart = day_chart(rows, since=date(2025, 1, 1), until=date(2025, 1, 4))
    assert chart
    assert [bar.total for bar in chart.bars] == [0, 4, 0]
    assert day_chart([], since=date(2025, 1, 1), until=date(2025, 1, 4)) is None


def test_the_network_for_programs_is_what_the_command_prints(app: Any, store: RecordStore) -> None:
    window = ["--since", "2025-02-01", "--until", "2025-04-01"]
    printed = CliRunner().invoke(main, ["network", "--record", str(store.path), *window, "--format", "jsonl"])
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    asked = "since=2025-02-01&until=2025-04-01"
    told = ask(app, f"/network.json?{asked}").json
    assert lines
    assert [*told["nodes"], *told["pairs"]] == lines
    table = list(csv.DictReader(io.StringIO(ask(app, f"/network.csv?{asked}").text)))
    assert [(row["a"], row["b"]) for row in table] == [(row["a"], row["b"]) for row in told["pairs"]]
    empty = ask(app, "/network.json?since=1990-01-01&until=1990-02-01").json
    assert (empty["nodes"], empty["pairs"]) == ([], [])


@pytest.mark.parametrize("status", ["asserted", "negated"])
def test_a_side_that_no_table_names_has_the_pages_that_others_link_to(tmp_path: Path, status: str) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    store.add([make_reading(make_event(actors=("XAB",), status=status))])
    app = site_of(store)
    (record,) = store.records()
    assert 'href="/states/XAB"' in ask(app, f"/records/{record['record_id']}").text
    assert ask(app, "/states/XAB").status == ask(app, "/ties/XAB/DEU").status == 200
    assert ask(app, "/states/XYZ").status == ask(app, "/ties/XYZ/DEU").status == 404


def test_the_network_is_the_same_each_time_and_inside_its_frame() -> None:
    dyads = [{"low": f"A{n}", "high": f"A{n * n % 7}", "records": n + 1, "intensity": 0.0} for n in range(1, 20)]
    network = lay_out(dyads)
    assert network == lay_out(dyads)
    assert network
    assert all(0 < node.x < WIDTH and 0 < node.y < HEIGHT for node in network.nodes)
    assert lay_out([]) is None


def test_outlines_are_countries_inside_the_map() -> None:
    outlines = load_outlines()
    assert {"RUS", "CHN", "BRA", "KOS"} <= {outline.code for outline in outlines}
    assert len(outlines) == 176
    for outline in outlines:
        numbers = [float(x) for x in re.findall(r"-?[\d.]+", outline.path)]
        assert all(-1 <= x <= MAP_WIDTH + 1 for x in numbers[::2])
        assert all(-1 <= y <= MAP_HEIGHT + 1 for y in numbers[1::2])
    assert project(0, 0)[0] == MAP_WIDTH / 2


def test_an_organisation_has_its_members_of_a_day(app: Any) -> None:
    now = ask(app, "/states/EUR.json?on=2025-01-01").json["members"]
    assert (len(now), "GBR" in now, len(now) == len(set(now))) == (27, False, True)
    assert "GBR" in ask(app, "/states/EUR.json?on=2019-01-01").json["members"]
    assert ask(app, "/states/EUR.json?on=1950-01-01").json["members"] == []
    assert "EUR" in ask(app, "/states/FRA.json").json["organisations"]
