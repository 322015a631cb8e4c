"""Turns a sentence with two marked parties into counted word sequences, for the linear half of `code-pairs`.

Words stand whole and without their endings, over the whole sentence and between the parties; sequences are folded into
buckets by a checksum, so that no table of words has to be kept. Hostile input costs time linear in its length.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

BUCKETS = 1 << 14
BLOCKS = 4
# A marked sentence longer than this is read to here: far more than any sentence of a newspaper.
LONGEST = 600
_WORD = re.compile(r"\w+|[^\w\s]")
MARK = re.compile(r"<(/?)([st])>")
_ENDINGS = ("ingly", "edly", "ing", "ed", "es", "s", "d", "ion", "ment")
_PARTIES = {"s": "<S>", "t": "<T>"}


def masked_words(marked: str) -> list[str]:
    """Gives the words in lower case, each marked party as one word of its own.

    >>> masked_words("<s>The king</s> met <t>Iran</t>.")
    ['<S>', 'met', '<T>', '.']
    """
    words: list[str] = []
    last, hidden = 0, ""
    for mark in MARK.finditer(marked):
        if not hidden:
            words.extend(w.lower() for w in _WORD.findall(marked[last : mark.start()]))
        last = mark.end()
        if mark.group(1):
            hidden = "" if hidden == mark.group(2) else hidden
        elif not hidden:
            hidden = mark.group(2)
            words.append(_PARTIES[hidden])
    if not hidden:
        words.extend(w.lower() for w in _WORD.findall(marked[last:]))
    return words[:LONGEST]


def stem(word: str) -> str:
    """Cuts one common ending off, where at least three letters stay."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _between(words: Sequence[str]) -> list[str]:
    """Gives the direction and the words from the first party to the other, or all words where one is missing."""
    if not all(p in words for p in _PARTIES.values()):
        return ["?", *words]
    first, second = (words.index(p) for p in _PARTIES.values())
    return ["ST" if first < second else "TS", *words[min(first, second) : max(first, second) + 1]]


def _sequences(words: Sequence[str], longest: int) -> Iterator[str]:
    for size in range(1, longest + 1):
        for at in range(len(words) - size + 1):
            yield " ".join(words[at : at + size])


def bucket_counts(marked: str) -> list[Mapping[int, float]]:
    """Gives for each of the four blocks the buckets of its sequences with 1 + log of their counts.

    Blocks: words of the sentence (1-2), stems of the sentence (1-2), words and stems between the parties (1-3).
    """
    words = masked_words(marked)
    stems = [stem(w) for w in words]
    wanted = ((words, 2), (stems, 2), (_between(words), 3), (_between(stems), 3))
    counted = (Counter(zlib.crc32(s.encode()) % BUCKETS for s in _sequences(seq, size)) for seq, size in wanted)
    return [{bucket: 1 + math.log(n) for bucket, n in counts.items()} for counts in counted]


def gram_vector(marked: str, rarity: Sequence[Sequence[float]]) -> dict[int, float]:
    """Gives the weighted buckets of all blocks, each block of length 1.

    `rarity` holds inverse document frequencies: [blocks][buckets].
    """
    vector: dict[int, float] = {}
    for number, (counts, rare) in enumerate(zip(bucket_counts(marked), rarity, strict=True)):
        weighted = {b: v * float(rare[b]) for b, v in counts.items() if rare[b]}
        length = math.sqrt(sum(v * v for v in weighted.values())) or 1.0
        vector.update((number * BUCKETS + b, v / length) for b, v in weighted.items())
    return vector
