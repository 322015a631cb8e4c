"""Runs many reports through the stages in order: inputs -> reports -> articles -> coded articles.

Everything is streamed in batches, so memory stays bounded whatever the size of the input; everything declined on the
way comes out as a `Skip`, in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from dragoman.article import extract_article
from dragoman.model import Article, Report, Skip
from dragoman.sieve import EVERYTHING, Sieve, Wanted
from dragoman.sources import read_reports

if TYPE_CHECKING:
    from dragoman.coder import Coded, Coder

# Articles handed to the coder at a time: it batches their windows by length.
TOGETHER = 48


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
