"""Figures of a running watch for Prometheus: what was asked, fetched, declined and stored, as counters.

A registry of its own for each watch, so that nothing is counted for the whole process.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server


class WatchFigures:
    """Counters of a watch, served on a port of this machine alone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._asked = Counter("dragoman_watch", "What happened to feeds and pages.", ["what"], registry=self.registry)
        self._stored = Counter("dragoman_stored", "What was added to the record.", ["what"], registry=self.registry)
        self._skips = Counter("dragoman_skips", "What was declined.", ["stage", "reason"], registry=self.registry)
        self._round = Gauge("dragoman_watch_round_seconds", "How long the last round took.", registry=self.registry)
        self._ended = Gauge("dragoman_watch_round_ended", "When the last round ended.", registry=self.registry)

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answers at http://HOST:PORT/metrics from a thread.

        Raises:
            OSError: the port is taken.
        """
        start_http_server(port, addr=host, registry=self.registry)

    def take_round(self, counts: Mapping[str, int], seconds: float) -> None:
        for what, number in counts.items():
            self._asked.labels(what).inc(number)
        self._round.set(seconds)
        self._ended.set_to_current_time()

    def take_stored(self, *, articles: int, events: int, skips: Mapping[tuple[str, str], int]) -> None:
        """Adds what was stored and declined since the last call."""
        self._stored.labels("articles").inc(articles)
        self._stored.labels("events").inc(events)
        for (stage, reason), number in skips.items():
            self._skips.labels(stage, reason).inc(number)
