"""What an anchor says was done: acts (kill, charge) and their classes, by data/merging/acts.tsv."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dragoman.records.cells import load_priors
from dragoman.records.words import WORD

# Endings with which a word of data/merging/acts.tsv is still that word.
ENDINGS = ("", "s", "es", "d", "ed", "ing", "ings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """Acts that an anchor names (kill, arrest) and their classes (violence, detention); empty where it names none."""

    acts: frozenset[str]
    classes: frozenset[str]


def read_acts(anchor: str, event_type: str) -> Acts:
    """The acts that the words of an anchor name, of those that its type allows.

    >>> sorted(read_acts("was shot and killed", "ASSAULT").acts), read_acts("has been made", "AGREE").acts
    (['kill', 'shoot'], frozenset())
    """
    rows = [row for row in _act_rows() if row.types is None or event_type in row.types]
    words = _joined(WORD.findall(anchor.casefold()), rows)
    found = [row for row in rows if any(row.names(word) for word in words)]
    if len(words) > 1 and any(row.names(words[-2]) for row in found):
        # An "assassination probe" is a probe: of two nouns the last is meant.
        found = [row for row in found if row.kind in law_classes() and row.names(words[-1])] or found
    return Acts(acts=frozenset(row.act for row in found), classes=frozenset(row.kind for row in found))


def _joined(words: Sequence[str], rows: Collection[_ActRow]) -> list[str]:
    """The words, two that name an act together as one: who was "shot down" was not shot."""
    joined: list[str] = []
    for word in words:
        pair = f"{joined[-1]}_{word}" if joined else ""
        if any(pair in row.words for row in rows):
            joined[-1] = pair
        else:
            joined.append(word)
    return joined


@dataclass(frozen=True, slots=True)
class _ActRow:
    kind: str
    act: str
    types: frozenset[str] | None
    words: frozenset[str]
    beginnings: tuple[str, ...]

    def names(self, word: str) -> bool:
        bare = (word[: len(word) - len(ending)] for ending in ENDINGS if word.endswith(ending))
        # Two words joined are told whole: "shoots_down" is no "shoot*".
        return ("_" not in word and word.startswith(self.beginnings)) or any(stem in self.words for stem in bare)


@cache
def _act_rows() -> tuple[_ActRow, ...]:
    lines = resources.files("dragoman").joinpath("data/merging/acts.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "class\t"))]
    return tuple(
        _ActRow(
            kind,
            act,
            None if types == "*" else frozenset(types.split(",")),
            frozenset(word for word in words.split() if word[-1] != "*"),
            tuple(word[:-1] for word in words.split() if word[-1] == "*"),
        )
        for kind, act, types, words in rows
    )


@cache
def law_classes() -> frozenset[str]:
    """Classes of acts that are steps of the law: told in words, but taken once, by one authority."""
    return frozenset(load_priors()["law"]["classes"])
