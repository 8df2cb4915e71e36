"""Lambda's HTTP API: invocations and event source mappings here, everything else in moto, repaired.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from embedded_aws.aws.errors import AwsError, InvalidParameterValueError, wire_form
from embedded_aws.aws.http import Request, Response, read_request, send_response
from embedded_aws.aws.interfaces import InvocationType, InvokeResult
from embedded_aws.aws.model import ShapeError, check_types, model, rest_operation
from embedded_aws.aws.parsing import read_object
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.awslambda.control import ControlPlane, json_object
from embedded_aws.awslambda.service import LambdaService
from embedded_aws.events.registry import EventSources

_INVOKE = re.compile(r"/2015-03-31/functions/(.+)/invocations/?")
_MAPPINGS = re.compile(r"/2015-03-31/event-source-mappings(?:/([^/]+))?/?")
_MAX_CLIENT_CONTEXT = 3583
_TYPES: dict[str, InvocationType] = {
    "RequestResponse": "RequestResponse",
    "Event": "Event",
    "DryRun": "DryRun",
}


class LambdaApi:
    """An ASGI app for every request to Lambda; `fallback` is moto."""

    def __init__(self, service: LambdaService, event_sources: EventSources, fallback: ASGIApp) -> None:
        self._service = service
        self._event_sources = event_sources
        self._control = ControlPlane(service, fallback)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        try:
            response = await self._route(request)
        except AwsError as error:
            response = _error(error)
        await send_response(send, response)

    async def _route(self, request: Request) -> Response:
        invoke = _INVOKE.fullmatch(request.path)
        if invoke and request.method == "POST":
            return await self._invoke(request, unquote(invoke.group(1)))
        _check_types(request)
        mappings = _MAPPINGS.fullmatch(request.path)
        if mappings:
            return await self._mapping(request, mappings.group(1))
        return await self._control.answer(request)

    async def _invoke(self, request: Request, function: str) -> Response:
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in _TYPES:
            raise InvalidParameterValueError(f"InvocationType {kind!r}: must be one of {', '.join(_TYPES)}")
        tail = request.headers.get("x-amz-log-type") == "Tail"
        result = await self._service.invoke(
            function,
            request.body,
            invocation_type=_TYPES[kind],
            qualifier=_query(request, "Qualifier"),
            client_context=_client_context(request.headers.get("x-amz-client-context")),
            trace=TraceHeader.parse(request.headers.get(NAME.lower())),
            log_tail=tail and kind == "RequestResponse",
        )
        return _invoke_response(result, log_tail=tail)

    async def _mapping(self, request: Request, uuid: str | None) -> Response:
        sources = self._event_sources
        actions: dict[tuple[str, bool], Callable[[], Awaitable[dict[str, Any]]]] = {
            ("POST", False): lambda: sources.create(json_object(request.body)),
            ("PUT", True): lambda: sources.update(uuid or "", json_object(request.body)),
            ("DELETE", True): lambda: sources.delete(uuid or ""),
        }
        action = actions.get((request.method, uuid is not None))
        if action:
            return Response(202, json.dumps(await action()).encode())
        if request.method != "GET":
            raise AwsError("MethodNotAllowedException", f"{request.method} is not allowed here", 405)
        content = (
            sources.get(uuid)
            if uuid
            else sources.list(_query(request, "EventSourceArn"), _query(request, "FunctionName"))
        )
        return Response(200, json.dumps(content).encode())


def _invoke_response(result: InvokeResult, *, log_tail: bool) -> Response:
    headers = {"x-amzn-requestid": result.request_id}
    if result.error_type:
        headers["x-amzn-errortype"] = result.error_type
    else:
        headers["x-amz-executed-version"] = result.executed_version
    if result.function_error:
        headers["x-amz-function-error"] = result.function_error
    if log_tail and result.log_tail:
        headers["x-amz-log-result"] = base64.b64encode(result.log_tail).decode()
    return Response(result.status, result.payload, headers)


def _check_types(request: Request) -> None:
    operation = rest_operation(model("lambda"), request.method, request.path)
    if operation is None or operation[0].input_shape is None or request.method == "GET":
        return
    try:
        check_types(operation[0].input_shape, json_object(request.body))
    except ShapeError as error:
        raise AwsError("SerializationException", str(error)) from error


def _client_context(header: str | None) -> str | None:
    """Return the client context's JSON in ASCII and one line: it reaches the runtime as a header.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-ClientContext
    """
    if not header:
        return None
    if len(header) > _MAX_CLIENT_CONTEXT:
        message = f"Client context must have at most {_MAX_CLIENT_CONTEXT} bytes in Base64."
        raise AwsError("InvalidRequestContentException", message)
    try:
        return json.dumps(read_object(base64.b64decode(header, validate=True)))
    except ValueError as error:
        message = f"Client context must be a valid Base64-encoded JSON object: {error}"
        raise AwsError("InvalidRequestContentException", message) from error


def _query(request: Request, name: str) -> str | None:
    values = parse_qs(request.query).get(name)
    return values[0] if values else None


def _error(error: AwsError) -> Response:
    return Response(error.status, wire_form("lambda", error), {"x-amzn-errortype": error.code})
