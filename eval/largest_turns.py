"""Prints the largest turns among the busiest dyads of a record with the happenings that made them, to be judged.


usage: python eval/largest_turns.py RECORD [--dyads 60] [--turns 10]
"""

from __future__ import annotations

import argparse
from collections import Counter
from itertools import combinations

from dragoman.store import RecordStore
from dragoman.ties import Turn, find_turns

STATE_CODE = 3  # umbrella codes carry an identifier and are longer


def busiest(store: RecordStore, number: int) -> list[tuple[str, str]]:
    """Gives the pairs that most asserted happenings name together."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in store.records(status="asserted"):
        sides = sorted({p for p in (*row["actors"], *row["recipients"]) if len(p) == STATE_CODE})
        counts.update(combinations(sides, 2))
    return [pair for pair, _ in counts.most_common(number)]


def turns_of(store: RecordStore, pairs: list[tuple[str, str]]) -> list[tuple[str, str, Turn]]:
    found = [
        (a, b, turn) for a, b in pairs for series in store.tie_series(a, b, by="week", directed=False)
        for turn in find_turns(series)
    ]  # fmt: skip
    return sorted(found, key=lambda each: -abs(each[2].size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record")
    parser.add_argument("--dyads", type=int, default=60)
    parser.add_argument("--turns", type=int, default=10)
    options = parser.parse_args()
    store = RecordStore.open(options.record)
    for a, b, turn in turns_of(store, busiest(store, options.dyads))[: options.turns]:
        way = "warmer" if turn.size > 0 else "colder"
        print(f"{turn.day}  {a}-{b}  {way} by {abs(turn.size):.2f} a day read, confidence {turn.confidence:.3f}")
        for row in store.records_by_id(turn.record_ids[:5]):
            sides = f"{','.join(row['actors'])} {row['event_type']} {','.join(row['recipients'])}"
            print(f"      {row['date']}  {sides}  {row['urls'][0] if row['urls'] else ''}")


if __name__ == "__main__":
    main()
