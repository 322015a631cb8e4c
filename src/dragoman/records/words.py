"""Words of a report as stems: which of them say something, what each weighs, and how like two sets of them are.

A stem weighs by how seldom it stands in news. Sets of stems are compared as they are, and as vectors where the average
of many is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from math import log, sqrt
from typing import Any

from dragoman.records.cells import load_priors

STEM_LENGTH = 5
WORD = re.compile(r"[^\W_]+")


def stems_of(text: str) -> list[str]:
    """The first letters of the words that say something, in their order; numbers count, closed word classes do not."""
    empty = _empty_words()
    return [
        word[:STEM_LENGTH]
        for word in WORD.findall(text.casefold())
        if word not in empty and (len(word) > 2 or word.isdigit())
    ]


@cache
def _empty_words() -> frozenset[str]:
    return frozenset(load_priors()["words"]["empty"].split())


def likeness_of(one: frozenset[str], other: frozenset[str]) -> float:
    """Cosine of two sets of stems, 0 to 1, a stem weighing by how seldom it stands in news."""
    shared = mass_of(one & other)
    return shared / sqrt(mass_of(one) * mass_of(other)) if shared else 0.0


def mass_of(words: Iterable[str]) -> float:
    """What stems weigh together, each as often as it is given."""
    weights, unknown = stem_weights()
    return sum(weights.get(word, unknown) for word in words)


@cache
def stem_weights() -> tuple[dict[str, float], float]:
    """Squared inverse document frequency (Sparck Jones 1972) of each stem, and that of a stem not in the table."""
    lines = resources.files("dragoman").joinpath("data/merging/weights.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "stem\t"))]
    counts = {stem: int(number) for stem, number in rows}
    articles = counts.pop("*")
    weights = {stem: log((articles + 1) / (number + 1)) ** 2 for stem, number in counts.items()}
    return weights, log((articles + 1) / 2) ** 2


def product_of(one: Mapping[Any, float], other: Mapping[Any, float]) -> float:
    """Of two vectors; what one of them lacks is 0."""
    few, many = sorted((one, other), key=len)
    return sum(value * many.get(key, 0.0) for key, value in few.items())


def add_to(total: dict[Any, float], more: Mapping[Any, float]) -> None:
    """Adds a vector to another in place."""
    for key, value in more.items():
        total[key] = total.get(key, 0.0) + value
