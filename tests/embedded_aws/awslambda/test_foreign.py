"""Unmodified tracing packages in real workers: what they send has the function segment as its parent."""

from __future__ import annotations

import base64
import io
import json
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from embedded_aws.aws.trace_header import TraceHeader
from tests.embedded_aws.awslambda.harness import PATIENCE, Stack

FOREIGN = Path(__file__).resolve().parents[3] / ".build" / "foreign"
ADOT = "arn:aws:lambda:us-east-1:615299751070:layer:AWSOpenTelemetryDistroPython:29"
ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
SAMPLED = TraceHeader(ROOT, "53995c3f42cd8ad8", True)


class Daemon:
    """A UDP socket in the place of the X-Ray daemon."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(PATIENCE)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def packet(self) -> str:
        header, _, body = self._socket.recv(65_536).decode().partition("\n")
        assert json.loads(header) == {"format": "json", "version": 1}
        return body

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    listening = Daemon()
    yield listening
    listening.close()


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, daemon: Daemon) -> Iterator[Stack]:
    """A service whose workers send to the test's own daemon."""
    running = Stack(tmp_path_factory.mktemp("foreign"), daemon.address)
    yield running
    running.close()


@pytest.fixture(scope="module")
def packages(traced: Stack) -> str:
    """A layer with the X-Ray SDK and Powertools."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(FOREIGN.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, f"python/{path.relative_to(FOREIGN)}")
    layer = {"LayerName": "foreign", "Content": {"ZipFile": buffer.getvalue()}}
    return str(traced.client("lambda").publish_layer_version(**layer)["LayerVersionArn"])


def function_segment(stack: Stack, name: str) -> Any:
    documents = stack.sink.wait(name, lambda found: len(found) >= 2)
    return next(document for document in documents if document["origin"] == "AWS::Lambda::Function")


def spans(packet: str) -> list[Any]:
    assert packet.startswith("T1S")
    request = ExportTraceServiceRequest.FromString(base64.b64decode(packet[3:]))
    return [
        span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
    ]


def test_the_native_sdk_sends_its_subsegment_below_the_function(
    traced: Stack, daemon: Daemon, packages: str
) -> None:
    """A plain aws_xray_sdk handler's subsegment has the function segment as its parent."""
    code = (
        "from aws_xray_sdk.core import xray_recorder\n"
        "@xray_recorder.capture('work')\n"
        "def handler(event, context): return 1\n"
    )
    name = traced.deploy(code, Layers=[packages], timeout=20)
    assert traced.invoke(name, trace=SAMPLED).payload == b"1"
    document = json.loads(daemon.packet())
    function = function_segment(traced, name)
    assert (document["name"], document["trace_id"]) == ("work", ROOT)
    assert document["parent_id"] == function["id"]


def test_powertools_sends_its_subsegment_below_the_function(
    traced: Stack, daemon: Daemon, packages: str
) -> None:
    """Powertools' Tracer sends `## handler` with the function segment as its parent."""
    code = (
        "from aws_lambda_powertools import Tracer\n"
        "tracer = Tracer(service='shop')\n"
        "@tracer.capture_lambda_handler\n"
        "def handler(event, context): return 1\n"
    )
    name = traced.deploy(code, Layers=[packages], timeout=20)
    assert traced.invoke(name, trace=SAMPLED).payload == b"1"
    document = json.loads(daemon.packet())
    function = function_segment(traced, name)
    assert (document["name"], document["trace_id"]) == ("## handler", ROOT)
    assert document["parent_id"] == function["id"]


def test_adot_sends_spans_below_the_function(traced: Stack, daemon: Daemon) -> None:
    """The ADOT layer sends a connected trace with a boto3 client span."""
    code = (
        "import boto3\n"
        "from opentelemetry import trace\n"
        "def handler(event, context):\n"
        "  with trace.get_tracer('app').start_as_current_span('work'):\n"
        "    return boto3.client('sts').get_caller_identity()['Account']\n"
    )
    name = traced.deploy(
        {"pkg/mod.py": code},
        Handler="pkg/mod.handler",
        Layers=[ADOT],
        timeout=20,
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}},
    )
    result = traced.invoke(name, trace=SAMPLED, log_tail=True)
    assert result.payload == b'"123456789012"', result.log_tail
    sent = {span.name: span for span in spans(daemon.packet())}
    function = function_segment(traced, name)
    root = sent["pkg.mod.handler"]
    assert root.trace_id.hex() == ROOT[2:].replace("-", "")
    assert root.parent_span_id.hex() == function["id"]
    assert sent["work"].parent_span_id == root.span_id
    assert sent["STS.GetCallerIdentity"].parent_span_id == sent["work"].span_id
