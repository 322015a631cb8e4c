"""Step 5b of the journey, second half: which of the places that bear a name is meant.

An article mostly speaks of places near one another. Each candidate is scored by its size, by what the text says
right behind it (", Ohio"), and by how much of the article's other names lie in the same division, country and
neighbourhood; a name means the same place throughout an article unless its own words say otherwise.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dragoman.places.gazetteer import Place
from dragoman.places.recognition import Findings, Spot

MAX_CANDIDATES = 40
MAX_POINTS = 400
SETTING_KEY = "(setting)"
PEOPLE_KEY = "people of "
PEOPLE = 3.0  # for a state whose people or adjective the article names
ROUNDS = 3
NEAR_KM = 150.0
# Weights of an article's other names in the same division, country and neighbourhood, against the logarithm of the
# prior; FLOOR keeps the smallest town in play. Tuned on four fifths of LGL and on the training gold's countries.
SIZE, WELL_KNOWN, OF_STATES = 0.9, 1.5, 0.5
DIVISION, COUNTRY, NEAR, FLOOR = 1.6, 1.2, 1.0, 1e-3
KM_PER_DEGREE = 111.2
_KIND_BONUS = {"C": 4.5, "N": 4.5, "S": 1.5, "D": 0.5, "R": 3.0, "W": 1.0, "B": 1.0, "P": 0.0}


@dataclass(frozen=True, slots=True)
class Choice:
    """The place chosen for a name, how sure (0 to 1), and why."""

    place: Place
    confidence: float
    basis: str


def resolve(findings: Findings) -> list[Choice]:
    """Chooses a place for each spot, in order."""
    spots = findings.spots
    containers = _containers(spots)
    names = {s.key: s.places[:MAX_CANDIDATES] for s in spots}
    priors = {key: _priors(places) for key, places in names.items()}
    for i, place in containers.items():
        _fix(priors, names, spots[i].key, place)
    beliefs = priors
    for _ in range(ROUNDS):
        beliefs = _weigh(names, priors, beliefs, findings.setting)
    chosen = {key: _choice(places, priors[key], beliefs[key]) for key, places in names.items()}
    return [_contained(spots[i], containers.get(i)) or chosen[spots[i].key] for i in range(len(spots))]


def _containers(spots: Sequence[Spot]) -> dict[int, Place]:
    """For each spot that is followed by a comma and a division or state, that container."""
    found: dict[int, Place] = {}
    for i, (spot, following) in enumerate(zip(spots, spots[1:], strict=False)):
        if not 1 <= following.start - spot.end <= 2 or spot.sentence != following.sentence:
            continue
        inside = [c for c in following.places if c.kind in "CSD" and any(_lies_in(p, c) for p in spot.places)]
        if inside:
            found[i] = inside[0]
    return found


def _lies_in(place: Place, container: Place) -> bool:
    if place is container or place.kind in "CN":
        return False
    if container.kind == "C":
        return place.country == container.country
    if container.kind == "S":
        return place.country == container.country and place.admin1 == container.admin1 and place.kind != "S"
    return place.kind == "P" and place.admin1 == container.admin1 and _km(place, container) < 80


def _contained(spot: Spot, container: Place | None) -> Choice | None:
    if container is None:
        return None
    inside = [p for p in spot.places if _lies_in(p, container)]
    best = max(inside, key=lambda p: p.population)
    return Choice(best, 0.95, f"named with {container.name}")


def _fix(priors: dict[str, list[float]], names: dict[str, tuple[Place, ...]], key: str, container: Place) -> None:
    weights = [p if _lies_in(place, container) else 0.0 for place, p in zip(names[key], priors[key], strict=True)]
    total = sum(weights)
    if total:
        priors[key] = [w / total for w in weights]


def _priors(places: Sequence[Place]) -> list[float]:
    """How likely each place is by its size and kind alone."""
    scores = [math.exp(_size(p)) for p in places]
    total = sum(scores)
    return [s / total for s in scores]


def _size(place: Place) -> float:
    known = WELL_KNOWN if place.kind == "P" and (place.population >= 1_000_000 or place.is_capital) else 0.0
    return SIZE * math.log10(place.population + 100) + known + _KIND_BONUS[place.kind] - (0.0 if place.is_main else 1.5)


Beliefs = dict[str, list[float]]


def _weigh(
    names: dict[str, tuple[Place, ...]], priors: Beliefs, beliefs: Beliefs, setting: Mapping[str, float]
) -> Beliefs:
    """One round: each candidate's size and kind times what the article's other names, as now understood, say for it."""
    divisions, countries, points = _votes(names, beliefs)
    for country, vote in setting.items():
        countries[country][SETTING_KEY] = vote
    weighed: Beliefs = {}
    for key, places in names.items():
        if len(places) == 1:
            weighed[key] = [1.0]
            continue
        scores = [
            math.log(prior + FLOOR) + _context(key, place, (divisions, countries, points))
            for place, prior in zip(places, priors[key], strict=True)
        ]
        top = max(scores)
        likely = [math.exp(max(s - top, -50.0)) for s in scores]
        total = sum(likely)
        weighed[key] = [x / total for x in likely]
    return weighed


Votes = tuple[dict[str, dict[str, float]], dict[str, dict[str, float]], list[tuple[str, Place, float]]]


def _votes(names: dict[str, tuple[Place, ...]], beliefs: Beliefs) -> Votes:
    """How strongly each name speaks for each division and country, and the likely points of each."""
    divisions: dict[str, dict[str, float]] = defaultdict(dict)
    countries: dict[str, dict[str, float]] = defaultdict(dict)
    points: list[tuple[str, Place, float]] = []
    for key, places in names.items():
        for place, belief in zip(places, beliefs[key], strict=True):
            if belief < 0.02:
                continue
            if place.kind == "N" and belief > 0.5:
                countries[f"{PEOPLE_KEY}{place.country}"][key] = 1.0
            share = belief * (OF_STATES if place.kind in "CN" else 1.0)
            countries[place.country][key] = countries[place.country].get(key, 0.0) + share
            if place.admin1:
                mark = f"{place.country}.{place.admin1}"
                divisions[mark][key] = divisions[mark].get(key, 0.0) + belief
            if place.kind in "PDB":
                points.append((key, place, belief))
    return divisions, countries, points[:MAX_POINTS]


def _context(key: str, place: Place, votes: Votes) -> float:
    divisions, countries, points = votes
    division = 0.0
    if place.admin1:
        voters = divisions.get(f"{place.country}.{place.admin1}", {})
        division = sum(voters.values()) - voters.get(key, 0.0)
    voters = countries.get(place.country, {})
    country = sum(voters.values()) - voters.get(key, 0.0)
    near = 0.0
    if place.kind in "PDB":
        near = sum([belief for k, p, belief in points if k != key and _is_near(place, p)])
    people = PEOPLE if place.kind == "C" and f"{PEOPLE_KEY}{place.country}" in countries else 0.0
    return (
        people + DIVISION * math.log1p(4 * division) + COUNTRY * math.log1p(4 * country) + NEAR * math.log1p(4 * near)
    )


def _choice(places: Sequence[Place], priors: Sequence[float], beliefs: Sequence[float]) -> Choice:
    if len(places) == 1:
        return Choice(places[0], 0.9, "the only place of that name")
    best = max(range(len(places)), key=beliefs.__getitem__)
    by_size = priors[best] == max(priors)
    basis = "the largest of that name" if by_size else "other places of the article"
    return Choice(places[best], round(min(beliefs[best], 0.95), 3), basis)


def _is_near(a: Place, b: Place) -> bool:
    if abs(a.latitude - b.latitude) * KM_PER_DEGREE > NEAR_KM:
        return False
    return _km(a, b) <= NEAR_KM


def _km(a: Place, b: Place) -> float:
    """Distance on the ground, near enough for neighbours (equirectangular)."""
    east = (a.longitude - b.longitude) * math.cos(math.radians((a.latitude + b.latitude) / 2))
    return KM_PER_DEGREE * math.hypot(east, a.latitude - b.latitude)
