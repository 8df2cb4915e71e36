"""Runs invocations and sends their function segments; shared by synchronous and asynchronous invokes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from embedded_aws.aws.errors import ThrottledError
from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.fault_recording import FaultRecording, recorded_service_segment
from embedded_aws.awslambda.runtime.environment import Environment
from embedded_aws.awslambda.runtime.logs import Tail
from embedded_aws.awslambda.runtime.outcome import Outcome
from embedded_aws.awslambda.runtime.platform_log import TraceContext
from embedded_aws.awslambda.runtime.pool import Pool
from embedded_aws.awslambda.runtime.run import Assignment, Run
from embedded_aws.awslambda.runtime.worker import WorkerFactory
from embedded_aws.awslambda.segments import Subject, function_segment, with_pauses
from embedded_aws.awslambda.services import Services
from embedded_aws.awslambda.tracing import InvocationTrace
from embedded_aws.journal.records import InvocationRecord

T = TypeVar("T")

_TURNS_OF_AN_ANSWER = 3
"""Turns of the event loop that it takes from a run's outcome to who waits for it: that goes first."""


@dataclass(frozen=True)
class Invocation:
    """One accepted invocation; asynchronous ones may be attempted several times.

    `record` is what the journal gets of it.
    """

    function: Function
    request_id: str
    payload: bytes
    trace: InvocationTrace
    client_context: str | None
    record: InvocationRecord

    @property
    def accepted(self) -> float:
        return self.record.at

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
    """Where a run's segment goes; `only_for_fault` when nothing else has it recorded.

    `asked` is since when it waited for an environment.
    """

    trace: InvocationTrace
    function_id: str
    parent_id: str
    asked: float
    only_for_fault: bool


class Executor:
    """Attempts invocations in the pool's environments."""

    def __init__(self, workers: WorkerFactory, services: Services, init_limit: float) -> None:
        self._services = services
        self._clock = services.clock
        self._init_limit = init_limit
        self.recording = FaultRecording(services.record_faults)
        debugger = services.debugger
        self._pool = Pool(workers.environment, alone=debugger.attached if debugger else lambda _: False)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def attempt(self, invocation: Invocation, parent_id: str) -> Attempted:
        """Run the function once, below the segment or subsegment `parent_id`; raises `ThrottledError`.

        A caller that gives up waiting does not end the run, as on AWS.
        """
        return await asyncio.shield(self._background(self._attempt(invocation, parent_id)))

    async def _attempt(self, invocation: Invocation, parent_id: str) -> Attempted:
        function_id = self._services.ids.segment_id()
        function, asked = invocation.function, self._clock()
        environment, cold = await self._acquire(function)
        injection = self._services.injection(function.arn, function.invoked_arn)
        forced = self.recording.trace(invocation.trace, function, invocation.request_id, injection)
        trace, parent_id = (forced, forced.service_id) if forced else (invocation.trace, parent_id)
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
        run = Run(
            self._pool,
            environment,
            self._clock,
            work,
            self._services.standstill,
            cold=cold,
            init_limit=self._init_limit,
        )
        with self.recording.during(function, trace.root):
            outcome = await run.execute()
        record = replace(invocation.record, recorded=trace.recorded)
        self._services.record(replace(record, failed=outcome.failed, end=self._clock()))
        sent = _Sent(trace, function_id, parent_id, asked, only_for_fault=forced is not None)
        finished = self._background(self._finish(invocation, run, outcome, sent))
        return Attempted(outcome, work.tail, finished)

    async def _acquire(self, function: Function) -> tuple[Environment, bool]:
        try:
            acquired = await self._pool.acquire(function)
        except ThrottledError:
            self._services.metrics.throttled(function.name)
            raise
        self._services.metrics.began(function.name)
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
        for _ in range(_TURNS_OF_AN_ANSWER):
            await asyncio.sleep(0)
        timing = await run.finish(outcome)
        name, seconds = invocation.function.name, timing.end - timing.start
        self._services.metrics.ended(name, seconds, failed=outcome.failed)
        if not sent.trace.recorded:
            return
        subject = invocation.subject
        emit, ids = self._services.sink.emit, self._services.ids
        if sent.only_for_fault:
            emit(
                recorded_service_segment(
                    sent.trace, subject, invocation.request_id, invocation.payload, outcome, timing
                )
            )
        segment = function_segment(
            sent.trace, subject, sent.function_id, sent.parent_id, outcome, timing, ids
        )
        emit(with_pauses(segment, self._services.standstill.pauses(name, sent.asked, timing.end), ids))
