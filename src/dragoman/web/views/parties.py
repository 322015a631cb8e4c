"""Pages of sides: the tie between two, the partners of one, and the types of what passes between them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date, timedelta

from dragoman.codebook import load_codebook
from dragoman.errors import QueryError
from dragoman.rows import counted
from dragoman.ties import Window
from dragoman.view import Row
from dragoman.web.answers import Answer, Moved, state_path, tie_path
from dragoman.web.asked import Asked
from dragoman.web.drawing import day_chart, tie_chart
from dragoman.web.feeds import Entry
from dragoman.web.names import load_themes, load_wordings, members_of, memberships_of, name_of, party_named
from dragoman.web.queries import Wanted
from dragoman.web.site import Site
from dragoman.web.views.page import (
    DAY,
    LIMIT,
    PERIOD,
    TEXT,
    WINDOW,
    NotThereError,
    Page,
    Schemas,
    happening_entry,
    happening_row,
)

YEAR = 365
HAPPENINGS_SHOWN = 20
# Partners with fewer happenings say nothing about warming or cooling.
LEAST_TO_COMPARE = 4
MOST_PERIODS = 800
_LONGEST_KEY = 200
_NONE = {"1": 0, "2": 0, "3": 0, "4": 0}
_NONE_EITHER_WAY = (_NONE, _NONE)
# The series of a tie that can be shown: both directions pooled, what the first does to the second, and back.
WAYS = ("both", "out", "back")


def find_tie(asked: Asked, site: Site) -> Answer | Moved:
    """Where ties are asked for by name; with the busiest pairs of the last month as a start."""
    a, b = asked.text("a"), asked.text("b")
    if a and b:
        sides = (named_party(a, site), named_party(b, site))
        if "/" not in "".join(sides):
            return Moved(path=tie_path(*sides))
        return _tie_answer(asked, site, sides)
    since, until = asked.window(site.view.last_day(), days=90)
    rows = site.view.dyads(since=since, until=until, limit=asked.limit(60))
    return Answer(
        template="ties.html",
        title="Ties",
        data={"since": since.isoformat(), "until": until.isoformat(), "dyads": rows},
        told={"parties": site.view.parties(limit=40)},
        table=rows,
    )


def show_tie(asked: Asked, site: Site) -> Answer | Moved:
    """The tie between two sides: its series with turns, level and quads, and the happenings behind every number."""
    a, b = asked.path["a"], asked.path["b"]
    sides = (named_party(a, site), named_party(b, site))
    if sides != (a, b):
        return Moved(path=tie_path(*sides))
    return _tie_answer(asked, site, sides)


def named_party(words: str, site: Site) -> str:
    """The key that words mean: that of a name or code, else the words where the record knows them as a key."""
    if len(words) > _LONGEST_KEY:
        raise QueryError("that is too long for a name: use a code, as RUS, or a name, as Russia")
    found = party_named(words)
    if found is None and ":" not in words and not site.view.knows(words):
        raise NotThereError(f"{words!r} names no state or organisation: use a code, as RUS, or a name, as Russia")
    return found or words


def _tie_answer(asked: Asked, site: Site, sides: tuple[str, str]) -> Answer:
    by = asked.period("week")
    since, until = _read_window(asked, site)
    if (until - since).days > MOST_PERIODS and by == "day":
        raise QueryError(f"by=day shows at most {MOST_PERIODS} days: narrow the window, or ask by week or month")
    pooled = site.view.ties(*sides, since=since, until=until, by=by, directed=False, turns=True)
    ways = WAYS if pooled and sides[0] != sides[1] else WAYS[:1]
    way = asked.choice("way", ways)
    # The page shows one series, programs are given all three.
    is_apart = len(ways) > 1 and (way != "both" or not asked.is_page)
    directed = site.view.ties(*sides, since=since, until=until, by=by) if is_apart else []
    sums = site.view.tie_sums(sides, Window(since=since, until=until, by=by)) if len(ways) > 1 else _NONE_EITHER_WAY
    shown = [row for row in directed if row["actor"] == sides[way == "back"]] if way != "both" else pooled
    at = asked.day("at")
    chosen = next((row for row in shown if at and row["since"] == at.isoformat()), None)
    shown_since, shown_until = (
        (date.fromisoformat(chosen["since"]), date.fromisoformat(chosen["until"])) if chosen else (since, until)
    )
    happenings = site.view.tie_happenings(sides, since=shown_since, until=shown_until, limit=HAPPENINGS_SHOWN)
    title = f"{name_of(sides[0])} and {name_of(sides[1])}"
    return Answer(
        template="tie.html",
        title=title,
        data={"sides": list(sides), "by": by, "since": since.isoformat(), "until": until.isoformat(), "tie": pooled,
              "directed": directed},
        told={
            "chart": tie_chart(shown),
            "series": shown,
            "way": way,
            "ways": ways if len(ways) > 1 else (),
            "command": _tie_command(sides, by, is_pooled=way == "both"),
            "happenings": happenings,
            "at": chosen,
            "turns": [turn for row in pooled for turn in row["turns"]],
            "total": len({x for row in shown for x in row["records"]}),
            "sums": _sums(shown),
            "outward": sums[0],
            "inward": sums[1],
        },
        table=directed or pooled,
        entries=_tie_entries(asked, title, pooled, happenings),
    )  # fmt: skip


def _tie_command(sides: tuple[str, str], by: str, *, is_pooled: bool) -> str:
    """The command that prints the same series; a name that came from an article runs nothing in a shell."""
    words = ("dragoman", "ties", *sides, "--by", by, *(("--undirected",) if is_pooled else ()))
    return " ".join(map(shlex.quote, words))


def _read_window(asked: Asked, site: Site) -> tuple[date, date]:
    """The window asked for; else the last year, from the first day that was read."""
    since, until = asked.window(site.view.last_day(), days=YEAR)
    if asked.day("since") is None and (first := site.view.totals()["first_day"]):
        since = min(max(since, date.fromisoformat(first)), until)
    return since, until


def _sums(rows: Sequence[Row]) -> dict[str, int]:
    return {quad: sum(row["quads"][quad] for row in rows) for quad in ("1", "2", "3", "4")}


def _tie_entries(asked: Asked, title: str, rows: Sequence[Row], happenings: Sequence[Row]) -> list[Entry]:
    """The happenings of a tie as a feed, after its turns; with `alert`, only periods in which the level moved so."""
    turns = [
        Entry(
            key=f"turn:{rows[0]['actor']}:{rows[0]['recipient']}:{turn['date']}",
            path=asked.linked(),
            title=f"{title}: a turn for the {'better' if turn['size'] > 0 else 'worse'} on {turn['date']}",
            summary=f"The daily sum of scores went from {turn['before']} to {turn['after']}.",
            day=turn["date"],
        )
        for row in rows
        for turn in row["turns"]
    ]
    alert = asked.number("alert", 0, most=100, least=0)
    if not alert:
        return [*turns, *(happening_entry(row) for row in happenings)]
    moved = [
        Entry(
            key=f"alert:{row['actor']}:{row['recipient']}:{row['since']}",
            path=asked.linked(alert=None, at=row["since"]),
            title=f"{title}: the level moved by {row['trend']:+.1f}",
            summary=f"Level {row['level']:+.1f} in the period from {row['since']}, "
            f"{counted(len(row['records']), 'happening')}.",
            day=row["since"],
        )
        for row in reversed(rows)
        if row.get("trend") is not None and abs(row["trend"]) >= alert
    ]
    return [*turns, *moved]


def find_state(asked: Asked, site: Site) -> Answer | Moved:
    """Where a state or organisation is asked for by name; else those with most happenings."""
    party = asked.text("party")
    if party:
        key = named_party(party, site)
        return Moved(path=state_path(key)) if "/" not in key else _state_answer(asked, site, key)
    rows = site.view.parties(limit=asked.limit(120))
    named = [{**row, "name": name_of(row["party"])} for row in rows]
    return Answer(template="states.html", title="States and organisations", data={"parties": named}, table=named)


def show_state(asked: Asked, site: Site) -> Answer | Moved:
    """A state or organisation: its partners, who warms and who cools, and its newest happenings."""
    key = named_party(asked.path["party"], site)
    if key != asked.path["party"]:
        return Moved(path=state_path(key))
    return _state_answer(asked, site, key)


def _state_answer(asked: Asked, site: Site, party: str) -> Answer:
    since, until = asked.window(site.view.last_day(), days=180)
    limit = asked.limit(40)
    partners = site.view.partners(party, since=since, until=until, limit=limit)
    wanted = Wanted(parties=(party,), since=since, until=until)
    happenings = site.view.happenings(wanted, limit=HAPPENINGS_SHOWN)
    moving = [row for row in partners if row["change"] and row["records"] >= LEAST_TO_COMPARE]
    moving.sort(key=lambda row: row["change"])
    on = asked.day("on") or until - timedelta(days=1)
    members = members_of(party, on)
    days = site.view.days(Wanted(parties=(party,)), since=max(since, until - timedelta(days=120)), until=until)
    return Answer(
        template="state.html",
        title=name_of(party),
        data={"party": party, "name": name_of(party), "since": since.isoformat(), "until": until.isoformat(),
              "partners": partners, "on": on.isoformat(), "members": list(members),
              "organisations": list(memberships_of(party, on)),
              "records": [happening_row(row) for row in happenings]},
        told={
            "happenings": happenings,
            "limit": limit,
            "most": max((row["records"] for row in partners), default=1),
            "cooling": [row for row in moving if row["change"] < 0][:5],
            "warming": [row for row in reversed(moving) if row["change"] > 0][:5],
            "chart": day_chart(days, since=max(since, until - timedelta(days=120)), until=until),
        },
        table=partners,
        entries=[happening_entry(row) for row in happenings],
    )  # fmt: skip


def list_types(asked: Asked, site: Site) -> Answer:
    """The event types: what each means, its quad class and score, how often it was read."""
    counts = site.view.type_counts(since=asked.day("since"), until=asked.day("until"))
    rows: list[Row] = [
        {"type": kind.name, "quad": kind.quad, "score": kind.score, "records": counts.get(kind.name, 0),
         "meaning": load_wordings()[kind.name].meaning}
        for kind in load_codebook().types.values()
    ]  # fmt: skip
    most = max((row["records"] for row in rows), default=0)
    return Answer(template="types.html", title="Types", data={"types": rows}, told={"most": most or 1}, table=rows)


def show_type(asked: Asked, site: Site) -> Answer | Moved:
    """One event type: its meaning and modes, between whom it passes, its newest happenings."""
    name = asked.path["event_type"]
    if name.upper() not in load_codebook().types:
        raise NotThereError(f"there is no event type {name!r}")
    if name != name.upper():
        return Moved(path=f"/types/{name.upper()}")
    since, until = asked.window(site.view.last_day(), days=90)
    wanted = Wanted(event_type=name, since=since, until=until)
    happenings = site.view.happenings(wanted, limit=HAPPENINGS_SHOWN)
    dyads = site.view.dyads(since=since, until=until, limit=20, event_type=name)
    chart_since = max(since, until - timedelta(days=120))
    days = site.view.days(Wanted(event_type=name), since=chart_since, until=until)
    return Answer(
        template="type.html",
        title=name,
        data={"type": name, "since": since.isoformat(), "until": until.isoformat(), "dyads": dyads,
              "records": [happening_row(row) for row in happenings]},
        told={
            "kind": load_codebook().event_type(name),
            "happenings": happenings,
            "chart": day_chart(days, since=chart_since, until=until),
        },
        table=[happening_row(row) for row in happenings],
        entries=[happening_entry(row) for row in happenings],
    )  # fmt: skip


def list_themes(asked: Asked, site: Site) -> Answer:
    """The themes: what happenings are about, beside what is done, and how many there were in a window."""
    since, until = _read_window(asked, site)
    counts = site.view.theme_counts(since=since, until=until)
    rows: list[Row] = [
        {"theme": theme, "name": told.name, "meaning": told.meaning, "records": counts.get(theme, 0)}
        for theme, told in load_themes().items()
    ]
    rows.sort(key=lambda row: (-row["records"], row["name"]))
    most = max((row["records"] for row in rows), default=0)
    return Answer(
        template="themes.html",
        title="Themes",
        data={"since": since.isoformat(), "until": until.isoformat(), "themes": rows},
        told={"most": most or 1},
        table=rows,
    )


def show_theme(asked: Asked, site: Site) -> Answer | Moved:
    """One theme: between whom it comes up, day by day, and its newest happenings."""
    theme = asked.path["theme"]
    if theme.lower() not in load_themes():
        raise NotThereError(f"there is no theme {theme!r}")
    if theme != theme.lower():
        return Moved(path=f"/themes/{theme.lower()}")
    since, until = asked.window(site.view.last_day(), days=180)
    happenings = site.view.happenings(
        Wanted(themes=(theme,), since=since, until=until), limit=asked.limit(HAPPENINGS_SHOWN)
    )
    pairs = site.view.theme_pairs(theme, since=since, until=until, limit=20)
    chart_since = max(since, until - timedelta(days=120))
    days = site.view.days(Wanted(themes=(theme,)), since=chart_since, until=until)
    return Answer(
        template="theme.html",
        title=load_themes()[theme].name,
        data={"theme": theme, "name": load_themes()[theme].name, "since": since.isoformat(),
              "until": until.isoformat(), "pairs": pairs, "records": [happening_row(row) for row in happenings]},
        told={"told": load_themes()[theme], "happenings": happenings,
              "chart": day_chart(days, since=chart_since, until=until)},
        table=[happening_row(row) for row in happenings],
        entries=[happening_entry(row) for row in happenings],
    )  # fmt: skip


_TIE: Schemas = {
    **WINDOW, "by": PERIOD, "at": DAY, "way": {"type": "string", "enum": list(WAYS)},
    "alert": {"type": "integer", "minimum": 0, "maximum": 100},
}  # fmt: skip

PARTY_PAGES = (
    Page(name="ties", path="/ties", view=find_tie, summary="The busiest pairs, or one by name",
         parameters={"a": TEXT, "b": TEXT, **WINDOW, "limit": LIMIT}),
    Page(name="tie", path="/ties/{a}/{b}", view=show_tie, summary="The tie between two sides", parameters=_TIE),
    Page(name="states", path="/states", view=find_state, summary="States and organisations",
         parameters={"party": TEXT, "limit": LIMIT}),
    Page(name="state", path="/states/{party}", view=show_state, summary="One state or organisation and its partners",
         parameters={**WINDOW, "on": DAY, "limit": LIMIT}),
    Page(name="types", path="/types", view=list_types, summary="The event types and how often they were read",
         parameters=WINDOW),
    Page(name="themes", path="/themes", view=list_themes, summary="What happenings are about", parameters=WINDOW),
    Page(name="theme", path="/themes/{theme}", view=show_theme, summary="One theme",
         parameters={**WINDOW, "limit": LIMIT}),
    Page(name="type", path="/types/{event_type}", view=show_type, summary="One event type", parameters=WINDOW),
)  # fmt: skip
