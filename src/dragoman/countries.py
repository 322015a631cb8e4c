"""States and territories with the codes that other data sets use for them: ISO, FIPS, COW, GW, CAMEO.

Every row of `data/exchange/countries.tsv`, whose header lines say where it is from. It never guesses: a state that a
system does not number has None there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dragoman.knowledge import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A state or territory and its codes; None where a code system has no entry for it.

    `code` is ISO 3166 alpha-3 or KOS; `cow` and `gw` are the numbers of Correlates of War and of Gleditsch and Ward.
    """

    code: str
    name: str
    iso2: str | None
    fips: str | None
    cow: int | None
    gw: int | None
    cameo: str
    icews: str
    names: tuple[str, ...]


@cache
def load_countries() -> Mapping[str, Country]:
    """All states and territories by their code."""
    return {row["code"]: _country(row) for row in table_rows("exchange", "countries.tsv")}


def _country(row: Mapping[str, str]) -> Country:
    return Country(
        code=row["code"],
        name=row["name"],
        iso2=row["iso2"] or None,
        fips=row["fips"] or None,
        cow=int(row["cow"]) if row["cow"] else None,
        gw=int(row["gw"]) if row["gw"] else None,
        cameo=row["cameo"],
        icews=row["icews"],
        names=tuple(filter(None, row["names"].split(";"))),
    )
