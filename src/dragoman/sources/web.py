"""Pages fetched from the web: one GET within limits of time and size, and only to public addresses.

A name is resolved once, every address it has is checked, and the connection goes to an address that was checked, so a
name server that answers differently a moment later (DNS rebinding) gains nothing. Each redirect is checked anew.
Proxies of the environment are not used: behind one, no address could be checked.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import SplitResult, urljoin, urlsplit

import certifi
import urllib3

from dragoman.sources.streams import CHUNK, REPORT_LIMIT

CONNECT_SECONDS = 10
READ_SECONDS = 20
# The whole answer, so that a server that drips bytes does not hold a run.
TOTAL_SECONDS = 60
MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]


class FetchError(Exception):
    """A page could not be fetched; `reason` is of the stage's closed list."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer: the address it came from in the end, its content type header and its bytes."""

    url: str
    content_type: str
    content: bytes


def resolve_host(host: str, port: int) -> list[str]:
    """The numeric addresses of a host, in the system's order, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public_address(text: str) -> bool:
    """True for an address of the open internet; False for private, loopback, link-local, multicast and reserved ones.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, Teredo, NAT64) must be public themselves.

    >>> is_public_address("169.254.169.254"), is_public_address("::ffff:10.0.0.1"), is_public_address("1.1.1.1")
    (False, False, True)
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(inner.is_global and not inner.is_multicast for inner in (address, *_inner_addresses(address)))


def _inner_addresses(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[Address] = [found for found in (address.sixtofour, *(address.teredo or ())) if found]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.ipv4_mapped:
        inner.append(address.ipv4_mapped)
    return inner


def fetch_page(url: str, *, allow_private: bool = False, resolve: Resolver = resolve_host) -> Fetched:
    """The answer to a GET of `url`, at most `REPORT_LIMIT` bytes of it.

    Raises:
        FetchError: no public address, no answer in time, a status other than 200, too many redirects or bytes.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    for _ in range(MAX_REDIRECTS + 1):
        answer = _get(url, addresses=_checked_addresses(url, allow_private=allow_private, resolve=resolve))
        try:
            if answer.status in _REDIRECTS and answer.headers.get("Location"):
                url = urljoin(url, answer.headers["Location"])
                continue
            if answer.status != 200:
                raise FetchError("fetch-failed", f"HTTP status {answer.status}")
            content_type = answer.headers.get("Content-Type", "")
            return Fetched(url=url, content_type=content_type, content=_read_answer(answer, deadline))
        finally:
            answer.close()
    raise FetchError("fetch-failed", f"more than {MAX_REDIRECTS} redirects")


def _split(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna").decode() if not _is_numeric(parts.hostname) else parts.hostname
    except ValueError as error:
        raise FetchError("fetch-failed", f"not a usable address ({error})") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise FetchError("refused-address", "only http:// and https:// addresses are fetched")
    return parts, host, port


def _is_numeric(host: str | None) -> bool:
    return bool(host) and ":" in str(host)


def _checked_addresses(url: str, *, allow_private: bool, resolve: Resolver) -> list[str]:
    _, host, port = _split(url)
    try:
        addresses = resolve(host, port)
    except OSError as error:
        raise FetchError("fetch-failed", f"no such host {host} ({error})") from error
    refused = [address for address in addresses if not allow_private and not is_public_address(address)]
    if refused or not addresses:
        raise FetchError("refused-address", f"{host} is at {', '.join(refused) or 'no address'}, which is not public")
    return addresses


def _get(url: str, *, addresses: list[str]) -> urllib3.BaseHTTPResponse:
    """The answer, its body unread, from the first of the addresses that takes the connection."""
    parts, host, port = _split(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": _user_agent(), "Accept-Encoding": "gzip, deflate"}
    trouble: Exception | None = None
    for address in addresses[:3]:
        pool = _open_pool(parts.scheme, host, port, address=address)
        try:
            return pool.request("GET", target, headers=headers, redirect=False, retries=False, preload_content=False)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            trouble = error
    raise FetchError("fetch-failed", f"{host} does not answer ({trouble})") from trouble


def _open_pool(scheme: str, host: str, port: int, *, address: str) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    if scheme == "http":
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    # The certificate must be the host's, although the connection goes to the checked address.
    return urllib3.HTTPSConnectionPool(
        address, port, timeout=timeout, ssl_context=context, server_hostname=host, assert_hostname=host
    )


def _read_answer(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    content = bytearray()
    try:
        for chunk in answer.stream(CHUNK):
            content += chunk
            if len(content) > REPORT_LIMIT:
                raise FetchError("too-large", f"more than {REPORT_LIMIT // (1024 * 1024)} MiB")
            if time.monotonic() > deadline:
                raise FetchError("fetch-failed", f"not whole after {TOTAL_SECONDS} s")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FetchError("fetch-failed", f"the answer breaks off ({error})") from error
    return bytes(content)


def _user_agent() -> str:
    try:
        return f"dragoman/{version('dragoman')} (news event coder)"
    except PackageNotFoundError:
        return "dragoman (news event coder)"
