"""Which words deny what follows them, and which claims a sentence calls false."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.reader.negation import is_denied, negator_before


@pytest.mark.parametrize(
    ("before", "negator"),
    [
        ("The army did not ", "not"),
        ("The army didn't ", "n't"),
        ("The army didn’t yet ", "n't"),
        ("They have never formally ", "never"),
        ("The talks ended without any ", "without"),
        ("Iran cannot ", "not"),
        ("They will no longer ", "no"),
        ("He did not say that rebels ", None),
        ("It was not clear. Troops ", None),
        ("They did not only talk but ", None),
        ("Nottingham ", None),
        ("", None),
    ],
)
def test_negation_reaches_over_auxiliaries_only(before: str, negator: str | None) -> None:
    assert negator_before(before + "attacked the base", len(before)) == negator


@given(st.text(max_size=200), st.integers(min_value=0, max_value=300))
def test_any_text_is_answered(text: str, start: int) -> None:
    assert negator_before(text, start) in {None, "not", "n't", "never", "no", "neither", "nor", "without", "none",
                                           "nobody", "nothing"}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "anchor", "is_false"),
    [
        ("The claim that Russia attacked Poland is false.", "attacked", True),
        ("Reports that Iran had agreed to ship its stock were simply not true, he said.", "had agreed", True),
        ("It is not true that Russia attacked Poland.", "attacked", True),
        ("It’s untrue that Russia attacked Poland.", "attacked", True),
        ("It isn't the case that Russia attacked Poland.", "attacked", True),
        ("He has no evidence that Manafort met the Russians.", "met", True),
        ("He falsely claimed that Iran attacked Iraq.", "attacked", True),
        ("The claim that Russia attacked Poland is true.", "attacked", False),
        ("It is true that Russia attacked Poland.", "attacked", False),
        ("The claim that Russia attacked Poland is false.", "is false", False),
        ("The weapon that Russia attacked Poland with is false.", "attacked", False),
        ("It is not true that Russia, after it attacked Poland, left.", "attacked", False),
        ("There is no evidence that the weekend’s strike came from the sea.", "strike", False),
        ("It is not true that the attack was Iran's.", "attack", False),
    ],
)
def test_the_content_of_a_claim_called_false_is_denied(text: str, anchor: str, *, is_false: bool) -> None:
    assert is_denied(text, text.index(anchor)) is is_false


@given(st.text(max_size=200), st.integers(min_value=0, max_value=300))
def test_any_text_is_a_claim_called_false_or_not(text: str, start: int) -> None:
    assert is_denied(text, start) in {True, False}
