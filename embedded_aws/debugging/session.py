"""One editor that debugs one function: what it and debugpy's adapter say to each other, and what that tells.

The editor says `attach` when it likes; debugpy hears it when a worker starts, with the files' places of that
worker. Between them goes everything else as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded_aws.debugging import dap
from embedded_aws.debugging.dap import Message
from embedded_aws.debugging.standstill import ATTACH, Place, Standstill

_GO_ON = frozenset(
    {"continue", "next", "stepIn", "stepOut", "stepBack", "reverseContinue", "goto", "restartFrame"}
)
_INTERNAL = frozenset({"debugpyWaitingForServer", "debugpySockets"})
_ATTACH_SECONDS = 30.0
"""How long an editor may take to set its breakpoints when a worker starts."""

_LEAVE_SECONDS = 1.0
"""How long one side may take to leave once the other one has."""

Mappings = Callable[[], list[dict[str, str]]]


class Session:
    """An editor's connection, until it, the worker or the embedded AWS ends; `packages` holds debugpy."""

    def __init__(
        self,
        function: str,
        editor: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        packages: Path,
        standstill: Standstill,
    ) -> None:
        self._function = function
        self._reader, self._writer = editor
        self._packages = packages
        self._standstill = standstill
        self._adapter: Process | None = None
        self._asked: dict[int, str] = {}
        loop = asyncio.get_running_loop()
        self._attach: asyncio.Future[Message] = loop.create_future()
        self._port: asyncio.Future[int] = loop.create_future()
        self.taken = False
        self.attached = asyncio.Event()
        self.ended = asyncio.Event()

    async def run(self, hello: Message) -> None:
        """Serve an editor that said `hello` until one of the two sides leaves.

        Raises `ProtocolError`, `OSError`.
        """
        ways: list[asyncio.Task[None]] = []
        try:
            adapter = self._adapter = await asyncio.create_subprocess_exec(
                sys.executable,
                str(self._packages / "debugpy" / "adapter"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                start_new_session=True,
            )
            await self._to_adapter(hello)
            ways += [asyncio.create_task(way) for way in (self._from_editor(), self._from_adapter())]
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if ways[0] in done and adapter.stdin:
                # debugpy then tells the worker to go on, also when the editor was killed.
                adapter.stdin.close()
                await asyncio.wait(ways[1:], timeout=_LEAVE_SECONDS)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await self._close()
            await asyncio.gather(*ways, return_exceptions=True)

    async def admit(
        self, channel: asyncio.StreamWriter, answers: asyncio.StreamReader, mappings: Mappings
    ) -> bool:
        """Let a worker that starts be debugged; return once it goes on, `False` if that did not come about.

        Nobody waits for the editor's `attach`: without it there is no session yet.
        """
        self.taken = True
        self._standstill.begin(self._function, ATTACH)
        try:
            async with asyncio.timeout(_ATTACH_SECONDS):
                arguments = _arguments(self._attach.result(), await asyncio.to_thread(mappings))
                await self._to_adapter({**self._attach.result(), "arguments": arguments})
                told = {"packages": str(self._packages), "port": await self._port}
                channel.write(json.dumps(told).encode() + b"\n")
                return await answers.readline() == b"attached\n"
        except (TimeoutError, asyncio.CancelledError, ConnectionError):
            self.drop()
            return False
        finally:
            self._standstill.end(self._function)

    def drop(self) -> None:
        """End the session: an editor that wants another one connects again."""
        if self._adapter and self._adapter.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._adapter.kill()

    @property
    def waits(self) -> bool:
        """Tell whether the next worker is to be debugged."""
        return self.attached.is_set() and not self.taken and not self.ended.is_set()

    async def _from_editor(self) -> None:
        while message := await dap.read(self._reader):
            command = message.get("command")
            if command in _GO_ON or command == "stackTrace":
                self._asked[message.get("seq", 0)] = str(command)
            if command in _GO_ON:  # the function is faster than the reply
                self._standstill.end(self._function)
            if command == "attach":
                if not self._attach.done():
                    self._attach.set_result(message)
                    self.attached.set()
            else:
                await self._to_adapter(message)

    async def _to_adapter(self, message: Message) -> None:
        if self._adapter and self._adapter.stdin:
            with contextlib.suppress(ConnectionError):
                self._adapter.stdin.write(dap.encoded(message))
                await self._adapter.stdin.drain()

    async def _from_adapter(self) -> None:
        if self._adapter is None or self._adapter.stdout is None:
            return
        while message := await dap.read(self._adapter.stdout):
            self._observe(message)
            if message.get("event") not in _INTERNAL:
                self._writer.write(dap.encoded(message))
                await self._writer.drain()

    def _observe(self, message: Message) -> None:
        body, event = _object(message.get("body")), message.get("event")
        if event == "debugpyWaitingForServer" and not self._port.done():
            self._port.set_result(int(body["port"]))
        elif event == "stopped":
            self._standstill.begin(self._function, str(body.get("reason", "pause")))
        elif event in {"continued", "terminated", "exited"}:
            self._standstill.end(self._function)
            if event == "terminated":  # an editor that is told so leaves, if it is not to stay for ever
                asyncio.get_running_loop().call_later(_LEAVE_SECONDS, self.drop)
        elif message.get("type") == "response":
            command = self._asked.pop(message.get("request_seq", 0), None)
            if command == "stackTrace":
                self._note_place(body)
            elif command and not message.get("success"):
                self._standstill.begin(self._function, "pause")

    def _note_place(self, body: Any) -> None:
        frames = body.get("stackFrames")
        top = _object(frames[0]) if isinstance(frames, list) and frames else {}
        path = _object(top.get("source")).get("path")
        if path:
            place = Place(str(path), int(top.get("line") or 0), str(top.get("name") or ""))
            self._standstill.at(self._function, place)

    async def _close(self) -> None:
        self.ended.set()
        self._standstill.end(self._function)
        for future in (self._attach, self._port):
            future.cancel()
        self._writer.close()
        self.drop()
        if self._adapter:
            await ended(self._adapter)


async def ended(killed: Process) -> None:
    """Wait for the end of a process that was killed, also while that is no longer to be waited for.

    It comes at once, and asyncio has to see it before its event loop ends.
    """
    while killed.returncode is None:
        with contextlib.suppress(asyncio.CancelledError):
            await killed.wait()


def _arguments(attach: Message, mappings: list[dict[str, str]]) -> dict[str, Any]:
    """Return what debugpy is told: to wait for the worker, where its files are, to come back after it."""
    given = dict(_object(attach.get("arguments")))
    for other_way in ("connect", "host", "port", "listen", "processId", "subProcessId"):
        given.pop(other_way, None)
    own = [*(given.get("pathMappings") or ()), *mappings]
    return {
        "justMyCode": True,
        **given,
        "listen": {"host": "127.0.0.1", "port": 0},
        "pathMappings": own,
        "restart": True,
        "subProcess": False,
    }


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
