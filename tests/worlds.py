"""A small invented record to ask: twelve weeks of spring 2025, read on every day but one week. Nothing is real news.

Two truces of a war, one treaty kept and one broken, sanctions laid and eased, a denial, two meetings of two leaders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from strategies import make_article, make_event, make_party, make_reading

from dragoman.model import Event, Evidence, Party, Span, Statement
from dragoman.store import Reading, RecordStore

FIRST = date(2025, 3, 3)  # a Monday
LAST = FIRST + timedelta(weeks=12)
UNREAD = (date(2025, 4, 14), date(2025, 4, 21))
SCORES = {
    "CONSULT": (1, 4.0), "AGREE": (1, 2.5), "CONCEDE": (1, 4.5), "COOPERATE": (2, 9.5), "AID": (2, 10.0),
    "RETREAT": (2, 6.5), "ACCUSE": (3, -3.0), "REJECT": (3, -2.0), "THREATEN": (3, -3.5), "SANCTION": (4, -6.0),
    "ASSAULT": (4, -9.0),
}  # fmt: skip


def happening(event_type: str, day: date, by: str, to: str = "", **fields: Any) -> Event:
    """An event of its own sentence; `contexts`, `mode` and named parties as fields."""
    about = {name: fields.pop(name) for name in ("mode", "contexts") if name in fields}
    people = {name: fields.pop(name) for name in ("actors", "recipients") if name in fields}
    name = f"{event_type} {by} {to} {day} {about}"
    event = make_event(
        f"e{name}",
        event_type=event_type,
        actors=tuple(by.split()),
        recipients=tuple(to.split()),
        day=day.isoformat(),
        sentence=f"On that day: {name}.",
        anchor="On that day",
        article=f"a{name}",
        published=day,
        **fields,
    )
    quad, intensity = SCORES[event_type]
    return replace(event, quad=quad, intensity=intensity, **about, **people)


def named(name: str, code: str) -> Party:
    return replace(make_party(code, text=name, sectors=("GOV",)), name=name)


def world_events() -> Iterator[Event]:
    for week in range(12):
        day = FIRST + timedelta(weeks=week)
        if UNREAD[0] <= day < UNREAD[1]:
            continue
        if week < 7:
            for offset in range(4):
                yield happening("ASSAULT", day + timedelta(days=offset), "RUS", "UKR")
        if week in {8, 10}:
            yield happening("CONSULT", day, "RUS UKR")
        if week % 2 == 0:
            yield happening("COOPERATE", day, "FRA", "DEU", contexts=("environment",))
            yield happening("CONSULT", day + timedelta(days=1), "FRA DEU")
    yield from _agreements()
    yield from _the_rest()


def _agreements() -> Iterator[Event]:
    yield happening("AGREE", date(2025, 3, 5), "CHN IDN", contexts=("cyber",))
    yield happening("COOPERATE", date(2025, 4, 2), "CHN", "IDN", contexts=("cyber",))
    yield happening("AGREE", date(2025, 3, 6), "CHN JPN", contexts=("economic",))
    yield happening("REJECT", date(2025, 4, 9), "JPN", "CHN", contexts=("economic",))
    yield happening("AGREE", date(2025, 5, 6), "CHN", "JPN", contexts=("territory",))
    yield happening("COOPERATE", date(2025, 5, 9), "CHN", "JPN", contexts=("economic",))


def _the_rest() -> Iterator[Event]:
    yield happening("SANCTION", date(2025, 3, 10), "USA", "RUS", contexts=("economic",))
    yield happening("SANCTION", date(2025, 4, 10), "USA", "IRN", contexts=("economic",), mode="discontinue")
    yield happening("SANCTION", date(2025, 4, 11), "USA", "CUB", mode="expel")
    yield happening("RETREAT", date(2025, 5, 12), "USA", "RUS", contexts=("economic",))
    yield happening("THREATEN", date(2025, 5, 13), "PRK", "KOR")
    yield happening("ASSAULT", date(2025, 5, 14), "PRK", "KOR", status="negated")
    leaders = (named("Ada Example", "FRA"), named("Bo Sample", "POL"))
    for day in (date(2025, 3, 20), date(2025, 5, 7)):
        yield happening("CONSULT", day, "FRA POL", actors=leaders)


def world_readings() -> Iterator[Reading]:
    for event in world_events():
        yield make_reading(event)
    for number in range((LAST - FIRST).days):
        day = FIRST + timedelta(days=number)
        if not UNREAD[0] <= day < UNREAD[1]:
            yield Reading(article=make_article(f"quiet{number}", published=day), coder="test-1", codebook="test")
    article = make_article("claims", published=date(2025, 3, 4), text="Example claims and denies.")
    yield Reading(
        article=article, coder="test-1", codebook="test",
        statements=(_statement("s1", "affirms", "trade with all"), _statement("s2", "denies", "the attack")),
    )  # fmt: skip


def _statement(statement_id: str, polarity: Any, topic: str) -> Statement:
    span = Span(start=0, end=7, text="Example")
    evidence = Evidence(
        article_id="claims", doc="claims", url=None, publisher="The Sample Times", published=date(2025, 3, 4),
        sentence=Span(start=0, end=26, text="Example claims and denies."), anchor=span, coder="test-1", codebook="test",
    )  # fmt: skip
    return Statement(
        statement_id=statement_id, speaker=make_party("PRK"), addressee=make_party("KOR"), topic=topic,
        polarity=polarity, basis="test", evidence=evidence,
    )  # fmt: skip


def build_world(folder: Path) -> RecordStore:
    store = RecordStore.open(folder, create=True)
    store.add(list(world_readings()))
    return store
