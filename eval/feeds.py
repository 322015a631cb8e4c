"""How a thousand feeds are watched: politely, within bounded memory, nothing twice, and on after kill -9.

One server of this process stands in for all hosts, which are addresses of the loopback network (127.x.y.z: Linux), and
the command `dragoman watch --once` is what asks them. Most hosts answer plainly with ETag and Last-Modified; one in
twenty each is busy (429 or 503 with Retry-After), forbids (robots.txt), has no robots.txt to be had, asks for a delay,
is slow, is broken in one of nine ways, leads to another host, or shares its pages with another (`tests/feedworld.py`).

First a tenth of the feeds and then all of them are watched for some rounds, undisturbed; then all of them again with
some kill -9 in the first round. Every figure is printed beside what it must be. The tenth has a host broken in each of
the nine ways too: what is loaded at the first odd entry (the identifier of languages alone takes 80 MiB) is in both.

    python eval/feeds.py [--feeds 1000] [--rounds 3] [--kills 5] [--delay 0.2]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from score import ROOT

from dragoman.store import RecordStore
from dragoman.watch.rounds import TOGETHER

sys.path.insert(0, str(ROOT / "tests"))

from feedworld import EACH_KIND, KINDS, FeedWorld

MEMORY_CEILING = 1.10
CONNECTIONS = 32
# Minutes between two looks, the least that the command takes.
EVERY = 1
HOSTS_A_FEED = 0.7
# A kill comes after the start-up.
LEAST_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of a watch: by rule how often it was broken, and by page that was missed or stored twice."""

    faults: dict[str, int]
    missing: int
    doubled: int
    pages: int
    seconds: list[float]
    cpu: float
    peak: float


def watch(folder: Path, feeds: int, options: argparse.Namespace, *, kills_within: float = 0.0) -> Watched:
    """Watches so many feeds for some rounds; with `kills_within`, the first is killed some seconds from its start."""
    folder.mkdir()
    chance = random.Random(7)
    kinds = KINDS if feeds == options.feeds else EACH_KIND
    world = FeedWorld(hosts=int(feeds * HOSTS_A_FEED), feeds=feeds, name=loopback, address="", kinds=kinds)
    listed = folder / "feeds.txt"
    listed.write_text("\n".join(world.feeds))
    call = [
        sys.executable, "-m", "dragoman", "watch", str(listed), "--record", str(folder / "record"), "--once",
        "--allow-private", "--every", str(EVERY), "--delay", str(options.delay), "--connections", str(CONNECTIONS),
    ]  # fmt: skip
    for _ in range(options.kills if kills_within else 0):
        kill_after(call, chance.uniform(LEAST_SECONDS, kills_within))
    taken = []
    for world.round in range(options.rounds):
        taken.append(run_round(call, folder / "said.txt"))
        time.sleep(60 * EVERY + 1 if world.round + 1 < options.rounds else 0)
    world.shutdown()
    return judge(world, folder / "record", taken, options.delay)


def loopback(host: int) -> str:
    return f"127.{1 + host // 250}.{1 + host % 250}.1"


def kill_after(call: list[str], seconds: float) -> None:
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        time.sleep(seconds)
        running.kill()


def run_round(call: list[str], said: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MiB of a round."""
    began = time.monotonic()
    with said.open("w") as out:
        child = subprocess.Popen(call, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit("the watch failed")
    print(f"  {said.read_text().strip()}", flush=True)
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def judge(world: FeedWorld, record: Path, taken: list[tuple[float, float, float]], delay: float) -> Watched:
    store = RecordStore.open(record)
    rows = store._rows(f"SELECT url FROM {store._source('articles', store.snapshot())}", [])
    stored = Counter(row["url"] for row in rows)
    seconds, cpu, peaks = zip(*taken, strict=True)
    return Watched(
        faults=world.faults(delay),
        missing=len(world.stories() - stored.keys()),
        doubled=sum(stored.values()) - len(stored),
        pages=len(world.stories()),
        seconds=[round(each, 1) for each in seconds],
        cpu=sum(cpu),
        peak=max(peaks),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--delay", type=float, default=0.2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"{options.feeds // 10} feeds")
        few = watch(Path(folder) / "few", options.feeds // 10, options)
        print(f"{options.feeds} feeds")
        many = watch(Path(folder) / "many", options.feeds, options)
        print(f"{options.feeds} feeds, {options.kills} kill -9")
        killed = watch(Path(folder) / "killed", options.feeds, options, kills_within=many.seconds[0] / 2)
    return int(not report(few, many, killed, options))


def report(few: Watched, many: Watched, killed: Watched, options: argparse.Namespace) -> bool:
    print(f"{many.pages} pages of {options.feeds} feeds in rounds of {many.seconds} s, {many.cpu:.0f} s of CPU time")
    for what, number in many.faults.items():
        print(f"{what}: {number} (0)")
    again = killed.faults["pages fetched twice"]
    most = options.kills * (TOGETHER + CONNECTIONS)
    print(f"pages missed or stored twice: {many.missing} and {many.doubled} (0), after kills {killed.missing} and "
          f"{killed.doubled} (0)")  # fmt: skip
    print(f"pages fetched again because of kills: {again} (at most {most}: a batch and what was on its way)")
    grown = many.peak / few.peak
    print(f"peak memory {many.peak:.0f} MiB, {few.peak:.0f} MiB for a tenth of the feeds: {grown:.3f} times "
          f"(at most {MEMORY_CEILING})")  # fmt: skip
    sound = not any((*many.faults.values(), many.missing, many.doubled, killed.missing, killed.doubled))
    return sound and again <= most and grown <= MEMORY_CEILING


if __name__ == "__main__":
    sys.exit(main())
