"""What OpenTelemetry's own parts do to the tracing header in Lambda: why ours stand in their place."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import unquote

from opentelemetry.propagators.aws import AwsXRayPropagator

from tests.tracing.harness import HEADER, PARENT, TRACE_ID, Aws, Collector, environment

CALL = """
import os

import boto3
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.trace import TracerProvider

provider, propagator = TracerProvider(), AwsXRayPropagator()
BotocoreInstrumentor().instrument(tracer_provider=provider, propagator=propagator)
parent = propagator.extract({"X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"]})
with provider.get_tracer("handler").start_as_current_span("save", parent):
    boto3.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
"""


def test_the_instrumentation_of_botocore_leaves_the_parent_of_the_function(
    aws: Aws, collector: Collector
) -> None:
    """A callee hangs under the function's segment, not under the call: the header is the function's own."""
    given = environment("off", collector, aws, _X_AMZN_TRACE_ID=HEADER)
    aws.requests.clear()
    subprocess.run([sys.executable, "-c", CALL], env=given, check=True)
    (request,) = aws.requests
    assert list(map(unquote, request.trace_headers)) == [HEADER]


def test_the_propagator_of_aws_drops_lineage() -> None:
    """`Lineage`, by which Lambda finds loops, does not go on to HTTP calls."""
    carrier: dict[str, str] = {}
    propagator = AwsXRayPropagator()
    propagator.inject(carrier, propagator.extract({"X-Amzn-Trace-Id": HEADER}))
    assert carrier == {"X-Amzn-Trace-Id": f"Root={TRACE_ID};Parent={PARENT};Sampled=1"}
