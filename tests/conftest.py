"""Settings of the whole suite: in CI, generated examples are the same every time; at a desk, new ones are tried."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from worlds import build_world

from dragoman.store import RecordStore

# No deadline for an example: a loaded machine is no fault, and what hangs is ended by pytest's own limit.
settings.register_profile("desk", deadline=None)
settings.load_profile("desk")
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    """The invented record of `worlds`, to be asked and never written to."""
    return build_world(tmp_path_factory.mktemp("world") / "record")
