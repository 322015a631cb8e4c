"""What an export asks of a record on disk: streams of its events, its happenings and the weights of its dyads.

Reads one snapshot of the tables through a DuckDB of its own, which spills to a temporary folder, so that memory stays
bounded however large the record is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby, takewhile

import duckdb
import pyarrow as pa

from dragoman.columns import EVENTS
from dragoman.errors import StoreError
from dragoman.exchange.cells import Row
from dragoman.exchange.network import Arrow
from dragoman.tables import Snapshot, open_database
from dragoman.view import RecordView

ROWS_AT_ONCE = 5000
MEMORY_LIMIT = "2GB"

# The contract's columns stand before the ones that only the store needs.
_CONTRACT = tuple(takewhile(lambda name: name != "day", EVENTS.names))
EVENT_SCHEMA = pa.schema([("record_id", pa.string()), *(EVENTS.field(name) for name in _CONTRACT)])


def read_batches(store: RecordView, *, by_happening: bool = False) -> Iterator[pa.RecordBatch]:
    """Event rows with the id of the record they are in, as Arrow batches; with `by_happening`, record by record."""
    snapshot = store.snapshot()
    if not _files(store, "events", snapshot):
        return
    order = "ORDER BY r.record_id NULLS LAST, e.event_id" if by_happening else ""
    query = f"""SELECT r.record_id, {", ".join(f"e.{name}" for name in _CONTRACT)}
        FROM ({_current_events(store, snapshot)}) AS e
        LEFT JOIN ({_memberships(store, snapshot)}) AS r ON r.event_id = e.event_id {order}"""
    with _database(store) as connection:
        yield from connection.sql(query).to_arrow_reader(ROWS_AT_ONCE)


def read_events(store: RecordView) -> Iterator[Row]:
    """Event rows of the contract with a `record_id` beside them."""
    for batch in read_batches(store):
        yield from batch.to_pylist()


def read_happenings(store: RecordView) -> Iterator[list[Row]]:
    """The event rows of each record together; an event that is in no record stands alone."""
    rows = (row for batch in read_batches(store, by_happening=True) for row in batch.to_pylist())
    for _, reports in groupby(rows, key=lambda row: row["record_id"] or f"?{row['event_id']}"):
        yield list(reports)


def read_arrows(store: RecordView) -> list[Arrow]:
    """What each party did to each other, over the whole record."""
    files = _files(store, "dyads", store.snapshot())
    if not files:
        return []
    counts = ", ".join(f"count(*) FILTER (quad = {quad}) AS quad{quad}" for quad in (1, 2, 3, 4))
    query = f"""SELECT CASE WHEN is_forward THEN low ELSE high END AS actor,
            CASE WHEN is_forward THEN high ELSE low END AS recipient, {counts}, sum(intensity) AS intensity
        FROM {files} GROUP BY 1, 2 ORDER BY 1, 2"""
    with _database(store) as connection:
        rows = connection.sql(query).fetchall()
    return [
        Arrow(actor=actor, recipient=recipient, quads=tuple(quads), intensity=intensity)
        for actor, recipient, *quads, intensity in rows
    ]


def _current_events(store: RecordView, snapshot: Snapshot) -> str:
    # The one condition that says which of several readings of an article counts is the view's own.
    return f"SELECT * FROM {store.source('events', snapshot)} WHERE {store.newest_coder(snapshot)}"


def _memberships(store: RecordView, snapshot: Snapshot) -> str:
    files = _files(store, "records", snapshot)
    if not files:
        return "SELECT NULL::VARCHAR AS record_id, NULL::VARCHAR AS event_id WHERE FALSE"
    return f"SELECT record_id, unnest(events) AS event_id FROM {files}"


def _files(store: RecordView, name: str, snapshot: Snapshot) -> str:
    """What stands after FROM for a table; nothing where it has no rows."""
    files = store.files(name, snapshot)
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    return f"read_parquet([{listed}], hive_partitioning = true, hive_types_autocast = false)" if files else ""


@contextmanager
def _database(store: RecordView) -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory(prefix="dragoman-export-") as folder, open_database() as connection:
        quoted = folder.replace("'", "''")
        connection.execute(f"SET temp_directory = '{quoted}'; SET memory_limit = '{MEMORY_LIMIT}'")
        try:
            yield connection
        except duckdb.IOException as fault:
            raise StoreError(f"the record at {store.place} cannot be read: {fault}; run `dragoman check`") from fault
