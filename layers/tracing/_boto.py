"""What both modes do inside every AWS call: describe it on its span, and write its tracing header.

These wrappers go on before either SDK's own, so they run innermost: the header that leaves is theirs.
The OpenTelemetry instrumentation alone leaves the function segment as `Parent` in Lambda.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode

from tracing import _aws
from tracing._context import Contexts
from tracing._header import NAME
from tracing._safely import safely

_MAX_CALLERS = 40


def install(contexts: Contexts) -> None:
    """Wrap botocore; called once botocore is imported."""
    from botocore.client import BaseClient  # noqa: PLC0415 - only where the handler uses it
    from botocore.endpoint import Endpoint  # noqa: PLC0415

    BaseClient._make_api_call = _described(BaseClient._make_api_call)  # noqa: SLF001 - both SDKs wrap it too
    Endpoint.prepare_request = _with_header(Endpoint.prepare_request, contexts)


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
    text = "".join(at_caller(traceback.format_exception(error)))
    span.record_exception(error, {"exception.stacktrace": text})
    span.set_status(StatusCode.ERROR, f"{type(error).__name__}: {error}")


def at_caller(lines: list[str]) -> list[str]:
    """Let the frames inside the client give way to those that led to it; chained exceptions stay as they are.

    The frames of two callers are left out: the wrapper of the client and who asks for it.
    """
    start = max(number for number, line in enumerate(lines) if line.startswith("Traceback "))
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith("  File "))
    callers = traceback.format_list(traceback.extract_stack(limit=_MAX_CALLERS)[:-3])
    return [*lines[: start + 1], *callers, *lines[end:]]
