"""Imported events as readings, so that a record can store them: all events of a story together.

A record stores an article once for each coder. The events of a story may stand anywhere in a file, so they are sorted
by story on disk first; memory stays bounded. An id that comes twice is the same event told twice, and becomes a Skip.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from dragoman.exchange.lines import STAGE
from dragoman.model import Article, Event, Skip
from dragoman.rows import event_from_row, event_row
from dragoman.store import Reading


def group_readings(events: Iterable[Event | Skip]) -> Iterator[Reading | Skip]:
    """Readings of the stories behind imported events, one for each story and coder; skips pass through at once.

    The article of a reading has no text, since an event file brings none: its title is the file's name for the story.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dragoman-import-") as folder,
        closing(sqlite3.connect(Path(folder) / "events.db", isolation_level=None)) as database,
    ):
        for pragma in ("journal_mode", "synchronous"):
            database.execute(f"PRAGMA {pragma} = OFF")
        database.execute("CREATE TABLE event (id TEXT UNIQUE, story TEXT, coder TEXT, line TEXT)")
        database.execute("BEGIN")
        for event in events:
            if isinstance(event, Skip):
                yield event
            elif not _keep(database, event):
                yield Skip(location=event.evidence.doc, stage=STAGE, reason="told twice", detail=event.event_id)
        yield from _stored_readings(database)


def _keep(database: sqlite3.Connection, event: Event) -> bool:
    line = json.dumps(event_row(event))
    values = (event.event_id, event.evidence.article_id, event.evidence.coder, line)
    texts = [value.encode("utf8", "replace").decode("utf8") for value in values]
    return database.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?)", texts).rowcount == 1


def _stored_readings(database: sqlite3.Connection) -> Iterator[Reading]:
    database.execute("CREATE INDEX by_story ON event (story, coder)")
    rows = database.execute("SELECT story, coder, line FROM event ORDER BY story, coder, id")
    for (_, coder), group in groupby(rows, key=lambda row: row[:2]):
        yield _reading(coder, [event_from_row(json.loads(line)) for _, _, line in group])


def _reading(coder: str, events: list[Event]) -> Reading:
    evidence = events[0].evidence
    known: dict[str, Any] = {"url": evidence.url, "publisher": evidence.publisher, "published": evidence.published}
    article = Article(
        id=evidence.article_id,
        doc=evidence.doc,
        title=evidence.doc,
        text="",
        published_basis=f"{coder} file" if evidence.published else None,
        location=evidence.url or evidence.doc,
        **known,
    )
    return Reading(article=article, coder=coder, codebook=evidence.codebook, events=tuple(events))
