"""Watches from their making to the alert that arrives, against a webhook and a mail server of the test's own."""

from __future__ import annotations

import json
import socketserver
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from tests.strategies import START, make_event, make_reading
from tests.test_web import HOSTILE, OWNER, Reply, ask, assert_only_own_markup, opened, site_of

from dragoman.cli import main
from dragoman.errors import QueryError
from dragoman.store import RecordStore
from dragoman.web.queries import PageView
from dragoman.web.sending import MailServer, Sender
from dragoman.web.watches import MOST_TRIES, Watch, WatchBox


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    store = RecordStore.open(tmp_path / "record", create=True)
    store.add([make_reading(make_event("e0", article="a0"))])
    return store


@pytest.fixture
def view(store: RecordStore) -> PageView:
    return PageView.of(store.path)


def grow(store: RecordStore, number: int, *, kind: str = "ASSAULT", start: int = 0) -> None:
    days = [START + timedelta(days=start + at) for at in range(number)]
    store.add([
        make_reading(
            make_event(f"{kind}{day}", event_type=kind, day=day.isoformat(), article=f"{kind}{day}", published=day)
        )
        for day in days
    ])


def test_a_search_alerts_of_what_is_new_and_of_nothing_twice(store: RecordStore, view: PageView) -> None:
    box = WatchBox(store.path)
    box.save(Watch(name="Harbour", query="France ASSAULT", threshold=2), view)
    assert box.check(view) == []
    grow(store, 1)
    assert box.check(view) == []
    grow(store, 2, start=10)
    (alert,) = box.check(view)
    assert alert.title == "Harbour: 3 new happenings"
    assert "They met at the summit on the harbour bridge." in alert.summary
    assert box.check(view) == []


def test_a_tie_alerts_when_its_level_moves(store: RecordStore, view: PageView) -> None:
    grow(store, 28, kind="CONSULT")
    box = WatchBox(store.path)
    box.save(Watch(name="Neighbours", a="FRA", b="DEU", threshold=1), view)
    assert box.check(view) == []
    grow(store, 7, kind="ASSAULT", start=28)
    (alert,) = box.check(view)
    assert "France and Germany, level down by" in alert.title
    assert alert.path.startswith("/ties?a=FRA&b=DEU&by=week&at=2025-")
    assert box.check(view) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../x"}, {"name": ""}, {"name": "x" * 61}, {"threshold": 0}, {"query": None}, {"a": "FRA", "b": "DEU"},
        {"webhook": "file:///etc/passwd"}, {"mail": "a@b"}, {"mail": "a@b.example\nBcc: c@d.example"},
        {"mail": "a@b.example,c@d.example"}, {"threshold": float("nan")}, {"threshold": float("inf")},
        {"webhook": "https://a.example/\r\nX: 1"}, {"webhook": "https://a .example"}, {"webhook": "https://"},
    ],
)  # fmt: skip
def test_a_watch_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        Watch(**{"name": "Harbour", "query": "France", "threshold": 1, **wrong})


# --- alerts arrive ---


class Webhook(BaseHTTPRequestHandler):
    got: list[dict[str, Any]]
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append(json.loads(body))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def webhook() -> Iterator[tuple[str, type[Webhook]]]:
    handler = type("OneWebhook", (Webhook,), {"got": [], "status": 204})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    server.server_close()


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand in a letter."""

    letters: list[str]

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                self.letters.append(self._letter())
            self._say("221 bye" if word == b"QUIT" else "250 yes")

    def _letter(self) -> str:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.decode())
        return "".join(lines)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[str]]]:
    letters: list[str] = []
    handler = type("OneMailbox", (Mailbox,), {"letters": letters})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"smtp://127.0.0.1:{server.server_address[1]}", letters
    server.shutdown()
    server.server_close()


def alerted(store: RecordStore, view: PageView, **ways: str) -> WatchBox:
    box = WatchBox(store.path)
    box.save(Watch(name="Harbour", query="ASSAULT", threshold=1, **ways), view)
    grow(store, 1)
    box.check(view)
    return box


def test_an_alert_reaches_a_webhook_once(store: RecordStore, view: PageView, webhook: Any) -> None:
    address, handler = webhook
    box = alerted(store, view, webhook=address)
    sender = Sender(site_url="https://record.example", allow_private=True)
    assert (sender.send_waiting(box), sender.send_waiting(box)) == (1, 0)
    (told,) = handler.got
    assert told["title"] == "Harbour: one new happening"
    assert told["page"].startswith("https://record.example/records/")


def test_an_alert_reaches_a_mailbox(store: RecordStore, view: PageView, mailbox: Any) -> None:
    address, letters = mailbox
    box = alerted(store, view, mail="reader@post.example")
    sender = Sender(site_url="https://record.example", mail=MailServer.read(address, "record@post.example"))
    assert sender.send_waiting(box) == 1
    (letter,) = letters
    assert "Subject: Harbour: one new happening" in letter
    assert "To: reader@post.example" in letter
    assert "https://record.example/records/" in letter


@pytest.mark.parametrize("address", ["smtp://[post.example", "smtp://post.example:mail", "post.example", "smtp://"])
def test_an_address_of_no_mail_server_is_said_so(address: str) -> None:
    with pytest.raises(QueryError, match="name the mail server as"):
        MailServer.read(address, "record@post.example")


def test_a_webhook_inside_the_network_is_not_asked(
    store: RecordStore, view: PageView, webhook: Any, caplog: Any
) -> None:
    address, handler = webhook
    box = alerted(store, view, webhook=address)
    assert Sender().send_waiting(box) == 0
    assert handler.got == []
    assert "127.0.0.1" not in caplog.text


def test_an_alert_that_does_not_arrive_is_tried_again_but_not_for_ever(
    store: RecordStore, view: PageView, webhook: Any
) -> None:
    address, handler = webhook
    handler.status = 500
    box = alerted(store, view, webhook=address)
    sender = Sender(allow_private=True)
    for _ in range(MOST_TRIES + 3):
        assert sender.send_waiting(box) == 0
    assert len(handler.got) == MOST_TRIES
    assert box.alerts()[0].title == "Harbour: one new happening"


def test_alerts_are_pages_and_feeds_that_tell_no_address(store: RecordStore, view: PageView) -> None:
    alerted(store, view, webhook="https://hook.example/secret", mail="reader@post.example")
    app = site_of(store)
    feed = ET.fromstring(ask(app, "/alerts.atom?watch=Harbour").body)
    assert [node.text for node in feed.iterfind("{*}entry/{*}title")] == ["Harbour: one new happening"]
    pages = [ask(app, path) for path in ("/alerts", "/alerts.json", "/alerts.csv", "/watch", "/watch.json")]
    assert all(page.status == 200 for page in pages)
    assert "Harbour" in pages[0].text
    assert not any("hook.example" in page.text or "reader@post.example" in page.text for page in pages)
    assert stat.S_IMODE((store.path / "watches.sqlite3").stat().st_mode) & 0o077 == 0


def test_hostile_words_in_a_watch_stay_words(store: RecordStore, view: PageView) -> None:
    box = WatchBox(store.path)
    box.save(Watch(name="Odd", query=HOSTILE[:200], threshold=1), view)
    for path in ("/watch", "/alerts", "/alerts?watch=Odd"):
        assert_only_own_markup(ask(site_of(store), path).text)


def test_watches_are_kept_from_the_command_line(store: RecordStore) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["alerts", *words, "--record", str(store.path)])

    assert run("add", "Harbour", "--search", "France ASSAULT").exit_code == 0
    assert run("add", "Neighbours", "--tie", "France", "DEU", "--threshold", "2").exit_code == 0
    assert "France ASSAULT" in run("list").output
    assert run("add", "Harbour", "--search", "x").exit_code == 2
    grow(store, 1)
    assert "Harbour: one new happening" in run("run").output
    assert run("run").output == ""
    assert run("remove", "Harbour").exit_code == 0
    assert run("remove", "Harbour").exit_code == 2


# --- the owner's forms ---

BEARER = {"authorization": f"Bearer {OWNER}"}
STRAIT = {"decision": "save", "name": "Strait", "query": "France ASSAULT", "threshold": "2"}


def opened_by_owner(app: Any) -> tuple[str, dict[str, str]]:
    """The token of the owner's forms, and the headers of the owner's browser."""
    page = ask(app, "/owner/watches", headers=BEARER)
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    cookie = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    return token, {**BEARER, "cookie": cookie}


def decide(app: Any, fields: dict[str, str]) -> Reply:
    token, headers = opened_by_owner(app)
    return ask(app, "/owner/watches", form={"token": token, **fields}, headers=headers)


def test_the_owner_saves_and_removes_watches_on_the_site(store: RecordStore) -> None:
    app, box = site_of(store), WatchBox(store.path)
    sent = decide(app, {**STRAIT, "webhook": "https://hook.example/x", "mail": "owner@post.example"})
    assert (sent.status, sent.headers["location"]) == (303, "/owner/watches")
    assert decide(app, {"name": "Neighbours", "a": "France", "b": "deu", "threshold": ""}).status == 303
    neighbours, strait = box.watches()
    assert (neighbours.a, neighbours.b, neighbours.threshold) == ("FRA", "DEU", 5.0)
    assert (strait.query, strait.threshold, strait.mail) == ("France ASSAULT", 2.0, "owner@post.example")
    page = ask(app, "/owner/watches", headers=BEARER).text
    assert "https://hook.example/x" in page
    assert "France and Germany" in page
    grow(store, 2)
    assert [alert.title for alert in box.check(PageView.of(store.path))] == ["Strait: 2 new happenings"]
    assert decide(app, {"decision": "remove", "name": "Strait"}).status == 303
    assert decide(app, {"decision": "remove", "name": "Strait"}).status == 404
    assert [watch.name for watch in box.watches()] == ["Neighbours"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "x" * 61}, {"name": HOSTILE[:60]}, {"query": ""}, {"query": "x" * 301},
        {"a": "FRA", "b": "DEU"}, {"query": "", "a": "FRA"}, {"threshold": "0"}, {"threshold": "nan"},
        {"threshold": "1e999"}, {"threshold": "two"}, {"webhook": "javascript:alert(1)"},
        {"webhook": "file:///etc/passwd"}, {"mail": "a@b.example\r\nBcc: c@d.example"}, {"mail": "x" * 201},
        {"query": "", "a": "nobody at all", "b": "DEU"},
    ],
)  # fmt: skip
def test_a_watch_that_makes_no_sense_is_not_saved(store: RecordStore, change: dict[str, str]) -> None:
    reply = decide(site_of(store), {**STRAIT, **change})
    assert reply.status in {400, 404}
    assert_only_own_markup(reply.text)
    assert WatchBox(store.path).watches() == []


def test_nobody_but_the_owner_keeps_watches(store: RecordStore) -> None:
    app = site_of(store)
    token, headers = opened_by_owner(app)
    cookie = {"cookie": headers["cookie"]}
    form = {**STRAIT, "token": token}
    attempts = [
        (form, cookie),
        (form, {**cookie, "authorization": "Bearer wrong"}),
        (form, {"cookie": f"{headers['cookie']}; dragoman_owner={OWNER}"}),
    ]
    assert [ask(app, "/owner/watches", form=sent, headers=by).status for sent, by in attempts] == [400] * 3
    assert WatchBox(store.path).watches() == []
    assert ask(make_unowned(store), "/owner/watches", headers=BEARER).status == 404


def make_unowned(store: RecordStore) -> Any:
    from dragoman.web import make_app

    return make_app(store)


def test_a_watch_is_saved_from_its_own_form_in_the_same_browser_only(store: RecordStore) -> None:
    app = site_of(store)
    token, headers = opened_by_owner(app)
    door, door_cookie = opened(app, "/owner")
    read, read_cookie = opened(app, "/read")
    attempts = [
        ({}, headers),
        ({"token": "x.y.z"}, headers),
        ({"token": token}, BEARER),
        ({"token": token}, {**BEARER, **door_cookie}),
        ({"token": door}, {**BEARER, **door_cookie}),
        ({"token": read}, {**BEARER, **read_cookie}),
    ]
    replies = [ask(app, "/owner/watches", form={**STRAIT, **sent}, headers=by).status for sent, by in attempts]
    assert replies == [400] * len(attempts)
    for elsewhere in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        form = {**STRAIT, "token": token}
        assert ask(app, "/owner/watches", form=form, headers={**headers, **elsewhere}).status == 403
    assert ask(app, "/owner/watches?decision=save&name=Strait&query=France", headers=headers).status == 200
    assert WatchBox(store.path).watches() == []


def test_where_alerts_go_is_told_to_the_owner_alone(store: RecordStore, view: PageView) -> None:
    alerted(store, view, webhook="https://hook.example/secret", mail="reader@post.example")
    app = site_of(store)
    owned = ask(app, "/owner/watches.json", headers=BEARER).json["watches"]
    assert [watch["mail"] for watch in owned] == ["reader@post.example"]
    for path in ("/owner/watches", "/owner/watches.json"):
        for headers in ({}, {"authorization": "Bearer wrong"}, {"cookie": f"dragoman_owner={OWNER}"}):
            reply = ask(app, path, headers=headers)
            assert reply.status == 401
            assert "hook.example" not in reply.text
            assert "reader@post.example" not in reply.text
    assert "/owner" not in str(ask(app, "/openapi.json").json["paths"])


def test_a_search_with_hostile_words_is_shown_to_the_owner_as_text(store: RecordStore) -> None:
    app = site_of(store)
    assert decide(app, {**STRAIT, "query": HOSTILE[:300]}).status == 303
    page = ask(app, "/owner/watches", headers=BEARER)
    assert_only_own_markup(page.text)
    assert "&lt;script&gt;" in page.text
