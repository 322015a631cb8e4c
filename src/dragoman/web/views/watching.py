"""Pages of watches: a feed for any search or tie, and the alerts of those that the owner of the record has saved."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from dragoman.view import Row
from dragoman.web.answers import Answer, tie_path
from dragoman.web.asked import Asked
from dragoman.web.feeds import Entry
from dragoman.web.site import Site
from dragoman.web.views.page import LIMIT, TEXT, Page
from dragoman.web.views.parties import named_party
from dragoman.web.watches import Alert, Watch


def show_watch(asked: Asked, site: Site) -> Answer:
    """Makes the address of a feed for a search or a tie; nothing about who watches what is kept."""
    query, a, b = asked.text("q"), asked.text("a"), asked.text("b")
    alert = asked.number("alert", 5, most=100, least=0)
    page = feed = None
    if query:
        page, feed = (f"/search{ending}?{urlencode({'q': query})}" for ending in ("", ".atom"))
    elif a and b:
        path = tie_path(named_party(a), named_party(b))
        page, feed = path, f"{path}.atom" + (f"?alert={alert}" if alert else "")
    watches = [_told_watch(watch) for watch in site.watches.watches()]
    return Answer(
        template="watch.html",
        title="Watch",
        data={"feed": feed, "page": page, "watches": watches},
        told={"q": query, "a": a, "b": b, "alert": alert, "alerts": site.watches.alerts(limit=10)},
        table=watches,
        is_kept=False,
    )


def show_alerts(asked: Asked, site: Site) -> Answer:
    """What saved watches noticed, the newest first; as a feed it is what they alert by."""
    name = asked.text("watch")
    alerts = site.watches.alerts(watch=name, limit=asked.limit(50))
    rows = [asdict(alert) for alert in alerts]
    return Answer(
        template="alerts.html",
        title=f"Alerts: {name}" if name else "Alerts",
        data={"alerts": rows, "watches": [_told_watch(watch) for watch in site.watches.watches()]},
        told={"asked_watch": name},
        table=rows,
        entries=[_entry(alert) for alert in alerts],
        is_kept=False,
    )


def _told_watch(watch: Watch) -> Row:
    """A watch as readers may know it: what it looks at, and never where its alerts go."""
    told = ("name", "query", "a", "b", "threshold")
    return {name: getattr(watch, name) for name in told}


def _entry(alert: Alert) -> Entry:
    return Entry(
        key=f"alert:{alert.id}", path=alert.path, title=alert.title, summary=alert.summary, day=alert.made_at[:10]
    )


WATCH_PAGES = (
    Page(name="watch", path="/watch", view=show_watch, summary="The feed of a search or a tie",
         parameters={"q": TEXT, "a": TEXT, "b": TEXT, "alert": {"type": "integer", "minimum": 0, "maximum": 100}}),
    Page(name="alerts", path="/alerts", view=show_alerts, summary="What saved watches noticed",
         parameters={"watch": TEXT, "limit": LIMIT}),
)  # fmt: skip
