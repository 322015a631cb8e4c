"""Which state a phrase without a country belongs to: a small linear model over where the article names each state.

The weights are learned from labelled articles by train/actor_ranking.py and kept in data/actors/ranking.tsv. A phrase
may belong to no single state; that answer competes with the states. It names nobody and looks at no other article.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from dragoman.actors.reading import FEW_REBELS_OF, NO_FORCES_OF, NO_STATES, NOWHERE, Naming, Reading

_GROUPS = {
    "civil": "CVL EDU MED REF BUS UAF REL JRN LAB AGR SOC UNK ELI",
    "force": "MIL",
    "rebel": "REB CRM",
    "state": "GOV SPY",
    "law": "JUD COP LEG PTY OPP",
}
_GROUP_OF = {sector: group for group, sectors in _GROUPS.items() for sector in sectors.split()}
_INDEFINITE = frozenset(
    "some several many other others various more most few any all number dozens foreign international".split()
)
_LANDS = frozenset("country nation kingdom republic island enclave territory".split())
_ADDED = frozenset("of in on from who that which with at to for by near inside across outside after during".split())
_MOST_COUNTED = 3.0
_WHERES = ("before", "after", "title", "next", "elsewhere")
_LEAST_SHARE = 0.02
_BY_SECTOR = {"MIL": NO_FORCES_OF, "REB": FEW_REBELS_OF}
Features = dict[str, float]
Weights = Mapping[str, Mapping[str, float]]


class Question(NamedTuple):
    """A phrase without a country: its offsets, the sector of its noun, and what the caller knows of the event.

    `opponent` fights it, `counterpart` is the one code on the other side of the event, `acts` what the party does.
    """

    start: int
    end: int
    sector: str = ""
    opponent: str | None = None
    counterpart: str | None = None
    acts: str = ""


def rank_states(reading: Reading, question: Question, weights: Weights) -> list[tuple[str | None, float]]:
    """Gives the states and None (no single state) with their probabilities, the likeliest first.

    `weights` are those of `read_ranking`: by group of phrases what each feature weighs.

    The reading keeps the answer, since events ask again for what its mentions asked.
    """
    if question not in reading.ranked:
        reading.ranked[question] = _rank(reading, question, weights)
    return reading.ranked[question]


def _rank(reading: Reading, question: Question, weights: Weights) -> list[tuple[str | None, float]]:
    group = _group(reading, question)
    weighed = weights.get(group, weights[""])
    scores = {
        code: _weigh(own, weighed, counted.weigh(group, weighed))
        for code, (counted, own) in _plain(reading, question).items()
    }
    highest = max(scores.values())
    likely = [math.exp(score - highest) for score in scores.values()]
    total = sum(likely)
    ranked = [(code, share / total) for code, share in zip(scores, likely, strict=True)]
    return sorted(ranked, key=lambda item: -item[1])


def _weigh(features: Features, weights: Mapping[str, float], before: float = 0.0) -> float:
    return sum([value * weights.get(name, 0.0) for name, value in features.items()], before)


def candidates(reading: Reading, question: Question) -> dict[str | None, Features]:
    """Gives the features of each state that the article names, of the outlet's, and of no state at all (None).

    Each feature stands there once for all phrases and once for phrases of this kind.
    """
    group = _group(reading, question)
    sides = _plain(reading, question)
    return {state: _with_group(counted.features | own, group) for state, (counted, own) in sides.items()}


class Counted:
    """Features that phrases share, and what they weigh for each kind of phrase, told once."""

    __slots__ = ("_points", "features")

    def __init__(self, features: Features) -> None:
        self.features = features
        self._points: dict[str, float] = {}

    def weigh(self, group: str, weights: Mapping[str, float]) -> float:
        if group not in self._points:
            self._points[group] = _weigh(self.features, weights)
        return self._points[group]


_NOTHING = Counted({})


def _plain(reading: Reading, question: Question) -> dict[str | None, tuple[Counted, Features]]:
    """Gives for each state what phrases share of it, and what speaks for it in this phrase alone."""
    here = reading.sentence_at(question.start)
    counted = dict(_named_features(reading, question, here))
    found: dict[str | None, Features] = {code: {} for code in counted}
    first = reading.state_mentions[0] if reading.state_mentions else None
    if first and first[1] not in NO_STATES and not question.start <= first[0] < question.end:
        found[first[1]]["first of the article"] = 1.0
    _add_nearest(reading, found, question, here)
    if reading.home:
        found.setdefault(reading.home, {})["outlet"] = 1.0
    weighed = dict(reading.countries(question.start, question.end, sector=question.sector, opponent=question.opponent))
    total = sum(weighed.values()) or 1.0
    owners = _owners(reading, question, here)
    marked = owners.keys() | {question.counterpart, question.opponent} | _BY_SECTOR.get(question.sector, frozenset())
    for state, features in found.items():
        features["weighed"] = math.log(weighed.get(str(state), 0.0) / total + _LEAST_SHARE)
        if state in marked:
            _add_constants(features, str(state), question, owners)
    found[None] = _no_state(reading, question, len(found))
    return {state: (counted.get(str(state), _NOTHING), features) for state, features in found.items()}


def _named_features(reading: Reading, question: Question, here: int) -> list[tuple[str, Counted]]:
    """Gives the states that the article names outside the phrase, in the order of their first names, with counts.

    What stands far from the phrase counts alike for all phrases of a sentence, so it is counted once a sentence; a
    state that is not named near the sentence, once an article.
    """
    named = []
    start, end = question.start, question.end
    beside = {code for _, code in reading.named_in_sentence.get(here, ())}
    near = beside.union(code for there in (here - 1, here + 1) for _, code in reading.named_in_sentence.get(there, ()))
    for code, namings in reading.named_by_state.items():
        first: int | None = namings[0].offset
        if start <= namings[0].offset < end:
            first = next((n.offset for n in namings if not start <= n.offset < end), None)
        if first is None:
            continue
        if code in beside:
            counts = _with_near(_far_counts(reading, code, here), namings, question, here)
            named.append((first, code, Counted(_features_of(counts, question.acts))))
        else:
            there = here if code in near else NOWHERE
            named.append((first, code, _far_features(reading, code, there, question.acts)))
    return [(code, features) for _, code, features in sorted(named, key=itemgetter(0))]


def _features_of(counts: Mapping[str, int], acts: str) -> Features:
    """Counts as features: at most so much of each; where the event is known, each place also by what the party does."""
    features = {name: float(n) if n < _MOST_COUNTED else _MOST_COUNTED for name, n in counts.items()}
    for where in _WHERES if acts else ():
        if where in features:
            features[f"{where} {acts}"] = features[where]
    return features


def _far_features(reading: Reading, code: str, here: int, acts: str) -> Counted:
    """The features of a state that is not named in the sentence of the phrase; the reading keeps them."""
    key = (code, here, acts)
    if key not in reading.featured:
        reading.featured[key] = Counted(_features_of(_far_counts(reading, code, here), acts))
    counted: Counted = reading.featured[key]
    return counted


def _with_near(
    counts: Mapping[str, int], namings: Sequence[Naming], question: Question, here: int
) -> Mapping[str, int]:
    """Adds to the counts what names a state in the sentence of the phrase, before it or after it."""
    added = dict(counts)
    for naming in namings:
        if naming.sentence == here and not question.start <= naming.offset < question.end:
            where = "before" if naming.offset < question.start else "after"
            for name in _feature_names(where, naming.kind, naming.is_located):
                added[name] = added.get(name, 0) + 1
    return added


def _far_counts(reading: Reading, code: str, here: int) -> Mapping[str, int]:
    """Counts where a state is named outside a sentence; the reading keeps the counts."""
    key = (code, here)
    if key not in reading.counted:
        others = [naming for naming in reading.named_by_state[code] if naming.sentence != here]
        reading.counted[key] = _counted(others, here)
    return reading.counted[key]


def _counted(namings: Sequence[Naming], here: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for _, kind, there, is_title, is_located in namings:
        far = "title" if is_title else "next" if -1 <= there - here <= 1 else "elsewhere"
        for name in _feature_names(far, kind, is_located):
            counts[name] = counts.get(name, 0) + 1
    return counts


@cache  # five places, a dozen kinds of names
def _feature_names(where: str, kind: str, is_located: bool) -> tuple[str, ...]:  # noqa: FBT001 - as a naming has it
    return (where, f"{where} {kind}", f"{where} located") if is_located else (where, f"{where} {kind}")


def _group(reading: Reading, question: Question) -> str:
    """Phrases that are decided alike, by the sector of their noun; "the country" is another question."""
    words = {word.folded for word in reading.words_in(question.start, question.end)}
    return "land" if words & _LANDS else _GROUP_OF.get(question.sector, "none")


def _add_nearest(reading: Reading, found: dict[str | None, Features], question: Question, here: int) -> None:
    """Marks the states named last before and first after the phrase in its sentence, and first in the sentence."""
    same = [
        (offset, code)
        for offset, code in reading.named_in_sentence.get(here, ())
        if code in found and not question.start <= offset < question.end
    ]
    before = [code for offset, code in same if offset < question.start]
    after = [code for offset, code in same if offset >= question.end]
    earlier = [code for _, code in reading.named_in_sentence.get(here - 1, ()) if code in found]
    places = (
        ("last before", before[-1:]), ("first after", after[:1]), ("first here", before[:1]),
        ("first of last sentence", earlier[:1]), ("last of last sentence", earlier[-1:]),
    )  # fmt: skip
    for name, nearest in places:
        for state in nearest:
            found[state][name] = 1.0


def _owners(reading: Reading, question: Question, here: int) -> dict[str, bool]:
    """The states with somebody of the phrase's sector in the article; true where that stands in its sentence."""
    owners: dict[str, bool] = {}
    for offset, code in reading.owners_of(question.sector):
        owners[code] = owners.get(code, False) or reading.sentence_at(offset) == here
    return owners


def _add_constants(features: Features, code: str, question: Question, owners: Mapping[str, bool]) -> None:
    """Adds what holds of a state for this phrase; what does not hold is left out, and weighs nothing."""
    if code in owners:
        features["same sector"] = 1.0
        if owners[code]:
            features["same sector here"] = 1.0
    if question.counterpart == code:
        features["other side"] = features[f"other side {question.acts}"] = 1.0
    if question.opponent == code:
        features["opponent"] = 1.0
    if question.sector == "MIL" and code in NO_FORCES_OF:
        features["no forces"] = 1.0
    if question.sector == "REB" and code in FEW_REBELS_OF:
        features["few rebels"] = 1.0


def _no_state(reading: Reading, question: Question, states: int) -> Features:
    words = reading.body[question.start : question.end].lower().split() or [""]
    features = {"nobody": 1.0, "nobody of several": min(states, 6) / 6.0}
    features["nobody indefinite"] = 1.0 if words[0] in _INDEFINITE or words[0].isdigit() else 0.0
    features["nobody article"] = 1.0 if words[0] in {"a", "an"} else 0.0
    features["nobody definite"] = 1.0 if words[0] in {"the", "his", "their", "its", "our"} else 0.0
    features["nobody plural"] = 1.0 if words[-1].endswith(("s", "people", "men")) else 0.0
    features["nobody title"] = 1.0 if reading.sentences and not reading.sentence_at(question.start) else 0.0
    features[f"nobody {question.sector}"] = 1.0
    features[f"nobody head {_head(words)}"] = 1.0
    features[f"nobody {question.acts}"] = 1.0
    features["nobody other side"] = 1.0 if question.counterpart else 0.0
    return features


def _head(words: Sequence[str]) -> str:
    """The noun of a phrase: the last word before whatever is added to it."""
    limit = next((at for at, word in enumerate(words) if at and word in _ADDED), len(words))
    return words[limit - 1].strip(".,'’\"")


def _with_group(features: Features, group: str) -> Features:
    return {**features, **{f"{name}|{group}": value for name, value in features.items()}}
