"""What the allocator keeps of memory that nobody uses any more, where it is glibc's."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_MOST_HEAPS, _OWN_MAPPING_FROM = -8, -3  # M_ARENA_MAX, M_MMAP_THRESHOLD of malloc.h
_BLOCK = 128 * 1024


def keep_little() -> None:
    """Let all threads share two heaps, and large blocks have mappings of their own.

    Otherwise glibc keeps a heap for each of many threads, and what one has freed is of no use to the others;
    and it takes blocks of up to 32 MB from them, once one such block was freed.
    """
    _tell("mallopt", _MOST_HEAPS, 2)
    _tell("mallopt", _OWN_MAPPING_FROM, _BLOCK)


def give_back() -> bool:
    """Return free memory to the system; false, as there is never more.

    It takes some 5 ms, in which Python goes on. While much is stored and read, some 10 MB are free in pieces
    after a few seconds, and otherwise never come back.
    """
    _tell("malloc_trim", 0)
    return False


def read_little(transport: Any) -> None:
    """Let a connection of asyncio read 64 KB at a time.

    Its own 256 are a block that the system maps anew for each read, which takes seven times as long.
    """
    transport.max_size = 64 * 1024


def _tell(function: str, *arguments: int) -> None:
    if sys.platform == "linux":
        call = getattr(ctypes.CDLL(None), function, None)
        if call is not None:
            call(*arguments)
