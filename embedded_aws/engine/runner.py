"""Run a Pulumi program in this process, with a deployment in the place of Pulumi's engine."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import run_in_stack

from embedded_aws.engine import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded_aws.engine.config import Config
    from embedded_aws.engine.deployment import Deployment

_STACK = "pulumi:pulumi:Stack"
_THREADS = 8
"""Resources that are created at once; the endpoint is one process, so more would not be faster."""
_STACK_REFERENCE = "pulumi:pulumi:StackReference"

_request: contextvars.ContextVar[tuple[str, Any]] = contextvars.ContextVar("_request")
"""URN and request of the registration that this thread is at: MockMonitor does not pass them on."""


def run(
    program: Callable[[], Any], deployment: Deployment, config: Config, *, project: str, stack: str
) -> dict[str, Any]:
    """Run a program and create its resources; returns the stack's outputs, secrets masked.

    Raises EngineError when a resource or function failed, else what the program raised.
    """
    monitor = _Monitor(deployment)
    # Pulumi keeps its settings in context variables: a context of our own leaves no trace of this run.
    try:
        contextvars.copy_context().run(_run, program, monitor, config, project, stack)
    except BaseException:
        if deployment.failure:  # Pulumi wraps errors on their way out; the first one is the cause
            raise deployment.failure from None
        raise
    return monitor.outputs


def _run(program: Callable[[], Any], monitor: _Monitor, config: Config, project: str, stack: str) -> None:
    with _event_loop() as loop:
        settings.SETTINGS.outputs = set()
        mocks.set_mocks(
            monitor.mocks,
            project=project,
            stack=stack,
            preview=False,
            logger=_program_log(),
            monitor=monitor,
            organization="organization",
        )
        pulumi_config.set_all_config(config.wire(), list(config.secret_keys))
        settings.ROOT.set(None)  # set_mocks made a root whose outputs were registered already
        loop.run_until_complete(run_in_stack(program))


@contextlib.contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give a new loop, and one to each thread that it uses: Pulumi's mock wants one there."""
    loop, loops = asyncio.new_event_loop(), []

    def enter_thread() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    # After a failure Pulumi abandons its other futures; asyncio would print each one's traceback.
    loop.set_exception_handler(lambda _loop, _context: None)
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, initializer=enter_thread))
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        for each in (loop, *loops):
            each.close()


def _program_log() -> logging.Logger:
    """Return where `pulumi.log.info` and its like go: standard error."""
    logger = logging.getLogger("embedded_aws.engine.program")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger


class _Mocks(mocks.Mocks):
    """Passes registrations and invokes on to the deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        urn, request = _request.get()
        if not request.custom:
            return None, {}
        return self._deployment.register(urn, args.typ, args.name, args.inputs, args.provider or "")

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return self._deployment.invoke(args.token, args.args, args.provider), []


class _Monitor(mocks.MockMonitor):
    """Adds to Pulumi's mock what its engine has: real URNs, duplicate checks, the stack's outputs."""

    def __init__(self, deployment: Deployment) -> None:
        super().__init__(_Mocks(deployment))
        self.outputs: dict[str, Any] = {}
        self._deployment = deployment

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        parent_type = parent.split("::")[2] if parent else _STACK
        qualified = type_ if parent_type == _STACK else f"{parent_type}${type_}"
        return f"urn:pulumi:{settings.get_stack()}::{settings.get_project()}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the gRPC method
        if request.type != _STACK:
            urn = self.make_urn(request.parent, request.type, request.name)
            self._deployment.claim(urn)
            self._warn_about(request)
            _request.set((urn, request))
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - the name of the gRPC method
        what = f"{request.type} '{request.name}'"
        if request.type == _STACK_REFERENCE:
            reason = "stack references need Pulumi's state storage; give the value through configuration"
        else:
            reason = (
                f"'{request.id}' cannot be read; the embedded AWS starts empty, so create it in the program"
            )
        raise self._deployment.fail(f"{what}: {reason}")

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802 - the name of the gRPC method
        self._deployment.warn("transforms of the stack are not run here")
        return super().RegisterStackTransform(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the name of the gRPC method
        if f"::{_STACK}::" in request.urn:
            # Twice: the root that set_mocks made registers too, without outputs, and not always first.
            self.outputs.update(values.masked(MessageToDict(request.outputs)))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def _warn_about(self, request: Any) -> None:
        where = f"{request.type} '{request.name}'"
        if request.remote:
            self._deployment.warn(f"{where}: component packages cannot run here; it was skipped")
        if request.importId:
            self._deployment.warn(
                f"{where}: import of '{request.importId}' has no effect; it was created anew"
            )
        if request.transforms:
            self._deployment.warn(f"{where}: transforms are not run here")
        if request.hooks.ListFields():
            self._deployment.warn(f"{where}: resource hooks are not run here")
