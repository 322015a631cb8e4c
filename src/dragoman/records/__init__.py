"""Events -> Records: what many voices report once.

Stands between coding and counting (Event -> Record -> Tie). Takes events in any order and pools those that report one
happening: same type (or one of the same family), same status, same day, parties in common on both sides, and words
that agree. What is near but not the same stays apart and is linked with a reason.

It refuses to add a happening that no event reports, to let an event go unrecorded, and to pool what is asserted with
what is denied, planned or supposed. Merging is a function of the set of events: neither the order of reading nor the
number of batches changes an id or a cluster.
"""

from __future__ import annotations

from dragoman.records.merging import (
    Acts,
    Happening,
    Sources,
    add_links,
    cell_of,
    cluster_events,
    family_of,
    find_copies,
    find_links,
    find_stories,
    find_topic,
    find_voices,
    find_wire,
    happening_day,
    link_records,
    load_priors,
    measure_belief,
    merge_events,
    read_acts,
    read_harm,
    sketch_text,
    stems_of,
)

__all__ = [
    "Acts",
    "Happening",
    "Sources",
    "add_links",
    "cell_of",
    "cluster_events",
    "family_of",
    "find_copies",
    "find_links",
    "find_stories",
    "find_topic",
    "find_voices",
    "find_wire",
    "happening_day",
    "link_records",
    "load_priors",
    "measure_belief",
    "merge_events",
    "read_acts",
    "read_harm",
    "sketch_text",
    "stems_of",
]
