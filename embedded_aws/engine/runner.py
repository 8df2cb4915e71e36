"""Run a Pulumi program in this process, with a deployment in the place of Pulumi's engine."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from typing import TYPE_CHECKING, Any

from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.stack import run_in_stack
from pulumi.runtime.sync_await import _sync_await

from embedded_aws.engine.monitor import Monitor
from embedded_aws.engine.places import PlaceOf, Tasks, Threads
from embedded_aws.engine.shortcuts import skip_stack_traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded_aws.engine.config import Config
    from embedded_aws.engine.deployment import Deployment

_THREADS = 8
"""Resources that are created at once; the endpoint is one process, so more would not be faster."""
_HELD_THREADS = 512
"""When resources stand, those to be changed wait here until the program's own lines are through."""


def run(
    program: Callable[[], Any],
    deployment: Deployment,
    config: Config,
    *,
    project: str,
    stack: str,
    place_of: PlaceOf = lambda _calls: "",
) -> dict[str, Any]:
    """Run a program and create its resources; returns the stack's outputs, secrets masked.

    Raises EngineError when a resource or function failed, else what the program raised.
    """
    monitor = Monitor(deployment, project, stack)

    def whole() -> Any:
        """Run the program's own lines; nothing that stands is changed before they are through."""
        with deployment.changes.held():
            return program()

    threads = _HELD_THREADS if deployment.changes.are_some else _THREADS
    # Pulumi keeps its settings in context variables: a context of our own leaves no trace of this run.
    try:
        contextvars.copy_context().run(
            _run, whole, monitor, config, project=project, stack=stack, place_of=place_of, threads=threads
        )
    except BaseException as error:
        # Pulumi wraps errors on their way out, and tells of what was given up; the first one is the cause.
        failure = deployment.failure or (deployment.changes.failure if deployment.changes.are_some else None)
        if failure and failure is not error:
            raise failure from error
        raise
    finally:
        monitor.close()
    return monitor.outputs


def _run(
    program: Callable[[], Any],
    monitor: Monitor,
    config: Config,
    *,
    project: str,
    stack: str,
    place_of: PlaceOf,
    threads: int,
) -> None:
    skip_stack_traces()
    with _event_loop(place_of, threads) as loop:
        settings.configure(
            settings.Settings(
                project=project,
                stack=stack,
                monitor=monitor,
                engine=_Log(),
                dry_run=False,
                organization="organization",
            )
        )
        pulumi_config.set_all_config(config.wire(), list(config.secret_keys))
        _note_what_is_asked(config)
        settings.ROOT.set(None)
        loop.run_until_complete(run_in_stack(lambda: _started(program)))


def _note_what_is_asked(config: Config) -> None:
    """Note which settings the program asks for; with an SDK that keeps them elsewhere, all count as such."""
    kept = pulumi_config.CONFIG
    if isinstance(kept, contextvars.ContextVar):
        kept.set(_Asked(kept.get(), config.asked))
    else:
        config.asked.update(config.values)


class _Asked(dict[str, Any]):
    """Settings that note which of them was looked up."""

    def __init__(self, values: dict[str, Any], asked: set[str]) -> None:
        super().__init__(values)
        self._asked = asked

    def __getitem__(self, key: str) -> Any:
        self._asked.add(key)
        return super().__getitem__(key)


def _started(program: Callable[[], Any]) -> Any:
    result = program()
    # Pulumi waits for its calls first, if they have begun: their errors say which input was meant.
    _sync_await(asyncio.sleep(0))
    return result


@contextlib.contextmanager
def _event_loop(place_of: PlaceOf, threads: int) -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    # After a failure Pulumi abandons its other futures; asyncio would print each one's traceback.
    loop.set_exception_handler(lambda _loop, _context: None)
    loop.set_default_executor(Threads(threads))
    asyncio.set_event_loop(loop)
    tasks = Tasks(place_of)
    loop.set_task_factory(tasks)
    try:
        yield loop
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()
        tasks.restore_tracebacks()


class _Log:
    """Where `pulumi.log.info` and its like go: standard error."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("embedded_aws.engine.program")
        if not self._logger.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
            self._logger.addHandler(handler)
            self._logger.setLevel(logging.INFO)
            self._logger.propagate = False

    def Log(self, request: Any) -> None:  # noqa: N802 - the name of the gRPC method
        self._logger.log(_LEVELS[request.severity], request.message)


_LEVELS = {
    engine_pb2.DEBUG: logging.DEBUG,
    engine_pb2.INFO: logging.INFO,
    engine_pb2.WARNING: logging.WARNING,
    engine_pb2.ERROR: logging.ERROR,
}
