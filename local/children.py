"""The child processes of this one, whoever started them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

_PROC = Path("/proc")


def kill_children() -> None:
    """Kill every child, with its process group when it leads one: workers and the engine do.

    For the end that cannot wait. A frozen worker would not notice that its server is gone.
    """
    for pid in _children(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(pid) == pid:
                os.killpg(pid, signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGKILL)


def _children(parent: int) -> list[int]:
    return [pid for pid, its_parent in _processes() if its_parent == parent]


def _processes() -> list[tuple[int, int]]:
    """Return all processes and their parents; from `ps` where there is no `/proc`."""
    if (_PROC / "self" / "stat").exists():
        return [_stat(entry) for entry in _PROC.iterdir() if entry.name.isdigit()]
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [(int(pid), int(parent)) for pid, parent in rows]


def _stat(entry: Path) -> tuple[int, int]:
    try:
        # The second field is the command in parentheses, which may hold anything.
        text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        return int(entry.name), int(text.rpartition(")")[2].split()[1])
    except OSError:
        return int(entry.name), 0
