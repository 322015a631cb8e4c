"""Cuts inputs into shards: pieces of work that one process reads and codes whole, and that are stored in one commit.

A conductor beside the pipeline. An archive is cut by the offsets of its records, so that any process that sees the file
can read its piece; all other inputs travel as the reports themselves. A shard has a mark, which the store keeps with
what came of it: a run that was cut off goes on at the first record that was not stored.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.marks import Mark, Piece
from dragoman.model import Article, Report, Skip
from dragoman.pipeline import sift_articles
from dragoman.sieve import EVERYTHING, Sieve, Wanted
from dragoman.sources import give_day, part_archives, read_reports
from dragoman.sources.archives import ArchiveSpan, plan_spans, read_span
from dragoman.store import Reading

if TYPE_CHECKING:
    from dragoman.coder import Coded, Coder

Stored = Callable[[Sequence[str]], set[str]]
# Raw pages of one shard together, in bytes: bounds memory where pages are large.
SHARD_BYTES = 32 * 1024 * 1024
# Bytes of an archive that, with its size, tell it from another.
_IDENTITY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Work for one process: a span of an archive, or reports in hand (and skips between them)."""

    span: ArchiveSpan | None = None
    reports: tuple[Report | Skip, ...] = ()
    mark: Mark | None = None

    @property
    def size(self) -> int:
        """How many reports it holds; 1 for an archive that cannot be cut."""
        return max(1, self.span.count) if self.span is not None else len(self.reports)

    @property
    def location(self) -> str:
        if self.span is not None:
            last = f"-{self.span.first + self.span.count - 1}" if self.span.count > 1 else ""
            return f"{self.span.path}#{self.span.first}{last}"
        return self.reports[0].location if self.reports else ""


def plan_shards(
    inputs: Iterable[str], *, size: int, published: date | None = None, reading: str = ""
) -> Iterator[Shard]:
    """Cuts inputs into shards of at most `size` reports: all that is no archive first, then the archives in order.

    `reading` names how the inputs are read (coder, filters): an archive read otherwise has other marks.

    Raises:
        SourceError: as `read_reports`, at once.
    """
    archives, others = part_archives(inputs)
    reports = read_reports(others, published=published, with_archives=False) if others else iter(())
    planned = (shard for path in archives for shard in _plan_archive(path, size=size, reading=reading))
    return chain(_group_reports(reports, size), planned)


def _plan_archive(path: str, *, size: int, reading: str) -> Iterator[Shard]:
    digest = digest_of(path, reading)
    spans = plan_spans(ArchiveSpan(path=path), size)
    span = next(spans, None)
    while span is not None:
        following = next(spans, None)
        after = span.first + max(span.count, 1)
        mark = Mark(location=path, digest=digest, first=span.first, after=after, is_last=following is None)
        yield Shard(span=span, mark=mark)
        span = following


def digest_of(path: str, reading: str) -> str:
    """What tells an archive, read in one way, from others: its size, its first MiB, and how it is read."""
    digest = hashlib.blake2b(f"{Path(path).stat().st_size}\0{reading}\0".encode(), digest_size=16)
    with Path(path).open("rb") as stream:
        digest.update(stream.read(_IDENTITY_BYTES))
    return digest.hexdigest()


def _group_reports(reports: Iterable[Report | Skip], size: int) -> Iterator[Shard]:
    group: list[Report | Skip] = []
    weight = 0
    for report in reports:
        group.append(report)
        weight += len(report.content) if isinstance(report, Report) else 0
        if len(group) == size or weight > SHARD_BYTES:
            yield Shard(reports=tuple(group))
            group, weight = [], 0
    if group:
        yield Shard(reports=tuple(group))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How shards are read and coded, in values that travel to other machines.

    `published` is the day of reports that tell none of their own; `version` is the coder's, which every worker must
    have too.
    """

    wanted: Wanted = EVERYTHING
    published: date | None = None
    dictionaries: tuple[Path, ...] = ()
    version: str = ""

    @property
    def reading(self) -> str:
        """How inputs are read, in words: an archive read otherwise is another piece of work."""
        return f"{self.version} {self.wanted} {self.published} {[str(path) for path in self.dictionaries]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedShard:
    """What came of a shard: readings to store, what was declined, and how many articles were stored before.

    `seconds` is what it took, by the clock of the process that did it.
    """

    readings: tuple[Reading, ...] = ()
    skips: tuple[Skip, ...] = ()
    known: int = 0
    mark: Mark | None = None
    seconds: float = 0.0

    @property
    def piece(self) -> Piece | None:
        skips = sum(skip.count for skip in self.skips)
        return Piece(mark=self.mark, articles=len(self.readings), skips=skips) if self.mark else None


def read_shard(shard: Shard, job: Job) -> Iterator[Article | Skip]:
    """The articles of a shard in order, a Skip for whatever was declined; at the end what the filters passed over."""
    found = read_span(shard.span) if shard.span is not None else iter(shard.reports)
    dated = (give_day(report, job.published) for report in found)
    yield from sift_articles(dated, Sieve(job.wanted, once=True), shard.location)


def code_shard(coder: Coder, shard: Shard, job: Job, stored: Stored | None = None) -> CodedShard:
    """Reads and codes a shard. `stored` names, of given article ids, those that this coder need not read again."""
    began = time.monotonic()
    found = list(read_shard(shard, job))
    articles = list({each.id: each for each in found if isinstance(each, Article)}.values())
    known = stored([article.id for article in articles]) if stored else set()
    coded = list(coder.code(article for article in articles if article.id not in known))
    declined = [each for each in found if isinstance(each, Skip)]
    return CodedShard(
        readings=tuple(_reading_of(each, coder) for each in coded),
        skips=(*declined, *(skip for each in coded for skip in each.skips)),
        known=len(known),
        mark=shard.mark,
        seconds=time.monotonic() - began,
    )


def _reading_of(coded: Coded, coder: Coder) -> Reading:
    return Reading(
        article=coded.article,
        coder=coder.version,
        codebook=coder.codebook.version,
        events=coded.events,
        statements=coded.statements,
    )
