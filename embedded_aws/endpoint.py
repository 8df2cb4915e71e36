"""The AWS endpoint: one address for every AWS API, for the deployed APIs, and for the server's status."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.errors import AwsError, error, protocol
from embedded_aws.aws.http import Response, read_body, replay
from embedded_aws.aws.model import ShapeError
from embedded_aws.aws.moto_events import collected
from embedded_aws.aws.moto_refusals import UnansweredError, UnknownOperationError
from embedded_aws.aws.parsing import ParseError
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.gateway.method_request import find_api
from embedded_aws.journal.about import is_about
from embedded_aws.sqs.header import with_trace_header

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from embedded_aws.aws.moto_events import Note
    from embedded_aws.journal.about import About

_REFUSALS = {
    ParseError: ("SerializationException", "MalformedInput", "MalformedXML"),
    ShapeError: ("ValidationException", "ValidationError", "InvalidArgument"),
    UnknownOperationError: ("UnknownOperationException", "InvalidAction", "MethodNotAllowed"),
    UnansweredError: ("ValidationException", "ValidationError", "InvalidRequest"),
}
"""Why a request is not valid: the codes that most have for it with JSON, by the query protocol, and S3."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """Who answers what.

    `gateway` has the deployed APIs, `apigateway` what describes them, `states` state machines, `fis` fault
    injection, `about` the server itself, `aws` all that is left. `metrics_read` is called before each call of
    CloudWatch; the others after one, before its answer leaves: `alarms_changed` when it may have changed an
    alarm, `queue_used` when it was about an SQS queue, with its URL, `streams_used` when it was about
    DynamoDB or Kinesis, `schedules_changed` when it was about the service that is named. `noted` takes what
    `aws` noted, with the request's trace header.
    """

    xray: ASGIApp
    lambda_: ASGIApp
    gateway: ASGIApp
    apigateway: ASGIApp
    states: ASGIApp
    logs: ASGIApp
    fis: ASGIApp
    aws: ASGIApp
    about: About
    metrics_read: Callable[[], None]
    alarms_changed: Callable[[], None]
    queue_used: Callable[[str], None]
    streams_used: Callable[[], None]
    schedules_changed: Callable[[str], None]
    noted: Callable[[Sequence[Note], TraceHeader], None]


def is_for_api(scope: Scope) -> bool:
    """Tell whether a request names an API or a function URL, deployed or not, by its host or by its path."""
    call = aws_request.parse(scope)
    return find_api(call.host, call.path) is not None


class Endpoint:
    """The ASGI application behind the endpoint's port."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._own: dict[str | None, ASGIApp] = {
            "xray": services.xray,
            "lambda": services.lambda_,
            "logs": services.logs,
            "fis": services.fis,
            "apigateway": services.apigateway,
            "states": services.states,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong becomes an AWS error."""
        if scope["type"] != "http":
            return
        call = aws_request.parse(scope)
        sent = _Sent(send)
        try:
            await self._dispatch(call, scope, receive, sent)
        except ClientDisconnect:
            raise
        except Exception as problem:
            if sent.started:
                raise
            await _failure(call, problem)(scope, replay(b""), send)

    async def _dispatch(self, call: aws_request.Call, scope: Scope, receive: Receive, send: Send) -> None:
        if find_api(call.host, call.path):
            await self._services.gateway(scope, receive, send)
        elif is_about(call.path):
            query = scope["query_string"].decode("latin-1")
            status, told = await self._services.about.answer(
                call.path, query, call.method, await read_body(receive)
            )
            await Response(status, json.dumps(told).encode())(scope, receive, send)
        elif own := self._own.get(call.service):
            await own(scope, receive, send)
        elif call.service == "monitoring":
            self._services.metrics_read()
            await self._aws(call, scope, receive, _Before(send, self._services.alarms_changed))
        elif call.service == "sqs":
            await self._sqs(call, scope, receive, send)
        else:
            await self._aws(call, scope, receive, send)

    async def _aws(self, call: aws_request.Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Let moto answer, and hand on what it noted before its answer leaves."""
        header = TraceHeader.parse(call.headers.get(NAME.lower()))
        with collected() as notes:

            def answered() -> None:
                if call.service in {"events", "scheduler"}:
                    self._services.schedules_changed(call.service)
                if call.service in {"dynamodb", "kinesis"}:
                    self._services.streams_used()
                if notes:
                    self._services.noted(notes, header)

            await self._services.aws(scope, receive, _Before(send, answered))

    async def _sqs(self, call: aws_request.Call, scope: Scope, receive: Receive, send: Send) -> None:
        body = with_trace_header(call.headers, await read_body(receive))
        queue = aws_request.queue_url(call, body)
        answered = _Before(send, lambda: self._services.queue_used(queue)) if queue else send
        await self._aws(call, scope, replay(body), answered)


def _failure(call: aws_request.Call, problem: Exception) -> ASGIApp:
    """Turn an exception, mostly moto's, into an error that SDKs show and do not retry for long."""
    if isinstance(problem, NotImplementedError):
        return error(call, 501, "NotImplemented", str(problem))
    if isinstance(problem, AwsError):
        return error(call, problem.status, problem.code, problem.message)
    codes = next((codes for kind, codes in _REFUSALS.items() if isinstance(problem, kind)), None)
    if codes:
        if isinstance(problem, UnansweredError):
            _LOG.warning("%s %s (%s): %s", call.method, call.path[:200], call.service, problem)
        return error(call, 400, codes[protocol(call)], str(problem))
    _LOG.error("%s %s (%s) failed", call.method, call.path, call.service, exc_info=problem)
    return error(call, 500, "InternalFailure", f"{type(problem).__name__}: {problem}")


class _Sent:
    """A `send` that knows whether a response has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Any) -> None:
        self.started = True
        await self._send(message)


class _Before:
    """A `send` that calls something before a response begins."""

    def __init__(self, send: Send, call: Callable[[], None]) -> None:
        self._send = send
        self._call = call

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._call()
        await self._send(message)
