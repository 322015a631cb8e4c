"""Which deeds a sentence announces, as rules on closed classes of words tell it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.reader.announcements import is_announced


@pytest.mark.parametrize(
    ("text", "anchor", "event_type", "is_one"),
    [
        ("He said he would file a lawsuit.", "would file a lawsuit", "ACCUSE", True),
        ("He said he would file a lawsuit.", "file a lawsuit", "ACCUSE", True),
        ("Poland announced on Friday that it would close its border.", "close", "COERCE", True),
        ("The White House said U.S. troops would also soon march in.", "march in", "MOBILIZE", True),
        ("The ministry said the army would be sending tanks.", "would be sending", "MOBILIZE", True),
        ("The Trump administration said it would impose tariffs on Peru.", "impose tariffs", "SANCTION", True),
        ("Iran vowed its armed forces would strike Israel.", "would strike", "ASSAULT", True),
        ("He said he would have filed a lawsuit.", "would have filed a lawsuit", "ACCUSE", False),
        ("Poland said it would have closed its border.", "closed", "COERCE", False),
        ("Poland said it would consider closing its border.", "closing", "COERCE", False),
        ("Poland said it would also consider a war.", "would also consider a war", "ASSAULT", False),
        ("Poland said it would only close its border.", "close", "COERCE", False),
        ("Poland said it would never close its border.", "close", "COERCE", False),
        ("Poland said it would close its border if Russia came.", "close", "COERCE", False),
        ("Poland had said it would close its border.", "close", "COERCE", False),
        ("Poland never said it would close its border.", "close", "COERCE", False),
        ("Trump said last year he would impose tariffs.", "impose tariffs", "SANCTION", False),
        ("Trump said in 2018 he would impose tariffs.", "impose tariffs", "SANCTION", False),
        ("In March 2018 Trump announced he would impose tariffs.", "impose tariffs", "SANCTION", False),
        ("Nobody said Iran would attack Israel.", "attack", "ASSAULT", False),
        ("No minister said Poland would send troops.", "send", "MOBILIZE", False),
        ("Poland denied it said it would send troops.", "send", "MOBILIZE", False),
        ("Should Russia attack, Poland said it would close its border.", "close", "COERCE", False),
        ("Poland said it would close its border as long as Russia attacks.", "close", "COERCE", False),
        ("Poland said it would stop attacking Peru.", "attacking", "ASSAULT", False),
        ("Experts said such an attack would kill thousands.", "would kill", "ASSAULT", False),
        ("Experts said the attack would kill thousands.", "would kill", "ASSAULT", False),
        ("Poland said it would be unwise to close its border.", "close", "COERCE", False),
        ("Poland closed its border and said it would send troops.", "closed", "COERCE", False),
        ("Poland said it closed its border so that nobody would flee.", "closed", "COERCE", False),
        ("He said the ban would violate the treaty.", "would violate", "ACCUSE", False),
        ("He said he would meet demands.", "would meet demands", "CONCEDE", False),
        ("Poland would close its border.", "close", "COERCE", False),
    ],
)
def test_what_somebody_said_he_would_do_is_announced(text: str, anchor: str, event_type: str, *, is_one: bool) -> None:
    start = text.index(anchor)
    assert is_announced(text, start, start + len(anchor), event_type=event_type) is is_one


@given(st.text(max_size=200), st.integers(0, 300), st.integers(0, 300))
def test_any_text_is_answered(text: str, start: int, end: int) -> None:
    assert is_announced(text, start, end, event_type="ASSAULT") in {True, False}
