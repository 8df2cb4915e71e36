from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embedded_aws.aws.interfaces import LogEvent, LogStream
from embedded_aws.awslambda.logging_config import LoggingConfig
from embedded_aws.awslambda.runtime.environment import Environment, Launch
from embedded_aws.awslambda.runtime.logs import StreamLog
from tests.embedded_aws.awslambda.harness import PATIENCE


@dataclass
class Sink:
    """Takes log events when it has room."""

    room: bool = True
    messages: list[str] = field(default_factory=list)

    def write(self, _stream: LogStream, events: Sequence[LogEvent]) -> None:
        self.messages += [event.message for event in events]

    def has_room(self) -> bool:
        return self.room


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_output_waits_in_the_worker_while_there_is_no_room_for_it(tmp_path: Path) -> None:
    """A function that writes faster than can be stored waits by itself: the event loop goes on for others."""
    sink = Sink()
    log = StreamLog(sink, LogStream("us-east-1", "g", "s"), LoggingConfig("g"), time.time)
    written = tmp_path / "written"
    code = f"import pathlib; print('a\\n' * 200_000, flush=True); pathlib.Path({str(written)!r}).touch()"

    def launch() -> Launch:
        sink.room = False
        return Launch([sys.executable, "-c", code], {}, tmp_path, tmp_path / "scratch")

    async def run() -> int:
        environment = Environment(launch, time.time, log)
        await environment.start()
        for _ in range(20):
            await asyncio.sleep(0.01)
            assert sink.messages == []
        assert not written.exists()  # it is at its first line
        sink.room = True
        await until(written.exists)
        await until(lambda: not environment.alive)
        await environment.stop()
        return sink.messages.count("a\n")

    assert asyncio.run(run()) == 200_000
