"""How fast each step is here, in CPU time of one core, and what that makes of archives up to a year of CC-NEWS.

Measured on full articles of a shared news set, rendered as pages and packed as a crawl packs them (`ray_warc.py`):
going through the archive, cleaning pages, reading them (gate, events, actors, times, places, codes), storing and
merging them. The size of a year of CC-NEWS is no measurement: it is what the options say.

    python eval/sizes.py [--articles 80] [--archives 5500] [--pages 35000] [--english 0.45] [--price 0.04]
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ray_warc import SHARED, crawl_records

from dragoman.adding import Adding
from dragoman.article import extract_article
from dragoman.coder import Coded
from dragoman.model import Article, Report
from dragoman.pipeline import Desk, Work
from dragoman.sources.archives import ArchiveSpan, plan_spans, read_span
from dragoman.store import RecordStore

NEWS = SHARED / "data/news/allsides_odd_months.jsonl.xz"
# Each article is stored this many times under other names, so that storing is measured on a record of some size.
COPIES = 20
HOURS = 3600


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds of CPU a page or an article takes in each step, and what it leaves on disk (bytes)."""

    walk: float
    clean: float
    read: float
    store: float
    merge: float
    packed: float
    kept: float
    events: float


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    answer = work()
    return time.process_time() - began, answer


def make_archive(path: Path, articles: int) -> int:
    with lzma.open(NEWS, "rt", encoding="utf8") as lines:
        items = [json.loads(line) for line in islice(lines, articles)]
    with path.open("wb") as out:
        for number, item in enumerate(items, start=1):
            for part in crawl_records(item, number):
                out.write(gzip.compress(part))
    return len(items)


def copy_of(coded: Coded, number: int) -> Coded:
    """The same article under another name, a day apart for each copy."""
    article = replace(coded.article, id=f"{coded.article.id[:-4]}{number:04d}")
    events = [
        replace(one, event_id=f"{one.event_id}{number}", evidence=replace(one.evidence, article_id=article.id))
        for one in coded.events
    ]
    return replace(coded, article=article, events=tuple(events), statements=())


def measure(folder: Path, articles: int) -> Rates:
    path = folder / "news.warc.gz"
    pages = make_archive(path, articles)
    walk, _ = cpu(lambda: list(plan_spans(ArchiveSpan(path=str(path)), 384)))
    opened, reports = cpu(lambda: [one for one in read_span(ArchiveSpan(path=str(path))) if isinstance(one, Report)])
    extract_article(reports[0])  # loads what cleaning needs
    clean, found = cpu(lambda: [extract_article(report) for report in reports])
    number = sum(isinstance(one, Article) for one in found)
    desk = Desk(Work())
    desk(reports[:2])
    both, coded = cpu(lambda: [one for one in desk(reports) if isinstance(one, Coded)])
    store = RecordStore.open(folder / "record", create=True)
    adding = Adding(store, coder="sizes", tell=lambda _: None, keep_text=False)
    adding.store(coded)
    copies = [copy_of(one, turn) for turn in range(COPIES) for one in coded]
    stored, _ = cpu(lambda: adding.store(copies))
    merged, _ = cpu(store.merge)
    kept = sum(file.stat().st_size for file in (folder / "record").rglob("*.parquet"))
    total = number * (COPIES + 1)
    return Rates(
        walk=(walk + opened) / pages, clean=clean / pages, read=max(0.0, both - clean) / number,
        store=stored / len(copies), merge=merged / total, packed=path.stat().st_size / pages, kept=kept / total,
        events=adding.events / total,
    )  # fmt: skip


def tell(rates: Rates, *, archives: int, pages: int, english: float, price: float) -> None:
    steps = {
        "a page of any language, through the archive": rates.walk,
        "an English page, cleaned": rates.clean,
        "an article, read": rates.read,
        "an article, stored": rates.store,
        "an article, merged": rates.merge,
    }
    print("CPU time of one core, milliseconds:")
    for what, seconds in steps.items():
        print(f"  {what:45}{1000 * seconds:9.2f}")
    print(f"a page in the archive: {rates.packed / 1000:.1f} kB packed")
    print(f"an article in the record: {rates.kept / 1000:.2f} kB, {rates.events:.1f} events")
    busy = (rates.clean + rates.read) * english / (rates.walk + rates.store * english)
    print(f"cores that one writer, which also plans, keeps busy: {busy:.0f}\n")
    print(f"{'':12}{'pages':>14}{'articles':>14}{'core hours':>12}{'64 cores, h':>12}{'record, GB':>12}{'cost':>10}")
    for name, share in (("an archive", 1), ("a day", archives / 365), ("a month", archives / 12), ("a year", archives)):
        every = share * pages
        read = every * english
        seconds = every * rates.walk + read * (rates.clean + rates.read + rates.store + rates.merge)
        hours, size = seconds / HOURS, read * rates.kept / 1e9
        print(f"{name:12}{every:>14,.0f}{read:>14,.0f}{hours:>12,.1f}{hours / 64:>12,.2f}", end="")
        print(f"{size:>12,.2f}{hours * price:>10,.2f}")
    print(f"given: {archives:,} archives a year of {pages:,} pages, {english:.0%} of them English, {price} a core hour")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=80)
    parser.add_argument("--archives", type=int, default=5_500)
    parser.add_argument("--pages", type=int, default=35_000)
    parser.add_argument("--english", type=float, default=0.45)
    parser.add_argument("--price", type=float, default=0.04)
    given = parser.parse_args()
    if not NEWS.is_file():
        print(f"{NEWS} is not here: set DRAGOMAN_SHARED to the folder that holds data/news.", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        rates = measure(Path(folder), given.articles)
    tell(rates, archives=given.archives, pages=given.pages, english=given.english, price=given.price)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
