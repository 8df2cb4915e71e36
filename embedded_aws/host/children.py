"""The processes below this one, whoever started them.

Everything that the server starts leads a session of its own. What is in the server's session came from
elsewhere, such as the shell that the server took the place of, and is left alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_PR_SET_CHILD_SUBREAPER = 36


class _Process(NamedTuple):
    """One process of the system; `ended` when only its exit status is left of it."""

    pid: int
    parent: int
    ended: bool


def adopt_orphans() -> None:
    """Become the parent of each descendant whose own parent ends, also of one that made itself a daemon.

    Linux alone offers that: elsewhere such a descendant is nobody's, and outlives the server.
    https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_descendants(started_with: str = "") -> None:
    """Kill what runs below this process, and what that starts meanwhile; each with the group that it leads.

    With `started_with`, a setting `NAME=value`, only what has it in its first environment, and what is below
    that (on Linux; elsewhere nothing). Frozen processes end too.
    """
    killed: set[int] = set()
    while found := set(descendants(started_with)) - killed:
        killed |= found
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
                else:
                    os.kill(pid, signal.SIGKILL)


def descendants(started_with: str = "") -> list[int]:
    """Return the running processes below this one; see `kill_descendants`."""
    processes = _processes()
    _reap(processes)
    below = _below({os.getpid()}, processes)
    if started_with:
        roots = {each.pid for each in below if started_with.encode() in _environ(each.pid)}
        below = [each for each in below if each.pid in roots] + _below(roots, processes)
    return [each.pid for each in below if not each.ended]


def _below(parents: set[int], processes: list[_Process]) -> list[_Process]:
    found: list[_Process] = []
    while parents:
        children = [each for each in processes if each.parent in parents and not _is_elsewhere(each.pid)]
        found += children
        parents = {each.pid for each in children}
    return found


def _is_elsewhere(pid: int) -> bool:
    """Tell whether a process is gone, or in this process's own session."""
    try:
        return os.getsid(pid) == os.getsid(0)
    except (ProcessLookupError, PermissionError):
        return True


def _reap(processes: list[_Process]) -> None:
    """Collect adopted children that ended: nobody waits for those.

    Our own children lead their session or are in ours, so what is in any other session is adopted.
    """
    for each in processes:
        if each.ended and each.parent == os.getpid():
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                if os.getsid(each.pid) not in {each.pid, os.getsid(0)}:
                    os.waitpid(each.pid, os.WNOHANG)


def _processes() -> list[_Process]:
    """Return all processes; from `ps` where there is no `/proc`."""
    if (_PROC / "self" / "stat").exists():
        return [found for entry in _PROC.iterdir() if entry.name.isdigit() for found in _stat(entry)]
    command = ["ps", "-A", "-o", "pid=,ppid=,stat="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [_Process(int(pid), int(parent), state.startswith("Z")) for pid, parent, state in rows]


def _stat(entry: Path) -> list[_Process]:
    """Read one process, if it is still there."""
    try:
        # The second field is the command in parentheses, which may hold anything.
        text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    state, parent = text.rpartition(")")[2].split()[:2]
    return [_Process(int(entry.name), int(parent), state in {"Z", "X"})]


def _environ(pid: int) -> list[bytes]:
    """Return the settings that a process was started with; none where they cannot be read."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
