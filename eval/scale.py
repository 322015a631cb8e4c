"""How the product scales: beside its model alone, with cores, with the size of the input and of the record.

usage: python eval/scale.py ratio|cores|memory|linear|adding [--articles N] [--cut CHARACTERS] [--rounds N]
                            [--events N] [--record FOLDER]

ratio    CPU time of the whole `read` over that of gate and model alone on the same sentences (at most 1.35)
cores    seconds of `read` on one core over seconds on two (at least 1.8), start-up counted. They take turns, and the
         best of each counts, since what else runs on the machine only makes one slower. Beside it the speed-up that CPU
         time would give where nothing else runs: that of the command and of its longest worker is what one waits for
memory   peak memory of `read --cores 1` for N and for 10 N articles (within 10 %); N is 1,000 by default
linear   CPU time of `read` for N and 10 N articles (at most 10.5 times), small before and after large
adding   CPU time of `add` for N and 10 N articles, each to a record that holds a million events already (one drawn by
         `big_record.py`, or that of --record, of which copies are made)
All take the AllSides odd months as article lines; ten times as many are ten repeats of the same articles with changed
links and names. `--cut` keeps the first so many characters of each text, so that a run takes minutes and not hours; the
last line of each measure says what was cut.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import json
import lzma
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from big_record import make_record
from score import shared

from dragoman.model import Article, Report
from dragoman.rows import event_row

RATIO_CEILING, CORES_FLOOR, MEMORY_CEILING, LINEAR_CEILING = 1.35, 1.8, 1.10, 10.5
DRAGOMAN = (sys.executable, "-m", "dragoman")
REPEATS = 10
Measure: TypeAlias = Callable[[Path], tuple[float, float, float]]


def rows(number: int, cut: int | None, repeats: int = 1) -> Iterator[dict[str, Any]]:
    """So many article lines, the whole several times over; each time with other links and names."""
    for turn in range(repeats):
        with lzma.open(shared() / "data/news/allsides_odd_months.jsonl.xz", "rt", encoding="utf8") as lines:
            for line in islice(lines, number):
                row = json.loads(line)
                yield {**row, "doc": f"{row['doc']}-{turn}", "url": f"{row['url']}?{turn}", "text": row["text"][:cut]}


def write_lines(path: Path, number: int, cut: int | None, repeats: int = 1) -> Path:
    with path.open("w", encoding="utf8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(number, cut, repeats))
    return path


def run(*words: str | Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MiB of a command."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([str(word) for word in words], stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, words[2:4]))} failed")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def ratio(options: argparse.Namespace) -> bool:
    """The whole read in this process, against gate and model on the same articles, taking turns."""
    from dragoman.pipeline import Desk, Work, cut_shards

    desk = Desk(Work(is_brief=True))
    reports = (Report(location=row["doc"], kind="line", fields=row) for row in rows(options.articles, options.cut))
    whole = model = 0.0
    for shard in cut_shards(reports):
        started = time.process_time()
        answers = desk(shard)
        lines = [json.dumps(event_row(event)) for coded in answers for event in coded.events]  # type: ignore[union-attr]
        whole += time.process_time() - started
        articles = [Article(id="", doc="", title=r.fields.get("title") or "", text=r.fields["text"]) for r in shard]  # type: ignore[union-attr]
        started = time.process_time()
        read = sum(len(reading.events) for reading in desk.coder.reader.read(articles))
        model += time.process_time() - started
        assert len(lines) <= read
    print(f"whole read {whole:.1f} s, gate and model {model:.1f} s: {whole / model:.3f} (at most {RATIO_CEILING})")
    return whole / model <= RATIO_CEILING


def cores(options: argparse.Namespace) -> bool:
    best: dict[int, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = write_lines(Path(folder) / "lines.jsonl", options.articles, options.cut)
        for _ in range(options.rounds):
            for number in (1, 2):
                taken = watch_run(*DRAGOMAN, "read", "--format", "jsonl", "--cores", str(number), path)
                print(f"  {number} core(s): {taken[0]:.1f} s; {taken[1]:.1f} s of CPU time in a row", flush=True)
                pairs = zip(taken, best.get(number, taken), strict=True)
                best[number] = (min(next(pairs)), min(next(pairs)))
    (one, alone), (two, longest) = best[1], best[2]
    print(f"CPU time in a row: {alone:.1f} s and {longest:.1f} s, {alone / longest:.2f} times where nothing else runs")
    print(f"one core {one:.1f} s, two cores {two:.1f} s: {one / two:.2f} times faster (at least {CORES_FLOOR})")
    return one / two >= CORES_FLOOR


def watch_run(*words: str | Path) -> tuple[float, float]:
    """Seconds of a command, and the CPU seconds that follow each other: its own and those of its longest worker."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([str(word) for word in words], stdout=out, stderr=subprocess.DEVNULL)
        spent: dict[int, float] = {}
        while child.poll() is None:
            spent |= {pid: seconds for pid in (child.pid, *children_of(child.pid)) if (seconds := cpu_of(pid))}
            time.sleep(0.05)
    if child.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, words[2:4]))} failed")
    own = spent.pop(child.pid)
    return time.perf_counter() - started, own + max(spent.values(), default=0.0)


def children_of(pid: int) -> list[int]:
    with suppress(OSError):  # gone meanwhile
        return [int(n) for task in Path(f"/proc/{pid}/task").iterdir() for n in (task / "children").read_text().split()]
    return []


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far; 0 where it is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def compare(name: str, options: argparse.Namespace, call: Measure, *, turns: Sequence[int]) -> Grown:
    """Runs `call` on one or ten repeats, in turn, and gives how CPU time and peak memory have grown."""
    figures: dict[int, list[tuple[float, float]]] = {1: [], REPEATS: []}
    with tempfile.TemporaryDirectory() as folder:
        for turn, repeats in enumerate(turns):
            path = write_lines(Path(folder) / f"{turn}.jsonl", options.articles, options.cut, repeats)
            _, seconds, peak = call(path)
            figures[repeats].append((seconds, peak))
            number = options.articles * repeats
            print(f"  {name} {number} articles: {seconds:.1f} s of CPU time, peak {peak:.0f} MiB", flush=True)
    (small, low), (large, high) = ([statistics.mean(each) for each in zip(*figures[n], strict=True)] for n in figures)
    return Grown(seconds=large / small, peak=high / low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """How many times as much CPU time and peak memory ten times the input took."""

    seconds: float
    peak: float


def read_alone(path: Path) -> tuple[float, float, float]:
    return run(*DRAGOMAN, "read", "--format", "jsonl", "--cores", "1", path)


def memory(options: argparse.Namespace) -> bool:
    grown = compare("read", options, read_alone, turns=(1, REPEATS))
    print(f"peak memory {grown.peak:.3f} times (at most {MEMORY_CEILING}); CPU time {grown.seconds:.2f} times")
    return grown.peak <= MEMORY_CEILING


def linear(options: argparse.Namespace) -> bool:
    grown = compare("read", options, read_alone, turns=(1, REPEATS, 1))
    print(f"10 times the input in {grown.seconds:.2f} times the time (at most {LINEAR_CEILING})")
    return grown.seconds <= LINEAR_CEILING


def adding(options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        full = options.record or Path(folder) / "full"
        events = make_record(full, options.events).counts()["events"]
        print(f"  each record holds {events:,} events before", flush=True)

        def add(path: Path) -> tuple[float, float, float]:
            record = shutil.copytree(full, Path(folder) / path.stem)
            taken = run(*DRAGOMAN, "add", "--record", record, "--cores", "1", path)
            shutil.rmtree(record)
            return taken

        grown = compare("add", options, add, turns=(1, REPEATS, 1))
    print(f"10 times the input in {grown.seconds:.2f} times the time (at most {LINEAR_CEILING})")
    return grown.seconds <= LINEAR_CEILING


def main() -> int:
    measures = {"ratio": (ratio, 2619), "cores": (cores, 400), "memory": (memory, 1000), "linear": (linear, 100)}
    measures["adding"] = (adding, 400)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=measures)
    parser.add_argument("--articles", type=int)
    parser.add_argument("--cut", type=int)
    parser.add_argument("--rounds", type=int, default=1, help="of `cores`: how often each is run")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    measure, number = measures[options.what]
    options.articles = options.articles or number
    is_met = measure(options)
    texts = f"the first {options.cut} characters of each text" if options.cut else "whole texts"
    print(f"{options.articles} articles, {texts}; load of the machine {os.getloadavg()[0]:.1f}")
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
