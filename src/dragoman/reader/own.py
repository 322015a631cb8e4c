"""Finds a user's own event types by likeness to the examples of their file.

An example's anchor, read in its sentence, is a point; for each type a straight line is drawn between its examples and
everything else (ridge regression): its counterexamples, the examples of the file's other types, and the sentences of
`data/ontology`. A span is of the type where it lies beyond a threshold that the file itself sets: each example is
judged by a line drawn without it. Points are seen in two views, and each type takes that in which it is told best: what
the event head makes of a span, which knows PLOVER's distinctions well and forgets others, or the encoder's own states.

Requires the reader's network. A type whose examples are not told from its counterexamples is found nowhere.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from dragoman.errors import CodebookError
from dragoman.knowledge import table_rows
from dragoman.model import FoundEvent, Sentence
from dragoman.ontology import Example, Ontology, OwnType, read_marked, stems
from dragoman.reader.decode import Candidate, candidates, event_of, find_roles, span_of, type_scores
from dragoman.reader.network import Array, Heads, Network, Output
from dragoman.reader.windows import Pieces, Window, cut_pieces, pack_windows

Truths = npt.NDArray[np.bool_]
# Of the types that an own type refines, a span must have at least this score.
LEAST_WITHIN = 0.1
# Words of anchors that stand so near each other are one anchor: "went [to the] polls".
NEAR = 3
# One in twenty of what is no example may lie above the lower end of the scale on which the threshold is set.
OTHERS = 0.95
# Told apart: of so many pairs of an example and a counterexample, each left out, the example is the likelier.
LEAST_APART = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How lines are drawn: the numbers of `data/ontology/confidence.toml`."""

    views: tuple[str, ...]
    threshold: float
    ridge: float
    intercept: float
    slope: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An example or counterexample judged without itself: its likeness, and whether that is on its side.

    `is_seen` tells whether its words would have been looked at: the reader finds an event in them, or they share a word
    with another example's anchor.
    """

    example: Example
    is_example: bool
    likeness: float
    is_right: bool
    is_seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight line: `places @ weights + bias`; `without` is each point's likeness by a line drawn without it."""

    weights: Array
    bias: float
    without: Array

    def at(self, places: Array) -> Array:
        """Gives how alike points are to the examples: [points]."""
        likeness: Array = places @ self.weights + self.bias
        return likeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """An own type ready to be found: view and line, its threshold and scale, and how it did in trials."""

    kind: OwnType
    view: str
    line: Line
    threshold: float
    scale: float
    stems: frozenset[str]
    examples: Array
    trials: tuple[Trial, ...]
    parties_marked: int
    parties_found: int

    @property
    def is_told_apart(self) -> bool:
        """Whether examples and counterexamples are told apart, so that the type can be coded."""
        return self.scale > 0 and self.apart >= LEAST_APART

    def row(self) -> dict[str, Any]:
        """Gives how well the type is told as plain JSON values, for `dragoman ontology`."""
        return {
            "event_type": self.kind.name,
            "is_coded": self.is_told_apart,
            "apart": round(self.apart, 3),
            "view": self.view,
            "threshold": round(self.threshold, 3),
            "examples": self._judged(is_example=True),
            "counterexamples": self._judged(is_example=False),
            "unseen": sum(trial.is_example and not trial.is_seen for trial in self.trials),
            "parties": {"marked": self.parties_marked, "found": self.parties_found},
        }

    def _judged(self, *, is_example: bool) -> dict[str, Any]:
        asked = [trial for trial in self.trials if trial.is_example == is_example]
        wrong = [
            {"sentence": trial.example.sentence, "anchor": trial.example.words, "likeness": round(trial.likeness, 2)}
            for trial in asked
            if not trial.is_right
        ]
        return {"number": len(asked), "right": len(asked) - len(wrong), "wrong": wrong}

    @property
    def apart(self) -> float:
        """The share of pairs of example and counterexample, each left out, of which the example is the likelier."""
        likeness = np.array([trial.likeness for trial in self.trials], dtype=np.float32)
        is_mine = np.array([trial.is_example for trial in self.trials])
        return share_above(likeness[is_mine], likeness[~is_mine])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """An example as the reader sees it: its place in each view, and whether the reader finds an event in the anchor."""

    example: Example
    places: Mapping[str, Array]
    is_found: bool
    parties_found: int = 0


class Points:
    """Reads examples with a network, each once."""

    def __init__(self, network: Network, tokenizer: Tokenizer) -> None:
        self.network, self._tokenizer = network, tokenizer
        self.least = float(network.settings["thresholds"]["default"])
        self._read: dict[Example, _Point] = {}

    def of(self, examples: Iterable[Example]) -> list[_Point]:
        """Gives the points of some examples; raises CodebookError where an anchor lies too far in its sentence."""
        found = []
        for example in examples:
            if example not in self._read:
                self._read[example] = self._point(example)
            found.append(self._read[example])
        return found

    def _point(self, example: Example) -> _Point:
        """Reads an example's sentence alone, and looks at its anchor."""
        sentence = Sentence(index=0, start=0, end=len(example.sentence), text=example.sentence)
        (window,) = pack_windows(cut_pieces(self._tokenizer, [sentence]))
        (output,) = self.network.read([window])
        heads, labels = self.network.heads, self.network.labels
        anchor = _candidate(window, output, _tokens(window, example.anchor), heads)
        pieces, begin = window.sentences[0], window.begins[0]
        states = output.states[begin : begin + len(pieces.ids)]
        found = any(
            _overlap(anchor, each) and type_scores(each).max() >= self.least
            for each in candidates(window, output, heads, len(labels.types))
        )
        roles = find_roles(heads.role_tokens(states), anchor, begin, pieces, heads=heads)
        sides = ((example.actors, roles["actor"]), (example.recipients, roles["recipient"]))
        return _Point(
            example=example,
            places=views_of(anchor.vector, heads),
            is_found=found,
            parties_found=sum(
                any(start < each.end and each.start < end for each in told)
                for marked, told in sides
                for start, end in marked
            ),
        )


def _tokens(window: Window, anchor: tuple[int, int]) -> tuple[int, int, int]:
    """The tokens of an anchor in a window of one sentence: its number, first, last + 1."""
    pieces, begin = window.sentences[0], window.begins[0]
    inside = [
        at for at, (start, end) in enumerate(zip(pieces.starts, pieces.ends, strict=True))
        if start < anchor[1] and end > anchor[0]
    ]  # fmt: skip
    if not inside:
        raise CodebookError(f"the anchor lies too far in {pieces.sentence.text[:60]!r}...: shorten the sentence")
    return 0, begin + inside[0], begin + inside[-1] + 1


def _candidate(window: Window, output: Output, span: tuple[int, int, int], heads: Heads) -> Candidate:
    """Any span of tokens as a candidate, whatever the tagger makes of it."""
    number, start, end = span
    vector = heads.vector(output.states, start, end)
    judgement = heads.judge(vector)
    return Candidate(
        sentence=number, start=start, end=end, opens=float(output.tags[start, 2:].sum()), vector=vector,
        tag_types=output.tags[start, 2 : 1 + len(judgement.types)], judgement=judgement,
    )  # fmt: skip


class OwnTypes:
    """The types of an ontology, learned from its examples with a network's weights; a second of reading."""

    def __init__(self, ontology: Ontology, points: Points, settings: Settings | None = None) -> None:
        self._points, self._network = points, points.network
        self._settings = settings or load_settings()
        mine = {kind.name: points.of(kind.examples) for kind in ontology.types}
        types = [event_type for event_type, _ in load_background()]
        background = list(zip(types, points.of(example for _, example in load_background()), strict=True))
        self.fitted = tuple(self._fit(kind, mine, background) for kind in ontology.types)
        self._coded = tuple(one for one in self.fitted if one.is_told_apart)
        self._stems = frozenset(word for one in self._coded for word in one.stems)

    def may_hold(self, text: str) -> bool:
        """Tells whether a sentence has a word of an example's anchor, so that it is worth reading."""
        return not self._stems.isdisjoint(stems(text))

    def find(self, window: Window, output: Output) -> Iterator[FoundEvent]:
        """Yields the events of own types in a window, in the order of the text."""
        heads, labels = self._network.heads, self._network.labels
        seen = self._candidates(window, output)
        if not seen:
            return
        places = views_of(np.stack([candidate.vector for candidate, _ in seen]), heads)
        for number, likeness, one in self._chosen(window, seen, places):
            candidate = seen[number][0]
            begin, pieces = window.begins[candidate.sentence], window.sentences[candidate.sentence]
            tokens = heads.role_tokens(output.states[begin : begin + len(pieces.ids)])
            event = event_of(window, tokens, candidate, heads=heads, labels=labels)
            yield self._as_own(event, one, likeness, places[one.view][number])

    def _chosen(
        self, window: Window, seen: Sequence[tuple[Candidate, bool]], places: Mapping[str, Array]
    ) -> Iterator[tuple[int, float, Fitted]]:
        """The candidates that are of a type: of those that overlap, the likeliest one, of one type only."""
        found: list[tuple[float, int, float, Fitted]] = []
        for one in self._coded:
            for number, likeness in enumerate(one.line.at(places[one.view]).tolist()):
                if likeness < one.threshold:
                    continue
                candidate, is_found = seen[number]
                if self._is_of_within(candidate, one.kind) and (is_found or self._shares(window, candidate, one)):
                    found.append((self._distance(one, likeness), number, likeness, one))
        kept: list[tuple[int, float, Fitted]] = []
        for _, number, likeness, one in sorted(found, key=lambda each: (-each[0], each[1])):
            if not any(_overlap(seen[number][0], seen[other][0]) for other, _, _ in kept):
                kept.append((number, likeness, one))
        yield from sorted(kept, key=lambda each: seen[each[0]][0].start)

    def _candidates(self, window: Window, output: Output) -> list[tuple[Candidate, bool]]:
        """The spans that are looked at, and whether the reader itself finds an event in each."""
        heads, types = self._network.heads, len(self._network.labels.types)
        found = [
            (candidate, True)
            for candidate in candidates(window, output, heads, types)
            if type_scores(candidate).max() >= self._points.least
        ]
        taken = {(candidate.start, candidate.end) for candidate, _ in found}
        spans = [span for span in word_spans(window, self._stems) if span[1:] not in taken]
        found += [(_candidate(window, output, span, heads), False) for span in spans]
        return found

    def _is_of_within(self, candidate: Candidate, kind: OwnType) -> bool:
        scores = type_scores(candidate)
        order = self._network.labels.types
        return not kind.within or max(scores[order.index(name)] for name in kind.within) >= LEAST_WITHIN

    def _shares(self, window: Window, candidate: Candidate, one: Fitted) -> bool:
        pieces, begin = window.sentences[candidate.sentence], window.begins[candidate.sentence]
        return not one.stems.isdisjoint(stems(span_of(pieces, candidate.start - begin, candidate.end - begin).text))

    def _distance(self, one: Fitted, likeness: float) -> float:
        return (likeness - one.threshold) / one.scale

    def _as_own(self, event: FoundEvent, one: Fitted, likeness: float, place: Array) -> FoundEvent:
        nearest = one.kind.examples[int((one.examples @ place).argmax())]
        distance = self._distance(one, likeness)
        confidence = 1 / (1 + math.exp(-(self._settings.intercept + self._settings.slope * distance)))
        return replace(
            event, own_type=one.kind.name, mode=None, confidence=round(confidence, 4),
            basis=f"anchor {event.anchor.text!r}; most like the example {nearest.words!r}, likeness {likeness:.2f}, "
            f"threshold {one.threshold:.2f}",
        )  # fmt: skip

    # --- learning from examples ---

    def _fit(
        self, kind: OwnType, points: Mapping[str, Sequence[_Point]], background: Sequence[tuple[str, _Point]]
    ) -> Fitted:
        mine = points[kind.name]
        words = frozenset(word for point in mine for word in stems(point.example.words))
        counter = self._points.of(kind.counterexamples)
        others = [point for name, of_name in points.items() if name != kind.name for point in of_name]
        others += [
            point for event_type, point in background
            if event_type not in kind.within and (kind.within or words.isdisjoint(stems(point.example.words)))
        ]  # fmt: skip
        all_points = [*mine, *counter, *others]
        is_mine = np.arange(len(all_points)) < len(mine)
        places = {view: np.stack([point.places[view] for point in all_points]) for view in self._settings.views}
        lines = {view: draw_line(places[view], is_mine, self._settings.ridge) for view in self._settings.views}
        view = max(self._settings.views, key=lambda name: told_apart(lines[name].without, is_mine, len(counter)))
        line = lines[view]
        low = float(np.quantile(line.without[~is_mine], OTHERS))
        middle = float(np.median(line.without[is_mine]))
        threshold = low + self._settings.threshold * (middle - low)
        judged = zip([*mine, *counter], line.without.tolist(), strict=False)
        return Fitted(
            kind=kind,
            view=view,
            line=line,
            threshold=threshold,
            scale=middle - low,
            stems=words,
            examples=places[view][is_mine],
            trials=tuple(_trial(point, likeness, threshold, mine) for point, likeness in judged),
            parties_marked=sum(len(p.example.actors) + len(p.example.recipients) for p in mine),
            parties_found=sum(point.parties_found for point in mine),
        )


def draw_line(states: Array, is_mine: Truths, ridge: float, shares: tuple[float, float] | None = None) -> Line:
    """Draws the line that is +1 at the points that are mine and -1 at all others; both sides weigh alike.

    Args:
        states: [points, hidden], each of length 1.
        is_mine: [points] of truth values.
        ridge: how much fit is given up for an even line.
        shares: the weight of each point that is mine, and of each other; by default so that both sides weigh alike.
    """
    wanted = np.where(is_mine, 1.0, -1.0)
    weights = shares or (0.5 * len(wanted) / is_mine.sum(), 0.5 * len(wanted) / (~is_mine).sum())
    share = np.where(is_mine, *weights)
    root = np.sqrt(share)
    # In terms of the points and not of their width: there are fewer points. The 1 draws the bias along.
    alike = states.astype(np.float64) @ states.T + 1.0
    solved = np.linalg.inv(root[:, None] * alike * root[None, :] + ridge * np.eye(len(wanted)))
    duals = root * (solved @ (root * wanted))
    without = wanted - duals / root / np.diag(solved) / root
    return Line(
        weights=(duals @ states).astype(np.float32),
        bias=float(duals.sum()),
        without=without.astype(np.float32),
    )


def told_apart(likeness: Array, is_mine: Truths, counterexamples: int) -> float:
    """Gives how often an example is likelier than what is none.

    The counterexamples, which come next after mine, weigh as much as all others.
    """
    mine, others = likeness[is_mine], likeness[~is_mine]
    return (share_above(mine, others[:counterexamples]) + share_above(mine, others)) / 2


def share_above(mine: Array, others: Array) -> float:
    """Gives of how many pairs of mine and others mine is the greater."""
    return float((mine[:, None] > others[None, :]).mean())


def views_of(vectors: Array, heads: Heads) -> dict[str, Array]:
    """Gives the places of one span or several in each view, from `Heads.vector`: length 1 each."""
    return {"head": normalised(heads.event_states(vectors)), "states": normalised(vectors)}


def _trial(point: _Point, likeness: float, threshold: float, mine: Sequence[_Point]) -> Trial:
    is_example = any(point is each for each in mine)
    words = frozenset(word for each in mine if each is not point for word in stems(each.example.words))
    is_seen = point.is_found or not words.isdisjoint(stems(point.example.words))
    return Trial(
        example=point.example, is_example=is_example, likeness=likeness, is_seen=is_seen,
        is_right=(likeness >= threshold) == is_example,
    )  # fmt: skip


def word_spans(window: Window, wanted: frozenset[str]) -> Iterator[tuple[int, int, int]]:
    """Yields the words of a window that have one of the stems, as (sentence, first token, last token + 1).

    Such words that stand near each other are one span.
    """
    for number, (begin, pieces) in enumerate(zip(window.begins, window.sentences, strict=True)):
        if wanted.isdisjoint(stems(pieces.sentence.text)):  # of most sentences that is all that has to be asked
            continue
        held: tuple[int, int, int] | None = None
        for place, (start, end) in enumerate(_words(pieces)):
            if not wanted.intersection(stems(span_of(pieces, start, end).text)):
                continue
            if held and place - held[2] <= NEAR:
                held = (held[0], end, place)
                continue
            if held:
                yield number, begin + held[0], begin + held[1]
            held = (start, end, place)
        if held:
            yield number, begin + held[0], begin + held[1]


def _words(pieces: Pieces) -> Iterator[tuple[int, int]]:
    """The pieces of each word of a sentence: [first, last + 1)."""
    starts = [at for at, opens in enumerate(pieces.opens) if opens or at == 0]
    yield from zip(starts, [*starts[1:], len(pieces.ids)], strict=True)


def _overlap(one: Candidate, other: Candidate) -> bool:
    return one.start < other.end and other.start < one.end


def normalised(states: Array) -> Array:
    """Gives vectors of length 1: [hidden] or [spans, hidden]."""
    length = np.linalg.norm(states, axis=-1, keepdims=True)
    made: Array = states / np.maximum(length, 1e-6)
    return made


@cache
def load_background() -> tuple[tuple[str, Example], ...]:
    """Reads the sentences that every own type is told from, with their PLOVER types ("" for no event)."""
    return tuple((row["type"], read_marked(row["marked"])) for row in table_rows("ontology", "background.tsv"))


@cache
def load_settings() -> Settings:
    """Reads the numbers that were chosen once for all own types."""
    text = resources.files("dragoman.data").joinpath("ontology", "confidence.toml").read_text(encoding="utf8")
    table = tomllib.loads(text)
    return Settings(**{**table, "views": tuple(table["views"])})
