"""The API of CloudWatch Logs: streams and events here, all else of groups in moto.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Request, Response, forward, read_request, send_response
from embedded_aws.aws.model import ShapeError, checked, model
from embedded_aws.aws.parsing import ParseError, read_object
from embedded_aws.aws.wsgi import run_in_thread
from embedded_aws.logs.operations import OPERATIONS, Operations
from embedded_aws.logs.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.http import App, Receive, Scope, Send

_MEDIA_TYPE = "application/x-amz-json-1.1"
# moto would answer them of its own events, of which there are none.
_NOT_EMULATED = {"StartQuery", "StartLiveTail", "CreateExportTask", "GetLogRecord"}


class LogsApi:
    """An ASGI application for every request to CloudWatch Logs; `region` is that of unsigned ones."""

    def __init__(self, operations: Operations, moto: App, region: str) -> None:
        self._operations = operations
        self._moto = moto
        self._region = region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        try:
            response = await self._route(request, read_object(request.body))
        except ParseError as problem:
            response = _error(400, "SerializationException", f"The body is not a JSON object: {problem}")
        await send_response(send, response)

    async def _route(self, request: Request, given: dict[str, Any]) -> Response:
        region = aws_request.parse(request.scope).region or self._region
        name = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if name in _NOT_EMULATED:
            return _error(501, "NotImplemented", f"The embedded AWS does not emulate {name} of Logs.")
        if name in OPERATIONS:
            return await run_in_thread(lambda: self._answer(name, region, given))
        response = await forward(self._moto, request, request.body)
        if name == "DeleteLogGroup":
            return await run_in_thread(lambda: self._deleted(region, given, response))
        return response

    def _answer(self, name: str, region: str, given: dict[str, Any]) -> Response:
        try:
            shape = model("logs").operation_model(name).input_shape
            output = OPERATIONS[name](self._operations, region, checked(shape, given))
        except ShapeError as problem:
            return _error(400, "InvalidParameterException", str(problem))
        except AwsError as problem:
            return _error(400, problem.code, problem.message)
        except StoreError as problem:
            return _error(500, "ServiceUnavailableException", str(problem))
        return _response(200, output)

    def _deleted(self, region: str, given: dict[str, Any], response: Response) -> Response:
        """Delete what a group holds; one that moto does not know may be left of an earlier run."""
        name = given.get("logGroupName")
        held = isinstance(name, str) and self._operations.delete_group(region, name)
        return _response(200, {}) if held else response


def _error(status: int, code: str, message: str) -> Response:
    return _response(status, {"__type": code, "message": message})


def _response(status: int, content: Mapping[str, Any]) -> Response:
    return Response(status, json.dumps(content).encode(), {"content-type": _MEDIA_TYPE})
