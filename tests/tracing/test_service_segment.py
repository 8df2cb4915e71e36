"""What the library and the embedded AWS both do without knowing each other."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from embedded_aws.aws.ids import service_segment_id
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.awslambda.fault_recording import recorded_service_segment
from embedded_aws.awslambda.runtime.outcome import Outcome, Timing
from embedded_aws.awslambda.segments import Subject
from embedded_aws.awslambda.tracing import InvocationTrace
from tracing import _keep


@pytest.mark.parametrize("number", range(5))
def test_the_library_derives_the_same_id(number: int) -> None:
    """Its segment of a called function replaces the one that was left open."""
    request_id = str(uuid.UUID(int=number))
    assert service_segment_id(request_id) == f"{_keep.service_segment_id(request_id):016x}"


@pytest.mark.parametrize(
    "event", [{"order": 1}, [1], {"requestContext": {}}, {"Records": []}, {"awslogs": {}}]
)
def test_the_library_completes_what_is_left_open(event: Any) -> None:
    """Both tell from the event whether a caller of Invoke may send the complete service segment."""
    trace = InvocationTrace(TraceHeader(), recorded=True, active=True, service_id="00000000000000aa")
    subject, timing = Subject("f", "arn", "/aws/lambda/f"), Timing(1.0, 2.0)
    payload = json.dumps(event).encode()
    found = recorded_service_segment(trace, subject, "a-request", payload, Outcome(b"{}"), timing)
    assert ("in_progress" in found) is _keep.Invoked("f", None, "a-request", event).directly
