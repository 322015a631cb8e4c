"""Workers: the order is kept, memory bounded, and whoever kills a worker is found and set aside."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import resources
from multiprocessing import active_children
from pathlib import Path

import pytest

from dragoman import pipeline
from dragoman.errors import DictionaryError
from dragoman.model import Report, Skip
from dragoman.pipeline import InputEnd, Work, code_reports, cut_shards, digest_file, read_new_inputs
from dragoman.rows import event_row
from dragoman.sources import read_reports
from dragoman.store import RecordStore
from dragoman.workers import Pool, answer_shards

SAMPLES = Path(str(resources.files("dragoman.data").joinpath("samples")))
DEADLY = 13


def double(shard: Sequence[int]) -> list[int]:
    return [2 * number for number in shard]


def open_double() -> Callable[[Sequence[int]], list[int]]:
    return double


def double_or_die(shard: Sequence[int]) -> list[int]:
    if DEADLY in shard:
        os.kill(os.getpid(), signal.SIGKILL)
    return double(shard)


def open_deadly() -> Callable[[Sequence[int]], list[int]]:
    return double_or_die


def sleep_after_the_first(shard: Sequence[int]) -> list[int]:
    if 0 not in shard:
        time.sleep(60)
    return double(shard)


def open_sleepy() -> Callable[[Sequence[int]], list[int]]:
    return sleep_after_the_first


def open_nothing() -> Callable[[Sequence[int]], list[int]]:
    raise DictionaryError("no such dictionary")


def set_aside(number: int, reason: str) -> int:
    assert "SIGKILL" in reason
    return -number


def shards_of(last: int, taken: list[int]) -> Iterator[list[int]]:
    for at in range(0, last, 4):
        taken.append(at)
        yield list(range(at, at + 4))


def test_answers_come_in_order_and_no_more_shards_are_held_than_needed() -> None:
    taken: list[int] = []
    answers = answer_shards(Pool(open_double, set_aside), shards_of(80, taken), cores=2)
    assert next(answers) == 0
    assert len(taken) <= 5
    assert [0, *answers] == [2 * number for number in range(80)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_what_kills_a_worker_is_set_aside_and_all_else_is_answered() -> None:
    answers = list(answer_shards(Pool(open_deadly, set_aside), shards_of(24, []), cores=2))
    assert answers == [-DEADLY if number == DEADLY else 2 * number for number in range(24)]


def test_a_worker_that_cannot_begin_is_an_error_of_the_call() -> None:
    with pytest.raises(DictionaryError, match="no such dictionary"):
        list(answer_shards(Pool(open_nothing, set_aside), shards_of(8, []), cores=2))


def test_whoever_stops_asking_ends_workers_in_the_midst_of_a_shard_without_complaint() -> None:
    answers = answer_shards(Pool(open_sleepy, set_aside), shards_of(80, []), cores=2)
    assert next(answers) == 0
    started = time.monotonic()
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 30
    assert not active_children()


def test_the_same_events_in_the_same_order_whatever_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(cores: int) -> list[object]:
        found = code_reports(read_reports([str(SAMPLES)]), Work(is_brief=True), cores=cores)
        return [each if isinstance(each, Skip) else [event_row(e) for e in each.events] for each in found]  # type: ignore[union-attr]

    alone = rows(1)
    monkeypatch.setattr(pipeline, "SMALL_JOB", 1)
    monkeypatch.setattr(pipeline, "TOGETHER", 3)
    assert rows(2) == alone


def test_shards_are_small_in_number_and_in_size() -> None:
    large = Report(location="large", kind="text", content=b"x" * pipeline.SHARD_CHARACTERS)
    small = Report(location="small", kind="text", content=b"x")
    assert [len(shard) for shard in cut_shards([small, large, *[small] * 100])] == [2, 48, 48, 4]


def test_a_file_is_read_again_only_when_it_or_the_coder_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Envoys met.")
    read = partial(read_new_inputs, [str(tmp_path)], published=None)
    report, end = read(coder="one", known={})
    assert isinstance(report, Report)
    assert end == InputEnd(location=str(path), digest=str(digest_file(path, "one None")))
    known = {(end.location, end.digest): 1}
    assert list(read(coder="one", known=known)) == [InputEnd(location=str(path), digest=end.digest, articles_before=1)]
    assert len(list(read(coder="two", known=known))) == 2
    path.write_text("Envoys met again.")
    assert len(list(read(coder="one", known=known))) == 2


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs process groups")
def test_ctrl_c_ends_all_workers(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    text = "The foreign ministers of Finland and Sweden met in Helsinki on Monday. " * 40
    path.write_text("".join(json.dumps({"text": f"{number} {text}"}) + "\n" for number in range(3000)))
    call = [sys.executable, "-m", "dragoman", "read", "--cores", "2", "--format", "jsonl", str(path)]
    running = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert running.stdout is not None
    assert running.stdout.readline()
    os.killpg(running.pid, signal.SIGINT)
    _, complaint = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"interrupted" in complaint
    assert b"Traceback" not in complaint
    assert ended(running.pid)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_an_add_with_workers_that_is_killed_loses_nothing_and_leaves_nobody(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    line = "The foreign ministers of Finland and Sweden met in Helsinki on Monday, and Russia condemned it."
    path.write_text(
        "".join(json.dumps({"doc": f"d{n}", "text": f"{line} It was meeting {n}."}) + "\n" for n in range(1500))
    )
    call = [sys.executable, "-m", "dragoman", "add", "--cores", "2", "--record"]
    chance = random.Random(11)
    for _ in range(4):
        running = subprocess.Popen([*call, str(tmp_path / "record"), str(path)], start_new_session=True)
        time.sleep(chance.uniform(2, 15))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        assert ended(running.pid)
    for name in ("record", "undisturbed"):
        subprocess.run([*call, str(tmp_path / name), str(path)], check=True, capture_output=True)
    record, undisturbed = (RecordStore.open(tmp_path / name) for name in ("record", "undisturbed"))
    assert sorted(e["event_id"] for e in record.events()) == sorted(e["event_id"] for e in undisturbed.events())
    assert sorted(map(str, record.records())) == sorted(map(str, undisturbed.records()))
    assert record.known_inputs() == undisturbed.known_inputs() != {}
    assert record.counts()["articles"] == 1500
    assert record.check() == []


def ended(group: int) -> bool:
    """Whether all processes of a group are gone within a minute: workers first finish what they have in hand."""
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
