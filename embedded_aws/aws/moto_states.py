"""State machines that moto executes: what an execution does is told to a `Step`.

moto interprets definitions in threads of its own; each state of an execution is a `Step` here, which also
makes its calls (`moto_state_calls`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from embedded_aws.aws import moto_state_calls, state_expressions
from embedded_aws.aws.execution_steps import Execution, Failure

MOST_EVENTS = 25_000
"""Events that the history of an execution can have; an Express one, which has no such limit on AWS, too.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
_EXECUTION: ContextVar[Execution] = ContextVar("execution")


@contextmanager
def told_to(execution: Execution) -> Iterator[None]:
    """Tell what an execution does that is started inside."""
    token = _EXECUTION.set(execution)
    try:
        yield
    finally:
        _EXECUTION.reset(token)


@cache
def apply() -> None:
    """Let moto tell what it executes; before the first request to Step Functions."""
    # Each failure of a state, also one that is caught; executions tell of them.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    _follow_executions()
    _follow_states()
    moto_state_calls.apply()
    _mend()


def _follow_executions() -> None:
    """Give the environment of an execution its step, and each frame of it that of the frame around."""
    from moto.stepfunctions.parser import utils  # noqa: PLC0415 - only where state machines are used
    from moto.stepfunctions.parser.api import ExecutionStatus  # noqa: PLC0415
    from moto.stepfunctions.parser.asl.eval.environment import Environment  # noqa: PLC0415
    from moto.stepfunctions.parser.backend.execution import (  # noqa: PLC0415
        BaseExecutionWorkerCommunication as Communication,
    )
    from moto.stepfunctions.parser.backend.execution import Execution as Executed  # noqa: PLC0415
    from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker  # noqa: PLC0415

    communication, execution, worker, environment = map(
        _open, (Communication, Executed, ExecutionWorker, Environment)
    )
    created, made, begun, framed = (
        execution.__init__,
        execution._get_start_execution_worker,  # noqa: SLF001 - moto has no hooks; so below
        worker._get_evaluation_environment,  # noqa: SLF001
        environment.as_inner_frame_of.__func__,
    )
    executed, ended = worker._execution_logic, communication.terminated  # noqa: SLF001

    def create(self: Any, *args: Any, **named: Any) -> None:
        created(self, *args, **named)
        # moto lists it before it starts it, and then cannot tell the status of either.
        self.exec_status = ExecutionStatus.RUNNING

    def make(self: Any) -> Any:
        worker = made(self)
        worker.step = _EXECUTION.get()
        worker.step.begin()
        # moto makes it in the execution's thread, and fails where it is asked for before.
        worker.env = begun(worker)
        worker.env.step = worker.step
        return worker

    def frame(cls: Any, env: Any, *args: Any, **options: Any) -> Any:
        inner = framed(cls, env, *args, **options)
        inner.step = env.step
        return inner

    def execute(self: Any) -> None:
        try:
            executed(self)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the execution is over
            self.env.set_error({"error": "States.Runtime", "cause": f"{type(problem).__name__}: {problem}"})
            self._execution_communication.terminated()

    def end(self: Any) -> None:
        ended(self)
        utils.TMP_THREADS.clear()  # moto keeps every thread that it ever started
        execution = self.execution
        failure = None if execution.status == "SUCCEEDED" else _reason(execution)
        execution.exec_worker.step.leave(failure)

    execution.__init__ = create
    execution._get_start_execution_worker = make  # noqa: SLF001
    worker._execution_logic = execute  # noqa: SLF001
    worker._get_evaluation_environment = lambda self: self.env  # noqa: SLF001
    environment.as_inner_frame_of = classmethod(frame)
    communication.terminated = end


def _reason(execution: Any) -> Failure:
    named = {"TIMED_OUT": "States.Timeout", "ABORTED": "Aborted"}
    return Failure(execution.error or named.get(execution.status, ""), execution.cause or "")


def _follow_states() -> None:
    """Tell when states begin and end, and which attempt of a task a thread is busy with."""
    from moto.stepfunctions.parser.asl.component.state.exec.execute_state import (  # noqa: PLC0415
        ExecutionState,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import (  # noqa: PLC0415
        StateMap,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: PLC0415
        StateTaskService,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import (  # noqa: PLC0415
        StateTaskLambda,
    )
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField  # noqa: PLC0415

    state, executed = _open(CommonStateField), _open(ExecutionState)
    evaluated, handled = state._eval_body, executed._handle_catch  # noqa: SLF001

    def evaluate(self: Any, env: Any) -> None:
        if env.event_manager._event_id_gen._next_id > MOST_EVENTS:  # noqa: SLF001
            raise RuntimeError(f"The execution reached the maximum number of history events ({MOST_EVENTS}).")
        outer = env.step
        env.step = step = outer.enter(self.name)
        failure: Failure | None = None
        try:
            evaluated(self, env)
        except Exception as problem:
            failure = _failure(problem)
            raise
        finally:
            env.step = outer
            step.leave(failure)

    def handle(self: Any, env: Any, failure_event: Any) -> None:
        output = self._construct_error_output_value(failure_event)
        env.step.caught(Failure(output["Error"] or "", output["Cause"] or ""))
        handled(self, env, failure_event)

    state._eval_body = evaluate  # noqa: SLF001
    executed._handle_catch = handle  # noqa: SLF001
    for kind in map(_open, (StateTaskLambda, StateTaskService, StateMap)):
        kind._eval_execution = _attempting(kind._eval_execution)  # noqa: SLF001


def _attempting(attempted: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def attempt(self: Any, env: Any) -> None:
        with moto_state_calls.made_for(env.step):
            attempted(self, env)

    return attempt


def _failure(problem: Exception) -> Failure:
    told = getattr(problem, "extract_error_cause_pair", lambda: None)()
    error, cause = told or (type(problem).__name__, str(problem))
    return Failure(error or "", cause or "")


def _mend() -> None:
    """Let moto name its errors, take HTTP tasks, read definitions apart, and both languages in them."""
    from moto.core.exceptions import AWSError  # noqa: PLC0415 - only where state machines are used
    from moto.stepfunctions.parser import api  # noqa: PLC0415
    from moto.stepfunctions.parser.asl.component.intrinsic.jsonata import (  # noqa: PLC0415
        _DECLARATION_BY_VARIABLE_REFERENCE as declared,  # noqa: N811
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (  # noqa: PLC0415
        state_task_service_factory as factory,
    )
    from moto.stepfunctions.parser.asl.jsonata import jsonata  # noqa: PLC0415
    from moto.stepfunctions.parser.asl.utils import json_path  # noqa: PLC0415

    def explain(self: Any, message: str = "") -> None:
        AWSError.__init__(self, message or type(self).TYPE)

    for error in map(_open, AWSError.__subclasses__()):
        if error.__module__ == api.__name__:
            error.TYPE, error.__init__ = error.code, explain
    _read_apart()
    # Such a state exists, and fails; moto would refuse its whole machine.
    factory._UNSUPPORTED_SERVICE_NAMES.add("http")  # noqa: SLF001
    _open(json_path).parse = state_expressions.Path
    _open(jsonata)._eval_jsonata = state_expressions.evaluate  # noqa: SLF001
    for (
        name
    ) in state_expressions.FUNCTIONS:  # which moto declares, and most of them to say that it lacks them
        declared.pop(f"${name}", None)


def _read_apart() -> None:
    """Let each definition be read alone, and each of its states in its own language or the machine's.

    moto has one list of languages for all readers: what a refused definition left there would be around
    others. And it would refuse JSONPath inside a Map or Parallel in JSONata, or take it for JSONata.
    https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    """
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor  # noqa: PLC0415

    reader = _open(Preprocessor)
    opened = reader._open_query_language_scope  # noqa: SLF001

    def begin(self: Any) -> None:
        self._query_language_per_scope = []

    def enter(self: Any, tree: Any) -> None:
        around = self._query_language_per_scope
        self._query_language_per_scope = around[:1]
        opened(self, tree)
        self._query_language_per_scope = [*around, self._query_language_per_scope[-1]]

    reader.__init__ = begin
    reader._open_query_language_scope = enter  # noqa: SLF001


def _open(of_moto: Any) -> Any:
    """Return a class or module of moto as what it is: changeable."""
    return of_moto
