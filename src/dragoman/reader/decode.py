"""Turns the network's numbers into found events: anchors, types, statuses, and spans of parties, place and speaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dragoman.model import FoundEvent, Sentence, Span, Status
from dragoman.reader.announcements import is_announced
from dragoman.reader.conditions import PROMISED, SPOKEN, hangs_on_condition, is_condition
from dragoman.reader.lexicon import Match, Phrase, find_phrases
from dragoman.reader.look import Anchor, SecondLook
from dragoman.reader.names import headed, own_spans, shorn, whole_name, with_heads
from dragoman.reader.negation import is_denied, is_nobody, negator_before
from dragoman.reader.network import Array, Heads, Integers, Judgement, Labels, Output
from dragoman.reader.passive import turned
from dragoman.reader.windows import Pieces, Window

# A token proposes an anchor from this probability of opening one; the event head then decides with the threshold of
# the weights' settings. Low, since the head sees the whole span.
PROPOSE = 0.12
INSIDE = 0.5
# Of an anchor's words one that opens another with this probability ends it.
INSIDE_ENDS = 0.35
ROLES = ("actor", "recipient", "place", "speaker")
CONTEXT = 0.4
# From this score of its likeliest type on, a proposed anchor gets a second look.
WORTH_A_LOOK = 0.2
# The tagger's share in the score of a type before the second look and after it: who has looked twice knows better.
SHARE_BEFORE, SHARE_AFTER = 0.5, 0.25
# What a type has at least from the tagger, times the chance that the token opens an anchor of whatever type.
LEAST_TAGGED = 0.05
# A phrase of the lexicon stands alone against a reader that saw nothing: an even chance.
PHRASE_CONFIDENCE = 0.5
# What the chances of a role are multiplied by before the likeliest is taken for a party, beside 1 for "none": where the
# tagger halts between a party and nobody, or a party and a place, it is a party more often than not. Chosen, like what
# follows, on documents held out of training (`train/corpus.py`).
ROLE_WEIGHTS = np.array((1.2, 1.2, 0.7, 1.0), dtype=np.float32)
# A side left empty takes its likeliest span from this probability on: an act mostly has somebody on each side, and the
# tagger is split between "actor" and "recipient" more often than it is wrong about both.
LEAST_PARTY = {"actor": 0.1, "recipient": 0.15}
# Words beside the likeliest belong to its span from this probability on, and from half of its own.
LEAST_WORD = 0.1
# Of these the text often names no such side, and the likeliest span is then a bystander: "protests grow as Zelensky
# signs the bill", "Russia moved troops, Poland said".
LEAST_OF_TYPE = {
    "actor": dict.fromkeys(("ACCUSE", "ASSAULT", "COERCE", "PROTEST"), 0.2),
    "recipient": dict.fromkeys(("MOBILIZE", "RETREAT"), 0.4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A span of tokens [start, end) of a window that may carry an event, and what the heads say of it."""

    sentence: int
    start: int
    end: int
    opens: float
    tag_types: Array
    judgement: Judgement
    vector: Array
    tagger_share: float = SHARE_BEFORE


def decode_window(
    window: Window,
    output: Output,
    *,
    heads: Heads,
    look: SecondLook,
    labels: Labels,
    thresholds: Mapping[str, float],
) -> Iterator[FoundEvent]:
    """Yields the events of a window in the order of the text, with those that only the lexicon knows."""
    found: list[FoundEvent] = []
    told: list[tuple[int, int, int]] = []
    firsts = [c for c in candidates(window, output, heads, len(labels.types)) if type_scores(c).max() >= WORTH_A_LOOK]
    for candidate, tokens in looked_at(window, output, firsts, look):
        types = type_scores(candidate)
        best = int(types.argmax())
        if types[best] >= thresholds.get(labels.types[best], thresholds["default"]):
            told.append((candidate.start, candidate.end, best))
            if not _is_told(told[-1], told[:-1]):
                found.append(event_of(window, tokens, candidate, heads=look.heads, labels=labels))
    for match, first in _phrases(window, output, heads, labels):
        pieces, begin = window.sentences[first.sentence], window.begins[first.sentence]
        anchor = span_of(pieces, first.start - begin, first.end - begin)
        found = [event for event in found if not _overruled(event, anchor, match.phrase)]
        taken = [(event.anchor.start, event.anchor.end) for event in found]
        if not any(start < anchor.end and anchor.start < end for start, end in taken):
            [(candidate, tokens)] = looked_at(window, output, [first], look)
            event = event_of(window, tokens, candidate, heads=look.heads, labels=labels)
            found.append(_as_phrase(event, match.phrase))
    yield from sorted(found, key=lambda event: (event.anchor.start, event.anchor.end))


def looked_at(
    window: Window, output: Output, firsts: Sequence[Candidate], look: SecondLook
) -> list[tuple[Candidate, Array]]:
    """Looks again at candidates: what both looks say of each, and the tokens of its sentence for the roles."""
    anchors = []
    for first in firsts:
        begin = window.begins[first.sentence]
        sentence = output.states[begin : begin + len(window.sentences[first.sentence].ids)]
        start, end = first.start - begin, first.end - begin
        anchors.append(Anchor(sentence=sentence, start=start, end=end, judgement=first.judgement))
    return [
        (replace(first, judgement=seen.judgement, vector=seen.vector, tagger_share=SHARE_AFTER), seen.tokens)
        for first, seen in zip(firsts, look.again(anchors), strict=True)
    ]


def _is_told(anchor: tuple[int, int, int], others: Sequence[tuple[int, int, int]]) -> bool:
    """Tells whether an anchor (start, end, type) lies in another of its type, which says the same."""
    start, end, event_type = anchor
    return any(a <= start and end <= b and event_type == other for a, b, other in others)


def _overruled(event: FoundEvent, anchor: Span, phrase: Phrase) -> bool:
    """Tells whether a phrase of the lexicon, which is a rule, holds the anchor of an event of another type."""
    return event.event_type != phrase.event_type and anchor.start <= event.anchor.start < anchor.end


def _phrases(window: Window, output: Output, heads: Heads, labels: Labels) -> Iterator[tuple[Match, Candidate]]:
    """Yields the phrases of the lexicon in a window with what the heads say of their tokens."""
    for number, (begin, pieces) in enumerate(zip(window.begins, window.sentences, strict=True)):
        base = pieces.sentence.start
        for match in find_phrases(pieces.sentence.text):
            inside = [
                i for i, (a, b) in enumerate(zip(pieces.starts, pieces.ends, strict=True))
                if a < base + match.end and b > base + match.start
            ]  # fmt: skip
            if not inside:
                continue  # the phrase lies in the tail of a sentence that was cut
            start, end = begin + inside[0], begin + inside[-1] + 1
            vector = heads.vector(output.states, start, end)
            flat = np.full(len(labels.types), 1 / len(labels.types), dtype=np.float32)
            yield match, Candidate(
                sentence=number, start=start, end=end, opens=0.0, vector=vector, tag_types=flat,
                judgement=heads.judge(vector),
            )  # fmt: skip


def _as_phrase(event: FoundEvent, phrase: Phrase) -> FoundEvent:
    status: Status = phrase.status or event.status  # type: ignore[assignment]
    return replace(
        event, event_type=phrase.event_type, mode=phrase.mode, status=status, confidence=PHRASE_CONFIDENCE,
        basis=f"anchor {event.anchor.text!r}; lexicon: {phrase.words}",
    )  # fmt: skip


def candidates(window: Window, output: Output, heads: Heads, types: int) -> Iterator[Candidate]:
    """Proposes anchors: every token that may open one, extended over the tokens that continue it."""
    opens = output.tags[:, 2:].sum(axis=1)
    spans = [
        (number, *span)
        for number, (begin, pieces) in enumerate(zip(window.begins, window.sentences, strict=True))
        for outer in anchor_spans(opens, output.tags[:, 1], begin, pieces)
        for span in (outer, *inner_spans(opens, begin, pieces, outer))
    ]
    if not spans:
        return
    vectors = np.stack([heads.vector(output.states, start, end) for _, start, end in spans])
    judged = heads.judge(vectors)  # all at once: twice as fast as one by one
    for i, (number, start, end) in enumerate(spans):
        yield Candidate(
            sentence=number,
            start=start,
            end=end,
            opens=float(opens[start]),
            vector=vectors[i],
            tag_types=output.tags[start, 2 : 2 + types],
            judgement=judged.of(i),
        )


def anchor_spans(
    opens: Array, inside: Array, begin: int, pieces: Pieces, *, least: float = PROPOSE
) -> Iterator[tuple[int, int]]:
    """Yields the spans of a sentence's tokens that may be anchors, from a chance of `least` of opening one."""
    last = begin + len(pieces.ids)
    likely = np.flatnonzero(opens[begin:last] >= least)
    at = begin + int(likely[0]) if len(likely) else last
    while at < last:
        if opens[at] < least or not pieces.opens[at - begin]:
            at += 1
            continue
        end = at + 1
        while end < last and (not pieces.opens[end - begin] or (inside[end] > INSIDE and opens[end] < INSIDE_ENDS)):
            end += 1
        yield at, end
        at = end


def inner_spans(opens: Array, begin: int, pieces: Pieces, outer: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yields what may be anchors inside an anchor, up to its end: "sanctions" in "helped it counteract sanctions"."""
    start, end = outer
    for at in range(start + 1, end):
        if opens[at] >= PROPOSE and pieces.opens[at - begin]:
            yield at, end


def type_scores(candidate: Candidate) -> Array:
    """Gives the score of each type: the geometric mean of what the tagger and the event head say, by their shares."""
    tagged = np.maximum(candidate.tag_types, LEAST_TAGGED * candidate.opens)
    share = candidate.tagger_share
    scores: Array = tagged**share * candidate.judgement.types[:-1] ** (1 - share)
    return scores


def event_of(window: Window, tokens: Array, candidate: Candidate, *, heads: Heads, labels: Labels) -> FoundEvent:
    pieces = window.sentences[candidate.sentence]
    begin = window.begins[candidate.sentence]
    scores = type_scores(candidate)
    order = scores.argsort()[::-1]
    event_type = labels.types[int(order[0])]
    second, margin = labels.types[int(order[1])], float(scores[order[0]] - scores[order[1]])
    anchor = span_of(pieces, candidate.start - begin, candidate.end - begin)
    status = status_of(candidate.judgement, pieces.sentence, anchor.start, labels=labels)
    found = find_roles(tokens, candidate, begin, pieces, heads=heads, event_type=event_type)
    roles = {role: _whole(spans, pieces.sentence, is_party=role in LEAST_PARTY) for role, spans in found.items()}
    speakers = roles["speaker"]
    actors, recipients = with_heads(roles["actor"], roles["recipient"], pieces.sentence)
    actors, recipients = turned(event_type, actors, recipients, sentence=pieces.sentence, anchor=anchor)
    status = _status_by_rules(status, event_type, (*actors, *recipients), sentence=pieces.sentence, anchor=anchor)
    return FoundEvent(
        sentence=pieces.sentence,
        anchor=anchor,
        event_type=event_type,
        status=status,
        confidence=round(labels.chance_of(float(scores[order[0]])), 4),
        actors=actors,
        recipients=recipients,
        places=roles["place"],
        speaker=speakers[0] if speakers else None,
        mode=_mode(candidate.judgement.modes, event_type, labels),
        contexts=_contexts(candidate.judgement.contexts, labels),
        basis=f"anchor {anchor.text!r}; runner-up {second}, margin {margin:.2f}",
    )


def _whole(spans: Iterable[Span], sentence: Sentence, *, is_party: bool) -> tuple[Span, ...]:
    """Gives the whole names that spans stand in; of parties, none that is only a word beside one."""
    named = [shorn(whole_name(span, sentence)) for span in spans]
    parties = [headed(span, sentence) for span in named] if is_party else named
    return own_spans(span for span in parties if span is not None)


def _status_by_rules(
    status: Status, event_type: str, parties: Sequence[Span], *, sentence: Sentence, anchor: Span
) -> Status:
    """Gives what rules on closed classes of words make of a status: nobody's, called false, conditional, announced."""
    text, start, end = sentence.text, anchor.start - sentence.start, anchor.end - sentence.start
    if _is_of_nobody(parties, sentence, anchor) or is_denied(text, start):
        return "negated"
    if status == "negated":
        return status
    if status != "hypothetical" and _is_conditional(status, event_type, parties, sentence=sentence, anchor=anchor):
        return "hypothetical"
    return "future" if is_announced(text, start, end, event_type=event_type) else status


def _is_conditional(
    status: Status, event_type: str, parties: Sequence[Span], *, sentence: Sentence, anchor: Span
) -> bool:
    """Tells whether an anchor is a condition, or a deed that hangs on one; what promises a deed is done today."""
    text, start, end = sentence.text, anchor.start - sentence.start, anchor.end - sentence.start
    subjects = [(p.start - sentence.start, p.end - sentence.start) for p in parties if p.start <= anchor.start]
    if subjects and is_condition(text, max(subjects), start):
        return True
    said_today = SPOKEN | PROMISED if status == "future" else SPOKEN
    return event_type not in said_today and hangs_on_condition(text, start, end)


def _is_of_nobody(parties: Sequence[Span], sentence: Sentence, anchor: Span) -> bool:
    """Tells whether the subject of an anchor is negated: "neither Russia nor China condemned"."""
    before = max((party for party in parties if party.end <= anchor.start), key=lambda party: party.end, default=None)
    if before is None:
        return False
    begin = sentence.start
    return is_nobody(sentence.text, (before.start - begin, before.end - begin), anchor.start - begin)


def status_of(judgement: Judgement, sentence: Sentence, start: int, *, labels: Labels) -> Status:
    """Gives the likeliest status of what begins at `start`; a negating word right before it decides."""
    if negator_before(sentence.text, start - sentence.start):
        return "negated"
    chances = judgement.statuses * np.array(labels.status_weights or 1)
    status: Status = labels.statuses[int(chances.argmax())]  # type: ignore[assignment]
    return status


def find_roles(
    tokens: Array, candidate: Candidate, begin: int, pieces: Pieces, *, heads: Heads, event_type: str = ""
) -> dict[str, tuple[Span, ...]]:
    """Finds the spans of the parties, the place and the speaker of an event within its sentence.

    `tokens` are the sentence's, as `Heads.role_tokens` gives them. The same words may be a party and the place:
    "attacked Kyiv".
    """
    last = begin + len(pieces.ids)
    offsets = np.arange(begin, last) - candidate.start
    chances = heads.roles(tokens, candidate.vector, offsets)
    # A token may open a span or go on with it: that it is in the role is both together.
    held, none = chances[:, 1::2] + chances[:, 2::2], chances[:, 0]
    parties, others = _best_roles(held * ROLE_WEIGHTS, none), _best_roles(held, none)
    found: dict[str, tuple[Span, ...]] = {}
    for i, role in enumerate(ROLES):
        tags = parties if role in LEAST_PARTY else others
        # A list is read five times as fast as an array, one by one.
        found[role] = tuple(tagged_spans(tags.tolist(), i + 1, pieces))
        if not found[role] and role in LEAST_PARTY:
            least = LEAST_OF_TYPE[role].get(event_type, LEAST_PARTY[role])
            found[role] = _likeliest(np.where(parties == 0, held[:, i], 0), least, pieces)
    return found


def _best_roles(held: Array, none: Array) -> Integers:
    """Gives the likeliest role of each token, counted from 1; 0 where none is likelier than `none`."""
    return np.where(held.max(axis=1) > none, held.argmax(axis=1) + 1, 0)


def _likeliest(chances: Array, least: float, pieces: Pieces) -> tuple[Span, ...]:
    """Gives the one span that is likeliest to be a party where no tag won outright; none below `least`."""
    best = int(chances.argmax())
    if chances[best] < least:
        return ()
    near = np.where(chances >= max(LEAST_WORD, chances[best] / 2), 1, 0).tolist()
    spans = [s for s in tagged_spans(near, 1, pieces) if s.start <= pieces.starts[best] < s.end]
    return tuple(spans[:1])


def tagged_spans(tags: Sequence[int], wanted: int, pieces: Pieces) -> Iterator[Span]:
    """Yields the runs of one tag, widened to whole words: two parties are never named without a word between them."""
    at, n = 0, len(pieces.ids)
    while at < n:
        if tags[at] != wanted:
            at += 1
            continue
        start, end = at, at + 1
        while end < n and (tags[end] == wanted or not pieces.opens[end]):
            end += 1
        while start > 0 and not pieces.opens[start]:
            start -= 1
        yield span_of(pieces, start, end)
        at = end


def span_of(pieces: Pieces, start: int, end: int) -> Span:
    """Gives the span of pieces [start, end) with its words."""
    first, last = pieces.starts[start], pieces.ends[end - 1]
    base = pieces.sentence.start
    return Span(start=first, end=last, text=pieces.sentence.text[first - base : last - base])


def _mode(modes: Array, event_type: str, labels: Labels) -> str | None:
    """Gives the likeliest mode among those of the type and "none"."""
    own = [i for i, name in enumerate(labels.modes) if not name or name.startswith(f"{event_type}:")]
    best = max(own, key=lambda i: float(modes[i]))
    return labels.modes[best].partition(":")[2] or None


def _contexts(scores: Array, labels: Labels) -> tuple[str, ...]:
    order = scores.argsort()[::-1][:3]
    return tuple(labels.contexts[int(i)] for i in order if scores[int(i)] >= CONTEXT)
