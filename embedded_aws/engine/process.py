"""The engine as a child process: it runs the user's program, so nothing of it reaches the server."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import os
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from embedded_aws.engine.packages import Environment

_CHUNK = 64 * 1024
# For what was written just before the end, should somebody else still hold the pipe.
_DRAIN_SECONDS = 0.5


class DeploymentError(Exception):
    """The program could not be deployed; the message, the warnings and what is `left` are the engine's."""

    def __init__(
        self, message: str, warnings: Sequence[str] = (), left: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.warnings = warnings
        self.left = left or {}


@dataclass(frozen=True)
class Deployed:
    """What the engine reports; `resources` counts those that are `run`, `stored only` and `skipped`.

    `left` is what one run among several leaves: see `embedded_aws.engine.again`.
    """

    project: str
    stack: str
    region: str
    config: Mapping[str, Any]
    outputs: Mapping[str, Any]
    resources: Mapping[str, int]
    warnings: Sequence[str]
    left: Mapping[str, Any] = field(default_factory=dict)


class EngineProcess:
    """One run of the engine in a program's environment, in a session of its own: its children end with it."""

    def __init__(
        self, process: Process, answer: IO[bytes], messages: asyncio.StreamReader, lifeline: int
    ) -> None:
        self._process = process
        self._answer = answer
        self._messages = messages
        self._lifeline = lifeline
        self._last = ""
        self._ended = False

    @classmethod
    async def start(
        cls,
        directory: Path,
        stack: str,
        endpoint: str,
        config: Mapping[str, str],
        *,
        environment: Environment,
        other_stacks: Sequence[str] = (),
        strict: bool = False,
        instrument: bool = False,
        before: Mapping[str, Any] | None = None,
    ) -> EngineProcess:
        """Start deploying; stack references find `other_stacks`, `strict` refuses to skip resources.

        `instrument` runs Python functions under ADOT's wrapper script. With `before`, what the run before
        left, it waits for `begin`; with nothing in it, this is the first of several and begins at once.
        """
        arguments = ["--directory", str(directory), "--stack", stack, "--endpoint", endpoint]
        # Functions run on this Python, whatever the program's is.
        arguments += ["--runtime", f"python{sys.version_info.major}.{sys.version_info.minor}"]
        arguments += [f"--other-stack={url}" for url in other_stacks] + ["--strict"] * strict
        arguments += ["--instrument"] * instrument + ["--again"] * (before is not None)
        for key, value in config.items():
            arguments += ["--config", f"{key}={value}"]
        answer = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        read_end, write_end = os.pipe()
        messages = await _reader(read_end)
        # It ends when this process does, however that happens.
        watched, lifeline = os.pipe()
        try:
            # Not asyncio's own pipes: with them the end of the engine is seen only after the end of
            # everything that inherited them, such as a process that the program left behind.
            process = await asyncio.create_subprocess_exec(
                *environment.command, "--until-stdin-ends", *arguments,
                stdin=watched, stdout=answer, stderr=write_end, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(write_end)
            os.close(watched)
        engine = cls(process, answer, messages, lifeline)
        if before is not None:
            await engine._send({key: before[key] for key in ("modules", "clients", "types") if key in before})
            if not before:
                await engine.begin({})
        return engine

    async def begin(self, before: Mapping[str, Any]) -> None:
        """Let an engine that waits change what the run before left."""
        await self._send({"standing": before.get("standing", ())})

    async def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        with contextlib.suppress(OSError):  # it has ended, and `result` will tell why
            await asyncio.to_thread(_write, self._lifeline, line)

    async def result(self, on_output: Callable[[str], None]) -> Deployed:
        """Wait for the end; `on_output` takes the lines that the program writes. Raises `DeploymentError`."""
        relay = asyncio.create_task(self._relay(on_output))
        try:
            code = await self._process.wait()
            self.kill()
            self._ended = True
            await asyncio.wait({relay}, timeout=_DRAIN_SECONDS)
        finally:
            relay.cancel()
        if code:
            told = self._told()
            message = str(told.get("error") or self._last.strip())
            if code < 0:  # what was written last, if anything, does not say why
                ended = f"{signal.Signals(-code).name} ended the process that runs the program"
                message = f"{ended}; before, it wrote: {message}" if message else ended
            raise DeploymentError(
                message or f"the engine ended with exit code {code} and no message",
                [str(warning) for warning in told.get("warnings", ())],
                told.get("left"),
            )
        self._answer.seek(0)
        return _parse(self._answer.read())

    def _told(self) -> Mapping[str, Any]:
        """Return what a failed engine told on standard output; one that was killed tells nothing."""
        self._answer.seek(0)
        with contextlib.suppress(ValueError):
            return dict(json.loads(self._answer.read()))
        return {}

    async def _relay(self, on_output: Callable[[str], None]) -> None:
        """Pass on what is written, at once; of an engine that breaks off, the last piece is the reason."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        line = ""
        try:
            while piece := await self._messages.read(_CHUNK):
                text = decode(piece)
                if text.strip():
                    self._last = text
                *whole, line = f"{line}{text}".split("\n")
                for each in whole:
                    on_output(each.rstrip("\r"))
        finally:
            if line:
                on_output(line)

    async def stop(self) -> None:
        """Kill the engine and all that it started, and wait for its end."""
        self.kill()
        await self._process.wait()
        self._answer.close()
        os.close(self._lifeline)

    def kill(self) -> None:
        """Kill the engine and all that it started, unless its end was seen: the id may be reused."""
        if self._ended:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", 0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


def _parse(answer: bytes) -> Deployed:
    lines = answer.decode("utf-8", "replace").strip().splitlines()
    if not lines:
        raise DeploymentError(
            "the program ended the process that runs it, as os._exit does, before it was deployed; "
            "let it end by itself, or with sys.exit"
        )
    try:
        report = json.loads(lines[-1])
        left = report.pop("left", {})
        told = Deployed.__dataclass_fields__.keys() - {"left"}
        return Deployed(**{name: report[name] for name in told}, left=left)
    except (ValueError, KeyError, TypeError) as problem:
        raise DeploymentError(f"the engine's answer cannot be read ({problem}): {lines[-1:]}") from problem
