"""How the product scales: beside its model alone, with cores, with the size of the input and of the record.

usage: python eval/scale.py ratio|cores|memory|linear|adding [--articles N] [--cut CHARACTERS] [--events N]

ratio    CPU time of the whole `read` over that of gate and model alone on the same sentences (at most 1.35)
cores    seconds on one core over seconds on two (at least 1.8). Only an idle machine tells: nothing else may run, and
         both cores must be free; try `nice -n -5` and `--articles 400`, about two minutes each way
memory   peak memory of `read --cores 1` for N and for 10 N articles (within 10 %); N is 1,000 by default
linear   CPU time of `read` for N and 10 N articles (at most 10.5 times)
adding   CPU time of `add` for N and 10 N articles, each to a record that holds a million events already
All take the AllSides odd months as article lines, repeated with changed links where there are too few. `--cut` keeps
the first so many characters of each text, so that a run takes minutes and not hours.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import json
import lzma
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from score import ROOT, shared

from dragoman.model import Article, Report
from dragoman.rows import event_row

sys.path.insert(0, str(ROOT / "tests"))

RATIO_CEILING, CORES_FLOOR, MEMORY_CEILING, LINEAR_CEILING = 1.35, 1.8, 1.10, 10.5
DRAGOMAN = (sys.executable, "-m", "dragoman")
IN_A_BATCH = 20_000


def rows(number: int, cut: int | None) -> Iterator[dict[str, Any]]:
    """So many article lines, each with a link and a beginning of its own."""
    for around in count():
        with lzma.open(shared() / "data/news/allsides_odd_months.jsonl.xz", "rt", encoding="utf8") as lines:
            for line in islice(lines, number):
                row = json.loads(line)
                number -= 1
                yield {**row, "url": f"{row['url']}?{around}", "text": row["text"][:cut]}
        if not number:
            return


def write_lines(path: Path, number: int, cut: int | None) -> Path:
    with path.open("w", encoding="utf8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(number, cut))
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


def ratio(number: int, cut: int | None, _: int) -> bool:
    """The whole read in this process, against gate and model on the same articles, taking turns."""
    from dragoman.pipeline import Desk, Work, cut_shards

    desk = Desk(Work(is_brief=True))
    reports = (Report(location=row["doc"], kind="line", fields=row) for row in rows(number, cut))
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


def cores(number: int, cut: int | None, _: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = write_lines(Path(folder) / "lines.jsonl", number, cut)
        one, two = (run(*DRAGOMAN, "read", "--format", "jsonl", "--cores", str(n), path)[0] for n in (1, 2))
    print(f"one core {one:.1f} s, two cores {two:.1f} s: {one / two:.2f} times faster (at least {CORES_FLOOR})")
    return one / two >= CORES_FLOOR


def compare(name: str, number: int, cut: int | None, call: Callable[[Path], tuple[float, float, float]]) -> list[Any]:
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for size in (number, 10 * number):
            figures.append(call(write_lines(Path(folder) / f"{size}.jsonl", size, cut)))
            print(
                f"{name} {size} articles: {figures[-1][1]:.1f} s of CPU time, peak {figures[-1][2]:.0f} MiB", flush=True
            )
    return figures


def read_alone(path: Path) -> tuple[float, float, float]:
    return run(*DRAGOMAN, "read", "--format", "jsonl", "--cores", "1", path)


def memory(number: int, cut: int | None, _: int) -> bool:
    small, large = compare("read", number, cut, read_alone)
    grown = large[2] / small[2]
    print(f"peak memory {grown:.3f} times (at most {MEMORY_CEILING}); CPU time {large[1] / small[1]:.2f} times")
    return bool(grown <= MEMORY_CEILING)


def linear(number: int, cut: int | None, _: int) -> bool:
    small, large = compare("read", number, cut, read_alone)
    print(f"10 times the input in {large[1] / small[1]:.2f} times the time (at most {LINEAR_CEILING})")
    return bool(large[1] / small[1] <= LINEAR_CEILING)


def adding(number: int, cut: int | None, events: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full"
        fill(full, events)

        def add(path: Path) -> tuple[float, float, float]:
            record = shutil.copytree(full, Path(folder) / path.stem)
            return run(*DRAGOMAN, "add", "--record", record, "--cores", "1", path)

        small, large = compare("add", number, cut, add)
    print(f"10 times the input in {large[1] / small[1]:.2f} times the time (at most {LINEAR_CEILING})")
    return bool(large[1] / small[1] <= LINEAR_CEILING)


def fill(path: Path, events: int) -> None:
    """Makes a record with so many generated events, each of an article of its own, over twenty years."""
    from strategies import make_event, make_party, make_reading

    from dragoman.store import RecordStore

    store = RecordStore.open(path, create=True)
    codes = ("USA", "RUS", "CHN", "FRA", "DEU", "GBR", "IRN", "ISR", "IND", "PAK", "TUR", "UKR", "EGY", "SAU", "JPN")
    types = ("CONSULT", "ACCUSE", "ASSAULT", "SUPPORT", "THREATEN", "AGREE", "REQUEST")
    base = make_event()
    started = time.perf_counter()
    for begin in range(0, events, IN_A_BATCH):
        readings = []
        for at in range(begin, min(events, begin + IN_A_BATCH)):
            day = date(2005, 1, 1) + timedelta(days=at * 7919 % 7300)
            evidence = replace(base.evidence, article_id=f"g{at}", doc=f"g{at}", url=f"https://paper.example/{at}")
            sides = [(make_party(codes[(at * step) % len(codes)]),) for step in (1, 7)]
            event = replace(
                base, event_id=f"e{at}", event_type=types[at % len(types)], evidence=evidence, actors=sides[0],
                recipients=sides[1], date=replace(base.date, value=day.isoformat()),
            )  # fmt: skip
            readings.append(make_reading(event))
        store.add(readings, merge=False)
    store.merge()
    print(f"a record with {events} events made in {time.perf_counter() - started:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("ratio", "cores", "memory", "linear", "adding"))
    parser.add_argument("--articles", type=int)
    parser.add_argument("--cut", type=int)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    measures = {"ratio": (ratio, 2619), "cores": (cores, 400), "memory": (memory, 1000), "linear": (linear, 100)}
    measure, number = {**measures, "adding": (adding, 400)}[options.what]
    return int(not measure(options.articles or number, options.cut, options.events))


if __name__ == "__main__":
    sys.exit(main())
