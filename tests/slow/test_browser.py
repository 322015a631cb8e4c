"""The site in a real browser: every page, light, dark and on a phone; what axe finds; what is asked of other hosts.

Needs Playwright for Python and a Chromium (`$DRAGOMAN_CHROMIUM`, else Debian's). `$DRAGOMAN_SHOTS` names a folder for
screenshots to look at.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.strategies import make_event, make_reading
from tests.test_web import HOSTILE, OWNER, StandIn, hostile_reading, two_months

from dragoman.model import Event
from dragoman.store import RecordStore
from dragoman.web import make_app
from dragoman.web.guard import Limits
from dragoman.web.queries import PageView
from dragoman.web.watches import Watch, WatchBox

pytestmark = pytest.mark.slow

CHROMIUM = os.environ.get("DRAGOMAN_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
PATHS = (
    "/", "/?days=30", "/ties", "/ties/FRA/DEU", "/ties/FRA/DEU?by=month&at=2025-03-01", "/states", "/states/FRA",
    "/search?q=harbour", "/search?q=nothing-like-it", "/types", "/types/ASSAULT", "/map", "/network", "/about",
    "/watch?q=Lyon", "/alerts", "/read", "/nope", "/themes", "/themes/military", "/states/EUR",
    "/search?theme=military", "RECORD", "HOSTILE", "CORRECTED",
)  # fmt: skip
LOOKS = {
    "light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "has_touch": True},
}


class _Server(uvicorn.Server):
    """A server in a thread, which takes no signals."""

    def install_signal_handlers(self) -> None:
        return


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    store = RecordStore.open(tmp_path_factory.mktemp("browser") / "record", create=True)
    store.add([*two_months(), hostile_reading(), make_reading(military())])
    corrected = next(row["record_id"] for row in store.records(event_type="CONSULT"))
    store.correct(
        corrected,
        "amend",
        reason="It was an agreement.",
        name="A. Reader",
        changes={"type": "AGREE", "date": "2025-03"},
    )
    box = WatchBox(store.path)
    view = PageView.of(store.path)
    box.save(Watch(name="Harbour", query="ASSAULT", threshold=1), view)
    store.add([make_reading(military("m2", "m2"))])
    box.check(PageView.of(store.path))
    return store


def military(name: str = "m1", article: str = "m1") -> Event:
    """A raid with a theme and a time told in words."""
    event = make_event(
        name, event_type="ASSAULT", article=article, day="2025-04-14" if name == "m1" else "2025-04-15",
        sentence="On Monday troops of one side raided the harbour of the other.", anchor="raided",
        published=date(2025, 4, 15),
    )  # fmt: skip
    when = replace(event.date, basis="told with the event: Monday")
    return replace(event, contexts=("military", "territory"), date=when)


@pytest.fixture(scope="module")
def site(store: RecordStore) -> Iterator[str]:
    limits = Limits(reads=100_000, posts=1000)
    app = make_app(store, owner_token=OWNER, load_coder=StandIn, limits=limits, least_form_seconds=0.2)
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def address_of(path: str, store: RecordStore) -> str:
    rows = store.records(event_type="ASSAULT")
    if path == "RECORD":
        return f"/records/{next(row['record_id'] for row in rows if row['mode'] is None)}"
    if path == "CORRECTED":
        return f"/records/{next(row['record_id'] for row in store.records(event_type='AGREE'))}"
    if path == "HOSTILE":
        return f"/records/{next(row['record_id'] for row in rows if row['mode'] == HOSTILE)}"
    return path


def open_page(browser: Browser, look: str) -> tuple[Page, list[str], list[str]]:
    """A page with the hosts that it asks and what its console complains of."""
    page = browser.new_context(**LOOKS[look]).new_page()  # type: ignore[arg-type]
    hosts: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: hosts.append(urlsplit(request.url).netloc))
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    return page, hosts, complaints


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_sound(browser: Browser, site: str, store: RecordStore, path: str, look: str) -> None:
    page, hosts, complaints = open_page(browser, look)
    page.goto(site + address_of(path, store))
    assert set(hosts) == {urlsplit(site).netloc}
    assert [one for one in complaints if "404" not in one] == []
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], "the page is wider than its window"
    for found in page.query_selector_all("details"):
        found.evaluate("node => node.open = true")
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in violations] == []
    _keep_picture(page, path, look)
    page.context.close()


def _keep_picture(page: Page, path: str, look: str) -> None:
    if folder := os.environ.get("DRAGOMAN_SHOTS"):
        name = path.strip("/").replace("/", "_").replace("?", "_") or "today"
        page.screenshot(path=Path(folder) / f"{name}-{look}.png", full_page=True)


def test_from_today_to_a_sentence_by_keyboard(browser: Browser, site: str) -> None:
    page, _, _ = open_page(browser, "light")
    page.goto(f"{site}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.goto(f"{site}/ties/FRA/DEU?by=month")
    page.locator("svg.tie a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**at=**")
    page.locator(".deed-link").first.click()
    page.wait_for_url("**/records/**")
    page.locator(".why summary").first.press("Enter")
    assert page.locator(".why dl").first.is_visible()
    assert page.locator("mark.role-anchor").first.is_visible()
    page.context.close()


def test_a_text_is_read_and_a_reply_is_moderated(browser: Browser, site: str, store: RecordStore) -> None:
    page, _, complaints = open_page(browser, "light")
    page.goto(f"{site}/read")
    page.fill("textarea[name=text]", f"Both sides met {HOSTILE} on Monday. It rained.")
    time.sleep(0.3)
    page.click("main button[type=submit]")
    assert page.locator("h2", has_text="1 event").is_visible()
    _keep_picture(page, "/read-done", "light")
    page.goto(site + address_of("RECORD", store))
    page.click("summary:has-text('Correct or comment')")
    page.check("input[value=correction]")
    page.fill("input[name=name]", "A. Reader")
    page.fill("input[name=email]", "reader@post.example")
    page.fill("textarea[name=text]", HOSTILE)
    time.sleep(0.3)
    page.click("text=Send the reply")
    assert page.locator("text=Thank you.").is_visible()
    page.goto(f"{site}/owner")
    page.fill("input[name=owner_token]", OWNER)
    time.sleep(0.3)
    page.click("text=Come in")
    time.sleep(0.3)
    page.click("summary:has-text('Correct the record by it')")
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in violations] == []
    _keep_picture(page, "/owner", "light")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.goto(site + address_of("RECORD", store))
    assert page.locator(".reply-text").inner_text() == HOSTILE
    assert "reader@post.example" not in page.content()
    assert [one for one in complaints if "401" not in one] == []
    page.context.close()


def test_pages_print_without_their_controls(browser: Browser, site: str) -> None:
    page, _, _ = open_page(browser, "light")
    page.goto(f"{site}/ties/FRA/DEU")
    page.emulate_media(media="print")
    assert not page.locator("header.top nav").is_visible()
    assert page.locator("svg.tie").is_visible()
    page.context.close()


def test_nothing_needs_a_script(browser: Browser, site: str, store: RecordStore) -> None:
    context: Any = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + address_of("RECORD", store))
    assert page.locator("h1").is_visible()
    assert page.locator("script").count() == 0
    context.close()
