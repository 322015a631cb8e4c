"""The event between two marked parties: what is counted of the words, and how the votes are taken together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import ReaderError
from dragoman.reader import Reader
from dragoman.reader.grams import BLOCKS, BUCKETS, LONGEST, bucket_counts, gram_vector, masked_words, stem
from dragoman.reader.network import Labels, Output
from dragoman.reader.pairs import PairModel, pair_features

LABELS = Labels(types=("AGREE", "CONCEDE", "RETREAT"), modes=("",), contexts=(), statuses=("asserted", "future"))
# Roots: 0 AGREE, 1 YIELD. Future things of any type are promises.
FOLD = np.array([0, 0, 1, 0, 1, 0])


def model(states: list[float], words: float = 0.0, share: float = 0.0) -> PairModel:
    """A model that sees one feature, and one word pushing towards YIELD."""
    rarity = np.ones((BLOCKS, BUCKETS), np.float16)
    gram_weight = np.zeros((2, BLOCKS * BUCKETS), np.float16)
    gram_weight[1] = words
    return PairModel({
        "mean": np.zeros(1, np.float32),
        "spread": np.ones(1, np.float32),
        "state_weight": np.zeros((2, 1), np.float16),
        "state_bias": np.array(states, np.float32),
        "rarity": rarity,
        "gram_weight": gram_weight,
        "gram_bias": np.zeros(2, np.float32),
        "fold": FOLD,
        "share": np.array(share, np.float32),
    })


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
    marked = "<s>A</s> left <t>B</t>"
    return pairs.code(features=np.zeros(1, np.float32), marked=marked, chances=np.array(chances), labels=LABELS)


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
def test_features_are_finite_whatever_is_marked(marks: list[int]) -> None:
    states = np.arange(12, dtype=np.float32).reshape(3, 4)
    tags = np.full((3, 5), 0.2, np.float32)
    output = Output(states=states, tags=tags, speech=np.zeros((3, 3, 3), np.float32))
    features = pair_features(output, marks, np.zeros(8, np.float32))
    assert features.shape == (32,)
    assert np.isfinite(features).all()


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
