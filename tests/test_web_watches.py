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
from tests.test_web import HOSTILE, ask, assert_only_own_markup, site_of

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
        {"mail": "a@b.example,c@d.example"},
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
