"""Hypothesis strategies and plain builders for events, articles and readings. Nothing here is from real news."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from dragoman.model import Article, Event, EventDate, Evidence, Party, PlaceMention, Span
from dragoman.store import Reading

CODES = ("FRA", "DEU", "CHN", "USA", "UKR", "RUS")
TYPES = {"CONSULT": (1, 4.0), "AID": (2, 6.5), "ACCUSE": (3, -3.0), "ASSAULT": (4, -9.0), "COERCE": (3, -4.0)}
PUBLISHERS = ("The Sample Times", "Sample Daily", "Sample Wire", "Sample Post", None)
WORDS = ("summit", "bridge", "harbour", "pipeline", "grain", "border", "missile", "embassy", "treaty", "hospital")
START = date(2025, 3, 1)


def make_party(code: str | None, *, text: str | None = None, sectors: tuple[str, ...] = ()) -> Party:
    words = text or f"the {code} side"
    return Party(start=0, end=len(words), text=words, code=code, sectors=sectors, name=code, basis="test")


def make_event(
    event_id: str = "e1",
    *,
    event_type: str = "CONSULT",
    status: Any = "asserted",
    actors: tuple[str | None, ...] = ("FRA",),
    recipients: tuple[str | None, ...] = ("DEU",),
    day: str | None = "2025-03-01",
    sentence: str = "They met at the summit on the harbour bridge.",
    anchor: str = "met",
    article: str = "a1",
    publisher: str | None = "The Sample Times",
    published: date | None = START,
    confidence: float = 0.8,
    speaker: Party | None = None,
    place: PlaceMention | None = None,
    coder: str = "test-1",
) -> Event:
    quad, intensity = TYPES.get(event_type, (1, 1.0))
    return Event(
        event_id=event_id,
        event_type=event_type,
        mode=None,
        contexts=(),
        status=status,
        quad=quad,
        intensity=intensity,
        confidence=confidence,
        basis="test",
        actors=tuple(make_party(code) for code in actors),
        recipients=tuple(make_party(code) for code in recipients),
        date=EventDate(value=day, granularity=_granularity(day), basis="test"),
        place=place,
        attributed_to=speaker,
        evidence=Evidence(
            article_id=article,
            doc=f"doc-{article}",
            url=f"https://sample.example/{article}",
            publisher=publisher,
            published=published,
            sentence=Span(start=0, end=len(sentence), text=sentence),
            anchor=Span(start=0, end=len(anchor), text=anchor),
            coder=coder,
            codebook="test",
        ),
    )


def _granularity(day: str | None) -> Any:
    return {10: "day", 7: "month", 4: "year"}.get(len(day), "range") if day else None


def make_article(article_id: str = "a1", *, text: str = "They met.", **fields: Any) -> Article:
    return Article(**{
        "id": article_id,
        "doc": f"doc-{article_id}",
        "title": "",
        "text": text,
        "url": f"https://sample.example/{article_id}",
        "publisher": "The Sample Times",
        "published": START,
        "fingerprint": article_id,
        **fields,
    })


def make_reading(*events: Event, article: Article | None = None, coder: str = "test-1") -> Reading:
    """A reading of the article that the events come from."""
    if article is None:
        evidence = events[0].evidence
        text = " ".join(event.evidence.sentence.text for event in events)
        article = make_article(
            evidence.article_id, text=text, publisher=evidence.publisher, published=evidence.published
        )
    return Reading(article=article, coder=coder, codebook="test", events=events)


@st.composite
def events(draw: st.DrawFn, *, event_id: str) -> Event:
    """One event out of a small world, so that merges, near misses and disputes are frequent."""
    number = draw(st.integers(0, 7))
    offset = draw(st.integers(0, 2))
    day = START + timedelta(days=offset)
    value = draw(st.sampled_from([day.isoformat(), day.isoformat(), "2025-03", None]))
    place = draw(st.sampled_from([None, "UKR", "FRA"]))
    return make_event(
        event_id,
        event_type=draw(st.sampled_from(sorted(TYPES))),
        status=draw(st.sampled_from(["asserted", "asserted", "negated", "future"])),
        actors=tuple(draw(st.lists(st.sampled_from([*CODES[:3], None]), max_size=2, unique=True))),
        recipients=tuple(draw(st.lists(st.sampled_from([*CODES[2:5], None]), max_size=2, unique=True))),
        day=value,
        sentence=" ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))),
        anchor=draw(st.sampled_from(["met", "hit", "blamed"])),
        article=f"a{number}",
        publisher=PUBLISHERS[number % len(PUBLISHERS)],
        published=START + timedelta(days=number % 3),
        confidence=draw(st.integers(1, 10)) / 10,
        place=PlaceMention(start=0, end=3, text=place, name=place, country=place) if place else None,
    )


@st.composite
def event_lists(draw: st.DrawFn, *, max_size: int = 12) -> list[Event]:
    """Events with distinct ids."""
    return [draw(events(event_id=f"e{number}")) for number in range(draw(st.integers(0, max_size)))]


@st.composite
def reading_lists(draw: st.DrawFn, *, max_size: int = 12) -> list[Reading]:
    """Readings of distinct articles that hold the events of one list."""
    by_article: dict[str, list[Event]] = {}
    for event in draw(event_lists(max_size=max_size)):
        by_article.setdefault(event.evidence.article_id, []).append(event)
    return [make_reading(*by_article[article_id]) for article_id in sorted(by_article)]
