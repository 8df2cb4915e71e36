"""The API of Step Functions: executions here, all else in moto.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.http import forward, read_request
from embedded_aws.aws.service import Service
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.stepfunctions.service import Caller, StepFunctions

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_OPERATIONS = {
    "DescribeExecution": StepFunctions.describe,
    "GetExecutionHistory": StepFunctions.history,
    "SendTaskFailure": StepFunctions.fail_task,
    "StartExecution": StepFunctions.start,
    "StartSyncExecution": StepFunctions.start_sync,
    "StopExecution": StepFunctions.stop,
}


class StepFunctionsApi:
    """An ASGI application for every request to Step Functions; `region` is that of unsigned ones."""

    def __init__(self, executions: StepFunctions, moto: ASGIApp, region: str) -> None:
        self._executions = executions
        self._moto = moto
        self._region = region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        region = aws_request.parse(request.scope).region or self._region
        caller = Caller(region, TraceHeader.parse(request.headers.get(NAME.lower())))
        operations = {name: partial(run, self._executions, caller) for name, run in _OPERATIONS.items()}
        service = Service("stepfunctions", operations)
        found = service.find(request)
        if found and found.operation.name in _OPERATIONS:
            response = await service.respond(request)
        else:
            response = await forward(self._moto, request, request.body)
        await response(scope, receive, send)
