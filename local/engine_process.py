"""The engine as a child process: it runs the user's program, so nothing of it reaches the server."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_CHUNK = 64 * 1024


class DeploymentError(Exception):
    """The program could not be deployed; the message is the engine's."""


@dataclass(frozen=True)
class Deployed:
    """What the engine reports."""

    project: str
    stack: str
    region: str
    config: Mapping[str, Any]
    outputs: Mapping[str, Any]
    warnings: Sequence[str]


class EngineProcess:
    """One run of `python -m local.engine`, in a session of its own so that its children end with it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._ended = False

    @classmethod
    async def start(
        cls, directory: Path, stack: str, endpoint: str, config: Mapping[str, str]
    ) -> EngineProcess:
        """Start deploying."""
        arguments = ["--directory", str(directory), "--stack", stack, "--endpoint", endpoint]
        for key, value in config.items():
            arguments += ["--config", f"{key}={value}"]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "local.engine",
            *arguments,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
        return cls(process)

    async def result(self, on_output: Callable[[str], None]) -> Deployed:
        """Wait for the end; `on_output` takes the lines that the program writes. Raises `DeploymentError`."""
        answer, message = await asyncio.gather(_read_all(self._process.stdout), self._relay(on_output))
        code = await self._process.wait()
        self.kill()
        self._ended = True
        if code:
            raise DeploymentError(message.strip() or f"the engine ended with exit code {code} and no message")
        for line in message.splitlines():
            on_output(line)
        return _parse(answer)

    async def _relay(self, on_output: Callable[[str], None]) -> str:
        """Pass on what is written, except the last piece: after a failure that is the error message."""
        held = ""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        stream = self._process.stderr
        while stream and (piece := await stream.read(_CHUNK)):
            text = decode(piece)
            if text.strip():
                for line in held.splitlines():
                    on_output(line)
                held = text
        return held

    async def stop(self) -> None:
        """Kill the engine and all that it started, and wait for its end."""
        self.kill()
        await self._process.wait()

    def kill(self) -> None:
        """Kill the engine and all that it started, unless its end was seen: the id may be reused."""
        if self._ended:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def _read_all(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream else b""


def _parse(answer: bytes) -> Deployed:
    lines = answer.decode("utf-8", "replace").strip().splitlines()
    try:
        report = json.loads(lines[-1])
        return Deployed(**{name: report[name] for name in Deployed.__dataclass_fields__})
    except (IndexError, ValueError, KeyError, TypeError) as problem:
        raise DeploymentError(f"the engine's answer cannot be read ({problem}): {lines[-1:]}") from problem
