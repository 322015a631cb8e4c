"""The second look: one more layer that reads a sentence again with one anchor in view.

The encoder reads a window once, whatever it may hold; its heads then ask about each anchor. Who did it to whom, and
whether it is an event at all, shows better when the tokens know which anchor is meant. So the states of an anchor's
sentence, with each token's distance from the anchor added, go through one more layer with heads of its own. Only what
the first look finds worth it is looked at again: a fraction of the text. `train/fit_look.py` and then
`train/fit_both.py` make the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dragoman.reader.network import Array, Judgement, bucket, open_heads, open_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """An anchor [start, end) in its sentence, whose token states are [tokens, hidden], and how it was first judged."""

    sentence: Array
    start: int
    end: int
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the second look says of an anchor: its judgement, and vector and tokens for `Heads.roles`."""

    judgement: Judgement
    vector: Array
    tokens: Array


class SecondLook:
    """The layer's session and its heads. `weight` is its share in the type, the first look has the rest."""

    def __init__(self, folder: Path, *, weight: float, threads: int = 0) -> None:
        self.weight = weight
        self._session = open_session(folder / "look.onnx", threads)
        self.heads = open_heads(folder / "look.npz")

    def again(self, anchors: Sequence[Anchor]) -> list[Looked]:
        """Looks at each anchor again, one a run, so that none depends on the others.

        Types are the geometric mean of both looks by weight, and sum to less than 1; all else is the second's.
        """
        if not anchors:
            return []
        read = [self._run(anchor) for anchor in anchors]
        vectors = np.stack([self.heads.vector(s, a.start, a.end) for (s, _), a in zip(read, anchors, strict=True)])
        judged = self.heads.judge(vectors)  # all at once: twice as fast as one by one
        return [
            Looked(judgement=self._mixed(anchor.judgement, judged.of(i)), vector=vectors[i], tokens=read[i][1])
            for i, anchor in enumerate(anchors)
        ]

    def _run(self, anchor: Anchor) -> tuple[Array, Array]:
        """Gives the states of the anchor's sentence with it in view, and what the role head makes of them."""
        offsets = np.arange(len(anchor.sentence)) - anchor.start
        inside = ((offsets >= 0) & (offsets < anchor.end - anchor.start)).astype(np.int64)
        feed = {"states": anchor.sentence, "near": bucket(offsets), "inside": inside}
        states, tokens = self._session.run(["looked", "role_tokens"], feed)
        return states, tokens

    def _mixed(self, first: Judgement, second: Judgement) -> Judgement:
        return replace(second, types=first.types ** (1 - self.weight) * second.types**self.weight)
