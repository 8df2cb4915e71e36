"""What the journal is told of a request to an HTTP API or a function URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.aws.trace_header import NAME
from embedded_aws.gateway.http_api.event import full_path
from embedded_aws.journal.records import ApiRequest, sent, shortened

if TYPE_CHECKING:
    from embedded_aws.gateway.http_api.tracing import Exchange


def describe(exchange: Exchange) -> ApiRequest:
    """Describe a request to what is deployed."""
    stage, request, call = exchange.stage, exchange.request, exchange.call
    header = request.header(NAME)
    query = f"?{request.query}" if request.query else ""
    return ApiRequest(
        id=exchange.arrival.request_id,
        at=exchange.arrival.at,
        end=exchange.end,
        method=request.method,
        url=shortened(f"{full_path(stage, request)}{query}"),
        status=exchange.response.status,
        api_id=stage.api_id,
        stage=stage.name,
        api_name=stage.api_name,
        api_type=stage.kind,
        route=exchange.route.route.key if exchange.route else None,
        error=exchange.response.error,
        header=None if header is None else shortened(header),
        w3c=request.header("traceparent") is not None,
        tracing=False,
        trace_id=exchange.trace.root,
        decision=call.decision if call else None,
        function=call.function if call else None,
        invocation_id=(call.request_id or None) if call else None,
        sent=sent(request.headers, request.body),
    )
