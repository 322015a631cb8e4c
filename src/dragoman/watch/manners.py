"""When a host may be asked, and for what: turns, delays, robots.txt, Retry-After, back-off.

Pure rules and a queue without a clock of its own, so that they can be tested by the second. Robots.txt as RFC 9309 has
it: a site that has none allows all, a site that does not answer allows nothing for now.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, defaultdict, deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from protego import Protego

from dragoman.watch.ledger import Robots

AGENT = "dragoman"
DAY = 86_400.0
# A robots.txt is good for a day (RFC 9309, 2.4); a site that did not answer is asked again after an hour.
ROBOTS_GOOD = DAY
ROBOTS_UNKNOWN = 3_600.0
# A site may ask for this much patience; more is a way to say no, and its pages stay for later rounds.
LONGEST_DELAY = 60.0
# Parameters of an address that only tell where a reader came from.
_TRACKING = ("utm_", "at_medium", "at_campaign", "fbclid", "gclid", "ref_src", "cmpid")

Job = TypeVar("Job")


class Turns(Generic[Job]):
    """Jobs by host: one at a time for each, with a pause after it; hosts are served in the order of their turn."""

    def __init__(self) -> None:
        self._jobs: defaultdict[str, deque[Job]] = defaultdict(deque)
        self._ready: list[tuple[float, int, str]] = []
        self._pause_until: dict[str, float] = {}
        self._busy: set[str] = set()
        self._order = self._waiting = 0

    def __len__(self) -> int:
        """Jobs that wait or are being done."""
        return self._waiting + len(self._busy)

    def add(self, host: str, job: Job, *, first: bool = False) -> None:
        queue = self._jobs[host]
        queue.appendleft(job) if first else queue.append(job)
        self._waiting += 1
        if len(queue) == 1 and host not in self._busy:
            self._line_up(host)

    def take(self, now: float) -> tuple[str, Job] | None:
        """A job whose host may be asked now; None where there is none yet. Its host is busy until `finish`."""
        if not self._ready or self._ready[0][0] > now:
            return None
        _, _, host = heapq.heappop(self._ready)
        self._busy.add(host)
        self._waiting -= 1
        return host, self._jobs[host].popleft()

    def finish(self, host: str, until: float) -> None:
        """Frees a host, which may be asked again at `until`."""
        self._busy.discard(host)
        self._pause_until[host] = until
        if self._jobs.get(host):
            self._line_up(host)
        else:
            self._jobs.pop(host, None)

    def drop(self, host: str) -> list[Job]:
        """Takes out all jobs that wait for a host."""
        dropped = list(self._jobs.pop(host, ()))
        self._waiting -= len(dropped)
        self._ready = [entry for entry in self._ready if entry[2] != host]
        heapq.heapify(self._ready)
        return dropped

    def forget_pauses(self, now: float) -> None:
        """Forgets the pauses that are over: in a long watch most hosts are never asked again."""
        self._pause_until = {host: until for host, until in self._pause_until.items() if until > now}

    def next_at(self) -> float | None:
        """When the next host that is not busy may be asked."""
        return self._ready[0][0] if self._ready else None

    def _line_up(self, host: str) -> None:
        self._order += 1
        heapq.heappush(self._ready, (self._pause_until.get(host, 0.0), self._order, host))


class Rules:
    """What a site's robots.txt allows."""

    def __init__(self, text: str) -> None:
        self._parsed = Protego.parse(text)

    def allows(self, url: str) -> bool:
        return bool(self._parsed.can_fetch(url, AGENT))

    def delay(self) -> float:
        """The pause it asks for between two requests, in seconds; 0 where it asks for none."""
        asked = self._parsed.crawl_delay(AGENT) or 0.0
        rate = self._parsed.request_rate(AGENT)
        return max(float(asked), rate.seconds / rate.requests if rate and rate.requests else 0.0)


class HeldRules:
    """The rules of the sites asked last, of as many as their robots.txt together have `most` characters."""

    def __init__(self, most: int = 1 << 23) -> None:
        self._most, self._size = most, 0
        self._held: OrderedDict[str, tuple[Robots, Rules]] = OrderedDict()

    def get(self, site: str) -> tuple[Robots, Rules] | None:
        if site in self._held:
            self._held.move_to_end(site)
        return self._held.get(site)

    def put(self, site: str, robots: Robots) -> tuple[Robots, Rules]:
        if site in self._held:
            self._drop(site)
        self._held[site] = (robots, Rules(robots.text))
        self._size += len(robots.text)
        while self._size > self._most and len(self._held) > 1:
            self._drop(next(iter(self._held)))
        return self._held[site]

    def _drop(self, site: str) -> None:
        self._size -= len(self._held.pop(site)[0].text)


def site_of(url: str) -> str:
    """The scheme, host and port of an address: what one robots.txt is good for.

    >>> site_of("https://Example.org:443/a?b")
    'https://example.org:443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}"


def plain_address(url: str) -> str:
    """An address without its fragment and without what only tells where a reader came from.

    >>> plain_address("https://example.org/a?id=3&utm_source=rss#top")
    'https://example.org/a?id=3'
    """
    parts = urlsplit(url.strip())
    if not parts.query:
        return urlunsplit(parts._replace(fragment=""))
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not name.lower().startswith(_TRACKING)]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return urlunsplit(parts._replace(fragment="", query=query))


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; at most a day; None where it asks for none.

    >>> retry_after("120", 0.0), retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 0.0), retry_after("soon", 0.0)
    (120.0, 60.0, None)
    """
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), DAY)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds()), DAY)


def back_off(interval: float, failures: int) -> float:
    """Seconds to wait after so many failures in a row: twice as long each time, at most a day.

    >>> [back_off(900, failures) for failures in (1, 2, 3, 12)]
    [1800.0, 3600.0, 7200.0, 86400.0]
    """
    return min(interval * 2.0 ** min(failures, 30), DAY)
