"""Reads the lists of small words of `data/places/`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dragoman.knowledge import table_cells


@cache
def load_lists() -> Mapping[str, frozenset[str]]:
    """The lists of small words that the rules look for, by name."""
    return {name: frozenset(words.split()) for name, words in table_cells("places", "words.tsv")}
