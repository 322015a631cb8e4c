"""What can be read off a web address, which may be broken: it comes from feeds, pages and files of others."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit


def split_address(url: str | None) -> SplitResult | None:
    """The parts of an address; None where it is no address at all, as `http://[x` is none.

    >>> split_address("https://Example.org/a?b").path
    '/a'
    >>> split_address("http://[x") is None
    True
    """
    try:
        parts = urlsplit(url or "")
        parts.port  # noqa: B018 - a port that is no number is found when it is asked for
    except ValueError:
        return None
    return parts


def host_of(url: str | None) -> str | None:
    """The host of an address in small letters; None where there is none.

    >>> host_of("https://WWW.Example.org:8080/a")
    'www.example.org'
    """
    parts = split_address(url)
    return ((parts.hostname or "").lower() or None) if parts else None


def is_web_address(url: str | None) -> bool:
    """Whether something can be asked for at an address: http or https, with a host.

    >>> is_web_address("https://example.org/a"), is_web_address("mailto:a@example.org"), is_web_address("http://[x")
    (True, False, False)
    """
    parts = split_address(url)
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)


def join_address(base: str, link: str) -> str | None:
    """The address that a link on the page at `base` leads to; None where it leads to no page of the web.

    >>> join_address("https://example.org/a/b", "../c"), join_address("https://example.org/", "http://[x")
    ('https://example.org/c', None)
    """
    try:
        joined = urljoin(base, link.strip())
    except ValueError:
        return None
    return joined if is_web_address(joined) else None
