from __future__ import annotations

import json
import resource
import signal
import socket
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from embedded_aws.server import ServeOptions, StartupError, run
from tests.embedded_aws.server_process import DEADLINE, client, is_running, serve, until, write_program

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS = 20

EXPORTS = """
import json, os, urllib.request
import pulumi
with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_local/status") as reply:
    pulumi.export("seen", json.load(reply)["status"])
"""
STARTS_A_CHILD = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("child.pid").write_text(str(child.pid))
"""


def child_of_program(directory: Path) -> int:
    """Wait for the process that the program starts."""
    file = directory / "child.pid"
    until(lambda: file.exists() and file.read_text() != "", "the program's child")
    return int(file.read_text())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_program(tmp_path / "program", "")


def test_serves_once(directory: Path) -> None:
    """When `on_ready` returns false the server ends with 0; its status names the addresses and outputs.

    It still answers while `on_stop` runs.
    """
    write_program(directory, EXPORTS)
    with serve(directory, ready="stop") as server:
        status = server.status()
        assert server.end() == 0
        assert "stopping ready" in server.errors()
    assert (status["status"], status["stack"], status["outputs"]) == ("ready", "dev", {"seen": "starting"})
    assert (status["api"], status["apis"], status["tracing"]) == (None, {}, None)
    assert status["endpoint"].startswith("http://127.0.0.1:")
    assert status["otlp"].startswith("http://127.0.0.1:")
    assert status["daemon"].startswith("127.0.0.1:")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_a_ready_server(directory: Path, number: signal.Signals) -> None:
    """One signal ends a ready server with 0, and its ports are free again."""
    with serve(directory) as server:
        endpoint = server.status()["endpoint"]
        assert server.stop(number) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(endpoint)


def test_signal_during_deployment(directory: Path) -> None:
    """A signal while the program runs ends it, and what it started, with 130."""
    write_program(directory, STARTS_A_CHILD + "time.sleep(600)\n")
    with serve(directory) as server:
        child = child_of_program(directory)
        assert server.stop(signal.SIGINT) == 130
    until(lambda: not is_running(child), "the end of the program's child")


def test_open_requests_do_not_hold_up_the_end(directory: Path) -> None:
    """An open long poll is cut off when the server stops."""
    with serve(directory) as server, long_poll(server.status()["endpoint"]):
        started = time.monotonic()
        assert server.stop(signal.SIGINT) == 0
    assert time.monotonic() - started < POLL_SECONDS


def test_second_signal_kills(directory: Path) -> None:
    """While the server waits for an open request, a second signal ends it at once."""
    with serve(directory) as server:
        endpoint = server.status()["endpoint"]
        with long_poll(endpoint):
            server.process.send_signal(signal.SIGINT)
            until(lambda: not accepts(endpoint), "the first signal's effect")
            assert server.stop(signal.SIGINT) == 130


@contextmanager
def long_poll(endpoint: str) -> Iterator[None]:
    """Hold an SQS long poll open."""
    sqs = client("sqs", endpoint)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    target = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"}
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": POLL_SECONDS})
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **target}.items())
        connection.sendall(f"POST / HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        # The server reads in order: what comes after has been accepted when this is answered.
        assert sqs.get_queue_attributes(QueueUrl=url)["ResponseMetadata"]["HTTPStatusCode"] == 200
        yield


def accepts(endpoint: str) -> bool:
    host, port = endpoint.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def test_failing_program(directory: Path) -> None:
    """A program that raises is one message, exit 1, and nothing of it goes on running."""
    write_program(directory, STARTS_A_CHILD + 'raise ValueError("no such colour")\n')
    with serve(directory) as server:
        errors = server.errors()
        assert server.end() == 1
    assert "StartupError: " in errors
    assert "no such colour" in errors
    assert "Traceback" not in errors
    assert errors.count("no such colour") == 1
    until(lambda: not is_running(child_of_program(directory)), "the end of the program's child")


def test_output_of_the_program_is_progress(directory: Path) -> None:
    """What a program prints is passed on while it deploys."""
    write_program(directory, 'print("building", flush=True)\n')
    with serve(directory, ready="stop") as server:
        errors = server.errors()
        assert server.end() == 0
    assert "building" in errors.splitlines()


def test_failing_first_request(directory: Path) -> None:
    """What `on_ready` raises comes out of `run`, after everything was stopped."""
    with serve(directory, ready="raise") as server:
        endpoint = server.status()["endpoint"]
        errors = server.errors()
        assert server.end() == 1
    assert "LookupError: the first request failed" in errors
    assert not accepts(endpoint)


def test_failing_first_request_of_a_server_that_does_not_end(directory: Path) -> None:
    """It is cut off, and what `on_ready` raised is told all the same."""
    with serve(directory, ready="raise", hangs=True) as server:
        assert "LookupError: the first request failed" in server.errors()
        assert server.end() == 1


@pytest.mark.parametrize("name", ["port", "daemon_port", "otlp_port"])
def test_taken_port(directory: Path, name: str) -> None:
    """A taken port is named with the option that chooses another, and the program is not started for long."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve(directory, **{name: port}) as server:
            errors = server.errors()
            assert server.end() == 1
    option = "--" + name.replace("_", "-")
    assert f"StartupError: cannot listen on 127.0.0.1:{port}: Address already in use" in errors
    assert option in errors


def test_impossible_port(directory: Path) -> None:
    """A port number beyond 65535 is an error of the same form."""
    with serve(directory, port=70_000) as server:
        assert "StartupError: cannot listen on 127.0.0.1:70000" in server.errors()


def test_data_directory_in_use(directory: Path) -> None:
    """A second server on the same data is refused and told which process holds it."""
    with serve(directory) as first:
        first.status()
        with serve(directory) as second:
            errors = second.errors()
            assert second.end() == 1
        assert f"in use by another server (process {first.process.pid})" in errors
        assert "--data" in errors


def test_data_directory_that_cannot_be_made(directory: Path) -> None:
    """Data under a file is refused with the option to change."""
    (directory / "file").write_text("")
    with serve(directory, data=str(directory / "file" / "data")) as server:
        errors = server.errors()
    assert "StartupError: cannot write to the data directory" in errors
    assert "--data" in errors


def test_unknown_region(directory: Path) -> None:
    """A region that does not exist ends the server with its name."""
    with serve(directory, config={"aws:region": "mars-west-1"}) as server:
        assert "StartupError: there is no AWS region 'mars-west-1'" in server.errors()


def test_traces_survive_a_restart(directory: Path) -> None:
    """What was stored by one run is read by the next."""
    start = time.time()
    trace_id = f"1-{int(start):08x}-{'c' * 24}"
    document = {
        "id": "1" * 16,
        "trace_id": trace_id,
        "name": "kept",
        "start_time": start,
        "end_time": start + 1,
    }
    with serve(directory) as server:
        xray = client("xray", server.status()["endpoint"])
        xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])
        server.stop(signal.SIGINT)
    with serve(directory) as server:
        xray = client("xray", server.status()["endpoint"])
        [trace] = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    assert json.loads(trace["Segments"][0]["Document"])["name"] == "kept"


def test_old_python(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that is too old is named, with the ones that will do."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(StartupError, match=r"Python 3\.10 is not supported; 3\.11 to 3\.14 is"):
        run(ServeOptions(directory), on_ready=lambda status: False, on_progress=lambda line: None)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of another process")
def test_a_full_disk_is_told_and_reading_goes_on(directory: Path) -> None:
    """The status counts what could not be stored, and says what helps; what was stored can be read."""
    kept, lost = f"1-6553f100-{1:024x}", f"1-6553f100-{2:024x}"
    with serve(directory) as server:
        status = server.status()
        xray = client("xray", status["endpoint"])
        assert put_trace(xray, kept) == []
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        with pytest.raises(xray.exceptions.ClientError, match="free some space"):
            put_trace(xray, lost)
        assert [trace["Id"] for trace in xray.batch_get_traces(TraceIds=[kept, lost])["Traces"]] == [kept]
        told = httpx.get(f"{status['endpoint']}/_local/status", timeout=DEADLINE).json()["storage"]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (-1, -1))
        assert put_trace(xray, lost) == []
        server.stop(signal.SIGINT)
    assert told["lost"]["segments"]["count"] >= 1
    assert "free some space" in told["lost"]["segments"]["reason"]
    assert 0 < told["bytes"] < told["most_bytes"]


def put_trace(xray: Any, trace_id: str) -> Any:
    """Send a segment, and return what is unprocessed."""
    segment = {"trace_id": trace_id, "id": "a" * 16, "name": "a", "start_time": 1.7e9, "end_time": 1.7e9}
    return xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])["UnprocessedTraceSegments"]


def test_a_limit_that_is_too_small_is_refused(directory: Path) -> None:
    """What is written beside the files needs some of it."""
    with pytest.raises(StartupError, match="--max-data is 1048576 bytes; give 64M or more"):
        run(
            ServeOptions(directory, most_bytes=1 << 20),
            on_ready=lambda _: False,
            on_progress=lambda _: None,
        )
