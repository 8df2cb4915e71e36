"""Stops a server at random moments right after requests: `python -m benchmarks.stops [--stops N] [--seed N]`.

Each time the demo is started as a user starts it, gets a few requests of different kinds, and then Ctrl-C,
SIGTERM or SIGHUP while they are on their way. It has to end within 3 s, with status 0, and to leave nothing:
no process, also none that a function detached, no port, no lock, no temporary file. Ends with 1 when one did
not; the same seed draws the same requests and moments.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded_aws.host.children import adopt_orphans, descendants, kill_descendants
from tests.e2e.functions import deploy
from tests.e2e.stack import REPOSITORY, WATERFALL, Stack

LIMIT = 3.0
PATIENCE = 60.0
MOST_WAIT = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DETACHING = REPOSITORY / "benchmarks" / "handlers" / "detaching.py"

Requests = dict[str, Callable[[Stack], object]]


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
        body: bytes = reply.read()
        return body


def _queue(stack: Stack, operation: str, **request: Any) -> None:
    getattr(stack.client("sqs"), operation)(QueueUrl=stack.status["outputs"]["queueUrl"], **request)


def _invoke(stack: Stack, name: str, **request: Any) -> None:
    stack.client("lambda").invoke(FunctionName=name, **request)


def _datagrams(stack: Stack) -> None:
    host, port = stack.status["daemon"].split(":")
    now = time.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(500):
            document = {"id": f"{number:016x}", "trace_id": f"1-{int(now):08x}-{number:024x}", "name": "stop"}
            text = json.dumps({**document, "start_time": now, "end_time": now + 1})
            sender.sendto(b'{"format":"json","version":1}\n' + text.encode(), (host, int(port)))


REQUESTS: Requests = {
    "a request to the API": lambda stack: _get(stack.status["outputs"]["url"]),
    "a message": lambda stack: _queue(stack, "send_message", MessageBody="{}"),
    "a long poll": lambda stack: _queue(stack, "receive_message", WaitTimeSeconds=20),
    "an asynchronous invocation": lambda stack: _invoke(
        stack, stack.status["outputs"]["workerFunction"], InvocationType="Event", Payload=b"{}"
    ),
    "a failing invocation": lambda stack: _invoke(
        stack, stack.status["outputs"]["consumerFunction"], InvocationType="Event", Payload=b"[]"
    ),
    "a function's daemon": lambda stack: _invoke(stack, "detaching"),
    "datagrams": _datagrams,
    "a look into the console": lambda stack: _get(f"{stack.status['console']}/api/traces?since=3600"),
}


@dataclass(frozen=True)
class Draw:
    """What happens to one server; `wait` is in seconds."""

    number: int
    requests: list[str]
    wait: float
    signal: signal.Signals

    def __str__(self) -> str:
        return f"{self.signal.name} {self.wait:.3f} s after {', '.join(self.requests)}"


def draws(count: int, seed: int) -> Iterator[Draw]:
    source = random.Random(seed)
    for number in range(1, count + 1):
        requests = source.sample(list(REQUESTS), source.randint(1, 3))
        yield Draw(number, requests, source.uniform(0, MOST_WAIT), source.choice(SIGNALS))


@contextlib.contextmanager
def started(data: Path, temporary: Path) -> Iterator[tuple[subprocess.Popen[bytes], Stack]]:
    """Start the demo; whatever is left of it in the end is killed."""
    ports = [word for name in ("", "console-", "daemon-", "otlp-") for word in (f"--{name}port", "0")]
    log = data.parent / "output"
    environ = {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [WATERFALL, "up", "--tracing", "off", "--data", data, *ports],
            cwd=REPOSITORY, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE
        while not (found := re.search(r"AWS +(http://\S+)", text := log.read_text("utf-8", "replace"))):
            if process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the demo did not start:\n{text}")
            time.sleep(0.05)
        yield process, Stack(json.loads(_get(f"{found[1]}/_local/status")), [])
    finally:
        process.kill()
        process.wait()
        kill_descendants()


def send(stack: Stack, name: str) -> None:
    """Send one request in the background; most are cut off."""

    def call() -> None:
        with contextlib.suppress(OSError, BotoCoreError, ClientError, EOFError, ValueError):
            REQUESTS[name](stack)

    threading.Thread(target=call, daemon=True).start()


def stop(draw: Draw, data: Path, temporary: Path) -> tuple[float, bool, list[str]]:
    """Start and stop once; return the seconds, whether the end was cut off, and what was wrong."""
    with started(data, temporary) as (process, stack):
        deploy(stack, "detaching", DETACHING, {}, Timeout=10)
        for name in draw.requests:
            send(stack, name)
        time.sleep(draw.wait)
        begun = time.monotonic()
        process.send_signal(draw.signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2 * LIMIT)
        took = time.monotonic() - begun
        wrong = [] if process.returncode == 0 else [f"ended with status {process.returncode}"]
        wrong += [f"took {took:.2f} s"] if took > LIMIT else []
        wrong += [f"left {thing}" for thing in left(stack.status, data, temporary)]
    return took, "did not end within" in (data / "server.log").read_text("utf-8"), wrong


def left(status: dict[str, Any], data: Path, temporary: Path) -> Iterator[str]:
    """Tell what a server has left behind."""
    for pid in descendants():
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            yield f"process {command.decode()}"
    for name in ("endpoint", "console", "daemon", "otlp"):
        port = int(re.findall(r":(\d+)", status[name])[0])
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM) if name == "daemon" else (socket.SOCK_STREAM,):
            with socket.socket(socket.AF_INET, kind) as probe:
                # As a server binds: what waits for late packets of old connections is no hindrance.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    yield f"port {port} of the {name}"
    with (data / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield "the lock"
    for place in (temporary, data / "lambda" / "tmp"):
        for path in place.glob("*"):
            yield f"the temporary {path.name}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stops", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="default: a random one")
    given = parser.parse_args()
    print(f"{given.stops} stops, seed {given.seed}", flush=True)
    adopt_orphans()
    times, cut, failures = [], 0, 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data, temporary = Path(directory, "data"), Path(directory, "tmp")
        temporary.mkdir()
        for draw in draws(given.stops, given.seed):
            took, was_cut, wrong = stop(draw, data, temporary)
            cut += was_cut
            times.append(took)
            failures += bool(wrong)
            if wrong:
                print(f"stop {draw.number}: {'; '.join(wrong)} ({draw})", flush=True)
            elif draw.number % 20 == 0:
                print(f"{draw.number} stops, the longest {max(times):.2f} s", flush=True)
    print(f"min {min(times):.2f} s, median {median(times):.2f} s, max {max(times):.2f} s")
    print(f"{failures} failed; {cut} were cut off at the server's own deadline")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
