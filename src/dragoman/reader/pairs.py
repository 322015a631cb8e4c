"""Codes the event between two marked parties of a sentence (`dragoman code-pairs`).

Three voices vote on the root: upper layers of the encoder that are the pairs' own, a linear model of the words, and the
reader's own pair head, which also chooses type and status within the root. `train/fit_pairs.py` makes the first two and
their shares; the fold of types and statuses into roots is PLV's published one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from dragoman.errors import ReaderError
from dragoman.model import Sentence
from dragoman.reader.grams import MARK, gram_vector
from dragoman.reader.network import Array, Labels, softmax
from dragoman.reader.upper import Upper, gelu, unpacked
from dragoman.reader.windows import SEP, Window, cut_pieces, pack_windows


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCode:
    """The likeliest type and status between two parties, with its probability."""

    event_type: str
    status: str
    confidence: float


def parse_marked(marked: str) -> tuple[str, list[tuple[int, int, int]]]:
    """Strips the marks: gives the text, and (start, end, 1 actor or 2 recipient) of each marked span.

    >>> parse_marked("<s>Iran</s> met <t>Iraq</t>.")
    ('Iran met Iraq.', [(0, 4, 1), (9, 13, 2)])
    """
    text, last = "", 0
    spans: list[tuple[int, int, int]] = []
    opened: dict[int, int] = {}
    for mark in MARK.finditer(marked):
        text += marked[last : mark.start()]
        last = mark.end()
        kind = 1 if mark.group(2) == "s" else 2
        if mark.group(1):
            spans.append((opened.pop(kind, len(text)), len(text), kind))
        else:
            opened[kind] = len(text)
    return text + marked[last:], spans


def prepare(tokenizer: Tokenizer, marked: str) -> tuple[Window, list[int]]:
    """Gives the window of a marked sentence and the mark of each of its tokens."""
    text, spans = parse_marked(marked)
    pieces = cut_pieces(tokenizer, [Sentence(index=0, start=0, end=len(text), text=text)])
    windows = pack_windows(pieces)
    if not windows:  # no words at all: an empty window still gets a row, as the contract asks
        return Window(sentences=(), begins=(), ids=(SEP,), cases=(0,)), [0]
    window = windows[0]
    marks = [0] * len(window)
    for at, (first, last) in enumerate(zip(pieces[0].starts, pieces[0].ends, strict=True), start=window.begins[0]):
        for start, end, kind in spans:
            if first < end and last > start:
                marks[at] = kind
    return window, marks


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPair:
    """A marked sentence as the network knows it.

    `lower`: states of the shared layers [tokens, hidden]; `marks`: 1 actor, 2 recipient, 0 neither, for each token;
    `chances`: the pair head's, flat over types x statuses.
    """

    text: str
    lower: Array
    marks: npt.NDArray[np.int64]
    chances: Array


def pooled(states: Array, marks: npt.NDArray[np.int64]) -> Array:
    """Gives what is asked of states: means over actor, recipient and the words between, first token, mean of all."""
    place = np.arange(len(marks))
    masks = [marks == 1, marks == 2]
    middles = sorted(float(place[mask].mean()) if mask.any() else 0.0 for mask in masks)
    masks.append((place > middles[0]) & (place < middles[1]) & (marks == 0))
    means = [states[mask].mean(axis=0) if mask.any() else np.zeros_like(states[0]) for mask in masks]
    return np.concatenate([*means, states[0], states.mean(axis=0)]).astype(np.float32)


class PairModel:
    """The voices over roots, as `train/fit_pairs.py` fits them."""

    def __init__(self, stored: Mapping[str, npt.NDArray[Any]]) -> None:
        self._weights = unpacked(stored)
        prefix = "upper."
        self._upper = Upper({k.removeprefix(prefix): v for k, v in self._weights.items() if k.startswith(prefix)})
        self._rarity = self._weights["rarity"].tolist()
        self._fold = stored["fold"]

    @classmethod
    def load(cls, folder: Path) -> PairModel:
        """Loads the models that come with the reader. Raises `ReaderError` where they do not load."""
        try:
            with np.load(folder / "pairs.npz") as stored:
                return cls(dict(stored))
        except (OSError, ValueError, KeyError) as fault:
            raise ReaderError(f"the pair weights in {folder} do not load ({fault}): install again") from fault

    def by_states(self, pair: MarkedPair) -> Array:
        """Gives log probabilities of the roots by the pairs' own layers."""
        w = self._weights
        x = pooled(self._upper.states(pair.lower), pair.marks)
        made = gelu(w["hidden.weight"] @ x + w["hidden.bias"])
        return log_softmax(w["root.weight"] @ made + w["root.bias"])

    def by_words(self, pair: MarkedPair) -> Array:
        """Gives log probabilities of the roots by the words of the sentence."""
        w, seen = self._weights, gram_vector(pair.text, self._rarity)
        buckets, values = np.array(list(seen), dtype=np.int64), np.array(list(seen.values()), dtype=np.float32)
        return log_softmax(w["gram_weight"][:, buckets] @ values + w["gram_bias"])

    def by_head(self, pair: MarkedPair) -> Array:
        """Gives log probabilities of the roots by the reader's pair head."""
        own = [pair.chances[self._fold == root].sum() for root in range(len(self._weights["root.bias"]))]
        known: Array = np.log(np.array(own, dtype=np.float32) + 1e-9)
        return known

    def roots(self, pair: MarkedPair) -> Array:
        """Gives probabilities of the roots."""
        voices = (self.by_states(pair), self.by_words(pair), self.by_head(pair))
        vote: Array = sum(share * voice for share, voice in zip(self._weights["shares"], voices, strict=True))
        return softmax(vote)

    def code(self, pair: MarkedPair, labels: Labels) -> PairCode:
        """Chooses the root, then within it the likeliest type, then the likeliest status that keeps the root."""
        roots, chances = self.roots(pair), pair.chances
        root = int(roots.argmax())
        table = chances.reshape(len(labels.types), len(labels.statuses))
        inside = self._fold.reshape(table.shape) == root
        asserted = inside[:, labels.statuses.index("asserted")]
        kind = int(np.where(asserted, (table * inside).sum(axis=1), -1).argmax())
        status = int(np.where(inside[kind], table[kind], -1).argmax())
        return PairCode(
            event_type=labels.types[kind], status=labels.statuses[status], confidence=round(float(roots[root]), 4)
        )


def log_softmax(x: npt.NDArray[Any]) -> Array:
    low: Array = x - x.max()
    logarithms: Array = low - np.log(np.exp(low).sum())
    return logarithms
