"""Codes the event between two marked parties of a sentence (`dragoman code-pairs`).

Two linear models vote on the root: one sees the encoder's states of the parties, between them and where events are, the
other the words. The reader's own pair head has a smaller say, and chooses type and status within the root.
`train/fit_pairs.py` makes both; the fold of types and statuses into roots is PLV's published one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from dragoman.errors import ReaderError
from dragoman.model import Sentence
from dragoman.reader.grams import MARK, gram_vector
from dragoman.reader.network import Array, Labels, Output, softmax
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


def pair_features(output: Output, marks: Sequence[int], vector: Array) -> Array:
    """Gives what the network knows of a pair: [8 hidden].

    Means over the actor, the recipient, the tokens between them, the tokens weighted by their chance to be in an event;
    the first token; the mean of all; and `vector`, the pair head's own.
    """
    states, marked = output.states, np.array(marks)
    place = np.arange(len(marked))
    actor, recipient = marked == 1, marked == 2
    ends = sorted((_middle(place, actor, 0.0), _middle(place, recipient, float(len(marked)))))
    between = (place > ends[0]) & (place < ends[1]) & (marked == 0)
    weight = 1 - output.tags[:, :1]
    parts = [_mean(states, mask) for mask in (actor, recipient, between)]
    event = (weight * states).sum(axis=0) / max(float(weight.sum()), 1e-6)
    return np.concatenate([*parts, event, states[0], states.mean(axis=0), vector]).astype(np.float32)


def _middle(place: npt.NDArray[np.int64], mask: npt.NDArray[np.bool_], otherwise: float) -> float:
    return float(place[mask].mean()) if mask.any() else otherwise


def _mean(states: Array, mask: npt.NDArray[np.bool_]) -> Array:
    mean: Array = states[mask].mean(axis=0) if mask.any() else states[0]
    return mean


class PairModel:
    """The two linear models over roots, as `train/fit_pairs.py` fits them."""

    def __init__(self, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        self._weights = {k: v.astype(np.float32) if v.dtype == np.float16 else v for k, v in weights.items()}
        self._rarity = self._weights["rarity"].tolist()
        self._fold = self._weights["fold"]

    @classmethod
    def load(cls, folder: Path) -> PairModel:
        """Loads the models that come with the reader. Raises `ReaderError` where they do not load."""
        try:
            with np.load(folder / "pairs.npz") as stored:
                return cls(dict(stored))
        except (OSError, ValueError, KeyError) as fault:
            raise ReaderError(f"the pair weights in {folder} do not load ({fault}): install again") from fault

    def roots(self, features: Array, marked: str, chances: Array) -> Array:
        """Gives probabilities of the roots. `chances` are the pair head's, flat over types x statuses."""
        w = self._weights
        states: npt.NDArray[Any] = (features - w["mean"]) / w["spread"] @ w["state_weight"].T + w["state_bias"]
        seen = gram_vector(marked, self._rarity)
        buckets, values = np.array(list(seen), dtype=np.int64), np.array(list(seen.values()), dtype=np.float32)
        words: npt.NDArray[Any] = w["gram_weight"][:, buckets] @ values + w["gram_bias"]
        own = np.array([chances[self._fold == root].sum() for root in range(len(w["state_bias"]))], dtype=np.float32)
        vote: Array = log_softmax(states) + log_softmax(words) + w["share"] * np.log(own + 1e-9)
        return softmax(vote)

    def code(self, *, features: Array, marked: str, chances: Array, labels: Labels) -> PairCode:
        """Chooses the root, then within it the likeliest type, then the likeliest status that keeps the root."""
        roots = self.roots(features, marked, chances)
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
