"""Measures time expressions against TimeML documents: TBAQ-cleaned (TimeBank and AQUAINT).

usage: eval/times.py [--part kept|tuning|all]

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


def parse_part() -> str:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("kept", "tuning", "all"), default="kept")
    return str(parser.parse_args().part)


def main() -> None:
    part = parse_part()
    scorer = load_scorer()
    documents = choose(list(scorer.times(str(shared_folder() / "data" / "time" / "TBAQ-cleaned"))), part)
    gold = found = overlap = same = sentences = 0
    begin = time.process_time()
    for name, fields, spans in documents:
        published = date.fromisoformat(fields["published"]) if len(fields["published"]) == 10 else None
        article = Article(id=name, doc=name, title="", text=fields["text"], published=published)
        split = split_article(article)
        told = [(t.start, t.end, t.value) for t in find_times(article, split)]
        pairs = scorer.match(spans, told, scorer.over)
        gold, found, sentences = gold + len(spans), found + len(told), sentences + len(split)
        overlap, same = overlap + len(pairs), same + sum(g[2] == p[2] for g, p in pairs)
    spent = 1000 * (time.process_time() - begin) / max(sentences, 1)
    print(f"times, {part}: {len(documents)} documents, {gold} gold, {found} found, {spent:.2f} ms a sentence")
    for measure, hits in (("overlapping", overlap), ("value", same)):
        print(f"{measure:12} F1 {2 * hits / (gold + found):.3f}   target {TARGETS[measure]:.2f}")


if __name__ == "__main__":
    main()
