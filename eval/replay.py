"""Shows what a change does to events: gained, lost and changed on a fixed corpus, against the pinned run.

usage: python eval/replay.py [--pin]      --pin writes the present run as the new baseline

The corpus: the bundled samples, and the first 200 training documents where the shared data is there. The baseline
holds ids, offsets and codes, no words. A refactoring must show nothing; a change of meaning shows what it means.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from score import ROOT, dragoman

BASELINE = Path(__file__).with_name("replay.jsonl")
SAMPLES = ROOT / "src/dragoman/data/samples"
DOCUMENTS = 200


def corpus(scratch: Path) -> list[Path]:
    found = sorted(SAMPLES.glob("*.html"))
    docs = Path(os.environ.get("DRAGOMAN_SHARED") or ROOT.parent / "shared") / "gold/train_docs.jsonl"
    if docs.exists():
        some = scratch / "docs.jsonl"
        with docs.open(encoding="utf8") as lines:
            some.write_text("".join(islice(lines, DOCUMENTS)), encoding="utf8")
        found.append(some)
    return found


def brief(row: dict[str, Any]) -> dict[str, Any]:
    """Keeps of an event what a change of meaning would show: where, what, who; no words."""
    codes = lambda side: sorted({p["code"] or "?" for p in side})  # noqa: E731
    return {
        "doc": Path(row["doc"]).name, "anchor": [row["anchor"]["start"], row["anchor"]["end"]],
        "code": "/".join(filter(None, [row["event_type"], row["mode"]])), "status": row["status"],
        "actors": codes(row["actors"]), "recipients": codes(row["recipients"]), "date": row["date"],
        "place": (row["place"] or {}).get("country"),
    }  # fmt: skip


def key(row: dict[str, Any]) -> tuple[str, int]:
    return row["doc"], row["anchor"][0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pin", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        lines = dragoman("read", "--format", "jsonl", *corpus(Path(scratch))).splitlines()
    now = sorted((brief(json.loads(line)) for line in lines), key=key)
    if options.pin:
        BASELINE.write_text("".join(json.dumps(r) + "\n" for r in now), encoding="utf8")
        print(f"{len(now)} events pinned")
        return 0
    before = {key(r): r for r in map(json.loads, BASELINE.read_text(encoding="utf8").splitlines())}
    present = {r["doc"] for r in now} | {p.name for p in SAMPLES.glob("*.html")}
    after = {key(r): r for r in now}
    lost = [r for k, r in before.items() if k not in after and (r["doc"] in present)]
    gained = [r for k, r in after.items() if k not in before]
    changed = [(before[k], r) for k, r in after.items() if k in before and before[k] != r]
    for sign, rows in (("-", lost), ("+", gained)):
        for row in rows:
            print(sign, json.dumps(row))
    for old, new in changed:
        fields = {f: [old[f], new[f]] for f in new if old[f] != new[f]}
        print("~", old["doc"], old["anchor"], json.dumps(fields))
    print(f"{len(gained)} gained, {len(lost)} lost, {len(changed)} changed, {len(after)} events now")
    return 0


if __name__ == "__main__":
    sys.exit(main())
