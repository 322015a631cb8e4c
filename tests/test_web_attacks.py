"""The described API under generated questions, right and wrong (schemathesis), and attacks that need no markup."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from tests.test_web import HOSTILE, OWNER, ask, assert_only_own_markup, hostile_reading, site_of, two_months

from dragoman.store import RecordStore
from dragoman.web.app import make_app
from dragoman.web.guard import Limits
from dragoman.web.views import PAGES

# A refusal of the guard comes before any question is understood, so the description names it once, not by operation.
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacks") / "record"
    RecordStore.open(folder, create=True).add([*two_months(), hostile_reading()])
    return folder


@pytest.fixture(scope="module")
def app(folder: Path) -> Any:
    return site_of(RecordStore.open(folder), limits=Limits(reads=1_000_000, posts=1_000_000))


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[Any]:
    limits = Limits(reads=1_000_000, posts=1_000_000)
    site = make_app(RecordStore.open(folder), owner_token=OWNER, limits=limits)
    server = uvicorn.Server(uvicorn.Config(site, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    server.should_exit = True
    thread.join(timeout=10)


OPERATIONS = sorted(page.name for page in PAGES if page.method == "GET" and page.path != "/" and not page.is_private)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_api_keeps_its_description_whatever_is_asked(api: Any, name: str) -> None:
    operations = [found.ok() for found in api.get_all_operations()]
    (operation,) = [one for one in operations if one.definition.raw["operationId"] == name]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=20, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate), database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask_and_check(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, allow_redirects=False)

    ask_and_check()


# --- parameters that are said twice, nested, encoded twice, or in other letters ---


@pytest.mark.parametrize(
    "query",
    [
        "q=a&q=b", "q[]=a", "q[$ne]=1", "q=%2527%2520OR%25201=1", "q='; DROP TABLE said; --", "q=%00", "q=%ff%fe",
        "q=\u202e", "party=') OR 1=1 --", "party=%27%20UNION%20SELECT%201", "theme=../../etc/passwd", "type=%0d%0aX:1",
        "after=2025-01-01:%27%20OR%201=1", "after=0001-01-01:", "after=9999-12-31:~", "since=0001-01-01",
        "until=9999-12-31", "limit=1e2", "limit=0x10", "limit=%2B5", "quad=1%20", "q=" + "a%20" * 60, "q=NEAR(a,b)",
        "q=a*", "q=%22", "q=words:a", "q=^a", "q=-a", "q=a%20AND%20NOT%20b", "q={a%20b}:c", "=", "&&&", "?",
    ],
)  # fmt: skip
def test_no_parameter_breaks_out_of_its_question(app: Any, query: str) -> None:
    for path in ("/search", "/search.json", "/search.csv", "/search.atom"):
        reply = ask(app, f"{path}?{query}")
        assert reply.status in {200, 400}, (path, query)
        assert b"Error:" not in reply.body
        assert b"Traceback" not in reply.body
        if path == "/search":
            assert_only_own_markup(reply.text)


@pytest.mark.parametrize("header", ["accept", "cookie", "authorization", "if-none-match", "accept-encoding", "referer"])
def test_no_header_breaks_a_page(app: Any, header: str) -> None:
    for value in (HOSTILE, "\xff" * 2000, "a=b; " * 500, "Bearer " + "x" * 3000, "*/*;q=nan", "../../../etc/passwd"):
        reply = ask(app, "/", headers={header: value.encode("ascii", "ignore").decode()})
        assert reply.status in {200, 304}
        if reply.headers.get("content-type", "").startswith("text/html"):
            assert_only_own_markup(reply.text)


def test_a_forwarded_host_is_not_believed(app: Any) -> None:
    reply = ask(app, "/search.atom", headers={"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"})
    assert b"evil.example" not in reply.body


def test_redirects_stay_on_this_site(app: Any) -> None:
    paths = (
        "/ties//evil.example/x", "/states/%2F%2Fevil.example", "/types/%2f%2fevil.example", "//evil.example",
        "/ties?a=//evil.example&b=FRA", "/states?party=https://evil.example", "/ties/france/%5Cevil.example",
    )  # fmt: skip
    for path in paths:
        reply = ask(app, path)
        location = reply.headers.get("location", "/")
        assert location.startswith("/"), path
        assert not location.startswith(("//", "/\\")), path


def test_no_answer_tells_of_the_machine(app: Any, folder: Path) -> None:
    for path in ("/", "/nope", "/search?q=" + "x" * 301, "/static/nope.css", "/records/none.json", "/openapi.json"):
        body = ask(app, path).text
        assert str(folder) not in body
        assert "site-packages" not in body


def test_garbage_in_place_of_a_form_is_refused(app: Any) -> None:
    drawn = random.Random(3)
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "application/json", "")
    for kind in kinds:
        for length in (0, 1, 100, 60_000):
            body = drawn.randbytes(length)
            reply = ask(app, "/read", chunks=[body], headers={"content-type": kind})
            assert reply.status in {400, 413}, (kind, length)


def test_many_fields_and_files_are_refused(app: Any) -> None:
    body = "&".join(f"f{number}=x" for number in range(5000)).encode()
    reply = ask(app, "/read", chunks=[body], headers={"content-type": "application/x-www-form-urlencoded"})
    assert reply.status in {400, 413}


def test_agents_are_guarded_like_browsers(app: Any) -> None:
    asked = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
    kind = {"content-type": "application/json"}
    assert ask(app, "/mcp", chunks=[asked], headers={**kind, "host": "evil.example"}).status == 421
    assert ask(app, "/mcp", chunks=[asked], headers={**kind, "origin": "https://evil.example"}).status == 403
    assert ask(app, "/mcp", chunks=[asked], headers={**kind, "sec-fetch-site": "cross-site"}).status == 403
    assert ask(app, "/mcp", chunks=[b"x" * 30_000] * 3, headers=kind).status == 413


def test_a_reader_that_hangs_up_leaves_nothing_behind(folder: Path) -> None:
    site = site_of(RecordStore.open(folder))

    async def hang_up() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/read", "raw_path": b"/read", "query_string": b"",
            "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "scheme": "http", "root_path": "",
            "http_version": "1.1", "server": ("localhost", 80), "asgi": {"version": "3.0"},
        }  # fmt: skip
        await site(scope, receive, send)
        return sent

    assert asyncio.run(hang_up())[0]["status"] == 400
