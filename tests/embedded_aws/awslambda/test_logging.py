"""What a function writes, read back from CloudWatch Logs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from embedded_aws.aws.trace_header import TraceHeader
from tests.embedded_aws.awslambda.harness import Stack

JSON = {"LogFormat": "JSON"}
ROOT = "1-5759e988-bd862e3fe1be46a994272793"
LOGGING = """
import logging
logger = logging.getLogger("app")
def handler(event, context):
    print("printed\\ntwice")
    logger.warning("two\\nlines", extra={"order": 7})
    logger.info("quiet")
    raise ValueError("no such order")
"""


def records(stack: Stack, name: str, key: str) -> list[dict[str, Any]]:
    """The JSON messages of a function that have a key."""
    found = [json.loads(message) for message in stack.messages(name) if message.startswith("{")]
    return [record for record in found if key in record]


def test_text_is_written_as_lambda_does(stack: Stack) -> None:
    """A record is one event whatever its lines; each printed line is one; errors have their stack."""
    name = stack.deploy(LOGGING)
    request_id = stack.invoke(name, log_tail=True).request_id
    messages = stack.messages(name)
    start = messages.index(f"START RequestId: {request_id} Version: $LATEST\n")
    printed, twice, record, error, end, report = messages[start + 1 :]
    assert (printed, twice) == ("printed\n", "twice\n")
    assert record.startswith("[WARNING]\t")
    assert record.endswith(f"Z\t{request_id}\ttwo\nlines\n")
    assert error.startswith("[ERROR] ValueError: no such order\nTraceback (most recent call last):\n")
    assert end == f"END RequestId: {request_id}\n"
    assert report.startswith(f"REPORT RequestId: {request_id}\t")


def test_json_has_a_record_in_a_line(stack: Stack) -> None:
    """Records have level, logger, request and their extra fields; what is printed stays text."""
    name = stack.deploy(LOGGING, LoggingConfig=JSON)
    request_id = stack.invoke(name, log_tail=True).request_id
    warning, info, error = records(stack, name, "level")
    assert (
        warning.items() >= {"level": "WARNING", "message": "two\nlines", "logger": "app", "order": 7}.items()
    )
    assert (info["message"], warning["requestId"], error["requestId"]) == ("quiet", request_id, request_id)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such order")
    assert {"printed", "twice"} <= set(stack.messages(name))


def test_json_has_lambdas_own_events(stack: Stack) -> None:
    """They come in order, and name the request and the trace."""
    name = stack.deploy("def handler(event, context): return 1", LoggingConfig=JSON)
    result = stack.invoke(name, trace=TraceHeader(ROOT, "53995c3f42cd8ad8", True), log_tail=True)
    events = records(stack, name, "record")
    assert [event["type"] for event in events] == ["platform.initStart", "platform.start", "platform.report"]
    start, report = events[1]["record"], events[2]["record"]
    assert start["requestId"] == report["requestId"] == result.request_id
    documents = stack.sink.wait(name, lambda found: len(found) == 2)
    function = next(document for document in documents if document["origin"] == "AWS::Lambda::Function")
    tracing = report["tracing"]
    assert tracing["spanId"] == function["id"]
    assert tracing["value"] == f"Root={ROOT};Parent={function['parent_id']};Sampled=1"
    assert report["status"] == "success"


def test_the_level_is_the_functions(stack: Stack) -> None:
    """What is below ApplicationLogLevel is not there."""
    levels = {**JSON, "ApplicationLogLevel": "ERROR", "SystemLogLevel": "WARN"}
    name = stack.deploy(LOGGING, LoggingConfig=levels)
    stack.invoke(name, log_tail=True)
    assert [record["level"] for record in records(stack, name, "level")] == ["ERROR"]
    found = [(event["type"], event["record"]["status"]) for event in records(stack, name, "record")]
    assert found == [("platform.runtimeDone", "error"), ("platform.report", "error")]


def test_the_group_is_the_functions(stack: Stack) -> None:
    """A group of another name is told to the handler, and gets the stream that it is told."""
    code = (
        "import os\n"
        "def handler(event, context):\n"
        "  return [os.environ['AWS_LAMBDA_LOG_GROUP_NAME'], os.environ['AWS_LAMBDA_LOG_STREAM_NAME'],\n"
        "          context.log_group_name, context.log_stream_name]"
    )
    name = stack.deploy(code, LoggingConfig={"LogGroup": "shared/group"})
    group, stream, *context = json.loads(stack.invoke(name).payload)
    assert (group, context) == ("shared/group", [group, stream])
    found = stack.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
    assert stream in [each["logStreamName"] for each in found]


def test_each_environment_has_a_stream(stack: Stack) -> None:
    """A second run in the same environment goes on in its stream, a new environment has another."""
    name = stack.deploy("import os\ndef handler(event, context): return 1 / event.get('x', 1)")
    group = f"/aws/lambda/{name}"
    for _ in range(2):
        stack.invoke(name, log_tail=True)
    logs = stack.client("logs")
    assert len(logs.describe_log_streams(logGroupName=group)["logStreams"]) == 1
    stack.client("lambda").update_function_configuration(FunctionName=name, MemorySize=256)
    stack.invoke(name, log_tail=True)
    assert len(logs.describe_log_streams(logGroupName=group)["logStreams"]) == 2


def test_lines_are_there_when_the_response_is(stack: Stack) -> None:
    """Whoever invokes can read what the handler wrote at once."""
    name = stack.deploy("def handler(event, context): print(event['n'])")
    for number in range(5):
        stack.invoke(name, json.dumps({"n": f"line {number}"}).encode())
        assert stack.messages(name, f'"line {number}"') == [f"line {number}\n"]


@pytest.mark.parametrize(("ending", "status"), [("os._exit(3)", "failure"), ("time.sleep(60)", "timeout")])
def test_what_a_killed_run_wrote_is_kept(stack: Stack, ending: str, status: str) -> None:
    """Lines before a crash or a timeout are there, a last one without its end too, then why it ended."""
    code = (
        "import os, time\n"
        "def handler(event, context):\n"
        "  print('before')\n"
        "  print('half', end='')\n"
        f"  {ending}"
    )
    name = stack.deploy(code, LoggingConfig=JSON, timeout=1)
    stack.invoke(name, log_tail=True)
    before, half, _, report = stack.messages(name)[-4:]
    assert (before, half) == ("before", "half")
    assert json.loads(report)["record"]["status"] == status


def test_a_failed_import_is_in_the_log(stack: Stack) -> None:
    """The runtime's error line is there, although no handler ran."""
    name = stack.deploy("import nothing_of_that_name\ndef handler(event, context): pass", LoggingConfig=JSON)
    stack.invoke(name, log_tail=True)
    (error,) = [record for record in records(stack, name, "errorType") if "errorMessage" in record]
    assert error["errorType"] == "Runtime.ImportModuleError"


def test_the_log_result_is_readable_in_json(stack: Stack) -> None:
    """Invoke's tail has an event in each line."""
    name = stack.deploy("def handler(event, context): print('out')", LoggingConfig=JSON)
    reply = stack.client("lambda").invoke(FunctionName=name, LogType="Tail")
    lines = base64.b64decode(reply["LogResult"]).decode().splitlines()
    assert json.loads(lines[0])["type"] == "platform.initStart"
    assert lines[2] == "out"
    assert json.loads(lines[-1])["type"] == "platform.report"


def test_a_flood_leaves_its_end(stack: Stack) -> None:
    """A function that prints 60 MB is answered; what is kept is the end, within the group's limit."""
    code = "def handler(event, context):\n  for n in range(600): print(f'{n:05d} ' + 'x' * 100_000)"
    name = stack.deploy(code, timeout=30)
    assert stack.invoke(name, log_tail=True).function_error is None
    group = stack.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"][0]
    assert 1_000_000 < group["storedBytes"] <= 16 * 1024 * 1024
    assert stack.messages(name, '"00599 "')[0].startswith("00599 xxx")
    assert stack.messages(name, '"00000 "') == []
