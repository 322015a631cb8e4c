"""Which state a phrase without a country belongs to: a small linear model over where the article names each state.

The weights are learned from labelled articles by train/actor_ranking.py and kept in data/actors/ranking.tsv. A phrase
may belong to no single state; that answer competes with the states. It names nobody and looks at no other article.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dragoman.actors.reading import FEW_REBELS_OF, NO_FORCES_OF, NO_STATES, Reading

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
_LEAST_SHARE = 0.02
Features = dict[str, float]


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


def rank_states(reading: Reading, question: Question, weights: Mapping[str, float]) -> list[tuple[str | None, float]]:
    """Gives the states and None (no single state) with their probabilities, the likeliest first."""
    scores = {code: _score(features, weights) for code, features in candidates(reading, question).items()}
    highest = max(scores.values())
    total = sum(math.exp(score - highest) for score in scores.values())
    ranked = [(code, math.exp(score - highest) / total) for code, score in scores.items()]
    return sorted(ranked, key=lambda item: -item[1])


def _score(features: Features, weights: Mapping[str, float]) -> float:
    return sum(value * weights.get(name, 0.0) for name, value in features.items())


def candidates(reading: Reading, question: Question) -> dict[str | None, Features]:
    """Gives the features of each state that the article names, of the outlet's, and of no state at all (None)."""
    found: dict[str | None, Features] = defaultdict(lambda: defaultdict(float))
    here = reading.sentence_at(question.start)
    for order, (offset, code, kind) in enumerate(reading.state_mentions):
        if code in NO_STATES or question.start <= offset < question.end:
            continue
        features = found[code]
        if not order:
            features["first of the article"] = 1.0
        _add_mention(reading, features, offset=offset, kind=kind, here=here, question=question)
    _add_nearest(reading, found, question, here)
    if reading.home:
        found[reading.home]["outlet"] = 1.0
    weighed = dict(reading.countries(question.start, question.end, sector=question.sector, opponent=question.opponent))
    total = sum(weighed.values()) or 1.0
    for state, features in found.items():
        features["weighed"] = math.log(weighed.get(str(state), 0.0) / total + _LEAST_SHARE)
        _add_constants(reading, features, str(state), question)
    found[None] = _no_state(reading, question, len(found))
    group = _group(reading, question)
    return {state: _with_group(features, group) for state, features in found.items()}


def _group(reading: Reading, question: Question) -> str:
    """Phrases that are decided alike, by the sector of their noun; "the country" is another question."""
    words = {word.folded for word in reading.words_in(question.start, question.end)}
    return "land" if words & _LANDS else _GROUP_OF.get(question.sector, "none")


def _add_mention(
    reading: Reading, features: Features, *, offset: int, kind: str, here: int, question: Question
) -> None:
    there = reading.sentence_at(offset)
    if there == here:
        where = "before" if offset < question.start else "after"
    elif reading.sentences and reading.sentences[there].is_title:
        where = "title"
    else:
        where = "next" if abs(there - here) == 1 else "elsewhere"
    located = f"{where} located" if offset in reading.located else ""
    acts = f"{where} {question.acts}" if question.acts else ""
    for name in (where, f"{where} {kind}", located, acts):
        if name:
            features[name] = min(_MOST_COUNTED, features[name] + 1.0)


def _add_nearest(reading: Reading, found: dict[str | None, Features], question: Question, here: int) -> None:
    """Marks the states named last before and first after the phrase in its sentence, and first in the sentence."""
    same = [
        (offset, code)
        for offset, code, _ in reading.state_mentions
        if code in found and reading.sentence_at(offset) == here and not question.start <= offset < question.end
    ]
    before = [code for offset, code in same if offset < question.start]
    after = [code for offset, code in same if offset >= question.end]
    earlier = [
        code for offset, code, _ in reading.state_mentions if code in found and reading.sentence_at(offset) == here - 1
    ]
    places = (
        ("last before", before[-1:]), ("first after", after[:1]), ("first here", before[:1]),
        ("first of last sentence", earlier[:1]), ("last of last sentence", earlier[-1:]),
    )  # fmt: skip
    for name, nearest in places:
        for state in nearest:
            found[state][name] = 1.0


def _add_constants(reading: Reading, features: Features, code: str, question: Question) -> None:
    owners = [offset for offset, owner, sector in reading.sector_owners if owner == code and sector == question.sector]
    near = [offset for offset in owners if reading.sentence_at(offset) == reading.sentence_at(question.start)]
    features["same sector"] = 1.0 if owners else 0.0
    features["same sector here"] = 1.0 if near else 0.0
    features["other side"] = 1.0 if question.counterpart == code else 0.0
    features[f"other side {question.acts}"] = features["other side"]
    features["opponent"] = 1.0 if question.opponent == code else 0.0
    features["no forces"] = 1.0 if question.sector == "MIL" and code in NO_FORCES_OF else 0.0
    features["few rebels"] = 1.0 if question.sector == "REB" and code in FEW_REBELS_OF else 0.0


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
    """Each feature once for all phrases and once for phrases of this kind."""
    return {**features, **{f"{name}|{group}": value for name, value in features.items()}}
