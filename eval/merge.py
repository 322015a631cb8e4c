"""Merging: its speed, and how often it is right on pairs of reports that people have judged.

    python eval/merge.py speed [--events 100000]
        seconds and memory for events of a generated world
    python eval/merge.py slice DIR FOLDER [--number 200] [--seed S]
        draws pairs of a record to judge: FOLDER gets merged.txt and unmerged.txt to read, all.txt with both in random
        order, and key/key.tsv
    python eval/merge.py judge FOLDER ONE.tsv OTHER.tsv KEPT.tsv
        the verdicts of two readers (lines of a number, a tab, and same or apart): how far they agree, what they find,
        and the list to keep
    python eval/merge.py score DIR JUDGED.tsv ...
        what the record at DIR does with the judged pairs of all these lists together

Pairs are drawn across articles: `merged` ones stand in one record; `apart` ones have the same day, type and an actor
and a recipient in common, and stand in two. A slice takes no pair that was judged before. It takes first those of
articles in no training file ($DRAGOMAN_SHARED or ../shared) and no judged list (`fresh`), then those of which an
article is in one (`known`), and if there are still too few, those of which one article was trained on (`taught`), or
both (`learned`).
The judged lists hold no words of any publisher. eval/merge_judged_spring.tsv (April to July) and
eval/merge_judged.tsv (August to December), each by one reader, served to set rules and thresholds; so did
eval/merge_judged_trained.tsv (pairs of which an article was trained on, by one reader) and eval/merge_judged_autumn.tsv
(all other merged pairs of 2025, by two readers). eval/merge_judged_winter.tsv (the merged pairs that the weights
`reader-6` and `reader-7` brought, by two readers) has served to set none.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import lzma
import os
import random
import re
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from record import open_record

from dragoman.model import Event, EventDate, Evidence, Party, Span
from dragoman.records import Sources, cluster_events, find_links, happening_day, link_records
from dragoman.rows import party_key
from dragoman.store import RecordStore

SECONDS_CEILING = 60.0
SAME_FLOOR = 0.95
APART_FLOOR = 0.85
COLUMNS = ("drawn", "doc", "start", "end", "other_doc", "other_start", "other_end", "verdict", "other_verdict")
KEY = "key/key.tsv"
KINDS = ("fresh", "known", "taught", "learned")
HEADLINES = "data/news/headlines_2025.jsonl.xz"
QUESTION = """\
Two reports a pair. Do the words in [[ ]] of A and of B tell of the same happening: the same act, by and to the
same people, on the same occasion? It may be told in other words, in more or less detail, or as seen from another side.
Write for each pair a line: its number, a tab, and same or apart.

"""
_ITEM = re.compile(r"\bhl_[0-9a-f]{12}\b")
Pair = tuple[Event, Event]
TYPES = {"CONSULT": (1, 2.5), "AID": (2, 9.5), "ACCUSE": (3, -3.0), "ASSAULT": (4, -9.0), "COERCE": (4, -7.0)}
WORDS = [
    f"{left}{right}"
    for left in ("har", "bri", "pip", "gra", "bor", "mis", "emb", "tre")
    for right in ("bour", "dge", "line", "in", "der", "sile", "assy", "aty")
]


def generate_events(number: int) -> list[Event]:
    """Events of a world of 60 parties over two years, three reports for each happening, in random order."""
    chance = random.Random(1)
    events = []
    for at in range(number // 3):
        event_type = chance.choice(sorted(TYPES))
        sides = chance.sample(range(60), 2)
        day = date(2024, 1, 1) + timedelta(days=chance.randrange(730))
        topic = chance.sample(WORDS, 5)
        events += [generate_event(chance, (at, copy), event_type, (sides, day, topic)) for copy in range(3)]
    chance.shuffle(events)
    return events


def generate_event(
    chance: random.Random, number: tuple[int, int], event_type: str, happening: tuple[list[int], date, list[str]]
) -> Event:
    sides, day, topic = happening
    words = " ".join([*chance.sample(topic, 3), *chance.sample(WORDS, 2)])
    parties = [Party(start=0, end=2, text=f"P{side}", code=f"P{side:02d}", name=f"P{side}") for side in sides]
    return Event(
        event_id=f"e{number[0]}-{number[1]}",
        event_type=event_type,
        mode=None,
        contexts=(),
        status="asserted",
        quad=TYPES[event_type][0],
        intensity=TYPES[event_type][1],
        confidence=chance.random(),
        basis="generated",
        actors=(parties[0],),
        recipients=(parties[1],),
        date=EventDate(value=day.isoformat(), granularity="day", basis="generated"),
        place=None,
        attributed_to=None,
        evidence=Evidence(
            article_id=f"a{number[0]}-{number[1]}",
            doc="",
            url=None,
            publisher=f"paper {chance.randrange(40)}",
            published=day,
            sentence=Span(start=0, end=len(words), text=words),
            anchor=Span(start=0, end=3, text=chance.choice(["met", "hit", "said"])),
            coder="generated",
            codebook="generated",
        ),
    )


def measure_speed(number: int) -> None:
    events = generate_events(number)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    topics = topics_of(events)
    started = time.perf_counter()
    happenings = cluster_events(events, Sources(topics=topics))
    records = link_records(happenings, find_links(happenings))
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{len(events):,} events -> {len(records):,} records in {seconds:.1f} s ({SECONDS_CEILING:.0f} s for 100,000)"
    )
    print(f"memory grew by {grown:.0f} MB")
    if number >= 100_000 and seconds > SECONDS_CEILING * number / 100_000:
        raise SystemExit(1)


def topics_of(events: Sequence[Event]) -> dict[str, tuple[str, ...]]:
    """What the article of each event is about: the words of its sentence, and twenty of its own."""
    chance = random.Random(2)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return {
        event.evidence.article_id: (
            *sorted({word[:5] for word in event.evidence.sentence.text.split()}),
            *("".join(chance.choices(letters, k=5)) for _ in range(20)),
        )
        for event in events
    }


def draw_pairs(store: RecordStore) -> dict[str, list[Pair]]:
    """All pairs of events of different articles: in one record (`merged`), and alike but in two (`apart`)."""
    events = {event.event_id: event for event in store.load_events()}
    record_of = {event_id: row["record_id"] for row in store.records() for event_id in row["events"]}
    by_record, by_dyad = defaultdict(list), defaultdict(list)
    for event_id, event in sorted(events.items()):
        by_record[record_of[event_id]].append(event_id)
        for actor, recipient in itertools.product({*map(party_key, event.actors)}, {*map(party_key, event.recipients)}):
            if actor and recipient:
                by_dyad[event.event_type, event.status, happening_day(event), actor, recipient].append(event_id)
    merged = {pair for group in by_record.values() for pair in itertools.combinations(group, 2)}
    alike = {pair for group in by_dyad.values() for pair in itertools.combinations(group, 2)}
    apart = {(one, other) for one, other in alike if record_of[one] != record_of[other]}
    drawn = {}
    for name, found in (("merged", merged), ("apart", apart)):
        pairs = [(events[one], events[other]) for one, other in sorted(found)]
        drawn[name] = [pair for pair in pairs if pair[0].evidence.article_id != pair[1].evidence.article_id]
    return drawn


def write_slice(store: RecordStore, folder: Path, number: int, seed: int) -> None:
    """Pairs to read, in files that tell nothing of the code, and the key that says which they are."""
    items, taught = read_items(shared_folder()), read_taught(shared_folder())
    chance = random.Random(seed)
    drawn = []
    for name, pairs in draw_pairs(store).items():
        kinds = defaultdict(list)
        for pair in pairs:
            kinds[kind_of(pair, taught, read_judged())].append(pair)
        ordered = [(name, kind, pair) for kind in KINDS for pair in chance.sample(kinds[kind], len(kinds[kind]))]
        print(name, {kind: len(kinds[kind]) for kind in KINDS})
        drawn += ordered[:number]
    chance.shuffle(drawn)
    (folder / "key").mkdir(parents=True, exist_ok=True)
    told = {at: tell_pair(at, pair, items) for at, (_, _, pair) in enumerate(drawn, start=1)}
    for file, names in (("merged", {"merged"}), ("unmerged", {"apart"}), ("all", {"merged", "apart"})):
        chosen = [told[at] for at, (name, _, _) in enumerate(drawn, start=1) if name in names]
        (folder / f"{file}.txt").write_text(QUESTION + "\n".join(chosen), encoding="utf-8")
    with (folder / KEY).open("w", newline="", encoding="utf-8") as stream:
        sheet = csv.writer(stream, dialect="excel-tab")
        sheet.writerow(("number", "kind", *COLUMNS[:-2]))
        for at, (name, kind, pair) in enumerate(drawn, start=1):
            sheet.writerow((at, kind, name, *place_of(pair[0]), *place_of(pair[1])))


def kind_of(pair: Pair, taught: set[str], judged: set[frozenset[str]]) -> str:
    """fresh, known, taught (one of the two is in a training file), learned (both are), or none: judged before."""
    docs = {event.evidence.doc for event in pair}
    if docs in judged:
        return "none"
    if docs & taught:
        return "learned" if len(docs & taught) == 2 else "taught"
    return "known" if docs & frozenset().union(*judged) else "fresh"


def tell_pair(at: int, pair: Pair, items: dict[str, dict[str, str]]) -> str:
    """Both items as a reader sees them: day, outlet, headline and lead, with the words of the happening in [[ ]]."""
    lines = [str(at)]
    for letter, event in zip("AB", pair, strict=True):
        item, anchor = items[event.evidence.doc], event.evidence.anchor
        title = item.get("title") or ""
        body = f"{title}\n\n{item['text']}" if title else item["text"]
        marked = f"{body[: anchor.start]}[[{body[anchor.start : anchor.end]}]]{body[anchor.end :]}"
        lines.append(f"  {letter}  {item['published']}  {item['publisher']}: " + " / ".join(marked.split("\n\n")))
    return "\n".join(lines) + "\n"


def shared_folder() -> Path:
    folder = Path(os.environ.get("DRAGOMAN_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / HEADLINES).is_file():
        print(f"no headlines at {folder / HEADLINES}: set DRAGOMAN_SHARED to the folder that holds data/news")
        raise SystemExit(3)
    return folder


def read_items(shared: Path) -> dict[str, dict[str, str]]:
    with lzma.open(shared / HEADLINES, "rt", encoding="utf-8") as stream:
        return {row["doc"]: row for row in map(json.loads, stream)}


def read_taught(shared: Path) -> set[str]:
    """Ids of items in any file that the reader was trained or measured on."""
    files = [*(Path(__file__).parents[1] / "train/labels").iterdir(), *(shared / "gold").glob("*.jsonl")]
    return {doc for file in files for doc in _ITEM.findall(file.read_text("utf-8"))}


@cache
def read_judged() -> set[frozenset[str]]:
    """Pairs of item ids in the judged lists."""
    pairs = set()
    for file in Path(__file__).parent.glob("merge_judged*.tsv"):
        with file.open(newline="", encoding="utf-8") as stream:
            pairs |= {frozenset((row["doc"], row["other_doc"])) for row in csv.DictReader(stream, dialect="excel-tab")}
    return pairs


def place_of(event: Event) -> tuple[str, int, int]:
    anchor = event.evidence.anchor
    return event.evidence.doc, anchor.start, anchor.end


def judge(folder: Path, readers: Sequence[Path], kept: Path) -> None:
    """What two readers say of a slice, and the list to keep."""
    verdicts = [read_verdicts(path) for path in readers]
    with (folder / KEY).open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream, dialect="excel-tab")]
    missing = [row["number"] for row in rows if any(row["number"] not in told for told in verdicts)]
    if missing:
        raise SystemExit(f"{len(missing)} pairs lack a verdict of one reader, e.g. {', '.join(missing[:5])}")
    for row in rows:
        row["verdict"], row["other_verdict"] = (told[row["number"]] for told in verdicts)
    agreed = sum(row["verdict"] == row["other_verdict"] for row in rows)
    print(f"the readers agree on {agreed} of {len(rows)} pairs = {agreed / len(rows):.3f}, kappa {kappa(rows):.2f}")
    for kind in (None, *KINDS):
        chosen = [row for row in rows if kind in {None, row["kind"]}]
        print(f"-- {kind or 'all'}")
        tell_shares([(row["drawn"], row) for row in chosen])
    with kept.open("w", newline="", encoding="utf-8") as stream:
        sheet = csv.DictWriter(stream, COLUMNS, dialect="excel-tab", extrasaction="ignore")
        sheet.writeheader()
        sheet.writerows(rows)


def read_verdicts(path: Path) -> dict[str, str]:
    """Verdicts by the number of the pair, from lines of a number, a tab, and same or apart."""
    told = {}
    for line in path.read_text("utf-8").splitlines():
        number, _, verdict = line.strip().partition("\t")
        if number.isdigit():
            told[number] = verdict.split("\t")[0].strip().casefold()
    if wrong := [number for number, verdict in told.items() if verdict not in {"same", "apart"}]:
        raise SystemExit(f"{path}: say same or apart for {', '.join(wrong[:5])}")
    return told


def kappa(rows: Sequence[dict[str, str]]) -> float:
    """Cohen's kappa of two readers."""
    said = [sum(row[column] == "same" for row in rows) / len(rows) for column in ("verdict", "other_verdict")]
    by_chance = said[0] * said[1] + (1 - said[0]) * (1 - said[1])
    agreed = sum(row["verdict"] == row["other_verdict"] for row in rows) / len(rows)
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else 1.0


def tell_shares(done: Sequence[tuple[str, dict[str, str]]]) -> None:
    """How many of the pairs that were merged, and left apart, were rightly so, by each reader and by both."""
    for does, verdict, floor in (("merged", "same", SAME_FLOOR), ("apart", "apart", APART_FLOOR)):
        rows = [row for what, row in done if what == does]
        if not rows:
            print(f"{does}: none")
            continue
        right = [
            [row[column] == verdict for row in rows] for column in ("verdict", "other_verdict") if rows[0].get(column)
        ]
        each = ", ".join(f"{sum(said)} = {sum(said) / len(rows):.3f}" for said in right)
        both = sum(map(all, zip(*right, strict=True)))
        either = sum(map(any, zip(*right, strict=True)))
        print(f"{does}: of {len(rows)} pairs rightly so {each} (floor {floor}); by all readers {both}, by any {either}")


def score(store: RecordStore, paths: Sequence[Path]) -> None:
    """What a record does with judged pairs: an event counts at whose anchor a judged one lay, and else as gone.

    Pairs that were drawn as unmerged are told once more by themselves: those that were merged once and are parted now
    are no fair draw of what stands apart.
    """
    record_of = {event_id: row["record_id"] for row in store.records() for event_id in row["events"]}
    by_doc = defaultdict(list)
    for event in store.load_events():
        by_doc[event.evidence.doc].append((event.evidence.anchor, record_of[event.event_id]))
    done, gone = [], 0
    for row in read_sheets(paths):
        one = record_at(by_doc[row["doc"]], int(row["start"]), int(row["end"]))
        other = record_at(by_doc[row["other_doc"]], int(row["other_start"]), int(row["other_end"]))
        if one is None or other is None:
            gone += 1
        else:
            # A list by one reader counts as that of two who agree.
            row["other_verdict"] = row.get("other_verdict") or row["verdict"]
            done.append(("merged" if one == other else "apart", row))
    tell_shares(done)
    print("-- drawn as unmerged")
    tell_shares([(does, row) for does, row in done if row["drawn"] == "apart"])
    print(f"gone: {gone} pairs whose events are not coded now")


def read_sheets(paths: Sequence[Path]) -> Iterator[dict[str, str]]:
    for path in paths:
        with path.open(newline="", encoding="utf-8") as stream:
            yield from csv.DictReader(stream, dialect="excel-tab")


def record_at(anchors: Sequence[tuple[Span, str]], start: int, end: int) -> str | None:
    """The record of the event whose anchor covers most of a stretch of an article."""
    covered = [(min(anchor.end, end) - max(anchor.start, start), record_id) for anchor, record_id in anchors]
    most = max(covered, default=(0, None), key=lambda pair: pair[0])
    return most[1] if most[0] > 0 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    speed = commands.add_parser("speed")
    speed.add_argument("--events", type=int, default=100_000)
    piece = commands.add_parser("slice")
    piece.add_argument("record")
    piece.add_argument("folder", type=Path)
    piece.add_argument("--number", type=int, default=200)
    piece.add_argument("--seed", type=int, default=1)
    told = commands.add_parser("judge")
    told.add_argument("folder", type=Path)
    told.add_argument("readers", type=Path, nargs=2)
    told.add_argument("kept", type=Path)
    judged = commands.add_parser("score")
    judged.add_argument("record")
    judged.add_argument("sheets", type=Path, nargs="+")
    options = parser.parse_args()
    if options.command == "speed":
        measure_speed(options.events)
    elif options.command == "slice":
        write_slice(open_record(options.record), options.folder, options.number, options.seed)
    elif options.command == "judge":
        judge(options.folder, options.readers, options.kept)
    else:
        score(open_record(options.record), options.sheets)


if __name__ == "__main__":
    sys.exit(main())
