"""What a record in an object store costs beside one in a folder: adding, opening elsewhere, asking.

The store is a stand-in on this machine (`tests/bucketworld.py`), which answers at once or, as one across a network
would, after some milliseconds. Articles of a shared news set are read once; each batch is then stored in the
folder and in the stores, in turn, so that what else the machine does falls on all alike. All must answer alike.

    python eval/bucket.py [--articles 16] [--batches 4] [--size 384] [--delay 0.03]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from score import ROOT
from sizes import NEWS, copy_of, make_archive

from dragoman.adding import Adding
from dragoman.coder import Coded
from dragoman.model import Report
from dragoman.objects import Address, Place, read_address
from dragoman.pipeline import Desk, Work
from dragoman.sources.archives import ArchiveSpan, read_span
from dragoman.store import RecordStore

sys.path.insert(0, str(ROOT / "tests"))

from bucketworld import BUCKET, serving_bucket

# As many articles as `dragoman add` stores in one commit.
IN_A_BATCH = 384
# A store across a network may make an `add` longer by so much.
CEILING = 1.05


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def read_articles(folder: Path, articles: int) -> tuple[float, list[Coded]]:
    """Seconds of processor time that reading an article takes, and what was read."""
    path = folder / "news.warc.gz"
    make_archive(path, articles)
    reports = [one for one in read_span(ArchiveSpan(path=str(path))) if isinstance(one, Report)]
    desk = Desk(Work())
    desk(reports[:2])
    began = time.process_time()
    answers = desk(reports)
    seconds = time.process_time() - began
    coded = [one for one in answers if isinstance(one, Coded)]
    return seconds / len(coded), coded


def make_batches(coded: list[Coded], batches: int, size: int) -> list[list[Coded]]:
    copies = [copy_of(one, turn) for turn in range(1 + size * batches // len(coded)) for one in coded]
    return [copies[at : at + size] for at in range(0, size * batches, size)]


def add_in_turn(places: dict[str, Place], batches: list[list[Coded]]) -> dict[str, float]:
    """By place the median of the seconds of a commit, the first left out; all are merged at the end."""
    stores = {name: RecordStore.open(place, create=True) for name, place in places.items()}
    adding = {
        name: Adding(store, coder="bucket", tell=lambda _: None, keep_text=False) for name, store in stores.items()
    }
    commits: dict[str, list[float]] = {name: [] for name in places}
    for batch in batches:
        for name in places:
            commits[name].append(timed(lambda name=name, batch=batch: adding[name].store(batch))[0])
    for store in stores.values():
        store.merge()
    return {name: statistics.median(commits[name][1:]) for name in places}


def tell_commits(commits: dict[str, float], reading: float) -> float:
    """Prints seconds of commits beside the folder's; gives how much longer the slowest makes reading and storing."""
    print(f"{'':22}{'commit, s':>10}{'ratio':>8}{'with reading':>14}")
    least = commits["folder"]
    for name, commit in commits.items():
        print(f"{name:22}{commit:10.2f}{commit / least:8.2f}{(reading + commit) / (reading + least):14.3f}")
    return (reading + max(commits.values())) / (reading + least)


def ask_each(places: dict[str, Place], others: Path) -> bool:
    """Prints how long opening and asking take where nothing was asked before; tells whether all answer alike."""
    print(f"\n{'':22}{'open, s':>10}{'first':>8}{'again':>8}")
    answers = []
    for name, place in places.items():
        here = Address(place.url, place.options, others) if isinstance(place, Address) else place
        opened, store = timed(lambda here=here: RecordStore.open(here))
        first, rows = timed(lambda store=store: store.records(limit=500))
        again, _ = timed(lambda store=store: store.records(limit=500))
        answers.append(rows)
        print(f"{name:22}{opened:10.2f}{first:8.2f}{again:8.2f}")
    return bool(answers[0]) and all(rows == answers[0] for rows in answers)


def measure(folder: Path, *, articles: int, batches: int, size: int, delay: float) -> int:
    reading, coded = read_articles(folder, articles)
    print(f"reading: {reading * size:.1f} s a batch of {size} articles, one process (processor time)\n")
    with ExitStack() as stack:
        near, far = (stack.enter_context(serving_bucket()) for _ in range(2))
        far.delay = delay
        places: dict[str, Place] = {
            "folder": folder / "record",
            "store, at once": read_address(f"s3://{BUCKET}/near", near.options, folder / "mirrors"),
            f"store, {1000 * delay:.0f} ms away": read_address(f"s3://{BUCKET}/far", far.options, folder / "mirrors"),
        }
        commits = add_in_turn(places, make_batches(coded, batches + 1, size))
        whole = tell_commits(commits, reading * size)
        print(f"requests a commit: {len(near.log) / (batches + 2):.0f}")
        alike = ask_each(places, folder / "others")
    print(f"\nanswers are {'alike' if alike else 'NOT alike'}; an add {whole:.3f} times as long (ceiling {CEILING})")
    return 0 if alike and whole <= CEILING else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=16)
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--size", type=int, default=IN_A_BATCH, help="articles in a batch")
    parser.add_argument("--delay", type=float, default=0.03)
    given = parser.parse_args()
    if not NEWS.is_file():
        print(f"needs {NEWS}", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), articles=given.articles, batches=given.batches, size=given.size, delay=given.delay)


if __name__ == "__main__":
    sys.exit(main())
