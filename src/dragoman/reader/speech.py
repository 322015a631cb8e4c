"""Finds reported speech: who says (source), with which word (cue), what (content), from the network's speech tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dragoman.model import Attribution, Span
from dragoman.reader.decode import span_of
from dragoman.reader.network import Integers, Output
from dragoman.reader.windows import Pieces, Window

SOURCE, CUE, CONTENT = 0, 1, 2
# A tag other than O from this probability on. Below a half, since O is by far the commonest tag.
SAID = 0.5


def find_attributions(window: Window, output: Output) -> Iterator[Attribution]:
    """Yields the attributions of a window: one for each source (or cue) of a sentence, with all that it says there."""
    chances = output.speech
    tags = np.where(chances[:, :, 0] < 1 - SAID, 1 + chances[:, :, 1:].argmax(axis=2), 0)
    for begin, pieces in zip(window.begins, window.sentences, strict=True):
        here = tags[begin : begin + len(pieces.ids)]
        contents = list(speech_spans(here[:, CONTENT], pieces))
        if not contents:
            continue
        sources, cues = (list(speech_spans(here[:, kind], pieces)) for kind in (SOURCE, CUE))
        said: dict[tuple[Span | None, Span | None], list[Span]] = {}
        for content in contents:
            cue = nearest(content, cues)
            said.setdefault((nearest(cue or content, sources), cue), []).append(content)
        for (source, cue), spans in said.items():
            yield Attribution(source=source, cue=cue, content=cover(spans, pieces))


def cover(spans: Sequence[Span], pieces: Pieces) -> Span:
    """Gives the span from the first to the last of some spans of one sentence."""
    start, end = min(s.start for s in spans), max(s.end for s in spans)
    base = pieces.sentence.start
    return Span(start=start, end=end, text=pieces.sentence.text[start - base : end - base])


def speech_spans(found: Integers, pieces: Pieces) -> Iterator[Span]:
    """Yields runs of tokens whose tag is B (1) or I (2), whole words only; a B inside a run opens the next one."""
    tags = found.tolist()  # a list is read five times as fast as an array, one by one
    at, n = 0, len(pieces.ids)
    while at < n:
        if not tags[at]:
            at += 1
            continue
        end = at + 1
        while end < n and (tags[end] == 2 or not pieces.opens[end]):
            end += 1
        yield span_of(pieces, at, end)
        at = end


def nearest(span: Span, others: Sequence[Span]) -> Span | None:
    """Gives the span with the fewest characters between it and `span`."""
    return min(others, key=lambda o: max(o.start - span.end, span.start - o.end), default=None)
