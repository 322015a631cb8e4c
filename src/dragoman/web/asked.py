"""What a request asks: its parameters, read and bounded. What is out of bounds ends in a QueryError that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from starlette.datastructures import FormData

from dragoman.codebook import QUADS, load_codebook
from dragoman.errors import QueryError
from dragoman.model import STATUSES
from dragoman.ties import Period

MOST_ROWS = 200
LONGEST_TEXT = 300
# Days that can be asked for; what lies outside no report tells, and calendars end not far beyond.
EARLIEST, LATEST = date(1500, 1, 1), date(2500, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: its page address (without a format's ending), path and query parameters, and the posted fields."""

    base: str
    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: FormData | None = None
    cookie: str = ""
    bearer: str = ""
    session: str = ""
    # Whether it is a page that is wanted, and no JSON, CSV or feed.
    is_page: bool = True

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str | None:
        """A parameter without surrounding space; None where it is missing or empty."""
        value = self.query.get(name, "").strip()
        if len(value) > longest:
            raise QueryError(f"{name} is longer than {longest} characters: shorten it")
        return value or None

    def day(self, name: str) -> date | None:
        """A parameter that is a day as YYYY-MM-DD."""
        value = self.text(name)
        if value is None:
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError as fault:
            raise QueryError(f"{name}={value!r} is no day: write it as YYYY-MM-DD") from fault
        if not EARLIEST <= day < LATEST:
            raise QueryError(f"{name}={value!r} is too far away: name a day from {EARLIEST} to before {LATEST}")
        return day

    def number(self, name: str, default: int, *, most: int, least: int = 1) -> int:
        """A whole number within bounds; one beyond them is refused, not cut."""
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or len(value) > len(str(most)) or not least <= int(value) <= most:
            raise QueryError(f"{name}={value!r} is no number from {least} to {most}")
        return int(value)

    def limit(self, default: int = 50) -> int:
        return self.number("limit", default, most=MOST_ROWS)

    def quad(self) -> int | None:
        """A quad class, 1 to 4."""
        return self.number("quad", 0, most=len(QUADS)) or None

    def event_type(self, name: str | None = None) -> str | None:
        """A type of the codebook, from `type` or as given; an unknown one is refused with the nearest suggested."""
        value = name if name is not None else self.text("type")
        return load_codebook().event_type(value).name if value else None

    def status(self) -> str | None:
        value = self.text("status")
        if value is not None and value not in STATUSES:
            raise QueryError(f"no status {value!r}: say one of {', '.join(STATUSES)}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of some words; the first where none is asked for."""
        value = self.text(name) or choices[0]
        if value not in choices:
            raise QueryError(f"no {name} {value!r}: say one of {', '.join(choices)}")
        return value

    def period(self, default: Period = "month") -> Period:
        value = self.text("by") or default
        for period in get_args(Period):
            if value == period:
                return value  # type: ignore[return-value]  # one of Period's own words
        raise QueryError(f"no period {value!r}: say day, week or month")

    def after(self) -> tuple[date, str] | None:
        """Where the page before ended: a day and a record id."""
        value = self.text("after")
        if value is None:
            return None
        day, _, record_id = value.partition(":")
        try:
            found = date.fromisoformat(day)
        except ValueError as fault:
            raise QueryError(f"after={value!r} is no place to go on from: follow a link") from fault
        if not EARLIEST <= found <= LATEST:
            raise QueryError(f"after={value!r} is no place to go on from: follow a link")
        return found, record_id

    def window(self, last_day: date | None, *, days: int) -> tuple[date, date]:
        """The window asked for, as half-open days; else the last `days` days that the record covers."""
        since, until = self.day("since"), self.day("until")
        if until is None:
            # What is dated in the days ahead (a meeting announced) belongs to the newest window.
            until = max((last_day or date.today()) + timedelta(days=1), (since or date.min) + timedelta(days=1))
        if since is None:
            since = until - timedelta(days=min(days, until.toordinal() - 1))
        if until < since:
            raise QueryError(f"the window ends on {until}, before it begins on {since}: swap the two")
        return since, until

    def linked_by(self, name: str) -> str:
        """This address up to the value of a parameter, for links that differ in it alone."""
        changed: dict[str, Any] = {name: None}
        path = self.linked(**changed)
        return f"{path}{'&' if '?' in path else '?'}{name}="

    def linked(self, ending: str = "", **changed: object) -> str:
        """This address in another format or with some parameters changed; None takes one away."""
        asked = {**self.query, **changed}
        query = urlencode({name: str(value) for name, value in asked.items() if value not in {None, ""}})
        path = self.address if self.address != "/" or not ending else "/today"
        return f"{path}{ending}" + (f"?{query}" if query else "")
