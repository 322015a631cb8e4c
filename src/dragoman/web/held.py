"""What was once read from data files, held in memory: the files of a table never change, so neither does what is read.

A key names the files and the question. A commit brings new files for few partitions; only these are read again, which
is what keeps counts over a large record as fresh as its newest batch. What was asked for longest ago is let go.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

Loaded = TypeVar("Loaded")

MOST_BYTES = 400_000_000
# What an entry weighs that does not say it itself.
_SMALL = 2_000


class Held:
    """Values by key, each loaded once even where several threads ask for it together."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], Loaded]) -> Loaded:
        """The value of a key; loaded now where it is not held. A load that fails is tried again by the next one."""
        with self._lock:
            future = self._kept.get(key)
            is_mine = future is None
            if future is None:
                future = self._kept[key] = Future()
            else:
                self._kept.move_to_end(key)
        if is_mine:
            self._load(key, future, load)
        value: Loaded = future.result()
        return value

    def find(self, key: Hashable) -> Any | None:
        """The value of a key where it is held; None where it would have to be loaded."""
        with self._lock:
            future = self._kept.get(key)
            if future is None or not future.done() or future.exception() is not None:
                return None
            self._kept.move_to_end(key)
        return future.result()

    def _load(self, key: Hashable, future: Future[Any], load: Callable[[], Any]) -> None:
        try:
            value = load()
        except BaseException as fault:
            with self._lock:
                self._kept.pop(key, None)
            future.set_exception(fault)
            raise
        future.set_result(value)
        with self._lock:
            self._bytes += _weight(value)
            while self._bytes > self._most_bytes and len(self._kept) > 1:
                self._let_go()

    def _let_go(self) -> None:
        key, future = next(iter(self._kept.items()))
        if not future.done():  # still being read by another thread: it goes to the end of the queue
            self._kept.move_to_end(key)
            return
        del self._kept[key]
        if future.exception() is None:
            self._bytes -= _weight(future.result())


def _weight(value: Any) -> int:
    return int(getattr(value, "nbytes", _SMALL))
