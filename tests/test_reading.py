"""The parts of the reader that need no weights: sentences, windows, decoding, marked pairs, rules."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.codes import apply_operators, apply_rules, event_id, is_own_speech, load_operators, without
from dragoman.model import Article, Party, Sentence, Span
from dragoman.reader.decode import Candidate, anchor_spans, find_roles, inner_spans, tagged_spans
from dragoman.reader.lexicon import Phrase, find_phrases, load_phrases
from dragoman.reader.names import headed, with_heads
from dragoman.reader.network import Array, Heads, Judgement, bucket, default_folder, softmax
from dragoman.reader.pairs import parse_marked
from dragoman.reader.sentences import MAX_SENTENCE, split_article, split_text
from dragoman.reader.windows import WINDOW, Pieces, cut_pieces, load_tokenizer, pack_windows

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


@pytest.mark.parametrize(
    ("text", "words", "becomes"),
    [
        ("Dozens of farmers and nurses marched", "of farmers and", "farmers"),
        ("More than 40 guards resigned", "than 40 guards", "40 guards"),
        ("A nine-judge panel heard it", "nine-judge", "nine-judge panel"),
        ("Federal agents raided a farm", "Federal", "Federal agents"),
        ("An anti-mining activist was freed", "anti-mining", "anti-mining activist"),
        ("Peru's foreign minister resigned", "Peru's foreign", "Peru's foreign minister"),
        ("Pro-Europeans marched", "Pro-Europeans", "Pro-Europeans"),
        ("At least 40 were held", "At least 40", "At least 40"),
        ("Ahmed A was jailed", "Ahmed A", "Ahmed A"),
        ("Fishers and farmers marched", "and", None),
        ("A newly named envoy left", "newly", None),
        ("It is federal and local", "federal", None),
    ],
)
def test_a_party_is_a_noun_and_has_no_function_words_at_its_edges(text: str, words: str, becomes: str | None) -> None:
    start = 7 + text.index(words)
    sentence = Sentence(index=0, start=7, end=7 + len(text), text=text)
    found = headed(Span(start=start, end=start + len(words), text=words), sentence)
    assert (found and found.text) == becomes
    assert found is None or text[found.start - 7 : found.end - 7] == found.text


@pytest.mark.parametrize(
    ("text", "actors", "recipients", "becomes"),
    [
        ("Peru president fled Lima", ["president"], ["Peru"], (["Peru president"], [])),
        ("Norway gunmen shot at Peru", ["gunmen"], ["Norway", "Peru"], (["Norway gunmen"], ["Peru"])),
        ("Troops beat Chad nurses", ["Troops", "Chad"], ["nurses"], (["Troops"], ["Chad nurses"])),
        ("Some nurses police beat fled", ["police"], ["nurses"], (["police"], ["nurses"])),
        ("A Peru Chad summit", ["Peru"], ["Chad"], (["Peru"], ["Chad"])),  # two names are two parties
        ("Norway, guards said, fled", ["Norway"], ["guards"], (["Norway"], ["guards"])),
    ],
)
def test_a_word_before_its_noun_is_of_the_nouns_side(
    text: str, actors: list[str], recipients: list[str], becomes: tuple[list[str], list[str]]
) -> None:
    sentence = Sentence(index=0, start=3, end=3 + len(text), text=text)
    spans = [[Span(start=(at := 3 + text.index(w)), end=at + len(w), text=w) for w in side]
             for side in (actors, recipients)]  # fmt: skip
    told = with_heads(*spans, sentence)
    assert tuple([span.text for span in side] for side in told) == becomes


class _Told:
    """Heads that give the chances of roles they were told, word by word."""

    def __init__(self, chances: dict[str, dict[int, float]], pieces: Pieces) -> None:
        self.chances = np.zeros((len(pieces.ids), 9), dtype=np.float32)
        for i, (start, end) in enumerate(zip(pieces.starts, pieces.ends, strict=True)):
            for tag, chance in chances.get(pieces.sentence.text[start:end], {}).items():
                self.chances[i, tag] = chance
        self.chances[:, 0] = 1 - self.chances[:, 1:].sum(axis=1)

    def roles(self, tokens: object, vector: object, offsets: object) -> Array:
        return self.chances


def _roles_told(text: str, event_type: str, **chances: dict[int, float]) -> dict[str, list[str]]:
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    pieces = cut_pieces(TOKENIZER, [sentence])[0]
    vector = np.zeros(1, dtype=np.float32)
    judgement = Judgement(types=vector, statuses=vector, modes=vector, contexts=vector)
    anchor = Candidate(
        sentence=0, start=0, end=1, opens=1.0, tag_types=vector, judgement=judgement, vector=vector
    )  # fmt: skip
    heads = cast("Heads", _Told(chances, pieces))
    found = find_roles(vector, anchor, 0, pieces, heads=heads, event_type=event_type)
    return {role: [span.text for span in spans] for role, spans in found.items() if spans}


def test_a_party_that_may_open_or_go_on_is_one() -> None:
    text = "Norway fined Peru"
    split = {"Norway": {1: 0.3, 2: 0.3}, "Peru": {3: 0.35, 4: 0.3}}
    assert _roles_told(text, "SANCTION", **split) == {"actor": ["Norway"], "recipient": ["Peru"]}
    halting = {"Norway": {1: 0.48}, "Peru": {3: 0.45, 5: 0.5}}
    assert _roles_told(text, "SANCTION", **halting) == {"actor": ["Norway"], "recipient": ["Peru"], "place": ["Peru"]}


def test_an_empty_side_takes_its_likeliest_span_where_the_type_has_such_a_side() -> None:
    text = "Norway fined Peru"
    faint = {"Norway": {1: 0.15}, "Peru": {3: 0.18}}
    assert _roles_told(text, "SANCTION", **faint) == {"actor": ["Norway"], "recipient": ["Peru"]}
    assert _roles_told(text, "PROTEST", **faint) == {"recipient": ["Peru"]}
    assert _roles_told(text, "RETREAT", **faint) == {"actor": ["Norway"]}


def test_an_anchor_may_lie_in_another_up_to_its_end() -> None:
    text = "Norway helped Peru counteract sanctions now"
    pieces = cut_pieces(TOKENIZER, [Sentence(index=0, start=0, end=len(text), text=text)])[0]
    words = [text[a:b] for a, b in zip(pieces.starts, pieces.ends, strict=True)]
    opens = np.array([{"helped": 0.7, "sanctions": 0.2}.get(word, 0.02) for word in words])
    inside = np.array([0.1 if word in {"Norway", "now", "helped"} else 0.8 for word in words])
    [outer] = anchor_spans(opens, inside, 0, pieces)
    last = words.index("now")
    assert outer == (words.index("helped"), last)
    assert list(inner_spans(opens, 0, pieces, outer)) == [(words.index("sanctions"), last)]


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
