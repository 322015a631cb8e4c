"""Prints how often coded events of random headlines are right, and how often sentences without an event get one.

usage: python eval/judged.py

`eval/events_judged.tsv` and `eval/sentences_judged.tsv` hold what two readers said of headline items of 2025 that are
in no training file. Verdicts on events belong to the events that were judged, by the weights named there. Sentences are
read anew, with the present product, from $DRAGOMAN_SHARED or ../shared.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from score import ROOT, dragoman, shared

Row = dict[str, str]
RIGHT_FLOOR, WRONGLY_READ_CEILING = 0.85, 0.05


def verdicts(name: str) -> list[Row]:
    lines = (ROOT / "eval" / name).read_text(encoding="utf8").splitlines()
    return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"))


def print_events(rows: Sequence[Row]) -> float:
    """Prints the share of right events for some least confidences; gives the mean of both readers over all."""
    for least in (0.0, 0.5, 0.7, 0.9):
        some = [row for row in rows if float(row["confidence"]) >= least]
        one, other = (sum(row[reader] == "right" for row in some) / len(some) for reader in ("one", "other"))
        print(f"confidence from {least:.1f}: {len(some):3} events, right by the readers {one:.3f} and {other:.3f}")
    agreed = sum((row["one"] == "right") == (row["other"] == "right") for row in rows)
    print(f"the readers agree on {agreed} of {len(rows)}; first fault by one: {dict(Counter(r['one'] for r in rows))}")
    return sum((row["one"] == "right") + (row["other"] == "right") for row in rows) / 2 / len(rows)


def anchors(docs: set[str]) -> dict[str, list[int]]:
    """Reads the items with the product: where the anchors of their events begin."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf8") as file:
        with lzma.open(shared() / "data/news/headlines_2025.jsonl.xz", "rt", encoding="utf8") as lines:
            file.writelines(line for line in lines if json.loads(line)["doc"] in docs)
        file.flush()
        found = defaultdict(list)
        for line in dragoman("read", "--format", "jsonl", Path(file.name)).splitlines():
            event = json.loads(line)
            found[event["doc"]].append(event["anchor"]["start"])
    return found


def print_sentences(rows: Sequence[Row]) -> float:
    """Prints how many sentences get an event, by what both readers say of them; gives the share among those without."""
    starts = anchors({row["doc"] for row in rows})
    shares = {}
    for said in ("none", "event"):
        some = [row for row in rows if row["one"] == row["other"] == said]
        hit = sum(any(int(r["start"]) <= at < int(r["end"]) for at in starts[r["doc"]]) for r in some)
        shares[said] = hit / len(some)
        print(f"sentences that both readers call {said!r}: {hit} of {len(some)} get an event ({shares[said]:.1%})")
    return shares["none"]


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    right = print_events(verdicts("events_judged.tsv"))
    wrongly = print_sentences(verdicts("sentences_judged.tsv"))
    print(f"right {right:.3f} (floor {RIGHT_FLOOR}), wrongly read {wrongly:.3f} (ceiling {WRONGLY_READ_CEILING})")
    return int(right < RIGHT_FLOOR or wrongly > WRONGLY_READ_CEILING)


if __name__ == "__main__":
    sys.exit(main())
