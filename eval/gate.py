"""Fails when a measured figure falls below its floor. Floors never fall in silence.

usage: python eval/gate.py [--raise]      --raise lifts the floors to what is measured (less the noise)

`eval/floors.json` holds the floors and the digest of the gold they were measured on. A figure may lie below its floor
by NOISE, since one machine's arithmetic differs from another's in the last digits. To lower a floor is to edit the
file by hand and to say why in CHANGELOG.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from score import score_events, shared

FLOORS = Path(__file__).with_name("floors.json")
NOISE = 0.01


def measured(figures: dict[str, Any]) -> dict[str, float]:
    values = {f"{name} F1": figures[name]["f1"] for name in ("found", "quad", "type", "parties", "full")}
    values |= {f"{name} accuracy": pair[0] for name, pair in figures["accuracy"].items()}
    values |= {f"{name} F1": score["f1"] for name, score in figures["f1"].items()}
    return values


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raise", dest="lift", action="store_true")
    options = parser.parse_args()
    gold = shared() / "gold/dev_gold.jsonl"
    digest = hashlib.sha256(gold.read_bytes()).hexdigest()[:16]
    kept = json.loads(FLOORS.read_text(encoding="utf8")) if FLOORS.exists() else {"gold": digest, "floors": {}}
    if kept["gold"] != digest:
        print("the gold has changed since the floors were measured: measure again and say so", file=sys.stderr)
        return 1
    figures = score_events(shared() / "gold/dev_docs.jsonl", gold)
    values, floors = measured(figures), kept["floors"]
    fallen = [name for name, floor in floors.items() if values.get(name, 0.0) < floor - NOISE]
    for name, value in values.items():
        print(f"{name:28} {value:.3f}   floor {floors.get(name, 0.0):.3f}{'   FALLEN' if name in fallen else ''}")
    if figures["bad_spans"]:
        print(f"{figures['bad_spans']} spans differ from their words", file=sys.stderr)
        return 1
    if options.lift:
        lifted = {name: round(max(value, floors.get(name, 0.0)), 3) for name, value in values.items()}
        FLOORS.write_text(json.dumps({"gold": digest, "floors": lifted}, indent=1) + "\n", encoding="utf8")
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
