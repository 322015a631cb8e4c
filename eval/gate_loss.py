"""Prints what the gate in front of the reader costs and spares: mentions lost, sentences not read.

usage: python eval/gate_loss.py [--product]     --product also scores the whole product with and without the gate

A mention is lost where its sentence does not pass the gate, whether or not the network would have found it. Reporting
documents: at most one mention may be lost; their misses choose nothing. Documents held out of training: below 0.5 %.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from score import ROOT, score_events, shared

from dragoman.model import Article, Sentence
from dragoman.reader.gate import Gate
from dragoman.reader.sentences import split_article

sys.path.insert(0, str(ROOT / "train"))
from corpus import is_held_out

MOST_LOST = 1
HELD_OUT_CEILING = 0.005


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf8") if path.suffix == ".xz" else path.open(encoding="utf8") as stream:
        yield from (json.loads(line) for line in stream)


def sentences_of(row: Mapping[str, Any]) -> tuple[Sentence, ...]:
    return split_article(Article(id="", doc=row["doc"], title=row.get("title") or "", text=row["text"]))


def gold_loss(gate: Gate, docs: Iterable[Mapping[str, Any]], gold: Path) -> tuple[int, int, int, int]:
    """Mentions lost and in all, sentences not read and in all."""
    starts = defaultdict(list)
    for row in lines(gold):
        starts[row["doc"]].append(row["start"])
    lost = mentions = held = number = 0
    for row in docs:
        for sentence in sentences_of(row):
            here = sum(sentence.start <= at < sentence.end for at in starts[row["doc"]])
            is_held = not gate.passes(sentence)
            lost, mentions = lost + here * is_held, mentions + here
            held, number = held + is_held, number + 1
    return lost, mentions, held, number


def share_not_read(gate: Gate, path: Path) -> tuple[int, int]:
    passed = [gate.passes(sentence) for row in lines(path) for sentence in sentences_of(row)]
    return passed.count(False), len(passed)


def print_product(gold: Path) -> None:
    """Prints the events' scores on the reporting documents with and without the gate."""
    for option in ("--gate", "--no-gate"):
        figures = score_events(gold / "dev_docs.jsonl", gold / "dev_gold.jsonl", option)
        told = ", ".join(
            f"{name} R {figures[name]['r']:.3f} F1 {figures[name]['f1']:.3f}" for name in ("found", "type", "full")
        )
        print(f"product {option:10} {figures['predicted']} events: {told}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--product", action="store_true")
    options = parser.parse_args()
    gate, gold, news = Gate.load(), shared() / "gold", shared() / "data/news"
    lost, mentions, held, number = gold_loss(gate, lines(gold / "dev_docs.jsonl"), gold / "dev_gold.jsonl")
    print(f"{gate.version}, threshold {gate.threshold:.3f}")
    print(
        f"reporting documents: {lost} of {mentions} mentions lost (at most {MOST_LOST}); {held / number:.1%} not read"
    )
    kept = (row for row in lines(gold / "train_docs.jsonl") if is_held_out(row["doc"]))
    lost_there, there, held, number = gold_loss(gate, kept, gold / "train_gold.jsonl")
    share = lost_there / there
    print(f"held-out documents: {lost_there} of {there} lost, {share:.2%} (below 0.5 %); {held / number:.1%} not read")
    for name in ("allsides_odd_months", "headlines_2025"):
        held, number = share_not_read(gate, news / f"{name}.jsonl.xz")
        print(f"{name}: {held} of {number} sentences not read ({held / number:.1%})")
    if options.product:
        print_product(gold)
    return int(lost > MOST_LOST or share >= HELD_OUT_CEILING)


if __name__ == "__main__":
    sys.exit(main())
