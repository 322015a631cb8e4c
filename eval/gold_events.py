"""The training gold as events of the reader, for measuring the stages that come after it on their own.

Finds the shared data at $DRAGOMAN_SHARED or at ../shared beside the checkout; without it says so and exits 3.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dragoman.model import Article, FoundEvent, PlaceMention, Sentence, Span
from dragoman.reader.sentences import split_article


@dataclass(frozen=True)
class GoldEvent:
    """One gold row as the reader would hand it on, with its article; `is_check`: kept out of all fitting (15 %)."""

    article: Article
    sentences: tuple[Sentence, ...]
    found: FoundEvent
    gold: dict[str, Any]
    is_check: bool

    def names_place(self, place: PlaceMention) -> bool:
        words = (self.gold.get("place") or {}).get("text") or ""
        start = self.article.body.find(words, self.gold["sent_start"])
        return bool(words) and start >= 0 and place.start < start + len(words) and start < place.end


def shared_folder() -> Path:
    """Where the measuring data lie; exits 3 where they are not."""
    folder = Path(os.environ.get("DRAGOMAN_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))
    if not folder.is_dir():
        sys.stderr.write(f"{folder} is not there: set DRAGOMAN_SHARED to the folder of the measuring data\n")
        raise SystemExit(3)
    return folder


def share_of(name: str) -> float:
    """A number from 0 to 1 that depends on a document's name alone, to divide documents by."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def read_gold(part: str) -> list[GoldEvent]:
    """The events of `gold/<part>_gold.jsonl`; rows whose anchor lies in no sentence are left out."""
    folder = shared_folder() / "gold"
    articles = {row["doc"]: _article(row) for row in read_lines(folder / f"{part}_docs.jsonl")}
    sentences = {doc: split_article(article) for doc, article in articles.items()}
    events = []
    for row in read_lines(folder / f"{part}_gold.jsonl"):
        sentence = next((s for s in sentences[row["doc"]] if s.start <= row["start"] < s.end), None)
        if sentence is not None:
            article = articles[row["doc"]]
            check = share_of(row["doc"]) < 0.15
            events.append(GoldEvent(article, sentences[row["doc"]], _found(row, sentence), row, check))
    return events


def _article(row: dict[str, Any]) -> Article:
    published = date.fromisoformat(row["published"]) if row.get("published") else None
    return Article(
        id=row["doc"], doc=row["doc"], title=row.get("title") or "", text=row["text"], url=row.get("url"),
        publisher=row.get("publisher"), published=published,
    )  # fmt: skip


def _found(row: dict[str, Any], sentence: Sentence) -> FoundEvent:
    return FoundEvent(
        sentence=sentence, anchor=Span(start=row["start"], end=row["end"], text=row["anchor"]), event_type=row["type"],
        mode=row["mode"], status=row["status"], confidence=1.0, actors=_spans(row["actors"]),
        recipients=_spans(row["recipients"]),
    )  # fmt: skip


def _spans(parties: list[dict[str, Any]]) -> tuple[Span, ...]:
    return tuple(Span(start=p["start"], end=p["end"], text=p["text"]) for p in parties if p.get("start") is not None)


def same_date(gold: str | None, told: str | None) -> bool | None:
    """Whether a date is the gold's, at the gold's own precision; None where the gold has none."""
    if not gold:
        return None
    told = told or ""
    if "/" in gold:
        first, last = gold.split("/")
        return bool(told) and first[: len(told)] <= told[:10] <= last
    return told[: len(gold)] == gold


def is_elsewhere(gold: str, published: str) -> bool:
    """Whether a gold date lies more than a day from publication, where no default guesses it."""
    try:
        return abs((date.fromisoformat(published) - date.fromisoformat(gold)).days) > 1
    except ValueError:
        return True
