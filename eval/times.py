"""Measures time expressions against TimeML documents: TBAQ-cleaned (TimeBank and AQUAINT).

usage: eval/times.py [--part kept|tuning|all] [--misses]

`--misses` prints what was valued otherwise, missed or found besides, by rule: of the tuning part alone.

`kept` (the default) is the fifth of the documents that no rule was ever tuned on, chosen by a digest of the file name.
Matching is that of the shared scorer `eval/score_layers.py`: spans overlap, values are equal. Exits 3 without `shared`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
import time
from datetime import date
from types import ModuleType
from typing import Any

from gold_events import shared_folder

from dragoman.model import Article
from dragoman.reader.sentences import split_article
from dragoman.times import find_times

TARGETS = {"overlapping": 0.90, "value": 0.80}
Document = tuple[str, dict[str, Any], list[Any]]


def load_scorer() -> ModuleType:
    """The shared scorer as a module, so that matching is exactly the one that others measure with."""
    spec = importlib.util.spec_from_file_location("score_layers", shared_folder() / "eval" / "score_layers.py")
    if spec is None or spec.loader is None:
        sys.stderr.write("shared/eval/score_layers.py is not there\n")
        raise SystemExit(3)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_kept(name: str) -> bool:
    """Whether a document belongs to the untouched fifth."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5 == 0


def choose(documents: list[Document], part: str) -> list[Document]:
    return [d for d in documents if part == "all" or is_kept(d[0]) == (part == "kept")]


def parse_options() -> tuple[str, bool]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("kept", "tuning", "all"), default="kept")
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    if options.misses and options.part != "tuning":
        parser.error("misses are shown of the tuning part alone: add --part tuning")
    return str(options.part), bool(options.misses)


def misses(document: Document, told: list[Any], pairs: list[Any]) -> list[str]:
    """One line for each value that differs, each gold span not found, and each span found besides."""
    name, text, gold = document[0], document[1]["text"], document[2]
    around = lambda s, e: f"{text[max(0, s - 70) : s]}[[{text[s:e]}]]{text[e : e + 50]}".replace("\n", " ")  # noqa: E731
    matched = {id(side) for pair in pairs for side in pair}
    lines = [f"value\t{p[3]}\t{g[2]}\t{p[2]}\t{name}\t{around(g[0], g[1])}" for g, p in pairs if g[2] != p[2]]
    lines += [f"missed\t-\t{g[2]}\t-\t{name}\t{around(g[0], g[1])}" for g in gold if id(g) not in matched]
    lines += [f"besides\t{p[3]}\t-\t{p[2]}\t{name}\t{around(p[0], p[1])}" for p in told if id(p) not in matched]
    return lines


def main() -> None:
    part, wants_misses = parse_options()
    scorer = load_scorer()
    documents = choose(list(scorer.times(str(shared_folder() / "data" / "time" / "TBAQ-cleaned"))), part)
    gold = found = overlap = same = sentences = 0
    lines: list[str] = []
    begin = time.process_time()
    for document in documents:
        name, fields, spans = document
        published = date.fromisoformat(fields["published"]) if len(fields["published"]) == 10 else None
        article = Article(id=name, doc=name, title="", text=fields["text"], published=published)
        split = split_article(article)
        told = [(t.start, t.end, t.value, t.basis) for t in find_times(article, split)]
        pairs = scorer.match(spans, told, scorer.over)
        gold, found, sentences = gold + len(spans), found + len(told), sentences + len(split)
        overlap, same = overlap + len(pairs), same + sum(g[2] == p[2] for g, p in pairs)
        lines += misses(document, told, pairs) if wants_misses else []
    spent = 1000 * (time.process_time() - begin) / max(sentences, 1)
    print("\n".join(sorted(lines)), end="\n" if lines else "")
    print(f"times, {part}: {len(documents)} documents, {gold} gold, {found} found, {spent:.2f} ms a sentence")
    for measure, hits in (("overlapping", overlap), ("value", same)):
        print(f"{measure:12} F1 {2 * hits / (gold + found):.3f}   target {TARGETS[measure]:.2f}")


if __name__ == "__main__":
    main()
