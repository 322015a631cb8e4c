"""Editions of a story: one voice, and the later takes the place of the earlier."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import START, make_article, make_event, make_reading

from dragoman.editions import Edition, editions_of, find_versions
from dragoman.model import Article
from dragoman.records import merge_events
from dragoman.store import Reading, RecordStore

HEADLINE = "Ministers sign treaty on grain in harbour"


def versions(*articles: Article) -> tuple[set[tuple[str, str]], dict[str, str]]:
    pairs, superseded = find_versions(edition for article in articles for edition in editions_of(article))
    return set(pairs), superseded


def article(name: str, title: str = HEADLINE, *, days: int = 0, **fields: Any) -> Article:
    return make_article(name, title=title, published=START + timedelta(days=days), **fields)


@pytest.mark.parametrize(
    ("first", "second", "one_story", "superseded"),
    [
        ({}, {"days": 1}, True, True),  # the same headline a day later, by the same outlet
        ({}, {"days": 3}, False, False),
        ({}, {"publisher": "Sample Daily"}, True, False),  # syndicated
        ({}, {"publisher": "Sample Daily", "days": 1}, True, False),
        ({}, {"title": f"UPDATE 2-{HEADLINE}"}, True, True),
        ({"title": f"UPDATE 1-{HEADLINE}"}, {"title": f"UPDATE 2-{HEADLINE}", "publisher": "Other"}, True, True),
        ({"title": f"UPDATE 2-{HEADLINE}"}, {"title": f"CORRECTED-UPDATE 2-{HEADLINE}"}, True, True),
        ({}, {"title": f"CORRECTED: {HEADLINE}"}, True, True),
        ({}, {"title": f"{HEADLINE} (updated)"}, True, True),
        ({"title": "Correction: the grain"}, {"title": "the grain", "days": 1}, False, False),  # too short a headline
        ({"title": "Live"}, {"title": "Live", "url": "https://sample.example/a1/", "days": 1}, True, False),
        ({"title": "A"}, {"title": "B", "url": "https://www.sample.example/a1?utm_source=x", "days": 9}, True, True),
        ({"title": "A"}, {"title": "B", "url": "https://sample.example/a1?page=2"}, False, False),
        (
            {"title": "A"},
            {"title": "B", "url": "https://sample.example/a1"},
            True,
            False,
        ),  # which is later nobody can say
    ],
)
def test_which_articles_are_one_story_and_which_is_the_later(
    first: dict[str, Any], second: dict[str, Any], one_story: bool, superseded: bool
) -> None:
    pairs, later = versions(article("a1", **first), article("a2", **second))
    assert pairs == ({("a1", "a2")} if one_story else set())
    assert later == ({"a1": "a2"} if superseded else {})


def test_of_three_editions_the_last_supersedes_both() -> None:
    told = [article(f"a{day}", days=day, url="https://sample.example/one") for day in range(3)]
    assert versions(*told)[1] == {"a0": "a2", "a1": "a2"}


def test_a_broken_link_is_a_link_like_any() -> None:
    one, other = (article(name, "Grain", url="https://[broken") for name in ("a1", "a2"))
    assert versions(one, other)[0] == {("a1", "a2")}


def some_editions() -> Iterator[Edition]:
    for number in range(6):
        yield from editions_of(article(f"a{number}", f"UPDATE {number % 3}-{HEADLINE}", days=number % 2))


@given(st.permutations(list(some_editions())))
def test_the_order_of_reading_changes_no_version(editions: list[Edition]) -> None:
    assert find_versions(editions) == find_versions(some_editions())


# --- what it means for happenings ---


def told(name: str, sentence: str, *, days: int, publisher: str = "The Sample Times", **fields: Any) -> Any:
    published = START + timedelta(days=days)
    return make_event(f"e-{name}", article=name, sentence=sentence, published=published, publisher=publisher, **fields)


FIRST = "At least 3 killed as shells hit the harbour bridge."
LATER = "Shells hit the harbour bridge and 12 were killed, the mayor counts."


def test_the_last_edition_says_what_is_so_and_both_stay() -> None:
    events = [told("a1", FIRST, days=0), told("a2", LATER, days=1, confidence=0.5)]
    (plain,) = merge_events(events)
    assert plain.disagreements
    (record,) = merge_events(events, copies=[("a1", "a2")], superseded={"a1": "a2"})
    assert record.event_ids == ("e-a1", "e-a2")
    assert record.voices == 1
    assert record.disagreements == ()
    assert record.belief < plain.belief


def test_what_a_later_edition_does_not_repeat_is_believed_less_and_says_so() -> None:
    event = told("a1", FIRST, days=0)
    (plain,), (record,) = merge_events([event]), merge_events([event], superseded={"a1": "a2"})
    assert record.record_id == plain.record_id
    assert record.belief == pytest.approx(plain.belief * 0.6, abs=1e-5)
    assert record.disagreements == ("not repeated: a later edition by The Sample Times does not tell of it",)


def test_another_outlet_upholds_what_one_has_withdrawn() -> None:
    events = [told("a1", FIRST, days=0), told("a3", LATER, days=0, publisher="Sample Post")]
    alone = merge_events(events[1:])[0]
    (record,) = merge_events(events, superseded={"a1": "a2"})
    assert record.belief == alone.belief
    assert len(record.disagreements) == 1


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return RecordStore.open(tmp_path_factory.mktemp("blank") / "record", create=True).path


def reading(name: str, title: str, *events: Any, days: int = 0) -> Reading:
    text = " ".join(event.evidence.sentence.text for event in events) or "Nothing of the kind took place."
    return make_reading(*events, article=article(name, title, text=text, days=days))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("at_once", [True, False])
def test_the_store_sees_a_later_edition_whenever_it_is_read(
    tmp_path: Path, blank: Path, order: tuple[int, int], at_once: bool
) -> None:
    store = RecordStore.open(shutil.copytree(blank, tmp_path / "record"))
    readings = [
        reading("a1", HEADLINE, told("a1", FIRST, days=0)),
        reading("a2", f"CORRECTED: {HEADLINE}", days=1),
    ]
    for batch in [[readings[at] for at in order]] if at_once else [[readings[at]] for at in order]:
        store.add(batch)
    (row,) = store.records()
    assert row["disagreements"] == ["not repeated: a later edition by The Sample Times does not tell of it"]
    store.forget(reason="asked for", article_ids=["a2"])
    assert store.records()[0]["disagreements"] == []
    assert store.check() == []


def test_articles_without_a_day_supersede_nothing() -> None:
    one, other = (replace(article(name, url="https://sample.example/one"), published=None) for name in ("a1", "a2"))
    assert versions(one, other) == ({("a1", "a2")}, {})
