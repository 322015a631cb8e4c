"""Corrections by people: what they change, that they are replayed, and that undoing leaves everything as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import make_event, make_reading

from dragoman.cli import main
from dragoman.corrections import Correction, standing
from dragoman.errors import QueryError
from dragoman.exchange import export_record
from dragoman.store import RecordStore

SECOND = "Three hours of talks at the summit on the harbour bridge ended late."
SIGNED = {"reason": "a treaty of 1990", "name": "A. Reader"}


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = RecordStore.open(tmp_path_factory.mktemp("blank") / "record", create=True)
    store.add(some_readings())
    return store.path


@pytest.fixture
def store(tmp_path: Path, blank: Path) -> RecordStore:
    return RecordStore.open(shutil.copytree(blank, tmp_path / "record"))


def some_readings(coder: str = "test-1", **second: Any) -> list:  # type: ignore[type-arg]
    """Two outlets on one meeting, and an attack that a third tells of; `second` changes the second event."""
    told = [
        {"event_id": "e1", "article": "a1"},
        {"event_id": "e2", "article": "a2", "publisher": "Sample Daily", "sentence": SECOND, **second},
        {"event_id": "e3", "article": "a3", "event_type": "ASSAULT", "sentence": "Missiles met the hospital."},
    ]
    ids = [one.pop("event_id") for one in told]
    events = [
        make_event(name if coder == "test-1" else f"{name}-{coder}", coder=coder, **one)
        for name, one in zip(ids, told, strict=True)
    ]
    return [make_reading(event, coder=coder) for event in events]


def answers(store: RecordStore) -> dict[str, Any]:
    rows = {"events": store.events(), "records": store.records(), "ties": store.ties("FRA", "DEU", by="day")}
    return json.loads(json.dumps(rows))


def record_id(store: RecordStore, event_type: str = "CONSULT") -> str:
    return store.records(event_type=event_type)[0]["record_id"]


def quads(store: RecordStore) -> dict[str, int]:
    return store.ties("FRA", "DEU", by="month")[0]["quads"]


def test_a_rejected_happening_is_listed_and_counted_nowhere(store: RecordStore, tmp_path: Path) -> None:
    target = record_id(store)
    assert quads(store)["1"] == 1
    made = store.correct(target, "reject", **SIGNED)
    assert (made["correction_id"], made["reason"], made["name"]) == ("c1", *SIGNED.values())
    assert store.record(target) is None
    assert [row["event_id"] for row in store.events()] == ["e3"]
    assert quads(store)["1"] == 0
    report = export_record(store, "parquet", tmp_path / "out.parquet")
    assert report.rows == 1
    assert parquet.read_table(tmp_path / "out.parquet").column("event_id").to_pylist() == ["e3"]
    assert store.check() == []


def test_a_rejected_happening_stays_rejected_when_another_outlet_tells_of_it(store: RecordStore) -> None:
    store.correct(record_id(store), "reject", **SIGNED)
    store.add([make_reading(make_event("e9", article="a9", publisher="Sample Post"))])
    assert store.records(event_type="CONSULT") == []
    assert [row["event_id"] for row in store.events()] == ["e3"]


def test_a_rejected_event_counts_as_no_evidence(store: RecordStore) -> None:
    before = store.record(record_id(store))
    store.correct("e2", "reject", **SIGNED)
    after = store.record(record_id(store))
    assert before and after
    assert (before["voices"], after["voices"]) == (2, 1)
    assert after["events"] == ["e1"]
    assert after["belief"] < before["belief"]


def test_an_amended_event_shows_old_and_new_and_moves_to_its_happening(store: RecordStore) -> None:
    store.correct("e3", "amend", changes={"type": "consult", "recipients": ["USA"], "date": "2025-04-02"}, **SIGNED)
    (row,) = [row for row in store.events() if row["event_id"] == "e3"]
    assert (row["event_type"], row["quad"], row["date"], row["confidence"]) == ("CONSULT", 1, "2025-04-02", 1.0)
    assert [(party["code"], party["text"]) for party in row["recipients"]] == [("USA", "the DEU side")]
    (shown,) = row["corrections"]
    assert shown["was"] == {"type": "ASSAULT", "recipients": ["DEU"], "date": "2025-03-01"}
    assert shown["now"] == {"type": "CONSULT", "recipients": ["USA"], "date": "2025-04-02"}
    assert store.records(event_type="ASSAULT") == []
    assert [tie["quads"]["1"] for tie in store.ties("FRA", "USA") if tie["actor"] == "FRA"] == [0, 1]
    assert store.check() == []


def test_an_amended_happening_keeps_its_id_and_counts_anew(store: RecordStore) -> None:
    target = record_id(store)
    store.correct(target, "amend", changes={"type": "AGREE", "date": "2025-05-01", "recipients": ["SWE"]}, **SIGNED)
    row = store.record(target)
    assert row
    assert (row["event_type"], row["date"], row["recipients"]) == ("AGREE", "2025-05-01", ["SWE"])
    assert row["corrections"][0]["was"] == {"type": "CONSULT", "date": "2025-03-01", "recipients": ["DEU"]}
    assert {one["event_type"] for one in store.events(recipient="SWE")} == {"AGREE"}
    assert quads(store)["1"] == 0
    assert sum(tie["quads"]["1"] for tie in store.ties("FRA", "SWE")) > 0


def test_an_accepted_happening_is_believed(store: RecordStore) -> None:
    store.correct(record_id(store, "ASSAULT"), "accept", **SIGNED)
    row = store.record(record_id(store, "ASSAULT"))
    assert row and row["belief"] == 0.99


@pytest.mark.parametrize("target", ["e1", "record"])
@pytest.mark.parametrize(
    ("verdict", "changes"),
    [("accept", {}), ("reject", {}), ("amend", {"type": "ASSAULT", "date": "2024-12-31", "actors": ["USA"]})],
)
def test_undoing_leaves_everything_as_it_was(
    store: RecordStore, target: str, verdict: str, changes: dict[str, Any]
) -> None:
    before = answers(store)
    made = store.correct(record_id(store) if target == "record" else target, verdict, changes=changes, **SIGNED)
    changed = answers(store)
    assert changed != before
    undone = store.undo_correction(made["correction_id"], **SIGNED)
    assert answers(store) == before
    assert [row["stands"] for row in store.corrections()] == [False, False]
    store.undo_correction(undone["correction_id"], **SIGNED)
    assert answers(store) == changed
    assert store.check() == []


def test_a_correction_is_replayed_on_a_newer_reading_of_the_text(store: RecordStore) -> None:
    store.correct("e1", "amend", changes={"recipients": ["SWE"]}, **SIGNED)
    store.correct("e3", "reject", **SIGNED)
    store.add(some_readings("test-2"), merge=False)
    store.merge()
    rows = {row["event_id"]: row for row in store.events()}
    assert set(rows) == {"e1-test-2", "e2-test-2"}
    assert rows["e1-test-2"]["recipients"][0]["code"] == "SWE"
    assert rows["e1-test-2"]["corrections"][0]["correction_id"] == "c1"
    assert store.check() == []


def test_a_rejection_does_not_fall_on_what_a_newer_coder_reads_differently(store: RecordStore) -> None:
    store.correct("e2", "reject", **SIGNED)
    store.add(some_readings("test-2", event_type="AID"))
    assert "e2-test-2" in {row["event_id"] for row in store.events()}


def test_what_was_accepted_stays_though_a_newer_coder_reads_nothing_there(store: RecordStore) -> None:
    store.correct("e3", "accept", **SIGNED)
    store.add([make_reading(article=reading.article, coder="test-2") for reading in some_readings()])
    (row,) = store.events()
    assert row["event_id"] == "e3"
    assert "read by test-1 alone" in row["basis"]
    assert [record["events"] for record in store.records()] == [["e3"]]


def test_what_was_accepted_holds_against_a_newer_coders_type(store: RecordStore) -> None:
    store.correct("e2", "accept", **SIGNED)
    store.add(some_readings("test-2", event_type="AID"))
    rows = {row["event_id"]: row for row in store.events()}
    assert rows["e2-test-2"]["event_type"] == "CONSULT"


def test_corrections_survive_a_repair_and_are_kept_with_history(store: RecordStore) -> None:
    store.correct("e1", "reject", **SIGNED)
    store.correct(record_id(store, "ASSAULT"), "amend", changes={"status": "negated"}, **SIGNED)
    before = answers(store)
    store.repair()
    assert answers(store) == before
    assert store.check() == []


def test_what_is_taken_down_takes_its_corrections_along(store: RecordStore) -> None:
    store.correct("e3", "amend", changes={"type": "AID"}, **SIGNED)
    store.forget(reason="asked for", article_ids=["a3"])
    assert store.corrections() == []
    assert {row["event_id"] for row in store.events()} == {"e1", "e2"}


@pytest.mark.parametrize("verdict", ["amend", "reject"])
def test_a_happening_that_is_taken_down_takes_its_corrections_along(store: RecordStore, verdict: str) -> None:
    changes = {"changes": {"status": "negated"}} if verdict == "amend" else {}
    store.correct(record_id(store, "ASSAULT"), verdict, **SIGNED, **changes)
    kept = store.correct(record_id(store, "CONSULT"), "accept", **SIGNED)
    store.undo_correction("c1", **SIGNED)
    store.undo_correction("c3", **SIGNED)
    store.forget(reason="asked for", article_ids=["a1", "a3"])
    assert [row["correction_id"] for row in store.corrections()] == [kept["correction_id"]]
    assert store.check() == []


@pytest.mark.parametrize(
    ("target", "verdict", "fields", "message"),
    [
        ("nothing", "reject", {}, "no event or happening"),
        ("e1", "reject", {"reason": " "}, "needs a reason"),
        ("e1", "reject", {"name": ""}, "needs a name"),
        ("e1", "reject", {"reason": "x" * 5000}, "longer than"),
        ("e1", "praise", {}, "no verdict"),
        ("e1", "undo", {}, "name the correction"),
        ("e1", "amend", {}, "say what to amend"),
        ("e1", "reject", {"changes": {"type": "AID"}}, "say what to amend"),
        ("e1", "amend", {"changes": {"sentence": "x"}}, "cannot be amended"),
        ("e1", "amend", {"changes": {"type": "CONSLUT"}}, "did you mean CONSULT"),
        ("e1", "amend", {"changes": {"type": "AGREE", "mode": "visit"}}, "no mode"),
        ("e1", "amend", {"changes": {"status": "denied"}}, "no status"),
        ("e1", "amend", {"changes": {"date": "tomorrow"}}, "no date"),
        ("e1", "amend", {"changes": {"actors": ["the king"]}}, "no party"),
    ],
)
def test_what_is_no_correction_is_refused_and_changes_nothing(
    store: RecordStore, target: str, verdict: str, fields: dict[str, Any], message: str
) -> None:
    before = answers(store)
    with pytest.raises(QueryError, match=message):
        store.correct(target, verdict, **{**SIGNED, **fields})
    assert answers(store) == before
    assert store.corrections() == []


def test_undoing_what_was_never_made_is_refused(store: RecordStore) -> None:
    with pytest.raises(QueryError, match="correct list"):
        store.undo_correction("c7", **SIGNED)


@given(st.lists(st.integers(0, 8), max_size=8))
def test_what_stands_is_what_is_left_when_undone_pairs_are_taken_away(undoing: list[int]) -> None:
    """Each entry undoes an earlier correction, or (0) makes one; checked against undoing one after the other."""
    made: list[Correction] = []
    stands: dict[str, bool] = {}
    for at, which in enumerate(undoing, start=1):
        undoes = f"c{which}" if 0 < which < at else None
        made.append(Correction(
            correction_id=f"c{at}", target="event", target_id="e", verdict="undo" if undoes else "accept", reason="r",
            name="n", made_at="", undoes=undoes,
        ))  # fmt: skip

    def holds(number: int) -> bool:
        return not any(one.undoes == f"c{number}" and holds(int(one.correction_id[1:])) for one in made[number:])

    stands = {one.correction_id: holds(at) for at, one in enumerate(made, start=1) if one.verdict != "undo"}
    assert [one.correction_id for one in standing(made)] == [name for name, held in stands.items() if held]


def is_there(store: RecordStore, target: str) -> bool:
    """Whether there is something to correct: a happening, an event, or what a correction names already."""
    events = {row["event_id"] for row in store.events()}
    named = {row["target_id"] for row in store.corrections()}
    return store.record(target) is not None or target in events or (target in named and target.startswith("e"))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["e1", "e2", "e3", "CONSULT", "ASSAULT"]), min_size=1, max_size=3), st.randoms())
def test_undoing_all_corrections_in_any_order_restores_the_record(  # type: ignore[no-untyped-def]
    tmp_path_factory, blank: Path, targets: list[str], chance
) -> None:
    store = RecordStore.open(shutil.copytree(blank, tmp_path_factory.mktemp("undone") / "record"))
    before = answers(store)
    ids = {kind: record_id(store, kind) for kind in ("CONSULT", "ASSAULT")}
    for target in targets:
        if not is_there(store, ids.get(target, target)):
            continue  # a correction before took its events away, or its happening: there is nothing to correct
        verdict = chance.choice(["accept", "reject", "amend"])
        changes = {"actors": ["USA"]} if verdict == "amend" else {}
        store.correct(ids.get(target, target), verdict, changes=changes, **SIGNED)
    made = [row["correction_id"] for row in store.corrections()]
    chance.shuffle(made)
    for correction_id in made:
        store.undo_correction(correction_id, **SIGNED)
    assert answers(store) == before
    assert store.check() == []


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.output


def test_the_commands_correct_list_and_undo(store: RecordStore) -> None:
    signed = ("--record", store.path, "--name", "A. Reader", "--reason", "they signed it")
    code, told = call("correct", "amend", record_id(store), "--type", "agree", "--recipient", "Sweden", *signed)
    assert code == 0, told
    assert "type: CONSULT → AGREE" in told and "DEU → SWE" in told
    assert call("correct", "reject", "e3", *signed)[0] == 0
    code, told = call("correct", "list", "--record", store.path, "--format", "jsonl")
    assert [json.loads(line)["verdict"] for line in told.splitlines()] == ["amend", "reject"]
    assert call("correct", "undo", "c2", *signed)[0] == 0
    assert "[undone]" in call("correct", "list", "--record", store.path)[1]
    assert call("correct", "accept", "nothing", *signed)[0] == 2
    assert call("correct", "undo", "c1", *signed)[0] == 0
    assert call("correct", "amend", "e1", "--no-recipient", *signed)[0] == 0
    assert store.events_by_id(["e1"])[0]["recipients"] == []


def test_a_record_of_an_older_release_can_be_corrected(store: RecordStore) -> None:
    head = json.loads((store.path / "head.json").read_text())
    for name in ("corrections", "corrected"):
        del head["versions"][name]
        shutil.rmtree(store.path / name)
    (store.path / "head.json").write_text(json.dumps(head))
    older = RecordStore.open(store.path)
    assert older.corrections() == []
    assert len(older.events()) == 3
    older.correct("e3", "reject", **SIGNED)
    assert len(older.events()) == 2


def test_what_is_undone_cannot_be_undone_again_until_it_is_brought_back(store: RecordStore) -> None:
    before = answers(store)
    store.correct("e3", "reject", **SIGNED)
    rejected = answers(store)
    store.undo_correction("c1", **SIGNED)
    with pytest.raises(QueryError, match="c1 is undone already, by c2"):
        store.undo_correction("c1", **SIGNED)
    store.undo_correction("c2", **SIGNED)
    assert answers(store) == rejected != before
    with pytest.raises(QueryError, match="c2 is undone already, by c3"):
        store.undo_correction("c2", **SIGNED)
    store.undo_correction("c1", **SIGNED)
    assert answers(store) == before
    assert [row["correction_id"] for row in store.corrections()] == ["c1", "c2", "c3", "c4"]


@pytest.mark.parametrize("side", ["actor", "recipient"])
def test_somebody_and_nobody_contradict_each_other(store: RecordStore, side: str) -> None:
    signed = ("--record", store.path, "--name", "A. Reader", "--reason", "they signed it")
    code, told = call("correct", "amend", "e1", f"--{side}", "FRA", f"--no-{side}", *signed)
    assert code == 2
    assert f"--{side} and --no-{side} contradict each other" in told
    assert store.corrections() == []
