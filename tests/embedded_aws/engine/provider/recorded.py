"""What aws-sdk-go-v2 sends, recorded from it on 2026-11-28, and sent again.

`requests.json` has for each service the headers that are the same in all its requests, as they were in the
first, and then the requests in order: `call` (service and operation), request `line`, the other `headers`,
the body as text or `base64`. `keeps` names what later requests have in braces, by its place in the answer;
`{name%}` is percent-encoded, `{host}` the endpoint. `refused` is the error code of what is not set.
"""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.parsers import create_parser

from embedded_aws.aws.model import model

_FILE = Path(__file__).with_name("requests.json")


@dataclass(frozen=True)
class Answer:
    """What a request was answered; `parsed` in the names of botocore's clients."""

    status: int
    headers: dict[str, str]
    parsed: dict[str, Any]

    @property
    def code(self) -> str:
        """The error's code, empty where there is none."""
        return str(self.parsed.get("Error", {}).get("Code", "")) if self.status >= 300 else ""


@cache
def recorded() -> list[dict[str, Any]]:
    """Return all requests, in order, each with all of its headers."""
    content = json.loads(_FILE.read_text())
    return [
        {**request, "headers": {**content["services"][request["call"].split()[0]], **request["headers"]}}
        for request in content["requests"]
    ]


class Replay:
    """Sends recorded requests to an endpoint, and knows what answers gave to keep."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._kept = {"host": f"localhost:{urlsplit(url).port}"}

    def send(self, request: dict[str, Any], *, line: str | None = None, host: str | None = None) -> Answer:
        """Send one request, perhaps with another request line and host than the recorded ones."""
        method, target = (line or self._filled(request["line"])).split(" ", 1)
        headers = {name: self._filled(text) for name, text in request["headers"].items()}
        content = request.get("base64")
        body = base64.b64decode(content) if content else self._filled(request.get("body", "")).encode()
        connection = http.client.HTTPConnection(self._host, timeout=60)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, text in {**headers, "Host": host or headers["Host"]}.items():
                connection.putheader(name, text)
            if body or method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            with connection.getresponse() as response:
                raw = response.read()
                answered = {name.lower(): text for name, text in response.getheaders()}
        finally:
            connection.close()
        answer = Answer(response.status, answered, _parsed(request, response.status, answered, raw))
        for name, path in request.get("keeps", {}).items():
            self._kept[name] = _at(answer.parsed, path)
        return answer

    def _filled(self, text: str) -> str:
        for name, value in self._kept.items():
            text = text.replace(f"{{{name}}}", value).replace(f"{{{name}%}}", quote(value, safe=""))
        return text


def _parsed(request: dict[str, Any], status: int, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    service, operation = request["call"].split()
    described = model(service)
    is_cbor = "Smithy-Protocol" in request["headers"]
    parser = create_parser("smithy-rpc-v2-cbor" if is_cbor else described.resolved_protocol)
    answer = {"status_code": status, "headers": headers, "body": body}
    parsed: dict[str, Any] = parser.parse(answer, described.operation_model(operation).output_shape)
    return parsed


def _at(parsed: Any, path: str) -> str:
    """Return what is at a path, whose names Go's SDK writes with a capital letter."""
    for name in path.split("."):
        parsed = {key.lower(): value for key, value in parsed.items()}[name.lower()]
    return str(parsed)
