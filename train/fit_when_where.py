#!/usr/bin/env python3
"""Fits the weights that tie events to dates and places: `data/times/event_time.tsv`,
`data/times/event_history.tsv`, `data/places/event_place.tsv`.

    python train/fit_when_where.py time history place       (needs scikit-learn and ../shared/gold, or $DRAGOMAN_SHARED)

Logistic regression over each event's candidates: which expression gives the gold's date, which place its country?
The check documents of `gold_events.py` (15 %, by a digest of their name) are left out, for eval/ to measure on.
Weights below 0.03 are dropped; rows are sorted by feature, so that a change shows in a diff.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parent.parent / "eval"))
from gold_events import GoldEvent, read_gold, same_date

from dragoman.places import PlaceIndex, placing
from dragoman.times import Timeline, dating, find_times
from dragoman.times.candidates import candidates

DATA = Path(__file__).parent.parent / "src" / "dragoman" / "data"
LEAST_SEEN = 5
STRENGTH = 0.3
CHOICE_STRENGTH = 0.2
Row = tuple[Sequence[str], bool]


def time_choices(events: Sequence[GoldEvent]) -> Iterator[list[Row]]:
    """The candidates of each dated event, as one choice.

    Where nothing is told, the gold has now the day of publication and now the one before, by its coders' habit and by
    nothing in the text (their share changes from batch to batch of documents): both count as the day of publication.
    """
    for event in events:
        if not event.gold["date"]:
            continue
        timeline = Timeline(find_times(event.article, event.sentences), event.article)
        rows = []
        for candidate in candidates(event.found, timeline):
            told = candidate.source in {"sentence", "anniversary"}
            if told or event.found.status in {"asserted", "negated"}:
                right = bool(same_date(event.gold["date"], dating.as_date(candidate.value, "").value))
                rows.append((candidate, right))
        if not any(right for _, right in rows) and is_default(event):
            rows = [(c, c.source == "publication") for c, _ in rows]
        if any(right for _, right in rows) and len(rows) > 1:
            yield [(c.features, right) for c, right in rows]


def is_default(event: GoldEvent) -> bool:
    """Whether the gold's date is the day of publication or the day before."""
    day, published = event.gold["date"], event.article.published
    return bool(published) and day in {published.isoformat(), (published - timedelta(days=1)).isoformat()}


def fit_choice(choices: Sequence[list[Row]], strength: float) -> dict[str, float]:
    """Weights that make the right candidate of each choice the heaviest (conditional logistic regression)."""
    seen = Counter(feature for rows in choices for features, _ in rows for feature in features)
    table = DictVectorizer()
    inputs = [{f: 1 for f in features if seen[f] >= LEAST_SEEN} for rows in choices for features, _ in rows]
    matrix = table.fit_transform(inputs).tocsr()
    right = np.array([is_right for rows in choices for _, is_right in rows])
    which = np.repeat(np.arange(len(choices)), [len(rows) for rows in choices])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        points = matrix @ weights
        heavy = np.exp(points - np.maximum.reduceat(points, starts)[which])
        chance = heavy / np.bincount(which, heavy)[which]
        hit = np.where(right, chance, 0.0)
        share = np.bincount(which, hit)
        slope = matrix.T @ (chance - hit / share[which]) + weights / strength
        return float(-np.log(share).sum() + (weights @ weights) / (2 * strength)), slope

    starts = np.flatnonzero(np.diff(which, prepend=-1))
    found = minimize(loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return dict(zip(table.get_feature_names_out(), found.x, strict=True))


def history_rows(events: Sequence[GoldEvent]) -> Iterator[Row]:
    """Events that are told as past; the reader's own word on the status is withheld."""
    for event in events:
        if event.found.status in {"asserted", "historical"}:
            timeline = Timeline(find_times(event.article, event.sentences), event.article)
            plain = replace(event.found, status="asserted")
            best = dating.best_candidate(plain, timeline)
            told = tuple(dating.history_features(plain, timeline, best))
            yield told, event.found.status == "historical"


def place_rows(events: Sequence[GoldEvent]) -> Iterator[Row]:
    index = PlaceIndex.load()
    for event in events:
        gold = event.gold["place"]
        if gold and not gold.get("country"):
            continue
        places = index.find_places(event.article, event.sentences)
        found = list(placing.candidates(event.found, placing.Told(places, event.article)))
        right = [bool(gold) and c.place.country == gold["country"] for c in found]
        named = [r and event.names_place(c.place) for r, c in zip(right, found, strict=True)]
        for candidate, is_right in zip(found, named if any(named) else right, strict=True):
            yield candidate.features, is_right


def fit(rows: Sequence[Row]) -> dict[str, float]:
    seen = Counter(feature for features, _ in rows for feature in features)
    inputs = [{f: 1 for f in features if seen[f] >= LEAST_SEEN} for features, _ in rows]
    table = DictVectorizer()
    matrix = table.fit_transform(inputs)
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(matrix, [right for _, right in rows])
    weights = dict(zip(table.get_feature_names_out(), model.coef_[0], strict=True))
    return {"(start)": float(model.intercept_[0]), **weights}


def write(path: Path, weights: dict[str, float], what: str) -> None:
    lines = [
        f"# What speaks for and against {what}. Fitted by train/fit_when_where.py on this project's own",
        "# training gold (logistic regression); (start) is where the sum begins.",
        "feature\tweight",
        *(f"{name}\t{weight:.2f}" for name, weight in sorted(weights.items()) if abs(weight) >= 0.03),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    wanted = set(sys.argv[1:]) or {"time", "history", "place"}
    events = [event for event in read_gold("train") if not event.is_check]
    if "time" in wanted:
        weights = fit_choice(list(time_choices(events)), CHOICE_STRENGTH)
        write(DATA / "times" / "event_time.tsv", weights, "a date being an event's")
    if "history" in wanted:
        write(
            DATA / "times" / "event_history.tsv",
            fit(list(history_rows(events))),
            "an event being told as history",
        )
    if "place" in wanted:
        write(DATA / "places" / "event_place.tsv", fit(list(place_rows(events))), "a place being an event's")


if __name__ == "__main__":
    main()
