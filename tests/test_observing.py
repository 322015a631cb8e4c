"""What a run tells of itself: its report, its log, and figures for Prometheus."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from prometheus_client import generate_latest
from test_store import some_readings

from dragoman.cli import main
from dragoman.cli.base import reported
from dragoman.errors import StoreError
from dragoman.figures import WatchFigures
from dragoman.logs import JsonLines, log_as_json
from dragoman.model import Article, Skip
from dragoman.runs import Run, forget_in_runs, read_runs
from dragoman.store import RecordStore
from dragoman.web.app import make_app

LINES = [
    {
        "doc": "a",
        "publisher": "Courier",
        "published": "2025-03-01",
        "text": "France and Germany signed a treaty.",
    },
    {"doc": "b", "publisher": "Courier", "published": "2025-03-02", "text": "Envoys of Norway met envoys of Sweden."},
    {"doc": "c", "publisher": "Gazette", "published": "2025-03-02", "text": "The weather was fine on all the islands."},
]


def run_of() -> Run:
    return Run(what="add", coder="coder-1", codebook="book-1")


def article(publisher: str | None, day: date | None) -> Article:
    return Article(id="x", doc="x", title="", text="", publisher=publisher, published=day)


# --- reports ---


def test_a_run_is_reported_with_rates_reasons_and_coverage(tmp_path: Path) -> None:
    lines = tmp_path / "a.jsonl"
    lines.write_text("\n".join([*map(json.dumps, LINES), "broken"]))
    record = tmp_path / "record"
    assert CliRunner().invoke(main, ["add", "--record", str(record), str(lines)]).exit_code == 1
    told = CliRunner().invoke(main, ["report", "--record", str(record), "--format", "jsonl"])
    row = json.loads(told.output)
    assert (row["what"], row["articles"], row["already_stored"], row["fault"]) == ("add", 3, 0, None)
    assert row["events"] == RecordStore.open(record).counts()["events"] > 0
    assert {"stage": "sources", "reason": "broken-line", "count": 1} in row["skips"]
    assert row["outlets"] == [{"publisher": "Courier", "articles": 2}, {"publisher": "Gazette", "articles": 1}]
    assert row["days"] == [{"day": "2025-03-02", "articles": 2}, {"day": "2025-03-01", "articles": 1}]
    assert row["coder"].startswith("dragoman-")
    assert row["articles_a_second"] == pytest.approx(3 / row["seconds"], rel=0.1)
    text = CliRunner().invoke(main, ["report", "--record", str(record)]).output
    assert "broken-line (sources)" in text and "coder dragoman-" in text


def test_the_last_run_or_all_are_told(tmp_path: Path) -> None:
    RecordStore.open(tmp_path / "record", create=True)
    command = ["report", "--record", str(tmp_path / "record"), "--format", "jsonl"]
    assert "nothing was added" in CliRunner().invoke(main, command).stderr
    for number in range(3):
        run = run_of()
        run.articles = number
        run.write(tmp_path / "record")
    assert [json.loads(line)["articles"] for line in CliRunner().invoke(main, command).output.splitlines()] == [2]
    told = CliRunner().invoke(main, [*command, "--all"]).output.splitlines()
    assert [json.loads(line)["articles"] for line in told] == [0, 1, 2]


def test_a_run_that_a_fault_ends_is_reported_too(tmp_path: Path) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    with pytest.raises(StoreError, match="full"), reported(run_of(), store):
        raise StoreError("the disk is full")
    with pytest.raises(KeyboardInterrupt), reported(run_of(), store):
        raise KeyboardInterrupt
    assert [row["fault"] for row in read_runs(store.path)] == ["the disk is full", "interrupted"]


def test_skips_that_stand_for_many_count_as_many() -> None:
    run = run_of()
    run.take_skips([Skip(location="a", stage="filter", reason="other-domain", count=40)] * 2)
    run.take_skips([Skip(location="a", stage="article", reason="no-text")])
    run.take_article(article(None, None))
    row = run.to_row()
    assert [(skip["reason"], skip["count"]) for skip in row["skips"]] == [("other-domain", 80), ("no-text", 1)]
    assert (row["outlets"], row["days"]) == ([{"publisher": None, "articles": 1}], [{"day": None, "articles": 1}])


def test_a_damaged_report_is_said_so(tmp_path: Path) -> None:
    run_of().write(tmp_path).write_text("{")
    with pytest.raises(StoreError, match="delete it"):
        read_runs(tmp_path)


# --- logs ---


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    logger = logging.getLogger("dragoman")
    before = (logger.handlers, logger.level, logger.propagate)
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    logger.handlers, logger.level, logger.propagate = before


def test_a_log_line_is_json_with_its_own_fields(log: io.StringIO) -> None:
    logging.getLogger("dragoman.adding").info("stored %d", 3, extra={"articles": 3, "day": date(2025, 3, 1)})
    line = json.loads(log.getvalue())
    assert {**line, "time": ""} == {
        "time": "", "level": "info", "logger": "dragoman.adding", "message": "stored 3", "articles": 3,
        "day": "2025-03-01",
    }  # fmt: skip


def test_an_error_in_the_log_keeps_its_trace() -> None:
    try:
        raise ValueError("odd\nline")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    line = JsonLines().format(record)
    assert "\n" not in line
    assert "ValueError: odd" in json.loads(line)["error"]


def test_the_command_logs_where_it_is_asked_to(tmp_path: Path, log: io.StringIO) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(LINES[0]))
    command = ["--log-json", "add", "--record", str(tmp_path / "record"), str(tmp_path / "a.jsonl")]
    told = CliRunner().invoke(main, command).stderr
    lines = [json.loads(line) for line in told.splitlines()]
    assert [line["message"] for line in lines] == ["began", "stored a batch", "ended"]
    assert lines[1]["articles"] == 1


# --- figures ---


def test_a_watch_tells_its_figures() -> None:
    figures = WatchFigures()
    for _ in range(2):
        figures.take_round({"pages fetched": 3}, 1.5)
        figures.take_stored(articles=2, events=5, skips={("sources", "not-allowed"): 1})
    told = generate_latest(figures.registry).decode()
    assert 'dragoman_watch_total{what="pages fetched"} 6.0' in told
    assert 'dragoman_stored_total{what="events"} 10.0' in told
    assert 'dragoman_skips_total{reason="not-allowed",stage="sources"} 2.0' in told
    assert "dragoman_watch_round_seconds 1.5" in told


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_site_tells_its_figures_only_where_asked_to(tmp_path: Path) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    store.add(some_readings(3))
    for metrics in (True, False):
        transport = httpx.ASGITransport(make_app(store, metrics=metrics))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.get("/ties/FRA/DEU.json")
            await client.get("/nowhere/at/all")
            told = await client.get("/metrics")
        if not metrics:
            assert told.status_code == 404
            continue
        assert 'dragoman_answers_total{page="ties",status="200"} 1.0' in told.text
        assert 'dragoman_answers_total{page="other",status="404"} 1.0' in told.text
        assert 'dragoman_record_rows{table="articles"} 3.0' in told.text


def test_what_is_forgotten_is_named_by_no_input_and_no_fault(tmp_path: Path) -> None:
    run = run_of()
    run.inputs = ("https://www.odd.example/feed", "https://other.example/1", "https://modd.example/", "reports/", "//[")
    run.fault = "https://odd.example/feed cannot be read"
    run.take_article(article("odd.example", None))
    run.take_article(article("other.example", None))
    run.write(tmp_path)
    forget_in_runs(tmp_path, publishers={"odd.example"}, urls={"https://other.example/1"})
    row = read_runs(tmp_path)[0]
    assert row["inputs"] == ["https://modd.example/", "reports/", "//["]
    assert row["outlets"] == [{"publisher": "other.example", "articles": 1}]
    assert "odd.example" not in row["fault"]
    assert [path.suffix for path in (tmp_path / "runs").iterdir()] == [".json"]
