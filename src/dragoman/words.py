"""Words: lists of them as data, and which known word is written most like one that is not known.

A list is a file in `data/words`, whose first lines say where it is from.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from importlib import resources

# Share of letters in common from which two words are taken for alike. Source: the default of Python's difflib.
ALIKE = 0.6


@cache
def load_words(name: str) -> frozenset[str]:
    """Reads the list `name` (words parted by white space; lines that begin with # are remarks)."""
    text = resources.files("dragoman.data").joinpath("words", f"{name}.txt").read_text(encoding="utf8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def nearest(word: str, known: Iterable[str], *, number: int = 1, alike: float = ALIKE) -> list[str]:
    """Gives at most `number` of the known words that are written most like one, the likest first; [] where none is.

    `alike` is the least share of letters in common, from 0 to 1.
    """
    return difflib.get_close_matches(word, list(known), n=number, cutoff=alike)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Asks for the known word that is written most like one; "" where none is.

    >>> did_you_mean("CONSLT", ["CONSULT", "ASSAULT"])
    'did you mean CONSULT?'
    """
    close = nearest(word, known)
    return f"did you mean {close[0]}?" if close else ""
