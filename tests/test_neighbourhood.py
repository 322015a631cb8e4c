"""The neighbourhood: communities, brokers, unusual pairs, two windows compared, and their pictures."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import make_article
from worlds import FIRST, LAST, UNREAD, happening

from dragoman import plots
from dragoman.cli import main
from dragoman.errors import QueryError
from dragoman.neighbourhood import (
    build_network,
    compare_windows,
    find_arrows,
    find_pairs,
    find_unusual,
    halves,
    rank_changes,
)
from dragoman.store import Reading, RecordStore
from dragoman.ties import Window

WHOLE = Window(since=FIRST, until=LAST)
EARLY, LATE = Window(since=FIRST, until=date(2025, 4, 14)), Window(since=date(2025, 4, 21), until=LAST)


def test_pairs_count_what_is_mutual_once(world: RecordStore) -> None:
    pairs = {(pair.a, pair.b): pair for pair in find_pairs(world, WHOLE)}
    assert (pairs["FRA", "POL"].happenings, pairs["FRA", "POL"].cooperation) == (2, 2)
    assert pairs["RUS", "UKR"].happenings == 24 + 2
    assert pairs["RUS", "UKR"].intensity < 0


def test_parties_that_cooperate_stand_together(world: RecordStore) -> None:
    network = build_network(world, WHOLE)
    community = next(members for members in network.communities if "FRA" in members)
    assert {"FRA", "DEU", "POL"} <= set(community)
    assert "PRK" not in community
    assert {node.party for node in network.brokers} == {"FRA", "CHN", "RUS"}  # each between two
    assert build_network(world, WHOLE) == network


def test_the_network_is_cut_to_the_busiest(world: RecordStore) -> None:
    network = build_network(world, WHOLE, parties=4)
    assert {node.party for node in network.nodes} == {"RUS", "UKR", "FRA", "DEU"}


def test_an_empty_window_has_no_network(world: RecordStore) -> None:
    empty = Window(since=date(1999, 1, 1), until=date(1999, 2, 1))
    with pytest.raises(QueryError, match="widen the window"):
        build_network(world, empty)
    with pytest.raises(QueryError, match="nothing was read"):
        find_unusual(world, empty)
    with pytest.raises(QueryError, match="cannot be compared"):
        compare_windows(world, empty, WHOLE)


def test_the_end_of_a_war_is_the_largest_warming(world: RecordStore) -> None:
    warming, _ = rank_changes(world, EARLY, LATE)
    first = warming[0]
    assert (first.after.a, first.after.b) == ("RUS", "UKR")
    assert first.size > 0 and first.z > 2
    assert len(first.before.record_ids) == 24


def test_swapping_the_windows_swaps_the_signs(world: RecordStore) -> None:
    there = {(c.after.a, c.after.b): c.size for c in compare_windows(world, EARLY, LATE, least=1)}
    back = {(c.after.a, c.after.b): -c.size for c in compare_windows(world, LATE, EARLY, least=1)}
    assert there == pytest.approx(back)


def test_halves_reach_as_far_as_was_read(world: RecordStore) -> None:
    first, second = halves(world)
    assert (first.since, second.until, first.until) == (FIRST, LAST, second.since)


def test_a_sudden_quarrel_is_unusual(world: RecordStore, tmp_path: Path) -> None:
    store = RecordStore.open(shutil.copytree(world.path, tmp_path / "record"))
    days = [LAST + timedelta(days=number) for number in range(14)]
    events = [happening("ACCUSE", day, "PER", "ECU") for day in days]
    store.add([
        Reading(article=make_article(f"q{e.event_id}", published=day), coder="test-1", codebook="test", events=(e,))
        for e, day in zip(events, days, strict=True)
    ])  # fmt: skip
    window = Window(since=LAST - timedelta(days=14), until=LAST + timedelta(days=14))
    unusual = find_unusual(store, window)
    assert (unusual[0].pair.a, unusual[0].pair.b) == ("ECU", "PER")
    assert unusual[0].pair.happenings == 14 > unusual[0].expected


# --- pictures and commands ---


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_networks_and_tables_are_drawn(world: RecordStore, tmp_path: Path, ending: str) -> None:
    network = build_network(world, WHOLE)
    rows = [node.to_row() for node in network.nodes], [edge.to_row() for edge in network.edges]
    start = {"svg": b"<svg", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}[ending]
    drawn = (
        plots.plot_network(*rows, tmp_path / f"network.{ending}", title="A network"),
        plots.plot_heat(find_arrows(world, WHOLE), tmp_path / f"heat.{ending}", title="A table"),
    )
    assert [path.read_bytes().startswith(start) for path in drawn] == [True, True]


def test_a_calendar_shows_days_not_read(world: RecordStore, tmp_path: Path) -> None:
    (days,) = world.tie_series("RUS", "UKR", since=FIRST, until=LAST, by="day", directed=False)
    squares = [day for layer in _data(plots.draw_calendar(days).to_dict()) for day in layer if "score" in day]
    unread = {day["day"] for day in squares if day["score"] is None}
    assert unread == {(UNREAD[0] + timedelta(days=number)).isoformat() for number in range(7)}
    assert plots.plot_calendar(days, tmp_path / "calendar.svg").read_bytes().startswith(b"<svg")
    (weeks,) = world.tie_series("RUS", "UKR", since=FIRST, until=LAST, by="week", directed=False)
    with pytest.raises(QueryError, match="series by day"):
        plots.draw_calendar(weeks)


def _data(chart: object) -> list[list[dict[str, object]]]:
    """All values that a chart holds, wherever they lie in it."""
    if isinstance(chart, dict):
        own = [chart["values"]] if isinstance(chart.get("values"), list) else []
        return own + [rows for part in chart.values() for rows in _data(part)]
    return [rows for part in chart for rows in _data(part)] if isinstance(chart, list) else []


def test_nothing_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="nothing to draw"):
        plots.plot_network([], [], tmp_path / "network.svg", title="")
    with pytest.raises(QueryError, match="nothing to draw"):
        plots.plot_heat([], tmp_path / "heat.svg", title="")


def test_the_commands(world: RecordStore, tmp_path: Path) -> None:
    def call(*words: str) -> str:
        result = CliRunner().invoke(main, [words[0], "--record", str(world.path), *words[1:]])
        assert result.exit_code == 0, result.output
        return result.output

    drawn = call("network", "--plot", str(tmp_path / "n.svg"), "--heat", str(tmp_path / "h.svg"))
    assert "communities of cooperation" in drawn and (tmp_path / "n.svg").is_file() and (tmp_path / "h.svg").is_file()
    assert "unusual pairs" in call("unusual")
    told = call("changes", "--before", "2025-03-03/2025-04-14", "--since", "2025-04-21", "--format", "jsonl")
    assert {json.loads(line)["way"] for line in told.splitlines()} >= {"warming"}
    assert "RUS-UKR" in call("changes", "--way", "all")
    wrong = CliRunner().invoke(main, ["changes", "--record", str(world.path), "--before", "March"])
    assert wrong.exit_code == 2 and "2025-01-01/2025-04-01" in wrong.output
