"""What closed classes of words tell of a found event's sides: nobody as subject, agents behind "by", tails of spans."""

from __future__ import annotations

import pytest

from dragoman.model import Sentence, Span
from dragoman.reader.names import own_spans, shorn
from dragoman.reader.negation import is_nobody
from dragoman.reader.passive import turned


def span(text: str, words: str) -> Span:
    start = text.index(words)
    return Span(start=start, end=start + len(words), text=words)


@pytest.mark.parametrize(
    ("text", "party", "anchor", "is_negated"),
    [
        ("No Polish trucks were attacked by farmers.", "Polish trucks", "attacked", True),
        ("No Polish trucks were attacked by farmers.", "No Polish trucks", "attacked", True),
        ("Neither Russia nor China condemned the strikes.", "China", "condemned", True),
        ("None of the parties accused Iran.", "parties", "accused", True),
        ("Polish trucks were attacked by farmers.", "Polish trucks", "attacked", False),
        ("No deal was made and Russia attacked Ukraine.", "Russia", "attacked", False),
        ("No. 2 leader Kim threatened Japan.", "leader Kim", "threatened", False),
        ("North Korea fired a missile.", "North Korea", "fired", False),
        ("Nord Stream owners have sued Russia.", "Nord Stream owners", "sued", False),
        ("Northern rebels attacked Mali.", "Northern rebels", "attacked", False),
        ("In Oslo, Nordic ministers accused Russia.", "Nordic ministers", "accused", False),
        ("The UNO troops attacked.", "troops", "attacked", False),
        ("No country, said Russia, condemned it.", "Russia", "condemned", False),
        ("‘No Other Land’ director attacked settlers.", "Other Land’ director", "attacked", False),
        ("‘No Other Land’ director attacked settlers.", "‘No Other Land’ director", "attacked", False),
        ("‘No country’s troops attacked,’ he said.", "country’s troops", "attacked", True),
        ("“No Russian troops attacked,” he said.", "Russian troops", "attacked", True),
        ("No Israelis were killed.", "Israelis", "killed", True),
        ("No Hamas fighters were killed.", "Hamas fighters", "killed", True),
        ("The talks failed and no troops attacked.", "troops", "attacked", True),
        ("But no other country condemned it.", "no other country", "condemned", True),
        ("None of the 10 troops attacked.", "10 troops", "attacked", True),
        ("They hope that no Russian troops attacked.", "Russian troops", "attacked", True),
        ("PARIS (Wire) - No Russian troops attacked.", "Russian troops", "attacked", True),
        ("No Kings protesters rallied against Trump.", "Kings protesters", "rallied", False),
        ("No Kings protesters rallied against Trump.", "No Kings protesters", "rallied", False),
        ("On Friday No Nukes activists accused Trump.", "No Nukes activists", "accused", False),
        ("The No Kings movement accused Trump.", "Kings movement", "accused", False),
        ("The No campaign criticised ministers.", "No campaign", "criticised", False),
        ("The No campaign criticised ministers.", "campaign", "criticised", False),
        ("No 10 criticised Israel.", "No 10", "criticised", False),
        ("No 10 criticised Israel.", "10", "criticised", False),
        ("No 2 Taliban leader accused Iran.", "No 2 Taliban leader", "accused", False),
        ("The U.S. and no fewer than 30 countries condemned Russia.", "fewer than 30 countries", "condemned", False),
        ("The U.S. and no fewer than 30 countries condemned Russia.", "no fewer than 30 countries", "condemned", False),
        ("South Africa and no other country sued Israel.", "no other country", "sued", False),
    ],
)
def test_a_negated_subject_does_nothing(text: str, party: str, anchor: str, *, is_negated: bool) -> None:
    place = span(text, party)
    assert is_nobody(text, (place.start, place.end), text.index(anchor)) is is_negated


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Chinese banks.", "Chinese banks"),
        ("Tehran's", "Tehran"),
        ("the rebels’", "the rebels"),
        ("the U.S.", "the U.S."),
        ("Neither Russia", "Russia"),
        ("Neither", "Neither"),
        ("…", "…"),
    ],
)
def test_a_span_ends_with_its_last_word(words: str, kept: str) -> None:
    cut = shorn(Span(start=10, end=10 + len(words), text=words))
    assert cut.text == kept
    assert words[cut.start - 10 : cut.end - 10] == kept


def test_a_span_within_another_is_no_party_of_its_own() -> None:
    whole, part = Span(start=0, end=13, text="Côte d'Ivoire"), Span(start=5, end=13, text="d'Ivoire")
    assert own_spans([whole, part, whole]) == (whole,)


def sides_of(text: str, anchor: str) -> tuple[list[str], list[str]]:
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    actors, recipients = turned(
        "REQUEST", (span(text, "Moscow"),), (span(text, "Beijing"),), sentence=sentence, anchor=span(text, anchor)
    )
    return [actor.text for actor in actors], [recipient.text for recipient in recipients]


@pytest.mark.parametrize("anchor", ["urged", "urged by", "urged by Beijing to withdraw"])
def test_the_one_behind_by_acts(anchor: str) -> None:
    assert sides_of("Moscow was urged by Beijing to withdraw.", anchor) == (["Beijing"], ["Moscow"])


def test_one_elsewhere_in_the_sentence_is_no_side() -> None:
    assert sides_of("Moscow was urged near Beijing to withdraw.", "urged") == ([], ["Moscow"])
