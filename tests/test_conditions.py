"""Which acts hang on a condition, as rules on closed classes of words tell it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.codes import load_rules
from dragoman.reader.conditions import PROMISED, hangs_on_condition, is_condition


def place(text: str, words: str) -> tuple[int, int]:
    return text.index(words), text.index(words) + len(words)


@pytest.mark.parametrize(
    ("text", "subject", "anchor", "is_one"),
    [
        ("In case Russia attacks, Poland is ready.", "Russia", "Russia attacks", True),
        ("In case Russia attacks, Poland is ready.", "Russia", "attacks", True),
        ("Mnuchin would not say whether China had agreed to it.", "China", "agreed", True),
        ("Had Iran refused, the talks would have failed.", "Iran", "refused", True),
        ("Had Iran refused, the talks would have failed.", "Had Iran", "refused", True),
        ("But had Iran refused, the talks would have failed.", "Iran", "refused", True),
        ("“Should the army march, we are ready.", "army", "march", True),
        ("They asked why Iran had refused.", "Iran", "refused", False),
        ("The army had Iran attacked.", "Iran", "attacked", False),
        ("If Iran says that Israel attacked, it lies.", "Israel", "attacked", False),
        ("Whether Iran’s attacks go on is unclear.", "Iran", "attacks", False),
        ("Whether Iran, which Israel attacked, answers is unclear.", "Iran", "attacked", False),
    ],
)
def test_a_clause_behind_its_opener_is_a_condition(text: str, subject: str, anchor: str, *, is_one: bool) -> None:
    assert is_condition(text, place(text, subject), text.index(anchor)) is is_one


@pytest.mark.parametrize(
    ("text", "anchor", "hangs"),
    [
        ("If Russia attacks, Poland will close its border.", "will close", True),
        ("And if Russia attacks, Poland’ll close its border.", "close", True),
        ("If the U.S. attacks, Iran will close the strait.", "close", True),
        ("Should Iran refuse, the USA would not strike.", "strike", True),
        ("The army would march in if the rebels came.", "march in", True),
        ("Poland will send troops unless Russia leaves.", "send troops", True),
        ("If Russia attacks, Poland closes its border.", "closes", False),
        ("If confirmed, he follows Ms Roe, who resigned.", "resigned", False),
        ("Even if Russia attacks, Poland will send troops.", "send troops", False),
        ("The army would march in even if the rebels left.", "march in", False),
        ("The court will strike first, and ask if he knew.", "strike", False),
        ("The army will march in, the minister said. If so, why?", "march in", False),
        ("Poland will send troops in the event of war.", "send troops", True),
        ("The army may march in if the rebels come.", "march in", True),
        ("May troops march in, it may strike back if it can.", "strike", True),
        ("Theresa May sacked a minister if reports are right.", "sacked", False),
        ("Theresa May sacked a minister if reports are right.", "May sacked", False),
        ("May march in if the rebels come, says army.", "march in", True),
        ("“May march in if the rebels come,” says army.", "May march in", True),
    ],
)
def test_what_would_be_done_on_a_condition_hangs_on_it(text: str, anchor: str, *, hangs: bool) -> None:
    assert hangs_on_condition(text, *place(text, anchor)) is hangs


def test_what_the_codebook_makes_a_promise_of_is_promised() -> None:
    assert {event_type for event_type, status in load_rules() if status == "future"} == PROMISED


@given(st.text(max_size=200), st.integers(0, 300), st.integers(0, 300))
def test_any_text_is_answered(text: str, start: int, end: int) -> None:
    assert hangs_on_condition(text, start, end) in {True, False}
    assert is_condition(text, (start, end), end) in {True, False}
