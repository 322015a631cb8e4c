"""Takes units out of the feed-forward layers of a checkpoint, so that the encoder reads faster.

usage: python train/narrow.py SHARED CHECKPOINT OUT --inner 384,640,640,896,896,896 [--windows 900] [--lessons 6000]

Layer by layer, on windows of the training labels: the units whose loss can best be made good by the others go first (by
the error that least squares leave), and the projection behind them is fitted anew to what the full layer gave, with the
drift of the layers before it. Then the narrowed encoder learns to give the full one's states on unlabelled articles.
Held-out type F1: .617 in full, .617 with 1024 of 1536 units in each layer, .602 with the sizes above, .610 after the
lessons; some epochs of `fit.py --init OUT` on the labels do the rest.
"""

from __future__ import annotations

import argparse
import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import fit
import torch
from corpus import Example
from network import Encoder, Layer, Reader
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from dragoman.reader.windows import load_tokenizer

BATCH, ROUND = 16, 64
# A thousandth of the mean square of the units is added to each, so that units that are never lit do no harm.
RIDGE = 1e-3
RATE = 2e-4


@dataclass(frozen=True, kw_only=True)
class Stream:
    """The states of the same windows in the full encoder and in the narrowed one, batch by batch, after some layer."""

    full: list[Tensor]
    narrow: list[Tensor]
    biases: list[Tensor]

    def words(self, states: Sequence[Tensor]) -> Tensor:
        """Joins the states of all tokens that are no padding: [tokens, hidden]."""
        return torch.cat([x[b[:, 0, 0] == 0] for x, b in zip(states, self.biases, strict=True)])


def opened(encoder: Encoder, windows: Sequence[Example]) -> Stream:
    """Gives the states before the first layer, alike in both."""
    ordered = sorted(windows, key=lambda e: len(e.window))
    states, biases = [], []
    for at in range(0, len(ordered), BATCH):
        tokens, cases, marks = fit.tensors(ordered[at : at + BATCH])
        states.append(encoder.embedded(tokens, cases, marks))
        biases.append(encoder.bias(tokens))
    return Stream(full=states, narrow=list(states), biases=biases)


def kept_units(square: Tensor, wanted: Tensor, size: int) -> Tensor:
    """Chooses the units to keep by backward elimination. `square` is [units, units], `wanted` [units, hidden]."""
    keep = torch.arange(len(square))
    while len(keep) > size:
        inverse = torch.linalg.inv(square[keep][:, keep])
        costs = ((inverse @ wanted[keep]) ** 2).sum(1) / inverse.diagonal()
        drop = min(ROUND, len(keep) - size)
        keep = keep[costs.argsort()[drop:].sort().values]
    return keep


def narrowed(layer: Layer, stream: Stream, size: int) -> Stream:
    """Narrows a layer in place and gives the states after it, in the full layer and in the narrowed one."""
    full = [layer.mixed(x, b) for x, b in zip(stream.full, stream.biases, strict=True)]
    halves = [layer.mixed(x, b) for x, b in zip(stream.narrow, stream.biases, strict=True)]
    after = [layer.fed(x) for x in full]
    target = stream.words([F.linear(F.gelu(layer.up(x)), layer.down.weight) + x for x in full]) - stream.words(halves)
    units = F.gelu(layer.up(stream.words(halves)))
    square = (units.T @ units).double()
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square))
    wanted = (units.T @ target).double()
    keep = kept_units(square, wanted, size)
    down = torch.linalg.solve(square[keep][:, keep], wanted[keep]).T.float()
    missed = ((units[:, keep] @ down.T - target) ** 2).mean() / (target**2).mean()
    print(f"{size} units, {missed:.3f} of the layer's square lost", flush=True)
    layer.up.weight, layer.up.bias = nn.Parameter(layer.up.weight[keep]), nn.Parameter(layer.up.bias[keep])
    layer.down.weight = nn.Parameter(down.contiguous())
    return Stream(full=after, narrow=[layer.fed(x) for x in halves], biases=stream.biases)


@torch.no_grad()
def narrow(encoder: Encoder, windows: Sequence[Example], sizes: str) -> None:
    stream = opened(encoder, windows)
    for layer, size in zip(encoder.layers, sizes.split(","), strict=True):
        stream = narrowed(layer, stream, int(size))


def training_windows(tokenizer: Tokenizer, shared: Path, number: int) -> Iterator[Example]:
    windows = [e for e in fit.event_examples(tokenizer, shared) if not corpus.is_held_out(e.doc)]
    yield from random.Random(1).sample(windows, min(number, len(windows)))


def lesson_windows(tokenizer: Tokenizer, shared: Path, number: int) -> list[Example]:
    """Draws windows of whole articles; those that quality is reported on are left out."""
    windows = list(corpus.article_windows(tokenizer, shared))
    return random.Random(2).sample(windows, min(number, len(windows)))


def teach(model: Reader, teacher: Encoder, windows: Sequence[Example]) -> None:
    """Brings the narrowed encoder's last states near the full one's, in one pass over the windows."""
    weights = [p for name, p in model.encoder.named_parameters() if not name.startswith(("words", "places"))]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.0)
    groups = list(fit.batches(windows, random.Random(3)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 50) * (1 - step / len(groups)))
    lost = []
    for number, batch in enumerate(groups):
        given = fit.tensors(batch)
        words = given[0] != 0
        with torch.no_grad():
            wanted = teacher(*given)[words]
        loss = F.mse_loss(model.encoder(*given)[words], wanted)
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        lost.append(loss.item() / float(wanted.var()))
        if number % 100 == 99:
            print(
                f"lesson {number + 1} of {len(groups)}: {sum(lost[-100:]) / 100:.4f} of the variance lost", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--inner", required=True, help="units to keep, one number a layer, parted by commas")
    parser.add_argument("--windows", type=int, default=900, help="labelled windows that choose the units")
    parser.add_argument(
        "--lessons", type=int, default=6000, help="windows of articles that the narrowed encoder learns on"
    )
    options = parser.parse_args()
    model = fit.new_model(fit.pretrained(), init=options.checkpoint).eval()
    teacher = copy.deepcopy(model.encoder)
    tokenizer = load_tokenizer(fit.pretrained() / fit.PRETRAINED / "tokenizer.json")
    narrow(model.encoder, list(training_windows(tokenizer, options.shared, options.windows)), options.inner)
    teach(model, teacher, lesson_windows(tokenizer, options.shared, options.lessons))
    torch.save(model.state_dict(), options.out)


if __name__ == "__main__":
    main()
