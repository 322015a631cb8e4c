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


def test_one_elsewhere_in_the_sentence_does_not() -> None:
    assert sides_of("Moscow was urged near Beijing to withdraw.", "urged") == (["Moscow"], ["Beijing"])
