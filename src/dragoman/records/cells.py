"""Where an event may merge: the block of day, family of types and status; and the priors that all of merging asks."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from dragoman.model import Event


@cache
def load_priors() -> dict[str, Any]:
    """The tables of data/belief.toml."""
    return tomllib.loads(resources.files("dragoman").joinpath("data/belief.toml").read_text("utf-8"))


@cache
def family_of(event_type: str) -> str:
    """The family of types that reporters use for one happening; a type in none is its own family."""
    families: dict[str, list[str]] = load_priors()["families"]
    return next((name for name, members in families.items() if event_type in members), event_type)


def happening_day(event: Event) -> str | None:
    """The date value by which an event is filed: its own, else the day of publication, else None."""
    published = event.evidence.published
    return event.date.value or (published.isoformat() if published else None)


def cell_of(event: Event) -> str:
    """The block within which an event can merge: date value, family of types and status, joined by `|`."""
    return f"{happening_day(event) or '?'}|{family_of(event.event_type)}|{event.status}"
