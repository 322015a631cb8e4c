"""Replies of readers under a happening: kept beside the record, shown once its owner accepted them.

A reply is a comment or a correction. Its e-mail address is for the owner's question alone: it leaves this module only
in `waiting`, which the owner's page asks, and never in a log, a feed or what others can read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dragoman.errors import QueryError
from dragoman.web.box import Box

FILE = "replies.sqlite3"
KINDS = ("comment", "correction")
LONGEST_NAME, LONGEST_EMAIL, LONGEST_TEXT = 80, 200, 4000
MOST_WAITING = 1000
# One @ and a dot behind it, no spaces: whether the address exists is the owner's to find out.
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$")

_TABLE = """CREATE TABLE IF NOT EXISTS replies (
    id INTEGER PRIMARY KEY, record_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,
    text TEXT NOT NULL, sent_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting')"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a reader wrote under a happening."""

    record_id: str
    kind: str
    name: str
    email: str
    text: str

    @classmethod
    def read(cls, record_id: str, fields: Mapping[str, str]) -> Reply:
        """The reply in the fields of a form; raises QueryError that names what is missing or too long."""
        given = {name: fields.get(name, "").strip() for name in ("kind", "name", "email", "text")}
        bounds = {"name": LONGEST_NAME, "email": LONGEST_EMAIL, "text": LONGEST_TEXT}
        for name, longest in bounds.items():
            if not given[name]:
                raise QueryError(f"the {name} is missing: fill it in and send the reply again")
            if len(given[name]) > longest:
                raise QueryError(f"the {name} is longer than {longest} characters: shorten it")
        if given["kind"] not in KINDS:
            raise QueryError(f"a reply is one of: {', '.join(KINDS)}")
        if not _EMAIL.match(given["email"]):
            raise QueryError("that is no e-mail address: write it as name@example.org")
        return cls(record_id=record_id, **given)


class ReplyBox(Box):
    """The replies of a record, in a file that only its owner's account can read. Made with the first reply."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE, _TABLE)

    def add(self, reply: Reply) -> None:
        """Keeps a reply until the owner decides; raises QueryError where too many wait already."""
        with self._open() as box:
            waiting = box.execute("SELECT count(*) FROM replies WHERE state = 'waiting'").fetchone()[0]
            if waiting >= MOST_WAITING:
                raise QueryError("too many replies wait for the owner of this record: try again another day")
            box.execute(
                "INSERT INTO replies (record_id, kind, name, email, text, sent_at) VALUES (?, ?, ?, ?, ?, ?)",
                (reply.record_id, reply.kind, reply.name, reply.email, reply.text, _now()),
            )

    def accepted(self, record_id: str) -> list[dict[str, Any]]:
        """Accepted replies under a happening, oldest first, without addresses."""
        return self._rows(
            "SELECT id, kind, name, text, sent_at FROM replies WHERE record_id = ? AND state = 'accepted' ORDER BY id",
            record_id,
        )

    def waiting(self) -> list[dict[str, Any]]:
        """Replies that wait for the owner, oldest first, with their addresses: for the owner's page only."""
        return self._rows("SELECT * FROM replies WHERE state = 'waiting' ORDER BY id LIMIT 200")

    def find_waiting(self, reply_id: int) -> dict[str, Any] | None:
        """A reply that waits, without its address."""
        rows = self._rows(
            "SELECT id, record_id, kind, name, text FROM replies WHERE state = 'waiting' AND id = ?", reply_id
        )
        return rows[0] if rows else None

    def decide(self, reply_id: int, *, accept: bool) -> bool:
        """Accepts a waiting reply, or deletes it for good; tells whether there was one."""
        with self._open() as box:
            if accept:
                done = box.execute(
                    "UPDATE replies SET state = 'accepted' WHERE id = ? AND state = 'waiting'", (reply_id,)
                )
            else:
                done = box.execute("DELETE FROM replies WHERE id = ? AND state = 'waiting'", (reply_id,))
            return done.rowcount > 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
