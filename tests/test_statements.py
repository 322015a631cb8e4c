"""Statements: every cue proves itself on its own examples; spans, events and hostile input beside."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from functools import cache
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.actors import ActorIndex
from dragoman.codebook import load_codebook
from dragoman.model import Article, Attribution, Entity, FoundEvent, Mention, Party, Sentence, Span, Statement
from dragoman.statements import FORMS, find_statements, load_lexicon


def table(name: str) -> list[dict[str, str]]:
    text = resources.files("dragoman.data").joinpath("statements", name).read_text(encoding="utf8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


EXAMPLES = table("examples.tsv")
CUES = table("cues.tsv")


@cache
def index() -> ActorIndex:
    return ActorIndex.load()


def span_of(text: str, words: str) -> Span:
    return Span(start=text.index(words), end=text.index(words) + len(words), text=words)


def read(
    text: str,
    *,
    said: tuple[str, str, str] | None = None,
    events: tuple[tuple[str, str], ...] = (),
) -> tuple[Statement, ...]:
    article = Article(id="a", doc="a", title="", text=text)
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    mentions = index().annotate(article, [sentence])

    def resolve(span: Span) -> Party | None:
        for mention in index().resolve_span(article, [sentence], mentions, span.start, span.end, acts="speaks"):
            entity = mention.entity
            code, name = (entity.code, entity.name) if entity else (None, None)
            return Party(start=span.start, end=span.end, text=span.text, code=code, name=name)
        return None

    attributions = []
    if said:
        source, cue, content = (span_of(text, words) for words in said)
        attributions = [Attribution(source=source, cue=cue, content=content)]
    found = [
        FoundEvent(sentence=sentence, anchor=span_of(text, words), event_type=kind, status="asserted", confidence=0.9)
        for words, kind in events
    ]
    return find_statements(
        article, [sentence], attributions, lambda _: mentions, found,
        coder="test", codebook=load_codebook(), resolve=resolve,
    )  # fmt: skip


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["sentence"][:60])
def test_each_example_gives_its_statement_or_none(row: dict[str, str]) -> None:
    said = (row["source"], row["said"], row["content"]) if row["source"] else None
    found = read(row["sentence"], said=said)
    if not row["speaker"]:
        assert found == ()
        return
    polarity = next(cue["polarity"] for cue in CUES if cue["cue"] == row["cue"])
    told = [
        (one.basis.split()[1], one.speaker and one.speaker.code, one.topic, one.polarity,
         one.addressee.code if one.addressee else "")
        for one in found
    ]  # fmt: skip
    assert told == [(row["cue"], row["speaker"], row["topic"], polarity, row["addressee"])]


def test_every_cue_has_an_example_that_must_and_a_known_form() -> None:
    assert {row["cue"] for row in EXAMPLES if row["speaker"]} == {cue["cue"] for cue in CUES}
    assert {cue["form"] for cue in CUES} == set(FORMS)
    assert {cue["topic"] for cue in CUES} == {"ground", "party", "any"}
    assert {cue["polarity"] for cue in CUES} == {"affirms", "denies", "leaves unsaid"}


def test_every_wording_is_found_by_one_of_its_keys() -> None:
    for key, cues in load_lexicon().by_key.items():
        assert all(key in cue.keys for cue in cues)


@pytest.mark.parametrize("row", [r for r in EXAMPLES if r["speaker"]], ids=lambda row: row["sentence"][:60])
def test_spans_slice_to_their_words(row: dict[str, str]) -> None:
    text = row["sentence"]
    said = (row["source"], row["said"], row["content"]) if row["source"] else None
    for one in read(text, said=said):
        assert one.topic in one.evidence.anchor.text
        for part in (one.speaker, one.addressee, one.evidence.anchor, one.evidence.sentence):
            assert part is None or text[part.start : part.end] == part.text
        assert one.evidence.coder == "test"


def test_offsets_count_from_the_article_and_survive_curly_quotes() -> None:
    title, text = "Ships “sail” again", "It rained. Manila disputes Beijing’s claim to Taiwan."
    article = Article(id="a", doc="a", title=title, text=text)
    body = article.body
    start = body.index("Manila")
    sentence = Sentence(index=2, start=start, end=len(body), text=body[start:])
    at = body.index("Beijing")
    mention = Mention(start=at, end=at + 7, text="Beijing", entity=Entity(code="CHN", name="China"), basis="states")
    at = body.index("Taiwan")
    ground = Mention(start=at, end=at + 6, text="Taiwan", entity=Entity(code="TWN", name="Taiwan"), basis="states")
    named = (mention, ground)
    [one] = find_statements(article, [sentence], (), lambda _: named, (), coder="c", codebook=load_codebook())
    assert body[one.evidence.anchor.start : one.evidence.anchor.end] == "claim to Taiwan" == one.evidence.anchor.text
    assert one.speaker is not None
    assert (one.speaker.code, one.speaker.basis) == ("CHN", "states")


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ("Iran insists that Israel struck its ships.", ("struck", "ASSAULT"), 0),
        ("Iran insists that Israel struck its ships.", ("ships", "ASSAULT"), 0),
        ("The Kremlin made no mention of the attack on Kyiv.", ("attack", "ASSAULT"), 1),
        ("Israel declined to comment on the strike.", ("declined", "REJECT"), 0),
        ("China claims Taiwan as its own and sent ships.", ("sent", "MOBILIZE"), 1),
    ],
)
def test_what_is_an_event_already_is_no_statement(text: str, event: tuple[str, str], expected: int) -> None:
    assert len(read(text, events=(event,))) == expected


def test_the_reader_names_the_speaker_where_no_mention_stands_before_the_cue() -> None:
    text = "The envoy of Iran, as his aides had hoped, insisted that the sites were empty."
    assert read(text) == ()
    [one] = read(text, said=("The envoy of Iran", "insisted", "that the sites were empty"))
    assert one.speaker is not None
    assert one.speaker.code == "IRN"


def test_two_statements_of_one_sentence_come_in_order_with_ids_of_their_own() -> None:
    found = read("China claims Taiwan as its own, and Japan declined to comment on the drills.")
    assert [(s.speaker and s.speaker.code, s.polarity) for s in found] == [
        ("CHN", "affirms"),
        ("JPN", "leaves unsaid"),
    ]
    assert len({s.statement_id for s in found}) == 2
    assert read("China claims Taiwan as its own, and Japan declined to comment on the drills.") == found


HOSTILE: list[Callable[[int], str]] = [
    lambda n: "did not mention " * n,
    lambda n: "China's claim to " * n,
    lambda n: "China " + "also " * n + "insists that",
    lambda n: " " * n + "claimed by",
    lambda n: "claims Taiwan " * n + "as its own",
    lambda n: "\x00’\ud7ff" * n + " denied any",
    lambda n: "a" * n,
    lambda _: "",
    lambda _: "insists that",
    lambda _: "'s position is that",
]


@pytest.mark.parametrize("make", HOSTILE)
@pytest.mark.parametrize("size", [1, 120, 50_000])
def test_hostile_sentences_take_no_time_and_raise_nothing(make: Callable[[int], str], size: int) -> None:
    text = make(size)
    sentence = Sentence(index=0, start=0, end=len(text), text=text)
    article = Article(id="a", doc="a", title="", text=text)
    mention = Mention(start=0, end=min(5, len(text)), text=text[:5], entity=Entity(code="CHN"), basis="x")
    before = time.process_time()
    find_statements(article, [sentence], (), lambda _: (mention,), (), coder="c", codebook=load_codebook())
    assert time.process_time() - before < 2


WORDS = st.sampled_from(
    "China Taiwan Iran’s the its , . “ ” claims claim to as own insists that did not mention denied any which who said "
    "considers part of was claimed by in a statement government U.S. and but 's island".split()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=18))
def test_whatever_the_words_spans_hold_and_topics_say_something(words: list[str]) -> None:
    text = " ".join(words)
    for one in read(text):
        anchor = one.evidence.anchor
        assert text[anchor.start : anchor.end] == anchor.text
        assert one.topic.strip()
        assert one.topic in text
        assert one.speaker is not None
        assert text[one.speaker.start : one.speaker.end] == one.speaker.text
