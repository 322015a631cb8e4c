"""Step 5b, where: places in the text, resolved offline to a country and a point, and the place of each event."""

from dragoman.places.index import PlaceIndex

__all__ = ["PlaceIndex"]
