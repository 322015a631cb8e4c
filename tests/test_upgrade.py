"""Records of earlier versions: opened as they are, or brought to this version with a way back.

`data/records/first.zip` was written by the first version that kept a record, `second.zip` by the one before tables for
editions and corrections; each holds the nine readings of `test_store.some_readings`, added in two batches, and a skip.
"""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable, write_deltalake
from test_store import rows_of, some_readings

from dragoman.cli import main
from dragoman.columns import SPECS
from dragoman.errors import StoreError
from dragoman.evolution import digest_columns, find_differences, fit_batches
from dragoman.store import RecordStore

RECORDS = Path(__file__).parent / "data/records"
EVENTS = {f"e{at}" for at in range(9)}


def unpack(version: str, folder: Path) -> Path:
    with zipfile.ZipFile(RECORDS / f"{version}.zip") as packed:
        packed.extractall(folder / version)
    return folder / version


def event_ids(store: RecordStore) -> set[str]:
    return {row["event_id"] for row in store.events()}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return unpack("first", tmp_path)


def test_a_record_of_the_first_version_is_refused_with_the_remedy(first: Path) -> None:
    with pytest.raises(StoreError, match="table dyads lacks is_mutual.*run `dragoman upgrade --record"):
        RecordStore.open(first)


def test_a_record_of_the_first_version_is_upgraded_whole(first: Path, tmp_path: Path) -> None:
    assert RecordStore.upgrade(first) == {"dyads": "lacks is_mutual"}
    store = RecordStore.open(first)
    assert store.check() == []
    assert [row["reason"] for row in store.skips()] == ["broken-line"]
    fresh = RecordStore.open(tmp_path / "fresh", create=True)
    fresh.add(some_readings(9))
    assert rows_of(store) == rows_of(fresh)
    store.add(some_readings(12))
    fresh.add(some_readings(12))
    assert rows_of(store) == rows_of(fresh)
    assert RecordStore.upgrade(first) == {}


def test_a_record_of_the_second_version_opens_and_grows(tmp_path: Path) -> None:
    path = unpack("second", tmp_path)
    store = RecordStore.open(path)
    assert event_ids(store) == EVENTS
    store.add(some_readings(12))
    assert len(event_ids(store)) == 12
    assert store.check() == []
    assert RecordStore.upgrade(path) == {}


def test_an_upgrade_is_undone_to_the_byte_and_can_be_done_again(first: Path) -> None:
    files = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    RecordStore.upgrade(first)
    RecordStore.undo_upgrade(first)
    assert all(path.read_bytes() == content for path, content in files.items())
    versions = json.loads((first / "head.json").read_text())["versions"]
    assert "is_mutual" not in DeltaTable(first / "dyads", version=versions["dyads"]).schema().to_arrow().names
    assert RecordStore.upgrade(first) == {"dyads": "lacks is_mutual"}
    assert event_ids(RecordStore.open(first)) == EVENTS


def test_undoing_never_loses_what_was_added_since(first: Path) -> None:
    RecordStore.upgrade(first)
    RecordStore.open(first).add(some_readings(12))
    with pytest.raises(StoreError, match="1 batches were written .* which undoing would lose"):
        RecordStore.undo_upgrade(first)
    assert len(event_ids(RecordStore.open(first))) == 12


def test_there_is_nothing_to_undo_where_nothing_was_upgraded(tmp_path: Path) -> None:
    RecordStore.open(tmp_path / "record", create=True)
    with pytest.raises(StoreError, match="was not upgraded"):
        RecordStore.undo_upgrade(tmp_path / "record")


def test_an_upgrade_cut_off_leaves_the_record_as_it_was(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RecordStore, "_merge_anew", cut_off)
    with pytest.raises(StoreError, match="No space left"):
        RecordStore.upgrade(first)
    monkeypatch.undo()
    with pytest.raises(StoreError, match="made by an earlier version"):
        RecordStore.open(first)
    assert RecordStore.upgrade(first) == {"dyads": "lacks is_mutual"}
    assert event_ids(RecordStore.open(first)) == EVENTS


def test_days_before_an_upgrade_say_why_they_are_gone(first: Path) -> None:
    made = datetime.fromisoformat(json.loads((first / "snapshots/000000000001.json").read_text())["committed_at"])
    RecordStore.upgrade(first)
    store = RecordStore.open(first)
    with pytest.raises(StoreError, match="its tables were upgraded on"):
        store._folder.snapshot_at(made)


def test_the_command_says_what_it_did_and_undoes_it(first: Path) -> None:
    run = CliRunner().invoke
    refused = run(main, ["events", "--record", str(first)])
    assert (refused.exit_code, "dragoman upgrade --record" in refused.output) == (2, True)
    done = run(main, ["upgrade", "--record", str(first)])
    assert (done.exit_code, "upgraded dyads: lacks is_mutual" in done.output) == (0, True)
    assert run(main, ["events", "--record", str(first)]).exit_code == 0
    assert "nothing to do" in run(main, ["upgrade", "--record", str(first)]).output
    assert run(main, ["upgrade", "--undo", "--record", str(first)]).exit_code == 0
    assert run(main, ["events", "--record", str(first)]).exit_code == 2


# --- columns ---

OLD = pa.schema([("a", pa.string()), ("b", pa.struct([("x", pa.int64())])), ("gone", pa.int32()), ("n", pa.int32())])
NEW = pa.schema([
    ("a", pa.large_string()),
    ("b", pa.struct([("x", pa.int64()), ("y", pa.string())])),
    ("n", pa.int64()),
    ("c", pa.list_(pa.string())),
])


def test_differences_are_told_by_column_and_rows_are_fitted(tmp_path: Path) -> None:
    rows = [{"a": "one", "b": {"x": 1}, "gone": 5, "n": 2}, {"a": None, "b": None, "gone": None, "n": None}]
    write_deltalake(tmp_path / "t", pa.Table.from_pylist(rows, schema=OLD))
    told = find_differences(tmp_path, {"t": 0, "unknown": 3}, {"t": NEW, "not there yet": NEW})
    assert told == {"t": "lacks c and has another kind of b, n and still has gone"}
    fitted = pa.Table.from_batches(fit_batches(DeltaTable(tmp_path / "t"), NEW)).to_pylist()
    assert fitted == [{"a": "one", "b": {"x": 1, "y": None}, "n": 2, "c": None}, dict.fromkeys(NEW.names)]


def test_the_digest_of_columns_changes_with_any_of_them() -> None:
    schemas = {name: spec.schema for name, spec in SPECS.items()}
    changed = {**schemas, "skips": schemas["skips"].append(pa.field("more", pa.string()))}
    assert digest_columns(schemas) == digest_columns(dict(reversed(schemas.items()))) != digest_columns(changed)
