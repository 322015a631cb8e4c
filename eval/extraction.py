"""Measures main text, title, date and authors on real pages, beside rivals and a floor.

    python eval/extraction.py [--part held-out|tuning|all] [--set fundus|trafilatura|both] [--english] [--languages]

Needs the shared data (`$DRAGOMAN_SHARED`, or `../shared` beside the checkout); exits 3 where it is missing. Pages are
split in two by a digest of their names: thresholds were chosen on `tuning`, figures are quoted from `held-out`.
Rivals are measured where they are installed (readability-lxml, newspaper4k, resiliparse; trafilatura always is).

Text: F1 over words (a bag of words each side, mean over pages) on the Fundus pages, whose gold is the whole text; on
the trafilatura pages, whose gold is passages that must and must not be there, F1 over passages. Date: the share of
pages with the gold's day. Title and authors: the share equal in words to the gold's.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import lzma
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import trafilatura
from lxml import html

from dragoman.article.dates import read_date
from dragoman.article.encoding import decode_page
from dragoman.article.furniture import drop_furniture, plain_words
from dragoman.article.language import identify_language
from dragoman.article.page import read_page

# What may not be lost on the held-out Fundus pages; measured figures are in docs/decisions/0003-extractor.md.
FLOORS = {"text": 0.94, "date": 0.97, "title": 0.79, "authors": 0.83}


@dataclass(frozen=True)
class Gold:
    name: str
    page: bytes
    url: str
    title: str = ""
    date: str = ""
    authors: tuple[str, ...] = ()
    text: str = ""
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


@dataclass
class Found:
    text: str = ""
    title: str = ""
    date: str = ""
    authors: tuple[str, ...] = ()


@dataclass
class Score:
    text: list[float] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def shared_folder() -> Path:
    named = os.environ.get("DRAGOMAN_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data" / "pages").is_dir():
        print(
            "The shared pages are not here: set DRAGOMAN_SHARED to the folder that holds data/pages.", file=sys.stderr
        )
        raise SystemExit(3)
    return folder / "data" / "pages"


def part_of(name: str) -> str:
    return "tuning" if hashlib.sha256(name.encode()).digest()[0] % 2 else "held-out"


def read_fundus(folder: Path) -> Iterator[Gold]:
    for path in sorted(folder.glob("fundus/*/*.json")):
        meta = json.loads((path.parent / "meta.info").read_text(encoding="utf-8"))
        pages = {page: gzip.decompress(page.read_bytes()) for page in path.parent.glob(f"{path.stem}_*.html.gz")}
        for gold in json.loads(path.read_text(encoding="utf-8")).values():
            page = max(pages, key=lambda page: words_there(gold, pages[page]))
            yield Gold(
                name=f"{path.parent.name}/{page.name}",
                page=pages[page],
                url=meta[page.name]["url"],
                title=gold["title"] or "",
                date=(gold["publishing_date"] or "")[:10],
                authors=tuple(gold.get("authors") or ()),
                text="\n".join(gold_paragraphs(gold)),
            )


def gold_paragraphs(gold: dict[str, Any]) -> list[str]:
    body = gold["body"] or {"summary": [], "sections": []}
    sections = [text for section in body["sections"] for text in (*section["headline"], *section["paragraphs"])]
    return [*body["summary"], *sections]


def words_there(gold: dict[str, Any], page: bytes) -> int:
    """How many of the gold's paragraphs begin somewhere in the page: tells which page of an outlet the gold is of."""
    text = plain_words(page.decode("utf-8", errors="replace"))
    return sum(plain_words(paragraph)[:40] in text for paragraph in (*gold_paragraphs(gold), gold["title"] or ""))


def read_trafilatura(folder: Path) -> Iterator[Gold]:
    golds = json.loads((folder / "trafilatura" / "evaldata.json").read_text(encoding="utf-8"))
    for url, gold in golds.items():
        path = folder / "trafilatura" / "html" / f"{gold['file']}.gz"
        if not path.exists():
            continue
        yield Gold(
            name=path.name,
            page=gzip.decompress(path.read_bytes()),
            url=url,
            title=first_of(gold.get("title")),
            date=first_of(gold.get("date")),
            authors=tuple(gold_authors(gold.get("author") or "")),
            wanted=tuple(gold["with"]),
            unwanted=tuple(gold["without"]),
        )


def first_of(stated: str | list[str] | None) -> str:
    """Some rows give a list of readings that count as right; the first is the page's own."""
    return (stated[0] if stated else "") if isinstance(stated, list) else stated or ""


def gold_authors(stated: str | list[str]) -> list[str]:
    names = stated if isinstance(stated, list) else stated.split("; ")
    return [name for name in names if name]


def ours(gold: Gold) -> Found:
    page = read_page(decode_page(gold.page), gold.url)
    return Found(
        text="\n".join(drop_furniture(page.paragraphs, page.titles)),
        title=page.title,
        date=page.published.isoformat() if page.published else "",
        authors=page.authors,
    )


def trafilatura_alone(gold: Gold) -> Found:
    found: Any = trafilatura.bare_extraction(gold.page, url=gold.url, with_metadata=True, include_comments=False)
    if found is None:
        return Found()
    authors = tuple(name for name in (found.author or "").split("; ") if name)
    return Found(text=found.text or "", title=found.title or "", date=found.date or "", authors=authors)


def whole_page(gold: Gold) -> Found:
    """The floor: every word of the page, its title element, the first date in it."""
    tree = html.document_fromstring(decode_page(gold.page).encode(), parser=html.HTMLParser(encoding="utf-8"))
    for element in list(tree.iter("script", "style", "noscript")):
        element.drop_tree()
    day = read_date(gold.url)
    return Found(text=tree.text_content(), title=tree.findtext(".//title") or "", date=day.isoformat() if day else "")


def readability_alone(gold: Gold) -> Found:
    from readability import Document

    document = Document(decode_page(gold.page))
    text = html.fromstring(document.summary()).text_content()
    return Found(text=text, title=document.title() or "")


def newspaper_alone(gold: Gold) -> Found:
    import newspaper

    article = newspaper.article(gold.url, input_html=decode_page(gold.page), fetch_images=False)
    day = article.publish_date.date().isoformat() if article.publish_date else ""
    return Found(text=article.text, title=article.title, date=day, authors=tuple(article.authors))


def resiliparse_alone(gold: Gold) -> Found:
    from resiliparse.extract.html2text import extract_plain_text

    return Found(text=extract_plain_text(decode_page(gold.page), main_content=True))


EXTRACTORS: dict[str, Callable[[Gold], Found]] = {
    "dragoman": ours,
    "trafilatura": trafilatura_alone,
    "readability-lxml": readability_alone,
    "newspaper4k": newspaper_alone,
    "resiliparse": resiliparse_alone,
    "whole page": whole_page,
}
# What has to be installed before a rival can be measured: without it there is no figure, not a figure of zero.
RIVAL_MODULES = {"readability-lxml": "readability", "newspaper4k": "newspaper", "resiliparse": "resiliparse"}


def word_f1(found: str, gold: str) -> float:
    left, right = Counter(plain_words(found).split()), Counter(plain_words(gold).split())
    common = (left & right).total()
    return 2 * common / (left.total() + right.total()) if common else 0.0


def passage_f1(found: str, gold: Gold) -> float:
    text = plain_words(found)
    kept = sum(plain_words(passage) in text for passage in gold.wanted)
    wrong = sum(plain_words(passage) in text for passage in gold.unwanted)
    return 2 * kept / (kept + wrong + len(gold.wanted)) if kept else 0.0


def add_score(score: Score, found: Found, gold: Gold) -> None:
    score.text.append(word_f1(found.text, gold.text) if gold.text else passage_f1(found.text, gold))
    pairs = {
        "title": (plain_words(found.title), plain_words(gold.title)),
        "date": (found.date[:10], gold.date[:10]),
        "authors": (sorted(map(plain_words, found.authors)), sorted(map(plain_words, gold.authors))),
    }
    for name, (is_there, wanted) in pairs.items():
        if wanted:
            score.asked[name] += 1
            score.hits[name] += is_there == wanted


def measure(golds: list[Gold], extract: Callable[[Gold], Found], *, show: bool = False) -> Score:
    score = Score()
    for gold in golds:
        start = time.perf_counter()
        try:
            found = extract(gold)
        except Exception as error:  # noqa: BLE001 - a rival's crash is its result
            print(f"  {extract.__name__} fails on {gold.name}: {error!r:.80}", file=sys.stderr)
            found = Found()
        score.seconds += time.perf_counter() - start
        add_score(score, found, gold)
        if show:
            show_misses(found, gold, score.text[-1])
    return score


def show_misses(found: Found, gold: Gold, text: float) -> None:
    if text < 0.8:
        print(f"  text  {gold.name}: {text:.2f}")
    if gold.date and found.date != gold.date[:10]:
        print(f"  date  {gold.name}: {found.date or '-'} for {gold.date[:10]}")
    if gold.title and plain_words(found.title) != plain_words(gold.title):
        print(f"  title {gold.name}: {found.title!r} for {gold.title!r}")
    if gold.authors and sorted(map(plain_words, found.authors)) != sorted(map(plain_words, gold.authors)):
        print(f"  authors {gold.name}: {found.authors} for {gold.authors}")


def print_score(name: str, score: Score) -> None:
    shares = [score.hits[key] / score.asked[key] if score.asked[key] else 0.0 for key in ("date", "title", "authors")]
    text = sum(score.text) / max(len(score.text), 1)
    cells = "  ".join(f"{share:7.3f}" for share in (text, *shares))
    print(f"{name:<18}{cells}  {1000 * score.seconds / max(len(score.text), 1):9.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["held-out", "tuning", "all"], default="held-out")
    parser.add_argument("--set", choices=["fundus", "trafilatura", "both"], default="both")
    parser.add_argument(
        "--english", action="store_true", help="only pages whose gold text, or extracted text, is English"
    )
    parser.add_argument("--misses", action="store_true", help="show where dragoman differs from the gold")
    parser.add_argument("--languages", action="store_true", help="measure the refusal of other languages instead")
    parser.add_argument("--only", nargs="*", help="these extractors only")
    options = parser.parse_args()
    folder = shared_folder()
    if options.languages:
        measure_languages(folder)
        return 0
    readers = {"fundus": read_fundus, "trafilatura": read_trafilatura}
    for name in readers if options.set == "both" else [options.set]:
        golds = [gold for gold in readers[name](folder) if options.part in {"all", part_of(gold.name)}]
        if options.english:
            golds = [gold for gold in golds if identify_language(gold.text or ours(gold).text) == "en"]
        print(f"\n{name}, {options.part}: {len(golds)} pages{', English' if options.english else ''}")
        print(f"{'':<18}{'text F1':>7}  {'date':>7}  {'title':>7}  {'authors':>7}  {'ms a page':>9}")
        for label, extract in EXTRACTORS.items():
            if options.only and label not in options.only:
                continue
            if label in RIVAL_MODULES and find_spec(RIVAL_MODULES[label]) is None:
                print(f"{label:<18}not installed, not measured")
            else:
                print_score(label, measure(golds, extract, show=options.misses and extract is ours))
        print_floors(name)
    return 0


def page_language(gold: Gold) -> str:
    found = re.search(rb"<html[^>]{0,500}\slang=[\"']?([a-zA-Z]{2})", gold.page[:5000])
    return found.group(1).decode().lower() if found else ""


def measure_languages(folder: Path) -> None:
    """How often English is refused and other languages are let through; a page's language is what its markup states."""
    golds = [*read_fundus(folder), *read_trafilatura(folder)]
    texts = [(page_language(gold), gold.text or ours(gold).text) for gold in golds]
    with lzma.open(folder.parent / "news" / "headlines_2025.jsonl.xz", "rt", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    headlines = [("en", f"{item.get('title') or ''}\n{item['text']}") for item in items]
    # Titles of held-out pages whose text is not English either: the languages of short texts were chosen on the others.
    foreign = [
        (language, gold.title)
        for (language, text), gold in zip(texts, golds, strict=True)
        if gold.title and part_of(gold.name) == "held-out" and identify_language(text) != "en"
    ]
    titles = [*foreign, *(("en", item["title"]) for item in items if item.get("title"))]
    for name, pairs in {"pages": texts, "headline items": headlines, "titles": titles}.items():
        asked = [(language == "en", identify_language(text) == "en") for language, text in pairs if language and text]
        refused = sum(is_english and not is_read for is_english, is_read in asked)
        let_in = sum(is_read and not is_english for is_english, is_read in asked)
        english = sum(is_english for is_english, _ in asked)
        print(f"{name}: {refused} of {english} English refused; {let_in} of {len(asked) - english} others let in")


def print_floors(name: str) -> None:
    if name == "fundus":
        print(f"{'floor':<18}" + "  ".join(f"{FLOORS[key]:7.3f}" for key in ("text", "date", "title", "authors")))


if __name__ == "__main__":
    sys.exit(main())
