"""Merging: its speed, and how often it is right on pairs of reports that a person has judged.

    python eval/merge.py speed [--events 100000]
        seconds and memory for events of a generated world
    python eval/merge.py sample DIR OUT.tsv [--number N] [--seed S]
        draws pairs of a record to judge: OUT gets ids and offsets, the screen the sentences; then fill the column
        `verdict` with same or apart
    python eval/merge.py score DIR JUDGED.tsv
        what the record at DIR does with the judged pairs

Pairs are drawn across articles: `merged` ones stand in one record; `apart` ones have the same day, type and an actor
and a recipient in common, and stand in two. The judged lists hold no words of any publisher. All are from headlines of
2025 that no training set holds, judged by one reader. eval/merge_judged_spring.tsv (April to July) served to set rules
and thresholds; eval/merge_judged.tsv (August to December: all 191 pairs merged at the time and 200 of 788 that were
not) was drawn after words were weighted and groups held together; the rules on acts and distances were made with its
misses in sight, so that what it says of them is no fresh measure.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
import resource
import sys
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

from dragoman.model import Event, EventDate, Evidence, Party, Span
from dragoman.records import happening_day, merge_events
from dragoman.rows import party_key
from dragoman.store import RecordStore

SECONDS_CEILING = 60.0
SAME_FLOOR = 0.95
APART_FLOOR = 0.85
COLUMNS = ("drawn", "doc", "start", "end", "other_doc", "other_start", "other_end", "verdict")
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
    started = time.perf_counter()
    records = merge_events(events)
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{len(events):,} events -> {len(records):,} records in {seconds:.1f} s ({SECONDS_CEILING:.0f} s for 100,000)"
    )
    print(f"memory grew by {grown:.0f} MB")
    if number >= 100_000 and seconds > SECONDS_CEILING * number / 100_000:
        raise SystemExit(1)


def draw_pairs(store: RecordStore, number: int, seed: int) -> list[tuple[str, Event, Event]]:
    """Pairs of events of different articles: in one record, and alike but in two."""
    events = {event.event_id: event for event in store.load_events()}
    record_of = {event_id: row["record_id"] for row in store.records() for event_id in row["events"]}
    merged, apart = [], set()
    by_record, by_dyad = defaultdict(list), defaultdict(list)
    for event_id, event in sorted(events.items()):
        by_record[record_of[event_id]].append(event_id)
        for actor, recipient in itertools.product({*map(party_key, event.actors)}, {*map(party_key, event.recipients)}):
            if actor and recipient:
                by_dyad[event.event_type, event.status, happening_day(event), actor, recipient].append(event_id)
    for group in by_record.values():
        merged += itertools.combinations(group, 2)
    for group in by_dyad.values():
        apart |= {pair for pair in itertools.combinations(group, 2) if record_of[pair[0]] != record_of[pair[1]]}
    chance = random.Random(seed)
    drawn = []
    for name, pairs in (("merged", merged), ("apart", sorted(apart))):
        across = [(events[one], events[other]) for one, other in pairs]
        across = [pair for pair in across if pair[0].evidence.article_id != pair[1].evidence.article_id]
        drawn += [(name, *pair) for pair in chance.sample(across, min(number, len(across)))]
    return drawn


def write_sample(store: RecordStore, path: Path, number: int, seed: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        sheet = csv.writer(stream, dialect="excel-tab")
        sheet.writerow(COLUMNS)
        for at, (drawn, one, other) in enumerate(draw_pairs(store, number, seed), start=1):
            sheet.writerow([drawn, *place_of(one), *place_of(other), ""])
            for event in (one, other):
                codes = [[party.code for party in side] for side in (event.actors, event.recipients)]
                print(at, drawn, event.event_type, *codes, event.date.value, "|", event.evidence.sentence.text[:200])


def place_of(event: Event) -> tuple[str, int, int]:
    anchor = event.evidence.anchor
    return event.evidence.doc, anchor.start, anchor.end


def score(store: RecordStore, path: Path) -> None:
    """What a record does with judged pairs. A pair of which an event is no longer coded is counted as gone."""
    record_of = {event_id: row["record_id"] for row in store.records() for event_id in row["events"]}
    record_at = {place_of(event): record_of[event.event_id] for event in store.load_events()}
    figures = {"merged": [0, 0], "apart": [0, 0]}
    gone = 0
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream, dialect="excel-tab"):
            one = record_at.get((row["doc"], int(row["start"]), int(row["end"])))
            other = record_at.get((row["other_doc"], int(row["other_start"]), int(row["other_end"])))
            if one is None or other is None:
                gone += 1
                continue
            does = "merged" if one == other else "apart"
            figures[does][0] += (row["verdict"] == "same") == (does == "merged")
            figures[does][1] += 1
    for does, floor in (("merged", SAME_FLOOR), ("apart", APART_FLOOR)):
        right, number = figures[does]
        share = f"{right / number:.3f}" if number else "none"
        print(f"{does}: {right} of {number} judged pairs rightly so = {share} (floor {floor})")
    print(f"gone: {gone} pairs whose events are not coded now")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    speed = commands.add_parser("speed")
    speed.add_argument("--events", type=int, default=100_000)
    sample = commands.add_parser("sample")
    sample.add_argument("record")
    sample.add_argument("sheet", type=Path)
    sample.add_argument("--number", type=int, default=200)
    sample.add_argument("--seed", type=int, default=1)
    judged = commands.add_parser("score")
    judged.add_argument("record")
    judged.add_argument("sheet", type=Path)
    options = parser.parse_args()
    if options.command == "speed":
        measure_speed(options.events)
    elif options.command == "sample":
        write_sample(RecordStore.open(options.record), options.sheet, options.number, options.seed)
    else:
        score(RecordStore.open(options.record), options.sheet)


if __name__ == "__main__":
    sys.exit(main())
