"""Losses: what a form cannot hold, measured by reading every written row back.

An export does not promise what it keeps: each row that is written is read again at once with the importer of the same
form, and what comes back different is counted by field and named with its sentence from `data/exchange/losses.tsv`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from dragoman.codebook import load_codebook
from dragoman.exchange.cells import Row
from dragoman.exchange.knowledge import load_losses
from dragoman.kinds import is_mutual
from dragoman.model import Event
from dragoman.rows import event_row

# Statuses of event files that tell of deeds only.
DEEDS = frozenset({"asserted"})


def expand_dyads(row: Row) -> list[Row]:
    """An event row as rows with one actor and one recipient at most: every pair, or both directions if it is mutual.

    CAMEO tells what is mutual twice, once from each side. Of other types several actors without a recipient act
    together, against nobody who is named.
    """
    actors, recipients = row["actors"], row["recipients"]
    if len(actors) > 1 and not recipients and is_mutual(row["event_type"], row["mode"], has_recipients=False):
        pairs = [([one], [other]) for one in actors for other in actors if one is not other]
    else:
        pairs = [(one, other) for one in _singles(actors) for other in _singles(recipients)]
    return [{**row, "actors": one, "recipients": other} for one, other in pairs]


def _singles(parties: list[Row]) -> list[list[Row]]:
    return [[party] for party in parties] or [[]]


class Tally:
    """Counts what one export wrote, left out and lost."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.rows = 0
        self._left_out: Counter[str] = Counter()
        self._expanded = 0
        self._merged = 0
        self._own_types = 0
        self._lost: Counter[str] = Counter()

    def is_told(self, row: Row, statuses: frozenset[str]) -> bool:
        """Whether the form can tell an event of this type and status; counts it as left out where it cannot."""
        if row["event_type"] not in load_codebook().types:
            self.note_own_types(1)
            return False
        told = row["status"] in statuses
        if not told:
            self._left_out[row["status"]] += 1
        return told

    def note_own_types(self, number: int) -> None:
        """Notes events of users' own types, which no form can tell."""
        self._own_types += number

    def note_dyads(self, dyads: list[Row]) -> None:
        """Notes into how many rows an event was split."""
        self._expanded += len(dyads) > 1

    def note_merged(self, reports: int) -> None:
        """Notes further reports of a happening that a row only counts."""
        self._merged += reports

    def compare(self, row: Row, back: Event | None) -> None:
        """Notes the fields of a written row that did not come back from it."""
        self.rows += 1
        returned = event_row(back) if back else {}
        self._lost.update({path for path in _paths(row, returned) if path != "record_id"})

    @property
    def lost(self) -> frozenset[str]:
        """The fields of which something was lost, as paths of an event row (`parties.name`)."""
        return frozenset(self._lost)

    def sentences(self) -> tuple[str, ...]:
        """The named losses, one sentence each, those of whole events first."""
        return tuple([*self._of_events(), *self._of_fields()])

    def _of_events(self) -> Iterator[str]:
        for status, count in sorted(self._left_out.items()):
            yield f"{_plural(count, 'event')} left out: {self.form} tells of deeds only and these are {status}."
        if self._own_types:
            yield own_types_left_out(self._own_types)
        if self._expanded:
            yield (
                f"{_plural(self._expanded, 'event')} with several parties written as one row for each pair; that they "
                "were one event is lost."
            )
        if self._merged:
            yield (
                f"{_plural(self._merged, 'further report')} of happenings already written only counted or mentioned; "
                "their own words and details are lost."
            )

    def _of_fields(self) -> Iterator[str]:
        sentences = load_losses(self.form)
        for field, count in sorted(self._lost.items()):
            why = sentences.get(field, "not kept")
            yield f"{field} ({count} of {_plural(self.rows, 'row')}): {why}."


def own_types_left_out(number: int) -> str:
    """Gives the sentence of the loss."""
    return (
        f"{_plural(number, 'event')} of own types left out, since they tell again what may be told in PLOVER's terms: "
        "`read` and `events --type NAME` give them with --format jsonl."
    )


def _paths(row: Row, back: Row) -> Iterator[str]:
    """Paths of the fields in which two event rows differ; both sides' parties share the path `parties`."""
    for field, value in row.items():
        returned = back.get(field)
        if field in {"actors", "recipients"}:
            yield from _party_paths(value, returned or [])
        elif isinstance(value, dict) and isinstance(returned, dict):
            yield from (f"{field}.{key}" for key in value if value[key] != returned[key])
        elif value != returned:
            yield field


def _party_paths(parties: list[Row], returned: list[Row]) -> Iterator[str]:
    if len(parties) != len(returned):
        yield "parties"
    for party, other in zip(parties, returned, strict=False):
        yield from (f"parties.{key}" for key in party if party[key] != other[key])


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def blank(row: Row, lost: frozenset[str]) -> dict[str, Any]:
    """An event row without the given fields: what has to be equal after a round trip."""
    kept: dict[str, Any] = {}
    for field, value in row.items():
        if field in {"actors", "recipients"} and "parties" not in lost:
            kept[field] = [{k: v for k, v in party.items() if f"parties.{k}" not in lost} for party in value]
        elif isinstance(value, dict) and field not in lost:
            kept[field] = {k: v for k, v in value.items() if f"{field}.{k}" not in lost}
        elif field not in lost and field not in {"actors", "recipients"}:
            kept[field] = value
    return kept
