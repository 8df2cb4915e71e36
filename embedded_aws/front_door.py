"""What a request meets first at the AWS endpoint: whether it may come in at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.errors import error
from embedded_aws.gateway.method_request import find_api
from loopback_guard.asgi import Api, LoopbackGuard

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Scope


def front_door(
    app: ASGIApp, is_deployed: Callable[[str], bool], allowed: frozenset[str] = frozenset()
) -> LoopbackGuard:
    """Guard the endpoint: `is_deployed` knows the ids of deployed APIs, `allowed` are origins of pages."""

    def api(scope: Scope) -> Api:
        call = aws_request.parse(scope)
        named = find_api(call.host, "/"), find_api("", call.path)
        return Api(*(found is not None and is_deployed(found.api_id) for found in named))

    return LoopbackGuard(app, _refused, api=api, allowed=allowed)


def _refused(scope: Scope, reason: str) -> Response:
    return error(aws_request.parse(scope), 403, "AccessDeniedException", reason)
