from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.embedded_aws.awslambda.harness import PATIENCE

ROOT = Path(__file__).resolve().parents[4]
SERVICE = """
import pathlib, signal, sys
from tests.embedded_aws.awslambda.harness import Stack
stack = Stack(pathlib.Path(sys.argv[1]))
name = stack.deploy("import os\\ndef handler(event, context): return os.getpid()")
print(stack.invoke(name, log_tail=True).payload.decode(), flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_frozen_worker_ends_with_a_killed_service(tmp_path: Path) -> None:
    """When the service is killed outright, its frozen workers do not stay behind."""
    # The worker is a child of the service's thread, which ends with its process.
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(tmp_path / "service")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with service:
        assert service.stdout is not None
        worker = int(service.stdout.readline())
        os.kill(worker, 0)
        service.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while _runs(worker):
        assert time.monotonic() < deadline


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
