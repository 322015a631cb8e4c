"""Fits the two linear models of `code-pairs` on marked pairs, with the exported encoder as it runs in the product.

usage: python train/fit_pairs.py SHARED [--reader src/dragoman/data/reader]

Learned from PLV_train: rows with a marked source and target, a root each. The encoder and its pair head have seen no
row of it, but `labels/pairs.tsv`, sentences written for this project from the rules of CAMEO; learning from those here
as well made the folds worse. `eval/plv.py` cross-validates these same functions.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from dragoman.reader import Reader
from dragoman.reader.grams import BLOCKS, BUCKETS, bucket_counts, gram_vector

Array = npt.NDArray[np.float32]
ROOTS = tuple(sorted(corpus.QUAD))
FOLD = np.array([ROOTS.index(corpus.plv_root(t, s)) for t in corpus.TYPES for s in corpus.STATUSES])
WRITTEN = Path(__file__).parent / "labels/pairs.tsv"
# Weight of the pair head in the vote.
SHARE = 0.3


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Marked sentences with their roots, and what the network knows of them."""

    marked: list[str]
    roots: npt.NDArray[np.int64]
    features: Array
    chances: Array

    def only(self, rows: npt.NDArray[np.int64]) -> Pairs:
        return Pairs(
            marked=[self.marked[i] for i in rows], roots=self.roots[rows], features=self.features[rows],
            chances=self.chances[rows],
        )  # fmt: skip


def know(reader: Reader, rows: Sequence[tuple[str, str]]) -> Pairs:
    """Reads (root, marked sentence) rows."""
    marked = [text for _, text in rows]
    features, chances = zip(*reader.pair_features(marked), strict=True)
    roots = np.array([ROOTS.index(root) for root, _ in rows])
    return Pairs(marked=marked, roots=roots, features=np.stack(features), chances=np.stack(chances))


def plv_pairs(reader: Reader, shared: Path) -> Pairs:
    with (shared / "data/plv/PLV_train.tsv").open(encoding="utf8", newline="") as lines:
        rows = [(r["gold_root"], r["marked_sentence"]) for r in csv.DictReader(lines, delimiter="\t")]
    return know(reader, rows)


def written_pairs(reader: Reader) -> Pairs:
    lines = WRITTEN.read_text(encoding="utf8").splitlines()
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
    return know(reader, [(root, text) for root, text in rows])


def balanced(pairs: Pairs) -> Array:
    """Weighs the roots equally, so that rare ones count."""
    number = np.bincount(pairs.roots, minlength=len(ROOTS))
    return (number[number > 0].mean() / np.maximum(number, 1)[pairs.roots]).astype(np.float32)


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


def spread_out(model: LogisticRegression) -> tuple[Array, Array]:
    """Gives weights and bias for all roots, also those without an example."""
    weight = np.zeros((len(ROOTS), model.coef_.shape[1]), np.float32)
    bias = np.full(len(ROOTS), -20, np.float32)
    weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weight, bias


def fit(pairs: Pairs) -> dict[str, npt.NDArray[np.generic]]:
    """Fits both models and gives the arrays that `PairModel` loads."""
    mean = pairs.features.mean(axis=0)
    spread = (pairs.features.std(axis=0) + 1e-6) * np.sqrt(pairs.features.shape[1]) / 3
    weight = balanced(pairs)
    states = LogisticRegression(C=10, max_iter=500).fit((pairs.features - mean) / spread, pairs.roots, weight)
    rare = rarity(pairs.marked)
    words = LogisticRegression(C=20, max_iter=500).fit(gram_matrix(pairs.marked, rare), pairs.roots, weight)
    (state_weight, state_bias), (gram_weight, gram_bias) = spread_out(states), spread_out(words)
    small = {"state_weight": state_weight, "gram_weight": gram_weight, "rarity": rare}
    return {
        **{name: value.astype(np.float16) for name, value in small.items()},
        "mean": mean, "spread": spread, "state_bias": state_bias, "gram_bias": gram_bias, "fold": FOLD,
        "share": np.array(SHARE, np.float32),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--reader", type=Path, default=Path(__file__).parents[1] / "src/dragoman/data/reader")
    options = parser.parse_args()
    reader = Reader(options.reader)
    np.savez_compressed(options.reader / "pairs.npz", **fit(plv_pairs(reader, options.shared)))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
