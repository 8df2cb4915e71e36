"""Bytes on a socket, for what no HTTP client would send."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_DEADLINE = 10
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def exchange(url: str, *parts: bytes) -> Answer:
    """Send these bytes on a connection of their own and return the answer; fails when none comes."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), _DEADLINE) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while not _is_complete(received) and (chunk := connection.recv(65536)):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), f"no answer: {received!r}"
    return Answer(int(head.split()[1]), body)


def request(line: str, headers: dict[str, str | bytes], body: bytes = b"") -> bytes:
    """Write a request; `line` is `METHOD /path`, texts are sent in ISO-8859-1."""
    fields = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
    lines = [f"{line} HTTP/1.1".encode("latin-1")]
    for name, value in fields.items():
        raw = value if isinstance(value, bytes) else value.encode("latin-1")
        lines.append(name.encode("latin-1") + b": " + raw)
    return b"\r\n".join([*lines, b"", body])


def signed(service: str, region: str = "us-east-1") -> dict[str, str | bytes]:
    """The header by which the endpoint knows the service; nobody checks the signature."""
    scope = f"test/20260101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def _is_complete(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    return bool(end and length) and len(body) >= int(length[1] if length else 0)
