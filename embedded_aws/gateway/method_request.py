"""An HTTP request as it reached the gateway, and the address of the API in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATH = re.compile(
    r"/(?:execute-api|lambda-url)/(?P<api>[a-z0-9]+)(?:/(?P<stage>[A-Za-z0-9_-]+))?(?P<path>/.*)?"
)
# API Gateway's own names, and names below localhost, which browsers resolve to this machine.
_HOST = re.compile(
    r"(?P<api>[a-z0-9]+)\."
    r"(?:execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|lambda-url\.[a-z0-9-]+\.on\.aws"
    r"|(?:execute-api|lambda-url)\.(?:[a-z0-9-]+\.)*localhost)(?::\d+)?",
    re.IGNORECASE | re.ASCII,
)
_STAGE = re.compile(r"/(?P<stage>[A-Za-z0-9_-]+)(?P<path>/.*)?")


@dataclass(frozen=True)
class MethodRequest:
    """`path` is percent-encoded as sent, without the stage; header names keep the case they were sent in."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    def header(self, name: str) -> str | None:
        """Return the last value of a header, whatever its case."""
        values = list(self._values(name))
        return values[-1] if values else None

    def _values(self, name: str) -> Iterator[str]:
        return (value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True)
class Address:
    """Which API and stage a URL names; `whole` is the path with the stage in it."""

    api_id: str
    stage: str
    path: str
    whole: str


def find_api(host: str, path: str) -> Address | None:
    """Read `/execute-api/<api>/<stage>/…`, or `/<stage>/…` when the host is `<api>.execute-api.…`.

    The same goes for function URLs and `lambda-url`; an HTTP API may have no stage in its path.
    """
    by_path = _PATH.fullmatch(path)
    if by_path:
        whole = path[by_path.end("api") :] or "/"
        return Address(by_path["api"], by_path["stage"] or "", by_path["path"] or "/", whole)
    by_host = _HOST.fullmatch(host)
    if not by_host:
        return None
    rest = _STAGE.fullmatch(path)
    below = (rest and rest["path"]) or "/"
    return Address(by_host["api"].lower(), rest["stage"] if rest else "", below, path)
