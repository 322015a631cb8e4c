"""How long a dyad's series takes over a large record, cold and warm, beside the same query on a native DuckDB table.

The generator writes the tables that a question for a tie reads (dyads, coverage) as the store lays them out, without
going through a coder: N happenings over 20 years among 200 parties, whose shares fall like 1/rank, so that the
chosen dyad (the two commonest) is the worst case. The native table holds the same rows, sorted in the same way.

    python eval/store_speed.py [--events 1000000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from dragoman.columns import COVERAGE, DYADS
from dragoman.store import RecordStore
from dragoman.ties import Window

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
NATIVE = """SELECT is_forward, is_mutual, quad, greatest(date_trunc('month', day)::DATE, DATE '2006-01-01') AS since,
    count(*) AS count, sum(intensity) AS intensity, sum(belief) AS belief, list(record_id) AS record_ids
FROM dyads WHERE low = ? AND high = ? AND day >= DATE '2006-01-01' AND last_day < DATE '2026-01-01'
    AND (day = last_day OR date_trunc('month', day) = date_trunc('month', last_day)) GROUP BY ALL"""
COLD = """
import sys, time
started = time.perf_counter()
from datetime import date
from dragoman.store import RecordStore
loaded = time.perf_counter()
rows = RecordStore.open(sys.argv[1]).ties({a!r}, {b!r}, since=date(2006, 1, 1), until=date(2026, 1, 1))
print(loaded - started, time.perf_counter() - loaded, sum(sum(row["quads"].values()) for row in rows))
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


def time_warm(folder: Path) -> tuple[float, float, float]:
    """Median seconds of the query on the store, of the same on the native table, and of the whole answer.

    The three take turns, so that what else the machine does falls on all of them alike.
    """
    store = RecordStore.open(folder / "record")
    native = duckdb.connect(str(folder / "native.duckdb"), read_only=True)
    window = Window(since=date(2006, 1, 1), until=date(2026, 1, 1))
    snapshot = store.snapshot()
    questions = (
        lambda: store._side_counts(snapshot, SIDES, window),
        lambda: native.sql(NATIVE, params=list(SIDES)).to_arrow_table().to_pylist(),
        lambda: store.ties(*SIDES, since=window.since, until=window.until),
    )
    rounds = [[clock(question) for question in questions] for _ in range(ROUNDS)]
    query, on_native, whole = (statistics.median(times) for times in zip(*rounds[1:], strict=True))
    return query, on_native, whole


def clock(question) -> float:  # type: ignore[no-untyped-def]
    started = time.perf_counter()
    question()
    return time.perf_counter() - started


def time_cold(folder: Path) -> tuple[float, float, int]:
    code = COLD.format(a=SIDES[0], b=SIDES[1])
    answers = [
        subprocess.run([sys.executable, "-c", code, str(folder / "record")], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    figures = [[float(word) for word in answer.stdout.split()] for answer in answers]
    load, answer, number = min(figures, key=lambda row: row[1])
    return load, answer, int(number)


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
    load, cold, happenings = time_cold(folder)
    query, native, whole = time_warm(folder)
    ratio = query / native
    print(f"{events:,} happenings, {happenings:,} of the dyad")
    print(f"cold answer in a new process: {cold:.3f} s (ceiling {COLD_CEILING}), after {load:.3f} s of imports")
    print(f"warm answer: {whole:.3f} s (ceiling {WARM_CEILING})")
    print(
        f"query alone: {query:.3f} s, native DuckDB table {native:.3f} s, ratio {ratio:.2f} (ceiling {RATIO_CEILING})"
    )
    print(json.dumps({"cold": cold, "warm": whole, "query": query, "native": native, "ratio": ratio}))
    if cold > COLD_CEILING or whole > WARM_CEILING or (events >= RATIO_FROM and ratio > RATIO_CEILING):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
