"""What the commands of eval/ have in common: finding the shared data, running the product as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NO_DATA = 3


def shared() -> Path:
    """Gives the folder of the shared data; ends with exit 3 where there is none."""
    folder = Path(os.environ.get("DRAGOMAN_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        print(
            f"no shared data at {folder.name}: put it beside the checkout or name it in DRAGOMAN_SHARED",
            file=sys.stderr,
        )
        raise SystemExit(NO_DATA)
    return folder


def run(*words: str | Path) -> str:
    """Runs a command and gives its standard output; a failure shows its standard error."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, encoding="utf8")
    if done.returncode not in (0, 1):
        print(done.stderr, file=sys.stderr)
        raise SystemExit(done.returncode)
    return done.stdout


def dragoman(*words: str | Path) -> str:
    return run(sys.executable, "-m", "dragoman", *words)


def score_events(docs: Path, gold: Path, *options: str) -> dict[str, Any]:
    """Reads documents with the product (and options of `read`) and scores the events; the scorer's own figures."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf8") as out:
        out.write(dragoman("read", "--format", "jsonl", *options, docs))
        out.flush()
        scorer = shared() / "eval/score_events.py"
        return json.loads(run(sys.executable, scorer, gold, out.name, "--docs", docs, "--json").splitlines()[-1])  # type: ignore[no-any-return]
