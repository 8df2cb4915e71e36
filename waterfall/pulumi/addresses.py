"""AWS's host names in a program's outputs, as what they name is reached on an embedded AWS."""

from __future__ import annotations

import re
from typing import Any

_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_HOSTS = (
    (
        re.compile(rf"(?:https?://)?\b([a-z0-9]+)\.execute-api\.{_REGION}\.amazonaws\.com(?:\.cn)?"),
        "/execute-api",
    ),
    (re.compile(rf"(?:https?://)?\b([a-z0-9]+)\.lambda-url\.{_REGION}\.on\.aws"), "/lambda-url"),
    (
        re.compile(
            rf"(?:https?://)?\b([a-z0-9][a-z0-9.-]+)\.s3(?:-website)?(?:[.-]{_REGION})?\.amazonaws\.com"
        ),
        "",
    ),
)
_SERVICE = re.compile(rf"https?://[a-z0-9-]+\.{_REGION}\.amazonaws\.com")


def local(value: Any, endpoint: str) -> Any:
    """Return an output with the addresses that work on this machine in the place of AWS's."""
    if isinstance(value, dict):
        return {key: local(item, endpoint) for key, item in value.items()}
    if isinstance(value, list):
        return [local(item, endpoint) for item in value]
    if not isinstance(value, str):
        return value
    for pattern, below in _HOSTS:
        value = pattern.sub(rf"{endpoint}{below}/\1", value)
    return _SERVICE.sub(endpoint, value)
