"""How long a dyad's series takes over a large record, cold and warm, beside the same query on a native DuckDB table.

The generator writes the tables that a question for a tie reads (dyads, coverage) as the store lays them out, without
going through a coder: N happenings over 20 years among 200 parties, whose shares fall like 1/rank, so that the
chosen dyad (the two commonest) is the worst case. The native table holds the same rows, sorted in the same way.

    python eval/store_speed.py [--events 1000000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from dragoman.columns import COVERAGE, DYADS
from dragoman.store import RecordStore
from dragoman.ties import DyadCount, Window
from dragoman.view import _count_query, _dyad_count

COLD_CEILING = 0.5
WARM_CEILING = 0.2
RATIO_CEILING = 1.5
# Below this many happenings both take a few hundredths of a second, and opening files outweighs reading them.
RATIO_FROM = 10_000_000
SIDES = ("P001", "P002")
ROUNDS = 15

GENERATE = """
CREATE TABLE dyads AS
WITH drawn AS (
    SELECT number, hash(number) AS h, hash(number + 1000000007) AS g FROM range({events}) AS t(number)
), parties AS (
    SELECT number, h,
        floor(exp(ln(200) * ((h % 1000003) / 1000003.0)))::INT AS a,
        floor(exp(ln(200) * ((g % 1000003) / 1000003.0)))::INT AS b,
        DATE '2006-01-01' + ((h // 1000003) % 7300)::INT AS day, 1 + (g // 1000003) % 4 AS quad
    FROM drawn
)
SELECT printf('P%03d', least(a, b)) AS low, printf('P%03d', greatest(a, b)) AS high, a <= b AS is_forward,
    false AS is_mutual,
    day, day AS last_day, quad::TINYINT AS quad, 'CONSULT' AS event_type, (5 - 2.5 * quad)::DOUBLE AS intensity,
    0.8::DOUBLE AS belief, printf('r%020x', h) AS record_id, day || '|CONSULT|asserted' AS cell,
    year(day)::VARCHAR AS year
FROM parties ORDER BY year, low, high, day, record_id
"""
COLD = """
import sys, time
started = time.perf_counter()
from datetime import date
from dragoman.store import RecordStore
loaded = time.perf_counter()
rows = RecordStore.open(sys.argv[1]).ties({a!r}, {b!r}, since=date(2006, 1, 1), until=date(2026, 1, 1))
answered = time.perf_counter()
print(loaded - started, answered - loaded, time.process_time(), sum(sum(row["quads"].values()) for row in rows))
"""


def generate(folder: Path, events: int) -> None:
    """Makes a record with the dyads and coverage of so many happenings, and a native DuckDB file beside it."""
    store = RecordStore.open(folder / "record", create=True)
    native = duckdb.connect(str(folder / "native.duckdb"))
    native.execute(GENERATE.format(events=events))
    with store._folder.writing() as transaction:
        for year in range(2006, 2026):
            rows = native.sql("SELECT * FROM dyads WHERE year = ?", params=[str(year)]).to_arrow_table()
            transaction.append("dyads", rows.cast(DYADS))
        days = native.sql("""SELECT 'Generated' AS publisher, day, count(*) AS articles, 1::BIGINT AS added
            FROM dyads GROUP BY day""").to_arrow_table()
        transaction.append("coverage", days.cast(COVERAGE))
        transaction.commit()
    native.close()


@dataclass(frozen=True)
class Seconds:
    """Median seconds by the clock and of processor time, which a busy machine stretches less."""

    clock: float
    processor: float


def time_warm(folder: Path) -> tuple[Seconds, Seconds, Seconds]:
    """The query on the store, the same on the native table, and the whole answer.

    The three take turns, so that what else the machine does falls on all of them alike.
    """
    store = RecordStore.open(folder / "record")
    native = duckdb.connect(str(folder / "native.duckdb"), read_only=True)
    window = Window(since=date(2006, 1, 1), until=date(2026, 1, 1))
    snapshot = store.snapshot()
    questions = (
        lambda: store._side_counts(snapshot, SIDES, window),
        lambda: ask_native(native, window),
        lambda: store.ties(*SIDES, since=window.since, until=window.until),
    )
    rounds = [[clock(question) for question in questions] for _ in range(ROUNDS)]
    query, on_native, whole = (_median(times) for times in zip(*rounds[1:], strict=True))
    return query, on_native, whole


def _median(times: tuple[Seconds, ...]) -> Seconds:
    return Seconds(
        clock=statistics.median(each.clock for each in times),
        processor=statistics.median(each.processor for each in times),
    )


def ask_native(native: duckdb.DuckDBPyConnection, window: Window) -> list[DyadCount]:
    """The store's own query, word for word, and the same counts made of its rows; only the table is DuckDB's."""
    query = _count_query("(SELECT * FROM dyads WHERE low = ? AND high = ?)", window)
    rows = native.sql(query, params=[window.since, *SIDES, window.since, window.until]).to_arrow_table().to_pylist()
    return [_dyad_count(row, SIDES) for row in rows]


def clock(question) -> Seconds:  # type: ignore[no-untyped-def]
    started, worked = time.perf_counter(), time.process_time()
    question()
    return Seconds(clock=time.perf_counter() - started, processor=time.process_time() - worked)


def time_cold(folder: Path) -> tuple[float, float, float, int]:
    """Seconds of imports, of opening and asking, of processor time in all; and the happenings counted."""
    code = COLD.format(a=SIDES[0], b=SIDES[1])
    answers = [
        subprocess.run([sys.executable, "-c", code, str(folder / "record")], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    figures = [[float(word) for word in answer.stdout.split()] for answer in answers]
    load, answer, worked, number = min(figures, key=lambda row: row[0] + row[1])
    return load, answer, worked, int(number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "record").exists():
            generate(folder, options.events)
        report(folder, options.events)


def report(folder: Path, events: int) -> None:
    load, cold, worked, happenings = time_cold(folder)
    query, native, whole = time_warm(folder)
    ratio = query.processor / native.processor
    print(f"{events:,} happenings, {happenings:,} of the dyad; {os.getloadavg()[0]:.1f} jobs on {os.cpu_count()} cores")
    print(
        f"cold answer in a new process: {load + cold:.3f} s (ceiling {COLD_CEILING}), of this {load:.3f} s imports; "
        f"{worked:.3f} s of processor time"
    )
    print(f"warm answer: {whole.clock:.3f} s (ceiling {WARM_CEILING}), {whole.processor:.3f} s of processor time")
    print(
        f"query with its counts: {query.clock:.3f} s, on a native DuckDB table {native.clock:.3f} s, ratio "
        f"{query.clock / native.clock:.2f}; of processor time {query.processor:.3f} s and {native.processor:.3f} s, "
        f"ratio {ratio:.2f} (ceiling {RATIO_CEILING})"
    )
    told = {"cold": load + cold, "cold_processor": worked, "warm": whole.clock, "warm_processor": whole.processor}
    print(json.dumps({**told, "query": query.processor, "native": native.processor, "ratio": ratio}))
    if load + cold > COLD_CEILING or whole.clock > WARM_CEILING or (events >= RATIO_FROM and ratio > RATIO_CEILING):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
