"""The gate: cheap, the same in any company, and never silent about what it holds back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import ReaderError
from dragoman.model import Article, Sentence
from dragoman.reader import reader_version
from dragoman.reader.gate import Gate
from dragoman.reader.network import default_folder
from dragoman.reader.windows import Pieces, cut_pieces, load_tokenizer

GATE = Gate.load()
TOKENIZER = load_tokenizer(default_folder() / "tokenizer.json")
EVENTS = (
    "Russia condemned the agreement.",
    "Troops shelled the town on Monday, killing five people.",
    "The two presidents will meet in Geneva next week.",
    "Parliament did not approve the sanctions.",
)
OTHERS = ("What do you think is the best way to get this done?", "Click here to read more.", "", " ")


def pieces_of(*texts: str, is_title: bool = False) -> list[Pieces]:
    sentences = [Sentence(index=0, start=0, end=len(text), text=text, is_title=is_title) for text in texts]
    return cut_pieces(TOKENIZER, sentences)


@pytest.mark.parametrize("text", EVENTS)
def test_what_may_be_an_event_passes(text: str) -> None:
    assert GATE.passes(pieces_of(text)) == [True]


@pytest.mark.parametrize("text", OTHERS)
def test_what_cannot_be_one_is_held_back(text: str) -> None:
    assert GATE.passes(pieces_of(text)) == [False]


def test_no_sentences_are_no_trouble() -> None:
    assert GATE.passes([]) == []


@given(st.lists(st.text(max_size=120), max_size=6), st.booleans())
def test_any_text_is_judged_alike_in_any_company(texts: list[str], is_title: bool) -> None:
    together = [p for p in pieces_of(*texts, *EVENTS, is_title=is_title) if p.ids]
    assert GATE.scores(together).tolist() == [float(GATE.scores([each])[0]) for each in together]


def test_weights_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="no cases, judge, look, words"):
        Gate({"weights": np.zeros(4)}, threshold=0.0, version="gate-0")


def test_damaged_weights_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_: object) -> None:
        raise ValueError("not a zip file")

    monkeypatch.setattr(np, "load", damaged)
    with pytest.raises(ReaderError, match="install again, or use --no-gate"):
        Gate.load()


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
