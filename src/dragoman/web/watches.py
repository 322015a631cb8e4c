"""Watches: saved searches and ties of a record, and the alerts that came of them.

Kept beside the record in a file of its owner's account. A watch begins with what the record holds when it is saved:
only what comes afterwards is an alert. A search alerts when so many new happenings fit it, a tie when its level
moves by so much within a week. Addresses of webhooks and mail leave this module only to be sent to.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from pathlib import Path

from dragoman.errors import QueryError
from dragoman.rows import counted
from dragoman.view import Row
from dragoman.web.box import Box
from dragoman.web.marking import plain
from dragoman.web.names import headline, name_of, read_search
from dragoman.web.queries import PageView

FILE = "watches.sqlite3"
MOST_WATCHES = 200
# Happenings that a check looks at; a search that finds more new ones between two checks names the newest.
LOOKED_AT = 100
# Weeks back in which a move of a tie is still news.
WEEKS_BACK = 4
# How often an alert is sent again that did not arrive.
MOST_TRIES = 5
NAMED = 5
_WEBHOOK = re.compile(r"https?://[^\s/?#\x00-\x20]+(?:[/?#][^\s\x00-\x20]*)?")
_NAME = re.compile(r"[\w][\w .-]{0,59}")
_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")

_TABLES = """
CREATE TABLE IF NOT EXISTS watches (
    name TEXT PRIMARY KEY, query TEXT, a TEXT, b TEXT, threshold REAL NOT NULL, webhook TEXT, mail TEXT,
    made_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (watch TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (watch, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
    id INTEGER PRIMARY KEY, watch TEXT NOT NULL, title TEXT NOT NULL, summary TEXT NOT NULL, path TEXT NOT NULL,
    day TEXT, made_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A saved search (`query`) or tie (`a` and `b`) with its threshold, and where its alerts are sent, if anywhere."""

    name: str
    threshold: float
    query: str | None = None
    a: str | None = None
    b: str | None = None
    webhook: str | None = None
    mail: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise QueryError("the name of a watch is up to 60 letters, digits, spaces, dots and hyphens")
        if bool(self.query) == bool(self.a and self.b):
            raise QueryError("a watch has either a search or two sides")
        if not (isfinite(self.threshold) and self.threshold > 0):
            raise QueryError("the threshold is a number above 0")
        if self.webhook and not _WEBHOOK.fullmatch(self.webhook):
            raise QueryError("a webhook is an http or https address")
        if self.mail and not _ADDRESS.fullmatch(self.mail):
            raise QueryError("that is no e-mail address: write it as name@example.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that a watch noticed: its words, the page that shows it, and the day it is about."""

    watch: str
    title: str
    summary: str
    path: str
    day: str | None
    id: int = 0
    made_at: str = ""


class WatchBox(Box):
    """The watches of a record and their alerts. The file is made with the first watch."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE, _TABLES)

    def save(self, watch: Watch, view: PageView) -> None:
        """Saves a watch under its name and notes what there is already, so that only later things alert."""
        with self._open() as box:
            if box.execute("SELECT 1 FROM watches WHERE name = ?", (watch.name,)).fetchone():
                raise QueryError(
                    f"there is a watch {watch.name!r} already: remove it first, or name this one otherwise"
                )
            if box.execute("SELECT count(*) FROM watches").fetchone()[0] >= MOST_WATCHES:
                raise QueryError(f"a record keeps at most {MOST_WATCHES} watches: remove one first")
            row = {one.name: getattr(watch, one.name) for one in fields(watch)}
            box.execute(
                "INSERT INTO watches VALUES (:name, :query, :a, :b, :threshold, :webhook, :mail, :made_at)",
                {**row, "made_at": _now()},
            )
            _note_seen(box, watch, [key for key, _ in _found(watch, view)])

    def remove(self, name: str) -> bool:
        """Removes a watch with its alerts; tells whether there was one."""
        if not self._path.exists():
            return False
        with self._open() as box:
            for table, column in (("seen", "watch"), ("alerts", "watch")):
                box.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))
            return box.execute("DELETE FROM watches WHERE name = ?", (name,)).rowcount > 0

    def watches(self) -> list[Watch]:
        """All watches by name."""
        columns = ", ".join(one.name for one in fields(Watch))
        return [Watch(**row) for row in self._rows(f"SELECT {columns} FROM watches ORDER BY name")]

    def alerts(self, *, watch: str | None = None, limit: int = 50) -> list[Alert]:
        """Alerts, the newest first."""
        columns = ", ".join(one.name for one in fields(Alert))
        query = f"SELECT {columns} FROM alerts WHERE ? IS NULL OR watch = ? ORDER BY id DESC LIMIT ?"
        return [Alert(**row) for row in self._rows(query, watch, watch, limit)]

    def check(self, view: PageView) -> list[Alert]:
        """Looks at all watches and keeps what is new as alerts; gives these."""
        made = []
        for watch in self.watches():
            found = _found(watch, view)
            with self._open() as box:
                known = {row[0] for row in box.execute("SELECT key FROM seen WHERE watch = ?", (watch.name,))}
                fresh = [(key, row) for key, row in found if key not in known]
                if alert := _alert(watch, fresh):
                    box.execute(
                        "INSERT INTO alerts (watch, title, summary, path, day, made_at) VALUES (?, ?, ?, ?, ?, ?)",
                        (alert.watch, alert.title, alert.summary, alert.path, alert.day, _now()),
                    )
                    _note_seen(box, watch, [key for key, _ in fresh])
                    made.append(alert)
        return made

    def waiting(self) -> list[tuple[Alert, Watch]]:
        """Alerts that have still to be sent somewhere, the oldest first."""
        watches = {watch.name: watch for watch in self.watches() if watch.webhook or watch.mail}
        columns = ", ".join(one.name for one in fields(Alert))
        rows = self._rows(f"SELECT {columns} FROM alerts WHERE state = 'waiting' AND tries < ? ORDER BY id", MOST_TRIES)
        return [(Alert(**row), watches[row["watch"]]) for row in rows if row["watch"] in watches]

    def note_sent(self, alert: Alert, *, has_arrived: bool) -> None:
        """Notes that an alert was sent, or that it was tried in vain once more."""
        with self._open() as box:
            box.execute(
                "UPDATE alerts SET tries = tries + 1, state = ? WHERE id = ?",
                ("sent" if has_arrived else "waiting", alert.id),
            )


def _note_seen(box: sqlite3.Connection, watch: Watch, keys: Sequence[str]) -> None:
    box.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", [(watch.name, key) for key in keys])


def _found(watch: Watch, view: PageView) -> list[tuple[str, Row]]:
    """What a watch finds now, the newest first, each with the key under which it is seen once."""
    if watch.query:
        rows = view.happenings(read_search(watch.query), limit=LOOKED_AT)
        return [(row["record_id"], row) for row in rows]
    return [
        (row["since"], row)
        for row in reversed(_newest_weeks(watch, view))
        if row["trend"] is not None and abs(row["trend"]) >= watch.threshold
    ]


def _newest_weeks(watch: Watch, view: PageView) -> list[Row]:
    last = view.last_day()
    if last is None:
        return []
    # A level forgets slowly: the weeks before those that count only bring it up.
    since = max(date(1, 1, 1), last - timedelta(weeks=30))
    rows = view.ties(str(watch.a), str(watch.b), since=since, until=last + timedelta(days=1), by="week", directed=False)
    return rows[-WEEKS_BACK:]


def _alert(watch: Watch, fresh: Sequence[tuple[str, Row]]) -> Alert | None:
    if watch.query:
        return _search_alert(watch, [row for _, row in fresh]) if len(fresh) >= watch.threshold else None
    return _tie_alert(watch, fresh[0][1]) if fresh else None


def _search_alert(watch: Watch, rows: Sequence[Row]) -> Alert:
    lines = [_line(row) for row in rows[:NAMED]]
    more = f" And {len(rows) - NAMED} more." if len(rows) > NAMED else ""
    number = "one new happening" if len(rows) == 1 else f"{len(rows)} new happenings"
    only = f"/records/{rows[0]['record_id']}" if len(rows) == 1 else None
    return Alert(
        watch=watch.name,
        title=f"{watch.name}: {number}",
        summary=" ".join(lines) + more,
        path=only or "/search?" + _query(q=str(watch.query)),
        day=max((row["last_reported"] for row in rows if row["last_reported"]), default=None),
    )


def _line(row: Row) -> str:
    said = f" “{plain(row['shown']['sentence']['text'])}”" if row["shown"] else ""
    return f"{headline(row)}, {row['date'] or 'no day'}.{said}"


def _tie_alert(watch: Watch, week: Row) -> Alert:
    sides = f"{name_of(str(watch.a))} and {name_of(str(watch.b))}"
    way = "up" if week["trend"] > 0 else "down"
    return Alert(
        watch=watch.name,
        title=f"{watch.name}: {sides}, level {way} by {abs(week['trend']):.1f}",
        summary=f"Level {week['level']:+.1f} in the week from {week['since']}, "
        f"{counted(len(week['records']), 'happening')}.",
        path="/ties?" + _query(a=str(watch.a), b=str(watch.b), by="week", at=week["since"]),
        day=week["since"],
    )


def _query(**asked: str) -> str:
    from urllib.parse import urlencode

    return urlencode(asked)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
