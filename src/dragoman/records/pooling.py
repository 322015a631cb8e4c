"""One record from the readings of one happening: what stands for all, where they differ, and whom it harmed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from dragoman.model import Event, Party, Record
from dragoman.records.belief import Sources, find_voices, measure_belief, weight_of
from dragoman.records.cells import cell_of, load_priors
from dragoman.records.readings import Reading
from dragoman.records.words import WORD
from dragoman.rows import party_key

CORE_WORDS = 30


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


def _age(reading: Reading) -> tuple[date, str]:
    return reading.event.evidence.published or date.max, reading.natural_id


def pool_readings(cluster: Sequence[Reading], sources: Sources) -> Happening:
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


def _core_words(readings: Sequence[Reading]) -> frozenset[str]:
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
        best[event.event_type] = max(best.get(event.event_type, 0.0), weight_of(event))
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
    words = WORD.findall(sentence.casefold().replace(",", ""))
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
