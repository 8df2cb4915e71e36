"""One run of a function in an execution environment, from cold start to the report line."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from embedded_aws.aws.ids import Clock
from embedded_aws.aws.parsing import MAX_PAYLOAD_DEPTH, read_json
from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.faults import NONE, Injection
from embedded_aws.awslambda.runtime.environment import Environment, InitError, WorkerExitError
from embedded_aws.awslambda.runtime.logs import Tail
from embedded_aws.awslambda.runtime.outcome import (
    MAX_RESPONSE,
    Outcome,
    Span,
    Timing,
    exited,
    handler_failed,
    platform_failure,
    response_too_large,
    timed_out,
)
from embedded_aws.awslambda.runtime.platform_log import PlatformLog, Report, Status, TraceContext
from embedded_aws.awslambda.runtime.pool import Pool
from embedded_aws.awslambda.runtime.runtime_api import InvocationEvent, Reply
from embedded_aws.debugging.standstill import Standstill

INIT_LIMIT = 10.0
"""Seconds of the init phase; a longer initialisation starts again within the first event's time."""

_SETTLE = 0.2
"""Seconds that a runtime always gets to ask for its next event, even when its time is up."""


@dataclass(frozen=True)
class Assignment:
    """What is to be run: one event for one function.

    `traced_as` is there with active tracing, for what Lambda logs; `tail` gets the end of the run's log.
    """

    function: Function
    request_id: str
    payload: bytes
    trace_header: str
    client_context: str | None
    traced_as: TraceContext | None = None
    injection: Injection = NONE
    tail: Tail = field(default_factory=Tail)


class Run:
    """Runs one assignment in an environment: `execute` gives its outcome, then `finish` frees that.

    Its time limits do not pass in a `standstill`.
    """

    def __init__(
        self,
        pool: Pool,
        environment: Environment,
        clock: Clock,
        work: Assignment,
        standstill: Standstill,
        *,
        cold: bool,
        init_limit: float,
    ) -> None:
        self._pool = pool
        self._environment = environment
        self._clock = clock
        self._work = work
        self._standstill = standstill
        self._cold = cold
        self._init_limit = init_limit
        self._log = self._open_log()
        self._init: Span | None = None
        self._reply: Reply | None = None
        self._injected: tuple[str, ...] = ()
        self._gone = False
        self._exited = False
        self._restart_clock()

    async def execute(self) -> Outcome:
        """Run the function; never raises for what it does."""
        try:
            return replace(await self._execute(), faults=self._injected)
        finally:
            self._pool.answered(self._work.function.name, self._environment)

    async def _execute(self) -> Outcome:
        began = self._clock()
        try:
            if self._cold:
                await self._initialise()
            return await self._hand_over()
        except InitError as error:
            self._gone = True
            self._init = Span(began, self._clock())
            self._log.start()
            return _init_failed(self._work.request_id, error)
        except WorkerExitError as error:
            self._gone = self._exited = True
            return exited(self._work.request_id, error.code)
        except TimeoutError:
            self._gone = True
            return timed_out(self._work.request_id, self._work.function.timeout)

    async def finish(self, outcome: Outcome) -> Timing:
        """Wait until the runtime is free again, or stop it; write the report and return the times."""
        if not self._gone:
            remaining = max(_SETTLE, self._remaining())
            try:
                async with self._standstill.timeout(remaining):
                    self._gone = not await self._environment.finished()
            except TimeoutError:
                self._gone = True
        end = self._clock() if self._gone else self._polled_at()
        peak = self._environment.peak_memory()
        if self._gone:
            await self._environment.stop()
            self._pool.discard(self._work.function.name, self._environment)
        else:
            self._pool.release(self._work.function.name, self._environment)
        timing = Timing(self._started, end, self._init, self._reply.received if self._reply else None)
        self._report(outcome, timing, peak)
        return timing

    async def _initialise(self) -> None:
        self._log.init_start()
        await self._environment.start()
        try:
            async with self._standstill.timeout(self._init_limit):
                self._init = await self._environment.initialised()
            self._pool.started(self._environment)
            self._log.initialised(self._init.end - self._init.start)
            self._restart_clock()
        except TimeoutError:
            await self._initialise_within_event()

    async def _initialise_within_event(self) -> None:
        """Start anew after the init phase's limit; this time counts as the event's, as on AWS."""
        self._log.init_timed_out(self._init_limit)
        await self._environment.stop()
        self._environment = self._pool.replace(self._work.function, self._environment)
        self._log = self._open_log()
        self._restart_clock()
        await self._environment.start()
        async with self._standstill.timeout(self._remaining()):
            self._init = await self._environment.initialised()

    async def _hand_over(self) -> Outcome:
        work = self._work
        if not self._cold:
            self._restart_clock()
        self._log.start()
        event = InvocationEvent(
            request_id=work.request_id,
            payload=work.payload,
            deadline_ms=int(self._deadline * 1000),
            function_arn=work.function.invoked_arn,
            trace_header=work.trace_header,
            client_context=work.client_context,
        )
        self._reply = await self._answer(event)
        if self._reply.size > MAX_RESPONSE:
            return response_too_large(self._reply.size)
        if self._reply.failed:
            return handler_failed(self._reply.body, self._reply.cause)
        return Outcome(self._reply.body)

    async def _answer(self, event: InvocationEvent) -> Reply:
        """Let the runtime answer, or whatever a fault has put in its way; raises `TimeoutError`."""
        injection = self._work.injection
        self._injected = injection.experiments
        for line in injection.log:
            self._log.line(line)
        if injection.delay:
            async with self._standstill.timeout(self._remaining()):
                await asyncio.sleep(injection.delay)
        replacement = injection.replacement
        if replacement and replacement.prevents_execution:
            return replacement.reply(Span(self._clock(), self._clock()))
        async with self._standstill.timeout(self._remaining()):
            reply = await self._environment.run(event)
        return replacement.over(reply) if replacement else reply

    def _polled_at(self) -> float:
        """Return when the runtime asked for its next event: before this one, when it never got that."""
        answered = self._reply.received.end if self._reply else self._started
        return max(answered, self._environment.polled_at)

    def _restart_clock(self) -> None:
        self._started = self._clock()
        self._stood = self._standstill.total()
        self._deadline = self._started + self._work.function.timeout

    def _remaining(self) -> float:
        stood = self._standstill.total() - self._stood
        return max(0.0, self._deadline + stood - self._clock())

    def _open_log(self) -> PlatformLog:
        """Begin to write into the environment's stream."""
        work, log = self._work, self._environment.log
        log.tail = work.tail
        function = work.function
        return PlatformLog(
            log,
            self._clock,
            work.request_id,
            function.name,
            function.version,
            function.timeout,
            work.traced_as,
        )

    def _report(self, outcome: Outcome, timing: Timing, peak: int | None) -> None:
        status: Status = "error" if outcome.failed else "success"
        if self._gone and self._reply is None and not self._remaining():
            status = "timeout"
        elif self._exited:
            status = "failure"
        self._log.report(
            Report(
                timing.end - timing.start,
                self._work.function.memory,
                peak=peak,
                init=timing.init.end - timing.init.start if timing.init else None,
                status=status,
                error=_error(outcome) if outcome.failed and self._reply is None else None,
                produced=self._reply.size if self._reply else 0,
            )
        )


def _error(outcome: Outcome) -> tuple[str, str]:
    """Return type and message of a failure, as Lambda reports it."""
    try:
        content = read_json(outcome.payload, MAX_PAYLOAD_DEPTH)
        return str(content["errorType"]), str(content["errorMessage"])
    except (ValueError, LookupError, TypeError):
        return "Runtime.Unknown", outcome.payload.decode(errors="replace")


def _init_failed(request_id: str, error: InitError) -> Outcome:
    if error.payload is not None:
        return handler_failed(error.payload, None)
    if error.exit_code is not None:
        return exited(request_id, error.exit_code)
    return platform_failure("Runtime.InvalidEntrypoint", f"RequestId: {request_id} Error: {error}")
