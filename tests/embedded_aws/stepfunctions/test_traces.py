"""An execution is in the trace of whoever started it: the header, the segment, what is below it."""

from __future__ import annotations

import json

import pytest

from embedded_aws.aws.interfaces import SamplingRequest
from tests.embedded_aws.awslambda.harness import Stack
from tests.embedded_aws.inbox import HEADER, PARENT, ROOT, Inbox, settle, traced
from tests.embedded_aws.stepfunctions.machines import StateMachine, children, function_arn, task

END = {"Type": "Pass", "End": True}
OK = "def handler(event, context): return {}"
FAIL = "def handler(event, context): raise ValueError('no')"
OTHER = f"{ROOT[:-1]}8"


def test_a_segment_with_a_subsegment_for_each_state(stack: Stack) -> None:
    """With tracing on, an execution sends traces "even when a trace ID is not passed by an upstream service".

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
    """
    machine = StateMachine(stack, {"First": {"Type": "Pass", "Next": "Second"}, "Second": END})
    done = machine.run()
    segment = machine.segment()
    assert segment["origin"] == "AWS::StepFunctions::StateMachine"
    assert segment["resource_arn"] == machine.arn
    assert segment["aws"]["execution_arn"] == done["executionArn"]
    assert not segment.keys() & {"parent_id", "inferred", "fault", "in_progress"}
    states = machine.below(segment)
    assert [(state["type"], state["name"]) for state in states] == [
        ("subsegment", "First"),
        ("subsegment", "Second"),
    ]
    assert {state["trace_id"] for state in states} == {segment["trace_id"]}
    assert segment["start_time"] <= states[0]["start_time"] <= states[1]["end_time"] <= segment["end_time"]


def test_a_function_is_below_the_call_of_its_state(stack: Stack) -> None:
    """Lambda gets the header of the call: its segment hangs below the call, which is in the state."""
    name = stack.deploy(OK)
    machine = StateMachine(stack, {"Call": task(name, End=True)})
    machine.run()
    (state,) = machine.below(machine.segment())
    (call,) = machine.below(state)
    assert (call["name"], call["namespace"]) == ("Lambda", "aws")
    assert call["aws"].items() >= {"operation": "Invoke", "function_name": function_arn(name)}.items()
    assert call["http"] == {"response": {"status": 200}}
    (service,) = [one for one in machine.below(call) if one["origin"] == "AWS::Lambda"]
    assert service["name"] == name
    assert call["aws"]["request_id"] == service["aws"]["request_id"]


def test_messages_carry_the_trace_on(stack: Stack) -> None:
    """SQS has the header of the state's call as AWSTraceHeader."""
    inbox = Inbox(stack)
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": inbox.url, "MessageBody": "m"},
        "End": True,
    }
    machine = StateMachine(stack, {"Send": send})
    machine.run()
    segment = machine.segment()
    (call,) = machine.below(machine.below(segment)[0])
    (message,) = inbox.received()
    header = f"Root={segment['trace_id']};Parent={call['id']};Sampled=1"
    assert message["Attributes"]["AWSTraceHeader"] == header
    assert call["aws"]["queue_url"] == inbox.url


def test_states_of_branches_and_iterations_are_inside(stack: Stack) -> None:
    """What runs in a Parallel or Map state is below it."""
    branches = [{"StartAt": name, "States": {name: END}} for name in ("Left", "Right")]
    items = {"StartAt": "Item", "States": {"Item": END}}
    machine = StateMachine(
        stack,
        {
            "Both": {"Type": "Parallel", "Branches": branches, "Next": "Each"},
            "Each": {"Type": "Map", "ItemProcessor": items, "End": True},
        },
    )
    machine.run()
    both, each = machine.below(machine.segment())
    assert sorted(state["name"] for state in machine.below(both)) == ["Left", "Right"]
    assert [state["name"] for state in machine.below(each)] == ["Item", "Item"]


def test_attempts_of_a_state_are_its_calls(stack: Stack) -> None:
    """A retry is one more call in the state; one that is caught at last is a fault of the state alone."""
    name = stack.deploy(FAIL)
    retry = {"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 1}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Rescue"}
    machine = StateMachine(stack, {"Try": task(name, Retry=[retry], Catch=[catch], End=True), "Rescue": END})
    machine.run()
    segment = machine.segment()
    state, rescue = machine.below(segment)
    assert [call["fault"] for call in machine.below(state)] == [True, True]
    assert state["fault"]
    assert state["cause"]["exceptions"][0]["type"] == "ValueError"
    assert not {*segment, *rescue} & {"fault", "error"}


def test_a_failed_execution_is_a_fault(stack: Stack) -> None:
    """The segment tells the error that ended the execution."""
    machine = StateMachine(stack, {"Stop": {"Type": "Fail", "Error": "Bad", "Cause": "too late"}})
    machine.run()
    segment = machine.segment()
    for document in (segment, machine.below(segment)[0]):
        assert document["fault"]
        (exception,) = document["cause"]["exceptions"]
        assert (exception["type"], exception["message"]) == ("Bad", "too late")


@pytest.mark.parametrize("enabled", [True, False])
def test_a_trace_that_is_passed_on_is_followed(stack: Stack, *, enabled: bool) -> None:
    """Also of a machine whose tracing is off, "if a trace ID is passed by an upstream service".

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
    """
    machine = StateMachine(stack, {"End": END}, traced=enabled)
    traced(machine.client, "StartExecution")
    described = machine.run()
    segment = machine.segment()
    assert (segment["trace_id"], segment["parent_id"]) == (ROOT, PARENT)
    assert "inferred" not in segment
    assert described["traceHeader"] == HEADER


def test_the_header_is_preferred_to_the_parameter(stack: Stack) -> None:
    """`traceHeader` is read too, but "Step Functions will use the header value (preferred)".

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    by_parameter, by_both = (StateMachine(stack, {"End": END}) for _ in range(2))
    by_parameter.run(traceHeader=f"Root={OTHER};Sampled=1")
    assert by_parameter.segment()["trace_id"] == OTHER
    traced(by_both.client, "StartExecution")
    by_both.run(traceHeader=f"Root={OTHER};Sampled=1")
    assert by_both.segment()["trace_id"] == ROOT


def test_a_trace_that_is_not_sampled_is_passed_on(stack: Stack) -> None:
    """The header of an unsampled trace goes on as it came, and no segment is sent."""
    inbox = Inbox(stack)
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": inbox.url, "MessageBody": "m"},
        "End": True,
    }
    machine, unsampled = StateMachine(stack, {"Send": send}), HEADER.replace("Sampled=1", "Sampled=0")
    traced(machine.client, "StartExecution", unsampled)
    machine.run()
    assert inbox.received()[0]["Attributes"]["AWSTraceHeader"] == unsampled
    assert stack.sink.of(machine.name) == []


def test_rules_decide_what_the_header_leaves_open(stack: Stack) -> None:
    """X-Ray's sampling rules are asked about the state machine, by its name, type and ARN."""
    machine = StateMachine(stack, {"End": END})
    stack.machine_sampler.answer = False
    try:
        machine.run()
    finally:
        stack.machine_sampler.answer = True
    asked = stack.machine_sampler.asked[-1]
    assert asked == SamplingRequest(machine.name, "AWS::StepFunctions::StateMachine", "", "", "", machine.arn)
    assert stack.sink.of(machine.name) == []


def test_without_tracing_an_inferred_segment_stands_for_the_execution(stack: Stack) -> None:
    """On AWS it would be invisible; Lambda is told the trace, and decides by itself."""
    name = stack.deploy(OK)
    machine = StateMachine(stack, {"Call": task(name, End=True)}, traced=False)
    stack.sampler.asked.clear()
    machine.run()
    segment = machine.segment()
    assert segment["inferred"]
    (call,) = machine.below(machine.below(segment)[0])
    assert [one["name"] for one in machine.below(call)] == [name]
    # Other tests' events are tried again in the meantime.
    assert [asked for asked in stack.sampler.asked if asked == function_arn(name)] == [function_arn(name)]


def test_an_execution_of_an_execution_is_in_its_trace(stack: Stack) -> None:
    """`states:startExecution` passes the trace on; asking how it goes on is no call of the state's."""
    inner = StateMachine(stack, {"Inner": END})
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": {"StateMachineArn": inner.arn},
        "End": True,
    }
    outer = StateMachine(stack, {"Outer": start})
    outer.run()
    (call,) = outer.below(outer.below(outer.segment())[0])
    assert (call["name"], call["aws"]["operation"]) == ("StepFunctions", "StartExecution")
    assert call["aws"]["state_machine_arn"] == inner.arn
    assert inner.segment()["parent_id"] == call["id"]


def test_a_rule_starts_executions_in_the_trace_of_the_event(stack: Stack) -> None:
    """EventBridge passes the header of PutEvents on to a state machine.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    """
    machine, events = StateMachine(stack, {"End": END}), stack.client("events")
    events.put_rule(Name=machine.name, EventPattern=json.dumps({"source": [machine.name]}))
    events.put_targets(Rule=machine.name, Targets=[{"Id": "1", "Arn": machine.arn}])
    traced(events, "PutEvents")
    events.put_events(Entries=[{"Source": machine.name, "DetailType": "d", "Detail": '{"n": 1}'}])
    settle(stack)
    (execution,) = machine.client.list_executions(stateMachineArn=machine.arn)["executions"]
    done = machine.ended(execution["executionArn"])
    assert json.loads(done["input"])["detail"] == {"n": 1}
    segment = machine.segment()
    assert (segment["trace_id"], segment["parent_id"]) == (ROOT, PARENT)
    assert [state["name"] for state in children(stack.sink.all(), segment)] == ["End"]
