"""Step 5b of the journey, where: the door to the gazetteer, and the place of each event.

`PlaceIndex` finds the places of an article and tells which of them an event happened at. The place where an event
happened is not the government that acts ("Paris said"), nor the dateline: those count last or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from dragoman.model import Article, FoundEvent, PlaceMention, Sentence
from dragoman.places.gazetteer import Gazetteer
from dragoman.places.placing import Told, place_event
from dragoman.places.recognition import Spot, find_spots
from dragoman.places.resolution import Choice, resolve

KINDS = {
    "C": "state", "N": "people", "S": "division", "D": "county", "P": "town", "R": "region", "W": "water", "B": "site",
}  # fmt: skip


class PlaceIndex:
    """Finds and resolves places offline.

    Holds an open map of the gazetteer: cheap to make, and safe to share within a process.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._last: Told | None = None

    @classmethod
    def load(cls) -> Self:
        """Opens the package's gazetteer (a few milliseconds; the file is mapped, not read)."""
        return cls(Gazetteer.load())

    def find_places(self, article: Article, sentences: Sequence[Sentence]) -> tuple[PlaceMention, ...]:
        """The places an article names, in order, each with country (alpha-3), degrees and GeoNames id where known.

        Peoples and adjectives of states ("Russian") are given as that state. Never raises on any text.
        """
        findings = find_spots(article, sentences, self._gazetteer)
        pairs = zip(findings.spots, resolve(findings), strict=True)
        return tuple(_mention(article, spot, choice) for spot, choice in pairs)

    def place_event(self, found: FoundEvent, places: Sequence[PlaceMention], article: Article) -> PlaceMention | None:
        """The place where an event happened, or None where the text does not say; see `placing`.

        `places` are the article's, as `find_places` gives them. What they say to all events is kept for the next one.
        """
        told = self._last
        if told is None or told.places is not places or told.article is not article:
            self._last = told = Told(places, article)
        return place_event(found, told)


def _mention(article: Article, spot: Spot, choice: Choice) -> PlaceMention:
    place = choice.place
    basis = f"people of a state: {choice.basis}" if place.kind == "N" else choice.basis
    return PlaceMention(
        start=spot.start, end=spot.end, text=article.body[spot.start : spot.end], name=place.name,
        country=place.country or None, latitude=place.latitude, longitude=place.longitude,
        geonameid=place.geonameid, confidence=choice.confidence, basis=basis, kind=KINDS[place.kind],
    )  # fmt: skip
