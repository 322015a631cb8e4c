"""The stages loaded once and put in their order: articles -> readings -> who, when, where -> events.

The one place that knows all stages after the article. What a stage declines comes out as a `Skip` of its article.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import dragoman
from dragoman.actors import ActorIndex
from dragoman.codebook import Codebook, load_codebook
from dragoman.codes import Circumstances, code_event, code_own_event
from dragoman.model import (
    Article,
    Attribution,
    Event,
    FoundEvent,
    Mention,
    Party,
    PlaceMention,
    Sentence,
    Skip,
    Span,
    Statement,
    TimeMention,
)
from dragoman.ontology import Ontology
from dragoman.places import PlaceIndex
from dragoman.reader import PairCode, Reader, Reading, reader_version
from dragoman.reader.gate import Gate
from dragoman.statements import find_statements
from dragoman.times import Timeline, date_with_history, find_times

if TYPE_CHECKING:
    from dragoman.second import SecondReader

# Articles read together: enough windows to fill batches of like length, few enough to stay near 100 MB.
TOGETHER = 48
# A skip that names more held-back sentences than this is longer than it is worth.
_GATED_NAMED = 20
Acts = Literal["speaks", "fights", "hit"]
Kept = Literal["events", "statements", "layers"]
FIGHTING = frozenset({"ASSAULT", "MOBILIZE"})
# Their recipients decide or answer, so that a bare state is its government; in other types it is merely hit.
SPOKEN_TO = frozenset({"CONSULT", "AGREE", "REQUEST", "ACCUSE", "REJECT", "THREATEN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """An article with everything found in it. `silent` are the sentences that were read and in which nothing was."""

    article: Article
    sentences: tuple[Sentence, ...]
    events: tuple[Event, ...]
    statements: tuple[Statement, ...] = ()
    skips: tuple[Skip, ...] = ()
    mentions: tuple[Mention, ...] = ()
    times: tuple[TimeMention, ...] = ()
    places: tuple[PlaceMention, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    own_events: tuple[Event, ...] = ()
    silent: tuple[Sentence, ...] = ()

    @property
    def all_events(self) -> tuple[Event, ...]:
        """The events in PLOVER's terms, then those of a user's own types."""
        return (*self.events, *self.own_events)


class Coder:
    """The stages loaded once: reader, actors, places and codebook; if given, a second reader and own types."""

    def __init__(
        self,
        *,
        dictionaries: Sequence[Path] = (),
        threads: int = 0,
        second: SecondReader | None = None,
        gate: bool = True,
        ontology: Ontology | None = None,
    ) -> None:
        self.reader = Reader(threads=threads, gate=Gate.load() if gate else None, ontology=ontology)
        self.ontology = ontology
        self.actors = ActorIndex.load(dictionaries)
        self.places = PlaceIndex.load()
        self.codebook: Codebook = load_codebook()
        self.version = version_of(self.reader.version, second, ontology)
        self.second = second

    def code(self, articles: Iterable[Article], *, keep: Kept = "layers") -> Iterator[Coded]:
        """Yields each article with its events, in order.

        `keep` says what is wanted beside the events and skips: their "statements", or those and all the "layers".
        What is not wanted is left empty, and of the layers only what an event or a statement asks for is made.
        """
        stream = iter(articles)
        while batch := list(islice(stream, TOGETHER)):
            for reading in self.reader.read(batch):
                yield self._code_reading(reading, keep)

    def code_pairs(self, marked: Iterable[str]) -> Iterator[PairCode]:
        """Yields the event between the two marked parties of each sentence, in order."""
        stream = iter(marked)
        while batch := list(islice(stream, 4 * TOGETHER)):
            yield from self.reader.code_pairs(batch)

    def _code_reading(self, reading: Reading, keep: Kept = "layers") -> Coded:
        article, sentences = reading.article, reading.sentences
        found, doubts = self.second.reread(article, reading.events) if self.second else (reading.events, ())
        reading = replace(reading, events=found)
        around = _Surroundings(reading, self.places)
        coded = once_a_sentence([self._code_found(found, around) for found in reading.events])
        own = once_a_sentence([self._code_found(found, around) for found in reading.own])
        made = Coded(
            article=article,
            sentences=sentences,
            events=tuple(c for c in coded if isinstance(c, Event)),
            statements=self._statements(around) if keep != "events" else (),
            own_events=tuple(c for c in own if isinstance(c, Event)),
            skips=(
                *(c for c in (*coded, *own) if isinstance(c, Skip)),
                *doubts,
                *_cut_skips(reading),
                *_gate_skips(reading),
            ),
            attributions=reading.attributions,
            silent=_silent(reading),
        )
        if keep != "layers":
            return made
        mentions = self.actors.annotate(article, sentences)
        return replace(made, mentions=mentions, times=around.times, places=around.places)

    def _statements(self, around: _Surroundings) -> tuple[Statement, ...]:
        reading = around.reading

        def who(span: Span) -> Party | None:
            return next(iter(self._parties((span,), around, "speaks")), None)

        def mentions(sentence: Sentence) -> tuple[Mention, ...]:
            return self.actors.annotate(reading.article, reading.sentences, sentence)

        return find_statements(
            reading.article, reading.sentences, reading.attributions, mentions, reading.events,
            coder=self.version, codebook=self.codebook, resolve=who,
        )  # fmt: skip

    def _code_found(self, found: FoundEvent, around: _Surroundings) -> Event | Skip:
        article = around.reading.article
        fights = found.event_type in FIGHTING
        actors = self._parties(found.actors, around, "fights" if fights else "speaks")
        dating = date_with_history(found, around.timeline)
        circumstances = Circumstances(
            actors=actors,
            recipients=self._parties(
                found.recipients,
                around,
                "speaks" if found.event_type in SPOKEN_TO else "hit",
                opponent=opponent_of(found, actors),
                counterpart=sole_code(actors),
            ),
            date=dating.date,
            place=self.places.place_event(found, around.places, article),
            speaker=next(iter(self._parties((found.speaker,), around, "speaks")), None) if found.speaker else None,
            history=dating.history,
            is_lately=dating.is_lately,
        )
        if found.own_type and self.ontology:
            return code_own_event(found, circumstances, article=article, ontology=self.ontology, coder=self.version)
        return code_event(found, circumstances, article=article, codebook=self.codebook, coder=self.version)

    def _parties(
        self, spans: Sequence[Span], around: _Surroundings, acts: Acts | None, *,
        opponent: str | None = None, counterpart: str | None = None,
    ) -> tuple[Party, ...]:  # fmt: skip
        reading = around.reading
        found: dict[tuple[int, str | None, str | None], Party] = {}
        for span in spans:
            for mention in self.actors.resolve_span(
                reading.article, reading.sentences, (), span.start, span.end, acts=acts,
                opponent=opponent, counterpart=counterpart,
            ):  # fmt: skip
                party = Party.of(span, mention)
                found.setdefault((span.start, party.code, party.name), party)
        return tuple(found.values())


def coder_version(*, gate: bool, second: SecondReader | None = None, ontology: Ontology | None = None) -> str:
    """Gives the version of the coder that would be loaded, without loading it."""
    return version_of(reader_version(Gate.load() if gate else None), second, ontology)


def version_of(reader: str, second: SecondReader | None, ontology: Ontology | None = None) -> str:
    beside = (f"+{second.version}" if second else "") + (f"+own:{ontology.version}" if ontology else "")
    return f"dragoman-{dragoman.__version__}/{reader}{beside}"


class _Surroundings:
    """An article's reading, and its times and places, which are found when they are first asked for."""

    def __init__(self, reading: Reading, places: PlaceIndex) -> None:
        self.reading = reading
        self._places = places

    @cached_property
    def times(self) -> tuple[TimeMention, ...]:
        return find_times(self.reading.article, self.reading.sentences)

    @cached_property
    def timeline(self) -> Timeline:
        return Timeline(self.times, self.reading.article)

    @cached_property
    def places(self) -> tuple[PlaceMention, ...]:
        return self._places.find_places(self.reading.article, self.reading.sentences)


def once_a_sentence(coded: Iterable[Event | Skip]) -> list[Event | Skip]:
    """Keeps, of events of one sentence with the same type, status and parties, the surest: it tells them once.

    "His visit, his first trip there" has two anchors and is one visit. The others become skips that say so.
    """
    kept: list[Event | Skip] = []
    surest: dict[tuple[object, ...], int] = {}
    for each in coded:
        if isinstance(each, Skip):
            kept.append(each)
            continue
        sides = tuple(frozenset(p.code or p.text for p in side) for side in (each.actors, each.recipients))
        key = (each.evidence.sentence.start, each.event_type, each.status, frozenset().union(*sides))
        at = surest.setdefault(key, len(kept))
        if at == len(kept):
            kept.append(each)
            continue
        other = kept[at]
        if isinstance(other, Event) and other.confidence < each.confidence:
            kept[at], each = each, other
        kept.append(told_again(each))
    return kept


def told_again(event: Event) -> Skip:
    anchor = event.evidence.anchor
    where = f"{event.evidence.doc} [{anchor.start}:{anchor.end}]"
    return Skip(location=where, stage="codes", reason="told again", detail=f"{event.event_type} {anchor.text!r}")


def opponent_of(found: FoundEvent, actors: Sequence[Party]) -> str | None:
    """Gives the code of the one force that attacks: whom it hits is seldom of its own side. Police strike their own."""
    codes = {party.code for party in actors if party.code and "COP" not in party.sectors}
    return codes.pop() if found.event_type == "ASSAULT" and len(codes) == 1 else None


def sole_code(parties: Sequence[Party]) -> str | None:
    """Gives the code that all parties of a side share, None where they have several or none."""
    codes = {party.code for party in parties if party.code}
    return codes.pop() if len(codes) == 1 else None


def _silent(reading: Reading) -> tuple[Sentence, ...]:
    """Gives the sentences that the network read and found nothing in: no skip speaks of them."""
    spoken = {sentence.start for sentence in reading.gated}
    spoken |= {found.sentence.start for found in (*reading.events, *reading.own)}
    return tuple(sentence for sentence in reading.sentences if sentence.start not in spoken)


def _cut_skips(reading: Reading) -> Iterator[Skip]:
    for sentence in reading.cut:
        where = f"{reading.article.location or reading.article.doc} [{sentence.start}:{sentence.end}]"
        yield Skip(location=where, stage="reader", reason="sentence too long", detail="its tail was not read")


def _gate_skips(reading: Reading) -> Iterator[Skip]:
    """One skip an article, however many of its sentences the gate held back: they would outnumber all else."""
    if not reading.gated:
        return
    where = reading.article.location or reading.article.doc
    places = " ".join(f"[{s.start}:{s.end}]" for s in reading.gated[:_GATED_NAMED])
    more = f" and {len(reading.gated) - _GATED_NAMED} more" if len(reading.gated) > _GATED_NAMED else ""
    detail = f"gate: {len(reading.gated)} of {len(reading.sentences)} sentences not read: {places}{more}"
    yield Skip(location=where, stage="reader", reason="no event", detail=detail)
