"""Figures of the site for Prometheus, at /metrics where that is switched on: answers, how long they took, the record.

Counted around the whole site, by the kind of page and not by address, so that no reader can be told from them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = "/metrics"


class Metered:
    """Counts the answers of a site and tells them at `/metrics`. `count_record` gives the rows of each table."""

    def __init__(self, app: ASGIApp, pages: Iterable[str], count_record: Callable[[], dict[str, int]]) -> None:
        self._app, self._count_record = app, count_record
        self._kinds = frozenset(_kind(page) for page in pages)
        self._registry = CollectorRegistry()
        self._answers = Counter("dragoman_answers", "Answers of the site.", ["page", "status"], registry=self._registry)
        self._seconds = Histogram(
            "dragoman_answer_seconds", "How long an answer took.", ["page"], registry=self._registry
        )
        self._rows = Gauge("dragoman_record_rows", "Rows of the record's tables.", ["table"], registry=self._registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == ADDRESS:
            await (await run_in_threadpool(self._tell))(scope, receive, send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), [500]

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            kind = _kind(Request(scope).url.path)
            page = kind if kind in self._kinds else "other"
            self._answers.labels(page, str(status[0])).inc()
            self._seconds.labels(page).observe(time.perf_counter() - began)

    def _tell(self) -> Any:
        for table, rows in self._count_record().items():
            self._rows.labels(table).set(rows)
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


def _kind(address: str) -> str:
    """The first part of an address without an ending.

    >>> _kind("/ties/RUS/CHN.json"), _kind("/")
    ('ties', '/')
    """
    return address.strip("/").partition("/")[0].partition(".")[0] or "/"
