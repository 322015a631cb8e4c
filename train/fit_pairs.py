"""Fits what `code-pairs` votes with: the pairs' own upper layers, and a linear model of the words.

usage: python train/fit_pairs.py SHARED [--reader src/dragoman/data/reader] [--seed 7]
(needs torch and scikit-learn, the `train` extra; about six minutes on one core)

The layers start as the exported encoder's own and learn from the labelled events of the news that have two sides and
from `labels/pairs.tsv`, sentences written for this project from the rules of CAMEO; then from PLV_train: rows with a
marked source and target, a root each. The reader itself has
seen no row of PLV. The words are learned from PLV alone; the written sentences made the folds worse there.
`eval/plv.py` cross-validates these same functions.
"""

from __future__ import annotations

import argparse
import copy
import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import graph
import numpy as np
import numpy.typing as npt
import torch
from fit import event_examples
from network import Layer, Shape
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional as F

from dragoman.reader import Reader
from dragoman.reader.grams import BLOCKS, BUCKETS, bucket_counts, gram_vector
from dragoman.reader.network import default_folder
from dragoman.reader.pairs import MarkedPair
from dragoman.reader.upper import packed
from dragoman.reader.windows import load_tokenizer

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
ROOTS = tuple(sorted(corpus.QUAD))
FOLD = np.array([ROOTS.index(corpus.plv_root(t, s)) for t in corpus.TYPES for s in corpus.STATUSES])
WRITTEN = Path(__file__).parent / "labels/pairs.tsv"
# Weights of the pairs' own layers, the words and the reader's pair head in the vote.
SHARES = (2.0, 1.0, 0.3)
EPOCHS_BEFORE, EPOCHS = 2, 10
# The labels that the reader learned from; `read_41.jsonl` is kept for measuring.
LABELS = "read_[0-36-9]*.jsonl,read_4[023].jsonl"
BATCH, RATE = 16, 1e-4


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Marked sentences as the network knows them, with their roots."""

    known: list[MarkedPair]
    roots: Rows

    def only(self, rows: Rows) -> Pairs:
        return Pairs(known=[self.known[i] for i in rows], roots=self.roots[rows])

    def beside(self, others: Pairs) -> Pairs:
        return Pairs(known=self.known + others.known, roots=np.concatenate([self.roots, others.roots]))

    @property
    def marked(self) -> list[str]:
        return [pair.text for pair in self.known]


def know(reader: Reader, rows: Sequence[tuple[str, str]]) -> Pairs:
    """Reads (root, marked sentence) rows."""
    roots = np.array([ROOTS.index(root) for root, _ in rows])
    return Pairs(known=list(reader.marked_pairs([text for _, text in rows])), roots=roots)


def plv_pairs(reader: Reader, shared: Path) -> Pairs:
    with (shared / "data/plv/PLV_train.tsv").open(encoding="utf8", newline="") as lines:
        rows = [(r["gold_root"], r["marked_sentence"]) for r in csv.DictReader(lines, delimiter="\t")]
    return know(reader, rows)


def written_pairs(reader: Reader) -> Pairs:
    lines = WRITTEN.read_text(encoding="utf8").splitlines()
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
    return know(reader, [(root, text) for root, text in rows])


def news_pairs(reader: Reader, shared: Path) -> Pairs:
    """Reads the labelled events of the news that have both an actor and a recipient, but for the held-out documents."""
    tokenizer = load_tokenizer(default_folder() / "tokenizer.json")
    examples = (e for e in event_examples(tokenizer, shared, LABELS) if not corpus.is_held_out(e.doc))
    found = list(corpus.pair_examples(tokenizer, examples))
    known = [reader.marked_pair(example.window, example.marks or ()) for example in found]
    return Pairs(known=known, roots=np.array([int(FOLD[int(np.argmax(example.pair or ()))]) for example in found]))


class PairNet(nn.Module):
    """The pairs' own upper layers and two matrices above them, as `dragoman.reader.pairs.PairModel` runs them."""

    def __init__(self, reader: Path) -> None:
        super().__init__()
        shape = Shape(types=1, modes=1, contexts=1)
        start = graph.stored_layers(reader / "encoder.onnx")
        inner = [len(value) for name, value in start.items() if name.endswith(".up.bias")]
        self.upper = nn.ModuleList(Layer(shape, size, 0.1) for size in inner)
        self.upper.load_state_dict({name: torch.tensor(value) for name, value in start.items()})
        self.drop = nn.Dropout(0.2)
        self.hidden = nn.Linear(5 * shape.hidden, shape.hidden)
        self.root = nn.Linear(shape.hidden, len(ROOTS))

    def forward(self, lower: Tensor, marks: Tensor, padding: Tensor) -> Tensor:
        bias = padding[:, None, None, :] * -10000.0
        x = lower
        for layer in self.upper:
            x = layer(x, bias)
        return self.root(self.drop(F.gelu(self.hidden(self.drop(pooled(x, marks, padding))))))


def pooled(x: Tensor, marks: Tensor, padding: Tensor) -> Tensor:
    """`dragoman.reader.pairs.pooled` for a batch."""
    place = torch.arange(x.shape[1]).float()
    sides = [(marks == kind).float() for kind in (1, 2)]
    middles = torch.stack([(side * place).sum(1) / side.sum(1).clamp(min=1) for side in sides])
    low, high = middles.amin(0)[:, None], middles.amax(0)[:, None]
    between = ((place > low) & (place < high) & (marks == 0) & (padding == 0)).float()
    means = [(x * m[..., None]).sum(1) / m.sum(1, keepdim=True).clamp(min=1) for m in (*sides, between, 1 - padding)]
    return torch.cat([*means[:3], x[:, 0], means[3]], dim=1)


def tensors(pairs: Sequence[MarkedPair]) -> tuple[Tensor, Tensor, Tensor]:
    """Gives states, marks and padding (1 where there is no token) of a batch."""
    width = max(len(pair.marks) for pair in pairs)
    lower = torch.zeros(len(pairs), width, graph.HIDDEN)
    marks = torch.zeros(len(pairs), width, dtype=torch.long)
    padding = torch.ones(len(pairs), width)
    for row, pair in enumerate(pairs):
        length = len(pair.marks)
        lower[row, :length], marks[row, :length] = torch.tensor(pair.lower), torch.tensor(pair.marks)
        padding[row, :length] = 0
    return lower, marks, padding


def batches(pairs: Pairs, chance: random.Random) -> Iterator[Rows]:
    """Yields rows of like length, in random order."""
    order = sorted(range(len(pairs.known)), key=lambda i: len(pairs.known[i].marks) + 8 * chance.random())
    groups = [np.array(order[at : at + BATCH]) for at in range(0, len(order), BATCH)]
    chance.shuffle(groups)
    yield from groups


def taught(net: PairNet, pairs: Pairs, *, epochs: int, seed: int, is_mean: bool = False) -> PairNet:
    """Gives a copy of the net that has learned from pairs; rare roots weigh more, by the root of their rarity.

    With `is_mean` its weights are the mean over the second half of the epochs, which depends less on the order of the
    pairs than the last ones do (Izmailov et al. 2018, doi 10.48550/arXiv.1803.05407).
    """
    torch.manual_seed(seed)
    chance, net = random.Random(seed), copy.deepcopy(net).train()
    weight, gold = torch.tensor(rareness(pairs) ** 0.5), torch.tensor(pairs.roots)
    above = [*net.hidden.parameters(), *net.root.parameters()]
    groups = [{"params": net.upper.parameters(), "lr": RATE}, {"params": above, "lr": 10 * RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = epochs * -(-len(pairs.known) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * steps), max(0.02, 1 - step / steps))
    )
    mean = torch.optim.swa_utils.AveragedModel(net)
    for epoch in range(epochs):
        for rows in batches(pairs, chance):
            guessed = net(*tensors([pairs.known[i] for i in rows]))
            F.cross_entropy(guessed, gold[rows], weight=weight, label_smoothing=0.1).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            if is_mean and 2 * epoch >= epochs:
                mean.update_parameters(net)
    if is_mean:
        net.load_state_dict(mean.module.state_dict())
    return net.eval()


def begin(reader: Path, news: Pairs, written: Pairs, *, seed: int) -> PairNet:
    """Gives the net that has learned from all but PLV."""
    return taught(PairNet(reader), news.beside(written), epochs=EPOCHS_BEFORE, seed=seed, is_mean=True)


def rareness(pairs: Pairs) -> Array:
    """Gives the mean number of pairs a root over each root's own number."""
    number = np.bincount(pairs.roots, minlength=len(ROOTS))
    return (number[number > 0].mean() / np.maximum(number, 1)).astype(np.float32)


def rarity(marked: Sequence[str]) -> Array:
    """Gives the inverse document frequency of each bucket, 0 where fewer than two sentences have it."""
    seen = [Counter[int]() for _ in range(BLOCKS)]
    for text in marked:
        for block, counts in zip(seen, bucket_counts(text), strict=True):
            block.update(counts.keys())
    table = np.zeros((BLOCKS, BUCKETS), np.float32)
    for number, block in enumerate(seen):
        for bucket, n in block.items():
            table[number, bucket] = np.log((1 + len(marked)) / (1 + n)) + 1 if n > 1 else 0
    return table


def gram_matrix(marked: Sequence[str], rare: Array) -> sparse.csr_matrix:
    table = rare.tolist()
    vectors = [gram_vector(text, table) for text in marked]
    rows = np.repeat(np.arange(len(vectors)), [len(v) for v in vectors])
    columns = [b for v in vectors for b in v]
    return sparse.csr_matrix(
        ([x for v in vectors for x in v.values()], (rows, columns)), (len(marked), BLOCKS * BUCKETS)
    )


def fit_words(pairs: Pairs) -> dict[str, npt.NDArray[np.generic]]:
    """Fits the words' linear model; roots without an example get none of its votes."""
    rare = rarity(pairs.marked)
    model = LogisticRegression(C=20, max_iter=500)
    model.fit(gram_matrix(pairs.marked, rare), pairs.roots, rareness(pairs)[pairs.roots])
    weight = np.zeros((len(ROOTS), model.coef_.shape[1]), np.float16)
    bias = np.full(len(ROOTS), -20, np.float32)
    weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return {"gram_weight": weight, "gram_bias": bias, "rarity": rare.astype(np.float16)}


def stored(net: PairNet, pairs: Pairs) -> dict[str, npt.NDArray[np.generic]]:
    """Gives the arrays that `PairModel` loads: the layers, and the words of the pairs."""
    layers = packed({name: value.detach().numpy() for name, value in net.state_dict().items()})
    return {**layers, **fit_words(pairs), "fold": FOLD, "shares": np.array(SHARES, np.float32)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--reader", type=Path, default=Path(__file__).parents[1] / "src/dragoman/data/reader")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    reader = Reader(options.reader)
    plv = plv_pairs(reader, options.shared)
    begun = begin(options.reader, news_pairs(reader, options.shared), written_pairs(reader), seed=options.seed)
    net = taught(begun, plv, epochs=EPOCHS, seed=options.seed)
    np.savez_compressed(options.reader / "pairs.npz", **stored(net, plv))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
