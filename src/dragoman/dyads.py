"""What a question for a tie gives in Python: the contract's rows, and the series, turns, pictures and reasons behind.

Stands on the series of `ties`; the record itself is asked through two functions, so that this module knows no tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import QueryError
from dragoman.frames import FrameKind, to_frame
from dragoman.model import Tie
from dragoman.rows import counted, tie_row
from dragoman.ties import Turn, find_turns

if TYPE_CHECKING:
    import altair

Row = dict[str, Any]
AskRows = Callable[[Sequence[str]], list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a tie stood as it did on a day: the periods that hold it, their happenings, each with its events' rows.

    `happenings` are record rows, the weightiest first (score by belief), with `told`, their event rows; `turns` those
    that begin in the period.
    """

    day: date
    ties: tuple[Tie, ...]
    happenings: tuple[Row, ...]
    turns: tuple[Turn, ...] = ()

    def __str__(self) -> str:
        return "\n".join(_explained(self))


class DyadTies(list[Row]):
    """The tie between two sides: a list of the contract's tie rows with the series behind them.

    `series` holds one list of Ties for each direction (one if pooled).
    """

    def __init__(
        self, series: Sequence[Sequence[Tie]], rows: Iterable[Row], *, ask_records: AskRows, ask_events: AskRows
    ) -> None:
        super().__init__(rows)
        self.series = tuple(tuple(ties) for ties in series)
        self._ask_records = ask_records
        self._ask_events = ask_events

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """The turns of all directions, in order of their days."""
        return tuple(sorted((turn for ties in self.series for turn in find_turns(ties)), key=lambda turn: turn.day))

    def to_frame(self, kind: FrameKind | None = None) -> Any:
        """Gives a line for each period and direction as a polars or pandas DataFrame, or an Arrow table.

        Counts by quad class stand in `quad1` to `quad4`, `since` and `until` are days.

        Raises:
            QueryError: the library for this kind of frame is not installed.
        """
        return to_frame([_frame_row(tie) for ties in self.series for tie in ties], kind)

    def plot(self, path: str | Path | None = None, *, title: str | None = None) -> altair.VConcatChart | Path:
        """Draws the series: to a file, whose path it gives, or as an Altair chart to show in a notebook.

        Of two directions the first is drawn: ask with `directed=False` for both together.

        Raises:
            QueryError: there is nothing to draw, or the file's ending names no picture.
        """
        from dragoman.plots import draw_tie, plot_tie

        if not self.series:
            raise QueryError("nothing to draw: the window holds no period")
        if path is not None:
            return plot_tie(self.series[0], path, title=title)
        return draw_tie(self.series[0], title=title)

    def explain(self, day: date | str) -> Explanation:
        """Opens the period that a day lies in: its happenings and the sentences that report them.

        Raises:
            QueryError: the day is none, or lies outside the window; the error says which that is.
        """
        on = read_day(day)
        ties = tuple(tie for series in self.series for tie in series if tie.since <= on < tie.until)
        if not ties:
            raise QueryError(_outside(on, [tie for series in self.series for tie in series]))
        ids = list(dict.fromkeys(name for tie in ties for name in tie.record_ids))
        turns = tuple(turn for turn in self.turns if any(tie.since == turn.day for tie in ties))
        return Explanation(day=on, ties=ties, happenings=tuple(self._told(ids)), turns=turns)

    def happenings_of(self, turn: Turn) -> tuple[list[Row], list[Row]]:
        """The happenings before and after a turn, the weightiest first, each with its event rows in `told`."""
        return self._told(turn.earlier_ids), self._told(turn.record_ids)

    def _told(self, record_ids: Sequence[str]) -> list[Row]:
        records = self._ask_records(record_ids)
        events = {row["event_id"]: row for row in self._ask_events([x for row in records for x in row["events"]])}
        told = [{**row, "told": [events[x] for x in row["events"] if x in events]} for row in records]
        return sorted(told, key=lambda row: (-abs(row["intensity"]) * row["belief"], row["date"] or ""))


def _outside(on: date, ties: Sequence[Tie]) -> str:
    """Says that a day lies outside a window, which one that is, and which end to move."""
    if not ties:
        return f"{on} cannot be opened: nothing passed between the two and nothing was read in the window"
    first, end = min(tie.since for tie in ties), max(tie.until for tie in ties)
    last = end - timedelta(days=1)
    wider = f"--since {on}" if on < first else f"--until {on + timedelta(days=1)}"
    return (
        f"{on} lies outside the window of this tie, {first} to {last}: `{wider}` widens it (without --since and "
        "--until it runs over the days of its happenings and of the articles read)"
    )


def read_day(day: date | str) -> date:
    """Gives the day that a text in ISO form means; a day stays what it is.

    Raises:
        QueryError: the text is no day.
    """
    if isinstance(day, datetime):
        return day.date()
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except (TypeError, ValueError) as error:
        raise QueryError(f"{day!r} is no day: write it as YYYY-MM-DD") from error


def read_days(since: date | str | None, until: date | str | None) -> tuple[date | None, date | None]:
    """The ends of a window as days; None where it is open."""
    return None if since is None else read_day(since), None if until is None else read_day(until)


def _frame_row(tie: Tie) -> Row:
    row = tie_row(tie)
    quads = {f"quad{quad}": number for quad, number in row.pop("quads").items()}
    return {**row, "since": tie.since, "until": tie.until, "happenings": sum(tie.quads), **quads}


def _explained(explanation: Explanation) -> Iterable[str]:
    for tie in explanation.ties:
        level = "unread" if tie.level is None else f"level {tie.level:+.2f} ± {tie.level_sd:.2f}"
        happenings = counted(sum(tie.quads), "happening")
        yield f"{tie.actor} and {tie.recipient}, {tie.since} to {tie.until}: {happenings}, {level}"
    for turn in explanation.turns:
        yield f"turn on {turn.day}: {turn.before:+.2f} to {turn.after:+.2f} a day read ({turn.confidence:.3f})"
    for row in explanation.happenings:
        yield from happening_lines(row)


def happening_lines(row: Row) -> Iterable[str]:
    """A happening as lines of text: day, sides, type, score and belief; under it the sentence of its surest event."""
    sides = f"{', '.join(row['actors'])} {row['event_type']} {', '.join(row['recipients'])}".rstrip()
    yield f"  {row['date'] or '?'}  {sides}  {row['intensity']:+g}, belief {row['belief']:.2f}  {row['record_id']}"
    surest = max(row["told"], key=lambda event: event["confidence"], default=None)
    if surest and surest["sentence"]["text"]:
        yield f"      {surest['publisher'] or '?'}: {' '.join(surest['sentence']['text'].split())}"
