"""How one run of a function ended, and the payloads with which Lambda reports failures.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.aws.parsing import MAX_PAYLOAD_DEPTH, read_json

MAX_RESPONSE = 6_291_556
"""Bytes of a synchronous response."""

MAX_CAUSE = 64 * 1024
"""Bytes of a cause that Lambda puts into a segment."""


@dataclass(frozen=True)
class Span:
    """A stretch of time, in epoch seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class Outcome:
    """What the caller gets, and what the segments say.

    `failed` is the `X-Amz-Function-Error` case; `cause` is X-Ray's cause object of the failure.
    `faults` names the experiments that put faults into this run.
    """

    payload: bytes
    failed: bool = False
    cause: Mapping[str, Any] | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """When the parts of one run took place, in epoch seconds.

    `init` is present on a cold start. `responding` spans the arrival of the response's bytes and is
    `None` when the function never answered. `end` is when the runtime asked for the next event, or died.
    """

    start: float
    end: float
    init: Span | None = None
    responding: Span | None = None


def timed_out(request_id: str, seconds: float) -> Outcome:
    """Return the outcome of a run that was killed at the function's timeout."""
    message = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return platform_failure("Sandbox.Timedout", message)


def exited(request_id: str, code: int) -> Outcome:
    """Return the outcome of a run whose process ended; `code` is negative for a signal."""
    if code == 0:
        detail = "Runtime exited without providing a reason"
    elif code < 0:
        detail = f"Runtime exited with error: signal: {_signal_name(-code)}"
    else:
        detail = f"Runtime exited with error: exit status {code}"
    return platform_failure("Runtime.ExitError", f"RequestId: {request_id} Error: {detail}")


def response_too_large(size: int) -> Outcome:
    """Return the outcome of a response over the limit of 6 MB."""
    message = (
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
    )
    return platform_failure("Function.ResponseSizeTooLarge", message)


def handler_failed(payload: bytes, cause_header: str | None) -> Outcome:
    """Return the outcome of an error that the runtime reported, with its X-Ray cause if it sent one."""
    cause = parse_cause(cause_header) or _cause_of(payload)
    return Outcome(payload, failed=True, cause=cause)


def platform_failure(error_type: str, message: str) -> Outcome:
    """Return a failure that Lambda found, not the function.

    AWS flags such segments as faults without saying why; the cause is ours, so that the waterfall
    can name a timeout.
    """
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Outcome(payload, failed=True, cause=_cause(error_type, message))


def parse_cause(header: str | None) -> Mapping[str, Any] | None:
    """Read the header `Lambda-Runtime-Function-XRay-Error-Cause`; anything malformed is left out."""
    if not header or len(header) > MAX_CAUSE:
        return None
    try:
        cause = read_json(header)
    except ValueError:
        return None
    exceptions = cause.get("exceptions") if isinstance(cause, dict) else None
    if not isinstance(exceptions, list) or not all(isinstance(item, dict) for item in exceptions):
        return None
    known = ("working_directory", "paths", "exceptions")
    return {key: cause[key] for key in known if key in cause}


def _cause_of(payload: bytes) -> Mapping[str, Any] | None:
    try:
        error = read_json(payload, MAX_PAYLOAD_DEPTH)
    except ValueError:
        return None
    if not isinstance(error, dict):
        return None
    return _cause(str(error.get("errorType", "")), str(error.get("errorMessage", "")))


def _cause(error_type: str, message: str) -> Mapping[str, Any]:
    return {"exceptions": [{"type": error_type, "message": message}]}


def _signal_name(number: int) -> str:
    return {6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}.get(number, str(number))
