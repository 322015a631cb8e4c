"""The gate before every page: who may ask, how much and how fast, and the headers under which an answer leaves.

Pure ASGI, so that a body is counted while it comes in. It refuses foreign hosts (a name that was pointed at this
machine reads nothing), long addresses, large and slow bodies, posts from other sites, and clients that ask too often.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dragoman.addresses import split_address

# Pages run no script and load nothing from elsewhere; a hole in the escaping would still find nothing to run.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noarchive",
}
# Agents ask by POST and change nothing.
AGENTS_PATH = "/mcp"
_METHODS = ("GET", "HEAD", "POST")
# Clients whose rate is remembered at once; the one unheard of for longest is forgotten first.
_CLIENTS_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds, rates per minute and client."""

    address: int = 4_000
    body: int = 64_000
    body_seconds: float = 10.0
    reads: int = 600
    posts: int = 20


class _RefusedError(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Guard:
    """Wraps an ASGI app; `hosts` are the names it may be asked under (`*`: any)."""

    def __init__(
        self, app: ASGIApp, *, hosts: Sequence[str], limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._limits = limits
        self._clock = clock
        self._reads = _Rates(limits.reads)
        self._posts = _Rates(limits.posts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _with_headers(send)
        try:
            self._admit(scope)
            body = await self._body(scope, receive)
        except _RefusedError as refused:
            await _refuse(refused, guarded)
            return
        await self._app(scope, _replay(body, receive), guarded)

    def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if scope["method"] not in _METHODS:
            raise _RefusedError(405, "this site answers GET, HEAD and POST")
        host = _host_of(headers.get("host", ""))
        if "*" not in self._hosts and host not in self._hosts:
            raise _RefusedError(421, "this site is not served under that name")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > self._limits.address:
            raise _RefusedError(414, "this address is too long")
        client = (scope.get("client") or ("", 0))[0]
        is_writing = scope["method"] == "POST" and scope["path"] != AGENTS_PATH
        rates = self._posts if is_writing else self._reads
        if not rates.admit(client, self._clock()):
            raise _RefusedError(429, "too many requests: wait a minute")
        if scope["method"] == "POST" and not _is_own(headers):
            raise _RefusedError(403, "this form was sent from another site")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            return b""
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:12]) > self._limits.body:
            raise _RefusedError(413, f"that is more than {self._limits.body // 1000} kB: send less")
        try:
            return await asyncio.wait_for(self._collect(receive), self._limits.body_seconds)
        except TimeoutError:
            raise _RefusedError(408, "the request took too long to arrive") from None

    async def _collect(self, receive: Receive) -> bytes:
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _RefusedError(400, "the request broke off")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limits.body:
                raise _RefusedError(413, f"that is more than {self._limits.body // 1000} kB: send less")
        return bytes(body)


class _Rates:
    """A bucket for each client that fills evenly and holds a minute's worth."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admit(self, client: str, now: float) -> bool:
        left, then = self._buckets.pop(client, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - then) * self._per_minute / 60)
        admitted = left >= 1
        self._buckets[client] = (left - 1 if admitted else left, now)
        if len(self._buckets) > _CLIENTS_KEPT:
            self._buckets.popitem(last=False)
        return admitted


def _host_of(value: str) -> str:
    """The name in a Host header, without its port."""
    if value.startswith("["):
        return value.partition("]")[0].lower() + "]"
    return value.partition(":")[0].lower()


def _is_own(headers: Headers) -> bool:
    """Whether a post comes from a page of this site, or from a program that is no browser and says neither."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    parts = split_address(origin)
    return origin is None or bool(parts and parts.netloc.lower() == headers.get("host", "").lower())


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
            headers.add_vary_header("Accept")
        await send(message)

    return sending


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the app the body that was collected, then what the client sends after it (that it went away)."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


async def _refuse(refused: _RefusedError, send: Send) -> None:
    body = json.dumps({"ok": False, "error": refused.error, "status": refused.status}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
