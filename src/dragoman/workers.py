"""Worker processes that code shards of reports, for the pipeline: all cores, bounded memory, the order kept.

A worker loads the stages once, takes one shard at a time and gives back events, statements and skips, no parses. Shards
are cut alike whatever the number of workers, so the answer does not depend on it. A report on which a worker dies is
found by halving its shard, and is set aside with the reason; everything else in the shard is read.
"""

from __future__ import annotations

import os
import queue
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeAlias, TypeVar

from dragoman.errors import DragomanError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
# Shards under way for each worker: one in work, one waiting, so that no worker is idle while a batch is stored.
SHARDS_A_WORKER = 2
SECONDS_TO_END = 5.0
# What a worker does with a shard: an answer to each item, or several, in order.
Desk: TypeAlias = Callable[[Sequence[Item]], list[Answer]]


class WorkerDiedError(Exception):
    """A worker ended in the midst of a shard; the message says how."""


class _Worker(Generic[Item, Answer]):
    """One process and the pipe to it."""

    def __init__(self, open_desk: Callable[[], Desk[Item, Answer]]) -> None:
        # Spawned, not forked: what a parent's libraries have in their threads does not survive a fork.
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, open_desk), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, shard: Sequence[Item]) -> list[Answer]:
        try:
            self._pipe.send(shard)
            answer: Any = self._pipe.recv()
        except (EOFError, OSError) as fault:
            self._process.join(SECONDS_TO_END)
            raise WorkerDiedError(_ending(self._process.exitcode)) from fault
        if isinstance(answer, DragomanError):
            raise answer
        return list(answer)

    def stop(self) -> None:
        """Ends the process and leaves the pipe to whoever reads from it: they see its end.

        A pipe closed here, while another thread reads, could be closed twice, or its number given to another file.
        """
        self._process.terminate()
        self._process.join(SECONDS_TO_END)

    def end(self) -> None:
        self.stop()
        self._pipe.close()


def _serve(pipe: Connection, open_desk: Callable[[], Desk[Any, Any]]) -> None:
    """A worker's life: until its parent closes the pipe or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends the workers
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: threads of several workers only wait for cores
    try:
        desk = open_desk()
    except DragomanError as fault:
        pipe.send(fault)
        return
    try:
        while True:
            pipe.send(desk(pipe.recv()))
    except (EOFError, BrokenPipeError):
        return


def _ending(code: int | None) -> str:
    if code is None:
        return "the process reading it does not answer"
    if code < 0:
        names = {one.value: one.name for one in signal.Signals}
        return f"the process reading it was ended by {names.get(-code, -code)}: out of memory, or a crash"
    return f"the process reading it ended with exit status {code}"


class Pool(Generic[Item, Answer]):
    """Some workers, and a way to ask them that survives their death."""

    def __init__(self, open_desk: Callable[[], Desk[Item, Answer]], set_aside: Callable[[Item, str], Answer]) -> None:
        self._open_desk = open_desk
        self._set_aside = set_aside
        self._idle: queue.SimpleQueue[_Worker[Item, Answer]] = queue.SimpleQueue()
        self._all: list[_Worker[Item, Answer]] = []
        self._is_closed = False

    def answer(self, shard: Sequence[Item]) -> list[Answer]:
        """Gives the answers to a shard, in order. Called from several threads, one shard each."""
        try:
            return self._ask_one(shard)
        except WorkerDiedError as death:
            if self._is_closed:
                raise
            if len(shard) == 1:
                return [self._set_aside(shard[0], str(death))]
        middle = len(shard) // 2
        return self.answer(shard[:middle]) + self.answer(shard[middle:])

    def _ask_one(self, shard: Sequence[Item]) -> list[Answer]:
        worker = self._take()
        try:
            answers = worker.ask(shard)
        except WorkerDiedError:
            self._all.remove(worker)
            worker.end()
            raise
        self._idle.put(worker)
        return answers

    def _take(self) -> _Worker[Item, Answer]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker(self._open_desk)
            self._all.append(worker)
            if self._is_closed:  # meanwhile: close() may not have seen it
                worker.stop()
            return worker

    def close(self) -> None:
        """Ends all workers; a thread that waits for one sees it die."""
        self._is_closed = True
        for worker in tuple(self._all):
            worker.stop()


@contextmanager
def _opened(pool: Pool[Item, Answer], cores: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that each wait for one worker; in the end, however it comes, all workers are gone."""
    threads = ThreadPoolExecutor(cores, thread_name_prefix="dragoman-worker")
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        pool.close()
        threads.shutdown(wait=True)


def answer_shards(pool: Pool[Item, Answer], shards: Iterable[Sequence[Item]], *, cores: int) -> Iterator[Answer]:
    """Yields the answers to all shards in their order, with `cores` workers.

    No more than a few shards a worker are held at a time: where the one in front takes long, the others wait.

    Raises:
        DragomanError: a worker could not begin (a missing dictionary, damaged weights).
    """
    stream = iter(shards)
    with _opened(pool, cores) as threads:
        under_way: deque[Future[list[Answer]]] = deque(
            threads.submit(pool.answer, shard) for shard in islice(stream, cores * SHARDS_A_WORKER)
        )
        while under_way:
            answers = under_way.popleft().result()
            under_way.extend(threads.submit(pool.answer, shard) for shard in islice(stream, 1))
            yield from answers
