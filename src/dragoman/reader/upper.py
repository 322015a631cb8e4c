"""Upper layers of the encoder that are the marked pairs' own, in numpy: fine-tuned for them, beside the reader's.

The reader's first layers are shared; what follows was taught to tell what one marked party does to the other, and the
reader of events stays as it is. A marked sentence is short, so that no graph is needed. Weights are stored as int8 with
one scale a row; `train/fit_pairs.py` makes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
HEADS = 12
EPSILON = 1e-12


def unpacked(stored: Mapping[str, npt.NDArray[Any]]) -> dict[str, Array]:
    """Gives matrices as floats from those stored as int8 with a `NAME.scale` beside them."""
    scales = {name.removesuffix(".scale"): value for name, value in stored.items() if name.endswith(".scale")}
    plain = {k: v for k, v in stored.items() if not k.endswith(".scale")}
    return {k: (v * scales[k] if k in scales else v).astype(np.float32) for k, v in plain.items()}


def packed(weights: Mapping[str, Array]) -> dict[str, npt.NDArray[Any]]:
    """Stores matrices as int8 with one scale a row, vectors as they are: `unpacked` turns it back, but for rounding."""
    stored: dict[str, npt.NDArray[Any]] = {}
    for name, weight in weights.items():
        if weight.ndim < 2:
            stored[name] = weight.astype(np.float32)
            continue
        scale = np.maximum(np.abs(weight).max(axis=1, keepdims=True), 1e-8).astype(np.float32) / 127
        stored[name], stored[f"{name}.scale"] = np.rint(weight / scale).astype(np.int8), scale
    return stored


class Upper:
    """Some layers, named `0.query.weight` and so on as in `train/network.py`."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._weights = weights
        self._number = 1 + max(int(name.split(".")[0]) for name in weights)

    def states(self, lower: Array) -> Array:
        """Turns what the shared layers give into states of the pairs' own: [tokens, hidden] both."""
        x = lower
        for layer in range(self._number):
            x = self._layer(x, layer)
        return x

    def _linear(self, x: Array, name: str) -> Array:
        y: Array = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return y

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + EPSILON)
        y: Array = centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return y

    def _layer(self, x: Array, layer: int) -> Array:
        parts = [self._linear(x, f"{layer}.{part}") for part in ("query", "key", "value")]
        query, key, value = (p.reshape(len(x), HEADS, -1).transpose(1, 0, 2) for p in parts)
        likeness = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        looks = np.exp(likeness - likeness.max(axis=-1, keepdims=True))
        mixed = (looks / looks.sum(axis=-1, keepdims=True)) @ value
        joined = mixed.transpose(1, 0, 2).reshape(x.shape)
        half = self._norm(x + self._linear(joined, f"{layer}.out"), f"{layer}.norm1")
        wide = gelu(self._linear(half, f"{layer}.up"))
        return self._norm(half + self._linear(wide, f"{layer}.down"), f"{layer}.norm2")


def gelu(x: Array) -> Array:
    """The exact GELU, with the error function after Abramowitz and Stegun 7.1.26 (error below 2e-7).

    >>> [round(float(y), 4) for y in gelu(np.array([-1.0, 0.0, 2.0], np.float32))]
    [-0.1587, 0.0, 1.9545]
    """
    size = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * size)
    series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    error = np.sign(x) * (1 - series * np.exp(-size * size))
    y: Array = (x / 2 * (1 + error)).astype(np.float32)
    return y
