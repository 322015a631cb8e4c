"""What a large reader says of a window, token by token and span by span, as a goal for the small one (`teacher.py`)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import torch
from corpus import Example
from network import Reader, Shape
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from dragoman.reader.gate import Gate

HIDDEN = 768
# The teacher proposes an anchor from this probability of opening one: what it is split over teaches most.
PROPOSE, INSIDE = 0.06, 0.5
# Windows of articles are taken from the share of them in which the gate sees most.
PROMISING = 0.6
# The parts of the loss weigh as they do in learning from labels (`fit.py`).
TAGS, MODES, CONTEXTS, ROLES = 4.0, 0.5, 3.0, 3.0


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """The teacher's heads, its last states of each window by key, and the keys of windows that have no labels."""

    heads: Reader
    states: dict[str, Tensor]
    articles: tuple[str, ...]


def key_of(example: Example) -> str:
    return f"{example.doc} {example.window.sentences[0].sentence.start} {len(example.window)}"


def heads_alone(weights: dict[str, Tensor] | None = None) -> Reader:
    """Gives a reader of the teacher's size without an encoder."""
    shape = Shape(
        types=len(corpus.TYPES), modes=len(corpus.MODES), contexts=len(corpus.CONTEXTS), hidden=HIDDEN, inner=()
    )
    model = Reader(shape, 0.15)
    model.encoder = nn.Identity()
    if weights:
        model.load_state_dict({k: v for k, v in weights.items() if not k.startswith("encoder.")})
    return model


def load_lessons(learned: Path, taught: Path) -> Lessons:
    stored = torch.load(taught)
    heads = heads_alone(torch.load(learned)).eval()
    return Lessons(heads=heads, states=stored["states"], articles=tuple(stored["articles"]))


def soft_loss(logits: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Gives the mean over rows of the distance from what is wanted, each row by its weight."""
    wanted = wanted.clamp(min=1e-9)
    each = (wanted * (wanted.log() - F.log_softmax(logits, -1))).sum(-1)
    return (each * weight).sum() / weight.sum().clamp(min=1)


@torch.no_grad()
def proposals(tags: Tensor, batch: Sequence[Example]) -> list[tuple[int, int, int]]:
    """Collects the spans that the teacher would look at, and those with a label."""
    opens, inside = tags[:, :, 2:].sum(-1), tags[:, :, 1]
    spans = [(row, e.start, e.end) for row, example in enumerate(batch) for e in example.events or []]
    known = {(row, start) for row, start, _ in spans}
    for row, at in (opens > PROPOSE).nonzero().tolist():
        if (row, at) in known or at == 0 or at >= len(batch[row].window) - 1:
            continue
        end = at + 1
        while end < len(batch[row].window) - 1 and inside[row, end] > INSIDE:
            end += 1
        spans.append((row, at, end))
    return spans


def lesson_loss(lessons: Lessons, model: Reader, states: Tensor, batch: Sequence[Example]) -> Tensor:
    """Gives how far the small reader is from the teacher on a batch of windows that the teacher has read."""
    seen = nn.utils.rnn.pad_sequence([lessons.states[key_of(e)].float() for e in batch], batch_first=True)
    with torch.no_grad():
        tags = torch.softmax(lessons.heads.tags(seen), -1)
    words = torch.zeros(seen.shape[:2])
    for row, example in enumerate(batch):
        words[row, 1 : len(example.window)] = 1
    loss = TAGS * soft_loss(model.tags(model.drop(states)), tags, words)
    spans = proposals(tags, batch)
    return loss + span_lesson(lessons, model, (seen, states), spans=spans, batch=batch) if spans else loss


def span_lesson(
    lessons: Lessons,
    model: Reader,
    both: tuple[Tensor, Tensor],
    *,
    spans: Sequence[tuple[int, int, int]],
    batch: Sequence[Example],
) -> Tensor:
    """Compares what both say of each span: type, status, mode, contexts and the parts that tokens play."""
    (seen, states), (row, start, end) = both, (torch.tensor(x) for x in zip(*spans, strict=True))
    vector = model.event_vector(states, row, start, end)
    types, statuses, modes, contexts = model.classify(vector)
    with torch.no_grad():
        known = lessons.heads.event_vector(seen, row, start, end)
        wanted = [*lessons.heads.classify(known)]
        parts = torch.softmax(lessons.heads.roles(seen, row, start, known), -1)
    chances = [torch.softmax(x, -1) for x in wanted[:3]]
    event = 1 - chances[0][:, -1]
    loss = soft_loss(types, chances[0], torch.ones(len(spans)))
    loss = loss + soft_loss(statuses, chances[1], event) + MODES * soft_loss(modes, chances[2], event)
    told = F.binary_cross_entropy_with_logits(contexts, torch.sigmoid(wanted[3]), reduction="none").mean(-1)
    loss = loss + CONTEXTS * (told * event).sum() / event.sum().clamp(min=1)
    own = own_sentence(spans, batch, states.shape[1]) * event[:, None]
    return loss + ROLES * soft_loss(model.roles(states, row, start, vector), parts, own)


def own_sentence(spans: Sequence[tuple[int, int, int]], batch: Sequence[Example], length: int) -> Tensor:
    """Marks the tokens of each span's sentence: [spans, length]."""
    marked = torch.zeros(len(spans), length)
    for i, (row, start, _) in enumerate(spans):
        window = batch[row].window
        number = max(n for n, begin in enumerate(window.begins) if begin <= start)
        begin = window.begins[number]
        marked[i, begin : begin + len(window.sentences[number].ids)] = 1
    return marked


def promising_windows(tokenizer: Tokenizer, shared: Path, number: int) -> list[Example]:
    """Gives windows of whole articles, drawn from those in which the gate sees most; none that is reported on."""
    gate, scored = Gate.load(), []
    for example in corpus.article_windows(tokenizer, shared):
        # The gold calls the same article by a name of its own, by which it may be held out.
        if not corpus.is_held_out(f"as_{example.doc}"):
            scored.append((float(gate.scores(example.window.sentences).max()), example))
    scored.sort(key=lambda pair: -pair[0])
    promising = [example for _, example in scored[: int(len(scored) * PROMISING)]]
    return random.Random(2).sample(promising, min(number, len(promising)))
