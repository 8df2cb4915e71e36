"""The directory with a server's run-time data: locked while it runs, and its user's alone.

Traces and logs hold what requests and functions do; other users of the machine have no business with them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRATCH = Path("lambda", "tmp")
"""Below the data directory: files that do not outlive the server."""

_IGNORE = "# Traces and logs of `waterfall up`, which are of no use elsewhere.\n*\n"

_OURS = (".gitignore", "lock", "server.log", "traces.db", "logs.db", "lambda", "debugger", "pulumi")
"""How the names begin of what a server keeps there."""
_OF_SHELLS = (".log", ".out", ".err", ".txt", ".pid")
"""How the names end of what whoever starts a server may put beside its data: output, process id."""


class DataDirectoryError(Exception):
    """The directory cannot be used; the message says why and what to do."""


@contextmanager
def locked(directory: Path) -> Iterator[Path]:
    """Make the directory if needed and hold it, and yield it as an absolute path: workers start elsewhere.

    An existing one is closed to other users too, so it must be empty or of an earlier server. The lock ends
    with the process, however that ends.
    Raises `DataDirectoryError`.
    """
    with _explained(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner(directory)
        if directory.stat().st_mode & 0o077:
            directory.chmod(0o700)
        private_file(directory / ".gitignore").write_text(_IGNORE, encoding="ascii")
        descriptor = os.open(private_file(directory / "lock"), os.O_RDWR)
    try:
        with _explained(directory):
            _lock(descriptor, directory)
        remove_scratch(directory)  # of a server that was killed
        try:
            yield directory.resolve()
        finally:
            remove_scratch(directory)
    finally:
        os.close(descriptor)


def is_data_directory(path: Path) -> bool:
    """Tell whether a server has or had its data in a directory."""
    try:
        return (path / ".gitignore").read_text("utf-8", "replace") == _IGNORE and (path / "lock").is_file()
    except OSError:
        return False


def remove_scratch(directory: Path) -> None:
    """Remove the files of a data directory that do not outlive the server."""
    shutil.rmtree(directory / SCRATCH, ignore_errors=True)


def private_file(path: Path) -> Path:
    """Make the file if needed, and let only its owner read and write it; what it holds stays.

    Raises `DataDirectoryError` for a link, as a checkout may hold one: what it leads to is no file of ours.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise DataDirectoryError(
                f"{path} is not a file of its own; remove it, or choose another data directory with --data"
            )
    path.touch(mode=0o600)
    path.chmod(0o600)
    return path


@contextmanager
def _explained(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise DataDirectoryError(
            f"cannot write to the data directory {directory}: {problem.strerror}; choose another with --data"
        ) from problem


def _check_owner(directory: Path) -> None:
    """Refuse a directory that is not for this alone, such as a home or a program's folder."""
    if directory.stat().st_mode & stat.S_ISVTX:
        raise DataDirectoryError(
            f"the data directory {directory} belongs to all users of this machine; choose another with --data"
        )
    names = {path.name for path in directory.iterdir()}
    others = {name for name in names if not name.startswith(_OURS) and not name.endswith(_OF_SHELLS)}
    if others and not is_data_directory(directory):
        raise DataDirectoryError(
            f"the data directory {directory} holds other files, such as {min(others)}; choose another with "
            f"--data, such as {directory / '.waterfall'}"
        )


def _lock(descriptor: int, directory: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        raise DataDirectoryError(
            f"the data directory {directory} is in use by another server (process {holder}); "
            "stop that one, or choose another directory with --data"
        ) from problem
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
