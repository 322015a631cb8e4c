"""Words and the trie over names: the part of the actor stage that looks at letters only.

A text becomes words with offsets; each word has a folded form (no case, no diacritics) that names are kept under.
`NameTrie` finds the longest known names word by word, so that a name never begins or ends inside a word. It decides
nothing about who is meant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")
# What may stand between two words of one name: "U.S.", "al-Assad", "Cote d'Ivoire", "St. Lucia", "Trinidad & Tobago".
_JOINTS = frozenset([
    " ",
    "-",
    "'",
    "’",
    ".",
    ". ",
    "‑",
    "–",
    "\u00a0",
    " & ",
    "/",
    ", ",
    ".-",
    " - ",
    "  ",
    "‘",
    "ʼ",
    "+",
])
_COMMA_JOINTS = frozenset([", "])
_SPECIAL = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ß": "ss", "æ": "ae"})


class Word(NamedTuple):
    """One word of a text: its offsets, its letters as they stand, and the folded form."""

    start: int
    end: int
    text: str
    folded: str


class Hit(NamedTuple):
    """A known name: words `first` to `last` (inclusive) and the key it is kept under."""

    first: int
    last: int
    key: str


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Gives the letters without case and diacritics: `Erdoğan` and `ERDOGAN` fold to the same.

    >>> fold("Zelenskyy"), fold("Türkiye"), fold("Šefčovič")
    ('zelenskyy', 'turkiye', 'sefcovic')
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_SPECIAL))
    return "".join(mark for mark in decomposed.lower() if mark.isalnum())


def split_words(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Gives the words of a text, or of its part from `start` to `end`, with offsets in the whole text."""
    found = _WORD.finditer(text, start, len(text) if end is None else end)
    return [Word(*match.span(), word := match.group(), fold(word)) for match in found]


def plain_words(text: str) -> list[str]:
    """Gives the words of a text as they stand."""
    return _WORD.findall(text)


def key_of(name: str) -> str:
    """Gives the key of a name: its folded words with single spaces between.

    >>> key_of("Côte d'Ivoire"), key_of("U.S.")
    ('cote d ivoire', 'u s')
    """
    return " ".join(fold(match) for match in _WORD.findall(name))


class NameTrie:
    """The known names, and what they begin with: so a walk along the words ends where no name goes on."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(keys)
        self._begun = frozenset(key[:at] for key in self._keys for at, mark in enumerate(key) if mark == " ")

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def find(self, text: str, words: Sequence[Word]) -> Iterator[Hit]:
        """Yields every known name that begins at each word, the longest first: the reader of hits chooses."""
        for first, word in enumerate(words):
            if word.folded in self._begun:
                yield from reversed(self._from(text, words, first))
            elif word.folded in self._keys:
                yield Hit(first, first, word.folded)

    def _from(self, text: str, words: Sequence[Word], first: int) -> list[Hit]:
        last, key = first, words[first].folded
        hits = [Hit(first, last, key)] if key in self._keys else []
        while key in self._begun and last + 1 < len(words):
            if text[words[last].end : words[last + 1].start] not in _JOINTS:
                break
            last += 1
            key = f"{key} {words[last].folded}"
            if key in self._keys:
                hits.append(Hit(first, last, key))
        return hits


def looks_like_name(word: Word) -> bool:
    """Tells whether a word begins with a capital or a digit, as names do."""
    return word.text[:1].isupper() or word.text[:1].isdigit()
