"""A hundred writers killed at random points: the record in the end equals that of an undisturbed run, row for row."""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from test_store import kill_while_adding, rows_of, some_readings

from dragoman.store import RecordStore

ARTICLES = 120
KILLS = 100


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_hundred_kills_lose_nothing_and_store_nothing_twice(tmp_path: Path) -> None:
    chance = random.Random(20250301)
    path = tmp_path / "record"
    reported: set[str] = set()
    for _ in range(KILLS):
        reported |= kill_while_adding(path, ARTICLES, chance.uniform(0.0, 0.6))
        stored = RecordStore.open(path).stored_readings([f"a{at}" for at in range(ARTICLES)])
        assert reported <= {article_id for article_id, _ in stored}
    store = RecordStore.open(path)
    store.add(some_readings(ARTICLES))
    undisturbed = RecordStore.open(tmp_path / "undisturbed", create=True)
    undisturbed.add(some_readings(ARTICLES))
    assert rows_of(store) == rows_of(undisturbed)
    assert store.check() == []
