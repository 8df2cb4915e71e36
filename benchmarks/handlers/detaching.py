"""Leaves a process behind that no signal to its parent's session reaches."""

from __future__ import annotations

import os
from typing import Any


def handler(_event: Any, _context: Any) -> None:
    if os.fork():
        os.wait()
        return
    os.setsid()
    if not os.fork():
        os.execv("/bin/sh", ["sh", "-c", "exec sleep 600"])
    os._exit(0)
