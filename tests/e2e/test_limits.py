"""Invocations that are too much: nothing but what is announced is lost, in both modes."""

from __future__ import annotations

import json
import socket
from functools import partial
from pathlib import Path

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import invoke
from tests.e2e.lab import Lab
from tests.e2e.stack import Stack
from tests.e2e.traces import whole_trace

HANDLER = Path(__file__).with_name("handlers") / "heavy.py"
SPANS = 10_000
HEADER = b'{"format":"json","version":1}\n'
SENT = 5_000


@pytest.fixture
def stack(lab: Lab) -> Stack:
    return lab.stack


@pytest.fixture(scope="module", params=["otel", "native"])
def heavy(request: pytest.FixtureRequest, lab: Lab) -> str:
    """Deploy the handler in one mode."""
    lab.function(request.param, name := f"heavy-{request.param}", HANDLER, {"Timeout": 20})
    return name


def new_trace(stack: Stack) -> str:
    return RandomIds().trace_id(stack.xray_window()["EndTime"])


def test_ten_thousand_spans_all_arrive(stack: Stack, heavy: str) -> None:
    """The handler answers, and every one of 10,000 spans is in the trace, once."""
    reply = invoke(stack, heavy, {"spans": SPANS}, new_trace(stack))
    assert (reply.payload, reply.error) == ("done", None)
    expected = {f"span {number}" for number in range(SPANS)}
    trace = whole_trace(stack, reply.trace_id, lambda found: found.has(*expected), "all spans")
    assert len([node for node in trace.nodes if node.name in expected]) == SPANS


def test_a_trace_shows_all_that_was_sent_before_it_was_asked_for(stack: Stack) -> None:
    """However much is still on its way: no reader has to wait a while and hope."""
    trace_id = new_trace(stack)
    read = partial(stack.client("xray").batch_get_traces, TraceIds=[trace_id])
    assert read()["Traces"] == []  # and the connection stands
    datagrams = [datagram(trace_id, number) for number in range(SENT)]
    host, port = stack.status["daemon"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for one in datagrams:
            sender.sendto(one, (host, int(port)))
    (trace,) = read()["Traces"]
    assert len(trace["Segments"]) == SENT


def datagram(trace_id: str, number: int) -> bytes:
    """A segment as the SDKs send it."""
    document = {"id": f"{number:016x}", "trace_id": trace_id, "name": "sent", "start_time": 1, "end_time": 2}
    return HEADER + json.dumps(document).encode()


def test_a_megabyte_is_truncated_and_says_so(stack: Stack, heavy: str) -> None:
    """A span with a value of 1 MB arrives with that value cut, marked, and everything else whole."""
    reply = invoke(stack, heavy, {"bytes": 1_000_000}, new_trace(stack))
    assert (reply.payload, reply.error) == ("done", None)
    trace = whole_trace(stack, reply.trace_id, lambda found: found.has("large"), "the large span")
    metadata = trace.only("large").document["metadata"]["default"]
    assert metadata["small"] == "kept"
    assert metadata["blob"].startswith("xxxx")
    assert "truncated" in metadata["blob"]


def test_a_killed_invocation_leaves_its_waterfall(stack: Stack, heavy: str) -> None:
    """What was open when the time ran out is in the trace, marked as unfinished and as a fault."""
    client = stack.client("lambda")
    client.update_function_configuration(FunctionName=heavy, Timeout=2)
    reply = invoke(stack, heavy, {"spans": 2, "seconds": 30}, new_trace(stack))
    client.update_function_configuration(FunctionName=heavy, Timeout=20)
    assert reply.error == "Unhandled"
    assert "timed out after 2.00 seconds" in reply.payload["errorMessage"]
    sent = ("span 0", "wait")
    trace = whole_trace(
        stack, reply.trace_id, lambda found: found.ran(heavy) and found.has(*sent), "the function's segments"
    )
    waiting = trace.only("wait")
    assert waiting.document["in_progress"] is True
    assert waiting.document["fault"] is True
    assert trace.only(heavy, origin="AWS::Lambda::Function").document["fault"] is True
