from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest

from embedded_aws.aws.interfaces import InvokeRequest, InvokeResult, TraceLink
from embedded_aws.aws.trace_header import TraceHeader
from tests.embedded_aws.awslambda.harness import PATIENCE, Stack

ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
PARENT = "53995c3f42cd8ad8"
SAMPLED = TraceHeader(ROOT, PARENT, True, "a87bd80c:1")
ECHO = "import os\ndef handler(event, context): return {'event': event, 'env': dict(os.environ)}"


def pair(stack: Stack, name: str, count: int = 2) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    documents = stack.sink.wait(name, lambda found: len(found) >= count)
    service = [document for document in documents if document["origin"] == "AWS::Lambda"]
    function = [document for document in documents if document["origin"] == "AWS::Lambda::Function"]
    return service[-1], function[-1]


def test_a_handler_gets_the_event_and_its_result_comes_back(stack: Stack) -> None:
    """An invocation hands the event to the handler and returns what it returns."""
    name = stack.deploy(
        "def handler(event, context): return {'got': event['x'], 'fn': context.function_name}"
    )
    result = stack.invoke(name, b'{"x": 1}')
    assert (result.status, result.function_error) == (200, None)
    assert json.loads(result.payload) == {"got": 1, "fn": name}


def test_an_empty_payload_is_an_empty_object(stack: Stack) -> None:
    """An invocation without payload gives the handler an empty object."""
    name = stack.deploy("def handler(event, context): return event")
    assert json.loads(stack.invoke(name, b"").payload) == {}


def test_the_worker_sees_lambdas_variables_and_none_of_the_hosts(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker's environment holds Lambda's variables and the function's, and nothing of the host's."""
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    name = stack.deploy(ECHO, Environment={"Variables": {"MINE": "yes"}}, MemorySize=256)
    env = json.loads(stack.invoke(name).payload)["env"]
    assert "SECRET_OF_THE_HOST" not in env
    assert env["MINE"] == "yes"
    assert env["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert env["AWS_ENDPOINT_URL"] == stack.url
    assert env["AWS_EXECUTION_ENV"] == f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}"


def test_workers_do_not_see_the_packages_of_the_host(stack: Stack) -> None:
    """A package that only the host has installed cannot be imported by a function."""
    code = (
        "from importlib.util import find_spec\n"
        "def handler(event, context): return [bool(find_spec(name)) for name in ('moto', 'boto3')]"
    )
    assert json.loads(stack.invoke(stack.deploy(code)).payload) == [False, True]


def test_boto3_in_a_handler_reaches_the_embedded_aws(stack: Stack) -> None:
    """A handler's boto3 client talks to the embedded AWS without any setting."""
    code = (
        "import boto3\n"
        "def handler(event, context): return boto3.client('sts').get_caller_identity()['Account']"
    )
    assert json.loads(stack.invoke(stack.deploy(code, timeout=20)).payload) == "123456789012"


def test_a_warm_environment_is_used_again(stack: Stack) -> None:
    """A second invocation runs in the first one's process."""
    name = stack.deploy("import os\ndef handler(event, context): return os.getpid()")
    assert stack.invoke(name).payload == stack.invoke(name, log_tail=True).payload


def test_a_changed_function_gets_a_new_environment(stack: Stack) -> None:
    """After a change of configuration the next invocation starts anew."""
    name = stack.deploy("import os\ndef handler(event, context): return os.environ.get('V')")
    stack.invoke(name, log_tail=True)
    stack.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"V": "2"}}
    )
    assert json.loads(stack.invoke(name).payload) == "2"


def test_concurrent_invocations_run_side_by_side(stack: Stack) -> None:
    """Two invocations that each wait for the other's file both succeed."""
    code = (
        "import os, time, pathlib\n"
        "def handler(event, context):\n"
        "  d = pathlib.Path(os.environ['LAMBDA_TASK_ROOT'])\n"
        "  (d / event['me']).touch()\n"
        "  while not (d / event['other']).exists(): time.sleep(0.01)\n"
        "  return os.getpid()\n"
    )
    name = stack.deploy(code, timeout=10)

    async def both() -> list[InvokeResult]:
        invoke = stack.service.invoke
        events = (b'{"me":"a","other":"b"}', b'{"me":"b","other":"a"}')
        return await asyncio.gather(*(invoke(InvokeRequest(name, event)) for event in events))

    first, second = stack.call(both())
    assert first.function_error is None
    assert first.payload != second.payload


def test_the_handler_module_may_be_given_with_slashes(stack: Stack) -> None:
    """The handler path `pkg/mod.fn` works as `pkg.mod.fn` does."""
    files = {"pkg/__init__.py": "", "pkg/mod.py": "def fn(event, context): return 'ok'"}
    for handler in ("pkg/mod.fn", "pkg.mod.fn"):
        assert json.loads(stack.invoke(stack.deploy(files, Handler=handler)).payload) == "ok"


def test_a_frozen_environment_does_nothing_between_invocations(stack: Stack) -> None:
    """A background thread stands still between two invocations, as Lambda freezes the process."""
    code = (
        "import threading, time\n"
        "ticks = 0\n"
        "def run():\n"
        "  global ticks\n"
        "  while True: time.sleep(0.001); ticks += 1\n"
        "threading.Thread(target=run, daemon=True).start()\n"
        "def handler(event, context):\n"
        "  time.sleep(0.02)\n"
        "  return ticks\n"
    )
    name = stack.deploy(code)
    before = json.loads(stack.invoke(name, log_tail=True).payload)
    idle_until = time.monotonic() + 0.4
    while time.monotonic() < idle_until:
        stack.call(_nothing())
    assert json.loads(stack.invoke(name).payload) - before < 200


async def _nothing() -> None:
    return


def test_a_successful_invocation_is_two_connected_segments(stack: Stack) -> None:
    """The service segment is below the caller, the function segment below it, whose id the runtime gets."""
    name = stack.deploy(ECHO)
    result = stack.invoke(name, trace=SAMPLED)
    service, function = pair(stack, name)
    assert (service["trace_id"], service["parent_id"]) == (ROOT, PARENT)
    assert service["http"]["response"]["status"] == 200
    assert service["aws"]["request_id"] == result.request_id
    assert function["parent_id"] == service["id"]
    header = json.loads(result.payload)["env"]["_X_AMZN_TRACE_ID"]
    assert header == f"Root={ROOT};Parent={function['id']};Sampled=1;Lineage=a87bd80c:1"


def test_a_cold_start_shows_its_init_before_the_function_segment(stack: Stack) -> None:
    """The first invocation has an Init subsegment with its real times, the second has none."""
    name = stack.deploy("def handler(event, context): pass")
    stack.invoke(name, log_tail=True)
    stack.invoke(name, log_tail=True)
    cold, warm = [d for d in stack.sink.of(name) if d["origin"] == "AWS::Lambda::Function"]
    init, overhead = cold["subsegments"]
    assert (init["name"], overhead["name"]) == ("Init", "Overhead")
    assert init["start_time"] < init["end_time"] <= cold["start_time"]
    assert [part["name"] for part in warm["subsegments"]] == ["Overhead"]


def test_an_exception_is_a_fault_with_its_cause(stack: Stack) -> None:
    """A handler's exception reaches the caller as Lambda's payload, and the segment as its cause."""
    name = stack.deploy("def handler(event, context): raise ValueError('no')")
    result = stack.invoke(name)
    service, function = pair(stack, name)
    assert (result.status, result.function_error) == (200, "Unhandled")
    assert json.loads(result.payload)["errorType"] == "ValueError"
    assert service["fault"] is True
    assert function["fault"] is True
    (exception,) = function["cause"]["exceptions"]
    assert (exception["type"], exception["message"]) == ("ValueError", "no")
    assert exception["stack"][0]["label"] == "handler"
    assert len(exception["id"]) == 16


def test_a_function_that_takes_too_long_is_killed(stack: Stack) -> None:
    """At the timeout the caller gets AWS's payload, the segments are faults, and the next run is cold."""
    name = stack.deploy(
        "import os, time\ndef handler(event, context):\n  if event: time.sleep(60)\n  return os.getpid()",
        timeout=1,
    )
    first = stack.invoke(name, log_tail=True)
    result = stack.invoke(name, b'{"sleep": 1}', log_tail=True)
    payload = json.loads(result.payload)
    assert payload["errorType"] == "Sandbox.Timedout"
    assert (
        payload["errorMessage"] == f"RequestId: {result.request_id} Error: Task timed out after 1.00 seconds"
    )
    service, function = pair(stack, name, 4)
    assert service["fault"] is True
    assert function["cause"]["exceptions"][0]["type"] == "Sandbox.Timedout"
    assert 1.0 <= function["end_time"] - function["start_time"] < 2.5
    assert b"Status: timeout" in result.log_tail
    assert stack.invoke(name).payload != first.payload
    with pytest.raises(ProcessLookupError):
        os.kill(json.loads(first.payload), 0)


def test_a_process_that_exits_is_reported(stack: Stack) -> None:
    """A worker that ends by itself gives Runtime.ExitError with its exit status."""
    name = stack.deploy("import os\ndef handler(event, context): os._exit(3)")
    result = stack.invoke(name)
    payload = json.loads(result.payload)
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert pair(stack, name)[1]["fault"] is True


def test_a_process_that_is_killed_is_reported(stack: Stack) -> None:
    """A worker that a signal ends gives Runtime.ExitError naming the signal."""
    name = stack.deploy(
        "import os, signal\ndef handler(event, context): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert "signal: killed" in json.loads(stack.invoke(name).payload)["errorMessage"]


def test_an_environment_that_died_while_idle_is_replaced(stack: Stack) -> None:
    """A warm worker that is gone at the next invocation does not fail it."""
    name = stack.deploy("import os\ndef handler(event, context): return os.getpid()")
    first = json.loads(stack.invoke(name, log_tail=True).payload)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while _alive(first):
        assert time.monotonic() < deadline
        stack.call(_nothing())
    second = stack.invoke(name)
    assert second.function_error is None
    assert json.loads(second.payload) != first


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("import nothing_like_this", "Runtime.ImportModuleError", "No module named 'nothing_like_this'"),
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def (", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise RuntimeError('at import')", "RuntimeError", "at import"),
    ],
)
def test_a_broken_module_is_reported(stack: Stack, code: str, error_type: str, message: str) -> None:
    """An error at import reaches the caller as the runtime words it, and the segments are faults."""
    name = stack.deploy(code)
    result = stack.invoke(name)
    payload = json.loads(result.payload)
    assert result.function_error == "Unhandled"
    assert payload["errorType"] == error_type
    assert message in payload["errorMessage"]
    service, function = pair(stack, name)
    assert service["fault"] is True
    assert function["fault"] is True
    assert function["cause"]["exceptions"][0]["type"] == error_type
    assert function["subsegments"][0]["name"] == "Init"


def test_init_is_tried_again_at_the_next_invocation(stack: Stack) -> None:
    """A function whose import failed once can succeed at the next invocation."""
    code = (
        "import os, pathlib\n"
        "marker = pathlib.Path(os.environ['LAMBDA_TASK_ROOT']) / 'tried'\n"
        "if not marker.exists():\n  marker.touch(); raise RuntimeError('first')\n"
        "def handler(event, context): return 'ok'"
    )
    name = stack.deploy(code)
    assert stack.invoke(name).function_error == "Unhandled"
    assert json.loads(stack.invoke(name).payload) == "ok"


def test_a_module_that_exits_at_import_is_reported(stack: Stack) -> None:
    """A worker that ends during import gives Runtime.ExitError."""
    name = stack.deploy("import os\nos._exit(7)\n")
    assert "exit status 7" in json.loads(stack.invoke(name).payload)["errorMessage"]


def test_a_slow_import_starts_again_within_the_events_time(stack: Stack) -> None:
    """An import beyond the init phase's limit runs again under the function's own timeout."""
    code = (
        "import os, pathlib, time\n"
        "marker = pathlib.Path(os.environ['LAMBDA_TASK_ROOT']) / 'tried'\n"
        "first = not marker.exists()\n"
        "marker.touch()\n"
        "if first: time.sleep(60)\n"
        "def handler(event, context): return 'ok'"
    )
    result = stack.invoke(stack.deploy(code, timeout=10), log_tail=True)
    assert json.loads(result.payload) == "ok"
    assert b"INIT_REPORT" in result.log_tail


def test_an_import_that_never_ends_times_out(stack: Stack) -> None:
    """An import that is slow both times ends with the function's timeout."""
    name = stack.deploy("import time\ntime.sleep(60)\n", timeout=1)
    assert json.loads(stack.invoke(name).payload)["errorType"] == "Sandbox.Timedout"


def test_a_response_over_the_limit_is_refused(stack: Stack) -> None:
    """A response over 6 MB becomes Function.ResponseSizeTooLarge."""
    name = stack.deploy("def handler(event, context): return 'x' * 6_400_000", timeout=10)
    payload = json.loads(stack.invoke(name).payload)
    assert payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert "6400002 bytes" in payload["errorMessage"]


def test_a_response_just_below_the_limit_passes(stack: Stack) -> None:
    """A response of 6 MB comes back whole."""
    name = stack.deploy("def handler(event, context): return 'x' * 6_291_000", timeout=10)
    assert len(stack.invoke(name).payload) == 6_291_002


def test_unsampled_requests_leave_no_segments_but_pass_the_header_on(stack: Stack) -> None:
    """With `Sampled=0` Lambda sends nothing, and the function still gets its own parent id."""
    name = stack.deploy(ECHO)
    result = stack.invoke(name, trace=TraceHeader(ROOT, PARENT, False), log_tail=True)
    header = TraceHeader.parse(json.loads(result.payload)["env"]["_X_AMZN_TRACE_ID"])
    assert (header.root, header.sampled) == (ROOT, False)
    assert header.parent != PARENT
    assert stack.sink.of(name) == []


def test_pass_through_hands_the_header_on_unchanged_and_sends_nothing(stack: Stack) -> None:
    """Without active tracing the caller's header reaches the function as it came."""
    name = stack.deploy(ECHO, active=False)
    result = stack.invoke(name, trace=SAMPLED, log_tail=True)
    assert json.loads(result.payload)["env"]["_X_AMZN_TRACE_ID"] == SAMPLED.format()
    assert stack.sink.of(name) == []


def test_reserved_concurrency_of_zero_throttles(stack: Stack) -> None:
    """A function without concurrency answers 429 and leaves a throttled service segment."""
    name = stack.deploy("def handler(event, context): pass")
    stack.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    result = stack.invoke(name)
    assert (result.status, result.error_type) == (429, "TooManyRequestsException")
    (service,) = stack.sink.wait(name, bool)
    assert (service["http"]["response"]["status"], service["throttle"], service["error"]) == (429, True, True)


def test_links_start_a_trace_of_their_own(stack: Stack) -> None:
    """An invocation with links has a new root, and the service segment names the producers."""
    name = stack.deploy(ECHO)
    stack.invoke(name, trace=TraceHeader(sampled=True), links=[TraceLink(ROOT, PARENT)])
    service, _ = pair(stack, name)
    assert service["trace_id"] != ROOT
    assert "parent_id" not in service
    assert service["links"] == [{"trace_id": ROOT, "id": PARENT}]


def test_an_unknown_function_is_not_found(stack: Stack) -> None:
    """Invoking what does not exist answers 404 with AWS's message."""
    result = stack.invoke("nothing")
    assert (result.status, result.error_type) == (404, "ResourceNotFoundException")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:nothing"
    assert json.loads(result.payload) == {"Type": "User", "Message": f"Function not found: {arn}"}


def test_a_payload_that_is_not_json_is_refused(stack: Stack) -> None:
    """A payload that is not JSON answers 400 and runs nothing."""
    result = stack.invoke(stack.deploy("def handler(event, context): pass"), b"{oops")
    assert (result.status, result.error_type) == (400, "InvalidRequestContentException")


def test_a_dry_run_checks_and_runs_nothing(stack: Stack) -> None:
    """DryRun answers 204 without a worker or a segment."""
    name = stack.deploy("def handler(event, context): pass")
    assert stack.invoke(name, invocation_type="DryRun").status == 204
    assert stack.sink.of(name) == []


def test_a_caller_that_gives_up_does_not_end_the_run(stack: Stack) -> None:
    """When the caller stops waiting, the run goes on and its segments arrive."""
    name = stack.deploy("import time\ndef handler(event, context): time.sleep(0.3)")

    async def give_up() -> None:
        task = asyncio.create_task(stack.service.invoke(InvokeRequest(name, b"{}")))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.call(give_up())
    documents = stack.sink.wait(name, bool)
    assert documents[0]["origin"] == "AWS::Lambda::Function"


def test_the_log_has_output_and_report(stack: Stack) -> None:
    """The log tail holds START, what was printed, and the report with the trace."""
    name = stack.deploy(
        "import sys\ndef handler(event, context): print('out'); print('err', file=sys.stderr)"
    )
    result = stack.invoke(name, log_tail=True)
    lines = result.log_tail.decode().splitlines()
    assert f"START RequestId: {result.request_id} Version: $LATEST" in lines
    assert "out" in lines
    assert "err" in lines
    assert any(line.startswith(f"REPORT RequestId: {result.request_id}\tDuration: ") for line in lines)
    assert "out\n" in stack.messages(name)


def test_another_python_is_run_with_a_warning(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    """A function of another Python version runs on the host's, and says so once."""
    name = stack.deploy("def handler(event, context): return 1", Runtime="python3.8")
    stack.invoke(name)
    stack.invoke(name)
    warnings = [record.message for record in caplog.records if name in record.message]
    assert len(warnings) == 1
    assert "asks for python3.8" in warnings[0]
