"""Editions: which articles are versions of one story, and which of them a later one takes the place of.

Stands beside merging (Event -> Record). A page that changed under its link, "UPDATE 2" or "CORRECTED" before a
headline, and one headline in many outlets are one story, hence one voice. A later edition supersedes an earlier one:
the record keeps both, and believes the later. A live blog only adds: what it no longer shows is not withdrawn.

It refuses to call two stories one for a short or a general headline, or when days lie between them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import combinations

from dragoman.addresses import split_address
from dragoman.model import Article
from dragoman.records import load_priors

_WORD = re.compile(r"[^\W_]+")
# A corrected edition comes after the one of the same number, and before the next.
_NUMBER, _CORRECTED = 2, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An article as an edition of a story. `story` begins with `link` or `headline`, after what makes it one.

    `stage` orders editions of one day: 0 for one without a mark, twice the number of an update, 1 more if corrected.
    """

    article_id: str
    story: str
    publisher: str | None
    published: date | None
    stage: int
    is_live: bool


def editions_of(article: Article) -> Iterator[Edition]:
    """The stories that an article is an edition of: by its link, and by its headline where that says enough."""
    bare, stage = _read_marks(article.title)
    is_live = bool(_marks().live.search(article.title)) or "/live" in (path_of(article.url))
    stories = []
    if article.url:
        stories.append(f"link {_digest(_link(article.url))}")
    words = _WORD.findall(bare.casefold())
    if len(words) >= load_priors()["editions"]["headline_words"]:
        stories.append(f"headline {_digest(' '.join(words))}")
    for story in stories:
        yield Edition(
            article_id=article.id, story=story, publisher=article.publisher, published=article.published, stage=stage,
            is_live=is_live,
        )  # fmt: skip


def path_of(url: str | None) -> str:
    """The path of a link, "" where it has none or is broken."""
    parts = split_address(url)
    return parts.path if parts else ""


def _link(url: str) -> str:
    """A link without what varies between visits: scheme, `www.`, fragment, tracking parameters, closing slash."""
    parts = split_address(url)
    if parts is None:
        return url
    tracking = tuple(load_priors()["editions"]["tracking"])
    query = "&".join(part for part in parts.query.split("&") if part and not part.startswith(tracking))
    return f"{parts.netloc.casefold().removeprefix('www.')}{parts.path.rstrip('/')}?{query}"


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Marks:
    numbered: re.Pattern[str]
    corrected: re.Pattern[str]
    live: re.Pattern[str]


@cache
def _marks() -> _Marks:
    marks = load_priors()["editions"]
    return _Marks(*(re.compile(marks[name], re.IGNORECASE) for name in ("numbered", "corrected", "live")))


def _read_marks(title: str) -> tuple[str, int]:
    """A headline without its marks, and the stage that they give it.

    >>> _read_marks("UPDATE 2-Ministers sign treaty on grain"), _read_marks("CORRECTED: Ministers sign treaty on grain")
    (('Ministers sign treaty on grain', 4), ('Ministers sign treaty on grain', 1))
    """
    marks = _marks()
    numbered = marks.numbered.search(title)
    number = next((int(one) for one in numbered.groups() if one), 1) if numbered else 0
    stage = _NUMBER * number + (_CORRECTED if marks.corrected.search(title) else 0)
    return marks.live.sub("", marks.corrected.sub("", marks.numbered.sub("", title))).strip(" -:–—"), stage


def find_versions(editions: Iterable[Edition]) -> tuple[frozenset[tuple[str, str]], dict[str, str]]:
    """Pairs of article ids (smaller first) that are one story, and for each superseded article the last that did so.

    Every pair is judged on the two alone, so that the order of reading does not matter.
    """
    by_story: dict[str, list[Edition]] = {}
    for edition in editions:
        by_story.setdefault(edition.story, []).append(edition)
    pairs: set[tuple[str, str]] = set()
    later: dict[str, Edition] = {}
    for members in by_story.values():
        for one, other in _close(members):
            pairs.add((min(one.article_id, other.article_id), max(one.article_id, other.article_id)))
            older, newer = sorted((one, other), key=_rank)
            if _supersedes(newer, older) and _rank(newer) > _rank(later.get(older.article_id, older)):
                later[older.article_id] = newer
    return frozenset(pairs), {article_id: edition.article_id for article_id, edition in later.items()}


def _close(members: Sequence[Edition]) -> Iterator[tuple[Edition, Edition]]:
    """Pairs of editions of one story; those by headline alone only if they appeared within a few days."""
    reach = load_priors()["editions"]["days"]
    for one, other in combinations(members, 2):
        if one.article_id == other.article_id:
            continue  # read twice
        days = (one.published, other.published)
        if one.story.startswith("link") or (days[0] and days[1] and abs((days[0] - days[1]).days) <= reach):
            yield one, other


def _rank(edition: Edition) -> tuple[date, int, str]:
    return edition.published or date.min, edition.stage, edition.article_id


def _supersedes(newer: Edition, older: Edition) -> bool:
    """Whether an edition takes the place of an older one: later by its day or its mark; not in a live blog."""
    if newer.is_live or older.is_live or None in {newer.published, older.published}:
        return False
    if newer.story.startswith("headline") and newer.publisher != older.publisher and newer.stage <= older.stage:
        return False  # one headline in two outlets: syndicated
    return _rank(newer)[:2] > _rank(older)[:2]


def to_row(edition: Edition, *, added: int) -> dict[str, object]:
    """An edition as a row of the editions table."""
    return {**{name: getattr(edition, name) for name in Edition.__dataclass_fields__}, "added": added}


def from_row(row: Mapping[str, object]) -> Edition:
    """The edition that `to_row` was made from."""
    return Edition(**{name: row[name] for name in Edition.__dataclass_fields__})  # type: ignore[arg-type]
