"""The learned reader: the same text gives the same events in any company, order, and on any number of cores."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dragoman.model import Article
from dragoman.reader import Reader, Reading
from dragoman.reader.gate import Gate

TEXTS = (
    "Russia condemned Ukraine on Monday. The weather was fine. Troops shelled the town of Kharkiv, killing five.",
    "France and Germany signed an agreement in Paris. What do you think?",
    "The United States will impose sanctions on Iran next week, the president said. " * 12,
    "Nothing.",
)
ARTICLES = tuple(Article(id=str(i), doc=str(i), title="", text=text) for i, text in enumerate(TEXTS))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1, gate=Gate.load())


def found(readings: Sequence[Reading]) -> dict[str, list[tuple[object, ...]]]:
    return {
        reading.article.doc: [
            (e.anchor, e.event_type, e.status, round(e.confidence, 3), e.actors, e.recipients) for e in reading.events
        ]
        for reading in readings
    }


def test_company_and_order_change_nothing(reader: Reader) -> None:
    together = found(list(reader.read(ARTICLES)))
    assert together == found([reading for article in ARTICLES for reading in reader.read([article])])
    assert together == found(list(reader.read(ARTICLES[::-1])))
    assert together["0"] and together["1"] and len(together["2"]) > 6


def test_cores_change_nothing(reader: Reader) -> None:
    assert found(list(reader.read(ARTICLES))) == found(list(Reader(threads=2, gate=Gate.load()).read(ARTICLES)))


def test_nothing_to_read_gives_nothing(reader: Reader) -> None:
    (reading,) = reader.read([Article(id="e", doc="e", title="", text="")])
    assert reading.sentences == reading.events == reading.gated == ()
