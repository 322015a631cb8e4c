"""The gate: cheap, the same in any company, and never silent about what it holds back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.model import Article, Sentence
from dragoman.reader import reader_version
from dragoman.reader.gate import BUCKETS, Gate, buckets

GATE = Gate.load()


def sentence(text: str, *, is_title: bool = False) -> Sentence:
    return Sentence(index=0, start=0, end=len(text), text=text, is_title=is_title)


@pytest.mark.parametrize(
    "text",
    [
        "Russia condemned the agreement.",
        "Troops shelled the town on Monday, killing five people.",
        "The two presidents will meet in Geneva next week.",
        "Parliament did not approve the sanctions.",
    ],
)
def test_what_may_be_an_event_passes(text: str) -> None:
    assert GATE.passes(sentence(text))


@pytest.mark.parametrize(
    "text",
    [
        "What do you think is the best way to get this done?",
        "Click here to read more.",
        "",
    ],
)
def test_what_cannot_be_one_is_held_back(text: str) -> None:
    assert not GATE.passes(sentence(text))


@given(st.text(max_size=300), st.booleans())
def test_any_text_has_buckets_in_order_and_a_score(text: str, is_title: bool) -> None:
    found = buckets(text, is_title=is_title)
    assert found == sorted(set(found))
    assert all(0 <= at < BUCKETS for at in found)
    assert GATE.score(text, is_title=is_title) == GATE.score(text, is_title=is_title)


def test_the_version_names_the_gate() -> None:
    assert reader_version(GATE) == f"{reader_version(None)}+{GATE.version}"


def test_what_is_held_back_is_told_and_the_rest_is_read() -> None:
    from dragoman.coder import Coder

    text = "What do you think is the best way to get this done? Russia condemned Ukraine on Monday."
    article = Article(id="a", doc="a", title="", text=text)
    (gated,) = Coder(threads=1).code([article])
    (skip,) = [skip for skip in gated.skips if skip.reason == "no event" and skip.detail.startswith("gate")]
    assert "1 of 2 sentences not read: [0:" in skip.detail
    assert [event.event_type for event in gated.events] == ["ACCUSE"]
    (plain,) = Coder(threads=1, gate=False).code([article])
    assert not [skip for skip in plain.skips if skip.detail.startswith("gate")]
    assert len(plain.sentences) == len(gated.sentences) == 2
