"""`waterfall why machine NAME`: why the last execution of a state machine has a trace or none."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.stack import until
from tests.waterfall.cloud import ROLE
from waterfall.traces.client import ReadError
from waterfall.why.question import question
from waterfall.why.reasons import Explanation
from waterfall.why.service import Explainer

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud

PASSES = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
FAILS = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "NoStock", "Cause": "sold out"}}}


def make(cloud: Cloud, name: str, definition: object = PASSES, *, traced: bool = True) -> str:
    made = cloud.client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps(definition),
        roleArn=ROLE,
        tracingConfiguration={"enabled": traced},
    )
    return str(made["stateMachineArn"])


def execute(cloud: Cloud, arn: str, **given: str) -> None:
    """Execute it, and wait until it is over."""
    states = cloud.client("stepfunctions")
    started = states.start_execution(stateMachineArn=arn, **given)["executionArn"]

    def over() -> bool | None:
        return states.describe_execution(executionArn=started)["status"] != "RUNNING" or None

    until(over, "the end of the execution")


def explained(cloud: Cloud, name: str) -> Explanation:
    asked = question(["machine", name])
    return Explainer(cloud.reader, cloud.source).ask(asked, time.time()).explanation


def texts(found: Explanation) -> str:
    return " ".join(reason.text for reason in found.reasons)


def test_a_machine_that_was_not_executed(cloud: Cloud) -> None:
    make(cloud, "why-idle")
    assert explained(cloud, "why-idle").verdict == "No trace: it was not executed yet"


def test_an_express_machine(cloud: Cloud) -> None:
    """Nobody can ask for its executions; its traces can be listed."""
    express = {"type": "EXPRESS", "definition": json.dumps(PASSES), "roleArn": ROLE}
    cloud.client("stepfunctions").create_state_machine(name="why-express", **express)
    with pytest.raises(ReadError, match=r"why-express is an express machine.*traces --filter 'service"):
        explained(cloud, "why-express")


def test_an_execution_that_is_traced(cloud: Cloud) -> None:
    """Its trace is found by the machine's name, and by that without Pulumi's ending."""
    execute(cloud, make(cloud, "why-traced-0a1b2c3"))

    def traced() -> Explanation | None:
        found = explained(cloud, "why-traced")
        return found if found.trace_id else None

    found = until(traced, "the trace of the execution")
    assert found.verdict == f"There is a trace: {found.trace_id}"
    assert "is SUCCEEDED" in texts(found)
    assert [one.name for one in cloud.reader.get([found.trace_id or ""])[0].roots] == ["why-traced-0a1b2c3"]


def test_an_execution_that_whoever_started_it_did_not_sample(cloud: Cloud) -> None:
    """The header is told as it came."""
    header = f"Root={cloud.trace_id};Sampled=0"
    execute(cloud, make(cloud, "why-unsampled"), traceHeader=header)
    found = explained(cloud, "why-unsampled")
    assert found.verdict == "No trace: whoever started it said Sampled=0"
    assert header in texts(found)


def test_a_failed_execution_of_a_machine_without_tracing(cloud: Cloud) -> None:
    """Both are told; AWS would send nothing, and says so in no place."""
    execute(cloud, make(cloud, "why-untraced", FAILS, traced=False))
    found = explained(cloud, "why-untraced")
    assert found.verdict.endswith("the tracing of the state machine is off")
    assert "is FAILED: NoStock: sold out." in texts(found)


def test_a_machine_that_is_not_there(cloud: Cloud) -> None:
    make(cloud, "why-there")
    with pytest.raises(ReadError, match=r"there is no state machine nowhere: there are .*why-there"):
        explained(cloud, "nowhere")
