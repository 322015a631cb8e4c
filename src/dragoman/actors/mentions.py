"""All actor mentions of one article in order: names with the words before and after them, offices, groups, pronouns.

A place stays a place: "in Moscow" is no actor, "Moscow said" is. Common nouns count where a state, body or person is
named beside them or where they are political by themselves ("troops", "rebels", "the president").
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from dragoman.actors.names import Found
from dragoman.actors.phrases import resolve_words
from dragoman.actors.reading import STATE_KINDS, Reading
from dragoman.model import Mention

_LOCATED = frozenset(["state", "seat", "place", "city", "former"])
_POLITICAL = frozenset(["GOV", "MIL", "COP", "JUD", "LEG", "REB", "OPP", "SPY"])
# Common nouns of these sectors that, standing alone, are more often no party at all.
_PLAIN = frozenset(
    "state states force forces unit units division team country nation city town province county mission council "
    "department agency agencies commission strike strikes missile missiles rocket rockets drone drones security guard "
    "guards officer general major captain bombs bases aircraft helicopter veteran veterans pilot secretary speaker "
    "assembly committee house marine resistance intelligence mole crown official bureau staff aide royal sheikh prince "
    "princess attack shelling jets jet".split()
)
_PRONOUNS = frozenset("he she they it its his her their him them".split())
_GAPS = frozenset([" ", "-", "'s ", "’s ", "’ ", "' ", "‑"])
_LONGEST_GROUP = 4


def find_mentions(reading: Reading, since: int, until: int) -> Iterator[Mention]:
    """Yields the mentions of an article from one offset to another, in the order of its words."""
    for start, end in _marks(reading):
        if start < since or end > until:
            continue
        for answer in resolve_words(reading, start, end):
            if answer.entity.code or answer.kind == "collective":
                yield Mention(
                    start=start, end=end, text=reading.body[start:end], entity=answer.entity, basis=answer.basis,
                    confidence=round(answer.certainty, 3),
                )  # fmt: skip


def _marks(reading: Reading) -> list[tuple[int, int]]:
    """Gives where mentions may stand, names and the pronouns outside of them; the reading keeps them."""
    if reading.marks is None:
        names = list(_groups(reading))
        pronouns = [(w.start, w.end) for w in reading.words if w.folded in _PRONOUNS and not w.text.isupper()]
        starts = [start for start, _ in names]
        # Names do not overlap: of all, only the last that begins before a pronoun can hold it.
        last = [bisect_right(starts, start) - 1 for start, _ in pronouns]
        free = [mark for mark, at in zip(pronouns, last, strict=True) if at < 0 or mark[0] >= names[at][1]]
        reading.marks = sorted([*names, *free])
    return reading.marks


def _groups(reading: Reading) -> Iterator[tuple[int, int]]:
    index = 0
    while index < len(reading.found):
        last = _group_end(reading, index)
        group = reading.found[index : last + 1]
        if _is_party(reading, group):
            yield group[0].start, group[-1].end
        index = last + 1


def _group_end(reading: Reading, index: int) -> int:
    """Extends a group over names and common nouns that stand side by side: "Russian Foreign Minister Sergei Lavrov"."""
    last = index
    while last + 1 < len(reading.found) and last - index < _LONGEST_GROUP:
        here, following = reading.found[last], reading.found[last + 1]
        if reading.body[here.end : following.start] not in _GAPS or _kind(reading, here) == "person":
            break
        if _kind(reading, following) in STATE_KINDS and _kind(reading, here) in STATE_KINDS:
            break
        last += 1
    return last


def _kind(reading: Reading, found: Found) -> str:
    sense = reading.pick(found)
    return sense.kind if sense else found.senses[0].kind


def _is_party(reading: Reading, group: list[Found]) -> bool:
    kinds = [_kind(reading, found) for found in group]
    if all(kind in {"agent", "office"} for kind in kinds):
        return _is_political(reading, group)
    if len(group) == 1 and kinds[0] in _LOCATED:
        return kinds[0] != "city" and not reading.is_located(group[0].start)
    return not (len(group) == 1 and kinds[0] == "demonym" and not _stands_alone(reading, group[0]))


def _is_political(reading: Reading, group: list[Found]) -> bool:
    words = reading.words_in(group[0].start, group[-1].end)
    if len(words) == 1 and words[0].folded in _PLAIN:
        return False
    return any(_POLITICAL & set(sense.sectors) for found in group for sense in found.senses)


def _stands_alone(reading: Reading, found: Found) -> bool:
    """ "Israelis protested" names people; "Israeli cuisine" names none, but "Israeli strikes" does by its own noun."""
    return reading.body[found.start : found.end].endswith(("s", "men", "ese", "sh", "ch"))
