"""The head of a record in a store: one small object that says what the record is and whose turn it is to write.

A turn is taken, kept and ended by putting the head in place of the version that was read, and so is a batch made
visible. Whoever slept beyond the end of a turn finds at the next put that the head is another's, and nothing of it is
seen: what is safe rests on these puts alone. Clocks decide only how long another waits.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from dragoman.errors import StoreError
from dragoman.objects import Found, Objects

HEAD = "head.json"
# A writer that says nothing for so long (seconds) has lost its turn; it says so three times as often.
TURN_SECONDS = 60.0
# As long as for a neighbour on one machine, and longer than a dead writer's turn.
PATIENCE = 120.0
LOOK_AGAIN = 0.5
_NOBODY = {"turn": 0, "owner": None, "until": None, "has_leftovers": False}
_BIRTH = f"events/_delta_log/{0:020}.json"
_log = logging.getLogger(__name__)
Fields = dict[str, Any]


class SharedHead:
    """The head in a store. One thread writes; what keeps its turn runs beside it.

    Raises:
        StoreError: the store cannot be used, another writes for too long, or the turn was lost.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._found: Found | None = None
        self._guard = threading.RLock()
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{random.SystemRandom().getrandbits(32):08x}"
        self._is_held = False
        self._copied = ""
        # Whether objects may lie in the store that no head names.
        self.has_leftovers = False

    # --- reading ---

    def read(self) -> Fields | None:
        """The head as it is now; None where there is none."""
        with self._guard:
            if self._found is None:
                self._found = self._objects.get(HEAD)
            else:
                self._found = self._objects.get_changed(HEAD, self._found)
            return self._fields() if self._found else None

    def _fields(self) -> Fields:
        assert self._found is not None
        try:
            fields: Fields = json.loads(self._found.data)
            is_head = {"number", "versions"} <= fields.keys()
        except (ValueError, AttributeError) as error:
            raise StoreError(f"{self._objects.address}/{HEAD} cannot be read: restore it") from error
        if not is_head:
            raise StoreError(f"{self._objects.address}/{HEAD} is no head of a record: name another place")
        if "writer" not in fields:  # a folder that was copied here, with whatever lay in it
            fields |= {"record": self._name_of_copy(), "writer": {**_NOBODY, "has_leftovers": True}}
        return fields

    def _name_of_copy(self) -> str:
        """What a record calls itself that was copied here from a folder: a digest of the birth of a table."""
        if not self._copied:
            birth = self._objects.get(_BIRTH)
            self._copied = hashlib.blake2b(birth.data if birth else b"", digest_size=16).hexdigest()
        return self._copied

    def create(self, record: str, snapshot: Mapping[str, Any]) -> bool:
        """Puts the first head of a new record; false where there is one already."""
        data = json.dumps({**snapshot, "record": record, "writer": _NOBODY}).encode()
        return self._objects.put_new(HEAD, data) is not None

    # --- writing ---

    @contextmanager
    def turn(self) -> Iterator[Fields]:
        """Waits for the turn to write, keeps it while the block runs, and ends it; gives the head as it is."""
        self._wait()
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(over,), daemon=True)
        keeper.start()
        try:
            yield self._fields()
        finally:
            over.set()
            keeper.join()
            self._end()

    def _wait(self) -> None:
        began = time.monotonic()
        while (other := self._try_to_take()) is not None:
            if time.monotonic() - began > PATIENCE:
                raise StoreError(
                    f"{other} has been writing to {self._objects.address} for {PATIENCE:.0f} s: wait for it or end it"
                )
            time.sleep(LOOK_AGAIN * random.uniform(0.5, 1.5))

    def _try_to_take(self) -> str | None:
        """Takes the turn; gives the name of whoever has it where that is another."""
        fields = self.read()
        if fields is None:
            raise StoreError(f"there is no record at {self._objects.address} any more")
        writer = fields["writer"]
        if writer["owner"] and datetime.now(UTC) < datetime.fromisoformat(writer["until"]):
            return str(writer["owner"])
        # Whoever ended without a word may have put objects that no head names.
        self.has_leftovers = bool(writer["owner"] or writer["has_leftovers"])
        writer |= {"turn": writer["turn"] + 1, "owner": self._owner}
        if not self._put(fields):
            return "another process"
        self._is_held = True
        return None

    def _put(self, fields: Fields) -> bool:
        """Puts the head in place of the one that was read last, with a turn that begins now; false if that changed."""
        writer = fields["writer"]
        until = datetime.now(UTC) + timedelta(seconds=TURN_SECONDS)
        writer["until"] = until.isoformat() if writer["owner"] else None
        assert self._found is not None
        data = json.dumps(fields).encode()
        version = self._objects.put_instead(HEAD, data, self._found.version)
        if version is None:
            return False
        self._found = Found(data, version)
        return True

    def _keep(self, over: threading.Event) -> None:
        while not over.wait(TURN_SECONDS / 3):
            try:
                self.confirm()
            except StoreError as fault:  # the writer finds the same at its own next put, and says so
                _log.warning("the turn to write was not kept", extra={"fault": str(fault)})

    def confirm(self) -> None:
        """Keeps the turn; once it returns, nobody else has had one since this one began."""
        self.swap({})

    def swap(self, snapshot: Mapping[str, Any]) -> None:
        """Puts a snapshot into the head: it is visible at once, or, where the turn was lost, not at all."""
        with self._guard:
            if not self._is_held or not self._put({**self._fields(), **snapshot}):
                self._is_held = False
                raise StoreError(
                    f"this process was silent for more than {TURN_SECONDS:.0f} s and lost its turn to write to "
                    f"{self._objects.address}; nothing of this batch was stored: repeat the command"
                )

    def _end(self) -> None:
        with self._guard:
            if not self._is_held:
                return
            self._is_held = False
            fields = self._fields()
            fields["writer"] |= {"owner": None, "has_leftovers": self.has_leftovers}
            try:
                self._put(fields)  # where it is another's by now, there is nothing to end
            except StoreError as fault:  # the batch is stored or told of already, and the turn ends by itself
                _log.warning("the turn to write was not ended", extra={"fault": str(fault)})
