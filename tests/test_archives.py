"""Archives: read by offsets, damaged records set aside, cut into shards, read on where a run stood; filters."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fastwarc.stream_io import ZstdWriter
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sources import make_warc_record

from dragoman.adding import Adding
from dragoman.coder import Coded
from dragoman.errors import SourceError
from dragoman.marks import Mark, Piece, Underway
from dragoman.model import Article, Report, Skip
from dragoman.pipeline import AlreadyStored, Desk, Work, cut_shards, read_articles, read_new_inputs
from dragoman.shards import SHARD_BYTES, Shard, plan_archive, plan_shards, read_shard
from dragoman.sieve import EVERYTHING, Sieve, Wanted, declared_language, host_of
from dragoman.sources.archives import ArchiveSpan, plan_spans, read_span
from dragoman.store import RecordStore

WORDS = "The minister met his counterpart from the north and said that the talks of the day had been useful to both. "


def page(number: int, language: str = "en", day: str = "2022-09-20", words: str = WORDS) -> bytes:
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><title>Talks {number} held in the capital</title>'
        f'<meta property="article:published_time" content="{day}T08:00:00Z"></head><body><article>'
        f"<h1>Talks {number} held in the capital</h1><p>{words * 3}</p><p>Number {number}. {words}</p></article>"
        "</body></html>"
    ).encode()


def record(number: int, body: bytes | None = None) -> bytes:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + (body or page(number))
    return make_warc_record(b"response", number, answer)


def zstd(content: bytes) -> bytes:
    packed = io.BytesIO()
    with ZstdWriter(packed) as writer:
        writer.write(content)
    return packed.getvalue()


PACKERS = {"plain": bytes, "gz": gzip.compress, "zst": zstd}


def archive(folder: Path, parts: Iterable[bytes], pack: str = "gz") -> Path:
    path = folder / f"news.warc{'' if pack == 'plain' else f'.{pack}'}"
    path.write_bytes(b"".join(PACKERS[pack](part) for part in parts))
    return path


def locations(found: Iterable[Report | Skip | Article]) -> list[str]:
    return [one.location.rpartition("/")[2] for one in found]


def read_in_spans(path: Path, size: int) -> list[Report | Skip]:
    return [one for span in plan_spans(ArchiveSpan(path=str(path)), size) for one in read_span(span)]


# --- spans ---


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_spans_read_apart_give_what_the_whole_gives(tmp_path: Path, pack: str, size: int) -> None:
    request = make_warc_record(b"request", 99, b"GET /")
    path = archive(tmp_path, [part for number in range(1, 8) for part in (request, record(number))], pack)
    whole = list(read_span(ArchiveSpan(path=str(path))))
    assert len(whole) == 7
    assert read_in_spans(path, size) == whole
    assert len(list(plan_spans(ArchiveSpan(path=str(path)), size))) == -(-7 // size)


def test_an_archive_packed_as_a_whole_is_one_span(tmp_path: Path) -> None:
    path = tmp_path / "news.warc.gz"
    path.write_bytes(gzip.compress(b"".join(record(number) for number in range(1, 6))))
    (span,) = plan_spans(ArchiveSpan(path=str(path)), 2)
    assert (span.start, span.stop, span.first) == (0, None, 1)
    assert locations(read_span(span)) == [f"news.warc.gz#{number}" for number in range(1, 6)]


def test_a_span_can_be_cut_again(tmp_path: Path) -> None:
    path = archive(tmp_path, map(record, range(1, 8)))
    middle = list(plan_spans(ArchiveSpan(path=str(path)), 3))[1]
    assert locations(one for span in plan_spans(middle, 1) for one in read_span(span)) == [
        f"news.warc.gz#{number}" for number in (4, 5, 6)
    ]


@pytest.mark.parametrize("pack", PACKERS)
def test_a_damaged_record_is_set_aside_and_the_rest_read(tmp_path: Path, pack: str) -> None:
    parts = [PACKERS[pack](record(number)) for number in range(1, 7)]
    head = len(parts[2]) // 2 if pack != "plain" else 0
    parts[2] = parts[2][:head] + b"\xff" * 40 + parts[2][head + 40 :]
    path = tmp_path / "news.warc.gz"
    path.write_bytes(b"".join(parts))
    found = list(read_span(ArchiveSpan(path=str(path))))
    reports = [one.url for one in found if isinstance(one, Report)]
    (bad,) = [one for one in found if isinstance(one, Skip)]
    assert reports == [f"https://courier.example/{number}" for number in (1, 2, 4, 5, 6)]
    assert (bad.reason, bad.location.rpartition("#")[2]) == ("broken-record", "3")
    assert f"read on from byte {sum(map(len, parts[:3]))}" in bad.detail
    for size in (1, 2, 3):
        assert read_in_spans(path, size) == found


@settings(max_examples=60, deadline=None)
@given(
    pack=st.sampled_from(list(PACKERS)),
    at=st.integers(0, 100_000),
    junk=st.binary(min_size=1, max_size=200),
    size=st.integers(1, 5),
)
def test_whatever_the_damage_spans_agree_with_the_whole(
    tmp_path_factory: pytest.TempPathFactory, pack: str, at: int, junk: bytes, size: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(b"".join(PACKERS[pack](record(number)) for number in range(1, 6)))
    at %= len(content)
    content[at : at + len(junk)] = junk
    path = folder / "news.warc"
    path.write_bytes(bytes(content))
    whole = list(read_span(ArchiveSpan(path=str(path))))
    assert whole
    assert [one.location for one in read_in_spans(path, size)] == [one.location for one in whole]


# --- filters ---


def sifted(wanted: Wanted, *reports: Report) -> tuple[list[str], dict[str, int]]:
    sieve = Sieve(wanted)
    kept = [report.location for report in reports if sieve.lets_report(report)]
    return kept, dict(sieve.counts)


def report(location: str, content: bytes = b"", url: str | None = "https://www.example.org/a") -> Report:
    return Report(location=location, kind="html", content=content, url=url)


def test_domains_hold_what_is_below_them_and_nothing_beside() -> None:
    hosts = (
        "https://example.org/1",
        "https://news.example.org/2",
        "https://notexample.org/3",
        "https://example.org.x/4",
    )
    kept, counts = sifted(
        Wanted(domains=("example.org",)), *(report(url, url=url) for url in hosts), report("x", url=None)
    )
    assert (kept, counts) == (list(hosts[:2]), {"other-domain": 2, "no-address": 1})


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"<html lang=en>", "en"),
        (b"<!DOCTYPE html>\n<HTML class='a' LANG='en-GB'>", "en"),
        (b'<html dir="ltr" xml:lang="de">', "de"),
        (b"<html><body lang=de>", None),
        (b"<html" + b" " * 100_000, None),
        (b"", None),
    ],
)
def test_declared_languages(head: bytes, language: str | None) -> None:
    assert declared_language(head) == language


@pytest.mark.parametrize("url", [None, "", "no address", "http://[::1", "//", "http://a[b]c/", "http://a:b/"])
def test_addresses_without_a_host(url: str | None) -> None:
    assert host_of(url) is None


def test_filters_pass_over_and_tell_how_many(tmp_path: Path) -> None:
    german = "Der Minister traf seinen Kollegen aus dem Norden und sagte, die Gespräche seien nützlich gewesen. "
    bodies = [
        page(1),
        page(2, language="de"),
        page(3, words=german),
        page(4, day="2022-08-01"),
        page(5, day="2022-09-30"),
    ]
    path = archive(tmp_path, [record(number, body) for number, body in enumerate(bodies, start=1)])
    wanted = Wanted(languages=("en",), since=date(2022, 9, 1), until=date(2022, 9, 30))
    found = list(read_articles([str(path)], wanted=wanted))
    assert locations(one for one in found if isinstance(one, Article)) == ["news.warc.gz#1"]
    skips = {(one.stage, one.reason): one.count for one in found if isinstance(one, Skip)}
    assert skips == {("filter", "other-language"): 2, ("filter", "other-day"): 2}


# --- shards ---


class StandIn(Desk):
    """A desk whose coder finds nothing, and keeps the names of what it was given."""

    version = "stand-in"

    def __init__(self, work: Work | None = None) -> None:
        self.work = work or Work()
        self.coder = self  # type: ignore[assignment]
        self.read: list[str] = []
        self.known: set[str] = set()
        self._stored = lambda ids: self.known & set(ids)

    def code(self, articles: Iterable[Article], **_: Any) -> Iterator[Coded]:
        for article in articles:
            self.read.append(article.location.rpartition("#")[2])
            yield Coded(article=article, sentences=(), events=())


def add_some(store: RecordStore, path: Path, *, commits: int | None, wanted: Wanted = EVERYTHING) -> list[str]:
    """Adds an archive piece by piece, cut off after some commits; gives the records that were coded."""
    desk = StandIn(Work(wanted=wanted))
    adding = Adding(store, coder="stand-in", tell=lambda _: None, keep_text=False)
    items = read_new_inputs([str(path)], published=None, coder="stand-in", known={}, is_marked=store.is_marked())
    for part in islice(cut_shards(items), commits):
        adding.store(desk(part))
    return desk.read


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_archive, "__defaults__", (2,))


@pytest.mark.usefixtures("small_pieces")
def test_an_archive_cut_off_is_read_on_at_the_exact_record(tmp_path: Path) -> None:
    path = archive(tmp_path, map(record, range(1, 8)))
    store = RecordStore.open(tmp_path / "record", create=True)
    assert add_some(store, path, commits=2) == ["1", "2", "3", "4"]
    assert store.inputs() == []
    assert add_some(store, path, commits=None) == ["5", "6", "7"]
    (row,) = store.inputs()
    assert (row["location"], row["articles"], row["skips"]) == (str(path), 7, 0)
    assert add_some(store, path, commits=None) == []
    assert not store.snapshot().notes["underway"]


@pytest.mark.usefixtures("small_pieces")
def test_an_archive_that_changed_is_read_anew(tmp_path: Path) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    add_some(store, archive(tmp_path, map(record, range(1, 4))), commits=None)
    assert add_some(store, archive(tmp_path, map(record, range(1, 5))), commits=None) == ["1", "2", "3", "4"]


def test_a_piece_of_which_nothing_came_is_marked_too(tmp_path: Path) -> None:
    path = archive(tmp_path, [record(1, page(1, language="de"))])
    store = RecordStore.open(tmp_path / "record", create=True)
    assert add_some(store, path, commits=None, wanted=Wanted(languages=("en",))) == []
    assert [(row["articles"], row["skips"]) for row in store.inputs()] == [(0, 1)]
    assert [(row["reason"], row["detail"]) for row in store.skips()] == [("other-language", "1 passed over")]


def test_archives_in_folders_are_cut_and_other_files_travel(tmp_path: Path) -> None:
    archive(tmp_path, map(record, range(1, 4)))
    (tmp_path / "a.html").write_bytes(page(50))
    (tmp_path / "z.html").write_bytes(page(51))
    shards = list(plan_shards([str(tmp_path)], size=2))
    assert sorted(locations(one for shard in shards for one in read_shard(shard))) == [
        "a.html",
        "news.warc.gz#1",
        "news.warc.gz#2",
        "news.warc.gz#3",
        "z.html",
    ]
    assert sorted(shard.mark is None for shard in shards) == [False, False, True]


def test_large_pages_make_small_shards(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.html").write_bytes(page(number) + b" " * (SHARD_BYTES // 8))
    assert [len(shard.reports) for shard in plan_shards([str(tmp_path)], size=100)] == [8, 1]


def test_shards_of_nothing_are_refused_at_once() -> None:
    with pytest.raises(SourceError, match="No such file"):
        plan_shards(["/nowhere/at/all.warc.gz"], size=2)


def test_a_page_fetched_again_is_read_once_and_counted(tmp_path: Path) -> None:
    path = archive(tmp_path, [record(1), record(1), record(1, page(2)), record(3, page(1))])
    desk = StandIn()
    *_, skip = desk(list(read_span(ArchiveSpan(path=str(path)))))
    assert desk.read == ["1", "3", "4"]
    assert isinstance(skip, Skip)
    assert (skip.reason, skip.count, skip.location.rpartition("#")[2]) == ("fetched-again", 1, "1")


def test_known_articles_are_not_coded_again(tmp_path: Path) -> None:
    found = list(read_span(ArchiveSpan(path=str(archive(tmp_path, map(record, range(1, 4)))))))
    desk, again = StandIn(), StandIn()
    ids = [one.article.id for one in desk(found) if isinstance(one, Coded)]
    again.known = {ids[1]}
    answers = again(found)
    assert again.read == ["1", "3"]
    assert [one.article_id for one in answers if isinstance(one, AlreadyStored)] == [ids[1]]


# --- marks ---


@given(
    order=st.permutations(range(6)),
    repeated=st.lists(st.integers(0, 5), max_size=4),
)
def test_pieces_in_any_order_and_repeated_make_the_archive_whole(order: list[int], repeated: list[int]) -> None:
    marks = [Mark(location="a", digest="d", first=1 + 10 * at, after=11 + 10 * at, is_last=at == 5) for at in range(6)]
    underway = Underway()
    for at in [*repeated, *order[:-1]]:
        underway.take(Piece(mark=marks[at], articles=1))
    missing = set(range(6)) - set(order[:-1]) - set(repeated)
    assert all(underway.holds(mark) == (at not in missing) for at, mark in enumerate(marks))
    underway.take(Piece(mark=marks[order[-1]]))
    assert list(underway.pop_whole()) == ["d"]
    assert underway.to_note() == {}


def test_a_shard_tells_where_it_lies() -> None:
    assert Shard(span=ArchiveSpan(path="a.warc", first=5, count=3)).location == "a.warc#5-7"
    assert Shard().location == ""
