"""Measures places against LGL, and the dates and places of events against the training gold's check documents.

usage: eval/places.py [--part kept|tuning|all]

`kept` (the default) is the fifth of LGL that nothing was tuned on, and the 15 % of the training gold's documents that
no weight was fitted on. Events are the gold's own (anchor, type, status, parties), as a reader would hand them on, but
without marked times and places: the stages are measured alone. Country names that the shared table lacks ("Palestinian
Territory", "Czech Republic") are scored both ways. Exits 3 without `shared`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from types import ModuleType

from gold_events import GoldEvent, is_elsewhere, read_gold, same_date, shared_folder
from times import Document, choose, load_scorer

from dragoman.model import Article, PlaceMention
from dragoman.places import PlaceIndex
from dragoman.reader.sentences import split_article
from dragoman.times import date_event, find_times, is_history

UNNAMED = {"palestinian territory": "PSE", "czech republic": "CZE"}
NEAR_KM = 161


def measure_lgl(documents: list[Document], scorer: ModuleType, index: PlaceIndex) -> Counter[str]:
    count: Counter[str] = Counter()
    for name, fields, spans in documents:
        article = Article(id=name, doc=name, title="", text=fields["text"])
        sentences = split_article(article)
        begin = time.process_time()
        places = index.find_places(article, sentences)
        count["ms"] += int(1e6 * (time.process_time() - begin))
        pairs = scorer.match(spans, [(p.start, p.end, p) for p in places], scorer.over)
        count.update(gold=len(spans), found=len(places), hit=len(pairs), sentences=len(sentences))
        for gold, told in pairs:
            count.update(judge(gold, told[2], scorer))
    return count


def judge(
    gold: tuple[int, int, float | None, float | None, str | None], told: PlaceMention, scorer: ModuleType
) -> Iterable[str]:
    if gold[2] is not None:
        yield "placed"
        if scorer.km(gold[2], gold[3], told.latitude, told.longitude) <= NEAR_KM:
            yield "near"
    if gold[4]:
        name = gold[4].lower()
        yield "countries"
        if told.country == scorer.ALPHA3.get(name, gold[4]):
            yield "country"
        if told.country == UNNAMED.get(name, scorer.ALPHA3.get(name, gold[4])):
            yield "country mended"


def measure_events(events: list[GoldEvent], index: PlaceIndex) -> Counter[str]:
    count: Counter[str] = Counter()
    for event in events:
        times = find_times(event.article, event.sentences)
        places = index.find_places(event.article, event.sentences)
        told = date_event(event.found, times, event.article, event.sentences)
        right = same_date(event.gold["date"], told.value)
        if right is not None:
            count.update(dates=1, date=int(right))
            if is_elsewhere(event.gold["date"], event.gold["published"]):
                count.update(elsewheres=1, elsewhere=int(right))
        place = index.place_event(event.found, places, event.article)
        country = (event.gold["place"] or {}).get("country")
        count.update(given=int(place is not None and bool(country or not event.gold["place"])))
        if country:
            count.update(places=1, place=int(place is not None and place.country == country))
        if event.found.status in {"asserted", "historical"}:
            plain = replace(event.found, status="asserted")
            past = is_history(plain, times, event.article, event.sentences) is not None
            was = event.found.status == "historical"
            count.update(past=int(past), was=int(was), both=int(past and was))
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("kept", "tuning", "all"), default="kept")
    part = str(parser.parse_args().part)
    scorer, index = load_scorer(), PlaceIndex.load()
    documents = choose(list(scorer.places(str(shared_folder() / "data" / "place" / "lgl.xml"))), part)
    c = measure_lgl(documents, scorer, index)
    print(f"LGL, {part}: {len(documents)} documents, {c['ms'] / 1000 / c['sentences']:.2f} ms a sentence")
    print(f"recognised     F1 {2 * c['hit'] / (c['gold'] + c['found']):.3f}   target 0.75")
    print(f"within 161 km     {c['near'] / c['placed']:.3f}   target 0.78")
    print(f"country           {c['country'] / c['countries']:.3f}   target 0.95")
    print(f"country, with the two names mended {c['country mended'] / c['countries']:.3f}")
    events = [e for e in read_gold("train") if part == "all" or e.is_check == (part == "kept")]
    c = measure_events(events, index)
    print(f"events, {part}: {len(events)} of the training gold")
    print(f"date              {c['date'] / c['dates']:.3f} of {c['dates']}   target 0.80")
    print(f"date elsewhere    {c['elsewhere'] / c['elsewheres']:.3f} of {c['elsewheres']}   target 0.60")
    print(f"place country     {c['place'] / c['places']:.3f} of {c['places']}   target 0.80")
    print(f"of the places given, right {c['place'] / max(c['given'], 1):.3f}")
    print(
        f"historical, without a reader's status F1 {2 * c['both'] / (c['past'] + c['was']):.3f}   target 0.55 with it"
    )


if __name__ == "__main__":
    main()
