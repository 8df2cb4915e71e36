"""Starts executions of state machines, and tells what became of them. moto keeps both, and interprets.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.moto_states import MOST_EVENTS, told_to
from embedded_aws.aws.paging import NumberedPages
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.stepfunctions import shapes
from embedded_aws.stepfunctions.recording import ExecutionRecord, Services
from embedded_aws.stepfunctions.tracing import Machine, begin

if TYPE_CHECKING:
    import asyncio

    from embedded_aws.aws.calls import AwsCalls
    from embedded_aws.aws.ids import Clock, Ids
    from embedded_aws.aws.interfaces import Sampler, SegmentSink
    from embedded_aws.aws.moto import MotoAws

_T = TypeVar("_T")

MOST_KEPT = 1000
"""Executions of a state machine that are told of; the oldest go first. AWS tells of them for 90 days."""
_SYNC_SECONDS = 300
"""How long an Express execution may take.

https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""
_START_SECONDS = 0.005
_PAGES = NumberedPages(
    "maxResults", 100, MOST_EVENTS, lambda problem: AwsError("InvalidToken", f"Invalid Token: {problem}")
)


@dataclass(frozen=True)
class Caller:
    """Whose request it is: its Region, and the tracing header that it came with."""

    region: str
    header: TraceHeader


@dataclass(frozen=True)
class Neighbours:
    """What Step Functions uses of the others."""

    calls: AwsCalls
    sink: SegmentSink
    sampler: Sampler
    clock: Clock
    ids: Ids


class StepFunctions:
    """The executions of all state machines; its methods are called in threads, `close` on the event loop."""

    def __init__(self, moto: MotoAws, neighbours: Neighbours, loop: asyncio.AbstractEventLoop) -> None:
        self._moto = moto
        self._neighbours = neighbours
        self._services = Services(neighbours.calls, loop, neighbours.sink, neighbours.clock, neighbours.ids)
        self._lock = threading.Lock()
        self._running: dict[str, Any] = {}

    def start(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Start an execution that goes on by itself; raises `AwsError`."""
        return shapes.started(self._start(caller, given)[0])

    def start_sync(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Run an Express execution to its end; raises `AwsError`."""
        machine = self._machine(caller, given)
        if machine.type != "EXPRESS":
            told = f"This operation is not supported by this type of state machine: {machine.arn}"
            raise AwsError("StateMachineTypeNotSupported", told)
        execution, record = self._start(caller, given)
        if not record.over.wait(_SYNC_SECONDS):
            self._end(execution, "States.Timeout", "")
        return shapes.finished(execution)

    def describe(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Describe an execution; raises `AwsError`."""
        execution = self._execution(caller, given)
        # Not before its segment can be read, which is when its output is there too.
        worker = execution.exec_worker  # none before it is started
        return shapes.described(execution, is_over=worker is not None and worker.step.over.is_set())

    def history(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page of what an execution did; raises `AwsError`."""
        events = self._execution(caller, given).exec_worker.env.event_manager.get_event_history()
        ordered = events[::-1] if given.get("reverseOrder") else events
        page = _PAGES.page("events", ordered, given)
        return {**page, "events": [shapes.event(event) for event in page["events"]]}

    def stop(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Stop an execution; raises `AwsError`."""
        execution = self._execution(caller, given)
        while execution.status == "RUNNING" and execution.exec_worker.env.program_state() is None:
            time.sleep(_START_SECONDS)  # its definition is read; until then moto stops nothing
        self._end(execution, given.get("error"), given.get("cause"))
        return {"stopDate": self._neighbours.clock()}

    def fail_task(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Fail the task that waits for a token, with its cause, which moto leaves out; raises `AwsError`."""
        token, error, cause = given["taskToken"], given.get("error"), given.get("cause")
        _of_moto(lambda: self._backend(caller).send_task_failure(token, error=error, cause=cause))
        return {}

    def close(self) -> None:
        """Stop what still runs."""
        for execution in self._running.values():
            self._end(execution, None, None)

    def _start(self, caller: Caller, given: Mapping[str, Any]) -> tuple[Any, ExecutionRecord]:
        neighbours = self._neighbours
        backend, machine = self._backend(caller), self._machine(caller, given)
        name = given.get("name") or neighbours.ids.request_id()
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
        enabled = bool((machine.tracingConfiguration or {}).get("enabled"))
        subject = Machine(machine.name, machine.arn, enabled)
        header = caller.header if caller.header.root else TraceHeader.parse(given.get("traceHeader"))
        now = neighbours.clock()
        trace = begin(subject, header, neighbours.sampler, neighbours.ids, now)
        record = ExecutionRecord(self._services, subject, arn, trace, now)

        def run() -> Any:
            backend._validate_name(name)  # noqa: SLF001 - moto does so only where it executes nothing
            return backend.start_execution(
                machine.arn, name, given.get("input", "{}"), header.format() or None
            )

        with told_to(record):
            execution = _of_moto(run)
        if record.begun:  # else it is one that was started under that name before
            self._follow(machine, execution)
        return execution, record

    def _follow(self, machine: Any, execution: Any) -> None:
        """Keep what runs, and of the rest so much as is told of."""
        with self._lock:
            if machine.type == "EXPRESS":  # no operation tells of them
                machine.executions.remove(execution)
            running = {arn: known for arn, known in self._running.items() if known.status == "RUNNING"}
            self._running = {**running, execution.exec_arn: execution}
            finished = [one for one in machine.executions if one.status != "RUNNING"]
            for old in finished[: max(0, len(machine.executions) - MOST_KEPT)]:
                machine.executions.remove(old)

    def _end(self, execution: Any, error: str | None, cause: str | None) -> None:
        if execution.status == "RUNNING":
            execution.error, execution.cause = error, cause
            execution.stop(stop_date=datetime.now(UTC), error=error, cause=cause)

    def _backend(self, caller: Caller) -> Any:
        return self._moto.backend("stepfunctions", caller.region)

    def _machine(self, caller: Caller, given: Mapping[str, Any]) -> Any:
        arn = given["stateMachineArn"]
        if len(arn.split(":")) > 7:
            told = f"The embedded AWS does not execute versions and aliases of state machines: {arn}"
            raise AwsError("NotImplemented", told, 501)
        return _of_moto(lambda: self._backend(caller).describe_state_machine(arn))

    def _execution(self, caller: Caller, given: Mapping[str, Any]) -> Any:
        return _of_moto(lambda: self._backend(caller).describe_execution(given["executionArn"]))


def _of_moto(call: Callable[[], _T]) -> _T:
    """Raise what moto refuses as `AwsError`."""
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 - imports moto

    try:
        return call()
    except JsonRESTError as problem:
        raise AwsError(problem.error_type, problem.message) from problem
