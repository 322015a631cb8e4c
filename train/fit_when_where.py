#!/usr/bin/env python3
"""Fits the weights that tie events to dates and places: `data/times/event_time.tsv`,
`data/times/event_history.tsv`, `data/places/event_place.tsv`.

    python train/fit_when_where.py time history place       (needs scikit-learn and ../shared/gold, or $DRAGOMAN_SHARED)

Logistic regression over each event's candidates: does this expression (this place) give the gold's date (country)?
The check documents of `gold_events.py` (15 %, by a digest of their name) are left out, for eval/ to measure on.
Weights below 0.03 are dropped; rows are sorted by feature, so that a change shows in a diff.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parent.parent / "eval"))
from gold_events import GoldEvent, read_gold, same_date

from dragoman.places import PlaceIndex, placing
from dragoman.times import dating, find_times

DATA = Path(__file__).parent.parent / "src" / "dragoman" / "data"
LEAST_SEEN = 5
STRENGTH = 0.3
Row = tuple[Sequence[str], bool]


def time_rows(events: Sequence[GoldEvent]) -> Iterator[Row]:
    for event in events:
        if not event.gold["date"]:
            continue
        times = find_times(event.article, event.sentences)
        for candidate in dating.candidates(event.found, times, event.article):
            if event.found.status not in {"asserted", "negated"} and candidate.source not in {
                "sentence",
                "anniversary",
            }:
                continue
            yield candidate.features, bool(same_date(event.gold["date"], dating.as_date(candidate.value, "").value))


def history_rows(events: Sequence[GoldEvent]) -> Iterator[Row]:
    """Events that are told as past; the reader's own word on the status is withheld."""
    for event in events:
        if event.found.status in {"asserted", "historical"}:
            times = find_times(event.article, event.sentences)
            plain = replace(event.found, status="asserted")
            best = dating.best_candidate(plain, times, event.article)
            told = tuple(dating.history_features(plain, times, event.article, best))
            yield told, event.found.status == "historical"


def place_rows(events: Sequence[GoldEvent]) -> Iterator[Row]:
    index = PlaceIndex.load()
    for event in events:
        gold = event.gold["place"]
        if gold and not gold.get("country"):
            continue
        places = index.find_places(event.article, event.sentences)
        found = list(placing.candidates(event.found, places, event.article))
        right = [bool(gold) and c.place.country == gold["country"] for c in found]
        named = [r and event.names_place(c.place) for r, c in zip(right, found, strict=True)]
        for candidate, is_right in zip(found, named if any(named) else right, strict=True):
            yield candidate.features, is_right


def fit(rows: Sequence[Row], strength: float = STRENGTH) -> dict[str, float]:
    seen = Counter(feature for features, _ in rows for feature in features)
    inputs = [{f: 1 for f in features if seen[f] >= LEAST_SEEN} for features, _ in rows]
    table = DictVectorizer()
    matrix = table.fit_transform(inputs)
    model = LogisticRegression(C=strength, max_iter=1000).fit(matrix, [right for _, right in rows])
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
        write(DATA / "times" / "event_time.tsv", fit(list(time_rows(events))), "a date being an event's")
    if "history" in wanted:
        write(
            DATA / "times" / "event_history.tsv",
            fit(list(history_rows(events)), strength=1.0),
            "an event being told as history",
        )
    if "place" in wanted:
        write(DATA / "places" / "event_place.tsv", fit(list(place_rows(events))), "a place being an event's")


if __name__ == "__main__":
    main()
