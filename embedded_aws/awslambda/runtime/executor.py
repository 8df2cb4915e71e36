"""Runs invocations and sends their function segments; shared by synchronous and asynchronous invokes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from embedded_aws.aws.errors import ThrottledError
from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import InvocationMetrics, NoMetrics, SegmentSink
from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.faults import Faults, NoFaults
from embedded_aws.awslambda.kept import KeptRuns, kept_service_segment, kept_trace
from embedded_aws.awslambda.runtime.environment import Environment
from embedded_aws.awslambda.runtime.logs import Tail
from embedded_aws.awslambda.runtime.outcome import Outcome
from embedded_aws.awslambda.runtime.platform_log import TraceContext
from embedded_aws.awslambda.runtime.pool import Pool
from embedded_aws.awslambda.runtime.run import INIT_LIMIT, Assignment, Run
from embedded_aws.awslambda.runtime.worker import Workshop
from embedded_aws.awslambda.segments import Subject, function_segment
from embedded_aws.awslambda.tracing import InvocationTrace
from embedded_aws.journal.records import Invoked

T = TypeVar("T")


@dataclass(frozen=True)
class Invocation:
    """One accepted invocation; asynchronous ones may be attempted several times.

    `known` is what is remembered of it.
    """

    function: Function
    request_id: str
    payload: bytes
    trace: InvocationTrace
    client_context: str | None
    known: Invoked

    @property
    def accepted(self) -> float:
        return self.known.at

    @property
    def subject(self) -> Subject:
        return Subject(self.function.name, self.function.arn, self.function.log_group)


@dataclass(frozen=True)
class Attempted:
    """A run's outcome and its log's end; `finished` ends when the segment is sent and the report written."""

    outcome: Outcome
    tail: Tail
    finished: asyncio.Task[None]


@dataclass(frozen=True)
class _Sent:
    """Where a run's segment goes; `is_kept` when it is recorded only because of a fault."""

    trace: InvocationTrace
    function_id: str
    parent_id: str
    is_kept: bool


class Executor:
    """Attempts invocations in the pool's environments."""

    def __init__(
        self,
        workshop: Workshop,
        sink: SegmentSink,
        clock: Clock,
        ids: Ids,
        *,
        init_limit: float = INIT_LIMIT,
        record: Callable[[Invoked], None],
        faults: Faults | None = None,
        metrics: InvocationMetrics | None = None,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._ids = ids
        self._init_limit = init_limit
        self._faults = faults or NoFaults()
        self._record = record
        self._metrics = metrics or NoMetrics()
        self.kept = KeptRuns()
        self._pool = Pool(workshop.environment)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def attempt(self, invocation: Invocation, parent_id: str) -> Attempted:
        """Run the function once, below the segment or subsegment `parent_id`; raises `ThrottledError`.

        A caller that gives up waiting does not end the run, as on AWS.
        """
        return await asyncio.shield(self._background(self._attempt(invocation, parent_id)))

    async def _attempt(self, invocation: Invocation, parent_id: str) -> Attempted:
        function_id = self._ids.segment_id()
        function = invocation.function
        environment, cold = await self._acquire(function)
        injection = self._faults.injection(function.arn, function.invoked_arn)
        kept = kept_trace(invocation.trace, function, invocation.request_id, injection)
        trace, parent_id = (kept, kept.service_id) if kept else (invocation.trace, parent_id)
        work = Assignment(
            function=function,
            request_id=invocation.request_id,
            payload=invocation.payload,
            trace_header=trace.runtime_header(function_id),
            client_context=invocation.client_context,
            traced_as=TraceContext(trace.root, function_id, parent_id, trace.recorded)
            if trace.active
            else None,
            injection=injection,
        )
        run = Run(self._pool, environment, self._clock, work, cold=cold, init_limit=self._init_limit)
        with self.kept.during(function, trace.root):
            outcome = await run.execute()
        known = replace(invocation.known, recorded=trace.recorded)
        self._record(replace(known, failed=outcome.failed, end=self._clock()))
        sent = _Sent(trace, function_id, parent_id, is_kept=kept is not None)
        finished = self._background(self._finish(invocation, run, outcome, sent))
        return Attempted(outcome, work.tail, finished)

    async def _acquire(self, function: Function) -> tuple[Environment, bool]:
        try:
            acquired = await self._pool.acquire(function)
        except ThrottledError:
            self._metrics.throttled(function.name)
            raise
        self._metrics.began(function.name)
        return acquired

    def _background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Stop all workers and send what is then known of their runs."""
        await self._pool.close()
        # To gather tasks that are done does not let the loop run: they would never leave the set.
        while running := [task for task in self._tasks if not task.done()]:
            await asyncio.gather(*running, return_exceptions=True)

    async def _finish(self, invocation: Invocation, run: Run, outcome: Outcome, sent: _Sent) -> None:
        timing = await run.finish(outcome)
        name, seconds = invocation.function.name, timing.end - timing.start
        self._metrics.ended(name, seconds, failed=outcome.failed)
        if not sent.trace.recorded:
            return
        subject = invocation.subject
        if sent.is_kept:
            self._sink.emit(
                kept_service_segment(
                    sent.trace, subject, invocation.request_id, invocation.payload, outcome, timing
                )
            )
        self._sink.emit(
            function_segment(
                sent.trace, subject, sent.function_id, sent.parent_id, outcome, timing, self._ids
            )
        )
