"""Prints how well own types are found from a few examples, beside the words of the examples alone.

usage: python eval/ontology.py [--examples N ...] [--choose]

PLOVER's modes stand for a user's types: for each, some labelled mentions of one part of the documents are its examples,
as many others its counterexamples (half of them of the same PLOVER type), and it is looked for in another part. No
weights were trained on any of these documents. But the reader was taught these very distinctions on others, so that a
type of another kind is told less well: the judged list (`eval/ontology_judged.tsv`) is of two that PLOVER lacks, by the
worked example of docs/how-to/own-types.md.

--choose prints the part of the documents on which the numbers of `data/ontology/confidence.toml` were chosen, with
others beside them; without it, the part that chose nothing. A mention is found where an event of the type touches its
anchor. Figures are means over types and draws of examples; "words alone": whatever the reader finds an event in, of any
type, that shares a word with an example's anchor.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from score import ROOT, shared
from tokenizers import Tokenizer

from dragoman.model import Article, FoundEvent, Sentence
from dragoman.ontology import Example, Ontology, OwnType, load_ontology, stems
from dragoman.reader import Reader
from dragoman.reader.decode import candidates, span_of, type_scores
from dragoman.reader.gate import Gate
from dragoman.reader.network import Network, Output, default_folder
from dragoman.reader.own import OwnTypes, Points, Settings, load_settings
from dragoman.reader.sentences import split_article
from dragoman.reader.windows import Window, cut_pieces, load_tokenizer, pack_windows

sys.path.insert(0, str(ROOT / "train"))
import corpus

PARTS = ("examples", "choosing", "reporting")
DRAWS = 2
# Types with so many mentions to draw examples from, and to be found in each of the other parts.
LEAST_TO_DRAW, LEAST_TO_FIND = 10, 5


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A labelled mention: type and mode, offsets of its anchor in the article, its sentence with the anchor in it."""

    kind: tuple[str, str]
    start: int
    end: int
    example: Example


@dataclass(frozen=True, kw_only=True)
class Read:
    """A document read by the network, and what is labelled in it."""

    windows: tuple[tuple[Window, Output], ...]
    mentions: tuple[Mention, ...]


def part_of(doc: str) -> str:
    return PARTS[int(hashlib.sha256(f"own types {doc}".encode()).hexdigest()[:8], 16) % len(PARTS)]


def documents() -> Iterator[tuple[Article, list[tuple[int, int]] | None, list[dict[str, object]]]]:
    """Yields the documents held out of training, the offsets of the labelled sentences of each (None: all), labels."""
    gold = shared() / "gold"
    labelled: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in corpus.read_lines(gold / "train_gold.jsonl"):
        labelled[row["doc"]].append(row)
    for row in corpus.read_lines(gold / "train_docs.jsonl"):
        if corpus.is_held_out(row["doc"]):
            yield corpus.article_of(row), None, labelled[row["doc"]]
    for row, label in corpus.labelled_rows(corpus.label_files("read_*.jsonl"), shared()):
        if corpus.is_held_out(row["doc"]) and row["doc"] not in labelled:
            yield (
                corpus.article_of(row),
                [(start, end) for start, end in label["sentences"]],
                [{**m, "start": m["anchor"][0], "end": m["anchor"][1]} for m in label["mentions"]],
            )


def read_document(
    article: Article,
    spans: list[tuple[int, int]] | None,
    labels: Sequence[dict[str, object]],
    by: tuple[Network, Tokenizer],
) -> Read:
    network, tokenizer = by
    sentences = split_article(article)
    if spans is not None:
        body = article.body
        sentences = tuple(
            Sentence(index=at, start=start, end=end, text=body[start:end]) for at, (start, end) in enumerate(spans)
        )
    windows = pack_windows(cut_pieces(tokenizer, sentences))
    mentions = [m for label in labels for m in mentions_of(label, sentences)]
    return Read(windows=tuple(zip(windows, network.read(windows), strict=True)), mentions=tuple(mentions))


def mentions_of(label: dict[str, object], sentences: Sequence[Sentence]) -> Iterator[Mention]:
    start, end = int(str(label["start"])), int(str(label["end"]))
    for sentence in sentences:
        if sentence.start <= start < end <= sentence.end:
            example = Example(sentence=sentence.text, anchor=(start - sentence.start, end - sentence.start))
            kind = (str(label["type"]), str(label["mode"] or ""))
            yield Mention(kind=kind, start=start, end=end, example=example)


def draw_type(kind: tuple[str, str], mentions: Sequence[Mention], number: int, seed: int) -> OwnType:
    """Draws an own type: examples of a mode, and as many counterexamples, half of them of the same PLOVER type."""
    chance = random.Random(f"{kind} {seed}")
    mine = [m.example for m in mentions if m.kind == kind]
    beside = [m.example for m in mentions if m.kind[0] == kind[0] and m.kind != kind]
    others = [m.example for m in mentions if m.kind[0] != kind[0]]
    near = chance.sample(beside, min(number // 2, len(beside)))
    counter = [*near, *chance.sample(others, number - len(near))]
    chosen = tuple(chance.sample(mine, min(number, len(mine))))
    return OwnType(
        name=f"{kind[0]}-{kind[1]}", definition="", examples=chosen, counterexamples=tuple(counter), within=(kind[0],)
    )


def kinds_in(parts: dict[str, list[Read]]) -> list[tuple[str, str]]:
    counts = {part: defaultdict(int) for part in PARTS}
    for part, reads in parts.items():
        for mention in (m for read in reads for m in read.mentions):
            counts[part][mention.kind] += 1
    return sorted(
        kind for kind, number in counts["examples"].items()
        if kind[1] and number >= LEAST_TO_DRAW and min(counts[part][kind] for part in PARTS[1:]) >= LEAST_TO_FIND
    )  # fmt: skip


@dataclass(kw_only=True)
class Score:
    hits: int = 0
    found: int = 0
    labelled: int = 0

    def take(
        self, anchors: Iterable[tuple[int, int]], mentions: Iterable[Mention], kind: tuple[str, str]
    ) -> list[bool]:
        """Takes what was found in a document; tells of each whether it is a mention of the type."""
        open_mentions = [m for m in mentions if m.kind == kind]
        self.labelled += len(open_mentions)
        right = []
        for start, end in anchors:
            touched = next((m for m in open_mentions if m.start < end and start < m.end), None)
            if touched:
                open_mentions.remove(touched)
            right.append(touched is not None)
        self.hits += sum(right)
        self.found += len(right)
        return right

    def figures(self) -> tuple[float, float, float]:
        precision = self.hits / self.found if self.found else 0.0
        recall = self.hits / self.labelled
        return precision, recall, 2 * precision * recall / (precision + recall) if self.hits else 0.0


def by_words(kind: OwnType, read: Read, network: Network) -> Iterator[tuple[int, int]]:
    """The floor: what the reader finds an event in, and shares a word with an example's anchor."""
    words = frozenset(word for example in kind.examples for word in stems(example.words))
    least = network.settings["thresholds"]["default"]
    for window, output in read.windows:
        for candidate in candidates(window, output, network.heads, len(network.labels.types)):
            begin, pieces = window.begins[candidate.sentence], window.sentences[candidate.sentence]
            anchor = span_of(pieces, candidate.start - begin, candidate.end - begin)
            if type_scores(candidate).max() >= least and not words.isdisjoint(stems(anchor.text)):
                yield anchor.start, anchor.end


class Trial:
    """Own types drawn from one part and looked for in another."""

    def __init__(self, network: Network, tokenizer: Tokenizer, parts: dict[str, list[Read]]) -> None:
        self.network, self.examples, self.parts = network, Points(network, tokenizer), parts
        self.kinds = kinds_in(parts)
        self.pool = [m for read in parts["examples"] for m in read.mentions]

    def run(
        self, part: str, number: int, settings: Settings, *, is_within: bool
    ) -> tuple[str, list[tuple[float, bool]]]:
        """Gives a line of figures, and the confidence of each event found with whether it is right."""
        rows, floors, told, refused = [], [], [], 0
        for kind in self.kinds:
            for seed in range(DRAWS):
                own_type = draw_type(kind, self.pool, number, seed)
                own_type = own_type if is_within else replace(own_type, within=())
                ontology = Ontology(name="own", edition="1", digest="", types=(own_type,))
                types = OwnTypes(ontology, self.examples, settings)
                refused += not types.fitted[0].is_told_apart
                score, floor = Score(), Score()
                for read in self.parts[part]:
                    events = [event for window, output in read.windows for event in types.find(window, output)]
                    right = score.take(spans(events), read.mentions, kind)
                    told += zip((event.confidence for event in events), right, strict=True)
                    floor.take(by_words(own_type, read, self.network), read.mentions, kind)
                rows.append(score.figures())
                floors.append(floor.figures())
        return f"{figures(rows)}   refused {refused:2} of {len(rows)}   words alone {figures(floors)}", told


def spans(events: Iterable[FoundEvent]) -> list[tuple[int, int]]:
    return [(event.anchor.start, event.anchor.end) for event in events]


def figures(rows: Sequence[tuple[float, float, float]]) -> str:
    precision, recall, f1 = np.array(rows).mean(axis=0)
    return f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}"


def read_parts(network: Network, tokenizer: Tokenizer) -> dict[str, list[Read]]:
    parts: dict[str, list[Read]] = {part: [] for part in PARTS}
    for article, offsets, labels in documents():
        parts[part_of(article.doc)].append(read_document(article, offsets, labels, (network, tokenizer)))
    return parts


def print_confidence(told: Sequence[tuple[float, bool]]) -> None:
    """Prints, by bands of confidence, how many events were found and how many of them are right."""
    print("confidence   found   right   mean confidence")
    for low in np.arange(0, 1, 0.1):
        band = [(confidence, right) for confidence, right in told if low <= confidence < low + 0.1]
        if band:
            shares = np.array(band, dtype=float).mean(axis=0)
            print(f"  {low:.1f}-{low + 0.1:.1f}   {len(band):7} {shares[1]:7.2f} {shares[0]:10.2f}")


def print_choices(trial: Trial, number: int) -> None:
    """Prints the part that is chosen on: the settings in use, then with one of them changed."""
    settings = load_settings()
    others = [
        replace(settings, views=("head",)), replace(settings, views=("states",)), replace(settings, threshold=0.7),
        replace(settings, threshold=1.0), replace(settings, ridge=0.2), replace(settings, ridge=1.0),
    ]  # fmt: skip
    for each in (settings, *others):
        line, told = trial.run("choosing", number, each, is_within=True)
        print(f"threshold {each.threshold} ridge {each.ridge}: {line}", flush=True)
        if each is settings:
            print_confidence(told)
            slope, intercept = fit_curve(told, settings)
            print(f"  the curve that fits these: intercept {intercept:.2f} slope {slope:.2f}")


def fit_curve(told: Sequence[tuple[float, bool]], settings: Settings) -> tuple[float, float]:
    """Gives slope and intercept of the logistic curve of being right by distance from the threshold."""
    confidence, right = (np.array(column, dtype=float) for column in zip(*told, strict=True))
    confidence = confidence.clip(1e-4, 1 - 1e-4)
    distance = (np.log(confidence / (1 - confidence)) - settings.intercept) / settings.slope
    features, curve = np.stack([distance, np.ones_like(distance)], axis=1), np.zeros(2)
    for _ in range(25):
        chance = 1 / (1 + np.exp(-features @ curve))
        slopes = features.T @ (features * (chance * (1 - chance))[:, None]) + 1e-6 * np.eye(2)
        curve += np.linalg.solve(slopes, features.T @ (right - chance))
    return float(curve[0]), float(curve[1])


def judged_sentences() -> dict[str, list[tuple[str, int, int, str]]]:
    """The judged list by document: type, offsets of the sentence, yes or no."""
    rows: dict[str, list[tuple[str, int, int, str]]] = defaultdict(list)
    with (ROOT / "eval/ontology_judged.tsv").open(encoding="utf8", newline="") as lines:
        for row in csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"):
            rows[row["doc"]].append((row["type"], int(row["start"]), int(row["end"]), row["is_told"]))
    return rows


def print_judged() -> None:
    """Prints how the worked example of the how-to does on judged sentences of two types that PLOVER lacks."""
    ontology = load_ontology(ROOT / "docs/how-to/votes-and-treaties.toml")
    reader = Reader(threads=1, ontology=ontology, gate=Gate.load())
    words = {kind.name: frozenset().union(*(stems(e.words) for e in kind.examples)) for kind in ontology.types}
    judged = judged_sentences()
    counts: dict[tuple[str, str, bool, bool], int] = defaultdict(int)
    for row in corpus.news_rows(shared(), judged):
        (reading,) = reader.read([corpus.article_of(row)])
        for kind, start, end, verdict in judged[row["doc"]]:
            found = any(e.own_type == kind and start <= e.anchor.start < end for e in reading.own)
            has_word = not words[kind].isdisjoint(stems(reading.article.body[start:end]))
            counts[kind, "own type", verdict == "yes", found] += 1
            counts[kind, "words alone", verdict == "yes", has_word] += 1
    print("\njudged sentences with a word of the theme, of two types that PLOVER lacks")
    for kind, way in sorted({key[:2] for key in counts}):
        hits, missed = counts[kind, way, True, True], counts[kind, way, True, False]
        false, passed = counts[kind, way, False, True], counts[kind, way, False, False]
        told, others = hits + missed, false + passed
        print(f"  {kind:16} {way:12} found {hits} of {told} that tell it, {false} of {others} that do not")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--choose", action="store_true")
    asked = parser.parse_args()
    network, tokenizer = Network(default_folder(), 1), load_tokenizer(default_folder() / "tokenizer.json")
    parts = read_parts(network, tokenizer)
    trial = Trial(network, tokenizer, parts)
    print(f"documents {', '.join(f'{len(reads)} {part}' for part, reads in parts.items())}; types {len(trial.kinds)}")
    if asked.choose:
        print_choices(trial, 8)
        return
    for number in asked.examples:
        for is_within in (True, False):
            line, told = trial.run("reporting", number, load_settings(), is_within=is_within)
            print(f"{number:2} examples, {'with' if is_within else 'without'} `within`: {line}", flush=True)
            if number == 8 and is_within:
                print_confidence(told)
    print_judged()


if __name__ == "__main__":
    main()
