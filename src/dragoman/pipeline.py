"""Runs many reports through the stages in order: inputs -> reports -> articles -> coded articles.

Everything is streamed in shards, so memory stays bounded whatever the size of the input; everything declined on the
way comes out as a `Skip`, in its place. A shard is coded in this process or in a worker, with the same answer.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.article import extract_article
from dragoman.marks import Mark
from dragoman.model import Article, Report, Skip
from dragoman.objects import Place
from dragoman.ontology import Ontology
from dragoman.shards import plan_archive
from dragoman.sieve import EVERYTHING, Sieve, Wanted
from dragoman.sources import give_day, is_archive, read_named_inputs, read_reports
from dragoman.sources.archives import read_span

if TYPE_CHECKING:
    from dragoman.coder import Coded, Coder
    from dragoman.second import SecondReader

# Reports coded together, fewer where they are large: other cores may have to wait for the last shard, a second or so of
# work. Smaller shards are read no slower, since each window of the network is a run of its own.
TOGETHER = 48
SHARD_CHARACTERS = 1 << 15
# A job smaller than this (characters of text, some seconds of work) is done sooner than workers are started.
SMALL_JOB = 1 << 17
# Of a page's bytes, about so many are text.
MARKUP = 8
DIGEST_CHUNK = 1 << 20
# Objects made between two looks of the collector of cycles, and looks between two of the older objects.
COLLECT_AFTER = (20_000, 20, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEnd:
    """Marks, among the reports of several inputs, that a file has been read to its end.

    `articles_before` is their number where that was done by an earlier call, and nothing is read now.
    """

    location: str
    digest: str
    articles_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyStored:
    """An article that the record holds from this coder already; it was not read again."""

    article_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What must be known to code reports: passed to every worker, so it holds no loaded stage.

    `record` names a record whose articles of this coder are not read again. With `is_brief`, articles come back
    without their text, where only the events are wanted. `wanted` says which reports are asked for, `ontology` which
    own types are coded beside PLOVER's.
    """

    dictionaries: tuple[Path, ...] = ()
    gate: bool = True
    record: Place | None = None
    is_brief: bool = False
    wanted: Wanted = EVERYTHING
    ontology: Ontology | None = None


# A mark stands after the reports of its piece of an archive, as an `InputEnd` stands after those of a file.
Item = Report | Skip | InputEnd | Mark


def read_articles(
    inputs: Iterable[str], *, published: date | None = None, wanted: Wanted = EVERYTHING
) -> Iterator[Article | Skip]:
    """Yields the articles of all inputs in order, and a Skip for whatever was declined.

    What the criteria of `wanted` pass over comes last, one Skip for each reason.
    """
    named = tuple(inputs)
    return sift_articles(read_reports(named, published=published), Sieve(wanted), ", ".join(named[:3]))


def sift_articles(reports: Iterable[Report | Skip], sieve: Sieve, location: str) -> Iterator[Article | Skip]:
    """Yields the wanted articles of reports and the skips between them; at the end what the sieve passed over."""
    for report in reports:
        if isinstance(report, Skip):
            yield report
        elif sieve.lets_report(report):
            article = extract_article(report)
            if sieve.lets_article(article, report):
                yield article
    yield from sieve.skips(location)


def code_articles(coder: Coder, found: Iterable[Article | Skip]) -> Iterator[Coded | Skip]:
    """Yields coded articles and the skips between them, in order."""
    stream = iter(found)
    while batch := list(islice(stream, TOGETHER)):
        coded = coder.code([a for a in batch if isinstance(a, Article)])
        yield from (next(coded) if isinstance(a, Article) else a for a in batch)


def code_reports(
    reports: Iterable[Item], work: Work, *, cores: int = 0, second: SecondReader | None = None
) -> Iterator[Coded | Skip | InputEnd | Mark | AlreadyStored]:
    """Yields coded articles, with skips and marks between them, in the order of the reports.

    Args:
        reports: reports, and what stands between them, which is passed on in its place.
        work: how to code them.
        cores: worker processes; 0 for as many as this process may use. A small job is done in this process, and so
            is one with a second reader, which waits for its server and not for a core.
        second: a second reader, if any.
    """
    cores = cores or usable_cores()
    first, shards = _peek(cut_shards(reports))
    if second or cores == 1 or first is not None:
        desk = Desk(work, threads=1 if first is None and not second else cores, second=second)
        yield from (answer for shard in (first if first is not None else shards) for answer in desk(shard))
        return
    from dragoman.workers import Pool, answer_shards

    yield from answer_shards(Pool(partial(Desk, work), set_aside), shards, cores=cores)


def usable_cores() -> int:
    """Gives the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cut_shards(reports: Iterable[Item]) -> Iterator[list[Item]]:
    """Cuts a stream into shards of at most TOGETHER reports, or fewer where they are large or a piece ends.

    So a piece of an archive is cut in the same way wherever it is read.
    """
    shard: list[Item] = []
    size = 0
    for report in reports:
        shard.append(report)
        size += text_size(report)
        if len(shard) == TOGETHER or size >= SHARD_CHARACTERS or isinstance(report, Mark):
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def text_size(item: Item) -> int:
    """Estimates the characters of text in a report."""
    if not isinstance(item, Report):
        return 0
    fields = sum(len(value) for value in item.fields.values() if isinstance(value, str))
    return fields + len(item.content) // (MARKUP if item.kind == "html" else 1)


def _peek(shards: Iterator[list[Item]]) -> tuple[list[list[Item]] | None, Iterator[list[Item]]]:
    """Gives all shards of a small job at once; for a larger one None, and the shards as they come."""
    seen: list[list[Item]] = []
    size = 0
    for shard in shards:
        seen.append(shard)
        size += sum(map(text_size, shard))
        if size >= SMALL_JOB:
            return None, chain(seen, shards)
    return seen, iter(())


def set_aside(item: Item, reason: str) -> Skip:
    """The skip of a report on which its worker died."""
    return Skip(location=item.location, stage="workers", reason="crashed", detail=reason)


class Desk:
    """The stages loaded once, at work on one shard after another. Every worker has one."""

    def __init__(self, work: Work, *, threads: int = 1, second: SecondReader | None = None) -> None:
        from dragoman.coder import Coder

        self.work = work
        self.coder = Coder(
            dictionaries=work.dictionaries, threads=threads, second=second, gate=work.gate, ontology=work.ontology
        )
        spare_collector()
        self._stored = _ask_record(work.record, self.coder.version)

    def __call__(self, shard: Sequence[Item]) -> list[Coded | Skip | InputEnd | Mark | AlreadyStored]:
        found = list(_extract_wanted(shard, self.work.wanted))
        stored = self._stored([item.id for item in found if isinstance(item, Article)])
        fresh = [item for item in found if isinstance(item, Article) and item.id not in stored]
        coded = self.coder.code(fresh, keep="events" if self.work.is_brief else "statements")
        return [self._answer(item, coded, stored) for item in found]

    def _answer(
        self, item: Article | Skip | InputEnd | Mark, coded: Iterator[Coded], stored: set[str]
    ) -> Coded | Skip | InputEnd | Mark | AlreadyStored:
        if not isinstance(item, Article):
            return item
        if item.id in stored:
            return AlreadyStored(article_id=item.id)
        return without_parses(next(coded), is_brief=self.work.is_brief)


def spare_collector() -> None:
    """Lets the collector of cycles look seldom: it looks through all loaded tables, an eighth of the time of coding.

    Reading and coding make hardly any cycles, so that nothing piles up between two looks.
    """
    gc.set_threshold(*COLLECT_AFTER)


def _extract_wanted(shard: Sequence[Item], wanted: Wanted) -> Iterator[Article | Skip | InputEnd | Mark]:
    """The wanted articles of a shard and what stands between them; what was passed over before each end."""
    for is_end, items in groupby(shard, lambda item: isinstance(item, InputEnd | Mark)):
        part = list(items)
        if is_end:
            yield from (item for item in part if isinstance(item, InputEnd | Mark))
        else:
            reports = [item for item in part if isinstance(item, Report | Skip)]
            yield from sift_articles(reports, Sieve(wanted, once=True), part[0].location)


def without_parses(coded: Coded, *, is_brief: bool) -> Coded:
    """Gives what is printed or stored of a coded article: its layers stay where they were made."""
    article = replace(coded.article, text="") if is_brief else coded.article
    return replace(coded, article=article, sentences=(), attributions=())


def _ask_record(place: Place | None, coder: str) -> Callable[[list[str]], set[str]]:
    """Gives a function that tells which articles a record holds from a coder."""
    if place is None:
        return lambda _: set()
    from dragoman.store import RecordStore

    store = RecordStore.open(place)
    return lambda article_ids: {id_ for id_, by in store.stored_readings(article_ids) if by == coder}


def read_new_inputs(
    inputs: Iterable[str],
    *,
    published: date | None,
    coder: str,
    known: Mapping[tuple[str, str], int],
    is_marked: Callable[[Mark], bool] = lambda _: False,
) -> Iterator[Item]:
    """Yields the reports of inputs that were not read to their end before, each file's with an `InputEnd` after them.

    `known` gives the number of articles of each location and digest that has been read. The digest covers
    a file's bytes, the coder (with its filters) and the day given, so that a file is read again when any of them
    changed. An archive's reports come piece by piece, those that are not marked, each with its `Mark` after it.
    """
    reading = f"{coder} {published}"
    for path, reports in read_named_inputs(inputs, published=published):
        if path is None:
            yield from reports
        elif is_archive(path):
            yield from _read_new_pieces(path, reading, published, is_marked)
        else:
            yield from _read_new_file(path, reports, reading, known)


def _read_new_pieces(
    path: Path, reading: str, published: date | None, is_marked: Callable[[Mark], bool]
) -> Iterator[Item]:
    for span, mark in plan_archive(str(path), reading=reading):
        if not is_marked(mark):
            yield from (give_day(report, published) for report in read_span(span))
            yield mark


def _read_new_file(
    path: Path, reports: Iterator[Report | Skip], reading: str, known: Mapping[tuple[str, str], int]
) -> Iterator[Item]:
    digest = digest_file(path, reading)
    if digest and (str(path), digest) in known:
        yield InputEnd(location=str(path), digest=digest, articles_before=known[str(path), digest])
        return
    yield from reports
    if digest:
        yield InputEnd(location=str(path), digest=digest)


def digest_file(path: Path, salt: str) -> str | None:
    """Gives a digest of a file's bytes and a salt; None where it cannot be read, which the reading will say."""
    digest = hashlib.sha256(salt.encode("utf8", "replace"))
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(DIGEST_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()[:32]
