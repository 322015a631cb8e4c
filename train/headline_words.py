"""Lists words that English headlines write small and pages in other languages do not: they tell a short text English.

    python train/headline_words.py SHARED > src/dragoman/data/words/headline.txt

Counted are headlines published before August 2025. Left out are words that stand in pages of the tuning part of
eval/extraction.py whose markup states another language.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "eval"))

from extraction import ours, page_language, part_of, read_fundus, read_trafilatura

# Articles in which a word must stand.
LEAST = 3
BEFORE = "2025-08"
# Shorter words stand in many languages.
WORD = re.compile(r"\b[a-z]{4,}\b")


def foreign_texts(shared: Path) -> Iterator[str]:
    for gold in [*read_fundus(shared / "data/pages"), *read_trafilatura(shared / "data/pages")]:
        if part_of(gold.name) == "tuning" and page_language(gold) not in {"", "en"}:
            yield f"{gold.title or ''} {gold.text or ours(gold).text}"


def main() -> None:
    shared = Path(sys.argv[1])
    counts: Counter[str] = Counter()
    with lzma.open(shared / "data/news/headlines_2025.jsonl.xz", "rt", encoding="utf-8") as stream:
        for row in map(json.loads, stream):
            if row["published"][:7] < BEFORE:
                counts.update(set(WORD.findall(f"{row.get('title') or ''} {row.get('text') or ''}")))
    elsewhere = {word for text in foreign_texts(shared) for word in WORD.findall(text)}
    print("# Words of four or more letters that English headlines and leads from April to July 2025 write small,")
    print(f"# in {LEAST} or more of them, and pages in other languages do not. Counted by train/headline_words.py.")
    for word in sorted(word for word, number in counts.items() if number >= LEAST and word not in elsewhere):
        print(word)


if __name__ == "__main__":
    main()
