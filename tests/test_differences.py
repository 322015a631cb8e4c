"""Comparing two states of a record, two records, or two coders."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from strategies import make_event, make_reading

from dragoman import tables
from dragoman.cli import main
from dragoman.differences import Difference, compare_coders, compare_states
from dragoman.errors import QueryError
from dragoman.store import RecordStore

Told = list[tuple[str, str, str | None, str | None, tuple[str, ...]]]


def new_store(folder: Path, *readings: Any) -> RecordStore:
    store = RecordStore.open(folder, create=True)
    store.add(readings)
    return store


def told(found: Any) -> Told:
    def name(row: Any) -> str | None:
        return (row.get("event_id") or row["event_type"]) if row else None

    return [(one.what, one.change, name(one.old), name(one.new), one.fields) for one in found]


def test_a_record_does_not_differ_from_itself(tmp_path: Path) -> None:
    one = new_store(tmp_path / "one", make_reading(make_event("e1")))
    other = new_store(tmp_path / "other", make_reading(make_event("e1")))
    assert list(compare_states(one, other)) == []


def test_what_was_added_removed_and_changed(tmp_path: Path) -> None:
    kept = make_reading(make_event("e1"))
    older = make_reading(make_event("e2", article="a2", event_type="ASSAULT"))
    newer = make_reading(make_event("e2", article="a2", event_type="ASSAULT", recipients=("USA",)))
    gone = make_reading(make_event("e3", article="a3", event_type="AID"))
    fresh = make_reading(make_event("e4", article="a4", event_type="ACCUSE"))
    one, other = new_store(tmp_path / "one", kept, older, gone), new_store(tmp_path / "other", kept, newer, fresh)
    assert sorted(told(compare_states(one, other)), key=str) == sorted(
        [
            ("event", "changed", "e2", "e2", ("recipients",)),
            ("event", "removed", "e3", None, ()),
            ("event", "added", None, "e4", ()),
            ("happening", "changed", "ASSAULT", "ASSAULT", ("recipients",)),
            ("happening", "removed", "AID", None, ()),
            ("happening", "added", None, "ACCUSE", ()),
        ],
        key=str,
    )


def test_a_happening_that_was_split_says_where_it_came_from(tmp_path: Path) -> None:
    first, second = make_event("e1"), make_event("e2", article="a2")
    apart = make_event("e2", article="a2", day="2025-03-09")
    one = new_store(tmp_path / "one", make_reading(first), make_reading(second))
    other = new_store(tmp_path / "other", make_reading(first), make_reading(apart))
    (whole,) = one.records()
    found = [difference for difference in compare_states(one, other) if difference.what == "happening"]
    assert [difference.change for difference in found] == ["changed", "added"]
    assert found[1].elsewhere == (whole["record_id"],)


def test_a_newer_coder_is_compared_with_the_older_one(tmp_path: Path) -> None:
    def reading(coder: str, **changes: Any) -> Any:
        return make_reading(make_event(f"e1-{coder}", coder=coder, **changes), coder=coder)

    store = new_store(tmp_path / "record", reading("old"), make_reading(make_event("e2", article="a2")))
    store.add([reading("new", event_type="AGREE", anchor="met at")])
    assert told(compare_coders(store, "old", "new")) == [
        ("event", "changed", "e1-old", "e1-new", ("event_type",)),
        ("happening", "changed", "CONSULT", "AGREE", ("event_type",)),
    ]
    with pytest.raises(QueryError, match="there are new, old, test-1"):
        list(compare_coders(store, "older", "new"))


def test_a_newer_coder_changes_nothing_in_silence(tmp_path: Path) -> None:
    """Every event that counts after a re-reading is either as before or in the differences."""
    old = [make_reading(make_event(f"e{at}", article=f"a{at}"), coder="test-1") for at in range(6)]
    store = new_store(tmp_path / "record", *old)
    before = {row["event_id"] for row in store.events()}
    newer = [
        make_reading(make_event(f"n{at}", article=f"a{at}", coder="new", recipients=("USA",)), coder="new")
        for at in range(0, 6, 2)
    ]
    store.add(newer)
    after = {row["event_id"] for row in store.events()}
    found = [one for one in compare_coders(store, "test-1", "new") if one.what == "event"]
    assert {one.old["event_id"] for one in found if one.old} == before - after
    assert {one.new["event_id"] for one in found if one.new} == after - before


def test_days_of_one_record_are_compared_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        moment = datetime(2025, 6, 1, 12, tzinfo=UTC)

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return cls.moment

    monkeypatch.setattr(tables, "datetime", Clock)
    store = new_store(tmp_path / "record", make_reading(make_event("e1")))
    Clock.moment += timedelta(days=10)
    store.add([make_reading(make_event("e2", article="a2", event_type="AID"))])
    words = ["diff", "--record", str(store.path), "--from", "2025-06-03"]
    lines = CliRunner().invoke(main, [*words, "--format", "jsonl"]).output.splitlines()
    assert [(row["what"], row["change"]) for row in map(json.loads, lines)] == [
        ("event", "added"),
        ("happening", "added"),
    ]
    output = CliRunner().invoke(main, words).output
    assert "+ event e2  2025-03-01  AID" in output
    assert output.endswith("events: 1 added, 0 removed, 0 changed\nhappenings: 1 added, 0 removed, 0 changed\n")
    assert "events: 0 added" in CliRunner().invoke(main, [*words, "--to", "2025-06-04"]).output
    assert told(compare_states(store.as_of(date(2025, 6, 3)), store.as_of(date(2025, 6, 4)))) == []


@pytest.mark.parametrize("words", [[], ["--from", "2025-01-01", "--with", "other"], ["--to", "2025-01-01"]])
def test_a_comparison_with_nothing_or_with_two_things_is_refused(tmp_path: Path, words: list[str]) -> None:
    store = new_store(tmp_path / "record", make_reading(make_event("e1")))
    assert CliRunner().invoke(main, ["diff", "--record", str(store.path), *words]).exit_code == 2


def test_a_difference_is_plain_json() -> None:
    row = Difference(what="event", change="added", old=None, new={"event_id": "e"}).to_row()
    assert json.loads(json.dumps(row)) == row
