"""Events -> Records: what many voices report once.

Stands between coding and counting (Event -> Record -> Tie). Takes events in any order and pools those that report one
happening: same type (or one of the same family), same status, same day, parties in common on both sides, and words
that agree. What is near but not the same stays apart and is linked with a reason.

It refuses to add a happening that no event reports, to let an event go unrecorded, and to pool what is asserted with
what is denied, planned or supposed. Merging is a function of the set of events: neither the order of reading nor the
number of batches changes an id or a cluster.

cells     the block of day, family of types and status within which an event may merge; the priors of merging
words     words as stems, what they weigh, and how like two sets of them are
copies    near-verbatim copies, and the agencies that stories credit
stories   what articles are about, and which tell one story
acts      what an anchor says was done
readings  one event, prepared for comparing
same      how far two readings must agree to report one happening
joining   pairs by likeness and disjoint sets, of whatever is joined
grouping  the readings of a cell in groups, one for each happening
belief    independent voices, and how sure a happening is by them
pooling   one record from the readings of one happening
links     what is near but not the same
merging   all of it in order
"""

from __future__ import annotations

from dragoman.records.acts import Acts, read_acts
from dragoman.records.belief import Sources, find_voices, measure_belief
from dragoman.records.cells import cell_of, family_of, happening_day, load_priors
from dragoman.records.copies import find_copies, find_wire, sketch_text
from dragoman.records.links import add_links, find_links, link_records
from dragoman.records.merging import cluster_events, merge_events
from dragoman.records.pooling import Happening, read_harm
from dragoman.records.stories import find_stories, find_topic
from dragoman.records.words import stems_of

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
