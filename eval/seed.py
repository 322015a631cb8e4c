"""Reads the page that the project began with and lists, row by row, which expected rows stand.

usage: python eval/seed.py
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from score import dragoman, shared

PUBLISHED = "2022-09-20"


def codes(side: list[dict[str, Any]]) -> set[str]:
    return {p["code"] for p in side if p["code"]}


def parties_match(gold: dict[str, Any], row: dict[str, Any]) -> bool:
    if gold["type"] in {"CONSULT", "AGREE"}:
        wanted = codes(gold["actors"]) | codes(gold["recipients"])
        return len(wanted & (codes(row["actors"]) | codes(row["recipients"]))) >= min(2, len(wanted))
    sides = (("actors", "actors"), ("recipients", "recipients"))
    return all(not codes(gold[g]) or codes(gold[g]) & codes(row[r]) for g, r in sides)


def main() -> None:
    folder = shared() / "seed"
    line = {"doc": "seed", "published": PUBLISHED, "text": (folder / "page.txt").read_text(encoding="utf8")}
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "seed.jsonl"
        page.write_text(json.dumps(line), encoding="utf8")
        rows = [json.loads(r) for r in dragoman("read", "--format", "jsonl", page).splitlines()]
    expected = [json.loads(r) for r in (folder / "expected.jsonl").read_text(encoding="utf8").splitlines()]
    used: set[int] = set()
    full = typed = 0
    for gold in expected:
        near = [i for i, r in enumerate(rows) if i not in used and r["sentence"]["start"] < gold["sent_end"]
                and r["sentence"]["end"] > gold["sent_start"] and r["event_type"] == gold["type"]]  # fmt: skip
        best = max(
            near, key=lambda i: (rows[i]["status"] == gold["status"], parties_match(gold, rows[i])), default=None
        )
        status = best is not None and rows[best]["status"] == gold["status"]
        stands = best is not None and status and parties_match(gold, rows[best])
        typed, full = typed + status, full + stands
        verdict = (
            "stands" if stands else "type and status" if status else "type only" if best is not None else "missing"
        )
        print(f"{gold['row']:5} {gold['type']:9} {gold['status']:10} {verdict:16} {gold['anchor'][:50]}")
        used |= {best} if best is not None else set()
    print(f"{full} of {len(expected)} in full, {typed} with type and status; {len(rows) - len(used)} further events:")
    for i, row in enumerate(rows):
        if i not in used:
            print(f"      {row['event_type']:9} {row['status']:10} {row['anchor']['text'][:60]}")


if __name__ == "__main__":
    main()
