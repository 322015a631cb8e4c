"""The watch against a stand-in server: conditional requests, robots.txt, turns, back-off, going on where it stood."""

from __future__ import annotations

import platform
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.feedworld import FeedWorld

from dragoman.cli import main
from dragoman.errors import SourceError, StoreError
from dragoman.heap import give_back_large_blocks
from dragoman.model import Report, Skip
from dragoman.sources.web import Answer, fetch_answer
from dragoman.watch import Habits, Ledger, Watcher, read_subscriptions, rounds
from dragoman.watch.ledger import Page, Robots
from dragoman.watch.manners import HeldRules, Rules, Turns, plain_address, retry_after

WORDS = "The minister met his counterpart from the north and said that the talks had been useful to both sides. "


class StandIn(ThreadingHTTPServer):
    """A server of feeds and pages that keeps what it was asked. `answers` gives status, headers and body by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str], float]] = []
        self.busy: Counter[str] = Counter()
        self.most_at_once = 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked if path != "/robots.txt"]

    def put_feed(self, path: str, *pages: str, etag: str = '"1"', host: str = "127.0.0.1") -> str:
        items = "".join(
            f"<item><title>{page}</title><link>{self.url(page, host)}</link><description>{WORDS}</description>"
            "<pubDate>Tue, 20 Sep 2022 10:00:00 GMT</pubDate></item>"
            for page in pages
        )
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Courier</title>{items}</channel></rss>'
        headers = {"ETag": etag, "Last-Modified": "Tue, 20 Sep 2022 10:00:00 GMT", "Content-Type": "text/xml"}
        self.answers[path] = (200, headers, body.encode())
        for page in pages:
            self.answers.setdefault(page, (200, {"Content-Type": "text/html"}, page_of(page)))
        return self.url(path, host)


def page_of(title: str) -> bytes:
    text = f"<p>{WORDS * 3}</p><p>{title} {WORDS}</p>"
    head = f"<!DOCTYPE html><html><head><title>{title}</title></head>"
    return f"{head}<body><article>{text}</article></body></html>".encode()


class Answering(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served = self.server
        named = {name.lower(): value for name, value in self.headers.items()}
        served.asked.append((self.path, named, time.monotonic()))
        host = named["host"].partition(":")[0]
        served.busy[host] += 1
        served.most_at_once = max(served.most_at_once, *served.busy.values())
        time.sleep(0.01)
        status, headers, body = served.answers.get(self.path, (404, {}, b""))
        if status == 200 and headers.get("ETag") and named.get("if-none-match") == headers["ETag"]:
            status, body = 304, b""
        served.busy[host] -= 1
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server
        server.shutdown()


class Kept:
    """Where a watch's findings go."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.skips: list[Skip] = []

    def __call__(self, found: Sequence[Report | Skip]) -> None:
        self.reports += [one for one in found if isinstance(one, Report)]
        self.skips += [one for one in found if isinstance(one, Skip)]

    @property
    def pages(self) -> list[str]:
        return sorted((report.url or "").rpartition("/")[2] for report in self.reports)


OPEN: list[Ledger] = []


@pytest.fixture(autouse=True)
def closed_ledgers() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def open_ledger(folder: Path) -> Ledger:
    OPEN.append(Ledger(folder))
    return OPEN[-1]


def watcher(folder: Path, feeds: Sequence[str], kept: Any, **habits: Any) -> Watcher:
    known = habits.pop("known", lambda _: set())
    chosen = Habits(**{"delay": 0.0, "allow_private": True, "interval": 100.0, **habits})
    return Watcher(feeds, open_ledger(folder), kept, known=known, habits=chosen)


# --- rounds ---


def test_new_pages_are_fetched_once_and_unchanged_feeds_are_told_so(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", "/1", "/2"), Kept()
    first = watcher(tmp_path, [feed], kept, interval=0.0)
    assert first.run_round().counts == {"robots.txt read": 1, "feeds with news": 1, "pages fetched": 2}
    assert kept.pages == ["1", "2"]
    assert {report.published for report in kept.reports} == {date(2022, 9, 20)}
    assert first.run_round().counts == {"feeds not modified": 1}
    _, headers, _ = served.asked[-1]
    assert headers["if-none-match"] == '"1"'
    assert headers["if-modified-since"] == "Tue, 20 Sep 2022 10:00:00 GMT"
    served.put_feed("/feed", "/2", "/3", etag='"2"')
    counts = watcher(tmp_path, [feed], kept, interval=0.0).run_round().counts
    assert counts == {"feeds with news": 1, "pages fetched": 1, "entries seen before": 1}
    assert kept.pages == ["1", "2", "3"]


def test_a_page_in_two_feeds_or_in_the_record_is_not_fetched_again(served: StandIn, tmp_path: Path) -> None:
    feeds = [served.put_feed("/a", "/1?utm_source=a"), served.put_feed("/b", "/1?utm_source=b", "/old")]
    served.put_feed("/c", "/1")
    kept = Kept()
    counts = watcher(
        tmp_path, feeds, kept, known=lambda urls: {url for url in urls if url.endswith("/old")}
    ).run_round()
    assert sorted(served.paths()) == ["/1", "/a", "/b"]
    assert counts.counts["already in the record"] == 1
    assert kept.pages == ["1"]


class ManyHosts:
    """Hosts with a feed and a page each, asked without a network; counts the pages fetched and not yet kept."""

    def __init__(self, hosts: int, page: bytes) -> None:
        self.feeds = [f"http://h{at}.example/feed" for at in range(hosts)]
        self.page, self.held, self.most_held = page, 0, 0
        self.batches: list[int] = []
        self._lock = threading.Lock()

    def fetch(self, url: str, **_: Any) -> Answer:
        if url.endswith("/robots.txt"):
            return Answer(url=url, status=404, headers={})
        if url.endswith("/feed"):
            item = f"<item><title>Talks</title><link>{url[:-5]}/page</link></item>"
            body = f"<rss version='2.0'><channel><title>C</title>{item}</channel></rss>".encode()
            return Answer(url=url, status=200, headers={"content-type": "text/xml"}, content=body)
        with self._lock:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
        return Answer(url=url, status=200, headers={"content-type": "text/html"}, content=bytes(self.page))

    def keep(self, found: Sequence[Report | Skip]) -> None:
        time.sleep(0.01)  # so that all connections have their answer meanwhile
        self.batches.append(len(found))
        with self._lock:
            self.held -= len(found)


@pytest.mark.parametrize(("size", "together"), [(1000, 12), (200_000, 3)])
def test_no_more_pages_are_held_than_a_batch_and_the_connections(
    size: int, together: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "TOGETHER", 12)
    monkeypatch.setattr(rounds, "BYTES_TOGETHER", 600_000)
    world = ManyHosts(80, page_of("Talks").ljust(size))
    habits = Habits(delay=0.0, connections=6)
    one = Watcher(world.feeds, open_ledger(tmp_path), world.keep, habits=habits, fetch=world.fetch)
    assert one.run_round().counts["pages fetched"] == sum(world.batches) == 80
    assert max(world.batches) == together
    assert world.most_held <= together + habits.connections


def test_large_blocks_are_given_back_where_the_c_library_is_glibc() -> None:
    assert give_back_large_blocks() == (platform.libc_ver()[0] == "glibc")


def test_robots_are_obeyed_for_pages_and_feeds(served: StandIn, tmp_path: Path) -> None:
    robots = b"User-agent: *\nDisallow: /\n\nUser-agent: dragoman\nDisallow: /private\nDisallow: /shut\n"
    served.answers["/robots.txt"] = (200, {}, robots)
    feeds, kept = [served.put_feed("/feed", "/open", "/private/1"), served.put_feed("/shut", "/x")], Kept()
    counts = watcher(tmp_path, feeds, kept).run_round().counts
    assert sorted(served.paths()) == ["/feed", "/open"]
    assert counts["not allowed by robots.txt"] == 2
    assert {skip.reason for skip in kept.skips} == {"not-allowed"}
    assert sum(path == "/robots.txt" for path, _, _ in served.asked) == 1


def test_a_site_whose_robots_cannot_be_had_is_left_alone(served: StandIn, tmp_path: Path) -> None:
    served.answers["/robots.txt"] = (503, {}, b"")
    feed, kept = served.put_feed("/feed", "/1"), Kept()
    one = watcher(tmp_path, [feed], kept)
    assert one.run_round().counts == {"robots.txt not had": 1, "feeds put off": 1}
    assert served.paths() == []
    assert one.seconds_to_next() > 3000


def test_a_host_is_asked_one_thing_at_a_time_with_pauses(served: StandIn, tmp_path: Path) -> None:
    served.answers["/robots.txt"] = (200, {}, b"User-agent: dragoman\nCrawl-delay: 0.2\n")
    feeds = [served.put_feed("/a", "/1", "/2"), served.put_feed("/b", "/3", "/4")]
    watcher(tmp_path, feeds, Kept(), delay=0.05).run_round()
    moments = [moment for path, _, moment in served.asked if path != "/robots.txt"]
    assert len(moments) == 6
    assert min(later - sooner for sooner, later in zip(moments, moments[1:], strict=False)) >= 0.19
    assert served.most_at_once == 1


def test_no_more_of_a_host_than_a_round_may_fetch(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", *(f"/{number}" for number in range(7))), Kept()
    one = watcher(tmp_path, [feed], kept, per_host=3)
    fetched = [one.run_round().counts["pages fetched"] for _ in range(4)]
    assert fetched == [3, 3, 1, 0]
    assert len(set(kept.pages)) == 7


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept(served: StandIn, tmp_path: Path, status: int) -> None:
    feeds = [served.put_feed("/a"), served.put_feed("/b", "/1")]
    served.answers["/a"] = (status, {"Retry-After": "5000"}, b"")
    one = watcher(tmp_path, feeds, Kept())
    assert one.run_round().counts == {"robots.txt read": 1, "feeds failed": 1, "feeds put off": 1}
    assert served.paths() == ["/a"]
    assert 4900 < one.seconds_to_next() <= 5000
    assert one.run_round().counts == {}


def test_failing_feeds_are_asked_less_and_less_and_gone_ones_no_more(served: StandIn, tmp_path: Path) -> None:
    served.answers |= {"/bad": (500, {}, b""), "/gone": (410, {}, b"")}
    feeds = [served.url("/bad"), served.url("/gone")]
    one = watcher(tmp_path, feeds, Kept())
    assert one.run_round().counts == {"robots.txt read": 1, "feeds failed": 1, "feeds gone": 1}
    assert 190 < one.seconds_to_next() <= 200
    feed = one.ledger.feed(feeds[0])
    assert (feed.failures, feed.said, one.ledger.feed(feeds[1]).is_gone) == (1, "HTTP status 500", True)


def test_pages_that_fail_for_now_are_tried_again_and_others_given_up(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", "/away", "/missing"), Kept()
    served.answers["/away"] = (500, {}, b"")
    served.answers["/missing"] = (404, {}, b"")
    one = watcher(tmp_path, [feed], kept, interval=0.0)
    assert one.run_round().counts["pages put off"] == 1
    assert [skip.detail for skip in kept.skips] == ["HTTP status 404"]
    for _ in range(4):
        one.run_round()
    assert [skip.detail for skip in kept.skips] == ["HTTP status 404", "HTTP status 500"]
    assert served.paths().count("/away") == 4


def test_what_was_not_stored_is_fetched_again(served: StandIn, tmp_path: Path) -> None:
    feed = served.put_feed("/feed", "/1")

    def full(_: object) -> None:
        raise StoreError("no space left")

    with pytest.raises(StoreError, match="no space"):
        watcher(tmp_path, [feed], full).run_round()
    kept = Kept()
    assert watcher(tmp_path, [feed], kept).run_round().counts == {"pages fetched": 1}
    assert kept.pages == ["1"]
    assert watcher(tmp_path, [feed], kept).run_round().counts == {}


def test_private_addresses_are_refused_unless_allowed(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", "/1"), Kept()
    counts = watcher(tmp_path, [feed], kept, allow_private=False).run_round().counts
    assert (counts, served.asked) == ({"feeds given up": 1}, [])
    assert [skip.reason for skip in kept.skips] == ["refused-address"]


def test_a_public_feed_cannot_send_the_watch_into_a_private_network(served: StandIn, tmp_path: Path) -> None:
    served.put_feed("/feed", "/secret")
    entry = served.answers["/feed"][2]

    def fetch(url: str, **options: Any) -> Answer:
        if url.startswith("http://feeds.example/"):
            return Answer(url=url, status=404 if "robots" in url else 200, headers={}, content=entry)
        return fetch_answer(url, headers=options["headers"], allow_private=options["allow_private"])

    kept = Kept()
    one = Watcher(["http://feeds.example/feed"], open_ledger(tmp_path), kept, habits=Habits(delay=0.0), fetch=fetch)
    one.run_round()
    assert (kept.reports, served.asked) == ([], [])
    assert [skip.reason for skip in kept.skips] == ["refused-address"]


def test_without_pages_the_feeds_own_text_is_read_once(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", "/1", "/2"), Kept()
    for _ in range(2):
        watcher(tmp_path, [feed], kept, pages=False, interval=0.0).run_round()
    assert served.paths() == ["/feed", "/feed"]
    assert [report.kind for report in kept.reports] == ["feed-item"] * 2


def test_hosts_are_asked_side_by_side(served: StandIn, tmp_path: Path) -> None:
    feeds = [served.put_feed("/a", "/1"), served.put_feed("/b", "/2", host="localhost")]
    kept = Kept()
    counts = watcher(tmp_path, feeds, kept, delay=0.3).run_round()
    assert kept.pages == ["1", "2"]
    assert counts.counts["robots.txt read"] == 2


def test_an_entry_with_a_broken_link_is_read_in_its_feed(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", "/1", "/2"), Kept()
    status, headers, body = served.answers["/feed"]
    served.answers["/feed"] = (status, headers, body.replace(served.url("/2").encode(), b"http://[broken/2"))
    watcher(tmp_path, [feed], kept).run_round()
    assert sorted(report.kind for report in kept.reports) == ["feed-item", "html"]


def test_a_page_that_leads_to_a_broken_link_is_given_up(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", "/1"), Kept()
    served.answers["/1"] = (302, {"Location": "http://[broken/1"}, b"")
    assert watcher(tmp_path, [feed], kept).run_round().counts["pages given up"] == 1


def test_where_a_page_leads_is_asked_as_its_own_host_wants(served: StandIn, tmp_path: Path) -> None:
    served.answers["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /private\n")
    feed, kept = served.put_feed("/feed", "/in", "/away", "/shut"), Kept()
    served.put_feed("/unused", "/1")
    served.answers["/in"] = (301, {"Location": "/1?utm_source=in"}, b"")
    served.answers["/away"] = (302, {"Location": served.url("/1", "localhost")}, b"")
    served.answers["/shut"] = (302, {"Location": "/private/1"}, b"")
    counts = watcher(tmp_path, [feed], kept).run_round().counts
    assert sorted(served.paths()) == ["/1", "/1", "/away", "/feed", "/in", "/shut"]
    assert sum(path == "/robots.txt" for path, _, _ in served.asked) == 2
    assert (counts["pages fetched"], counts["not allowed by robots.txt"]) == (2, 1)
    assert sorted(report.url or "" for report in kept.reports) == [served.url("/1"), served.url("/1", "localhost")]
    assert watcher(tmp_path, [feed], kept, interval=0.0).run_round().counts == {}


def test_pages_that_lead_to_one_page_bring_it_once(served: StandIn, tmp_path: Path) -> None:
    feed, kept = served.put_feed("/feed", "/a", "/b", "/1"), Kept()
    served.answers |= {"/a": (302, {"Location": "/1"}, b""), "/b": (302, {"Location": "/1#top"}, b"")}
    counts = watcher(tmp_path, [feed], kept).run_round().counts
    assert (kept.pages, counts["pages that lead to others"]) == (["1"], 2)


def test_pages_and_feeds_that_lead_in_a_circle_are_given_up(served: StandIn, tmp_path: Path) -> None:
    feeds, kept = [served.put_feed("/feed", "/a", "/self"), served.url("/round")], Kept()
    served.answers |= {
        "/a": (302, {"Location": "/b"}, b""), "/b": (302, {"Location": "/a"}, b""),
        "/self": (302, {"Location": "/self"}, b""), "/round": (302, {"Location": "/round"}, b""),
    }  # fmt: skip
    one = watcher(tmp_path, feeds, kept)
    assert one.run_round().counts["feeds failed"] == 1
    assert served.paths().count("/round") == 6
    assert served.paths().count("/a") == served.paths().count("/self") == 1
    assert not one.ledger.open_pages(time.time() + 1e6)


def test_entries_read_in_their_feed_are_not_lost_where_they_were_not_stored(served: StandIn, tmp_path: Path) -> None:
    feed = served.put_feed("/feed", "/1", "/2")

    def full(_: object) -> None:
        raise StoreError("no space left")

    with pytest.raises(StoreError, match="no space"):
        watcher(tmp_path, [feed], full, pages=False).run_round()
    kept = Kept()
    for _ in range(2):
        watcher(tmp_path, [feed], kept, pages=False, interval=0.0).run_round()
    assert [report.kind for report in kept.reports] == ["feed-item"] * 2
    assert set(served.paths()) == {"/feed"}


@pytest.mark.parametrize("hosts", [20, pytest.param(180, marks=pytest.mark.slow)])
def test_a_world_of_feeds_is_watched_politely(tmp_path: Path, hosts: int) -> None:
    """Some of every kind of host, all kinds of broken ones among 180 (`tests/feedworld.py`)."""
    delay, kept = 0.05, Kept()
    with FeedWorld(hosts=hosts, feeds=hosts + hosts // 3, name=lambda number: f"h{number}.example") as world:
        fetch = partial(fetch_answer, resolve=lambda *_: ["127.0.0.1"])
        habits = Habits(delay=delay, allow_private=True, interval=0.0, connections=32)
        one = Watcher(world.feeds, open_ledger(tmp_path), kept, habits=habits, fetch=fetch)
        for world.round in range(3):
            one.run_round()
            time.sleep(0.7)
        world.shutdown()
    assert world.faults(delay) == dict.fromkeys(world.faults(delay), 0)
    assert Counter(report.url for report in kept.reports if report.kind == "html") == dict.fromkeys(world.stories(), 1)


def test_the_command_adds_what_is_new(served: StandIn, tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.txt"
    feeds.write_text(f"# ours\n{served.put_feed('/feed', '/1', '/2')}\n")
    command = ["watch", str(feeds), "--record", str(tmp_path / "record"), "--once", "--delay", "0", "--allow-private"]
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, "2 pages fetched" in done.output) == (0, True), done.output
    assert "nothing was due" in CliRunner().invoke(main, command).output
    counts = CliRunner().invoke(main, ["check", "--record", str(tmp_path / "record")])
    assert "2 articles" in counts.output


# --- subscriptions ---


def test_opml_and_lists_are_read(tmp_path: Path) -> None:
    opml = tmp_path / "a.opml"
    opml.write_text(
        '<?xml version="1.0"?><opml version="2.0"><body><outline text="World"><outline xmlUrl="https://a.example/feed"/>'
        '<outline xmlUrl="https://b.example/feed"/></outline><outline xmlUrl="https://a.example/feed"/>'
        '<outline xmlUrl="file:///etc/passwd"/></body></opml>'
    )
    assert read_subscriptions(opml) == ["https://a.example/feed", "https://b.example/feed"]
    lines = tmp_path / "a.txt"
    lines.write_text("\ufeffhttps://a.example/feed # a\n\n# none\nhttps://b.example/x#y\n")
    assert read_subscriptions(lines) == ["https://a.example/feed", "https://b.example/x#y"]


@pytest.mark.parametrize(
    "content", [b"", b"<opml", b"<opml/>", b"no feed", b"http://[x", b"\xff\xfe\x00", b"<a>" * 100_000]
)
def test_files_without_feeds_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "feeds"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"names no feed|is no sound OPML"):
        read_subscriptions(path)


def test_entities_of_opml_are_not_followed(tmp_path: Path) -> None:
    secret, path = tmp_path / "secret", tmp_path / "feeds"
    secret.write_text("https://secret.example/")
    path.write_text(
        f'<!DOCTYPE o [<!ENTITY x SYSTEM "file://{secret}">]><opml><outline xmlUrl="https://a.example/f"/>&x;</opml>'
    )
    assert read_subscriptions(path) == ["https://a.example/f"]


# --- manners ---


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_every_job_gets_its_turn_and_no_host_two_at_once(jobs: list[tuple[str, bool]]) -> None:
    turns: Turns[int] = Turns()
    for number, (host, first) in enumerate(jobs):
        turns.add(host, number, first=first)
    now, done, last = 0.0, [], dict.fromkeys("abc", -10.0)
    while turns:
        taken = turns.take(now)
        if taken is None:
            now = max(now, turns.next_at() or 0.0)
            continue
        host, number = taken
        assert now - last[host] >= 2.0
        last[host] = now
        done.append(number)
        turns.finish(host, now + 2.0)
    assert sorted(done) == list(range(len(jobs)))


@pytest.mark.parametrize("value", ["", "-5", "soon", "²", "99999999999999", "Mon, 99 Foo 2022", "1e9", None])
def test_odd_retry_after_headers(value: str | None) -> None:
    assert retry_after(value, 0.0) in {None, 86_400.0}


@pytest.mark.parametrize("text", ["", "\0" * 50, "Disallow: /", "User-agent: *\nCrawl-delay: x", "User-agent\n" * 500])
def test_odd_robots_allow(text: str) -> None:
    rules = Rules(text)
    assert rules.allows("https://a.example/1")
    assert rules.delay() == 0.0


def test_no_more_rules_are_held_than_fit() -> None:
    held = HeldRules(most=100)
    for site in "abc":
        held.put(site, Robots(text=f"Crawl-delay: 1 # {site}" + "x" * 30, is_known=True, fetched_at=0.0))
    assert [held.get(site) is not None for site in "abc"] == [False, True, True]
    held.put("d", Robots(text="x" * 1000, is_known=True, fetched_at=0.0))
    assert [held.get(site) is not None for site in "bcd"] == [False, False, True]


def test_addresses_are_compared_without_tracking() -> None:
    assert plain_address(" https://a.example/1?b=2&c=&UTM_x=1#y ") == "https://a.example/1?b=2&c="
    assert plain_address("https://a.example/1?b=%20x") == "https://a.example/1?b=%20x"


# --- ledger ---


def test_a_damaged_ledger_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "watch.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="move it away"):
        Ledger(tmp_path)


def test_the_ledger_keeps_pages_until_they_are_settled(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    pages = [Page(url=f"https://a.example/{number}", feed="f") for number in range(3)]
    assert ledger.note_pages(pages, 1.0) == pages
    assert ledger.note_pages(pages, 2.0) == []
    ledger.settle([pages[0].url], "read")
    ledger.try_later(pages[1], 50.0)
    ledger.close()
    again = Ledger(tmp_path)
    assert [page.url for page in again.open_pages(10.0)] == [pages[2].url]
    assert [page.tries for page in again.open_pages(60.0)] == [1, 0]
    again.close()
