"""Reads a page that a reader of the site names: one GET, to public addresses on the ports of web pages, and small.

The guard is that of `sources.web`: every address a name has is checked, the connection goes to an address that was
checked, redirects are checked anew. What the guard found stays here: a reader learns no address of the owner's network.
"""

from __future__ import annotations

import threading

from dragoman.article import extract_article
from dragoman.errors import QueryError
from dragoman.model import Article, Skip
from dragoman.sources import reports_of_page
from dragoman.sources.web import FetchError, FetchLimits, Resolver, fetch_page, resolve_host

LIMITS = FetchLimits(
    connect_seconds=4, read_seconds=4, total_seconds=10, most_bytes=3 * 1024 * 1024, ports=frozenset({80, 443})
)
LONGEST_ADDRESS = 2_000
# Pages fetched at once for all readers together; more would make a relay of the site.
MOST_AT_ONCE = 3

_SAID = {
    "refused-address": "that address is not on the public web: name an http or https page",
    "too-large": "that page is larger than 3 MB: paste the text of the report instead",
    "fetch-failed": "that page could not be fetched: it did not answer in time, or not with a page",
}


class PageReader:
    """Fetches pages for readers, a few at a time. `allow_private` is for tests against a server of their own."""

    def __init__(
        self, *, limits: FetchLimits = LIMITS, allow_private: bool = False, resolve: Resolver = resolve_host
    ) -> None:
        self._limits = limits
        self._allow_private = allow_private
        self._resolve = resolve
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def read(self, url: str) -> Article:
        """The article on a page.

        Raises:
            QueryError: the address is refused, does not answer, or holds no article; says which and what to do.
        """
        if len(url) > LONGEST_ADDRESS:
            raise QueryError(f"that address is longer than {LONGEST_ADDRESS} characters")
        if not self._places.acquire(blocking=False):
            raise QueryError("other pages are being fetched just now: try again in a few seconds, or paste the text")
        try:
            page = fetch_page(url, allow_private=self._allow_private, resolve=self._resolve, limits=self._limits)
        except FetchError as refused:
            raise QueryError(_SAID.get(refused.reason, _SAID["fetch-failed"])) from refused
        finally:
            self._places.release()
        found = next(iter(reports_of_page(page, url)), None)
        article = extract_article(found) if found is not None and not isinstance(found, Skip) else found
        if article is None or isinstance(article, Skip):
            detail = f" ({article.detail})" if article is not None and article.detail else ""
            raise QueryError(f"no article was found on that page{detail}: paste its text instead")
        return article
