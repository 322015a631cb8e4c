"""Trouble with the disk: a clear error, nothing lost, nothing half-written, and the record goes on afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_store import rows_of, some_readings

from dragoman.store import Input, RecordStore

# Everything is imported before the trouble begins, since it may keep Python from reading its own files.
PREPARED = """
import os, sys
sys.path.insert(0, {tests!r})
from test_store import some_readings
from dragoman.errors import StoreError
from dragoman.store import Input, RecordStore
store = RecordStore.open({path!r})
store.events()
{trouble}
try:
    store.add(some_readings({number}))
except StoreError as error:
    print("refused:", error)
print(len(store.events()), "events can be asked for")
"""
FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
"""
POWERLESS = """
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user of the machine can look into."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    for parent, folders, files in os.walk(made):
        for name in (*folders, *files):
            Path(parent, name).chmod(0o755)
    shutil.rmtree(made)


def add_in_trouble(path: Path, trouble: str, number: int = 6) -> str:
    code = PREPARED.format(tests=str(Path(__file__).parent), path=str(path), trouble=trouble, number=number)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("limit", [0, 4000, 8000])
def test_a_full_disk_is_said_and_the_record_stays_whole(folder: Path, limit: int) -> None:
    """A limit on the size of files fails writes as a full disk does, at another of the batch's files each time."""
    store = RecordStore.open(folder / "record", create=True)
    store.add(some_readings(2))
    before = rows_of(store)
    told = add_in_trouble(store.path, FULL.format(limit=limit))
    assert "refused:" in told
    assert "2 events can be asked for" in told
    fresh = RecordStore.open(store.path)
    assert rows_of(fresh) == before
    fresh.add(some_readings(6))
    undisturbed = RecordStore.open(folder / "undisturbed", create=True)
    undisturbed.add(some_readings(6))
    assert rows_of(fresh) == rows_of(undisturbed)
    assert fresh.check() == []


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_a_read_only_record_is_read_and_refuses_to_be_added_to(folder: Path) -> None:
    store = RecordStore.open(folder / "record", create=True)
    store.add(some_readings(2))
    for parent, _, files in os.walk(store.path):
        for name in files:
            Path(parent, name).chmod(0o444)
        Path(parent).chmod(0o555)
    told = add_in_trouble(store.path, POWERLESS)
    assert "refused:" in told
    assert "2 events can be asked for" in told


def test_a_lost_file_of_the_manifest_is_found_and_the_inputs_are_read_again(tmp_path: Path) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    store.add(some_readings(2), inputs=[Input(location="a.jsonl", digest="d", articles=2)])
    assert store.known_inputs() == {("a.jsonl", "d"): 2}
    (path,) = store._folder.files("inputs", store.snapshot())
    Path(path).write_bytes(b"PAR1")
    fresh = RecordStore.open(store.path)
    assert any("inputs" in finding for finding in fresh.check())
    fresh.repair()
    assert fresh.check() == []
    assert fresh.known_inputs() == {}
    assert len(fresh.events()) == 2


def test_what_was_taken_down_can_be_read_again(tmp_path: Path) -> None:
    """Else the manifest would say of a file that all of it is stored."""
    store = RecordStore.open(tmp_path / "record", create=True)
    store.add(some_readings(2), inputs=[Input(location="a.jsonl", digest="d", articles=2)])
    assert store.forget(reason="a test", article_ids=["a0"]) == 1
    assert store.known_inputs() == {}
    store.add(some_readings(2))
    assert len(store.events()) == 2
