"""The second look: each anchor is read again with itself in view, and what one shows depends on no other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dragoman.errors import ReaderError
from dragoman.model import Article
from dragoman.reader import Reader
from dragoman.reader.look import Anchor, SecondLook
from dragoman.reader.network import Array, Judgement, default_folder

TYPES, HIDDEN = 17, 384


def judgement() -> Judgement:
    even = np.full(TYPES, 1 / TYPES, dtype=np.float32)
    return Judgement(types=even, statuses=even[:5], modes=even, contexts=even)


def anchors() -> list[Anchor]:
    """Two anchors of one sentence of noise, as the encoder's states are sized."""
    sentence: Array = np.random.default_rng(4).normal(size=(20, HIDDEN)).astype(np.float32)
    return [Anchor(sentence=sentence, start=at, end=at + 2, judgement=judgement()) for at in (3, 12)]


def test_an_anchor_looks_the_same_in_any_company() -> None:
    look = SecondLook(default_folder(), weight=0.5, threads=1)
    together, alone = look.again(anchors()), [look.again([anchor])[0] for anchor in anchors()]
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one.tokens, other.tokens)
        assert np.allclose(one.judgement.types, other.judgement.types, atol=1e-6)
    assert not np.allclose(together[0].tokens, together[1].tokens)  # the same words, another anchor in view
    assert look.again([]) == []


def test_types_are_shared_by_both_looks_and_all_else_is_the_second_s() -> None:
    first = anchors()[0]
    [only_first] = SecondLook(default_folder(), weight=0.0, threads=1).again([first])
    [only_second] = SecondLook(default_folder(), weight=1.0, threads=1).again([first])
    [half] = SecondLook(default_folder(), weight=0.5, threads=1).again([first])
    assert np.allclose(only_first.judgement.types, first.judgement.types)
    assert only_second.judgement.types.sum() == pytest.approx(1, abs=1e-4)
    mean = np.sqrt(only_first.judgement.types * only_second.judgement.types)
    assert np.allclose(half.judgement.types, mean, atol=1e-6)
    assert np.array_equal(half.judgement.statuses, only_first.judgement.statuses)


def sides(text: str) -> Sequence[tuple[str, ...]]:
    [reading] = Reader(threads=1).read([Article(id="a", doc="a", title="", text=text)])
    return [tuple(span.text for span in (*event.actors, *event.recipients)) for event in reading.events]


def test_each_anchor_of_a_sentence_has_its_own_sides() -> None:
    assert sides("Russia attacked Ukraine on Friday and France condemned Russia.") == [
        ("Russia", "Ukraine"),
        ("France", "Russia"),
    ]


def test_weights_that_are_damaged_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "look.onnx").write_bytes(b"no graph")
    with pytest.raises(ReaderError, match=r"look\.onnx do not load .*install again"):
        SecondLook(tmp_path, weight=0.5)
    (tmp_path / "look.onnx").write_bytes((default_folder() / "look.onnx").read_bytes())
    (tmp_path / "look.npz").write_bytes(b"PK no matrices")
    with pytest.raises(ReaderError, match=r"look\.npz do not load .*install again"):
        SecondLook(tmp_path, weight=0.5)
