"""Which state of the record the pages show: the newest, or for a large one the newest that is ready to be asked.

After a commit the new files have to be read before the next page can be counted. In a small record that takes some
milliseconds and is done on the spot. In a large one it is done beside the readers, who see the state before until then,
and so seldom that it never takes more than a small share of the machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dragoman.errors import DragomanError
from dragoman.tables import Snapshot

# What may be made ready while a reader waits (seconds of the processor: a busy machine does not make a record large).
ON_THE_SPOT = 0.15
# A state is shown at least so many times as long as it took to make it ready, and never longer than so many seconds.
SHARE, LONGEST = 20, 10.0


class ClosedError(DragomanError):
    """A view is asked that was closed."""


class Shown:
    """The state of a record that is shown. `prepare` reads what the pages of a new state will ask for."""

    def __init__(self, head: Callable[[], Snapshot], prepare: Callable[[Snapshot], None]) -> None:
        self._head = head
        self._prepare = prepare
        self._current: Snapshot | None = None
        self._cost = 0.0
        self._next_look = 0.0
        self._turn = threading.Lock()
        self._apart: threading.Thread | None = None

    def snapshot(self) -> Snapshot:
        """The state to show now. Raises StoreError where the record cannot be read."""
        current = self._current
        if current is None:
            with self._turn:
                return self._current or self._show(self._head())
        if time.monotonic() < self._next_look or not self._turn.acquire(blocking=False):
            return current
        return self._look(current)

    def _look(self, current: Snapshot) -> Snapshot:
        """Shows the newest state if there is one: at once, or soon. Lets go of the turn in either case."""
        is_apart = False
        try:
            head = self._head()
            if (head.number, head.committed_at) == (current.number, current.committed_at):
                return current
            if self._cost <= ON_THE_SPOT:
                return self._show(head)
            self._apart = threading.Thread(target=self._show_soon, args=(head,), daemon=True)
            self._apart.start()
            is_apart = True
            return current
        finally:
            if not is_apart:
                self._turn.release()

    def _show_soon(self, head: Snapshot) -> None:
        try:
            self._show(head)
        except ClosedError:  # nobody is left to be shown anything
            return
        finally:
            self._turn.release()

    def wait(self) -> None:
        """Waits for the thread that makes a state ready, if there is one."""
        if self._apart is not None:
            self._apart.join()

    def _show(self, head: Snapshot) -> Snapshot:
        started = time.thread_time()
        self._prepare(head)
        is_first = self._current is None
        self._current = head
        # The first state is read whole, the following ones only where they differ.
        self._cost = 0.0 if is_first else time.thread_time() - started
        self._next_look = time.monotonic() + (min(LONGEST, SHARE * self._cost) if self._cost > ON_THE_SPOT else 0.0)
        return head
