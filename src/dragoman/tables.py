"""The folder of Delta tables under a record: snapshots over all tables, one writer at a time, any number of readers.

Delta commits one table at a time; an article, its events and its records stand in several. So the folder keeps one
small file, `head.json`, that names the version of every table which together make the record. It is replaced in one
step after all tables are written: until then no reader sees anything of the new batch, and whatever an interrupted
writer left behind is rolled back by the next one. Old snapshots stay listed in `snapshots/`, which is what reading
the record "as it stood" needs.

This module knows tables, not nouns. It refuses a folder of a newer format and a second writer that waits too long.
What a folder that mirrors an object store does otherwise (`mirror`) stands in methods of their own.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError
from filelock import FileLock, Timeout

from dragoman.errors import StoreError
from dragoman.evolution import digest_columns, find_differences, fit_batches
from dragoman.objects import Place

# 1: the first; 2: says which columns its tables have, so that an upgrade can be told to be needed.
FORMAT = 2
FORMAT_FILE = "dragoman.json"
HEAD_FILE = "head.json"
# What an upgrade needs to be undone: the head and the format as they were.
WAY_BACK_FILE = "before-upgrade.json"
LOCK_FILE = "writer.lock"
# Versions of a table whose file lists are held: a writer makes a new one with every batch, for months.
VERSIONS_KEPT = 8
# Long enough for a neighbour's largest batch (seconds); a hung writer is named after that.
LOCK_TIMEOUT = 120.0
# `s3://bucket/record`, which a path has made `s3:/bucket/record` of: a folder of that name is never meant.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table's columns, the column whose values become folders, and the columns with file statistics for pruning.

    Statistics are limited on purpose: they are copies of values in the log, where removal on demand would miss them.
    `rows_in_group` keeps row groups small where a question wants few rows of a sorted file; a dictionary of a
    `distinct` column's values would only slow reading down (measured by eval/store_speed.py).
    """

    schema: pa.Schema
    partition: str | None = None
    statistics: tuple[str, ...] = ()
    rows_in_group: int | None = None
    distinct: tuple[str, ...] = ()

    @property
    def writing(self) -> dict[str, Any]:
        """How the table's files are written, as arguments of `write_deltalake`."""
        plain = {column: ColumnProperties(dictionary_enabled=False) for column in self.distinct}
        properties = WriterProperties(max_row_group_size=self.rows_in_group, column_properties=plain or None)
        return {"partition_by": [self.partition] if self.partition else None, "writer_properties": properties}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One state of the record: the version of each table, and notes that must change together with them."""

    number: int
    committed_at: datetime
    versions: Mapping[str, int]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def to_fields(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "committed_at": self.committed_at.isoformat(),
            "versions": dict(self.versions),
            "notes": dict(self.notes),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_fields())

    @staticmethod
    def from_json(text: str) -> Snapshot:
        return Snapshot.from_fields(json.loads(text))

    @staticmethod
    def from_fields(fields: Mapping[str, Any]) -> Snapshot:
        return Snapshot(
            number=fields["number"],
            committed_at=datetime.fromisoformat(fields["committed_at"]),
            versions=fields["versions"],
            notes=fields["notes"],
        )


def open_database() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that draws no progress bar.

    Where one would be drawn, it is turned off; in a notebook without widgets DuckDB draws none, and refuses the word.
    """
    connection = duckdb.connect()
    if connection.sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        connection.execute("SET enable_progress_bar = false")
    return connection


class TableFolder:
    """A folder of Delta tables read and written as one.

    Raises:
        StoreError: the folder is missing, damaged, of a newer format, locked too long, or cannot be written.
    """

    def __init__(self, path: Path, specs: Mapping[str, TableSpec]) -> None:
        self.path = path
        self.specs = specs
        self._files: dict[tuple[str, int], list[str]] = {}

    @property
    def place(self) -> Place:
        """Where the record lies, as it is named to open it again."""
        return self.path

    @classmethod
    def open(
        cls, path: Path, specs: Mapping[str, TableSpec], *, create: bool = False, any_version: bool = False
    ) -> TableFolder:
        """Opens the folder at `path`; with `create`, makes it first where there is none.

        With `any_version`, the tables of an earlier version are let through, to be upgraded.
        """
        if _ADDRESS.match(str(path)):
            raise StoreError(f"{path} was an address before it was made a path: open it as a text")
        folder = cls(path, specs)
        if not (path / FORMAT_FILE).is_file():
            if not create:
                raise StoreError(f"no record at {path}: name another folder, or `dragoman add` something to make one")
            folder._create()
        folder._check_version(any_version=any_version)
        return folder

    def _check_version(self, *, any_version: bool) -> None:
        is_stamped = self._check_format()
        if not (is_stamped or any_version) and (found := self.differences()):
            table, difference = next(iter(found.items()))
            raise StoreError(
                f"the record at {self.place} was made by an earlier version (its table {table} {difference}): "
                f"run `dragoman upgrade --record {self.place}`, which can be undone"
            )

    def _create(self) -> None:
        if self.path.exists() and (not self.path.is_dir() or _is_foreign(self.path, self.specs)):
            raise StoreError(f"{self.path} holds other files and is no record: name an empty or a new folder")
        with wrapped(f"the record at {self.path} cannot be made"):
            self.path.mkdir(parents=True, exist_ok=True)
            with self._lock():
                if (self.path / FORMAT_FILE).is_file():
                    return
                for name, spec in self.specs.items():
                    _create_table(self.path / name, spec)
                (self.path / "snapshots").mkdir(exist_ok=True)
                versions = {name: DeltaTable(self.path / name).version() for name in self.specs}
                self.publish(Snapshot(number=0, committed_at=datetime.now(UTC), versions=versions))
                self._stamp()

    def _stamp(self) -> None:
        self._write_beside(FORMAT_FILE, json.dumps({"format": FORMAT, "columns": self._columns}))

    @property
    def _columns(self) -> str:
        return digest_columns({name: spec.schema for name, spec in self.specs.items()})

    def differences(self) -> dict[str, str]:
        """By table, in words, how its columns differ from those of this version; none if the record can be used."""
        with wrapped(f"the tables of {self.place} cannot be opened: run `dragoman check`"):
            schemas = {name: spec.schema for name, spec in self.specs.items()}
            return find_differences(self.path, self.head().versions, schemas)

    def _check_format(self) -> bool:
        """Whether the folder says that its tables have the columns of this version."""
        try:
            stamp = json.loads((self.path / FORMAT_FILE).read_text("utf-8"))
            found = stamp["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self.path / FORMAT_FILE} cannot be read: restore it, or add to a new folder") from error
        if not isinstance(found, int) or found > FORMAT:
            raise StoreError(
                f"the record at {self.place} has format {found}, this version reads up to {FORMAT}: upgrade dragoman"
            )
        return bool(stamp.get("columns") == self._columns)

    def head(self) -> Snapshot:
        """The newest snapshot."""
        try:
            return Snapshot.from_json((self.path / HEAD_FILE).read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self.path / HEAD_FILE} cannot be read: run `dragoman check`") from error

    def history(self) -> list[Snapshot]:
        """All snapshots up to the head, oldest first."""
        newest = self.head()
        try:
            snapshots = [
                Snapshot.from_json(path.read_text("utf-8")) for path in sorted((self.path / "snapshots").glob("*.json"))
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the history of {self.place} cannot be read: run `dragoman check`") from error
        return [*(snapshot for snapshot in snapshots if snapshot.number < newest.number), newest]

    def snapshot_at(self, moment: datetime) -> Snapshot:
        """The record as it stood at a moment (with time zone)."""
        oldest = self.head().notes.get("oldest_readable", 0)
        asked = (moment - timedelta(microseconds=1)).date()  # the end of a day is the beginning of the next
        past = [snapshot for snapshot in self.history() if snapshot.committed_at <= moment]
        if past and past[-1].number < oldest:
            why = self.head().notes.get("unreadable_because", "something was taken down later")
            raise StoreError(f"the record as it stood on {asked} is gone, since {why}")
        if not past:
            raise StoreError(f"the record at {self.place} did not exist yet on {asked}: ask for a later day")
        return past[-1]

    def files(self, name: str, snapshot: Snapshot, partitions: Sequence[str] | None = None) -> list[str]:
        """Paths of a table's data files in a snapshot; with `partitions`, of those partition values only."""
        if name not in snapshot.versions:
            return []  # a record of an older release: the table comes with the next thing written
        files = self._listed(name, snapshot.versions[name])
        if partitions is not None:
            wanted = tuple(f"/{self.specs[name].partition}={value}/" for value in partitions)
            files = [path for path in files if any(part in path for part in wanted)]
        self._bring(files)
        return files

    def _listed(self, name: str, version: int) -> list[str]:
        """Paths of all data files of a version of a table."""
        files = self._files.get((name, version))
        if files is None:
            with wrapped(f"table {name} of the record at {self.place} cannot be read: run `dragoman check`"):
                files = self._read_log(name, version)
            self._keep_list(name, version, files)
        return files

    def _keep_list(self, name: str, version: int, files: list[str]) -> None:
        """Keeps the file list of a version of a table, and drops the oldest ones of the table that are too many."""
        self._files[name, version] = files
        # Listed first: other threads may add to it meanwhile.
        kept = [key for key in list(self._files) if key[0] == name]
        for key in kept[:-VERSIONS_KEPT]:
            self._files.pop(key, None)

    def _read_log(self, name: str, version: int) -> list[str]:
        self._bring_log(name, version)
        return DeltaTable(self.path / name, version=version).file_uris()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction: what it writes becomes visible at its `commit`, all at once, or not at all."""
        with wrapped(_unwritten(self.place)), self._lock():
            head = self.head()
            for name in sorted(self.specs.keys() - head.versions.keys()):
                _create_table(self.path / name, self.specs[name])
            yield Transaction(self, head, {name: self._at_head(name, head) for name in self.specs})

    def _at_head(self, name: str, head: Snapshot) -> DeltaTable:
        """A table as the head names it: what an interrupted writer left in it afterwards is undone."""
        table, version = DeltaTable(self.path / name), head.versions.get(name, 0)
        if table.version() != version:
            self.files(name, head)  # going back looks whether they are there
            table.restore(version)
            table = DeltaTable(self.path / name)
        return table

    @contextmanager
    def upgrading(self) -> Iterator[Transaction]:
        """A transaction that brings the tables to this version; once it is committed, the way back is kept.

        The old rows stay in the tables' history: nothing is copied.
        """
        with self.writing() as transaction:
            stamp = json.loads((self.path / FORMAT_FILE).read_text("utf-8"))
            # First, since a way back that is not needed harms nobody.
            self._write_beside(WAY_BACK_FILE, json.dumps({"head": transaction.head.to_fields(), "stamp": stamp}))
            yield transaction
            self._stamp()

    def undo_upgrade(self) -> None:
        """Makes the record what it was before it was upgraded.

        Raises:
            StoreError: it was not upgraded, or something was written since, which would be lost.
        """
        with wrapped(f"the record at {self.place} cannot be written"), self._lock():
            try:
                before = json.loads((self.path / WAY_BACK_FILE).read_text("utf-8"))
            except FileNotFoundError as error:
                raise StoreError(f"the record at {self.place} was not upgraded: there is nothing to undo") from error
            head = Snapshot.from_fields(before["head"])
            if self.head().number > head.number + 1:
                since = self.head().number - head.number - 1
                raise StoreError(
                    f"{since} batches were written to {self.place} since it was upgraded, which undoing would lose: "
                    "export them first, or keep the record as it is"
                )
            self._replace_head(head)
            self._write_beside(FORMAT_FILE, json.dumps(before["stamp"]))
            self._remove_beside(WAY_BACK_FILE)

    def remember(self, name: str, table: DeltaTable) -> None:
        """Keeps the file list of a table just written, so that reading it back need not open the log again."""
        self._keep_list(name, table.version(), table.file_uris())

    def find_damage(self) -> list[str]:
        """Tables and data files of the head that cannot be read, one sentence each."""
        head = self.head()
        findings = []
        for name in head.versions:
            try:
                paths = self._read_log(name, head.versions[name])
                self._bring(paths)
            except (DeltaError, OSError, StoreError) as error:
                findings.append(f"table {name} cannot be opened: {error}")
                continue
            findings += [f"table {name}: {problem}" for path in paths if (problem := _damage_of(path))]
        return findings

    def discard_history(self) -> None:
        """Deletes every data file that the newest versions do not need. For the holder of the lock, after a commit."""
        for name in self.specs:
            DeltaTable(self.path / name).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        lock = FileLock(self.path / LOCK_FILE, timeout=LOCK_TIMEOUT)
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreError(
                f"another process has been writing to {self.place} for {LOCK_TIMEOUT:.0f} s: wait for it or end it"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def publish(self, snapshot: Snapshot) -> None:
        """Makes a snapshot the head. The history entry goes first: one that was never published is ignored."""
        replace_file(self.path / history_file(snapshot.number), snapshot.to_json())
        self._replace_head(snapshot)

    # --- what a folder does for itself, and a mirror also in the store ---

    def _replace_head(self, snapshot: Snapshot) -> None:
        replace_file(self.path / HEAD_FILE, snapshot.to_json())

    def _write_beside(self, name: str, text: str) -> None:
        """Writes a small file beside the tables."""
        replace_file(self.path / name, text)

    def _remove_beside(self, name: str) -> None:
        (self.path / name).unlink()

    def _bring_log(self, name: str, version: int) -> None:
        """Sees to it that the log of a table is here up to a version."""

    def _bring(self, files: Sequence[str]) -> None:
        """Sees to it that data files are here."""

    def gather(self, name: str) -> None:
        """Sees to it that the small files in a folder beside the tables are here."""

    def keep(self, path: Path) -> None:
        """Takes notice of a small file that was written beside the tables."""

    @property
    def after_deleting(self) -> str | None:
        """What must be said of files that were deleted; None where they are gone."""
        return None


class Transaction:
    """Writes on a folder under its lock. `snapshot` always names what has been written so far, for reading back."""

    def __init__(self, folder: TableFolder, head: Snapshot, tables: Mapping[str, DeltaTable]) -> None:
        self._folder = folder
        self._tables = tables
        self._written = False
        self.head = head
        versions = {name: table.version() for name, table in tables.items()}
        self.snapshot = replace(head, number=head.number + 1, versions=versions)

    @property
    def has_written(self) -> bool:
        """Whether anything was written that is not committed yet."""
        return self._written

    def append(self, name: str, rows: pa.Table) -> None:
        """Adds rows to a table."""
        if rows.num_rows:
            write_deltalake(self._tables[name], rows, mode="append", **self._folder.specs[name].writing)
            self._note_version(name)

    def replace_partitions(self, name: str, partitions: Sequence[str], rows: pa.Table) -> None:
        """Puts `rows` in place of everything in the given partitions of a table."""
        spec = self._folder.specs[name]
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in partitions)
        write_deltalake(
            self._tables[name], rows, mode="overwrite", predicate=f"{spec.partition} IN ({values})", **spec.writing
        )
        self._note_version(name)

    def replace_all(self, name: str, rows: pa.Table) -> None:
        """Puts `rows` in place of the whole table."""
        write_deltalake(self._tables[name], rows, mode="overwrite", **self._folder.specs[name].writing)
        self._note_version(name)

    def fit(self, name: str) -> None:
        """Writes a table's rows anew in the columns of this version."""
        spec = self._folder.specs[name]
        self._folder.files(name, self.snapshot)
        rows = pa.RecordBatchReader.from_batches(spec.schema, fit_batches(self._tables[name], spec.schema))
        write_deltalake(self._tables[name], rows, mode="overwrite", schema_mode="overwrite", **spec.writing)
        self._note_version(name)

    def rewrite(self, name: str, change: Callable[[DeltaTable], object]) -> None:
        """Lets `change` act on a table (delete, compact) and takes the version that follows."""
        change(self._tables[name])
        self._note_version(name)

    def compact(self, name: str) -> None:
        """Joins the small files of a table into files that are written as all others."""
        properties = self._folder.specs[name].writing["writer_properties"]
        self._folder.files(name, self.snapshot)
        self.rewrite(name, lambda table: table.optimize.compact(writer_properties=properties))

    def note(self, **notes: Any) -> None:
        """Sets notes of the snapshot; they are published with it."""
        self.snapshot = replace(self.snapshot, notes={**self.snapshot.notes, **notes})

    def commit(self) -> Snapshot:
        """Publishes what was written and noted; gives the new head."""
        moment = max(datetime.now(UTC), self.head.committed_at)  # a clock set back must not reorder history
        done = replace(self.snapshot, committed_at=moment)
        self._folder.publish(done)
        return done

    def _note_version(self, name: str) -> None:
        self._written = True
        table = self._tables[name]
        self._folder.remember(name, table)
        self.snapshot = replace(self.snapshot, versions={**self.snapshot.versions, name: table.version()})


def _create_table(path: Path, spec: TableSpec) -> None:
    DeltaTable.create(
        path,
        schema=spec.schema,
        mode="ignore",
        partition_by=[spec.partition] if spec.partition else None,
        configuration={
            "delta.dataSkippingStatsColumns": ",".join(spec.statistics),
            # The log is the history: it goes only when something is taken down.
            "delta.enableExpiredLogCleanup": "false",
        },
    )


def _damage_of(path: str) -> str | None:
    try:
        parquet.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        return f"{path} cannot be read: {error}"
    return None


def _is_foreign(path: Path, specs: Mapping[str, TableSpec]) -> bool:
    """Whether a folder holds anything that an interrupted creation would not have left."""
    ours = {*specs, "snapshots", LOCK_FILE, HEAD_FILE, f"{HEAD_FILE}.new", f"{FORMAT_FILE}.new"}
    return any(entry.name not in ours for entry in path.iterdir())


def history_file(number: int) -> str:
    """Name of the file that keeps the snapshot of a number."""
    return f"snapshots/{number:012d}.json"


def replace_file(path: Path, text: str) -> None:
    """Writes a file so that a reader sees the old or the new one, never half of it, even after loss of power."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def _unwritten(place: Place) -> str:
    return (
        f"the record at {place} cannot be written, and nothing of this batch was stored: make room on the disk or see "
        "to the folder's rights, then repeat the command"
    )


@contextmanager
def wrapped(failure: str) -> Iterator[None]:
    """Turns what the disk and the Delta library raise into one StoreError."""
    try:
        yield
    except (DeltaError, OSError) as error:
        raise StoreError(f"{failure}: {error}") from error
