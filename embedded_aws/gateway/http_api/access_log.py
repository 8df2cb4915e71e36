"""The variables of an access log line of an HTTP API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.gateway.access_log import fill, outcome
from embedded_aws.gateway.http_api.event import request_context

if TYPE_CHECKING:
    from embedded_aws.gateway.http_api.tracing import Exchange


def build_line(log_format: str, exchange: Exchange) -> str:
    """Fill in the format for one request."""
    context = request_context(exchange.stage, exchange.route, exchange.request, exchange.arrival)
    http = context.pop("http")
    values = {
        **context,
        "requestTime": context["time"],
        "requestTimeEpoch": context["timeEpoch"],
        "extendedRequestId": context["requestId"],
        "httpMethod": http["method"],
        "path": http["path"],
        "protocol": http["protocol"],
        "identity.sourceIp": http["sourceIp"],
        "identity.userAgent": http["userAgent"],
        **outcome(exchange, exchange.response.error),
    }
    return fill(log_format, values)
