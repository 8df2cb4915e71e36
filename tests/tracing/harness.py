"""Real SDKs in processes of their own, a real UDP socket as the daemon, a real HTTP server as AWS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import tracing

HERE = Path(__file__).parent
LAYERS = Path(tracing.__file__).parent.parent
TRACE_ID = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
HEADER = f"Root={TRACE_ID};Parent={PARENT};Sampled=1;Lineage=a87bd80c:1|68fd508a:5"


class Collector:
    """Takes what a daemon would take; a thread keeps the receive buffer empty."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # More than by default: other processes of a busy machine may keep the thread from running.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:{1}".format(*self._socket.getsockname())
        self._arrived = threading.Condition()
        self._bodies: list[bytes] = []
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        while datagram := self._socket.recv(70_000):
            with self._arrived:
                self._bodies.append(datagram)
                self._arrived.notify_all()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self._socket.getsockname())
        self._thread.join(timeout=20)
        self._socket.close()

    def sync(self) -> None:
        """Wait until all that was sent before now has been received: datagrams keep their order."""
        mark = b"mark " + os.urandom(8)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(mark, self._socket.getsockname())
        with self._arrived:
            assert self._arrived.wait_for(lambda: mark in self._bodies, timeout=20)
            self._bodies.remove(mark)

    def wait(self, count: int) -> None:
        """Wait for `count` datagrams."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self._bodies) >= count, timeout=20), len(self._bodies)

    def take(self) -> list[bytes]:
        """All bodies that have come, without the protocol header."""
        self.sync()
        with self._arrived:
            bodies, self._bodies = self._bodies, []
        assert all(body.startswith(b'{"format":"json","version":1}\n') for body in bodies)
        return [body.partition(b"\n")[2] for body in bodies]

    def documents(self) -> list[dict[str, Any]]:
        """All documents that have come, embedded ones too, each on its own."""
        return [document for body in self.take() for document in flatten(json.loads(body))]


def flatten(document: Any) -> Iterator[dict[str, Any]]:
    """A document and those embedded in it."""
    for child in document.pop("subsegments", ()):
        yield from flatten(child)
    yield document


class Request(NamedTuple):
    """What arrived at AWS."""

    operation: str
    trace_headers: Sequence[str]
    body: bytes
    headers: Mapping[str, str]


class Aws:
    """Answers what the body of the request asks for, else `{}`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: dict[str, tuple[int, Mapping[str, str], bytes]] = {}
        aws = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation = self.headers.get("X-Amz-Target", f"{self.command} {self.path}").rpartition(".")[2]
                headers = self.headers.get_all("X-Amzn-Trace-Id") or []
                aws.requests.append(Request(operation, headers, body, dict(self.headers)))
                status, extra, answer = aws.answers.get(operation, (200, {}, b"{}"))
                self.send_response(status)
                for key, value in {"x-amzn-RequestId": "request-1", **extra}.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the API of http.server

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Worker:
    """A process with its own mode that calls the handlers of `scenarios.py`."""

    def __init__(self, mode: str, environment: Mapping[str, str]) -> None:
        self.mode = mode
        command = [sys.executable, str(HERE / "driver.py")]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def invoke(self, handler: str, event: Any = None, header: str | None = HEADER, **context: Any) -> Any:
        """The handler's result, or `{"raised": "Type: message"}`."""
        request = {"handler": handler, "event": event, "header": header, "context": context}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


def environment(mode: str, collector: Collector, aws: Aws | None = None, **more: str) -> dict[str, str]:
    """A Lambda function's environment."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(LAYERS), str(HERE)]),
        "TRACING_MODE": mode,
        "AWS_XRAY_DAEMON_ADDRESS": collector.address,
        "AWS_LAMBDA_FUNCTION_NAME": "front",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL": aws.url if aws else "http://127.0.0.1:9",
        "LAMBDA_TASK_ROOT": str(HERE),
        **more,
    }


class Output(NamedTuple):
    result: Any
    log: str


def by_name(documents: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {document["name"]: document for document in documents}
