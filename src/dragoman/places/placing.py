"""Step 5b of the journey, last part: at which of an article's places an event happened.

Each place of the sentence, and a few told before it, is a candidate; what stands around it ("in", "strikes on",
"summit"), where it stands to the event's own words, and what kind of event it is speak for or against it, with
the weights of `data/places/event_place.tsv`. A government that acts and a dateline are no place of an event.
Where no candidate has points enough, the event has no place: None is an answer.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import repeat

from dragoman.model import Article, FoundEvent, PlaceMention, Span
from dragoman.places.tables import load_lists, read_table

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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that an event may have happened at, with the features that speak for and against it."""

    place: PlaceMention
    features: tuple[str, ...]
    is_marked: bool
    is_elsewhere: bool


@cache
def load_weights() -> Mapping[str, float]:
    return {row[0]: float(row[1]) for row in read_table("event_place.tsv")}


def place_event(found: FoundEvent, places: Sequence[PlaceMention], article: Article) -> PlaceMention | None:
    """The place where an event happened, with the confidence of that reading, or None where nothing tells.

    `places` are the article's, as `PlaceIndex.find_places` gives them; `found.places`, where the reader marked any,
    weigh most. The answer's `basis` tells whether the sentence itself names the place.
    """
    weights = load_weights()
    start = weights.get("(start)", 0.0)
    best, points = None, -math.inf
    for candidate in candidates(found, places, article):
        own = sum(map(weights.get, candidate.features, repeat(0.0)), start) + READER_POINTS * candidate.is_marked
        if own > points:
            best, points = candidate, own
    if best is None or points < THRESHOLD:
        return None
    where = "told before" if best.is_elsewhere else "marked by the reader" if best.is_marked else "told with the event"
    sure = round(best.place.confidence / (1 + math.exp(-points)), 3)
    return replace(best.place, confidence=sure, basis=f"{where}; {best.place.basis}")


def candidates(found: FoundEvent, places: Sequence[PlaceMention], article: Article) -> Iterator[Candidate]:
    """The places an event may have happened at: those of its sentence, then the nearest told before it."""
    sentence = found.sentence
    inside = [p for p in places if sentence.start <= p.start < sentence.end and not _is_speakers_seat(p, article)]
    told = Counter([p.country for p in places])
    for place in inside:
        marked = any(_overlap(place, s) for s in found.places)
        features = (*_inside_features(found, place, article), *_rivals(found, place, inside, told))
        yield Candidate(place, features, marked, is_elsewhere=False)
    before = list(_told_before(found, places, article))
    shared = tuple(_shared_features(found, inside)) if before else ()
    for place, source in before:
        again = "often" if told[place.country] > 2 else "seldom"
        acts = any(p.country == place.country for p in inside if any(_overlap(p, s) for s in found.actors))
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
    found: FoundEvent, place: PlaceMention, inside: Sequence[PlaceMention], told: Mapping[str | None, int]
) -> Iterator[str]:
    """Whether other places of the sentence could be meant as well, and what else is told of this one's state."""
    free = [p for p in inside if p.kind != "people" and not any(_overlap(p, s) for s in found.actors)]
    if place in free:
        yield (
            "the only free place" if len(free) == 1 else "first free place" if free[0] is place else "later free place"
        )
    if any(p.country == place.country and p.kind == "people" for p in inside if p is not place):
        yield "its people in the sentence"
    if any(p.country == place.country and p.kind in {"town", "site"} for p in inside if p is not place):
        yield "a town of its state in the sentence"
    if told[place.country] > 3:
        yield "its state often told"


def _told_before(
    found: FoundEvent, places: Sequence[PlaceMention], article: Article
) -> Iterator[tuple[PlaceMention, str]]:
    """The last place named before the sentence, and the first that the title names."""
    earlier = [p for p in places if p.start < found.sentence.start and p.kind not in {"people", "region"}]
    if not earlier:
        return
    yield earlier[-1], "last"
    text_start = article.text_start
    titled = [p for p in earlier if p.start < text_start]
    if titled and titled[0] is not earlier[-1]:
        yield titled[0], "in the title"


def _inside_features(found: FoundEvent, place: PlaceMention, article: Article) -> Iterator[str]:
    group = "act" if found.event_type in PHYSICAL else "word"
    yield f"kind {place.kind}"
    yield f"type {found.event_type}"
    lead, distance = _lead(found, place, article)
    yield f"lead {lead}"
    yield f"lead {lead} {group}"
    yield f"lead distance {distance}"
    yield from _following(found, place, article)
    yield from _position(found, place, article)
    yield from _roles(found, place)
    if place.start == found.sentence.start:
        yield "opens the sentence"
    if found.status in {"future", "hypothetical"}:
        yield "unreal"


def _lead(found: FoundEvent, place: PlaceMention, article: Article) -> tuple[str, int]:
    """The preposition or verb that leads up to a place over its adjectives, and how many words lie between."""
    lists = load_lists()
    words = _STEP.findall(article.body[max(found.sentence.start, place.start - 60) : place.start])
    for distance, word in enumerate(reversed(words[-5:])):
        low = word.lower()
        if low in lists["lead"]:
            return low, distance
        if not (word[0].isalpha() or word in "-’'") or low in lists["no lead"]:
            return ("comma" if word == "," else "other"), distance
    return ("start" if len(words) < 5 else "other"), min(len(words), 5)


def _following(found: FoundEvent, place: PlaceMention, article: Article) -> Iterator[str]:
    after = article.body[place.end : min(place.end + 40, found.sentence.end)]
    possessive = after[:2] in {"'s", "’s"} or after[:1] in {"'", "’"}
    words = [w.lower() for w in _STEP.findall(after[2:] if possessive else after)[:3]]
    if possessive:
        yield "possessive"
    if any(w in load_lists()["event noun"] for w in words[:2]):
        yield f"before an event noun {place.kind}"
    if any(w in load_lists()["ground"] for w in words[:2]):
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
    if any(_overlap(place, s) for s in found.actors):
        yield f"in an actor {place.kind}"
    if any(_overlap(place, s) for s in found.recipients):
        yield f"in a recipient {group} {'people' if place.kind == 'people' else 'place'}"
    if found.speaker and _overlap(place, found.speaker):
        yield "in the speaker"
