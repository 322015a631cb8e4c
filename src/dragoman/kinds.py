"""What is asked of ties, as data: what is mutual, what pledges and threats are, what keeps or ends what, themes.

Every row of `data/ties/*.tsv`; their README says where they are from. It codes nothing and counts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dragoman.codebook import load_codebook
from dragoman.errors import QueryError
from dragoman.knowledge import table_rows
from dragoman.words import did_you_mean

ANY_THEME = "same"
_NONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What a later happening of one of the types `by` between the same parties makes of a happening of `event_type`.

    `modes` are those of the first that count (empty: any); `contexts` those that the second may have (None among them:
    it may have none), or empty where the two must share one. With `same_sides` only the party that acted may bring it.
    """

    event_type: str
    modes: frozenset[str | None]
    outcome: str
    by: tuple[str, ...]
    contexts: frozenset[str | None]
    same_sides: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A theme: the contexts of its happenings, and how words of its statements begin (lower case)."""

    name: str
    contexts: tuple[str, ...]
    words: tuple[str, ...]


@cache
def types_of(kind: str) -> tuple[str, ...]:
    """The event types of a kind of words: `pledge` or `threat`."""
    return tuple(row["type"] for row in table_rows("ties", "kinds.tsv") if row["kind"] == kind)


def is_mutual(event_type: str, mode: str | None, *, has_recipients: bool) -> bool:
    """Whether several actors of such a happening act upon each other: PLOVER lists all sides of a truce as actors.

    The one rule of ties, panels, networks, pages and exports: the rows of `mutual.tsv`.
    """
    row = _mutual_rows().get(event_type)
    if row is None or (has_recipients and row["recipients"] == "none"):
        return False
    modes = _listed(row["modes"])
    return not modes or mode in modes


@cache
def _mutual_rows() -> Mapping[str, Mapping[str, str]]:
    return {row["type"]: row for row in table_rows("ties", "mutual.tsv")}


@cache
def load_follows(event_type: str) -> tuple[Follow, ...]:
    """What may follow a happening of a type."""
    return tuple(
        Follow(
            event_type=row["type"],
            modes=_listed(row["modes"]),
            outcome=row["outcome"],
            by=tuple(row["by"].split(";")),
            contexts=frozenset() if row["contexts"] == ANY_THEME else _listed(row["contexts"]),
            same_sides=row["sides"] == "same",
        )
        for row in table_rows("ties", "follows.tsv")
        if row["type"] == event_type
    )


@cache
def load_themes() -> Mapping[str, Theme]:
    """All themes by name: the rows of `themes.tsv`, and each PLOVER context under its own name."""
    contexts = {name: Theme(name=name, contexts=(name,), words=(name[:6],)) for name in load_codebook().contexts}
    named = {
        row["theme"]: Theme(
            name=row["theme"], contexts=tuple(row["contexts"].split(";")), words=tuple(row["words"].split(";"))
        )
        for row in table_rows("ties", "themes.tsv")
    }
    return contexts | named


def find_theme(name: str) -> Theme:
    """The theme of a name, in any case; raises QueryError that suggests the nearest."""
    themes = load_themes()
    wanted = name.strip().lower().replace(" ", "_")
    if wanted in themes:
        return themes[wanted]
    hint = did_you_mean(wanted, themes) or f"say one of {', '.join(sorted(themes))}"
    raise QueryError(f"there is no theme {name!r}: {hint}")


def _listed(cell: str) -> frozenset[str | None]:
    return frozenset(None if word == _NONE else word for word in cell.split(";") if word)
