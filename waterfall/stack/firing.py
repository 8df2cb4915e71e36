"""Fires a rule or a schedule of the embedded AWS now: its own path, for AWS has no operation for it."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from waterfall.traces.client import ReadError
from waterfall.traces.documents import list_of, mapping_of, text_of

_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where an event went; `delivered` is `None` while it is tried again, `request_id` what was answered."""

    arn: str
    delivered: bool | None
    error: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Fired:
    """What was fired, by its whole name."""

    name: str
    targets: tuple[Target, ...]


def fire(endpoint: str, name: str, event: bytes) -> Fired:
    """Fire a rule or schedule, with an event as JSON or none; raises ReadError with the server's reason."""
    request = urllib.request.Request(  # noqa: S310 - the endpoint that the user names
        f"{endpoint.rstrip('/')}/_local/fire/{quote(name, safe='')}", data=event, method="POST"
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=_TIMEOUT) as answer:
            told = mapping_of(json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            raise ReadError(_reason(error.read(), error.code)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ReadError(f"nothing was fired at {endpoint}: {error}") from error
    return Fired(text_of(told.get("name")) or name, tuple(map(_target, list_of(told.get("targets")))))


def _reason(body: bytes, status: int) -> str:
    try:
        return str(mapping_of(json.loads(body))["error"])
    except (ValueError, KeyError):
        return f"the endpoint fires nothing: it answered {status}, as AWS would"


def _target(told: Any) -> Target:
    target = mapping_of(told)
    delivered = target.get("delivered")
    return Target(
        arn=text_of(target.get("arn")) or "",
        delivered=delivered if isinstance(delivered, bool) else None,
        error=text_of(target.get("error")),
        request_id=text_of(target.get("request_id")) or None,
    )
