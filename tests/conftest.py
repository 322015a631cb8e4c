"""Settings of the whole suite: in CI, generated examples are the same every time; at a desk, new ones are tried."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
