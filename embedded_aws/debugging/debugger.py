"""The debugger of all functions: a port of each, and who is attached.

Editors connect to the ports of `Ports` and speak the Debug Adapter Protocol, at any time: also before a
function first runs, and from one of its environments to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import logging
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path

from embedded_aws.debugging.dap import Message, ProtocolError, read
from embedded_aws.debugging.debuggee import CHANNEL
from embedded_aws.debugging.peers import is_own
from embedded_aws.debugging.ports import Ports
from embedded_aws.debugging.session import Session
from embedded_aws.debugging.sources import path_mappings
from embedded_aws.debugging.standstill import Standstill
from embedded_aws.host.listening import Servers

_log = logging.getLogger(__name__)

HOST = "127.0.0.1"
SCRIPT = Path(__file__).with_name("debuggee.py")

_HELLO_SECONDS = 10.0
"""How long whoever connects may say nothing: no debugger starts for it."""

_COMES_BACK_SECONDS = 2.0
"""How long an environment waits for the editor of the one before it, which connects again by itself."""


class DebuggerMissingError(Exception):
    """debugpy is not installed; the message says what helps."""


class Debugger:
    """Listens for editors; `sources` holds the user's files, `directory` takes what is kept between runs.

    Raises `DebuggerMissingError`.
    """

    def __init__(self, directory: Path, sources: Path, standstill: Standstill) -> None:
        self._packages = _apart(directory)
        self._ports = Ports(directory / "ports.json")
        self._sources = sources
        self._standstill = standstill
        self._servers = Servers()
        self._listening: dict[str, int] = {}
        self._sessions: dict[str, Session] = {}
        self._changed = asyncio.Condition()
        self._is_closed = False

    async def open(self, functions: Iterable[str]) -> None:
        """Listen for these functions too; one that has no port is told of, and cannot be debugged."""
        for function in functions:
            if function not in self._listening and not self._is_closed:
                try:
                    listener = self._ports.bind(function, HOST)
                    serve = functools.partial(self._serve, function)
                    self._listening[function] = await self._servers.listen(serve, sock=listener)
                except OSError as problem:
                    _log.warning("%s", problem)

    def ports(self) -> dict[str, int]:
        """Return the port of each function, by its name."""
        return dict(self._listening)

    def attached(self, function: str) -> bool:
        """Tell whether an editor debugs a function; it then runs one event at a time."""
        session = self._sessions.get(function)
        return session is not None and session.attached.is_set() and not session.ended.is_set()

    def debuggee(self, function: str) -> Debuggee:
        """Return what an environment that is about to start needs to be debugged."""
        return Debuggee(self, function)

    async def close(self) -> None:
        """Stop listening and let all editors go."""
        self._is_closed = True
        await self._servers.close()

    async def admit(
        self, function: str, channel: tuple[asyncio.StreamReader, asyncio.StreamWriter], unpacked: Path
    ) -> Session | None:
        """Let an environment that starts be debugged; return the session once it goes on, if there is one."""
        reader, writer = channel
        session = await self._awaited(function)
        if session and await session.admit(writer, reader, lambda: path_mappings(self._sources, unpacked)):
            return session
        writer.write(b"{}\n")
        return None

    def session(self, function: str) -> Session | None:
        """Return the session in which the function's next environment would be debugged."""
        session = self._sessions.get(function)
        return session if session and session.attached.is_set() and not session.ended.is_set() else None

    async def _awaited(self, function: str) -> Session | None:
        """Wait for the editor that debugged the environment before, until it is back."""

        def waiting() -> Session | None:
            session = self._sessions.get(function)
            return session if session and session.waits else None

        session = self._sessions.get(function)
        if session and session.taken:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_COMES_BACK_SECONDS), self._changed:
                    await self._changed.wait_for(waiting)
        return waiting()

    async def _serve(self, function: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            hello = await self._admitted(function, reader, writer)
            if hello:
                session = Session(function, (reader, writer), self._packages, self._standstill)
                self._sessions[function] = session
                await self._run(session, hello)
        except (ProtocolError, OSError, TimeoutError) as problem:
            _log.warning("debugging %s ended: %s", function, problem)

    async def _admitted(
        self, function: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Message | None:
        """Return what an editor says first; `None` for one that may not debug, or says nothing."""
        peer, here = (writer.get_extra_info(name)[:2] for name in ("peername", "sockname"))
        if not await asyncio.to_thread(is_own, peer, here):
            _log.warning("another user's process wanted to debug %s and was refused", function)
            return None
        async with asyncio.timeout(_HELLO_SECONDS):
            hello = await read(reader)
        other = self._sessions.get(function)
        if hello and other and not await _has_ended(other):
            _log.warning("%s is being debugged already: a second editor was refused", function)
            return None
        return hello

    async def _run(self, session: Session, hello: Message) -> None:
        told = asyncio.create_task(self._tell_attached(session))
        try:
            await session.run(hello)
        finally:
            told.cancel()
            async with self._changed:
                self._changed.notify_all()

    async def _tell_attached(self, session: Session) -> None:
        await session.attached.wait()
        async with self._changed:
            self._changed.notify_all()


async def _has_ended(session: Session) -> bool:
    """Tell whether a session is over; one that is about to be gets the time for it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_COMES_BACK_SECONDS):
            await session.ended.wait()
    return session.ended.is_set()


class Debuggee:
    """One environment as the debugger sees it; `command` starts its interpreter with the debugger first."""

    def __init__(self, debugger: Debugger, function: str) -> None:
        self._debugger = debugger
        self._function = function
        self._session: Session | None = None
        self._channel: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._admission: asyncio.Task[None] | None = None
        self._admitted = False

    @property
    def outdated(self) -> bool:
        """Tell whether an editor has come or gone since the environment started: it serves no longer."""
        return self._admitted and self._debugger.session(self._function) is not self._session

    @property
    def attached(self) -> bool:
        return self._session is not None and not self._session.ended.is_set()

    async def channel(self) -> socket.socket:
        """Return the worker's end of what it and the debugger tell each other."""
        ours, theirs = socket.socketpair()
        try:
            self._channel = await asyncio.open_connection(sock=ours)
        except BaseException:
            theirs.close()
            raise
        return theirs

    def variables(self, theirs: socket.socket) -> dict[str, str]:
        """Return what the worker finds its end by."""
        return {CHANNEL: str(theirs.fileno())}

    def admit(self, unpacked: Path) -> None:
        """Begin to let the worker be debugged; it waits for that before it runs."""
        if self._channel:
            self._admission = asyncio.create_task(self._admit(self._channel, unpacked))

    async def _admit(
        self, channel: tuple[asyncio.StreamReader, asyncio.StreamWriter], unpacked: Path
    ) -> None:
        _, writer = channel
        try:
            self._session = await self._debugger.admit(self._function, channel, unpacked)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        finally:
            self._admitted = True
            writer.close()

    async def close(self) -> None:
        """Wait for it no longer: the worker has ended, which debugpy itself tells the editor."""
        if self._admission:
            self._admission.cancel()
            await asyncio.gather(self._admission, return_exceptions=True)
        if self._channel:
            self._channel[1].close()


def _apart(directory: Path) -> Path:
    """Return a folder in which debugpy lies alone: the host's other packages stay out of workers."""
    found = importlib.util.find_spec("debugpy")
    if found is None or not found.submodule_search_locations:
        raise DebuggerMissingError(
            "--debug needs debugpy, which is not installed: pip install 'traced-api[embedded]'"
        )
    packages = directory / "packages"
    link, package = packages / "debugpy", Path(found.submodule_search_locations[0])
    packages.mkdir(parents=True, exist_ok=True)
    if not (link.is_symlink() and link.resolve() == package.resolve()):
        if link.is_symlink() or not link.is_dir():
            link.unlink(missing_ok=True)
        else:
            shutil.rmtree(link)
        link.symlink_to(package.resolve())
    return packages.resolve()
