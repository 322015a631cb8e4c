"""Turns what a user calls a side ("RUS", "rus", "Russia", "RUSGOV") into the code that the record counts it by."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from dragoman.errors import QueryError
from dragoman.rows import UMBRELLA_CODES

# Bodies that stand beside the states: the United Nations, the European Union, Kosovo.
OTHER_CODES = frozenset({"UNO", "EUR", "KOS"}) | UMBRELLA_CODES
_CODE = re.compile(r"([A-Za-z]{3})((?:[A-Z]{3})*)$")


@cache
def known_codes() -> frozenset[str]:
    """Gives the codes of all states and bodies that a record may name."""
    text = resources.files("dragoman.data").joinpath("actors", "states.tsv").read_text(encoding="utf8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(row["code"] for row in csv.DictReader(lines, delimiter="\t")) | OTHER_CODES


def side_code(name: str) -> str:
    """Gives the three-letter code of a side; `IGO:identifier` stays as it is. Raises QueryError where there is none."""
    if ":" in name and name.partition(":")[0] in UMBRELLA_CODES:
        return name
    return party_code(name)[:3]


def party_code(name: str) -> str:
    """Gives a side's code with the sectors that were asked for ("RUSGOV")."""
    match = _CODE.match(name)
    if match and match[1].upper() in known_codes() and (name.isupper() or not match[2]):
        return match[1].upper() + match[2]
    from dragoman.actors import ActorIndex

    entity = getattr(ActorIndex.load().resolve(name), "entity", None)
    if entity is None or entity.code is None:
        raise QueryError(f"{name!r} names no state or organisation: give a code, as RUS, or a name, as Russia")
    return str(entity.code)
