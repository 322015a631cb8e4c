"""Merging: cells, copies, acts, readings, the same happening, belief, the record and links, in that order."""

from __future__ import annotations

import hashlib
import re
import tomllib
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib import resources
from itertools import combinations, product
from math import asin, cos, log, prod, radians, sin, sqrt
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import numpy as np

from dragoman.countries import load_countries
from dragoman.model import Event, Link, Party, Record
from dragoman.rows import date_bounds, party_key

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHash

# How many words before and after an anchor are near it: they say what was done to whom, where the rest of a sentence
# may tell of something else.
NEAR_WORDS = 6
# What the words of the anchors themselves weigh beside those of the sentences and those near the anchors.
ANCHOR_SHARE = 0.5
# Two groups of reports are joined by two like reports only if all of them agree so far on average: a chain of reports,
# each like the next, is not one happening. Where the articles are about the same, this share of it is enough.
ALIKE_IN_ONE_TOPIC = 0.6
# Quad classes of words alone: who says something, says it for themselves.
VERBAL = frozenset({1, 3})
# What an article is about: so many of its weightiest stems; fewer words than LEAST_WORDS do not say it. One that has
# TOLD_STEMS of them tells its story at length.
TOPIC_WORDS = 60
LEAST_WORDS = 12
TOLD_STEMS = 40
# Weighted cosine of what articles are about, on average, from which they tell one story, and that where none of them
# tells it at length. The first was set on topics of ECB+ that eval/coreference.py does not report, the second on
# headlines as well.
SAME_STORY = 0.14
SAME_SHORT_STORY = 0.3
# Likeness of two short articles of one story from which the same act is one happening though its parties do not fit.
SAME_ACT_OF_OTHERS = 0.4
# Of six signs that two brief reports tell of two happenings so many part them: one or two are how outlets differ. The
# number was set on judged pairs of headlines.
SIGNS_OF_TWO = 3
# How the basis of a date begins that words of the report tell (times/dating.py); else it is of the day of publication.
TOLD_DATE = "told "
# How much more than another word as rare a name says which story it is.
NAME_SHARE = 3.0
# Stems of a topic by which articles that may tell one story find each other.
TOPIC_KEYS = 8
# From which two happenings a day apart, or a day and its month, are linked.
LINKED_WORDS = 0.25
# From which one that is asserted and one that is denied are the same.
DENIED_WORDS = 0.1
# Spots farther from each other than this are not where one happening took place; a state or a region is no spot.
FAR_APART_KM = 300.0
SPOTS = frozenset({"town", "site"})
# From which two reports of violence on one day, with one victim and two culprits, are the same act told twice.
SAME_CULPRIT_WORDS = 0.5
STEM_LENGTH = 5
CORE_WORDS = 30
# Stories up to which comparing all pairs is quicker than an index.
COMPARED_EACH_WITH_EACH = 40
# Endings with which a word of data/merging/acts.tsv is still that word.
ENDINGS = ("", "s", "es", "d", "ed", "ing", "ings")
# Bins that like pairs are sorted in, for each step of likeness by 1.
BINS = 256
# Letters by which a name is known in its other forms.
NAME_BEGINS = 4

_WORD = re.compile(r"[^\W_]+")

Asked = TypeVar("Asked", bound=Hashable)


@cache
def load_priors() -> dict[str, Any]:
    """The tables of data/belief.toml."""
    return tomllib.loads(resources.files("dragoman").joinpath("data/belief.toml").read_text("utf-8"))


@cache
def family_of(event_type: str) -> str:
    """The family of types that reporters use for one happening; a type in none is its own family."""
    families: dict[str, list[str]] = load_priors()["families"]
    return next((name for name, members in families.items() if event_type in members), event_type)


def happening_day(event: Event) -> str | None:
    """The date value by which an event is filed: its own, else the day of publication, else None."""
    published = event.evidence.published
    return event.date.value or (published.isoformat() if published else None)


def cell_of(event: Event) -> str:
    """The block within which an event can merge: date value, family of types and status, joined by `|`."""
    return f"{happening_day(event) or '?'}|{family_of(event.event_type)}|{event.status}"


# --- copies: one story in many outlets is one voice ---


def sketch_text(text: str) -> bytes:
    """The MinHash of a story's shingles of words, as little-endian bytes: small enough to lie with every article.

    Empty where there are no words: a story without a text is a copy of none.
    """
    size = load_priors()["copies"]["shingle_words"]
    words = _WORD.findall(text.casefold())
    if not words:
        return b""
    shingles = {" ".join(words[at : at + size]) for at in range(max(1, len(words) - size + 1))}
    sketch = _blank_sketch().copy()
    sketch.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in shingles])
    return np.asarray(sketch.hashvalues, dtype="<u4").tobytes()


@cache
def _blank_sketch() -> MinHash:
    from datasketch import MinHash  # as above

    priors = load_priors()["copies"]
    return MinHash(num_perm=priors["permutations"], seed=priors["seed"], scheme=priors["scheme"])


def _unpack_sketch(packed: bytes) -> LeanMinHash:
    from datasketch import LeanMinHash  # as above

    priors = load_priors()["copies"]
    return LeanMinHash(seed=priors["seed"], hashvalues=np.frombuffer(packed, dtype="<u4"), scheme=priors["scheme"])


def find_copies(packed_sketches: Mapping[str, bytes]) -> frozenset[tuple[str, str]]:
    """Pairs of article ids (smaller first) whose stories are near-verbatim copies of each other, from `sketch_text`.

    Each pair is judged alone. Few stories are compared each with each; among many, candidates come from an LSH index,
    which finds 99 % of the pairs at the threshold and more above it.
    """
    threshold = load_priors()["copies"]["threshold"]
    sketches = {article_id: _unpack_sketch(packed) for article_id, packed in sorted(packed_sketches.items()) if packed}
    if len(sketches) < 2:
        return frozenset()
    pairs = combinations(sketches, 2) if len(sketches) <= COMPARED_EACH_WITH_EACH else _likely_copies(sketches)
    return frozenset(pair for pair in pairs if sketches[pair[0]].jaccard(sketches[pair[1]]) >= threshold)


def _likely_copies(sketches: Mapping[str, LeanMinHash]) -> Iterator[tuple[str, str]]:
    from datasketch import MinHashLSH  # here, since it brings scipy and takes a third of a second

    priors = load_priors()["copies"]
    bands = (priors["bands"], priors["permutations"] // priors["bands"])
    index = MinHashLSH(num_perm=priors["permutations"], params=bands)
    for article_id, sketch in sketches.items():
        yield from ((other_id, article_id) for other_id in index.query(sketch))
        index.insert(article_id, sketch)


def find_topic(text: str) -> tuple[str, ...]:
    """The stems that say what a story is about, the weightiest first; none where it is too short to say it.

    A stem weighs more the oftener it stands in the story (by the logarithm) and the seldomer in news. What the story
    only writes with a capital letter is a name, and given in capital letters.
    """
    counts = Counter(stems_of(text))
    if counts.total() < LEAST_WORDS:
        return ()
    weights, unknown = _weights()
    weighed = {stem: (1 + log(number)) ** 2 * weights.get(stem, unknown) for stem, number in counts.items()}
    names = _names_in(text)
    weightiest = sorted(weighed, key=lambda stem: (-weighed[stem], stem))[:TOPIC_WORDS]
    return tuple(stem.upper() if stem in names else stem for stem in weightiest)


def _names_in(text: str) -> frozenset[str]:
    """Stems of the words that begin with a capital letter wherever they stand; words all in capitals say nothing."""
    words = [word for word in _WORD.findall(text) if not word.isupper()]
    capital = {word.casefold()[:STEM_LENGTH] for word in words if word[0].isupper()}
    return frozenset(capital - {word.casefold()[:STEM_LENGTH] for word in words if word[0].islower()})


def find_wire(text: str) -> str | None:
    """The news agency that a story's opening or closing words credit, e.g. `KYIV (Reuters) -`; None where none."""
    for window in (text[:300], text[-200:]):
        if match := _wire_pattern().search(window):
            return match[1] or match[2] or match[3]
    return None


@cache
def _wire_pattern() -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in load_priors()["wires"]["names"])
    return re.compile(rf"\(({names})\)|(?:^|[\s/])({names})\s?[—–-]{{1,2}}\s|\b(?:Source|Credit|By): ?({names})\b")


# --- what an anchor says was done ---


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
    words = _joined(_WORD.findall(anchor.casefold()), rows)
    found = [row for row in rows if any(row.names(word) for word in words)]
    if len(words) > 1 and any(row.names(words[-2]) for row in found):
        # An "assassination probe" is a probe: of two nouns the last is meant.
        found = [row for row in found if row.kind in _law_classes() and row.names(words[-1])] or found
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


# --- one event, prepared for comparing ---


# Stems of what those who act are called, and those who are acted on.
Called: TypeAlias = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """Who acts and who is acted on, by code, those without one by how their words begin; empty where all act alike.

    `own_actors` and `own_recipients` have the code of a state only where the party is the state itself: the police and
    the suspect are both of Italy, and one of them in the other's part has not swapped sides.
    """

    actors: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    own_actors: frozenset[str] = frozenset()
    own_recipients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """An event with what comparing needs. `key` is what makes its happening one; equal keys always merge."""

    event: Event
    natural_id: str
    day: str | None
    bounds: tuple[date, date] | None
    family: str
    actors: frozenset[str]
    recipients: frozenset[str]
    dyads: frozenset[tuple[str, str]]
    sectors: frozenset[str]
    words: frozenset[str]
    near: frozenset[str]
    anchor: frozenset[str]
    acts: Acts
    place: str | None
    country: str | None
    roles: _Roles
    called: Called
    is_date_told: bool
    topic: tuple[str, ...] = ()
    story: int | None = None

    @property
    def deeds(self) -> frozenset[str]:
        """What was done, as the anchor says it: the acts it names, else its stems."""
        return self.acts.acts or frozenset(stems_of(self.event.evidence.anchor.text))


def _prepare(event: Event, topic: tuple[str, ...] = ()) -> _Reading:
    day = happening_day(event)
    actors, recipients = _keys(event.actors), _keys(event.recipients)
    place = event.place
    place_name = (place.name or place.text).casefold() if place else None
    words = _content_words(event)
    return _Reading(
        event=event,
        natural_id=_natural_id(event, day, (actors, recipients), place_name),
        day=day,
        bounds=date_bounds(day),
        family=family_of(event.event_type),
        actors=actors,
        recipients=recipients,
        dyads=_dyads_of(actors, recipients) or _dyads_among(event, actors, recipients),
        sectors=_sectors_of(event),
        words=words,
        near=words & frozenset(stems_of(_words_near(event))),
        anchor=words & frozenset(stems_of(event.evidence.anchor.text)),
        acts=read_acts(event.evidence.anchor.text, event.event_type),
        place=place_name,
        country=place.country if place else None,
        roles=_Roles() if len(topic) >= TOLD_STEMS else _roles_of(event),
        called=(_stems_of_names(event.actors), _stems_of_names(event.recipients)),
        is_date_told=event.date.basis.startswith(TOLD_DATE),
        topic=topic,
    )


def _keys(parties: Iterable[Party]) -> frozenset[str]:
    """Codes of the parties; an unresolved party is known by its words, behind a question mark."""
    return frozenset(party_key(party) or f"?{(party.name or party.text).casefold()}" for party in parties)


def _roles_of(event: Event) -> _Roles:
    if event.event_type in load_priors()["mutual"]["types"]:
        return _Roles()
    return _Roles(
        actors=_beginnings(event.actors),
        recipients=_beginnings(event.recipients),
        own_actors=_beginnings(event.actors, own=True),
        own_recipients=_beginnings(event.recipients, own=True),
    )


def _beginnings(parties: Iterable[Party], *, own: bool = False) -> frozenset[str]:
    """Codes of the parties, or how their words begin where they have none, or (`own`) share it with their country."""
    found: set[str] = set()
    for party in parties:
        key = party_key(party)
        is_known = key is not None and (not own or _has_speakers(party))
        # Of two nouns the last is who is meant: a Mafia boss is no Mafia clan.
        words = stems_of(party.text)[-1:] if own else stems_of(party.text)
        found.update([key] if key and is_known else (word[:NAME_BEGINS] for word in words))
    return frozenset(found)


def _stems_of_names(parties: Iterable[Party]) -> frozenset[str]:
    return frozenset(stem for party in parties for stem in (*stems_of(party.text), *stems_of(party.name or "")))


def _dyads_of(actors: frozenset[str], recipients: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Pairs of resolved parties that face each other; empty inside one country or with a side unknown."""
    return frozenset(
        (actor, recipient)
        for actor in actors
        for recipient in recipients
        if actor != recipient and actor[0] != "?" and recipient[0] != "?"
    )


def _dyads_among(event: Event, actors: frozenset[str], recipients: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Pairs of resolved parties that do something with each other, as those who talk do: none is acted upon."""
    if event.event_type not in load_priors()["mutual"]["types"] or recipients - actors:
        return frozenset()
    return frozenset(combinations(sorted(key for key in actors if key[0] != "?"), 2))


def _sectors_of(event: Event) -> frozenset[str]:
    return frozenset(sector for party in (*event.actors, *event.recipients) for sector in party.sectors)


def _natural_id(
    event: Event, day: str | None, parties: tuple[frozenset[str], frozenset[str]], place: str | None
) -> str:
    """The id from what makes a happening one: type, status, parties and day; place and anchor tell two of a day apart.

    Two reports with one id are always one happening. So where the date is no day, or no two sides face each other, the
    sentence's words are in it too, and without parties or date the event's own id: the rest is too little for one.
    """
    anchor = " ".join(stems_of(event.evidence.anchor.text))
    sides = "|".join(",".join(sorted(side)) for side in parties)
    if parties[0] == parties[1]:  # inside one country the sectors say who
        sides += "|" + ",".join(sorted(_sectors_of(event)))
    key = [event.event_type, event.status, sides, day or "?", place or "", anchor]
    bounds = date_bounds(day)
    if bounds is None or bounds[0] != bounds[1] or not _dyads_of(*parties):
        key += sorted(_content_words(event))
    if day is None or not any(parties):
        key.append(event.event_id)
    return "r" + hashlib.sha256("\x1f".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def stems_of(text: str) -> list[str]:
    """The first letters of the words that say something, in their order; numbers count, closed word classes do not."""
    empty = _empty_words()
    return [
        word[:STEM_LENGTH]
        for word in _WORD.findall(text.casefold())
        if word not in empty and (len(word) > 2 or word.isdigit())
    ]


@cache
def _empty_words() -> frozenset[str]:
    return frozenset(load_priors()["words"]["empty"].split())


def _content_words(event: Event) -> frozenset[str]:
    """Stems of the sentence: what says which of the day's happenings is meant.

    Where two sides face each other their names are left out, since both reports have them anyway, in any form that
    begins alike (Russia, Russian). Inside one country they are what tells happenings apart.
    """
    words = frozenset(stems_of(event.evidence.sentence.text))
    if not _dyads_of(_keys(event.actors), _keys(event.recipients)):
        return words
    named = {stem[:NAME_BEGINS] for party in (*event.actors, *event.recipients) for stem in stems_of(party.name or "")}
    return frozenset(word for word in words if word[:NAME_BEGINS] not in named)


def _words_near(event: Event) -> str:
    """The anchor of an event with the words before and after it in its sentence."""
    sentence, anchor = event.evidence.sentence, event.evidence.anchor
    since, until = max(0, anchor.start - sentence.start), max(0, anchor.end - sentence.start)
    before, after = sentence.text[:since].split(), sentence.text[until:].split()
    return " ".join([*before[-NEAR_WORDS:], anchor.text, *after[:NEAR_WORDS]])


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Cosine of two sets of stems, 0 to 1, a stem weighing by how seldom it stands in news."""
    shared = _mass(one & other)
    return shared / sqrt(_mass(one) * _mass(other)) if shared else 0.0


def _mass(words: Iterable[str]) -> float:
    weights, unknown = _weights()
    return sum(weights.get(word, unknown) for word in words)


@cache
def _weights() -> tuple[dict[str, float], float]:
    """Squared inverse document frequency (Sparck Jones 1972) of each stem, and that of a stem not in the table."""
    lines = resources.files("dragoman").joinpath("data/merging/weights.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "stem\t"))]
    counts = {stem: int(number) for stem, number in rows}
    articles = counts.pop("*")
    weights = {stem: log((articles + 1) / (number + 1)) ** 2 for stem, number in counts.items()}
    return weights, log((articles + 1) / 2) ** 2


# --- the same happening ---


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of two readings: likeness of the sentences, agreement as a whole, likeness of their topics."""

    words: float
    agreement: float
    topic: float
    in_one_topic: bool = False


@cache
def _asked_of(fit: str) -> _Asked:
    """The row of data/belief.toml for a fit."""
    return _Asked(**load_priors()["same"][fit])


def _agreement(one: _Reading, other: _Reading) -> float:
    """How far two readings agree: likeness of their sentences, of what stands near the anchors, and of the anchors."""
    return (
        _likeness(one.words, other.words)
        + _likeness(one.near, other.near)
        + ANCHOR_SHARE * _likeness(one.anchor, other.anchor)
    )


def _vector(reading: _Reading) -> dict[tuple[str, str], float]:
    """A reading as a vector: the product of two is their agreement."""
    parts = (_part("words", reading.words), _part("near", reading.near), _part("anchor", reading.anchor, ANCHOR_SHARE))
    return {key: value for part in parts for key, value in part.items()}


def _part(name: str, words: Collection[str], share: float = 1.0) -> dict[tuple[str, str], float]:
    """Words as a vector of length sqrt(share): the product of two is so much of their likeness."""
    weights, unknown = _weights()
    length = sqrt(_mass(words)) or 1.0
    return {(name, word): sqrt(share * weights.get(word, unknown)) / length for word in sorted(words)}


def _product(one: Mapping[Any, float], other: Mapping[Any, float]) -> float:
    few, many = sorted((one, other), key=len)
    return sum(value * many.get(key, 0.0) for key, value in few.items())


def _add(total: dict[Any, float], more: Mapping[Any, float]) -> None:
    for key, value in more.items():
        total[key] = total.get(key, 0.0) + value


def _asked(one: _Reading, other: _Reading) -> _Asked | None:
    """How far two readings of a cell must agree to report one happening; None where nothing makes them one."""
    asked = _asked_by_parties(one, other)
    if asked is None or _tell_it_at_length(one, other) or asked == _asked_of("story"):
        return asked
    more = load_priors()["same"]["more"]
    agreement = asked.agreement
    agreement += 0.0 if _anchors_meet(one, other) else more["anchors apart"]
    agreement += 0.0 if one.bounds and one.bounds[0] == one.bounds[1] else more["no day"]
    return replace(asked, agreement=agreement)


def _asked_by_parties(one: _Reading, other: _Reading) -> _Asked | None:
    if _places_differ(one, other) or _acts_differ(one, other):
        return None
    if not _tell_it_at_length(one, other) and _are_told_of_two(one, other):
        return None
    if _is_one_story(one, other):
        return _asked_of("story")
    fit = _parties_fit(one, other)
    if fit is None:
        return None
    if _in_one_sentence(one, other) and not _anchors_meet(one, other):
        return None  # "warns that Tehran will burn and hints at regime change" tells of two
    if fit == "fully" and _in_one_article(one, other) and one.acts.acts & other.acts.acts:
        return _asked_of("story")
    if one.event.event_type != other.event.event_type or fit == "partly":
        fit = "loosely"
    elif not one.acts.acts & other.acts.acts:
        fit = f"{fit} of vague acts"
    return _asked_of(f"{fit} in one topic" if _tell_it_at_length(one, other) else fit)


def _in_one_article(one: _Reading, other: _Reading) -> bool:
    return one.event.evidence.article_id == other.event.evidence.article_id


def _in_one_sentence(one: _Reading, other: _Reading) -> bool:
    return _in_one_article(one, other) and one.event.evidence.sentence.start == other.event.evidence.sentence.start


def _anchors_meet(one: _Reading, other: _Reading) -> bool:
    """Whether two anchors name the same act or share a word that says something."""
    return bool(one.acts.acts & other.acts.acts or one.anchor & other.anchor)


def _parties_fit(one: _Reading, other: _Reading) -> str | None:
    """How the parties of two readings fit; None where they do not.

    `fully`: an actor and a recipient that face each other in both; `weakly`: shared parties, but in neither do two
    resolved sides face each other; `partly`: shared parties, and only one of the two has both sides.
    """
    if one.dyads and other.dyads:
        return "fully" if one.dyads & other.dyads else None
    if not _sides_fit(one, other):
        return None
    if one.dyads or other.dyads:
        return "partly"
    if one.actors == one.recipients and one.sectors and other.sectors and not one.sectors & other.sectors:
        return None  # inside one country the code alone does not say who: police and strikers are both FRA
    return "weakly"


def _sides_fit(one: _Reading, other: _Reading) -> bool:
    """Whether a side is shared, and the other is shared too or unknown in one of them."""
    shared = [bool(one.actors & other.actors), bool(one.recipients & other.recipients)]
    unknown = [not (one.actors and other.actors), not (one.recipients and other.recipients)]
    return any(shared) and all(fits or is_open for fits, is_open in zip(shared, unknown, strict=True))


def _is_one_story(one: _Reading, other: _Reading) -> bool:
    """Whether two readings tell the same act of one story; never against known sides.

    If Iraq welcomes a deal and Turkey does, they do so each for itself.
    """
    if (one.dyads and other.dyads) or _sides_differ(one, other) or not one.deeds & other.deeds:
        return False
    if not _tell_one_story(one, other):
        return False
    if _tell_it_at_length(one, other):
        return True
    # Briefly told, "ready for talks" and "talks at the White House" are the same word and two happenings.
    if one.event.event_type != other.event.event_type:
        return False
    return _parties_fit(one, other) is not None or _likeness_of_topics(one, other) >= SAME_ACT_OF_OTHERS


def _likeness_of_topics(one: _Reading, other: _Reading) -> float:
    """Cosine of what two readings' articles are about, 0 to 1."""
    return _product(_topic_part(one.topic), _topic_part(other.topic))


def _are_told_of_two(one: _Reading, other: _Reading) -> bool:
    """Whether two brief reports tell of two: sides are swapped, another speaks, one is a part, or more signs say so."""
    if _are_swapped(one.roles, other.roles):
        return True
    # A headline and its article name a speaker or a town with more or less words.
    if _in_one_article(one, other):
        return False
    return _speakers_differ(one, other) or _is_part(one, other) or _has_signs_of_two(one, other)


def _has_signs_of_two(one: _Reading, other: _Reading) -> bool:
    """Whether enough of six signs say that two brief reports tell of two happenings.

    The signs: words tell the date of one alone; their places have other names; their articles are not much alike; and
    where not both have two sides that face each other, those who act are called by no word in common, nor are those
    who are acted on, or these are named in one alone.
    """
    signs = (one.is_date_told is not other.is_date_told) + bool(one.place and other.place and one.place != other.place)
    if not (one.dyads and other.dyads):
        recipients, other_recipients = one.called[1], other.called[1]
        signs += _are_opposed(one.called[0], other.called[0]) + _are_opposed(recipients, other_recipients)
        signs += bool(recipients) is not bool(other_recipients)
    # Likeness takes long to compute: it is asked only where it decides.
    if signs == SIGNS_OF_TWO - 1 and one.topic and other.topic:
        signs += _likeness_of_topics(one, other) < SAME_ACT_OF_OTHERS
    return signs >= SIGNS_OF_TWO


def _is_part(one: _Reading, other: _Reading) -> bool:
    """Whether of what is done in many places at once one reading tells what was done at one spot, the other not."""
    if one.event.event_type not in load_priors()["scattered"]["types"]:
        return False
    return (_spot(one) is None) is not (_spot(other) is None)


def _are_swapped(one: _Roles, other: _Roles) -> bool:
    """Whether who acts in one is acted on in the other, and nobody has the same part in both."""
    if one.actors & other.actors or one.recipients & other.recipients:
        return False
    return bool(one.own_actors & other.own_recipients or one.own_recipients & other.own_actors)


def _speakers_differ(one: _Reading, other: _Reading) -> bool:
    """Whether an act of mere words is that of two: both name who says it, a person or an organ, and not the same."""
    if one.event.quad not in VERBAL or one.acts.classes & other.acts.classes & _law_classes():
        return False
    return _are_opposed(_named_actors(one), _named_actors(other))


def _has_speakers(party: Party) -> bool:
    """Whether a party is a state by its own name, an organisation of states or rebels: its leaders' word is its own."""
    country = load_countries().get(party.code or "")
    return country is None or country.name == party.name or "REB" in party.sectors


def _named_actors(reading: _Reading) -> frozenset[str]:
    """Stems of the names of those who act; empty where one has no name, or only that of those for whom others speak."""
    stems: set[str] = set()
    for party in reading.event.actors:
        if party.name is None or _has_speakers(party):
            return frozenset()
        stems.update(stems_of(party.text), stems_of(party.name))
    return frozenset(stems)


def _tell_one_story(one: _Reading, other: _Reading) -> bool:
    return one.story is not None and one.story == other.story


def _tell_it_at_length(one: _Reading, other: _Reading) -> bool:
    """Whether two readings are of articles that tell one story, both at length."""
    return _tell_one_story(one, other) and min(len(one.topic), len(other.topic)) >= TOLD_STEMS


def _sides_differ(one: _Reading, other: _Reading) -> bool:
    """Whether an act of mere words has a known side in both, and it is nobody of the other's."""
    sides = ((one.actors, other.actors), (one.recipients, other.recipients))
    if one.event.quad not in VERBAL or one.acts.classes & other.acts.classes & _law_classes():
        return False
    return any(_are_opposed(_resolved(mine), _resolved(theirs)) for mine, theirs in sides)


@cache
def _law_classes() -> frozenset[str]:
    """Classes of acts that are steps of the law: told in words, but taken once, by one authority."""
    return frozenset(load_priors()["law"]["classes"])


def _resolved(keys: frozenset[str]) -> frozenset[str]:
    return frozenset(key for key in keys if key[0] != "?")


def _acts_differ(one: _Reading, other: _Reading) -> bool:
    """Whether two anchors name acts of different classes: whoever was charged may be convicted another time."""
    return _are_opposed(one.acts.classes, other.acts.classes)


def _are_opposed(one: frozenset[Any], other: frozenset[Any]) -> bool:
    return bool(one and other and not one & other)


def _hold_opposed(held: Sequence[set[frozenset[Any]]], one: int, other: int) -> bool:
    """Whether something held at one position excludes something held at another."""
    return any(_are_opposed(*pair) for pair in product(held[one], held[other]))


def _places_differ(one: _Reading, other: _Reading) -> bool:
    """Whether two reports name places in different countries, or two spots that lie far from each other."""
    if one.country and other.country and one.country != other.country:
        return True
    here, there = _spot(one), _spot(other)
    return here is not None and there is not None and _distance(here, there) > FAR_APART_KM


def _spot(reading: _Reading) -> tuple[float, float] | None:
    """Latitude and longitude, in radians, of a place small enough to be at one spot."""
    place = reading.event.place
    if place is None or place.latitude is None or place.longitude is None or place.kind not in SPOTS:
        return None
    return radians(place.latitude), radians(place.longitude)


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres between two points on a sphere (haversine)."""
    rise, turn = (sin((one[at] - other[at]) / 2) ** 2 for at in (0, 1))
    return 2 * 6371 * asin(sqrt(min(1.0, rise + cos(one[0]) * cos(other[0]) * turn)))


def _cluster(readings: Sequence[_Reading]) -> list[list[_Reading]]:
    """Groups of readings of one cell, the likest pairs joined first; equal natural ids are always one group."""
    readings = _with_stories(readings)
    groups = _AlikeGroups(readings)
    first_with_id: dict[str, int] = {}
    for at, reading in enumerate(readings):
        groups.join(at, first_with_id.setdefault(reading.natural_id, at))
    for one, other, asked in _same_pairs(readings).likest_first():
        if groups.are_alike(one, other, asked):
            groups.join(one, other)
    clusters: dict[int, list[_Reading]] = defaultdict(list)
    for at, reading in enumerate(readings):
        clusters[groups.find(at)].append(reading)
    return list(clusters.values())


def _with_stories(readings: Sequence[_Reading]) -> Sequence[_Reading]:
    """The readings of one cell with the story that their articles tell."""
    stories = find_stories({one.event.evidence.article_id: one.topic for one in readings if one.topic})
    if not stories:
        return readings
    return [replace(one, story=stories.get(one.event.evidence.article_id)) for one in readings]


def find_stories(topics: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """For each article id the number of the story that it tells, by what the articles are about (`find_topic`).

    The likest articles are joined first, and two groups of them only if they are alike on average: a chain of
    articles, each like the next, is not one story.
    """
    article_ids = sorted(topics)
    stories = _Stories([topics[article_id] for article_id in article_ids])
    for one, other, _ in stories.like_pairs().likest_first():
        stories.join_if_alike(one, other)
    return {article_id: stories.find(at) for at, article_id in enumerate(article_ids)}


def _topic_part(topic: Sequence[str]) -> dict[str, float]:
    """What an article is about as a vector of length 1, by stems in small letters; names weigh more."""
    weights, unknown = _weights()
    masses = {
        stem.casefold(): weights.get(stem.casefold(), unknown) * (NAME_SHARE if stem.isupper() else 1.0)
        for stem in topic
    }
    length = sqrt(sum(masses.values())) or 1.0
    return {stem: sqrt(mass) / length for stem, mass in sorted(masses.items())}


class _LikePairs(Generic[Asked]):
    """Pairs of positions with how like the two are, and what was asked of them: some 14 bytes a pair.

    On the day of a great story they are millions, and as objects of their own they would take gigabytes. They lie in
    bins by likeness, so that only one bin at a time is sorted, and none is held longer than it is needed.
    """

    def __init__(self, positions: int) -> None:
        self._code = "H" if positions <= 1 << 16 else "I"
        self._bins: dict[int, tuple[array[float], array[int], array[int], array[int]]] = {}
        self._kinds: dict[Asked, int] = {}

    def add(self, likeness: float, one: int, other: int, asked: Asked) -> None:
        number = int(likeness * BINS)
        if number not in self._bins:
            self._bins[number] = array("d"), array(self._code), array(self._code), array("H")
        values, ones, others, asked_at = self._bins[number]
        values.append(-likeness)
        ones.append(one)
        others.append(other)
        # What can be asked are a few rows of a table: each is kept once.
        asked_at.append(self._kinds.setdefault(asked, len(self._kinds)))

    def likest_first(self) -> Iterator[tuple[int, int, Asked]]:
        """The pairs, the likest first, then by position; each is given once."""
        kinds = list(self._kinds)
        for number in sorted(self._bins, reverse=True):
            values, ones, others, asked_at = self._bins.pop(number)
            keys = (np.frombuffer(others, self._code), np.frombuffer(ones, self._code), np.frombuffer(values, "d"))
            for at in np.lexsort(keys).data:
                yield ones[at], others[at], kinds[asked_at[at]]


def _same_pairs(readings: Sequence[_Reading]) -> _LikePairs[_Asked]:
    """Positions of two readings that are one happening, with their agreement and what was asked of it."""
    found = _LikePairs[_Asked](len(readings))
    for at, earlier in enumerate(_earlier_with_a_key(map(_keys_to_meet, readings))):
        for before in earlier:
            one, other = readings[before], readings[at]
            if one.natural_id == other.natural_id or (asked := _asked(one, other)) is None:
                continue
            likeness = _likeness(one.words, other.words)
            if likeness >= asked.words and (agreement := _agreement(one, other)) >= asked.agreement:
                found.add(agreement, before, at, asked)
    return found


def _keys_to_meet(reading: _Reading) -> Iterator[tuple[str, str]]:
    """Its parties by their side, and its deeds with its story: only readings that share one can be the same."""
    yield from (("actor", key) for key in reading.actors)
    yield from (("recipient", key) for key in reading.recipients)
    if reading.story is not None:
        yield from ((f"deed {deed}", str(reading.story)) for deed in reading.deeds)


def _earlier_with_a_key(keys_of: Iterable[Iterable[Hashable]]) -> Iterator[set[int]]:
    """For each in turn the positions of those before it that share a key with it."""
    having: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at, keys in enumerate(keys_of):
        mine = set(keys)
        yield {before for key in mine for before in having[key]}
        for key in mine:
            having[key].append(at)


class _Groups:
    """Disjoint sets of positions (union by smaller position, so that the outcome is canonical)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, at: int) -> int:
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low


class _Stories(_Groups):
    """Disjoint sets of articles that know how like each other they are on average, by the sum of their vectors."""

    def __init__(self, topics: Sequence[Sequence[str]]) -> None:
        super().__init__(len(topics))
        self._topics = topics
        self._sums = [_topic_part(topic) for topic in topics]
        self._sizes = [1] * len(topics)
        self._at_length = [len(topic) >= TOLD_STEMS for topic in topics]

    def like_pairs(self) -> _LikePairs[None]:
        """Positions of two articles that are about the same, with their likeness; before any is joined."""
        found = _LikePairs[None](len(self._topics))
        weightiest = ((stem.casefold() for stem in topic[:TOPIC_KEYS]) for topic in self._topics)
        for at, earlier in enumerate(_earlier_with_a_key(weightiest)):
            for before in earlier:
                if (likeness := _product(self._sums[before], self._sums[at])) >= self._least(before, at):
                    found.add(likeness, before, at, None)
        return found

    def join_if_alike(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        least = self._least(low, high) * self._sizes[low] * self._sizes[high]
        if low == high or _product(self._sums[low], self._sums[high]) < least - 1e-9:
            return
        self.join(low, high)
        self._at_length[low] |= self._at_length[high]
        self._sizes[low] += self._sizes[high]
        _add(self._sums[low], self._sums[high])
        self._sums[high] = {}

    def _least(self, one: int, other: int) -> float:
        return SAME_STORY if self._at_length[one] or self._at_length[other] else SAME_SHORT_STORY


class _AlikeGroups(_Groups):
    """Disjoint sets of readings that know how like each other they are on average: each keeps the sum of its
    readings' vectors.

    They know their acts too, so that a vague report does not join a charge to a conviction.
    """

    def __init__(self, readings: Sequence[_Reading]) -> None:
        super().__init__(len(readings))
        # One key for all readings that hold a word: the keys are most of a vector.
        keys: dict[tuple[str, str], tuple[str, str]] = {}
        self._sums = [{keys.setdefault(at, at): part for at, part in _vector(one).items()} for one in readings]
        self._topics = [_topic_part(reading.topic) for reading in readings]
        self._told = [int(bool(reading.topic)) for reading in readings]
        self._sizes = [1] * len(readings)
        self._classes = [{reading.acts.classes} for reading in readings]
        self._dyads = [{reading.dyads} for reading in readings]
        self._roles = [{reading.roles} for reading in readings]

    def are_alike(self, one: int, other: int, asked: _Asked) -> bool:
        """Whether two groups differ, hold nothing that excludes each other, and agree on average as far as is asked."""
        one, other = self.find(one), self.find(other)
        if one == other or _hold_opposed(self._classes, one, other):
            return False
        if any(_are_swapped(*pair) for pair in product(self._roles[one], self._roles[other])):
            return False
        if not asked.in_one_topic and _hold_opposed(self._dyads, one, other):
            return False
        if asked.topic and self._topics[one] and self._topics[other]:
            alike = _product(self._topics[one], self._topics[other])
            if alike < asked.topic * self._told[one] * self._told[other] - 1e-9:
                return False
        share = ALIKE_IN_ONE_TOPIC if asked.in_one_topic else 1.0
        least = share * asked.agreement * self._sizes[one] * self._sizes[other]
        return _product(self._sums[one], self._sums[other]) >= least - 1e-9

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        if low == high:
            return
        super().join(low, high)
        _add(self._sums[low], self._sums[high])
        _add(self._topics[low], self._topics[high])
        self._sizes[low] += self._sizes[high]
        self._told[low] += self._told[high]
        self._classes[low] |= self._classes[high]
        self._dyads[low] |= self._dyads[high]
        self._roles[low] |= self._roles[high]
        self._sums[high], self._topics[high] = {}, {}


# --- belief ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is known of the articles behind events: pairs of copies or sketches to find them by; credited agencies.

    `superseded` gives, for an article of which a later edition was read, the last one; `topics` what one is about
    (`find_topic`).
    """

    copies: frozenset[tuple[str, str]] = frozenset()
    sketches: Mapping[str, bytes] = field(default_factory=dict)
    wires: Mapping[str, str] = field(default_factory=dict)
    superseded: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def measure_belief(voices: Iterable[Iterable[Event]]) -> float:
    """How sure it is that a happening took place as recorded, 0 to 1, from the events of each independent voice.

    belief = status * (1 - systematic) * (1 - product over voices of (1 - report * best))
    best   = the greatest (attribution * confidence) among the events of that voice

    `confidence` is the reader's own; `attribution` depends on who says it (the outlet itself, the actor, the
    recipient, a third party, somebody unnamed). A voice counts once however often it repeats itself; a further voice
    never lowers belief; no number of voices lifts it above `1 - systematic`. The shape is INDRA's (Gyori et al. 2017);
    priors with their sources are in data/belief.toml. Contradiction is not discounted here: the record shows both
    sides in its disagreements and links.
    """
    priors = load_priors()
    pooled = [list(events) for events in voices]
    if not any(pooled):
        return 0.0
    missed = prod(1 - priors["voice"]["report"] * max(map(_weight, events)) for events in pooled if events)
    status = next(events[0].status for events in pooled if events)
    return round(float(priors["status"][status] * (1 - priors["error"]["systematic"]) * (1 - missed)), 6)


def _weight(event: Event) -> float:
    return float(load_priors()["attribution"][_who_says(event)]) * min(1.0, max(0.0, event.confidence))


def _who_says(event: Event) -> str:
    speaker = event.attributed_to
    if speaker is None:
        return "outlet"
    key = party_key(speaker)
    if key is None:
        return "unnamed"
    if key in _keys(event.actors):
        return "actor"
    return "recipient" if key in _keys(event.recipients) else "third"


def find_voices(events: Collection[Event], sources: Sources) -> list[list[Event]]:
    """The events by independent voice: one for each outlet or agency with whom a story in the record began.

    Copies of one story speak with the voice of the outlet that had it first (by day, an agency before others, then by
    name); two stories that began with one outlet are one voice. An article without a publisher speaks for itself.
    """
    by_article: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_article[event.evidence.article_id].append(event)
    article_ids = sorted(by_article)
    position = {article_id: at for at, article_id in enumerate(article_ids)}
    stories = _Groups(len(article_ids))
    for one, other in _copies_among(article_ids, sources):
        stories.join(position[one], position[other])
    voices: dict[str, list[Event]] = defaultdict(list)
    for members in _members(stories, article_ids):
        told = [event for article_id in members for event in by_article[article_id]]
        voices[_origin(told, sources.wires)].extend(told)
    return [voices[name] for name in sorted(voices)]


def _copies_among(article_ids: Sequence[str], sources: Sources) -> frozenset[tuple[str, str]]:
    if len(article_ids) < 2:
        return frozenset()
    known = frozenset(pair for pair in combinations(article_ids, 2) if pair in sources.copies)
    sketches = {
        article_id: sources.sketches[article_id] for article_id in article_ids if article_id in sources.sketches
    }
    return known | find_copies(sketches)


def _members(groups: _Groups, names: Sequence[str]) -> list[list[str]]:
    members: dict[int, list[str]] = defaultdict(list)
    for at, name in enumerate(names):
        members[groups.find(at)].append(name)
    return list(members.values())


def _origin(events: Iterable[Event], wires: Mapping[str, str]) -> str:
    """With whom a story began: the agency it credits, else the outlet that had it first."""
    credited = sorted(wires[event.evidence.article_id] for event in events if event.evidence.article_id in wires)
    if credited:
        return f"wire {credited[0].casefold()}"
    agencies = _agency_names()

    def rank(event: Event) -> tuple[date, bool, str]:
        name = (event.evidence.publisher or f"article {event.evidence.article_id}").casefold()
        return event.evidence.published or date.max, name not in agencies, name

    _, not_agency, name = min(map(rank, events))
    return name if not_agency else f"wire {name}"


@cache
def _agency_names() -> frozenset[str]:
    return frozenset(name.casefold() for name in load_priors()["wires"]["names"])


# --- the record ---


def merge_events(
    events: Iterable[Event],
    *,
    copies: Collection[tuple[str, str]] = (),
    wires: Mapping[str, str] | None = None,
    superseded: Mapping[str, str] | None = None,
) -> tuple[Record, ...]:
    """The happenings that the events report, sorted by date and id, linked with each other.

    `copies` are pairs of article ids that are near-verbatim copies (`find_copies`) or editions of one story, `wires`
    the agency an article credits (`find_wire`), `superseded` the later edition of an article (`find_versions`). The
    outcome depends on the set of events alone.
    """
    ordered = frozenset((min(pair), max(pair)) for pair in copies)
    sources = Sources(copies=ordered, wires=wires or {}, superseded=superseded or {})
    happenings = cluster_events(events, sources)
    return link_records(happenings, find_links(happenings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A merged record, not yet linked, with what linking needs: its cell, the words and numbers that tell it apart."""

    record: Record
    cell: str
    words: frozenset[str]
    harm: Mapping[str, int] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return self.cell.split("|")[1]


def cluster_events(events: Iterable[Event], sources: Sources) -> list[Happening]:
    """The merged happenings, not yet linked. An event id met twice counts once, with its most confident reading."""
    cells: dict[str, list[_Reading]] = defaultdict(list)
    for event in _distinct(events):
        cells[cell_of(event)].append(_prepare(event, sources.topics.get(event.evidence.article_id, ())))
    happenings = [_pool(cluster, sources) for cell in sorted(cells) for cluster in _cluster(cells[cell])]
    return sorted(happenings, key=lambda happening: (happening.record.date or "", happening.record.record_id))


def _distinct(events: Iterable[Event]) -> list[Event]:
    kept: dict[str, Event] = {}
    for event in events:
        known = kept.get(event.event_id)
        if known is None or (event.confidence, event.evidence.coder) > (known.confidence, known.evidence.coder):
            kept[event.event_id] = event
    return [kept[event_id] for event_id in sorted(kept)]


def _age(reading: _Reading) -> tuple[date, str]:
    return reading.event.evidence.published or date.max, reading.natural_id


def _pool(cluster: Sequence[_Reading], sources: Sources) -> Happening:
    """One record from the readings of one happening. The oldest reading gives the id, the others' ids are aliases."""
    readings = tuple(sorted(cluster, key=lambda reading: (_age(reading), reading.event.event_id)))
    events = [reading.event for reading in readings]
    standing = [event for event in events if event.evidence.article_id not in sources.superseded] or events
    published = sorted(event.evidence.published for event in events if event.evidence.published)
    voices = find_voices(events, sources)
    head = _representative(standing, voices)
    record_id = readings[0].natural_id
    record = Record(
        record_id=record_id,
        event_type=head.event_type,
        mode=head.mode,
        contexts=tuple(sorted({context for event in events for context in event.contexts})),
        status=head.status,
        quad=head.quad,
        intensity=head.intensity,
        actors=_codes(event.actors for event in events),
        recipients=_codes(event.recipients for event in events),
        date=readings[0].day,
        belief=_believe(voices, sources),
        event_ids=tuple(event.event_id for event in events),
        publishers=_in_order(event.evidence.publisher for event in events),
        urls=_in_order(event.evidence.url for event in events),
        first_reported=published[0] if published else None,
        last_reported=published[-1] if published else None,
        voices=len(voices),
        disagreements=(*_find_disagreements(standing), *_find_withdrawals(events, sources)),
        aliases=tuple(sorted({reading.natural_id for reading in readings} - {record_id})),
    )
    return Happening(record=record, cell=cell_of(events[0]), words=_core_words(readings), harm=_most_harm(standing))


def _believe(voices: Sequence[Sequence[Event]], sources: Sources) -> float:
    """Belief from what the last editions say; less where none of them says it any more."""
    last = [[event for event in told if event.evidence.article_id not in sources.superseded] for told in voices]
    if any(last):
        return measure_belief(told for told in last if told)
    return round(measure_belief(voices) * float(load_priors()["editions"]["withdrawn"]), 6)


def _find_withdrawals(events: Sequence[Event], sources: Sources) -> Iterator[str]:
    """Editions that told of it and were superseded by one that does not."""
    telling = {event.evidence.article_id for event in events}
    for event in {event.evidence.article_id: event for event in events}.values():
        later = sources.superseded.get(event.evidence.article_id)
        if later is not None and later not in telling:
            who = event.evidence.publisher or event.evidence.doc
            yield f"not repeated: a later edition by {who} does not tell of it"


def _core_words(readings: Sequence[_Reading]) -> frozenset[str]:
    """The words that at least a quarter of the reports share, the commonest first, at most CORE_WORDS of them."""
    counts = Counter(word for reading in readings for word in reading.words)
    shared = [word for word in counts if counts[word] * 4 >= len(readings)]
    return frozenset(sorted(shared, key=lambda word: (-counts[word], word))[:CORE_WORDS])


def _representative(standing: Sequence[Event], voices: Iterable[Iterable[Event]]) -> Event:
    """The event whose type and mode stand for all: of the type that the voices back most, the surest one.

    A voice backs a type by the best of its reports (attribution x confidence), however often it repeats itself. Of two
    types with equal backing the first by name stands; the others stay with their events and in the disagreements.
    """
    ids = {event.event_id for event in standing}
    backing: dict[str, float] = defaultdict(float)
    for told in voices:
        for event_type, weight in _backed(event for event in told if event.event_id in ids).items():
            backing[event_type] += weight
    event_type = min(backing, key=lambda name: (-round(backing[name], 9), name))
    of_type = [event for event in standing if event.event_type == event_type]
    return min(of_type, key=lambda event: (event.mode is None, -event.confidence, event.event_id))


def _backed(told: Iterable[Event]) -> dict[str, float]:
    """How far one voice backs each type that it tells."""
    best: dict[str, float] = {}
    for event in told:
        best[event.event_type] = max(best.get(event.event_type, 0.0), _weight(event))
    return best


def _codes(sides: Iterable[Iterable[Party]]) -> tuple[str, ...]:
    return tuple(sorted({key for parties in sides for party in parties if (key := party_key(party))}))


def _in_order(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _find_disagreements(events: Sequence[Event]) -> Iterator[str]:
    """Where the reports of one happening differ: its type, and the numbers of people harmed."""
    types = sorted({event.event_type for event in events})
    if len(types) > 1:
        yield "type: " + " or ".join(types)
    for kind, told in sorted(_harm_told(events).items()):
        if len(told) > 1:
            yield f"{kind}: " + ", ".join(f"{number} ({who})" for number, who in sorted(told.items()))


def _harm_told(events: Iterable[Event]) -> dict[str, dict[int, str]]:
    """Numbers of people harmed by kind, each with the outlet that told it first."""
    told: dict[str, dict[int, str]] = defaultdict(dict)
    for event in events:
        who = event.evidence.publisher or event.evidence.doc
        for kind, number in read_harm(event.evidence.sentence.text):
            told[kind].setdefault(number, who)
    return told


def _most_harm(events: Iterable[Event]) -> dict[str, int]:
    return {kind: max(told) for kind, told in _harm_told(events).items()}


def read_harm(sentence: str) -> list[tuple[str, int]]:
    """Numbers of people harmed that a sentence gives: `12 killed` is ("killed", 12)."""
    words = _WORD.findall(sentence.casefold().replace(",", ""))
    found = []
    for kind, stems in load_priors()["words"]["harm"].items():
        for at, word in enumerate(words):
            if word.startswith(tuple(stems)):
                number = _nearest_number(words, at)
                found += [(kind, number)] if number is not None else []
    return found


def _nearest_number(words: Sequence[str], at: int) -> int | None:
    """The number that belongs to a word of harm: up to three words before it, else up to three after."""
    number_words: list[str] = load_priors()["words"]["numbers"]
    for nearby in (*reversed(words[max(0, at - 3) : at]), *words[at + 1 : at + 4]):
        if nearby in number_words:
            return number_words.index(nearby)
        if nearby.isdecimal() and len(nearby) <= 6:
            return int(nearby)
    return None


# --- links ---


def link_records(happenings: Iterable[Happening], links: Iterable[tuple[str, Link]]) -> tuple[Record, ...]:
    """The records of the happenings with the links that they hold, as pairs of a record id and a link."""
    held: dict[str, set[Link]] = defaultdict(set)
    for holder, link in links:
        held[holder].add(link)
    return tuple(add_links(happening.record, held[happening.record.record_id]) for happening in happenings)


def add_links(record: Record, links: Iterable[Link]) -> Record:
    """The record with links, and with what contradicts it among its disagreements."""
    ordered = tuple(sorted(links, key=lambda link: (link.kind, link.record_id, link.reason)))
    disputes = tuple(f"{link.reason} ({link.record_id})" for link in ordered if link.kind == "contradicts")
    return replace(record, links=ordered, disagreements=record.disagreements + disputes)


def find_links(
    happenings: Iterable[Happening], *, touching: Collection[str] | None = None
) -> Iterator[tuple[str, Link]]:
    """Links among happenings, each with the id of the record that holds it; every pair is judged on the two alone.

    With `touching`, only of pairs of which one lies in those cells.
    """
    seen: set[tuple[str, str]] = set()
    for bucket in _link_buckets(happenings).values():
        for one, other in _close_pairs(bucket):
            if touching is not None and one.cell not in touching and other.cell not in touching:
                continue
            ids = (one.record.record_id, other.record.record_id)
            if ids not in seen:
                seen.add(ids)
                yield from _judge_pair(one, other)


def _link_buckets(happenings: Iterable[Happening]) -> dict[tuple[str, ...], list[Happening]]:
    """Happenings of one family by each actor, and by each recipient, that they share."""
    buckets: dict[tuple[str, ...], list[Happening]] = defaultdict(list)
    for happening in happenings:
        for actor in happening.record.actors:
            buckets[happening.family, "actor", actor].append(happening)
        for recipient in happening.record.recipients:
            buckets[happening.family, "recipient", recipient].append(happening)
        if not happening.record.actors and not happening.record.recipients:
            buckets[happening.family, "nobody"].append(happening)
    return buckets


def _close_pairs(bucket: Iterable[Happening]) -> Iterator[tuple[Happening, Happening]]:
    """Pairs of happenings whose days overlap or adjoin, by a sweep over first days; undated ones stand alone."""
    dated = [(bounds, happening) for happening in bucket if (bounds := date_bounds(happening.record.date))]
    dated.sort(key=lambda entry: (entry[0], entry[1].record.record_id))
    nearby: list[tuple[tuple[date, date], Happening]] = []
    for bounds, happening in dated:
        nearby = [entry for entry in nearby if (bounds[0] - entry[0][1]).days <= 1]
        for _, earlier in nearby:
            yield earlier, happening
        nearby.append((bounds, happening))


def _judge_pair(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    """Links between two happenings of one family, with a side in common, at most a day apart."""
    statuses = {one.record.status, other.record.status}
    fit = [_side_fit(*sides) for sides in _sides_of(one, other)]
    if "differs" in fit:
        if statuses == {"asserted"} and fit == ["differs", "shared"]:
            yield from _other_culprit(one, other)
    elif statuses == {"asserted", "negated"} and fit.count("open") == 0:
        yield from _contradiction(one, other)
    elif len(statuses) == 1 and one.record.date != other.record.date and fit.count("open") == 0:
        yield from _across_days(one, other)
    elif len(statuses) == 1 and one.record.date == other.record.date:
        yield from _on_one_day(one, other, fit)


def _sides_of(one: Happening, other: Happening) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    yield one.record.actors, other.record.actors
    yield one.record.recipients, other.record.recipients


def _side_fit(one: Sequence[str], other: Sequence[str]) -> str:
    """Whether two happenings share a side (or leave it open both), differ in it, or only one of them leaves it open."""
    if set(one) & set(other) or not (one or other):
        return "shared"
    return "differs" if one and other else "open"


def _other_culprit(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    """A contradiction between two that tell the same act of violence on one day, of two actors."""
    told = (one.record, other.record)
    if {record.event_type for record in told} != {"ASSAULT"} or one.record.date != other.record.date:
        return
    if _length_in_days(one) != 1 or _likeness(one.words, other.words) < SAME_CULPRIT_WORDS:
        return
    for holder, target in (told, told[::-1]):
        reason = f"names {', '.join(holder.actors)} where the other names {', '.join(target.actors)}"
        yield holder.record_id, Link(kind="contradicts", record_id=target.record_id, reason=reason)


def _on_one_day(one: Happening, other: Happening, fit: Sequence[str]) -> Iterator[tuple[str, Link]]:
    """Links between two of one day that were not merged: told as another type, or with a side left open."""
    if _likeness(one.words, other.words) < LINKED_WORDS:
        return
    if "open" in fit:
        full, spare = sorted((one, other), key=lambda happening: -_sides_named(happening))
        if _sides_named(full) > _sides_named(spare):
            reason = "names a side that the other leaves open"
            yield full.record.record_id, Link(kind="more precise", record_id=spare.record.record_id, reason=reason)
    elif one.record.event_type != other.record.event_type:
        low, high = sorted((one.record, other.record), key=lambda record: record.record_id)
        reason = f"same day and parties, told as {high.event_type} and as {low.event_type}"
        yield high.record_id, Link(kind="probably same", record_id=low.record_id, reason=reason)


def _sides_named(happening: Happening) -> int:
    return bool(happening.record.actors) + bool(happening.record.recipients)


def _contradiction(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    if _likeness(one.words, other.words) < DENIED_WORDS:
        return
    for holder, target in ((one.record, other.record), (other.record, one.record)):
        reason = "denied elsewhere" if target.status == "negated" else "reported elsewhere as having taken place"
        yield holder.record_id, Link(kind="contradicts", record_id=target.record_id, reason=reason)


def _across_days(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    if _likeness(one.words, other.words) < LINKED_WORDS:
        return
    lengths = [_length_in_days(one), _length_in_days(other)]
    if lengths == [1, 1]:
        yield _next_day(*sorted((one, other), key=lambda happening: happening.record.date or ""))
    elif lengths[0] != lengths[1]:
        fine, coarse = (one, other) if lengths[0] < lengths[1] else (other, one)
        reason = f"dated {fine.record.date} where the other says {coarse.record.date}"
        yield fine.record.record_id, Link(kind="more precise", record_id=coarse.record.record_id, reason=reason)


def _length_in_days(happening: Happening) -> int:
    bounds = date_bounds(happening.record.date)
    return (bounds[1] - bounds[0]).days + 1 if bounds else 0


def _next_day(earlier: Happening, later: Happening) -> tuple[str, Link]:
    target = earlier.record.record_id
    for kind in sorted(earlier.harm.keys() & later.harm.keys()):
        before, after = earlier.harm[kind], later.harm[kind]
        if after > before:
            reason = f"{kind}: {after}, after {before} the day before"
            return later.record.record_id, Link(kind="update", record_id=target, reason=reason)
    reason = "same type, parties and words a day apart"
    return later.record.record_id, Link(kind="probably same", record_id=target, reason=reason)
