"""A site in a thread and pages of it in a real Chromium, with all that a sound page must stand."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.test_web import OWNER, StandIn

from dragoman.store import RecordStore
from dragoman.web import make_app
from dragoman.web.guard import Limits

CHROMIUM = os.environ.get("DRAGOMAN_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
_DESKTOP, _PHONE = {"width": 1200, "height": 900}, {"width": 360, "height": 740}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": _DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": _DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": _PHONE, "color_scheme": "light", "has_touch": True},
    "dark-phone": {"viewport": _PHONE, "color_scheme": "dark", "has_touch": True},
}
# Words broken into a column of letters: four lines and more in a box in which four letters have no room.
_SQUEEZED = """() => [...document.querySelectorAll("td, th, dt, dd, li, p, a, h1, h2, h3, label")]
    .filter(node => node.innerText && node.innerText.trim().length > 5 && !node.closest("svg, .unseen, .trap"))
    .filter(node => { const box = node.getBoundingClientRect();
        return box.width > 1 && box.width < 40 && box.height > 80; })
    .map(node => node.outerHTML.slice(0, 200))"""
_LOST_FRAGMENTS = """() => [...document.querySelectorAll("a[href*='#']")]
    .filter(link => link.pathname === location.pathname && link.hash && !document.getElementById(link.hash.slice(1)))
    .map(link => link.getAttribute("href"))"""


class _Server(uvicorn.Server):
    """A server in a thread, which takes no signals."""

    def install_signal_handlers(self) -> None:
        return


@contextmanager
def served(store: RecordStore) -> Iterator[str]:
    """The address of a record's site, with limits that no walk reaches."""
    limits = Limits(reads=1_000_000, posts=1000)
    app = make_app(store, owner_token=OWNER, load_coder=StandIn, limits=limits, least_form_seconds=0.2)
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Seen:
    """What a page did while it was looked at: the hosts that it asked and what its console complained of."""

    hosts: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def open_page(browser: Browser, look: str) -> tuple[Page, Seen]:
    """An empty page, watched from its first request on."""
    page = browser.new_context(**LOOKS[look]).new_page()
    seen = Seen()
    page.on("request", lambda request: seen.hosts.append(urlsplit(request.url).netloc))
    page.on(
        "console",
        lambda message: seen.complaints.append(message.text) if message.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(f"a dialog: {dialog.message}"))
    return page, seen


def assert_sound(page: Page, seen: Seen, *, host: str, passes: str = "404") -> None:
    """Nothing asked of other hosts, nothing complained of, nothing too wide or squeezed, nothing for axe to find."""
    assert set(seen.hosts) == {host}
    assert [one for one in seen.complaints if passes not in one] == []
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], "the page is wider than its window"
    page.evaluate("document.querySelectorAll('details').forEach(node => node.open = true)")
    assert page.evaluate(_SQUEEZED) == []
    assert page.evaluate(_LOST_FRAGMENTS) == []
    assert_accessible(page)


def assert_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in violations] == []


def keep_picture(page: Page, name: str) -> None:
    """A screenshot of the whole page in `$DRAGOMAN_SHOTS`, where that names a folder."""
    if folder := os.environ.get("DRAGOMAN_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
