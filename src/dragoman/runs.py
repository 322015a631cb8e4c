"""What a run did: numbers, rates, what was declined and why, which outlets and days it covered, which versions read.

Written beside the record when a run ends, by itself or by a fault, so that "how did last night go" has an answer.
It counts what the store was given; it is no part of the record and can be thrown away. What is taken down from the
record is named here no more.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from dragoman.addresses import host_of
from dragoman.errors import StoreError
from dragoman.model import Article, Skip

FOLDER = "runs"


@dataclass(slots=True, kw_only=True)
class Run:
    """The tally of one run. `began_at` is in UTC; `seconds` are by the clock, `cpu_seconds` this process's own."""

    what: str
    coder: str
    codebook: str
    inputs: tuple[str, ...] = ()
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    articles: int = 0
    events: int = 0
    known: int = 0
    skips: Counter[tuple[str, str]] = field(default_factory=Counter)
    coverage: Counter[tuple[str | None, date | None]] = field(default_factory=Counter)
    fault: str | None = None
    _began: float = field(default_factory=monotonic)
    _cpu: float = field(default_factory=lambda: sum(os.times()[:4]))

    def take_skips(self, skips: Iterable[Skip]) -> None:
        for skip in skips:
            self.skips[skip.stage, skip.reason] += skip.count

    def take_article(self, article: Article) -> None:
        self.coverage[article.publisher, article.published] += 1

    def to_row(self) -> dict[str, Any]:
        """The report as it is written and printed as JSON."""
        seconds = monotonic() - self._began
        return {
            "what": self.what,
            "inputs": list(self.inputs[:100]),
            "began_at": self.began_at.isoformat(timespec="seconds"),
            "seconds": round(seconds, 3),
            "cpu_seconds": round(sum(os.times()[:4]) - self._cpu, 3),
            "articles": self.articles,
            "events": self.events,
            "already_stored": self.known,
            "articles_a_second": round(self.articles / seconds, 3) if seconds else None,
            "events_an_article": round(self.events / self.articles, 3) if self.articles else None,
            "skips": [
                {"stage": stage, "reason": reason, "count": count}
                for (stage, reason), count in sorted(self.skips.items(), key=lambda item: (-item[1], item[0]))
            ],
            "outlets": _totals(self.coverage, 0, "publisher"),
            "days": _totals(self.coverage, 1, "day"),
            "coder": self.coder,
            "codebook": self.codebook,
            "fault": self.fault,
        }

    def write(self, record: Path) -> Path:
        """Writes the report into the record's folder and gives its path.

        Raises:
            StoreError: it cannot be written.
        """
        path = record / FOLDER / f"{self.began_at:%Y%m%dT%H%M%S%f}.json"
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(self.to_row(), ensure_ascii=False), encoding="utf8")
        except OSError as error:
            raise StoreError(f"the report of the run cannot be written to {path}: {error}") from error
        return path


def _totals(coverage: Counter[tuple[str | None, date | None]], at: int, name: str) -> list[dict[str, Any]]:
    """Articles by outlet or by day, most first; null where an article tells none."""
    sums: Counter[str | None] = Counter()
    for key, count in coverage.items():
        value = key[at]
        sums[value.isoformat() if isinstance(value, date) else value] += count
    ordered = sorted(sums.items(), key=lambda item: (-item[1], str(item[0])))
    return [{name: value, "articles": count} for value, count in ordered]


def read_runs(record: Path) -> list[dict[str, Any]]:
    """The reports of a record's runs, oldest first; none where there was no run.

    Raises:
        StoreError: one of them cannot be read.
    """
    rows = []
    for path in sorted((record / FOLDER).glob("*.json")):
        try:
            rows.append(json.loads(path.read_text("utf8")))
        except (OSError, ValueError) as error:
            raise StoreError(f"{path} cannot be read ({error}): delete it, the record does not need it") from error
    return rows


def forget_in_runs(record: Path, *, publishers: Collection[str], urls: Collection[str]) -> list[Path]:
    """Takes outlets, and inputs and faults that name an address or lie at an outlet, out of a record's run reports.

    Gives the paths of the reports that were rewritten. Totals and days stay: they name nobody.

    Raises:
        StoreError: a report cannot be read or written; the reports before it are done.
    """
    rewritten = []
    for path in sorted((record / FOLDER).glob("*.json")):
        try:
            row = json.loads(path.read_text("utf8"))
            fit = {**row, **_without(row, publishers, urls)}
            if fit != row:
                part = path.with_suffix(".part")
                part.write_text(json.dumps(fit, ensure_ascii=False), encoding="utf8")
                part.replace(path)
                rewritten.append(path)
        except (OSError, ValueError) as error:
            raise StoreError(f"{path} cannot be rewritten ({error}): delete it, the record does not need it") from error
    return rewritten


def _without(row: dict[str, Any], publishers: Collection[str], urls: Collection[str]) -> dict[str, Any]:
    """The fields of a report that can name an outlet or an address, without those given."""
    fault = row["fault"]
    if fault and any(name in fault for name in (*publishers, *urls)):
        fault = "a fault that named what was taken down"
    return {
        "outlets": [one for one in row["outlets"] if one["publisher"] not in publishers],
        "inputs": [one for one in row["inputs"] if one not in urls and not _lies_at(one, publishers)],
        "fault": fault,
    }


def _lies_at(location: str, publishers: Collection[str]) -> bool:
    """Whether an address has an outlet's name as its host, or as the end of it."""
    host = host_of(location) or ""  # none where a path looks like a broken address
    return any(f".{host}".endswith(f".{name.lower()}") for name in publishers if name)
