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
        ("It’s simply not actually true that Russia attacked Poland.", "attacked", True),
        ("There is no evidence to suggest that Iran attacked the ship.", "attacked", True),
        ("Claims by Russia that Ukraine attacked the dam are false.", "attacked", True),
        ("A claim by the Hamas health ministry that Israel attacked it was false.", "attacked", True),
        ("The claim that police shot the boy is wrong.", "shot", True),
        ("No evidence that Russia and Iran attacked Poland was found.", "attacked", True),
        ("There is no evidence that Russia interfered in the disputed vote.", "interfered", True),
        ("There is no evidence that Iran was attacked by Israel.", "attacked", True),
        ("There is no evidence that it attacked boats used for fishing.", "attacked", True),
        ("There is no evidence that the army attacked the boat.", "attacked", True),
        ("There is no evidence that the day it attacked was chosen.", "attacked", True),
        ("There is no evidence that the boat it attacked carried drugs.", "carried", True),
        ("There is no evidence that the army attacked last week.", "attacked", True),
        ("There is no evidence that Iran was attacked last week and answered.", "attacked", True),
        ("There is no evidence that students detained last week supported Hamas.", "supported", True),
        ("No evidence that students detained by ICE supported Hamas was shown.", "supported", True),
        ("There is no evidence that the killing sparked riots.", "riots", True),
        ("No evidence that Russia attacked last week was found.", "attacked", True),
        ("No evidence that Russia attacked yesterday has been found.", "attacked", True),
        ("False claims that a migrant attacked girls sparked riots.", "attacked", True),
        ("Reports from Kyiv said that Russia attacked a base the minister was wrong about.", "attacked", False),
        ("It is wrong that Israel bombed a hospital.", "bombed", False),
        ("It was wrong that police shot the boy.", "shot", False),
        ("It is not only true that Russia attacked Ukraine.", "attacked", False),
        ("It is not just true that Russia attacked Ukraine.", "attacked", False),
        ("It isn’t only true that Russia attacked Ukraine.", "attacked", False),
    ],
)
def test_the_content_of_a_claim_called_false_is_denied(text: str, anchor: str, *, is_false: bool) -> None:
    assert is_denied(text, text.index(anchor)) is is_false


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("There is no evidence that students detained by ICE supported Hamas.", "detained"),
        ("There is no evidence that students arrested by police support Hamas.", "arrested"),
        ("There is no proof that civilians killed in Israeli strike were militants.", "killed"),
        ("There is no proof that civilians killed in Israeli strike were militants.", "strike"),
        ("There is no evidence that boats attacked by US forces carried drugs.", "attacked"),
        ("There is no evidence that the boat it attacked carried drugs.", "attacked"),
        ("There is no evidence that the small boat they had attacked was armed.", "had attacked"),
        ("There is no evidence that students detained last week supported the protest.", "detained"),
        ("There is no proof that those arrested on Monday were spies.", "arrested"),
        ("There is no sign that migrants deported two weeks ago have committed crimes.", "deported"),
        ("There is no sign that migrants deported to El Salvador were in a gang.", "deported"),
        ("There is no indication that the suspect arrested on Friday acted for Iran.", "arrested"),
        ("No evidence that attacks carried out by Israel killed civilians was shown.", "carried"),
        ("There is no sign that Moscow wants peace and Russia attacked Kyiv again.", "attacked"),
        ("There is no sign that the war will end as Russia attacks Kyiv.", "attacks"),
        ("There are no signs that the unrest is over since police arrested the leader.", "arrested"),
        ("There is no sign that Kyiv gives in though Russia bombed it.", "bombed"),
        ("There is no sign that Iran gives in despite US strikes.", "strikes"),
        ("Trump falsely claimed that the vote was stolen and urged supporters to march.", "urged"),
        ("False claims that the attacker was a migrant sparked riots in Southport.", "sparked"),
        ("False claims that the attacker was a migrant sparked riots in Southport.", "riots"),
        ("False claims that the attacker was a migrant have also sparked riots.", "have also"),
        ("False reports that a mosque was burned led to protests.", "led"),
    ],
)
def test_facts_beside_a_denial_are_not_denied(text: str, anchor: str) -> None:
    assert not is_denied(text, text.index(anchor))


@given(st.text(max_size=200), st.integers(min_value=0, max_value=300))
def test_any_text_is_a_claim_called_false_or_not(text: str, start: int) -> None:
    assert is_denied(text, start) in {True, False}
