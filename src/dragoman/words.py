"""Word lists as data: one file a list in `data/words`, whose first lines say where it is from."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def load_words(name: str) -> frozenset[str]:
    """Reads the list `name` (words parted by white space; lines that begin with # are remarks)."""
    text = resources.files("dragoman.data").joinpath("words", f"{name}.txt").read_text(encoding="utf8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
