"""Prints the largest turns of a record among any dyads with the happenings that made them, to be judged by reading.

Every pair of states and bodies with at least `--least` happenings is looked at, week by week, both directions pooled.
Under each turn: what passed in the weeks before it and after it, the weightiest first, each with its sentence.

usage: python eval/largest_turns.py RECORD [--turns 10] [--least 8] [--since DAY] [--until DAY] [--by week]
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path

from record import WRONG_CALL, open_record

from dragoman.dyads import DyadTies, happening_lines
from dragoman.neighbourhood import find_pairs
from dragoman.store import RecordStore
from dragoman.ties import Turn, Window

SHOWN = 4


def find_all(store: RecordStore, window: Window, least: int) -> list[tuple[str, str, DyadTies, Turn]]:
    """All turns of all pairs, the largest first; the first weeks of a pair are no turn of its own."""
    found = []
    for pair in find_pairs(store, window):
        if pair.happenings >= least:
            ties = store.ties(
                pair.a, pair.b, since=window.since, until=window.until, by=window.by, directed=False, turns=False
            )
            found += [(pair.a, pair.b, ties, turn) for turn in ties.turns]
    return sorted(found, key=lambda each: -abs(each[3].size))


def print_turn(a: str, b: str, ties: DyadTies, turn: Turn) -> None:
    way = "warmer" if turn.size > 0 else "colder"
    levels = f"{turn.before:+.2f} to {turn.after:+.2f} a day read"
    print(f"\n{turn.day}  {a}-{b}  {way}, {levels}, confidence {turn.confidence:.4f}")
    for heading, rows in zip(("before", "after"), ties.happenings_of(turn), strict=True):
        print(f"  {heading}: {len(rows)} happenings")
        for row in rows[:SHOWN]:
            print("\n".join(f"  {line}" for line in happening_lines(row)))


def asked_window(store: RecordStore, options: argparse.Namespace) -> Window:
    """The window asked for; what is left open reaches as far as anything was read. Exit 2 where nothing was."""
    read = sorted(store.articles_by_day())
    if not read and not (options.since and options.until):
        said = f"nothing was read into {options.record} yet: add reports, or name --since and --until"
        print(f"{Path(sys.argv[0]).name}: {said}", file=sys.stderr)
        raise SystemExit(WRONG_CALL)
    since, until = options.since or read[0], options.until or read[-1] + timedelta(days=1)
    return Window(since=since, until=until, by=options.by)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record")
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--least", type=int, default=8)
    parser.add_argument("--since", type=date.fromisoformat)
    parser.add_argument("--until", type=date.fromisoformat)
    parser.add_argument("--by", choices=("day", "week", "month"), default="week")
    options = parser.parse_args()
    store = open_record(options.record)
    window = asked_window(store, options)
    found = find_all(store, window, options.least)
    print(f"{len(found)} turns from {window.since} to {window.until}, by {window.by}")
    for each in found[: options.turns]:
        print_turn(*each)


if __name__ == "__main__":
    main()
