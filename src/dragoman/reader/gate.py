"""A cheap gate in front of the network: sentences that cannot hold an event are not read by it.

A linear model over hashed words and word pairs of one sentence, made by `train/fit_gate.py`. It judges each sentence by
its own words alone, so that the same sentence passes or not in any company. What it holds back is told, never dropped
in silence; it names no event and refuses nothing that it is unsure of.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator, Sequence
from importlib import resources

import numpy as np

from dragoman.errors import ReaderError
from dragoman.model import Sentence

BUCKETS = 1 << 16
_WORD = re.compile(r"\w+|[^\w\s]")
# Longer sentences and more capitals than this tell no more.
_LENGTH_STEP, _LONGEST, _MOST_CAPITALS = 4, 12, 6


class Gate:
    """The weights, loaded once. `version` names them and the threshold."""

    def __init__(self, weights: Sequence[float], *, bias: float, threshold: float, version: str) -> None:
        self._weights = weights
        self._bias = bias
        self.threshold = threshold
        self.version = version

    @classmethod
    def load(cls) -> Gate:
        """Loads the gate that comes with the package.

        Raises:
            ReaderError: the file is missing or damaged.
        """
        path = resources.files("dragoman.data").joinpath("gate/gate.npz")
        try:
            with path.open("rb") as stream, np.load(stream) as stored:
                weights = stored["weights"].astype(np.float32).tolist()
                bias, threshold = float(stored["bias"]), float(stored["threshold"])
                version = str(stored["version"])
        except (OSError, ValueError, KeyError) as fault:
            raise ReaderError(f"the gate's weights do not load ({fault}): install again, or use --no-gate") from fault
        return cls(weights, bias=bias, threshold=threshold, version=version)

    def score(self, text: str, *, is_title: bool) -> float:
        """Gives the log odds that a sentence holds an event."""
        seen = buckets(text, is_title=is_title)
        weights = self._weights
        return sum([weights[at] for at in seen]) / math.sqrt(len(seen)) + self._bias

    def passes(self, sentence: Sentence) -> bool:
        """Tells whether a sentence may hold an event."""
        return self.score(sentence.text, is_title=sentence.is_title) >= self.threshold


def buckets(text: str, *, is_title: bool) -> list[int]:
    """Gives the buckets of a sentence's features, each once, in their order: words, pairs of words, length, capitals.

    Hostile input costs time linear in its length.
    """
    return sorted({at % BUCKETS for at in _digests(_WORD.findall(text), is_title=is_title)})


def _digests(words: Sequence[str], *, is_title: bool) -> Iterator[int]:
    capitals = sum(word[0].isupper() for word in words[1:])
    yield zlib.crc32(f"# capitals {min(capitals, _MOST_CAPITALS)}".encode())
    yield zlib.crc32(f"# length {min(len(words) // _LENGTH_STEP, _LONGEST)}".encode())
    yield zlib.crc32(f"# title {is_title}".encode())
    before = 0
    for word in words:
        plain = b"0" if word.isdigit() else word.lower().encode("utf8", "replace")
        yield zlib.crc32(plain)
        yield zlib.crc32(plain, before)
        before = zlib.crc32(plain + b" ")
