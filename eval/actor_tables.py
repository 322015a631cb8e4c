"""Measures the actor tables: load time and memory, microseconds a look-up, and the import of PETRARCH dictionaries.

usage: eval/actor_tables.py [--dictionaries]

Load time is CPU time of a fresh process (target: under 1 s), memory the peak that loading adds to it (under 100 MB),
a look-up is `find` for one word of running text (a few microseconds) and `members` on a day. `--dictionaries` loads
every file of shared/data/petrarch_dictionaries: each line with a name or code must be loaded or reported with its
number (target: none lost). Exits 3 where it needs `shared` and finds none, 1 where an entry is lost.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from time import process_time

from actors import shared_folder

from dragoman.actors import ActorIndex
from dragoman.actors.dictionaries import load_dictionary
from dragoman.actors.names import Names
from dragoman.actors.words import split_words

TEXT = (
    "Russian Foreign Minister Sergei Lavrov met his Turkish counterpart in Ankara while NATO ministers gathered in "
    "Brussels, and Ukraine's President Volodymyr Zelensky asked the International Criminal Court for an inquiry. "
)
ROUNDS = 200
LARGEST_MB, SLOWEST_S = 100, 1.0
_NOTE = re.compile(r"[#;].*$")
_SET = re.compile(r"^![A-Z]+! *=")


def measure_load() -> tuple[float, float]:
    """CPU seconds and megabytes that loading takes in a process of its own, the imports not counted."""
    code = (
        "import resource, time; from dragoman.actors import ActorIndex; "
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024; "
        "before, since = peak(), time.process_time(); index = ActorIndex.load(); "
        "print(time.process_time() - since, peak() - before)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, megabytes = told.split()
    return float(seconds), float(megabytes)


def print_speed() -> None:
    seconds, megabytes = measure_load()
    print(f"load: {seconds:.2f} s CPU (target under {SLOWEST_S} s), {megabytes:.0f} MB (target under {LARGEST_MB} MB)")
    names, words = Names(), split_words(TEXT)
    names.find(TEXT, words)
    since = process_time()
    for _ in range(ROUNDS):
        names.find(TEXT, words)
    print(f"find: {(process_time() - since) / ROUNDS / len(words) * 1e6:.1f} microseconds a word")
    index = ActorIndex(names)
    since = process_time()
    for _ in range(ROUNDS):
        index.find_office("FRA", "president", date(2010, 1, 1))
    print(f"office on a day: {(process_time() - since) / ROUNDS * 1e6:.1f} microseconds")


def entry_lines(path: Path) -> int:
    """Counts the lines of a dictionary that hold a name or a code, apart from remarks, sets and markup."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    bare = [_NOTE.sub("", line).strip() for line in lines]
    return sum(bool(line) and not line.startswith("<") and not _SET.match(line) for line in bare)


def print_dictionaries() -> bool:
    lost = 0
    for path in sorted((shared_folder() / "data" / "petrarch_dictionaries").glob("*.txt")):
        loaded = load_dictionary(path)
        told = {int(problem.split(":")[1]) for problem in loaded.problems}
        unread = entry_lines(path) - len(loaded.lines | told)
        lost += max(0, unread)
        print(
            f"{path.name}: {entry_lines(path)} lines with an entry, {len(loaded.names)} names loaded from "
            f"{len(loaded.lines)} lines, {len(told)} lines reported, {max(0, unread)} lost"
        )
    print(f"lost: {lost} (target 0)")
    return lost == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dictionaries", action="store_true")
    if parser.parse_args().dictionaries:
        raise SystemExit(0 if print_dictionaries() else 1)
    print_speed()


if __name__ == "__main__":
    main()
