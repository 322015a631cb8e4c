"""The layers of an article as rows (`dragoman annotate`): actors, times, places, attributions, each asked for by name.

Composes the stages as the pipeline does, but runs only what the layers need: times and places need no network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dragoman.model import Article, Attribution, Mention, PlaceMention, Sentence, Span, TimeMention
from dragoman.reader.sentences import split_article
from dragoman.rows import feature_row, span_row


class Annotator:
    """Loads what the wanted layers need, once, and annotates articles."""

    def __init__(self, layers: Sequence[str], dictionaries: Sequence[Path] = ()) -> None:
        self._layers = layers
        self.problems: tuple[str, ...] = ()
        if "actors" in layers:
            from dragoman.actors import ActorIndex

            self._actors = ActorIndex.load(dictionaries)
            self.problems = self._actors.problems
        if "places" in layers:
            from dragoman.places import PlaceIndex

            self._places = PlaceIndex.load()
        if "attributions" in layers:
            from dragoman.reader import Reader

            self._reader = Reader()

    def row(self, article: Article) -> dict[str, Any]:
        """Gives the contract's layer row of an article."""
        sentences = split_article(article)
        return {"doc": article.doc, **{name: list(self._spans(name, article, sentences)) for name in self._layers}}

    def _spans(self, layer: str, article: Article, sentences: Sequence[Sentence]) -> Iterator[dict[str, Any]]:
        if layer == "actors":
            yield from (actor_row(m) for m in self._actors.annotate(article, sentences) if m.entity)
        elif layer == "times":
            from dragoman.times import find_times

            yield from (time_row(t) for t in find_times(article, sentences))
        elif layer == "places":
            yield from (place_row(p) for p in self._places.find_places(article, sentences))
        else:
            for reading in self._reader.read([article]):
                yield from (attribution_row(a) for a in reading.attributions)


def actor_row(mention: Mention) -> dict[str, Any]:
    entity = mention.entity
    return {
        **span_row(mention),
        "code": entity.code if entity else None,
        "sectors": list(entity.sectors) if entity else [],
        "name": entity.name if entity else None,
        "identifier": entity.identifier if entity else None,
        "confidence": mention.confidence,
        "basis": mention.basis,
    }


def time_row(time: TimeMention) -> dict[str, Any]:
    return {
        **span_row(time), "value": time.value, "type": time.type, "confidence": time.confidence, "basis": time.basis,
    }  # fmt: skip


def place_row(place: PlaceMention) -> dict[str, Any]:
    return {**span_row(place), **feature_row(place)}


def attribution_row(attribution: Attribution) -> dict[str, Any]:
    return {
        "source": _ends(attribution.source),
        "cue": _ends(attribution.cue),
        "content": _ends(attribution.content),
        "confidence": None,
        "basis": "reader",
    }


def _ends(span: Span | None) -> list[int] | None:
    return [span.start, span.end] if span else None
