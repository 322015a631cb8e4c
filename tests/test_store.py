"""The record on disk: what is stored stays stored, once, and can be asked while another writes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import START, make_article, make_event, make_party, make_reading, reading_lists

from dragoman import tables
from dragoman.errors import QueryError, StoreError
from dragoman.model import Evidence, PlaceMention, Skip, Span, Statement
from dragoman.records import merge_events
from dragoman.rows import record_row
from dragoman.sides import with_members
from dragoman.store import Added, Input, RecordStore

SLOW_DISK = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty record to copy: making one takes longer than most of these tests."""
    return RecordStore.open(tmp_path_factory.mktemp("blank") / "record", create=True).path


@pytest.fixture
def store(tmp_path: Path, blank: Path) -> RecordStore:
    return RecordStore.open(shutil.copytree(blank, tmp_path / "record"))


def some_readings(number: int = 6) -> list:  # type: ignore[type-arg]
    """Readings of different articles; three reports each of one happening."""
    topics = ("harbour bridge summit", "pipeline grain treaty", "missile border hospital")
    return [
        make_reading(
            make_event(
                f"e{at}",
                article=f"a{at}",
                publisher=f"Paper {at % 4}",
                event_type=("CONSULT", "ACCUSE", "ASSAULT")[at % 3],
                sentence=f"{topics[at % 3]} number {at}",
                day=(START + timedelta(days=at // 6)).isoformat(),
                published=START + timedelta(days=at // 6),
            )
        )
        for at in range(number)
    ]


def rows_of(store: RecordStore) -> dict[str, object]:
    """All that a record answers, without the order of batches."""
    return {
        "events": store.events(),
        "records": store.records(),
        "coverage": store.coverage(),
        "ties": store.ties("FRA", "DEU", by="day"),
    }


# --- opening ---


def test_a_long_run_of_batches_holds_the_file_lists_of_few_versions(store: RecordStore) -> None:
    """A watch stores batch after batch for months: each had left the list of all files of a table behind."""
    for reading in some_readings(tables.VERSIONS_KEPT + 4):
        store.add([reading], merge=False)
    held = Counter(name for name, _ in store._folder._files)
    assert held["events"] == tables.VERSIONS_KEPT
    assert max(held.values()) == tables.VERSIONS_KEPT
    assert len(store.events()) == tables.VERSIONS_KEPT + 4


def test_a_missing_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no record at"):
        RecordStore.open(tmp_path / "none")


@pytest.mark.parametrize("place", [Path("s3://bucket/record"), "az:/record", "https://a.example/r"])
@pytest.mark.parametrize("create", [True, False])
def test_an_address_is_no_folder(
    place: str | Path, create: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="was an address before|can hold no record"):
        RecordStore.open(place, create=create)
    assert not list(tmp_path.iterdir())


def test_a_copy_that_broke_off_before_its_head_shows_the_batch_before(store: RecordStore, tmp_path: Path) -> None:
    """As docs/how-to/object-store.md says to copy a record: everything but `head.json`, and that last."""
    copy = tmp_path / "copy"
    store.add([make_reading(make_event("e1", article="a1"))])
    shutil.copytree(store.path, copy)
    store.add([make_reading(make_event("e2", article="a2"))])
    shutil.copytree(store.path, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("head.json"))
    assert (RecordStore.open(copy).counts()["events"], RecordStore.open(copy).check()) == (1, [])
    shutil.copy(store.path / "head.json", copy)
    assert (RecordStore.open(copy).counts()["events"], RecordStore.open(copy).check()) == (2, [])


def test_a_newer_record_is_refused(store: RecordStore) -> None:
    (store.path / "dragoman.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreError, match="upgrade dragoman"):
        RecordStore.open(store.path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "x"}', "\x00"])
def test_a_damaged_format_file_is_refused(store: RecordStore, content: str) -> None:
    (store.path / "dragoman.json").write_text(content)
    with pytest.raises(StoreError):
        RecordStore.open(store.path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_head_is_refused(store: RecordStore, content: str) -> None:
    (store.path / "head.json").write_text(content)
    with pytest.raises(StoreError, match="dragoman check"):
        store.events()


def test_a_folder_with_other_files_is_not_made_a_record(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(StoreError, match="other files"):
        RecordStore.open(tmp_path, create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_a_file_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StoreError):
        RecordStore.open(path, create=True)


def test_an_interrupted_creation_can_be_done_again(store: RecordStore) -> None:
    (store.path / "dragoman.json").unlink()
    again = RecordStore.open(store.path, create=True)
    assert again.events() == []


def test_an_empty_record_answers_everything_with_nothing(store: RecordStore) -> None:
    assert store.events() == store.records() == store.ties("FRA", "DEU") == store.coverage() == []
    assert store.statements() == store.skips() == store.inputs() == []
    assert store.record("r1") is None
    assert store.check() == []


# --- adding ---


def test_what_is_stored_comes_back_as_it_was(store: RecordStore) -> None:
    event = make_event(
        speaker=make_party("FRA", sectors=("GOV", "SPY")),
        place=PlaceMention(start=1, end=4, text="Kyiv", name="Kyiv", country="UKR", latitude=50.4, geonameid=703448),
        actors=("FRA", None),
        day="2025-03-01/2025-03-04",
    )
    event = replace(event, contexts=("cyber", "trade"), mode="visit")
    statement = Statement(
        statement_id="s1",
        speaker=make_party("FRA"),
        addressee=None,
        topic="human rights",
        polarity="leaves unsaid",
        basis="test",
        evidence=event.evidence,
    )
    reading = replace(make_reading(event), statements=(statement,))
    store.add([reading])
    assert store.load_events() == [event]
    assert store.load_statements() == [statement]
    assert store.statements(speaker="FRA", topic="Human")[0]["polarity"] == "leaves unsaid"


@SLOW_DISK
@given(reading_lists())
def test_the_record_on_disk_is_that_of_merging_in_memory(tmp_path_factory, readings) -> None:  # type: ignore[no-untyped-def]
    store = RecordStore.open(tmp_path_factory.mktemp("store") / "record", create=True)
    store.add(readings)
    events = [event for reading in readings for event in reading.events]
    assert store.load_events() == sorted(events, key=lambda event: event.event_id)
    copies, wires = copies_of(readings)
    rows = ((record.record_id, record_row(record)) for record in merge_events(events, copies=copies, wires=wires))
    expected = {record_id: {**row, "corrections": []} for record_id, row in rows}
    assert {row["record_id"]: row for row in store.records()} == expected
    assert store.check() == []


def copies_of(readings: list) -> tuple:  # type: ignore[type-arg]
    from dragoman.records import find_copies, find_wire, sketch_text

    copies = find_copies({reading.article.id: sketch_text(reading.article.body) for reading in readings})
    wires = {reading.article.id: wire for reading in readings if (wire := find_wire(reading.article.text))}
    return copies, wires


@SLOW_DISK
@given(reading_lists(), st.integers(1, 4), st.randoms(use_true_random=False), st.booleans())
def test_in_batches_and_in_any_order_is_as_at_once(tmp_path_factory, readings, batches, order, late) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("store")
    at_once = RecordStore.open(folder / "once", create=True)
    at_once.add(readings)
    shuffled = list(readings)
    order.shuffle(shuffled)
    by_batch = RecordStore.open(folder / "batches", create=True)
    for number in range(batches):
        by_batch.add(shuffled[number::batches], merge=not late)
    by_batch.merge()
    assert rows_of(by_batch) == rows_of(at_once)


def test_adding_again_changes_nothing(store: RecordStore) -> None:
    readings = some_readings()
    skips, inputs = [Skip(location="x", stage="article", reason="empty")], [Input(location="f", digest="d", articles=6)]
    assert store.add(readings, skips=skips, inputs=inputs) == Added(articles=6, events=6, already_stored=0)
    before, snapshot = rows_of(store), store.snapshot()
    assert store.add(readings, skips=skips, inputs=inputs) == Added(articles=0, events=0, already_stored=6)
    store.merge()
    assert rows_of(store) == before
    assert store.snapshot() == snapshot
    assert len(store.skips()) == len(store.inputs()) == 1


def test_the_same_article_twice_in_a_batch_counts_once(store: RecordStore) -> None:
    reading = make_reading(make_event())
    assert store.add([reading, reading]).articles == 1
    assert store.coverage() == [{"publisher": "The Sample Times", "day": "2025-03-01", "articles": 1}]


def test_an_article_without_events_is_covered(store: RecordStore) -> None:
    store.add([make_reading(article=make_article("quiet"))])
    assert store.coverage()[0]["articles"] == 1
    assert store.stored_readings(["quiet", "other"]) == {("quiet", "test-1")}


def test_full_text_is_kept_only_if_asked_for(store: RecordStore, tmp_path: Path) -> None:
    secret = "zanzibar wording of the whole article"
    reading = make_reading(make_event(), article=make_article("a1", title="Quiet title", text=secret))
    store.add([reading])
    stored = b"".join(path.read_bytes() for path in store.path.rglob("*") if path.is_file())
    assert b"zanzibar" not in stored
    assert b"Quiet title" not in stored
    keeping = RecordStore.open(tmp_path / "keeping", create=True)
    keeping.add([reading], keep_text=True)
    assert b"zanzibar" in b"".join(path.read_bytes() for path in keeping.path.rglob("*.parquet"))


def test_a_newer_coder_is_shown_and_the_older_one_kept(store: RecordStore) -> None:
    old = make_event("e1", event_type="ASSAULT")
    new = make_event("e1-new", event_type="ACCUSE", coder="test-2")
    store.add([make_reading(old)])
    store.add([make_reading(new, coder="test-2")])
    assert [row["event_type"] for row in store.events()] == ["ACCUSE"]
    assert [row["event_type"] for row in store.records()] == ["ACCUSE"]
    assert store.counts()["events"] == 2
    assert store.coverage()[0]["articles"] == 1
    assert store.check() == []


def test_half_a_character_does_not_stop_a_batch(store: RecordStore) -> None:
    store.add([*some_readings(2), make_reading(make_event("e9", article="a9", sentence="They met \ud800 here."))])
    (row,) = store.events(text="here")
    assert row["sentence"]["text"] == "They met \ufffd here."
    assert len(row["sentence"]["text"]) == row["sentence"]["end"]


def test_many_small_batches_are_joined(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dragoman.store.FILES_BEFORE_COMPACTING", 3)
    for reading in some_readings(6):
        store.add([reading])
    assert len(list(store._folder.files("events", store.snapshot()))) <= 4
    assert len(store.events()) == 6
    assert store.check() == []


# --- asking ---


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, 6),
        ({"actor": "FRA"}, 6),
        ({"actor": "FRAGOV"}, 0),
        ({"actor": "fra"}, 6),  # as a name
        ({"actor": "USA"}, 0),
        ({"recipient": "DEU", "event_type": "ASSAULT"}, 2),
        ({"status": "negated"}, 0),
        ({"text": "PIPELINE"}, 2),
        ({"text": "'; DROP TABLE events; --"}, 0),
        ({"since": date(2025, 3, 2)}, 0),
        ({"since": date(2025, 3, 1), "until": date(2025, 3, 2)}, 6),
        ({"until": date(2025, 3, 1)}, 0),
        ({"limit": 4}, 4),
        ({"limit": 0}, 0),
    ],
)
def test_questions_about_events(store: RecordStore, question: dict, found: int) -> None:  # type: ignore[type-arg]
    store.add(some_readings())
    assert len(store.events(**question)) == found


def test_a_window_that_ends_before_it_begins_is_refused(store: RecordStore) -> None:
    with pytest.raises(QueryError):
        store.events(since=date(2025, 3, 2), until=date(2025, 3, 1))
    with pytest.raises(QueryError):
        store.ties("FRA", "DEU", since=date(2025, 3, 2), until=date(2025, 3, 1))


def test_events_and_records_find_each_other(store: RecordStore) -> None:
    store.add(some_readings())
    for row in store.records():
        assert store.record(row["record_id"]) == row
        assert {event["event_id"] for event in store.events_by_id(row["events"])} == set(row["events"])
    assert store.records_by_id([row["record_id"] for row in store.records()]) == store.records()


def test_an_alias_finds_the_joined_record(store: RecordStore) -> None:
    young = make_event("e2", article="a2", published=START + timedelta(days=1), anchor="talks")
    store.add([make_reading(young)])
    young_id = store.records()[0]["record_id"]
    store.add([make_reading(make_event("e1"))])
    joined = store.record(young_id)
    assert joined is not None
    assert joined["record_id"] != young_id
    assert joined["aliases"] == [young_id]


def test_a_tie_counts_happenings_not_reports(store: RecordStore) -> None:
    readings = [make_reading(make_event(f"e{at}", article=f"a{at}", publisher=f"P{at}")) for at in range(4)]
    readings.append(make_reading(make_event("no", article="no", status="negated", sentence="They did not meet.")))
    readings.append(make_reading(make_event("later", article="later", day="2025-04-02", published=date(2025, 4, 2))))
    store.add(readings)
    march, april, *reverse = store.ties("FRA", "DEU")
    assert (march["quads"], march["since"]) == ({"1": 1, "2": 0, "3": 0, "4": 0}, "2025-03-01")
    assert march["covered"] == round(1 / 31, 4)
    assert april["records"] == [row["record_id"] for row in store.records(since=date(2025, 4, 1))]
    assert all(sum(row["quads"].values()) == 0 for row in reverse)
    assert [sum(row["quads"].values()) for row in store.ties("DEU", "FRA", directed=False)] == [1, 1]


UNION = {"EUR": (("FRA", date(1958, 1, 1), date.max), ("GBR", date(1973, 1, 1), date(2020, 2, 1)))}


def test_a_body_is_expanded_to_its_members_on_the_day(store: RecordStore) -> None:
    """Two members that accuse together are one happening; who has left is no member any more."""
    store.add([
        make_reading(make_event("e1", event_type="ACCUSE", actors=("FRA", "EUR"), recipients=("RUS",))),
        make_reading(
            make_event(
                "e2", article="a2", event_type="ACCUSE", actors=("GBR",), recipients=("RUS",), sentence="London fumed."
            )
        ),
        make_reading(make_event("e3", article="a3", actors=("RUS",), recipients=("FRA",), sentence="Moscow called.")),
    ])
    plain = store.ties("EUR", "RUS", directed=True)
    wide = store.ties(with_members("EUR", UNION), "RUS")
    assert sum(sum(row["quads"].values()) for row in plain if row["actor"] == "EUR") == 1
    assert [(row["actor"], sum(row["quads"].values())) for row in wide] == [("EUR", 1), ("RUS", 1)]
    assert {row["event_id"] for row in store.events(actor="EUR", members=UNION)} == {"e1"}
    assert {row["event_id"] for row in store.events(recipient="EUR", members=UNION)} == {"e3"}
    assert store.events(actor="EUR", recipient="EUR", members=UNION) == []


def test_threads_can_ask_at_once(store: RecordStore) -> None:
    from concurrent.futures import ThreadPoolExecutor

    store.add(some_readings())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: len(store.events(actor="FRA")), range(16)))
    assert answers == [6] * 16


# --- as it stood, taken down, repaired ---


def test_as_it_stood(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = some_readings()
    set_clock(monkeypatch, datetime(2096, 1, 5, 12, tzinfo=UTC))
    store.add(readings[:3])
    then = rows_of(store)
    set_clock(monkeypatch, datetime(2096, 1, 8, 12, tzinfo=UTC))
    store.add(readings[3:])
    assert rows_of(store.as_of(date(2096, 1, 5))) == then  # type: ignore[arg-type]
    assert rows_of(store.as_of(date(2096, 1, 7))) == then  # type: ignore[arg-type]
    assert rows_of(store.as_of(date(2096, 1, 8))) == rows_of(store)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="did not exist"):
        store.as_of(date(2020, 1, 1))


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return moment

    monkeypatch.setattr(tables, "datetime", Clock)


def test_a_clock_set_back_does_not_reorder_history(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, datetime(1999, 1, 1, tzinfo=UTC))
    store.add(some_readings())
    moments = [snapshot.committed_at for snapshot in store._folder.history()]
    assert moments == sorted(moments)


def test_what_is_taken_down_is_gone_from_record_and_history(store: RecordStore) -> None:
    doomed = make_reading(make_event("bad", article="bad", sentence="A xylophone was mentioned.", publisher="Odd Post"))
    store.add([*some_readings(), doomed])
    before_it = rows_of(store)
    assert store.forget(reason="asked for by its author", publisher="Odd Post") == 1
    remains = b"".join(path.read_bytes() for path in store.path.rglob("*") if path.is_file())
    for trace in (b"xylophone", b"Odd Post", b"sample.example/bad", b"'bad'"):
        assert trace not in remains
    assert len(store.events()) == 6
    assert rows_of(store) != before_it
    assert store.coverage(publisher="Odd Post") == []
    assert store.check() == []
    assert store.forget(reason="again", article_ids=["bad"]) == 0


def test_what_was_declined_in_an_article_goes_with_it(store: RecordStore) -> None:
    doomed = make_reading(make_event("bad", article="bad"))
    article = doomed.article
    tail = Skip(location=f"{article.location or article.doc} [0:9]", stage="reader", reason="sentence too long")
    named = Skip(location="feed", stage="sources", reason="moved", detail=f"to {article.url} for ever")
    other = Skip(location="elsewhere", stage="reader", reason="no event")
    store.add([*some_readings(), doomed], skips=[tail, named, other])
    store.forget(reason="asked for", article_ids=["bad"])
    assert {row["location"] for row in store.skips()} == {"elsewhere"}


def test_the_record_as_it_stood_before_something_was_taken_down_is_refused(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    set_clock(monkeypatch, now + timedelta(days=1))
    store.add(some_readings())
    set_clock(monkeypatch, now + timedelta(days=5))
    store.forget(reason="test", article_ids=["a1"])
    with pytest.raises(StoreError, match="taken down"):
        store.as_of((now + timedelta(days=2)).date())


def test_a_damaged_file_is_found_and_named(store: RecordStore) -> None:
    store.add(some_readings())
    path = Path(store._folder.files("events", store.snapshot())[0])
    path.write_bytes(path.read_bytes()[:100])
    fresh = RecordStore.open(store.path)
    assert [finding for finding in fresh.check() if path.name in finding]
    with pytest.raises(StoreError, match="dragoman check"):
        fresh.events()
    path.unlink()
    assert [finding for finding in RecordStore.open(store.path).check() if path.name in finding]


def test_damaged_records_are_made_anew_from_events(store: RecordStore) -> None:
    store.add(some_readings())
    before = rows_of(store)
    Path(store._folder.files("records", store.snapshot())[0]).write_bytes(b"")
    fresh = RecordStore.open(store.path)
    assert fresh.check()
    fresh.repair()
    assert rows_of(fresh) == before
    assert fresh.check() == []


# --- interrupted, and several at once ---


class Interruption(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize("failing", [0, 2, 4, 6, 7])
def test_an_interruption_at_any_write_stores_all_or_nothing(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    store.add(some_readings(4))
    before = rows_of(store)
    calls = iter(range(100))

    def fail_at(step):  # type: ignore[no-untyped-def]
        def wrapped(*args, **kwargs):  # type: ignore[no-untyped-def]
            if next(calls) == failing:
                raise Interruption
            return step(*args, **kwargs)

        return wrapped

    monkeypatch.setattr(tables, "write_deltalake", fail_at(tables.write_deltalake))
    monkeypatch.setattr(tables, "replace_file", fail_at(tables.replace_file))
    with pytest.raises(Interruption):
        store.add(some_readings(), skips=[Skip(location="x", stage="article", reason="empty")])
    assert rows_of(store) == before
    monkeypatch.undo()
    fresh = RecordStore.open(store.path)
    fresh.add(some_readings(), skips=[Skip(location="x", stage="article", reason="empty")])
    undisturbed = RecordStore.open(store.path.parent / "undisturbed", create=True)
    undisturbed.add(some_readings())
    assert rows_of(fresh) == rows_of(undisturbed)
    assert fresh.check() == []
    assert len(fresh.skips()) == 1


WRITER = """
import sys
sys.path.insert(0, {tests!r})
from test_store import some_readings
from dragoman.store import RecordStore
store = RecordStore.open({path!r}, create=True)
print("ready", flush=True)
for reading in some_readings({number}):
    store.add([reading])
    print("stored", reading.article.id, flush=True)
"""


def start_writer(path: Path, number: int) -> subprocess.Popen[str]:
    code = WRITER.format(tests=str(Path(__file__).parent), path=str(path), number=number)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def kill_while_adding(path: Path, number: int, delay: float) -> set[str]:
    """Starts a writer, kills it after a delay in seconds; gives the articles that it reported as stored."""
    with start_writer(path, number) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        return {line.split()[1] for line in process.stdout if line.startswith("stored") and line.endswith("\n")}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_writer_killed_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    chance = random.Random(7)
    path = tmp_path / "record"
    reported: set[str] = set()
    for _ in range(3):
        reported |= kill_while_adding(path, 8, chance.uniform(0.0, 0.5))
        store = RecordStore.open(path)
        assert reported <= {article_id for article_id, _ in store.stored_readings([f"a{at}" for at in range(8)])}
    store.add(some_readings(8))
    undisturbed = RecordStore.open(tmp_path / "undisturbed", create=True)
    undisturbed.add(some_readings(8))
    assert rows_of(store) == rows_of(undisturbed)
    assert store.check() == []


def test_two_writers_and_a_reader_at_once(tmp_path: Path) -> None:
    path = tmp_path / "record"
    store = RecordStore.open(path, create=True)
    with start_writer(path, 5) as one, start_writer(path, 5) as other:
        seen = [0]
        while one.poll() is None or other.poll() is None:
            events, records = store.events(), store.records()
            seen.append(len(events))
            assert len({row["event_id"] for row in events}) == len(events)
            assert sum(len(row["events"]) for row in records) >= seen[-1]
            time.sleep(0.01)
        assert (one.returncode, other.returncode) == (0, 0)
    assert seen == sorted(seen)
    undisturbed = RecordStore.open(tmp_path / "undisturbed", create=True)
    undisturbed.add(some_readings(5))
    assert rows_of(store) == rows_of(undisturbed)
    assert store.check() == []


def test_a_writer_that_waits_too_long_says_so(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LOCK_TIMEOUT", 0.05)
    other = RecordStore.open(store.path)
    with store._folder.writing(), pytest.raises(StoreError, match="another process"):
        other.add(some_readings(1))


def test_evidence_is_never_empty() -> None:
    """The builders of these tests stand for real evidence: its words and offsets must fit."""
    evidence: Evidence = make_event().evidence
    span: Span = evidence.sentence
    assert span.end - span.start == len(span.text)
