"""The event between two marked parties: what is counted of the words, and how the votes are taken together."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import ReaderError
from dragoman.reader import Reader
from dragoman.reader.grams import BLOCKS, BUCKETS, LONGEST, bucket_counts, gram_vector, masked_words, stem
from dragoman.reader.network import Array, Labels
from dragoman.reader.pairs import MarkedPair, PairModel, pooled
from dragoman.reader.upper import HEADS, Upper, gelu, packed, unpacked

LABELS = Labels(types=("AGREE", "CONCEDE", "RETREAT"), modes=("",), contexts=(), statuses=("asserted", "future"))
# Roots: 0 AGREE, 1 YIELD. Future things of any type are promises.
FOLD = np.array([0, 0, 1, 0, 1, 0])
WIDTH = 24
PARTS = ("weight", "bias")


def model(states: list[float], words: float = 0.0, share: float = 0.0) -> PairModel:
    """A model whose layers always say the same, and one word pushing towards YIELD."""
    gram_weight = np.zeros((2, BLOCKS * BUCKETS), np.float16)
    gram_weight[1] = words
    return PairModel({
        **{f"upper.{name}": value for name, value in layer(WIDTH).items()},
        "hidden.weight": np.zeros((3, 5 * WIDTH), np.float32),
        "hidden.bias": np.zeros(3, np.float32),
        "root.weight": np.zeros((2, 3), np.float32),
        "root.bias": np.array(states, np.float32),
        "rarity": np.ones((BLOCKS, BUCKETS), np.float16),
        "gram_weight": gram_weight,
        "gram_bias": np.zeros(2, np.float32),
        "fold": FOLD,
        "shares": np.array([1, 1, share], np.float32),
    })


def layer(width: int, seed: int = 1) -> dict[str, Array]:
    """A layer with arbitrary weights."""
    chance = np.random.default_rng(seed)
    shapes = {name: (width, width) for name in ("query", "key", "value", "out")}
    shapes |= {"up": (2 * width, width), "down": (width, 2 * width)}
    weights = {f"0.{name}.weight": chance.normal(0, 0.3, shape) for name, shape in shapes.items()}
    weights |= {f"0.{name}.bias": chance.normal(0, 0.3, shape[0]) for name, shape in shapes.items()}
    weights |= {f"0.{norm}.{part}": chance.normal(1, 0.3, width) for norm in ("norm1", "norm2") for part in PARTS}
    return {name: value.astype(np.float32) for name, value in weights.items()}


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("<s>The king</s> met <t>Iran</t>.", ["<S>", "met", "<T>", "."]),
        ("<t>Aid</t> for <s>Chad</s>", ["<T>", "for", "<S>"]),
        ("no party at all", ["no", "party", "at", "all"]),
        ("<s>never closed", ["<S>"]),
        ("</t>closed only", ["closed", "only"]),
        ("<s>one <t>inside</t> it</s> went", ["<S>", "went"]),
        ("", []),
    ],
)
def test_marked_parties_become_one_word(marked: str, words: list[str]) -> None:
    assert masked_words(marked) == words


def test_endless_sentences_are_cut() -> None:
    assert len(masked_words("very " * 10_000)) == LONGEST


@pytest.mark.parametrize(("word", "cut"), [("lifted", "lift"), ("lifts", "lift"), ("lifting", "lift"), ("led", "led")])
def test_stem_cuts_common_endings(word: str, cut: str) -> None:
    assert stem(word) == cut


def test_words_between_the_parties_know_the_direction() -> None:
    forth, back = (bucket_counts(text)[2] for text in ("<s>A</s> hit <t>B</t>", "<t>A</t> hit <s>B</s>"))
    assert set(forth) != set(back)


@given(st.text(alphabet="ab <>/st", max_size=60))
def test_each_block_has_length_one_or_is_empty(marked: str) -> None:
    vector = gram_vector(marked, np.ones((BLOCKS, BUCKETS)).tolist())
    for block in range(BLOCKS):
        length = sum(v * v for b, v in vector.items() if b // BUCKETS == block)
        assert length == pytest.approx(1) or length == 0


def code(pairs: PairModel, chances: list[float]):  # type: ignore[no-untyped-def]
    lower, marks = np.zeros((3, WIDTH), np.float32), np.array([1, 0, 2])
    pair = MarkedPair(text="<s>A</s> left <t>B</t>", lower=lower, marks=marks, chances=np.array(chances))
    return pairs.code(pair, LABELS)


def test_votes_decide_the_root_and_the_head_the_type_within_it() -> None:
    coded = code(model([0.0, 3.0]), [0.5, 0.1, 0.1, 0.0, 0.2, 0.1])
    assert (coded.event_type, coded.status) == ("RETREAT", "asserted")
    assert coded.confidence > 0.5


def test_words_outvote_states() -> None:
    assert code(model([1.0, 0.0]), [1 / 6] * 6).event_type == "AGREE"
    assert code(model([1.0, 0.0], words=5.0), [1 / 6] * 6).event_type in {"CONCEDE", "RETREAT"}


def test_a_promise_to_yield_is_given_as_agreement() -> None:
    """Whatever reads type alone must see the root: never RETREAT with status future for AGREE."""
    coded = code(model([4.0, 0.0]), [0.0, 0.0, 0.0, 0.2, 0.1, 0.7])
    assert coded.event_type == "AGREE"


def test_the_head_has_a_say_by_its_share() -> None:
    chances = [0.01, 0.01, 0.9, 0.02, 0.05, 0.01]
    assert code(model([0.5, 0.0]), chances).event_type == "AGREE"
    assert code(model([0.5, 0.0], share=0.5), chances).event_type == "CONCEDE"


@pytest.mark.parametrize("marks", [[0, 0, 0], [1, 0, 0], [1, 0, 2], [2, 0, 1], [1, 1, 1]])
def test_what_is_asked_of_states_is_finite_whatever_is_marked(marks: list[int]) -> None:
    states = np.arange(12, dtype=np.float32).reshape(3, 4)
    features = pooled(states, np.array(marks))
    assert features.shape == (20,)
    assert np.isfinite(features).all()


def test_words_between_are_those_of_neither_party() -> None:
    states = np.arange(5, dtype=np.float32)[:, None]
    between = pooled(states, np.array([2, 0, 0, 1, 0]))[2]
    assert between == pytest.approx(1.5)


def by_hand(x: Array, w: dict[str, Array]) -> Array:
    """A layer as the textbook has it, head by head and token by token, in double precision."""
    linear = lambda x, name: x @ w[f"0.{name}.weight"].T.astype(float) + w[f"0.{name}.bias"]  # noqa: E731
    norm = lambda x, name: (  # noqa: E731
        (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) * w[f"0.{name}.weight"] + w[f"0.{name}.bias"]
    )
    query, key, value = (linear(x, name) for name in ("query", "key", "value"))
    mixed, size = np.zeros_like(x, float), x.shape[1] // HEADS
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        for token in range(len(x)):
            looks = np.exp(key[:, part] @ query[token, part] / np.sqrt(size))
            mixed[token, part] = looks / looks.sum() @ value[:, part]
    half = norm(x + linear(mixed, "out"), "norm1")
    wide = linear(half, "up")
    curved = wide / 2 * (1 + np.vectorize(math.erf)(wide / np.sqrt(2)))
    return norm(half + linear(curved, "down"), "norm2")


def test_a_layer_is_that_of_the_textbook() -> None:
    weights, x = layer(WIDTH), np.random.default_rng(2).normal(size=(7, WIDTH)).astype(np.float32)
    assert Upper(weights).states(x) == pytest.approx(by_hand(x, weights), abs=1e-4)


def test_gelu_is_the_exact_one() -> None:
    x = np.linspace(-6, 6, 101).astype(np.float32)
    assert gelu(x) == pytest.approx(x / 2 * (1 + np.vectorize(math.erf)(x / np.sqrt(2))), abs=1e-6)


def test_stored_matrices_come_back_within_half_a_step() -> None:
    weights = layer(WIDTH)
    back = unpacked(packed(weights))
    assert back.keys() == weights.keys()
    for name, weight in weights.items():
        step = np.abs(weight).max(axis=-1, keepdims=True) / 127 if weight.ndim > 1 else 0
        assert (np.abs(back[name] - weight) <= 0.51 * step + 1e-7).all()


def test_missing_weights_say_what_to_do(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ReaderError, match="install again"):
        PairModel.load(tmp_path)


def test_clear_pairs_are_coded() -> None:
    marked = [
        "<s>Rebels</s> bombed <t>an army base</t> in the north on Monday, killing nine.",
        "<s>The prime minister</s> met <t>his Thai counterpart</t> in Bangkok.",
        "<s>The government</s> will not lift the ban on <t>the party</t>.",
        "<t>The island</t> was sent 300 tonnes of food aid by <s>Japan</s>.",
    ]
    assert [c.event_type for c in Reader(threads=1).code_pairs(marked)] == ["ASSAULT", "CONSULT", "REJECT", "AID"]
