"""Turns what a user calls a side ("RUS", "rus", "Russia", "RUSGOV") into the code that the record counts it by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from dragoman.errors import QueryError
from dragoman.groups import EVERYBODY_ELSE, MEMBERS, REST, Group, Member, Side, Spell, group_of
from dragoman.knowledge import table_rows
from dragoman.model import Entity
from dragoman.rows import UMBRELLA_CODES
from dragoman.words import nearest

# Bodies that stand beside the states: the United Nations, the European Union, Kosovo.
OTHER_CODES = frozenset({"UNO", "EUR", "KOS"}) | UMBRELLA_CODES
# Share of letters in common from which a known name is suggested for one that nobody bears. Source: judgement.
LIKE_ENOUGH = 0.75
_IDENTIFIER = re.compile(r"Q\d+$")
_CODE = re.compile(r"([A-Za-z]{3})((?:[A-Z]{3})*)$")


@cache
def known_codes() -> frozenset[str]:
    """Gives the codes of all states and bodies that a record may name."""
    return frozenset(row["code"] for row in _states()) | OTHER_CODES


def side_code(name: str) -> str:
    """Gives the key by which a record counts a side: `RUS`, or `IGO:identifier` for a body that has no code of its own.

    Raises:
        QueryError: nobody is known by that name, or it is a person or a group: this key is of one state or body.
    """
    _refuse_group(name)
    if name.partition(":")[0] in UMBRELLA_CODES and ":" in name:
        return name
    if code := _code_of(name):
        return code[:3]
    entity = _entity_of(name)
    if entity.office:
        raise QueryError(f"{name!r} is a person in office ({entity.office}): ask for the state, {entity.code}")
    detail = entity.identifier or entity.name
    return f"{entity.code}:{detail}" if entity.code in UMBRELLA_CODES and detail else str(entity.code)


def find_side(name: str) -> Side:
    """Gives the side of a tie that a text means: a party, a group (`FRA+DEU`), `members:NATO`, or `rest`.

    Raises:
        QueryError: nobody is known by that name, or the body's members are not.
    """
    if name.lower().startswith(MEMBERS):
        return members_of(name[len(MEMBERS) :])
    if name.lower() == REST:
        return EVERYBODY_ELSE
    if "+" in name:
        return group_of(name, [side_code(part.strip()) for part in name.split("+") if part.strip()])
    return side_code(name)


def members_of(name: str) -> Group:
    """Gives the members of a body as a group, each with its days of entry and exit; the body is no member of it.

    Raises:
        QueryError: the body's members are not known.
    """
    from dragoman.actors.tables import FAR_FUTURE, FAR_PAST, read_members

    listed = list(read_members())
    body = _body_of(name, known_bodies())
    return Group(
        name=f"{MEMBERS}{body}",
        members=tuple(
            Member(
                code=code, since=since if since > FAR_PAST else None, until=until if until < FAR_FUTURE else None
            )
            for listed_body, code, since, until in listed
            if listed_body == body
        ),
    )  # fmt: skip


def known_bodies() -> list[str]:
    """Gives the names of the bodies whose members are known, in alphabetical order."""
    from dragoman.actors.tables import read_members

    return sorted({row[0] for row in read_members()})


def _body_of(name: str, bodies: list[str]) -> str:
    by_fold = {body.casefold(): body for body in bodies}
    if name.casefold() in by_fold:
        return by_fold[name.casefold()]
    known = getattr(_resolved(name), "name", None)
    if known in bodies:
        return str(known)
    close = [by_fold[found] for found in nearest(name.casefold(), by_fold, number=3)]
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    raise QueryError(f"the members of {name!r} are not known: {hint}`dragoman ask members --list` names the bodies")


def party_name(name: str) -> str:
    """Gives what events are searched by: a code with sectors, an identifier, or a body's or person's canonical name.

    A state's name gives its code; a person's or body's stays a name, since its code would find everybody of that state.

    Raises:
        QueryError: nobody is known by that name, or it is a group.
    """
    _refuse_group(name)
    if _IDENTIFIER.match(name):
        return name
    if code := _code_of(name):
        return code
    entity = _entity_of(name)
    is_state = entity.name is None or entity.name in _state_names()
    return str(entity.code) if is_state else str(entity.name)


def expanded_members(names: Sequence[str], sides: Sequence[str | None]) -> dict[str, tuple[Spell, ...]]:
    """Gives the spells of membership of each body that is to be expanded, by the key that the question calls it by.

    Raises:
        QueryError: a body is not one of the sides asked for, or the tables keep no members of it.
    """
    from dragoman.actors import ActorIndex

    index = ActorIndex.load() if names else None
    expanded: dict[str, tuple[Spell, ...]] = {}
    for name in names:
        spells = index.member_spells(name) if index else ()
        if not spells:
            raise QueryError(f"the tables keep no members of {name!r}: name a body, as NATO or 'European Union'")
        keys = {side_code(name), party_name(name)}
        asked = [side for side in sides if side in keys]
        if not asked:
            raise QueryError(f"--expand {name!r} is neither side of the question: ask for it as a side, too")
        expanded |= dict.fromkeys(asked, spells)
    return expanded


def expanded_sides(
    sides: tuple[Side, Side], names: Sequence[str], labels: tuple[str, str] | None = None
) -> tuple[Side, Side]:
    """Gives the sides of a tie with the named bodies as groups: themselves, and their members on the day.

    `labels` are the names that such groups bear in rows, else their keys.

    Raises:
        QueryError: as `expanded_members`.
    """
    members = expanded_members(names, [side for side in sides if isinstance(side, str)])
    wide = tuple(with_members(side, members) for side in sides)
    if labels is None or labels[0] == labels[1]:
        return wide[0], wide[1]
    return _labelled(wide[0], sides[0], labels[0]), _labelled(wide[1], sides[1], labels[1])


def _labelled(wide: Side, side: Side, label: str) -> Side:
    """A body that was made a group, by the name it was asked for."""
    return replace(wide, name=label) if isinstance(wide, Group) and isinstance(side, str) else wide


def with_members(side: Side, members: Mapping[str, Sequence[Spell]]) -> Side:
    """Gives a body as a group of itself and its members on the day, where `members` has it."""
    if isinstance(side, Group) or side not in members:
        return side
    spells = tuple(Member(code=code, since=since, until=until) for code, since, until in members[side])
    return Group(name=side, members=(Member(code=side), *spells))


def _code_of(name: str) -> str | None:
    match = _CODE.match(name)
    if match and match[1].upper() in known_codes() and (name.isupper() or not match[2]):
        return match[1].upper() + match[2]
    return None


def _refuse_group(name: str) -> None:
    """A group taken for one name would be read as the body in it, or find nothing, which would pass for calm."""
    if name.lower() == REST or name.lower().startswith(MEMBERS) or "+" in name:
        raise QueryError(
            f"{name!r} is a group, and here one state, body or person is asked for, as RUS or NATO: `ties` and "
            "`ask pledges` take groups, and `events --actor NATO --expand NATO` counts a body's members"
        )


def _resolved(name: str) -> Entity | None:
    """Who a name means as it is written, else with capitals (saudi arabia, nato); None if nobody with a code."""
    from dragoman.actors import ActorIndex

    index = ActorIndex.load()
    spellings = [name, name.title(), name.upper()] if name.islower() else [name, name.title()]
    for spelling in dict.fromkeys(spellings):
        entity = getattr(index.resolve(spelling), "entity", None)
        if isinstance(entity, Entity) and entity.code is not None:
            return entity
    return None


def _meanings(name: str) -> str:
    """What a name can mean that means several states or parts of states; "" where it is not ambiguous."""
    from dragoman.actors import ActorIndex

    reason = str(getattr(ActorIndex.load().resolve(name.title()), "reason", ""))
    return reason if reason.startswith("ambiguous: ") else ""


def _entity_of(name: str) -> Entity:
    entity = _resolved(name)
    if entity is None:
        if meanings := _meanings(name):
            raise QueryError(f"{meanings}: give the code of the one that is meant, as GEO or USA")
        hint = f"did you mean {near}?" if (near := nearest_name(name)) else "give a code, as RUS, or a name, as Russia"
        raise QueryError(f"{name!r} names no state or organisation: {hint}")
    return entity


def nearest_name(name: str) -> str | None:
    """Gives the state or body whose name is written most like one that nobody bears; None where none is near."""
    by_fold = {known.casefold(): known for known in (*_state_names(), *known_bodies())}
    close = nearest(name.casefold(), sorted(by_fold), alike=LIKE_ENOUGH)
    return by_fold[close[0]] if close else None


@cache
def _state_names() -> frozenset[str]:
    return frozenset(row["name"] for row in _states())


def _states() -> list[dict[str, str]]:
    return table_rows("actors", "states.tsv")
