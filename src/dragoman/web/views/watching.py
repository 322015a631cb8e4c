"""Pages of watches: a feed for any search or tie, the alerts of saved ones, and where the owner saves and removes them.

Where alerts are sent is told to the owner alone.
"""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from dragoman.errors import QueryError
from dragoman.view import Row
from dragoman.web.answers import Answer, Moved, tie_path
from dragoman.web.asked import Asked
from dragoman.web.feeds import Entry
from dragoman.web.site import Site
from dragoman.web.views.page import LIMIT, TEXT, NotThereError, Page, owners_page, posted_fields
from dragoman.web.views.parties import named_party
from dragoman.web.watches import Alert, Watch

# What the token of the owner's forms is for; none of another form opens them.
_PURPOSE = "watches"
_LONGEST_FIELD = {"name": 60, "query": 300, "a": 200, "b": 200, "webhook": 2000, "mail": 200}
_USUAL_THRESHOLD = {"search": 1.0, "tie": 5.0}


def show_watch(asked: Asked, site: Site) -> Answer:
    """Makes the address of a feed for a search or a tie; nothing about who watches what is kept."""
    query, a, b = asked.text("q"), asked.text("a"), asked.text("b")
    alert = asked.number("alert", 5, most=100, least=0)
    page = feed = None
    if query:
        page, feed = (f"/search{ending}?{urlencode({'q': query})}" for ending in ("", ".atom"))
    elif a and b:
        path = tie_path(named_party(a, site), named_party(b, site))
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


def show_owner_watches(asked: Asked, site: Site) -> Answer:
    """The saved watches with where their alerts go, and forms to save and remove them: for the owner alone."""
    if not site.owner_token:
        raise NotThereError("nobody keeps watches at this site: start it with an owner token")
    is_owner = site.is_owner(token=asked.bearer, session=asked.session)
    return owners_page(
        "owner_watches.html",
        "Watches of this record",
        is_owner=is_owner,
        data={"watches": [asdict(watch) for watch in site.watches.watches()] if is_owner else []},
        told={
            "token": site.tokens.make(asked.cookie, _PURPOSE if is_owner else "owner"),
            "usual": _USUAL_THRESHOLD,
        },
    )


def decide_watch(asked: Asked, site: Site) -> Moved:
    """Saves a watch or removes one, for the owner."""
    fields = posted_fields(asked)
    site.tokens.check(fields.get("token", ""), asked.cookie, _PURPOSE)
    if not site.is_owner(token=asked.bearer, session=asked.session):
        raise QueryError("only the owner of this record keeps watches")
    if fields.get("decision") == "remove":
        if not site.watches.remove(fields.get("name", "")):
            raise NotThereError("there is no such watch: it was removed already")
    else:
        site.watches.save(_given_watch(fields, site), site.view)
    return Moved(path="/owner/watches")


def _given_watch(fields: dict[str, str], site: Site) -> Watch:
    """The watch in the fields of a form; raises QueryError that names what is wrong."""
    given = {name: fields.get(name, "").strip() for name in _LONGEST_FIELD}
    for name, longest in _LONGEST_FIELD.items():
        if len(given[name]) > longest:
            raise QueryError(f"the {name} is longer than {longest} characters: shorten it")
    usual = _USUAL_THRESHOLD["search" if given["query"] else "tie"]
    return Watch(
        name=given["name"],
        query=given["query"] or None,
        a=named_party(given["a"], site) if given["a"] else None,
        b=named_party(given["b"], site) if given["b"] else None,
        threshold=_threshold(fields.get("threshold", ""), usual),
        webhook=given["webhook"] or None,
        mail=given["mail"] or None,
    )


def _threshold(words: str, usual: float) -> float:
    try:
        return float(words) if words.strip() else usual
    except ValueError as fault:
        raise QueryError("the threshold is a number above 0") from fault


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
    Page(name="owner_watches", path="/owner/watches", view=show_owner_watches, summary="Saved watches",
         is_private=True),
    Page(name="decide_watch", path="/owner/watches", view=decide_watch, summary="The owner's watches", method="POST"),
)  # fmt: skip
