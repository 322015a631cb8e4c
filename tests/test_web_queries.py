"""What pages count from columns held in memory, against the same counted row by row; what a commit changes of it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.strategies import START, make_event, make_reading, reading_lists

from dragoman.model import PlaceMention
from dragoman.store import RecordStore
from dragoman.ties import Window
from dragoman.web.background import Background
from dragoman.web.held import Held
from dragoman.web.queries import NotReadyError, PageView, Wanted
from dragoman.web.shown import ClosedError, Shown
from dragoman.web.words import WordIndex, expression

SINCE, UNTIL = START - timedelta(days=30), START + timedelta(days=40)


def pages_of(path: Path, readings: Any) -> tuple[RecordStore, PageView]:
    store = RecordStore.open(path, create=True)
    store.add(readings)
    return store, PageView.of(path)


@given(readings=reading_lists(max_size=10))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_count_what_the_rows_say(tmp_path_factory: pytest.TempPathFactory, readings: Any) -> None:
    store, view = pages_of(tmp_path_factory.mktemp("columns") / "record", readings)
    records = store.records()
    dated = [row for row in records if row["date"] and len(row["date"]) == 10]
    assert view.totals()["records"] == len(records)
    assert view.type_counts() == Counter(row["event_type"] for row in records if row["date"])
    days = Counter((row["date"], row["quad"]) for row in dated if row["status"] == "asserted")
    counted = {(row["day"], row["quad"]): row["records"] for row in view.days(Wanted(), since=SINCE, until=UNTIL)}
    # What is dated by the month alone is counted on its first day.
    assert {key: number for key, number in counted.items() if key[0] != "2025-03-01"} == {
        key: number for key, number in days.items() if key[0] != "2025-03-01"
    }
    for party in ("FRA", "DEU", "CHN"):
        found = view.happenings(Wanted(parties=(party,)), limit=200)
        wanted = {row["record_id"] for row in records if party in (*row["actors"], *row["recipients"])}
        assert {row["record_id"] for row in found} == wanted
        assert [row["day"] or "" for row in found] == sorted((row["day"] or "" for row in found), reverse=True)
    assert all(view.record(row["record_id"]) == row for row in records)


@given(readings=reading_lists(max_size=10))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_read_where_they_lie_are_those_of_the_tables(
    tmp_path_factory: pytest.TempPathFactory, readings: Any
) -> None:
    store, view = pages_of(tmp_path_factory.mktemp("rows") / "record", readings[:5])
    view.happenings(Wanted(), limit=200)  # what is held of the first batch must not show after the second
    store.add(readings[5:])
    records = {row["record_id"]: row for row in store.records()}
    events = {row["event_id"]: row for row in store.events()}
    found = view.happenings(Wanted(), limit=200)
    assert {row["record_id"] for row in found} == records.keys()
    for row in found:
        told = records[row["record_id"]]
        same = (told.keys() & row.keys()) - {"disagreements"}  # a list does not name what links dispute
        assert {name: row[name] for name in same} == {name: told[name] for name in same}
        first = [events[one] for one in row["events"][:4] if one in events]
        if row["day"] and row["shown"]:
            event = events[row["shown"]["event_id"]]
            assert event["confidence"] == max(one["confidence"] for one in first)
            assert row["shown"]["sentence"] == event["sentence"]
            assert [(one["start"], one["end"]) for one in row["shown"]["actors"]] == [
                (one["start"], one["end"]) for one in event["actors"]
            ]


@given(readings=reading_lists(max_size=10))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pairs_and_partners_are_those_of_the_dyads(tmp_path_factory: pytest.TempPathFactory, readings: Any) -> None:
    store, view = pages_of(tmp_path_factory.mktemp("pairs") / "record", readings)
    rows = store._rows(f"SELECT * FROM {store._source('dyads', store.snapshot())}", [])
    rows = [row for row in rows if row["low"] != row["high"] and SINCE <= row["day"] < UNTIL]
    pairs: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        pairs.setdefault((row["low"], row["high"]), set()).add(row["record_id"])
    counted = {(row["low"], row["high"]): row["records"] for row in view.dyads(since=SINCE, until=UNTIL, limit=99)}
    assert counted == {pair: len(ids) for pair, ids in pairs.items()}
    partners = {row["party"]: row for row in view.partners("CHN", since=SINCE, until=UNTIL, limit=99)}
    with_china = {pair: ids for pair, ids in pairs.items() if "CHN" in pair}
    assert {party: row["records"] for party, row in partners.items()} == {
        (set(pair) - {"CHN"}).pop(): len(ids) for pair, ids in with_china.items()
    }
    for party, row in partners.items():
        scores = [one["intensity"] for one in rows if {one["low"], one["high"]} == {"CHN", party}]
        assert row["intensity"] == pytest.approx(sum(scores) / len(scores), abs=0.001)


@given(readings=reading_lists(max_size=10))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_counted_from_what_is_held_is_what_a_query_gives(
    tmp_path_factory: pytest.TempPathFactory, readings: Any
) -> None:
    store, view = pages_of(tmp_path_factory.mktemp("held") / "record", readings[:4])
    assert_same_answers(store, view)
    for change in (
        lambda: store.add(readings[4:]),
        lambda: store.correct(store.events()[0]["event_id"], "reject", reason="not so", name="A Reader"),
        lambda: store.correct(store.records()[0]["record_id"], "amend", reason="not so", name="A Reader",
                              changes={"type": "AGREE", "recipients": ["CHN"], "date": "2025-03-02"}),
        lambda: store.forget(reason="asked for", article_ids=[store.events()[-1]["article_id"]]),
    ):  # fmt: skip
        if not store.records():
            return
        change()
        assert_same_answers(store, view)


def assert_same_answers(store: RecordStore, view: PageView) -> None:
    """Ties, places, happenings and words as the pages tell them, against the plain questions of the record."""
    window = {"since": SINCE, "until": UNTIL}
    for by, directed in (("day", True), ("week", False), ("month", True), ("month", False)):
        asked = {**window, "by": by, "directed": directed}
        assert list(view.ties("FRA", "CHN", **asked)) == list(store.ties("FRA", "CHN", **asked))
    out, back = view.tie_sums(("FRA", "CHN"), Window(**window))
    for way, actor in ((out, "FRA"), (back, "CHN")):
        rows = [row for row in store.ties("FRA", "CHN", **window) if row["actor"] == actor]
        assert way == {quad: sum(row["quads"][quad] for row in rows) for quad in way}
    between = [row for row in store.records() if row["date"] and row["status"] == "asserted" and is_between(row)]
    told = view.tie_happenings(("FRA", "CHN"), since=SINCE, until=UNTIL, limit=99)
    assert {row["record_id"] for row in told} == {row["record_id"] for row in between}
    assert [row["day"] for row in told] == sorted((row["day"] for row in told), reverse=True)
    assert view.places(since=SINCE, until=UNTIL, limit=99) == places_of(store)
    records = store.records()
    for record in records:
        rows = {row["event_id"]: row for row in store.events_by_id(record["events"])}
        linked = view.linked_events(record)
        assert {row["event_id"]: {**row, "corrections": rows[row["event_id"]]["corrections"]} for row in linked} == rows
        assert linked == sorted(linked, key=lambda row: (row["published"], row["publisher"] or "~", row["event_id"]))
        assert all(view.record(one) == record for one in (record["record_id"], *record["aliases"]))
    for word in ("summit", "harbour"):
        said = {row["event_id"] for row in store.events(text=word)}
        found = {row["record_id"] for row in view.happenings(Wanted(words=(word,)), limit=200)}
        assert found >= {row["record_id"] for row in records if said.intersection(row["events"])}
    keys = {party for row in records for party in (*row["actors"], *row["recipients"])}
    assert all(view.knows(party) for party in keys)
    assert not view.knows("XYZ")


def is_between(row: dict[str, Any]) -> bool:
    """Whether France and China face each other in a happening: across it, or as actors of a meeting."""
    sides = (row["actors"], row["recipients"])
    across = any("FRA" in one and "CHN" in other for one, other in (sides, sides[::-1]))
    return across or (row["event_type"] in {"CONSULT", "AGREE"} and {"FRA", "CHN"} <= set(row["actors"]))


def places_of(store: RecordStore) -> list[dict[str, Any]]:
    told: dict[tuple[str, str], list[Any]] = {}
    for row in store.events(status="asserted", since=SINCE, until=UNTIL):
        if row["place"]:
            told.setdefault((row["place"]["name"], row["place"]["country"]), []).append(row)
    rows = [
        {
            "name": name, "country": country, "latitude": None, "longitude": None, "events": len(events),
            "cooperation": sum(row["quad"] <= 2 for row in events), "conflict": sum(row["quad"] > 2 for row in events),
            "intensity": round(sum(row["intensity"] for row in events) / len(events), 3),
        }
        for (name, country), events in told.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["events"], row["name"]))


def test_a_place_of_a_month_is_counted_by_quad_and_rounded(tmp_path: Path) -> None:
    place = PlaceMention(start=0, end=4, text="Lyon", name="Lyon", country="FRA", latitude=45.748, longitude=4.8467)
    events = [
        make_event(f"e{n}", event_type=kind, article=f"a{n}", place=place) for n, kind in enumerate(("AID", "ACCUSE"))
    ]
    _, view = pages_of(tmp_path / "record", [make_reading(one) for one in events])
    (row,) = view.places(since=SINCE, until=UNTIL, limit=9)
    assert (row["latitude"], row["longitude"], row["events"], row["intensity"]) == (45.75, 4.85, 2, 1.75)
    (row,) = view.places(since=SINCE, until=UNTIL, limit=9, quad=3)
    assert (row["events"], row["conflict"], row["intensity"]) == (1, 1, -3.0)


def test_each_batch_is_seen_and_only_its_partitions_are_read_again(tmp_path: Path) -> None:
    store, view = pages_of(tmp_path / "record", [make_reading(make_event(day="2025-01-05"))])
    view.index_words()
    before = {key for key in view._columns_held._kept if key[0] == "happenings"}
    store.add([make_reading(make_event("e2", day="2025-03-01", article="a2", sentence="A treaty was signed."))])
    assert [row["day"] for row in view.happenings(Wanted(), limit=9)] == ["2025-03-01", "2025-01-05"]
    assert len(view.happenings(Wanted(words=("treaties",)), limit=9)) == 1
    assert before < {key for key in view._columns_held._kept if key[0] == "happenings"}


def test_what_was_taken_down_is_found_by_no_word(tmp_path: Path) -> None:
    events = [
        make_event("e1", sentence="A secret harbour."),
        make_event("e2", article="a2", sentence="An open bridge."),
    ]
    store, view = pages_of(tmp_path / "record", [make_reading(one) for one in events])
    assert len(view.happenings(Wanted(words=("secret",)), limit=9)) == 1
    store.forget(reason="asked for", article_ids=["a1"])
    assert not (tmp_path / "record" / "words.sqlite3").exists()
    assert view.happenings(Wanted(words=("secret",)), limit=9) == []
    assert len(view.happenings(Wanted(words=("bridge",)), limit=9)) == 1
    assert b"secret" not in (tmp_path / "record" / "words.sqlite3").read_bytes()


def test_a_large_record_says_that_its_words_are_not_indexed_yet(tmp_path: Path, monkeypatch: Any) -> None:
    _, view = pages_of(tmp_path / "record", [make_reading(make_event())])
    monkeypatch.setattr("dragoman.web.queries.indexing.MOST_ON_THE_SPOT", 0)
    with pytest.raises(NotReadyError, match="indexed"):
        view.happenings(Wanted(words=("harbour",)), limit=9)
    view.index_words()
    assert len(view.happenings(Wanted(words=("harbour",)), limit=9)) == 1


def test_a_search_that_stops_looking_says_where_and_goes_on_there(tmp_path: Path, monkeypatch: Any) -> None:
    months = [date(2024, month, 3) for month in range(1, 13)]
    readings = [
        make_reading(make_event(f"e{day.month}", article=f"a{day.month}", day=day.isoformat())) for day in months
    ]
    _, view = pages_of(tmp_path / "record", readings)
    monkeypatch.setattr("dragoman.web.queries.happenings.MOST_UNREAD", 2 * 15_000)
    monkeypatch.setattr("dragoman.web.queries.view.MONTHS_READY", 1)
    seen, after = [], None
    for _ in range(30):
        found = view.search(Wanted(parties=("FRA",)), limit=200, after=after)
        seen += [row["day"] for row in found.rows]
        after = found.reached
        if after is None:
            break
    assert seen == [day.isoformat() for day in reversed(months)]


@pytest.mark.parametrize(
    ("words", "asked"),
    [(("gas",), '"gas"'), (('a" OR "b',), '"a" AND "OR" AND "b"'), (("NEAR(x)", "*"), '"NEAR" AND "x"'), (("…",), "")],
)
def test_no_word_of_a_search_is_an_operator(words: tuple[str, ...], asked: str) -> None:
    assert expression(words) == asked


# --- what is held ---


def test_what_is_held_is_loaded_once_by_many_threads_and_let_go_when_there_is_too_much() -> None:
    class Heavy:
        nbytes = 60

    held, loads = Held(100), []

    def load() -> Heavy:
        loads.append(1)
        return Heavy()

    threads = [threading.Thread(target=lambda: held.get("one", load)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    held.get("two", load)
    assert (held.find("one") is None, held.find("two") is not None) == (True, True)


def test_a_load_that_fails_is_tried_again() -> None:
    held = Held()
    with pytest.raises(OSError, match="gone"):
        held.get("key", _failing)
    assert held.get("key", lambda: 7) == 7


def _failing() -> int:
    raise OSError("gone")


def test_a_state_that_takes_long_is_made_ready_beside_the_readers(tmp_path: Path, monkeypatch: Any) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    ready, go_on = threading.Event(), threading.Event()
    shown = Shown(store._folder.head, lambda _: None)
    first = shown.snapshot()
    store.add([make_reading(make_event())])
    assert shown.snapshot().number == first.number + 1
    monkeypatch.setattr(shown, "_cost", 1.0)

    def wait(_: Any) -> None:
        ready.set()
        go_on.wait(5)

    monkeypatch.setattr(shown, "_prepare", wait)
    store.add([make_reading(make_event("e2", article="a2"))])
    assert shown.snapshot().number == first.number + 1
    assert ready.wait(5)
    assert shown.snapshot().number == first.number + 1
    go_on.set()
    for _ in range(200):
        if shown.snapshot().number == first.number + 2:
            return
        threading.Event().wait(0.01)
    raise AssertionError("the new state was never shown")


def test_threads_beside_a_view_have_ended_when_their_block_ends(tmp_path: Path) -> None:
    _, view = pages_of(tmp_path / "record", [make_reading(make_event())])
    ended, complaints = threading.Event(), []

    def ask_for_ever() -> None:
        try:
            while True:
                view.index_words()
        finally:
            ended.set()

    was, threading.excepthook = threading.excepthook, complaints.append
    try:
        with Background(view) as beside:
            beside.start(ask_for_ever)
            beside.start(beside.stop.wait)
    finally:
        threading.excepthook = was
    assert ended.is_set()
    assert not complaints
    with pytest.raises(ClosedError):
        view.totals()


def test_an_index_of_words_that_was_stopped_is_not_taken_for_whole(tmp_path: Path) -> None:
    _, view = pages_of(tmp_path / "record", [make_reading(make_event())])
    snapshot = view.snapshot()
    view.close()
    with pytest.raises(ClosedError):
        view.index_words()
    assert not WordIndex(tmp_path / "record").reaches(snapshot)
