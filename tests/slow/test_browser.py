"""The site in a real browser: every page, light, dark and on a phone; what axe finds; what is asked of other hosts.

Needs Playwright for Python and a Chromium (`$DRAGOMAN_CHROMIUM`, else Debian's). `$DRAGOMAN_SHOTS` names a folder for
screenshots to look at.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from tests.browsing import LOOKS, assert_accessible, assert_sound, keep_picture, open_page
from tests.strategies import make_event, make_reading
from tests.test_web import HOSTILE, OWNER, hostile_reading, two_months

from dragoman.model import Event
from dragoman.store import RecordStore
from dragoman.web.queries import PageView
from dragoman.web.watches import Watch, WatchBox

pytestmark = pytest.mark.slow

PATHS = (
    "/", "/?days=30", "/ties", "/ties/FRA/DEU", "/ties/FRA/DEU?by=month&at=2025-03-01", "/states", "/states/FRA",
    "/search?q=harbour", "/search?q=nothing-like-it", "/types", "/types/ASSAULT", "/map", "/network", "/about",
    "/watch?q=Lyon", "/alerts", "/read", "/nope", "/themes", "/themes/military", "/states/EUR",
    "/search?theme=military", "RECORD", "HOSTILE", "CORRECTED",
)  # fmt: skip


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


def address_of(path: str, store: RecordStore) -> str:
    rows = store.records(event_type="ASSAULT")
    if path == "RECORD":
        return f"/records/{next(row['record_id'] for row in rows if row['mode'] is None)}"
    if path == "CORRECTED":
        return f"/records/{next(row['record_id'] for row in store.records(event_type='AGREE'))}"
    if path == "HOSTILE":
        return f"/records/{next(row['record_id'] for row in rows if row['mode'] == HOSTILE)}"
    return path


def picture_of(path: str, look: str) -> str:
    return f"{path.strip('/').replace('/', '_').replace('?', '_') or 'today'}-{look}"


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_sound(browser: Browser, site: str, store: RecordStore, path: str, look: str) -> None:
    page, seen = open_page(browser, look)
    page.goto(site + address_of(path, store))
    assert_sound(page, seen, host=urlsplit(site).netloc)
    keep_picture(page, picture_of(path, look))
    page.context.close()


def test_from_today_to_a_sentence_by_keyboard(browser: Browser, site: str) -> None:
    page, _ = open_page(browser, "light")
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
    page, seen = open_page(browser, "light")
    page.goto(f"{site}/read")
    page.fill("textarea[name=text]", f"Both sides met {HOSTILE} on Monday. It rained.")
    time.sleep(0.3)
    page.click("main button[type=submit]")
    assert page.locator("h2", has_text="1 event").is_visible()
    keep_picture(page, "read-done-light")
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
    assert_accessible(page)
    keep_picture(page, "owner-light")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.goto(site + address_of("RECORD", store))
    assert page.locator(".reply-text").inner_text() == HOSTILE
    assert "reader@post.example" not in page.content()
    assert [one for one in seen.complaints if "401" not in one] == []
    page.context.close()


@pytest.mark.parametrize("look", ["light", "dark-phone"])
def test_the_owner_saves_a_watch(browser: Browser, site: str, look: str) -> None:
    page, seen = open_page(browser, look)
    page.goto(f"{site}/owner")
    page.fill("input[name=owner_token]", OWNER)
    time.sleep(0.3)
    page.click("text=Come in")
    page.click('nav[aria-label="Owner\'s pages"] >> text=Watches')
    form = page.locator("form", has_text="Watch a search")
    form.locator("input[name=name]").fill(f"Walk {look}")
    form.locator("input[name=query]").fill("Lyon")
    form.locator("input[name=mail]").fill("owner@post.example")
    time.sleep(0.3)
    form.locator("button").click()
    saved = page.locator(".watch", has_text=f"Walk {look}")
    assert "owner@post.example" in saved.inner_text()
    assert_sound(page, seen, host=urlsplit(site).netloc, passes="401")
    keep_picture(page, f"owner-watches-{look}")
    time.sleep(0.3)
    saved.locator("button").click()
    assert page.locator(".watch", has_text=f"Walk {look}").count() == 0
    page.context.close()


def test_pages_print_without_their_controls(browser: Browser, site: str) -> None:
    page, _ = open_page(browser, "light")
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
