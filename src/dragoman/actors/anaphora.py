"""Words that stand for others: pronouns, "both sides", "the group", a name described elsewhere in the article.

Everything is resolved within one article; where nothing fits, nobody is given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from dragoman.actors.answers import Answer, Parts, answer_body, answer_office, answer_standing, answer_state
from dragoman.actors.names import Found, Standing
from dragoman.actors.reading import NO_STATES, Reading
from dragoman.model import Entity

SINGULAR = frozenset("he him his she her hers himself herself".split())
NEUTER = frozenset(["it", "its", "itself"])
PLURAL = frozenset("they them their theirs themselves".split())
SPEAKER = frozenset("we us our ours i me my mine".split())
POSSESSIVE = frozenset(["his", "her", "its", "their", "our", "my"])
# How many sentences before, and how many characters after a pronoun its meaning is sought.
_SENTENCES_BACK = 3
_LOOK_AHEAD = 200
_VERB_WITHIN = 20
# Below this a pronoun was but given the state that the article is about.
_SURE_PRONOUN = 0.45
_TITLE_SIDE = 1.8
_GROUP_WORDS = frozenset("group organization organisation movement network faction outfit".split())
_GROUP_KINDS = frozenset(["group", "organisation", "movement", "company", "party"])
_DESCRIBING = frozenset(["demonym", "state", "own"])
_COMMON = frozenset(["agent", "office"])


def named_holder(reading: Reading, parts: Parts, start: int) -> Answer | None:
    """ "The finance minister" where the article names who holds that office.

    Whoever the same sentence names is somebody else ("the president met President Xi"), if others are named. Of the
    rest it is he whom the article names most, the outlet's own counted twice, then first.
    """
    if not parts.office or parts.is_former:
        return None
    named = [(offset, one) for offset, one in reading.people if _holds(reading, one, parts.office)]
    here = reading.sentence_at(start)
    beside = {one.spell.name for offset, one in named if reading.sentence_at(offset) == here}
    holders = [one for _, one in named if one.spell.name not in beside] or [one for _, one in named]
    if not holders:
        return None
    best = max(holders, key=lambda one: (_times_named(reading, holders, one), -holders.index(one)))
    return answer_standing(reading, best)._replace(kind="office", certainty=0.75)


def _times_named(reading: Reading, holders: Sequence[Standing], one: Standing) -> int:
    times = sum(other.spell.name == one.spell.name for other in holders)
    return times * (2 if one.spell.code == reading.home else 1)


def _holds(reading: Reading, standing: Standing, office: str) -> bool:
    return not standing.is_past and reading.names.holder(standing.spell.code, office, reading.on) == standing


def same_group(reading: Reading, parts: Parts, start: int) -> Answer | None:
    """ "The group", "the militant organisation": the last group that the article names before."""
    if not _GROUP_WORDS & {word.folded for word in parts.words}:
        return None
    earlier = [found for found in reading.found if found.start < start]
    for found in [*reversed(earlier), *(f for f in reading.found if f.start > start)]:
        sense = reading.pick(found)
        if (
            sense is not None
            and sense.kind == "body"
            and sense.detail in _GROUP_KINDS
            and (parts.agent[:1] != ("REB",) or "REB" in sense.sectors)
        ):
            entity = Entity(code=sense.code, sectors=sense.sectors, name=sense.name, identifier=sense.identifier)
            return Answer(entity, f"{sense.source}: {sense.name}, named before", 0.7, "organisation")
    return None


def described(reading: Reading, parts: Parts, start: int) -> Answer | None:
    """An unknown capitalised name: the state in the words beside a mention of it ("Slovak activist X", "X, a Pole")."""
    capitals = [
        word
        for word in parts.words
        if word.text[:1].isupper() and len(word.text) > 2 and not reading.names.senses.get(word.folded)
    ]
    if not capitals:
        return None
    surname = capitals[-1].folded
    for index in reading.places_of(surname):
        if reading.words[index].text[:1].isupper():
            answer = _beside(reading, index)
            if answer:
                entity = Entity(code=answer.entity.code, sectors=parts.agent or answer.entity.sectors)
                return answer._replace(entity=entity)
    return None


def _beside(reading: Reading, index: int) -> Answer | None:
    here = reading.words[index]
    sentence = reading.sentences[reading.sentence_at(here.start)] if reading.sentences else None
    low = max(reading.words[max(0, index - 7)].start, sentence.start if sentence else 0)
    high = min(
        reading.words[min(len(reading.words) - 1, index + 8)].end, sentence.end if sentence else len(reading.body)
    )
    if reading.body[here.end : here.end + 1] == ",":
        after = list(_descriptors(reading, here.end, high))
        if after:
            return after[0]
    before = list(_descriptors(reading, low, here.start))
    return before[-1] if before else None


def _descriptors(reading: Reading, low: int, high: int) -> Iterator[Answer]:
    for found in reading.found_between(low, high):
        sense = reading.pick(found)
        if sense is not None and sense.code and sense.kind in _DESCRIBING and not reading.is_qualifier(found):
            agents = [
                s
                for other in reading.found_between(found.start, min(high, found.end + 40))
                for s in other.senses
                if s.kind in _COMMON
            ]
            if sense.kind == "state" and not agents:
                continue
            sectors = agents[0].sectors if agents else ("CVL",)
            yield Answer(Entity(code=sense.code, sectors=sectors), f"described as of {sense.name}", 0.7, "person")


def owned_by_pronoun(reading: Reading, parts: Parts) -> Answer | None:
    """ "His forces", "their PM": of the state of whoever the pronoun means, where the article names him."""
    if parts.words[0].folded not in POSSESSIVE or len(parts.words) < 2 or not parts.agent:
        return None
    owner = next(iter(resolve_pronoun(reading, parts.words[0].start, parts.words[0].folded)), None)
    if owner is None or owner.entity.code is None or owner.certainty < _SURE_PRONOUN:
        return None
    if parts.office:
        return answer_office(reading, parts.office, owner.entity.code, owner.basis)
    return owner._replace(entity=Entity(code=owner.entity.code, sectors=parts.agent), kind="group")


def resolve_pronoun(reading: Reading, start: int, word: str) -> list[Answer]:
    """The likeliest mention before the pronoun, the subjects of the last sentences first; else one that follows."""
    wanted = _wanted(word)
    spoken = word in SPEAKER
    antecedents = _speakers(reading, start) if spoken else _antecedents(reading, start)
    for found in antecedents:
        answer = None if reading.is_qualifier(found) else _antecedent(reading, found, wanted)
        if answer:
            basis = f"'{word}' for '{reading.body[found.start : found.end]}': {answer.basis}"
            return [answer._replace(basis=basis, certainty=answer.certainty * 0.7, kind="pronoun")]
    ranked = reading.countries(start, start)
    if not ranked:
        return []
    return [Answer(Entity(code=ranked[0][0]), f"the article is about {ranked[0][0]}", 0.4, "pronoun")]


def _antecedents(reading: Reading, start: int) -> Iterator[Found]:
    """Names in the order in which a pronoun may mean them: its own sentence from the beginning, then those before."""
    number = reading.sentence_at(start)
    for back in range(min(number, _SENTENCES_BACK) + 1):
        sentence = reading.sentences[number - back] if reading.sentences else None
        low, high = (sentence.start, min(sentence.end, start)) if sentence else (0, start)
        yield from reading.found_between(low, high)
    yield from reading.found_between(start, start + _LOOK_AHEAD)


def _speakers(reading: Reading, start: int) -> Iterator[Found]:
    """Whoever may say "we": the subject of a verb of saying, then names outside quotation marks, the nearest first."""
    number = reading.sentence_at(start)
    if number < len(reading.sentences):
        own = reading.sentences[number]
        yield from (found for found in reading.found_between(own.start, own.end) if _says(reading, found))
    order = (number, *range(number - 1, max(-1, number - 1 - _SENTENCES_BACK), -1), number + 1)
    for each in order:
        if each < len(reading.sentences):
            sentence = reading.sentences[each]
            yield from (
                f for f in reading.found_between(sentence.start, sentence.end) if not reading.is_quoted(f.start)
            )
    yield from _antecedents(reading, start)


def _says(reading: Reading, found: Found) -> bool:
    """Tells whether a verb of saying follows a name: "Trump says 'we could reach an agreement'"."""
    after = reading.words_in(found.end, found.end + _VERB_WITHIN)
    return bool(after) and reading.names.acts.get(after[0].folded) == "speaks"


def _wanted(word: str) -> frozenset[str]:
    if word in SINGULAR or word in {"i", "me", "my", "mine"}:
        return frozenset(["person", "office"])
    if word in SPEAKER:
        return frozenset(["person", "office", "state", "body"])
    return frozenset(["state", "body", "demonym", "seat", "own"])


def _bare_office(reading: Reading, office: str, found: Found) -> Answer | None:
    known = named_holder(reading, Parts((), (), (), office, False), found.start)
    ranked = reading.countries(found.start, found.end)
    if known or not ranked:
        return known
    return answer_office(reading, office, ranked[0][0], f"the article is about {ranked[0][0]}")


def _is_title(reading: Reading, found: Found) -> bool:
    """Tells an office that stands before a name, as in "President Xi": the name is the antecedent."""
    following = reading.found_between(found.end, found.end + 3)
    return any(sense.kind == "person" for other in following for sense in other.senses)


def _antecedent(reading: Reading, found: Found, wanted: frozenset[str]) -> Answer | None:
    sense = reading.pick(found)
    if sense is not None and sense.kind in {"state", "seat"} and reading.is_located(found.start):
        return None
    if sense is None:
        office = next((s for s in found.senses if s.kind == "office"), None)
        if office is None or "office" not in wanted or _is_title(reading, found):
            return None
        return _bare_office(reading, office.name, found)
    if sense.kind not in wanted or not sense.code:
        return None
    parts = Parts((), (), (), None, False)
    if sense.kind == "person":
        standing = reading.names.stands(sense.detail, reading.on)
        return answer_standing(reading, standing) if standing else None
    return (
        answer_body(reading, parts, sense, found) if sense.kind == "body" else answer_state(reading, parts, sense, None)
    )


def both_sides(reading: Reading, start: int, end: int) -> list[Answer]:
    """The two states that the article is most about just before the words; nobody where it names fewer than two."""
    here = reading.sentence_at(start)
    scores: dict[str, float] = defaultdict(float)
    for offset, code, kind in reading.state_mentions:
        if start <= offset < end or code in NO_STATES or kind == "city" or reading.is_located(offset):
            continue
        scores[code] += _closeness(reading, here, offset)
    codes = sorted(scores, key=lambda code: -scores[code])[:2]
    if len(codes) < 2:
        return []
    order = [code for _, code, _ in reading.state_mentions]
    return [
        Answer(Entity(code=code, name=_state_name(reading, code)), "one of the two sides named", 0.7, "state")
        for code in sorted(codes, key=order.index)
    ]


def _closeness(reading: Reading, here: int, offset: int) -> float:
    """The title and the sentence before tell the two; who is named beside the words may be a third."""
    there = reading.sentence_at(offset)
    if reading.sentences and reading.sentences[there].is_title:
        return _TITLE_SIDE
    return {0: 1.0, 1: 1.5}.get(here - there, 0.5)


def _state_name(reading: Reading, code: str) -> str | None:
    known = reading.names.states.get(code)
    return known.name if known else None
