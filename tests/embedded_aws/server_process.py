"""A server in a process of its own, as a user runs it, and what tests ask about processes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SERVE = Path(__file__).with_name("serve.py")
ROOT = Path(__file__).parents[2]
DEADLINE = 60.0


class Server(NamedTuple):
    process: subprocess.Popen[str]
    directory: Path

    def status(self) -> dict[str, Any]:
        """Wait for the first line: the status, once the server is ready."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors()
        found: dict[str, Any] = json.loads(line)
        return found

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def end(self) -> int:
        return self.process.wait(DEADLINE)

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code; `benchmarks.stops` measures how long the end takes."""
        self.process.send_signal(number)
        return self.end()


def until(condition: Callable[[], bool], what: str) -> None:
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE} s for {what}"
        pause.wait(0.02)


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody collects does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # it ended just now, or there is no /proc
        return not Path("/proc").exists()


def write_program(directory: Path, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    (directory / "Pulumi.dev.yaml").write_text("config: {}\n")
    (directory / "__main__.py").write_text(text)
    return directory


@contextmanager
def serve(
    directory: Path,
    environment: Mapping[str, str] | None = None,
    *,
    errors: int = subprocess.PIPE,
    **options: Any,
) -> Iterator[Server]:
    """Run a server, in a shell with these variables on top of ours."""
    given = {"directory": str(directory), "data": str(directory / "data"), **options}
    with subprocess.Popen(
        [sys.executable, str(SERVE), json.dumps(given)],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=directory,
        env={**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as process:
        try:
            yield Server(process, directory)
        finally:
            if process.poll() is None:
                process.kill()


def client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def create_function(endpoint: str, name: str, code: str, **settings: Any) -> None:
    """Create a function from the source of its module."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", code)
    role = client("iam", endpoint).create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda", endpoint).create_function(
        FunctionName=name,
        Role=role,
        Runtime=f"python{sys.version_info[0]}.{sys.version_info[1]}",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        **settings,
    )
