"""A sentence with the spans of its event marked: segments of words, each with the roles that cover it.

Requires an event row, whose offsets count characters of the article; gives text only, never markup. A span outside the
sentence (an actor named in the sentence before) is left out here and named beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# What a reader sees for each role; the anchor is the words that carry the act.
ROLES: Mapping[str, str] = {
    "actor": "actor",
    "anchor": "act",
    "recipient": "recipient",
    "time": "time",
    "place": "place",
    "speaker": "speaker",
}
# Words of a time that are looked for in a sentence: fewer letters stand in other words.
_SHORTEST_TIME = 3
# Controls, and marks that turn the direction of writing: they could make a sentence look like another one.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of words and the roles that cover it; `ends` are the roles whose span ends with it."""

    text: str
    roles: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


def plain(text: object) -> str:
    """Text without controls and without marks that turn the direction of writing."""
    return _UNSEEN.sub("", str(text))


def mark_sentence(event: Mapping[str, Any]) -> list[Segment]:
    """The segments of an event's sentence in order; together they are the whole sentence."""
    sentence = event["sentence"]
    words, start = sentence["text"], sentence["start"]
    spans = [
        (begin - start, end - start, role)
        for role, begin, end in _spans(event)
        if 0 <= begin - start < end - start <= len(words)
    ]
    cuts = sorted({0, len(words), *(at for begin, end, _ in spans for at in (begin, end))})
    segments = []
    for low, high in zip(cuts, cuts[1:], strict=False):
        covering = [(end, role) for begin, end, role in spans if begin <= low and high <= end]
        roles = tuple(dict.fromkeys(role for _, role in covering))
        ends = tuple(dict.fromkeys(role for end, role in covering if end == high))
        segments.append(Segment(text=plain(words[low:high]), roles=roles, ends=ends))
    return segments


def _spans(event: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    for role, parties in (("actor", event["actors"]), ("recipient", event["recipients"])):
        for party in parties:
            yield role, party["start"], party["end"]
    yield "anchor", event["anchor"]["start"], event["anchor"]["end"]
    if time := _time_span(event):
        yield "time", *time
    for role, span in (("place", event["place"]), ("speaker", event["attributed_to"])):
        if span:
            yield role, span["start"], span["end"]


def _time_span(event: Mapping[str, Any]) -> tuple[int, int] | None:
    """Where the words stand that the date was told with, which its basis ends with ("told with the event: Monday").

    The nearest to the anchor where they stand more than once; None where the basis names no words of the sentence.
    """
    words = (event.get("date_basis") or "").rpartition(": ")[2].strip()
    sentence = event["sentence"]
    if len(words) < _SHORTEST_TIME or words not in sentence["text"]:
        return None
    starts = [found.start() + sentence["start"] for found in re.finditer(re.escape(words), sentence["text"])]
    start = min(starts, key=lambda at: abs(at - event["anchor"]["start"]))
    return start, start + len(words)
