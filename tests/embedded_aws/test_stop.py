"""What a stop, and the end of an execution environment, leave behind: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.embedded_aws.server_process import (
    ROOT,
    client,
    create_function,
    is_running,
    serve,
    until,
    write_program,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of adopted processes")

DAEMON = """
import os, time
def daemon(environ):
    reading, writing = os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            os.write(writing, str(os.getpid()).encode())
            os.execve("/bin/sh", ["sh", "-c", "exec sleep 600"], environ)
        os._exit(0)
    os.wait()
    return int(os.read(reading, 20))
"""
KEEPS_ITS_ENVIRONMENT = f"{DAEMON}\ndef handler(event, context): return daemon(os.environ)\n"
CLEARS_ITS_ENVIRONMENT = f"{DAEMON}\ndef handler(event, context): return daemon({{}})\n"
LEAVES_ONE_AND = f"""{DAEMON}
def handler(event, context):
    print("daemon", daemon(os.environ), flush=True)
    %s
"""
ENDS = {"exits": "os._exit(3)", "is killed at its timeout": "time.sleep(60)"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_program(tmp_path / "program", "")


def invoke(endpoint: str, name: str) -> Any:
    return json.load(client("lambda", endpoint).invoke(FunctionName=name)["Payload"])


@linux
@pytest.mark.parametrize("code", [KEEPS_ITS_ENVIRONMENT, CLEARS_ITS_ENVIRONMENT])
def test_a_functions_daemon_ends_with_the_server(directory: Path, code: str) -> None:
    """A process that a function detached by forking twice, in a session of its own, is gone after a stop."""
    with serve(directory) as server:
        endpoint = server.status()["endpoint"]
        create_function(endpoint, "detaches", code)
        daemon = invoke(endpoint, "detaches")
        assert is_running(daemon)
        assert server.stop(signal.SIGTERM) == 0
    assert not is_running(daemon)


@linux
@pytest.mark.parametrize("end", ENDS)
def test_a_functions_daemon_ends_with_its_environment(directory: Path, end: str) -> None:
    """However a worker ends, what it detached ends too, while the server goes on and keeps nothing of it."""
    with serve(directory) as server:
        endpoint = server.status()["endpoint"]
        create_function(endpoint, "detaches", LEAVES_ONE_AND % ENDS[end], Timeout=2)
        assert "errorMessage" in invoke(endpoint, "detaches")
        daemon = int(logged(endpoint, "/aws/lambda/detaches", "daemon").split()[1])
        until(lambda: not is_running(daemon), "the end of the daemon")
        create_function(endpoint, "goes-on", KEEPS_ITS_ENVIRONMENT)
        assert is_running(invoke(endpoint, "goes-on"))


def logged(endpoint: str, group: str, pattern: str) -> str:
    events = client("logs", endpoint).filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    return str(events[0]["message"])


@linux
def test_a_stop_does_not_wait_for_a_reader_of_its_output(directory: Path) -> None:
    """Whatever blocks the end, such as a full pipe to a pager, is cut off."""
    reading, writing = os.pipe()
    with serve(directory, errors=writing) as server:
        endpoint = server.status()["endpoint"]
        create_function(endpoint, "waits", KEEPS_ITS_ENVIRONMENT)
        lambda_ = client("lambda", endpoint)
        lambda_.put_function_concurrency(FunctionName="waits", ReservedConcurrentExecutions=0)
        lambda_.invoke(FunctionName="waits", InvocationType="Event")
        fill(writing)
        # It warns of the invocation that it drops.
        assert server.stop(signal.SIGTERM) == 0
    os.close(reading)
    os.close(writing)


def fill(pipe: int) -> None:
    """Write until nothing more fits."""
    os.set_blocking(pipe, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(pipe, b"." * size)
        except BlockingIOError:
            pass
    os.set_blocking(pipe, True)


OTHERS_AND_OURS = """
import subprocess
from embedded_aws.host.children import adopt_orphans, kill_descendants
adopt_orphans()
others = subprocess.Popen(["sleep", "600"])
ours = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], start_new_session=True)
kill_descendants()
print(ours.wait() in (-9, 128 + 9), others.poll(), flush=True)
others.kill()
others.wait()
"""


def test_only_what_leads_a_session_is_killed() -> None:
    """A child in the server's own session, of the shell before it, say, is not the server's to end.

    The shell of the other session is killed, or ends by its child's kill, whichever comes first.
    """
    done = subprocess.run(
        [sys.executable, "-c", OTHERS_AND_OURS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "None"]


ENDED_DAEMON = """
import os, subprocess, time
from embedded_aws.host.children import adopt_orphans, descendants
adopt_orphans()
parent = subprocess.Popen(["sh", "-c", "sleep 0.01 & exit 7"], start_new_session=True)
status = parent.wait()
while descendants():
    time.sleep(0.01)
own = subprocess.Popen(["sh", "-c", "exit 8"], start_new_session=True)
os.waitid(os.P_PID, own.pid, os.WEXITED | os.WNOWAIT)
descendants()
print(status, own.wait())
left = subprocess.run(["ps", "-o", "stat=", "--ppid", str(os.getpid())], capture_output=True, text=True)
print(left.stdout.split().count("Z"))
"""


@linux
def test_adopted_processes_that_ended_are_collected() -> None:
    """What ended after its parent is not kept as a zombie; the status of an own child is not taken away."""
    done = subprocess.run(
        [sys.executable, "-c", ENDED_DAEMON], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["7", "8", "0"]
