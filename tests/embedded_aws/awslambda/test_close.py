from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from embedded_aws.aws.interfaces import LogStream
from embedded_aws.awslambda.logging_config import LoggingConfig
from embedded_aws.awslambda.runtime.environment import Environment, InitError, Launch
from embedded_aws.awslambda.runtime.logs import StreamLog
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import Store
from tests.embedded_aws.awslambda.harness import PATIENCE, REGION, Stack

BUSY = (
    "import os, pathlib, subprocess, time\n"
    "def handler(event, context):\n"
    "  child = subprocess.Popen(['sleep', '600'])\n"
    "  pathlib.Path(os.environ['PIDS']).write_text(f'{os.getpid()} {child.pid} ')\n"
    "  time.sleep(600)\n"
)


def running(pid: int) -> bool:
    """Tell whether a process runs; a zombie that nobody collects does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
def test_close_stops_busy_and_idle_workers_and_keeps_the_trace(tmp_path: Path) -> None:
    """Closing waits for no handler, leaves no worker nor child of one, and sends what is known of the run."""
    pids = tmp_path / "pids"
    stack = Stack(tmp_path / "close")
    idle = int(
        stack.invoke(stack.deploy("import os\ndef handler(event, context): return os.getpid()")).payload
    )
    busy = stack.deploy(BUSY, timeout=600, Environment={"Variables": {"PIDS": str(pids)}})
    results = []
    caller = Thread(target=lambda: results.append(stack.invoke(busy)))
    caller.start()
    until(lambda: pids.exists() and pids.read_text().endswith(" "))
    workers = [idle, *map(int, pids.read_text().split())]
    stack.close()
    caller.join(PATIENCE)
    until(lambda: not any(running(pid) for pid in workers))
    assert results[0].function_error == "Unhandled"
    (function,) = [d for d in stack.sink.of(busy) if d["origin"] == "AWS::Lambda::Function"]
    assert function["fault"] is True
    assert list((tmp_path / "close" / "tmp").iterdir()) == []


def test_an_environment_that_is_stopped_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    """A stop while its files are put in place is not forgotten: no worker runs afterwards."""
    scratch, prepared = tmp_path / "scratch", Event()

    def prepare() -> Launch:
        assert prepared.wait(PATIENCE)
        scratch.mkdir()
        return Launch(["sleep", "60"], {}, tmp_path, scratch)

    async def stop_while_starting() -> bool:
        stream = LogStream(REGION, "group", "stream")
        log = StreamLog(Logs(Store(None), time.time), stream, LoggingConfig("group"), time.time)
        environment = Environment(prepare, time.time, log)
        starting = asyncio.create_task(environment.start())
        await asyncio.sleep(0)
        await environment.stop()
        prepared.set()
        with pytest.raises(InitError, match="stopped while it started"):
            await starting
        return environment.alive

    assert not asyncio.run(stop_while_starting())
    assert not scratch.exists()


def test_close_drops_waiting_retries(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An event that waits for concurrency is dropped when the service closes, with a warning."""
    stack = Stack(tmp_path / "waiting")
    name = stack.deploy("def handler(event, context): pass")
    stack.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    stack.invoke(name, invocation_type="Event")
    stack.close()
    assert "stopping: 1 asynchronous invocations are not finished" in caplog.text
