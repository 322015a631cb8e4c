"""Prints how well speakers are found on the fifth of PolNeAR's training documents that the reader never saw.

usage: python eval/speakers.py
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tarfile
import tempfile
from pathlib import Path

from score import dragoman, run, shared

SHARE = 0.2  # as train/fit.py keeps apart
TARGET = 0.75


def is_kept(stem: str) -> bool:
    return int(hashlib.sha256(stem.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < SHARE


def unpack_kept(folder: Path) -> int:
    """Writes text and annotation files of the kept documents; gives their number."""
    number = 0
    with tarfile.open(shared() / "data/attribution/polnear_train.tar.xz") as tar:
        for member in tar:
            stem = Path(member.name).stem
            text = stem if member.name.endswith(".txt") else stem.rpartition("_")[0]
            stream = tar.extractfile(member) if member.isfile() else None
            if stream and is_kept(text):
                (folder / Path(member.name).name).write_bytes(stream.read())
                number += member.name.endswith(".txt")
    return number


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    scorer = shared() / "eval/score_layers.py"
    with tempfile.TemporaryDirectory() as scratch:
        folder, docs, out = Path(scratch) / "kept", Path(scratch) / "docs.jsonl", Path(scratch) / "out.jsonl"
        folder.mkdir()
        number = unpack_kept(folder)
        run(sys.executable, scorer, "docs", "speakers", folder, docs)
        known = {json.loads(line)["doc"] for line in docs.read_text(encoding="utf8").splitlines()}
        out.write_text(dragoman("annotate", "--layers", "attributions", docs), encoding="utf8")
        print(f"{number} documents ({len(known)} with annotations), target of source partial F1 {TARGET}")
        print(run(sys.executable, scorer, "score", "speakers", folder, out).rstrip())


if __name__ == "__main__":
    main()
