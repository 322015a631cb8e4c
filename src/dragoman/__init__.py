"""Dragoman reads news reports and keeps the record: who did what to whom, when, where, and according to whom.

The public door, in the order of the data. Names load on first use, so that a small job starts at once.

    import dragoman
    coder = dragoman.Coder()
    for found in dragoman.code_articles(coder, dragoman.read_articles(["reports/"])):
        ...                                   # Coded (article, events, ...) or Skip
    record = dragoman.RecordStore.open("record")
    record.ties("RUS", "CHN").explain("2025-06-01")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "DragomanError": "errors",
    "read_reports": "sources",
    "extract_article": "article",
    "read_articles": "pipeline",
    "Reader": "reader",
    "ActorIndex": "actors",
    "PlaceIndex": "places",
    "find_times": "times",
    "load_codebook": "codebook",
    "Coder": "coder",
    "code_articles": "pipeline",
    "merge_events": "records",
    "RecordStore": "store",
    "find_side": "sides",
    "find_turns": "ties",
    "build_network": "neighbourhood",
    "rank_changes": "neighbourhood",
    "build_panel": "panel",
    "draw_sample": "sample",
    "measure_precision": "sample",
    "export_record": "exchange",
    "import_events": "exchange",
    "Article": "model",
    "Entity": "model",
    "Event": "model",
    "Mention": "model",
    "Record": "model",
    "Report": "model",
    "Sentence": "model",
    "Skip": "model",
    "Statement": "model",
    "Tie": "model",
}

__all__ = [  # noqa: RUF022 - the order of the data, which is the order of _HOMES
    "DragomanError", "read_reports", "extract_article", "read_articles", "Reader", "ActorIndex", "PlaceIndex",
    "find_times", "load_codebook", "Coder", "code_articles", "merge_events", "RecordStore", "find_side", "find_turns",
    "build_network", "rank_changes", "build_panel", "draw_sample", "measure_precision",
    "export_record", "import_events", "Article", "Entity", "Event", "Mention", "Record", "Report", "Sentence", "Skip",
    "Statement", "Tie",
]  # fmt: skip

if TYPE_CHECKING:
    from dragoman.actors import ActorIndex
    from dragoman.article import extract_article
    from dragoman.codebook import load_codebook
    from dragoman.coder import Coder
    from dragoman.errors import DragomanError
    from dragoman.exchange import export_record, import_events
    from dragoman.model import Article, Entity, Event, Mention, Record, Report, Sentence, Skip, Statement, Tie
    from dragoman.neighbourhood import build_network, rank_changes
    from dragoman.panel import build_panel
    from dragoman.pipeline import code_articles, read_articles
    from dragoman.places import PlaceIndex
    from dragoman.reader import Reader
    from dragoman.records import merge_events
    from dragoman.sample import draw_sample, measure_precision
    from dragoman.sides import find_side
    from dragoman.sources import read_reports
    from dragoman.store import RecordStore
    from dragoman.ties import find_turns
    from dragoman.times import find_times


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dragoman' has no attribute {name!r}")
    return getattr(import_module(f"dragoman.{_HOMES[name]}"), name)
