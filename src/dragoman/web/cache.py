"""Answers kept as long as the record stays as it is: a page asked twice is made once.

A key names the snapshot, so that nothing old is ever shown; the answers asked for longest ago are let go.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from starlette.responses import Response

MOST_BYTES = 48_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The parts of a response that do not change with who asks."""

    body: bytes
    status: int
    media_type: str | None

    def to_response(self) -> Response:
        return Response(self.body, status_code=self.status, media_type=self.media_type)


class AnswerCache:
    """Responses by key, up to a number of bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Response | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
        return kept.to_response()

    def keep(self, key: Hashable, response: Response) -> None:
        kept = Kept(body=bytes(response.body), status=response.status_code, media_type=response.headers["content-type"])
        with self._lock:
            if key in self._kept or len(kept.body) > self._most_bytes // 8:
                return
            self._kept[key] = kept
            self._bytes += len(kept.body)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1].body)
