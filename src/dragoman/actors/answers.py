"""Entities as answers: what a person, body, state or office in a phrase comes to, with the reason.

Each function takes one name that has been chosen and says whom it means on the day; which name counts is chosen in
`phrases`, and what other words stand for in `anaphora`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from dragoman.actors.names import Found, Standing
from dragoman.actors.reading import NO_FORCES_OF, Reading
from dragoman.actors.tables import Sense
from dragoman.actors.words import Word
from dragoman.model import Entity

Acts = Literal["speaks", "fights", "hit"]


class Hint(NamedTuple):
    """What the caller knows of the party: what it does, whom it fights (seldom its own), who is on the other side."""

    acts: Acts | None = None
    opponent: str | None = None
    counterpart: str | None = None


class Answer(NamedTuple):
    """An entity with the reason it was chosen; `certainty` from 0 to 1."""

    entity: Entity
    basis: str
    certainty: float
    kind: str = ""


class Parts(NamedTuple):
    """A phrase taken apart: the names in it by kind, its head noun's sectors, its words."""

    words: tuple[Word, ...]
    found: tuple[tuple[Found, Sense], ...]
    agent: tuple[str, ...]
    office: str | None
    is_former: bool
    owner: str | None = None


def answer_one(reading: Reading, parts: Parts, pair: tuple[Found, Sense], acts: Acts | None) -> Answer:
    found, sense = pair
    if sense.kind == "person":
        return _person(reading, parts, sense)
    if sense.kind == "collective":
        return answer_collective(parts, pair)
    if sense.kind == "body":
        return answer_body(reading, parts, sense, found)
    if sense.kind == "own":
        sectors = sense.sectors or parts.agent or (_state_sectors(sense, acts) if sense.code else ())
        return Answer(
            Entity(code=sense.code, sectors=sectors),
            f"own_words: {sense.name}",
            0.8,
            "group" if sense.code else "collective",
        )
    return answer_state(reading, parts, sense, acts)


def _person(reading: Reading, parts: Parts, sense: Sense) -> Answer:
    standing = reading.names.stands(sense.detail, reading.on)
    if standing is None:
        return Answer(
            Entity(code=sense.code, sectors=sense.sectors, name=sense.name),
            f"{sense.source}: {sense.name}",
            0.9,
            "person",
        )
    follows = parts.words[-1].folded
    last_name = sense.detail.rsplit(" ", 1)[-1]
    if parts.agent and not parts.office and follows != last_name and not parts.is_former and _owns(parts, last_name):
        entity = Entity(code=standing.spell.code, sectors=parts.agent, name=None)
        return Answer(entity, f"{standing.spell.source}: of {standing.spell.name}", 0.9, "organisation")
    return answer_standing(reading, standing)


def _owns(parts: Parts, last_name: str) -> bool:
    """ "Trump officials", "Netanyahu's government": the words after the name are those who are meant."""
    at = max((i for i, word in enumerate(parts.words) if word.folded == last_name), default=len(parts.words))
    return at + 1 < len(parts.words)


def answer_standing(reading: Reading, standing: Standing) -> Answer:
    spell = standing.spell
    basis = f"{spell.source}: {spell.name}, {spell.office} of {spell.code}, {standing.note}"
    return Answer(
        reading.names.person_entity(standing), basis, 0.95 if "last known" not in standing.note else 0.7, "person"
    )


def answer_collective(parts: Parts, pair: tuple[Found, Sense]) -> Answer:
    sense = pair[1]
    entity = Entity(code=None, sectors=parts.agent or sense.sectors, name=sense.name)
    return Answer(entity, f"collectives: {sense.name}, no single country", 0.9, "collective")


def answer_body(reading: Reading, parts: Parts, sense: Sense, found: Found) -> Answer:
    code, basis = sense.code, f"{sense.source}: {sense.name}"
    if sense.is_generic:
        code, basis = _generic_owner(reading, found, sense)
    sectors = sense.sectors
    if parts.agent and (not sectors or (sectors[0] in {"GOV", "EDU"} and parts.agent[0] in {"MIL", "SPY"})):
        sectors = parts.agent if found.last < len(parts.words) - 1 or found.first else sectors
    if parts.agent and parts.is_former:
        sectors = ("ELI",)
    return Answer(
        Entity(code=code, sectors=sectors, name=sense.name, identifier=sense.identifier), basis, 0.95, "organisation"
    )


def _generic_owner(reading: Reading, found: Found, sense: Sense) -> tuple[str | None, str]:
    ranked = [(code, score) for code, score in reading.countries(found.start, found.end)]
    usual = dict(ranked).get(sense.code or "", 0.0)
    if ranked and ranked[0][0] != sense.code and usual <= 1.0 < ranked[0][1]:
        return ranked[0][0], f"{sense.source}: {sense.name}, of {ranked[0][0]}, which the article is about"
    return sense.code, f"{sense.source}: {sense.name}, of its most usual bearer"


def answer_state(reading: Reading, parts: Parts, sense: Sense, acts: Acts | None) -> Answer:
    basis = f"{sense.source}: {sense.name}" + (f" ({sense.detail})" if sense.detail else "")
    if parts.is_former and parts.agent:
        return Answer(Entity(code=sense.code, sectors=("ELI",), name=None), f"{basis}, former", 0.9, "office")
    general = next((other for _, other in parts.found if other.kind == "body" and other.is_generic), None)
    if general is not None and sense.code:
        return Answer(Entity(code=sense.code, sectors=general.sectors), f"{basis}, {general.name}", 0.9, "organisation")
    if parts.office and sense.code:
        return answer_office(reading, parts.office, sense.code, basis)
    if parts.agent == ("MIL",) and sense.code in NO_FORCES_OF:
        ranked = reading.countries(parts.words[0].start, parts.words[-1].end, sector="MIL")
        if ranked and ranked[0][0] != sense.code:
            return Answer(
                Entity(code=ranked[0][0], sectors=parts.agent), f"{basis} has no army, {ranked[0][0]} has", 0.6, "group"
            )
    if parts.agent:
        return Answer(Entity(code=sense.code, sectors=parts.agent), f"{basis}, agents: {parts.agent[0]}", 0.9, "group")
    known = reading.names.states.get(sense.code or "")
    entity = Entity(
        code=sense.code, sectors=_people_sectors(parts, sense, acts) or _state_sectors(sense, acts),
        name=known.name if known and sense.kind != "user" else sense.name,
        identifier=known.identifier if known and sense.kind != "user" else None,
    )  # fmt: skip
    return Answer(entity, basis, 0.95, "state")


def _people_sectors(parts: Parts, sense: Sense, acts: Acts | None) -> tuple[str, ...]:
    """ "Kenyans", "the Palestinians": the people, where they do not fight."""
    is_people = sense.kind == "demonym" and bool(parts.words) and parts.words[-1].text.endswith("s")
    return ("CVL",) if is_people and acts != "fights" else ()


def _state_sectors(sense: Sense, acts: Acts | None) -> tuple[str, ...]:
    by_act: dict[str, tuple[str, ...]] = {"speaks": ("GOV",), "fights": ("MIL",), "hit": ()}
    if acts is not None:
        return by_act[acts]
    return sense.sectors if sense.kind in {"seat", "user"} else ()


def answer_office(reading: Reading, office: str, code: str, basis: str) -> Answer:
    known = reading.names.offices[office]
    standing = reading.names.holder(code, office, reading.on)
    if (standing is None or standing.is_past) and known.is_head:
        standing = reading.names.head(code, reading.on) if office in {"leader", "monarch"} else None
    if standing is None or standing.is_past:
        note = "no office-holder known" + (
            f" after {standing.spell.until}" if standing and standing.spell.until else ""
        )
        return Answer(
            Entity(code=code, sectors=known.sectors, office=office), f"{basis}, {office}: {note}", 0.85, "office"
        )
    answer = answer_standing(reading, standing)
    return answer._replace(basis=f"{basis}, {answer.basis}", kind="office")
