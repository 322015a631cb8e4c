"""Prints how well events are read on the reporting documents, beside the measured floor and the aims.

usage: python eval/events.py [--misses N]
"""

from __future__ import annotations

import argparse

from score import score_events, shared

# Type F1 of the same encoder with two linear heads and no context, measured before the project began.
FLOOR_TYPE = 0.41


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
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


if __name__ == "__main__":
    main()
