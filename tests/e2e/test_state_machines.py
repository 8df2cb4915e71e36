"""An execution in X-Ray: one waterfall from who starts it to what it calls, and all of them on the map."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import deploy
from tests.e2e.lab import ROLE, Lab
from tests.e2e.stack import until
from tests.e2e.test_push import QUIET, edges
from tests.e2e.traces import Trace, whole_trace

MACHINE = "AWS::StepFunctions::StateMachine"


def started(lab: Lab, name: str, states: dict[str, Any], start: Any = None) -> str:
    """Start an execution of a new state machine in a new trace; return the trace's id."""
    client = lab.stack.client("stepfunctions")
    definition = {"StartAt": next(iter(states)), "States": states}
    tracing = {"enabled": True}
    machine = client.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=ROLE, tracingConfiguration=tracing
    )["stateMachineArn"]
    trace_id = RandomIds().trace_id(time.time())
    client.start_execution(stateMachineArn=machine, traceHeader=f"Root={trace_id};Sampled=1", **(start or {}))
    return trace_id


def test_an_execution_is_one_waterfall_and_on_the_map(lab: Lab) -> None:
    """A state machine is a node, with an edge to each service that it calls.

    "There is a service map node for each service integration that is called by Step Functions"
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
    """
    name = f"flow-{secrets.token_hex(4)}"
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{deploy(lab.stack, name, QUIET, {})}"
    lab.stack.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"TableName": name, "Item": {"id": {"S": "a"}}}
    machine = f"{name}-machine"
    trace_id = started(
        lab,
        machine,
        {
            "Work": {"Type": "Task", "Resource": arn, "Next": "Keep"},
            "Keep": {
                "Type": "Task",
                "Resource": "arn:aws:states:::dynamodb:putItem",
                "Parameters": item,
                "End": True,
            },
        },
    )

    def ended(trace: Trace) -> bool:
        return trace.ran(name) and all("in_progress" not in node.document for node in trace.nodes)

    trace = whole_trace(lab.stack, trace_id, ended, "a whole trace")
    segment = trace.only(machine, origin=MACHINE)
    assert trace.roots == [segment]
    function = trace.only(name, origin="AWS::Lambda::Function")
    assert [node.name for node in trace.ancestors(function)] == [name, "Lambda", "Work", machine]
    call = trace.only("DynamoDB")
    assert [node.name for node in trace.ancestors(call)] == ["Keep", machine]
    assert {
        ((machine, MACHINE), (name, "AWS::Lambda")),
        ((machine, MACHINE), (name, "AWS::DynamoDB::Table")),
    } <= edges(lab.stack, trace_id)


@pytest.mark.parametrize("operation", ["StartExecution", "StartSyncExecution"])
def test_an_http_api_starts_executions_in_its_trace(lab: Lab, operation: str) -> None:
    """The machine's segment hangs in the call of the gateway, for which an inferred segment stands.

    "This is automatically done for you if you are using an HTTP API in API Gateway"
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
    """
    name = f"asked-{secrets.token_hex(4)}"
    states = {"End": {"Type": "Pass", "End": True}}
    machine = lab.stack.client("stepfunctions").create_state_machine(
        name=name,
        type="EXPRESS",
        definition=json.dumps({"StartAt": "End", "States": states}),
        roleArn=ROLE,
    )["stateMachineArn"]
    client = lab.stack.client("apigatewayv2")
    api = client.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    integration = client.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype=f"StepFunctions-{operation}",
        PayloadFormatVersion="1.0",
        RequestParameters={"StateMachineArn": machine, "Input": "$request.body"},
    )["IntegrationId"]
    client.create_route(ApiId=api, RouteKey="POST /", Target=f"integrations/{integration}")
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    root = RandomIds().trace_id(time.time())
    answer = lab.stack.request(
        f"{lab.stack.status['endpoint']}/execute-api/{api}/",
        body=b'{"n": 1}',
        headers={"X-Amzn-Trace-Id": f"Root={root};Sampled=1"},
    )
    assert answer.status == 200, answer
    told = json.loads(answer.body)
    assert f":{name}:" in told["executionArn"]
    if operation == "StartSyncExecution":
        assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"n": 1})
    trace = whole_trace(lab.stack, root, lambda trace: trace.has(name, "End"), "the execution")
    segment = trace.only(name, origin=MACHINE)
    above = trace.ancestors(segment)
    assert above[0].document["aws"]["operation"] == operation
    assert above[-1].origin == "AWS::ApiGatewayV2::Api"


def test_an_execution_that_goes_on_can_be_seen(lab: Lab) -> None:
    """The segment is there when the execution begins, and is replaced when it has ended."""
    name = f"long-{secrets.token_hex(4)}"
    states: dict[str, Any] = {
        "Begin": {"Type": "Pass", "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 3600, "End": True},
    }
    trace_id = started(lab, name, states, {"name": "it"})

    def seen() -> dict[str, Any] | None:
        found = [one for one in lab.stack.documents(trace_id) if one["name"] == name]
        return found[0] if found and found[0].get("subsegments") else None

    begun = until(seen, "a segment with its first state")
    assert begun["in_progress"]
    assert [state["name"] for state in begun["subsegments"]] == ["Begin"]
    client = lab.stack.client("stepfunctions")
    execution = begun["aws"]["execution_arn"]
    client.stop_execution(executionArn=execution, error="Enough")

    def seen_ended() -> dict[str, Any] | None:
        found = seen()
        return found if found and not found.get("in_progress") else None

    ended = until(seen_ended, "the end of its segment")
    assert client.describe_execution(executionArn=execution)["status"] == "ABORTED"
    assert ended["fault"]
    assert [state["name"] for state in ended["subsegments"]] == ["Begin", "Wait"]
