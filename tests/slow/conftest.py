"""What tests in a real browser have in common: a browser, and the site of the record that a module gives as `store`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.browsing import chromium, served

from dragoman.store import RecordStore


@pytest.fixture(scope="module")
def site(store: RecordStore) -> Iterator[str]:
    with served(store) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
