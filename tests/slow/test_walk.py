"""A walk through the site of a real record: every kind of page, desktop and phone, light and dark, and its links.

Which record is walked stands in the names of the tests:

- `given`: that of `$DRAGOMAN_WALK_RECORD`. As wherever it is served, an index of words is made in its folder.
- `headlines`: where no record is given and the shared data are there (`$DRAGOMAN_SHARED`, else `../shared`): 600
  headlines of 2025, read within the run into a folder of its own. They are their publishers' and no part of the tests.
- `sample`: where there is neither, sentences that were written for the tests.
"""

from __future__ import annotations

import json
import lzma
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser
from tests.browsing import LOOKS, assert_sound, keep_picture, open_page
from tests.test_web import hostile_reading, two_months

from dragoman.cli import main
from dragoman.store import RecordStore
from dragoman.web.views import PAGES

pytestmark = pytest.mark.slow

SHARED = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).resolve().parents[3] / "shared")
HEADLINES = SHARED / "data" / "news" / "headlines_2025.jsonl.xz"
# The newest days whole, so that happenings and ties are as dense as in a real record;
# of those before, every so many.
NEWEST, EVERY = 400, 65
LINKS_FOLLOWED = 150
# Colours and widths do not depend on each other: two looks show both of either. A record that is given is seen in all.
WALKED_IN = tuple(LOOKS) if os.environ.get("DRAGOMAN_WALK_RECORD") else ("light", "dark-phone")
_HREF = re.compile(r'href="([^"]+)"')
# What differs between links of one kind: ids, codes, days, numbers.
_VARIES = re.compile(
    r"(?<=/records/)[^/?.]+|(?<=/states/)[^/?.]+|(?<=/ties/)[^?.]+|(?<=/types/)\w+|(?<=/themes/)\w+|=[^&]*"
)


def record_at_hand() -> str:
    if os.environ.get("DRAGOMAN_WALK_RECORD"):
        return "given"
    return "headlines" if HEADLINES.exists() else "sample"


@pytest.fixture(scope="module", params=[record_at_hand()])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    if request.param == "given":
        return RecordStore.open(Path(os.environ["DRAGOMAN_WALK_RECORD"]))
    folder = tmp_path_factory.mktemp("walk")
    if request.param == "headlines":
        return read_headlines(folder)
    store = RecordStore.open(folder / "record", create=True)
    store.add([*two_months(), hostile_reading()])
    return store


def read_headlines(folder: Path) -> RecordStore:
    """The record of some of the headlines, read as their reader would."""
    with lzma.open(HEADLINES, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    reports = folder / "headlines.jsonl"
    reports.write_text("".join([*lines[:-NEWEST:EVERY], *lines[-NEWEST:]]), "utf-8")
    called = CliRunner().invoke(main, ["add", "--record", str(folder / "record"), "--cores", "0", str(reports)])
    assert called.exit_code == 0, called.output
    return RecordStore.open(folder / "record")


@dataclass(frozen=True)
class Facts:
    """What the record itself tells of, so that its fullest pages are walked."""

    pair: Mapping[str, Any]
    party: str
    event_type: str
    theme: str
    most_reported: str
    disputed: str
    word: str

    @classmethod
    def of(cls, site: str) -> Facts:
        rows = ask_json(site, "/search.json?limit=200")["records"]
        pairs = ask_json(site, "/ties.json")["dyads"] or ask_json(site, "/ties.json?since=1500-01-01")["dyads"]
        most = max(rows, key=lambda row: len(row["events"]))
        return cls(
            pair=pairs[0],
            party=ask_json(site, "/states.json")["parties"][0]["party"],
            event_type=max(ask_json(site, "/types.json")["types"], key=lambda row: row["records"])["type"],
            theme=max(ask_json(site, "/themes.json")["themes"], key=lambda row: row["records"])["theme"],
            most_reported=most["record_id"],
            disputed=next((row["record_id"] for row in rows if row["disagreements"]), most["record_id"]),
            word=max(re.findall(r"[a-z]{4,}", most["sentence"] or "talks"), key=len),
        )

    @property
    def addresses(self) -> Mapping[str, str]:
        """Kinds of page by name, each with an address of this record."""
        tie = f"/ties/{quote(self.pair['low'], safe=':')}/{quote(self.pair['high'], safe=':')}"
        return {
            "today": "/", "month": "/today?days=30", "ties": "/ties", "tie": tie, "tie-by-month": f"{tie}?by=month",
            "states": "/states", "state": f"/states/{quote(self.party, safe=':')}", "organisation": "/states/EUR",
            "search": "/search", "search-words": "/search?" + urlencode({"q": f"{self.party} {self.word}"}),
            "search-nothing": "/search?q=nothing-like-it", "types": "/types", "type": f"/types/{self.event_type}",
            "themes": "/themes", "theme": f"/themes/{self.theme}", "map": "/map", "map-kind": "/map?quad=4",
            "network": "/network", "about": "/about", "watch": "/watch", "watch-made": f"/watch?q={self.word}",
            "alerts": "/alerts", "read": "/read", "owner": "/owner", "owner-watches": "/owner/watches",
            "not-there": "/nope",
            "happening": f"/records/{self.most_reported}", "disputed": f"/records/{self.disputed}",
        }  # fmt: skip


KINDS = tuple(
    Facts(
        pair={"low": "A", "high": "B"}, party="A", event_type="A", theme="a", most_reported="a", disputed="a", word="a"
    ).addresses
)


@pytest.fixture(scope="module")
def addresses(site: str) -> Mapping[str, str]:
    return Facts.of(site).addresses


def ask_json(site: str, path: str) -> Any:
    with urlopen(site + path, timeout=60) as reply:
        return json.load(reply)


def test_every_page_is_of_a_kind_that_is_walked(addresses: Mapping[str, str]) -> None:
    paths = {urlsplit(address).path for address in addresses.values()}
    missed = [
        page.path
        for page in PAGES
        if page.method == "GET"
        and not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", page.path), path) for path in (*paths, "/today"))
    ]
    assert missed == []


@pytest.mark.parametrize("look", WALKED_IN)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_it_is_sound(
    browser: Browser, site: str, store: RecordStore, addresses: Mapping[str, str], kind: str, look: str
) -> None:
    page, seen = open_page(browser, look)
    reply = page.goto(site + addresses[kind])
    assert reply is not None
    assert reply.status == {"not-there": 404, "owner": 401, "owner-watches": 401}.get(kind, 200)
    keep_picture(page, f"walk-{kind}-{look}")
    assert_sound(page, seen, host=urlsplit(site).netloc, passes=str(reply.status))
    page.context.close()


def test_no_link_within_the_site_is_broken(site: str, store: RecordStore, addresses: Mapping[str, str]) -> None:
    links: dict[str, str] = {}
    for address in (address for kind, address in addresses.items() if kind != "not-there"):
        _, body = fetch(site + address)
        links.update(dict.fromkeys(links_in(body, site + address), address))
    followed = drawn_evenly(links, LINKS_FOLLOWED)
    assert followed
    broken = []
    for link in followed:
        status, body = fetch(urljoin(site, link))
        fragment = unquote(urlsplit(link).fragment)
        if status not in {200, 401} or (fragment and f'id="{fragment}"' not in body):
            broken.append((links[link], link, status))
    assert broken == []


def fetch(address: str) -> tuple[int, str]:
    try:
        with urlopen(address, timeout=60) as reply:
            return reply.status, reply.read().decode()
    except HTTPError as fault:
        return fault.code, fault.read().decode()


def links_in(body: str, address: str) -> Iterator[str]:
    """The addresses of this site to which a page leads."""
    for href in _HREF.findall(body):
        link = urljoin(address, href.replace("&amp;", "&").replace("&#39;", "'").replace("&#34;", '"'))
        if urlsplit(link).netloc == urlsplit(address).netloc:
            yield link.removeprefix(f"http://{urlsplit(address).netloc}")


def drawn_evenly(links: Iterable[str], most: int) -> list[str]:
    """So many links, the kinds in turn: one of each kind before the second of any."""
    kinds: dict[str, list[str]] = {}
    for link in links:
        kinds.setdefault(_VARIES.sub("*", link), []).append(link)
    rounds = max(map(len, kinds.values()), default=0)
    return [found[turn] for turn in range(rounds) for found in kinds.values() if turn < len(found)][:most]
