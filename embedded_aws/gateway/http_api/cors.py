"""What the gateway itself says about pages of other origins.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embedded_aws.aws.matching import glob
from embedded_aws.gateway.response import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.gateway.http_api.model import Cors
    from embedded_aws.gateway.method_request import MethodRequest

_PREFIX = "access-control-"


def preflight(cors: Cors, request: MethodRequest) -> Response | None:
    """Answer a browser's question; `None` for any other request."""
    asked = request.header("Origin"), request.header("Access-Control-Request-Method")
    if request.method != "OPTIONS" or not all(asked):
        return None
    return Response(204, tuple(_allowed(cors, request, asks=True)))


def with_cors(cors: Cors, request: MethodRequest, response: Response) -> Response:
    """Add the API's own CORS headers in place of those of its back-end, which are ignored."""
    kept = [(name, value) for name, value in response.headers if not name.lower().startswith(_PREFIX)]
    return replace(response, headers=(*kept, *_allowed(cors, request, asks=False)))


def _allowed(cors: Cors, request: MethodRequest, *, asks: bool) -> Iterator[tuple[str, str]]:
    origin = request.header("Origin")
    if origin is None or not any(glob(each, wildcards="*")(origin) for each in cors.origins):
        return
    yield "access-control-allow-origin", "*" if "*" in cors.origins and not cors.credentials else origin
    if cors.credentials:
        yield "access-control-allow-credentials", "true"
    if asks and cors.methods:
        yield "access-control-allow-methods", ",".join(cors.methods)
    if asks and cors.headers:
        yield "access-control-allow-headers", ",".join(cors.headers)
    if asks and cors.max_age is not None:
        yield "access-control-max-age", str(cors.max_age)
    if not asks and cors.exposed:
        yield "access-control-expose-headers", ",".join(cors.exposed)
