"""Reads the hand-kept tables of `data/places/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources


def read_table(name: str) -> Iterator[list[str]]:
    """Yields the rows of a table of the package's data, without comment lines and the head line."""
    path = resources.files("dragoman") / "data" / "places" / name
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    next(lines, None)
    for line in lines:
        yield line.split("\t")


@cache
def load_lists() -> Mapping[str, frozenset[str]]:
    """The lists of small words that the rules look for, by name."""
    return {name: frozenset(words.split()) for name, words in read_table("words.tsv")}
