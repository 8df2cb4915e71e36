"""What the allocator holds of memory that nobody uses any more."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Return free memory to the system, where glibc can be told to.

    It keeps a heap for each of many threads, and what one has freed is of no use to the others: under a
    steady load half of the process would be such memory.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
