"""What a search asks for, what it finds, and the one condition in two forms: on a row, and on columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dragoman.codebook import load_codebook
from dragoman.errors import DragomanError
from dragoman.model import STATUSES
from dragoman.view import Row
from dragoman.web.arrays import THEME, HappeningColumns, Keys, day_number
from dragoman.web.queries.whereabouts import FIRST_DAY

_STATUS_NUMBERS: Mapping[str, int] = {status: number for number, status in enumerate(STATUSES)}
ASSERTED = _STATUS_NUMBERS["asserted"]


class NotReadyError(DragomanError):
    """A question that can be answered in a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which happenings: all that is given must hold. `since` is inside the window, `until` is not."""

    parties: tuple[str, ...] = ()
    event_type: str | None = None
    status: str | None = None
    quad: int | None = None
    since: date | None = None
    until: date | None = None
    words: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.parties, *(THEME + theme for theme in self.themes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found. `reached` is where it stopped looking, if it did: a day and an id to go on after."""

    rows: list[Row]
    reached: tuple[date, str] | None = None


def rows_wanted(columns: HappeningColumns, wanted: Wanted, keys: Keys) -> NDArray[np.int32]:
    """Rows of a partition that are wanted, whatever their words, in order."""
    if wanted.keys:
        rows = columns.where.of_keys(map(keys.find, wanted.keys))
    else:
        rows = np.arange(len(columns.day), dtype=np.int32)
    is_asked = np.ones(len(rows), np.bool_)
    if wanted.event_type:
        is_asked &= columns.kind[rows] == list(load_codebook().types).index(wanted.event_type)
    if wanted.status:
        is_asked &= columns.status[rows] == _STATUS_NUMBERS[wanted.status]
    if wanted.quad:
        is_asked &= columns.quad[rows] == wanted.quad
    if wanted.since:
        is_asked &= columns.last_day[rows] >= day_number(wanted.since)
    if wanted.until:
        is_asked &= (columns.day[rows] < day_number(wanted.until)) & (columns.day[rows] >= day_number(FIRST_DAY))
    return rows[is_asked]


def is_wanted(row: Row, wanted: Wanted) -> bool:
    """Whether a happening is wanted, whatever its words."""
    asked = (("event_type", wanted.event_type), ("status", wanted.status), ("quad", wanted.quad))
    return (
        all(party in row["actors"] or party in row["recipients"] for party in wanted.parties)
        and all(theme in row["contexts"] for theme in wanted.themes)
        and all(row[column] == value for column, value in asked if value is not None)
        and (wanted.since is None or (row["last_day"] is not None and row["last_day"] >= wanted.since))
        and (wanted.until is None or (row["day"] is not None and row["day"] < wanted.until))
    )
