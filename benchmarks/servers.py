"""Servers to measure side by side, on loopback: `waterfall serve`, moto's server and MiniStack.

Each rival runs in an environment of its own, which `make bench` builds from `locks/` into `.build/rivals`.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.figures import MINISTACK, MOTO
from tests.e2e.stack import REPOSITORY, WATERFALL

RIVALS = REPOSITORY / ".build" / "rivals"
OURS = "ours"
OTHER_PORTS = [word for name in ("console", "daemon", "otlp") for word in (f"--{name}-port", "0")]
PATIENCE = 60.0
POLL_SECONDS = 0.005
REGION = "us-east-1"
_LIST_TABLES = {
    "Authorization": (
        f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=0"
    ),
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
}


@dataclass(frozen=True)
class Kind:
    """How a server is started on a port, with a folder for what it keeps."""

    name: str
    command: Callable[[int, Path], Sequence[str]]
    variables: Callable[[int], dict[str, str]] = lambda _: {}


def serving(kept: Path | None = None) -> Kind:
    """Return `waterfall serve`, with what is kept in a folder, or nothing."""

    def command(port: int, data: Path) -> list[str]:
        options = ["--port", str(port), *OTHER_PORTS, "--data", str(kept or data), "--max-data", "8G"]
        return [str(WATERFALL), "serve", *options]

    return Kind(OURS, command)


KINDS = (
    serving(),
    Kind(MOTO, lambda port, _: [str(RIVALS / "moto" / "bin" / "moto_server"), "-p", str(port)]),
    Kind(
        MINISTACK,
        lambda *_: [str(RIVALS / "ministack" / "bin" / "ministack")],
        lambda port: {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0"},
    ),
)


@dataclass(frozen=True)
class Server:
    """A server that answers; it took `seconds` to."""

    name: str
    endpoint: str
    pid: int
    seconds: float

    def client(self, service: str) -> Any:
        """Return a client that waits for one answer and asks once."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE, connect_timeout=PATIENCE),
        )

    def memory(self) -> float:
        """Return the MB of all its processes, what they share with others in equal parts."""
        return sum(map(memory, family(self.pid)))


@contextmanager
def running(kind: Kind) -> Iterator[Server]:
    """Run a server until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            # the runtime that `waterfall` has built
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "XDG_STATE_HOME": folder,
            **kind.variables(port),
        }
        command = kind.command(port, Path(folder) / "data")
        with started(command, environment, folder) as process:
            begun = time.perf_counter()
            wait_for(lambda: answers(port), process, kind.name)
            took = time.perf_counter() - begun
            yield Server(kind.name, f"http://127.0.0.1:{port}", process.pid, took)


@contextmanager
def all_running() -> Iterator[list[Server]]:
    """Run one of each kind."""
    with ExitStack() as stack:
        yield [stack.enter_context(running(kind)) for kind in KINDS]


@contextmanager
def started(
    command: Sequence[str], environment: dict[str, str], folder: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a session of its own; end it as Ctrl-C does, and kill it if that does not help."""
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        except ServerError as error:
            output.seek(0)
            said = output.read().decode(errors="replace").strip().splitlines()[-5:]
            raise ServerError("\n".join([str(error), *said])) from None
        finally:
            left = family(process.pid)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            _kill([pid for pid in left if pid != process.pid])


def _kill(pids: Sequence[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class ServerError(Exception):
    """A server does not do what it is measured by."""


def wait_for(found: Callable[[], bool], process: subprocess.Popen[bytes], name: str) -> None:
    """Ask again until something is so; raises `ServerError` when the process ends, or after a minute."""
    deadline = time.monotonic() + PATIENCE
    while not found():
        if process.poll() is not None:
            raise ServerError(f"{name} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise ServerError(f"{name} did not answer within {PATIENCE:.0f} s")
        time.sleep(POLL_SECONDS)


def answers(port: int, method: str = "POST", path: str = "/", body: str | None = "{}") -> bool:
    """Tell whether a request to this port gets 200; by default ListTables of DynamoDB."""
    return get(port, method, path, body) is not None


def get(port: int, method: str = "GET", path: str = "/", body: str | None = None) -> bytes | None:
    """Return what a request to this port is answered with 200; None for all else."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, _LIST_TABLES if method == "POST" else {})
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return content if answer.status == 200 else None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def family(pid: int) -> list[int]:
    """Return a process and all below it; the process alone where the system does not tell."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def memory(pid: int) -> float:
    """Return the MB of one process, what it shares with others in equal parts; on Linux."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.split("\nPss:")[1].split()[0]) / 1024
