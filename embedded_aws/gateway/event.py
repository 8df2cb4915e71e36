"""Request → the event of a Lambda proxy integration, payload format 1.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from embedded_aws.aws.trace_header import NAME as TRACE_HEADER
from embedded_aws.gateway.signatures import signer_identity

if TYPE_CHECKING:
    from embedded_aws.gateway.method_request import MethodRequest
    from embedded_aws.gateway.model import Stage
    from embedded_aws.gateway.routing import Match

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Arrival:
    """What the gateway itself knows of a request; `at` in epoch seconds."""

    at: float
    request_id: str
    extended_request_id: str


def build_event(
    stage: Stage, route: Match, request: MethodRequest, arrival: Arrival, trace_header: str
) -> dict[str, Any]:
    """Build the event; what is empty is `None`, as AWS sends it."""
    headers = forwarded_headers(stage, request, trace_header)
    query = parse_qsl(request.query, keep_blank_values=True)
    binary = is_binary(request.header("Content-Type"), stage.deployment.binary_media_types)
    return {
        "resource": route.resource.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": _grouped(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query) or None,
        "pathParameters": dict(route.path_parameters) or None,
        "stageVariables": dict(stage.variables) or None,
        "requestContext": request_context(stage, route, request, arrival),
        "body": _body(request.body, binary=binary),
        "isBase64Encoded": binary and bool(request.body),
    }


def forwarded_headers(stage: Stage, request: MethodRequest, trace_header: str) -> list[tuple[str, str]]:
    """Headers as the function sees them: the client's, and what API Gateway sets itself.

    `Host` and the `X-Forwarded-*` values are those of the deployed API, not of the local endpoint, so that
    a handler computes the same addresses here and there.
    """
    peers = [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
    own = {
        "Host": stage.domain_name,
        TRACE_HEADER: trace_header,
        "X-Forwarded-For": ", ".join([*filter(None, peers), request.source_ip]),
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    replaced = {name.lower() for name in own} | {"connection", "content-length", "transfer-encoding"}
    kept = [(name, value) for name, value in request.headers if name.lower() not in replaced]
    return [*kept, *own.items()]


def request_context(
    stage: Stage, route: Match | None, request: MethodRequest, arrival: Arrival
) -> dict[str, Any]:
    """Build `requestContext`; its `path` includes the stage. Only the access log has one without a route."""
    context = {
        "resourceId": route.resource.id if route else None,
        "resourcePath": route.resource.path if route else None,
        "httpMethod": request.method,
        "extendedRequestId": arrival.extended_request_id,
        "requestTime": datetime.fromtimestamp(arrival.at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "path": f"/{stage.name}{request.path}",
        "accountId": stage.account_id,
        "protocol": request.protocol,
        "stage": stage.name,
        "domainPrefix": stage.api_id,
        "requestTimeEpoch": int(arrival.at * 1000),
        "requestId": arrival.request_id,
        "identity": _identity(stage, route, request),
        "domainName": stage.domain_name,
        "deploymentId": stage.deployment.id,
        "apiId": stage.api_id,
    }
    if route and route.method.operation_name:
        context["operationName"] = route.method.operation_name
    return context


def _identity(stage: Stage, route: Match | None, request: MethodRequest) -> dict[str, str | None]:
    identity = {
        "cognitoIdentityPoolId": None,
        "accountId": None,
        "cognitoIdentityId": None,
        "caller": None,
        "sourceIp": request.source_ip,
        "principalOrgId": None,
        "accessKey": None,
        "cognitoAuthenticationType": None,
        "cognitoAuthenticationProvider": None,
        "userArn": None,
        "userAgent": request.header("User-Agent"),
        "user": None,
    }
    if route and route.method.api_key_required:
        identity["apiKey"] = request.header("X-Api-Key")
    if route and route.method.authorization == "AWS_IAM":
        identity |= signer_identity(request, stage.account_id)
    return identity


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def is_binary(media_type: str | None, binary_media_types: Iterable[str]) -> bool:
    """Tell whether a `Content-Type`, or the first type of an `Accept` header, is listed as binary.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
    """
    if not media_type:
        return False
    first = media_type.split(",")[0].split(";")[0].strip().lower()
    family = first.split("/")[0] + "/*"
    return any(listed.lower() in {first, family, "*/*"} for listed in binary_media_types)


def _body(body: bytes, *, binary: bool) -> str | None:
    if not body:
        return None
    return base64.b64encode(body).decode() if binary else body.decode("utf-8", "replace")
