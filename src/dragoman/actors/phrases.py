"""A phrase in an article -> the entities it names, and why.

The order of the rules: pronouns and words for both sides, the user's own names, persons, bodies, states by their
adjectives, collectives without a country, and last common nouns, which take the country the article is about. Each
answer says in its basis which row or rule chose it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dragoman.actors.anaphora import (
    NEUTER,
    PLURAL,
    POSSESSIVE,
    SINGULAR,
    SPEAKER,
    both_sides,
    described,
    named_holder,
    owned_by_pronoun,
    resolve_pronoun,
    same_group,
)
from dragoman.actors.answers import (
    Acts,
    Answer,
    Hint,
    Parts,
    answer_collective,
    answer_office,
    answer_one,
    answer_standing,
)
from dragoman.actors.names import Found, Standing
from dragoman.actors.ranking import Question, rank_states
from dragoman.actors.reading import HONORIFICS, NOT_THEIRS, STATE_KINDS, Reading
from dragoman.actors.tables import Sense
from dragoman.actors.titled import titled_person
from dragoman.actors.words import Word, fold, key_of, split_words
from dragoman.model import Entity

_BREAKS = frozenset(
    "in of from for who that which with at on to against by near inside across over after during under than".split()
)
_JOIN = re.compile(r"\s*(?:,|\band\b|&|/|,\s*and\b|\bor\b|–|-)\s*")
_SIDE_NOUNS = frozenset(
    "sides side countries nations states neighbours neighbors leaders governments parties allies foes rivals "
    "presidents powers capitals ministers teams delegations militaries counterparts armies".split()
)
_PAIR_WORDS = frozenset(["two", "both", "sides", "rival", "warring"])
_PAIRS = frozenset([
    "the two",
    "the pair",
    "both",
    "the sides",
    "sides",
    "both of them",
    "the duo",
    "the nations",
    "the neighbors",
    "the neighbours",
    "the rivals",
])
_FORMER_WORDS = frozenset("former ex deposed ousted onetime exiled late".split())
# What may stand between a state and its verb, and how far the verb may stand away, in characters.
_AUXILIARIES = frozenset("has have had also then later again will would".split())
_BETWEEN = " abcdefghijklmnopqrstuvwxyz"
_VERB_WITHIN = 40
_SHORT_VERB = 4
# A name that a phrase is part of may begin that many characters before it.
_LONGEST_LEFT = 40
_KINDS_KEPT = frozenset(["own", "body", "state"])
_BRANCHES = frozenset("branch affiliate wing offshoot franchise arm".split())
# Names of one beginning are taken for two spellings of one name.
_SAME_BEGINNING = 4
_SHORTEST_NAME = 2
# "Countries fighting ISIS": what they do stands between them and the name that is not theirs.
_ACTING = frozenset("fighting backing opposing supporting bordering hosting buying".split())
_OTHERS = frozenset("countries nations states allies partners buyers".split())
_BETWEEN_STATES = frozenset(["mediators", "mediator"])
_PARTNERS = frozenset("allies ally partners partner rivals neighbors neighbours".split())


def resolve_words(reading: Reading, start: int, end: int, hint: Hint | None = None) -> list[Answer]:
    """Gives the entities that the words from `start` to `end` name; an empty list where nobody can be told.

    The reading keeps the answer: events of one sentence ask for the same parties again and again.
    """
    start, end = _whole_name(reading, *_trimmed(reading, start, end))
    question = (start, end, hint)
    if question not in reading.answered:
        reading.answered[question] = _resolve(reading, start, end, hint)
    return reading.answered[question]


def _resolve(reading: Reading, start: int, end: int, hint: Hint | None) -> list[Answer]:
    words = tuple(reading.words_in(start, end)) or tuple(split_words(reading.body, start, end))
    if not words:
        return []
    folded = [word.folded for word in words]
    if len(words) == 1 and folded[0] in SINGULAR | NEUTER | PLURAL | SPEAKER and not words[0].text.isupper():
        return resolve_pronoun(reading, start, folded[0])
    if len(words) == 1 and words[0].text in {"I", "He", "She", "It", "They", "We"}:
        return resolve_pronoun(reading, start, folded[0])
    if (folded[-1] in _SIDE_NOUNS and _PAIR_WORDS & set(folded)) or " ".join(folded) in _PAIRS:
        return both_sides(reading, start, end)
    parts = take_apart(reading, start, end)
    answers = _names(reading, parts, start=start, end=end, hint=hint or Hint())
    return [_unless_another(reading, parts, answer) for answer in answers]


def _unless_another(reading: Reading, parts: Parts, answer: Answer) -> Answer:
    """The office stands, but not its known holder's name, where the phrase names somebody else beside the title."""
    name = answer.entity.name
    if answer.kind != "office" or not name:
        return answer
    begins = {word[:_SAME_BEGINNING] for word in key_of(name).split()}
    strangers = [word for word in parts.words[1:] if _is_stranger(reading, parts, word)]
    if not strangers or any(word.folded[:_SAME_BEGINNING] in begins for word in strangers):
        return answer
    entity = replace(answer.entity, name=None)
    return answer._replace(entity=entity, basis=f"{answer.basis}; the phrase names somebody else", certainty=0.5)


def _is_stranger(reading: Reading, parts: Parts, word: Word) -> bool:
    is_known = reading.names.senses.get(word.folded) or word.folded in HONORIFICS
    is_taken = any(found.start <= word.start < found.end for found, _ in parts.found)
    return word.text[:1].isupper() and len(word.text) > _SHORTEST_NAME and not is_known and not is_taken


def _trimmed(reading: Reading, start: int, end: int) -> tuple[int, int]:
    return max(0, start), min(len(reading.body), end)


def _whole_name(reading: Reading, start: int, end: int) -> tuple[int, int]:
    """Widens words that are but part of a known name of a state or body: "North" in "the North"."""
    for found in reading.found_between(max(0, start - _LONGEST_LEFT), start + 1):
        if found.start < start and found.end >= end and _KINDS_KEPT & {sense.kind for sense in found.senses}:
            sense = reading.pick(found)
            if sense is not None and sense.kind in _KINDS_KEPT:
                return found.start, found.end
    return start, end


def take_apart(reading: Reading, start: int, end: int) -> Parts:
    """Finds the names in a phrase again, so that a name that runs beyond it does not count."""
    words = tuple(reading.words_in(start, end)) or tuple(split_words(reading.body, start, end))
    found = reading.names.find(reading.body, words)
    picked = []
    agent: tuple[str, ...] = ()
    office = owner = None
    limit = next((i for i, word in enumerate(words) if i and word.folded in _BREAKS), len(words))
    for hit in (hit for hit in found if not reading.is_rejected(hit)):
        sense = reading.pick(hit)
        if sense is not None:
            picked.append((hit, sense))
        common = [s for s in hit.senses if s.kind in {"agent", "office"}]
        if common and (sense is None or sense.kind not in {"body", "person"}) and (hit.first < limit or not agent):
            agent = _agent_sectors(common)
            titled = next((s for s in common if s.kind == "office"), None)
            office, owner = (titled.name, titled.code) if titled else (office, owner)
    is_former = any(word.folded in _FORMER_WORDS for word in words[:limit])
    return Parts(words, tuple(picked), agent, office, is_former, owner)


def _agent_sectors(senses: Sequence[Sense]) -> tuple[str, ...]:
    return next((s.sectors for s in senses if s.kind == "office"), senses[0].sectors)


def _names(reading: Reading, parts: Parts, *, start: int, end: int, hint: Hint) -> list[Answer]:
    named = [pair for pair in parts.found if not _is_foreign(reading, parts, pair[0])]
    titled = titled_person(reading, parts)
    if titled:
        return [titled]
    coordinated = _coordinated(reading, parts, named)
    if coordinated:
        return [answer_one(reading, parts._replace(found=(pair,)), pair, hint.acts) for pair in coordinated]
    branch = _local_branch(reading, parts, named)
    if branch:
        return [branch]
    strong = _strongest(reading, parts, named)
    if strong:
        return [answer_one(reading, parts, strong, hint.acts)]
    states = [pair for pair in named if pair[1].kind in STATE_KINDS or pair[1].kind == "own"]
    surname = _surname(reading, parts)
    if surname:
        return [surname]
    if states:
        return [answer_one(reading, parts, states[0], hint.acts)]
    others = [pair for pair in named if pair[1].kind == "collective"]
    if others and others[0][1].sectors == ("REL",):
        return _by_article(reading, parts._replace(agent=("REL",)), question_of(start, end, "REL", hint))
    if others and not parts.agent:
        return [answer_one(reading, parts, others[0], hint.acts)]
    if others and others[0][0].first == _first_content(parts):
        return [answer_collective(parts, others[0])]
    if parts.words[-1].folded in _PARTNERS and parts.found:
        return [Answer(Entity(code=None, sectors=("GOV",)), "others than the state named", 0.7, "collective")]
    return _common(reading, parts, start=start, end=end, hint=hint)


def _strongest(reading: Reading, parts: Parts, named: Sequence[tuple[Found, Sense]]) -> tuple[Found, Sense] | None:
    """The name that decides before any state: the user's own, a person, then a body, unless something takes it back."""
    for kind in ("user", "person", "body"):
        for pair in named:
            is_weak = _weaker(pair, named, parts) if kind == "body" else _heads_nothing(reading, parts, pair)
            if pair[1].kind == kind and not is_weak:
                return pair
    return None


def _local_branch(reading: Reading, parts: Parts, named: Sequence[tuple[Found, Sense]]) -> Answer | None:
    """ "Al-Qaeda's Yemen branch" is of the state where it fights."""
    if not _BRANCHES & {word.folded for word in parts.words} or not any(s.code == "IMG" for _, s in named):
        return None
    place = next((pair for pair in named if pair[1].kind in STATE_KINDS), None)
    if place is None:
        return None
    answer = answer_one(reading, parts._replace(agent=("REB",), office=None), place, None)
    return answer._replace(basis=f"{answer.basis}, its branch of a group of several states", kind="organisation")


def act_after(reading: Reading, end: int) -> Acts | None:
    """Tells by the verb after a name what its bearer does: speaks or fights; None where no such verb follows."""
    words = [word for word in reading.words_in(end, end + _VERB_WITHIN) if word.folded not in _AUXILIARIES]
    if not words or not words[0].text.islower() or reading.body[end : words[0].start].strip(_BETWEEN):
        return None
    verb = words[0].folded
    known = reading.names.acts.get(verb)
    if known in {"speaks", "fights"}:
        return "fights" if known == "fights" else "speaks"
    return "speaks" if verb.endswith("ed") and len(verb) > _SHORT_VERB and verb not in NOT_THEIRS else None


def _first_content(parts: Parts) -> int:
    skip = {"the", "a", "an", "some", "several", "many", "most", "other", "all", "top", "senior", "few"}
    return next((i for i, word in enumerate(parts.words) if word.folded not in skip and not word.text.isdigit()), 0)


def _heads_nothing(reading: Reading, parts: Parts, pair: tuple[Found, Sense]) -> bool:
    """Tells a surname after the title of a head, "Prime Minister Singh", whose known bearer never held an office."""
    office = reading.names.offices.get(parts.office or "")
    if office is None or not office.is_head or pair[0].first != pair[0].last or pair[1].kind != "person":
        return False
    spells = reading.names.persons.get(pair[1].detail, ())
    return bool(spells) and not any(spell.source == "office_holders" for spell in spells)


def _weaker(pair: tuple[Found, Sense], named: Sequence[tuple[Found, Sense]], parts: Parts) -> bool:
    """A general body name ("Supreme Court", "Congress") gives way to a state in the phrase; any body after one does."""
    states = [n for n in named if n[1].kind in STATE_KINDS]
    if not states:
        return False
    if pair[1].is_generic or (pair[1].code == "USA" and pair[1].detail in {"parliament", "court", "party"}):
        return True
    return states[0][0].first < pair[0].first and bool(parts.agent)


def _is_foreign(reading: Reading, parts: Parts, found: Found) -> bool:
    """Tells a state that only qualifies: Iran-backed, pro-Palestinian; and whose allies or partners others are."""
    if reading.is_qualifier(found) and found.end < parts.words[-1].end:
        return True
    head = parts.words[-1].folded
    is_state = any(sense.kind in STATE_KINDS for sense in found.senses)
    if _belongs_to_others(parts, found) and is_state:
        return True
    return (
        is_state
        and head in _PARTNERS
        and found.last < len(parts.words) - 1
        and not any(w.folded in _BREAKS for w in parts.words)
    )


def _belongs_to_others(parts: Parts, found: Found) -> bool:
    """Tells a state that only describes others: "countries near Russia", "buyers of Iranian oil", "Gaza mediators"."""
    limit = next((i for i, word in enumerate(parts.words) if i and word.folded in _BREAKS | _ACTING), None)
    head = parts.words[limit - 1 if limit else -1].folded
    if limit is not None and head in _OTHERS:
        return parts.words[limit].start < found.start
    is_adjective = any(sense.kind == "demonym" for sense in found.senses)
    return head in _BETWEEN_STATES and not is_adjective


def _coordinated(reading: Reading, parts: Parts, named: Sequence[tuple[Found, Sense]]) -> list[tuple[Found, Sense]]:
    """ "Ukraine and Russia", "US, Israel": every name counts where nothing but joints stands between names."""
    if len(named) < 2 or len(named) * 4 < len(parts.words):
        return []
    for left, right in zip(named, named[1:], strict=False):
        if not _JOIN.fullmatch(reading.body[left[0].end : right[0].start]):
            return []
        if reading.body[left[0].end : right[0].start] == "-" and len(named) < len(parts.words):
            return []
    return list(named) if len({sense.code for _, sense in named}) > 1 else []


def _surname(reading: Reading, parts: Parts) -> Answer | None:
    """A bare surname: of somebody named in full in this article, or in office in a state that the article names."""
    if any(pair[1].kind in {"body", "person"} for pair in parts.found):
        return None
    for word in reversed(parts.words):
        is_taken = any(found.start <= word.start < found.end for found, _ in parts.found)
        people = (
            reading.names.surnames.get(word.folded, ())
            if not is_taken and word.text[:1].isupper() and len(word.text) > 2
            else ()
        )
        for person in people:
            standing = reading.names.stands(person, reading.on)
            if standing and _fits(reading, parts, word, standing):
                return answer_standing(reading, standing)
    return None


def _fits(reading: Reading, parts: Parts, word: Word, standing: Standing) -> bool:
    given = fold(standing.spell.name.split()[0])
    if len(parts.words) > 1 and any(
        w.text[:1].isupper() and w.folded not in HONORIFICS and w is not word for w in parts.words
    ):
        others = {w.folded for w in parts.words if w is not word}
        codes = {sense.code for _, sense in parts.found}
        if parts.office and given not in others and standing.spell.office != parts.office:
            return False
        return given in others or standing.spell.code in codes
    if standing.is_past:
        return False
    return any(code == standing.spell.code for _, code, _ in reading.country_mentions)


def _common(reading: Reading, parts: Parts, *, start: int, end: int, hint: Hint) -> list[Answer]:
    """Words without a country: somebody described elsewhere in the article, else the country the article is about."""
    code = parts.owner or reading.names.sole_owner.get(parts.office or "")
    if parts.office and code:
        return [answer_office(reading, parts.office, code, "offices: one of its kind")]
    holder = named_holder(reading, parts, start)
    if holder and parts.words[0].folded not in POSSESSIVE:
        return [holder]
    owned = owned_by_pronoun(reading, parts)
    if owned:
        return [owned]
    known = described(reading, parts, start)
    if known:
        return [known]
    group = same_group(reading, parts, start)
    if group:
        return [group]
    return _by_article(reading, parts, question_of(start, end, "".join(parts.agent[:1]), hint))


def question_of(start: int, end: int, sector: str, hint: Hint) -> Question:
    return Question(start, end, sector, hint.opponent, hint.counterpart, hint.acts or "")


def _held_first(reading: Reading, parts: Parts, ranked: Sequence[tuple[str | None, float]]) -> tuple[str | None, float]:
    """The likeliest state; for an office without a country the likeliest that has one: Britain has no president."""
    if parts.office is None or parts.is_former:
        return ranked[0]
    return next(((code, share) for code, share in ranked if code and _has_office(reading, parts, code)), ranked[0])


def _has_office(reading: Reading, parts: Parts, code: str) -> bool:
    """Tells whether a state has the office on the day; "the king" is he whom the title of a monarch means as well."""
    known = reading.names.offices[parts.office or ""]
    if known.name in {"leader", "monarch"} or not known.is_head:
        return known.name != "monarch" or reading.names.has_monarch(code, reading.on)
    standing = reading.names.holder(code, known.name, reading.on)
    return standing is not None and not standing.is_past


def _by_article(reading: Reading, parts: Parts, question: Question) -> list[Answer]:
    """The state that the article is about, as far as this phrase goes."""
    code, share = _held_first(reading, parts, rank_states(reading, question, reading.names.ranking))
    sectors = ("ELI",) if parts.is_former else parts.agent
    if code is None:
        entity = Entity(code=None, sectors=sectors)
        return [Answer(entity, "no single state by the article", share, "group")] if parts.agent else []
    if parts.office and not parts.is_former:
        return [answer_office(reading, parts.office, code, f"the article is about {code}")]
    return [Answer(Entity(code=code, sectors=sectors), f"the article is about {code}", 0.8 * share, "group")]
