"""Measures round trips: events out in a form and in again, equal but for the losses that the export names.

    python eval/round_trip.py [--speed ROWS]

Three sources: the hand-labelled events (all statuses, several parties, ranges of days) in `$DRAGOMAN_SHARED` or
`../shared` beside the checkout, the real ICEWS rows there, and these rows again after they went through GDELT, so that
GDELT's and POLECAT's own rows are told too. Exits 3 where the data is missing.

For each source and form: events, rows, the share of rows equal after the round trip once the named fields are left out
(target: all), and the named fields. Then: the cells of real ICEWS rows that come back letter for letter, by column, and
the real GDELT mentions that can be read. `--speed` adds rows a second and peak memory for generated rows.

The comparison does not use the exporter's own bookkeeping: it reads the sentences that a user sees.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dragoman.codebook import load_codebook
from dragoman.exchange import expand_dyads, import_events, write_events
from dragoman.exchange.cells import Unreadable
from dragoman.exchange.gdelt import MENTIONS, read_mention
from dragoman.exchange.knowledge import columns_of
from dragoman.exchange.tally import blank
from dragoman.model import Event, Skip
from dragoman.rows import event_row

FORMS = ("gdelt1", "gdelt2", "icews", "polecat", "plover")
DYADIC = ("gdelt1", "gdelt2", "icews")
ICEWS_SAMPLE = "data/event_files/inst/extdata/events.2018.sample.tab"
MENTION_SAMPLE = "data/event_files/data/mentionssamp.csv"
# Columns of ICEWS that the record holds; the others (District, Story ID's twin Sentence Number) are not looked at.
ICEWS_KEPT = ("Event ID", "Event Date", "Source Name", "Source Country", "Event Text", "CAMEO Code", "Target Name",
              "Target Country", "Story ID", "Publisher", "City", "Country", "Latitude", "Longitude")  # fmt: skip
_NAMED = re.compile(r"([a-z_.]+) \(\d+ of \d+ rows?\): ")

Row = dict[str, Any]


def find_shared() -> Path:
    shared = Path(os.environ.get("DRAGOMAN_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (shared / "gold" / "train_gold.jsonl").is_file():
        sys.stderr.write("the shared data is not here: set DRAGOMAN_SHARED to its folder\n")
        raise SystemExit(3)
    return shared


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--speed", type=int, default=0, metavar="ROWS", help="rows to generate for speed and memory")
    asked = parser.parse_args()
    shared = find_shared()
    with tempfile.TemporaryDirectory() as folder:
        is_whole = measure_round_trips(shared, Path(folder))
        measure_icews_cells(shared / ICEWS_SAMPLE, Path(folder))
        measure_mentions(shared / MENTION_SAMPLE)
        if asked.speed:
            measure_speed(asked.speed, Path(folder))
    return 0 if is_whole else 1


# --- round trips ---


def measure_round_trips(shared: Path, folder: Path) -> bool:
    icews_rows = [event_row(event) for event in events_of(shared / ICEWS_SAMPLE, "icews")]
    sources = {
        "labelled": list(labelled_rows(shared / "gold" / "train_gold.jsonl")),
        "ICEWS": icews_rows,
        "ICEWS through GDELT": [event_row(event) for event in through(icews_rows, "gdelt1", folder)[0]],
    }
    print("source               form      events    rows   equal  target  named fields")
    results = [measure(name, rows, form, folder) for name, rows in sources.items() for form in FORMS]
    return all(results)


def measure(name: str, rows: list[Row], form: str, folder: Path) -> bool:
    """Prints what comes back of one source in one form; tells whether all of it is equal."""
    back, losses = through(rows, form, folder)
    lost = frozenset(match[1] for loss in losses if (match := _NAMED.match(loss)))
    wanted = [told for row in rows for told in told_rows(row, form)]
    equal = count_equal(wanted, back, lost)
    share = equal / max(len(wanted), len(back), 1)
    print(f"{name:<20} {form:<8} {len(rows):>7} {len(back):>7}  {share:>6.1%}    100%  {' '.join(sorted(lost))}")
    for loss in losses:
        if not _NAMED.match(loss):
            print(f"{'':<30}{loss}")
    return equal == len(wanted) == len(back)


def told_rows(row: Row, form: str) -> list[Row]:
    if form not in DYADIC:
        return [row]
    return expand_dyads(row) if row["status"] == "asserted" else []


def count_equal(wanted: list[Row], back: list[Event], lost: frozenset[str]) -> int:
    pairs = zip(wanted, back, strict=False)
    return sum(blank(event_row(event), lost) == blank(row, lost) for row, event in pairs)


def through(rows: Iterable[Row], form: str, folder: Path) -> tuple[list[Event], tuple[str, ...]]:
    """The events that come back, and the losses that the export names."""
    path = folder / f"events.{form}"
    with path.open("w", encoding="utf8", newline="\n") as out:
        losses = write_events(rows, form, out)
    return events_of(path, form), losses


def events_of(path: Path, form: str) -> list[Event]:
    return [found for found in import_events([path], form) if isinstance(found, Event)]


def labelled_rows(path: Path) -> Iterator[Row]:
    """The hand-labelled events as event rows."""
    codebook = load_codebook()
    with path.open(encoding="utf8") as lines:
        for number, line in enumerate(lines):
            label = json.loads(line)
            if label["type"] in codebook.types:
                yield labelled_row(label, f"label{number}")


def labelled_row(label: Row, event_id: str) -> Row:
    codebook = load_codebook()
    event_type, value = label["type"], label["date"]
    mode = label["mode"] if label["mode"] in codebook.types[event_type].modes else None
    spans = {"sentence": (label["sent_start"], label["sent_end"]), "anchor": (label["start"], label["end"])}
    return {
        "doc": label["doc"],
        "event_id": event_id,
        "event_type": event_type,
        "mode": mode,
        "contexts": label["contexts"],
        "status": label["status"],
        "quad": codebook.quad(event_type),
        "intensity": codebook.intensity(event_type, mode),
        "confidence": 1.0,
        "basis": "labelled",
        "actors": [party_row(party) for party in label["actors"]],
        "recipients": [party_row(party) for party in label["recipients"]],
        "date": value,
        "date_granularity": {10: "day", 7: "month", 4: "year"}.get(len(value), "range") if value else None,
        "date_basis": "labelled",
        "place": None,
        "attributed_to": None,
        **{name: {"start": start, "end": end, "text": "x" * (end - start)} for name, (start, end) in spans.items()},
        "article_id": label["doc"],
        "url": None,
        "publisher": None,
        "published": label["published"],
        "coder": "labels",
        "codebook": codebook.version,
    }


def party_row(label: Row) -> Row:
    text = label["text"]
    start = label.get("start") or 0
    return {
        "text": text,
        "start": start,
        "end": start + len(text),
        "code": label.get("code"),
        "sectors": [label["sector"]] if label.get("sector") else [],
        "name": None,
        "identifier": None,
        "basis": "labelled",
    }


# --- real files ---


def measure_icews_cells(sample: Path, folder: Path) -> None:
    """How many cells of real ICEWS rows an import and an export give back as they were."""
    out = io.StringIO()
    found = list(import_events([sample], "icews"))
    events = [one for one in found if isinstance(one, Event)]
    reasons = Counter(one.reason for one in found if isinstance(one, Skip))
    print(f"\nICEWS sample: {len(found)} rows, {len(events)} events, declined: {dict(reasons)}")
    write_events((event_row(event) for event in events), "icews", out)
    written = {row["Event ID"]: row for row in table(out.getvalue())}
    rows = [row for row in table(sample.read_text(encoding="utf8")) if row["Event ID"] in written]
    for column in ICEWS_KEPT:
        same = sum(row[column] == written[row["Event ID"]][column] for row in rows)
        print(f"  {column:<16} {same / len(rows):>7.2%} of cells as they were")


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def measure_mentions(sample: Path) -> None:
    rows = list(csv.reader(sample.read_text(encoding="utf8").splitlines()))[1:]
    readable = 0
    for row in rows:
        try:
            readable += bool(read_mention("\t".join(row))["GLOBALEVENTID"])
        except Unreadable:
            continue
    print(f"\nGDELT mentions sample: {readable} of {len(rows)} rows read ({len(columns_of(MENTIONS))} columns)")


# --- speed ---


def measure_speed(count: int, folder: Path) -> None:
    """Rows a second and peak memory of generated GDELT rows: import, and export from what was imported."""
    path = folder / "many.csv"
    columns = columns_of("gdelt2")
    with path.open("w", encoding="utf8") as out:
        for number in range(1, count + 1):
            cells = {
                "GLOBALEVENTID": str(number),
                "SQLDATE": "20250301",
                "EventCode": "043",
                "Actor1CountryCode": "FRA",
                "Actor2CountryCode": "DEU",
                "SOURCEURL": f"https://sample.example/{number // 5}",
            }
            out.write("\t".join(cells.get(column, "") for column in columns) + "\n")
    before = peak_memory()
    started = time.perf_counter()
    read = sum(1 for _ in import_events([path], "gdelt2"))
    print(f"\nimport gdelt2: {read / (time.perf_counter() - started):,.0f} rows/s")
    started = time.perf_counter()
    rows = (event_row(event) for event in import_events([path], "gdelt2") if isinstance(event, Event))
    with (folder / "again.csv").open("w", encoding="utf8") as out:
        write_events(rows, "gdelt2", out)
    print(f"import and export gdelt2: {read / (time.perf_counter() - started):,.0f} rows/s")
    print(f"memory grew by {peak_memory() - before:,.0f} MB over {count:,} rows")


def peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
