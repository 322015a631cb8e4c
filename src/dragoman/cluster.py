"""Codes shards on many machines, with Ray: the same functions as on one process, wherever a worker is free.

A conductor beside the pipeline. A shard is one Ray task; what comes of it returns to the process that asked, which
alone stores it, one commit a shard. A worker that dies is replaced and its shard read again; a shard that keeps killing
workers, or that fails, is cut smaller until the report that does it stands alone and is set aside with a reason.

It refuses machines whose Dragoman reads otherwise than this one. Ray is an extra: `pip install 'dragoman[ray]'`.
"""

from __future__ import annotations

import importlib
import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from dragoman.coder import Coded
from dragoman.errors import DragomanError, SourceError
from dragoman.marks import Mark
from dragoman.model import Skip
from dragoman.pipeline import AlreadyStored, Desk, InputEnd, Item, Work, cut_shards
from dragoman.shards import Shard, read_shard
from dragoman.sources.archives import plan_spans

_log = logging.getLogger(__name__)

STAGE = "cluster"
# The closed list of reasons of this stage.
REASONS = frozenset({"worker-died", "worker-failed"})
# Workers that may die of a shard before it is cut, or set aside if it is one report: machines also fail by themselves.
TRIES = 3
# Into so many pieces: one of 384 reports that kills stands alone after three cuts.
PIECES = 8
# A shard waits and is read within this many seconds, or its worker is ended: no report needs a thousandth of it.
LIMIT_SECONDS = 1800.0
# Shards handed out for each core, so that none waits for the next.
QUEUED = 2
# Shards that may be done while an earlier one is not, for each that is handed out: bounds memory where one takes long.
AHEAD = 8
# A shard's place among all; its pieces, where it is cut, come after it and before the next.
Place = tuple[int, ...]
Answer = Coded | Skip | InputEnd | Mark | AlreadyStored
OpenDesk = Callable[[Work], Desk]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How shards are to be coded: the work, the day given, and the coder's version, which every worker must have."""

    work: Work
    version: str
    published: date | None = None


@dataclass(slots=True)
class _Task:
    """A shard that is out with a worker."""

    shard: Shard
    place: Place
    deaths: int = 0
    began: float = field(default_factory=time.monotonic)


@contextmanager
def joined_cluster(address: str) -> Iterator[Any]:
    """The `ray` module, joined to the cluster at an address; `local` starts one that ends with the block.

    Raises:
        SourceError: Ray is not installed, or no cluster answers there.
    """
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise SourceError("--ray needs Ray: pip install 'dragoman[ray]'") from error
    was_joined = ray.is_initialized()
    if not was_joined:
        _check_answers(address)
        try:
            ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            raise SourceError(
                f"no Ray cluster answers at {address} ({error}): start one, or say --ray local"
            ) from error
    try:
        yield ray
    finally:
        if not was_joined:
            ray.shutdown()


def _check_answers(address: str) -> None:
    """Looks whether anybody listens at an address of the form HOST:PORT: Ray itself would wait for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise SourceError(f"no Ray cluster answers at {address} ({error}): start one, or say --ray local") from error


def code_on_ray(
    shards: Iterable[Shard], order: Order, *, address: str, open_desk: OpenDesk = Desk
) -> Iterator[list[Answer]]:
    """What comes of each shard, in the order of the shards; the mark of a shard stands last in it.

    In order, since of two pages with one address and one text the first is stored, whichever is read sooner.

    Archives must lie at the same path on every machine. Workers that see the folder of the record do not code again
    what is stored there.

    Raises:
        SourceError: no cluster, or its machines have another version of Dragoman or its data.
    """
    with joined_cluster(address) as ray:
        yield from _Hand(ray, order, open_desk).run(shards)


class _Hand:
    """Hands shards out to workers, takes back what comes of them, and gives it on in order."""

    def __init__(self, ray: Any, order: Order, open_desk: OpenDesk) -> None:
        self._ray = ray
        self._remote = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(_code_remotely)
        self._given = (order, open_desk)
        self._out: dict[Any, _Task] = {}
        self._again: deque[_Task] = deque()
        self._done: dict[Place, list[Answer]] = {}

    def run(self, shards: Iterable[Shard]) -> Iterator[list[Answer]]:
        waiting = (_Task(shard, (number,)) for number, shard in enumerate(shards))
        self._fill(waiting)
        while self._out:
            done, _ = self._ray.wait(list(self._out), num_returns=1, timeout=10.0)
            for ref in done:
                self._take(ref)
            yield from self._in_order()
            self._end_overdue()
            self._fill(waiting)

    def _in_order(self) -> Iterator[list[Answer]]:
        """What is done and has nothing before it that is not."""
        undone = min((task.place for task in (*self._out.values(), *self._again)), default=None)
        for place in sorted(self._done):
            if undone is not None and place > undone:
                return
            yield self._done.pop(place)

    def _fill(self, waiting: Iterator[_Task]) -> None:
        """Keeps every core of the cluster busy, as many as it has by now."""
        room = QUEUED * max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        while len(self._out) < room:
            is_far_ahead = len(self._done) >= AHEAD * room
            task = self._again.popleft() if self._again else None if is_far_ahead else next(waiting, None)
            if task is None:
                return
            self._out[self._remote.remote(task.shard, *self._given)] = replace(task, began=time.monotonic())

    def _take(self, ref: Any) -> None:
        task = self._out.pop(ref)
        errors = self._ray.exceptions
        try:
            self._done[task.place] = self._ray.get(ref)
        except errors.RayTaskError as error:
            if isinstance(error.cause, DragomanError):
                raise error.cause from error
            self._part(task, "worker-failed", repr(error.cause))
        except errors.RayError as error:
            _log.warning("a worker died reading %s: %s", task.shard.location, type(error).__name__)
            if task.deaths + 1 < TRIES:
                self._again.append(replace(task, deaths=task.deaths + 1))
            else:
                self._part(task, "worker-died", f"{TRIES} workers died of it ({type(error).__name__})")

    def _part(self, task: _Task, reason: str, detail: str) -> None:
        """Cuts a shard that cannot be read; one report alone is set aside."""
        pieces = cut_shard(task.shard)
        if len(pieces) > 1:
            # Pieces are tried once before they are cut on: the fault is known to be in one of them.
            for number, piece in enumerate(pieces):
                self._again.append(_Task(piece, (*task.place, number), 0 if piece.size == 1 else TRIES - 1))
            return
        where = task.shard.location
        skip = Skip(location=where, stage=STAGE, reason=reason, detail=detail[:500])
        self._done[task.place] = [skip, *([task.shard.mark] if task.shard.mark else [])]

    def _end_overdue(self) -> None:
        for ref, task in self._out.items():
            if time.monotonic() - task.began > LIMIT_SECONDS:
                task.began = time.monotonic()
                self._ray.cancel(ref, force=True)


def cut_shard(shard: Shard) -> list[Shard]:
    """A shard in up to `PIECES` smaller ones with marks of their own; a shard of one report as it is."""
    size = max(1, -(-shard.size // PIECES))
    if shard.size <= 1:
        return [shard]
    if shard.span is None:
        parts = range(0, len(shard.reports), size)
        return [Shard(reports=shard.reports[at : at + size]) for at in parts]
    spans = list(plan_spans(shard.span, size))
    marks = [_mark_of(shard.mark, span.first, span.count, is_last=span is spans[-1]) for span in spans]
    return [Shard(span=span, mark=mark) for span, mark in zip(spans, marks, strict=True)]


def _mark_of(mark: Mark | None, first: int, count: int, *, is_last: bool) -> Mark | None:
    if mark is None:
        return None
    return replace(mark, first=first, after=first + count, is_last=mark.is_last and is_last)


def _code_remotely(shard: Shard, order: Order, open_desk: OpenDesk) -> list[Answer]:
    """What a worker does with a shard."""
    desk = _opened(order.work, open_desk)
    if desk.coder.version != order.version:
        raise SourceError(f"a machine of the cluster reads with {desk.coder.version}, this one with {order.version}")
    mark: list[Item] = [shard.mark] if shard.mark else []
    items = chain(read_shard(shard, order.published), mark)
    return [answer for part in cut_shards(items) for answer in desk(part)]


@lru_cache(maxsize=1)
def _opened(work: Work, open_desk: OpenDesk) -> Desk:
    """The desk of this worker, opened once; on a machine that does not see the record, it cannot ask it."""
    is_seen = isinstance(work.record, Path) and (work.record / "dragoman.json").is_file()
    return open_desk(work if is_seen else replace(work, record=None))
