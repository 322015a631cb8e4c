"""Step 5a of the journey, last part: the date of one event, and whether it is told as history.

The candidates of `candidates` are weighed with `data/times/event_time.tsv`. A future act without a stated day, and
background without a date, get no date at all: the publication day would be an invention.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import repeat
from typing import NamedTuple

from dragoman.knowledge import table_cells
from dragoman.model import Article, EventDate, FoundEvent, Granularity, Sentence, TimeMention
from dragoman.times import calendar
from dragoman.times.candidates import BREAKS, Candidate, Timeline, candidates, distance, mood, tense_of
from dragoman.times.lexicon import load_lists

READER_POINTS = 2.5
# How far into its sentence a time that opens it may stand: "In the past, ...".
OPENING = 8
# Characters within which dates are told together.
LAST_TOLD = 200
# With the weights of `reader-4`, by the held-out documents of the labels (F1 of background .639 at 0, .655 at 1).
HISTORY_THRESHOLD = 1.0
UNREAL = frozenset(("future", "hypothetical"))
# Behind the last week and no background yet. A day of this week, which most news name, is often that of another event.
_LATELY = frozenset({"month", "quarter"})
_THIS_WEEK = frozenset({"today", "yesterday", "week"})
_DIRECT_LEADS = frozenset(f"own lead {lead}" for lead in ("in", "on", "since", "from", "during", "of"))
_LETTERS = re.compile(r"[a-z'’]+")
_PAST_PERFECT = re.compile(r"\bhad\b(?! to\b)[^.;]{0,20}$", re.IGNORECASE)


class Dating(NamedTuple):
    """The date of an event, why it is told as background, if it is, and whether its own date says that it is none."""

    date: EventDate
    history: str | None
    is_lately: bool


@cache
def load_weights(table: str) -> Mapping[str, float]:
    """The weights of features, by the name of their table in `data/times/`."""
    return {row[0]: float(row[1]) for row in table_cells("times", f"{table}.tsv")}


def date_event(
    found: FoundEvent, times: Sequence[TimeMention], article: Article, sentences: Sequence[Sentence]
) -> EventDate:
    """Dates an event: an ISO day, `YYYY-MM`, `YYYY` or `start/end`, its granularity, and how it is known.

    `times` are the article's, as `find_times` gives them; `found.times`, where the reader marked any, weigh most.
    The basis says "told with the event", "told in the report" or, weaker, "publication day".
    """
    return date_with_history(found, Timeline(times, article)).date


def date_with_history(found: FoundEvent, timeline: Timeline) -> Dating:
    """What `date_event` and `is_history` say of an event; what both look at is found once."""
    found_dates = list(candidates(found, timeline))
    direct, heaviest = _direct(found, found_dates), _heaviest(found_dates)
    history = _old_date(direct, timeline.article) or _history(found, heaviest, timeline)
    is_past = found.status == "historical" or history is not None
    best = direct or heaviest
    is_lately = history is None and best is not None and _is_lately(best, timeline.article)
    return Dating(_date(found, found_dates, best, is_past=is_past), history, is_lately)


def _is_lately(best: Candidate, article: Article) -> bool:
    """Tells whether the date told with an event is less than three months old; one of this week right behind it."""
    step = distance(best.value, article)
    if best.source != "sentence" or step not in _LATELY | _THIS_WEEK:
        return False
    return step in _LATELY or {"own after breaks 0", "own after words 0"} <= set(best.features)


def _date(found: FoundEvent, found_dates: Sequence[Candidate], best: Candidate | None, *, is_past: bool) -> EventDate:
    if best is None:
        return EventDate(value=None, granularity=None, basis="no time is told and the day of publication is unknown")
    if best.source in {"sentence", "anniversary"}:
        return as_date(best.value, f"told with the event: {best.words}")
    own = _heaviest([c for c in found_dates if c.source in {"sentence", "anniversary"}])
    if is_past and own is not None:
        return as_date(own.value, f"told with the event, as background: {own.words}")
    ahead = _heaviest([c for c in found_dates if c.source == "sentence" and f"own ahead {mood(found)}" in c.features])
    if found.status in UNREAL and ahead is not None:
        return as_date(ahead.value, f"told with the event, still to come: {ahead.words}")
    if is_past or found.status in UNREAL:
        told_as = found.status if found.status != "asserted" else "background"
        return EventDate(value=None, granularity=None, basis=f"{told_as}, and no day is stated")
    return as_date(best.value, _basis(best))


def _direct(found: FoundEvent, found_dates: Sequence[Candidate]) -> Candidate | None:
    """The date that the words leave no doubt about, if there is one.

    What the words count from ("the first anniversary of the invasion"); a day counted from another ("on the eve of the
    July 4 holiday"); the only day in the clause that is not the day of
    saying so ("said Tuesday that troops killed four on Sunday"); or one old date that follows the event's own words at
    once ("signed the treaty in 2019") or that it has gone on since ("since 2014, Russia has occupied the peninsula").
    """
    since = [c for c in found_dates if c.source == "anniversary" and "since words 0" in c.features]
    if len(since) == 1 and mood(found) in {"real", "historical"}:
        return since[0]
    own = [c for c in found_dates if c.source == "sentence"]
    counted = [c for c in own if "own counted" in c.features]
    if len(counted) == 1:
        return counted[0]
    acts = [c for c in own if not {"own lead speech"} <= set(c.features)]
    if len(acts) == 1 < len(own) and "own lead its speech" not in {f for c in own for f in c.features}:
        near = {"own after breaks 0", "own before breaks 0"} & set(acts[0].features)
        return acts[0] if near and "own modifies another noun" not in acts[0].features else None
    if len(own) != 1 or found.status in UNREAL:
        return None
    features = set(own[0].features)
    is_old = features & {f"own {step} {mood(found)}" for step in ("year", "old")}
    follows = {"own after breaks 0"} <= features and features & {"own after words 0", "own after words 1"}
    goes_on = {"own lead since", "own before breaks 0"} <= features
    return own[0] if is_old and (goes_on or follows and features & _DIRECT_LEADS) else None


def _basis(candidate: Candidate) -> str:
    if candidate.source == "story":
        return f"told in the report: {candidate.words}"
    return f"{candidate.words} (weak: no time is told with the event)"


def best_candidate(found: FoundEvent, timeline: Timeline) -> Candidate | None:
    """The date that most speaks for, without asking whether the event is real or past."""
    return _heaviest(candidates(found, timeline))


def _heaviest(found_dates: Iterable[Candidate]) -> Candidate | None:
    weights = load_weights("event_time")
    start = weights.get("(start)", 0.0)
    best, points = None, -math.inf
    for candidate in found_dates:
        own = sum(map(weights.get, candidate.features, repeat(0.0)), start) + READER_POINTS * candidate.is_marked
        if own > points:
            best, points = candidate, own
    return best


def is_history(
    found: FoundEvent, times: Sequence[TimeMention], article: Article, sentences: Sequence[Sentence]
) -> str | None:
    """The reason why an event is background of more than about three months before publication, or None."""
    return date_with_history(found, Timeline(times, article)).history


def _old_date(direct: Candidate | None, article: Article) -> str | None:
    """The reason where the date that the words leave no doubt about is an old one."""
    if direct is None or distance(direct.value, article) not in {"year", "old"}:
        return None
    return f"told as background: of {direct.words}"


def _history(found: FoundEvent, heaviest: Candidate | None, timeline: Timeline) -> str | None:
    weights = load_weights("event_history")
    told = sorted(set(history_features(found, timeline, heaviest)))
    if sum(weights.get(f, 0.0) for f in ("(start)", *told)) < HISTORY_THRESHOLD:
        return None
    speaking = max(told, key=lambda f: weights.get(f, 0.0))
    return f"told as background: {speaking}"


def history_features(found: FoundEvent, timeline: Timeline, best: Candidate | None) -> Iterator[str]:
    """What shows that an event is told as history: its own old date, the past perfect, "since", an anniversary.

    `best` is the date that most speaks for (`best_candidate`).
    """
    article = timeline.article
    own = best if best and best.source in {"sentence", "anniversary"} else None
    yield f"date {distance(own.value, article)}" if own else "date none"
    if own and own.source == "anniversary":
        yield "anniversary"
    sentence, anchor = found.sentence, found.anchor
    before = article.body[sentence.start : anchor.start]
    if _PAST_PERFECT.search(before) or anchor.text.lower().startswith("had "):
        yield "past perfect"
    breaks = BREAKS.findall(before)
    yield f"clause {breaks[-1].lower() if breaks else 'main'}"
    words = set(sentence.text.lower().split())
    yield from (f"word {w}" for w in sorted(words & load_lists()["past"]))
    yield f"in the title {sentence.is_title}"
    earlier = timeline.days_before(sentence) if own is None else ()
    if earlier:
        yield f"story {distance(_newest(earlier).value, article)}"
    inside = timeline.within(sentence)
    olds = [t for t in inside if distance(t.value, article) in {"year", "old"}]
    if olds and own is None:
        near = any(_in_clause(found, t, article) for t in olds)
        yield f"old date in the {'clause' if near else 'sentence'}"
    yield f"type {found.event_type}"
    yield f"tense {tense_of(found)}"
    yield f"reader {found.status == 'historical'}"
    yield from _wording(found, article)
    for mention in inside:
        yield from _time_told(found, mention, article)


def _wording(found: FoundEvent, article: Article) -> Iterator[str]:
    """The words just before the event's own, how those begin, and how far into the report they stand."""
    sentence, anchor = found.sentence, found.anchor
    before = _LETTERS.findall(article.body[sentence.start : anchor.start].lower())
    yield from (f"before {word}" for word in before[-2:])
    own = _LETTERS.findall(anchor.text.lower())
    if own:
        yield f"first {own[0]}"
        yield f"ending {own[0][-2:]}"
    yield f"sentence {min(sentence.index, 6)}"


def _time_told(found: FoundEvent, mention: TimeMention, article: Article) -> Iterator[str]:
    """What kind of time the sentence tells, whether it stands in the event's clause, and the word leading up to it."""
    clause = "here" if _in_clause(found, mention, article) else "elsewhere"
    if mention.value.endswith("REF"):
        kind = mention.value
    elif mention.type == "DURATION":
        kind = re.sub(r"[0-9]+", "9", mention.value)
    else:
        kind = distance(mention.value, article)
    yield f"told {kind} {clause}"
    lead = _LETTERS.findall(article.body[max(found.sentence.start, mention.start - 15) : mention.start].lower())
    yield f"told {mention.type} {lead[-1] if lead else 'at the start'} {_side(found, mention)} {clause}"


def _newest(earlier: Sequence[TimeMention]) -> TimeMention:
    """The newest of the dates last told: "on Wednesday, in the worst fighting since 2020" tells Wednesday."""
    last = [t for t in earlier if t.start > earlier[-1].start - LAST_TOLD]
    return max(last, key=lambda t: calendar.days_of(t.value) or (date.min, date.min))


def _between(found: FoundEvent, mention: TimeMention, article: Article) -> str:
    """The words between an event's own and a time expression."""
    first, last = sorted(((found.anchor.start, found.anchor.end), (mention.start, mention.end)))
    return article.body[first[1] : last[0]]


def _in_clause(found: FoundEvent, mention: TimeMention, article: Article) -> bool:
    """Whether a time expression stands in the event's own clause."""
    between = _between(found, mention, article)
    if mention.start - found.sentence.start < OPENING:
        between = between.removeprefix(",")  # "In the past, they have attacked tankers."
    return "," not in between and not BREAKS.search(between)


def _side(found: FoundEvent, mention: TimeMention) -> str:
    return "after" if mention.start >= found.anchor.end else "before"


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
