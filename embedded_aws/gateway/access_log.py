"""One access log line per request, from the stage's format and its `$context` variables.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.gateway.tracing import Exchange

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")


def build_line(log_format: str, exchange: Exchange, context: Mapping[str, Any]) -> str:
    """Fill in the format; `context` is the event's `requestContext`. What is unknown becomes `-`."""
    values = _variables(exchange, context)
    return _VARIABLE.sub(lambda found: values.get(found[1], "-"), log_format)


def _variables(exchange: Exchange, context: Mapping[str, Any]) -> dict[str, str]:
    response, invocation = exchange.response, exchange.invocation
    values: dict[str, Any] = {
        **{name: value for name, value in context.items() if name != "identity"},
        **{f"identity.{name}": value for name, value in context.get("identity", {}).items()},
        "awsEndpointRequestId": context.get("extendedRequestId"),
        "xrayTraceId": exchange.trace.root,
        "status": response.status,
        "responseLength": len(response.body),
        "responseLatency": _milliseconds(exchange.arrival.at, exchange.end),
        "error.message": response.error,
        "error.messageString": response.error and f'"{response.error}"',
    }
    if invocation:
        latency = _milliseconds(invocation.start, invocation.end)
        values |= {
            "integrationLatency": latency,
            "integration.latency": latency,
            "integrationStatus": invocation.status,
            "integration.integrationStatus": invocation.status,
            "integration.status": invocation.status,
            "integration.requestId": invocation.request_id,
            "integration.error": invocation.error,
            "integrationErrorMessage": invocation.error,
        }
    return {name: str(value) for name, value in values.items() if value not in {None, ""}}


def _milliseconds(start: float, end: float) -> int:
    return round((end - start) * 1000)
