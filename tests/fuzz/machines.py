"""State machines: definitions in both languages, and what their executions are given, through sockets."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.fuzz.mutation import Source, encoded
from tests.fuzz.server import status
from tests.fuzz.sockets import address_of, raw, talk
from tests.fuzz.target import Answer, Request, Take, Target, check_status

_ROLE = "arn:aws:iam::123456789012:role/r"
_HEADERS = (
    (b"Content-Type", b"application/x-amz-json-1.0"),
    (b"Authorization", b"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/states/aws4_request"),
)
_END = {"Type": "Pass", "End": True}
_RETRY = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1, "BackoffRate": 1.0}]
_CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Z"}]
_DATA = {"a": 1, "list": [1, "b", {"c": None}], "text": "1,2,3", "deep": {"er": [{"x": 1.5}, {"x": -1}]}}
_ECHO = "arn:aws:lambda:us-east-1:123456789012:function:echo"
_STATES: tuple[dict[str, Any], ...] = (
    {"Type": "Pass", "Parameters": {"x.$": "$.list[0]", "y.$": "States.Format('{} {}', $.a, $.text)"}},
    {"Type": "Pass", "InputPath": "$.deep.er[*].x", "ResultPath": "$.found", "OutputPath": "$"},
    {"Type": "Pass", "Parameters": {"r.$": "States.ArrayRange(1, 9, 2)", "h.$": "States.Hash($.text, 'MD5')",
                                    "p.$": "States.ArrayPartition($.list, 2)", "u.$": "States.UUID()",
                                    "s.$": "States.StringSplit($.text, ',')", "m.$": "States.MathAdd($.a, 1)",
                                    "j.$": "States.StringToJson('{\"a\": [1]}')"}},
    {"Type": "Choice", "Choices": [
        {"And": [{"Variable": "$.a", "NumericGreaterThan": 0}, {"Variable": "$.text", "StringMatches": "1*"}],
         "Next": "Z"},
        {"Not": {"Variable": "$.no", "IsPresent": True}, "Next": "Z"},
        {"Variable": "$.when", "TimestampLessThan": "2026-01-01T00:00:00Z", "Next": "Z"}], "Default": "Z"},
    {"Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 2, "ItemProcessor": {
        "StartAt": "I", "States": {"I": _END}}, "ResultPath": "$.mapped", "Catch": _CATCH},
    {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": _END}},
                                      {"StartAt": "C", "States": {"C": {"Type": "Fail", "Error": "E"}}}],
     "Catch": _CATCH},
    {"Type": "Task", "Resource": _ECHO, "TimeoutSeconds": 5, "Retry": _RETRY, "Catch": _CATCH},
    {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": _CATCH,
     "Parameters": {"QueueUrl": "QUEUE", "MessageBody.$": "$.text"}},
    {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem", "Catch": _CATCH,
     "Parameters": {"TableName": "items", "Key": {"id": {"S": "a"}}}},
    {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultSelector": {"x.$": "$.Payload"},
     "Parameters": {"FunctionName": "echo", "Payload.$": "$"}, "Catch": _CATCH},
    {"Type": "Wait", "Seconds": 0}, {"Type": "Wait", "SecondsPath": "$.a"},
    {"Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z"},
)  # fmt: skip
_JSONATA: tuple[dict[str, Any], ...] = (
    {"Type": "Pass", "Output": {"x": "{% $states.input.deep.er[x > 0].x %}", "y": "{% $sum([1..9]) %}"}},
    {"Type": "Pass", "Assign": {"v": "{% $map($states.input.list, function($i) { $string($i) }) %}"}},
    {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.a > 0 and $contains('abc', /b/) %}",
                                    "Next": "Z"}], "Default": "Z"},
    {"Type": "Map", "Items": "{% $states.input.list %}", "ItemProcessor": {
        "StartAt": "I", "States": {"I": _END}}, "Output": "{% $states.result %}"},
    {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
     "Arguments": {"FunctionName": "echo", "Payload": "{% $merge([$states.input, {'b': $now()}]) %}"}},
    {"Type": "Pass", "Output": "{% $partition([1,2,3], 2) ~> $reverse() %}"},
)  # fmt: skip


class Case(NamedTuple):
    """A definition, and what an execution is given."""

    definition: str
    given: str


def machine(source: Source) -> Case:
    """Return a definition of a few states, one after the other, and an input."""
    language = "JSONata" if source.sometimes(0.4) else "JSONPath"
    chosen = [source.pick(_STATES if language == "JSONPath" else _JSONATA) for _ in range(1 + source.upto(2))]
    states: dict[str, Any] = {}
    for number, state in enumerate(chosen):
        following = {} if state["Type"] == "Choice" else {"Next": f"S{number + 1}"}
        states[f"S{number}"] = {**state, **following}
    states |= {f"S{len(chosen)}": _END, "Z": {"Type": "Succeed"}}
    definition = {"QueryLanguage": language, "StartAt": "S0", "States": states, "TimeoutSeconds": 5}
    return Case(source.json(definition, 0.02), source.json(_DATA, 0.05))


@contextmanager
def _machines() -> Iterator[Take]:
    running = status()
    address, queue = address_of(running["endpoint"]), str(running["outputs"].get("queue", ""))

    def call(operation: str, **given: Any) -> Answer:
        target = (b"X-Amz-Target", f"AWSStepFunctions.{operation}".encode())
        asked = Request("POST", "/", b"", (target, *_HEADERS), encoded(json.dumps(given)))
        answer = talk(address, raw(asked))
        check_status(answer)
        return answer

    def take(case: Case) -> None:
        name, definition = uuid.uuid4().hex, case.definition.replace("QUEUE", queue)
        made = call("CreateStateMachine", name=name, definition=definition, roleArn=_ROLE)
        if made.status != 200:
            return
        machine_arn = json.loads(made.body)["stateMachineArn"]
        started = call("StartExecution", stateMachineArn=machine_arn, input=case.given)
        if started.status == 200:
            arn = json.loads(started.body)["executionArn"]
            call("GetExecutionHistory", executionArn=arn)
            call("StopExecution", executionArn=arn)
            call("DescribeExecution", executionArn=arn)
        call("DeleteStateMachine", stateMachineArn=machine_arn)

    yield take


TARGETS = (Target("machines", 20, machine, _machines, clock=time.perf_counter),)
