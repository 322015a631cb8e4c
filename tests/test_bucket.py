"""A record in an object store: the same as in a folder, one writer at a time, and nothing seen of half a batch."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bucketworld import BUCKET, Bucket, serving_bucket
from click.testing import CliRunner
from deltalake import DeltaTable
from test_store import rows_of, some_readings
from test_upgrade import unpack

from dragoman import mirror, objects, turns
from dragoman.cli import main
from dragoman.errors import StoreError
from dragoman.objects import Address, read_address
from dragoman.pipeline import _ask_record
from dragoman.runs import Run, read_runs
from dragoman.store import RecordStore
from dragoman.web.app import make_site

URL = f"s3://{BUCKET}/the/record"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setattr(mirror, "LOOK_AGAIN", 0.0)
    monkeypatch.setattr(turns, "LOOK_AGAIN", 0.02)
    with serving_bucket() as serving:
        yield serving


@pytest.fixture
def at(bucket: Bucket, tmp_path: Path) -> Address:
    return address_of(bucket, tmp_path / "mirrors")


def address_of(bucket: Bucket, mirrors: Path) -> Address:
    return read_address(URL, bucket.options, mirrors)


def elsewhere(at: Address, name: str = "elsewhere") -> Address:
    """The same record as another machine sees it."""
    assert at.mirrors
    return Address(at.url, at.options, at.mirrors.with_name(name))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns are short and nobody keeps theirs, as in a process that was stopped."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(turns.SharedHead, "_keep", lambda self, over: None)


def local_rows(tmp_path: Path, *batches: list) -> dict[str, object]:  # type: ignore[type-arg]
    store = RecordStore.open(tmp_path / "local", create=True)
    for batch in batches:
        store.add(batch)
    return rows_of(store)


# --- the same record ---


def test_a_record_in_a_store_answers_as_one_in_a_folder(at: Address, tmp_path: Path) -> None:
    readings = some_readings(12)
    store = RecordStore.open(at, create=True)
    assert store.add(readings[:6]).articles == 6
    assert store.add(readings[3:]).already_stored == 3
    assert store.place == at and str(store.place) == URL
    assert rows_of(RecordStore.open(at)) == rows_of(store) == local_rows(tmp_path, readings[:6], readings[6:])
    assert store.check() == []


def test_machines_add_in_turn_and_see_each_other(at: Address, tmp_path: Path) -> None:
    readings = some_readings(9)
    here, there = RecordStore.open(at, create=True), RecordStore.open(elsewhere(at))
    here.add(readings[:3])
    assert len(there.events()) == 3
    there.add(readings[3:6])
    assert len(here.events()) == 6
    here.add(readings[6:])
    expected = local_rows(tmp_path, readings[:3], readings[3:6], readings[6:])
    assert rows_of(here) == rows_of(there) == expected
    assert here.check() == there.check() == []


def test_copied_is_only_what_is_asked(at: Address, bucket: Bucket) -> None:
    RecordStore.open(at, create=True).add(some_readings(6))
    bucket.log.clear()
    there = RecordStore.open(elsewhere(at))
    assert not _data_files(bucket)
    there.coverage()
    assert _data_files(bucket) == bucket.keys("the/record/coverage/part")
    bucket.log.clear()
    there.coverage()
    assert {key for _, key in bucket.log} == {"the/record/head.json"}


def _data_files(bucket: Bucket) -> list[str]:
    return sorted(key for _, key in bucket.log if key.endswith(".parquet") and "/_delta_log/" not in key)


def test_any_reader_of_delta_lake_opens_its_tables(at: Address, bucket: Bucket) -> None:
    store = RecordStore.open(at, create=True)
    store.add(some_readings(6))
    version = store.snapshot().versions["events"]
    table = DeltaTable(f"{URL}/events", version=version, storage_options=bucket.options)
    assert len(table.file_uris()) == len(store.files("events", store.snapshot()))


def test_the_record_as_it_stood_is_asked_from_another_machine(at: Address) -> None:
    store = RecordStore.open(at, create=True)
    readings = some_readings(12)
    store.add(readings[:6])
    between = datetime.now(UTC)
    store.add(readings[6:])
    there = RecordStore.open(elsewhere(at))
    folder = there._folder
    assert [snapshot.number for snapshot in folder.history()] == [0, 1, 2]
    assert len(RecordStore(folder, folder.snapshot_at(between)).events()) == 6
    assert len(there.events()) == 12


def test_long_logs_are_copied_from_their_last_checkpoint(at: Address, bucket: Bucket) -> None:
    store = RecordStore.open(at, create=True)
    for numbers in (range(20), range(102)):
        with store._folder.writing() as transaction:
            for number in numbers:
                transaction.append("forgotten", _forgotten(number))
            transaction.commit()
    assert bucket.keys("the/record/forgotten/_delta_log/00000000000000000099.checkpoint.parquet")
    bucket.log.clear()
    there = RecordStore.open(elsewhere(at))
    copied = [key for _, key in bucket.log if "/forgotten/_delta_log/" in key]
    assert there.counts()["forgotten"] == 122
    assert 20 < len(copied) < 30
    assert RecordStore(there._folder, there._folder.history()[1]).counts()["forgotten"] == 20


def _forgotten(number: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from dragoman.store import _to_arrow

    row = {"what": f"{number}", "reason": "a test", "forgotten_on": datetime.now(UTC).date()}
    return _to_arrow("forgotten", [row])


# --- one writer ---


def test_writers_of_two_machines_take_turns(at: Address, tmp_path: Path) -> None:
    readings = some_readings(12)
    RecordStore.open(at, create=True)

    def add(number: int) -> None:
        store = RecordStore.open(elsewhere(at, f"machine{number % 2}"))
        for first in (4 * number, 4 * number + 2):
            store.add(readings[first : first + 2], merge=False)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(add, range(3)))
    found = RecordStore.open(at)
    found.merge()
    assert found.check() == []
    assert rows_of(found)["records"] == local_rows(tmp_path, readings)["records"]


def test_whoever_slept_through_the_turn_loses_it(at: Address, slept: None, tmp_path: Path) -> None:
    readings = some_readings(12)
    sleeper = RecordStore.open(at, create=True)
    sleeper.add(readings[:6])
    expected = rows_of(sleeper)
    with pytest.raises(StoreError, match="lost its turn"), sleeper._folder.writing() as transaction:
        transaction.append("forgotten", _forgotten(1))
        RecordStore.open(elsewhere(at)).merge()
        transaction.commit()
    assert rows_of(RecordStore.open(elsewhere(at, "third"))) == rows_of(sleeper) == expected
    sleeper.add(readings[6:])
    assert rows_of(sleeper) == local_rows(tmp_path, readings[:6], readings[6:])
    assert sleeper.counts()["forgotten"] == 0


def test_a_turn_that_is_lost_between_sending_and_the_head(
    at: Address, bucket: Bucket, slept: None, tmp_path: Path
) -> None:
    readings = some_readings(12)
    sleeper, faster = RecordStore.open(at, create=True), RecordStore.open(elsewhere(at))
    sleeper.add(readings[:3])
    puts = iter(range(99))

    def before(method: str, key: str, _: bytes) -> None:
        if (method, key) == ("PUT", "the/record/head.json") and next(puts) == 1:
            faster.add(readings[6:9])  # what comes here is the sleeper's new head

    bucket.before = before
    with pytest.raises(StoreError, match="lost its turn"):
        sleeper.add(readings[3:6])
    assert rows_of(sleeper) == rows_of(faster) == local_rows(tmp_path, readings[:3], readings[6:9])
    sleeper.add(readings[3:6])
    sleeper.add(readings[9:])
    assert rows_of(faster)["events"] == local_rows(tmp_path, readings[3:6], readings[9:])["events"]
    assert faster.check() == sleeper.check() == []


def test_what_a_sleeper_sends_late_stops_a_batch_and_is_undone_by_the_next(at: Address, bucket: Bucket) -> None:
    store = RecordStore.open(at, create=True)
    store.add(some_readings(6))
    version = store.snapshot().versions["forgotten"]
    late = f"the/record/forgotten/_delta_log/{version + 1:020}.json"
    entry = bucket.objects[f"the/record/forgotten/_delta_log/{0:020}.json"].splitlines()[0]
    bucket.objects[late] = entry + b"\n"
    with (
        pytest.raises(StoreError, match="another writer, which had lost its turn"),
        store._folder.writing() as transaction,
    ):
        transaction.append("forgotten", _forgotten(1))
        transaction.commit()
    assert store.counts()["forgotten"] == 0
    with store._folder.writing() as transaction:
        transaction.append("forgotten", _forgotten(2))
        transaction.commit()
    assert store.counts()["forgotten"] == RecordStore.open(elsewhere(at)).counts()["forgotten"] == 1
    assert store.snapshot().versions["forgotten"] == version + 3


_KILLED = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_bucket import Address, RecordStore, some_readings, turns
turns.TURN_SECONDS = 1.0
at = Address({url!r}, {options!r}, Path({mirrors!r}))
print("ready", flush=True)
RecordStore.open(at).add(some_readings(12)[6:])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("same_machine", [True, False])
def test_a_writer_killed_before_its_head_leaves_nothing(
    at: Address, bucket: Bucket, tmp_path: Path, same_machine: bool
) -> None:
    readings = some_readings(12)
    store = RecordStore.open(at, create=True)
    store.add(readings[:6])
    expected = rows_of(store)
    place = at if same_machine else elsewhere(at)
    code = _KILLED.format(
        tests=str(Path(__file__).parent), url=at.url, options=at.options, mirrors=str(place.mirrors)
    )  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    puts = iter(range(99))

    def before(method: str, key: str, _: bytes) -> int | None:
        if (method, key) == ("PUT", "the/record/head.json") and next(puts) == 1:
            process.kill()
            process.wait()
            bucket.before = lambda method, key, body: None
            return 500
        return None

    bucket.before = before
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert process.stdout
    process.stdout.close()
    assert rows_of(store) == rows_of(RecordStore.open(place)) == expected
    store.add(readings[6:])  # waits until the dead one's turn is over
    assert rows_of(store) == rows_of(RecordStore.open(place)) == local_rows(tmp_path, readings[:6], readings[6:])
    assert store.check() == []


def test_a_writer_waits_for_another_only_so_long(at: Address, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RecordStore.open(at, create=True)
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    with store._folder.writing(), pytest.raises(StoreError, match=r"has been writing to s3://news.* for 0 s: wait"):
        RecordStore.open(elsewhere(at)).merge()
    RecordStore.open(elsewhere(at)).merge()


def test_a_turn_is_kept_while_a_batch_takes_long(at: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.6)
    monkeypatch.setattr(turns, "PATIENCE", 1.2)
    store = RecordStore.open(at, create=True)
    with store._folder.writing() as transaction:
        with pytest.raises(StoreError, match="has been writing"):
            RecordStore.open(elsewhere(at)).merge()
        transaction.append("forgotten", _forgotten(1))
        transaction.commit()
    assert RecordStore.open(elsewhere(at)).counts()["forgotten"] == 1


def test_records_made_at_once_are_one_record(at: Address, bucket: Bucket) -> None:
    with ThreadPoolExecutor(4) as threads:
        places = [elsewhere(at, f"machine{number}") for number in range(4)]
        stores = list(threads.map(lambda place: RecordStore.open(place, create=True), places))
    for store, reading in zip(stores, some_readings(4), strict=True):
        store.add([reading])
    assert len(stores[0].events()) == 4


# --- taking down ---


def test_forgetting_deletes_from_the_store_and_from_mirrors(at: Address, bucket: Bucket) -> None:
    readings = some_readings(6)
    here, there = RecordStore.open(at, create=True), RecordStore.open(elsewhere(at))
    here.add(readings[:3])
    here.add(readings[3:])
    run = Run(what="add", coder="c", codebook="b", inputs=("https://example.org/a0",))
    here.keep(run.write(here.path))
    there.gather("runs")
    assert len(there.events()) == 6 and len(read_runs(there.path)) == 1
    gone = {row["sentence"]["text"] for row in there.events() if row["event_id"] in {"e0", "e4"}}
    before = datetime.now(UTC)
    assert here.forget(reason="wish", article_ids=["a0", "a4"]) == 2
    assert here.after_forgetting and "a bucket that keeps versions" in here.after_forgetting
    assert {row["event_id"] for row in there.events()} == {"e1", "e2", "e3", "e5"}
    assert there.check() == here.check() == []
    for store in (here, there):
        assert not _say(gone, (path.read_bytes() for path in store.path.rglob("*") if path.is_file()))
    assert not _say(gone, bucket.objects.values())
    with pytest.raises(StoreError, match="taken down later"):
        there._folder.snapshot_at(before)
    here.add(readings[4:5])
    assert {row["event_id"] for row in there.events()} == {"e1", "e2", "e3", "e4", "e5"}


def _say(sentences: set[str], contents) -> bool:  # type: ignore[no-untyped-def]
    held = b"\0".join(contents)
    return any(sentence.encode() in held for sentence in sentences)


# --- sites and workers ---


def test_a_site_shows_what_another_machine_adds(at: Address) -> None:
    store = RecordStore.open(at, create=True)
    store.add(some_readings(3))
    site = make_site(store)
    assert site.view.place == at and site.view.counts()["events"] == 3
    RecordStore.open(elsewhere(at)).add(some_readings(6))
    assert site.view.counts()["events"] == 6
    site.view.close()


def test_workers_ask_the_record_in_the_store(at: Address) -> None:
    RecordStore.open(at, create=True).add(some_readings(3))
    asks = _ask_record(at, some_readings(1)[0].coder)
    assert asks(["a0", "a2", "a5"]) == {"a0", "a2"}


# --- folders and stores ---


def test_a_folder_that_was_copied_into_a_store_is_a_record_there(at: Address, bucket: Bucket, tmp_path: Path) -> None:
    readings = some_readings(9)
    folder = RecordStore.open(tmp_path / "folder", create=True)
    folder.add(readings[:3])
    folder.add(readings[3:6])
    copy_into(bucket, folder.path)
    here, there = RecordStore.open(at), RecordStore.open(elsewhere(at))
    assert rows_of(here) == rows_of(folder)
    there.add(readings[6:])
    folder.add(readings[6:])
    assert rows_of(here) == rows_of(there) == rows_of(folder)
    assert [snapshot.number for snapshot in here._folder.history()] == [0, 1, 2, 3]


def test_a_store_that_was_copied_into_a_folder_is_a_record_there(at: Address, bucket: Bucket, tmp_path: Path) -> None:
    store = RecordStore.open(at, create=True)
    store.add(some_readings(3))
    for key, data in bucket.objects.items():
        path = tmp_path / "folder" / key.removeprefix("the/record/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    folder = RecordStore.open(tmp_path / "folder")
    assert rows_of(folder) == rows_of(store)
    assert [snapshot.number for snapshot in folder._folder.history()] == [0, 1]
    folder.add(some_readings(6))
    assert folder.check() == []


def copy_into(bucket: Bucket, folder: Path) -> None:
    """As docs/how-to/object-store.md says to copy a record."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "writer.lock":
            bucket.objects[f"the/record/{path.relative_to(folder).as_posix()}"] = path.read_bytes()


def test_a_record_in_a_store_is_upgraded_and_that_undone(at: Address, bucket: Bucket, tmp_path: Path) -> None:
    copy_into(bucket, unpack("first", tmp_path))
    with pytest.raises(StoreError, match=f"run `dragoman upgrade --record {URL}`"):
        RecordStore.open(at)
    assert RecordStore.upgrade(at) == {"dyads": "lacks is_mutual"}
    upgraded = rows_of(RecordStore.open(elsewhere(at)))
    assert upgraded["events"] == local_rows(tmp_path, some_readings(9))["events"]
    RecordStore.undo_upgrade(elsewhere(at))
    with pytest.raises(StoreError, match="run `dragoman upgrade"):
        RecordStore.open(at)
    with pytest.raises(StoreError, match="was not upgraded"):
        RecordStore.undo_upgrade(at)
    assert RecordStore.upgrade(elsewhere(at, "third"))
    store = RecordStore.open(at)
    assert rows_of(store) == upgraded
    assert store.check() == []


# --- trouble ---


def test_what_is_missing_from_the_store_is_found(at: Address, bucket: Bucket) -> None:
    store = RecordStore.open(at, create=True)
    store.add(some_readings(6))
    lost = bucket.keys("the/record/articles/part")[0]
    del bucket.objects[lost]
    found = store.check()
    assert len(found) == 1 and lost.removeprefix("the/record/") in found[0] and "is missing from" in found[0]
    with pytest.raises(StoreError, match="cannot be used.*not found"):
        RecordStore.open(elsewhere(at)).counts()


def test_a_record_that_was_replaced_is_not_mixed_with_the_mirror(at: Address, bucket: Bucket) -> None:
    old = RecordStore.open(at, create=True)
    old.add(some_readings(6))
    bucket.objects.clear()
    with pytest.raises(StoreError, match="replaced or removed"):
        old.events()
    new = RecordStore.open(at, create=True)
    new.add(some_readings(2))
    assert len(RecordStore.open(at).events()) == 2
    with pytest.raises(StoreError, match="replaced or removed"):
        old.events()


def test_a_deleted_mirror_is_made_again(at: Address) -> None:
    store = RecordStore.open(at, create=True)
    store.add(some_readings(6))
    expected = rows_of(store)
    shutil.rmtree(store.path)
    assert rows_of(RecordStore.open(at)) == expected


def test_refusals_of_places(at: Address, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match=r"no record at s3://news/the/record: name another place"):
        RecordStore.open(at)
    for wrong in ("http://example.org/record", "s3://", "ftp://a/b", "file:///record"):
        with pytest.raises(StoreError, match="can hold no record"):
            RecordStore.open(wrong)
    with pytest.raises(StoreError, match="nonsense"):
        RecordStore.open(Address(URL, (*at.options, ("nonsense", "1"))))
    bucket.objects["the/record/photo.jpg"] = b"\xff"
    with pytest.raises(StoreError, match="holds other objects"):
        RecordStore.open(at, create=True)
    for data, match in ((b"{}", "is no head of a record"), (b"\xff", "cannot be read"), (b"[]", "cannot be read")):
        bucket.objects["the/record/head.json"] = data
        with pytest.raises(StoreError, match=match):
            RecordStore.open(at)
    bucket.before = lambda method, key, body: 403
    with pytest.raises(StoreError, match="refuses these credentials"):
        RecordStore.open(at)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(StoreError, match=r"pip install 'dragoman\[bucket\]'"):
        RecordStore.open(at)


def test_a_mirror_that_cannot_be_made_is_told(at: Address, tmp_path: Path) -> None:
    RecordStore.open(at, create=True).add(some_readings(1))
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot mirror s3://news/the/record"):
        RecordStore.open(Address(at.url, at.options, tmp_path / "file"))


def test_readers_beside_a_writer_of_one_machine_take_what_is_there(at: Address) -> None:
    store = RecordStore.open(at, create=True)
    store.add(some_readings(1))
    with store._folder.writing():
        RecordStore.open(elsewhere(at))
        assert len(RecordStore.open(at).events()) == 1


def test_secrets_are_not_printed(at: Address) -> None:
    assert ("secret_access_key", "sesame") in at.options
    assert "sesame" not in repr(at) + str(at)


def test_an_answer_that_was_lost_counts(at: Address, bucket: Bucket) -> None:
    """A put that the store took, and whose answer did not arrive, is tried again and meets itself."""
    store = objects.Objects(at)

    def take_and_fail(method: str, key: str, body: bytes) -> int | None:
        if method == "PUT":
            bucket.before = lambda method, key, body: None
            bucket.objects[key] = body
            return 500
        return None

    bucket.before = take_and_fail
    assert store.put_new("one", b"1") is not None
    assert store.put_new("one", b"2") is None


# --- commands ---


def test_the_commands_take_addresses(at: Address, tmp_path: Path) -> None:
    text = "Russia sent troops to Ukraine on Monday. France condemned Russia on Tuesday."
    (tmp_path / "one.txt").write_text(text)
    (tmp_path / "two.txt").write_text("Germany and Poland signed a treaty in Warsaw on 4 May 2024.")
    place = ["--record", URL, "--mirror", str(at.mirrors)]
    place += [f"--store-option={name}={value}" for name, value in at.options]

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, [*arguments, *place], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    assert f"added to {URL}" in run("add", "--cores", "1", "--published", "2024-05-06", str(tmp_path / "one.txt"))
    assert "1 article and" in run("add", "--cores", "1", "--published", "2024-05-06", str(tmp_path / "two.txt"))
    assert "1 article was there already" in run(
        "add", "--cores", "1", "--published", "2024-05-06", str(tmp_path / "two.txt")
    )
    assert '"RUS"' in run("events", "--format", "jsonl")
    assert "no damage found" in run("check")
    assert "1 stored before" in run("report")
    assert "nothing to do" in run("upgrade")
    assert "rows" in run("export", "--to", "csv", str(tmp_path / "out.csv"))
    run("alerts", "add", "France", "--search", "France")
    assert "France" in run("alerts", "list")


def test_an_option_is_key_and_value() -> None:
    result = CliRunner().invoke(main, ["events", "--record", URL, "--store-option", "region"])
    assert result.exit_code == 2 and "write it as KEY=VALUE" in result.output


def test_a_mirror_is_where_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert mirror._mirror_of(Address(URL), "0123456789abcdef99") == (
        tmp_path / "dragoman" / "mirrors" / "record-0123456789abcdef"
    )
