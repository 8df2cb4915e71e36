"""What both modes do inside every AWS call: describe it on its span, and write its tracing header.

These wrappers go on before either SDK's own, so they run innermost: the header that leaves is theirs.
The OpenTelemetry instrumentation alone leaves the function segment as `Parent` in Lambda. One more goes
around it all, and takes every frame of tracing out of what the call raises.
"""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span

from tracing import _aws
from tracing._context import Contexts
from tracing._header import NAME
from tracing._raised import note
from tracing._safely import hide_frames, safely

_MAX_CALLERS = 40


def install(contexts: Contexts, instrument: Callable[[], None]) -> None:
    """Wrap botocore, `instrument` it with an SDK and wrap it again; called once botocore is imported."""
    from botocore.client import BaseClient  # noqa: PLC0415 - only where the handler uses it
    from botocore.endpoint import Endpoint  # noqa: PLC0415

    call, prepare = BaseClient._make_api_call, Endpoint.prepare_request  # noqa: SLF001 - both SDKs wrap it too
    BaseClient._make_api_call = _described(call)  # noqa: SLF001
    Endpoint.prepare_request = _with_header(prepare, contexts)
    with safely("instrumenting botocore"):
        instrument()
    BaseClient._make_api_call = _without_frames(BaseClient._make_api_call, call)  # noqa: SLF001
    Endpoint.prepare_request = _without_frames(Endpoint.prepare_request, prepare)


def _without_frames(instrumented: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Let what `instrumented` raises look as if `function` had been called itself."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return instrumented(*args, **kwargs)
        except BaseException as error:
            hide_frames(error, function.__code__)
            raise

    return called


def _with_header(prepare: Callable[..., Any], contexts: Contexts) -> Callable[..., Any]:
    @functools.wraps(prepare)
    def prepare_request(endpoint: Any, request: Any) -> Any:
        with safely("writing the tracing header"):
            if header := contexts.outgoing():
                del request.headers[NAME]
                request.headers[NAME] = header
        return prepare(endpoint, request)

    return prepare_request


def _described(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def make_api_call(client: Any, operation_name: str, api_params: Any) -> Any:
        span = trace.get_current_span()
        if not _is_aws_call(span):
            return call(client, operation_name, api_params)
        service = client.meta.service_model.endpoint_prefix
        with safely("describing an AWS call"):
            _begin(span, service, operation_name, client.meta.region_name, api_params)
        try:
            reply = call(client, operation_name, api_params)
        except Exception as error:
            with safely("describing an AWS error"):
                _failed(span, service, error)
            raise
        with safely("describing an AWS reply"):
            span.set_attributes(_aws.of_reply(service, reply))
        return reply

    return make_api_call


def _is_aws_call(span: Span) -> bool:
    attributes = getattr(span, "attributes", None) or {}
    return span.is_recording() and attributes.get("rpc.system") == "aws-api"


def _begin(span: Span, service: str, operation: str, region: str | None, params: Any) -> None:
    span.set_attributes(
        {
            "peer.service": service,
            "rpc.method": operation,
            **_aws.of_request(service, operation, region, params),
        }
    )


def _failed(span: Span, service: str, error: Exception) -> None:
    """Note what came back, and an exception whose stack ends where the user's code called botocore."""
    reply = getattr(error, "response", None)
    if isinstance(reply, dict):
        span.set_attributes(_aws.of_reply(service, reply))
    note(span, error, stack=at_caller)


def at_caller(lines: list[str]) -> list[str]:
    """Let the frames inside the client give way to those that led to it; chained exceptions stay."""
    start = max((number for number, line in enumerate(lines) if line.startswith("Traceback ")), default=None)
    if start is None:
        return lines
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith("  File "))
    frame = sys._getframe()  # noqa: SLF001 - `inspect` costs a cold start
    while frame.f_back and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    callers = traceback.format_list(traceback.extract_stack(frame, limit=_MAX_CALLERS))
    return [*lines[: start + 1], *callers, *lines[end:]]
