"""How many files and connections this process may have open."""

from __future__ import annotations

import resource
from contextlib import suppress

MOST = 8192


def allow_many() -> None:
    """Take as many as the system grants, up to `MOST`; what is started from now on has the same.

    Shells give 256 (macOS) or 1,024. Once they are used up, by clients that only hold connections, nobody
    else is answered, and asyncio logs that two thousand times a second:
    https://github.com/python/cpython/issues/151615
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    granted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < granted:
        with suppress(OSError, ValueError):  # macOS has a limit besides
            resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
