"""Pages that readers name: what is fetched, and the addresses, redirects, sizes and speeds that are refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.test_web import HOSTILE, StandIn, ask, assert_only_own_markup, opened, words_of

from dragoman.errors import QueryError
from dragoman.sources.web import FetchError, FetchLimits, fetch_page, is_public_address, send_note
from dragoman.store import RecordStore
from dragoman.web import make_app
from dragoman.web.fetching import LIMITS, PageReader

STORY = "Delegates of both states met at the harbour on Monday. They signed a treaty on fishing. " * 4
PAGE = f"<html><head><title>Talks at the harbour</title></head><body><article><p>{STORY}</p></article></body></html>"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/drip-header":
            self._drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500)
        elif self.path == "/drip-body":
            self._drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"a" * 500)
        elif self.path == "/big":
            self._answer(b"x" * 200_000)
        elif self.path == "/bomb":
            import gzip

            self._answer(gzip.compress(bytes(50_000_000)), encoding="gzip")
        elif self.path == "/hostile":
            self._answer(f"<html><head><title>{HOSTILE}</title></head><body><p>{STORY}</p></body></html>".encode())
        else:
            self._answer(PAGE.encode())

    def _answer(self, body: bytes, encoding: str | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, parts: bytes) -> None:
        for part in parts:
            try:
                self.wfile.write(bytes([part]))
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.02)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = RecordStore.open(tmp_path_factory.mktemp("fetching") / "record", create=True)
    pages = PageReader(allow_private=True, limits=FetchLimits(total_seconds=5, most_bytes=100_000))
    return make_app(store, load_coder=StandIn, least_form_seconds=0.0, pages=pages)


def post(app: Any, **fields: str) -> Any:
    token, cookie = opened(app, "/read")
    return ask(app, "/read", form={"token": token, **fields}, headers=cookie)


def test_a_page_is_fetched_and_read_event_by_event(app: Any, server: str) -> None:
    reply = post(app, url=f"{server}/story")
    assert reply.status == 200
    assert "Talks at the harbour" in reply.text
    assert "Delegates of both states met at the harbour on Monday." in words_of(reply.text)


def test_nothing_of_a_fetched_page_becomes_markup(app: Any, server: str) -> None:
    reply = post(app, url=f"{server}/hostile")
    assert reply.status == 200
    assert_only_own_markup(reply.text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "x" * 2001}, "longer"),
        ({"url": "https://a.example", "text": "Both."}, "not both"),
        ({"url": "", "text": ""}, "missing"),
    ],
)
def test_what_is_no_address_is_said(app: Any, fields: dict[str, str], said: str) -> None:
    reply = post(app, **fields)
    assert (reply.status, said in reply.text) == (400, True)


# --- attacks: addresses inside the owner's network ---

INSIDE = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::", "100::1",
    "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "5f00::1",
    "2001:470::5efe:7f00:1", "2001:470::200:5efe:a00:1", "not an address", "",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_that_is_not_public_is_asked(address: str) -> None:
    assert not is_public_address(address)
    connected: list[str] = []
    reader = PageReader(resolve=lambda host, port: connected.append(host) or [address])  # type: ignore[func-returns-value]
    with pytest.raises(QueryError, match="public web"):
        reader.read("http://news.example/")
    with pytest.raises(FetchError, match="not public"):
        send_note("http://news.example/", b"{}", headers={}, resolve=lambda *_: [address])


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "data:text/html,x", "javascript:alert(1)",
        "//a.example/", "a.example", "http://", "http:///x", "unix:/run/docker.sock", "jar:http://a.example!/",
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://localhost/", "http://LOCALHOST./", "http://0/",
        "http://a@127.0.0.1/", "http://1.1.1.1@127.0.0.1/", "http://127.0.0.1#@a.example/", "https://[fe80::1]/",
        "http://169.254.169.254/latest/meta-data/", "http://a.example:22/", "http://a.example:6379/",
        "http://a.example:99999/", "http://\u2460\u2461\u2466.0.0.1/", "http://a.example\r\nHost: b/", "http://[",
    ],
)  # fmt: skip
def test_no_trick_of_writing_leads_inside(url: str) -> None:
    with pytest.raises(QueryError):
        PageReader().read(url)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(QueryError, match="public web"):
        PageReader(resolve=lambda *_: ["1.1.1.1", "10.0.0.1"]).read("http://news.example/")


def test_a_name_is_resolved_once_and_the_connection_goes_there(server: str, monkeypatch: Any) -> None:
    """A name server that answers with a public address first and a private one afterwards (rebinding) gains nothing."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    dialled: list[Any] = []

    def dial(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        dialled.append(address)
        raise OSError("nobody there")

    monkeypatch.setattr("urllib3.util.connection.create_connection", dial)
    with pytest.raises(QueryError, match="could not be fetched"):
        PageReader(resolve=lambda *_: next(answers)).read("http://news.example/")
    assert dialled == [("93.184.216.34", 80)]


def test_what_the_guard_found_is_not_told(app: Any) -> None:
    store_reader = PageReader(resolve=lambda *_: ["10.1.2.3"])
    with pytest.raises(QueryError) as refused:
        store_reader.read("http://intranet.example/")
    assert "10.1.2.3" not in str(refused.value)


# --- attacks: sizes and speeds ---


@pytest.mark.parametrize("path", ["/big", "/bomb"])
def test_a_page_that_is_too_large_is_refused(server: str, path: str) -> None:
    reader = PageReader(allow_private=True, limits=FetchLimits(most_bytes=100_000))
    with pytest.raises(QueryError, match="larger"):
        reader.read(f"{server}{path}")


@pytest.mark.parametrize("path", ["/drip-header", "/drip-body"])
def test_a_server_that_drips_is_cut_off(server: str, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(FetchError):
        fetch_page(f"{server}{path}", allow_private=True, limits=FetchLimits(total_seconds=0.4))
    assert time.monotonic() - started < 3


def test_only_a_few_pages_are_fetched_at_once(server: str) -> None:
    reader = PageReader(allow_private=True, limits=FetchLimits(total_seconds=1.0))
    outcomes: list[str] = []

    def read() -> None:
        try:
            reader.read(f"{server}/drip-body")
        except QueryError as refused:
            outcomes.append(str(refused))

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("other pages" in outcome for outcome in outcomes) == 3


def test_the_site_fetches_within_seconds_and_megabytes() -> None:
    assert LIMITS.total_seconds <= 10
    assert LIMITS.most_bytes <= 3 * 1024 * 1024
    assert LIMITS.ports == {80, 443}


def test_the_record_is_not_touched(tmp_path: Path, server: str) -> None:
    store = RecordStore.open(tmp_path / "record", create=True)
    before = store.counts()
    pages = PageReader(allow_private=True, limits=FetchLimits())
    app = make_app(store, load_coder=StandIn, least_form_seconds=0.0, pages=pages)
    assert post(app, url=f"{server}/story").status == 200
    assert store.counts() == before
