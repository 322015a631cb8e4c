"""An answer in the form that was asked for: page, JSON, CSV or feed, all from the same values.

The ending of the address decides (`.json`, `.csv`, `.atom`), else the Accept header, else it is a page.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from dragoman.codebook import QUADS
from dragoman.rows import UMBRELLA_CODES
from dragoman.web.feeds import Entry, feed_of
from dragoman.web.marking import ROLES, mark_sentence, plain
from dragoman.web.names import OWN, codes_named, headline, is_own, load_themes, load_wordings, name_of

Form = Literal["html", "json", "csv", "atom"]
FORMS: Mapping[Form, str] = {
    "html": "text/html",
    "json": "application/json",
    "csv": "text/csv",
    "atom": "application/atom+xml",
}
# What a spreadsheet would run as a formula if a cell began with it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
_DAYS = re.compile(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a view found. `told` fills the template beside `data`, `table` is the CSV, `entries` are the feed's.

    What does not follow from the record alone is not kept for the next reader (`is_kept`).
    With a `refusal` it is a page that asks for something more (the owner's token), and an error in all other forms.
    """

    template: str
    title: str
    data: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    table: Sequence[Mapping[str, Any]] | None = None
    entries: Sequence[Entry] | None = None
    status: int = 200
    refusal: str | None = None
    has_form: bool = False
    is_kept: bool = True
    has_other_forms: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An answer that lies elsewhere on this site."""

    path: str
    status: int = 303
    cookie: tuple[str, str] | None = None


def make_templates() -> Environment:
    """The templates, with everything escaped and nothing undefined let pass."""
    templates = Environment(
        loader=PackageLoader("dragoman.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    templates.filters.update(
        party=name_of, plain=plain, web_link=web_link, percent=percent, signed=signed, marked=mark_sentence,
        path_part=path_part, many=many, tone=tone, headline=headline, day_words=day_words, codes_named=codes_named,
    )  # fmt: skip
    templates.globals.update(
        quads=QUADS,
        wordings=load_wordings(),
        known_themes=load_themes(),
        roles=ROLES,
        tie_path=tie_path,
        state_path=state_path,
        is_umbrella=is_umbrella,
        is_own=is_own,
        own=OWN,
        window_words=window_words,
    )
    return templates


def asked_form(request: Request, ending: str) -> Form:
    """The form that a request wants its answer in."""
    if ending:
        return ending.lstrip(".")  # type: ignore[return-value]  # routed endings are forms
    accepted = request.headers.get("accept", "")
    if "text/html" in accepted:
        return "html"
    for form, kind in FORMS.items():
        if kind in accepted:
            return form
    return "html"


def respond(templates: Environment, answer: Answer | Moved, form: Form, page: Mapping[str, Any]) -> Response:
    """The response in a form; an answer that has no rows or no feed says so with 406."""
    if isinstance(answer, Moved):
        response: Response = RedirectResponse(answer.path, status_code=answer.status)
        if answer.cookie:
            set_cookie(response, *answer.cookie, secure=page["is_secure"])
        return response
    if answer.refusal and form != "html":
        return fault(templates, answer.refusal, answer.status, form=form, page=page)
    if form == "json":
        return JSONResponse({"ok": True, **answer.data}, status_code=answer.status)
    if form == "csv" and answer.table is not None:
        return Response(csv_of(answer.table), status_code=answer.status, media_type="text/csv; charset=utf-8")
    if form == "atom" and answer.entries is not None:
        feed = feed_of(answer.title, answer.entries, site=page["site_url"], address=page["address"])
        return Response(feed, status_code=answer.status, media_type="application/atom+xml; charset=utf-8")
    if form != "html":
        return fault(templates, f"this page has no {form} form: ask for .json", 406, form=form, page=page)
    body = templates.get_template(answer.template).render({**page, **answer.data, **answer.told, "answer": answer})
    return Response(body, status_code=answer.status, media_type="text/html; charset=utf-8")


def fault(templates: Environment, error: str, status: int, *, form: Form, page: Mapping[str, Any]) -> Response:
    """The one shape of an error: a page for people, `{"ok": false, "error", "status"}` for all others."""
    if form != "html":
        return JSONResponse({"ok": False, "error": plain(error), "status": status}, status_code=status)
    answer = Answer(template="fault.html", title="Not found" if status == 404 else "That did not work", status=status)
    body = templates.get_template("fault.html").render({**page, "answer": answer, "error": error, "status": status})
    return Response(body, status_code=status, media_type="text/html; charset=utf-8")


def set_cookie(response: Response, name: str, value: str, *, secure: bool) -> None:
    response.set_cookie(name, value, httponly=True, samesite="strict", secure=secure, path="/", max_age=12 * 3600)


def csv_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV with a heading; lists are joined by `;`, and no cell begins like a formula."""
    rows = list(rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        value = ";".join(str(part) for part in value)
    elif isinstance(value, Mapping):
        value = ";".join(f"{name}={part}" for name, part in value.items())
    if isinstance(value, str):
        value = plain(value)
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    return value


# --- what templates say ---


def day_words(value: str | date | None) -> str:
    """An ISO day, month or range of days in words, "30 April 2025"; other date values as they are."""
    if value is None:
        return "no day"
    if isinstance(value, str) and _DAYS.fullmatch(value):
        first, _, last = value.partition("/")
        return window_words(first, (date.fromisoformat(last) + timedelta(days=1)).isoformat())
    if isinstance(value, str) and _DAY.fullmatch(value):
        value = date.fromisoformat(value)
    if isinstance(value, str) and _MONTH.fullmatch(value):
        return f"{date.fromisoformat(f'{value}-01'):%B %Y}"
    return f"{value.day} {value:%B %Y}" if isinstance(value, date) else str(value)


def window_words(since: str, until: str) -> str:
    """A half-open window by its first and last day: "1 May to 31 December 2025"."""
    first, last = date.fromisoformat(since), date.fromisoformat(until) - timedelta(days=1)
    if first >= last:
        return day_words(first)
    start = f"{first.day} {first:%B}" if first.year == last.year else day_words(first)
    return f"{start} to {day_words(last)}"


def web_link(url: object) -> str | None:
    """A link that a browser may follow from a page; None for anything but http and https."""
    text = plain(url or "").strip()
    return text if text.lower().startswith(("http://", "https://")) else None


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f}\u202f%"


def signed(value: float | None) -> str:
    """A score with its sign, as it stands on pages: a true minus, one decimal."""
    if value is None:
        return "–"
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")


def tone(value: float | None) -> str:
    """The class that colours a score: warm, cold or even."""
    if value is None or abs(value) < 0.05:
        return "even"
    return "warm" if value > 0 else "cold"


def many(number: int, one: str, more: str | None = None) -> str:
    """A number with its noun: "1 report", "3 reports"."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def path_part(text: str) -> str:
    """Text as one part of a path."""
    return quote(text, safe=":")


def tie_path(a: str, b: str) -> str:
    """The address of a tie; a side with a slash in its name cannot be a part of a path and goes behind the `?`."""
    if "/" in a + b or not a or not b:
        return "/ties?" + urlencode({"a": a, "b": b})
    return f"/ties/{path_part(a)}/{path_part(b)}"


def state_path(party: str) -> str:
    """The address of a state or organisation."""
    return "/states?" + urlencode({"party": party}) if "/" in party else f"/states/{path_part(party)}"


def is_umbrella(party: str) -> bool:
    return party in UMBRELLA_CODES
