"""Runs invocations and sends their function segments; shared by synchronous and asynchronous invokes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from local.ids import Clock, Ids
from local.interfaces import SegmentSink
from local.lambda_.catalog import Function
from local.lambda_.faults import Faults, NoFaults
from local.lambda_.logs import Tail
from local.lambda_.outcome import Outcome
from local.lambda_.platform_log import TraceContext
from local.lambda_.pool import Pool
from local.lambda_.run import INIT_LIMIT, Assignment, Run
from local.lambda_.segments import Subject, function_segment
from local.lambda_.tracing import InvocationTrace
from local.lambda_.worker import Workshop
from local.requests.records import Invoked

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
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._ids = ids
        self._init_limit = init_limit
        self._faults = faults or NoFaults()
        self._record = record
        self._pool = Pool(workshop.environment)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def attempt(self, invocation: Invocation, parent_id: str) -> Attempted:
        """Run the function once, below the segment or subsegment `parent_id`; raises `ThrottledError`.

        A caller that gives up waiting does not end the run, as on AWS.
        """
        return await asyncio.shield(self._background(self._attempt(invocation, parent_id)))

    async def _attempt(self, invocation: Invocation, parent_id: str) -> Attempted:
        function_id = self._ids.segment_id()
        trace, function = invocation.trace, invocation.function
        environment, cold = await self._pool.acquire(function)
        work = Assignment(
            function=function,
            request_id=invocation.request_id,
            payload=invocation.payload,
            trace_header=trace.runtime_header(function_id),
            client_context=invocation.client_context,
            traced_as=TraceContext(trace.root, function_id, parent_id, trace.recorded)
            if trace.active
            else None,
            injection=self._faults.injection(function.arn, function.invoked_arn),
        )
        run = Run(self._pool, environment, self._clock, work, cold=cold, init_limit=self._init_limit)
        outcome = await run.execute()
        self._record(replace(invocation.known, failed=outcome.failed, end=self._clock()))
        finished = self._background(self._finish(invocation, run, outcome, function_id, parent_id))
        return Attempted(outcome, work.tail, finished)

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

    async def _finish(
        self, invocation: Invocation, run: Run, outcome: Outcome, function_id: str, parent_id: str
    ) -> None:
        timing = await run.finish(outcome)
        if invocation.trace.recorded:
            subject = invocation.subject
            self._sink.emit(
                function_segment(
                    invocation.trace, subject, function_id, parent_id, outcome, timing, self._ids
                )
            )
