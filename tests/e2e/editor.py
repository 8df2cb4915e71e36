"""An editor as functions are debugged by: a small client of the Debug Adapter Protocol.

https://microsoft.github.io/debug-adapter-protocol/specification
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEADLINE = 60.0


@dataclass
class Editor:
    """Attaches to one function, and answers when debugpy asks for its breakpoints."""

    connection: socket.socket
    breakpoints: Mapping[Path, Sequence[int]]
    events: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    _sequence: int = 0
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _replies: dict[int, queue.Queue[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def attach(self) -> None:
        """Say hello and ask to be attached; debugpy answers when the function starts."""
        self.request("initialize", {"adapterID": "debugpy", "linesStartAt1": True, "pathFormat": "path"})
        self.send("attach", {"connect": {"host": "127.0.0.1", "port": 1}, "justMyCode": True})

    def stopped(self) -> tuple[Path, int]:
        """Wait until the function stands at a line; return which."""
        event = self.event("stopped")
        thread = event["body"]["threadId"]
        frames = self.request("stackTrace", {"threadId": thread})["body"]["stackFrames"]
        self.thread = thread
        self.frame = frames[0]["id"]
        return Path(frames[0]["source"]["path"]), frames[0]["line"]

    def go_on(self) -> None:
        self.request("continue", {"threadId": self.thread})

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event; those before it are passed over."""
        while True:
            event = self.events.get(timeout=DEADLINE)
            if event["event"] == name:
                return event

    def request(self, command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return the reply to it."""
        reply = self._replies[self.send(command, arguments)].get(timeout=DEADLINE)
        assert reply["success"], reply
        return reply

    def send(self, command: str, arguments: Mapping[str, Any]) -> int:
        with self._sending:
            self._sequence += 1
            number = self._sequence
            self._replies[number] = queue.Queue()
            self.connection.sendall(message(number, command, arguments))
        return number

    def _read(self) -> None:
        stream = self.connection.makefile("rb")
        with contextlib.suppress(OSError), stream:
            while header := stream.readline():
                stream.readline()
                told = json.loads(stream.read(int(header.partition(b":")[2])))
                if told["type"] == "response":
                    self._replies[told["request_seq"]].put(told)
                elif told["event"] == "initialized":
                    threading.Thread(target=self._configure, daemon=True).start()
                else:
                    self.events.put(told)
        self.events.put({"event": "closed"})

    def _configure(self) -> None:
        for file, lines in self.breakpoints.items():
            wanted = [{"line": line} for line in lines]
            reply = self.request("setBreakpoints", {"source": {"path": str(file)}, "breakpoints": wanted})
            self.events.put({"event": "set", "body": reply["body"]})
        self.request("setExceptionBreakpoints", {"filters": []})
        self.request("configurationDone", {})


def message(number: int, command: str, arguments: Mapping[str, Any]) -> bytes:
    """Return a request as it is sent."""
    fields = {"seq": number, "type": "request", "command": command, "arguments": dict(arguments)}
    body = json.dumps(fields).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@contextmanager
def editor(port: int, breakpoints: Mapping[Path, Sequence[int]]) -> Iterator[Editor]:
    """Debug the function of a port, until the block ends."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        opened = Editor(connection, breakpoints)
        opened.attach()
        try:
            yield opened
        finally:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def line_of(file: Path, text: str) -> int:
    """Return the number of the first line that contains a text."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def in_background(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start some work in a thread; return what waits for its result."""
    results: queue.Queue[Any] = queue.Queue()

    def run() -> None:
        try:
            results.put(work())
        except BaseException as problem:  # noqa: BLE001 - raised where the result is asked for
            results.put(problem)

    threading.Thread(target=run, daemon=True).start()

    def result() -> Any:
        found = results.get(timeout=DEADLINE)
        if isinstance(found, BaseException):
            raise found
        return found

    return result
