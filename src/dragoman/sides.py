"""Turns what a user calls a side ("RUS", "rus", "Russia", "RUSGOV") into the code that the record counts it by."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from dragoman.errors import QueryError
from dragoman.expansion import Spell
from dragoman.model import Entity
from dragoman.rows import UMBRELLA_CODES

# Bodies that stand beside the states: the United Nations, the European Union, Kosovo.
OTHER_CODES = frozenset({"UNO", "EUR", "KOS"}) | UMBRELLA_CODES
_IDENTIFIER = re.compile(r"Q\d+$")
_CODE = re.compile(r"([A-Za-z]{3})((?:[A-Z]{3})*)$")


@cache
def known_codes() -> frozenset[str]:
    """Gives the codes of all states and bodies that a record may name."""
    return frozenset(row["code"] for row in _states()) | OTHER_CODES


def side_code(name: str) -> str:
    """Gives the key by which a record counts a side: `RUS`, or `IGO:identifier` for a body that has no code of its own.

    Raises:
        QueryError: nobody is known by that name, or it is a person: ties are between states and bodies.
    """
    if name.partition(":")[0] in UMBRELLA_CODES and ":" in name:
        return name
    if code := _code_of(name):
        return code[:3]
    entity = _entity_of(name)
    if entity.office:
        raise QueryError(f"{name!r} is a person in office ({entity.office}): ask for the state, {entity.code}")
    detail = entity.identifier or entity.name
    return f"{entity.code}:{detail}" if entity.code in UMBRELLA_CODES and detail else str(entity.code)


def party_name(name: str) -> str:
    """Gives what events are searched by: a code with sectors, an identifier, or a body's or person's canonical name.

    A state's name gives its code; a person's or body's stays a name, since its code would find everybody of that state.
    """
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


def _code_of(name: str) -> str | None:
    match = _CODE.match(name)
    if match and match[1].upper() in known_codes() and (name.isupper() or not match[2]):
        return match[1].upper() + match[2]
    return None


def _entity_of(name: str) -> Entity:
    from dragoman.actors import ActorIndex

    entity = getattr(ActorIndex.load().resolve(name), "entity", None)
    if not isinstance(entity, Entity) or entity.code is None:
        raise QueryError(f"{name!r} names no state or organisation: give a code, as RUS, or a name, as Russia")
    return entity


@cache
def _state_names() -> frozenset[str]:
    return frozenset(row["name"] for row in _states())


def _states() -> list[dict[str, str]]:
    text = resources.files("dragoman.data").joinpath("actors", "states.tsv").read_text(encoding="utf8")
    return list(csv.DictReader([line for line in text.splitlines() if not line.startswith("#")], delimiter="\t"))
