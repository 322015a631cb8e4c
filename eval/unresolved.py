"""Measures the share of capitalised political names in the headlines of 2025 that no table resolves.

usage: eval/unresolved.py [--part report|work] [--sample N] [--work-list N]

Every run of capitalised words that no table knows is counted by occurrence; so is every actor mention that begins with
a capital. Most unknown names are of sport, shows and trade: `unresolved_judged.tsv` holds a sample of them, judged by
reading (political or not), by document and offsets without the publishers' words. The share printed is

    unknown * political in the sample / (resolved + unknown * political in the sample)        target: below 0.10

`work` is the half of the documents that the tables were mended on, `report` (the default) the other half. `--sample N`
prints N unknown names of the report half to be judged. Exits 3 without `shared`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import lzma
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from actors import shared_folder, to_article

from dragoman.actors import ActorIndex
from dragoman.model import Article
from dragoman.reader.sentences import split_article

TARGET = 0.10
JUDGED = Path(__file__).with_name("unresolved_judged.tsv")
HEADLINES = "data/news/headlines_2025.jsonl.xz"


class Unknown(NamedTuple):
    """One occurrence of a name that no table knows."""

    doc: str
    start: int
    end: int
    words: str
    around: str


def digest(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def read_headlines(part: str) -> Iterator[dict[str, Any]]:
    with lzma.open(shared_folder() / HEADLINES, "rt", encoding="utf8") as lines:
        for line in lines:
            row = json.loads(line)
            if digest(row["doc"]) % 2 == (part == "report"):
                yield row


def unknown_of(article: Article, counts: Counter[str]) -> Iterator[Unknown]:
    body = article.body
    for words, number in counts.items():
        places = re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", body)
        for _, match in zip(range(number), places, strict=False):
            around = body[max(0, match.start() - 60) : match.end() + 40].replace("\n", " ")
            yield Unknown(article.doc, match.start(), match.end(), words, around)


def count_part(part: str) -> tuple[int, list[Unknown]]:
    """Gives the resolved mentions that begin with a capital, and every occurrence of an unknown name."""
    index = ActorIndex.load()
    resolved, unknown = 0, []
    for row in read_headlines(part):
        article = to_article(row)
        sentences = split_article(article)
        mentions = index.annotate(article, sentences)
        resolved += sum(mention.text[:1].isupper() for mention in mentions)
        unknown += unknown_of(article, index.unknown_names(article, sentences, mentions))
    return resolved, unknown


def read_judged() -> dict[tuple[str, int, int], bool]:
    rows = csv.reader((line for line in JUDGED.open(encoding="utf8") if not line.startswith("#")), delimiter="\t")
    return {(doc, int(start), int(end)): verdict == "political" for doc, start, end, verdict in rows}


def print_share(resolved: int, unknown: list[Unknown]) -> None:
    judged = read_judged()
    here = [judged[one[:3]] for one in unknown if one[:3] in judged]
    if not here:
        print("none of the judged names is in this part: judge a sample first (--sample 200)")
        return
    political = sum(here) / len(here)
    missed = len(unknown) * political
    share = missed / (resolved + missed)
    print(f"{resolved} capitalised mentions resolved, {len(unknown)} unknown names")
    print(f"of {len(here)} unknown names judged by reading {sum(here)} are political")
    print(f"unresolved share of political names by occurrence: {share:.4f} (target below {TARGET})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("report", "work"), default="report")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--work-list", type=int, default=0)
    arguments = parser.parse_args()
    resolved, unknown = count_part(arguments.part)
    if arguments.sample:
        for one in sorted(unknown, key=lambda u: digest(f"{u.doc}:{u.start}"))[: arguments.sample]:
            print("\t".join(map(str, one)))
    elif arguments.work_list:
        for words, number in Counter(one.words for one in unknown).most_common(arguments.work_list):
            print(f"{number:6}  {words}")
    else:
        print_share(resolved, unknown)


if __name__ == "__main__":
    main()
