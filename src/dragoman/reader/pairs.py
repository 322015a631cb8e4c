"""Codes the event between two marked parties of a sentence (`dragoman code-pairs`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from dragoman.model import Sentence
from dragoman.reader.network import Array, Heads, Labels, Output
from dragoman.reader.windows import SEP, Window, cut_pieces, pack_windows

_MARK = re.compile(r"<(/?)([st])>")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCode:
    """The likeliest type and status between two parties, with its probability."""

    event_type: str
    status: str
    confidence: float


def parse_marked(marked: str) -> tuple[str, list[tuple[int, int, int]]]:
    """Strips the marks: gives the text, and (start, end, 1 actor or 2 recipient) of each marked span.

    >>> parse_marked("<s>Iran</s> met <t>Iraq</t>.")
    ('Iran met Iraq.', [(0, 4, 1), (9, 13, 2)])
    """
    text, last = "", 0
    spans: list[tuple[int, int, int]] = []
    opened: dict[int, int] = {}
    for mark in _MARK.finditer(marked):
        text += marked[last : mark.start()]
        last = mark.end()
        kind = 1 if mark.group(2) == "s" else 2
        if mark.group(1):
            spans.append((opened.pop(kind, len(text)), len(text), kind))
        else:
            opened[kind] = len(text)
    return text + marked[last:], spans


def prepare(tokenizer: Tokenizer, marked: str) -> tuple[Window, list[int]]:
    """Gives the window of a marked sentence and the mark of each of its tokens."""
    text, spans = parse_marked(marked)
    pieces = cut_pieces(tokenizer, [Sentence(index=0, start=0, end=len(text), text=text)])
    windows = pack_windows(pieces)
    if not windows:  # no words at all: an empty window still gets a row, as the contract asks
        return Window(sentences=(), begins=(), ids=(SEP,), cases=(0,)), [0]
    window = windows[0]
    marks = [0] * len(window)
    for at, (first, last) in enumerate(zip(pieces[0].starts, pieces[0].ends, strict=True), start=window.begins[0]):
        for start, end, kind in spans:
            if first < end and last > start:
                marks[at] = kind
    return window, marks


def choose(heads: Heads, output: Output, marks: Sequence[int], labels: Labels) -> PairCode:
    """Chooses the type by its summed probability over statuses, then the likeliest status of that type."""
    chances = heads.pair(output.states, np.array(marks)).reshape(len(labels.types), len(labels.statuses))
    by_type: Array = chances.sum(axis=1)
    best = int(by_type.argmax())
    status = int(chances[best].argmax())
    confidence = round(float(by_type[best]), 4)
    return PairCode(event_type=labels.types[best], status=labels.statuses[status], confidence=confidence)
