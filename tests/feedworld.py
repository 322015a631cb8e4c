"""A small world of feeds on one server: many hosts, told by the name they are asked by, each with manners of its own.

Most hosts answer plainly. Others are busy, forbid, are slow, broken, or lead elsewhere. The server keeps what it was
asked and when; `faults` says which rules of politeness were broken, and `stories` which pages a watch must bring home.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATES = ("France", "Japan", "Kenya", "Peru", "Norway", "Ghana", "India", "Chile", "Egypt", "Spain", "Nepal", "Cuba")
DAY = "Tue, 20 Sep 2022 10:00:00 GMT"
# What the hosts are like, in turn.
KINDS = (
    *("plain",) * 8, "dated", "unmarked", "busy", "busy page", "patient", "shut", "private", "no robots", "broken",
    "slow", "leads on", "shared",
)  # fmt: skip
BROKEN = ("no xml", "empty", "missing", "gone", "cut off", "bomb", "circle", "bad links", "huge")
# So that a small world has a host of each kind and of each way of being broken.
EACH_KIND = (*KINDS, *("broken",) * (len(BROKEN) - 1))
SECONDS_ASKED = 1
CRAWL_DELAY = 0.5
PAGES_EACH = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: which host, what, from when to when, and the status of the answer."""

    host: int
    path: str
    began: float
    ended: float
    status: int
    has_validator: bool


class FeedWorld(ThreadingHTTPServer):
    """`hosts` hosts with `feeds` feeds among them; `name` gives the name that a host is asked by.

    `kinds` are what the hosts are like, in turn; the first of them is plain.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self,
        *,
        hosts: int,
        feeds: int,
        name: Callable[[int], str],
        address: str = "127.0.0.1",
        kinds: Sequence[str] = KINDS,
    ) -> None:
        super().__init__((address, 0), Answering)
        self.hosts, self.round = hosts, 0
        self.names = {name(host): host for host in range(hosts)}
        self._name, self._kinds = name, kinds
        self.feeds_of = {host: feeds // hosts + (host < feeds % hosts) for host in range(hosts)}
        self.asked: list[Asked] = []
        self.most_at_once: Counter[int] = Counter()
        self._now_asked: Counter[int] = Counter()
        self._patience: dict[int, list[tuple[float, float]]] = defaultdict(list)
        self._seen: set[tuple[int, str]] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def verify_request(self, _: Any, client_address: Any) -> bool:
        return str(client_address[0]).startswith("127.")

    def handle_error(self, *_: Any) -> None:
        """A client that was killed is no trouble."""

    def kind(self, host: int) -> str:
        return self._kinds[host % len(self._kinds)]

    def fault(self, host: int) -> str:
        turn, place = divmod(host, len(self._kinds))
        before = turn * self._kinds.count("broken") + self._kinds[:place].count("broken")
        return BROKEN[before % len(BROKEN)]

    def url(self, host: int, path: str) -> str:
        return f"http://{self._name(host % self.hosts)}:{self.server_port}{path}"

    @property
    def feeds(self) -> list[str]:
        return [self.url(host, f"/feed{n}") for host, number in self.feeds_of.items() for n in range(number)]

    def number_of_pages(self, host: int) -> int:
        """Pages of each feed of a host by now: every fifth has a new one in each round after the first."""
        return PAGES_EACH + (self.round if host % 5 == 0 else 0)

    def links(self, host: int, feed: int) -> Iterator[str]:
        kind = self.kind(host)
        for number in range(self.number_of_pages(host)):
            path = f"/{feed}/{number}"
            if kind == "private" and number == 0:
                path = f"/private{path}"
            if kind == "leads on" and number == 0:
                path = f"/go{path}"
            if kind == "broken" and self.fault(host) == "bad links":
                yield ("http://[x", "http://\u2028.example:99999/", "mailto:a@b.example")[number % 3]
            else:
                yield self.url(host, path)
        if kind == "shared":  # what its neighbour tells as well
            yield self.url(host + 1, f"/{feed}/0?utm_source=shared")

    def stories(self) -> set[str]:
        """The addresses of all pages that may and can be had by now."""
        silent = {"shut", "no robots", "broken"}
        links = (
            self.url(self.led_to(host), f"/led/{host}/{feed}") if "/go/" in link else link
            for host, number in self.feeds_of.items()
            if self.kind(host) not in silent
            for feed in range(number)
            for link in self.links(host, feed)
        )
        return {link.partition("?")[0] for link in links if "/private/" not in link}

    def led_to(self, host: int) -> int:
        """The plain host that the pages of a host which leads on lie at."""
        return host - host % len(self._kinds)

    # --- answering ---

    def begin(self, host: int) -> None:
        with self._lock:
            self._now_asked[host] += 1
            self.most_at_once[host] = max(self.most_at_once[host], self._now_asked[host])

    def end(self, asked: Asked) -> None:
        with self._lock:
            self._now_asked[asked.host] -= 1
            self.asked.append(asked)

    def is_first(self, host: int, path: str) -> bool:
        with self._lock:
            is_first = (host, path) not in self._seen
            self._seen.add((host, path))
            return is_first

    def ask_for_patience(self, host: int) -> None:
        with self._lock:
            now = time.monotonic()
            self._patience[host].append((now, now + SECONDS_ASKED))

    # --- what was not polite ---

    def faults(self, delay: float) -> dict[str, int]:
        """How often each rule was broken, all of them named."""
        fetched = Counter((one.host, one.path.partition("?")[0]) for one in self.asked if is_page(one))
        return {
            "requests side by side at one host": sum(number > 1 for number in self.most_at_once.values()),
            "requests too soon after the one before": sum(self._too_soon(host, delay) for host in range(self.hosts)),
            "requests while a host asked for patience": sum(map(self._is_impatient, self.asked)),
            "requests that robots.txt forbids": sum(map(self._is_forbidden, self.asked)),
            "pages fetched twice": sum(number - 1 for number in fetched.values()),
            "feeds asked again without what they gave": sum(self._is_forgetful(host) for host in range(self.hosts)),
        }

    def _too_soon(self, host: int, delay: float) -> int:
        least = max(delay, CRAWL_DELAY if self.kind(host) == "patient" else 0.0)
        mine = sorted((one for one in self.asked if one.host == host), key=lambda one: one.began)
        pairs = zip(mine, mine[1:], strict=False)
        return sum(later.began - sooner.ended < least - 0.02 for sooner, later in pairs)

    def _is_impatient(self, asked: Asked) -> bool:
        return any(begin < asked.began < end for begin, end in self._patience[asked.host])

    def _is_forbidden(self, asked: Asked) -> bool:
        kind, is_robots = self.kind(asked.host), asked.path == "/robots.txt"
        return not is_robots and (kind in {"shut", "no robots"} or (kind == "private" and "/private" in asked.path))

    def _is_forgetful(self, host: int) -> bool:
        if self.kind(host) in {"unmarked", "broken", "busy"}:
            return False
        feeds = [one for one in self.asked if one.host == host and one.path.startswith("/feed")]
        first = {one.path: one for one in reversed(feeds) if one.status == 200}
        return any(not one.has_validator and first.get(one.path) not in {one, None} for one in feeds)


def is_page(asked: Asked) -> bool:
    return asked.status == 200 and not asked.path.startswith(("/feed", "/robots"))


class Answering(BaseHTTPRequestHandler):
    server: FeedWorld
    protocol_version = "HTTP/1.1"
    timeout = 100

    def do_GET(self) -> None:
        world, began = self.server, time.monotonic()
        host = world.names[self.headers["Host"].rpartition(":")[0]]
        self.is_first = world.is_first(host, self.path)
        has_validator = "If-None-Match" in self.headers or "If-Modified-Since" in self.headers
        world.begin(host)
        status = 0
        try:
            status, headers, body = self.answer(host)
            self.send(status, headers, body)
        finally:
            world.end(Asked(host, self.path, began, time.monotonic(), status, has_validator))

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if int(headers.get("Content-Length", 0)) > len(body):
            self.close_connection = True

    def answer(self, host: int) -> tuple[int, dict[str, str], bytes]:
        kind = self.server.kind(host)
        if self.path == "/robots.txt":
            return robots(kind)
        if kind == "slow":
            time.sleep(0.3)
        if self.path.startswith("/feed"):
            return self.feed(host, kind)
        if kind == "busy page" and self.is_first and self.path.endswith("/0"):
            self.server.ask_for_patience(host)
            moment = datetime.now(UTC) + timedelta(seconds=SECONDS_ASKED + 1)
            return 503, {"Retry-After": format_datetime(moment, usegmt=True)}, b""
        if self.path.startswith("/go/"):
            feed = self.path.split("/")[2]
            return (
                302,
                {"Location": self.server.url(self.server.led_to(host), f"/led/{host}/{feed}?utm_medium=go")},
                b"",
            )
        return 200, {"Content-Type": "text/html; charset=utf-8"}, page_of(host, self.path.partition("?")[0])

    def feed(self, host: int, kind: str) -> tuple[int, dict[str, str], bytes]:
        world = self.server
        if kind == "broken":
            return self.broken(host)
        if kind == "busy" and self.is_first:
            world.ask_for_patience(host)
            return 429, {"Retry-After": str(SECONDS_ASKED)}, b""
        tag, day = f'"{host}-{world.number_of_pages(host)}"', f"{world.number_of_pages(host):02} Sep 2022"
        headers = {"ETag": tag, "Last-Modified": f"Thu, {day} 10:00:00 GMT", "Content-Type": "application/rss+xml"}
        if kind in {"dated", "unmarked"}:
            del headers["ETag"]
        if kind == "unmarked":
            del headers["Last-Modified"]
        given = (self.headers["If-None-Match"], self.headers["If-Modified-Since"])
        if (headers.get("ETag"), headers.get("Last-Modified")) == given and any(given):
            return 304, headers, b""
        return 200, headers, feed_of(world.links(host, int(self.path[5:])))

    def broken(self, host: int) -> tuple[int, dict[str, str], bytes]:
        xml = {"Content-Type": "application/rss+xml"}
        body = feed_of(self.server.links(host, 0))
        answers: dict[str, tuple[int, dict[str, str], bytes]] = {
            "no xml": (200, xml, b"<rss><channel><item>" + b"\xff\x00<" * 50),
            "empty": (200, xml, b""),
            "missing": (404, {}, b""),
            "gone": (410, {}, b""),
            "cut off": (200, {**xml, "Content-Length": str(len(body))}, body[: len(body) // 2]),
            "bomb": (200, {**xml, "Content-Encoding": "gzip"}, BOMB),
            "circle": (302, {"Location": self.path}, b""),
            "bad links": (200, xml, body),
            "huge": (200, xml, b"<rss>" + b" " * (9 << 20)),
        }
        return answers[self.server.fault(host)]

    def log_message(self, *_: Any) -> None:
        pass


def robots(kind: str) -> tuple[int, dict[str, str], bytes]:
    rules = {
        "shut": "User-agent: *\nDisallow: /\n",
        "private": "User-agent: *\nDisallow: /private\n",
        "patient": f"User-agent: *\nCrawl-delay: {CRAWL_DELAY}\n",
    }
    if kind == "no robots":
        return 500, {}, b""
    return (200, {}, rules[kind].encode()) if kind in rules else (404, {}, b"")


def feed_of(links: Iterator[str]) -> bytes:
    items = "".join(
        f"<item><title>Talks</title><link>{link}</link><description>Talks were held.</description>"
        f"<pubDate>{DAY}</pubDate></item>"
        for link in links
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>C</title>{items}</channel></rss>'.encode()


def page_of(host: int, path: str) -> bytes:
    """A page of its own: no two have the same words."""
    one, other = STATES[host % len(STATES)], STATES[(host // len(STATES) + 1 + host) % len(STATES)]
    text = (
        f"The foreign minister of {one} met the foreign minister of {other} on Monday for talks on fishing. "
        f"Delegates said that the {host} boats of harbour {path.strip('/').replace('/', ' and ')} would be counted. "
        "Both sides agreed to speak again in the autumn, and the envoys left by train in the evening. "
    )
    head = f"<!DOCTYPE html><html lang='en'><head><title>Talks on {host}, {path.strip('/')}</title></head>"
    return f"{head}<body><article><p>{text}</p></article></body></html>".encode()


def _bomb() -> bytes:
    import gzip

    return gzip.compress(bytes(40 << 20), compresslevel=1)


BOMB = _bomb()
