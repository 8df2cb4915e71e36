"""Functions that an editor debugs: stopped where the user's files say, and nothing is late meanwhile."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.e2e import lab as labs
from tests.e2e.editor import DEADLINE, Editor, editor, in_background, line_of, message
from tests.e2e.functions import Reply, invoke
from tests.e2e.lab import Lab
from tests.e2e.stack import until
from tests.e2e.traces import FUNCTION, Trace, whole_trace
from waterfall.traces.model import Node
from waterfall.traces.tree import from_api

HANDLERS = Path(__file__).with_name("handlers")
ASKING, ANSWERING = HANDLERS / "asking.py", HANDLERS / "answering.py"
LIMIT = 3
"""Seconds for which either function may run."""
STAND = LIMIT + 0.3


@dataclass
class Pair:
    """Two functions of one mode, of which the first asks the second."""

    lab: Lab
    asking: str
    answering: str

    def ask(self, number: int) -> Reply:
        trace_id = RandomIds().trace_id(time.time())
        return invoke(self.lab.stack, self.asking, {"number": number}, trace_id)

    def trace(self, trace_id: str) -> Trace:
        return whole_trace(
            self.lab.stack, trace_id, lambda trace: trace.ran(self.asking, self.answering), "both functions"
        )

    @contextmanager
    def debugged(self, asking: str, answering: str) -> Iterator[tuple[Editor, Editor]]:
        """Debug both, with a breakpoint where their files have these texts."""
        assert self.lab.aws
        ports = self.lab.aws.debug()
        first = editor(ports[self.asking], {ASKING: [line_of(ASKING, asking)]})
        second = editor(ports[self.answering], {ANSWERING: [line_of(ANSWERING, answering)]})
        with first as asks, second as answers:
            yield asks, answers


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with labs.running(tmp_path_factory.mktemp("debugged"), HANDLERS) as lab:
        yield lab


@pytest.fixture(scope="module", params=["otel", "native"])
def pair(request: pytest.FixtureRequest, lab: Lab) -> Pair:
    asking, answering = (f"{name}-{request.param}" for name in ("asking", "answering"))
    limits = {"Timeout": LIMIT}
    lab.function(request.param, answering, ANSWERING, limits)
    lab.function(request.param, asking, ASKING, limits, ANSWERING=answering)
    return Pair(lab, asking, answering)


def test_who_stands_at_a_line_in_both_functions_is_late_in_none(pair: Pair) -> None:
    """Both stop where the user's files say, are neither killed nor called again, and have true times."""
    with pair.debugged("name = ", "number = int") as (asks, answers):
        reply = in_background(lambda: pair.ask(1))
        assert asks.stopped() == (ASKING, line_of(ASKING, "name = "))
        asks.go_on()
        assert answers.stopped() == (ANSWERING, line_of(ANSWERING, "number = int"))
        since = time.monotonic()
        refused_beside(pair)
        # Longer than either may run, and than the first waits for an answer.
        time.sleep(max(0.0, STAND - (time.monotonic() - since)))
        answers.go_on()
        answered: Reply = reply()
    assert (answered.payload, answered.error) == ({"statusCode": 200, "body": "2"}, None)

    trace = pair.trace(answered.trace_id)
    assert len(trace.named(pair.answering, origin=FUNCTION)) == 1, "the function was called again"
    stood = {function: pauses(trace, function) for function in (pair.asking, pair.answering)}
    assert stood[pair.asking] == [("breakpoint", ASKING.name)]
    assert stood[pair.answering] == [("breakpoint", ANSWERING.name)]

    asking, answering, work = (shown(pair, answered, name) for name in (pair.asking, pair.answering, "work"))
    for node in (asking, answering, work):
        document = trace.by_id[node.id].document
        assert document["end_time"] - document["start_time"] >= STAND, "the document is as it was measured"
        assert node.end is not None
        assert node.end - node.start < LIMIT
        assert node.paused >= STAND
    assert asking.paused > answering.paused, "the first waited for both"


def test_a_function_that_nobody_stopped_is_killed_when_its_time_is_up(lab: Lab) -> None:
    """An infinite loop ends as it does without an editor, which is told to come back for the next run."""
    assert lab.aws
    lab.function("native", "looping", ANSWERING, {"Timeout": 1})
    with editor(lab.aws.debug()["looping"], {}) as watching:
        reply = invoke(lab.stack, "looping", {"number": -1}, RandomIds().trace_id(time.time()))
        assert watching.event("terminated")["body"] == {"restart": True}
    assert reply.error
    assert "Task timed out after 1.00 seconds" in reply.payload["errorMessage"]


def test_a_message_is_not_delivered_again_while_somebody_stands_at_a_line(lab: Lab) -> None:
    """The queue hides it for less time than that."""
    assert lab.aws
    name, stack, hidden = "consuming", lab.stack, 2
    arn = lab.function("native", name, ANSWERING, {"Timeout": hidden})
    sqs = stack.client("sqs")
    queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(hidden)})["QueueUrl"]
    stack.client("lambda").create_event_source_mapping(
        EventSourceArn=arn.replace(":lambda:", ":sqs:").replace(":function:", ":"), FunctionName=name
    )
    with editor(lab.aws.debug()[name], {ANSWERING: [line_of(ANSWERING, "len(event")]}) as consuming:
        # The cold start is over then: it may take longer than that, and no time stands still in it.
        invoke(stack, name, {"number": 1}, RandomIds().trace_id(time.time()))
        sqs.send_message(QueueUrl=queue, MessageBody="once")
        consuming.stopped()
        time.sleep(hidden + 0.3)
        consuming.go_on()
        left = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_empty() -> bool | None:
            found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=left)["Attributes"]
            return True if set(found.values()) == {"0"} else None

        until(is_empty, "the message to be done with")
    starts = stack.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{name}", filterPattern='"START RequestId"'
    )
    assert len(starts["events"]) == 2


def test_a_function_goes_on_when_its_editor_is_killed(lab: Lab) -> None:
    """And has no breakpoint any more."""
    assert lab.aws
    lab.function("native", "left", ANSWERING, {"Timeout": LIMIT})
    with editor(lab.aws.debug()["left"], {ANSWERING: [line_of(ANSWERING, "number = int")]}) as killed:
        trace_id = RandomIds().trace_id(time.time())
        reply = in_background(lambda: invoke(lab.stack, "left", {"number": 1}, trace_id))
        killed.stopped()
    answered: Reply = reply()
    assert (answered.payload, answered.error) == (2, None)


def refused_beside(pair: Pair) -> None:
    """Nobody else can debug meanwhile: neither a second editor nor what is none."""
    assert pair.lab.aws
    port = pair.lab.aws.debug()[pair.answering]
    for said in (message(1, "initialize", {}), b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
        other = socket.create_connection(("127.0.0.1", port), DEADLINE)
        with other, contextlib.suppress(ConnectionResetError):
            other.sendall(said)
            assert other.recv(1) == b""


def pauses(trace: Trace, function: str) -> list[tuple[str, str]]:
    """Return why and in which file a function stood, but for the time in which the editor attached."""
    segment = trace.only(function, origin=FUNCTION)
    paused = [node for node in trace.named("Paused") if node.parent_id == segment.id]
    found = [node.document["metadata"]["debugger"] for node in paused]
    return [(one["reason"], Path(one["file"]).name) for one in found if one["reason"] != "attach"]


def shown(pair: Pair, reply: Reply, name: str) -> Node:
    """Return what the waterfall shows of a function, or of a span, of that name."""
    traces = pair.lab.stack.client("xray").batch_get_traces(TraceIds=[reply.trace_id])["Traces"]
    nodes = from_api(traces[0]).nodes
    return next(node for node in nodes if node.name == name and (node.is_function or not node.is_segment))
