"""Finds reported speech: who says (source), with which word (cue), what (content), from the network's speech tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dragoman.model import Attribution, Span
from dragoman.reader.decode import span_of
from dragoman.reader.network import Array, Output
from dragoman.reader.windows import Pieces, Window

SOURCE, CUE, CONTENT = 0, 1, 2
# A tag other than O from this probability on. Below a half, since O is by far the commonest tag.
SAID = 0.4


def find_attributions(window: Window, output: Output) -> Iterator[Attribution]:
    """Yields the attributions of a window: one for each content span, with the nearest cue and source."""
    for begin, pieces in zip(window.begins, window.sentences, strict=True):
        chances = output.speech[begin : begin + len(pieces.ids)]
        sources, cues, contents = (list(speech_spans(chances[:, kind], pieces)) for kind in (SOURCE, CUE, CONTENT))
        for content in contents or cues[:1]:
            cue = nearest(content, cues)
            source = nearest(cue or content, sources)
            if content is cue and source is None:
                continue
            yield Attribution(source=source, cue=cue, content=content)
        for source in sources[: 1 if not contents and not cues else 0]:
            yield Attribution(source=source, cue=None, content=source)


def speech_spans(chances: Array, pieces: Pieces) -> Iterator[Span]:
    """Yields runs of tokens whose tag is B or I, whole words only; a B inside a run opens the next one."""
    tags = np.where(chances[:, 0] < 1 - SAID, 1 + chances[:, 1:].argmax(axis=1), 0)
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
