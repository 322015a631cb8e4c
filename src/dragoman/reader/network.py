"""Runs the reader's network: the encoder through onnxruntime, the small heads in numpy.

The encoder turns a batch of windows into token states, event tags and speech tags. The heads, a few small matrices,
are asked only about the few spans that may be events.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from dragoman.errors import ReaderError
from dragoman.reader.windows import Window

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Array = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The label sets the weights were trained with, in the order of their outputs.

    `status_weights`, where given, are what the chances of the statuses are multiplied by before the likeliest is taken.
    `confidence`, slope and intercept, makes log odds of scores into log odds of being right (`eval/calibration.py`).
    """

    types: tuple[str, ...]
    modes: tuple[str, ...]
    contexts: tuple[str, ...]
    statuses: tuple[str, ...]
    status_weights: tuple[float, ...] = ()
    confidence: tuple[float, float] = (1.0, 0.0)

    def chance_of(self, score: float) -> float:
        """Gives the chance that the type of an event with this score is right, between 0 and 1."""
        slope, intercept = self.confidence
        odds = math.log(max(score, 1e-6) / max(1 - score, 1e-6))
        return 1 / (1 + math.exp(-(slope * odds + intercept)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the encoder gives for one window, without padding: [tokens, ...] each, tags and speech as probabilities."""

    states: Array
    tags: Array
    speech: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the event head says of a span: probabilities over types (the last is "no event"), statuses and so on.

    Of several spans at once, each array has one row a span.
    """

    types: Array
    statuses: Array
    modes: Array
    contexts: Array

    def of(self, row: int) -> Judgement:
        """Gives what is said of one of several spans."""
        return Judgement(
            types=self.types[row], statuses=self.statuses[row], modes=self.modes[row], contexts=self.contexts[row]
        )


class Heads:
    """The heads of events, roles and marked pairs as plain matrices."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._weights = weights
        # Turned once: small products with a turned view take twice the time.
        self._turned = {name: np.ascontiguousarray(w.T) for name, w in weights.items() if name.endswith(".weight")}

    def _linear(self, name: str, x: Array) -> Array:
        w = self._weights
        y: Array = x @ self._turned[f"{name}.weight"]
        return y + w[f"{name}.bias"] if f"{name}.bias" in w else y

    def vector(self, states: Array, start: int, end: int) -> Array:
        """Gives first token and mean of a span of tokens: [2 hidden]."""
        return np.concatenate([states[start], states[start:end].mean(axis=0)])

    def event_states(self, vectors: Array) -> Array:
        """Gives what the event head makes of one span or several before it judges: [hidden] or [spans, hidden]."""
        states: Array = np.maximum(self._linear("event", vectors), 0)
        return states

    def judge(self, vectors: Array) -> Judgement:
        """Judges one span, or several: `vector` of each, [2 hidden] or [spans, 2 hidden]."""
        x = self.event_states(vectors)
        return Judgement(
            types=softmax(self._linear("kind", x)),
            statuses=softmax(self._linear("status", x)),
            modes=softmax(self._linear("mode", x)),
            contexts=(1 / (1 + np.exp(-self._linear("context", x)))).astype(np.float32),
        )

    def role_tokens(self, states: Array) -> Array:
        """Gives what the role head makes of each token, whatever the event: [tokens, hidden]."""
        return self._linear("role_token", states)

    def roles(self, tokens: Array, vector: Array, offsets: Integers) -> Array:
        """Gives role tag probabilities of tokens, as `role_tokens` gives them.

        `offsets` are their distances from the anchor's first token.
        """
        distance = self._weights["role_distance.weight"][bucket(offsets)]
        x = self._linear("role_event", vector) + tokens + distance
        return softmax(self._linear("role", np.maximum(x, 0)))

    def pair_vector(self, states: Array, marks: Integers) -> Array:
        """Gives what the two parties marked 1 and 2 look at, and what the pair head makes of it: [2 hidden]."""
        none = np.zeros_like(states[0])
        sides = [states[marks == kind].mean(axis=0) if (marks == kind).any() else none for kind in (1, 2)]
        query = self._linear("pair_query", np.concatenate(sides))
        look = self._linear("pair_look", np.tanh(query + self._linear("pair_key", states)))
        seen = softmax(look[:, 0]) @ states
        made = np.maximum(self._linear("pair", np.concatenate([states[0], *sides, seen])), 0)
        return np.concatenate([seen, made])

    def pair(self, vector: Array) -> Array:
        """Gives probabilities of (type, status) between two parties, from `pair_vector`: [types * statuses]."""
        made: Array = np.split(vector, 2)[1]
        return softmax(self._linear("pair_type", made))


class Network:
    """The encoder's session and the heads, loaded once."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        settings = json.loads((folder / "settings.json").read_text(encoding="utf8"))
        self._session = open_session(folder / "encoder.onnx", threads)
        self.heads = open_heads(folder / "heads.npz")
        self.settings: Mapping[str, Any] = settings
        self.labels = Labels(**{k: tuple(v) for k, v in settings["labels"].items()})

    def read(self, windows: Iterable[Window]) -> Iterator[Output]:
        """Yields one output a window, in order.

        Each window is a run of its own: the scale of its 8-bit products is then its own, whatever it is read with.
        """
        for window in windows:
            states, tags, speech = self._run(window, (0,) * len(window), ["states", "tags", "speech"])
            yield Output(states=states, tags=softmax(tags), speech=speech_probabilities(speech))

    def read_pair(self, window: Window, marks: Sequence[int]) -> tuple[Array, Array]:
        """Gives the states of a window with marked parties, and those of its lower layers: [tokens, hidden] both."""
        states, lower = self._run(window, marks, ["states", "lower"])
        return states, lower

    def _run(self, window: Window, marks: Sequence[int], wanted: list[str]) -> list[Array]:
        given = {"tokens": window.ids, "cases": window.cases, "marks": marks}
        feed = {name: np.array(value, dtype=np.int64) for name, value in given.items()}
        found: list[Array] = self._session.run(wanted, feed)
        return found


def open_session(path: Path, threads: int) -> InferenceSession:
    """Opens a graph on the CPU. Raises `ReaderError` where it does not load."""
    import onnxruntime as ort  # here, since it takes a tenth of a second that `--help` need not spend

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # what it raises has no base class of its own
        raise ReaderError(f"the reader's weights {path} do not load ({fault}): install again") from fault


def open_heads(path: Path) -> Heads:
    """Loads matrices stored in half precision. Raises `ReaderError` where they do not load."""
    try:
        with np.load(path) as stored:
            return Heads({name: value.astype(np.float32) for name, value in stored.items()})
    except (OSError, ValueError, BadZipFile) as fault:
        raise ReaderError(f"the reader's weights {path} do not load ({fault}): install again") from fault


def default_folder() -> Path:
    """Gives the folder of the weights that come with the package."""
    return Path(str(resources.files("dragoman.data").joinpath("reader")))


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    y: Array = e / e.sum(axis=-1, keepdims=True)
    return y


def speech_probabilities(x: Array) -> Array:
    """Turns nine logits into three (O, B, I) distributions, of source, cue and content: [tokens, 3, 3]."""
    return softmax(x.reshape(len(x), 3, 3))


def bucket(offset: Integers) -> Integers:
    """Folds a signed token distance into 15 buckets, exact near zero and coarse far away."""
    step = np.searchsorted(np.array([1, 2, 3, 5, 9, 17, 33]), np.abs(offset), side="right")
    return np.where(offset >= 0, 7 + step, 7 - step)
