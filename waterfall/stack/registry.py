"""The stacks that run on this machine: `waterfall up` notes where, and the other commands look there.

Each has a file in the user's state directory, which its process holds locked. The lock ends with the process,
however that ends, so a file without one is left over.
https://specifications.freedesktop.org/basedir-spec/latest/
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Noted:
    """A running stack: its AWS endpoint and region, its name, and the absolute folder of its program."""

    endpoint: str
    region: str
    name: str
    directory: str


@contextmanager
def noted(stack: Noted) -> Iterator[None]:
    """Let the other commands find a stack until the block ends, unless nothing can be written."""
    with ExitStack() as held:
        with suppress(OSError, RuntimeError):
            held.enter_context(_file_of(stack))
        yield


def running() -> list[Noted]:
    """Return the stacks that run, in the order of their endpoints; what others left is removed."""
    try:
        files = list(_folder().glob("*.json"))
    except (OSError, RuntimeError):
        return []
    stacks: list[Noted] = []
    for file in files:
        with suppress(OSError, ValueError, TypeError):  # it ended meanwhile, or is of another version
            stacks += _read(file)
    return sorted(stacks, key=lambda stack: (len(stack.endpoint), stack.endpoint))


def _folder() -> Path:
    """Return where stacks are noted; raises RuntimeError for a user without a home."""
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    base = given if given.is_absolute() else Path.home() / ".local" / "state"
    return base / "waterfall" / "stacks"


@contextmanager
def _file_of(stack: Noted) -> Iterator[None]:
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder)
    file = Path(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps(asdict(stack)).encode())
        file = file.rename(file.with_suffix(".json"))  # locked before anybody finds it
        yield
    finally:
        with suppress(OSError):
            file.unlink()
        os.close(descriptor)


def _read(file: Path) -> list[Noted]:
    with file.open(encoding="utf-8") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return [Noted(**json.load(opened))]
        file.unlink()
        return []
