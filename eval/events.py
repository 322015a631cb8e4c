"""Prints how well events are read on the reporting documents, beside the measured floor and the aims.

usage: python eval/events.py [--misses N]

--misses shows so many labelled mentions, drawn at random, that are not read right, with what was told in their place
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from score import dragoman, score_events, shared

# Type F1 of the same encoder with two linear heads and no context, measured before the project began.
FLOOR_TYPE = 0.41


Row: TypeAlias = dict[str, Any]


def find_misses(docs: Path, gold: Path) -> Iterator[tuple[str, Row, Row | None]]:
    """Labelled mentions that are not read right: why, the label, and the event told in its sentence, if any."""
    told = defaultdict(list)
    for line in dragoman("read", "--format", "jsonl", docs).splitlines():
        event = json.loads(line)
        told[event["doc"]].append(event)
    for line in gold.read_text("utf8").splitlines():
        label = json.loads(line)
        event = nearest_event(label, told[label["doc"]])
        if why := what_is_wrong(label, event):
            yield why, label, event


def nearest_event(label: Row, events: list[Row]) -> Row | None:
    """The event of the label's sentence that is most like it: of its type first, then where the anchors meet."""
    near = [
        e for e in events if e["sentence"]["start"] < label["sent_end"] and e["sentence"]["end"] > label["sent_start"]
    ]
    likeness = [
        (e["event_type"] == label["type"], e["anchor"]["start"] < label["end"] and e["anchor"]["end"] > label["start"])
        for e in near
    ]
    return near[likeness.index(max(likeness))] if near and any(max(likeness)) else None


def what_is_wrong(label: Row, event: Row | None) -> str | None:
    """Why a label is missed; None where type, sides and status are read. A side fits where one of its codes is told."""
    if event is None:
        return "not found"
    if event["event_type"] != label["type"]:
        return "other type"
    sides = [
        [{p["code"] for p in row[side] if p["code"]} for side in ("actors", "recipients")] for row in (label, event)
    ]
    if label["type"] in {"AGREE", "CONSULT"}:
        sides = [[set.union(*both)] for both in sides]
    if any(wanted and not wanted & got for wanted, got in zip(*sides, strict=True)):
        return "sides"
    return None if event["status"] == label["status"] else "status"


def show_misses(docs: Path, gold: Path, number: int) -> None:
    misses = list(find_misses(docs, gold))
    print(
        f"\n{len(misses)} missed: " + ", ".join(f"{n} {why}" for why, n in Counter(m[0] for m in misses).most_common())
    )
    for why, label, event in random.Random(1).sample(misses, min(number, len(misses))):
        print(f"-- {why}: {told_as(label, label['type'], label['anchor'])}")
        if event is not None:
            print(f"   told: {told_as(event, event['event_type'], event['anchor']['text'])}")


def told_as(row: Row, event_type: str, anchor: str) -> str:
    sides = (
        ", ".join(f"{p['text']} ({p['code']})" for p in row[side]) or "nobody" for side in ("actors", "recipients")
    )
    return f"{event_type} {row['status']} “{anchor}”: {' -> '.join(sides)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", type=int, metavar="N")
    options = parser.parse_args()
    folder = shared() / "gold"
    figures = score_events(folder / "dev_docs.jsonl", folder / "dev_gold.jsonl")
    print(f"gold {figures['gold']}, predicted {figures['predicted']}, wrong spans {figures['bad_spans']}")
    for name in ("found", "quad", "type", "parties", "full"):
        p, r, f1 = (figures[name][k] for k in ("p", "r", "f1"))
        beside = f"   (floor {FLOOR_TYPE})" if name == "type" else ""
        print(f"{name:18} P {p:.3f}  R {r:.3f}  F1 {f1:.3f}{beside}")
    for name, (value, number) in figures["accuracy"].items():
        print(f"{name:18} {value:.3f} of {number}")
    for name, score in figures["f1"].items():
        print(f"{name:18} P {score['p']:.3f}  R {score['r']:.3f}  F1 {score['f1']:.3f}")
    print("\ntype          P     R     F1    n")
    for name, score in figures["by_type"].items():
        print(f"{name:12} {score['p']:.2f}  {score['r']:.2f}  {score['f1']:.2f}  {score['n']}")
    if options.misses:
        show_misses(folder / "dev_docs.jsonl", folder / "dev_gold.jsonl", options.misses)


if __name__ == "__main__":
    main()
