"""Who undergoes the act of a passive anchor: rules on closed classes of words."""

import pytest

from dragoman.model import Sentence, Span
from dragoman.reader.passive import is_passive, turned


@pytest.mark.parametrize(
    ("before", "anchor"),
    [
        ("The senator ", "was sued for unpaid taxes"),
        ("The envoy has now been formally ", "summoned"),
        ("Deputy ", "goes on trial"),
        ("Patrol leader ", "told to report every day"),
        ("The convoy was ", "hit again"),
        ("Iran ", "faces 'snapback' of sanctions"),
        ("The White House ", "has come under fire for its silence"),
        ("Peru ", "has also been condemned"),
        ("The company ", "should be fined"),
        ("Two trawlers ", "seized by Chile"),
        ("Four deputies ", "denied entry by Chile"),
        ("The premier ", "blocked from firing judges"),
    ],
)
def test_passive_anchors(before: str, anchor: str) -> None:
    assert is_passive(before, anchor)


@pytest.mark.parametrize(
    ("before", "anchor"),
    [
        ("The minister ", "accused the rebels"),
        ("The president ", "told"),
        ("Both sides ", "are concerned about"),
        ("", "was"),
        ("The army ", "has attacked"),
        ("The judge is ", "suing the state"),
        ("Poland ", "faces off with Russia"),
        ("Russia ", "fired over 500 drones"),
        ("Police ", "arrested over 50 people"),
        ("The rebels ", "attacked by night"),
        ("The group ", "asked to extend the truce"),
        ("The minister ", "drew a red line"),
        ("Peru ", "responded by firing rockets"),
        ("Peru ‘", "appalled’ by hunger"),
        ("The nurses who ", "sued over the order"),
    ],
)
def test_anchors_that_are_not_passive(before: str, anchor: str) -> None:
    assert not is_passive(before, anchor)


def span(text: str, words: str) -> Span:
    return Span(start=text.index(words), end=text.index(words) + len(words), text=words)


def test_only_a_lone_side_before_the_anchor_is_turned() -> None:
    text = "The judge was accused of helping him by prosecutors"
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    judge, anchor, others = span(text, "The judge"), span(text, "was accused of helping"), span(text, "prosecutors")
    assert turned("ACCUSE", (judge,), (), sentence=sentence, anchor=anchor) == ((), (judge,))
    assert turned("ACCUSE", (others,), (), sentence=sentence, anchor=anchor) == ((others,), ())
    assert turned("ACCUSE", (others,), (judge,), sentence=sentence, anchor=anchor) == ((others,), (judge,))
    assert turned("MOBILIZE", (judge,), (), sentence=sentence, anchor=anchor) == ((judge,), ())


def test_who_faces_an_act_undergoes_it_from_the_one_behind_from() -> None:
    text = "The premier has drawn condemnation from Norway"
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    premier, norway = span(text, "The premier"), span(text, "Norway")
    for words in ("has drawn condemnation", "has drawn condemnation from Norway"):
        anchor = span(text, words)
        assert turned("ACCUSE", (premier,), (norway,), sentence=sentence, anchor=anchor) == ((norway,), (premier,))
    assert turned("ACCUSE", (norway,), (premier,), sentence=sentence, anchor=anchor) == ((norway,), (premier,))


def test_whom_a_passive_act_is_about_is_no_side_of_it() -> None:
    about = sides_of_passive("Peru faces sanctions over Chile", ["Peru"], ["Chile"], "faces sanctions")
    assert about == ([], ["Peru"])
    charged = sides_of_passive("A mayor was charged with hiding agents", ["A mayor"], ["agents"], "was charged")
    assert charged == ([], ["A mayor"])
    active = sides_of_passive("Peru sanctions Chile", ["Peru"], ["Chile"], "sanctions")
    assert active == (["Peru"], ["Chile"])


def test_the_subject_of_another_clause_is_not_turned() -> None:
    text = "Peru raised tariffs after those rules had been condemned"
    assert sides_of_passive(text, ["Peru"], [], "had been condemned") == (["Peru"], [])


def test_a_protest_is_turned_where_it_is_drawn() -> None:
    text = "Peru drew protests from Chile"
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    peru, chile = span(text, "Peru"), span(text, "Chile")
    for words, sides in (("drew protests", ((chile,), (peru,))), ("drew", ((peru,), (chile,)))):
        assert turned("PROTEST", (peru,), (chile,), sentence=sentence, anchor=span(text, words)) == sides


@pytest.mark.parametrize("words", ["is expected to attack", "were ordered to attack", "was forced to attack"])
def test_who_is_made_to_do_a_deed_does_it(words: str) -> None:
    assert is_passive("The army ", words)
    assert not is_passive("The army ", words, is_deed=True)
    assert is_passive("The village ", "was attacked", is_deed=True)


def sides_of_passive(text: str, actors: list[str], recipients: list[str], anchor: str) -> tuple[list[str], list[str]]:
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    sides = [tuple(span(text, words) for words in side) for side in (actors, recipients)]
    found = turned("ACCUSE", sides[0], sides[1], sentence=sentence, anchor=span(text, anchor))
    return [one.text for one in found[0]], [one.text for one in found[1]]


def test_only_who_stands_behind_by_acts_and_who_is_joined_to_him() -> None:
    text = "The mayor was accused by Norway and Denmark of helping Iceland"
    acted = (["Norway", "Denmark"], ["The mayor", "Iceland"])
    assert sides_of_passive(text, ["The mayor"], ["Norway", "Denmark", "Iceland"], "was accused by Norway") == acted
    assert sides_of_passive(text, [], ["The mayor", "Norway"], "was accused") == (["Norway"], ["The mayor"])
    assert sides_of_passive(text, [], ["Norway"], "was accused") == ([], ["Norway"])
    assert sides_of_passive(text, ["The mayor"], ["Iceland"], "was accused") == ([], ["The mayor"])
