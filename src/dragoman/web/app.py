"""The site as an ASGI application: routes, formats, errors; and the server that runs it.

A view takes what was asked and gives an `Answer`; here it becomes a page, JSON, CSV or a feed, under the headers and
limits of the guard. Only here are errors caught: a refused question is 400, what is not there 404, a record that cannot
be read 503.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import importlib.util
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

import dragoman
from dragoman.errors import DragomanError, QueryError, StoreError
from dragoman.store import RecordStore
from dragoman.web.answers import FORMS, Form, Moved, asked_form, fault, make_templates, respond, set_cookie
from dragoman.web.asked import Asked
from dragoman.web.background import Background
from dragoman.web.fetching import PageReader
from dragoman.web.forms import COOKIE, LEAST_SECONDS, FormTokens
from dragoman.web.guard import Guard, Limits
from dragoman.web.openapi import describe
from dragoman.web.queries import NotReadyError, PageView
from dragoman.web.replies import ReplyBox
from dragoman.web.sending import Sender, keep_watch
from dragoman.web.site import OWNER_COOKIE, Codes, LazyCoder, Site
from dragoman.web.views import PAGES, NotThereError, Page
from dragoman.web.watches import WatchBox
from dragoman.web.worldmap import load_outlines

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_ENDINGS = ("", *(f".{form}" for form in FORMS if form != "html"))
# What the first page is also called where an ending follows: /index.json is /.json.
INDEX = "index"
# How often watches are looked at while the site is served.
WATCH_SECONDS = 60.0
# How often what a growing record tells of older days is laid aside anew.
LAY_SECONDS = 60.0
# How long one page may keep the interpreter while others want it. A search lets go of it some hundred times, at each
# read, and waited five milliseconds (Python's own measure) for each page that was being written meanwhile.
SWITCH_SECONDS = 0.0005
_log = logging.getLogger(__name__)
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - recognised, not bound


def make_app(
    store: RecordStore,
    *,
    hosts: Sequence[str] = LOOPBACK,
    owner_token: str | None = None,
    load_coder: Callable[[], Codes] | None = None,
    limits: Limits | None = None,
    least_form_seconds: float = LEAST_SECONDS,
    pages: PageReader | None = None,
    metrics: bool = False,
) -> ASGIApp:
    """The site of a record. `hosts` are the names it is reached under; `owner_token` lets its bearer moderate replies.

    With `metrics`, it tells its figures at /metrics to whoever asks.

    Raises:
        StoreError: the record cannot be read.
    """
    site = make_site(
        store, owner_token=owner_token, load_coder=load_coder, least_form_seconds=least_form_seconds, pages=pages
    )
    return _app_of(site, hosts=hosts, limits=limits or Limits(), metrics=metrics)


def make_site(
    store: RecordStore,
    *,
    owner_token: str | None = None,
    load_coder: Callable[[], Codes] | None = None,
    least_form_seconds: float = LEAST_SECONDS,
    pages: PageReader | None = None,
) -> Site:
    """What the pages of a record share."""
    return Site(
        view=PageView.of(store.place),
        coder=LazyCoder(load_coder or _load_coder),
        replies=ReplyBox(store.path),
        watches=WatchBox(store.path),
        tokens=FormTokens(least_seconds=least_form_seconds),
        owner_token=owner_token,
        pages=pages or PageReader(),
    )


def _app_of(site: Site, *, hosts: Sequence[str], limits: Limits, metrics: bool = False) -> ASGIApp:
    templates = make_templates()
    routes = [route for page in PAGES for route in _routes(page, site, templates)]
    static = resources.files("dragoman.web").joinpath("static")
    agents, running = _agents(site)
    app = Starlette(
        routes=[
            *agents,
            *routes,
            Route("/openapi.json", _openapi, methods=["GET"]),
            Mount("/static", StaticFiles(directory=Path(str(static)))),
        ],
        exception_handlers={HTTPException: _teller(templates), Exception: _teller(templates)},
        lifespan=running,
        middleware=[Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)],
    )
    return Guard(_metered(app, site) if metrics else app, hosts=hosts, limits=limits)


def _metered(app: ASGIApp, site: Site) -> ASGIApp:
    from dragoman.web.metrics import Metered  # here, since few sites are asked for figures

    return Metered(app, [page.path for page in PAGES], site.view.counts)


def _agents(site: Site) -> tuple[Sequence[BaseRoute], Callable[[Any], AbstractAsyncContextManager[None]] | None]:
    """Routes for agents, where the extra that they need is installed."""
    if importlib.util.find_spec("mcp") is None:
        return (), None
    from dragoman.web.agents import agent_routes  # here, since it takes a second and few installations have it

    routes, run = agent_routes(site.view)

    @asynccontextmanager
    async def running(_: Any) -> AsyncIterator[None]:
        async with run():
            yield

    return routes, running


def serve_record(
    store: RecordStore,
    *,
    host: str,
    port: int | socket.socket,
    owner_token: str | None = None,
    hosts: Sequence[str] = (),
    limits: Limits | None = None,
    sender: Sender | None = None,
    metrics: bool = False,
) -> None:
    """Serves a record until interrupted. Bound to all addresses, it answers under any name unless `hosts` are given.

    `port` may be a socket of `listen`, for who wants to know first whether the port is free.

    Raises:
        QueryError: the port cannot be had.
        StoreError: the record cannot be read.
    """
    listener = port if isinstance(port, socket.socket) else listen(host, port)
    named = ("*",) if host in _ANY_ADDRESS and not hosts else (*LOOPBACK, host, *hosts)
    site = make_site(store, owner_token=owner_token)
    app = _app_of(site, hosts=named, limits=limits or Limits(), metrics=metrics)
    server = uvicorn.Server(uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=200, timeout_keep_alive=5, timeout_graceful_shutdown=5, h11_max_incomplete_event_size=16_384,
    ))  # fmt: skip
    sys.setswitchinterval(SWITCH_SECONDS)
    # Ctrl+C is how a server ends; it comes up again when uvicorn has closed down.
    with suppress(KeyboardInterrupt), listener, Background(site.view) as beside:
        beside.start(_read_ahead, site, stop=beside.stop)
        beside.start(keep_watch, site.view, site.watches, sender or Sender(), every=WATCH_SECONDS, stop=beside.stop)
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket at an address and port; port 0 takes a free one.

    Raises:
        QueryError: the port is taken, or not ours to take, or the address is none of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]  # Python adds the address once more
        raise QueryError(f"port {port} of {host} cannot be had ({reason}): name another with --port") from error


def _read_ahead(site: Site, *, stop: threading.Event) -> None:
    """Reads what pages would wait for: first the newest days, then, as the record grows, older ones."""
    try:
        _warm_up(site)
        _spare_collector()
        _lay_aside(site)
        _spare_collector()
        while not stop.wait(LAY_SECONDS):
            _lay_aside(site)
    finally:
        gc.unfreeze()


def _lay_aside(site: Site) -> None:
    try:
        site.view.lay_aside()
    except (OSError, StoreError) as error:
        _log.warning("older days are read from the data files, which takes longer: %s", error)


def _warm_up(site: Site) -> None:
    """Reads what the first pages would wait for: the newest columns, the libraries of a tie, the index of words."""
    site.view.warm_up()
    importlib.import_module("scipy.stats")
    load_outlines()
    site.view.index_words()


def _spare_collector() -> None:
    """Takes what was read once and for all out of the sight of Python's collector of garbage.

    To look through it took a third of a second each time, while all pages waited.
    """
    gc.collect()
    gc.freeze()


def _load_coder() -> Codes:
    from dragoman.coder import Coder  # here, since it takes seconds and few sites are asked to read

    coder: Codes = Coder()
    return coder


def _routes(page: Page, site: Site, templates: Environment) -> list[Route]:
    """A page's routes: with each ending for GET, without one for POST. Those with endings come first."""
    if page.method == "POST":
        return [Route(page.path, _endpoint(page, site, templates, ""), methods=["POST"])]
    routes = [
        Route(f"{page.path}{ending}", _endpoint(page, site, templates, ending), methods=["GET"])
        for ending in reversed(_ENDINGS)
    ]
    if page.path == "/":
        routes += [
            Route(f"/{INDEX}{ending}", _endpoint(page, site, templates, ending), methods=["GET"])
            for ending in _ENDINGS[1:]
        ]
    return routes


def _endpoint(page: Page, site: Site, templates: Environment, ending: str) -> Callable[..., Any]:
    async def answer(request: Request) -> Response:
        form = asked_form(request, ending)
        posted = await request.form(max_files=0, max_fields=20) if page.method == "POST" else None
        return await run_in_threadpool(_respond, request, page, (site, templates), (ending, form, posted))

    return answer


def _respond(
    request: Request, page: Page, parts: tuple[Site, Environment], asked_as: tuple[str, Form, FormData | None]
) -> Response:
    try:
        return _kept_or_made(request, page, parts, asked_as)
    except NotThereError as missing:
        error, status = str(missing), 404
    except (StoreError, NotReadyError) as broken:
        error, status = str(broken), 503
    except DragomanError as refused:
        error, status = str(refused), 400
    site, templates = parts
    return fault(templates, error, status, form=asked_as[1], page=_around(request, None, site))


def _kept_or_made(
    request: Request, page: Page, parts: tuple[Site, Environment], asked_as: tuple[str, Form, FormData | None]
) -> Response:
    """The answer as it was made before for this snapshot, or made now. Pages with forms are made for each reader."""
    site, templates = parts
    ending, form, posted = asked_as
    snapshot = site.view.snapshot()
    key = (snapshot.number, snapshot.committed_at, form, str(request.url))
    if posted is None and (kept := site.kept.find(key)):
        return _revalidated(request, kept, key)
    cookie = request.cookies.get(COOKIE, "") or site.tokens.new_cookie()
    asked = _asked(request, ending=ending, cookie=cookie, posted=posted, is_page=form == "html")
    around = _around(request, asked, site)
    answer = page.view(asked, site)
    response = respond(templates, answer, form, around)
    if isinstance(answer, Moved):
        return response
    if answer.has_form:
        if COOKIE not in request.cookies:
            set_cookie(response, COOKIE, cookie, secure=around["is_secure"])
    elif answer.is_kept and posted is None and response.status_code == 200:
        site.kept.keep(key, response)
        return _revalidated(request, response, key)
    return response


def _revalidated(request: Request, response: Response, key: Hashable) -> Response:
    """The response with a tag; 304 where the reader has it already."""
    tag = f'W/"{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}"'
    if request.headers.get("if-none-match") == tag:
        response = Response(status_code=304)
    response.headers["etag"] = tag
    response.headers["cache-control"] = "private, no-cache"
    return response


def _asked(request: Request, *, ending: str, cookie: str, posted: FormData | None, is_page: bool) -> Asked:
    path = f"/{ending}" if request.url.path == f"/{INDEX}{ending}" else request.url.path
    authorization = request.headers.get("authorization", "")
    return Asked(
        base=str(request.base_url).rstrip("/"),
        address=path.removesuffix(ending) if ending else path,
        path=request.path_params,
        query=dict(request.query_params),
        form=posted,
        cookie=cookie,
        bearer=authorization.removeprefix("Bearer ").strip(),
        session=request.cookies.get(OWNER_COOKIE, ""),
        is_page=is_page,
    )


def _around(request: Request, asked: Asked | None, site: Site | None) -> Mapping[str, Any]:
    """What every page shows around its own."""
    return {
        "site_url": str(request.base_url).rstrip("/"),
        "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "is_secure": request.url.scheme == "https",
        "asked": asked,
        "version": dragoman.__version__,
        "has_owner": bool(site and site.owner_token),
        "query": (asked.query.get("q", "")[:300] if asked else ""),
    }


def _teller(templates: Environment) -> Callable[[Request, Exception], Response]:
    """Tells of errors that no view raised: an unknown address, a wrong method, a fault of ours."""

    def tell(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        said = {404: "there is no such page", 405: "this address does not take that method"}
        text = said.get(status) or (
            "something broke on our side; it is in the log" if status >= 500 else str(getattr(error, "detail", error))
        )
        ending = next((ending for ending in _ENDINGS[1:] if request.url.path.endswith(ending)), "")
        form = asked_form(request, ending)
        return fault(templates, text, status, form=form, page=_around(request, None, None))

    return tell


async def _openapi(request: Request) -> Response:
    return JSONResponse(describe(PAGES, site_url=str(request.base_url).rstrip("/")))
