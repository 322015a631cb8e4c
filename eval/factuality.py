"""Measures the reader's status against human judgements of what happened (UW factuality). Nothing is learned from them.

usage: python eval/factuality.py [--part dev] [--reader FOLDER]

A marked word did not happen where people put it at -1 or below (of -3 to 3). The reader is asked for the status of
that word as of an event anchored there; "negated" says that it did not happen. The set marks any verb, not political
events alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from score import shared

from dragoman.model import Sentence
from dragoman.reader.decode import status_of
from dragoman.reader.look import Anchor, SecondLook
from dragoman.reader.network import Network, default_folder
from dragoman.reader.windows import Window, cut_pieces, load_tokenizer, pack_windows

TARGET = 0.55
DID_NOT_HAPPEN = -1.0


def places_of(row: dict[str, Any]) -> Iterator[tuple[int, int, float]]:
    """Yields (first character, last character, label) of each judged word."""
    words = row["text"].split(" ")
    starts = [sum(len(w) + 1 for w in words[:i]) for i in range(len(words))]
    for target in row["targets"]:
        first, last = target["span1"]
        yield starts[first], starts[last - 1] + len(words[last - 1]), float(target["label"])


def tokens_of(window: Window, start: int, end: int) -> tuple[int, int] | None:
    """Gives the tokens of a window that cover some characters, or None where it was cut before them."""
    begin, pieces = window.begins[0], window.sentences[0]
    inside = [i for i, (a, b) in enumerate(zip(pieces.starts, pieces.ends, strict=True)) if a < end and b > start]
    return (begin + inside[0], begin + inside[-1] + 1) if inside else None


def verdicts(network: Network, folder: Path, rows: list[dict[str, Any]]) -> Iterator[tuple[bool, bool]]:
    """Yields (did not happen, read as negated) for each judged word, as the second look judges it."""
    look = SecondLook(folder, weight=network.settings["second_look"])
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    sentence = lambda text: Sentence(index=0, start=0, end=len(text), text=text)  # noqa: E731
    windows = [pack_windows(cut_pieces(tokenizer, [sentence(row["text"])]))[0] for row in rows]
    for row, window, output in zip(rows, windows, network.read(windows), strict=True):
        for start, end, label in places_of(row):
            span = tokens_of(window, start, end)
            if span:
                first = network.heads.judge(network.heads.vector(output.states, *span))
                anchor = Anchor(sentence=output.states[1:-1], start=span[0] - 1, end=span[1] - 1, judgement=first)
                [seen] = look.again([anchor])
                status = status_of(seen.judgement, window.sentences[0].sentence, start, labels=network.labels)
                yield label <= DID_NOT_HAPPEN, status == "negated"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("dev", "train"), default="dev")
    parser.add_argument("--reader", type=Path, default=default_folder())
    options = parser.parse_args()
    lines = (shared() / f"data/factuality/uw_{options.part}.jsonl").read_text(encoding="utf8").splitlines()
    judged = list(verdicts(Network(options.reader), options.reader, [json.loads(line) for line in lines]))
    both = sum(gold and guess for gold, guess in judged)
    gold, guess = (sum(pair[i] for pair in judged) for i in (0, 1))
    p, r, f1 = both / max(guess, 1), both / max(gold, 1), 2 * both / max(gold + guess, 1)
    print(f"did not happen: P {p:.3f}  R {r:.3f}  F1 {f1:.3f} of {gold} among {len(judged)} words   (target {TARGET})")


if __name__ == "__main__":
    main()
