"""Set-up at import: modes, fallbacks, other providers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import tracing
from tests.tracing.harness import HEADER, LAYERS, by_name

BOTH = pytest.mark.parametrize("mode", ["otel", "native"])

CALL = f"""
import json, os, tracing
from opentelemetry import trace
os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
@tracing.capture_lambda_handler
def handler(event, context):
    return event
handler(1, None)
"""


def test_public_names() -> None:
    """The public names are these and a star import brings exactly them."""
    names = ["add_metadata", "annotate", "capture_lambda_handler", "capture_method", "carry_context"]
    assert tracing.__all__ == names
    space: dict[str, Any] = {}
    exec("from tracing import *", space)  # noqa: S102 - what a user may write
    assert sorted(name for name in space if name != "__builtins__") == names


BARE = """
import sys
sys.path.insert(0, sys.argv[1])
from tracing import *
@capture_lambda_handler
def handler(event, context):
    annotate("a", 1)
    add_metadata("b", 2)
    return method(event)
@capture_method
def method(event):
    return carry_context(str)(event)
print(handler(7, None))
"""


@pytest.mark.parametrize("mode", ["", "otel", "native", "off"])
def test_nothing_installed(mode: str) -> None:
    """Without any package every public function does nothing, and the missing one is named."""
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", BARE, str(LAYERS)],
        env={"TRACING_MODE": mode},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # -I ignores PYTHON* variables only, so TRACING_MODE is still read
    assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr
    assert ("tracing is off" in done.stderr) == (mode in {"otel", "native"})


def test_sdk_is_the_default(run: Any, collector: Any) -> None:
    """Without `TRACING_MODE` the OpenTelemetry SDK is taken when it is there."""
    run("", CALL)
    assert [document["name"] for document in collector.documents()] == ["__main__.handler"]


def test_off(run: Any, collector: Any) -> None:
    """Mode `off` sends nothing, returns the handler itself, and leaves botocore alone."""
    script = CALL + (
        "import botocore.session, botocore.client\n"
        "print(json.dumps([trace.get_tracer_provider().__class__.__name__,"
        " botocore.client.BaseClient._make_api_call.__module__, handler.__module__,"
        " hasattr(handler, '__wrapped__')]))"
    )
    found = run("off", script).result
    assert found == ["ProxyTracerProvider", "botocore.client", "__main__", False]
    assert collector.take() == []


def test_off_loads_little(run: Any) -> None:
    """Mode `off` costs a cold start neither an SDK nor the modules that only spans need."""
    script = (
        "import sys, json; before = set(sys.modules); import tracing\n"
        "@tracing.capture_lambda_handler\n"
        "def handler(event, context): pass\n"
        "wanted = ('tracing', 'opentelemetry', 'inspect', 'ast')\n"
        "loaded = set(sys.modules) - before\n"
        "print(json.dumps(sorted(name for name in loaded if name.split('.')[0] in wanted)))"
    )
    parts = ["_api", "_safely", "_settings", "_setup"]
    assert run("off", script, "-S").result == ["tracing", *(f"tracing.{part}" for part in parts)]


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TRACING_MODE", "zipkin", "TRACING_MODE='zipkin' is unknown; allowed: otel, native, off"),
        ("TRACING_EXPORT", "jaeger", "TRACING_EXPORT='jaeger' is unknown; allowed: xray, otlp"),
        ("AWS_XRAY_DAEMON_ADDRESS", "nonsense", "AWS_XRAY_DAEMON_ADDRESS='nonsense' is not host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost", "is not an http:// or https:// URL"),
    ],
)
def test_unknown_value(run: Any, variable: str, value: str, message: str) -> None:
    """An unknown value is named once with what is allowed; the handler runs."""
    done = run("otel", CALL + "print(1)", **{variable: value})
    assert done.result == 1
    assert done.log.count(message) == 1


def test_x_ray_sdk_switched_off(run: Any, collector: Any) -> None:
    """`AWS_XRAY_SDK_ENABLED=false` turns mode `native` off, with a word about it."""
    assert "AWS_XRAY_SDK_ENABLED" in run("native", CALL, AWS_XRAY_SDK_ENABLED="false").log
    assert collector.take() == []


@BOTH
def test_handler_name_of_the_function(run: Any, collector: Any, mode: str) -> None:
    """The span is named as the function's configuration names the handler, also with a path."""
    run(mode, CALL, _HANDLER="src/front.handler")
    assert [document["name"] for document in collector.documents()] == ["src.front.handler"]


@BOTH
def test_no_aws_session_at_import(run: Any, mode: str) -> None:
    """Importing opens no AWS session: a broken profile is nobody's business, botocore is not imported."""
    script = "import sys, tracing; print(int(any(name.startswith('botocore') for name in sys.modules)))"
    assert run(mode, script, AWS_PROFILE="missing").result == 0
    assert run(mode, script, AWS_PROFILE="missing", LAMBDA_TASK_ROOT="").result == 0


def test_propagator_that_is_not_installed(run: Any, collector: Any) -> None:
    """`OTEL_PROPAGATORS` naming an absent package costs who asks for the propagator, not the trace."""
    assert run("native", CALL, OTEL_PROPAGATORS="absent").log == ""
    assert [document["name"] for document in collector.documents()] == ["__main__.handler"]


@BOTH
def test_the_propagator_is_the_global_one(run: Any, collector: Any, mode: str) -> None:
    """Whoever asks OpenTelemetry for the propagator gets that of X-Ray's header."""
    script = (
        "import tracing, json\nfrom opentelemetry import propagate\n"
        "print(json.dumps(sorted(propagate.get_global_textmap().fields)))"
    )
    assert run(mode, script).result == ["X-Amzn-Trace-Id"]
    collector.take()


def test_async_handler() -> None:
    """An `async def` handler is refused with the way out: Lambda would not await it."""

    async def handler(event: Any, context: Any) -> None:
        """Never called."""

    with pytest.raises(TypeError, match=r"'async def', which Lambda does not await; make it 'def'"):
        tracing.capture_lambda_handler(handler)


def test_async_handler_of_another_decorator() -> None:
    """A coroutine function with attributes of its own is refused as well."""

    async def handler(event: Any, context: Any) -> None:
        """Never called."""

    handler.team = "orders"  # type: ignore[attr-defined]  # what a decorator may leave
    with pytest.raises(TypeError, match=r"'async def', which Lambda does not await"):
        tracing.capture_lambda_handler(handler)


def test_generator_method() -> None:
    """A generator function is refused with the way out."""
    with pytest.raises(TypeError, match="open a span around the loop"):
        tracing.capture_method(iter_nothing)


def iter_nothing() -> Any:
    yield from ()


ASIDE = """
import json, os
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
BotocoreInstrumentor().instrument(skip_dep_check=True)
import boto3, tracing
@tracing.capture_lambda_handler
def handler(event, context):
    tracing.annotate("order", 1)
    boto3.client("dynamodb").put_item(TableName="t", Item={})
with trace.get_tracer("layer").start_as_current_span("the layer's handler span"):
    handler({}, None)
print(json.dumps([[span.name, dict(span.attributes).get("order")] for span in exporter.get_finished_spans()]))
"""


@BOTH
def test_steps_aside(run: Any, collector: Any, mode: str) -> None:
    """Beside a configured provider: one span for each call, annotations on the layer's own handler span."""
    assert run(mode, ASIDE).result == [["DynamoDB.PutItem", None], ["the layer's handler span", 1]]
    assert collector.take() == []


PATCHED = """
import botocore.session
from aws_xray_sdk.core import patch
patch(("botocore",))
import boto3
""" + CALL.replace("return event", 'boto3.client("dynamodb").put_item(TableName="t", Item={})')


def test_x_ray_patch_is_there_already(run: Any, collector: Any) -> None:
    """Where the X-Ray SDK has patched botocore already, a call is still recorded once."""
    run("otel", PATCHED)
    names = [document["name"] for document in collector.documents()]
    assert sorted(names) == ["__main__.handler", "dynamodb"]


XRAY_API = f"""
import os, tracing
os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
from aws_xray_sdk.core import xray_recorder
@tracing.capture_lambda_handler
def handler(event, context):
    with xray_recorder.in_subsegment("old code") as subsegment:
        subsegment.put_annotation("a", 1)
        tracing.annotate("b", 2)
    xray_recorder.put_annotation("c", 3)
handler(1, None)
"""


def test_x_ray_api_in_native_mode(run: Any, collector: Any) -> None:
    """Code that speaks to the X-Ray SDK itself works, and both APIs share the current span."""
    run("native", XRAY_API)
    found = by_name(collector.documents())
    assert found["old code"]["parent_id"] == found["__main__.handler"]["id"]
    assert found["old code"]["annotations"] == {"a": 1, "b": 2}
    assert found["__main__.handler"]["annotations"] == {"c": 3}


XRAY_NAMESPACES = f"""
import os, tracing
os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
from aws_xray_sdk.core import xray_recorder
@tracing.capture_lambda_handler
def handler(event, context):
    for namespace in ("local", "remote", "aws"):
        with xray_recorder.in_subsegment(f"of {{namespace}}", namespace=namespace):
            pass
handler(1, None)
"""


def test_namespace_of_the_x_ray_sdk_s_own_subsegments(run: Any, collector: Any) -> None:
    """It is kept; `local`, which documents do not have, is none."""
    run("native", XRAY_NAMESPACES)
    found = by_name(collector.documents())
    namespaces = {name: found[name].get("namespace") for name in found if name.startswith("of ")}
    assert namespaces == {"of local": None, "of remote": "remote", "of aws": "aws"}


def test_second_import(run: Any, collector: Any) -> None:
    """A second set-up changes nothing."""
    run(
        "otel",
        CALL
        + "from tracing import _setup\nassert _setup.configure() is _setup.configure()\nhandler(1, None)",
    )
    assert [document["name"] for document in collector.documents()] == ["__main__.handler"] * 2


@BOTH
def test_snapshot(run: Any, collector: Any, mode: str) -> None:
    """A handler that seeds `random`, or a restored snapshot, does not repeat ids."""
    script = CALL.replace("return event", "import random; random.seed(1)").replace(
        "handler(1, None)", "handler(1, None); handler(1, None)"
    )
    run(mode, script + "\nwith trace.get_tracer('x').start_as_current_span('y'): pass")
    ids = [document["id"] for document in collector.documents()]
    assert len(set(ids)) == len(ids) == 3
