"""The daemon's TCP side: SDKs fetch sampling rules and targets through it, without a signature.

AWS's daemon is a reverse proxy that signs any request and passes it on; the embedded X-Ray API is asked
in the process itself, for what samplers ask for and nothing else.
"""

from __future__ import annotations

import json
import logging
import socketserver
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from embedded_aws.aws.parsing import ParseError, read_integer
from loopback_guard import refusal

logger = logging.getLogger(__name__)

_MOST_BODY = 10 * 1024 * 1024


class Response(Protocol):
    """An HTTP answer of the X-Ray API."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


Api = Callable[[str, bytes], Response]
"""The X-Ray API: path and body of a POST in, the answer out."""


class Proxy(ThreadingHTTPServer):
    """Answers on `address` (host, port; port 0 is any free one); raises OSError when it is taken."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], api: Api) -> None:
        self.api = api
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer asks the name service who it is, which can take seconds; nothing here needs to know.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    timeout = 10

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        reason = refusal(self.command, self.headers.items())
        if reason:
            answer = json.dumps({"Message": reason}).encode()
            self._answer(403, {"x-amzn-errortype": "AccessDeniedException"}, answer)
            return
        try:
            response = self.server.api(self.path.partition("?")[0], body)
        except Exception:
            logger.exception("The X-Ray API failed on %s", self.path)
            self._answer(500, {}, b'{"message": "Internal failure"}')
            return
        self._answer(response.status, response.headers, response.body)

    def _body(self) -> bytes | None:
        """Read the body; ADOT sends none with GetSamplingRules."""
        text = self.headers.get("Content-Length", "0")
        try:
            return self.rfile.read(read_integer(text, 0, _MOST_BODY))
        except ParseError as error:
            self._answer(400, {}, json.dumps({"message": f"Content-Length: {error}"}).encode())
            return None

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        logger.debug(format, *args)
