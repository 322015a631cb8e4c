"""What exchange knows: columns of the forms, country codes, and other codebooks' words for sectors and organisations.

Every fact is a row of `data/exchange/*.tsv`, whose header lines say where it is from. It answers None where a file's
word is not in these rows; it never guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dragoman.codebook import CameoCode, Codebook, load_codebook
from dragoman.countries import Country, load_countries
from dragoman.knowledge import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonstate:
    """A PLOVER code that is no state: its CAMEO chain, known group and type, and how ICEWS marks and names it."""

    code: str
    chain: tuple[str, ...]
    known: str
    type: str
    icews_sectors: tuple[str, ...]
    icews_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGroup:
    """An organisation with a CAMEO known-group code, its names and its Wikidata identifier."""

    known: str
    names: tuple[str, ...]
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A kind of place: its GDELT match levels, the column that names it, its GeoNames feature code."""

    kind: str
    gdelt_us: str
    gdelt: str
    column: str
    feature: str


@cache
def columns_of(form: str) -> tuple[str, ...]:
    """The columns of a form, in the order of its files."""
    return tuple(row["column"] for row in table_rows("exchange", "columns.tsv") if row["form"] == form)


def country_by_cameo(code: str) -> Country | None:
    """The state that a CAMEO country code means, be it CAMEO's own spelling or plain ISO."""
    return _countries_by("cameo").get(code) or load_countries().get(code)


def country_by_fips(code: str) -> Country | None:
    """The state behind a FIPS 10-4 code. FIPS has GZ and WE for Gaza and the West Bank: both are PSE."""
    return _countries_by("fips").get("WE" if code == "GZ" else code)


def country_by_cow(number: str) -> Country | None:
    """The state with a Correlates of War number."""
    return _countries_by("cow").get(number)


def country_by_name(name: str) -> Country | None:
    """The state that a file calls by this name, whatever its case."""
    return _countries_by_name().get(name.casefold())


@cache
def load_nonstates() -> Mapping[str, Nonstate]:
    """PLOVER's codes that are no state, in the order in which they are looked for."""
    return {
        row["code"]: Nonstate(
            code=row["code"],
            chain=_listed(row["chain"]),
            known=row["known"],
            type=row["type"],
            icews_sectors=_listed(row["icews_sectors"]),
            icews_names=_listed(row["icews_names"]),
        )
        for row in table_rows("exchange", "nonstate.tsv")
    }


@cache
def sectors_by_word(form: str) -> Mapping[str, str]:
    """PLOVER sectors by another codebook's words for them (`cameo` codes or `icews` names)."""
    return {row["word"]: row["sector"] for row in table_rows("exchange", "sectors.tsv") if row["form"] == form}


@cache
def words_by_sector(form: str) -> Mapping[str, str]:
    """The word of another codebook that export writes for a PLOVER sector; some sectors have none."""
    return {
        row["sector"]: row["word"]
        for row in table_rows("exchange", "sectors.tsv")
        if row["form"] == form and row["written"]
    }


@cache
def load_known_groups() -> Mapping[str, KnownGroup]:
    """Organisations by their CAMEO known-group code."""
    return {
        row["known"]: KnownGroup(known=row["known"], names=_listed(row["names"]), identifier=row["identifier"])
        for row in table_rows("exchange", "known_groups.tsv")
    }


def known_group_of(name: str | None, identifier: str | None) -> KnownGroup | None:
    """The known group with this identifier or, where there is no identifier, with this name."""
    groups = load_known_groups().values()
    if identifier:
        return next((group for group in groups if group.identifier == identifier), None)
    wanted = (name or "").casefold()
    return next((group for group in groups if wanted in {known.casefold() for known in group.names}), None)


@cache
def load_levels() -> Mapping[str, Level]:
    """Levels of places by the kind of a place mention."""
    return {row["kind"]: Level(**row) for row in table_rows("exchange", "levels.tsv")}


@cache
def load_losses(form: str) -> Mapping[str, str]:
    """The sentence that names the loss of a field in a form; a sentence for `*` counts for every form."""
    return {row["field"]: row["loss"] for row in table_rows("exchange", "losses.tsv") if row["form"] in {"*", form}}


@cache
def cameo_for(event_type: str, mode: str | None, contexts: tuple[str, ...]) -> CameoCode:
    """The CAMEO code of three digits or more that says most of a type, mode and contexts, and least besides.

    First the mode has to agree, then as few contexts as can be are added or lost; among equals the most general code.
    """
    codebook = load_codebook()
    wanted = set(contexts)
    ways = [code for code in codebook.cameo.values() if code.event_type == event_type and len(code.code) > 2]
    return min(
        ways or [codebook.to_cameo(event_type, mode)],
        key=lambda way: (way.mode != mode, len(wanted ^ set(way.contexts)), len(way.code), way.code),
    )


def known_contexts(way: CameoCode, codebook: Codebook) -> tuple[str, ...]:
    """The contexts of a CAMEO code that PLOVER 2.0 has."""
    return tuple(context for context in way.contexts if context in codebook.contexts)


@cache
def _countries_by(column: str) -> Mapping[str, Country]:
    return {str(getattr(country, column)): country for country in load_countries().values() if getattr(country, column)}


@cache
def _countries_by_name() -> Mapping[str, Country]:
    countries = load_countries().values()
    aliases = {name.casefold(): country for country in countries for name in country.names}
    return aliases | {name.casefold(): country for country in countries for name in (country.name, country.icews)}


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split(";")))
