"""What several actors make with each other counts between them: one rule, the rows of `data/ties/mutual.tsv`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from strategies import make_event, make_reading

from dragoman.codebook import load_codebook
from dragoman.kinds import is_mutual
from dragoman.model import Event
from dragoman.panel import build_panel
from dragoman.store import RecordStore
from dragoman.ties import Window

MARCH = Window(since=date(2025, 3, 1), until=date(2025, 4, 1))


def told(event_type: str, mode: str | None = None, recipients: tuple[str, ...] = ()) -> Event:
    return replace(make_event(event_type=event_type, actors=("ARM", "AZE"), recipients=recipients), mode=mode)


def happenings(folder: Path, event: Event) -> dict[str, list[int]]:
    """Happenings of ARM and AZE by way of asking: both directions of the tie, the tie pooled, the panel."""
    store = RecordStore.open(folder, create=True)
    store.add([make_reading(event)])
    tie = store.tie_series("ARM", "AZE", since=MARCH.since, until=MARCH.until)
    pooled = store.tie_series("ARM", "AZE", directed=False, since=MARCH.since, until=MARCH.until)
    panel = build_panel(store, MARCH, sides=("ARM", "AZE")).to_pylist()
    return {
        "tie": [sum(way[0].quads) for way in tie],
        "pooled": [sum(way[0].quads) for way in pooled],
        "panel": [row["happenings"] for row in panel],
    }


@pytest.mark.parametrize(
    ("event_type", "mode", "recipients", "expected"),
    [
        ("CONCEDE", None, (), 1),  # "Armenia and Azerbaijan agreed to a ceasefire"
        ("RETREAT", "ceasefire", (), 1),
        ("RETREAT", "release", (), 1),  # "exchanged prisoners"
        ("RETREAT", "withdraw", (), 0),  # "France and Germany withdrew their troops from Mali"
        ("CONCEDE", None, ("RUS",), 0),  # they yield to a third
        ("ASSAULT", None, (), 0),
    ],
)
def test_a_truce_of_two_states_counts_both_ways(
    tmp_path: Path, event_type: str, mode: str | None, recipients: tuple[str, ...], expected: int
) -> None:
    found = happenings(tmp_path / "record", told(event_type, mode, recipients))
    assert found == {"tie": [expected] * 2, "pooled": [expected], "panel": [expected] * 2}


def test_every_mutual_type_and_mode_is_one_of_the_codebook() -> None:
    book = load_codebook()
    both = [kind for kind in book.types if is_mutual(kind, None, has_recipients=True)]
    assert sorted(both) == ["AGREE", "CONSULT", "COOPERATE"]
    assert {mode for mode in book.event_type("RETREAT").modes if is_mutual("RETREAT", mode, has_recipients=False)} == {
        "ceasefire",
        "release",
    }
