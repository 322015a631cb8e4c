"""What the C library does with memory that was freed: of use to a process that runs for months."""

from __future__ import annotations

import ctypes
import sys

# Numbers of glibc's <malloc.h>.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
# Blocks from this size on are the system's own, given back as soon as they are freed.
LARGE_BLOCK = 1 << 20


def give_back_large_blocks(size: int = LARGE_BLOCK) -> bool:
    """Has blocks of `size` bytes and more given back to the system once they are freed; tells whether it could.

    By itself glibc raises that size with every large block, up to 32 MiB: after one answer of some MiB each thread
    that fetches keeps as much for good. Other C libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    return set_option is not None and all([set_option(_MMAP_THRESHOLD, size), set_option(_TRIM_THRESHOLD, size)])
