"""Step 5a of the journey, second half: the date of one event.

Every expression of the event's sentence, the dates told elsewhere in the report, and the publication day with the day
before it are candidates. What stands between an expression and the event's own words, what leads up to it, and how
far it lies from publication speak for or against it, with the weights of `data/times/event_time.tsv`. A future act
without a stated day, and background without a date, get no date at all: the publication day would be an invention.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from heapq import nsmallest
from typing import Literal

from dragoman.model import Article, EventDate, FoundEvent, Granularity, Sentence, TimeMention
from dragoman.times import calendar
from dragoman.times.lexicon import load_lists, read_table

Source = Literal["sentence", "anniversary", "story", "publication", "address"]
READER_POINTS = 2.5
BACKGROUND_DAYS = 92
HISTORY_THRESHOLD = 0.0
MAX_TOLD = 4
UNREAL = frozenset(("future", "hypothetical"))
_WORD = re.compile(r"[\w’'-]+|[^\w\s]")
_BREAKS = re.compile(
    r"[;:—–]|\b(?:who|which|that|while|when|after|before|as|because|if|where|since|amid|following|but|and|said|says|told)\b",
    re.IGNORECASE,
)
_ADDRESS_DAY = re.compile(r"(?<!\d)(20\d\d)([/-])([01]?\d|[a-z]{3})\2([0-3]?\d)(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DIRECT_LEADS = frozenset(f"own lead {lead}" for lead in ("in", "on", "since", "from", "during", "of"))
_SINCE = re.compile(r"\s+(?:after|since|on from|following)\b", re.IGNORECASE)
_LENGTH = re.compile(r"P(\d{1,4})([DWMY])$")
_PAST_PERFECT = re.compile(r"\bhad\b(?! to\b)[^.;]{0,20}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A date an event may have, where it comes from, and the features that speak for and against it."""

    value: str
    source: Source
    words: str
    features: tuple[str, ...]
    is_marked: bool = False


@cache
def load_weights(table: str) -> Mapping[str, float]:
    """The weights of features, by the name of their table in `data/times/`."""
    return {row[0]: float(row[1]) for row in read_table("times", f"{table}.tsv")}


def date_event(
    found: FoundEvent, times: Sequence[TimeMention], article: Article, sentences: Sequence[Sentence]
) -> EventDate:
    """Dates an event: an ISO day, `YYYY-MM`, `YYYY` or `start/end`, its granularity, and how it is known.

    `times` are the article's, as `find_times` gives them; `found.times`, where the reader marked any, weigh most.
    The basis says "told with the event", "told in the report" or, weaker, "publication day" and "day before
    publication".
    """
    found_dates = list(candidates(found, times, article))
    best = _direct(found, found_dates) or _heaviest(found_dates)
    if best is None:
        return EventDate(value=None, granularity=None, basis="no time is told and the day of publication is unknown")
    if best.source in {"sentence", "anniversary"}:
        return as_date(best.value, f"told with the event: {best.words}")
    is_past = found.status == "historical" or _history(found, found_dates, times, article) is not None
    own = _heaviest([c for c in found_dates if c.source in {"sentence", "anniversary"}])
    if is_past and own is not None:
        return as_date(own.value, f"told with the event, as background: {own.words}")
    if is_past or found.status in UNREAL:
        told_as = found.status if found.status != "asserted" else "background"
        return EventDate(value=None, granularity=None, basis=f"{told_as}, and no day is stated")
    return as_date(best.value, _basis(best))


def _direct(found: FoundEvent, found_dates: Sequence[Candidate]) -> Candidate | None:
    """The one old date that follows the event's own words at once ("signed the treaty in 2019"), if there is one."""
    own = [c for c in found_dates if c.source == "sentence"]
    if len(own) != 1 or found.status in UNREAL:
        return None
    features = set(own[0].features)
    is_old = features & {f"own {step} {_mood(found)}" for step in ("year", "old")}
    follows = {"own after breaks 0"} <= features and features & {"own after words 0", "own after words 1"}
    return own[0] if is_old and follows and features & _DIRECT_LEADS else None


def _basis(candidate: Candidate) -> str:
    if candidate.source == "story":
        return f"told in the report: {candidate.words}"
    return f"{candidate.words} (weak: no time is told with the event)"


def best_candidate(found: FoundEvent, times: Sequence[TimeMention], article: Article) -> Candidate | None:
    """The date that most speaks for, without asking whether the event is real or past."""
    return _heaviest(candidates(found, times, article))


def _heaviest(found_dates: Iterable[Candidate]) -> Candidate | None:
    weights = load_weights("event_time")
    best, points = None, -math.inf
    for candidate in found_dates:
        own = sum(weights.get(f, 0.0) for f in ("(start)", *candidate.features)) + READER_POINTS * candidate.is_marked
        if own > points:
            best, points = candidate, own
    return best


def candidates(found: FoundEvent, times: Sequence[TimeMention], article: Article) -> Iterator[Candidate]:
    """Every date an event may have: of its sentence, of the report, of publication."""
    sentence = found.sentence
    dated = [t for t in times if t.type in {"DATE", "TIME"} and calendar.days_of(t.value)]
    inside = [t for t in dated if sentence.start <= t.start < sentence.end]
    for mention in inside:
        marked = any(mention.start < s.end and s.start < mention.end for s in found.times)
        features = tuple(_inside_features(found, mention, article, inside))
        yield Candidate(mention.value, "sentence", mention.text, features, marked)
    yield from _anniversaries(found, times, article)
    yield from _told_elsewhere(found, [t for t in dated if t not in inside], article, has_own=bool(inside))
    yield from _published(found, article, has_own=bool(inside))


def _anniversaries(found: FoundEvent, times: Sequence[TimeMention], article: Article) -> Iterator[Candidate]:
    """The day from which a length is counted to the publication day: "two years since the uprising"."""
    for mention in times:
        length = _LENGTH.match(mention.value)
        if not (length and article.published and found.sentence.start <= mention.start < found.anchor.start):
            continue
        if not _SINCE.match(article.body, mention.end, min(mention.end + 12, found.sentence.end)):
            continue
        day = _before(article.published, int(length[1]), length[2])
        if day:
            words = len(_WORD.findall(article.body[mention.end : found.anchor.start]))
            features = ("since", f"since {length[2]}", f"since words {min(words // 3, 3)}", f"since {_mood(found)}")
            yield Candidate(day.isoformat(), "anniversary", mention.text, features)


def _before(published: date, count: int, unit: str) -> date | None:
    if unit == "Y":
        last = 28 if published.month == 2 else 31
        return calendar.make_day(published.year - count, published.month, min(published.day, last))
    return calendar.add_days(published, -count * {"D": 1, "W": 7, "M": 30}[unit])


def _inside_features(
    found: FoundEvent, mention: TimeMention, article: Article, inside: Sequence[TimeMention]
) -> Iterator[str]:
    anchor = found.anchor
    after = mention.start >= anchor.end
    overlaps = mention.start < anchor.end and anchor.start < mention.end
    side = "in" if overlaps else "after" if after else "before"
    between = article.body[anchor.end : mention.start] if after else article.body[mention.end : anchor.start]
    words = len(_WORD.findall(between))
    breaks = len(_BREAKS.findall(between))
    yield "own"
    yield f"own {side}"
    yield f"own {side} words {min(words // 3, 4)}"
    yield f"own {side} breaks {min(breaks, 2)}"
    lead = _lead(mention, article, found)
    yield f"own lead {lead}"
    if lead == "speech" and side == "after" and load_lists()["speech"] & set(anchor.text.lower().split()):
        yield "own lead its speech"
    yield f"own {_distance(mention.value, article)} {_mood(found)}"
    yield f"own grain {_grain(mention.value)}"
    if _modifies(mention, article) and not overlaps:
        yield "own modifies another noun"
    if len(inside) > 1:
        nearest = min(inside, key=lambda t: _gap(t, found))
        yield "own nearest of several" if mention is nearest else "own farther of several"


def _gap(mention: TimeMention, found: FoundEvent) -> int:
    return max(mention.start - found.anchor.end, found.anchor.start - mention.end, 0)


def _lead(mention: TimeMention, article: Article, found: FoundEvent) -> str:
    words = _WORD.findall(article.body[max(found.sentence.start, mention.start - 25) : mention.start])
    if not words:
        return "start"
    low: str = words[-1].lower()
    if low in load_lists()["before a time"]:
        return low
    if low in load_lists()["speech"]:
        return "speech"
    return "word"


def _modifies(mention: TimeMention, article: Article) -> bool:
    """Whether an expression stands before a noun as an adjective does ("the 2016 robbery", "Thursday's summit")."""
    head = article.body[max(0, mention.start - 5) : mention.start].lower().split()
    tail = article.body[mention.end : mention.end + 12]
    leads = bool(head) and head[-1] in {"the", "a", "an"} or mention.text.lower().startswith("the ")
    follows = bool(re.match(r" [a-z]{4,}", tail))
    return tail[:2] in {"'s", "’s"} or (leads and follows)


def _distance(value: str, article: Article) -> str:
    days = calendar.days_of(value)
    if days is None or article.published is None:
        return "unknown"
    if days[0] > article.published:
        return "ahead"
    behind = (article.published - days[1]).days
    steps = ((0, "today"), (1, "yesterday"), (7, "week"), (31, "month"), (BACKGROUND_DAYS, "quarter"), (400, "year"))
    return next((name for limit, name in steps if behind <= limit), "old")


def _grain(value: str) -> str:
    days = calendar.days_of(value)
    length = (days[1] - days[0]).days if days else 0
    return "day" if length == 0 else "week" if length < 10 else "month" if length < 32 else "long"


def _mood(found: FoundEvent) -> str:
    return found.status if found.status in {"historical", "future", "hypothetical"} else "real"


def _told_elsewhere(
    found: FoundEvent, dated: Sequence[TimeMention], article: Article, *, has_own: bool
) -> Iterator[Candidate]:
    """The dates of the nearest other sentences: the report's own day, as a rule, stands in its lead."""
    titled = article.text_start
    near = nsmallest(MAX_TOLD, dated, key=lambda t: abs(t.start - found.sentence.start))
    seen: set[str] = set()
    for rank, mention in enumerate(near):
        value = mention.value[:10]
        if value in seen:
            continue
        seen.add(value)
        place = "before" if mention.start < found.sentence.start else "after"
        title = "title" if found.sentence.is_title else "text"
        distance = _distance(mention.value, article)
        features = (
            "story",
            f"story rank {rank}",
            f"story {place} {title}",
            f"story {distance} {_mood(found)}",
            f"story {distance} {title}",
            f"story grain {_grain(mention.value)}",
            f"story own {has_own}",
            f"story lead {_story_lead(mention, article)}",
            f"story in the title {mention.start < titled}",
        )
        yield Candidate(mention.value, "story", mention.text, features)


def _story_lead(mention: TimeMention, article: Article) -> str:
    words = _WORD.findall(article.body[max(0, mention.start - 20) : mention.start])
    low = words[-1].lower() if words else ""
    return (
        low if low in {"on", "in", "since", "until", "by"} else "speech" if low in load_lists()["speech"] else "other"
    )


def _published(found: FoundEvent, article: Article, *, has_own: bool) -> Iterator[Candidate]:
    published = article.published
    if published is None:
        return
    address = address_day(article.url)
    lag = (published - address).days if address else None
    group = "known" if lag in {0, 1, 2} else "none"
    shared = (f"type {found.event_type}", f"title {found.sentence.is_title}", f"own {has_own}", _tense(found))
    for shift, words in ((0, "publication day"), (1, "day before publication")):
        day = published - timedelta(days=shift)
        features = (f"published -{shift}", f"published -{shift} address {lag if group == 'known' else 'none'}")
        yield Candidate(
            day.isoformat(), "publication", words, (*features, *(f"published -{shift} {s}" for s in shared))
        )
    if address and lag == 2:
        yield Candidate(
            address.isoformat(), "address", "day in the address", ("address", *(f"address {s}" for s in shared))
        )


def _tense(found: FoundEvent) -> str:
    """Whether the event's own words look like a headline's present, a simple past or a perfect."""
    words = found.anchor.text.lower().split()
    if words[:1] and words[0] in load_lists()["auxiliary"]:
        return "perfect"
    if any(w.endswith("ed") for w in words) or load_lists()["simple past"] & set(words):
        return "past"
    return "present" if words[:1] and words[0].endswith("s") else "noun"


def address_day(url: str | None) -> date | None:
    """The day that many outlets write into an article's address, or None."""
    match = _ADDRESS_DAY.search(url.lower()) if url else None
    if match is None:
        return None
    year, _, month, day = match.groups()
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1 if month in _MONTHS else 0
    return calendar.make_day(int(year), number, int(day))


def is_history(
    found: FoundEvent, times: Sequence[TimeMention], article: Article, sentences: Sequence[Sentence]
) -> str | None:
    """The reason why an event is background of more than about three months before publication, or None."""
    return _history(found, list(candidates(found, times, article)), times, article)


def _history(
    found: FoundEvent, found_dates: Sequence[Candidate], times: Sequence[TimeMention], article: Article
) -> str | None:
    direct = _direct(found, found_dates)
    if direct is not None and direct.words:
        return f"told as background: of {direct.words}"
    weights = load_weights("event_history")
    told = sorted(set(history_features(found, times, article, _heaviest(found_dates))))
    if sum(weights.get(f, 0.0) for f in ("(start)", *told)) < HISTORY_THRESHOLD:
        return None
    speaking = max(told, key=lambda f: weights.get(f, 0.0))
    return f"told as background: {speaking}"


def history_features(
    found: FoundEvent, times: Sequence[TimeMention], article: Article, best: Candidate | None
) -> Iterator[str]:
    """What shows that an event is told as history: its own old date, the past perfect, "since", an anniversary.

    `best` is the date that most speaks for (`best_candidate`).
    """
    own = best if best and best.source in {"sentence", "anniversary"} else None
    yield f"date {_distance(own.value, article)}" if own else "date none"
    if own and own.source == "anniversary":
        yield "anniversary"
    sentence, anchor = found.sentence, found.anchor
    before = article.body[sentence.start : anchor.start]
    if _PAST_PERFECT.search(before) or anchor.text.lower().startswith("had "):
        yield "past perfect"
    breaks = _BREAKS.findall(before)
    yield f"clause {breaks[-1].lower() if breaks else 'main'}"
    words = set(sentence.text.lower().split())
    yield from (f"word {w}" for w in sorted(words & load_lists()["past"]))
    yield f"in the title {sentence.is_title}"
    earlier = [t for t in times if t.start < sentence.start and t.type == "DATE" and calendar.days_of(t.value)]
    if earlier and own is None:
        yield f"story {_distance(earlier[-1].value, article)}"
    olds = [
        t for t in times if sentence.start <= t.start < sentence.end and _distance(t.value, article) in {"year", "old"}
    ]
    if olds and own is None:
        yield "old date in the sentence"
    yield f"type {found.event_type}"
    yield f"tense {_tense(found)}"
    yield f"reader {found.status == 'historical'}"


def as_date(value: str, basis: str) -> EventDate:
    """An event's date from a TIMEX3 value; weeks, quarters, seasons and decades become ranges of days."""
    days = calendar.days_of(value)
    if days is None:
        return EventDate(value=None, granularity=None, basis=basis)
    first, last = days
    granularity: Granularity
    if first == last:
        return EventDate(value=first.isoformat(), granularity="day", basis=basis)
    if len(value) == 7 and value[5].isdigit():
        return EventDate(value=value, granularity="month", basis=basis)
    if len(value) == 4 and value.isdigit():
        return EventDate(value=value, granularity="year", basis=basis)
    granularity = "quarter" if "-Q" in value else "week" if "-W" in value else "range"
    return EventDate(value=f"{first.isoformat()}/{last.isoformat()}", granularity=granularity, basis=basis)
