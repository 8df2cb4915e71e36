"""What an unsampled invocation can be kept for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.trace import StatusCode

from tracing._aws import THROTTLED
from tracing._document import STATUS

FAULT, ERROR, THROTTLE, TIMEOUT, SLOW = "fault", "error", "throttle", "timeout", "slow"

KINDS = (TIMEOUT, FAULT, THROTTLE, ERROR)
"""Kinds of failure, the gravest first. A client error is also known by its status, such as `404`."""


def suspected(span: Any) -> Iterable[str]:
    """The kinds of failure that a finished span shows, by X-Ray's rules; empty for a healthy one."""
    attributes = span.attributes
    status = next((attributes[key] for key in STATUS if key in attributes), None)
    if isinstance(status, int) and 400 <= status < 500:
        yield ERROR
        yield str(status)
    elif (
        _is_error(span) or (isinstance(status, int) and status >= 500) or attributes.get("aws.function_error")
    ):
        yield FAULT
    if status == 429 or attributes.get(THROTTLED):
        yield THROTTLE


def _is_error(span: Any) -> bool:
    status = span.status
    return status == "ERROR" if isinstance(status, str) else status.status_code is StatusCode.ERROR
