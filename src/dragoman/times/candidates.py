"""Step 5a of the journey, second half: the dates that an event may have, and what speaks for and against each.

Every expression of the event's sentence, the dates told elsewhere in the report, and the publication day are
candidates. Features name what stands between an expression and the event's own words, what leads up to it, and how
far it lies from publication; `dating` weighs them. Nothing is decided here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

from dragoman.model import Article, FoundEvent, Sentence, TimeMention
from dragoman.times import calendar
from dragoman.times.lexicon import load_lexicon, load_lists

Source = Literal["sentence", "anniversary", "story", "publication", "address"]
# What is done by saying it: "said Monday" is as much the day of the act as of the speech.
SPOKEN = frozenset(("REQUEST", "ACCUSE", "REJECT", "THREATEN", "SUPPORT", "AGREE"))
BACKGROUND_DAYS = 92
MAX_TOLD = 4
STEM = 5
COUNT_REACH = 32
BESIDE = 4
_WORD = re.compile(r"[\w’'-]+|[^\w\s]")
BREAKS = re.compile(
    r"[;:—–]|\b(?:who|which|that|while|when|after|before|as|because|if|where|since|amid|following|but|and|said|says|told)\b",
    re.IGNORECASE,
)
_ADDRESS_DAY = re.compile(r"(?<!\d)(20\d\d)([/-])([01]?\d|[a-z]{3})\2([0-3]?\d)(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SINCE = re.compile(r"\s+(?:after|since|on from|following)\b", re.IGNORECASE)
_ANNIVERSARY = re.compile(r"\b(?P<number>[\w-]{2,12}) anniversary (?:of|since)\b", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b(?:(?P<number>[\w-]{1,12})\s(?P<unit>days?|weeks?)\s(?P<way>after|before)|(?:the\s)?eve\sof)\b[^.;,]{0,20}$",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"P(\d{1,4})([DWMY])$")


class Candidate(NamedTuple):
    """A date an event may have, where it comes from, and the features that speak for and against it."""

    value: str
    source: Source
    words: str
    features: tuple[str, ...]
    is_marked: bool = False


class Timeline:
    """The times of an article as its events ask for them: each event looks at those near its sentence.

    `times` are those that `find_times` gives, in the order of the text.
    """

    def __init__(self, times: Sequence[TimeMention], article: Article) -> None:
        self.times = times
        self.article = article
        self.lengths = [(t, length) for t in times if (length := _LENGTH.match(t.value))]
        self._starts = [t.start for t in times]
        self._dated = [t for t in times if t.type in {"DATE", "TIME"} and calendar.days_of(t.value)]
        self._dated_starts = [t.start for t in self._dated]
        self._days = [t for t in self._dated if t.type == "DATE"]
        self._day_starts = [t.start for t in self._days]

    def within(self, sentence: Sentence) -> Sequence[TimeMention]:
        """All times of a sentence."""
        return self.times[bisect_left(self._starts, sentence.start) : bisect_left(self._starts, sentence.end)]

    def split(self, sentence: Sentence) -> tuple[list[TimeMention], list[TimeMention]]:
        """The dates of a sentence, and of the others those nearest to where it begins, the nearest first."""
        first, last = bisect_left(self._dated_starts, sentence.start), bisect_left(self._dated_starts, sentence.end)
        around = [*self._dated[max(0, first - MAX_TOLD) : first], *self._dated[last : last + MAX_TOLD]]
        near = sorted(around, key=lambda t: abs(t.start - sentence.start))[:MAX_TOLD]
        return self._dated[first:last], near

    def days_before(self, sentence: Sentence) -> list[TimeMention]:
        """The dates, and not the hours, that are told before a sentence."""
        return self._days[: bisect_left(self._day_starts, sentence.start)]


def candidates(found: FoundEvent, timeline: Timeline) -> Iterator[Candidate]:
    """Every date an event may have: of its sentence, of the report, of publication."""
    article = timeline.article
    inside, near = timeline.split(found.sentence)
    for mention in inside:
        marked = any(mention.start < s.end and s.start < mention.end for s in found.times)
        features = tuple(_inside_features(found, mention, article, inside))
        value = _to_the_last(_moved(found, mention, article), mention, inside, article)
        counted = ("own counted",) if value != mention.value else ()
        yield Candidate(value, "sentence", mention.text, (*features, *counted), marked)
    yield from _lengths_since(found, timeline)
    yield from _anniversaries(found, article)
    yield from _told_elsewhere(found, near, article, has_own=bool(inside))
    yield from _published(found, article, has_own=bool(inside))


def _to_the_last(value: str, mention: TimeMention, inside: Sequence[TimeMention], article: Article) -> str:
    """The range of "between July 3 and July 5"; the value itself where no range is told."""
    joined = {" and ": ("between",), " to ": ("from",), " until ": ("from",), " through ": ("from",)}
    lead = article.body[max(0, mention.start - 8) : mention.start].lower().split()
    for other in inside:
        leads = joined.get(article.body[mention.end : other.start], ()) if other.start > mention.end else ()
        if lead and lead[-1] in leads and calendar.days_of(f"{value}/{other.value}"):
            return f"{value}/{other.value}"
    return value


def _moved(found: FoundEvent, mention: TimeMention, article: Article) -> str:
    """The value an expression has for this event: the eve of it, two days after it, the weekday still to come."""
    if found.status == "future" and article.published and mention.basis.startswith("rule: weekday"):
        day = calendar.days_of(mention.value)
        # Not yesterday's: news that tells of it as to come was written the day before it was published.
        ahead = calendar.add_days(day[0], 7) if day and (article.published - day[0]).days > 1 else None
        return ahead.isoformat() if ahead else mention.value
    lead = article.body[max(found.sentence.start, mention.start - COUNT_REACH) : mention.start]
    counted = _COUNTED.search(lead)
    if counted is None or len(mention.value) != 10:
        return mention.value
    between = article.body[mention.end : found.anchor.start]
    if found.anchor.start >= mention.end and len(between) < COUNT_REACH and "," not in between:
        return mention.value  # "two days after the July 4 attack": the attack itself keeps its day
    days = calendar.days_of(mention.value)
    shift = _days_counted(counted)
    moved = calendar.add_days(days[0], shift) if days else None
    return moved.isoformat() if moved else mention.value


def _days_counted(counted: re.Match[str]) -> int:
    number = (counted["number"] or "1").lower()
    kind, value = load_lexicon().words.get(number, ("N", number))
    count = int(value) if kind in "Na" and value.isdigit() and len(value) < 4 else 1
    weeks = 7 if (counted["unit"] or "").lower().startswith("week") else 1
    return count * weeks * (1 if (counted["way"] or "").lower() == "after" else -1)


def _lengths_since(found: FoundEvent, timeline: Timeline) -> Iterator[Candidate]:
    """The day from which a length is counted to publication, or to a date beside it: "two years since the uprising"."""
    times, article = timeline.times, timeline.article
    for mention, length in timeline.lengths:
        if not (article.published and found.sentence.start <= mention.start < found.anchor.start):
            continue
        if not _SINCE.match(article.body, mention.end, min(mention.end + 12, found.sentence.end)):
            continue
        if any(mention.end < t.start < mention.end + COUNT_REACH and calendar.days_of(t.value) for t in times):
            continue  # "two days after the July 4 attack" counts from July 4
        if "," in article.body[mention.end : found.anchor.start]:
            continue  # "two years since the uprising, the president met": he did not meet then
        base = next((t.value for t in times if 0 <= mention.start - t.end < BESIDE and calendar.days_of(t.value)), None)
        value = _counted_back(base or article.published.isoformat(), int(length[1]), length[2])
        if value:
            features = _since_features(found, article, mention.end, length[2])
            yield Candidate(value, "anniversary", mention.text, features)


def _anniversaries(found: FoundEvent, article: Article) -> Iterator[Candidate]:
    """The year that an anniversary recalls: "the second anniversary of the attack"."""
    if article.published is None:
        return
    before = article.body[found.sentence.start : found.anchor.start]
    for told in _ANNIVERSARY.finditer(before):
        year = article.published.year - _ordinal(told["number"])
        if 0 < year < article.published.year:
            features = _since_features(found, article, found.sentence.start + told.end(), "Y")
            yield Candidate(f"{year:04d}", "anniversary", told[0], features)


def _since_features(found: FoundEvent, article: Article, end: int, unit: str) -> tuple[str, ...]:
    words = len(_WORD.findall(article.body[end : found.anchor.start]))
    return "since", f"since {unit}", f"since words {min(words // 3, 3)}", f"since {mood(found)}"


def _ordinal(text: str) -> int:
    """The number of "second", "20th" or "10-year"; 0 where it is none."""
    digits = re.match(r"\d{1,3}", text)
    if digits:
        return int(digits[0])
    kind, value = load_lexicon().words.get(text.lower().removesuffix("-year"), ("", ""))
    return int(value) if kind in {"O", "N"} and value.isdigit() else 0


def _counted_back(value: str, count: int, unit: str) -> str | None:
    """The value that lies so many units before another: a day before a day, a month before a month."""
    days = calendar.days_of(value)
    if days is None:
        return None
    first = days[0]
    if unit in {"M", "Y"}:
        month = calendar.add_months(first.year, first.month, -count * (12 if unit == "Y" else 1))
        # Every month has 28 days: the end of a month counts back to the end of another, near enough.
        told = f"{month}-{min(first.day, 28):02d}" if month else None
    else:
        day = calendar.add_days(first, -count * {"D": 1, "W": 7}[unit])
        told = day.isoformat() if day else None
    return told[: len(value)] if told and len(value) in {4, 7, 10} else None


def _inside_features(
    found: FoundEvent, mention: TimeMention, article: Article, inside: Sequence[TimeMention]
) -> Iterator[str]:
    anchor = found.anchor
    after = mention.start >= anchor.end
    overlaps = mention.start < anchor.end and anchor.start < mention.end
    side = "in" if overlaps else "after" if after else "before"
    between = article.body[anchor.end : mention.start] if after else article.body[mention.end : anchor.start]
    words = len(_WORD.findall(between))
    breaks = len(BREAKS.findall(between))
    yield "own"
    yield f"own {side}"
    yield f"own {side} words {min(words // 3, 4)}"
    yield f"own {side} breaks {min(breaks, 2)}"
    lead = _lead(mention, article, found)
    yield f"own lead {lead}"
    if lead == "speech" and side == "after" and load_lists()["speech"] & set(anchor.text.lower().split()):
        yield "own lead its speech"
    yield f"own lead {lead} {'speaks' if found.event_type in SPOKEN else 'acts'}"
    yield f"own {side} breaks {min(breaks, 2)} lead {lead}"
    yield f"own {side} {distance(mention.value, article)}"
    yield f"own {distance(mention.value, article)} {mood(found)}"
    yield f"own grain {_grain(mention.value)}"
    if _modifies(mention, article) and not overlaps:
        yield "own modifies another noun"
    if len(inside) > 1:
        yield f"own {'speech' if lead == 'speech' else 'no speech'} {side} of several"
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


def distance(value: str, article: Article) -> str:
    return _distance(value, article.published)


@lru_cache(maxsize=4096)  # asked for every time of an article by every event of it
def _distance(value: str, published: date | None) -> str:
    days = calendar.days_of(value)
    if days is None or published is None:
        return "unknown"
    if days[0] > published:
        return "ahead"
    behind = (published - days[1]).days
    steps = ((0, "today"), (1, "yesterday"), (7, "week"), (31, "month"), (BACKGROUND_DAYS, "quarter"), (400, "year"))
    return next((name for limit, name in steps if behind <= limit), "old")


def _grain(value: str) -> str:
    days = calendar.days_of(value)
    length = (days[1] - days[0]).days if days else 0
    return "day" if length == 0 else "week" if length < 10 else "month" if length < 32 else "long"


def mood(found: FoundEvent) -> str:
    return found.status if found.status in {"historical", "future", "hypothetical"} else "real"


def _told_elsewhere(
    found: FoundEvent, near: Sequence[TimeMention], article: Article, *, has_own: bool
) -> Iterator[Candidate]:
    """The dates of the nearest other sentences: the report's own day, as a rule, stands in its lead."""
    titled = article.text_start
    stems = _own_stems(found.anchor.text)
    seen: set[str] = set()
    for rank, mention in enumerate(near):
        value = mention.value[:10]
        if value in seen:
            continue
        seen.add(value)
        place = "before" if mention.start < found.sentence.start else "after"
        title = "title" if found.sentence.is_title else "text"
        gap = distance(mention.value, article)
        shares = not stems.isdisjoint(_stems_around(article.body, mention.start, mention.end))
        features = (
            "story",
            f"story rank {rank}",
            f"story {place} {title}",
            f"story {gap} {mood(found)}",
            f"story {gap} {title}",
            f"story grain {_grain(mention.value)}",
            f"story own {has_own}",
            f"story lead {_story_lead(article.body, mention.start)}",
            f"story in the title {mention.start < titled}",
            f"story away {min(abs(mention.start - found.sentence.start) // 200, 4)}",
            f"story of {len(near)} {gap}",
            f"story sentence {min(found.sentence.index, 3)} rank {rank}",
            f"story shares {shares}",
            f"story shares {shares} {gap}",
            f"story {gap} {title}",
            f"story weekday {mention.basis.startswith('rule: weekday')} {gap}",
            f"story {_voice(found)} {gap}",
        )
        yield Candidate(mention.value, "story", mention.text, features)


@lru_cache(maxsize=4096)  # of an event's own words, which are few
def _own_stems(text: str) -> frozenset[str]:
    return _stems(text)


def _stems(text: str) -> frozenset[str]:
    return frozenset([w[:STEM].lower() for w in _WORD.findall(text) if len(w) >= STEM - 1])


@lru_cache(maxsize=64)  # one event after another asks for the same few times
def _stems_around(body: str, start: int, end: int) -> frozenset[str]:
    """The words around a time up to the next full stops: enough to see whether they tell the same event."""
    first = max(body.rfind(". ", 0, start), body.rfind("\n", 0, start), start - 300)
    last = body.find(". ", end, end + 300)
    return _stems(body[first + 1 : last if last >= 0 else end + 300])


def _voice(found: FoundEvent) -> str:
    return f"{'speaks' if found.event_type in SPOKEN else 'acts'} {tense_of(found)}"


@lru_cache(maxsize=64)
def _story_lead(body: str, start: int) -> str:
    words = _WORD.findall(body[max(0, start - 20) : start])
    low = words[-1].lower() if words else ""
    return (
        low if low in {"on", "in", "since", "until", "by"} else "speech" if low in load_lists()["speech"] else "other"
    )


def _published(found: FoundEvent, article: Article, *, has_own: bool) -> Iterator[Candidate]:
    published = article.published
    if published is None:
        return
    shared = (f"title {found.sentence.is_title}", f"own {has_own}", _voice(found))
    yield Candidate(
        published.isoformat(), "publication", "publication day", ("published", *(f"published {s}" for s in shared))
    )
    address = address_day(article.url)
    if address and (published - address).days in {1, 2}:
        lag = f"address {(published - address).days}"
        yield Candidate(address.isoformat(), "address", "day in the address", (lag, *(f"{lag} {s}" for s in shared)))


def tense_of(found: FoundEvent) -> str:
    """Whether the event's own words look like a headline's present, a simple past or a perfect."""
    return _tense(found.anchor.text)


@lru_cache(maxsize=4096)
def _tense(text: str) -> str:
    words = text.lower().split()
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
