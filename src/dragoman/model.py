"""The nouns of the house: frozen records that pass from stage to stage.

    Report -> Article -> Sentence -> Mention -> Event -> Record -> Tie
    (found)  (cleaned)  (read)      (who)      (coded)  (merged)  (counted)

Offsets count characters of `Article.body`, which is `title + "\\n\\n" + text` (the text alone where there is no title).
Every span keeps its words, and `body[start:end] == text` holds for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date as Day
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

Status = Literal["asserted", "negated", "future", "hypothetical", "historical"]
Granularity = Literal["day", "week", "month", "quarter", "year", "range"]
Role = Literal["actor", "recipient", "time", "place", "speaker"]
STATUSES: tuple[Status, ...] = ("asserted", "negated", "future", "hypothetical", "historical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something found that may hold an article: raw bytes of a page, or the fields of an article line.

    `location` says where it was found (URL, path, or path with a line or record number), `kind` how to read it.
    """

    location: str
    kind: Literal["html", "text", "line", "feed-item"]
    content: bytes = b""
    fields: dict[str, Any] = field(default_factory=dict)
    url: str | None = None
    publisher: str | None = None
    published: Day | None = None
    published_basis: str | None = None
    encoding: str | None = None
    fetched_at: datetime | None = None


@lru_cache(maxsize=1)  # what reads an article asks for its body hundreds of times
def _body(title: str, text: str) -> str:
    return f"{title}\n\n{text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A cleaned report. `doc` is the caller's own name for it; `id` is a digest of url and body."""

    id: str
    doc: str
    title: str
    text: str
    url: str | None = None
    publisher: str | None = None
    published: Day | None = None
    published_basis: str | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    fingerprint: str = ""
    location: str = ""

    @property
    def body(self) -> str:
        return _body(self.title, self.text) if self.title else self.text

    @property
    def text_start(self) -> int:
        return len(self.title) + 2 if self.title else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of characters of `Article.body` and its words."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    index: int
    start: int
    end: int
    text: str
    is_title: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Who is meant: a state or organisation code, and the sectors, name and office that the words allow.

    `code` is ISO 3166 alpha-3, or one of IGO UNO EUR NGO ISM IMG MNC KOS. None where no country can be told.
    """

    code: str | None
    sectors: tuple[str, ...] = ()
    name: str | None = None
    office: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Words that name somebody, and who that is. `basis` names the row or rule that chose it, or why nobody was."""

    start: int
    end: int
    text: str
    entity: Entity | None
    basis: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMention:
    """A time expression with its TIMEX3 value and type (DATE, TIME, DURATION, SET)."""

    start: int
    end: int
    text: str
    value: str
    type: Literal["DATE", "TIME", "DURATION", "SET"]
    confidence: float = 1.0
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMention:
    """A place in the text, resolved to a GeoNames feature where one could be chosen. Degrees are WGS 84.

    `kind`: state, people (of a state), division, county, town, region, water or site.
    """

    start: int
    end: int
    text: str
    name: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    geonameid: int | None = None
    confidence: float = 1.0
    basis: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Reported speech: who says (source), the saying word (cue), what is said (content)."""

    source: Span | None
    cue: Span | None
    content: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEvent:
    """What the reader found in one sentence, before anybody is resolved and any codebook rule is applied.

    `own_type` names a user's own type, where it was found as one; `event_type` is then the PLOVER type that the reader
    would choose for these words, by which day, place and sides are told.
    """

    sentence: Sentence
    anchor: Span
    event_type: str
    status: Status
    confidence: float
    actors: tuple[Span, ...] = ()
    recipients: tuple[Span, ...] = ()
    times: tuple[Span, ...] = ()
    places: tuple[Span, ...] = ()
    speaker: Span | None = None
    mode: str | None = None
    contexts: tuple[str, ...] = ()
    basis: str = ""
    own_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A member of one side of an event: its words and the entity they name (code None where none can be told)."""

    start: int
    end: int
    text: str
    code: str | None
    sectors: tuple[str, ...] = ()
    name: str | None = None
    identifier: str | None = None
    basis: str = ""

    @classmethod
    def of(cls, words: Span | Mention, mention: Mention) -> Party:
        """The party that some words are: the entity that was chosen for a mention in them."""
        entity = mention.entity
        return cls(
            start=words.start,
            end=words.end,
            text=words.text,
            code=entity.code if entity else None,
            sectors=entity.sectors if entity else (),
            name=entity.name if entity else None,
            identifier=entity.identifier if entity else None,
            basis=mention.basis,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDate:
    """When an event took place: ISO day, `YYYY-MM`, `YYYY` or `start/end`, with how it is known."""

    value: str | None
    granularity: Granularity | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves an event: the article, the sentence and the anchor with their words, and the coder's version."""

    article_id: str
    doc: str
    url: str | None
    publisher: str | None
    published: Day | None
    sentence: Span
    anchor: Span
    coder: str
    codebook: str

    @classmethod
    def of(cls, article: Article, sentence: Sentence, anchor: Span, *, coder: str, codebook: str) -> Evidence:
        """The evidence that words of an article give; `coder` and `codebook` are the versions that read them."""
        return cls(
            article_id=article.id,
            doc=article.doc,
            url=article.url,
            publisher=article.publisher,
            published=article.published,
            sentence=Span(start=sentence.start, end=sentence.end, text=sentence.text),
            anchor=anchor,
            coder=coder,
            codebook=codebook,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One sentence that reports one happening, coded in PLOVER's terms, or as a user's own type.

    `evidence.codebook` says which. An own type may have neither quad class nor intensity: both are then None.
    """

    event_id: str
    event_type: str
    mode: str | None
    contexts: tuple[str, ...]
    status: Status
    quad: int | None
    intensity: float | None
    confidence: float
    basis: str
    actors: tuple[Party, ...]
    recipients: tuple[Party, ...]
    date: EventDate
    place: PlaceMention | None
    attributed_to: Party | None
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What someone claims, holds or expressly leaves unsaid, where it is no PLOVER event."""

    statement_id: str
    speaker: Party | None
    addressee: Party | None
    topic: str
    polarity: Literal["affirms", "denies", "leaves unsaid"]
    basis: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How one record stands to another, with the reason."""

    kind: Literal["more precise", "update", "contradicts", "probably same"]
    record_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A merged happening. Its id derives from type, parties and day, so that it does not depend on reading order."""

    record_id: str
    event_type: str
    mode: str | None
    contexts: tuple[str, ...]
    status: Status
    quad: int | None
    intensity: float | None
    actors: tuple[str, ...]
    recipients: tuple[str, ...]
    date: str | None
    belief: float
    event_ids: tuple[str, ...]
    publishers: tuple[str, ...]
    urls: tuple[str, ...]
    first_reported: Day | None
    last_reported: Day | None
    voices: int = 1
    disagreements: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """What passed between two sides in a window: counts by quad class, mean intensity, level, the records behind.

    `cooperation` and `conflict` are the mean scores of either kind; `pledges` and `threats` are happenings of words
    alone, which the quad classes hold too. `believed` is the number of happenings to expect from their beliefs, and
    `believed_sd` its standard deviation; `level_sd` that of the level, from belief and from days not read.
    """

    actor: str
    recipient: str
    since: Day
    until: Day
    quads: tuple[int, int, int, int]
    intensity: float | None
    level: float | None
    covered: float
    record_ids: tuple[str, ...] = ()
    trend: float | None = None
    believed: float = 0.0
    articles: int = 0
    cooperation: float | None = None
    conflict: float | None = None
    pledges: int = 0
    threats: int = 0
    believed_sd: float = 0.0
    level_sd: float | None = None

    @property
    def rate(self) -> float | None:
        """Happenings per thousand articles read; None where none was read."""
        return 1000 * sum(self.quads) / self.articles if self.articles else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Something declined: where, at which stage, and why. Nothing is dropped in silence.

    `count` is how many alike it stands for: what a filter passes over is told in one `Skip` for each reason.
    """

    location: str
    stage: str
    reason: str
    detail: str = ""
    count: int = 1
