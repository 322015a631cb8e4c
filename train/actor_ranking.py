"""Learns which state a phrase without a country belongs to: writes src/dragoman/data/actors/ranking.tsv.

usage: actor_ranking.py [--folds N] [--labels PATTERN]     with --folds only measures, by articles, and writes nothing

Reads the labelled articles of `shared/gold` (the first 85 %, as eval/actors.py divides them) and the project's own
labels (`train/labels`, without the 15 % of documents held out by digest, whose questions it reports on). Needs the
`train` extra.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "eval"))

import corpus  # noqa: E402
from actors import (  # noqa: E402 - eval/ is no package
    SIDES,
    Resolver,
    acts_of,
    aligned,
    read_part,
    shared_folder,
    to_article,
)

from dragoman.actors import ActorIndex  # noqa: E402
from dragoman.actors.answers import Hint  # noqa: E402
from dragoman.actors.phrases import question_of, resolve_words, take_apart  # noqa: E402
from dragoman.actors.ranking import Question, candidates  # noqa: E402
from dragoman.actors.reading import Reading  # noqa: E402
from dragoman.model import Article, Sentence  # noqa: E402
from dragoman.reader.sentences import split_article  # noqa: E402

TABLE = CHECKOUT / "src" / "dragoman" / "data" / "actors" / "ranking.tsv"
# Chosen on the held-out labels (0.15: 0.759, 0.05: 0.767, 0.015: 0.773, 0.005: 0.777, 0.0015: 0.779 right).
PENALTY = 0.005
STEPS = 60
# A feature must occur in that many questions to get a weight.
LEAST = 8
SEED = 7


class Example(NamedTuple):
    doc: str
    codes: list[str | None]
    features: list[dict[str, float]]
    right: int


def asked(reading: Reading, start: int, end: int) -> Question | None:
    """Gives the question where the article's states decide over a phrase, and None where anything else does."""
    answers = resolve_words(reading, start, end)
    if not answers or not answers[0].basis.startswith(("the article is about", "no single state by the article")):
        return None
    return Question(start, end, "".join(take_apart(reading, start, end).agent[:1]))


Labelled = tuple[Article, Sequence[Sentence], list[dict[str, Any]]]


def gold_articles() -> Iterator[Labelled]:
    articles, rows = read_part("tune")
    by_doc: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_doc.setdefault(row["doc"], []).append(row)
    for doc, mentions in by_doc.items():
        yield articles[doc], split_article(articles[doc]), mentions


def own_articles(pattern: str) -> Iterator[Labelled]:
    """Yields the articles of the project's own labels, with their texts from the shared folder."""
    for row, label in corpus.labelled_rows(corpus.label_files(pattern), shared_folder()):
        article = to_article(row)
        yield article, split_article(article), [spread_row(m, article, label) for m in label["mentions"]]


def spread_row(mention: dict[str, Any], article: Article, label: dict[str, Any]) -> dict[str, Any]:
    row = corpus.spread(mention, article.body)
    start, end = next(span for span in label["sentences"] if span[0] <= row["start"] < span[1])
    return {**row, "doc": article.doc, "sent_start": start, "sent_end": end}


def read_examples(labelled: Iterable[Labelled]) -> list[Example]:
    index = ActorIndex.load()
    examples = []
    for article, sentences, rows in labelled:
        reading, resolver = index.reading_of(article, sentences), Resolver(index, article, True)
        for row, side in product(rows, SIDES):
            parties = [party for party in row[side] if party.get("start") is not None]
            known = Hint(acts_of(row, side), resolver.fighter(row, side), resolver.counterpart(row, side))
            examples += [e for party in parties for e in ask(reading, row, party, {Hint(), known})]
    return examples


def ask(reading: Reading, row: dict[str, Any], party: dict[str, Any], hints: set[Hint]) -> Iterator[Example]:
    """Yields the question that a gold party puts, with and without the event, where the right answer is offered."""
    question = asked(reading, *aligned(reading.article, row, party))
    for hint in sorted(hints, key=str) if question else ():
        found = candidates(reading, question_of(question.start, question.end, question.sector, hint))
        codes = list(found)
        if party["code"] in codes:
            yield Example(row["doc"], codes, list(found.values()), codes.index(party["code"]))


def learn(examples: list[Example]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for example in examples:
        for name in {name for features in example.features for name, value in features.items() if value}:
            counts[name] = counts.get(name, 0) + 1
    names = sorted(name for name, count in counts.items() if count >= LEAST)
    place = {name: number for number, name in enumerate(names)}
    arrays = [to_array(example, place) for example in examples]
    weights = torch.zeros(len(names), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")
    stacked = torch.cat(arrays)
    owner = torch.repeat_interleave(torch.arange(len(arrays)), torch.tensor([len(a) for a in arrays]))
    starts = torch.tensor(np.cumsum([0, *[len(a) for a in arrays[:-1]]]))
    right = starts + torch.tensor([example.right for example in examples])

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = stacked @ weights
        totals = torch.zeros(len(arrays), dtype=torch.float64).index_add(0, owner, torch.exp(scores.clamp(-30, 30)))
        loss = (torch.log(totals) - scores[right]).mean() + PENALTY * (weights**2).sum() / 10
        loss.backward()
        return loss

    optimizer.step(closure)
    return {name: float(weights.detach()[number]) for name, number in place.items()}


def to_array(example: Example, place: dict[str, int]) -> torch.Tensor:
    array = torch.zeros(len(example.codes), len(place), dtype=torch.float64)
    for row, features in enumerate(example.features):
        for name, value in features.items():
            if name in place:
                array[row, place[name]] = value
    return array


def accuracy(examples: list[Example], weights: dict[str, float]) -> float:
    right = 0
    for example in examples:
        scores = [sum(v * weights.get(n, 0.0) for n, v in features.items()) for features in example.features]
        right += int(np.argmax(scores)) == example.right
    return right / max(1, len(examples))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--labels", default="read_*.jsonl", help="which label files, as a pattern")
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    own = read_examples(own_articles(arguments.labels))
    held = [example for example in own if corpus.is_held_out(example.doc)]
    examples = read_examples(gold_articles()) + [example for example in own if not corpus.is_held_out(example.doc)]
    if arguments.folds:
        docs = sorted({example.doc for example in examples})
        fold_of = {doc: number % arguments.folds for number, doc in enumerate(docs)}
        figures = []
        for fold in range(arguments.folds):
            weights = learn([example for example in examples if fold_of[example.doc] != fold])
            figures.append(accuracy([example for example in examples if fold_of[example.doc] == fold], weights))
        print(f"{len(examples)} questions, accuracy by article folds: {np.mean(figures):.4f}")
        return
    weights = learn(examples)
    comment = "# Weights for ranking.py, by train/actor_ranking.py from the project's labelled articles.\n"
    rows = "".join(f"{name}\t{weight:.4f}\n" for name, weight in sorted(weights.items()))
    TABLE.write_text(f"{comment}feature\tweight\n{rows}", encoding="utf8")
    print(f"{len(examples)} questions, {len(weights)} weights, accuracy on them {accuracy(examples, weights):.4f}")
    print(f"held out: {len(held)} questions, accuracy {accuracy(held, weights):.4f}")


if __name__ == "__main__":
    main()
