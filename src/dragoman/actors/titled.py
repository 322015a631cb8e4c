"""A title and a surname -> whoever of that name held such an office on that day: "General Powell", "Senator Clinton".

It stands before the choice among namesakes: the office narrows them more than the states that a text happens to name.
It refuses where two holders remain, where the title is a former one, and where the name runs on after the surname.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dragoman.actors.answers import Answer, Parts, answer_standing
from dragoman.actors.names import Standing
from dragoman.actors.reading import STATE_KINDS, Reading
from dragoman.actors.words import Word

_LONGEST_TITLE = 5
# Of a surname that an article names many times, a title stands before one of the first.
_PLACES_ASKED = 8
_ARTICLES = frozenset(["the", "a", "an"])
_FORMER = frozenset("former ex deposed ousted onetime exiled late then".split())
_PARTICLES = frozenset("al el bin ibn de da di del van von der den dos du ter".split())


class Title(NamedTuple):
    """Words that name an office before a surname: the place of the first, the offices and the sectors they mean."""

    first: int
    offices: frozenset[str]
    sectors: frozenset[str]


def titled_person(reading: Reading, parts: Parts) -> Answer | None:
    """Gives the holder that a phrase of a title and a surname means; for a bare surname the title before it counts."""
    if reading.on is None or not parts.words or parts.is_former:
        return None
    last = reading.word_at(parts.words[-1].start)
    if last is None or not _ends_a_name(reading, last):
        return None
    title = _title_before(reading, last)
    first = reading.word_at(parts.words[0].start)
    if title is not None and first is not None and _fills(reading, title, first, last):
        return _holder(reading, title, last)
    is_bare = _surname_start(reading, last) == first
    return _titled_elsewhere(reading, reading.words[last].folded) if title is None and is_bare else None


def _titled_elsewhere(reading: Reading, surname: str) -> Answer | None:
    """A bare surname means whoever the article names with a title, if it names nobody so in full."""
    if reading.names_in_full(surname) or surname not in reading.names.surnames:
        return None
    for at in reading.places_of(surname)[:_PLACES_ASKED]:
        title = _title_before(reading, at) if _ends_a_name(reading, at) else None
        answer = _holder(reading, title, at) if title else None
        if answer:
            return answer
    return None


def _ends_a_name(reading: Reading, at: int) -> bool:
    word = reading.words[at]
    if not word.text[0].isupper():
        return False
    after = reading.words[at + 1] if at + 1 < len(reading.words) else None
    return after is None or reading.body[word.end : after.start] not in {" ", "-"} or not after.text[0].isupper()


def _surname_start(reading: Reading, at: int) -> int:
    while at and reading.words[at - 1].folded in _PARTICLES:
        at -= 1
    return at


def _title_before(reading: Reading, surname: int) -> Title | None:
    """Finds the longest title that ends just before a surname."""
    end = _surname_start(reading, surname)
    for first in range(max(0, end - _LONGEST_TITLE), end):
        words = reading.words[first:end]
        if not _run_on(reading, [*words, reading.words[end]]):
            continue
        offices, sectors = reading.names.title_meaning(" ".join(word.folded for word in words))
        if offices or sectors:
            is_former = first > 0 and reading.words[first - 1].folded in _FORMER
            return None if is_former else Title(first, offices, sectors)
    return None


def _run_on(reading: Reading, words: Sequence[Word]) -> bool:
    pairs = zip(words, words[1:], strict=False)
    return all(reading.body[left.end : right.start] in {" ", "-", ". "} for left, right in pairs)


def _fills(reading: Reading, title: Title, first: int, last: int) -> bool:
    """Tells whether a phrase is nothing but the title and the name, with an article or a state before them."""
    if first >= title.first:
        return first <= last
    before = reading.words[first : title.first]
    stated = {word.start for word in before for code in [_state_at(reading, word.start)] if code}
    return all(word.folded in _ARTICLES or word.start in stated for word in before)


def _state_at(reading: Reading, start: int) -> str | None:
    for found in reading.found_between(max(0, start - 40), start + 1):
        sense = reading.pick(found)
        if found.start <= start < found.end and sense is not None and sense.kind in STATE_KINDS:
            return sense.code
    return None


def _holder(reading: Reading, title: Title, last: int) -> Answer | None:
    stated = _state_at(reading, reading.words[title.first - 1].start) if title.first else None
    word = reading.words[last]
    particles = [one.folded for one in reading.words[_surname_start(reading, last) : last]]
    ranked: list[tuple[tuple[bool, bool, int], Standing]] = []
    for person in reading.names.surnames.get(word.folded, ()):
        for standing in reading.names.current(person, reading.on):
            code = standing.spell.code
            if _matches(title, standing) and stated in {None, code}:
                is_so_written = _particles_of(person, word.folded) == particles
                rank = (reading.names_in_full(word.folded) == person, is_so_written, reading.support_of(code))
                ranked.append((rank, standing))
    if not ranked:
        return None
    best = max(rank for rank, _ in ranked)
    chosen = {standing.spell.name: standing for rank, standing in ranked if rank == best}
    return answer_standing(reading, next(iter(chosen.values()))) if len(chosen) == 1 else None


def _particles_of(person: str, surname: str) -> list[str]:
    """Gives the small words before a surname, as in "dos Santos"; a king's first name has none."""
    given, _, last = person.rpartition(" ")
    names = given.split(" ")
    first = next((at for at in range(len(names), 0, -1) if names[at - 1] not in _PARTICLES), 0)
    return names[first:] if last == surname else []


def _matches(title: Title, standing: Standing) -> bool:
    office = standing.spell.office
    if office in title.offices:
        return True
    if office.startswith(("vice ", "deputy ")):
        return False
    if any(office.startswith(f"{name} of ") or office.endswith(f" {name}") for name in title.offices):
        return True
    return bool(title.sectors & set(standing.spell.sectors))
