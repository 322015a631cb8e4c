"""The mentions table of GDELT 2.0 beside its event table: which reports each event has.

Mentions stand in an order of their own, so they are kept on disk while the events are read; memory stays bounded.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from dragoman.exchange.cells import Unreadable
from dragoman.exchange.gdelt import MENTIONS, Cells, read_mention
from dragoman.exchange.knowledge import columns_of
from dragoman.exchange.lines import STAGE, read_lines
from dragoman.model import Skip


def is_mentions_file(path: Path) -> bool:
    """Whether a file holds mentions: by its name, else by the number of columns of its first line."""
    if ".mentions." in path.name.casefold():
        return True
    lines = read_lines(path)
    with closing(lines):  # type: ignore[type-var]  # a generator can be closed
        first = next(islice(lines, 1), None)
    return isinstance(first, tuple) and first[1].count("\t") + 1 == len(columns_of(MENTIONS))


class MentionTable:
    """Mentions by the id of their event, in a temporary database that goes away at the end of the `with` block."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dragoman-mentions-")
        self._database = sqlite3.connect(Path(self._folder.name) / "mentions.db", isolation_level=None)
        for pragma in ("journal_mode", "synchronous"):
            self._database.execute(f"PRAGMA {pragma} = OFF")
        self._database.execute("CREATE TABLE mention (event TEXT, line TEXT)")
        self._database.execute("CREATE INDEX by_event ON mention (event)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def load(self, path: Path) -> Iterator[Skip]:
        """Takes in a file of mentions; gives a Skip for each line that is none."""
        self._database.execute("BEGIN")
        for numbered in read_lines(path):
            if isinstance(numbered, Skip):
                yield numbered
            elif numbered[1].strip() and (skip := self._take(numbered[1], f"{path}:{numbered[0]}")):
                yield skip
        self._database.execute("COMMIT")

    def _take(self, line: str, location: str) -> Skip | None:
        try:
            mention = read_mention(line)
        except Unreadable as why:
            return Skip(location=location, stage=STAGE, reason=why.reason, detail=why.detail)
        self._database.execute("INSERT INTO mention VALUES (?, ?)", (mention["GLOBALEVENTID"], line))
        return None

    def find(self, event_id: str) -> list[Cells]:
        """The mentions of an event, in the order of their files."""
        rows = self._database.execute("SELECT line FROM mention WHERE event = ? ORDER BY rowid", (event_id,))
        return [read_mention(line) for (line,) in rows]
