"""The ports that editors connect to."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
import warnings
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.debugging.debugger import Debugger
from embedded_aws.debugging.session import ended
from embedded_aws.debugging.standstill import Standstill
from tests.e2e.editor import message


def test_none_opens_once_all_are_closed(tmp_path: Path) -> None:
    """A program may be deployed while the embedded AWS stops."""

    async def ports() -> dict[str, int]:
        debugger = Debugger(tmp_path, tmp_path, Standstill(lambda: 0.0))
        opening = asyncio.create_task(debugger.open(["first", "second"]))
        await asyncio.sleep(0)
        await debugger.close()
        await opening
        for port in debugger.ports().values():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
        return debugger.ports()

    assert list(asyncio.run(ports())) == ["first"]


def test_no_port_stays_open_when_there_is_no_time_to_close(tmp_path: Path) -> None:
    """Nor any connection: the embedded AWS ends what does not end in time."""

    async def end() -> None:
        debugger = Debugger(tmp_path, tmp_path, Standstill(lambda: 0.0))
        await debugger.open(["function"])
        reader, writer = await asyncio.open_connection("127.0.0.1", debugger.ports()["function"])
        writer.write(message(1, "initialize", {"adapterID": "debugpy"}))
        await reader.readline()
        closing = asyncio.create_task(debugger.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        writer.close()

    assert left_open(end()) == []


def test_no_connection_stays_open_when_a_start_is_cancelled(tmp_path: Path) -> None:
    """Neither end of what a worker and the debugger would have told each other."""

    async def cancel() -> None:
        debuggee = Debugger(tmp_path, tmp_path, Standstill(lambda: 0.0)).debuggee("function")
        starting = asyncio.create_task(debuggee.channel())
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

    assert left_open(cancel()) == []


def left_open(scenario: Coroutine[Any, Any, None]) -> list[str]:
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        asyncio.run(scenario)
        gc.collect()
    return [str(one.message) for one in left]


def test_the_end_of_a_process_is_waited_for_in_any_case() -> None:
    """Whoever waits is cancelled twice: by the debugger's end, and by the end of that."""

    async def end() -> int | None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=PIPE)
        waiting = asyncio.create_task(ended(process))
        for _ in range(2):
            await asyncio.sleep(0)
            waiting.cancel()
        process.kill()
        await waiting
        return process.returncode

    assert asyncio.run(end()) == -signal.SIGKILL


def test_the_end_of_a_process_is_seen_before_that_of_the_event_loop() -> None:
    """Which cancels all that is left, also what waits for the process."""

    async def end() -> Process:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=PIPE)
        waiting.append(asyncio.create_task(ended(process)))
        await asyncio.sleep(0)
        process.kill()
        return process

    waiting: list[asyncio.Task[None]] = []
    assert asyncio.run(end()).returncode == -signal.SIGKILL
