"""A running `waterfall up`, driven from outside: HTTP for the API, boto3 for everything else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3

REPOSITORY = Path(__file__).parents[2]
WATERFALL = Path(sys.executable).with_name("waterfall")
DEADLINE = 60.0

T = TypeVar("T")
_MAKING = threading.Lock()
_header: ContextVar[str | None] = ContextVar("header", default=None)


def until(found: Callable[[], T | None], what: str) -> T:
    """Ask again until `found` returns something; fail naming `what` after the deadline."""
    pause = threading.Event()
    deadline = time.monotonic() + DEADLINE
    while (value := found()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE} s for {what}")
        pause.wait(0.05)
    return value


@dataclass
class Answer:
    """What a client of the API got."""

    status: int
    body: str
    headers: dict[str, str]

    @property
    def trace_id(self) -> str:
        found = re.search(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})", self.headers.get("x-amzn-trace-id", ""))
        assert found, f"no trace id in {self.headers}"
        return found[1]


@dataclass
class Stack:
    """The endpoint of one running stack and what stands behind it; `pid` if it has a process of its own.

    `state` is the folder in which it noted that it runs, if no other stack did.
    """

    status: dict[str, Any]
    output: list[str] = field(default_factory=list)
    pid: int | None = None
    state: Path | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the one client of a service: to make one takes longer than most calls do."""
        with _MAKING:
            if service not in self._clients:
                self._clients[service] = _client(service, self.status["endpoint"])
            return self._clients[service]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def function(self, name: str) -> str:
        """Return the physical name of one of the program's functions: `front`, `worker` or `consumer`."""
        return str(self.status["outputs"][f"{name}Function"])

    @property
    def service(self) -> str:
        """X-Ray's name of the program's API and its stage."""
        return f"{self.status['outputs']['apiName']}/{self.status['stack']}"

    def request(
        self,
        url: str,
        *,
        method: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as reply:
                return Answer(reply.status, reply.read().decode(), _lower(reply.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(), _lower(error.headers))

    def xray_window(self) -> dict[str, float]:
        """Return a time range for X-Ray queries that holds everything that just happened."""
        now = time.time()
        return {"StartTime": now - 3600, "EndTime": now + 60}

    def documents(self, trace_id: str) -> list[dict[str, Any]]:
        """Return the trace's segment documents, parsed, as BatchGetTraces has them now."""
        traces = self.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
        return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]


@contextmanager
def tracing_header(header: str) -> Iterator[None]:
    """Let the calls of functions in this block carry a tracing header."""
    token = _header.set(header)
    try:
        yield
    finally:
        _header.reset(token)


def _client(service: str, endpoint: str) -> Any:
    client = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.meta.events.register("before-sign.lambda.Invoke", _carry)
    return client


def _carry(request: Any, **_: Any) -> None:
    if header := _header.get():
        request.headers["X-Amzn-Trace-Id"] = header


def _lower(headers: Any) -> dict[str, str]:
    return {key.lower(): value for key, value in headers.items()}


@contextmanager
def running(data: Path, *arguments: str, serves: str = "up", state: Path | None = None) -> Iterator[Stack]:
    """Run `waterfall up`, or `serve`, on free ports until the block ends, then stop it as Ctrl-C does."""
    command = [str(WATERFALL), serves, "--data", str(data), *arguments]
    command += ["--port", "0", "--console-port", "0", "--daemon-port", "0", "--otlp-port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
    if state:
        environment["XDG_STATE_HOME"] = str(state)
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        output: list[str] = []
        reader = threading.Thread(target=_collect, args=(process.stdout, output), daemon=True)
        reader.start()
        try:
            status = until(lambda: _ready(process, output), "the stack")
            with closing(Stack(status, output, process.pid, state)) as stack:
                yield stack
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(DEADLINE)
            reader.join(DEADLINE)


def _collect(stream: Any, into: list[str]) -> None:
    for line in stream:
        into.append(line)  # noqa: PERF402 - lines must be visible as they come


def _ready(process: subprocess.Popen[str], output: list[str]) -> dict[str, Any] | None:
    """Return the stack's status once it has shown its first request, None before."""
    text = "".join(output)
    if process.poll() is not None:
        raise AssertionError(f"the stack ended with {process.returncode}:\n{text}")
    found = re.search(r"Ctrl-C", text) and re.search(r"AWS +(http://127\.0\.0\.1:\d+)", text)
    if not found:
        return None
    with urllib.request.urlopen(f"{found[1]}/_local/status", timeout=DEADLINE) as reply:
        status: dict[str, Any] = json.load(reply)
    return status if status["status"] == "ready" else None
