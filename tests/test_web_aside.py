"""What a site lays aside on disk: the rows and columns that the data files give, in no file that anybody can name."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from tests.strategies import make_event, make_reading, reading_lists
from tests.test_web_queries import assert_same_answers, pages_of

from dragoman.errors import StoreError
from dragoman.web import app
from dragoman.web.arrays import KeyRows
from dragoman.web.aside import Aside
from dragoman.web.blocks import BLOCK_ROWS, LaidGroups, may_hold
from dragoman.web.queries import PageView, Wanted

FIRST = date(2025, 1, 1)


@pytest.fixture
def laying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the smallest record is laid aside, in blocks of two rows, and hardly anything is held in memory."""
    monkeypatch.setattr("dragoman.web.blocks.BLOCK_ROWS", 2)
    for name in ("LEAST_TO_LAY", "LEAST_IN_FILE", "MONTHS_READY", "YEARS_READY"):
        monkeypatch.setattr(f"dragoman.web.queries.view.{name}", 0)
    for name in ("columns.COLUMN_BYTES", "columns.KEY_BYTES", "rows.RECORD_ROW_BYTES", "rows.EVENT_ROW_BYTES",
                 "rows.CARD_BYTES"):  # fmt: skip
        monkeypatch.setattr(f"dragoman.web.queries.{name}", 1)


def test_what_was_laid_aside_is_read_back_and_no_file_shows_it(tmp_path: Path) -> None:
    aside = Aside(tmp_path)
    told = {"days": np.arange(5000, dtype=np.int32), "ids": pa.array(["one", None, "three"]), "name": "a month"}
    assert aside.lay_value("month", told)
    back = aside.value("month")
    assert (back["days"] == told["days"]).all()
    assert (back["ids"], back["name"]) == (told["ids"], told["name"])
    assert aside.value("year") is None
    assert list(tmp_path.iterdir()) == []


def test_what_would_take_too_much_room_is_refused_and_room_is_given_back(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("dragoman.web.aside._SEGMENT_BYTES", 100)
    aside = Aside(tmp_path, 1000)
    assert [aside.lay(name, [bytes(400)]) is not None for name in "abc"] == [True, True, False]
    aside.keep_only({"b"})
    assert ("a" in aside, "b" in aside) == (False, True)
    assert aside.lay("c", [b"x" * 400]) is not None
    assert aside.nbytes <= 1000


def test_what_somebody_has_in_hand_can_be_read_after_it_was_let_go(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("dragoman.web.aside._SEGMENT_BYTES", 1)
    aside = Aside(tmp_path)
    in_hand = aside.lay("a", [b"old", b"older"])
    aside.lay("b", [b"new"])
    aside.keep_only({"b"})
    assert in_hand is not None
    assert in_hand.read(64, 5) == b"older"


def test_blocks_hold_the_rows_of_their_group(tmp_path: Path) -> None:
    rows = [
        {"day": FIRST + timedelta(days=number // 300), "sides": [{"start": number, "name": None}] * (number % 3)}
        for number in range(3 * BLOCK_ROWS + 7)
    ]
    table = pa.Table.from_pylist(rows)
    laid = LaidGroups("events", Aside(tmp_path))
    assert laid.find("file", 0) is None
    assert laid.lay("file", 0, table)
    group = laid.find("file", 0)
    assert group is not None
    places = [5, BLOCK_ROWS, BLOCK_ROWS + 1, len(rows) - 1]
    told = [row for block, here in group.at(places) for row in block.take(here).to_pylist()]
    assert told == [rows[place] for place in places]
    day = FIRST + timedelta(days=2)
    found = [row for block in group.on_days([day]) for row in block.to_pylist()]
    assert [row for row in found if row["day"] == day] == [row for row in rows if row["day"] == day]
    assert len(found) < len(rows)
    assert sum(len(block) for block in group.on_days(None)) == len(rows)


def test_rows_without_a_day_may_hold_any() -> None:
    days = [FIRST, FIRST + timedelta(days=9)]
    assert may_hold((None, None), days)
    assert may_hold((FIRST, FIRST), days)
    assert not may_hold((FIRST + timedelta(days=1), FIRST + timedelta(days=8)), days)
    assert not may_hold((FIRST, FIRST), [])


@pytest.mark.parametrize("most", [9, 100_000])
def test_rows_in_which_keys_stand_together(most: int) -> None:
    drawn = np.random.default_rng(most)
    keys, rows = drawn.integers(0, 12, 400).astype(np.int32), drawn.integers(0, most, 400)
    where = KeyRows.of(keys, rows)
    standing = {key: set(rows[keys == key].tolist()) for key in range(13)}
    for one in range(13):
        assert where.of_key(one).tolist() == sorted(standing[one])
        assert where.of_keys([one, 3]).tolist() == sorted(standing[one] & standing[3])
    assert where.of_keys([1, None]).tolist() == []
    assert set(where.copy().standing_in(where.of_key(3))) == {
        (row, key) for key, here in standing.items() for row in here & standing[3]
    }


@given(readings=reading_lists(max_size=8))
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_answers_from_what_lies_aside_are_those_of_the_record(
    tmp_path_factory: pytest.TempPathFactory, laying: None, readings: Any
) -> None:
    store, view = pages_of(tmp_path_factory.mktemp("aside") / "record", readings[:4])
    for change in (
        lambda: store.add(readings[4:]),
        lambda: store.correct(store.events()[0]["event_id"], "reject", reason="not so", name="A Reader"),
        lambda: store.forget(reason="asked for", article_ids=[store.events()[-1]["article_id"]]),
    ):
        view.lay_aside()
        assert_same_answers(store, view)
        if not store.records():
            return
        change()
        assert_same_answers(store, view)  # what lies aside is older than the record


def test_a_search_of_two_sides_looks_through_all_months_that_lie_aside(
    tmp_path: Path, laying: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"{year}-0{month}-03" for year in (2021, 2022, 2023) for month in range(1, 9)]
    readings = [make_reading(make_event(f"e{day}", article=f"a{day}", day=day)) for day in days]
    monkeypatch.setattr("dragoman.web.queries.columns.KEY_BYTES", 1_000_000)
    monkeypatch.setattr("dragoman.web.queries.happenings.MOST_UNREAD", 5 * 15_000)
    _, view = pages_of(tmp_path / "record", readings)
    assert view.search(Wanted(parties=("FRA", "XYZ")), limit=200).reached is not None
    view.lay_aside()
    found = view.search(Wanted(parties=("FRA", "CHN")), limit=200)
    assert found.reached is None
    assert view.search(Wanted(parties=("FRA", "XYZ")), limit=200).reached is None


def test_a_small_record_is_not_laid_aside(tmp_path: Path) -> None:
    _, view = pages_of(tmp_path / "record", [make_reading(make_event())])
    view.lay_aside()
    assert view._aside.nbytes == 0


def test_what_was_taken_down_lies_aside_no_more(tmp_path: Path, laying: None) -> None:
    events = [make_event("e1", sentence="A secret harbour."), make_event("e2", article="a2", sentence="A bridge.")]
    store, view = pages_of(tmp_path / "record", [make_reading(one) for one in events])
    view.lay_aside()
    before = set(view._aside._lying)
    assert any(key[0] == "events" for key in before)
    store.forget(reason="asked for", article_ids=["a1"])
    view.lay_aside()
    assert before.isdisjoint(view._aside._lying)


@pytest.mark.parametrize("error", [OSError, StoreError])
def test_a_disk_that_takes_nothing_is_told_in_the_log_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    store, _ = pages_of(tmp_path / "record", [make_reading(make_event())])
    site = app.make_site(store)
    turns = []

    def fail(_: PageView) -> None:
        turns.append(1)
        raise error("the disk is full")

    monkeypatch.setattr(PageView, "lay_aside", fail)
    monkeypatch.setattr(app, "_spare_collector", lambda: None)
    app._read_ahead(site, stop=StopAfter(2))
    assert len(turns) == 2
    assert "the disk is full" in caplog.text


class StopAfter:
    """An event that is set when it was waited for some times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def wait(self, _: float) -> bool:
        self.times -= 1
        return self.times <= 0
