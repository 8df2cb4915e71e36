"""Runs the embedded AWS for the targets that go through sockets; they find it by `FUZZ_SERVER`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fuzz.running import Finding, Report, Slice, resident_bytes

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_SERVER = "FUZZ_SERVER"
_TIMEOUT = 20.0
_MOST_GROWTH = 256 * 1024 * 1024
"""Bytes that the server may grow by while it stores some 50,000 requests' traces, logs and messages."""


@contextmanager
def server(warm_up: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Run the embedded AWS until the block ends; how much it grows is counted from after `warm_up`."""
    with tempfile.TemporaryDirectory() as scratch:
        given = {"directory": str(_HERE / "program"), "data": str(Path(scratch) / "data"), "stack": "dev"}
        log = (Path(scratch) / "errors").open("w")
        with (
            log,
            subprocess.Popen(
                [sys.executable, str(_ROOT / "tests/embedded_aws/serve.py"), json.dumps(given)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'layers'}"},
                start_new_session=True,
            ) as process,
        ):
            try:
                line = process.stdout.readline() if process.stdout else ""
                if not line:
                    raise RuntimeError(Path(log.name).read_text())
                os.environ[_SERVER] = json.dumps({**json.loads(line), "pid": process.pid})
                warm_up()
                os.environ[_SERVER] = json.dumps({**status(), "resident": resident_bytes(process.pid)})
                yield
            finally:
                os.environ.pop(_SERVER, None)
                process.terminate()
                process.wait(_TIMEOUT)


def reports(seed: int) -> list[Report]:
    """Tell how much the server has grown."""
    if _SERVER not in os.environ:
        return []
    report = Report(Slice("server", seed, 0, 0))
    running = status()
    grown = resident_bytes(running["pid"]) - running["resident"]
    if grown > _MOST_GROWTH:
        told = f"the server has {grown / 1e6:.0f} MB more than after its first requests"
        report.add(Finding("server", seed, 0, 0, "memory growth", told, "all cases through sockets"))
    return [report]


def status() -> dict[str, Any]:
    """Return the status of the server that runs."""
    found: dict[str, Any] = json.loads(os.environ[_SERVER])
    return found
