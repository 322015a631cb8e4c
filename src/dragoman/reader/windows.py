"""Packs the sentences of an article into windows of word pieces, so that each is read in its context at no extra cost.

A window is `[CLS] sentence [SEP] sentence [SEP] ...` of consecutive sentences of one article. How an article is cut
depends on that article alone, so the same text is read alike whatever else is in the batch. Training uses it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from dragoman.model import Sentence

CLS, SEP, PAD = 101, 102, 0
# 128 pieces hold a headline item whole and four to five sentences of an article. Longer windows read no better and
# cost more, since attention grows with their square.
WINDOW = 128
# A single sentence beyond this is cut: its tail is not read (and the pipeline says so).
LONGEST = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The word pieces of one sentence: ids, offsets in the article, case class, and whether each opens a word."""

    sentence: Sentence
    ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    cases: tuple[int, ...]
    opens: tuple[bool, ...]
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some consecutive sentences of an article as one input. Sentence i begins at token `begins[i]`."""

    sentences: tuple[Pieces, ...]
    begins: tuple[int, ...]
    ids: tuple[int, ...]
    cases: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


def load_tokenizer(path: Path) -> Tokenizer:
    """Loads the word-piece tokenizer without its own padding or truncation."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def cut_pieces(tokenizer: Tokenizer, sentences: Sequence[Sentence]) -> list[Pieces]:
    """Cuts sentences into word pieces with offsets in the article."""
    encodings = tokenizer.encode_batch([s.text for s in sentences], add_special_tokens=False)
    return [_pieces(s, e) for s, e in zip(sentences, encodings, strict=True)]


def _pieces(sentence: Sentence, encoding: Encoding) -> Pieces:
    kept, base, text = encoding.offsets[:LONGEST], sentence.start, sentence.text
    ids = encoding.ids
    return Pieces(
        sentence=sentence,
        ids=tuple(ids[:LONGEST]),
        starts=tuple([base + a for a, _ in kept]),
        ends=tuple([base + b for _, b in kept]),
        cases=tuple([case_of(text[a:b]) for a, b in kept]),
        opens=tuple([piece[:2] != "##" for piece in encoding.tokens[:LONGEST]]),
        is_cut=len(ids) > LONGEST,
    )


@lru_cache(maxsize=1 << 16)  # the pieces of a language come again and again
def case_of(piece: str) -> int:
    """Gives the case class of a word piece: 0 no letters, 1 lower, 2 Title, 3 UPPER, 4 mixed.

    >>> [case_of(w) for w in ("12", "talks", "Putin", "NATO", "iPhone")]
    [0, 1, 2, 3, 4]
    """
    if not any(c.isalpha() for c in piece):
        return 0
    if piece.islower():
        return 1
    if piece[0].isupper() and (len(piece) == 1 or piece[1:].islower()):
        return 2
    return 3 if piece.isupper() else 4


def pack_windows(pieces: Iterable[Pieces], limit: int = WINDOW) -> list[Window]:
    """Packs consecutive sentences greedily into windows of at most `limit` tokens; a longer sentence stands alone."""
    windows: list[Window] = []
    held: list[Pieces] = []
    size = 1
    for each in pieces:
        if not each.ids:
            continue
        if held and size + len(each.ids) + 1 > limit:
            windows.append(_window(held))
            held, size = [], 1
        held.append(each)
        size += len(each.ids) + 1
    if held:
        windows.append(_window(held))
    return windows


def _window(held: Sequence[Pieces]) -> Window:
    ids, cases, begins = [CLS], [0], []
    for each in held:
        begins.append(len(ids))
        ids.extend((*each.ids, SEP))
        cases.extend((*each.cases, 0))
    return Window(sentences=tuple(held), begins=tuple(begins), ids=tuple(ids), cases=tuple(cases))
