"""Links between happenings that are near but not the same: updates, contradictions, and the same told otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from dragoman.model import Link, Record
from dragoman.records.pooling import Happening
from dragoman.records.words import likeness_of
from dragoman.rows import date_bounds

# From which two happenings a day apart, or a day and its month, are linked.
LINKED_WORDS = 0.25
# From which one that is asserted and one that is denied are the same.
DENIED_WORDS = 0.1
# From which two reports of violence on one day, with one victim and two culprits, are the same act told twice.
SAME_CULPRIT_WORDS = 0.5


def link_records(happenings: Iterable[Happening], links: Iterable[tuple[str, Link]]) -> tuple[Record, ...]:
    """The records of the happenings with the links that they hold, as pairs of a record id and a link."""
    held: dict[str, set[Link]] = defaultdict(set)
    for holder, link in links:
        held[holder].add(link)
    return tuple(add_links(happening.record, held[happening.record.record_id]) for happening in happenings)


def add_links(record: Record, links: Iterable[Link]) -> Record:
    """The record with links, and with what contradicts it among its disagreements."""
    ordered = tuple(sorted(links, key=lambda link: (link.kind, link.record_id, link.reason)))
    disputes = tuple(f"{link.reason} ({link.record_id})" for link in ordered if link.kind == "contradicts")
    return replace(record, links=ordered, disagreements=record.disagreements + disputes)


def find_links(
    happenings: Iterable[Happening], *, touching: Collection[str] | None = None
) -> Iterator[tuple[str, Link]]:
    """Links among happenings, each with the id of the record that holds it; every pair is judged on the two alone.

    With `touching`, only of pairs of which one lies in those cells.
    """
    seen: set[tuple[str, str]] = set()
    for bucket in _link_buckets(happenings).values():
        for one, other in _close_pairs(bucket):
            if touching is not None and one.cell not in touching and other.cell not in touching:
                continue
            ids = (one.record.record_id, other.record.record_id)
            if ids not in seen:
                seen.add(ids)
                yield from _judge_pair(one, other)


def _link_buckets(happenings: Iterable[Happening]) -> dict[tuple[str, ...], list[Happening]]:
    """Happenings of one family by each actor, and by each recipient, that they share."""
    buckets: dict[tuple[str, ...], list[Happening]] = defaultdict(list)
    for happening in happenings:
        for actor in happening.record.actors:
            buckets[happening.family, "actor", actor].append(happening)
        for recipient in happening.record.recipients:
            buckets[happening.family, "recipient", recipient].append(happening)
        if not happening.record.actors and not happening.record.recipients:
            buckets[happening.family, "nobody"].append(happening)
    return buckets


def _close_pairs(bucket: Iterable[Happening]) -> Iterator[tuple[Happening, Happening]]:
    """Pairs of happenings whose days overlap or adjoin, by a sweep over first days; undated ones stand alone."""
    dated = [(bounds, happening) for happening in bucket if (bounds := date_bounds(happening.record.date))]
    dated.sort(key=lambda entry: (entry[0], entry[1].record.record_id))
    nearby: list[tuple[tuple[date, date], Happening]] = []
    for bounds, happening in dated:
        nearby = [entry for entry in nearby if (bounds[0] - entry[0][1]).days <= 1]
        for _, earlier in nearby:
            yield earlier, happening
        nearby.append((bounds, happening))


def _judge_pair(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    """Links between two happenings of one family, with a side in common, at most a day apart."""
    statuses = {one.record.status, other.record.status}
    fit = [_side_fit(*sides) for sides in _sides_of(one, other)]
    if "differs" in fit:
        if statuses == {"asserted"} and fit == ["differs", "shared"]:
            yield from _other_culprit(one, other)
    elif statuses == {"asserted", "negated"} and fit.count("open") == 0:
        yield from _contradiction(one, other)
    elif len(statuses) == 1 and one.record.date != other.record.date and fit.count("open") == 0:
        yield from _across_days(one, other)
    elif len(statuses) == 1 and one.record.date == other.record.date:
        yield from _on_one_day(one, other, fit)


def _sides_of(one: Happening, other: Happening) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    yield one.record.actors, other.record.actors
    yield one.record.recipients, other.record.recipients


def _side_fit(one: Sequence[str], other: Sequence[str]) -> str:
    """Whether two happenings share a side (or leave it open both), differ in it, or only one of them leaves it open."""
    if set(one) & set(other) or not (one or other):
        return "shared"
    return "differs" if one and other else "open"


def _other_culprit(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    """A contradiction between two that tell the same act of violence on one day, of two actors."""
    told = (one.record, other.record)
    if {record.event_type for record in told} != {"ASSAULT"} or one.record.date != other.record.date:
        return
    if _length_in_days(one) != 1 or likeness_of(one.words, other.words) < SAME_CULPRIT_WORDS:
        return
    for holder, target in (told, told[::-1]):
        reason = f"names {', '.join(holder.actors)} where the other names {', '.join(target.actors)}"
        yield holder.record_id, Link(kind="contradicts", record_id=target.record_id, reason=reason)


def _on_one_day(one: Happening, other: Happening, fit: Sequence[str]) -> Iterator[tuple[str, Link]]:
    """Links between two of one day that were not merged: told as another type, or with a side left open."""
    if likeness_of(one.words, other.words) < LINKED_WORDS:
        return
    if "open" in fit:
        full, spare = sorted((one, other), key=lambda happening: -_sides_named(happening))
        if _sides_named(full) > _sides_named(spare):
            reason = "names a side that the other leaves open"
            yield full.record.record_id, Link(kind="more precise", record_id=spare.record.record_id, reason=reason)
    elif one.record.event_type != other.record.event_type:
        low, high = sorted((one.record, other.record), key=lambda record: record.record_id)
        reason = f"same day and parties, told as {high.event_type} and as {low.event_type}"
        yield high.record_id, Link(kind="probably same", record_id=low.record_id, reason=reason)


def _sides_named(happening: Happening) -> int:
    return bool(happening.record.actors) + bool(happening.record.recipients)


def _contradiction(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    if likeness_of(one.words, other.words) < DENIED_WORDS:
        return
    for holder, target in ((one.record, other.record), (other.record, one.record)):
        reason = "denied elsewhere" if target.status == "negated" else "reported elsewhere as having taken place"
        yield holder.record_id, Link(kind="contradicts", record_id=target.record_id, reason=reason)


def _across_days(one: Happening, other: Happening) -> Iterator[tuple[str, Link]]:
    if likeness_of(one.words, other.words) < LINKED_WORDS:
        return
    lengths = [_length_in_days(one), _length_in_days(other)]
    if lengths == [1, 1]:
        yield _next_day(*sorted((one, other), key=lambda happening: happening.record.date or ""))
    elif lengths[0] != lengths[1]:
        fine, coarse = (one, other) if lengths[0] < lengths[1] else (other, one)
        reason = f"dated {fine.record.date} where the other says {coarse.record.date}"
        yield fine.record.record_id, Link(kind="more precise", record_id=coarse.record.record_id, reason=reason)


def _length_in_days(happening: Happening) -> int:
    bounds = date_bounds(happening.record.date)
    return (bounds[1] - bounds[0]).days + 1 if bounds else 0


def _next_day(earlier: Happening, later: Happening) -> tuple[str, Link]:
    target = earlier.record.record_id
    for kind in sorted(earlier.harm.keys() & later.harm.keys()):
        before, after = earlier.harm[kind], later.harm[kind]
        if after > before:
            reason = f"{kind}: {after}, after {before} the day before"
            return later.record.record_id, Link(kind="update", record_id=target, reason=reason)
    reason = "same type, parties and words a day apart"
    return later.record.record_id, Link(kind="probably same", record_id=target, reason=reason)
