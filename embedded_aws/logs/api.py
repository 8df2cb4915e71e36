"""The API of CloudWatch Logs: streams and events here, all else of groups in moto.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Request, Response, forward, read_request, run_in_thread
from embedded_aws.aws.service import Service
from embedded_aws.logs.operations import OPERATIONS, Operations

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# moto would answer them of its own events, of which there are none.
_NOT_EMULATED = {"StartQuery", "StartLiveTail", "CreateExportTask", "GetLogRecord"}


class LogsApi:
    """An ASGI application for every request to CloudWatch Logs; `region` is that of unsigned ones."""

    def __init__(self, operations: Operations, moto: ASGIApp, region: str) -> None:
        self._operations = operations
        self._moto = moto
        self._region = region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        region = aws_request.parse(request.scope).region or self._region
        operations = {name: partial(run, self._operations, region) for name, run in OPERATIONS.items()}
        service = Service("logs", operations)
        found = service.find(request)
        name = found.operation.name if found else ""
        if name in OPERATIONS or name in _NOT_EMULATED:
            response = await service.respond(request)
        else:
            response = await self._forwarded(service, request, region if name == "DeleteLogGroup" else None)
        await response(scope, receive, send)

    async def _forwarded(self, service: Service, request: Request, deleted_in: str | None) -> Response:
        """Let moto answer; of a deleted group also what it holds goes, maybe left of an earlier run."""
        try:
            group = service.read(request.body).get("logGroupName")
        except AwsError as error:
            return service.refused(error)
        response = await forward(self._moto, request, request.body)
        if deleted_in is None or not isinstance(group, str):
            return response
        held = await run_in_thread(lambda: self._operations.delete_group(deleted_in, group))
        return service.answered({}) if held else response
