"""A cheap gate in front of the network: sentences that cannot hold an event are not read by it.

A small network over the word pieces of one sentence (what each five pieces say together, and the most of it), taught by
the reader itself: `train/fit_gate.py`. It judges each sentence by its own words alone, so that the same sentence passes
or not in any company: its products are of whole numbers small enough to be exact in floats, in any order. What it holds
back is told, never dropped in silence; it names no event and refuses nothing that it is unsure of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from dragoman.errors import ReaderError
from dragoman.reader.windows import Pieces

Array = npt.NDArray[np.float32]
# Pieces that are looked at together: one and its two neighbours on each side.
SPAN = 5
# Sentences are told apart by length in steps of four pieces; longer ones are all alike.
LENGTH_STEP, LENGTHS = 4, 16
# Levels of what is kept of a sentence.
LEVELS = 255


class Gate:
    """The weights, loaded once. `version` names them and the threshold."""

    def __init__(self, weights: Mapping[str, npt.NDArray[Any]], *, threshold: float, version: str) -> None:
        # The table of words stays in whole numbers, since a sentence asks for few of its rows.
        self._weights: dict[str, npt.NDArray[Any]] = {
            name: value if name == "words" else value.astype(np.float32) for name, value in weights.items()
        }
        missing = {"words", "cases", "look", "judge"} - weights.keys()
        if missing:
            raise ValueError(f"no {', '.join(sorted(missing))}")
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
                weights = dict(stored)
                threshold, version = float(weights.pop("threshold")), str(weights.pop("version"))
                return cls(weights, threshold=threshold, version=version)
        except (OSError, ValueError, KeyError) as fault:
            raise ReaderError(f"the gate's weights do not load ({fault}): install again, or use --no-gate") from fault

    def passes(self, sentences: Sequence[Pieces]) -> list[bool]:
        """Tells of each sentence whether it may hold an event. One without words may not."""
        passed = iter((self.scores([s for s in sentences if s.ids]) >= self.threshold).tolist())
        return [bool(s.ids) and next(passed) for s in sentences]

    def scores(self, sentences: Sequence[Pieces]) -> Array:
        """Gives the log odds, more or less, that each sentence holds an event. None may be without pieces."""
        if not sentences:
            return np.zeros(0, dtype=np.float32)
        w = self._weights
        kept = np.rint(self.most(sentences) / w["level"]).clip(0, LEVELS)
        lengths = np.array([min(len(s.ids) // LENGTH_STEP, LENGTHS - 1) for s in sentences])
        titles = np.array([s.sentence.is_title for s in sentences], dtype=np.int64)
        made = kept @ w["judge"] * w["judge_step"] + w["length"][lengths] + w["title"][titles]
        scores: Array = (np.maximum(made, 0) * w["score"]).sum(axis=1) + w["bias"]
        return scores

    def most(self, sentences: Sequence[Pieces]) -> Array:
        """Gives the most that any five pieces of each sentence say, of each thing: [sentences, things]."""
        w = self._weights
        counts = np.array([len(s.ids) for s in sentences])
        begins = np.cumsum(counts) - counts
        gap = SPAN // 2
        rows = np.zeros((int(counts.sum()) + gap * (len(sentences) + 1), w["words"].shape[1]), dtype=np.float32)
        at = np.arange(int(counts.sum())) + gap * (np.repeat(np.arange(len(sentences)), counts) + 1)
        ids = np.concatenate([s.ids for s in sentences])
        rows[at] = w["words"][ids] + w["cases"][np.concatenate([s.cases for s in sentences])]
        near = rows[at[:, None] + np.arange(-gap, gap + 1)].reshape(len(at), -1)
        said = near @ w["look"] * w["look_step"] + w["look_shift"]
        most: Array = np.maximum(np.maximum.reduceat(said, begins, axis=0), 0)
        return most
