"""Prints how far the confidence of events can be trusted: a reliability table against labelled documents.

usage: python eval/calibration.py [--bins 8]

For the training documents held out by digest and for the reporting documents: events in bins of like number by their
confidence, with the mean confidence beside the share of events whose type a careful reader gave too, and whose type,
parties and status all were; and the expected calibration error (the mean distance of the two, weighed by events).
Matching is that of the shared scorer `eval/score_events.py`. A reader who marks an event that the labels lack counts
as wrong, also where two readers might differ.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from score import NO_DATA, ROOT, dragoman, shared

sys.path.insert(0, str(ROOT / "train"))
from corpus import is_held_out

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """One event: how sure the reader was, and what of it the labels bear out."""

    confidence: float
    is_type: bool
    is_full: bool


def scorer() -> ModuleType:
    """The shared scorer as a module, so that matching is exactly the one that others measure with."""
    spec = importlib.util.spec_from_file_location("score_events", shared() / "eval/score_events.py")
    if spec is None or spec.loader is None:
        raise SystemExit(NO_DATA)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


def read_documents(docs: Sequence[Row]) -> list[Row]:
    """Reads documents with the product, as its users would."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf8") as file:
        file.writelines(json.dumps(doc) + "\n" for doc in docs)
        file.flush()
        return [json.loads(line) for line in dragoman("read", "--format", "jsonl", file.name).splitlines()]


def judge(golds: Sequence[Row], told: Sequence[Row], rules: ModuleType) -> Iterator[Judged]:
    """Yields the events of one document as the labels judge them, each label used once, the best match first."""
    pairs = [(rules.affinity(g, p), i, j) for i, g in enumerate(golds) for j, p in enumerate(told)]
    taken: dict[int, int] = {}
    for _, i, j in sorted((t for t in pairs if t[0] is not None), key=lambda t: (-t[0], t[1], t[2])):
        if j not in taken and i not in taken.values():
            taken[j] = i
    for j, event in enumerate(told):
        gold = golds[taken[j]] if j in taken else None
        is_type = gold is not None and gold["type"] == event["event_type"]
        is_full = is_type and rules.same_parties(gold, event) and gold["status"] == event["status"]  # type: ignore[index]
        yield Judged(event["confidence"], is_type, is_full)


def judged(part: str, *, held_out: bool) -> list[Judged]:
    """Judges all events of a part of the labelled documents."""
    folder, rules = shared() / "gold", scorer()
    docs = [d for d in rows(folder / f"{part}_docs.jsonl") if not held_out or is_held_out(d["doc"])]
    golds, told = defaultdict(list), defaultdict(list)
    for row in rows(folder / f"{part}_gold.jsonl"):
        golds[row["doc"]].append(row)
    for row in read_documents(docs):
        told[row["doc"]].append(row)
    return [one for doc in docs for one in judge(golds[doc["doc"]], told[doc["doc"]], rules)]


def print_table(name: str, events: Sequence[Judged], bins: int) -> None:
    print(f"{name}: {len(events)} events\nconfidence   mean   type right   all right     n")
    ordered = sorted(events, key=lambda one: one.confidence)
    errors = {"type": 0.0, "all": 0.0}
    for part in np.array_split(np.arange(len(ordered)), bins):
        group = [ordered[i] for i in part]
        sure, kind, full = (np.mean([getattr(g, f) for g in group]) for f in ("confidence", "is_type", "is_full"))
        errors["type"] += abs(sure - kind) * len(group) / len(ordered)
        errors["all"] += abs(sure - full) * len(group) / len(ordered)
        first, last = group[0].confidence, group[-1].confidence
        print(f"{first:.2f}-{last:.2f}    {sure:.3f}     {kind:.3f}        {full:.3f}     {len(group):4}")
    print("expected calibration error: " + ", ".join(f"{what} {error:.3f}" for what, error in errors.items()) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bins", type=int, default=8)
    bins = parser.parse_args().bins
    print_table("training documents held out", judged("train", held_out=True), bins)
    print_table("reporting documents", judged("dev", held_out=False), bins)


if __name__ == "__main__":
    main()
