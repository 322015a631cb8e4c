"""Pages of happenings: what is new, one happening with all that proves it, and searching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from dragoman.codebook import load_codebook
from dragoman.errors import QueryError
from dragoman.view import Row
from dragoman.web.answers import Answer, Moved
from dragoman.web.asked import Asked
from dragoman.web.drawing import day_chart
from dragoman.web.names import headline, load_themes, party_named, read_search
from dragoman.web.queries import Found, Wanted
from dragoman.web.site import Site
from dragoman.web.views.page import (
    DAY,
    LIMIT,
    QUAD,
    STATUS,
    TEXT,
    TYPE,
    WINDOW,
    NotThereError,
    Page,
    Schemas,
    happening_entry,
    happening_row,
)

DAYS_SHOWN = 60
TIES_SHOWN = 10
_BEFORE_PARTIES = ("event_id", "event_type", "mode", "status", "quad", "intensity", "confidence")
_AFTER_SENTENCE = ("publisher", "published", "url", "coder", "codebook", "basis")


def show_today(asked: Asked, site: Site) -> Answer:
    """What the newest day of the record brought, the weightiest and newest first."""
    totals = site.view.totals()
    last = site.view.last_day()
    if last is None:
        nothing = {"record": totals, "records": []}
        return Answer(template="empty.html", title="An empty record", data=nothing, entries=())
    on = asked.day("on") or last
    days = asked.number("days", 1, most=31)
    since, until = on - timedelta(days=days - 1), on + timedelta(days=1)
    rows = site.view.weightiest(since=since, until=until, limit=asked.limit(25))
    chart_since = on - timedelta(days=DAYS_SHOWN - 1)
    return Answer(
        template="today.html",
        title="Today" if on == last and days == 1 else f"{days} days to {on}",
        data={"on": on.isoformat(), "days": days, "record": totals, "records": [happening_row(row) for row in rows]},
        told={
            "happenings": rows,
            "day": on,
            "last": last,
            "before": on - timedelta(days=days),
            "after": on + timedelta(days=days) if on < last else None,
            "chart": day_chart(
                site.view.days(Wanted(), since=chart_since, until=until), since=chart_since, until=until
            ),
            "ties": site.view.dyads(since=on - timedelta(days=30), until=until, limit=TIES_SHOWN),
        },
        table=[happening_row(row) for row in rows],
        entries=[happening_entry(row) for row in rows],
    )


def show_record(asked: Asked, site: Site) -> Answer | Moved:
    """A happening: who says what, each report's sentence with its spans, why this code, and what stands beside it."""
    record_id = asked.path["record_id"]
    record = site.view.record(record_id)
    if record is None:
        raise NotThereError(_why_missing(site, record_id))
    if record["record_id"] != record_id:
        return Moved(path=f"/records/{record['record_id']}", status=301)
    events = site.view.linked_events(record)
    linked = {row["record_id"]: row for row in site.view.happenings_by_id([x["record_id"] for x in record["links"]])}
    contradicting = [link for link in record["links"] if link["kind"] == "contradicts"]
    # What contradicts it stands among its disagreements too, in words that only a program follows.
    told_as_links = {f"{link['reason']} ({link['record_id']})" for link in contradicting}
    replies = site.replies.accepted(record_id)
    shown = max(events, key=lambda event: event["confidence"], default=None)
    return Answer(
        template="record.html",
        title=headline(record),
        data={"record": record, "events": events, "replies": replies},
        told={
            "linked": [(link, linked.get(link["record_id"])) for link in record["links"]],
            "points": [point for point in record["disagreements"] if point not in told_as_links],
            "contradicting": [(link, linked.get(link["record_id"])) for link in contradicting],
            "voices": _voices(events),
            "days_reported": _timeline(events),
            "versions": site.view.versions(events),
            "open_points": {event["event_id"]: open_points(event) for event in events},
            "kind": load_codebook().event_type(record["event_type"]),
            "token": site.tokens.make(asked.cookie, f"reply {record_id}"),
            "was_sent": asked.text("sent") == "yes",
        },
        table=[_event_line(event) for event in events],
        entries=[happening_entry({**record, "shown": shown})],
        has_form=True,
    )


def _why_missing(site: Site, record_id: str) -> str:
    """Why a happening is not there: somebody has rejected it, or nobody ever told it."""
    rejected = [
        one for one in site.view.corrections(target_id=record_id) if one["verdict"] == "reject" and one["stands"]
    ]
    if rejected:
        last = rejected[-1]
        return f"this happening was taken out of the record by {last['name']}: {last['reason']}"
    return f"the record holds no happening {record_id!r}"


def _voices(events: Sequence[Row]) -> list[tuple[Mapping[str, Any] | None, list[str]]]:
    """Who is named as saying it (None: the outlets say it themselves), with the outlets that pass it on."""
    voices: dict[str, tuple[Mapping[str, Any] | None, list[str]]] = {}
    for event in events:
        speaker = event["attributed_to"]
        key = (speaker["code"] or "") + (speaker["name"] or speaker["text"]).casefold() if speaker else ""
        outlets = voices.setdefault(key, (speaker, []))[1]
        if (publisher := event["publisher"] or "an unnamed outlet") not in outlets:
            outlets.append(publisher)
    return list(voices.values())


def _timeline(events: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Events by their day of publication, oldest first; those without one last."""
    days: dict[str, list[Row]] = {}
    for event in events:
        days.setdefault(event["published"] or "without a day", []).append(event)
    return sorted(days.items())


def open_points(event: Mapping[str, Any]) -> list[str]:
    """What the words leave open and the code therefore leaves out."""
    points = []
    if not event["actors"]:
        points.append("The sentence names nobody who does it.")
    if not event["recipients"]:
        points.append("The sentence names nobody to whom it is done.")
    points.extend(
        f"“{party['text']}”: {party['basis'] or 'no country can be told'}."
        for party in (*event["actors"], *event["recipients"])
        if party["code"] is None
    )
    if event["place"] is None:
        points.append("It says no place that could be told.")
    if event["date"] is None:
        points.append("It says no day.")
    if event["mode"] is None and load_codebook().event_type(event["event_type"]).modes:
        points.append("No mode of this type is borne out by the words.")
    return points


def _event_line(event: Mapping[str, Any]) -> Row:
    """An event as a line of CSV."""
    return {
        **{name: event[name] for name in _BEFORE_PARTIES},
        "actors": [party["code"] or party["text"] for party in event["actors"]],
        "recipients": [party["code"] or party["text"] for party in event["recipients"]],
        "date": event["date"],
        "place": event["place"]["name"] if event["place"] else None,
        "attributed_to": event["attributed_to"]["text"] if event["attributed_to"] else None,
        "sentence": event["sentence"]["text"],
        **{name: event[name] for name in _AFTER_SENTENCE},
    }


def search(asked: Asked, site: Site) -> Answer:
    """Happenings by words, states, dates, type, status and quad class, the newest first."""
    wanted = _wanted(asked)
    limit = asked.limit(25)
    found = site.view.search(wanted, limit=limit + 1, after=asked.after())
    shown = found.rows[:limit]
    query = asked.text("q")
    return Answer(
        template="search.html",
        title=f"Search: {query}" if query else "Search",
        data={
            "understood": _told_wanted(wanted),
            "records": [happening_row(row) for row in shown],
            "reached": found.reached[0].isoformat() if found.reached else None,
            "next": _next(asked, found, limit),
        },
        told={"happenings": shown, "wanted": wanted, "types": list(load_codebook().types)},
        table=[happening_row(row) for row in shown],
        entries=[happening_entry(row) for row in shown],
    )


def _next(asked: Asked, found: Found, limit: int) -> str | None:
    """The address of what follows: after the last one shown, or from where the search stopped looking."""
    last = found.rows[limit - 1] if len(found.rows) > limit else None
    if last is not None:
        return asked.linked(after=f"{last['day']}:{last['record_id']}") if last["day"] else None
    return asked.linked(after=f"{found.reached[0]}:{found.reached[1]}") if found.reached else None


def _wanted(asked: Asked) -> Wanted:
    """What the search box and the fields beside it ask for together; a field wins over the box."""
    wanted = read_search(asked.text("q") or "")
    party = asked.text("party")
    known = (party_named(party) or party,) if party else ()
    theme = asked.text("theme")
    if theme and theme not in load_themes():
        raise QueryError(f"there is no theme {theme!r}: /themes lists them")
    return replace(
        wanted,
        parties=tuple(dict.fromkeys((*wanted.parties, *known))),
        event_type=asked.event_type() or wanted.event_type,
        status=asked.status(),
        quad=asked.quad(),
        since=asked.day("since") or wanted.since,
        until=asked.day("until") or wanted.until,
        themes=(theme,) if theme else (),
    )


def _told_wanted(wanted: Wanted) -> Mapping[str, Any]:
    def told(day: date | None) -> str | None:
        return day.isoformat() if day else None

    return {
        "parties": list(wanted.parties), "type": wanted.event_type, "status": wanted.status, "quad": wanted.quad,
        "themes": list(wanted.themes), "since": told(wanted.since), "until": told(wanted.until),
        "words": list(wanted.words),
    }  # fmt: skip


_SEARCH: Schemas = {
    "q": TEXT, "party": TEXT, "theme": TEXT, "type": TYPE, "status": STATUS, "quad": QUAD, **WINDOW, "limit": LIMIT,
    "after": TEXT,
}  # fmt: skip
_TODAY: Schemas = {"on": DAY, "days": {"type": "integer", "minimum": 1, "maximum": 31}, "limit": LIMIT}

HAPPENING_PAGES = (
    Page(name="home", path="/", view=show_today, summary="What is new", parameters=_TODAY),
    Page(name="today", path="/today", view=show_today, summary="What is new", parameters=_TODAY),
    Page(name="record", path="/records/{record_id}", view=show_record, summary="One happening and all that proves it"),
    Page(name="search", path="/search", view=search, summary="Happenings by words, sides and days", parameters=_SEARCH),
)
