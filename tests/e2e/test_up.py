"""What `waterfall up` shows and keeps, and what the AWS CLI says to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Demo
from tests.e2e.stack import REPOSITORY, WATERFALL, Stack
from tests.e2e.traces import trace_ids
from tests.waterfall.files.test_forwarding import answering
from tests.waterfall.files.test_otlp import spans_of

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


@dataclass
class Once:
    """What `waterfall up --once` printed, wrote to its log, and sent to a backend."""

    done: subprocess.CompletedProcess[str]
    log: str
    forwarded: list[tuple[str, Any, bytes]]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Run the command in a shell whose AWS profile does not exist; its data directory is relative."""
    data = tmp_path_factory.mktemp("once") / "data"
    sent: list[tuple[str, Any, bytes]] = []
    with answering(200, sent) as backend:
        where = ("--data", os.path.relpath(data, REPOSITORY), "--forward", backend)
        done = up(*where, "--once", *QUICK, AWS_PROFILE="nope")
    assert done.returncode == 0, done.stderr
    return Once(done, (data / "server.log").read_text(), sent)


def test_once_shows_one_waterfall_and_exits(once: Once) -> None:
    """`--once` prints the waterfall of one request with the URL of the API, and exits 0."""
    for part in (r"api-\w{7}/dev", "CallSecondLambda", r"worker-\w{7} ", "DynamoDB", "/hello"):
        assert re.search(part, once.done.stdout), once.done.stdout


def test_once_forwards_its_trace_before_it_ends(once: Once) -> None:
    """Whole, with what the gateway and Lambda record; the consumer's is another trace."""
    shown = re.search(r"Trace 1-(\w{8})-(\w{24})", once.done.stdout)
    assert shown, once.done.stdout
    spans = [span for _, _, body in once.forwarded for span in spans_of(json.loads(body))]
    names = {span["name"] for span in spans if span["traceId"] == shown[1] + shown[2]}
    assert names >= {"CallSecondLambda", "front.handler", "worker.handler"}
    assert any(re.fullmatch(r"api-\w{7}/dev", name) for name in names)


def test_the_shell_s_profile_does_not_matter(once: Once) -> None:
    """Not even one that does not exist."""
    assert "nope" not in once.done.stdout + once.done.stderr + once.log


def test_off_leaves_no_trace(demo: Demo) -> None:
    """With tracing off the request is answered and X-Ray holds nothing."""
    stack = demo("off")
    assert stack.request(stack.status["outputs"]["url"]).status == 200
    assert trace_ids(stack) == []


@pytest.fixture
def stack(demo: Demo) -> Stack:
    return demo("otel-xray")


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
    assert stack.service in [service["Name"] for service in services]


def test_the_cli_reads_a_trace(stack: Stack) -> None:
    """`aws xray get-trace-summaries` and `batch-get-traces` find the request."""
    summaries = aws(stack, "xray", "get-trace-summaries", *window(stack))["TraceSummaries"]
    request = next(item for item in summaries if item.get("Http", {}).get("HttpURL", "").endswith("/hello"))
    traces = aws(stack, "xray", "batch-get-traces", "--trace-ids", request["Id"])["Traces"]
    names = [json.loads(segment["Document"])["name"] for segment in traces[0]["Segments"]]
    assert stack.service in names


def test_the_cli_invokes_a_function(stack: Stack, tmp_path: Path) -> None:
    """`aws lambda invoke` answers what the function returned."""
    reply = tmp_path / "reply.json"
    result = aws(stack, "lambda", "invoke", "--function-name", stack.function("front"), str(reply))
    assert result["StatusCode"] == 200
    assert json.loads(reply.read_text())["statusCode"] == 200


def test_the_cli_finds_the_logs_of_a_trace(stack: Stack) -> None:
    """`aws logs filter-log-events` selects by the trace id, and pages on its own."""
    trace_id = stack.request(stack.status["outputs"]["url"]).trace_id
    group = ["--log-group-name", f"/aws/lambda/{stack.function('worker')}"]
    found = aws(stack, "logs", "filter-log-events", *group, "--filter-pattern", f'"{trace_id}"')["events"]
    assert {json.loads(event["message"]).get("xray_trace_id") for event in found} >= {trace_id}
    paged = aws(stack, "logs", "filter-log-events", *group, "--page-size", "2")["events"]
    assert paged == aws(stack, "logs", "filter-log-events", *group)["events"]


def test_the_cli_scans_the_table(stack: Stack) -> None:
    """`aws dynamodb scan` finds the item that the worker wrote."""
    items = aws(stack, "dynamodb", "scan", "--table-name", stack.status["outputs"]["tableName"])["Items"]
    assert {"S": "Hello from Lambda 1"} in [item["message"] for item in items]
