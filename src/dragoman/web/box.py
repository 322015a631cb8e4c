"""A small SQLite file beside a record's tables, for what readers and the owner leave at the site.

Made with the first thing that is put in it, and readable by its owner's account alone. It knows no table of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any


class Box:
    """A file with the tables that `tables` makes where they are missing (SQL)."""

    def __init__(self, path: Path, tables: str) -> None:
        self._path = path
        self._tables = tables

    def _rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        with self._open() as box:
            return [dict(row) for row in box.execute(query, values)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction: kept where the block ends well."""
        if not self._path.exists():
            self._path.touch(mode=0o600)
        with closing(sqlite3.connect(self._path, timeout=10)) as box:
            box.row_factory = sqlite3.Row
            box.executescript(self._tables)
            with box:
                yield box
