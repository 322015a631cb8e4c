"""Passes over what was not asked for: pages of other languages, outlets or days, before and after they are cleaned.

Stands between the sources and the article stage. An address and a declared language are read off the raw page, which
costs nothing beside cleaning it; language and day are looked at again in the article. It decides nothing about what is
worth reading: without criteria it lets everything through.

What it passes over is counted and told as one `Skip` for each reason, since an archive of the world's news holds
mostly what one reader did not ask for.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from dragoman.addresses import host_of
from dragoman.model import Article, Report, Skip

STAGE = "filter"
# The closed list of reasons of this stage.
REASONS = frozenset({"other-language", "other-domain", "other-day", "no-address", "no-day", "fetched-again"})
# A page declares its language in its first tag; what stands deeper is an example or an embedded page.
_HEAD_BYTES = 4096
_DECLARED = re.compile(rb"<html\b[^>]{0,1000}?\blang\s{0,9}=\s{0,9}[\"']?([a-z]{2,3})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which reports are asked for; what is left empty excludes nothing.

    `languages` are ISO 639-1 codes, `domains` the outlets' hosts with all below them (`example.org` holds
    `www.example.org`), `since` the first day of publication and `until` the day after the last.
    """

    languages: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    @property
    def is_everything(self) -> bool:
        return self == Wanted()


EVERYTHING = Wanted()


class Sieve:
    """Tells for each report and article whether it is wanted, and counts what is not.

    With `once`, a page that was fetched again and is the same to the byte is passed over. That needs 16 bytes a page:
    for a shard, not for a stream without end.
    """

    def __init__(self, wanted: Wanted = EVERYTHING, *, once: bool = False) -> None:
        self.wanted = wanted
        self._seen: set[bytes] | None = set() if once else None
        self.counts: Counter[str] = Counter()

    def lets_report(self, report: Report) -> bool:
        """Whether a raw report may be wanted, as far as it shows before it is cleaned."""
        return self._lets(self._why_not_report(report))

    def lets_article(self, article: Article | Skip, report: Report) -> bool:
        """Whether what came of a report is wanted. What was declined for its language counts as not asked for."""
        return self._lets(self._why_not_article(article, report))

    def skips(self, location: str) -> Iterator[Skip]:
        """What was passed over so far: one skip for each reason."""
        for reason, count in sorted(self.counts.items()):
            yield Skip(location=location, stage=STAGE, reason=reason, detail=f"{count} passed over", count=count)

    def _lets(self, reason: str | None) -> bool:
        if reason is not None:
            self.counts[reason] += 1
        return reason is None

    def _why_not_report(self, report: Report) -> str | None:
        wanted = self.wanted
        if wanted.domains and (reason := _why_not_address(report.url, wanted.domains)):
            return reason
        declared = declared_language(report.content) if wanted.languages and report.kind == "html" else None
        if declared and declared not in wanted.languages:
            return "other-language"
        fetched = report.fetched_at.date() if report.fetched_at else None
        if wanted.since and fetched and fetched < wanted.since:  # nothing is fetched before it is published
            return "other-day"
        return "fetched-again" if self._has_seen(report) else None

    def _has_seen(self, report: Report) -> bool:
        if self._seen is None or not report.content:
            return False
        digest = hashlib.blake2b(report.content, digest_size=16)
        digest.update((report.url or report.location).encode("utf8", "replace"))
        is_seen = digest.digest() in self._seen
        self._seen.add(digest.digest())
        return is_seen

    def _why_not_article(self, article: Article | Skip, report: Report) -> str | None:
        wanted = self.wanted
        if isinstance(article, Skip):
            return "other-language" if wanted.languages and article.reason == "not-english" else None
        if wanted.languages and article.language not in wanted.languages:
            return "other-language"
        if wanted.since is None and wanted.until is None:
            return None
        # A crawl of news fetches a page within days: the best guess for one that tells no day of its own.
        day = article.published or (report.fetched_at.date() if report.fetched_at else None)
        if day is None:
            return "no-day"
        is_inside = (wanted.since is None or day >= wanted.since) and (wanted.until is None or day < wanted.until)
        return None if is_inside else "other-day"


def _why_not_address(url: str | None, domains: Iterable[str]) -> str | None:
    host = host_of(url)
    if host is None:
        return "no-address"
    is_inside = any(host == domain or host.endswith(f".{domain}") for domain in domains)
    return None if is_inside else "other-domain"


def declared_language(content: bytes) -> str | None:
    """The language that a page's first tag declares, two or three letters; None where it declares none.

    >>> declared_language(b'<!DOCTYPE html><html class="x" lang="de-AT"><head>')
    'de'
    """
    found = _DECLARED.search(content[:_HEAD_BYTES])
    return found[1].decode("ascii").lower() if found else None
