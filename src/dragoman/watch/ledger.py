"""What the watch remembers, in one SQLite file beside the record: feeds, pages and robots.txt, with times.

A page is noted when a feed names it and settled only when it is in the record or given up, so that a watch that was
ended goes on with exactly what is missing. Times are seconds since 1970.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dragoman.errors import StoreError

FILE = "watch.sqlite"
_TABLES = """
CREATE TABLE IF NOT EXISTS feeds (
    url TEXT PRIMARY KEY, etag TEXT, modified TEXT, due_at REAL NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0, is_gone INTEGER NOT NULL DEFAULT 0, said TEXT) STRICT;
CREATE TABLE IF NOT EXISTS pages (
    url TEXT PRIMARY KEY, feed TEXT NOT NULL, published TEXT, found_at REAL NOT NULL, due_at REAL NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0, settled TEXT) STRICT;
CREATE INDEX IF NOT EXISTS pages_open ON pages (due_at) WHERE settled IS NULL;
CREATE TABLE IF NOT EXISTS robots (
    site TEXT PRIMARY KEY, text TEXT NOT NULL, is_known INTEGER NOT NULL, fetched_at REAL NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as it stands: what to ask with, when it is due, how often in a row it failed or had not changed."""

    url: str
    etag: str | None = None
    modified: str | None = None
    due_at: float = 0.0
    failures: int = 0
    unchanged: int = 0
    is_gone: bool = False
    said: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that a feed names, not yet settled; `tries` failed so far."""

    url: str
    feed: str
    published: date | None = None
    tries: int = 0

    @property
    def day(self) -> str | None:
        return self.published.isoformat() if self.published else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """A site's robots.txt. Not `is_known` where the site did not answer: then nothing may be fetched there."""

    text: str
    is_known: bool
    fetched_at: float


class Ledger:
    """The memory of a watch.

    Raises:
        StoreError: the file cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        with self._told():
            self._connection = sqlite3.connect(self.path, timeout=30)
            try:
                self._connection.executescript(f"PRAGMA journal_mode = WAL; {_TABLES}")
            except sqlite3.Error:
                self._connection.close()
                raise

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path} cannot be used ({error}): move it away, and the feeds are read as if for the first time"
            ) from error

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._told(), self._connection:
            yield self._connection

    # --- feeds ---

    def subscribe(self, urls: Iterable[str]) -> None:
        """Adds feeds that are not known yet; what is known of the others stays."""
        with self._changing() as connection:
            connection.executemany("INSERT OR IGNORE INTO feeds (url) VALUES (?)", [(url,) for url in urls])

    def due_feeds(self, urls: Iterable[str], now: float) -> list[Feed]:
        """The feeds among `urls` that are due, the longest overdue first."""
        asked = set(urls)
        with self._told():
            rows = self._connection.execute(
                """SELECT url, etag, modified, due_at, failures, unchanged, is_gone, said FROM feeds
                WHERE due_at <= ? AND NOT is_gone ORDER BY due_at, url""",
                (now,),
            )
            return [_feed_of(row) for row in rows if row[0] in asked]

    def feed(self, url: str) -> Feed:
        with self._told():
            row = self._connection.execute(
                "SELECT url, etag, modified, due_at, failures, unchanged, is_gone, said FROM feeds WHERE url = ?",
                (url,),
            ).fetchone()
        return _feed_of(row) if row else Feed(url=url)

    def keep_feed(self, feed: Feed) -> None:
        with self._changing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    feed.url,
                    feed.etag,
                    feed.modified,
                    feed.due_at,
                    feed.failures,
                    feed.unchanged,
                    feed.is_gone,
                    feed.said,
                ),
            )

    def next_due(self, urls: Iterable[str]) -> float | None:
        """When the next feed or page is due; None where there is none."""
        asked = set(urls)
        with self._told():
            feeds = self._connection.execute("SELECT url, due_at FROM feeds WHERE NOT is_gone").fetchall()
            (page,) = self._connection.execute("SELECT min(due_at) FROM pages WHERE settled IS NULL").fetchone()
        return min((*(due for url, due in feeds if url in asked), *([page] if page is not None else [])), default=None)

    # --- pages ---

    def note_pages(self, pages: Iterable[Page], now: float) -> list[Page]:
        """Notes pages that no feed has named before, and gives them."""
        fresh = []
        with self._changing() as connection:
            for page in pages:
                values = (page.url, page.feed, page.day, now)
                query = "INSERT OR IGNORE INTO pages (url, feed, published, found_at) VALUES (?, ?, ?, ?)"
                if connection.execute(query, values).rowcount:
                    fresh.append(page)
        return fresh

    def unseen(self, urls: Iterable[str]) -> set[str]:
        """Those of some addresses that were never noted."""
        with self._told():
            query = "SELECT 1 FROM pages WHERE url = ?"
            return {url for url in urls if not self._connection.execute(query, (url,)).fetchone()}

    def open_pages(self, now: float) -> list[Page]:
        """Pages that are due and not settled, oldest first."""
        with self._told():
            rows = self._connection.execute(
                """SELECT url, feed, published, tries FROM pages WHERE settled IS NULL AND due_at <= ?
                ORDER BY found_at, url""",
                (now,),
            ).fetchall()
        return [
            Page(url=url, feed=feed, published=date.fromisoformat(day) if day else None, tries=tries)
            for url, feed, day, tries in rows
        ]

    def settle(self, urls: Iterable[str], how: str) -> None:
        """Notes that nothing more is to be done for pages, and why."""
        with self._changing() as connection:
            connection.executemany("UPDATE pages SET settled = ? WHERE url = ?", [(how, url) for url in urls])

    def note_settled(self, pages: Iterable[Page], now: float, how: str) -> None:
        """Notes pages for which nothing is to be done any more, in one go."""
        with self._changing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO pages (url, feed, published, found_at, settled) VALUES (?, ?, ?, ?, ?)",
                [(page.url, page.feed, page.day, now, how) for page in pages],
            )

    def try_later(self, page: Page, due_at: float) -> None:
        with self._changing() as connection:
            connection.execute("UPDATE pages SET tries = tries + 1, due_at = ? WHERE url = ?", (due_at, page.url))

    def postpone(self, page: Page, due_at: float) -> None:
        """Puts a page off without counting it as a failure of the page."""
        with self._changing() as connection:
            connection.execute("UPDATE pages SET due_at = ? WHERE url = ?", (due_at, page.url))

    # --- robots ---

    def robots(self, site: str) -> Robots | None:
        with self._told():
            row = self._connection.execute(
                "SELECT text, is_known, fetched_at FROM robots WHERE site = ?", (site,)
            ).fetchone()
        return Robots(text=row[0], is_known=bool(row[1]), fetched_at=row[2]) if row else None

    def keep_robots(self, site: str, robots: Robots) -> None:
        with self._changing() as connection:
            values = (site, robots.text, robots.is_known, robots.fetched_at)
            connection.execute("INSERT OR REPLACE INTO robots VALUES (?, ?, ?, ?)", values)


def _feed_of(row: tuple[str, str | None, str | None, float, int, int, int, str | None]) -> Feed:
    url, etag, modified, due_at, failures, unchanged, is_gone, said = row
    return Feed(
        url=url, etag=etag, modified=modified, due_at=due_at, failures=failures, unchanged=unchanged,
        is_gone=bool(is_gone), said=said,
    )  # fmt: skip
