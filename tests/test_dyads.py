"""What a question for a tie gives in Python: rows, frames, pictures, reasons, groups, scales."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from worlds import FIRST, LAST, UNREAD

import dragoman
from dragoman.cli import main
from dragoman.errors import QueryError
from dragoman.groups import Group, Member, read_side
from dragoman.model import Tie
from dragoman.sides import find_side
from dragoman.store import RecordStore

WINDOW = {"since": FIRST, "until": LAST}


def pooled(world: RecordStore, a: str, b: str, by: str = "week") -> list[Tie]:
    return list(world.ties(a, b, by=by, directed=False, **WINDOW).series[0])


# --- rows, frames, reasons ---


def test_ties_are_rows_of_the_contract(world: RecordStore) -> None:
    ties = world.ties("RUS", "UKR", by="week", **WINDOW)
    assert isinstance(ties, list) and ties == [dict(row) for row in ties]
    assert {"actor", "recipient", "since", "until", "quads", "intensity", "level", "covered", "records"} <= set(ties[0])
    assert world.ties("RUS", "UKR", since=date(1990, 1, 1), until=date(1990, 1, 1)).series == ((), ())


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow"])
def test_frames_hold_what_the_rows_hold(world: RecordStore, kind: str) -> None:
    ties = world.ties("RUS", "UKR", by="week", **WINDOW)
    frame = ties.to_frame(kind)  # type: ignore[arg-type]
    assert len(frame) == len(ties) == 24
    assert list(frame["quad4"])[:3] == [row["quads"]["4"] for row in ties][:3] or kind == "arrow"


def test_a_frame_whose_library_is_not_there_says_what_to_do(
    world: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ties = world.ties("RUS", "UKR", **WINDOW)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(QueryError, match="pip install polars"):
        ties.to_frame("polars")
    with pytest.raises(QueryError, match="no frame of kind"):
        ties.to_frame("excel")  # type: ignore[arg-type]


def test_a_number_opens_down_to_the_sentence(world: RecordStore) -> None:
    ties = world.ties("RUS", "UKR", by="week", **WINDOW)
    told = ties.explain("2025-03-12")
    assert {row["event_type"] for row in told.happenings} == {"ASSAULT"}
    assert sum(sum(tie.quads) for tie in told.ties) == len(told.happenings) == 4
    assert all(row["told"][0]["sentence"]["text"].startswith("On that day") for row in told.happenings)
    assert "On that day: ASSAULT RUS UKR" in str(told)
    with pytest.raises(QueryError, match="outside the window"):
        ties.explain(date(2026, 1, 1))
    with pytest.raises(QueryError, match=r"2025-03-03 to 2025-05-25: `--since 2025-03-02` widens it"):
        ties.explain("2025-03-02")
    with pytest.raises(QueryError, match="YYYY-MM-DD"):
        ties.explain("yesterday")


def test_a_turn_towards_calm_shows_what_stopped(world: RecordStore) -> None:
    ties = world.ties("RUS", "UKR", by="week", directed=False, **WINDOW)
    (turn,) = ties.turns
    assert turn.day == date(2025, 4, 21) and turn.size > 0
    before, after = ties.happenings_of(turn)
    assert {row["event_type"] for row in before} == {"ASSAULT"}
    assert {row["event_type"] for row in after} == {"CONSULT"}
    assert turn.to_row()["earlier"] == list(turn.earlier_ids)


def test_a_tie_draws_itself(world: RecordStore, tmp_path: Path) -> None:
    ties = world.ties("RUS", "UKR", by="week", directed=False, **WINDOW)
    assert ties.plot(tmp_path / "tie.svg") == tmp_path / "tie.svg"
    assert ties.plot().to_dict()["vconcat"]
    with pytest.raises(QueryError, match="nothing to draw"):
        world.ties("ZWE", "TUV", since=FIRST, until=FIRST, directed=False).plot()


# --- uncertainty, words and deeds ---


def test_levels_are_less_sure_where_less_was_read(world: RecordStore) -> None:
    whole, unread = (next(t for t in pooled(world, "RUS", "UKR") if t.since == day) for day in (FIRST, UNREAD[0]))
    assert whole.level_sd is not None and whole.level_sd > 0
    assert unread.level_sd is None
    half = world.tie_series("RUS", "UKR", by="month", since=date(2025, 4, 7), until=date(2025, 4, 30), directed=False)
    full = world.tie_series("RUS", "UKR", by="month", since=date(2025, 3, 3), until=date(2025, 3, 26), directed=False)
    assert half[0][0].covered < full[0][0].covered == 1.0
    assert (half[0][0].level_sd or 0) > 0


def test_pledges_and_threats_stand_apart(world: RecordStore) -> None:
    (tie,) = [t for t in pooled(world, "PRK", "KOR", "month") if t.since.month == 5]
    assert (tie.threats, tie.pledges, tie.quads) == (1, 0, (0, 0, 1, 0))
    (tie,) = [t for t in pooled(world, "CHN", "IDN", "month") if t.since == FIRST]
    assert tie.rate == pytest.approx(1000 / tie.articles)
    assert (tie.pledges, tie.cooperation, tie.conflict) == (1, 2.5, None)


def test_goldstein_is_a_choice(world: RecordStore) -> None:
    own, goldstein = (world.ties("FRA", "DEU", scale=scale, **WINDOW) for scale in ("plover", "goldstein"))
    assert [row["quads"] for row in own] == [row["quads"] for row in goldstein]
    assert own[0]["intensity"] != goldstein[0]["intensity"]
    with pytest.raises(QueryError, match="no scale"):
        world.ties("FRA", "DEU", scale="richter")  # type: ignore[arg-type]


# --- groups ---


def test_a_group_of_one_is_the_party_itself(world: RecordStore) -> None:
    alone = Group(name="Russia alone", members=(Member(code="RUS"),))
    assert [row["quads"] for row in world.ties(alone, "UKR", **WINDOW)] == [
        row["quads"] for row in world.ties("RUS", "UKR", **WINDOW)
    ]


def test_a_happening_of_several_members_counts_once(world: RecordStore) -> None:
    both = world.ties("FRA+POL", "rest", by="month", directed=False, **WINDOW)
    assert sum(row["quads"]["2"] for row in both) == 5  # what France did with Germany on days that were read
    inside = world.ties("FRA+POL", "FRA+POL", by="month", directed=False, **WINDOW)
    assert sum(sum(row["quads"].values()) for row in inside) == 2


def test_against_the_rest_is_all_that_one_does(world: RecordStore) -> None:
    rest = world.ties("RUS", "rest", by="month", **WINDOW)
    alone = [world.ties("RUS", other, by="month", **WINDOW) for other in ("UKR", "USA")]
    assert sum(sum(r["quads"].values()) for r in rest) == sum(sum(r["quads"].values()) for rows in alone for r in rows)


def test_members_count_only_while_they_are_members(world: RecordStore) -> None:
    late = Group(name="late", members=(Member(code="RUS", since=date(2025, 4, 1)),))
    rows = world.ties(late, "UKR", by="month", **WINDOW)
    march, april = (next(r for r in rows if r["since"] == day) for day in (FIRST.isoformat(), "2025-04-01"))
    assert sum(march["quads"].values()) == 0
    assert april["quads"]["4"] > 0


def test_sides_are_read_from_words() -> None:
    assert read_side("RUS") == "RUS"
    assert find_side("Russia") == "RUS"
    assert find_side("France+Germany") == Group(name="France+Germany", members=(Member(code="FRA"), Member(code="DEU")))
    nato = find_side("members:NATO")
    assert isinstance(nato, Group)
    assert "FIN" in nato.codes_on(date(2024, 1, 1)) and "FIN" not in nato.codes_on(date(2022, 1, 1))
    with pytest.raises(QueryError, match="plus between"):
        read_side("FRA+")
    with pytest.raises(QueryError, match="are not known"):
        find_side("members:the chess club")


def test_a_name_is_not_taken_for_a_code_that_nobody_met(world: RecordStore) -> None:
    with pytest.raises(QueryError, match="find_side"):
        world.ties("Russia", "UKR", **WINDOW)
    assert dragoman.find_side("Russia") == "RUS"


def test_two_rests_are_refused(world: RecordStore) -> None:
    with pytest.raises(QueryError, match="both sides are the rest"):
        world.ties("rest", "rest", **WINDOW)


# --- the command ---


def test_the_command_explains_turns_and_days(world: RecordStore, tmp_path: Path) -> None:
    base = ["ties", "--record", str(world.path), "--by", "week", "RUS", "UKR"]
    turned = CliRunner().invoke(main, [*base, "--undirected", "--turns", "--plot", str(tmp_path / "tie.svg")])
    assert turned.exit_code == 0, turned.output
    assert "warmer" in turned.output and "before:" in turned.output
    short = CliRunner().invoke(main, [*base, "--half-life", "3", "--format", "jsonl"])
    assert json.loads(short.output.splitlines()[-1])["level"] != world.ties("RUS", "UKR", by="week")[-1]["level"]
    opened = CliRunner().invoke(main, [*base, "--explain", "2025-03-12"])
    assert "On that day: ASSAULT" in opened.output


def test_an_empty_picture_is_not_drawn(world: RecordStore, tmp_path: Path) -> None:
    words = [
        "ties",
        "--record",
        str(world.path),
        "RUS",
        "UKR",
        "--until",
        "1990-01-01",
        "--plot",
        str(tmp_path / "t.svg"),
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2 and "nothing to draw" in result.output


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    for name in ("tie.gif", "none/tie.svg"):
        result = CliRunner().invoke(main, ["ties", "--record", str(tmp_path / "no"), "A", "B", "--plot", name])
        assert result.exit_code == 2
        assert "picture" in result.output
