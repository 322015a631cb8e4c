"""Copies: one story in many outlets is one voice. Sketches of stories, pairs of copies, and credited agencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dragoman.records.cells import load_priors
from dragoman.records.words import WORD

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHash

# Stories up to which comparing all pairs is quicker than an index.
COMPARED_EACH_WITH_EACH = 40


def sketch_text(text: str) -> bytes:
    """The MinHash of a story's shingles of words, as little-endian bytes: small enough to lie with every article.

    Empty where there are no words: a story without a text is a copy of none.
    """
    size = load_priors()["copies"]["shingle_words"]
    words = WORD.findall(text.casefold())
    if not words:
        return b""
    shingles = {" ".join(words[at : at + size]) for at in range(max(1, len(words) - size + 1))}
    sketch = _blank_sketch().copy()
    sketch.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in shingles])
    return np.asarray(sketch.hashvalues, dtype="<u4").tobytes()


@cache
def _blank_sketch() -> MinHash:
    from datasketch import MinHash  # here, since it brings scipy and takes a third of a second

    priors = load_priors()["copies"]
    return MinHash(num_perm=priors["permutations"], seed=priors["seed"], scheme=priors["scheme"])


def _unpack_sketch(packed: bytes) -> LeanMinHash:
    from datasketch import LeanMinHash  # here, as above

    priors = load_priors()["copies"]
    return LeanMinHash(seed=priors["seed"], hashvalues=np.frombuffer(packed, dtype="<u4"), scheme=priors["scheme"])


def find_copies(packed_sketches: Mapping[str, bytes]) -> frozenset[tuple[str, str]]:
    """Pairs of article ids (smaller first) whose stories are near-verbatim copies of each other, from `sketch_text`.

    Each pair is judged alone. Few stories are compared each with each; among many, candidates come from an LSH index,
    which finds 99 % of the pairs at the threshold and more above it.
    """
    threshold = load_priors()["copies"]["threshold"]
    sketches = {article_id: _unpack_sketch(packed) for article_id, packed in sorted(packed_sketches.items()) if packed}
    if len(sketches) < 2:
        return frozenset()
    pairs = combinations(sketches, 2) if len(sketches) <= COMPARED_EACH_WITH_EACH else _likely_copies(sketches)
    return frozenset(pair for pair in pairs if sketches[pair[0]].jaccard(sketches[pair[1]]) >= threshold)


def _likely_copies(sketches: Mapping[str, LeanMinHash]) -> Iterator[tuple[str, str]]:
    from datasketch import MinHashLSH  # here, as above

    priors = load_priors()["copies"]
    bands = (priors["bands"], priors["permutations"] // priors["bands"])
    index = MinHashLSH(num_perm=priors["permutations"], params=bands)
    for article_id, sketch in sketches.items():
        yield from ((other_id, article_id) for other_id in index.query(sketch))
        index.insert(article_id, sketch)


def find_wire(text: str) -> str | None:
    """The news agency that a story's opening or closing words credit, e.g. `KYIV (Reuters) -`; None where none."""
    for window in (text[:300], text[-200:]):
        if match := _wire_pattern().search(window):
            return match[1] or match[2] or match[3]
    return None


@cache
def _wire_pattern() -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in load_priors()["wires"]["names"])
    return re.compile(rf"\(({names})\)|(?:^|[\s/])({names})\s?[—–-]{{1,2}}\s|\b(?:Source|Credit|By): ?({names})\b")
