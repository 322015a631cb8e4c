"""What the pages of a large record cost in time of the processor, by kind: one reader, one thread, nobody adding.

The record and the walk from page to page are those of `page_speed.py`. Seconds of the clock say little where other work
shares the cores; these hold wherever the processor is the same. A first third of the pages is not counted.

    python eval/page_cost.py FOLDER [--events 10000000] [--pages 900]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from big_record import make_record
from page_speed import Walk, quantile
from starlette.testclient import TestClient

from dragoman.store import RecordStore
from dragoman.web import app
from dragoman.web.guard import Limits


def sample(store: RecordStore) -> list[str]:
    """Ids of happenings of any time."""
    files = [path for path in store.files("records", store.snapshot()) if "month=20" in path][::7]
    drawn = duckdb.sql(f"SELECT record_id FROM read_parquet({files}) USING SAMPLE 2000 ROWS (reservoir, 3)")
    return [row[0] for row in drawn.fetchall()]


def walk(client: TestClient, steps: Walk, pages: int) -> Mapping[str, list[float]]:
    """Seconds of the processor for each page, by kind."""
    costs: dict[str, list[float]] = defaultdict(list)
    for _ in range(pages):
        kind, path = steps.next()
        started = time.process_time()
        answer = client.get(path, headers={"Accept": "text/html"}, follow_redirects=False)
        costs[kind].append(time.process_time() - started)
        if answer.status_code not in {200, 301, 303}:
            raise SystemExit(f"{path} answered {answer.status_code}")
    return costs


def line_of(name: str, costs: Sequence[float]) -> str:
    mean, median, p95 = statistics.mean(costs), statistics.median(costs), quantile(costs)
    told = (("mean", mean), ("median", median), ("p95", p95))
    return f"  {name:14}" + "".join(f"  {word} {1000 * cost:6.1f} ms" for word, cost in told) + f"  ({len(costs)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--pages", type=int, default=900)
    options = parser.parse_args()
    store = make_record(options.folder, options.events)
    site = app.make_site(store)
    app._warm_up(site)
    site.view.lay_aside()
    client = TestClient(app._app_of(site, hosts=("*",), limits=Limits(reads=10**9, posts=10**9)))
    names = sample(store)
    walk(client, Walk(names, 99), options.pages // 3)
    costs = walk(client, Walk(names, 1), options.pages)
    for kind, values in sorted(costs.items()):
        print(line_of(kind, values))
    print(line_of("all pages", [cost for values in costs.values() for cost in values]))


if __name__ == "__main__":
    main()
