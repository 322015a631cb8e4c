"""Words and the trie over names: the part of the actor stage that looks at letters only.

A text becomes words with offsets; each word has a folded form (no case, no diacritics) that names are kept under.
`NameTrie` finds the longest known names word by word, so that a name never begins or ends inside a word. It decides
nothing about who is meant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
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


_new_word: Callable[[Iterable[object]], Word] = partial(tuple.__new__, Word)


class Hit(NamedTuple):
    """A known name: words `first` to `last` (inclusive) and the key it is kept under."""

    first: int
    last: int
    key: str


_new_hit: Callable[[Iterable[object]], Hit] = partial(tuple.__new__, Hit)


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
    found = list(_WORD.finditer(text, start, len(text) if end is None else end))
    texts = [match[0] for match in found]
    # Column by column, and past the named tuple's own constructor: articles have a thousand words each.
    fields = zip(map(re.Match.start, found), map(re.Match.end, found), texts, _folded(texts), strict=True)
    return list(map(_new_word, fields))


def _folded(words: Sequence[str]) -> list[str]:
    """Folds words, all at once where they have nothing but plain letters."""
    text = " ".join(words)
    return text.lower().split(" ") if words and text.isascii() else list(map(fold, words))


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
        parted = [key.split(" ") for key in self._keys if " " in key]
        self._begun = frozenset(" ".join(words[:at]) for words in parted for at in range(1, len(words)))
        self._seconds = frozenset(words[1] for words in parted)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def find(self, text: str, words: Sequence[Word]) -> Iterator[Hit]:
        """Yields every known name that begins at each word, the longest first: the reader of hits chooses."""
        keys, begun, seconds = self._keys, self._begun, self._seconds
        following = [word.folded for word in words[1:]]
        for first, ((_, _, _, folded), second) in enumerate(zip(words, [*following, ""], strict=False)):
            if folded in begun and second in seconds:
                yield from reversed(self._from(text, words, first))
            elif folded in keys:
                yield _new_hit((first, first, folded))

    def _from(self, text: str, words: Sequence[Word], first: int) -> list[Hit]:
        keys, begun = self._keys, self._begun
        _, end, _, key = words[first]
        hits = [_new_hit((first, first, key))] if key in keys else []
        for last in range(first + 1, len(words)):
            start, following, _, folded = words[last]
            if text[end:start] not in _JOINTS:
                break
            key, end = f"{key} {folded}", following
            if key in keys:
                hits.append(_new_hit((first, last, key)))
            if key not in begun:
                break
        return hits


def looks_like_name(word: Word) -> bool:
    """Tells whether a word begins with a capital or a digit, as names do."""
    return word.text[:1].isupper() or word.text[:1].isdigit()
