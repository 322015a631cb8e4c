"""All dyads by period: zeros, blanks, codes, files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner
from worlds import FIRST, LAST, UNREAD

from dragoman import panel as panels
from dragoman.cli import main
from dragoman.errors import QueryError
from dragoman.panel import build_panel, panel_columns, panel_parts, write_panel
from dragoman.store import RecordStore
from dragoman.ties import Window

WEEKS = Window(since=FIRST, until=LAST, by="week")
SIDES = ("RUS", "UKR", "FRA", "DEU")


def test_every_pair_has_every_period(world: RecordStore) -> None:
    panel = build_panel(world, WEEKS, sides=SIDES)
    assert panel.column_names == [column["column"] for column in panel_columns()]
    assert panel.num_rows == 4 * 3 * 12
    assert build_panel(world, WEEKS, sides=SIDES, directed=False).num_rows == 6 * 12
    assert sorted(set(panel["period_number"].to_pylist())) == list(range(1, 13))


def test_zeros_where_read_and_blanks_where_not(world: RecordStore) -> None:
    rows = build_panel(world, WEEKS, sides=SIDES).to_pylist()
    quiet = [row for row in rows if row["dyad"] == "FRA_RUS"]
    assert {row["happenings"] for row in quiet if row["since"] != UNREAD[0]} == {0}
    unread = next(row for row in quiet if row["since"] == UNREAD[0])
    assert (unread["happenings"], unread["score_sum"], unread["covered"], unread["days_read"]) == (None, None, 0, 0)
    assert all(row["score_mean"] is None for row in quiet)


def test_the_panel_says_what_the_ties_say(world: RecordStore) -> None:
    rows = [row for row in build_panel(world, WEEKS, sides=SIDES).to_pylist() if row["dyad"] == "RUS_UKR"]
    ties = world.ties("RUS", "UKR", since=FIRST, until=LAST, by="week").series[0]
    for row, tie in zip(rows, ties, strict=True):
        assert tuple(row[f"quad{quad}"] or 0 for quad in (1, 2, 3, 4)) == tie.quads
        assert (row["articles"], row["covered"]) == (tie.articles, tie.covered)
        assert row["believed"] is None or row["believed"] == pytest.approx(tie.believed, abs=1e-3)


def test_what_is_mutual_counts_once_undirected(world: RecordStore) -> None:
    march = Window(since=date(2025, 3, 1), until=date(2025, 4, 1))
    (row,) = build_panel(world, march, sides=("FRA", "POL"), directed=False).to_pylist()
    assert row["happenings"] == 1
    assert [r["happenings"] for r in build_panel(world, march, sides=("FRA", "POL")).to_pylist()] == [1, 1]


def test_goldstein_scores_change_no_count(world: RecordStore) -> None:
    own, goldstein = (build_panel(world, WEEKS, sides=SIDES, scale=scale) for scale in ("plover", "goldstein"))
    assert own["happenings"] == goldstein["happenings"]
    assert own["score_sum"] != goldstein["score_sum"]


def test_codes_are_those_of_other_data_sets(world: RecordStore) -> None:
    rows = build_panel(world, WEEKS, sides=("DEU", "KOS", "UNO")).to_pylist()
    codes = {row["side_a"]: (row["iso3_a"], row["cow_a"], row["gw_a"]) for row in rows}
    assert codes["DEU"] == ("DEU", 255, 260)
    assert codes["KOS"] == (None, 347, 347)
    assert codes["UNO"] == (None, None, None)


def test_without_sides_the_states_that_were_seen(world: RecordStore) -> None:
    seen = set(build_panel(world, replace(WEEKS, by="month"))["side_a"].to_pylist())
    assert {"RUS", "UKR", "FRA", "CHN"} <= seen
    assert "ZWE" not in seen


def test_panels_that_cannot_be_made_are_refused(world: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QueryError, match="two sides"):
        build_panel(world, WEEKS, sides=["RUS"])
    monkeypatch.setattr(panels, "MOST_ROWS", 100)
    with pytest.raises(QueryError, match="name fewer sides"):
        build_panel(world, WEEKS, sides=SIDES)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_files_read_back_equal(world: RecordStore, tmp_path: Path, ending: str) -> None:
    panel = build_panel(world, WEEKS, sides=SIDES)
    path = tmp_path / f"panel.{ending}"
    assert write_panel(panel_parts(world, WEEKS, sides=SIDES), path) == write_panel(panel, path) == panel.num_rows
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    back = parquet.read_table(path) if ending == "parquet" else arrow_csv.read_csv(path)
    for name in ("dyad", "since", "happenings", "articles"):
        assert back[name].to_pylist() == panel[name].to_pylist()


@pytest.mark.parametrize("name", ["panel.dta", "none/panel.csv"])
def test_files_that_cannot_be_written_are_refused_before_the_work(
    world: RecordStore, tmp_path: Path, name: str
) -> None:
    result = CliRunner().invoke(main, ["panel", "--record", str(world.path), str(tmp_path / name)])
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_a_panel_and_explains_its_columns(world: RecordStore, tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    words = ["panel", "--record", str(world.path), "--by", "week", "--sides", "members:Visegrad Group", str(path)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "144 rows" in result.output
    columns = CliRunner().invoke(main, ["panel", "--columns"])
    assert "cow_a" in columns.output and "Correlates of War" in columns.output
