"""HTTP requests as people type them: `POST /orders {"sku": 1}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_METHOD = re.compile(r"[A-Za-z]+")
_EXAMPLE = """POST /orders {"sku": 1}"""


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is a path, with its query, or a whole URL."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None


def read_request(text: str, headers: Sequence[str] = ()) -> Request:
    """Read `[METHOD] TARGET [BODY]`, and headers such as `Accept: text/plain`.

    Without a method it is POST if there is a body, else GET. A body that is JSON says so, unless a header
    does. Raises ValueError for anything else.
    """
    first, _, rest = text.strip().partition(" ")
    if _METHOD.fullmatch(first):
        target, _, body = rest.strip().partition(" ")
        method = first.upper()
    else:
        target, body = first, rest
        method = "POST" if body.strip() else "GET"
    if not target.startswith(("/", "http://", "https://")):
        raise ValueError(f"{text!r} is not a request: give METHOD /PATH [BODY], such as '{_EXAMPLE}'")
    named = dict(_header(header) for header in headers)
    body = body.strip()
    if body and "content-type" not in {name.lower() for name in named}:
        named["Content-Type"] = "application/json" if _is_json(body) else "text/plain; charset=utf-8"
    return Request(method, target, named, body.encode() if body else None)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{text!r} is not a header: give NAME: VALUE, such as 'Accept: text/plain'")
    return name.strip(), value.strip()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (RecursionError, ValueError):
        return False
    return True
