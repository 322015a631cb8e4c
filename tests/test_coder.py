"""The coder: what is left out because nobody asks for it changes nothing of what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from dragoman.actors import ActorIndex
from dragoman.coder import Coder
from dragoman.model import Article
from dragoman.reader.sentences import split_article

TEXT = (
    "China's foreign minister met his Vietnamese counterpart in Hanoi on Monday. They signed a trade agreement. "
    "The United States did not mention human rights. Two days earlier troops had shelled a village near Kharkiv."
)
ARTICLE = Article(id="a", doc="a", title="China and Vietnam sign a trade deal", text=TEXT)


@cache
def coder() -> Coder:
    return Coder(threads=1)


def test_events_and_statements_are_the_same_without_the_layers() -> None:
    [full] = coder().code([ARTICLE])
    [lean] = coder().code([ARTICLE], keep="statements")
    [bare] = coder().code([ARTICLE], keep="events")
    assert full.events
    assert full.statements
    assert all((full.mentions, full.times, full.places))
    assert lean == replace(full, mentions=(), times=(), places=())
    assert bare == replace(lean, statements=())


def test_the_mentions_of_a_sentence_are_those_of_the_article_that_lie_in_it() -> None:
    index, sentences = ActorIndex.load(), split_article(ARTICLE)
    every = index.annotate(ARTICLE, sentences)
    for sentence in sentences:
        inside = tuple(m for m in every if sentence.start <= m.start and m.end <= sentence.end)
        assert index.annotate(replace(ARTICLE), sentences, sentence) == inside


def told(text: str) -> Iterator[str]:
    [coded] = coder().code([Article(id="b", doc="b", title="", text=text)], keep="events")
    yield from (f"{event.event_type} {event.status}" for event in coded.events)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("In case Russia attacks, Poland will close its border.", ["ASSAULT hypothetical", "COERCE hypothetical"]),
        ("The US will impose sanctions on Peru if it closes the port.", ["SANCTION hypothetical"]),
        ("The US will impose sanctions on Peru next week.", ["SANCTION future"]),
        ("Trump said he would file a lawsuit against the BBC.", ["ACCUSE future"]),
        ("It is not true that Russia attacked Poland.", ["ASSAULT negated"]),
        ("If Russia attacks Poland, NATO threatens sanctions.", ["ASSAULT hypothetical", "THREATEN asserted"]),
    ],
)
def test_what_rules_say_of_a_status_goes_before_what_the_network_says(text: str, wanted: list[str]) -> None:
    assert list(told(text)) == wanted


def test_what_the_reader_takes_for_background_is_news_where_its_own_date_is_of_late() -> None:
    text = "Russia, which invaded Ukraine in 2022, bombed Kyiv on Monday."
    article = Article(id="d", doc="d", title="", text=text, published=date(2025, 10, 7))
    [coded] = coder().code([article], keep="events")
    assert [event.status for event in coded.events if event.evidence.anchor.text == "bombed Kyiv"] == ["asserted"]


def test_every_sentence_has_an_event_a_skip_or_is_named_as_silent() -> None:
    text = "Russia is a large country in the north. The weather was fine. Russia attacked Ukraine on Monday."
    [coded] = coder().code([Article(id="c", doc="c", title="", text=text)], keep="events")
    assert [sentence.text for sentence in coded.silent] == ["Russia is a large country in the north."]
    assert any("[40:61]" in skip.detail for skip in coded.skips)
    assert len(coded.events) == 1
