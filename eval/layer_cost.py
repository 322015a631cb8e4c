"""Measures what times and places cost beside reading: CPU time of both layers over that of the reader.

usage: python eval/layer_cost.py [--rounds N]

Reads the reporting documents of the gold, several times, in one process and on one thread; CPU time (not wall time), so
that other work on the machine does not count. "layers" is finding times and places and tying them to the events read;
"reading" is splitting, the network and its decoding. Tables are loaded before the clock starts. Exits 3 without
`shared`, 1 where the share is above its target.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

from score import shared

from dragoman.model import Article
from dragoman.places import PlaceIndex
from dragoman.reader import Reader, Reading
from dragoman.times import date_event, find_times, is_history

TARGET = 0.20


def read_articles(path: Path) -> list[Article]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    return [
        Article(
            id=row["doc"], doc=row["doc"], url=row.get("url"), title=row.get("title") or "", text=row["text"],
            published=date.fromisoformat(row["published"]) if row.get("published") else None,
        )
        for row in rows
    ]  # fmt: skip


def add_layers(reading: Reading, places: PlaceIndex, spent: Counter[str]) -> None:
    """Does for one article what `coder` does with the two layers, and adds the CPU seconds of each part."""
    article, sentences = reading.article, reading.sentences
    begin = time.process_time()
    times = find_times(article, sentences)
    found_times = time.process_time()
    found = places.find_places(article, sentences)
    found_places = time.process_time()
    for event in reading.events:
        date_event(event, times, article, sentences)
        is_history(event, times, article, sentences)
        places.place_event(event, found, article)
    spent["times"] += found_times - begin
    spent["places"] += found_places - found_times
    spent["tying to events"] += time.process_time() - found_places


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    articles = read_articles(shared() / "gold" / "dev_docs.jsonl")
    reader, places = Reader(threads=1), PlaceIndex.load()
    for reading in reader.read(articles[:4]):
        add_layers(reading, places, Counter())
    spent: Counter[str] = Counter()
    for _ in range(rounds):
        begin = time.process_time()
        readings = list(reader.read(articles))
        spent["reading"] += time.process_time() - begin
        for reading in readings:
            add_layers(reading, places, spent)
    sentences = rounds * sum(len(reading.sentences) for reading in readings)
    for part, seconds in spent.items():
        print(f"{part:16} {1000 * seconds / sentences:7.3f} ms a sentence")
    share = (spent["times"] + spent["places"] + spent["tying to events"]) / spent["reading"]
    print(f"{'share':16} {share:7.3f} of reading   target {TARGET:.2f}")
    return 1 if share > TARGET else 0


if __name__ == "__main__":
    sys.exit(main())
