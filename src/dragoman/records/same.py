"""The same happening: how far two readings of a cell must agree to report one, and what keeps them apart.

Every pair is judged on the two alone; `grouping` makes groups of the pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import Any

from dragoman.records.acts import law_classes
from dragoman.records.cells import load_priors
from dragoman.records.readings import Reading, Roles, has_speakers
from dragoman.records.stories import TOLD_STEMS, topic_part
from dragoman.records.words import product_of, stems_of

# Quad classes of words alone: who says something, says it for themselves.
VERBAL = frozenset({1, 3})
# Likeness of two short articles of one story from which the same act is one happening though its parties do not fit.
SAME_ACT_OF_OTHERS = 0.4
# Of six signs that two brief reports tell of two happenings so many part them: one or two are how outlets differ. The
# number was set on judged pairs of headlines.
SIGNS_OF_TWO = 3
# Spots farther from each other than this are not where one happening took place; a state or a region is no spot.
FAR_APART_KM = 300.0
SPOTS = frozenset({"town", "site"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of two readings: likeness of the sentences, agreement as a whole, likeness of their topics."""

    words: float
    agreement: float
    topic: float
    in_one_topic: bool = False


@cache
def _asked_of(fit: str) -> Asked:
    """The row of data/belief.toml for a fit."""
    return Asked(**load_priors()["same"][fit])


def what_is_asked(one: Reading, other: Reading) -> Asked | None:
    """How far two readings of a cell must agree to report one happening; None where nothing makes them one."""
    asked = _asked_by_parties(one, other)
    if asked is None or _tell_it_at_length(one, other) or asked == _asked_of("story"):
        return asked
    more = load_priors()["same"]["more"]
    agreement = asked.agreement
    agreement += 0.0 if _anchors_meet(one, other) else more["anchors apart"]
    agreement += 0.0 if one.bounds and one.bounds[0] == one.bounds[1] else more["no day"]
    return replace(asked, agreement=agreement)


def _asked_by_parties(one: Reading, other: Reading) -> Asked | None:
    if _places_differ(one, other) or _acts_differ(one, other):
        return None
    if not _tell_it_at_length(one, other) and _are_told_of_two(one, other):
        return None
    if _is_one_story(one, other):
        return _asked_of("story")
    fit = _parties_fit(one, other)
    if fit is None:
        return None
    if _in_one_sentence(one, other) and not _anchors_meet(one, other):
        return None  # "warns that Tehran will burn and hints at regime change" tells of two
    if fit == "fully" and _in_one_article(one, other) and one.acts.acts & other.acts.acts:
        return _asked_of("story")
    if one.event.event_type != other.event.event_type or fit == "partly":
        fit = "loosely"
    elif not one.acts.acts & other.acts.acts:
        fit = f"{fit} of vague acts"
    return _asked_of(f"{fit} in one topic" if _tell_it_at_length(one, other) else fit)


def _in_one_article(one: Reading, other: Reading) -> bool:
    return one.event.evidence.article_id == other.event.evidence.article_id


def _in_one_sentence(one: Reading, other: Reading) -> bool:
    return _in_one_article(one, other) and one.event.evidence.sentence.start == other.event.evidence.sentence.start


def _anchors_meet(one: Reading, other: Reading) -> bool:
    """Whether two anchors name the same act or share a word that says something."""
    return bool(one.acts.acts & other.acts.acts or one.anchor & other.anchor)


def _parties_fit(one: Reading, other: Reading) -> str | None:
    """How the parties of two readings fit; None where they do not.

    `fully`: an actor and a recipient that face each other in both; `weakly`: shared parties, but in neither do two
    resolved sides face each other; `partly`: shared parties, and only one of the two has both sides.
    """
    if one.dyads and other.dyads:
        return "fully" if one.dyads & other.dyads else None
    if not _sides_fit(one, other):
        return None
    if one.dyads or other.dyads:
        return "partly"
    if one.actors == one.recipients and one.sectors and other.sectors and not one.sectors & other.sectors:
        return None  # inside one country the code alone does not say who: police and strikers are both FRA
    return "weakly"


def _sides_fit(one: Reading, other: Reading) -> bool:
    """Whether a side is shared, and the other is shared too or unknown in one of them."""
    shared = [bool(one.actors & other.actors), bool(one.recipients & other.recipients)]
    unknown = [not (one.actors and other.actors), not (one.recipients and other.recipients)]
    return any(shared) and all(fits or is_open for fits, is_open in zip(shared, unknown, strict=True))


def _is_one_story(one: Reading, other: Reading) -> bool:
    """Whether two readings tell the same act of one story; never against known sides.

    If Iraq welcomes a deal and Turkey does, they do so each for itself.
    """
    if (one.dyads and other.dyads) or _sides_differ(one, other) or not one.deeds & other.deeds:
        return False
    if not _tell_one_story(one, other):
        return False
    if _tell_it_at_length(one, other):
        return True
    # Briefly told, "ready for talks" and "talks at the White House" are the same word and two happenings.
    if one.event.event_type != other.event.event_type:
        return False
    return _parties_fit(one, other) is not None or _likeness_of_topics(one, other) >= SAME_ACT_OF_OTHERS


def _likeness_of_topics(one: Reading, other: Reading) -> float:
    """Cosine of what two readings' articles are about, 0 to 1."""
    return product_of(topic_part(one.topic), topic_part(other.topic))


def _are_told_of_two(one: Reading, other: Reading) -> bool:
    """Whether two brief reports tell of two: sides are swapped, another speaks, one is a part, or more signs say so."""
    if are_swapped(one.roles, other.roles):
        return True
    # A headline and its article name a speaker or a town with more or less words.
    if _in_one_article(one, other):
        return False
    return _speakers_differ(one, other) or _is_part(one, other) or _has_signs_of_two(one, other)


def _has_signs_of_two(one: Reading, other: Reading) -> bool:
    """Whether enough of six signs say that two brief reports tell of two happenings.

    The signs: words tell the date of one alone; their places have other names; their articles are not much alike; and
    where not both have two sides that face each other, those who act are called by no word in common, nor are those
    who are acted on, or these are named in one alone.
    """
    signs = (one.is_date_told is not other.is_date_told) + bool(one.place and other.place and one.place != other.place)
    if not (one.dyads and other.dyads):
        recipients, other_recipients = one.called[1], other.called[1]
        signs += are_opposed(one.called[0], other.called[0]) + are_opposed(recipients, other_recipients)
        signs += bool(recipients) is not bool(other_recipients)
    # Likeness takes long to compute: it is asked only where it decides.
    if signs == SIGNS_OF_TWO - 1 and one.topic and other.topic:
        signs += _likeness_of_topics(one, other) < SAME_ACT_OF_OTHERS
    return signs >= SIGNS_OF_TWO


def _is_part(one: Reading, other: Reading) -> bool:
    """Whether of what is done in many places at once one reading tells what was done at one spot, the other not."""
    if one.event.event_type not in load_priors()["scattered"]["types"]:
        return False
    return (_spot(one) is None) is not (_spot(other) is None)


def are_swapped(one: Roles, other: Roles) -> bool:
    """Whether who acts in one is acted on in the other, and nobody has the same part in both."""
    if one.actors & other.actors or one.recipients & other.recipients:
        return False
    return bool(one.own_actors & other.own_recipients or one.own_recipients & other.own_actors)


def _speakers_differ(one: Reading, other: Reading) -> bool:
    """Whether an act of mere words is that of two: both name who says it, a person or an organ, and not the same."""
    if one.event.quad not in VERBAL or one.acts.classes & other.acts.classes & law_classes():
        return False
    return are_opposed(_named_actors(one), _named_actors(other))


def _named_actors(reading: Reading) -> frozenset[str]:
    """Stems of the names of those who act; empty where one has no name, or only that of those for whom others speak."""
    stems: set[str] = set()
    for party in reading.event.actors:
        if party.name is None or has_speakers(party):
            return frozenset()
        stems.update(stems_of(party.text), stems_of(party.name))
    return frozenset(stems)


def _tell_one_story(one: Reading, other: Reading) -> bool:
    return one.story is not None and one.story == other.story


def _tell_it_at_length(one: Reading, other: Reading) -> bool:
    """Whether two readings are of articles that tell one story, both at length."""
    return _tell_one_story(one, other) and min(len(one.topic), len(other.topic)) >= TOLD_STEMS


def _sides_differ(one: Reading, other: Reading) -> bool:
    """Whether an act of mere words has a known side in both, and it is nobody of the other's."""
    sides = ((one.actors, other.actors), (one.recipients, other.recipients))
    if one.event.quad not in VERBAL or one.acts.classes & other.acts.classes & law_classes():
        return False
    return any(are_opposed(_resolved(mine), _resolved(theirs)) for mine, theirs in sides)


def _resolved(keys: frozenset[str]) -> frozenset[str]:
    return frozenset(key for key in keys if key[0] != "?")


def _acts_differ(one: Reading, other: Reading) -> bool:
    """Whether two anchors name acts of different classes: whoever was charged may be convicted another time."""
    return are_opposed(one.acts.classes, other.acts.classes)


def are_opposed(one: frozenset[Any], other: frozenset[Any]) -> bool:
    return bool(one and other and not one & other)


def _places_differ(one: Reading, other: Reading) -> bool:
    """Whether two reports name places in different countries, or two spots that lie far from each other."""
    if one.country and other.country and one.country != other.country:
        return True
    here, there = _spot(one), _spot(other)
    return here is not None and there is not None and _distance(here, there) > FAR_APART_KM


def _spot(reading: Reading) -> tuple[float, float] | None:
    """Latitude and longitude, in radians, of a place small enough to be at one spot."""
    place = reading.event.place
    if place is None or place.latitude is None or place.longitude is None or place.kind not in SPOTS:
        return None
    return radians(place.latitude), radians(place.longitude)


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres between two points on a sphere (haversine)."""
    rise, turn = (sin((one[at] - other[at]) / 2) ** 2 for at in (0, 1))
    return 2 * 6371 * asin(sqrt(min(1.0, rise + cos(one[0]) * cos(other[0]) * turn)))
