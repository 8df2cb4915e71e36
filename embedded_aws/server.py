"""Runs the embedded AWS: the one entry for the viewer's commands `up` and `serve`.

Ports are bound first, then the Pulumi program, if there is one, is deployed by a child process while this one
serves AWS to it. Everything that was started ends with `run`, whatever happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from embedded_aws.aws.http import run_in_thread
from embedded_aws.awslambda.runtime.provision import ProvisionError, provision
from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.following import Following, Redeployed
from embedded_aws.engine.process import Deployed, DeploymentError, EngineProcess
from embedded_aws.host import memory, open_files
from embedded_aws.host.children import adopt_orphans, kill_descendants
from embedded_aws.host.data_directory import DataDirectoryError, locked, remove_scratch
from embedded_aws.host.deadline import Deadline
from embedded_aws.host.retention import DEFAULT_BYTES, LEAST_BYTES
from embedded_aws.host.server_log import logging_to
from embedded_aws.host.startup import StartupError, bind
from embedded_aws.host.user_account import no_account
from embedded_aws.journal.last_request import WholeRequest

if TYPE_CHECKING:
    from embedded_aws.embedded_aws import EmbeddedAws
    from embedded_aws.engine.packages import Environment
    from embedded_aws.engine.project import Project

__all__ = ["Redeployed", "ServeOptions", "StartupError", "Status", "WholeRequest", "run"]

HOST = "127.0.0.1"
OLDEST_PYTHON = (3, 11)
_INTERRUPTED = 130
_WARM_AFTER = 0.3  # seconds from the announcement
_STOP_SECONDS = 2.0
"""How long an orderly end may take, from the signal on; then the process ends with what it is doing."""
_OWN_END_SECONDS = 10.0
"""The same for an end that no signal asked for, after a failure or with `on_ready`'s answer."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class ServeOptions:
    """What to serve, and where.

    `directory` holds `Pulumi.yaml`; without one no program is deployed, and what is said of programs does not
    matter. `config` overrides the stack's settings; stack references find those that run at `other_stacks`,
    URLs of AWS endpoints; `strict` refuses a program with resources that would be skipped; a port of 0 is any
    free one; `data` keeps traces and logs between runs, by default `.waterfall` in `directory`, else in the
    working directory, with at most `most_bytes` on disk: the oldest go first. `console` is the address of a
    viewer, if there is one: the status names it. Pages of `allowed_origins`, as `loopback_guard.parse_origin`
    returns them, may use AWS and OTLP. Functions with the environment variable `record_faults_where` have
    injected faults recorded also in requests that are not sampled. `sampling`: `all` traces every request of
    a program that makes no sampling rules of its own, `aws` one per second and 5 % of the others, as AWS does
    then. `instrument` runs Python functions under ADOT's wrapper script. With `debug` editors can attach to
    functions. With `on_redeployed` it is deployed again, what differs of it, when its sources are saved.
    `on_stop` runs in a thread while all that was started still answers; it is part of the end, which a signal
    gives 2 s.
    """

    directory: Path | None = None
    stack: str | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    other_stacks: Sequence[str] = ()
    strict: bool = False
    port: int = 4566
    daemon_port: int = 2000
    otlp_port: int = 4318
    console: str | None = None
    data: Path | None = None
    most_bytes: int = DEFAULT_BYTES
    allowed_origins: frozenset[str] = frozenset()
    record_faults_where: str | None = None
    sampling: Literal["all", "aws"] = "all"
    instrument: bool = False
    debug: bool = False
    on_redeployed: OnRedeployed | None = None
    on_stop: Callable[[], None] | None = None


@dataclass(frozen=True)
class Status:
    """What the server is and where it is reached; `stack` and `project` are empty without a program.

    `status` is `starting` or `ready`; `api` the base URL of the first deployed stage, `apis` of all, by
    `<API name>/<stage>`; `daemon` is `host:port`, the other addresses are URLs. `tracing` is the program's
    setting of that name, which says nothing of instrumented functions. `resources` counts those that are
    `run`, `stored only` and `skipped`; `warnings` say which and why. `storage` tells what is kept and what
    was lost: see `EmbeddedAws.storage`. Resources are of one run, which `started` at these epoch seconds.
    `debug` has the port of each function that can be debugged.
    """

    status: str
    stack: str
    region: str
    tracing: str | None
    api: str | None
    apis: Mapping[str, str]
    endpoint: str
    console: str | None
    daemon: str
    otlp: str
    outputs: Mapping[str, Any]
    resources: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    storage: Mapping[str, Any] = field(default_factory=dict)
    project: str = ""
    started: float = 0.0
    debug: Mapping[str, int] = field(default_factory=dict)


OnReady = Callable[[Status], bool]
OnRedeployed = Callable[[Redeployed, Status, WholeRequest | None], None]
"""Told in a thread, with the last request that a client sent to a deployed API; saves wait for its end."""
OnProgress = Callable[[str], None]


def run(options: ServeOptions, *, on_ready: OnReady, on_progress: OnProgress) -> int:
    """Serve until a signal comes or `on_ready` returns `False`; return the exit status.

    The first run builds the Lambda runtime and the ADOT layer, which takes pip, its index and a minute.
    `on_ready` runs in a thread, once the program is deployed; what it raises is raised here, after everything
    was stopped. `on_progress` takes single lines. Ctrl-C and SIGTERM end a server that was ready with 0, one
    that was still starting with 130; a second one ends the process at once.
    Raises `StartupError`.
    """
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        raise StartupError(f"Python {found} is not supported; 3.11 to 3.14 is: run it with one of those")
    if options.most_bytes < LEAST_BYTES:
        raise StartupError(
            f"--max-data is {options.most_bytes} bytes; give {LEAST_BYTES >> 20}M or more: "
            "what is written beside the files takes some of it"
        )
    try:
        return _run(options, on_ready, on_progress)
    except (DataDirectoryError, DeploymentError, EngineError, ProvisionError) as problem:
        raise StartupError(str(problem), getattr(problem, "warnings", ())) from problem
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(options: ServeOptions, on_ready: OnReady, on_progress: OnProgress) -> int:
    program = _load(options.directory, options) if options.directory else None
    with contextlib.ExitStack() as held:
        held.enter_context(no_account())
        data = held.enter_context(locked(options.data or (options.directory or Path()) / ".waterfall"))
        held.enter_context(logging_to(data / "server.log", on_progress))
        endpoint = held.enter_context(bind(HOST, options.port, "--port"))
        otlp = held.enter_context(bind(HOST, options.otlp_port, "--otlp-port"))
        provision(on_progress)
        context = _Context(endpoint, otlp, data, program)
        server = _Server(options, context, on_ready, on_progress)
        adopt_orphans()
        memory.keep_little()
        open_files.allow_many()
        try:
            return asyncio.run(server.serve())
        finally:
            # Before the data directory is free again: what a function left must not write to it.
            kill_descendants()
            server.deadline.met()


@dataclass(frozen=True)
class _Program:
    project: Project
    stack: str
    configuration: Mapping[str, Any]
    environment: Environment


def _load(directory: Path, options: ServeOptions) -> _Program:
    from embedded_aws.engine.config import load_config  # noqa: PLC0415 - `serve` does without
    from embedded_aws.engine.packages import environment_of  # noqa: PLC0415
    from embedded_aws.engine.project import choose_stack, load_project  # noqa: PLC0415

    project = load_project(directory)
    stack = choose_stack(project, options.stack)
    overrides = [f"{key}={value}" for key, value in options.config.items()]
    return _Program(project, stack, load_config(project, stack, overrides).values, environment_of(project))


@dataclass(frozen=True)
class _Context:
    endpoint: socket.socket
    otlp: socket.socket
    data: Path
    program: _Program | None


class _Server:
    """One run, from bound ports to the end."""

    def __init__(
        self, options: ServeOptions, context: _Context, on_ready: OnReady, on_progress: OnProgress
    ) -> None:
        self._options = options
        self._context = context
        self._on_ready = on_ready
        self._on_progress = on_progress
        self._aws: EmbeddedAws | None = None
        self._deployed: Deployed | None = None
        self._region = ""
        self._debug: Mapping[str, int] = {}
        self._started = time.time()
        self._stopping = asyncio.Event()
        self.deadline = Deadline(self._cut_off)

    async def serve(self) -> int:
        self._handle_signals()
        async with contextlib.AsyncExitStack() as started:
            try:
                return await self._serve(started)
            except Exception as failure:
                self.deadline.limit(_OWN_END_SECONDS, failure)
                raise
            finally:
                self.deadline.limit(_OWN_END_SECONDS)

    async def _serve(self, started: contextlib.AsyncExitStack) -> int:
        program, engine = self._context.program, None
        if program:  # the engine's imports take longer than ours: it starts first, and finds the port open
            engine = await self._engine(program, {} if self._options.on_redeployed else None)
            started.push_async_callback(engine.stop)
            self._on_progress(program.environment.told(program.project))
        self._aws = self._open_aws()
        started.push_async_callback(self._aws.stop)
        await self._aws.start(lambda: asdict(self._status()))
        if engine and program:
            self._aws.warm()
            self._on_progress(f"deploying stack {program.stack}")
            self._deployed = await self._unless_stopped(engine.result(self._on_progress))
        else:
            self._deployed = Deployed("", "", self._region, {}, {}, {}, ())
        if self._deployed is None:
            return _INTERRUPTED
        following = self._follow(program, self._deployed, started) if program else None
        gc.freeze()  # what start-up made stays; the caller may have put off collecting it
        gc.enable()
        try:
            await self._announce(following)
        except Exception as failure:
            self.deadline.limit(_OWN_END_SECONDS, failure)
            raise
        finally:
            if self._options.on_stop:
                await run_in_thread(self._options.on_stop)
        return 0

    async def _engine(self, program: _Program, before: Mapping[str, Any] | None) -> EngineProcess:
        options = self._options
        return await EngineProcess.start(
            program.project.directory,
            program.stack,
            _url(self._context.endpoint),
            options.config,
            environment=program.environment,
            other_stacks=options.other_stacks,
            strict=options.strict,
            instrument=options.instrument,
            before=before,
        )

    def _follow(
        self, program: _Program, deployed: Deployed, started: contextlib.AsyncExitStack
    ) -> Following | None:
        if self._options.on_redeployed is None:
            return None
        following = Following(program.project.directory, partial(self._engine, program), self._on_progress)
        following.begin(deployed)
        started.push_async_callback(following.close)
        return following

    async def _redeploy(self, following: Following, tell: OnRedeployed) -> None:
        while True:
            told, deployed = await following.next()
            self._deployed = deployed or self._deployed
            last = self._aws.last_request if self._aws else None
            await run_in_thread(partial(tell, told, self._status(), last.request if last else None))

    def _open_aws(self) -> EmbeddedAws:
        # Half a second of imports, while the engine makes its own.
        from embedded_aws.embedded_aws import EmbeddedAws, Settings  # noqa: PLC0415
        from embedded_aws.engine.region import choose_region  # noqa: PLC0415

        context, options = self._context, self._options
        self._region = choose_region(context.program.configuration if context.program else {}, os.environ)
        return EmbeddedAws(
            Settings(
                HOST,
                context.endpoint,
                context.otlp,
                options.daemon_port,
                context.data,
                self._region,
                options.most_bytes,
                options.allowed_origins,
                options.record_faults_where,
                options.sampling == "all",
                (options.directory or Path()).resolve() if options.debug else None,
            )
        )

    async def _announce(self, following: Following | None) -> None:
        self._debug = await self._aws.debug() if self._aws else {}
        status = self._status()
        if not await self._unless_stopped(run_in_thread(lambda: self._on_ready(status))):
            return
        if self._aws:  # without a program; not before what a client asks for that waits for the port
            asyncio.get_running_loop().call_later(_WARM_AFTER, self._aws.warm)
        if following and self._options.on_redeployed:
            await self._unless_stopped(self._redeploy(following, self._options.on_redeployed))
        await self._stopping.wait()

    async def _unless_stopped(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        """Return what `work` does, or `None` when a signal came first."""
        task = asyncio.create_task(work)
        signalled = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({task, signalled}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            task.cancel()
            signalled.cancel()

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop)

    def _stop(self) -> None:
        if self._stopping.is_set():
            self._end_at_once(_INTERRUPTED)
        self._stopping.set()
        self.deadline.met()
        self.deadline.limit(_STOP_SECONDS)

    def _cut_off(self, failure: Exception | None) -> None:
        failed = 1 if failure else None
        self._end_at_once(failed or (0 if self._deployed else _INTERRUPTED))

    def _end_at_once(self, status: int) -> NoReturn:
        """End without waiting for anything. A frozen worker would not notice that its server is gone."""
        kill_descendants()
        remove_scratch(self._context.data)
        os._exit(status)

    def _status(self) -> Status:
        deployed, aws = self._deployed, self._aws
        apis = aws.apis() if aws and deployed else {}
        tracing = deployed.config.get("tracing") if deployed and not self._options.instrument else None
        return Status(
            status="ready" if deployed else "starting",
            stack=self._context.program.stack if self._context.program else "",
            region=self._region,
            tracing=None if tracing is None else str(tracing),
            api=next(iter(apis.values()), None),
            apis=apis,
            endpoint=_url(self._context.endpoint),
            console=self._options.console,
            daemon=aws.daemon_address if aws else "",
            otlp=_url(self._context.otlp),
            outputs=deployed.outputs if deployed else {},
            resources=deployed.resources if deployed else {},
            warnings=deployed.warnings if deployed else (),
            storage=aws.storage() if aws else {},
            project=deployed.project if deployed else "",
            started=self._started,
            debug=self._debug,
        )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
