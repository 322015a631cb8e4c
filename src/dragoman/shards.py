"""Cuts inputs into shards: pieces of work that any process can read and code whole.

An archive is cut by the offsets of its records, so that any process that sees the file can read its piece; all other
inputs travel as the reports themselves. A piece of an archive has a mark, which the store keeps with what came of it: a
run that was cut off goes on at the first record that was not stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dragoman.marks import Mark
from dragoman.model import Report, Skip
from dragoman.sources import give_day, is_archive, read_named_inputs
from dragoman.sources.archives import ArchiveSpan, plan_spans, read_span

# Records in a piece of an archive: at most this many are read again after an interruption.
PIECE = 384
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
    inputs: Iterable[str], *, size: int = PIECE, published: date | None = None, reading: str = ""
) -> Iterator[Shard]:
    """Cuts inputs into shards of at most `size` reports, in order.

    `reading` names how the inputs are read (coder, filters): an archive read otherwise has other marks.

    Raises:
        SourceError: as `read_reports`, at once.
    """
    return _plan_named(read_named_inputs(inputs, published=published), size, f"{reading} {published}")


def _plan_named(
    named: Iterable[tuple[Path | None, Iterator[Report | Skip]]], size: int, reading: str
) -> Iterator[Shard]:
    group: list[Report | Skip] = []
    weight = 0
    for path, reports in named:
        if path is not None and is_archive(path):
            yield from (Shard(span=span, mark=mark) for span, mark in plan_archive(str(path), size, reading=reading))
            continue
        for report in reports:
            group.append(report)
            weight += len(report.content) if isinstance(report, Report) else 0
            if len(group) == size or weight > SHARD_BYTES:
                yield Shard(reports=tuple(group))
                group, weight = [], 0
    if group:
        yield Shard(reports=tuple(group))


def plan_archive(path: str, size: int = PIECE, *, reading: str) -> Iterator[tuple[ArchiveSpan, Mark]]:
    """The pieces of an archive of `size` records, each with its mark."""
    digest = digest_archive(path, reading)
    spans = plan_spans(ArchiveSpan(path=path), size)
    span = next(spans, None)
    while span is not None:
        following = next(spans, None)
        after = span.first + max(span.count, 1)
        yield span, Mark(location=path, digest=digest, first=span.first, after=after, is_last=following is None)
        span = following


def digest_archive(path: str, reading: str) -> str:
    """What tells an archive, read in one way, from others: its size, its first MiB, and how it is read."""
    digest = hashlib.blake2b(f"{Path(path).stat().st_size}\0{reading}\0".encode(), digest_size=16)
    with Path(path).open("rb") as stream:
        digest.update(stream.read(_IDENTITY_BYTES))
    return digest.hexdigest()


def read_shard(shard: Shard, published: date | None = None) -> Iterator[Report | Skip]:
    """The reports of a shard in order; `published` is the day of archived pages, if they tell none of their own."""
    found = read_span(shard.span) if shard.span is not None else iter(shard.reports)
    return (give_day(report, published) for report in found)
