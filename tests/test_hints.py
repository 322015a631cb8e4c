"""The look at a sentence before it is taken apart for times: it passes over none that tells one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.times.hints import may_tell
from dragoman.times.lexicon import OTHER, load_lexicon
from dragoman.times.tokens import TRIGGERS, tokenize


@pytest.mark.parametrize(
    "text",
    ["Nineteen ninety was hard.", "They met at 5 p.m. there", "This summer was hot", "THE DAY AFTER", "twenty twenty"],
)
def test_no_sentence_that_tells_a_time_is_passed_over(text: str) -> None:
    assert tokenize(text, 0, load_lexicon())
    assert may_tell(text)


def test_every_word_and_phrase_of_time_is_a_hint() -> None:
    lexicon = load_lexicon()
    words = [word for word, (kind, _) in lexicon.words.items() if kind in TRIGGERS]
    phrases = [" ".join(tokens) for group in lexicon.phrases.values() for tokens, kind, _ in group if kind in TRIGGERS]
    assert [text for text in (*words, *phrases) if not may_tell(f"So {text} it is.")] == []


@given(st.lists(st.sampled_from("ten the day may 5 thirty- 's p.m. twenty last a nineteen x U.S. in one fall".split())))
def test_what_is_passed_over_has_no_token_of_time(words: list[str]) -> None:
    text = " ".join(words)
    assert may_tell(text) or not tokenize(text, 0, load_lexicon())


def test_no_rule_reaches_over_a_word_that_is_none_of_time() -> None:
    for rule in load_lexicon().rules:
        classes = rule.pattern.pattern.replace("\\.", "")
        assert OTHER not in classes
        assert not any(wild in classes for wild in (".", "[^", "\\"))
        assert not rule.pattern.fullmatch("")
