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
from dragoman.model import Article, Skip
from dragoman.sources import read_reports

if TYPE_CHECKING:
    from dragoman.coder import Coded, Coder

# Articles handed to the coder at a time: it batches their windows by length.
TOGETHER = 48


def read_articles(inputs: Iterable[str], *, published: date | None = None) -> Iterator[Article | Skip]:
    """Yields the articles of all inputs in order, and a Skip for whatever was declined."""
    for report in read_reports(inputs, published=published):
        yield report if isinstance(report, Skip) else extract_article(report)


def code_articles(coder: Coder, found: Iterable[Article | Skip]) -> Iterator[Coded | Skip]:
    """Yields coded articles and the skips between them, in order."""
    stream = iter(found)
    while batch := list(islice(stream, TOGETHER)):
        coded = coder.code([a for a in batch if isinstance(a, Article)])
        yield from (next(coded) if isinstance(a, Article) else a for a in batch)
