"""Measures the actor stage with gold spans: which codes does the resolver give to the words of the gold parties?

usage: eval/actors.py [--part tune|held|dev] [--misses N]

`tune` is the first 85 % of the training documents, `held` the last 15 %, `dev` the reporting set (target 0.92). Party
codes count as score_events.py counts them: the set of codes of each side of each gold row. Exits 3 without `shared`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dragoman.actors import ActorIndex
from dragoman.model import Article
from dragoman.reader.sentences import split_article

TARGET = 0.92
TUNING_SHARE = 0.85
SIDES = ("actors", "recipients")
SPOKEN_TO = frozenset(["CONSULT", "AGREE", "REQUEST", "ACCUSE", "REJECT", "THREATEN"])
SURE = 0.85


def shared_folder() -> Path:
    beside = Path(__file__).resolve().parent.parent.parent / "shared"
    for candidate in (os.environ.get("DRAGOMAN_SHARED"), beside):
        if candidate and (Path(candidate) / "gold").is_dir():
            return Path(candidate)
    sys.stderr.write("eval/actors.py needs the folder `shared` beside the checkout, or $DRAGOMAN_SHARED\n")
    raise SystemExit(3)


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines() if line.strip()]


def read_part(part: str) -> tuple[dict[str, Article], list[dict[str, Any]]]:
    gold = shared_folder() / "gold"
    stem = "dev" if part == "dev" else "train"
    documents, rows = read_lines(gold / f"{stem}_docs.jsonl"), read_lines(gold / f"{stem}_gold.jsonl")
    if part != "dev":
        cut = int(len(documents) * TUNING_SHARE)
        documents = documents[:cut] if part == "tune" else documents[cut:]
    articles = {document["doc"]: to_article(document) for document in documents}
    return articles, [row for row in rows if row["doc"] in articles]


def to_article(line: dict[str, Any]) -> Article:
    published = line.get("published")
    return Article(
        id=line["doc"],
        doc=line["doc"],
        title=line.get("title") or "",
        text=line["text"],
        url=line.get("url"),
        publisher=line.get("publisher"),
        published=date.fromisoformat(published[:10]) if published else None,
    )


def aligned(article: Article, row: dict[str, Any], party: dict[str, Any]) -> tuple[int, int]:
    """Gives the party's offsets; where gold's fall inside a word ("he" in "the"), the whole word's in its sentence."""
    body, start, end = article.body, party["start"], party["end"]
    begins = not (body[start - 1 : start].isalnum() and body[start].isalnum())
    if begins and not (body[end : end + 1].isalnum() and body[end - 1].isalnum()):
        return start, end
    pattern = re.compile(rf"(?<!\w){re.escape(party['text'])}(?!\w)")
    found = [match.span() for match in pattern.finditer(body, row["sent_start"], row["sent_end"])]
    return min(found, key=lambda span: abs(span[0] - row["start"]), default=(start, end))


def acts_of(row: dict[str, Any], side: str) -> Any:
    """What a party does by the type of the event: the rulings on bare states."""
    if row["type"] in {"ASSAULT", "MOBILIZE"}:
        return "fights" if side == "actors" else "hit"
    return "speaks" if side == "actors" or row["type"] in SPOKEN_TO else "hit"


Judged = tuple[dict[str, Any], dict[str, Any], list[Any]]


@dataclass(frozen=True)
class Resolver:
    """The index with one article: spans to mentions, with or without what the type of the event tells."""

    index: ActorIndex
    article: Article
    with_type: bool

    def side(self, row: dict[str, Any], side: str) -> list[Judged]:
        acts = acts_of(row, side) if self.with_type else None
        opponent = self.fighter(row, side) if self.with_type else None
        counterpart = self.counterpart(row, side) if self.with_type else None
        parties = [party for party in row[side] if party.get("start") is not None]
        return [
            (row, party, self.mentions(row, party, acts=acts, opponent=opponent, counterpart=counterpart))
            for party in parties
        ]

    def mentions(self, row: dict[str, Any], party: dict[str, Any], **hints: Any) -> list[Any]:
        sentences = split_article(self.article)
        start, end = aligned(self.article, row, party)
        return list(self.index.resolve_span(self.article, sentences, (), start, end, **hints))

    def counterpart(self, row: dict[str, Any], side: str) -> str | None:
        """The one code of the actors, for recipients, as the coder gives it."""
        if side == "actors":
            return None
        others = [party for party in row["actors"] if party.get("start") is not None]
        acts = acts_of(row, "actors")
        codes = {m.entity.code for party in others for m in self.mentions(row, party, acts=acts) if m.entity}
        known = {code for code in codes if code}
        return known.pop() if len(known) == 1 else None

    def fighter(self, row: dict[str, Any], side: str) -> str | None:
        """The code of whoever attacks the party in an ASSAULT, where the words name one force that is no police."""
        if row["type"] != "ASSAULT":
            return None
        other = row["recipients" if side == "actors" else "actors"]
        found = [
            m for party in other if party.get("start") is not None for m in self.mentions(row, party, acts="fights")
        ]
        sure = [m.entity for m in found if m.entity and m.confidence >= SURE]
        codes = {entity.code for entity in sure if not {"COP", "CVL", "JUD"} & set(entity.sectors)}
        return codes.pop() if len(codes) == 1 else None


def judge(index: ActorIndex, part: str, *, with_type: bool = False) -> Iterator[tuple[str, Article, list[Judged]]]:
    """Yields (side, article, [(row, gold party, mentions)]) for each side of each gold row."""
    articles, rows = read_part(part)
    for row in sorted(rows, key=lambda row: str(row["doc"])):
        article = articles[row["doc"]]
        for side in SIDES:
            yield side, article, Resolver(index, article, with_type).side(row, side)


def measure(part: str, misses: int, *, with_type: bool) -> float:
    index = ActorIndex.load()
    right = given = wanted = sector_right = sector_all = 0
    wrong: Counter[tuple[str, ...]] = Counter()
    for _, article, judged in judge(index, part, with_type=with_type):
        want = {party["code"] for _, party, _ in judged if party["code"]}
        got = {m.entity.code for _, _, found in judged for m in found if m.entity and m.entity.code}
        right, given, wanted = right + len(want & got), given + len(got), wanted + len(want)
        for _, party, found in judged:
            codes = sorted({str(m.entity.code) for m in found if m.entity})
            sectors = {s for m in found if m.entity for s in m.entity.sectors}
            if party["sector"] and party["code"] in codes:
                sector_all += 1
                sector_right += party["sector"] in sectors
            if str(party["code"]) not in codes and (codes or party["code"]):
                basis = found[0].basis[:60] if found else "-"
                wrong[party["text"][:50], str(party["code"]), ",".join(codes), basis, article.title[:60]] += 1
    precision, recall = right / max(1, given), right / max(1, wanted)
    f1 = 2 * right / max(1, given + wanted)
    given_what = "spans and type" if with_type else "spans alone"
    print(f"{part}, {given_what}: party codes P {precision:.4f} R {recall:.4f} F1 {f1:.4f} (target {TARGET})")
    print(
        f"{part}, {given_what}: sector, if the code is right, {sector_right / max(1, sector_all):.4f} of {sector_all}"
    )
    for (text, code, got_codes, basis, title), count in wrong.most_common(misses):
        print(f"{count:3} {text!r} want {code} got {got_codes} [{basis}] {title}")
    return f1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("tune", "held", "dev"), action="append")
    parser.add_argument("--misses", type=int, default=0)
    arguments = parser.parse_args()
    for part in arguments.part or ["held", "dev"]:
        measure(part, 0, with_type=False)
        measure(part, 0 if part == "dev" else arguments.misses, with_type=True)


if __name__ == "__main__":
    main()
