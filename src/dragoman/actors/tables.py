"""The tables of who is who, read from data/actors into senses: what a name can mean, and when.

Knowledge stays in the TSV files; this module only reads them and says which line was bad. It chooses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Literal, NamedTuple

from dragoman.actors.words import fold, key_of, plain_words, split_words
from dragoman.errors import DictionaryError
from dragoman.knowledge import table_cells

Kind = Literal[
    "user",
    "state",
    "demonym",
    "seat",
    "place",
    "body",
    "person",
    "office",
    "agent",
    "collective",
    "former",
    "city",
    "own",
]
CaseRule = Literal["exact", "capital", "any"]
FAR_PAST = date(1, 1, 1)
FAR_FUTURE = date(9999, 12, 31)
# Bodies of that many letters in capitals alone are written in capitals or with one ("NATO", "Nato").
_MIXED_ACRONYM = 4
_LIST = ";"


class Sense(NamedTuple):
    """One thing that a name can mean. `until` is exclusive. `code` may be None: no single country can be told."""

    kind: Kind
    code: str | None
    sectors: tuple[str, ...]
    name: str
    identifier: str | None
    since: date
    until: date
    source: str
    case: str
    detail: str = ""
    is_generic: bool = False

    def holds(self, on: date | None) -> bool:
        return on is None or self.since <= on < self.until


class Spell(NamedTuple):
    """One spell in office. `until` is exclusive and None while the holder was in office when the table was kept."""

    code: str
    office: str
    sectors: tuple[str, ...]
    since: date
    until: date | None
    name: str
    source: str


class Office(NamedTuple):
    """An office: its sector, and whether its holder heads the state or body."""

    name: str
    sectors: tuple[str, ...]
    is_head: bool
    titles: tuple[str, ...]


def read_rows(table: str) -> Iterator[dict[str, str]]:
    """Yields the rows of data/actors/TABLE as mappings of column to text; lines with '#' are provenance."""
    resource = files("dragoman").joinpath("data", "actors", table)
    columns: list[str] = []
    for number, line in enumerate(resource.read_text(encoding="utf8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        if not columns:
            columns = cells
        elif len(cells) != len(columns):
            raise DictionaryError(f"{table}:{number} has {len(cells)} cells, not {len(columns)}: reinstall dragoman")
        else:
            yield dict(zip(columns, cells, strict=True))


def read_day(text: str, default: date) -> date:
    """Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD` as its first day; an empty text gives the default.

    Raises:
        ValueError: it is no day.
    """
    if not text:
        return default
    parts = [int(part) for part in text.split("-")]
    year, month, day = (*parts, 1, 1)[:3]
    try:
        return date(year, month, day)
    except OverflowError as error:
        raise ValueError(f"{text!r} is no day") from error


def split_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(_LIST) if part.strip())


def case_of(name: str) -> CaseRule:
    """Short names in capitals must stand so ("US" is not "us"); other names need a capital; common nouns need none."""
    letters = letters_of(name)
    if letters.isupper() and len(letters) <= _MIXED_ACRONYM + 1:
        return "exact"
    return "capital" if any(letter.isupper() for letter in letters) else "any"


def letters_of(name: str) -> str:
    return "".join(plain_words(name))


Named = tuple[str, Sense]


def read_states() -> Iterator[Named]:
    for row in read_rows("states.tsv"):
        groups: tuple[tuple[Kind, str], ...] = (
            ("state", row["name"]), ("state", row["other_names"]), ("demonym", row["demonyms"]), ("seat", row["seats"]),
        )  # fmt: skip
        for kind, names in groups:
            for name in split_list(names):
                yield _named(name, row, kind=kind, sectors=("GOV",) if kind == "seat" else (), table="states")
    for row in read_rows("former_names.tsv"):
        yield _named(row["name"], {**row, "identifier": ""}, kind="former", sectors=(), table="former_names")


def read_places() -> Iterator[Named]:
    for row in read_rows("regions.tsv"):
        yield _named(
            row["name"], {**row, "identifier": ""}, kind="place", sectors=(), table="regions", detail=row["note"]
        )
    for row in read_rows("cities.tsv"):
        yield _named(row["name"], {**row, "identifier": ""}, kind="city", sectors=(), table="cities")


def read_bodies() -> Iterator[Named]:
    organisations = {organisation for organisation, *_ in read_members()}
    for row in read_rows("bodies.tsv"):
        names = split_list(row["names"])
        for name in names:
            words = key_of(name).split(" ")
            is_own = words[0] in {"us", "u"} or len(row["code"]) == len("USA")
            is_one = bool(row["identifier"]) or names[0] in organisations
            own_name = names[0] if is_one else _body_name(name, names[0])
            cells = {**row, "name": own_name, "code": row["code"].rstrip("?")}
            yield _named(
                name, cells, kind="body", sectors=split_list(row["sectors"]), table="bodies",
                detail=row["kind"], is_generic=not is_own,
            )  # fmt: skip


def _body_name(name: str, first: str) -> str:
    """The first name of a row stands for its others, but not where a row lists several bodies (newspapers, firms)."""
    short, long = set(key_of(name).split()), set(key_of(first).split())
    is_same = key_of(first) in key_of(name) or short <= long or _abbreviates(name, first) or _abbreviates(first, name)
    return first if is_same else name


def _abbreviates(short: str, long: str) -> bool:
    """Tells whether letters are the initials of words, of the small ones or not: UNIFIL, FARC in Spanish."""
    words = split_words(long)
    letters = letters_of(short).upper()
    capitals = "".join(word.text[0] for word in words if word.text[0].isupper())
    is_initials = letters in {capitals, "".join(word.text[0] for word in words).upper()}
    is_reordered = len(letters) >= _MIXED_ACRONYM and sorted(letters) == sorted(capitals)
    return len(words) > 1 and (is_initials or is_reordered)


def read_collectives() -> Iterator[Named]:
    for row in read_rows("collectives.tsv"):
        cells = {**row, "code": "", "identifier": ""}
        yield _named(row["name"], cells, kind="collective", sectors=split_list(row["sectors"]), table="collectives")


def read_own_words() -> Iterator[Named]:
    """Words that mean one state or body where the article names one of `needs`; `detail` keeps the needs."""
    for row in read_rows("own_words.tsv"):
        for word in split_list(row["words"]):
            cells = {"name": word, "code": row["code"].rstrip("-"), "identifier": ""}
            sectors = split_list(row["sectors"])
            named = _named(word, cells, kind="own", sectors=sectors, table="own_words", detail=row["needs"])
            yield named[0], named[1]._replace(case="any")


def read_agents() -> Iterator[Named]:
    for row in read_rows("agents.tsv"):
        for word in split_list(row["words"]):
            cells = {"name": word, "code": "", "identifier": ""}
            yield _named(word, cells, kind="agent", sectors=(row["sector"],), table="agents")


def read_offices() -> Iterator[Office]:
    for row in read_rows("offices.tsv"):
        titles = split_list(row["titles"])
        yield Office(row["office"], split_list(row["sectors"]), row["rank"] == "head", titles)


def read_spells(sectors_of: dict[str, tuple[str, ...]]) -> Iterator[tuple[Spell, tuple[str, ...]]]:
    """Yields every spell in office with the short names that suffice alone for its holder."""
    for row in read_rows("office_holders.tsv"):
        spell = Spell(
            row["code"], row["office"], sectors_of.get(row["office"], ("GOV",)), read_day(row["since"], FAR_PAST),
            read_day(row["until"], FAR_FUTURE) if row["until"] else None, row["name"], "office_holders",
        )  # fmt: skip
        yield spell, split_list(row["short"])
    for row in read_rows("politicians.tsv"):
        yield _undated_spell(row, "politicians"), split_list(row["short"])


def read_derived() -> dict[str, list[str]]:
    """Gives the rows of the large derived table by the key of the name, unread: few are ever asked for."""
    text = files("dragoman").joinpath("data", "actors", "officials_derived.tsv").read_text(encoding="utf8")
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, tab, rest = line.partition("\t")
        if tab and key != "key" and not key.startswith("#"):
            rows.setdefault(key, []).append(rest)
    return rows


def read_derived_spell(line: str) -> Spell:
    """Reads one row of the derived table without its key."""
    cells = dict(zip(("code", "sector", "office", "since", "until", "name"), line.split("\t"), strict=True))
    return _undated_spell(cells, "officials_derived")


def _undated_spell(row: dict[str, str], source: str) -> Spell:
    until = read_day(row["until"], FAR_FUTURE) if row["until"] else None
    sectors = split_list(row["sector"])
    return Spell(row["code"], row["office"], sectors, read_day(row["since"], FAR_PAST), until, row["name"], source)


def read_members() -> Iterator[tuple[str, str, date, date]]:
    """Yields (organisation, member code, since, until); `until` is exclusive."""
    for row in read_rows("memberships.tsv"):
        for member in split_list(row["members"]):
            code, since, until = (*member.split(":"), "", "")[:3]
            yield row["organisation"], code, read_day(since or row["since"], FAR_PAST), read_day(until, FAR_FUTURE)


def read_coverage() -> dict[str, date]:
    """Gives the last day up to which each table was kept."""
    return {row["table"]: read_day(row["table_end"], FAR_FUTURE) for row in read_rows("coverage.tsv")}


def read_ranking() -> dict[str, dict[str, float]]:
    """What each feature weighs, by group of phrases: by itself (group "") or together with what it has in the group."""
    weights: dict[str, dict[str, float]] = {"": {}}
    for row in read_rows("ranking.tsv"):
        name, _, group = row["feature"].partition("|")
        weights.setdefault(group, {})[name] = float(row["weight"])
    alone = weights[""]
    for group, own in weights.items():
        if group:
            weights[group] = {name: alone.get(name, 0.0) + own.get(name, 0.0) for name in {**alone, **own}}
    return weights


def read_acts() -> dict[str, str]:
    """Gives what a state does by the verb after its name: `speaks` or `fights`."""
    return {word: row["acts"] for row in read_rows("acts.tsv") for word in split_list(row["words"])}


def read_teams() -> dict[str, frozenset[str]]:
    """Gives the folded words that make a place a sports team, by the side on which they stand."""
    return {row["side"]: frozenset(key_of(word) for word in split_list(row["words"])) for row in read_rows("teams.tsv")}


def read_person_names() -> dict[str, frozenset[str]]:
    """Gives the folded words that make a place a person's name, and those that do not, by their kind."""
    return {
        row["kind"]: frozenset(key_of(name) for name in split_list(row["words"]))
        for row in read_rows("person_names.tsv")
    }


def read_given_names() -> frozenset[str]:
    """Gives the given names that the rules for places know, those left out that are everyday words or titles."""
    rows = table_cells("places", "not_places.tsv")
    others = {row[0] for row in rows if row[1] in {"word", "title"}}
    return frozenset(row[0] for row in rows if row[1] == "given" and row[0] not in others)


def read_publishers() -> dict[str, str]:
    return {row["domain"]: row["code"] for row in read_rows("publishers.tsv")}


def _named(
    name: str, row: dict[str, str], *, kind: Kind, sectors: tuple[str, ...], table: str, detail: str = "",
    is_generic: bool = False,
) -> Named:  # fmt: skip
    case = case_of(name)
    sense = Sense(
        kind, row["code"] or None, sectors, row["name"], row["identifier"] or None,
        read_day(row.get("since", ""), FAR_PAST), read_day(row.get("until", ""), FAR_FUTURE), table,
        letters_of(name) if case == "exact" else case, detail, is_generic,
    )  # fmt: skip
    return fold_key(name), sense


def fold_key(name: str) -> str:
    return key_of(name) or fold(name)
