"""Rounds of a watch: due feeds are asked whether they changed, and the pages that are new in them are fetched.

Many hosts at once, each of them one request at a time with a pause after it. What was fetched is handed on in batches,
and settled in the ledger only when that has been done. It reads no page itself.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Literal

from dragoman.addresses import is_web_address
from dragoman.model import Report, Skip
from dragoman.sources import reports_of_page
from dragoman.sources.feeds import read_feed
from dragoman.sources.trouble import skip
from dragoman.sources.web import MAX_REDIRECTS, Answer, Fetched, FetchError, FetchLimits, fetch_answer
from dragoman.watch.ledger import Feed, Ledger, Page, Robots
from dragoman.watch.manners import (
    DAY,
    LONGEST_DELAY,
    ROBOTS_GOOD,
    ROBOTS_UNKNOWN,
    HeldRules,
    Rules,
    Turns,
    back_off,
    plain_address,
    retry_after,
    site_of,
)

_log = logging.getLogger(__name__)

# A feed that does not change is asked less often, down to a sixteenth.
_SLOWEST = 4
# After so many failures a page is given up.
PAGE_TRIES = 4
# Pages handed on together, fewer where they are large: a page may have as many bytes as an answer.
TOGETHER = 48
BYTES_TOGETHER = 16 * 1024 * 1024
_BUSY = frozenset({429, 503})
_LIMITS = FetchLimits(most_bytes=8 * 1024 * 1024)
_ROBOTS_LIMITS = FetchLimits(most_bytes=512 * 1024, total_seconds=20)

Fetch = Callable[..., Answer]
Keep = Callable[[Sequence[Report | Skip]], None]
KnownUrls = Callable[[Iterable[str]], set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a watch behaves. Times in seconds.

    `interval` between two looks at a feed, `delay` between two requests to a host (more where robots.txt asks for it),
    `per_host` pages of a host in a round, `connections` hosts asked at once; `pages` false takes a feed's own text
    and fetches no page; `allow_private` lets it into private networks.
    """

    interval: float = 900.0
    delay: float = 2.0
    per_host: int = 60
    connections: int = 16
    pages: bool = True
    allow_private: bool = False


@dataclass(slots=True)
class Round:
    """What one round did: numbers by what happened, and how long it took."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    """A request to be made: for a site's robots.txt, a feed or a page; `hops` redirects led to it."""

    kind: Literal["robots", "feed", "page"]
    url: str
    feed: Feed | None = None
    page: Page | None = None
    hops: int = 0


class Watcher:
    """Watches feeds. `keep` stores what was found before it returns; `known` tells which addresses the record holds."""

    def __init__(
        self,
        feeds: Sequence[str],
        ledger: Ledger,
        keep: Keep,
        *,
        known: KnownUrls = lambda _: set(),
        habits: Habits | None = None,
        fetch: Fetch = fetch_answer,
    ) -> None:
        self.feeds = feeds
        self.ledger = ledger
        self.habits = habits or Habits()
        self.total: Counter[str] = Counter()
        self._keep, self._known, self._fetch = keep, known, fetch
        self._turns: Turns[_Job] = Turns()
        self._round = Round()
        self._pages_of: Counter[str] = Counter()
        self._found: list[Report | Skip] = []
        self._settling: dict[str, str] = {}
        # What is noted of a feed whose own text is read, once that is stored: else it would not be given again.
        self._in_feeds: list[tuple[Feed, list[Page]]] = []
        self._rules = HeldRules()
        ledger.subscribe(feeds)

    def run_round(self) -> Round:
        """Asks every feed that is due and fetches what is new. Gives what was done."""
        began, self._round = time.monotonic(), Round()
        self._pages_of.clear()
        now = time.time()
        self._turns.forget_pauses(now)
        for feed in self.ledger.due_feeds(self.feeds, now):
            self._turns.add(site_of(feed.url), _Job("feed", feed.url, feed=feed))
        self._queue_pages(self.ledger.open_pages(now))
        pool = ThreadPoolExecutor(self.habits.connections, thread_name_prefix="watch")
        try:
            self._work(pool)
        finally:
            pool.shutdown(cancel_futures=True)
            self._hand_on()
        self._round.seconds = time.monotonic() - began
        self.total.update(self._round.counts)
        return self._round

    def seconds_to_next(self) -> float:
        """How long nothing is due."""
        due = self.ledger.next_due(self.feeds)
        return self.habits.interval if due is None else max(0.0, due - time.time())

    def _work(self, pool: ThreadPoolExecutor) -> None:
        out: dict[Future[Answer], tuple[str, _Job]] = {}
        while out or self._turns:
            while len(out) < self.habits.connections and (taken := self._turns.take(time.time())):
                if (job := self._allowed(*taken)) is not None:
                    out[pool.submit(self._ask, job)] = (taken[0], job)
            if not out:
                self._pause()
                continue
            done, _ = wait(out, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in done:
                self._finish(*out.pop(future), future)
                if self._is_batch():
                    self._hand_on()

    def _is_batch(self) -> bool:
        return len(self._found) >= TOGETHER or sum(map(_weight, self._found)) >= BYTES_TOGETHER

    def _pause(self) -> None:
        if (moment := self._turns.next_at()) is not None:
            time.sleep(min(max(0.0, moment - time.time()), 1.0))

    def _hand_on(self) -> None:
        """Lets what was found be stored, and settles it in the ledger after that."""
        found, settling = tuple(self._found), dict(self._settling)
        if found:
            self._keep(found)
        for how in set(settling.values()):
            self.ledger.settle([url for url, why in settling.items() if why == how], how)
        for feed, pages in self._in_feeds:
            self.ledger.note_settled(pages, time.time(), "read in its feed")
            self.ledger.keep_feed(feed)
        self._found.clear()
        self._settling.clear()
        self._in_feeds.clear()

    # --- before a request ---

    def _queue_pages(self, pages: Iterable[Page], *, hops: int = 0) -> None:
        """Queues the pages that the record does not hold, as many of a host as a round may fetch."""
        asked = list(pages)
        known = self._known([page.url for page in asked])
        for page in asked:
            site = site_of(page.url)
            if page.url in known:
                self._count("already in the record")
                self._settling[page.url] = "in the record"
            elif self._pages_of[site] < self.habits.per_host:
                self._pages_of[site] += 1
                self._turns.add(site, _Job("page", page.url, page=page, hops=hops))

    def _allowed(self, site: str, job: _Job) -> _Job | None:
        """The job that is to be done at a site: robots.txt first; None where the site wants nothing to be done."""
        if job.kind == "robots":
            return job
        found = self._rules_of(site)
        if found is None:
            self._turns.add(site, job, first=True)
            return _Job("robots", f"{site}/robots.txt")
        robots, rules = found
        if robots.is_known and rules.allows(job.url):
            return job
        if robots.is_known:
            self._give_up(job, "not-allowed", "robots.txt does not allow it", due_in=DAY)
        else:
            self._put_off(job, ROBOTS_UNKNOWN, "its robots.txt cannot be had")
        self._turns.finish(site, time.time())
        return None

    def _rules_of(self, site: str) -> tuple[Robots, Rules] | None:
        held = self._rules.get(site)
        robots = held[0] if held else self.ledger.robots(site)
        if robots is None:
            return None
        good = ROBOTS_GOOD if robots.is_known else ROBOTS_UNKNOWN
        if time.time() - robots.fetched_at > good:
            return None
        return held or self._rules.put(site, robots)

    def _ask(self, job: _Job) -> Answer:
        headers = {}
        if job.feed is not None:
            headers = {"If-None-Match": job.feed.etag, "If-Modified-Since": job.feed.modified}
        return self._fetch(
            job.url,
            headers={name: value for name, value in headers.items() if value},
            allow_private=self.habits.allow_private,
            limits=_ROBOTS_LIMITS if job.kind == "robots" else _LIMITS,
            # Where a feed or a page leads is asked in its own host's turn, as its robots.txt allows.
            follow=job.kind == "robots",
        )

    # --- after a request ---

    def _finish(self, site: str, job: _Job, future: Future[Answer]) -> None:
        trouble: FetchError | None = None
        answer: Answer | None = None
        location: str | None = None
        try:
            answer = future.result()
            location = answer.location
        except FetchError as error:
            trouble = error
        now = time.time()
        if trouble is not None and trouble.reason == "refused-address":
            for refused in [job, *self._turns.drop(site)]:
                self._give_up(refused, trouble.reason, str(trouble), due_in=DAY)
        elif job.kind == "robots":
            self._take_robots(site, answer, now)
        elif location is not None and job.hops < MAX_REDIRECTS:
            self._follow(job, location, now)
        elif answer is None or answer.status not in {200, 304}:
            self._take_failure(job, answer, trouble)
        elif job.feed is not None:
            self._take_feed(job.feed, answer, now)
        elif job.page is not None:
            self._take_page(job.page, answer)
        self._free(site, answer, now)

    def _free(self, site: str, answer: Answer | None, now: float) -> None:
        """Ends a host's turn; one that asks for much patience is left alone for the rest of the round."""
        asked = retry_after(answer.headers.get("retry-after"), now) if answer and answer.status in _BUSY else None
        found = self._rules_of(site)
        pause = max(asked or 0.0, self.habits.delay, found[1].delay() if found else 0.0)
        if pause > LONGEST_DELAY:
            for job in self._turns.drop(site):
                self._put_off(job, pause, "its host asks for patience")
        self._turns.finish(site, now + pause)

    def _take_robots(self, site: str, answer: Answer | None, now: float) -> None:
        is_known = answer is not None and (answer.status == 200 or 400 <= answer.status < 500 and answer.status != 429)
        text = answer.content.decode("utf-8", "replace") if answer is not None and answer.status == 200 else ""
        robots = Robots(text=text, is_known=is_known, fetched_at=now)
        self.ledger.keep_robots(site, robots)
        self._rules.put(site, robots)
        self._count("robots.txt read" if is_known else "robots.txt not had")

    def _take_failure(self, job: _Job, answer: Answer | None, trouble: FetchError | None) -> None:
        status = answer.status if answer else None
        reason = trouble.reason if trouble else "fetch-failed"
        hops = f", after {job.hops} redirects" if job.hops else ""
        detail = str(trouble) if trouble else f"HTTP status {status}{hops}"
        asked = retry_after(answer.headers.get("retry-after"), time.time()) if answer else None
        if job.feed is not None and status == 410:
            self._count("feeds gone")
            self.ledger.keep_feed(replace(job.feed, is_gone=True, said=detail))
        elif job.feed is not None:
            self._count("feeds failed")
            _log.warning("feed %s: %s", job.url, detail)
            failures = job.feed.failures + 1
            due_at = time.time() + max(back_off(self.habits.interval, failures), asked or 0.0)
            self.ledger.keep_feed(replace(job.feed, failures=failures, due_at=due_at, said=detail))
        elif job.page is not None and _is_passing(status, reason) and job.page.tries + 1 < PAGE_TRIES:
            self._count("pages put off")
            pause = max(back_off(self.habits.interval, job.page.tries), asked or 0.0)
            self.ledger.try_later(job.page, time.time() + pause)
        else:
            self._give_up(job, reason, detail, due_in=DAY)

    def _follow(self, job: _Job, location: str, now: float) -> None:
        """Asks for what a redirect leads to, in that host's turn; a page that was noted before is the same page."""
        if job.page is None:
            self._turns.add(site_of(location), replace(job, url=location, hops=job.hops + 1))
            return
        page = replace(job.page, url=plain_address(location), tries=0)
        self._settling[job.page.url] = f"moved to {page.url}"
        if page.url == job.page.url:
            self._give_up(job, "fetch-failed", "it leads to itself", due_in=DAY)
        elif self.ledger.note_pages([page], now):
            self._queue_pages([page], hops=job.hops + 1)
        else:
            self._count("pages that lead to others")

    def _take_feed(self, feed: Feed, answer: Answer, now: float) -> None:
        fresh: list[Page] = []
        in_feed: list[Page] = []
        if answer.status == 304:
            self._count("feeds not modified")
        else:
            fresh, in_feed = self._note_entries(feed, answer, now)
            self._count("feeds with news" if fresh or in_feed else "feeds without news")
        unchanged = 0 if fresh or in_feed else feed.unchanged + 1
        pause = self.habits.interval * 2 ** min(max(0, unchanged - 1), _SLOWEST)
        noted = replace(
            feed,
            etag=answer.headers.get("etag") or (feed.etag if answer.status == 304 else None),
            modified=answer.headers.get("last-modified") or (feed.modified if answer.status == 304 else None),
            due_at=now + min(pause, DAY),
            failures=0,
            unchanged=unchanged,
            said=None,
        )
        if in_feed:
            self._in_feeds.append((noted, in_feed))
        else:
            self.ledger.keep_feed(noted)

    def _note_entries(self, feed: Feed, answer: Answer, now: float) -> tuple[list[Page], list[Page]]:
        """Finds the entries of a feed that are new: those whose pages are fetched now, and those read in the feed."""
        entries = list(read_feed(answer.content, feed.url))
        self._found.extend(entry for entry in entries if isinstance(entry, Skip) and entry.reason != "empty")
        reports = {self._key_of(entry): entry for entry in entries if isinstance(entry, Report)}
        pages = [Page(url=key, feed=feed.url, published=report.published) for key, report in reports.items()]
        fresh = self.ledger.note_pages([page for page in pages if self._is_fetched(reports[page.url])], now)
        unseen = self.ledger.unseen(page.url for page in pages if not self._is_fetched(reports[page.url]))
        in_feed = [page for page in pages if page.url in unseen]
        self._found.extend(reports[page.url] for page in in_feed)
        self._count("entries seen before", len(pages) - len(fresh) - len(in_feed))
        self._queue_pages(fresh)
        return fresh, in_feed

    def _is_fetched(self, entry: Report) -> bool:
        """Whether its page is fetched; with no address, or a broken one, it is read in the feed."""
        return self.habits.pages and is_web_address(entry.url)

    def _key_of(self, entry: Report) -> str:
        """What a page is known by: its address, or for an entry that is read in its feed a digest of what it says."""
        if self._is_fetched(entry):
            return plain_address(entry.url or "")
        said = f"{entry.url}\0{entry.fields.get('title')}\0{entry.fields.get('html')}"
        feed = entry.location.rpartition("#")[0]
        return f"{feed}#{hashlib.blake2b(said.encode('utf8', 'replace'), digest_size=12).hexdigest()}"

    def _take_page(self, page: Page, answer: Answer) -> None:
        content_type = answer.headers.get("content-type", "")
        fetched = Fetched(url=answer.url, content_type=content_type, content=answer.content)
        found = next(iter(reports_of_page(fetched, page.url)), None)
        if isinstance(found, Report) and found.kind in {"html", "text"}:
            self._count("pages fetched")
            dated = replace(found, published=page.published, published_basis="feed") if page.published else found
            self._found.append(dated)
        else:
            self._count("pages that are none")
            self._found.append(found if isinstance(found, Skip) else skip(page.url, "not-a-page", content_type))
        self._settling[page.url] = "read"

    def _give_up(self, job: _Job, reason: str, detail: str, *, due_in: float) -> None:
        """Declines a request for good; a feed is asked again after a while."""
        if job.kind == "robots":
            return
        self._count("not allowed by robots.txt" if reason == "not-allowed" else f"{job.kind}s given up")
        self._found.append(skip(job.url, reason, detail))
        if job.feed is not None:
            self.ledger.keep_feed(replace(job.feed, due_at=time.time() + due_in, said=detail))
        else:
            self._settling[job.url] = reason

    def _put_off(self, job: _Job, seconds: float, why: str) -> None:
        """Leaves a request for a later round, without holding it against the page or the feed."""
        self._count(f"{job.kind}s put off")
        if job.feed is not None:
            self.ledger.keep_feed(replace(job.feed, due_at=time.time() + seconds, said=why))
        elif job.page is not None:
            self.ledger.postpone(job.page, time.time() + seconds)

    def _count(self, what: str, number: int = 1) -> None:
        if number:
            self._round.counts[what] += number


def _weight(found: Report | Skip) -> int:
    """Bytes of a page, or characters of an entry that is read in its feed."""
    if isinstance(found, Skip):
        return 0
    return len(found.content) + sum(len(value) for value in found.fields.values() if isinstance(value, str))


def _is_passing(status: int | None, reason: str) -> bool:
    """Whether a failure may pass by itself."""
    return reason == "fetch-failed" and (status is None or status in {408, 425, 429} or status >= 500)
