"""An index of the words in sentences: which events say something, the newest first, without reading all of them.

A file of SQLite's full-text search beside the tables, made from the events and never the other way round: it holds no
sentence, only which word stands in which event, and may be deleted at any time. Words are found whatever their case and
accents, English ones also in their other forms. Each batch that is committed is added
to it by the snapshot number that its events bear. What was taken down is taken out by making the index anew.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from dragoman.store import WORDS_FILE, discard_words
from dragoman.tables import Snapshot

# An event's number in the index: its day from `FIRST_DAY` on, then the low bits of a digest of its id.
DIGEST_BITS = 40
DIGEST_MASK = (1 << DIGEST_BITS) - 1
# Days before the year 1 there are none; an event without a day has number 0 and comes last.
LATEST = (1 << 62) - 1
_WORD = re.compile(r"\w+")
_TABLES = """
CREATE TABLE IF NOT EXISTS state (added INTEGER NOT NULL, oldest_readable INTEGER NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS said USING fts5(
    words, content='', detail=none, columnsize=0, tokenize='porter unicode61 remove_diacritics 2');
"""
_log = logging.getLogger(__name__)

# Gives batches of (number, words) of the events added after one snapshot number up to another.
Batches = Iterable[Sequence[tuple[int, str]]]
Reads = Callable[[int, int], Batches]


class WordIndex:
    """The index of a record; readers see it while it grows."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / WORDS_FILE
        self._turn = threading.Lock()
        self._connections = threading.local()

    def reaches(self, snapshot: Snapshot) -> bool:
        """Whether all events of a snapshot are in the index, and none that was taken down."""
        if not self._path.exists():
            return False
        added, oldest = self._state()
        return added >= snapshot.number and oldest == int(snapshot.notes.get("oldest_readable", 0))

    def update(self, snapshot: Snapshot, read: Reads) -> None:
        """Adds what is not in it yet; made anew where something was taken down. One thread at a time."""
        with self._turn:
            oldest = int(snapshot.notes.get("oldest_readable", 0))
            added, known_oldest = self._state() if self._path.exists() else (0, oldest)
            if known_oldest != oldest:
                discard_words(self._path.parent)
                added = 0
            if added == 0:
                self._make(read(0, snapshot.number), state=(snapshot.number, oldest))
            elif added < snapshot.number:
                with closing(sqlite3.connect(self._path, timeout=60)) as index, index:
                    _add(index, read(added, snapshot.number), state=(snapshot.number, oldest))

    def added(self) -> int:
        """The number of the last snapshot whose events are in the index."""
        return self._state()[0] if self._path.exists() else 0

    def _make(self, batches: Batches, *, state: tuple[int, int]) -> None:
        """The index from nothing, beside its place until it is whole: what was interrupted is begun again."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        with closing(sqlite3.connect(fresh)) as index:
            index.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            index.executescript(_TABLES)
            with index:
                _add(index, batches, state=state)
        with closing(sqlite3.connect(fresh)) as index:
            index.execute("PRAGMA journal_mode = WAL")
        fresh.replace(self._path)

    def find(self, words: Sequence[str], *, limit: int, below: int = LATEST, least: int = 0) -> list[int]:
        """Numbers of events in which all words stand, the newest first, from `least` to before `below`."""
        query = expression(words)
        if not query:
            return []
        rows = self._reading().execute(
            "SELECT rowid FROM said WHERE said MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
            (query, least, below, limit),
        )
        return [row[0] for row in rows]

    def _state(self) -> tuple[int, int]:
        row = self._reading().execute("SELECT added, oldest_readable FROM state").fetchone()
        return (row[0], row[1]) if row else (0, 0)

    def _reading(self) -> sqlite3.Connection:
        """This thread's connection, to the file as it is now."""
        identity = self._path.stat().st_ino
        kept: tuple[int, sqlite3.Connection] | None = getattr(self._connections, "kept", None)
        if kept is None or kept[0] != identity:
            kept = self._connections.kept = (identity, sqlite3.connect(self._path, timeout=10))
        return kept[1]


def _add(index: sqlite3.Connection, batches: Batches, *, state: tuple[int, int]) -> None:
    number = 0
    for batch in batches:
        index.executemany("INSERT INTO said (rowid, words) VALUES (?, ?)", batch)
        number += len(batch)
    index.execute("DELETE FROM state")
    index.execute("INSERT INTO state VALUES (?, ?)", state)
    _log.info("%d events added to the index of words", number)


def expression(words: Sequence[str]) -> str:
    """Words as a question of the index; quotes make an operator of nothing."""
    return " AND ".join(f'"{part}"' for word in words for part in _WORD.findall(word))
