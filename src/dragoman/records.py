"""Events -> Records: what many voices report once.

Stands between coding and counting (Event -> Record -> Tie). Takes events in any order and pools those that report one
happening: same type (or one of the same family), same status, same day, parties in common on both sides, and words
that agree. What is near but not the same stays apart and is linked with a reason.

It refuses to add a happening that no event reports, to let an event go unrecorded, and to pool what is asserted with
what is denied, planned or supposed. Merging is a function of the set of events: neither the order of reading nor the
number of batches changes an id or a cluster.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib import resources
from itertools import combinations
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from dragoman.model import Event, Link, Party, Record
from dragoman.rows import date_bounds, party_key

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHash

# Cosine of the content words of two sentences from which two events with the same type, parties and day are one.
SAME_WORDS = 0.12
# The same where no two resolved sides face each other (inside one country, or a side unknown): parties say little then.
SAME_WORDS_WEAK = 0.3
# The same where the types differ, or only one of the two has both sides.
SAME_WORDS_LOOSE = 0.45
# From which two happenings a day apart, or a day and its month, are linked.
LINKED_WORDS = 0.3
STEM_LENGTH = 5
CORE_WORDS = 30
# Stories up to which comparing all pairs is quicker than an index.
COMPARED_EACH_WITH_EACH = 40
# Letters by which a name is known in its other forms.
NAME_BEGINS = 4

_WORD = re.compile(r"[^\W_]+")


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


# --- one event, prepared for comparing ---


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
    place: str | None
    country: str | None


def _prepare(event: Event) -> _Reading:
    day = happening_day(event)
    actors, recipients = _keys(event.actors), _keys(event.recipients)
    place = event.place
    place_name = (place.name or place.text).casefold() if place else None
    return _Reading(
        event=event,
        natural_id=_natural_id(event, day, (actors, recipients), place_name),
        day=day,
        bounds=date_bounds(day),
        family=family_of(event.event_type),
        actors=actors,
        recipients=recipients,
        dyads=_dyads_of(actors, recipients),
        sectors=_sectors_of(event),
        words=_content_words(event),
        place=place_name,
        country=place.country if place else None,
    )


def _keys(parties: Iterable[Party]) -> frozenset[str]:
    """Codes of the parties; an unresolved party is known by its words, behind a question mark."""
    return frozenset(party_key(party) or f"?{(party.name or party.text).casefold()}" for party in parties)


def _dyads_of(actors: frozenset[str], recipients: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Pairs of resolved parties that face each other; empty inside one country or with a side unknown."""
    return frozenset(
        (actor, recipient)
        for actor in actors
        for recipient in recipients
        if actor != recipient and actor[0] != "?" and recipient[0] != "?"
    )


def _sectors_of(event: Event) -> frozenset[str]:
    return frozenset(sector for party in (*event.actors, *event.recipients) for sector in party.sectors)


def _natural_id(
    event: Event, day: str | None, parties: tuple[frozenset[str], frozenset[str]], place: str | None
) -> str:
    """The id from what makes a happening one: type, status, parties and day; place and anchor tell two of a day apart.

    Two reports with one id are always one happening. So where the date is no day, or no two sides face each other, the
    sentence's words are in it too, and without parties or date the event's own id: the rest is too little for one.
    """
    anchor = " ".join(_stems(event.evidence.anchor.text))
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


def _stems(text: str) -> list[str]:
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
    words = frozenset(_stems(event.evidence.sentence.text))
    if not _dyads_of(_keys(event.actors), _keys(event.recipients)):
        return words
    named = {stem[:NAME_BEGINS] for party in (*event.actors, *event.recipients) for stem in _stems(party.name or "")}
    return frozenset(word for word in words if word[:NAME_BEGINS] not in named)


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Cosine of two sets of stems, 0 to 1."""
    return len(one & other) / sqrt(len(one) * len(other)) if one and other else 0.0


# --- the same happening ---


def _is_same_happening(one: _Reading, other: _Reading) -> bool:
    """Whether two readings of one cell report one happening. Symmetric, and judged on the two alone."""
    fit = _parties_fit(one, other)
    if fit is None or _places_differ(one, other):
        return False
    likeness = _likeness(one.words, other.words)
    if one.event.event_type != other.event.event_type or fit == "partly":
        return likeness >= SAME_WORDS_LOOSE
    in_one_article = one.event.evidence.article_id == other.event.evidence.article_id
    if fit == "weakly":
        return likeness >= (SAME_WORDS if in_one_article else SAME_WORDS_WEAK)
    return in_one_article or likeness >= SAME_WORDS


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


def _places_differ(one: _Reading, other: _Reading) -> bool:
    return bool(one.country and other.country and one.country != other.country)


def _cluster(readings: Sequence[_Reading]) -> list[list[_Reading]]:
    """Connected groups of readings of one cell; equal natural ids are always one group."""
    groups = _Groups(len(readings))
    first_with_id: dict[str, int] = {}
    for at, reading in enumerate(readings):
        groups.join(at, first_with_id.setdefault(reading.natural_id, at))
    for bucket in _buckets(readings):
        for one, other in combinations(bucket, 2):
            if groups.find(one) != groups.find(other) and _is_same_happening(readings[one], readings[other]):
                groups.join(one, other)
    clusters: dict[int, list[_Reading]] = defaultdict(list)
    for at, reading in enumerate(readings):
        clusters[groups.find(at)].append(reading)
    return list(clusters.values())


def _buckets(readings: Sequence[_Reading]) -> Iterator[list[int]]:
    """Positions of readings that share a party on the same side: only these can be one happening."""
    buckets: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, reading in enumerate(readings):
        for key in reading.actors:
            buckets["actor", key].append(at)
        for key in reading.recipients:
            buckets["recipient", key].append(at)
    return iter(buckets.values())


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


# --- belief ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is known of the articles behind events: pairs of copies or sketches to find them by; credited agencies.

    `superseded` gives, for an article of which a later edition was read, the last one.
    """

    copies: frozenset[tuple[str, str]] = frozenset()
    sketches: Mapping[str, bytes] = field(default_factory=dict)
    wires: Mapping[str, str] = field(default_factory=dict)
    superseded: Mapping[str, str] = field(default_factory=dict)


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
        cells[cell_of(event)].append(_prepare(event))
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
    head = _representative(standing)
    published = sorted(event.evidence.published for event in events if event.evidence.published)
    voices = find_voices(events, sources)
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


def _representative(events: Sequence[Event]) -> Event:
    """The event whose type and mode stand for all: of the type with most confidence behind it, the surest one."""
    weight: dict[str, float] = defaultdict(float)
    for event in sorted(events, key=lambda event: event.event_id):
        weight[event.event_type] += event.confidence
    event_type = min(weight, key=lambda name: (-round(weight[name], 9), name))
    of_type = [event for event in events if event.event_type == event_type]
    return min(of_type, key=lambda event: (event.mode is None, -event.confidence, event.event_id))


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
    """Happenings of one family by each pair of an actor and a recipient that they share."""
    buckets: dict[tuple[str, ...], list[Happening]] = defaultdict(list)
    for happening in happenings:
        for actor in happening.record.actors or ("",):
            for recipient in happening.record.recipients or ("",):
                buckets[happening.family, actor, recipient].append(happening)
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
    """Links between two happenings of one family, with an actor and a recipient in common, at most a day apart."""
    statuses = {one.record.status, other.record.status}
    if statuses == {"asserted", "negated"}:
        yield from _contradiction(one, other)
    elif len(statuses) == 1 and one.record.date != other.record.date:
        yield from _across_days(one, other)


def _contradiction(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    if _likeness(one.words, other.words) < SAME_WORDS:
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
