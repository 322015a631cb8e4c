"""Events in, linked records out: cells are grouped, groups pooled, happenings linked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from dragoman.model import Event, Record
from dragoman.records.belief import Sources
from dragoman.records.cells import cell_of
from dragoman.records.grouping import group_readings
from dragoman.records.links import find_links, link_records
from dragoman.records.pooling import Happening, pool_readings
from dragoman.records.readings import Reading, prepare


def merge_events(
    events: Iterable[Event],
    *,
    copies: Collection[tuple[str, str]] = (),
    wires: Mapping[str, str] | None = None,
    superseded: Mapping[str, str] | None = None,
) -> tuple[Record, ...]:
    """The happenings that the events report, sorted by date and id, linked with each other.

    `copies` are pairs of article ids that are near-verbatim copies (`find_copies`) or editions of one story, `wires`
    the agency an article credits (`find_wire`), `superseded` the later edition of an article (`find_versions`). The
    outcome depends on the set of events alone.
    """
    ordered = frozenset((min(pair), max(pair)) for pair in copies)
    sources = Sources(copies=ordered, wires=wires or {}, superseded=superseded or {})
    happenings = cluster_events(events, sources)
    return link_records(happenings, find_links(happenings))


def cluster_events(events: Iterable[Event], sources: Sources) -> list[Happening]:
    """The merged happenings, not yet linked. An event id met twice counts once, with its most confident reading."""
    cells: dict[str, list[Reading]] = defaultdict(list)
    for event in _distinct(events):
        cells[cell_of(event)].append(prepare(event, sources.topics.get(event.evidence.article_id, ())))
    happenings = [pool_readings(cluster, sources) for cell in sorted(cells) for cluster in group_readings(cells[cell])]
    return sorted(happenings, key=lambda happening: (happening.record.date or "", happening.record.record_id))


def _distinct(events: Iterable[Event]) -> list[Event]:
    kept: dict[str, Event] = {}
    for event in events:
        known = kept.get(event.event_id)
        if known is None or (event.confidence, event.evidence.coder) > (known.confidence, known.evidence.coder):
            kept[event.event_id] = event
    return [kept[event_id] for event_id in sorted(kept)]
