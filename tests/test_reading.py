"""The parts of the reader that need no weights: sentences, windows, decoding, marked pairs, rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.codes import apply_operators, apply_rules, event_id, is_own_speech, load_operators, without
from dragoman.model import Article, Party, Sentence, Span
from dragoman.reader.decode import tagged_spans
from dragoman.reader.lexicon import Phrase, find_phrases, load_phrases
from dragoman.reader.network import bucket, default_folder, softmax
from dragoman.reader.pairs import parse_marked
from dragoman.reader.sentences import MAX_SENTENCE, split_article, split_text
from dragoman.reader.windows import WINDOW, cut_pieces, load_tokenizer, pack_windows

TOKENIZER = load_tokenizer(default_folder() / "tokenizer.json")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("The two met. They agreed.", ["The two met.", "They agreed."]),
        ("Gen. Ivanov flew to the U.S. on Feb. 24.", ["Gen. Ivanov flew to the U.S. on Feb. 24."]),
        ("It left the U.N. The vote failed.", ["It left the U.N.", "The vote failed."]),
        ("“We will not go.” He left.", ["“We will not go.”", "He left."]),
        ("Mothers are saying no. It spreads.", ["Mothers are saying no.", "It spreads."]),
        ("Resolution No. 1701 holds.", ["Resolution No. 1701 holds."]),
        ("A line\nand another", ["A line", "and another"]),
        ("Is it war? Nobody knows!", ["Is it war?", "Nobody knows!"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [text[a:b] for a, b in split_text(text)] == sentences


@given(st.text(max_size=300))
def test_sentences_cover_all_words_in_order(text: str) -> None:
    spans = list(split_text(text))
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(a < b for a, b in spans)
    assert all(left[1] <= right[0] for left, right in zip(spans, spans[1:], strict=False))


def test_a_sentence_without_end_is_cut() -> None:
    spans = list(split_text("word " * 2000))
    assert max(b - a for a, b in spans) <= MAX_SENTENCE


def test_title_is_one_sentence_with_offsets_of_the_body() -> None:
    article = Article(id="a", doc="a", title="Envoys meet. At last", text="They met.")
    first, second = split_article(article)
    assert (first.text, first.is_title) == ("Envoys meet. At last", True)
    assert article.body[second.start : second.end] == "They met."


@given(st.lists(st.text(alphabet="abc XYZ.,é漢-\u200b", min_size=1, max_size=80), max_size=8))
def test_pieces_slice_to_their_own_words(parts: list[str]) -> None:
    text = "\n".join(parts)
    sentences = [Sentence(index=i, start=a, end=b, text=text[a:b]) for i, (a, b) in enumerate(split_text(text))]
    for pieces in cut_pieces(TOKENIZER, sentences):
        for start, end in zip(pieces.starts, pieces.ends, strict=True):
            assert pieces.sentence.start <= start <= end <= pieces.sentence.end


def test_windows_hold_consecutive_sentences_up_to_the_limit() -> None:
    text = "The minister met the envoy in the capital. " * 40
    sentences = [Sentence(index=i, start=a, end=b, text=text[a:b]) for i, (a, b) in enumerate(split_text(text))]
    windows = pack_windows(cut_pieces(TOKENIZER, sentences))
    assert [p.sentence.index for w in windows for p in w.sentences] == list(range(40))
    assert max(len(w) for w in windows) <= WINDOW
    for window in windows:
        for begin, pieces in zip(window.begins, window.sentences, strict=True):
            assert window.ids[begin : begin + len(pieces.ids)] == pieces.ids


def test_tagged_spans_are_whole_words() -> None:
    text = "Turkmenbashi met Uzbekistan"
    pieces = cut_pieces(TOKENIZER, [Sentence(index=0, start=0, end=len(text), text=text)])[0]
    tags = [0] * len(pieces.ids)
    tags[1] = 1  # B on the second piece of the first word
    assert [s.text for s in tagged_spans(tags, 1, pieces)] == ["Turkmenbashi"]


def test_marks_are_stripped() -> None:
    text, spans = parse_marked("In Paris <t>Chad</t> was thanked by <s>the United Nations</s>.")
    assert text == "In Paris Chad was thanked by the United Nations."
    assert [(text[a:b], kind) for a, b, kind in spans] == [("Chad", 2), ("the United Nations", 1)]


@pytest.mark.parametrize("text", ["", "no marks", "<s>open", "</s>", "<t></t>"])
def test_broken_marks_do_not_fail(text: str) -> None:
    assert "<" not in parse_marked(text)[0]


def test_bucket_is_symmetric_and_bounded() -> None:
    offsets = np.arange(-200, 201)
    folded = bucket(offsets)
    assert folded.min() == 0
    assert folded.max() == 14
    assert (folded + folded[::-1] == 14).all()


def test_softmax_sums_to_one() -> None:
    assert softmax(np.array([[1.0, 1000.0], [-5.0, 3.0]], dtype=np.float32)).sum(axis=1) == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("event_type", "status", "becomes"),
    [
        ("CONSULT", "future", "AGREE"),
        ("RETREAT", "future", "CONCEDE"),
        ("CONSULT", "asserted", "CONSULT"),
        ("ASSAULT", "future", "ASSAULT"),
    ],
)
def test_rules_of_the_codebook(event_type: str, status: str, becomes: str) -> None:
    assert apply_rules(event_type, status)[0] == becomes  # type: ignore[arg-type]


def test_every_operator_turns_its_own_example_into_what_it_becomes() -> None:
    for row in load_operators().values():
        for event_type in row["types"].split(","):
            assert apply_operators(event_type, row["example"])[0] == row["becomes"], row["words"]


@pytest.mark.parametrize(
    ("event_type", "anchor"),
    [("ASSAULT", "pledged to attack"), ("SUPPORT", "supports"), ("CONCEDE", "agreed to a ceasefire"), ("AID", "")],
)
def test_operators_leave_other_acts_alone(event_type: str, anchor: str) -> None:
    assert apply_operators(event_type, anchor) == (event_type, "")


@pytest.mark.parametrize("phrase", load_phrases(), ids=lambda p: p.words[:30])
def test_every_phrase_of_the_lexicon_finds_its_own_example(phrase: Phrase) -> None:
    found = list(find_phrases(f"On Monday the state {phrase.example}, officials said."))
    assert {match.phrase.event_type for match in found} == {phrase.event_type}


@pytest.mark.parametrize(
    "text",
    [
        "She condemned the raid.",
        "The ambassador was recalled fondly by her students.",
        "Trade talks have stalled.",
        "They stressed the need for rest.",
    ],
)
def test_phrases_do_not_match_words_that_only_look_alike(text: str) -> None:
    assert list(find_phrases(text)) == []


def party(start: int, end: int) -> Party:
    return Party(start=start, end=end, text="x" * (end - start), code="RUS")


def test_one_span_is_not_both_sides() -> None:
    assert without([party(0, 4), party(9, 12)], [party(0, 4)]) == (party(9, 12),)


def test_own_speech_is_no_attribution() -> None:
    assert is_own_speech(party(0, 4), [party(2, 6)])
    assert not is_own_speech(party(0, 4), [party(5, 6)])
    assert not is_own_speech(None, [party(5, 6)])


def test_event_ids_are_stable_and_tell_coders_apart() -> None:
    anchor = Span(start=3, end=6, text="met")
    assert event_id("a", anchor, "CONSULT", "one") == event_id("a", anchor, "CONSULT", "one")
    assert event_id("a", anchor, "CONSULT", "one") != event_id("a", anchor, "CONSULT", "two")
