"""An organisation as its members, by membership on the day: conditions on the rows of a record.

Stands beside the questions to a record; `sides` finds the spells of membership, `view` asks with them. A body stays one
party unless the user expands it. It knows no names and reads no tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

# A member by its code, with the days of its entry and exit; the exit is exclusive.
Spell = tuple[str, date, date]
Members = Mapping[str, Sequence[Spell]]


class Between(NamedTuple):
    """A condition on rows of dyads, with its values."""

    sql: str
    values: list[object]


def belongs(column: str, party: str, spells: Sequence[Spell]) -> Between:
    """The condition that a column is a party, or one of its members on the day."""
    either = [f"{column} = ?"]
    values: list[object] = [party]
    for code, since, until in spells:
        either.append(f"({column} = ? AND day >= ? AND day < ?)")
        values += [code, since, until]
    return Between(f"({' OR '.join(either)})", values)
