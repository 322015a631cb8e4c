"""Counts in how many articles each stem stands: how much a word says about which happening is meant.

    python train/word_weights.py SHARED > src/dragoman/data/merging/weights.tsv

Counted are headlines and leads published before August 2025; the judged pairs of eval/ are of later months. Stems in
fewer than LEAST articles are left out: merging takes any stem that is not in the table for rare.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections import Counter
from pathlib import Path

from dragoman.records import stems_of

LEAST = 6
BEFORE = "2025-08"


def main() -> None:
    path = Path(sys.argv[1]) / "data/news/headlines_2025.jsonl.xz"
    counts: Counter[str] = Counter()
    articles = 0
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            if row["published"][:7] < BEFORE:
                articles += 1
                counts.update(set(stems_of(f"{row.get('title') or ''} {row.get('text') or ''}")))
    print(f"# Articles, of {articles}, in which a stem (five letters of a word) stands; rarer than {LEAST}: left out.")
    print("# Counted by train/word_weights.py on English headlines and leads published from April to July 2025.")
    print(f"stem\tarticles\n*\t{articles}")
    for stem, number in sorted(counts.items()):
        if number >= LEAST and not stem.isdecimal():
            print(f"{stem}\t{number}")


if __name__ == "__main__":
    main()
