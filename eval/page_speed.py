"""How long the pages of a large record take to their first byte, with eight readers at once while one process adds.

A record of drawn happenings (`big_record.py`) is served by a process of its own; another adds a batch of reports to its
newest days as fast as it can. Eight readers go from page to page without a pause (`--pause` gives them one): the front
page of some day, states and ties drawn by how often they are named, happenings from any time, types, themes, searches
for words, sides and days, map and network. They begin when the site has read ahead, which takes it a minute or two
(`--settle` seconds at most), and the first quarter of what they read is not counted. Beside it stands what one bare
DuckDB query takes in the same minutes: the same year of a tie, counted from the same files. The site's time of the
processor for each page, all told, is printed where the system tells it (Linux): it says more than the seconds where
other work shares the cores.

    python eval/page_speed.py [--events 10000000] [--keep FOLDER] [--seconds 60] [--settle 300]
        [--pause 0] [--readers 8] [--no-adder]
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
from big_record import LAST_YEAR, knowledge, make_record

from dragoman.codebook import load_codebook
from dragoman.model import Article, Event, EventDate, Evidence, Party, Span
from dragoman.store import Reading, RecordStore

MEDIAN_CEILING, P95_CEILING = 0.150, 0.500
BATCH_ARTICLES, ARTICLE_EVENTS = 20, 3
# A server that takes less than this share of a core in some seconds is idle.
IDLE_SHARE, LOOK_SECONDS = 0.05, 5.0
LAST_DAY = date(LAST_YEAR, 12, 31)
BARE = """SELECT date_trunc('week', day) AS week, is_forward, quad, count(*), sum(intensity), list(record_id)
FROM read_parquet({files}) WHERE low = 'CHN' AND high = 'RUS' AND day >= DATE '{year}-01-01' GROUP BY ALL"""


# --- the three processes ---


def serve(folder: Path, port: int) -> None:
    from dragoman.web import serve_record
    from dragoman.web.guard import Limits

    limits = Limits(reads=10_000_000, posts=10_000_000)
    serve_record(RecordStore.open(folder), host="127.0.0.1", port=port, limits=limits)


def add_for_ever(folder: Path, times: multiprocessing.Queue[float]) -> None:
    store = RecordStore.open(folder)
    drawn = random.Random(7)
    number = 0
    while True:
        started = time.monotonic()
        store.add([reading(drawn, f"{os.getpid()}-{number}-{at}") for at in range(BATCH_ARTICLES)])
        times.put(time.monotonic() - started)
        number += 1


def reading(drawn: random.Random, name: str) -> Reading:
    """A report of one of the last days of the record, with its events."""
    day = LAST_DAY - timedelta(days=drawn.randrange(3))
    codes, words = given["codes"], given["vocabulary"]
    events = []
    for at in range(ARTICLE_EVENTS):
        kind = drawn.choice(list(load_codebook().types.values()))
        actor, recipient = drawn.sample(codes[:60], 2)
        text = f"State {actor} {kind.name.lower()} State {recipient} {' '.join(drawn.choices(words, k=12))}."
        events.append(event(f"{name}-{at}", kind, (actor, recipient), text=text, article=name, day=day))
    body = " ".join(one.evidence.sentence.text for one in events)
    article = Article(id=name, doc=name, title="", text=body, publisher="Outlet 1", published=day, fingerprint=name)
    return Reading(article=article, coder="drawn-1", codebook="drawn", events=tuple(events))


def event(name, kind, sides, *, text, article, day) -> Event:  # type: ignore[no-untyped-def]
    parties = [
        Party(start=0, end=9, text=f"State {code}", code=code, name=f"State {code}", basis="drawn") for code in sides
    ]
    span = Span(start=0, end=len(text), text=text)
    return Event(
        event_id=name, event_type=kind.name, mode=None, contexts=(), status="asserted", quad=kind.quad,
        intensity=kind.score, confidence=0.8, basis="drawn", actors=(parties[0],), recipients=(parties[1],),
        date=EventDate(value=day.isoformat(), granularity="day", basis="drawn"), place=None, attributed_to=None,
        evidence=Evidence(article_id=article, doc=article, url=None, publisher="Outlet 1", published=day,
                          sentence=span, anchor=Span(start=10, end=14, text=text[10:14]), coder="drawn-1",
                          codebook="drawn"),
    )  # fmt: skip


given = knowledge()


# --- readers ---


class Walk:
    """Addresses that a reader asks, drawn anew at each step."""

    def __init__(self, record_ids: Sequence[str], seed: int) -> None:
        self._record_ids = record_ids
        self._drawn = random.Random(seed)

    def next(self) -> tuple[str, str]:
        """The kind of a page and its address."""
        kind = self._drawn.choice(sorted(self.KINDS))
        return kind, self.KINDS[kind](self)

    def _code(self) -> str:
        return str(given["codes"][min(189, int(190 ** self._drawn.random()))])

    def _pair(self) -> tuple[str, str]:
        one, other = self._code(), self._code()
        return (one, other) if one != other else self._pair()

    def _day(self) -> date:
        return LAST_DAY - timedelta(days=int(self._drawn.expovariate(1 / 30)))

    def _word(self) -> str:
        return str(given["vocabulary"][min(3999, int(4000 ** self._drawn.random()))])

    KINDS = {
        "today": lambda self: f"/?on={self._day()}" if self._drawn.random() < 0.5 else "/",
        "tie": lambda self: "/ties/{}/{}".format(*self._pair()),
        "tie by day": lambda self: "/ties/{}/{}?by=day".format(*self._pair()),
        "ties": lambda self: "/ties",
        "state": lambda self: f"/states/{self._code()}",
        "states": lambda self: "/states",
        "happening": lambda self: f"/records/{self._drawn.choice(self._record_ids)}",
        "type": lambda self: f"/types/{self._drawn.choice(list(load_codebook().types))}",
        "types": lambda self: "/types",
        "theme": lambda self: f"/themes/{self._drawn.choice(list(load_codebook().contexts))}",
        "themes": lambda self: "/themes",
        "search words": lambda self: f"/search?q={self._word()}+{self._word()}",
        "search sides": lambda self: "/search?q={}+{}".format(*self._pair()),
        "search day": lambda self: f"/search?q={self._day():%Y-%m}+{self._code()}",
        "map": lambda self: "/map" if self._drawn.random() < 0.5 else f"/map?until={self._day()}",
        "network": lambda self: "/network" if self._drawn.random() < 0.5 else f"/network?until={self._day()}",
    }


def read_for(seconds: float, port: int, walk: Walk, *, pause: float) -> list[tuple[str, float, int]]:
    """Pages read for some seconds: the kind, the seconds to its first byte and the status of each."""
    seen = []
    end = time.monotonic() + seconds
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < end:
        kind, path = walk.next()
        started = time.perf_counter()
        line.request("GET", path, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
        answer = line.getresponse()
        answer.read(1)
        seen.append((kind, time.perf_counter() - started, answer.status))
        answer.read()
        time.sleep(pause)
    return seen


def read_together(port: int, record_ids: Sequence[str], options: argparse.Namespace) -> list[tuple[str, float, int]]:
    seen: list[tuple[str, float, int]] = []
    walks = [Walk(record_ids, seed) for seed in range(options.readers)]
    threads = [
        threading.Thread(
            target=lambda walk=walk: seen.extend(read_for(options.seconds, port, walk, pause=options.pause))
        )
        for walk in walks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def time_bare(folder: Path, until: float) -> list[float]:
    """Seconds of the bare query, once a second while the readers read."""
    store = RecordStore.open(folder)
    asking = duckdb.connect()
    asking.execute("SET enable_progress_bar = false")
    times = []
    while time.monotonic() < until:
        files = [path for path in store.files("dyads", store.snapshot()) if f"year={LAST_YEAR}" in path]
        started = time.perf_counter()
        asking.sql(BARE.format(files=files, year=LAST_YEAR)).to_arrow_table()
        times.append(time.perf_counter() - started)
        time.sleep(1)
    return times


def wait_until_ready(port: int) -> None:
    """Waits for the server, its first state and its index of words."""
    for path in ("/about", "/search?q=bababa"):
        while (status := status_of(port, path)) != 200:
            if status not in {0, 503}:
                raise SystemExit(f"the server answers {status}")
            time.sleep(0.5)


def wait_until_idle(process: int | None, *, most: float) -> None:
    """Waits until the server has read ahead, which shows in that it does nothing any more."""
    end, busy = time.monotonic() + most, 1.0
    while busy > IDLE_SHARE * LOOK_SECONDS and time.monotonic() < end:
        before = processor_seconds(process)
        time.sleep(LOOK_SECONDS)
        busy = processor_seconds(process) - before
    print(f"the site has read ahead {most - end + time.monotonic():.0f} s after its first answer", flush=True)


def status_of(port: int, path: str) -> int:
    """The status of a page; 0 where nobody answers yet."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        line.request("GET", path)
        return line.getresponse().status
    except OSError:
        return 0


# --- the report ---


def measure(folder: Path, options: argparse.Namespace) -> int:
    store = make_record(folder, options.events)
    year = [path for path in store.files("records", store.snapshot()) if "month=20" in path][::7]
    sample = duckdb.sql(f"SELECT record_id FROM read_parquet({year}) USING SAMPLE 2000").fetchall()
    apart = multiprocessing.get_context("spawn")  # the Delta library does not outlive a fork
    times: multiprocessing.Queue[float] = apart.Queue()
    port = 8900 + os.getpid() % 1000
    server = apart.Process(target=serve, args=(folder, port), daemon=True)
    adder = apart.Process(target=add_for_ever, args=(folder, times), daemon=True)
    server.start()
    wait_until_ready(port)
    wait_until_idle(server.pid, most=options.settle)
    warming = argparse.Namespace(**{**vars(options), "seconds": options.seconds / 4})
    read_together(port, [row[0] for row in sample], warming)
    if not options.no_adder:
        adder.start()
    bare: list[float] = []
    asking = threading.Thread(target=lambda: bare.extend(time_bare(folder, time.monotonic() + options.seconds)))
    asking.start()
    busy = processor_seconds(server.pid)
    seen = read_together(port, [row[0] for row in sample], options)
    busy = processor_seconds(server.pid) - busy
    asking.join()
    added = [times.get() for _ in range(times.qsize())]
    for process in (server, *(() if options.no_adder else (adder,))):
        process.terminate()
    print(f"the site's time of the processor: {busy:.1f} s, {1000 * busy / max(1, len(seen)):.1f} ms a page")
    return report(seen, bare, added, options)


def processor_seconds(process: int | None) -> float:
    """What a process has taken of the processor up to now (seconds); 0.0 where the system does not tell it."""
    told = Path(f"/proc/{process}/stat")
    if not told.exists():
        return 0.0
    ticks = told.read_text().rpartition(") ")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def report(
    seen: Sequence[tuple[str, float, int]], bare: Sequence[float], added: Sequence[float], options: argparse.Namespace
) -> int:
    kinds: dict[str, list[float]] = defaultdict(list)
    for kind, seconds, status in seen:
        if status not in {200, 301, 303}:
            raise SystemExit(f"a page of kind {kind} answered {status}")
        kinds[kind].append(seconds)
    query = statistics.median(bare)
    print(f"{options.events:,} events, {options.readers} readers, pause {options.pause:g} s, {len(seen)} pages, "
          f"{len(added)} commits of {statistics.mean(added) if added else 0:.1f} s")  # fmt: skip
    print(f"one bare DuckDB query in the same minutes: {1000 * query:.0f} ms")
    for kind, values in sorted(kinds.items()):
        print(f"  {kind:14} {line_of(values, query)}")
    every = [seconds for _, seconds, _ in seen]
    median, p95 = statistics.median(every), quantile(every)
    print(f"  {'all pages':14} {line_of(every, query)}")
    print(f"median {1000 * median:.0f} ms (ceiling 150), 95th percentile {1000 * p95:.0f} ms (ceiling 500)")
    print(json.dumps({"median": median, "p95": p95, "bare": query, "ratio": median / query}))
    return int(median > MEDIAN_CEILING or p95 > P95_CEILING)


def line_of(values: Sequence[float], query: float) -> str:
    median = statistics.median(values)
    return (f"median {1000 * median:6.0f} ms  p95 {1000 * quantile(values):6.0f} ms  "
            f"{median / query:5.2f} bare queries  ({len(values)})")  # fmt: skip


def quantile(values: Sequence[float], share: float = 0.95) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--settle", type=float, default=300)
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--no-adder", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        raise SystemExit(measure(options.keep or Path(temporary) / "record", options))


if __name__ == "__main__":
    main()
