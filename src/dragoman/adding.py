"""Stores what the pipeline coded, batch after batch, and keeps the manifest of inputs. One commit a batch.

Whatever interrupts it, a batch is stored whole or not at all, and an input stands in the manifest only once everything
in it is stored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from dragoman.codebook import load_codebook
from dragoman.coder import Coded
from dragoman.marks import Mark, Piece
from dragoman.model import Skip
from dragoman.pipeline import AlreadyStored, InputEnd
from dragoman.runs import Run
from dragoman.store import Input, Reading, RecordStore

_log = logging.getLogger(__name__)


class Adding:
    """Stores batch after batch, each in one commit, and counts what came of it; `run` is the tally of the whole."""

    def __init__(
        self, store: RecordStore, *, coder: str, tell: Callable[[Skip], None], keep_text: bool, run: Run | None = None
    ) -> None:
        self._store, self._tell, self._keep_text = store, tell, keep_text
        self._coder, self._codebook = coder, load_codebook().version
        self.run = run or Run(what="add", coder=coder, codebook=self._codebook)
        self._of_input = [0, 0]  # articles and skips since the last input's end
        self.articles = self.events = self.known = 0

    def store(self, batch: Iterable[Coded | Skip | InputEnd | Mark | AlreadyStored]) -> None:
        known = self.known
        readings: dict[str, Reading] = {}
        skips: list[Skip] = []
        inputs: list[Input] = []
        pieces: list[Piece] = []
        for each in batch:
            skips += self._skips_of(each)
            if isinstance(each, Coded):
                readings.setdefault(each.article.id, self._reading(each))
                self.run.take_article(each.article)
            elif isinstance(each, InputEnd):
                inputs += self._end_input(each)
            elif isinstance(each, Mark):
                pieces.append(self._end_piece(each))
            elif isinstance(each, AlreadyStored):
                self.known += 1
        added = self._store.add(
            readings.values(), skips=skips, inputs=inputs, pieces=pieces, keep_text=self._keep_text, merge=False
        )  # fmt: skip
        self.articles += added.articles
        self.events += added.events
        self.known += added.already_stored
        self.run.articles += added.articles
        self.run.events += added.events
        self.run.known += self.known - known
        self.run.take_skips(skips)
        figures = {"articles": added.articles, "events": added.events, "skips": sum(skip.count for skip in skips)}
        _log.info("stored a batch", extra=figures)

    def _skips_of(self, each: Coded | Skip | InputEnd | Mark | AlreadyStored) -> tuple[Skip, ...]:
        skips = each.skips if isinstance(each, Coded) else (each,) if isinstance(each, Skip) else ()
        for skip in skips:
            self._tell(skip)
        self._of_input[0] += isinstance(each, Coded | AlreadyStored)
        self._of_input[1] += sum(skip.count for skip in skips)
        return skips

    def _end_input(self, end: InputEnd) -> Iterator[Input]:
        if end.articles_before is not None:
            self.known += end.articles_before
            return
        articles, skips = self._of_input
        self._of_input = [0, 0]
        yield Input(location=end.location, digest=end.digest, articles=articles, skips=skips)

    def _end_piece(self, mark: Mark) -> Piece:
        articles, skips = self._of_input
        self._of_input = [0, 0]
        return Piece(mark=mark, articles=articles, skips=skips)

    def _reading(self, coded: Coded) -> Reading:
        return Reading(
            article=coded.article, coder=self._coder, codebook=self._codebook, events=coded.events,
            statements=coded.statements, own_events=coded.own_events,
        )  # fmt: skip
