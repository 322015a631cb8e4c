"""What a server does beside its answers: threads that read ahead and look at watches, and that end before it does.

A thread that still asks DuckDB while the interpreter goes away brings the process down. So whoever starts one here
leaves only when it has ended: the view is closed, which stops it at its next question, and then it is waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from dragoman.web.queries import PageView
from dragoman.web.shown import ClosedError


class Background:
    """Threads beside a view, for the length of a `with` block; at its end the view is closed and they are joined."""

    def __init__(self, view: PageView) -> None:
        self._view = view
        self._threads: list[threading.Thread] = []
        # Set at the end of the block, for those that wait between two turns.
        self.stop = threading.Event()

    def start(self, work: Callable[..., None], *args: Any, **named: Any) -> None:
        """Runs `work` in a thread of its own."""
        thread = threading.Thread(target=_until_closed, args=(work, args, named), daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._view.close()
        for thread in self._threads:
            thread.join()


def _until_closed(work: Callable[..., None], args: tuple[Any, ...], named: dict[str, Any]) -> None:
    try:
        work(*args, **named)
    except ClosedError:  # what it was about is over; the index of words is begun again the next time
        return
