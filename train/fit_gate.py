"""Makes the gate's weights: a linear model over hashed words of a sentence, and the threshold below which none is read.

usage: python train/fit_gate.py SHARED [OUT] [--labels FOLDER]
(needs scikit-learn: the `train` extra; takes about a minute)

Every sentence of `gold/train_*` and of `train/labels/read_*.jsonl` is labelled, with or without an event. The documents
held out by digest (15 %) choose the threshold: the highest at which the upper bound (95 %, Poisson) of the share of
mentions in sentences that do not pass lies below TOLERATED, for all of them and for those of the gold alone.
`gold/dev_*` is not read here; `eval/gate_loss.py` reports on it.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import corpus
import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression

from dragoman.model import Article
from dragoman.reader.gate import BUCKETS, buckets
from dragoman.reader.sentences import split_article

ROOT = Path(__file__).parents[1]
TOLERATED = 0.005
# Chosen by the area under the curve on the held-out documents, from 1, 4, 10 and 30.
STRENGTH = 4.0
VERSION = "gate-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One sentence and the number of mentions in it."""

    doc: str
    text: str
    is_title: bool
    mentions: int
    is_gold: bool


def gold_sentences(docs: Path, gold: Path) -> Iterator[Labelled]:
    """Yields every sentence of a gold file's documents."""
    starts = defaultdict(list)
    for row in corpus.read_lines(gold):
        starts[row["doc"]].append(row["start"])
    for row in corpus.read_lines(docs):
        article = corpus.article_of(row)
        spans = [(s.start, s.end) for s in split_article(article)]
        yield from labelled(article, spans, starts[article.doc], is_gold=True)


def read_sentences(files: Sequence[Path], shared: Path) -> Iterator[Labelled]:
    """Yields the sentences of the project's own labels, with the texts rebuilt by id."""
    wanted = {row["doc"]: row for path in files for row in corpus.read_lines(path)}
    for name in ("headlines_2025", "allsides_odd_months"):
        for row in corpus.read_lines(shared / f"data/news/{name}.jsonl.xz"):
            label = wanted.get(row["doc"])
            if label:
                spans = [(a, b) for a, b in label["sentences"]]
                starts = [m["anchor"][0] for m in label["mentions"]]
                yield from labelled(corpus.article_of(row), spans, starts, is_gold=False)


def labelled(
    article: Article, spans: Sequence[tuple[int, int]], starts: Sequence[int], *, is_gold: bool
) -> Iterator[Labelled]:
    body = article.body
    for start, end in spans:
        mentions = sum(start <= at < end for at in starts)
        is_title = end <= len(article.title)
        yield Labelled(doc=article.doc, text=body[start:end], is_title=is_title, mentions=mentions, is_gold=is_gold)


def features(sentences: Sequence[Labelled]) -> csr_matrix:
    """Gives the matrix of sentences x buckets, each row of length 1."""
    rows = [buckets(s.text, is_title=s.is_title) for s in sentences]
    ends = np.cumsum([0, *(len(row) for row in rows)])
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(len(row)), dtype=np.float32) for row in rows])
    return csr_matrix((values, np.concatenate(rows), ends), shape=(len(rows), BUCKETS))


def choose_threshold(scores: np.ndarray, mentions: np.ndarray) -> float:
    """Gives the highest score below which, by the upper bound, less than TOLERATED of the mentions stand."""
    order = scores.argsort()
    lost = np.cumsum(mentions[order])
    bound = chi2.ppf(0.95, 2 * (lost + 1)) / 2
    # The least bit lower, since a sum in another order may differ in its last digits.
    return float(scores[order[int((bound < TOLERATED * mentions.sum()).sum())]]) - 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path, nargs="?", default=ROOT / "src/dragoman/data/gate/gate.npz")
    parser.add_argument("--labels", type=Path, default=ROOT / "train/labels")
    options = parser.parse_args()
    gold = options.shared / "gold"
    sentences = [*gold_sentences(gold / "train_docs.jsonl", gold / "train_gold.jsonl")]
    sentences += read_sentences(sorted(options.labels.glob("read_*.jsonl")), options.shared)
    parts: dict[bool, list[Labelled]] = {False: [], True: []}
    for sentence in sentences:
        parts[corpus.is_held_out(sentence.doc)].append(sentence)
    model = LogisticRegression(C=STRENGTH, max_iter=400)
    model.fit(features(parts[False]), np.array([s.mentions > 0 for s in parts[False]]))
    weights = model.coef_[0].astype(np.float16)
    scores = features(parts[True]) @ weights.astype(np.float32) + np.float32(model.intercept_[0])
    mentions = np.array([s.mentions for s in parts[True]])
    gold_only = np.array([s.is_gold for s in parts[True]])
    threshold = min(choose_threshold(scores[part], mentions[part]) for part in (gold_only, gold_only | True))
    held = scores < threshold
    print(f"trained on {len(parts[False])} sentences, {sum(s.mentions for s in parts[False])} mentions")
    print(f"held out: {len(scores)} sentences, {held.mean():.1%} not read; of {mentions.sum()} mentions")
    print(f"{mentions[held].sum()} lost ({mentions[held].sum() / mentions.sum():.2%}, allowed below 0.5 %)")
    print(f"threshold {threshold:.3f}; sentences by mentions: {Counter(mentions.tolist()).most_common(4)}")
    np.savez_compressed(
        options.out, weights=weights, bias=model.intercept_[0], threshold=threshold, version=np.array(VERSION)
    )


if __name__ == "__main__":
    main()
