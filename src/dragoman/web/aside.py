"""What was once read from data files, laid aside on disk in the form in which pages want it.

Stands beside what is held in memory: a value that was let go there is read from here in a millisecond, where making it
from the data files takes ten or a hundred. It lies in files without a name in the record's folder (in memory a folder
for temporary files may lie itself), which are gone when the site ends, however it ends; so nothing on disk can outlive
what was taken down, nor be read by anybody else. It refuses what would exceed its bytes.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
import weakref
from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Bytes on disk: twice what ten million events take.
MOST_BYTES = 6_000_000_000
# A file is given back to the disk as a whole, when nothing in it is wanted any more.
_SEGMENT_BYTES = 256_000_000
# Each part begins at a multiple of so many bytes, as numbers of eight want it.
_STEP = 64

Part = bytes | memoryview


class _Segment:
    """A file without a name. It is closed when nobody can ask for it any more."""

    def __init__(self, folder: Path) -> None:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            self._number = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._number)
        self.size = 0
        self.wanted = 0

    def append(self, part: Part) -> None:
        rest = memoryview(part).cast("B")
        start = self.size
        while rest:
            written = os.pwrite(self._number, rest, start)
            start += written
            rest = rest[written:]
        self.size = _stepped(start)

    def read(self, start: int, length: int) -> bytes:
        return os.pread(self._number, length, start)


@dataclass(frozen=True, slots=True)
class Lying:
    """Where a value lies, and how long its parts are. It can be read as long as somebody has this in hand."""

    segment: _Segment
    start: int
    lengths: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return sum(map(_stepped, self.lengths))

    def read(self, start: int, length: int) -> bytes:
        """Some of its bytes, counted from its first."""
        return self.segment.read(self.start + start, length)


class Aside:
    """Values by key, on disk, up to a number of bytes; for many threads."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lying: dict[Hashable, Lying] = {}
        self._segments: list[_Segment] = []
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._lying

    @property
    def nbytes(self) -> int:
        """What the files take on disk."""
        return sum(segment.size for segment in self._segments)

    def lay(self, key: Hashable, parts: Sequence[Part]) -> Lying | None:
        """Lays parts of bytes down under a key; None where they would be too many.

        Raises:
            OSError: the folder cannot be written, or the disk is full.
        """
        lengths = tuple(memoryview(part).nbytes for part in parts)
        with self._lock:
            segment = self._segment()
            lying = Lying(segment, segment.size, lengths)
            if self.nbytes + lying.nbytes > self._most_bytes:
                return None
            for part in parts:
                segment.append(part)
            segment.wanted += lying.nbytes
            self._lying[key] = lying
            return lying

    def lay_value(self, key: Hashable, value: object) -> bool:
        """Lays a value of arrays down; False where there is no room. Raises OSError as `lay` does."""
        arrays: list[pickle.PickleBuffer] = []
        told = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
        return self.lay(key, (told, *(array.raw() for array in arrays))) is not None

    def value(self, key: Hashable) -> Any | None:
        """The value that was laid down under a key; None where none lies there."""
        lying = self._lying.get(key)
        if lying is None:
            return None
        told, *arrays = _cut(lying.read(0, lying.nbytes), lying.lengths)
        # Nobody but this process has ever had the file in hand.
        return pickle.loads(told, buffers=arrays)

    def keep_only(self, keys: Set[Hashable]) -> None:
        """Lets go of all but some keys."""
        with self._lock:
            for key in [key for key in self._lying if key not in keys]:
                lying = self._lying.pop(key)
                lying.segment.wanted -= lying.nbytes
            self._segments = [one for one in self._segments if one.wanted or one is self._segments[-1]]

    def _segment(self) -> _Segment:
        if not self._segments or self._segments[-1].size >= _SEGMENT_BYTES:
            self._segments.append(_Segment(self._folder))
        return self._segments[-1]


def _cut(whole: bytes, lengths: Iterable[int]) -> list[memoryview]:
    cut, start = [], 0
    for length in lengths:
        cut.append(memoryview(whole)[start : start + length])
        start += _stepped(length)
    return cut


def _stepped(length: int) -> int:
    return -(-length // _STEP) * _STEP
