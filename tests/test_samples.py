"""The bundled sample reports: marked as samples, and read whole and clean through sources and article."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import dragoman
from dragoman.article import extract_article
from dragoman.article.furniture import plain_words
from dragoman.model import Article, Report
from dragoman.sources import read_reports

FOLDER = Path(dragoman.__file__).parent / "data" / "samples"
PAGES = sorted(path.name for path in FOLDER.glob("*.html"))

# name: (published, basis, paragraphs, first words, last words)
EXPECTED: dict[str, tuple[str, str, int, str, str]] = {
    "continental-ledger-finland.html": ("2023-04-04", "json-ld", 7, "Finland became the 31st", "1939 and 1944."),
    "continental-ledger-nanping.html": ("2022-09-19", "json-ld", 6, "Moscow and Beijing will", "senior diplomat."),
    "continental-ledger-sanctions.html": ("2023-02-25", "json-ld", 7, "The European Union adopted", "does not touch."),
    "daily-lantern-pelosi.html": ("2022-08-02", "meta", 6, "US House Speaker", "its sovereignty."),
    "daily-lantern-saudi-iran.html": ("2023-03-10", "meta", 7, "RIYADH, March 10", "since 2015."),
    "harbour-courier-eclipse.html": ("2022-11-08", "meta", 6, "Early risers", "the dark disc."),
    "harbour-courier-nanping.html": ("2022-09-20", "meta", 8, "Russia’s most senior", "Tajikistan and Uzbekistan."),
    "levant-gulf-review-grain.html": ("2022-07-22", "microdata", 7, "Russia and Ukraine signed", "its promises."),
    "levant-gulf-review-jeddah.html": ("2023-05-21", "microdata", 7, "Sudan’s army", "breaking them."),
    "meridian-wire-saudi-iran.html": ("2023-03-10", "time", 8, "RIYADH, March 10", "since 2015."),
    "meridian-wire-zaporizhzhia.html": ("2022-09-01", "time", 7, "ZAPORIZHZHIA, September 1", "run it."),
    "north-strait-post-finland.html": ("2023-04-05", "url", 6, "Moscow threatened “counter", "to seven."),
    "north-strait-post-saudi-iran.html": ("2023-03-11", "url", 6, "In a deal brokered", "any involvement."),
    "pacific-tribune-taiwan.html": ("2022-08-05", "json-ld", 7, "China fired ballistic", "open conflict."),
    "steppe-sea-observer-armenia.html": ("2022-09-15", "text", 6, "Armenia and Azerbaijan agreed", "its provocations."),
    "steppe-sea-observer-odesa.html": ("2022-07-24", "text", 6, "Russian missiles struck", "Kubrakov said."),
}
FURNITURE = ("sample page", "cookie", "leave a", "share this", "read more", "all rights", "advertisement", "back to")


def read_sample(name: str) -> Article:
    (report,) = read_reports([str(FOLDER / name)])
    assert isinstance(report, Report)
    article = extract_article(report)
    assert isinstance(article, Article)
    return article


def test_every_page_is_expected_and_listed() -> None:
    assert sorted(EXPECTED) == PAGES
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in listed for name in PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_says_that_it_is_a_sample(name: str) -> None:
    page = (FOLDER / name).read_bytes()
    assert b'<meta name="dragoman-sample" content="Written for the Dragoman project from public facts.' in page
    assert b"Sample page written for the Dragoman project" in page
    assert b".example/" in page


@pytest.mark.parametrize("name", PAGES)
def test_reads_whole_and_clean(name: str) -> None:
    published, basis, paragraphs, first, last = EXPECTED[name]
    article = read_sample(name)
    assert (article.published, article.published_basis) == (date.fromisoformat(published), basis)
    assert article.text.startswith(first)
    assert article.text.endswith(last)
    assert len(article.text.split("\n\n")) == paragraphs
    assert 150 <= len(article.text.split()) <= 350
    assert article.title
    assert article.title not in article.text
    assert not [words for words in FURNITURE if words in plain_words(article.text)]
    assert not re.search("[\ufffdâÃ]", article.body)
    assert article.language == "en"


def test_the_wire_copy_is_near_verbatim() -> None:
    wire, copy = (read_sample(f"{outlet}-saudi-iran.html") for outlet in ("meridian-wire", "daily-lantern"))
    shared = set(wire.text.split("\n\n")) & set(copy.text.split("\n\n"))
    assert len(shared) == 6
    assert wire.fingerprint != copy.fingerprint


def test_the_folder_reads_as_sixteen_articles() -> None:
    articles = [extract_article(report) for report in read_reports([str(FOLDER)]) if isinstance(report, Report)]
    assert len(articles) == len({article.id for article in articles if isinstance(article, Article)}) == 16
