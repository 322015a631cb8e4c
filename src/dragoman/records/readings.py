"""One event, prepared for comparing: its parties, words and acts, and the id of its happening."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import TypeAlias

from dragoman.countries import load_countries
from dragoman.model import Event, Party
from dragoman.records.acts import Acts, read_acts
from dragoman.records.cells import family_of, happening_day, load_priors
from dragoman.records.stories import TOLD_STEMS
from dragoman.records.words import stems_of
from dragoman.rows import date_bounds, party_key

# How many words before and after an anchor are near it: they say what was done to whom, where the rest of a sentence
# may tell of something else.
NEAR_WORDS = 6
# How the basis of a date begins that words of the report tell (times/dating.py); else it is of the day of publication.
TOLD_DATE = "told "
# Letters by which a name is known in its other forms.
NAME_BEGINS = 4
# Stems of what those who act are called, and those who are acted on.
Called: TypeAlias = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Who acts and who is acted on, by code, those without one by how their words begin; empty where all act alike.

    `own_actors` and `own_recipients` have the code of a state only where the party is the state itself: the police and
    the suspect are both of Italy, and one of them in the other's part has not swapped sides.
    """

    actors: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    own_actors: frozenset[str] = frozenset()
    own_recipients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An event with what comparing needs. `key` is what makes its happening one; equal keys always merge."""

    event: Event
    natural_id: str
    day: str | None
    bounds: tuple[date, date] | None
    family: str
    actors: frozenset[str]
    recipients: frozenset[str]
    dyads: frozenset[tuple[str, str]]
    sectors: frozenset[str]
    words: frozenset[str]
    near: frozenset[str]
    anchor: frozenset[str]
    acts: Acts
    place: str | None
    country: str | None
    roles: Roles
    called: Called
    is_date_told: bool
    topic: tuple[str, ...] = ()
    story: int | None = None

    @property
    def deeds(self) -> frozenset[str]:
        """What was done, as the anchor says it: the acts it names, else its stems."""
        return self.acts.acts or frozenset(stems_of(self.event.evidence.anchor.text))


def prepare(event: Event, topic: tuple[str, ...] = ()) -> Reading:
    """The reading of an event whose article is about `topic` (`find_topic`)."""
    day = happening_day(event)
    actors, recipients = party_keys(event.actors), party_keys(event.recipients)
    place = event.place
    place_name = (place.name or place.text).casefold() if place else None
    words = _content_words(event)
    return Reading(
        event=event,
        natural_id=_natural_id(event, day, (actors, recipients), place_name),
        day=day,
        bounds=date_bounds(day),
        family=family_of(event.event_type),
        actors=actors,
        recipients=recipients,
        dyads=_dyads_of(actors, recipients) or _dyads_among(event, actors, recipients),
        sectors=_sectors_of(event),
        words=words,
        near=words & frozenset(stems_of(_words_near(event))),
        anchor=words & frozenset(stems_of(event.evidence.anchor.text)),
        acts=read_acts(event.evidence.anchor.text, event.event_type),
        place=place_name,
        country=place.country if place else None,
        roles=Roles() if len(topic) >= TOLD_STEMS else _roles_of(event),
        called=(_stems_of_names(event.actors), _stems_of_names(event.recipients)),
        is_date_told=event.date.basis.startswith(TOLD_DATE),
        topic=topic,
    )


def party_keys(parties: Iterable[Party]) -> frozenset[str]:
    """Codes of the parties; an unresolved party is known by its words, behind a question mark."""
    return frozenset(party_key(party) or f"?{(party.name or party.text).casefold()}" for party in parties)


def _roles_of(event: Event) -> Roles:
    if event.event_type in load_priors()["mutual"]["types"]:
        return Roles()
    return Roles(
        actors=_beginnings(event.actors),
        recipients=_beginnings(event.recipients),
        own_actors=_beginnings(event.actors, own=True),
        own_recipients=_beginnings(event.recipients, own=True),
    )


def _beginnings(parties: Iterable[Party], *, own: bool = False) -> frozenset[str]:
    """Codes of the parties, or how their words begin where they have none, or (`own`) share it with their country."""
    found: set[str] = set()
    for party in parties:
        key = party_key(party)
        is_known = key is not None and (not own or has_speakers(party))
        # Of two nouns the last is who is meant: a Mafia boss is no Mafia clan.
        words = stems_of(party.text)[-1:] if own else stems_of(party.text)
        found.update([key] if key and is_known else (word[:NAME_BEGINS] for word in words))
    return frozenset(found)


def _stems_of_names(parties: Iterable[Party]) -> frozenset[str]:
    return frozenset(stem for party in parties for stem in (*stems_of(party.text), *stems_of(party.name or "")))


def _dyads_of(actors: frozenset[str], recipients: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Pairs of resolved parties that face each other; empty inside one country or with a side unknown."""
    return frozenset(
        (actor, recipient)
        for actor in actors
        for recipient in recipients
        if actor != recipient and actor[0] != "?" and recipient[0] != "?"
    )


def _dyads_among(event: Event, actors: frozenset[str], recipients: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Pairs of resolved parties that do something with each other, as those who talk do: none is acted upon."""
    if event.event_type not in load_priors()["mutual"]["types"] or recipients - actors:
        return frozenset()
    return frozenset(combinations(sorted(key for key in actors if key[0] != "?"), 2))


def _sectors_of(event: Event) -> frozenset[str]:
    return frozenset(sector for party in (*event.actors, *event.recipients) for sector in party.sectors)


def _natural_id(
    event: Event, day: str | None, parties: tuple[frozenset[str], frozenset[str]], place: str | None
) -> str:
    """The id from what makes a happening one: type, status, parties and day; place and anchor tell two of a day apart.

    Two reports with one id are always one happening. So where the date is no day, or no two sides face each other, the
    sentence's words are in it too, and without parties or date the event's own id: the rest is too little for one.
    """
    anchor = " ".join(stems_of(event.evidence.anchor.text))
    sides = "|".join(",".join(sorted(side)) for side in parties)
    if parties[0] == parties[1]:  # inside one country the sectors say who
        sides += "|" + ",".join(sorted(_sectors_of(event)))
    key = [event.event_type, event.status, sides, day or "?", place or "", anchor]
    bounds = date_bounds(day)
    if bounds is None or bounds[0] != bounds[1] or not _dyads_of(*parties):
        key += sorted(_content_words(event))
    if day is None or not any(parties):
        key.append(event.event_id)
    return "r" + hashlib.sha256("\x1f".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _content_words(event: Event) -> frozenset[str]:
    """Stems of the sentence: what says which of the day's happenings is meant.

    Where two sides face each other their names are left out, since both reports have them anyway, in any form that
    begins alike (Russia, Russian). Inside one country they are what tells happenings apart.
    """
    words = frozenset(stems_of(event.evidence.sentence.text))
    if not _dyads_of(party_keys(event.actors), party_keys(event.recipients)):
        return words
    named = {stem[:NAME_BEGINS] for party in (*event.actors, *event.recipients) for stem in stems_of(party.name or "")}
    return frozenset(word for word in words if word[:NAME_BEGINS] not in named)


def _words_near(event: Event) -> str:
    """The anchor of an event with the words before and after it in its sentence."""
    sentence, anchor = event.evidence.sentence, event.evidence.anchor
    since, until = max(0, anchor.start - sentence.start), max(0, anchor.end - sentence.start)
    before, after = sentence.text[:since].split(), sentence.text[until:].split()
    return " ".join([*before[-NEAR_WORDS:], anchor.text, *after[:NEAR_WORDS]])


def has_speakers(party: Party) -> bool:
    """Whether a party is a state by its own name, an organisation of states or rebels: its leaders' word is its own."""
    country = load_countries().get(party.code or "")
    return country is None or country.name == party.name or "REB" in party.sectors
