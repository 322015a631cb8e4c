"""Learns which state a phrase without a country belongs to: writes src/dragoman/data/actors/ranking.tsv.

usage: actor_ranking.py [--folds N]     with --folds only measures, by articles, and writes nothing

Reads the labelled articles of `shared/gold` (the first 85 %, as eval/actors.py divides them). Needs the `train` extra.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "eval"))

from actors import SIDES, Resolver, acts_of, aligned, read_part  # noqa: E402 - eval/ is no package

from dragoman.actors import ActorIndex  # noqa: E402
from dragoman.actors.answers import Hint  # noqa: E402
from dragoman.actors.phrases import question_of, resolve_words, take_apart  # noqa: E402
from dragoman.actors.ranking import Question, candidates  # noqa: E402
from dragoman.actors.reading import Reading  # noqa: E402
from dragoman.reader.sentences import split_article  # noqa: E402

TABLE = CHECKOUT / "src" / "dragoman" / "data" / "actors" / "ranking.tsv"
# Chosen by --folds 5 over the same articles (0.05: 0.732, 0.1: 0.737, 0.2: 0.740 right).
PENALTY = 0.15
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


def read_examples() -> list[Example]:
    index = ActorIndex.load()
    articles, rows = read_part("tune")
    examples = []
    for row in rows:
        article = articles[row["doc"]]
        reading = index.reading_of(article, split_article(article))
        resolver = Resolver(index, article, True)
        for side in SIDES:
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
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    examples = read_examples()
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


if __name__ == "__main__":
    main()
