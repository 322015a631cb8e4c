"""Belief: how sure it is that a happening took place, by the independent voices that report it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import combinations
from math import prod

from dragoman.model import Event
from dragoman.records.cells import load_priors
from dragoman.records.copies import find_copies
from dragoman.records.joining import Groups
from dragoman.records.readings import party_keys
from dragoman.rows import party_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is known of the articles behind events: pairs of copies or sketches to find them by; credited agencies.

    `superseded` gives, for an article of which a later edition was read, the last one; `topics` what one is about
    (`find_topic`).
    """

    copies: frozenset[tuple[str, str]] = frozenset()
    sketches: Mapping[str, bytes] = field(default_factory=dict)
    wires: Mapping[str, str] = field(default_factory=dict)
    superseded: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def measure_belief(voices: Iterable[Iterable[Event]]) -> float:
    """How sure it is that a happening took place as recorded, 0 to 1, from the events of each independent voice.

    belief = status * (1 - systematic) * (1 - product over voices of (1 - report * best))
    best   = the greatest (attribution * confidence) among the events of that voice

    `confidence` is the reader's own; `attribution` depends on who says it (the outlet itself, the actor, the
    recipient, a third party, somebody unnamed). A voice counts once however often it repeats itself; a further voice
    never lowers belief; no number of voices lifts it above `1 - systematic`. The shape is INDRA's (Gyori et al. 2017);
    priors with their sources are in data/belief.toml. Contradiction is not discounted here: the record shows both
    sides in its disagreements and links.
    """
    priors = load_priors()
    pooled = [list(events) for events in voices]
    if not any(pooled):
        return 0.0
    missed = prod(1 - priors["voice"]["report"] * max(map(weight_of, events)) for events in pooled if events)
    status = next(events[0].status for events in pooled if events)
    return round(float(priors["status"][status] * (1 - priors["error"]["systematic"]) * (1 - missed)), 6)


def weight_of(event: Event) -> float:
    """What the report of one event weighs, 0 to 1: by who says it, times the confidence of the reading."""
    return float(load_priors()["attribution"][_who_says(event)]) * min(1.0, max(0.0, event.confidence))


def _who_says(event: Event) -> str:
    speaker = event.attributed_to
    if speaker is None:
        return "outlet"
    key = party_key(speaker)
    if key is None:
        return "unnamed"
    if key in party_keys(event.actors):
        return "actor"
    return "recipient" if key in party_keys(event.recipients) else "third"


def find_voices(events: Collection[Event], sources: Sources) -> list[list[Event]]:
    """The events by independent voice: one for each outlet or agency with whom a story in the record began.

    Copies of one story speak with the voice of the outlet that had it first (by day, an agency before others, then by
    name); two stories that began with one outlet are one voice. An article without a publisher speaks for itself.
    """
    by_article: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_article[event.evidence.article_id].append(event)
    article_ids = sorted(by_article)
    position = {article_id: at for at, article_id in enumerate(article_ids)}
    stories = Groups(len(article_ids))
    for one, other in _copies_among(article_ids, sources):
        stories.join(position[one], position[other])
    voices: dict[str, list[Event]] = defaultdict(list)
    for members in _members(stories, article_ids):
        told = [event for article_id in members for event in by_article[article_id]]
        voices[_origin(told, sources.wires)].extend(told)
    return [voices[name] for name in sorted(voices)]


def _copies_among(article_ids: Sequence[str], sources: Sources) -> frozenset[tuple[str, str]]:
    if len(article_ids) < 2:
        return frozenset()
    known = frozenset(pair for pair in combinations(article_ids, 2) if pair in sources.copies)
    sketches = {
        article_id: sources.sketches[article_id] for article_id in article_ids if article_id in sources.sketches
    }
    return known | find_copies(sketches)


def _members(groups: Groups, names: Sequence[str]) -> list[list[str]]:
    members: dict[int, list[str]] = defaultdict(list)
    for at, name in enumerate(names):
        members[groups.find(at)].append(name)
    return list(members.values())


def _origin(events: Iterable[Event], wires: Mapping[str, str]) -> str:
    """With whom a story began: the agency it credits, else the outlet that had it first."""
    credited = sorted(wires[event.evidence.article_id] for event in events if event.evidence.article_id in wires)
    if credited:
        return f"wire {credited[0].casefold()}"
    agencies = _agency_names()

    def rank(event: Event) -> tuple[date, bool, str]:
        name = (event.evidence.publisher or f"article {event.evidence.article_id}").casefold()
        return event.evidence.published or date.max, name not in agencies, name

    _, not_agency, name = min(map(rank, events))
    return name if not_agency else f"wire {name}"


@cache
def _agency_names() -> frozenset[str]:
    return frozenset(name.casefold() for name in load_priors()["wires"]["names"])
