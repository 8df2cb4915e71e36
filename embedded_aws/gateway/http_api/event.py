"""Request → the event of a function, payload format 2.0 or 1.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote

from embedded_aws.aws.trace_header import NAME as TRACE_HEADER
from embedded_aws.gateway.http_api.model import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedded_aws.gateway.event import Arrival
    from embedded_aws.gateway.http_api.model import Stage
    from embedded_aws.gateway.http_api.routing import Match, Routed
    from embedded_aws.gateway.method_request import MethodRequest

_CONNECTION = {"connection", "transfer-encoding"}
_TEXT_TYPES = {"application/json", "application/javascript", "application/xml"}


@dataclass(frozen=True)
class Caller:
    """What an authorizer said of the caller: of a token its `claims` and the route's `scopes`."""

    kind: Literal["lambda", "jwt"]
    said: Mapping[str, Any]


def build_event(routed: Routed, caller: Caller | None = None) -> dict[str, Any]:
    """Build the event of a route's integration; `caller` is what the authorizer said of him."""
    integration = routed.route.route.integration
    version = integration.payload if integration else "2.0"
    described = describe(routed, version, caller)
    body, encoded = _body(routed.request)
    if version == "1.0":
        return {**described, "body": body, "isBase64Encoded": encoded}
    return {**described, **({} if body is None else {"body": body}), "isBase64Encoded": encoded}


def describe(routed: Routed, version: str, caller: Caller | None = None) -> dict[str, Any]:
    """Describe a request without its body, as authorizers get it too."""
    return (_format_1 if version == "1.0" else _format_2)(routed, caller)


def _format_2(routed: Routed, caller: Caller | None) -> dict[str, Any]:
    """Leave out what is empty, as AWS does in this format."""
    stage, route, request = routed.stage, routed.route, routed.request
    headers = forwarded_headers(stage, request, routed.trace.to_event)
    cookies = [
        cookie.strip() for name, value in headers if name == "cookie" for cookie in value.split(";") if cookie
    ]
    optional = {
        "cookies": cookies,
        "queryStringParameters": _joined(parse_qsl(request.query, keep_blank_values=True)),
        "pathParameters": dict(route.path_parameters),
        "stageVariables": dict(stage.variables),
    }
    return {
        "version": "2.0",
        "routeKey": route.route.key,
        "rawPath": unquote(full_path(stage, request)),
        "rawQueryString": request.query,
        "headers": _joined((name, value) for name, value in headers if name != "cookie"),
        "requestContext": request_context(stage, route, request, routed.arrival, caller),
        **{name: value for name, value in optional.items() if value},
    }


def request_context(
    stage: Stage,
    route: Match | None,
    request: MethodRequest,
    arrival: Arrival,
    caller: Caller | None = None,
) -> dict[str, Any]:
    """Build `requestContext` of format 2.0; a function URL has no account of a caller."""
    is_url = stage.kind == "URL"
    context = {
        "accountId": "anonymous" if is_url else stage.account_id,
        "apiId": stage.api_id,
        "domainName": stage.domain_name,
        "domainPrefix": stage.api_id,
        "http": {
            "method": request.method,
            "path": unquote(full_path(stage, request)),
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("User-Agent") or "",
        },
        "requestId": arrival.request_id if is_url else arrival.extended_request_id,
        "routeKey": route.route.key if route else None,
        "stage": stage.name,
        "time": _written(arrival),
        "timeEpoch": int(arrival.at * 1000),
    }
    return context if caller is None else {**context, "authorizer": {caller.kind: caller.said}}


def _format_1(routed: Routed, caller: Caller | None) -> dict[str, Any]:
    stage, route, request, arrival = routed.stage, routed.route, routed.request, routed.arrival
    headers = forwarded_headers(stage, request, routed.trace.to_event)
    query = parse_qsl(request.query, keep_blank_values=True)
    path = unquote(full_path(stage, request))
    context = {
        "accountId": stage.account_id,
        "apiId": stage.api_id,
        "domainName": stage.domain_name,
        "domainPrefix": stage.api_id,
        "extendedRequestId": arrival.extended_request_id,
        "httpMethod": request.method,
        "identity": {
            "accessKey": None, "accountId": None, "caller": None, "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None, "cognitoIdentityId": None, "cognitoIdentityPoolId": None,
            "principalOrgId": None, "sourceIp": request.source_ip, "user": None,
            "userAgent": request.header("User-Agent") or "", "userArn": None,
        },
        "path": path,
        "protocol": request.protocol,
        "requestId": arrival.extended_request_id,
        "requestTime": _written(arrival),
        "requestTimeEpoch": int(arrival.at * 1000),
        "resourceId": route.route.key,
        "resourcePath": route.path,
        "stage": stage.name,
    }  # fmt: skip
    return {
        "version": "1.0",
        "resource": route.path,
        "path": path,
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": _grouped(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query) or None,
        "requestContext": context if caller is None else {**context, "authorizer": dict(caller.said)},
        "pathParameters": dict(route.path_parameters) or None,
        "stageVariables": dict(stage.variables) or None,
    }


def full_path(stage: Stage, request: MethodRequest) -> str:
    """Return the path with its stage, which the default one does not have."""
    return request.path if stage.name == DEFAULT else f"/{stage.name}{request.path}"


def forwarded_headers(stage: Stage, request: MethodRequest, trace_header: str) -> list[tuple[str, str]]:
    """Headers as the function sees them, names in lower case: the client's, and those of API Gateway.

    `Host` and the `X-Forwarded-*` values are those of the deployed API, not of the local endpoint.
    """
    peers = [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
    own = {
        "host": stage.domain_name,
        TRACE_HEADER.lower(): trace_header,
        "x-forwarded-for": ", ".join([*filter(None, peers), request.source_ip]),
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    kept = [(name.lower(), value) for name, value in request.headers]
    return [
        *((name, value) for name, value in kept if name not in own.keys() | _CONNECTION),
        *own.items(),
    ]


def _written(arrival: Arrival) -> str:
    return datetime.fromtimestamp(arrival.at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: ",".join(values) for name, values in _grouped(pairs).items()}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _body(request: MethodRequest) -> tuple[str | None, bool]:
    """Return the body, and whether it is in Base64: what is no text by its type."""
    if not request.body:
        return None, False
    kind = (request.header("Content-Type") or "text/plain").split(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml")):
        return request.body.decode("utf-8", "replace"), False
    return base64.b64encode(request.body).decode(), True
