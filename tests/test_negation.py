"""Which words deny what follows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.reader.negation import negator_before


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
