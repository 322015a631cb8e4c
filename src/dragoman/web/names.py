"""What codes are called on a page, and which states, organisations and types the words of a search name.

The names are those of the actor tables; a party without a row there is called what the articles call it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from dragoman.actors.tables import read_members, read_rows, split_list
from dragoman.codebook import load_codebook
from dragoman.knowledge import table_rows
from dragoman.rows import UMBRELLA_CODES, date_bounds
from dragoman.web.marking import plain
from dragoman.web.queries import Wanted

_UNITED = {
    "UNO": "United Nations", "EUR": "European Union", "IGO": "an intergovernmental organisation",
    "NGO": "a non-governmental organisation", "ISM": "an international movement", "IMG": "a militant group",
    "MNC": "a multinational company", "KOS": "Kosovo",
}  # fmt: skip
_WORD = re.compile(r"[^\s,;]+")
_CODE = re.compile(r"\b[A-Z]{3}(?::[^\s,()]+)?")
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?(?:/\d{4}(?:-\d\d(?:-\d\d)?)?)?$")
# The longest name in words that is looked for in a search ("Democratic People's Republic of Korea").
_LONGEST_NAME = 7
_MOST_WORDS = 12
# Members of one side that a headline names.
SIDES_NAMED = 3
# What a headline calls a recipient who is the actor too: "Germany coerces its own".
OWN = "its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a type is told: with both sides, alone, and what it means."""

    verb: str
    alone: str
    meaning: str

    def said(self, actors: Sequence[str], recipients: Sequence[str]) -> str:
        """The verb for these sides: "attacks", "attack" of several, "holds talks" with nobody named."""
        words = self.verb if recipients else self.alone
        first, space, rest = words.partition(" ")
        return first.removesuffix("s") + space + rest if len(actors) > 1 else words


@cache
def load_wordings() -> Mapping[str, Wording]:
    """Wordings by type, in the order of the codebook."""
    rows = {row["type"]: row for row in table_rows("wording.tsv", package="dragoman.web")}
    return {
        name: Wording(verb=rows[name]["verb"], alone=rows[name]["alone"], meaning=rows[name]["meaning"])
        for name in load_codebook().types
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """How a theme is called and what it is about."""

    name: str
    meaning: str


@cache
def load_themes() -> Mapping[str, Theme]:
    """Themes by their word in the codebook, in its order."""
    rows = {row["theme"]: row for row in table_rows("themes.tsv", package="dragoman.web")}
    return {
        theme: Theme(name=rows[theme]["name"], meaning=rows[theme]["meaning"]) for theme in load_codebook().contexts
    }


@cache
def _memberships() -> Mapping[str, tuple[tuple[str, date, date], ...]]:
    """Members of organisations with their days, by the party keys of the organisations."""
    members: dict[str, list[tuple[str, date, date]]] = {}
    for organisation, code, since, until in read_members():
        # Groups inside an organisation are called by its key too; its members are those of the whole.
        if (key := party_named(organisation)) and name_of(key) == organisation:
            members.setdefault(key, []).append((code, since, until))
    return {key: tuple(rows) for key, rows in members.items()}


def members_of(party: str, on: date) -> tuple[str, ...]:
    """The members of an organisation on a day; none where it has none or they are not known."""
    members = {code for code, since, until in _memberships().get(party, ()) if since <= on < until}
    return tuple(sorted(members, key=name_of))


def memberships_of(state: str, on: date) -> tuple[str, ...]:
    """The organisations of which a state is a member on a day, by name."""
    return tuple(sorted((key for key in _memberships() if state in members_of(key, on)), key=name_of))


@cache
def load_names() -> Mapping[str, str]:
    """Party keys with their names: states by code, organisations by code and identifier."""
    names = dict(_UNITED)
    for row in read_rows("bodies.tsv"):
        if row["identifier"]:
            names.setdefault(f"{row['code']}:{row['identifier']}", split_list(row["names"])[0])
    names.update((row["code"], row["name"]) for row in read_rows("states.tsv"))
    return names


def name_of(party: str) -> str:
    """The name of a party key: that of its row, else what stands after its code, else the key itself."""
    code, _, detail = party.partition(":")
    return load_names().get(party) or detail or load_names().get(code) or party


@cache
def _spoken() -> Mapping[str, str]:
    """Folded names and demonyms with the party key that they name."""
    spoken: dict[str, str] = {}
    for row in read_rows("states.tsv"):
        for name in (row["name"], *split_list(row["other_names"]), *split_list(row["demonyms"])):
            spoken.setdefault(name.casefold(), row["code"])
    for row in read_rows("bodies.tsv"):
        for name in split_list(row["names"]):
            if row["code"] in _UNITED:
                has_own_key = row["code"] not in {"UNO", "EUR", "KOS"} and row["identifier"]
                spoken.setdefault(name.casefold(), f"{row['code']}:{row['identifier']}" if has_own_key else row["code"])
    return spoken


def party_named(words: str) -> str | None:
    """The party key that a code, a key or a name stands for; None where there is none."""
    if words in load_names():
        return words
    if words.upper() in load_names() and len(words) == len("RUS"):
        return words.upper()
    return _spoken().get(" ".join(words.casefold().split()))


def read_search(query: str) -> Wanted:
    """What a search asks for: types in capitals, dates, names of states and organisations, and other words.

    `Russia China 2025-03 gas` wants happenings of March 2025 between the two in whose sentences "gas" stands.
    """
    words = _WORD.findall(query)[:_MOST_WORDS]
    parties: list[str] = []
    others: list[str] = []
    event_type = since = until = None
    at = 0
    while at < len(words):
        taken, party = _longest_party(words[at:])
        window = _window(words[at])
        if words[at] in load_codebook().types:
            event_type = words[at]
        elif window is not None:
            since, until = window
        elif party is not None:
            parties.append(party)
        else:
            others.append(words[at])
        at += taken
    return Wanted(
        parties=tuple(dict.fromkeys(parties)), event_type=event_type, since=since, until=until, words=tuple(others)
    )


def _longest_party(words: Sequence[str]) -> tuple[int, str | None]:
    """How many of the first words make the longest name, and whose it is; one word and None where they make none."""
    for number in range(min(_LONGEST_NAME, len(words)), 0, -1):
        phrase = " ".join(words[:number])
        # A code counts in capitals only: "can" and "per" are words before they are Canada and Peru.
        party = phrase if phrase in load_names() else _spoken().get(phrase.casefold())
        if party is not None:
            return number, party
    return 1, None


def _window(word: str) -> tuple[date, date] | None:
    bounds = date_bounds(word) if _DATE.match(word) else None
    return (bounds[0], bounds[1] + timedelta(days=1)) if bounds and bounds[1] < date.max else None


def headline(row: Mapping[str, Any]) -> str:
    """A happening in a few words: "Russia attacks Ukraine"."""
    wording = load_wordings()[row["event_type"]]
    actors = _side([name_of(party) for party in row["actors"]])
    recipients = _side([OWN if is_own(party, row["actors"]) else name_of(party) for party in row["recipients"]])
    denied = {"negated": "denied: ", "future": "to come: ", "hypothetical": "supposed: "}.get(row["status"], "")
    deed = wording.said(row["actors"], row["recipients"])
    words = plain(f"{denied}{actors or 'somebody'} {deed} {recipients}").strip()
    return words[:1].upper() + words[1:]


def is_own(party: str, actors: Sequence[str]) -> bool:
    """Whether a recipient is of the one side that acts: thieves and police of one state, a court and a ministry."""
    return list(actors) == [party] and party not in UMBRELLA_CODES


def codes_named(text: str) -> str:
    """Text with names in place of the party keys in it: "names UKR" is "names Ukraine"."""
    return _CODE.sub(lambda found: name_of(found[0]) if found[0] in load_names() else found[0], text)


def _side(names: Sequence[str]) -> str:
    if len(names) > SIDES_NAMED + 1:
        return f"{', '.join(names[:SIDES_NAMED])} and {len(names) - SIDES_NAMED} more"
    return " and ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])
