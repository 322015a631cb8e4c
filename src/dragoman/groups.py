"""Sides of a tie that are more than one party: several states together, the members of a body, everybody else.

Stands beside the journey: it knows names and days, no tables. It refuses a group without members and two sides that
are both everybody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dragoman.errors import QueryError

REST = "rest"
MEMBERS = "members:"
_JOIN = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A party in a group, from the day `since` to the day before `until`; None where it always was or still is."""

    code: str
    since: date | None = None
    until: date | None = None

    def belongs_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several parties as one side of a tie. A happening of three of them counts once.

    What passes among the members is no tie of the group. Without members it is the rest: whoever is not on the other
    side.
    """

    name: str
    members: tuple[Member, ...] = ()

    @property
    def is_rest(self) -> bool:
        return not self.members

    def codes_on(self, day: date) -> list[str]:
        """The members on a day."""
        return sorted({member.code for member in self.members if member.belongs_on(day)})

    def has(self, code: str, day: date) -> bool:
        """Whether a party is a member on a day."""
        return any(member.code == code and member.belongs_on(day) for member in self.members)


Side = str | Group
# A member by its code, with the days of its entry and exit; the exit is exclusive. Members: those of each body.
Spell = tuple[str, date, date]
Members = Mapping[str, Sequence[Spell]]
EVERYBODY_ELSE = Group(name=REST)


def read_side(name: Side) -> Side:
    """Gives the side that a text means: `FRA+DEU` is a group, `rest` everybody else, anything else one party."""
    if isinstance(name, Group):
        return name
    if _JOIN not in name and name != REST:
        return _checked(name)
    if name == REST:
        return EVERYBODY_ELSE
    codes = [code.strip() for code in name.split(_JOIN)]
    if not all(codes):
        raise QueryError(f"{name!r} is no group: write the codes with a plus between them, as FRA+DEU")
    return group_of(name, codes)


def _checked(name: str) -> str:
    """The key of one party; a name would be looked for in vain, and its silence taken for calm."""
    refuse_members(name)
    if ":" not in name and not name.isupper():
        raise QueryError(f"{name!r} is no code: say RUS for Russia, or ask dragoman.find_side for it")
    return name


def refuse_members(name: str) -> None:
    """Refuses `members:NATO` where one party is meant: as a key it would find nothing.

    Raises:
        QueryError: the name is of a body's members.
    """
    if name.lower().startswith(MEMBERS):
        raise QueryError(f"{name!r} is a group: dragoman.find_side gives it with its members, for ties and pledges")


def group_of(name: str, codes: Sequence[str]) -> Group:
    """A group of parties that always belong to it."""
    return Group(name=name, members=tuple(Member(code=code) for code in dict.fromkeys(codes)))


def stands_on(code: str, side: Side, other: Side, day: date) -> bool:
    """Whether a party is on a side on a day; `rest` is whoever is not on the other side."""
    if isinstance(side, str):
        return code == side
    if not side.is_rest:
        return side.has(code, day)
    if isinstance(other, Group) and other.is_rest:
        raise QueryError("both sides are the rest: name a party or a group on one of them")
    return not stands_on(code, other, side, day)


def name_of_side(side: Side) -> str:
    return side if isinstance(side, str) else side.name


def member_condition(column: str, side: Side, other: Side) -> tuple[str, list[object]]:
    """A condition in SQL, with its values, that the party in a column is on a side on the row's `day`."""
    if isinstance(side, str):
        return f"{column} = ?", [side]
    if side.is_rest:
        if isinstance(other, Group) and other.is_rest:
            raise QueryError("both sides are the rest: name a party or a group on one of them")
        condition, values = member_condition(column, other, side)
        return f"NOT ({condition})", values
    return _among(column, side.members)


def _among(column: str, members: Sequence[Member]) -> tuple[str, list[object]]:
    always = [member.code for member in members if member.since is None and member.until is None]
    parts, values = [f"list_contains(?, {column})"], list[object]([always])
    for member in members:
        if member.since or member.until:
            parts.append(f"({column} = ? AND day >= ? AND day < ?)")
            values += [member.code, member.since or date.min, member.until or date.max]
    return " OR ".join(parts), values
