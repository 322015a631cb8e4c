"""Prints what the gate in front of the reader costs and spares: mentions lost, sentences not read.

usage: python eval/gate_loss.py [--product]     --product also scores the whole product with and without the gate

A mention is lost where the product without the gate finds an event in its sentence and the gate holds that sentence
back. Told beside it: all labelled mentions in sentences held back, whether or not the network would have found them.
Reporting documents: at most one mention may be lost; their misses choose nothing. Held out of training: below 0.5 %.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from score import ROOT, score_events, shared
from tokenizers import Tokenizer

from dragoman.coder import Coder
from dragoman.model import Article, Sentence
from dragoman.reader.gate import Gate
from dragoman.reader.network import default_folder
from dragoman.reader.sentences import split_article
from dragoman.reader.windows import cut_pieces, load_tokenizer

sys.path.insert(0, str(ROOT / "train"))
from corpus import is_held_out

MOST_LOST = 1
HELD_OUT_CEILING = 0.005


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf8") if path.suffix == ".xz" else path.open(encoding="utf8") as stream:
        yield from (json.loads(line) for line in stream)


def article_of(row: Mapping[str, Any]) -> Article:
    return Article(id="", doc=row["doc"], title=row.get("title") or "", text=row["text"])


@dataclass(kw_only=True)
class Loss:
    """Mentions that are labelled and that the product finds, in all and in sentences held back; sentences."""

    mentions: int = 0
    held_mentions: int = 0
    found: int = 0
    lost: int = 0
    sentences: int = 0
    held: int = 0

    def __str__(self) -> str:
        return (
            f"{self.lost} of {self.found} mentions that are found without the gate lost; "
            f"{self.held_mentions} of all {self.mentions} in sentences held back; "
            f"{self.held / self.sentences:.1%} of {self.sentences} sentences not read"
        )


def gold_loss(gate: Gate, docs: Iterable[Mapping[str, Any]], gold: Path) -> Loss:
    """Reads documents without the gate and counts what it would have cost."""
    starts, loss = defaultdict(list), Loss()
    for row in lines(gold):
        starts[row["doc"]].append(row["start"])
    coder = Coder(threads=1, gate=False)
    for coded in coder.code(article_of(row) for row in docs):
        events = [event.evidence.anchor.start for event in coded.events]
        for sentence, passes in judged(gate, coded.sentences):
            inside = range(sentence.start, sentence.end)
            here = sum(at in inside for at in starts[coded.article.doc])
            found = here * any(at in inside for at in events)
            loss.mentions, loss.found, loss.sentences = loss.mentions + here, loss.found + found, loss.sentences + 1
            if not passes:
                loss.held_mentions, loss.lost, loss.held = loss.held_mentions + here, loss.lost + found, loss.held + 1
    return loss


def judged(gate: Gate, sentences: Sequence[Sentence]) -> Iterator[tuple[Sentence, bool]]:
    return zip(sentences, gate.passes(cut_pieces(tokenizer(), sentences)), strict=True)


@cache
def tokenizer() -> Tokenizer:
    return load_tokenizer(default_folder() / "tokenizer.json")


def share_not_read(gate: Gate, path: Path) -> tuple[int, int]:
    passed = [may for row in lines(path) for _, may in judged(gate, split_article(article_of(row)))]
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
    print(f"{gate.version}, threshold {gate.threshold:.3f}")
    reported = gold_loss(gate, lines(gold / "dev_docs.jsonl"), gold / "dev_gold.jsonl")
    print(f"reporting documents: {reported} (lost: at most {MOST_LOST})")
    kept = (row for row in lines(gold / "train_docs.jsonl") if is_held_out(row["doc"]))
    held_out = gold_loss(gate, kept, gold / "train_gold.jsonl")
    share = held_out.lost / held_out.found
    print(f"held-out documents: {held_out}: {share:.2%} (below 0.5 %)")
    for name in ("allsides_odd_months", "headlines_2025"):
        held, number = share_not_read(gate, news / f"{name}.jsonl.xz")
        print(f"{name}: {held} of {number} sentences not read ({held / number:.1%})")
    if options.product:
        print_product(gold)
    return int(reported.lost > MOST_LOST or share >= HELD_OUT_CEILING)


if __name__ == "__main__":
    sys.exit(main())
