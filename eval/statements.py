"""Statements: how many of those found in news are right, judged by reading.

    python eval/statements.py sample OUT.tsv [--number N] [--seed S] [--without IDS.txt]
        codes news until N statements are found: OUT gets ids and offsets, the screen the sentences; then fill the
        column `verdict` with right or wrong (speaker, topic and polarity all right, and no event that should be coded)
    python eval/statements.py score JUDGED.tsv
        the share that is right, and how many of the judged are found now

Needs the news of shared/ (at $DRAGOMAN_SHARED, or beside the checkout). The judged list holds no words of any
publisher. eval/statements_judged.tsv was drawn with seed 10 from articles that nobody had looked at while the cues were
written, and judged by one reader: 48 of 60 right. Faults seen there have been mended since, so that `score` on it now
says how well they were mended; for a clean figure draw another sample.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from dragoman.coder import Coder
from dragoman.model import Article, Statement
from dragoman.reader.sentences import split_article
from dragoman.statements import likely_cues

TARGET = 0.85
NEWS = "news/allsides_odd_months.jsonl.xz"
COLUMNS = ("doc", "start", "end", "polarity", "cue", "verdict")


def shared() -> Path:
    folder = Path(os.environ.get("DRAGOMAN_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    if not folder.is_dir():
        print("shared/ is not here: set $DRAGOMAN_SHARED", file=sys.stderr)
        raise SystemExit(3)
    return folder


def read_news() -> list[dict[str, str]]:
    with lzma.open(shared() / NEWS, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def articles_of(rows: list[dict[str, str]]) -> Iterator[Article]:
    for row in rows:
        article = Article(
            id=row["doc"], doc=row["doc"], title=row.get("title") or "", text=row["text"],
            publisher=row.get("publisher"), published=date.fromisoformat(row["published"]),
        )  # fmt: skip
        if any(likely_cues(sentence) for sentence in split_article(article)):
            yield article


def statements_of(rows: list[dict[str, str]]) -> Iterator[Statement]:
    for coded in Coder(threads=1).code(articles_of(rows)):
        yield from coded.statements


def sample(out: Path, number: int, seed: int, without: frozenset[str]) -> None:
    rows = [row for row in read_news() if row["doc"] not in without]
    random.Random(seed).shuffle(rows)
    with out.open("w", encoding="utf8", newline="") as lines:
        table = csv.writer(lines, delimiter="\t", lineterminator="\n")
        table.writerow(COLUMNS)
        for at, one in enumerate(islice(statements_of(rows), number), start=1):
            anchor, speaker = one.evidence.anchor, one.speaker
            cue = one.basis.split()[1]
            table.writerow([one.evidence.doc, anchor.start, anchor.end, one.polarity, cue, ""])
            who = f"{speaker.text} ({speaker.code})" if speaker else "?"
            print(f"{at}. {cue}: {who} {one.polarity} [{one.topic}]\n    {one.evidence.sentence.text[:400]}")


def score(judged: Path) -> int:
    with judged.open(encoding="utf8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    docs = {row["doc"] for row in rows}
    found = {
        (one.evidence.doc, str(one.evidence.anchor.start), one.polarity)
        for one in statements_of([row for row in read_news() if row["doc"] in docs])
    }
    now = [row for row in rows if (row["doc"], row["start"], row["polarity"]) in found]
    right = Counter(row["verdict"] == "right" for row in now)
    share = right[True] / len(now) if now else 0.0
    print(f"{len(now)} of {len(rows)} judged statements are found; right {share:.2f} (target {TARGET})")
    for row in now:
        if row["verdict"] != "right":
            print(f"  wrong: {row['cue']} {row['doc']} [{row['start']}:{row['end']}]")
    return 0 if share >= TARGET else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("sample")
    drawing.add_argument("out", type=Path)
    drawing.add_argument("--number", type=int, default=100)
    drawing.add_argument("--seed", type=int, default=10)
    drawing.add_argument("--without", type=Path, help="a file of ids of articles to leave out")
    scoring = commands.add_parser("score")
    scoring.add_argument("judged", type=Path)
    args = parser.parse_args()
    if args.command == "score":
        return score(args.judged)
    without = frozenset(args.without.read_text(encoding="utf8").split()) if args.without else frozenset()
    sample(args.out, args.number, args.seed, without)
    return 0


if __name__ == "__main__":
    sys.exit(main())
