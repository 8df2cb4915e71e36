"""The Lambda service: invocations of functions, with the segments that AWS would send for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from embedded_aws.aws.errors import AwsError, ThrottledError, wire_form
from embedded_aws.aws.interfaces import InvocationType, InvokeRequest, InvokeResult, TraceLink
from embedded_aws.aws.parsing import MAX_PAYLOAD_DEPTH, ParseError, read_json
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.awslambda.asynchronous import RETRY_DELAYS, AsyncInvoker, Destinations
from embedded_aws.awslambda.catalog import Catalog, Function, Layer
from embedded_aws.awslambda.runtime.executor import Executor, Invocation
from embedded_aws.awslambda.runtime.outcome import Span
from embedded_aws.awslambda.runtime.run import INIT_LIMIT
from embedded_aws.awslambda.runtime.worker import WorkerFactory
from embedded_aws.awslambda.segments import service_segment
from embedded_aws.awslambda.services import Services
from embedded_aws.awslambda.tracing import InvocationTrace, trace_invocation
from embedded_aws.journal.records import InvocationRecord, shortened

MAX_SYNC_PAYLOAD = 6_291_456
MAX_ASYNC_PAYLOAD = 1_048_576
"""Bytes of an event, by invocation type."""


class LambdaService:
    """Invokes functions of the catalog; every worker is a child process, stopped by `close`.

    `retry_delays` are the seconds before the retries of an asynchronous invocation, `init_limit` those of the
    init phase.
    """

    def __init__(
        self,
        catalog: Catalog,
        workers: WorkerFactory,
        services: Services,
        *,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        init_limit: float = INIT_LIMIT,
    ) -> None:
        self.catalog = catalog
        self._workers = workers
        self._decide = services.decide
        self._sink = services.sink
        self._record = services.record
        self._clock = services.clock
        self._ids = services.ids
        self._executor = Executor(workers, services, init_limit)
        destinations = Destinations(services.deliver, services.clock)
        self._async = AsyncInvoker(self._executor, catalog, destinations, services, retry_delays)
        self._warned: set[str] = set()

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Invoke a function; never raises for what a function does.

        https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        """
        request_id, kind = self._ids.request_id(), request.invocation_type
        try:
            found = self.catalog.function(request.function, request.qualifier)
            event = _checked_payload(request.payload, kind)
        except AwsError as error:
            return _refused(error, request_id)
        if found.obstacle:
            return _refused(AwsError("NotImplemented", found.obstacle, 501), request_id)
        if kind == "DryRun":
            return InvokeResult(204, b"", request_id, found.version)
        self._warn_about_runtime(found)
        traced = self._trace(found, request.trace, request.links)
        record = InvocationRecord(
            id=request_id,
            at=self._clock(),
            function=found.name,
            type=kind,
            mode=found.tracing,
            trace_id=traced.root,
            header=shortened(request.trace.format()),
            sampled=request.trace.sampled,
            recorded=traced.recorded,
            decision=traced.decision,
            event_source=request.event_source,
            links=tuple(dict.fromkeys(link.trace_id for link in traced.links)),
            status=202 if kind == "Event" else 200,
        )
        self._record(record)
        invocation = Invocation(found, request_id, event, traced, request.client_context, record)
        if kind == "Event":
            self._async.submit(invocation)
            return InvokeResult(202, b"", request_id, found.version, recorded=traced.recorded)
        return await self._invoke_and_wait(invocation, log_tail=request.log_tail)

    def records_faults(self, trace_id: str) -> bool:
        """Tell whether a function whose faults are recorded runs for this trace."""
        return trace_id in self._executor.recording

    def layer_directory(self, layer: Layer) -> Path:
        """Return the directory with a layer's content."""
        return self._workers.layer(layer)

    async def close(self) -> None:
        """Stop every worker, and tell what is then known of its run; pending retries are dropped."""
        await self._async.close()
        await self._executor.close()

    def _trace(
        self, function: Function, upstream: TraceHeader, links: Sequence[TraceLink]
    ) -> InvocationTrace:
        decide, ids, now = self._decide, self._ids, self._clock()
        return trace_invocation(
            function.tracing, upstream, links, function.arn, decide=decide, ids=ids, now=now
        )

    async def _invoke_and_wait(self, invocation: Invocation, *, log_tail: bool) -> InvokeResult:
        version = invocation.function.version
        try:
            attempted = await self._executor.attempt(invocation, invocation.trace.service_id)
        except ThrottledError as error:
            self._record(replace(invocation.record, status=error.status, end=self._clock()))
            self._emit_service_segment(invocation, error.status, fault=False)
            return replace(_refused(error, invocation.request_id), recorded=invocation.trace.recorded)
        outcome = attempted.outcome
        self._emit_service_segment(invocation, 200, fault=outcome.failed)
        if log_tail:
            await asyncio.shield(attempted.finished)
        return InvokeResult(
            status=200,
            payload=outcome.payload,
            request_id=invocation.request_id,
            executed_version=version,
            function_error="Unhandled" if outcome.failed else None,
            log_tail=attempted.tail.bytes(),
            recorded=invocation.trace.recorded,
        )

    def _emit_service_segment(self, invocation: Invocation, status: int, *, fault: bool) -> None:
        if invocation.trace.recorded:
            span = Span(invocation.accepted, self._clock())
            self._sink.emit(
                service_segment(
                    invocation.trace,
                    invocation.subject,
                    invocation.request_id,
                    span,
                    status=status,
                    fault=fault,
                )
            )

    def _warn_about_runtime(self, function: Function) -> None:
        if function.name not in self._warned:
            self._warned.add(function.name)
            self._workers.warn_about_runtime(function)


def _checked_payload(payload: bytes, invocation_type: InvocationType) -> bytes:
    """Return the event; nothing at all becomes `{}`, as on AWS. Raises `AwsError`."""
    limit = MAX_ASYNC_PAYLOAD if invocation_type == "Event" else MAX_SYNC_PAYLOAD
    if len(payload) > limit:
        message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        raise AwsError("RequestTooLargeException", message, 413)
    if not payload:
        return b"{}"
    try:
        read_json(payload, MAX_PAYLOAD_DEPTH)
    except ParseError as error:
        message = f"Could not parse request body into json: {error}"
        raise AwsError("InvalidRequestContentException", message) from error
    return payload


def _refused(error: AwsError, request_id: str) -> InvokeResult:
    return InvokeResult(error.status, wire_form("lambda", error), request_id, "", error_type=error.code)
