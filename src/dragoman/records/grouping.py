"""The readings of a cell in groups, one for each happening: the likest pairs first, if all agree on average."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import product
from math import sqrt
from typing import Any

from dragoman.records.joining import Groups, LikePairs, earlier_with_a_key
from dragoman.records.readings import Reading
from dragoman.records.same import Asked, are_opposed, are_swapped, what_is_asked
from dragoman.records.stories import find_stories, topic_part
from dragoman.records.words import add_to, likeness_of, mass_of, product_of, stem_weights

# What the words of the anchors themselves weigh beside those of the sentences and those near the anchors.
ANCHOR_SHARE = 0.5
# Two groups of reports are joined by two like reports only if all of them agree so far on average: a chain of reports,
# each like the next, is not one happening. Where the articles are about the same, this share of it is enough.
ALIKE_IN_ONE_TOPIC = 0.6


def _agreement(one: Reading, other: Reading) -> float:
    """How far two readings agree: likeness of their sentences, of what stands near the anchors, and of the anchors."""
    return (
        likeness_of(one.words, other.words)
        + likeness_of(one.near, other.near)
        + ANCHOR_SHARE * likeness_of(one.anchor, other.anchor)
    )


def _vector(reading: Reading) -> dict[tuple[str, str], float]:
    """A reading as a vector: the product of two is their agreement."""
    parts = (_part("words", reading.words), _part("near", reading.near), _part("anchor", reading.anchor, ANCHOR_SHARE))
    return {key: value for part in parts for key, value in part.items()}


def _part(name: str, words: Collection[str], share: float = 1.0) -> dict[tuple[str, str], float]:
    """Words as a vector of length sqrt(share): the product of two is so much of their likeness."""
    weights, unknown = stem_weights()
    length = sqrt(mass_of(words)) or 1.0
    return {(name, word): sqrt(share * weights.get(word, unknown)) / length for word in sorted(words)}


def _hold_opposed(held: Sequence[set[frozenset[Any]]], one: int, other: int) -> bool:
    """Whether something held at one position excludes something held at another."""
    return any(are_opposed(*pair) for pair in product(held[one], held[other]))


def group_readings(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Groups of readings of one cell, the likest pairs joined first; equal natural ids are always one group."""
    readings = _with_stories(readings)
    groups = _AlikeGroups(readings)
    first_with_id: dict[str, int] = {}
    for at, reading in enumerate(readings):
        groups.join(at, first_with_id.setdefault(reading.natural_id, at))
    for one, other, asked in _same_pairs(readings).likest_first():
        if groups.are_alike(one, other, asked):
            groups.join(one, other)
    clusters: dict[int, list[Reading]] = defaultdict(list)
    for at, reading in enumerate(readings):
        clusters[groups.find(at)].append(reading)
    return list(clusters.values())


def _with_stories(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The readings of one cell with the story that their articles tell."""
    stories = find_stories({one.event.evidence.article_id: one.topic for one in readings if one.topic})
    if not stories:
        return readings
    return [replace(one, story=stories.get(one.event.evidence.article_id)) for one in readings]


def _same_pairs(readings: Sequence[Reading]) -> LikePairs[Asked]:
    """Positions of two readings that are one happening, with their agreement and what was asked of it."""
    found = LikePairs[Asked](len(readings))
    for at, earlier in enumerate(earlier_with_a_key(map(_keys_to_meet, readings))):
        for before in earlier:
            one, other = readings[before], readings[at]
            if one.natural_id == other.natural_id or (asked := what_is_asked(one, other)) is None:
                continue
            likeness = likeness_of(one.words, other.words)
            if likeness >= asked.words and (agreement := _agreement(one, other)) >= asked.agreement:
                found.add(agreement, before, at, asked)
    return found


def _keys_to_meet(reading: Reading) -> Iterator[tuple[str, str]]:
    """Its parties by their side, and its deeds with its story: only readings that share one can be the same."""
    yield from (("actor", key) for key in reading.actors)
    yield from (("recipient", key) for key in reading.recipients)
    if reading.story is not None:
        yield from ((f"deed {deed}", str(reading.story)) for deed in reading.deeds)


class _AlikeGroups(Groups):
    """Disjoint sets of readings that know how like each other they are on average: each keeps the sum of its
    readings' vectors.

    They know their acts too, so that a vague report does not join a charge to a conviction.
    """

    def __init__(self, readings: Sequence[Reading]) -> None:
        super().__init__(len(readings))
        # One key for all readings that hold a word: the keys are most of a vector.
        keys: dict[tuple[str, str], tuple[str, str]] = {}
        self._sums = [{keys.setdefault(at, at): part for at, part in _vector(one).items()} for one in readings]
        self._topics = [topic_part(reading.topic) for reading in readings]
        self._told = [int(bool(reading.topic)) for reading in readings]
        self._sizes = [1] * len(readings)
        self._classes = [{reading.acts.classes} for reading in readings]
        self._dyads = [{reading.dyads} for reading in readings]
        self._roles = [{reading.roles} for reading in readings]

    def are_alike(self, one: int, other: int, asked: Asked) -> bool:
        """Whether two groups differ, hold nothing that excludes each other, and agree on average as far as is asked."""
        one, other = self.find(one), self.find(other)
        if one == other or _hold_opposed(self._classes, one, other):
            return False
        if any(are_swapped(*pair) for pair in product(self._roles[one], self._roles[other])):
            return False
        if not asked.in_one_topic and _hold_opposed(self._dyads, one, other):
            return False
        if asked.topic and self._topics[one] and self._topics[other]:
            alike = product_of(self._topics[one], self._topics[other])
            if alike < asked.topic * self._told[one] * self._told[other] - 1e-9:
                return False
        share = ALIKE_IN_ONE_TOPIC if asked.in_one_topic else 1.0
        least = share * asked.agreement * self._sizes[one] * self._sizes[other]
        return product_of(self._sums[one], self._sums[other]) >= least - 1e-9

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        if low == high:
            return
        super().join(low, high)
        add_to(self._sums[low], self._sums[high])
        add_to(self._topics[low], self._topics[high])
        self._sizes[low] += self._sizes[high]
        self._told[low] += self._told[high]
        self._classes[low] |= self._classes[high]
        self._dyads[low] |= self._dyads[high]
        self._roles[low] |= self._roles[high]
        self._sums[high], self._topics[high] = {}, {}
