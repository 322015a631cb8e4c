"""A stand-in for an object store: as much of S3 as a record needs, with conditional puts, in the memory of a test."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

BUCKET = "news"
# A listing comes in pages, so that whoever lists must go on.
LISTED_AT_ONCE = 100
_DATE = "Mon, 01 Jan 2024 00:00:00 GMT"
Before = Callable[[str, str, bytes], int | None]


class Bucket(ThreadingHTTPServer):
    """One bucket at a port of this machine.

    `before` sees each request (method, key, body) first, and may answer it with a status of its own. `log` keeps
    (method, key) of all requests; `delay` is waited before each answer, in seconds.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.objects: dict[str, bytes] = {}
        self.log: list[tuple[str, str]] = []
        self.before: Before = lambda method, key, body: None
        self.delay = 0.0
        self.turn = threading.Lock()

    @property
    def options(self) -> dict[str, str]:
        """What opens it, as options of the store library."""
        return {
            "endpoint": f"http://127.0.0.1:{self.server_address[1]}",
            "region": "us-east-1",
            "access_key_id": "key",
            "secret_access_key": "sesame",
            "allow_http": "true",
        }

    def keys(self, prefix: str = "") -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))


@contextmanager
def serving_bucket() -> Iterator[Bucket]:
    """A bucket that answers while the block runs."""
    bucket = Bucket()
    thread = threading.Thread(target=bucket.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        bucket.shutdown()
        bucket.server_close()
        thread.join()


def etag_of(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: Bucket

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def do_POST(self) -> None:
        self._answer(self._delete_many)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def _answer(self, act: Callable[[str, bytes], None]) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")
        self.server.log.append((self.command, key))
        if self.server.delay:
            time.sleep(self.server.delay)
        status = self.server.before(self.command, key, body)
        if status:
            self._send(status)
            return
        act(key, body)

    def _send(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _get(self, key: str, _: bytes) -> None:
        if not key:
            self._list()
            return
        data = self.server.objects.get(key)
        if data is None:
            self._send(404)
        elif self.headers.get("if-none-match") == etag_of(data):
            self._send(304)
        else:
            self._send(200, data, {"etag": etag_of(data), "last-modified": _DATE})

    def _put(self, key: str, body: bytes) -> None:
        with self.server.turn:
            there = self.server.objects.get(key)
            wanted = self.headers.get("if-match")
            is_there_already = there is not None and self.headers.get("if-none-match") == "*"
            is_another = wanted is not None and (there is None or etag_of(there) != wanted)
            if is_there_already or is_another:
                self._send(412)
            else:
                self.server.objects[key] = body
                self._send(200, headers={"etag": etag_of(body)})

    def _delete(self, key: str, _: bytes) -> None:
        self.server.objects.pop(key, None)
        self._send(204)

    def _delete_many(self, _: str, body: bytes) -> None:
        keys = [node.text or "" for node in ElementTree.fromstring(body).iter() if node.tag.endswith("Key")]
        for key in keys:
            self.server.objects.pop(key, None)
        done = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._send(200, f"<DeleteResult>{done}</DeleteResult>".encode())

    def _list(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        after = asked.get("continuation-token") or asked.get("start-after", "")
        found = [key for key in self.server.keys(asked.get("prefix", "")) if key > after]
        page, is_cut = found[:LISTED_AT_ONCE], len(found) > LISTED_AT_ONCE
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>{escape(etag_of(self.server.objects[key]))}</ETag>"
            f"<Size>{len(self.server.objects[key])}</Size></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if is_cut else ""
        text = f"<ListBucketResult><IsTruncated>{str(is_cut).lower()}</IsTruncated>{token}{rows}</ListBucketResult>"
        self._send(200, text.encode(), {"content-type": "application/xml"})
