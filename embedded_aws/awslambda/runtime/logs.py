"""The log stream of an execution environment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from embedded_aws.aws.ids import Clock
from embedded_aws.aws.interfaces import LogEvent, LogSink, LogStream
from embedded_aws.awslambda.logging_config import LoggingConfig
from embedded_aws.awslambda.runtime.output import Output, Piece

_TAIL_BYTES = 4096
"""Bytes of the log that Invoke returns with `LogType=Tail`."""


def stream_name(version: str, now: float, digits: str) -> str:
    """Name a stream as Lambda does: `YYYY/MM/DD/[version]<32 hex digits>`."""
    return f"{datetime.fromtimestamp(now, UTC):%Y/%m/%d}/[{version}]{digits}"


class Tail:
    """The end of one invocation's log."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, text: str) -> None:
        self._kept = (self._kept + text.encode())[-_TAIL_BYTES:]

    def bytes(self) -> bytes:
        """Return the last 4 KB."""
        return self._kept


class StreamLog:
    """Writes what a worker prints, and what Lambda says about its runs, to one log stream.

    `tail` is the one of the invocation that runs, or ran last. Messages in Text end as they were written,
    mostly with a line feed, as on AWS; in JSON without.
    """

    def __init__(self, sink: LogSink, stream: LogStream, config: LoggingConfig, clock: Clock) -> None:
        self.stream = stream
        self.config = config
        self.tail = Tail()
        self._sink = sink
        self._clock = clock
        self._output = Output()
        self._latest = 0

    def has_room(self) -> bool:
        """Tell whether more output should be taken now; else the worker has to wait."""
        return self._sink.has_room()

    def output(self, chunk: bytes) -> None:
        """Take output of the worker."""
        self._write(piece for piece in self._output.feed(chunk) if self._is_kept(piece))

    def platform(self, messages: Iterable[str]) -> None:
        """Add events of Lambda itself, after all that the worker wrote."""
        self._write([*self._output.rest(), *map(Piece, messages)])

    def _write(self, pieces: Iterable[Piece]) -> None:
        now = self._clock()
        events = []
        for text, time in pieces:
            message = text.rstrip("\n") if self.config.json else text
            if message:
                # In order, although only records of the runtime client know when they were written.
                self._latest = max(self._latest, int((now if time is None else time) * 1000))
                events.append(LogEvent(self._latest, message))
                self.tail.add(f"{message}\n" if self.config.json else message)
        if events:
            self._sink.write(self.stream, events)

    def _is_kept(self, piece: Piece) -> bool:
        """Filter printed lines by level; the runtime client has filtered its records.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
        """
        if not self.config.json or piece.time is not None:
            return True
        return self.config.keeps(_level(piece.text))


def _level(line: str) -> str:
    if not line.startswith("{"):
        return "INFO"
    try:
        level = json.loads(line).get("level")
    except (ValueError, RecursionError):
        return "INFO"
    return level.upper() if isinstance(level, str) else "INFO"
