"""Who deals with whom: the partners of a party, the busiest pairs, and the counts of one tie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragoman.codebook import QUADS, load_codebook
from dragoman.groups import Side, name_of_side
from dragoman.tables import Snapshot, TableFolder
from dragoman.ties import DyadCount, Scale, Window
from dragoman.view import Row
from dragoman.web.arrays import DyadColumns, Keys, day_number, group_sums, join_sums
from dragoman.web.held import Held
from dragoman.web.passed import count_pair, newest_of_pair
from dragoman.web.queries.columns import is_within
from dragoman.web.queries.rows import HappeningRows
from dragoman.web.queries.whereabouts import HappeningPlace, event_years

# Years of dyads from which a tie is counted at once; for more of them the files are asked.
MOST_YEARS = 4
# Bytes of the counts of ties that are kept.
COUNT_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class _Counts:
    """The counts of a tie in a window, kept for all series of a page."""

    counts: tuple[DyadCount, ...]

    @property
    def nbytes(self) -> int:
        return sum(400 + 80 * count.count for count in self.counts)


class PartyTies(HappeningRows):
    """The ties of a record, counted from the columns of its dyads."""

    def __init__(self, folder: TableFolder, snapshot: Snapshot | None = None) -> None:
        super().__init__(folder, snapshot)
        self._counts = Held(COUNT_BYTES)

    def partners(self, party: str, *, since: date, until: date, limit: int) -> list[Row]:
        """Whom a party deals with in a window: counts by quad and direction, intensity, and the change of it.

        `change` is the mean intensity of the later half of the window less that of the earlier half; None where one of
        the halves has nothing.
        """
        snapshot = self.snapshot()
        number = self._keys.find(party)
        middle = day_number(since + (until - since) // 2)
        parts = []
        for year in self._years_in(snapshot, since, until):
            columns = self._dyad_columns(year, snapshot)
            number = self._keys.find(party) if number is None else number
            is_party = ((columns.low == number) | (columns.high == number)) & (columns.low != columns.high)
            rows = np.flatnonzero(is_party[columns.pair] & is_within(columns.day, since, until))
            parts.append(_partner_sums(columns, rows, number or 0, middle))
        others, sums = join_sums(parts)
        told = [_partner_row(self._keys.name(int(other)), sums, at) for at, other in enumerate(others)]
        told.sort(key=lambda row: (-row["records"], row["party"]))
        return told[:limit]

    def dyads(self, *, since: date, until: date, limit: int, event_type: str | None = None) -> list[Row]:
        """The busiest pairs of a window, both directions pooled, with counts by quad and mean intensity."""
        snapshot = self.snapshot()
        kind = list(load_codebook().types).index(event_type) if event_type else None
        parts = []
        for year in self._years_in(snapshot, since, until):
            columns = self._dyad_columns(year, snapshot)
            is_asked = is_within(columns.day, since, until) & (columns.low != columns.high)[columns.pair]
            if kind is not None:
                is_asked &= columns.kind == kind
            rows = np.flatnonzero(is_asked)
            parts.append(_pair_sums(columns, rows))
        pairs, sums = join_sums(parts)
        if not len(pairs):
            return []
        # Ties at the edge are decided by name, so all of them are told before the list is cut.
        least = np.sort(sums["records"])[-min(limit, len(pairs))]
        told = [_pair_row(self._keys, int(pairs[at]), sums, int(at)) for at in np.flatnonzero(sums["records"] >= least)]
        told.sort(key=lambda row: (-row["records"], row["low"], row["high"]))
        return told[:limit]

    def tie_happenings(self, sides: tuple[str, str], *, since: date, until: date, limit: int) -> list[Row]:
        """The newest happenings between two sides in a window, each with its sentence."""
        snapshot = self.snapshot()
        window = Window(since=since, until=until)
        if self._is_in_columns(snapshot, sides, window):
            pairs = [pair for at, columns in self._pair_columns(snapshot, sides, window)
                     for pair in newest_of_pair(columns, at, window)]  # fmt: skip
            newest = sorted(pairs, key=lambda pair: (-date.fromisoformat(pair[0]).toordinal(), pair[1]))[:limit]
            return self._cards_of(snapshot, [HappeningPlace(day[:7], record_id, day) for day, record_id in newest])
        source = self._source("dyads", snapshot, event_years(since, until))
        found = self._rows(
            f"""SELECT DISTINCT record_id, strftime(day, '%Y-%m-%d') AS day FROM {source}
            WHERE low = ? AND high = ? AND day >= ? AND day < ? ORDER BY day DESC, record_id LIMIT ?""",
            [*sorted(sides), since, until, limit],
        )
        return self._cards_of(snapshot, [HappeningPlace(row["day"][:7], row["record_id"], row["day"]) for row in found])

    def tie_sums(self, sides: tuple[str, str], window: Window) -> tuple[dict[str, int], dict[str, int]]:
        """Happenings by quad class in a window: what the first side did to the second, and the reverse."""
        ways: tuple[dict[str, int], dict[str, int]] = tuple({str(quad): 0 for quad in QUADS} for _ in sides)  # type: ignore[assignment]
        for count in self._side_counts(self.snapshot(), sides, window):
            ways[count.actor != sides[0]][str(count.quad)] += count.count
        return ways

    def _side_counts(
        self, snapshot: Snapshot, sides: tuple[Side, Side], window: Window, *, scale: Scale = "plover"
    ) -> list[DyadCount]:
        """As the view's; of two parties in few years from what is held, else read once for all series of a page."""
        years = event_years(window.since, window.until) or []
        paths = tuple(self._paths("dyads", snapshot, year) for year in years)

        def load() -> _Counts:
            if scale != "plover" or not self._is_in_columns(snapshot, sides, window):
                return _Counts(tuple(super(PartyTies, self)._side_counts(snapshot, sides, window, scale=scale)))
            low, high = sorted(map(name_of_side, sides))
            counted = [
                count_pair(columns, at, (low, high), window)
                for at, columns in self._pair_columns(snapshot, sides, window)
            ]
            return _Counts(tuple(count for counts in counted for count in counts))

        return list(self._counts.get((sides, window, scale, paths), load).counts)

    def _is_in_columns(self, snapshot: Snapshot, sides: tuple[Side, Side], window: Window) -> bool:
        """Whether a tie can be counted from columns: two parties, and so few years that these may be held."""
        are_parties = isinstance(sides[0], str) and isinstance(sides[1], str)
        return are_parties and len(self._years_in(snapshot, window.since, window.until)) <= MOST_YEARS

    def _pair_columns(
        self, snapshot: Snapshot, sides: tuple[Side, Side], window: Window
    ) -> Iterator[tuple[slice, DyadColumns]]:
        """The columns of the years of a window, the oldest first, each with where the rows of two parties lie."""
        low, high = sorted(map(name_of_side, sides))
        for year in reversed(self._years_in(snapshot, window.since, window.until)):
            columns = self._dyad_columns(year, snapshot)
            yield columns.rows_of(self._keys.find(low), self._keys.find(high)), columns


def _partner_sums(columns: DyadColumns, rows: NDArray[np.intp], party: int, middle: int) -> tuple[Any, dict[str, Any]]:
    pair, quad, intensity = columns.pair[rows], columns.quad[rows], columns.intensity[rows]
    is_low = (columns.low == party)[pair]
    other = np.where(is_low, columns.high[pair], columns.low[pair]).astype(np.int64)
    first = columns.is_first[rows].astype(np.float64)
    is_late = columns.day[rows] >= middle
    return group_sums(
        other,
        {
            "records": first,
            "outward": (is_low == columns.is_forward[rows]).astype(np.float64),
            **{f"quad{number}": first * (quad == number) for number in (1, 2, 3, 4)},
            "rows": np.ones(len(rows)),
            "late": is_late.astype(np.float64),
            "sum": intensity,
            "late_sum": intensity * is_late,
        },
    )


def _partner_row(party: str, sums: Mapping[str, NDArray[Any]], at: int) -> Row:
    rows, late = float(sums["rows"][at]), float(sums["late"][at])
    total, late_total = float(sums["sum"][at]), float(sums["late_sum"][at])
    has_both = 0 < late < rows
    counted = ("records", "outward", "quad1", "quad2", "quad3", "quad4")
    return {
        "party": party,
        **{name: int(sums[name][at]) for name in counted},
        "intensity": round(total / rows, 3),
        "change": round(late_total / late - (total - late_total) / (rows - late), 3) if has_both else None,
    }


def _pair_sums(columns: DyadColumns, rows: NDArray[np.intp]) -> tuple[Any, dict[str, Any]]:
    first = columns.is_first[rows].astype(np.float64)
    quad = columns.quad[rows]
    pair = columns.pair[rows]
    sums = {
        "records": np.bincount(pair, weights=first, minlength=len(columns.low)),
        "cooperation": np.bincount(pair, weights=first * (quad <= 2), minlength=len(columns.low)),
        "rows": np.bincount(pair, minlength=len(columns.low)).astype(np.float64),
        "sum": np.bincount(pair, weights=columns.intensity[rows], minlength=len(columns.low)),
    }
    told = np.flatnonzero(sums["rows"])
    pairs = columns.low[told].astype(np.int64) << 32 | columns.high[told]
    return pairs, {name: values[told] for name, values in sums.items()}


def _pair_row(keys: Keys, pair: int, sums: Mapping[str, NDArray[Any]], at: int) -> Row:
    records, cooperation = int(sums["records"][at]), int(sums["cooperation"][at])
    return {
        "low": keys.name(pair >> 32),
        "high": keys.name(pair & 0xFFFFFFFF),
        "records": records,
        "cooperation": cooperation,
        "conflict": records - cooperation,
        "intensity": round(float(sums["sum"][at]) / float(sums["rows"][at]), 3),
    }
