"""Fits the second look: a layer that reads a sentence again with one anchor in view, and its heads.

usage: python train/fit_look.py SHARED CHECKPOINT.pt [--epochs 3] [--inner 384]
(needs torch, the `train` extra; about seven minutes an epoch on one core)

CHECKPOINT is the reader's and stays as it is; CHECKPOINT.look.pt is written beside it. The layer starts as the
encoder's last and the heads as the reader's. It learns from all labelled documents but the held-out ones: from each
labelled mention, by its own span and by the reader's, and from what the reader proposes where nothing is labelled.
Then the layer is made narrower, as the encoder was (`narrow.py`), and learns for one more epoch: a sixth of its time
for no loss on the held-out documents.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import fit
import graph
import numpy as np
import torch
from corpus import IGNORE, Example, Label
from narrow import RIDGE, kept_units
from network import DISTANCES, Layer, Reader, bucket
from torch import Tensor, nn
from torch.nn import functional as F

from dragoman.reader.decode import anchor_spans
from dragoman.reader.network import default_folder
from dragoman.reader.windows import load_tokenizer

# Spans that the reader gives this chance of opening an anchor are looked at; the product looks at fewer.
LEAST = 0.05
TOKENS_IN_BATCH = 1400
RATE, FASTER = 2e-4, 5
# So many anchors choose the units that stay.
FITTED = 3000
HEADS = ("event", "kind", "status", "mode", "context", "role_event", "role_distance", "role")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An anchor [start, end) in its sentence, whose last states are [tokens, hidden], and its label if it has one."""

    states: Tensor
    start: int
    end: int
    label: Label | None


class Look(nn.Module):
    """The layer and its heads; the heads have the names and shapes of the reader's."""

    def __init__(self, reader: Reader, inner: int | None = None) -> None:
        super().__init__()
        shape = reader.shape
        self.layer = Layer(shape, inner or shape.inner[-1], 0.1)
        if not inner:
            self.layer.load_state_dict(reader.encoder.layers[-1].state_dict())
        self.near = nn.Embedding(DISTANCES, shape.hidden)
        self.inside = nn.Parameter(torch.randn(shape.hidden) * 0.02)
        nn.init.normal_(self.near.weight, std=0.02)
        self.reader = Reader(shape, 0.15)
        self.reader.encoder = nn.Identity()
        kept = {name: value for name, value in reader.state_dict().items() if not name.startswith("encoder.")}
        self.reader.load_state_dict(kept)

    def given(self, batch: Sequence[Seen]) -> tuple[Tensor, Tensor]:
        """Gives what the layer reads: states with the anchor marked [anchors, tokens, hidden], and its bias."""
        states = nn.utils.rnn.pad_sequence([each.states.float() for each in batch], batch_first=True)
        lengths, starts, ends = (
            torch.tensor(x)[:, None] for x in zip(*((len(s.states), s.start, s.end) for s in batch), strict=True)
        )
        place = torch.arange(states.shape[1])[None]
        inside = ((place >= starts) & (place < ends)).float()[..., None]
        bias = (place >= lengths).float()[:, None, None, :] * -10000.0
        return states + self.near(bucket(place - starts)) + inside * self.inside, bias

    def forward(self, batch: Sequence[Seen]) -> Tensor:
        """Gives the states of each sentence with its anchor in view: [anchors, tokens, hidden]."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made: Tensor = self.layer(*self.given(batch))
        return made.float()


def look_file(checkpoint: Path) -> Path:
    """Gives where the second look of a reader's checkpoint lies."""
    return checkpoint.with_suffix(".look.pt")


def load_look(reader: Reader, checkpoint: Path) -> Look:
    """Loads the second look beside a reader's checkpoint, whose sizes its weights tell."""
    weights = torch.load(look_file(checkpoint))
    look = Look(reader, len(weights["layer.up.bias"]))
    look.load_state_dict(weights)
    return look


# --- what it learns from ----------------------------------------------------------------------------------------------


@torch.no_grad()
def seen_in(reader: Reader, examples: Sequence[Example]) -> Iterator[Seen]:
    """Yields the anchors of windows: the labelled ones, and those that the reader proposes."""
    ordered = sorted(examples, key=lambda e: len(e.window))
    for at in range(0, len(ordered), 16):
        batch = ordered[at : at + 16]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = reader.encoder(*fit.tensors(batch))
        tags = torch.softmax(reader.tags(states.float()), -1)
        for example, known, tagged in zip(batch, states.bfloat16(), tags, strict=True):
            yield from seen_in_window(example, known, tagged)


def seen_in_window(example: Example, states: Tensor, tags: Tensor) -> Iterator[Seen]:
    """Yields the anchors of one window, given its states [tokens, hidden] and chances of tags [tokens, tags]."""
    opens, inside = tags[:, 2:].sum(-1).numpy(), tags[:, 1].numpy()
    for number, (begin, pieces) in enumerate(zip(example.window.begins, example.window.sentences, strict=True)):
        labels = [label for label in example.events or [] if label.sentence == number]
        own = {(label.start, label.end): label for label in labels}
        for start, end in anchor_spans(opens, inside, begin, pieces, least=LEAST):
            own.setdefault((start, end), next((x for x in labels if start < x.end and x.start < end), None))  # type: ignore[arg-type]
        sentence = states[begin : begin + len(pieces.ids)].clone()
        for (start, end), label in own.items():
            yield Seen(states=sentence, start=start - begin, end=min(end - begin, len(sentence)), label=label)


def batches(items: Sequence[Seen], chance: random.Random) -> list[list[Seen]]:
    """Gives batches of anchors in sentences of like length, in random order."""
    groups: list[list[Seen]] = [[]]
    for item in sorted(items, key=lambda i: len(i.states) + chance.random() * 8):
        if (len(groups[-1]) + 1) * len(item.states) > TOKENS_IN_BATCH and groups[-1]:
            groups.append([])
        groups[-1].append(item)
    chance.shuffle(groups)
    return groups


# --- learning ---------------------------------------------------------------------------------------------------------


def look_loss(look: Look, batch: Sequence[Seen]) -> Tensor:
    """Gives the loss of `fit.span_loss` on anchors that have a row of states each."""
    ordered = sorted(batch, key=lambda seen: seen.label is None)  # labelled ones first, as the loss wants them
    states, reader = look(ordered), look.reader
    rows = torch.arange(len(ordered))
    starts, ends = torch.tensor([s.start for s in ordered]), torch.tensor([s.end for s in ordered])
    vector = reader.event_vector(states, rows, starts, ends)
    labels = [seen.label for seen in ordered if seen.label is not None]
    loss = fit.judged_loss(reader.classify(vector), labels)
    if not labels:
        return loss
    n = len(labels)
    roles = reader.roles(states, rows[:n], starts[:n], vector[:n])
    target = torch.full(roles.shape[:2], IGNORE)
    for row, label in zip(target, labels, strict=True):
        row[: len(label.roles)] = torch.tensor(label.roles)
    return loss + 3 * F.cross_entropy(roles.flatten(0, 1), target.flatten(), ignore_index=IGNORE)


def learn(look: Look, items: Sequence[Seen], *, epochs: int, chance: random.Random, rate: float = RATE) -> None:
    """Learns in place and leaves the average of the later steps."""
    new = [p for n, p in look.named_parameters() if n.startswith(("near", "inside"))]
    old = [p for n, p in look.named_parameters() if not n.startswith(("near", "inside"))]
    groups = [{"params": old, "lr": rate}, {"params": new, "lr": rate * FASTER}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = fit.Steps(look, optimizer, len(batches(items, chance)) * epochs)
    for _ in range(epochs):
        steps.through(batches(items, chance), lambda batch: look_loss(look, batch))
    look.load_state_dict(steps.average.weights)


@torch.no_grad()
def narrow(look: Look, items: Sequence[Seen], size: int) -> None:
    """Takes feed-forward units out of the layer in place, with its second projection fitted anew to some anchors."""
    layer, halves = look.layer.eval(), []
    for at in range(0, len(items), 32):
        states, bias = look.given(items[at : at + 32])
        halves.append(layer.mixed(states, bias)[bias[:, 0, 0] == 0])
    units = F.gelu(layer.up(torch.cat(halves)))
    square = (units.T @ units).double()
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
    wanted = (units.T @ F.linear(units, layer.down.weight)).double()
    keep = kept_units(square, wanted, size)
    layer.up.weight, layer.up.bias = nn.Parameter(layer.up.weight[keep]), nn.Parameter(layer.up.bias[keep])
    layer.down.weight = nn.Parameter(torch.linalg.solve(square[keep][:, keep], wanted[keep]).T.float().contiguous())
    look.train()


@torch.no_grad()
def report(look: Look, items: Sequence[Seen]) -> None:
    """Prints how often labelled mentions of held-out documents get their type, status and a token of each side."""
    look.eval()
    known = [item for item in items if item.label is not None]
    right = np.zeros(3)
    for at in range(0, len(known), 64):
        batch = known[at : at + 64]
        states, rows = look(batch), torch.arange(len(batch))
        starts, ends = torch.tensor([s.start for s in batch]), torch.tensor([s.end for s in batch])
        vector = look.reader.event_vector(states, rows, starts, ends)
        types, statuses, *_ = look.reader.classify(vector)
        roles = look.reader.roles(states, rows, starts, vector).argmax(-1)
        for i, item in enumerate(batch):
            right += is_right(item, types[i], statuses[i], roles[i])
    print("held out: type {:.3f} status {:.3f} sides {:.3f} of {}".format(*(right / len(known)), len(known)))


def is_right(item: Seen, types: Tensor, statuses: Tensor, roles: Tensor) -> tuple[bool, bool, bool]:
    label = item.label
    if label is None:
        raise ValueError("an anchor without a label cannot be right")
    tags = torch.tensor(label.roles)
    side = lambda values, number: (values[: len(tags)] + 1) // 2 == number  # noqa: E731
    met = [bool((side(tags, n) & side(roles, n)).any()) or not bool(side(tags, n).any()) for n in (1, 2)]
    return int(types[:-1].argmax()) == label.type, int(statuses.argmax()) == label.status, all(met)


# --- export -----------------------------------------------------------------------------------------------------------


def export(look: Look, before: Reader, folder: Path) -> None:
    """Writes `look.onnx` and `look.npz` beside the reader's other weights."""
    arrays = {name: value.detach().numpy() for name, value in look.state_dict().items()}
    layer = {f"encoder.layers.6.{n.removeprefix('layer.')}": v for n, v in arrays.items() if n.startswith("layer.")}
    norm = {
        f"encoder.layers.5.{n}": v.detach().numpy()
        for n, v in before.encoder.layers[-1].state_dict().items()
        if n.startswith("norm2")
    }
    placing = {n: arrays[n] for n in ("near.weight", "inside")}
    heads = {n.removeprefix("reader."): v for n, v in arrays.items() if n.startswith("reader.")}
    tokens = {"role_token.weight": heads["role_token.weight"]}
    graph.write_look(layer | norm | placing | tokens, folder / "look.onnx")
    own = {n: v.astype(np.float16) for n, v in heads.items() if n.rpartition(".")[0] in HEADS}
    np.savez_compressed(folder / "look.npz", **own)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--labels", default="*.jsonl", help="which label files, patterns parted by commas")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--inner", type=int, default=384, help="units of the layer that stay")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    chance = random.Random(options.seed)
    reader = fit.new_model(fit.pretrained(), init=options.checkpoint).eval()
    tokenizer = load_tokenizer(default_folder() / "tokenizer.json")
    examples = fit.event_examples(tokenizer, options.shared, options.labels)
    held = [e for e in examples if corpus.is_held_out(e.doc)]
    items = list(seen_in(reader, [e for e in examples if not corpus.is_held_out(e.doc)]))
    print(f"{len(items)} anchors, {sum(i.label is None for i in items)} of them no event", flush=True)
    look = Look(reader)
    learn(look, items, epochs=options.epochs, chance=chance)
    narrow(look, chance.sample(items, min(len(items), FITTED)), options.inner)
    learn(look, items, epochs=1, chance=chance, rate=RATE / 2)
    report(look, list(seen_in(reader, held)))
    torch.save(look.state_dict(), look_file(options.checkpoint))


if __name__ == "__main__":
    main()
