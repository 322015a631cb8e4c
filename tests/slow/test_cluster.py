"""A Ray cluster of two nodes on this machine: the same record as on one process, whatever happens to its workers."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from bucketworld import BUCKET, serving_bucket
from test_archives import StandIn, archive, page, record
from test_store import rows_of

from dragoman import cluster as clusters
from dragoman.adding import Adding
from dragoman.cli.keeping import coded_on_ray
from dragoman.cluster import Order, code_on_ray, cut_shard
from dragoman.coder import Coded
from dragoman.errors import SourceError
from dragoman.model import Article, Skip
from dragoman.objects import Place, read_address
from dragoman.pipeline import Desk, Work, cut_shards, read_new_inputs
from dragoman.shards import Shard, plan_shards
from dragoman.store import RecordStore

pytestmark = [
    pytest.mark.slow,
    # Ray leaves files and sockets of its helper processes to the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
pytest.importorskip("ray")
os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent), *sys.path])

ORDER = Order(work=Work(), version="trapped")


class Trapped(StandIn):
    """A desk that finds nothing; it dies, fails or dawdles where a page tells it to."""

    version = "trapped"

    def code(self, articles: Iterable[Article], **_: Any) -> Iterator[Coded]:
        for article in articles:
            if "poisonous" in article.text:
                os._exit(1)
            if "unreadable" in article.text:
                raise ValueError("a fault in reading")
            if "tedious" in article.text:
                time.sleep(0.5)
            if article.published == date(2022, 9, 1):
                time.sleep(5.0)
            if "endless" in article.text:
                time.sleep(3600)
            yield Coded(article=article, sentences=(), events=())


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def words_of(kind: str) -> str:
    return f"The minister met his counterpart from the north and said that the {kind} talks had been of use to both. "


def code(cluster: Any, path: Path, *, size: int) -> list[list[Any]]:
    shards = plan_shards([str(path)], size=size)
    return list(code_on_ray(shards, ORDER, address=cluster.address, open_desk=Trapped))


def store_all(place: Place, coder: str, parts: Iterable[list[Any]]) -> RecordStore:
    store = RecordStore.open(place, create=True)
    adding = Adding(store, coder=coder, tell=lambda _: None, keep_text=False)
    for part in parts:
        adding.store(part)
    store.merge()
    return store


def numbers_of(parts: Iterable[list[Any]]) -> list[int]:
    found = (one for part in parts for one in part if isinstance(one, Coded))
    return sorted(int(one.article.location.rpartition("#")[2]) for one in found)


def skips_of(parts: Iterable[list[Any]]) -> list[Skip]:
    return [one for part in parts for one in part if isinstance(one, Skip)]


def test_two_nodes_give_the_record_of_one_process(two_nodes: Any, tmp_path: Path) -> None:
    said = "France and Germany signed an agreement on trade in Berlin on Monday, the ministers said. "
    path = archive(tmp_path, [record(number, page(number, words=f"{said} {number}")) for number in range(1, 31)])
    work = Work()
    desk = Desk(work)
    reading = desk.coder.version
    items = read_new_inputs([str(path)], published=None, coder=reading, known={})
    here = store_all(tmp_path / "here", reading, (desk(part) for part in cut_shards(items)))
    order = Order(work=work, version=reading)
    shards = plan_shards([str(path)], size=4, reading=reading)
    there = store_all(tmp_path / "there", reading, code_on_ray(shards, order, address=two_nodes.address))
    assert here.counts()["events"]
    assert rows_of(there) == rows_of(here)
    assert there.inputs() == here.inputs()


def test_what_the_cluster_reads_is_stored_in_an_object_store(two_nodes: Any, tmp_path: Path) -> None:
    said = "France and Germany signed an agreement on trade in Berlin on Monday, the ministers said. "
    path = archive(tmp_path, [record(number, page(number, words=f"{said} {number}")) for number in range(1, 9)])
    reading = Desk(Work()).coder.version
    with serving_bucket() as bucket:
        at = read_address(f"s3://{BUCKET}/record", bucket.options, tmp_path / "mirrors")
        store = RecordStore.open(at, create=True)
        parts = coded_on_ray((str(path),), Work(record=at), (store, reading, two_nodes.address), None)
        there = store_all(at, reading, parts)
        here = store_all(tmp_path / "here", reading, [[one for part in cut(path, reading) for one in part]])
        assert here.counts()["events"]
        assert rows_of(there) == rows_of(here)
        again = coded_on_ray((str(path),), Work(record=at), (there, reading, two_nodes.address), None)
        assert list(again) == []


def cut(path: Path, reading: str) -> Iterator[list[Any]]:
    desk = Desk(Work())
    items = read_new_inputs([str(path)], published=None, coder=reading, known={})
    return (desk(part) for part in cut_shards(items))


def test_poison_is_set_aside_with_a_reason_and_the_rest_is_read(two_nodes: Any, tmp_path: Path) -> None:
    kinds = {5: "poisonous", 11: "unreadable"}
    parts = [record(number, page(number, words=words_of(kinds.get(number, "long")))) for number in range(1, 13)]
    coded = code(two_nodes, archive(tmp_path, parts), size=12)
    assert numbers_of(coded) == [number for number in range(1, 13) if number not in kinds]
    aside = {skip.location.rpartition("#")[2]: skip for skip in skips_of(coded)}
    assert {number: skip.reason for number, skip in aside.items()} == {"5": "worker-died", "11": "worker-failed"}
    assert "a fault in reading" in aside["11"].detail
    store = store_all(tmp_path / "record", "trapped", coded)
    assert [(row["articles"], row["skips"]) for row in store.inputs()] == [(10, 2)]


def test_of_two_pages_of_one_text_the_first_is_stored(two_nodes: Any, tmp_path: Path) -> None:
    parts = [record(1, page(1, day=f"2022-09-{day:02d}")) for day in (1, 2, 3, 4)]
    path = archive(tmp_path, parts)
    reading = "trapped"
    items = read_new_inputs([str(path)], published=None, coder=reading, known={})
    here = store_all(tmp_path / "here", reading, (Trapped()(part) for part in cut_shards(items)))
    there = store_all(tmp_path / "there", reading, code(two_nodes, path, size=1))
    assert there.coverage() == here.coverage()
    assert [row["day"] for row in there.coverage()] == ["2022-09-01"]


def test_what_never_ends_is_ended(two_nodes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code(two_nodes, archive(tmp_path, [record(9, page(9, words=words_of("long")))]), size=1)  # workers start slowly
    monkeypatch.setattr(clusters, "LIMIT_SECONDS", 40.0)
    monkeypatch.setattr(clusters, "TRIES", 1)
    parts = [record(1, page(1, words=words_of("long"))), record(2, page(2, words=words_of("endless")))]
    coded = code(two_nodes, archive(tmp_path, parts), size=1)
    assert numbers_of(coded) == [1]
    assert [skip.reason for skip in skips_of(coded)] == ["worker-died"]


def test_a_machine_that_goes_away_loses_nothing(two_nodes: Any, tmp_path: Path) -> None:
    parts = [record(number, page(number, words=words_of("tedious"))) for number in range(1, 41)]
    path = archive(tmp_path, parts)
    leaving = two_nodes.add_node(num_cpus=2)
    shards = plan_shards([str(path)], size=4)
    done = code_on_ray(shards, ORDER, address=two_nodes.address, open_desk=Trapped)
    coded = [next(done)]
    two_nodes.remove_node(leaving, allow_graceful=False)
    coded.extend(done)
    assert numbers_of(coded) == list(range(1, 41))


def test_machines_that_read_otherwise_are_refused(two_nodes: Any, tmp_path: Path) -> None:
    other = Order(work=Work(), version="another")
    shards = plan_shards([str(archive(tmp_path, [record(1)]))], size=4)
    with pytest.raises(SourceError, match="a machine of the cluster reads with trapped, this one with another"):
        list(code_on_ray(shards, other, address=two_nodes.address, open_desk=Trapped))


def test_no_cluster_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no Ray cluster answers at"):
        list(code_on_ray([Shard()], ORDER, address="127.0.0.1:1"))


def test_a_cut_shard_holds_the_same_and_marks_it(tmp_path: Path) -> None:
    (shard,) = plan_shards([str(archive(tmp_path, map(record, range(1, 21))))], size=50)
    pieces = cut_shard(shard)
    assert [piece.size for piece in pieces] == [3, 3, 3, 3, 3, 3, 2]
    assert [piece.mark.is_last for piece in pieces if piece.mark] == [False] * 6 + [True]
    (alone,) = cut_shard(cut_shard(pieces[-1])[0])
    assert alone.mark is not None
    assert (alone.mark.first, alone.mark.after) == (19, 20)
