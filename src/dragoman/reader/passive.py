"""Tells whether an anchor is in the passive: "was charged with", "Senator sued for fraud".

The one who stands before it then undergoes the act. The network, which learned more active sentences than passive ones,
sometimes takes him for the actor. The rule, on closed classes of words, speaks only where a sentence names nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from dragoman.knowledge import table_cells
from dragoman.model import Sentence, Span

# Between an auxiliary and its participle: adverbs.
_BETWEEN = re.compile(r"\w+ly|also|now|later|again|then|not|never|since|still|just", re.IGNORECASE)
# What may stand before a verb inside an anchor without changing whose act it is.
_HAVE = frozenset({"has", "have", "had", "is", "are", "was", "were", "been", "now", "could", "may"})
_WORDS = re.compile(r"[\w-]+")
_BY = re.compile(r"\bby (?:the |a |an )?$", re.IGNORECASE)
_FROM = re.compile(r"\b(?:by|from) (?:the |a |an )?$", re.IGNORECASE)
# "The groups that sued over the order" did so.
_RELATIVE = re.compile(r"\b(?:who|that|which) $", re.IGNORECASE)
# Another subject stands between: "Trump raised tariffs after those sanctions had been suspended".
_OTHER_CLAUSE = re.compile(r"\b(?:that|after|before|as|when|while|because|since|until|although) (?!being|having)\w")
# Of other types the passive leaves the subject the actor ("troops were deployed", "protesters were gathered").
TURNED = frozenset({"ACCUSE", "ASSAULT", "COERCE", "REJECT", "REQUEST", "SANCTION", "THREATEN"})
# Of these what a subject draws upon itself is another's: "China drew protests from Japan".
DRAWN = TURNED | {"PROTEST"}
# Of these somebody who "is ordered to" do them does them.
DEEDS = frozenset({"ASSAULT", "COERCE", "SANCTION", "THREATEN"})
_JOINED = re.compile(r"(?:, (?:and )?| and )(?:the )?")
# Far enough for "has also been formally", near enough to stay in the clause.
REACH = 30


@cache
def _words() -> Mapping[str, frozenset[str]]:
    rows = table_cells("lexicon", "passives.tsv")
    kinds = {kind for _, kind in rows}
    return {kind: frozenset(words for words, k in rows if k == kind) for kind in kinds}


def is_passive(before: str, anchor: str, *, is_deed: bool = False) -> bool:
    """Tells whether an anchor is in the passive, given the words before it in its sentence.

    Of a deed that somebody "is expected to" do or "was forced to" do he stays the actor.

    >>> is_passive("The judge ", "was accused of helping him")
    True
    >>> is_passive("The envoy has been ", "summoned")
    True
    >>> is_passive("Senator ", "sued for unpaid taxes")
    True
    >>> is_passive("The minister ", "accused the rebels")
    False
    """
    if is_drawn(anchor) or not _RELATIVE.search(before) and (_opens(anchor, "headline") or _is_by_somebody(anchor)):
        return True
    words = [w for w in _WORDS.findall(f"{before[-REACH:]} {anchor}".lower()) if not _BETWEEN.fullmatch(w)]
    inside = [w for w in _WORDS.findall(anchor.lower()) if not _BETWEEN.fullmatch(w)]
    place = len(words) - len(inside)
    while place < len(words) and words[place] in _words()["be"] | _words()["auxiliary"]:
        place += 1
    if not 0 < place < len(words) or words[place - 1] not in _words()["be"]:
        return False
    if is_deed and words[place] in _words()["governs"] and words[place + 1 : place + 2] == ["to"]:
        return False
    return _is_participle(words[place])


def _is_by_somebody(anchor: str) -> bool:
    """Tells a participle with its "by", as headlines have them: "condemned by allies", not "responded by firing"."""
    words = _WORDS.findall(anchor.lower())[:3]
    is_by = words[1:2] == ["by"] and _is_participle(words[0]) and words[0] not in _words()["governs"]
    return is_by and not any(w.endswith("ing") or w[:1].isdigit() or w in _words()["no agent"] for w in words[2:])


def is_drawn(anchor: str) -> bool:
    """Tells whether an anchor says what its subject draws upon itself.

    >>> is_drawn("has come under fire"), is_drawn("faces sanctions"), is_drawn("faces off with")
    (True, True, False)
    """
    words = [word for word in _WORDS.findall(anchor.lower()) if word not in _HAVE]
    return _opens(" ".join(words), "drawn") and words[1:2] not in (["off"], ["down"])


def _opens(anchor: str, kind: str) -> bool:
    words = _WORDS.findall(anchor.lower())
    # Most rows begin with another word: seen before they are cut into words.
    return bool(words) and any(_begins(words, row.split()) for row in _words()[kind] if row.startswith(words[0]))


def _begins(words: Sequence[str], row: Sequence[str]) -> bool:
    """Tells whether words begin with those of a row, and go on with no number and no "night" ("attacked by night")."""
    following = words[len(row) : len(row) + 1]
    is_other = any(word[:1].isdigit() or word in _words()["no agent"] for word in following)
    return list(words[: len(row)]) == list(row) and not is_other


def _is_participle(word: str) -> bool:
    return word in _words()["participle"] or (word.endswith("ed") and word not in _words()["adjective"])


def turned(
    event_type: str, actors: tuple[Span, ...], recipients: tuple[Span, ...], *, sentence: Sentence, anchor: Span
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Makes the actors of a passive anchor its recipients, where they stand before it and nobody else is named.

    Where somebody is named right behind its "by", the sides are exchanged: "Moscow was urged by Beijing to withdraw".
    Who else stands behind it is whom it is about, and no side of it: "Moscow faces sanctions over Ukraine".
    """
    if event_type not in DRAWN or any(actor.end > anchor.start for actor in actors):
        return actors, recipients
    if event_type not in TURNED and not is_drawn(anchor.text):
        return actors, recipients
    given = recipients
    agents = _agents(recipients, sentence, anchor)
    if actors and not agents:
        recipients = tuple(one for one in recipients if one.start < anchor.start)
    if bool(recipients) is not bool(agents) or not actors and len(agents) == len(recipients):
        return actors, given
    before = sentence.text[: anchor.start - sentence.start]
    if not is_passive(before, anchor.text, is_deed=event_type in DEEDS):
        return actors, given
    if actors and _OTHER_CLAUSE.search(before[max(actor.end for actor in actors) - sentence.start :]):
        return actors, given
    return agents, (*actors, *(one for one in recipients if one not in agents))


def _agents(recipients: tuple[Span, ...], sentence: Sentence, anchor: Span) -> tuple[Span, ...]:
    """Gives those of the recipients who stand behind the "by" of an anchor: one, and who is joined to it by "and"."""
    found: list[Span] = []
    for party in sorted(recipients, key=lambda span: span.start):
        between = sentence.text[found[-1].end - sentence.start : party.start - sentence.start] if found else ""
        if _is_agent(party, sentence, anchor) or _JOINED.fullmatch(between):
            found.append(party)
    return tuple(found)


def _is_agent(party: Span, sentence: Sentence, anchor: Span) -> bool:
    """Tells whether a party stands behind the "by" of an anchor."""
    between = sentence.text[anchor.start - sentence.start : max(anchor.start, party.start) - sentence.start]
    return (_FROM if is_drawn(anchor.text) else _BY).search(between) is not None
