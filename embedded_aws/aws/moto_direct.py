"""The shortest way to moto: calls of DynamoDB and SQS go to the class that answers them.

moto's server takes each request through Flask, which costs twice as much as what moto then does for it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedded_aws.aws.wsgi import Environ, StartResponse, WsgiApp

_TARGETS = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}
_SHORT = frozenset(
    {
        *(f"DynamoDB_20120810.{name}Item" for name in ("Delete", "Get", "Put", "Update")),
        *(f"AmazonSQS.{name}" for name in ("DeleteMessage", "GetQueueUrl", "SendMessage")),
    }
)


def is_short(environ: Environ) -> bool:
    """Tell whether a call is about one item or message and never waits: no thread is worth its while."""
    return environ.get("HTTP_X_AMZ_TARGET") in _SHORT


class DirectCalls:
    """A WSGI application in front of moto's: `opened` prepares a service of moto before its first call."""

    def __init__(self, others: WsgiApp, opened: Callable[[str], object]) -> None:
        self._others = others
        self._opened = cache(opened)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raises what moto raises."""
        target = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[0]
        service = _TARGETS.get(target) if environ["PATH_INFO"] == "/" else None
        if service is None:
            return self._others(environ, start_response)
        self._opened(service)
        request = _Request(environ)
        try:
            status, headers, content = _handler(service).dispatch(request, request.raw_url, request.headers)
        except HTTPException as problem:
            return problem.get_response(environ)(environ, start_response)
        body = content.encode() if isinstance(content, str) else content
        fields = {name: str(value) for name, value in dict(headers).items()}
        start_response(str(status), [*fields.items(), ("Content-Length", str(len(body)))])
        return [body]


class _Request(Request):
    from_wsgi_server = True


@cache
def _handler(service: str) -> Any:
    if service == "sqs":
        from moto.sqs.responses import SQSResponse  # noqa: PLC0415 - a slow import

        return SQSResponse
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415 - a slow import

    return DynamoHandler
