"""The pytest plugin as a user has it: pytest in a process of its own, in a project of its own."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.tracing.harness import Collector

APP = """
import io, os
import boto3
from opentelemetry import trace
from tracing import annotate, capture_lambda_handler

tracer = trace.get_tracer(__name__)
client = boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")

with tracer.start_as_current_span("at import"):
    pass

@capture_lambda_handler
def handler(event, context):
    with tracer.start_as_current_span("CallSecondLambda"):
        reply = client.invoke(FunctionName="worker", Payload="{}")
        annotate("SecondLambdaStatus", str(reply["StatusCode"]))
        if event.get("raise"):
            raise ValueError(event["raise"])
    return {"statusCode": event.get("answer", 200), "body": context.aws_request_id}

def undecorated(event, context):
    with tracer.start_as_current_span("work"):
        pass
"""

TESTS = """
import io, logging, os
import app, pytest
from botocore.stub import Stubber

@pytest.fixture(autouse=True)
def worker():
    with Stubber(app.client) as stub:
        stub.add_response("invoke", {"StatusCode": 200, "Payload": io.BytesIO(b"{}")})
        yield
"""


OTHERS = ("hypothesispytest", "xdist", "anyio")
"""Plugins of this environment that have no part in it, and that each pytest would import."""


def run_tests(folder: Path, tests: str, *options: str, **more: str) -> str:
    """Run tests in a project of their own; return what pytest printed."""
    (folder / "app.py").write_text(APP)
    (folder / "test_app.py").write_text(TESTS + tests)
    without = [word for name in ("cacheprovider", *OTHERS) for word in ("-p", f"no:{name}")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *without, "-q", *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def user_tests(tmp_path: Path) -> Callable[..., str]:
    """Run tests in a project of this test."""
    return partial(run_tests, tmp_path)


PASSING = """
@pytest.fixture(scope="module")
def held():
    yield "held"

def test_tree(traced, held):
    trace = traced(app.handler, {"answer": 404})
    assert [node.label for node in trace.walk()] == ["app.handler", "CallSecondLambda", "lambda Invoke"]
    assert trace.only("CallSecondLambda").annotations == {"SecondLambdaStatus": "200"}
    assert trace.only("Lambda Invoke").aws["function_name"] == "worker"
    assert trace.only("app.handler").http == {"response": {"status": 404}}
    assert trace.only("app.handler").status == "error"
    assert trace.result["statusCode"] == 404

def test_exception(traced, tracing_mode):
    trace = traced(app.handler, {"raise": "no stock"}, raises=ValueError)
    assert str(trace.error) == "no stock"
    for name in ("app.handler", "CallSecondLambda"):
        assert trace.only(name).status == "fault"
        assert [found["message"] for found in trace.only(name).exceptions] == ["no stock"]
    assert type(app.trace.get_tracer_provider()).__module__ == "tracing._" + tracing_mode

def test_log(traced, caplog):
    def logs(event, context):
        logging.getLogger("app").warning("no stock")
    traced(app.capture_lambda_handler(logs))
    (record,) = [record for record in caplog.records if record.name == "app"]
    assert record.xray_trace_id == f"1-{record.trace_id[:8]}-{record.trace_id[8:]}"
    assert len(record.span_id) == 16

def test_without_tracing(held):
    assert held

def test_undecorated(traced):
    assert str(traced(app.undecorated)) == "✓ work"

def test_unsampled(traced):
    assert str(traced(app.handler, {}, sampled=False)) == "(no spans)"

@pytest.mark.parametrize("tracing_mode", ["native"], indirect=True)
def test_narrowed(traced, tracing_mode):
    assert tracing_mode == "native"
    assert "_X_AMZN_TRACE_ID" not in os.environ
"""


@pytest.mark.parametrize("own_mode", ["", "off"])
def test_a_handler_leaves_its_tree_in_both_modes(user_tests: Callable[..., str], own_mode: str) -> None:
    """Each test runs in each mode, whatever mode the process has, with the user's stubs and fixtures."""
    assert re.search(r"^12 passed in", user_tests(PASSING, TRACING_MODE=own_mode), re.MULTILINE)


KEPT = """
def test_fault(traced, tracing_mode):
    trace = traced(app.handler, {"answer": 500, "requestContext": {}}, sampled=False)
    if tracing_mode == "native":  # where nothing of an unsampled request is recorded
        assert str(trace) == "(no spans)"
    else:
        labels = [node.label for node in trace.walk()]
        assert labels == ["function", "app.handler", "CallSecondLambda", "lambda Invoke"]
        assert trace.roots[0].annotations == {"kept": "fault"}
        assert trace.only("app.handler").http == {"response": {"status": 500}}

def test_healthy(traced):
    assert str(traced(app.handler, {}, sampled=False)) == "(no spans)"

def test_sampled(traced):
    assert traced(app.handler, {"answer": 500}).roots[0].name == "app.handler"

def test_many(traced, tracing_mode):
    def fails(event, context):
        return {"statusCode": 500}
    handler = app.capture_lambda_handler(fails)
    seen = [bool(traced(handler, {}, sampled=False).roots) for _ in range(5)]
    assert seen == [tracing_mode == "otel"] * 5
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[bytes]]:
    """What is printed where tests keep faults, and what reached the daemon's address in the meantime."""
    daemon = Collector()
    output = run_tests(
        tmp_path_factory.mktemp("kept"),
        KEPT,
        TRACING_KEEP="fault",
        TRACING_KEEP_PER_SECOND="1",
        AWS_XRAY_DAEMON_ADDRESS=daemon.address,
    )
    sent = daemon.take()
    daemon.close()
    return output, sent


def test_every_kept_trace_is_seen(kept: tuple[str, list[bytes]]) -> None:
    """With `TRACING_KEEP` each unsampled fault has its tree, where the mode records it.

    The limit per second is one of production: what a test sees depends on its handler alone.
    """
    output, _ = kept
    assert re.search(r"^8 passed in", output, re.MULTILINE), output


def test_nothing_is_sent(kept: tuple[str, list[bytes]]) -> None:
    """No trace of a test reaches the daemon's address, sampled, healthy or kept, in either mode."""
    _, sent = kept
    assert sent == []


FAILING = """
def test_wrong(traced):
    trace = traced(app.handler, {})
    assert trace.only("CallSecondLambda").annotations["SecondLambdaStatus"] == "500"

def test_missing(traced):
    traced(app.handler, {}).only("CallThirdLambda")

def test_raised(traced):
    traced(app.handler, {"raise": "no stock"})

def test_not_raised(traced):
    traced(app.handler, {}, raises=ValueError)
"""

TREE = """\
✓ 200 app.handler
└ ✓ CallSecondLambda
  │ SecondLambdaStatus = "200"
  └ ✓ lambda Invoke
"""

FAILED_TREE = """\
✗ fault app.handler
│ ValueError: no stock
└ ✗ fault CallSecondLambda
  │ SecondLambdaStatus = "200"
  │ ValueError: no stock
  └ ✓ lambda Invoke
"""


def test_a_failure_shows_the_tree(user_tests: Callable[..., str]) -> None:
    """A failed test fails in both modes and shows its trace; so does a handler that raises unannounced."""
    output = user_tests(FAILING)
    assert re.search(r"^8 failed in", output, re.MULTILINE)
    assert output.count(f"- Trace of handler -------------------------------\n{TREE}") == 6
    assert output.count(f"- Trace of handler -------------------------------\n{FAILED_TREE}") == 2
    assert output.count("AssertionError: no span is named 'CallThirdLambda' in\n") == 2
    assert output.count("\nthe handler raised nothing; expected: <class 'ValueError'>\n") == 2
    assert len(re.findall(r"^app.py:\d+: ValueError", output, re.MULTILINE)) == 2


def test_options_hold_in_the_other_process(user_tests: Callable[..., str]) -> None:
    """What chooses tests and stops early does so for the tests of both modes."""
    chosen = user_tests(PASSING, "test_app.py::test_exception", "-k", "native", TRACING_MODE="otel")
    assert re.search(r"^1 passed, 1 deselected in", chosen, re.MULTILINE)
    stopped = user_tests(FAILING, "-x", "-k", "native", TRACING_MODE="otel")
    assert re.search(r"^1 failed, 4 deselected in", stopped, re.MULTILINE)


def test_a_crash_of_the_other_process_is_told(user_tests: Callable[..., str]) -> None:
    """Tests that the other process did not live to report fail, with what it printed."""
    crash = """
def test_crash(traced, tracing_mode):
    if tracing_mode == "native":
        os.write(2, b"going down\\n")
        os._exit(3)
"""
    output = user_tests(crash)
    assert re.search(r"^1 failed, 1 passed in", output, re.MULTILINE)
    assert "the process for mode native did not finish this test; it said:" in output


PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
"""


def test_another_provider_is_told(user_tests: Callable[..., str], tmp_path: Path) -> None:
    """Where the tests set a provider of their own before, the failure says so."""
    (tmp_path / "conftest.py").write_text(PROVIDER)
    output = user_tests("def test_any(traced):\n    traced(app.undecorated)\n")
    assert "this test needs tracing in mode otel, but `tracing` was imported in mode off" in output
    assert re.search(r"^2 errors in", output, re.MULTILINE)


def test_a_mode_that_is_not_installed(user_tests: Callable[..., str], tmp_path: Path) -> None:
    """Tests in a mode whose SDK is not installed are skipped, and the missing package is named."""
    (tmp_path / "conftest.py").write_text("import sys\nsys.modules['aws_xray_sdk'] = None\n")
    output = user_tests("def test_any(traced):\n    traced(app.undecorated)\n", "-rs")
    assert re.search(r"^1 passed, 1 skipped in", output, re.MULTILINE)
    assert "mode native needs the package aws-xray-sdk" in output


def test_nothing_is_imported_at_the_start_of_pytest() -> None:
    """The plugin imports neither `tracing` nor an SDK until a test asks for its fixtures."""
    script = (
        "import sys, pytest; before = set(sys.modules); import tracing_pytest;"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tracing_pytest']"


def test_it_is_installed_as_a_plugin() -> None:
    """Whoever installs the distribution has the fixtures, without a line of configuration."""
    [found] = importlib.metadata.entry_points(group="pytest11", value="tracing_pytest")
    assert found.dist is not None
    assert found.dist.name == "traced-api"
