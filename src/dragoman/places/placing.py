"""Step 5b of the journey, last part: at which of an article's places an event happened.

Each place of the sentence, and a few told before it, is a candidate; what stands around it ("in", "strikes on",
"summit"), where it stands to the event's own words, and what kind of event it is speak for or against it, with
the weights of `data/places/event_place.tsv`. A government that acts and a dateline are no place of an event.
Where no candidate has points enough, the event has no place: None is an answer.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import repeat
from typing import NamedTuple

from dragoman.knowledge import table_cells
from dragoman.model import Article, FoundEvent, PlaceMention, Sentence, Span
from dragoman.places.tables import load_lists

THRESHOLD = -1.85
READER_POINTS = 3.0
PHYSICAL = frozenset("ASSAULT COERCE PROTEST MOBILIZE AID RETREAT CONSULT COOPERATE".split())
_STEP = re.compile(r"[\w’'-]+|[^\w\s]")
_ANAPHORS = re.compile(
    r"\b(?:the|that|this|its|their) (?:\w+ )?(?:city|territory|enclave|country|region|strip|capital|town|village|area|"
    r"island|province|state|square|border|nation|kingdom|streets|airspace|coast|chamber|camp)\b|\bthere\b|\bhere\b",
    re.IGNORECASE,
)
_BREAKS = re.compile(
    r"[;:—–]|\b(?:who|which|that|while|when|after|before|as|because|if|where|since|amid|but|said|says|told)\b",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"\b(?:ministr(?:y|ies)|government|officials?|embassy|consulate|spokes\w+|authorities|leaders|office) in $",
    re.IGNORECASE,
)
_SPEAKS = re.compile(r",? (?:said|says|told|announced|reported)\b")
_DATELINE = re.compile(r"[^a-z\n]{0,60}?(?:\([A-Z][\w ]{1,20}\) ?)?[—–-]{1,2} ")


class Candidate(NamedTuple):
    """A place that an event may have happened at, with the features that speak for and against it."""

    place: PlaceMention
    features: tuple[str, ...]
    is_marked: bool
    is_elsewhere: bool


@cache
def load_weights() -> Mapping[str, float]:
    return {row[0]: float(row[1]) for row in table_cells("places", "event_place.tsv")}


class Told:
    """The places of an article as its events ask for them: what all of them share is found once.

    `places` are those that `PlaceIndex.find_places` gives, in the order of the text.
    """

    def __init__(self, places: Sequence[PlaceMention], article: Article) -> None:
        self.places = places
        self.article = article
        self.times_told = Counter([p.country for p in places])
        self._starts = [p.start for p in places]
        self._steady = [p for p in places if p.kind not in {"people", "region"}]
        self._steady_starts = [p.start for p in self._steady]
        self._inside: dict[int, list[PlaceMention]] = {}
        self._words: dict[int, tuple[str, int, tuple[str, ...]]] = {}

    def inside(self, sentence: Sentence) -> list[PlaceMention]:
        """The places of a sentence without those that only say where they sit who report it."""
        if sentence.start not in self._inside:
            first, last = bisect_left(self._starts, sentence.start), bisect_left(self._starts, sentence.end)
            own = [p for p in self.places[first:last] if not _is_speakers_seat(p, self.article)]
            self._inside[sentence.start] = own
        return self._inside[sentence.start]

    def before(self, sentence: Sentence) -> list[tuple[PlaceMention, str]]:
        """The last place named before a sentence, and the first that the title names."""
        number = bisect_left(self._steady_starts, sentence.start)
        if not number:
            return []
        first, last = self._steady[0], self._steady[number - 1]
        is_titled = first.start < self.article.text_start and first is not last
        return [(last, "last"), (first, "in the title")] if is_titled else [(last, "last")]

    def words_beside(self, place: PlaceMention, sentence: Sentence) -> tuple[str, int, tuple[str, ...]]:
        """What leads up to a place of a sentence, over how many words, and the features of what follows it."""
        if place.start not in self._words:
            following = tuple(_following(sentence, place, self.article))
            self._words[place.start] = (*_lead(sentence, place, self.article), following)
        return self._words[place.start]


def place_event(found: FoundEvent, told: Told) -> PlaceMention | None:
    """The place where an event happened, with the confidence of that reading, or None where nothing tells.

    `told` holds the article's places; `found.places`, where the reader marked any,
    weigh most. The answer's `basis` tells whether the sentence itself names the place.
    """
    weights = load_weights()
    start = weights.get("(start)", 0.0)
    best, points = None, -math.inf
    for candidate in candidates(found, told):
        own = sum(map(weights.get, candidate.features, repeat(0.0)), start) + READER_POINTS * candidate.is_marked
        if own > points:
            best, points = candidate, own
    if best is None or points < THRESHOLD:
        return None
    where = "told before" if best.is_elsewhere else "marked by the reader" if best.is_marked else "told with the event"
    sure = round(best.place.confidence / (1 + math.exp(-points)), 3)
    return replace(best.place, confidence=sure, basis=f"{where}; {best.place.basis}")


def candidates(found: FoundEvent, told: Told) -> Iterator[Candidate]:
    """The places an event may have happened at: those of its sentence, then the nearest told before it."""
    inside = told.inside(found.sentence)
    acting = [p for p in inside if any([_overlap(p, s) for s in found.actors])]
    for place in inside:
        marked = any([_overlap(place, s) for s in found.places])
        features = (*_inside_features(found, place, told), *_rivals(place, inside, acting, told.times_told))
        yield Candidate(place, features, marked, is_elsewhere=False)
    before = told.before(found.sentence)
    shared = tuple(_shared_features(found, inside)) if before else ()
    for place, source in before:
        again = "often" if told.times_told[place.country] > 2 else "seldom"
        acts = any([p.country == place.country for p in acting])
        features = (
            *shared,
            f"told {source}",
            f"told kind {place.kind}",
            f"told {again}",
            f"told of an actor's state {acts}",
        )
        yield Candidate(place, features, is_marked=False, is_elsewhere=True)


def _overlap(place: PlaceMention, span: Span) -> bool:
    return place.start < span.end and span.start < place.end


def _shared_features(found: FoundEvent, inside: Sequence[PlaceMention]) -> Iterator[str]:
    group = "act" if found.event_type in PHYSICAL else "word"
    yield "told"
    yield f"told type {found.event_type}"
    if _has_anaphor(found.sentence.text):
        yield f"told anaphor {group}"
    if any(p.kind != "people" for p in inside):
        yield "told other place in sentence"


@lru_cache(maxsize=64)  # the events of a sentence are asked for one after another
def _has_anaphor(text: str) -> bool:
    return _ANAPHORS.search(text) is not None


def _rivals(
    place: PlaceMention,
    inside: Sequence[PlaceMention],
    acting: Sequence[PlaceMention],
    times_told: Mapping[str | None, int],
) -> Iterator[str]:
    """Whether other places of the sentence could be meant as well, and what else is told of this one's state."""
    if place.kind != "people" and place not in acting:
        free = [p for p in inside if p.kind != "people" and p not in acting]
        yield (
            "the only free place" if len(free) == 1 else "first free place" if free[0] is place else "later free place"
        )
    kinds = {p.kind for p in inside if p.country == place.country and p is not place}
    if "people" in kinds:
        yield "its people in the sentence"
    if "town" in kinds or "site" in kinds:
        yield "a town of its state in the sentence"
    if times_told[place.country] > 3:
        yield "its state often told"


def _inside_features(found: FoundEvent, place: PlaceMention, told: Told) -> Iterator[str]:
    group = "act" if found.event_type in PHYSICAL else "word"
    yield f"kind {place.kind}"
    yield f"type {found.event_type}"
    lead, distance, following = told.words_beside(place, found.sentence)
    yield f"lead {lead}"
    yield f"lead {lead} {group}"
    yield f"lead distance {distance}"
    yield from following
    yield from _position(found, place, told.article)
    yield from _roles(found, place)
    if place.start == found.sentence.start:
        yield "opens the sentence"
    if found.status in {"future", "hypothetical"}:
        yield "unreal"


def _lead(sentence: Sentence, place: PlaceMention, article: Article) -> tuple[str, int]:
    """The preposition or verb that leads up to a place over its adjectives, and how many words lie between."""
    lists = load_lists()
    words = _STEP.findall(article.body[max(sentence.start, place.start - 60) : place.start])
    for distance, word in enumerate(reversed(words[-5:])):
        low = word.lower()
        if low in lists["lead"]:
            return low, distance
        if not (word[0].isalpha() or word in "-’'") or low in lists["no lead"]:
            return ("comma" if word == "," else "other"), distance
    return ("start" if len(words) < 5 else "other"), min(len(words), 5)


def _following(sentence: Sentence, place: PlaceMention, article: Article) -> Iterator[str]:
    after = article.body[place.end : min(place.end + 40, sentence.end)]
    possessive = after[:2] in {"'s", "’s"} or after[:1] in {"'", "’"}
    words = [w.lower() for w in _STEP.findall(after[2:] if possessive else after)[:3]]
    if possessive:
        yield "possessive"
    if not load_lists()["event noun"].isdisjoint(words[:2]):
        yield f"before an event noun {place.kind}"
    if not load_lists()["ground"].isdisjoint(words[:2]):
        yield f"before a ground {'people' if place.kind == 'people' else 'place'}"
    if words[:1] and not possessive and (words[0].endswith("ed") or words[0] in load_lists()["speech"]):
        yield "before a verb"  # "Beijing condemned the visit to Taipei": a government that acts
    if words[:1] and words[0] in load_lists()["after"]:
        yield f"before {words[0]}"


def _position(found: FoundEvent, place: PlaceMention, article: Article) -> Iterator[str]:
    anchor = found.anchor
    if place.start < anchor.end and anchor.start < place.end:
        yield "inside the anchor"
    yield from _parted(found, place, article)
    gap = place.start - anchor.end if place.start >= anchor.end else anchor.start - place.end
    side = "after" if place.start >= anchor.end else "before"
    yield f"{side} by {0 if gap <= 4 else 1 if gap <= 25 else 2 if gap <= 70 else 3}"
    if place.start - article.text_start in range(60) and not found.sentence.is_title:
        start = found.sentence.start
        if _DATELINE.match(article.body, start, min(start + 90, found.sentence.end)):
            yield "dateline"


def _is_speakers_seat(place: PlaceMention, article: Article) -> bool:
    """Whether a place only says where they sit who report it: "the defence ministry in Paris said"."""
    before = article.body[max(0, place.start - 30) : place.start]
    if before.rstrip("\n")[-3:].lower() != "in ":
        return False
    return bool(_OFFICE.search(before) and _SPEAKS.match(article.body, place.end, place.end + 12))


def _parted(found: FoundEvent, place: PlaceMention, article: Article) -> Iterator[str]:
    """Whether another clause lies between a place and the event's own words."""
    first, last = sorted(((place.start, place.end), (found.anchor.start, found.anchor.end)))
    between = article.body[first[1] : last[0]]
    yield f"parted {min(len(_BREAKS.findall(between)), 2)}"
    yield f"parted by a comma {',' in between}"


def _roles(found: FoundEvent, place: PlaceMention) -> Iterator[str]:
    group = "ASSAULT" if found.event_type == "ASSAULT" else "other"
    if any([_overlap(place, s) for s in found.actors]):
        yield f"in an actor {place.kind}"
    if any([_overlap(place, s) for s in found.recipients]):
        yield f"in a recipient {group} {'people' if place.kind == 'people' else 'place'}"
    if found.speaker and _overlap(place, found.speaker):
        yield "in the speaker"
