"""Disturbs calls of AWS at the endpoint: throttles, fails or delays them, and leaves a mark in the trace."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.errors import error
from embedded_aws.aws.http import read_body, replay
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.fis.calls import called

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from embedded_aws.aws.ids import Clock, Ids
    from embedded_aws.aws.interfaces import SegmentSink
    from embedded_aws.fis.injection import CallFault
    from embedded_aws.fis.service import Fis

_THROTTLES = {
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "s3": (503, "SlowDown"),
    "sqs": (403, "RequestThrottled"),
    "lambda": (429, "TooManyRequestsException"),
}
_ERRORS = {
    "dynamodb": (500, "InternalServerError"),
    "s3": (500, "InternalError"),
    "sqs": (500, "InternalFailure"),
    "lambda": (500, "ServiceException"),
}


@dataclass(frozen=True)
class CallFaultMiddleware:
    """An ASGI application in front of another one: AWS as the functions see it.

    `records_faults` tells of a trace id whether faults in that trace are recorded although it is not sampled.
    """

    app: ASGIApp
    fis: Fis
    sink: SegmentSink
    clock: Clock
    ids: Ids
    records_faults: Callable[[str], bool]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless an experiment is about it."""
        call = aws_request.parse(scope) if scope["type"] == "http" else None
        if call is None or call.service is None or not self.fis.has_call_faults(call.service):
            await self.app(scope, receive, send)
            return
        body = await read_body(receive)
        query = scope["query_string"].decode("latin-1")
        fault = self.fis.call_fault(called(call.service, call, query, body))
        if fault is None:
            await self.app(scope, replay(body), send)
            return
        began = self.clock()
        await asyncio.sleep(fault.delay)
        self._mark(call, fault, began)
        if fault.kind == "delay":
            await self.app(scope, replay(body), send)
            return
        status, code = (_THROTTLES if fault.kind == "throttle" else _ERRORS)[call.service]
        answer = error(call, status, code, f"Fault injected by the experiment {fault.experiment}")
        await answer(scope, replay(b""), send)

    def _mark(self, call: aws_request.Call, fault: CallFault, began: float) -> None:
        """Store a mark below the call's own subsegment: its header names that as the parent."""
        header = TraceHeader.parse(call.headers.get(NAME))
        if not (header.root and header.parent) or not (header.sampled or self.records_faults(header.root)):
            return
        mark = {
            "id": self.ids.segment_id(),
            "trace_id": header.root,
            "parent_id": header.parent,
            "name": f"injected {fault.kind}",
            "start_time": began,
            "end_time": self.clock(),
            "annotations": {"fault.injected": fault.experiment},
        }
        # In a trace that is not sampled the call above it may never come, if a retry makes the fault good:
        # X-Ray shows nothing of a subsegment without a segment.
        self.sink.emit({**mark, "type": "subsegment"} if header.sampled else mark)
