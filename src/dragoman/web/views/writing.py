"""Pages that take something in: a text to read, a reply, the owner's decisions. And the page that explains the site."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dragoman.codebook import load_codebook
from dragoman.errors import QueryError
from dragoman.model import STATUSES, Article, Sentence
from dragoman.rows import event_row
from dragoman.sides import side_code
from dragoman.store import RecordStore
from dragoman.view import Row
from dragoman.web.answers import Answer, Moved
from dragoman.web.asked import Asked
from dragoman.web.names import load_wordings
from dragoman.web.replies import Reply
from dragoman.web.site import OWNER_COOKIE, Site
from dragoman.web.views.happenings import open_points
from dragoman.web.views.page import NotThereError, Page, owners_page, posted_fields

LONGEST_TITLE, LONGEST_ARTICLE = 300, 20_000
# A field that no person sees; whoever fills it in is a robot.
TRAP = "website"


def show_reading(asked: Asked, site: Site) -> Answer:
    """The form for a text of one's own."""
    token = site.tokens.make(asked.cookie, "read")
    return Answer(
        template="read.html",
        title="Read a text",
        data={"longest": LONGEST_ARTICLE},
        told={"token": token, "coded": None, "given": {"title": "", "text": "", "published": "", "url": ""}},
        has_form=True,
        has_other_forms=False,
    )


def read_text(asked: Asked, site: Site) -> Answer:
    """The events of a pasted text or of a page that is named, one by one. Nothing of it is stored."""
    fields = posted_fields(asked)
    site.tokens.check(fields.get("token", ""), asked.cookie, "read")
    article = _given_article(fields, site)
    coded = site.coder.code(article)
    events = [event_row(event) for event in coded.events]
    return Answer(
        template="read.html",
        title="A text, read",
        data={
            "title": article.title,
            "url": article.url,
            "events": events,
            "skips": [{"reason": skip.reason, "detail": skip.detail} for skip in coded.skips],
        },
        told={
            "token": site.tokens.make(asked.cookie, "read"),
            "coded": coded,
            "by_sentence": _by_sentence(coded.sentences, events),
            "open_points": {event["event_id"]: open_points(event) for event in events},
            "given": {name: fields.get(name, "").strip() for name in ("title", "text", "published", "url")},
        },
        table=events,
        has_form=True,
        has_other_forms=False,
    )


def _given_article(fields: dict[str, str], site: Site) -> Article:
    """The article that a form gives: by its address, or by its text."""
    title, text, url = (fields.get(name, "").strip() for name in ("title", "text", "url"))
    if url and text:
        raise QueryError("give an address or a text, not both")
    if url:
        found = site.pages.read(url)
        cut = found.text[:LONGEST_ARTICLE]
        return replace(found, text=cut, published=_published(fields) or found.published)
    if not text:
        raise QueryError("the text is missing: paste some sentences of a news report, or name the page")
    if len(title) > LONGEST_TITLE or len(text) > LONGEST_ARTICLE:
        raise QueryError(f"the text is longer than {LONGEST_ARTICLE:,} characters: paste a part of it")
    return Article(
        id=hashlib.sha256(f"{title}\n\n{text}".encode("utf-8", "replace")).hexdigest()[:32],
        doc="pasted", title=title, text=text, published=_published(fields), location="pasted text",
    )  # fmt: skip


def _by_sentence(sentences: Sequence[Sentence], events: Sequence[Row]) -> list[tuple[Sentence, list[Row]]]:
    """Sentences in order, each with its events."""
    return [(one, [event for event in events if event["sentence"]["start"] == one.start]) for one in sentences]


def _published(fields: dict[str, str]) -> date | None:
    value = fields.get("published", "").strip()
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as fault:
        raise QueryError(f"{value!r} is no day: write it as YYYY-MM-DD") from fault


def send_reply(asked: Asked, site: Site) -> Moved:
    """Takes a reply under a happening; it is shown once the owner accepted it."""
    record_id = asked.path["record_id"]
    fields = posted_fields(asked)
    site.tokens.check(fields.get("token", ""), asked.cookie, f"reply {record_id}")
    record = site.view.record(record_id)
    if record is None:
        raise NotThereError(f"the record holds no happening {record_id!r}")
    reply = Reply.read(record["record_id"], fields)
    # A robot learns nothing: what it sent is thanked for and dropped.
    if not fields.get(TRAP):
        site.replies.add(reply)
    return Moved(path=f"/records/{record['record_id']}?sent=yes#replies")


def show_owner(asked: Asked, site: Site) -> Answer:
    """The owner's page: replies that wait, or the form for the owner's token."""
    if not site.owner_token:
        raise NotThereError("nobody moderates this site: start it with an owner token")
    is_owner = site.is_owner(token=asked.bearer, session=asked.session)
    return owners_page(
        "owner.html",
        "Replies that wait",
        is_owner=is_owner,
        data={"waiting": site.replies.waiting() if is_owner else []},
        told={
            "token": site.tokens.make(asked.cookie, "owner"),
            "types": list(load_codebook().types),
            "statuses": STATUSES,
        },
    )


def enter_owner(asked: Asked, site: Site) -> Moved:
    """Takes the owner's token once and keeps it in a cookie of this browser."""
    fields = posted_fields(asked)
    site.tokens.check(fields.get("token", ""), asked.cookie, "owner")
    if not site.is_owner(token=fields.get("owner_token", "")):
        raise QueryError("that is not the owner's token")
    return Moved(path="/owner", cookie=(OWNER_COOKIE, site.owner_session))


def decide_reply(asked: Asked, site: Site) -> Moved:
    """Accepts or deletes a waiting reply, for the owner."""
    fields = posted_fields(asked)
    site.tokens.check(fields.get("token", ""), asked.cookie, "owner")
    if not site.is_owner(token=asked.bearer, session=asked.session):
        raise QueryError("only the owner of this record decides about replies")
    number = fields.get("reply", "")
    if not number.isascii() or not number.isdigit() or len(number) > 12:
        raise QueryError("there is no such reply")
    if fields.get("decision") == "correct":
        _correct(int(number), fields, site)
    if not site.replies.decide(int(number), accept=fields.get("decision") in {"accept", "correct"}):
        raise NotThereError("that reply was decided already")
    return Moved(path="/owner")


def _correct(reply_id: int, fields: dict[str, str], site: Site) -> None:
    """Lets an accepted correction flow into the record: in the name of who sent it, with their words as the reason."""
    reply = site.replies.find_waiting(reply_id)
    if reply is None:
        raise NotThereError("that reply was decided already")
    given = {name: fields.get(name, "").strip() for name in ("type", "mode", "status", "date")}
    changes: dict[str, object] = {name: value for name, value in given.items() if value}
    for side in ("actors", "recipients"):
        if value := fields.get(side, "").strip():
            changes[side] = [side_code(name.strip()) for name in value.split(";") if name.strip()]
    verdict = fields.get("verdict", "")
    RecordStore.open(site.view.place).correct(
        reply["record_id"],
        verdict,
        reason=reply["text"],
        name=reply["name"],
        changes=changes if verdict == "amend" else None,
    )


def show_about(asked: Asked, site: Site) -> Answer:
    """How to read the pages, and what they rest on."""
    totals = site.view.totals()
    kinds = [
        {"type": kind.name, "quad": kind.quad, "meaning": load_wordings()[kind.name].meaning}
        for kind in load_codebook().types.values()
    ]
    return Answer(template="about.html", title="How to read these pages", data={"record": totals, "types": kinds})


WRITING_PAGES = (
    Page(name="read", path="/read", view=show_reading, summary="The form for a text of one's own", is_private=True),
    Page(name="read_text", path="/read", view=read_text, summary="Reads a text", method="POST"),
    Page(name="send_reply", path="/records/{record_id}/replies", view=send_reply, summary="Replies", method="POST"),
    Page(name="owner", path="/owner", view=show_owner, summary="Replies that wait", is_private=True),
    Page(name="enter_owner", path="/owner", view=enter_owner, summary="The owner comes in", method="POST"),
    Page(name="decide_reply", path="/owner/replies", view=decide_reply, summary="The owner decides", method="POST"),
    Page(name="about", path="/about", view=show_about, summary="How to read these pages"),
)
