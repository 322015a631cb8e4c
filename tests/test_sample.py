"""Coding sheets: drawing, writing, reading verdicts, precision with its interval."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from dragoman.cli import main
from dragoman.errors import QueryError
from dragoman.sample import (
    ALL_RIGHT,
    draw_sample,
    measure_agreement,
    measure_precision,
    read_sheet,
    verdict_fields,
    write_sheet,
)
from dragoman.store import RecordStore


def fill(path: Path, target: Path, verdict: Any, *, delimiter: str = ",") -> list[dict[str, Any]]:
    """A copy of a sheet with verdicts by `verdict(number of the row, field)`, read again."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows):
        row |= {field: verdict(number, field) for field in verdict_fields()}
    with target.open("w", encoding="utf8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return read_sheet(target)


@pytest.fixture
def sheet(world: RecordStore, tmp_path: Path) -> Path:
    return write_sheet(draw_sample(world, 20), tmp_path / "sheet.csv")


def test_the_same_seed_draws_the_same_events(world: RecordStore) -> None:
    first, again, other = (draw_sample(world, 12, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert {row["event_id"] for row in first} != {row["event_id"] for row in other}
    assert len({row["event_id"] for row in first}) == 12


def test_strata_are_drawn_alike_and_small_ones_whole(world: RecordStore) -> None:
    rows = draw_sample(world, 24, by="type")
    drawn = Counter(row["stratum"] for row in rows)
    sizes = {row["stratum"]: row["stratum_size"] for row in rows}
    assert sum(drawn.values()) == 24
    assert drawn["THREATEN"] == sizes["THREATEN"] == 1
    assert drawn["ASSAULT"] < sizes["ASSAULT"]


def test_a_sheet_shows_the_words_and_hides_the_confidence(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8-sig")
    assert "[On that day]" in text
    assert "confidence" not in text.splitlines()[0] and "belief" not in text.splitlines()[0]


def test_a_sheet_is_never_written_over(world: RecordStore, sheet: Path) -> None:
    with pytest.raises(QueryError, match="may hold verdicts"):
        write_sheet(draw_sample(world, 2), sheet)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_verdicts_come_back_however_the_spreadsheet_parts_cells(sheet: Path, tmp_path: Path, delimiter: str) -> None:
    rows = fill(sheet, tmp_path / "one.csv", lambda number, _: "Yes" if number % 4 else "no ", delimiter=delimiter)
    assert Counter(row[ALL_RIGHT] for row in rows) == {"yes": 15, "no": 5}


def test_a_plain_sheet_has_the_exact_interval(sheet: Path, tmp_path: Path) -> None:
    rows = fill(sheet, tmp_path / "one.csv", lambda number, _: "yes" if number < 17 else "no")
    found = measure_precision([rows])[0]
    exact = binomtest(17, 20).proportion_ci(0.95, method="exact")
    assert (found.field, found.judged, found.right, found.precision) == (ALL_RIGHT, 20, 17, 0.85)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-4)


def test_strata_weigh_by_what_they_stand_for() -> None:
    rows = [
        {"event_id": f"{stratum}{n}", "stratum": stratum, "stratum_size": size, ALL_RIGHT: "yes" if n < right else "no"}
        | dict.fromkeys(verdict_fields())
        for stratum, size, right in (("common", 900, 9), ("rare", 100, 1))
        for n in range(10)
    ]
    whole, *strata = measure_precision([rows])
    assert whole.precision == pytest.approx(0.9 * 0.9 + 0.1 * 0.1)
    assert whole.low < whole.precision < whole.high
    assert [(each.stratum, each.precision) for each in strata] == [("common", 0.9), ("rare", 0.1)]


def test_nothing_judged_is_no_share(sheet: Path, tmp_path: Path) -> None:
    rows = fill(sheet, tmp_path / "one.csv", lambda *_: "?")
    found = measure_precision([rows])[0]
    assert (found.precision, found.low, found.high, found.unsure) == (None, 0.0, 1.0, 20)
    assert measure_precision([read_sheet(sheet)]) == []


def test_judges_who_differ_are_told(sheet: Path, tmp_path: Path) -> None:
    anna = fill(sheet, tmp_path / "anna.csv", lambda number, _: "y" if number < 10 else "n")
    ben = fill(sheet, tmp_path / "ben.csv", lambda number, _: "y" if number < 15 else "n")
    told = next(a for a in measure_agreement({"anna": anna, "ben": ben}) if a.field == "type_right")
    assert (told.both, told.alike) == (20, 0.75)
    assert told.kappa == pytest.approx((0.75 - 0.5) / 0.5)
    pooled = next(p for p in measure_precision([anna, ben]) if p.field == "type_right")
    assert (pooled.judged, pooled.right, pooled.unsure) == (15, 10, 5)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\x00\xff", "event_id\n", "a\n" + "x" * 200_000])
def test_files_that_are_no_sheet_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(QueryError):
        read_sheet(path)


def test_words_that_are_no_verdict_are_named_with_their_line(sheet: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"line 2, event_right: 'perhaps'"):
        fill(sheet, tmp_path / "one.csv", lambda *_: "perhaps")


def test_the_command_draws_and_judges(world: RecordStore, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    words = ["sample", "--record", str(world.path), "--number", "8", "--by", "quad", "--since", "2025-03-10", str(path)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    for judge in ("anna", "ben"):
        fill(path, tmp_path / f"{judge}.csv", lambda *_: "yes")
    judged = CliRunner().invoke(main, ["sample", "--judge", str(tmp_path / "anna.csv"), str(tmp_path / "ben.csv")])
    assert judged.exit_code == 0, judged.output
    assert "all_right" in judged.output and "kappa" in judged.output
