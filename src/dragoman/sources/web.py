"""Pages fetched from the web: one GET within limits of time and size, and only to public addresses. Notes sent there.

A name is resolved once, every address it has is checked, and the connection goes to an address that was checked, so a
name server that answers differently a moment later (DNS rebinding) gains nothing. Each redirect is checked anew.
Proxies of the environment are not used: behind one, no address could be checked.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import SplitResult, urlsplit

import certifi
import urllib3

from dragoman.addresses import join_address
from dragoman.sources.streams import CHUNK, REPORT_LIMIT

CONNECT_SECONDS = 10
READ_SECONDS = 20
# The whole answer, so that a server that drips bytes does not hold a run.
TOTAL_SECONDS = 60
MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# IPv6 blocks that carry an IPv4 address or a private network and that Python's tables hold for global.
_REFUSED = tuple(
    ipaddress.ip_network(block)
    for block in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10", "5f00::/16", "192.88.99.0/24")
)
# The middle of an address that ISATAP made of an IPv4 address.
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered: the address it came from in the end, status, headers by small names, bytes if 200."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def location(self) -> str | None:
        """Where a redirect leads; None for any other answer.

        Raises:
            FetchError: it leads to no usable address.
        """
        if self.status not in _REDIRECTS or "location" not in self.headers:
            return None
        joined = join_address(self.url, self.headers["location"])
        if joined is None:
            raise FetchError("fetch-failed", f"redirected to {self.headers['location'][:200]!r}, no web address")
        return joined


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How long an answer may take, in its parts and in all (seconds), how large it may be, and from which ports."""

    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    total_seconds: float = TOTAL_SECONDS
    most_bytes: int = REPORT_LIMIT
    ports: frozenset[int] | None = None


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
    return all(_is_global(inner) for inner in (address, *_inner_addresses(address)))


def _is_global(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in block for block in _REFUSED)


def _inner_addresses(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[Address] = [found for found in (address.sixtofour, *(address.teredo or ())) if found]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.ipv4_mapped:
        inner.append(address.ipv4_mapped)
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inner


def fetch_page(
    url: str, *, allow_private: bool = False, resolve: Resolver = resolve_host, limits: FetchLimits | None = None
) -> Fetched:
    """The answer to a GET of `url`.

    Raises:
        FetchError: no public address, no answer in time, a status other than 200, too many redirects or bytes.
    """
    answer = fetch_answer(url, allow_private=allow_private, resolve=resolve, limits=limits)
    if answer.status != 200:
        raise FetchError("fetch-failed", f"HTTP status {answer.status}")
    return Fetched(url=answer.url, content_type=answer.headers.get("content-type", ""), content=answer.content)


def fetch_answer(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    allow_private: bool = False,
    resolve: Resolver = resolve_host,
    limits: FetchLimits | None = None,
    follow: bool = True,
) -> Answer:
    """The answer to a GET of `url` with more headers, whatever its status; redirects are followed if `follow` is true.

    Raises:
        FetchError: no public address, no answer in time, too many redirects or bytes.
    """
    bounds = limits or FetchLimits()
    with _deadline(bounds.total_seconds) as connections:
        for _ in range(MAX_REDIRECTS + 1):
            addresses = _checked_addresses(url, allow_private=allow_private, resolve=resolve, ports=bounds.ports)
            answer = _fetch_once(url, _Way(addresses, bounds, connections), headers)
            location = answer.location if follow else None
            if location is None:
                return answer
            url = location
    raise FetchError("fetch-failed", f"more than {MAX_REDIRECTS} redirects")


def _fetch_once(url: str, way: _Way, headers: Mapping[str, str] | None) -> Answer:
    """One answer, its content only where the status is 200."""
    answer = _ask("GET", url, way, headers=headers)
    try:
        content = _read_answer(answer, way.bounds, way.connections) if answer.status == 200 else b""
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(url=url, status=answer.status, headers=named, content=content)
    finally:
        answer.close()


def send_note(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    allow_private: bool = False,
    resolve: Resolver = resolve_host,
    limits: FetchLimits | None = None,
) -> int:
    """Posts `body` to an address under the same limits and gives the status; a redirect is not followed.

    Raises:
        FetchError: no public address, or no answer in time.
    """
    bounds = limits or FetchLimits()
    addresses = _checked_addresses(url, allow_private=allow_private, resolve=resolve, ports=bounds.ports)
    with _deadline(bounds.total_seconds) as connections:
        answer = _ask("POST", url, _Way(addresses, bounds, connections), body=body, headers=headers)
        answer.close()
    return answer.status


class _Connections:
    """The connections of one fetch, which its deadline cuts off wherever they stand: in a handshake or in a header."""

    def __init__(self) -> None:
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.is_over = False

    def add(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.append(connection.dup())

    def cut(self) -> None:
        with self._lock:
            self.is_over = True
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # it is closed already
                    continue

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()


@dataclass(frozen=True, slots=True)
class _Way:
    """How an address is asked: where it lies, within which limits, and who ends it."""

    addresses: list[str]
    bounds: FetchLimits
    connections: _Connections


@contextmanager
def _deadline(seconds: float) -> Iterator[_Connections]:
    connections = _Connections()
    clock = threading.Timer(seconds, connections.cut)
    clock.daemon = True
    clock.start()
    try:
        yield connections
    finally:
        clock.cancel()
        connections.close()


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


def _checked_addresses(
    url: str, *, allow_private: bool, resolve: Resolver, ports: frozenset[int] | None = None
) -> list[str]:
    _, host, port = _split(url)
    if ports is not None and port not in ports:
        raise FetchError("refused-address", f"port {port} is no port of web pages")
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise FetchError("fetch-failed", f"no such host {host} ({error})") from error
    refused = [address for address in addresses if not allow_private and not is_public_address(address)]
    if refused or not addresses:
        raise FetchError("refused-address", f"{host} is at {', '.join(refused) or 'no address'}, which is not public")
    return addresses


def _ask(
    method: str, url: str, way: _Way, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> urllib3.BaseHTTPResponse:
    """The answer, its body unread, from the first of the addresses that takes the connection."""
    parts, host, _ = _split(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": _user_agent(),
        "Accept-Encoding": "gzip, deflate",
        **(headers or {}),
    }
    trouble: Exception | None = None
    for address in way.addresses[:3]:
        pool = _open_pool(url, address, way)
        try:
            return pool.request(
                method, target, body=body, headers=sent, redirect=False, retries=False, preload_content=False
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            trouble = error
    raise FetchError("fetch-failed", f"{host} does not answer ({trouble})") from trouble


def _open_pool(url: str, address: str, way: _Way) -> urllib3.HTTPConnectionPool:
    parts, host, port = _split(url)
    timeout = urllib3.Timeout(connect=way.bounds.connect_seconds, read=way.bounds.read_seconds)
    if parts.scheme == "http":
        plain = urllib3.HTTPConnectionPool(address, port, timeout=timeout)
        plain.ConnectionCls = _watched(plain.ConnectionCls, way.connections)
        return plain
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    # The certificate must be the host's, although the connection goes to the checked address.
    pool = urllib3.HTTPSConnectionPool(
        address, port, timeout=timeout, ssl_context=context, server_hostname=host, assert_hostname=host
    )
    pool.ConnectionCls = _watched(pool.ConnectionCls, way.connections)
    return pool


def _watched(kind: type, connections: _Connections) -> type:
    """A kind of connection whose sockets the deadline can cut off."""

    class Watched(kind):  # type: ignore[misc]  # either of urllib3's two kinds
        def _new_conn(self) -> socket.socket:
            connection: socket.socket = super()._new_conn()
            connections.add(connection)
            return connection

    return Watched


def _read_answer(answer: urllib3.BaseHTTPResponse, bounds: FetchLimits, connections: _Connections) -> bytes:
    # Gives its bytes without a copy of them: beside many large answers there is no room for each of them twice.
    content = io.BytesIO()
    try:
        for chunk in answer.stream(CHUNK):
            content.write(chunk)
            if content.tell() > bounds.most_bytes:
                raise FetchError("too-large", f"more than {bounds.most_bytes / (1024 * 1024):.0f} MiB")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FetchError("fetch-failed", f"the answer breaks off ({error})") from error
    if connections.is_over:
        raise FetchError("fetch-failed", f"not whole after {bounds.total_seconds:g} s")
    return content.getvalue()


def _user_agent() -> str:
    try:
        return f"dragoman/{version('dragoman')} (news event coder)"
    except PackageNotFoundError:
        return "dragoman (news event coder)"
