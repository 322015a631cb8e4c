"""The record as agents see it, asked by the SDK's own client: in the process, over pipes, and by HTTP."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from tests.test_web import hostile_reading, two_months

from dragoman.store import RecordStore
from dragoman.web import make_app
from dragoman.web.agents import make_agent_server
from dragoman.web.queries import PageView

TOOLS = {"about", "tie", "happenings", "happening", "events", "statements"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agents") / "record"
    RecordStore.open(folder, create=True).add([*two_months(), hostile_reading()])
    return folder


def ask(server: Any, tool: str, **arguments: Any) -> Any:
    async def asking() -> Any:
        async with Client(server) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(asking())


def told(server: Any, tool: str, **arguments: Any) -> Any:
    answer = ask(server, tool, **arguments)
    assert not answer.is_error, answer
    content = answer.structured_content
    return content["result"] if set(content) == {"result"} else content


@pytest.fixture(scope="module")
def server(folder: Path) -> Any:
    return make_agent_server(PageView.of(folder))


def test_an_agent_finds_tools_that_only_read(server: Any) -> None:
    async def asking() -> Any:
        async with Client(server) as client:
            return await client.list_tools()

    tools = asyncio.run(asking()).tools
    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.description and tool.annotations.read_only_hint for tool in tools)


def test_every_answer_cites_its_sentences(server: Any, folder: Path) -> None:
    (first, *_) = told(server, "happenings", words="France round 3", limit=5)
    assert first["cited"][0]["sentence"] == "Delegates of both met in round 3 at the harbour."
    assert first["cited"][0]["url"].startswith("https://sample.example/")
    whole = told(server, "happening", record_id=first["record_id"])
    assert whole["cited"] == first["cited"]
    assert told(server, "events", actor="France", event_type="assault", limit=2)[0]["cited"][0]["outlet"]
    assert told(server, "about")["records"] == len(RecordStore.open(folder).records())


def test_a_tie_is_told_as_everywhere_else(server: Any, folder: Path) -> None:
    answer = told(server, "tie", a="France", b="DEU", since="2025-03-01", until="2025-05-01")
    rows = PageView.of(folder).ties("FRA", "DEU", directed=False, by="month")
    assert [row["quads"] for row in answer["periods"]] == [row["quads"] for row in rows][: len(answer["periods"])]
    assert answer["newest"][0]["cited"]
    assert told(server, "statements", topic="nothing") == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("tie", {"a": "Nowhereland", "b": "FRA"}),
        ("happening", {"record_id": "none"}),
        ("happenings", {"limit": 1000}),
        ("happenings", {"since": "soon"}),
        ("events", {"event_type": "JUMP"}),
        ("events", {"status": "odd"}),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(server: Any, tool: str, arguments: Any) -> None:
    answer = ask(server, tool, **arguments)
    assert answer.is_error
    assert "Traceback" not in answer.content[0].text


def test_no_sentence_carries_marks_that_hide_text(server: Any) -> None:
    told_of = told(server, "happenings", party="DEU", event_type="ASSAULT", limit=50)
    assert "\u202e" not in str(told_of)


def test_an_agent_asks_over_pipes(folder: Path) -> None:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "dragoman", "mcp", "--record", str(folder)], env={"PYTHONPATH": "src"}
    )
    assert told(command, "about")["records"] > 20


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    app = make_app(RecordStore.open(folder))
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/mcp"
    running.should_exit = True
    thread.join(timeout=10)


def test_an_agent_asks_the_site(address: str) -> None:
    assert told(address, "about")["records"] > 20
    assert told(address, "happenings", party="France", limit=3)
