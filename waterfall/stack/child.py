"""Starts a stack in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waterfall.stack.routes import first_route
from waterfall.traces.client import ReadError, Source

STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Program:
    """Which program runs, with which settings, as `waterfall up` takes them."""

    directory: Path
    stack: str | None
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack in a process of its own; `kind` and `name` name it in messages."""

    name: str
    process: subprocess.Popen[str]
    kind: str

    def status(self) -> Mapping[str, Any]:
        """Wait until the stack is ready, once; raises ReadError when it does not start."""
        assert self.process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        line = self.process.stdout.readline()
        status: dict[str, Any] = json.loads(line) if line else {"error": "its process ended"}
        if "error" in status:
            raise ReadError(f"{self.kind} {self.name} did not start: {status['error']}")
        return status

    def ready(self) -> tuple[str, Source]:
        """Wait until the stack is ready; return a URL to request, and where it is read.

        Raises ReadError when it does not start or has nothing to request.
        """
        status = self.status()
        source = Source(status["endpoint"], region=status["region"])
        route = first_route(source, status["apis"].values())
        if route is None or route.method != "GET":
            raise ReadError("there is nothing to request: this program has no API with a GET route")
        return route.url, source


@contextmanager
def run_stack(
    program: Program, name: str, say: Callable[[str], None], *, kind: str = "stack"
) -> Iterator[RunningStack]:
    """Start a stack that keeps nothing and ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data:
        task = {
            "directory": str(program.directory),
            "data": data,
            "stack": program.stack,
            "config": dict(program.settings),
        }
        pipe = subprocess.PIPE
        command = [sys.executable, "-P", "-m", "waterfall.stack.serve"]
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            progress = threading.Thread(target=_pass_on, args=(process, name, say), daemon=True)
            progress.start()
            assert process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            try:
                yield RunningStack(name, process, kind)
            finally:
                _stop(process)
                progress.join()


def _pass_on(process: subprocess.Popen[str], name: str, say: Callable[[str], None]) -> None:
    for line in process.stderr or ():
        say(f"{name}: {line.rstrip()}")


def _stop(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
