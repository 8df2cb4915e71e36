"""One execution environment: a worker process, its Runtime API, its output.

It runs one event at a time. Between events it is frozen, as on AWS: what a handler left in a background
thread does not go on, and spans that were not sent before the response stay unsent.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import zipfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_aws.aws.http import run_in_thread
from embedded_aws.aws.ids import Clock
from embedded_aws.awslambda.runtime.logs import StreamLog
from embedded_aws.awslambda.runtime.outcome import Span
from embedded_aws.awslambda.runtime.runtime_api import InvocationEvent, Reply, RuntimeApi
from embedded_aws.debugging.debugger import Debuggee
from embedded_aws.host.children import kill_descendants

_READ_BYTES = 16 * 1024
"""Read at once: if it is all line feeds, a tenth of a second of work."""
_MOST_READS = 16
"""More than a pipe holds; a worker that never stops writing must not keep the loop."""
_ROOM_SECONDS = 0.02
"""How soon it is looked again whether there is room for output."""


class InitError(Exception):
    """The worker did not come up.

    `payload` is what the runtime reported, or else the process ended with `exit_code`, or else it could not
    be started at all, for the reason in the message.
    """

    def __init__(self, payload: bytes | None, exit_code: int | None, reason: str = "") -> None:
        super().__init__(reason or "the function's initialisation failed")
        self.payload = payload
        self.exit_code = exit_code


class WorkerExitError(Exception):
    """The worker ended while it had an event; `code` is negative for a signal."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the worker ended with {code}")
        self.code = code


@dataclass(frozen=True)
class Launch:
    """How to start a worker; `scratch`, its `TMPDIR` and no other's, is removed with it."""

    command: Sequence[str]
    environ: Mapping[str, str]
    cwd: Path
    scratch: Path


class Environment:
    """A worker and what belongs to it; `log` takes what it writes to stdout and stderr.

    `prepare` puts the files in place and says how to start; it runs in a thread. `debuggee` is there when
    functions can be debugged.
    """

    def __init__(
        self, prepare: Callable[[], Launch], clock: Clock, log: StreamLog, debuggee: Debuggee | None = None
    ) -> None:
        self._prepare = prepare
        self._debuggee = debuggee
        self._clock = clock
        self.log = log
        self._launch: Launch | None = None
        self._api = RuntimeApi(clock)
        self._process: Process | None = None
        self._exited: asyncio.Task[int] | None = None
        self._pipe = self._status = -1
        self._started = 0.0
        self._stopped = False

    async def start(self) -> None:
        """Start the worker; it then imports the function's module. Raises `InitError`."""
        try:
            self._launch = await asyncio.to_thread(self._prepare)
            address = await self._api.start()
            await self._spawn(self._launch, address)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise InitError(None, None, str(error)) from error
        if self._stopped:
            await self.stop()
            raise InitError(None, None, "the environment was stopped while it started")
        self._listen()

    async def _spawn(self, launch: Launch, address: str) -> None:
        self._pipe, write_end = os.pipe()
        os.set_blocking(self._pipe, False)
        self._started = self._clock()
        debuggee, theirs = self._debuggee, None
        try:
            theirs = await debuggee.channel() if debuggee else None
            self._process = await asyncio.create_subprocess_exec(
                *launch.command,
                env={
                    **launch.environ,
                    "AWS_LAMBDA_RUNTIME_API": address,
                    # The runtime client then writes log records as frames; see `runtime.output`.
                    "_LAMBDA_TELEMETRY_LOG_FD": str(write_end),
                    **(debuggee.variables(theirs) if debuggee and theirs else {}),
                },
                cwd=launch.cwd,
                stdin=DEVNULL,
                stdout=write_end,
                stderr=write_end,
                pass_fds=(write_end, *([theirs.fileno()] if theirs else ())),
                start_new_session=True,
            )
        finally:
            os.close(write_end)
            if theirs:
                theirs.close()
        if debuggee:
            debuggee.admit(launch.cwd)
        self._exited = asyncio.create_task(self._process.wait())

    async def initialised(self) -> Span:
        """Wait until the runtime asks for its first event; return the time from start to then.

        Raises `InitError` when it reports an error or ends instead.
        """
        polled = asyncio.create_task(self._api.polled.wait())
        try:
            waiting: set[asyncio.Future[Any]] = {polled, self._api.init_error, self._exit()}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            polled.cancel()
        if self._api.polled.is_set():
            return Span(self._started, self._api.polled_at)
        payload = self._api.init_error.result() if self._api.init_error.done() else None
        code = await self._exit() if payload is None else None
        raise InitError(payload, code)

    async def run(self, event: InvocationEvent) -> Reply:
        """Hand over one event and wait for its reply; raises `WorkerExitError`."""
        self._signal(signal.SIGCONT)
        reply, exited = self._api.deliver(event), self._exit()

        def ended(_: object) -> None:
            if not reply.done():
                reply.set_exception(WorkerExitError(exited.result()))

        exited.add_done_callback(ended)
        try:
            return await reply
        finally:
            exited.remove_done_callback(ended)
            self._read_output()

    async def finished(self) -> bool:
        """Wait until the runtime asks for the next event, and freeze it; false when it ended instead."""
        polled = asyncio.create_task(self._api.polled.wait())
        try:
            waiting: set[asyncio.Future[Any]] = {polled, self._exit()}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            polled.cancel()
        self._read_output()
        if not self._api.polled.is_set() or self._exit().done():
            return False
        # A debugger that is frozen would set no breakpoint.
        if self._debuggee is None or not self._debuggee.attached:
            self._signal(signal.SIGSTOP)
        return True

    @property
    def polled_at(self) -> float:
        """When the runtime last asked for an event."""
        return self._api.polled_at

    @property
    def outdated(self) -> bool:
        """Tell whether it was started without the debugger that there is now, or with another one."""
        return self._debuggee is not None and self._debuggee.outdated

    @property
    def alive(self) -> bool:
        if self._process is None or self._exited is None or self._exited.done():
            return False
        return not _has_ended(self._process.pid)

    def peak_memory(self) -> int | None:
        """Return the worker's peak memory in MB, where the system tells it."""
        if self._process is None:
            return None
        with contextlib.suppress(OSError, IndexError):
            if self._status < 0:
                self._status = os.open(f"/proc/{self._process.pid}/status", os.O_RDONLY | os.O_CLOEXEC)
            return int(os.pread(self._status, 4096, 0).partition(b"VmHWM:")[2].split(None, 1)[0]) // 1024
        return None

    async def stop(self) -> None:
        """Kill the worker and all that it started; Lambda gives it no warning either.

        What made itself a daemon ends too, and what a worker left that ended by itself; see `host.children`
        for where. One that is still starting ends as soon as it has started.
        """
        self._stopped = True
        if self._exited is not None and self._launch is not None:
            self._signal(signal.SIGSTOP)
            left = f"TMPDIR={self._launch.scratch}"
            try:
                await run_in_thread(lambda: kill_descendants(left))
            finally:
                self._signal(signal.SIGKILL)
            await self._exited
        self._read_output()
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        if self._status >= 0:
            os.close(self._status)
            self._status = -1
        await self._api.close()
        if self._debuggee is not None:
            await self._debuggee.close()
        if self._launch is not None:
            await asyncio.to_thread(shutil.rmtree, self._launch.scratch, ignore_errors=True)

    def _exit(self) -> asyncio.Task[int]:
        if self._exited is None:
            raise RuntimeError("the environment was not started")
        return self._exited

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and not self._exit().done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                # The worker leads a session of its own: wrappers and children get it too.
                os.killpg(self._process.pid, number)

    def _listen(self) -> None:
        """Read what comes, some at a time, while there is room for it: a full pipe lets the worker wait."""
        if self._pipe < 0:
            return
        loop = asyncio.get_running_loop()
        if self.log.has_room():
            loop.add_reader(self._pipe, self._read_some)
        else:
            loop.remove_reader(self._pipe)
            loop.call_later(_ROOM_SECONDS, self._listen)

    def _read_some(self) -> None:
        self._read_output(1)
        if not self.log.has_room():
            self._listen()

    def _read_output(self, most: int = _MOST_READS) -> None:
        for _ in range(most):
            if self._pipe < 0:
                return
            try:
                chunk = os.read(self._pipe, _READ_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                asyncio.get_running_loop().remove_reader(self._pipe)
                return
            self.log.output(chunk)


def _has_ended(pid: int) -> bool:
    """Ask the system about a child, where it can be asked: asyncio hears of an end a little later."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
