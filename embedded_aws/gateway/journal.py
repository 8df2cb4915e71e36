"""What the journal is told of a request: where it went, what decided about its trace, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.aws.trace_header import NAME
from embedded_aws.gateway.lambda_calls import function_name
from embedded_aws.journal.records import ApiRequest, sent, shortened

if TYPE_CHECKING:
    from embedded_aws.gateway.event import Arrival
    from embedded_aws.gateway.method_request import Address, MethodRequest
    from embedded_aws.gateway.response import Response
    from embedded_aws.gateway.routing import Match
    from embedded_aws.gateway.tracing import Exchange


def describe(exchange: Exchange, route: Match | None) -> ApiRequest:
    """Describe a request to a deployed stage."""
    stage, request, call = exchange.stage, exchange.request, exchange.call
    header = request.header(NAME)
    return ApiRequest(
        id=exchange.arrival.request_id,
        at=exchange.arrival.at,
        end=exchange.end,
        method=request.method,
        url=_url(stage.name, request),
        status=exchange.response.status,
        api_id=stage.api_id,
        stage=stage.name,
        api_name=stage.api_name,
        route=f"{route.method.http_method} {route.resource.path}" if route else None,
        error=exchange.response.error,
        header=None if header is None else shortened(header),
        w3c=request.header("traceparent") is not None,
        tracing=stage.tracing,
        trace_id=exchange.trace.root,
        decision=exchange.trace.decision,
        function=function_name(call.function_arn) if call and call.function_arn else None,
        invocation_id=(call.request_id or None) if call else None,
        sent=sent(request.headers, request.body),
    )


def describe_unknown(
    address: Address, request: MethodRequest, arrival: Arrival, response: Response, now: float
) -> ApiRequest:
    """Describe a request to a stage that is not deployed."""
    return ApiRequest(
        id=arrival.request_id,
        at=arrival.at,
        end=now,
        method=request.method,
        url=_url(address.stage, request),
        status=response.status,
        api_id=address.api_id,
        stage=address.stage,
        error=response.error,
    )


def _url(stage: str, request: MethodRequest) -> str:
    query = f"?{request.query}" if request.query else ""
    return shortened(f"/{stage}{request.path}{query}")
