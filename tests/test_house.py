"""The house's own promises: one public door, documentation that cannot drift, functions that fit a head."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dragoman
from dragoman.cli import main
from dragoman.store import RecordStore

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/dragoman"
LONGEST = 60


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


@pytest.mark.parametrize("name", dragoman.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(dragoman, name).__doc__


def test_the_door_lists_what_it_opens() -> None:
    assert list(dragoman.__all__) == list(dragoman._HOMES)


def test_reference_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_commands_in_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf8") + (ROOT / "docs/tutorial.md").read_text(encoding="utf8")
    for command in set(re.findall(r"^\s*dragoman ([a-z-]+)", text, flags=re.MULTILINE)):
        assert command in main.commands


@pytest.mark.parametrize("words", ["merge.py slice {0} {0}", "merge.py score {0} {0}", "largest_turns.py {0}"])
def test_measures_of_a_record_say_where_there_is_none(words: str, tmp_path: Path) -> None:
    program, *rest = words.format(tmp_path).split()
    call = [sys.executable, f"eval/{program}", *rest]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{program}: no record at {tmp_path}") and done.stderr.count("\n") == 1


def test_turns_of_an_empty_record_say_that_nothing_was_read(tmp_path: Path) -> None:
    RecordStore.open(tmp_path, create=True)
    call = [sys.executable, "eval/largest_turns.py", str(tmp_path)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"largest_turns.py: nothing was read into {tmp_path} yet")
    assert done.stderr.count("\n") == 1
    call += ["--since", "2024-01-01", "--until", "2024-03-01"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("0 turns from 2024-01-01 to 2024-03-01"), done.stderr


def test_no_function_is_too_long_to_hold_in_the_head() -> None:
    long = [f"{p.name}:{f.name}" for p, f in functions() if (f.end_lineno or 0) - f.lineno + 1 > LONGEST]
    assert long == []


def test_data_files_say_where_they_are_from() -> None:
    for folder in ("codebook", "actors", "samples", "reader"):
        assert (PACKAGE / "data" / folder / "README.md").exists(), folder


def test_opening_a_record_loads_no_data_frames(tmp_path: Path) -> None:
    code = (
        "import sys; from dragoman.store import RecordStore\n"
        "RecordStore.open(sys.argv[1], create=True).ties('FRA', 'DEU')\n"
        "heavy = {'pandas', 'polars', 'altair', 'networkx', 'scipy', 'ruptures'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_starts_without_the_heavy_parts() -> None:
    code = (
        "import sys; from dragoman.cli import main\n"
        "heavy = {'onnxruntime', 'duckdb', 'pyarrow', 'trafilatura', 'altair'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
