"""What the scenarios call outside of AWS: HTTP answers, a throttling DynamoDB, a port that refuses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

THROTTLED = (
    b'{"__type":"com.amazonaws.dynamodb#ProvisionedThroughputExceededException","message":"slow down"}'
)
STATUSES = {"/ok": 200, "/missing": 404, "/broken": 500, "/limited": 429}


@dataclass(frozen=True)
class Peer:
    """Addresses as URLs; `headers` collects the tracing header of every GET."""

    url: str
    refusing: str
    headers: list[str | None]


@contextmanager
def peer() -> Iterator[Peer]:
    """Serve until the block ends."""
    over, headers = threading.Event(), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers.append(self.headers.get("X-Amzn-Trace-Id"))
            path = self.path.partition("?")[0]
            if path == "/slow":
                over.wait()
                return
            self._answer(STATUSES[path], b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(400, THROTTLED)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("x-amzn-RequestId", "a-request")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    with socket.socket() as bound:  # bound and not listening: whoever connects is refused
        bound.bind(("127.0.0.1", 0))
        refusing = f"http://127.0.0.1:{bound.getsockname()[1]}"
        try:
            yield Peer(f"http://127.0.0.1:{server.server_port}", refusing, headers)
        finally:
            over.set()
            server.shutdown()
            thread.join()
            server.server_close()
