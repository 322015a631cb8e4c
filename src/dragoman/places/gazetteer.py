"""The gazetteer on disk: names to the places that bear them, looked up without loading it.

The table is one sorted text file, mapped into memory. A small index of every few kilobytes finds the block that a key
would lie in, and one search in the block finds its line: some microseconds a name, and hardly any memory of its own,
however many processes share the file. It answers what bears a name, not what is meant.
"""

from __future__ import annotations

import mmap
from bisect import bisect_right
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

BLOCK = 4096
CACHED_NAMES = 50_000


@dataclass(frozen=True, slots=True)
class Place:
    """A place that bears a name. `kind`: C state, N people of a state, S first-level division, D county, P town,
    R region, W water, B site. `is_main` tells whether the name is its main one."""

    kind: str
    geonameid: int | None
    name: str
    country: str
    admin1: str
    latitude: float
    longitude: float
    population: int
    is_main: bool
    is_capital: bool = False


class Gazetteer:
    """Looks names up in a sorted table: `find` gives every place that bears a key of `names.key_of`."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._starts, self._keys = self._index()
        self._cache: dict[str, tuple[Place, ...]] = {}

    @classmethod
    def load(cls) -> Gazetteer:
        """Opens the package's own table (a few milliseconds)."""
        with ExitStack() as stack:
            path = stack.enter_context(
                resources.as_file(resources.files("dragoman") / "data" / "places" / "gazetteer.tsv")
            )
            return cls(path)

    def _index(self) -> tuple[list[int], list[bytes]]:
        starts: list[int] = []
        keys: list[bytes] = []
        at = self._map.find(b"\n") + 1
        while 0 < at < len(self._map):
            starts.append(at)
            keys.append(self._map[at : self._map.find(b"\t", at)])
            at = self._map.find(b"\n", at + BLOCK) + 1
        return starts, keys

    def find(self, key: str) -> tuple[Place, ...]:
        """The places of that name, the most populous first; none for an unknown name."""
        known = self._cache.get(key)
        if known is None:
            known = self._read(key.encode())
            if len(self._cache) >= CACHED_NAMES:
                self._cache.clear()
            self._cache[key] = known
        return known

    def _read(self, key: bytes) -> tuple[Place, ...]:
        block = bisect_right(self._keys, key) - 1
        if block < 0 or b"\t" in key or b"\n" in key:
            return ()
        start = self._starts[block]
        stop = self._starts[block + 1] if block + 1 < len(self._starts) else len(self._map)
        at = self._map.find(b"\n" + key + b"\t", start - 1, stop)
        if at < 0:
            return ()
        line = self._map[at + len(key) + 2 : self._map.find(b"\n", at + 1)].decode()
        name = key.decode().title()
        return tuple(_place(entry, name) for entry in line.split("|"))


def _place(entry: str, key_name: str) -> Place:
    kind, geonameid, name, country, admin1, latitude, longitude, population, rank = entry.split(";")
    return Place(
        kind, int(geonameid) if geonameid else None, name or key_name, country, admin1,
        float(latitude), float(longitude), int(population), rank != "a", rank == "c",
    )  # fmt: skip
