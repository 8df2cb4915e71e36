"""What `waterfall up` shows and keeps, and what the AWS CLI says to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stack import REPOSITORY, WATERFALL, Stack, running
from tests.e2e.traces import Trace, whole_trace

FREE_PORTS = ("--port", "0", "--console-port", "0", "--daemon-port", "0", "--otlp-port", "0")
QUICK = ("--config", "workSeconds=0")


def up(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `waterfall up` to its end."""
    command = [str(WATERFALL), "up", *FREE_PORTS, *arguments]
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def traces(stack: Stack) -> list[str]:
    """Return the ids of all traces of the last hour."""
    pages = stack.client("xray").get_paginator("get_trace_summaries").paginate(**stack.xray_window())
    return [summary["Id"] for page in pages for summary in page["TraceSummaries"]]


def settled(trace: Trace) -> bool:
    """Tell whether all is there, and both functions went on to wait for their next event."""
    sent = ("CallSecondLambda", "work", "dynamodb", "s3", "sqs")
    return trace.has(*sent) and len(trace.named("Overhead")) == 2


def test_once_shows_one_waterfall_and_exits(tmp_path: Path) -> None:
    """`--once` prints the waterfall of one request with the URL of the API, and exits 0.

    The data directory is relative, as the default is.
    """
    done = up("--data", os.path.relpath(tmp_path, REPOSITORY), "--once", *QUICK)
    assert done.returncode == 0, done.stderr
    for part in ("traced-api/dev", "CallSecondLambda", "traced-api-dev-worker", "DynamoDB", "/hello"):
        assert part in done.stdout, done.stdout


def test_the_shell_s_profile_does_not_matter(tmp_path: Path) -> None:
    """Not even one that does not exist."""
    done = up("--data", str(tmp_path / "data"), "--once", *QUICK, AWS_PROFILE="nope")
    assert done.returncode == 0, done.stderr
    assert "nope" not in done.stdout + done.stderr + (tmp_path / "data/server.log").read_text()


def test_off_leaves_no_trace(tmp_path: Path) -> None:
    """With tracing off the request is answered and X-Ray holds nothing."""
    with running(tmp_path, "--tracing", "off", *QUICK) as stack:
        assert stack.request(stack.status["outputs"]["url"]).status == 200
        assert traces(stack) == []


def test_traces_survive_a_restart(tmp_path: Path) -> None:
    """A trace of the first run is still there in the second."""
    with running(tmp_path, *QUICK) as stack:
        trace_id = stack.request(stack.status["outputs"]["url"]).trace_id
        whole_trace(stack, trace_id, settled, "the end of both invocations")
        documents = stack.documents(trace_id)
    with running(tmp_path, *QUICK) as stack:
        assert trace_id in traces(stack)
        assert stack.documents(trace_id) == documents


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Deploy the program and send one request."""
    with running(tmp_path_factory.mktemp("data"), *QUICK) as stack:
        yield stack


def aws(stack: Stack, *arguments: str) -> Any:
    """Run the real AWS CLI against the endpoint and return its JSON."""
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        # the CLI reads its user's aliases
        "HOME": os.devnull,
    }
    command = [sys.executable, "-m", "awscli", "--endpoint-url", stack.status["endpoint"], "--output", "json"]
    done = subprocess.run(
        [*command, *arguments],
        env={**os.environ, **credentials, "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def window(stack: Stack) -> list[str]:
    """Return the CLI's options for a time range that holds everything that just happened."""
    times = stack.xray_window()
    return ["--start-time", str(int(times["StartTime"])), "--end-time", str(int(times["EndTime"]))]


def test_the_cli_reads_the_service_graph(stack: Stack) -> None:
    """`aws xray get-service-graph` names the stage of the API."""
    services = aws(stack, "xray", "get-service-graph", *window(stack))["Services"]
    assert "traced-api/dev" in [service["Name"] for service in services]


def test_the_cli_reads_a_trace(stack: Stack) -> None:
    """`aws xray get-trace-summaries` and `batch-get-traces` find the request."""
    summaries = aws(stack, "xray", "get-trace-summaries", *window(stack))["TraceSummaries"]
    request = next(item for item in summaries if item.get("Http", {}).get("HttpURL", "").endswith("/hello"))
    traces = aws(stack, "xray", "batch-get-traces", "--trace-ids", request["Id"])["Traces"]
    names = [json.loads(segment["Document"])["name"] for segment in traces[0]["Segments"]]
    assert "traced-api/dev" in names


def test_the_cli_invokes_a_function(stack: Stack, tmp_path: Path) -> None:
    """`aws lambda invoke` answers what the function returned."""
    reply = tmp_path / "reply.json"
    result = aws(stack, "lambda", "invoke", "--function-name", "traced-api-dev-front", str(reply))
    assert result["StatusCode"] == 200
    assert json.loads(reply.read_text())["statusCode"] == 200


def test_the_cli_finds_the_logs_of_a_trace(stack: Stack) -> None:
    """`aws logs filter-log-events` selects by the trace id, and pages on its own."""
    trace_id = stack.request(stack.status["outputs"]["url"]).trace_id
    group = ["--log-group-name", "/aws/lambda/traced-api-dev-worker"]
    found = aws(stack, "logs", "filter-log-events", *group, "--filter-pattern", f'"{trace_id}"')["events"]
    assert {json.loads(event["message"]).get("xray_trace_id") for event in found} >= {trace_id}
    paged = aws(stack, "logs", "filter-log-events", *group, "--page-size", "2")["events"]
    assert paged == aws(stack, "logs", "filter-log-events", *group)["events"]


def test_the_cli_scans_the_table(stack: Stack) -> None:
    """`aws dynamodb scan` finds the item that the worker wrote."""
    items = aws(stack, "dynamodb", "scan", "--table-name", stack.status["outputs"]["tableName"])["Items"]
    assert {"S": "Hello from Lambda 1"} in [item["message"] for item in items]
