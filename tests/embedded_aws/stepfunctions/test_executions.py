"""State machines run: what they call is called, and their executions tell what happened."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from embedded_aws.aws import moto_states
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.stepfunctions import service
from tests.embedded_aws.awslambda.harness import PATIENCE, Stack
from tests.embedded_aws.inbox import Inbox
from tests.embedded_aws.stepfunctions.machines import StateMachine, function_arn, task

END = {"Type": "Pass", "End": True}
ADD = "def handler(event, context): return {'sum': event['a'] + event['b']}"
FAIL = "def handler(event, context): raise ValueError('no')"


def test_an_execution_runs_its_functions(stack: Stack) -> None:
    """StartExecution runs the states, each with what the one before it returned."""
    add = stack.deploy(ADD)
    machine = StateMachine(
        stack,
        {
            "Add": task(add, Next="Again"),
            "Again": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": add, "Payload": {"a.$": "$.sum", "b": 4}},
                "OutputPath": "$.Payload",
                "End": True,
            },
        },
    )
    done = machine.run({"a": 1, "b": 2}, name="first")
    assert (done["status"], json.loads(done["output"]), done["name"]) == ("SUCCEEDED", {"sum": 7}, "first")
    assert done["startDate"] < done["stopDate"]
    assert machine.history(done["executionArn"]) == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    (listed,) = machine.client.list_executions(stateMachineArn=machine.arn)["executions"]
    assert (listed["name"], listed["status"]) == ("first", "SUCCEEDED")


def test_an_execution_calls_services(stack: Stack) -> None:
    """Integrations call DynamoDB, SQS, SNS, EventBridge and other state machines, and wait for these."""
    inbox, subscribed, matched = Inbox(stack), Inbox(stack), Inbox(stack)
    name, raw = inbox.name, {"RawMessageDelivery": "true"}
    topic = stack.client("sns").create_topic(Name=name)["TopicArn"]
    stack.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subscribed.arn, Attributes=raw)
    events, dynamodb = stack.client("events"), stack.client("dynamodb")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": matched.arn, "InputPath": "$.detail"}])
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    stack.client("s3").create_bucket(Bucket=name)
    inner = StateMachine(stack, {"Inner": {"Type": "Pass", "Result": {"inner": 1}, "End": True}})
    entry = {"Source": name, "DetailType": "d", "Detail": {"n": 3}}
    calls: dict[str, Any] = {
        "dynamodb:putItem": {"TableName": name, "Item": {"id": {"S.$": "$.id"}}},
        "sqs:sendMessage": {"QueueUrl": inbox.url, "MessageBody.$": "$.id"},
        "sns:publish": {"TopicArn": topic, "Message.$": "$.id"},
        "events:putEvents": {"Entries": [entry]},
        "aws-sdk:s3:putObject": {"Bucket": name, "Key": "k", "Body": {"n": 1}},
        "aws-sdk:s3:getObject": {"Bucket": name, "Key": "k"},
        "aws-sdk:dynamodb:getItem": {"TableName": name, "Key": {"id": {"S.$": "$.id"}}},
        "states:startExecution.sync": {"StateMachineArn": inner.arn, "Input": {"x": 1}},
    }
    states = {
        service: {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{service}",
            "Parameters": parameters,
            "ResultPath": f"$['{service}']",
            "Next": following,
        }
        for (service, parameters), following in zip(calls.items(), [*list(calls)[1:], "Done"], strict=True)
    }
    done = StateMachine(stack, {**states, "Done": END}).run({"id": "one"})
    assert done["status"] == "SUCCEEDED", done
    output = json.loads(done["output"])
    assert output["aws-sdk:dynamodb:getItem"]["Item"] == {"id": {"S": "one"}}
    assert output["aws-sdk:s3:getObject"]["Body"] == '{"n":1}'
    assert output["states:startExecution.sync"]["Output"] == '{"inner":1}'
    assert [message["Body"] for message in inbox.received()] == ["one"]
    assert [message["Body"] for message in subscribed.received()] == ["one"]
    assert [message["Body"] for message in matched.received()] == ['{"n":3}']


def test_branches_iterations_choices_and_waits_run(stack: Stack) -> None:
    """Parallel, Map, Choice and Wait do what the States Language says."""
    add = stack.deploy(ADD)
    branch = {"StartAt": "Left", "States": {"Left": task(add, End=True)}}
    waiting = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 0, "End": True}}}
    machine = StateMachine(
        stack,
        {
            "Both": {"Type": "Parallel", "Branches": [branch, waiting], "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemProcessor": {"StartAt": "Item", "States": {"Item": END}},
                "Next": "Which",
            },
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$[0].sum", "NumericEquals": 3, "Next": "Three"}],
                "Default": "Other",
            },
            "Three": END,
            "Other": {"Type": "Fail"},
        },
    )
    done = machine.run({"a": 1, "b": 2})
    assert json.loads(done["output"]) == [{"sum": 3}, {"a": 1, "b": 2}]


def test_jsonata_is_understood(stack: Stack) -> None:
    """States in JSONata have arguments, outputs, variables and conditions."""
    add = stack.deploy(ADD)
    machine = StateMachine(
        stack,
        {
            "Add": {
                "QueryLanguage": "JSONata",
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {
                    "FunctionName": add,
                    "Payload": {"a": "{% $states.input.n %}", "b": "{% $sum([1, 2]) %}"},
                },
                "Assign": {"sum": "{% $states.result.Payload.sum %}"},
                "Output": "{% $states.result.Payload %}",
                "Next": "Which",
            },
            "Which": {
                "QueryLanguage": "JSONata",
                "Type": "Choice",
                "Choices": [{"Condition": "{% $sum > 5 %}", "Next": "Big"}],
                "Default": "Small",
            },
            "Big": {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% {'big': $sum} %}", "End": True},
            "Small": {"Type": "Fail"},
        },
    )
    done = machine.run({"n": 4})
    assert json.loads(done["output"]) == {"big": 7}


def test_a_failure_is_retried_and_then_caught(stack: Stack) -> None:
    """A function that fails is called again as `Retry` says; then `Catch` goes on, with the error."""
    fail = stack.deploy(FAIL)
    retry = {"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 1}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Rescue"}
    machine = StateMachine(stack, {"Try": task(fail, Retry=[retry], Catch=[catch], End=True), "Rescue": END})
    done = machine.run()
    assert done["status"] == "SUCCEEDED"
    output = json.loads(done["output"])
    assert (output["Error"], json.loads(output["Cause"])["errorMessage"]) == ("ValueError", "no")
    assert machine.history(done["executionArn"]).count("LambdaFunctionFailed") == 2
    assert len([one for one in stack.known.values() if one.function == fail]) == 2


def test_a_failure_that_nobody_catches_ends_the_execution(stack: Stack) -> None:
    """An execution tells the error that ended it."""
    done = StateMachine(stack, {"Try": {"Type": "Fail", "Error": "Bad", "Cause": "too late"}}).run()
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "Bad", "too late")
    assert "output" not in done


def test_a_task_waits_for_its_token(stack: Stack) -> None:
    """`waitForTaskToken` goes on when SendTaskSuccess brings the token back."""
    inbox = Inbox(stack)
    machine = StateMachine(
        stack,
        {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": inbox.url, "MessageBody.$": "$$.Task.Token"},
                "End": True,
            }
        },
    )
    started = machine.client.start_execution(stateMachineArn=machine.arn)
    (message,) = inbox.received()
    machine.client.send_task_success(taskToken=message["Body"], output='{"yes": true}')
    assert json.loads(machine.ended(started["executionArn"])["output"]) == {"yes": True}


def test_a_task_fails_by_its_token(stack: Stack) -> None:
    """SendTaskFailure ends the wait with an error and its cause; a token is good for one answer."""
    inbox = Inbox(stack)
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": inbox.url, "MessageBody.$": "$$.Task.Token"},
        "End": True,
    }
    machine = StateMachine(stack, {"Ask": ask})
    execution = machine.client.start_execution(stateMachineArn=machine.arn)["executionArn"]
    token = inbox.received()[0]["Body"]
    machine.client.send_task_failure(taskToken=token, error="No", cause="not today")
    done = machine.ended(execution)
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "No", "not today")
    with pytest.raises(ClientError, match="InvalidToken"):
        machine.client.send_task_success(taskToken="unknown", output="{}")


def test_a_function_can_wait_for_an_execution(stack: Stack) -> None:
    """StartSyncExecution has a host of its own on AWS; functions reach it here all the same."""
    machine = StateMachine(stack, {"End": END}, type="EXPRESS")
    code = f"""
import boto3
def handler(event, context):
    done = boto3.client("stepfunctions").start_sync_execution(stateMachineArn="{machine.arn}", input="[1]")
    return done["output"]
"""
    answer = stack.invoke(stack.deploy(code, timeout=20))
    assert json.loads(json.loads(answer.payload)) == [1]


def test_an_execution_can_be_stopped(stack: Stack) -> None:
    """StopExecution ends a wait, even of an execution that just began, and the execution tells why."""
    machine = StateMachine(stack, {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}})
    execution = machine.client.start_execution(stateMachineArn=machine.arn)["executionArn"]
    machine.client.stop_execution(executionArn=execution, error="Enough", cause="a test")
    done = machine.ended(execution)
    assert (done["status"], done["error"], done["cause"]) == ("ABORTED", "Enough", "a test")


def test_an_express_execution_answers_when_it_has_ended(stack: Stack) -> None:
    """StartSyncExecution returns the output; only Express state machines have it."""
    add, express = stack.deploy(ADD), stack.client("stepfunctions", inject_host_prefix=False)
    machine = StateMachine(stack, {"Add": task(add, End=True)}, type="EXPRESS")
    given = json.dumps({"a": 1, "b": 2})
    done = express.start_sync_execution(stateMachineArn=machine.arn, input=given)
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"sum": 3})
    assert done["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    standard = StateMachine(stack, {"End": END})
    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        express.start_sync_execution(stateMachineArn=standard.arn)


def test_a_history_has_pages(stack: Stack) -> None:
    """GetExecutionHistory gives so many events as are asked for, also from the last to the first."""
    machine = StateMachine(stack, {"End": END})
    execution = machine.run()["executionArn"]
    first = machine.client.get_execution_history(executionArn=execution, maxResults=3, reverseOrder=True)
    assert [event["id"] for event in first["events"]] == [4, 3, 2]
    rest = machine.client.get_execution_history(
        executionArn=execution, maxResults=3, reverseOrder=True, nextToken=first["nextToken"]
    )
    assert [event["id"] for event in rest["events"]] == [1]
    assert "nextToken" not in rest


def test_the_oldest_executions_are_forgotten(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each state machine so many executions are told of, and all that still run."""
    monkeypatch.setattr(service, "MOST_KEPT", 2)
    machine = StateMachine(stack, {"Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}})
    given = json.dumps({"seconds": 3600})
    machine.client.start_execution(stateMachineArn=machine.arn, name="waiting", input=given)
    for name in ("one", "two", "three"):
        machine.run({"seconds": 0}, name=name)
    listed = machine.client.list_executions(stateMachineArn=machine.arn)["executions"]
    assert sorted(execution["name"] for execution in listed) == ["three", "waiting"]


def test_the_same_name_and_input_is_the_same_execution(stack: Stack) -> None:
    """StartExecution is idempotent while the execution runs.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    machine = StateMachine(stack, {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}})
    request = {"stateMachineArn": machine.arn, "name": "one", "input": "{}"}
    first, again = (machine.client.start_execution(**request)["executionArn"] for _ in range(2))
    assert first == again
    assert len(stack.sink.of(machine.name)) == 1


def test_what_cannot_be_started_is_refused(stack: Stack) -> None:
    """Each refusal has the code that AWS documents for it."""
    machine = StateMachine(stack, {"End": END})
    name = uuid.uuid4().hex
    machine.run({"n": 1}, name=name)
    for code, request in [
        ("ExecutionAlreadyExists", {"stateMachineArn": machine.arn, "name": name}),
        ("StateMachineDoesNotExist", {"stateMachineArn": f"{machine.arn}x"}),
        ("InvalidExecutionInput", {"stateMachineArn": machine.arn, "input": "{"}),
        ("InvalidName", {"stateMachineArn": machine.arn, "name": "a b"}),
        ("NotImplemented", {"stateMachineArn": f"{machine.arn}:1"}),
    ]:
        with pytest.raises(ClientError) as refused:
            machine.client.start_execution(**request)
        assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        machine.client.describe_execution(
            executionArn=f"{machine.arn.replace('stateMachine', 'execution')}:x"
        )


def test_a_definition_that_is_none_is_refused(stack: Stack) -> None:
    """CreateStateMachine reads the definition."""
    with pytest.raises(ClientError, match="InvalidDefinition"):
        StateMachine(stack, {"Start": {"Type": "Dance"}})


def test_a_definition_is_read_alone(stack: Stack) -> None:
    """One that is refused inside a state in JSONata makes no JSONata of those that come later."""
    with pytest.raises(ClientError, match="InvalidDefinition"):
        StateMachine(stack, {"End": {**END, "QueryLanguage": "JSONata", "Parameters": {}}})
    done = StateMachine(stack, {"End": {**END, "Parameters": {"twice.$": "States.Array($.a, $.a)"}}}).run(
        {"a": 1}
    )
    assert json.loads(done["output"]) == {"twice": [1, 1]}


def test_states_inside_have_their_own_language_or_the_machines(stack: Stack) -> None:
    """That of the Map around them is its alone.

    https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    """
    first = {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "Next": "Second"}
    second = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": "{% $states.input.n * 2 %}",
        "Next": "End",
    }
    inside = {"First": first, "Second": second, "End": {**END, "QueryLanguage": "JSONPath"}}
    each = {
        "Type": "Map",
        "QueryLanguage": "JSONata",
        "Items": "{% $states.input.all %}",
        "ItemProcessor": {"StartAt": "First", "States": inside},
        "End": True,
    }
    done = StateMachine(stack, {"Each": each}).run({"all": [{"n": 1}, {"n": 2}]})
    assert json.loads(done["output"]) == [2, 4]


@pytest.mark.parametrize(
    ("call", "parameters", "error"),
    [
        ("s3:listObjectsV2", {"Bucket": "nowhere"}, "S3.NoSuchBucketException"),
        ("sqs:getQueueUrl", {"QueueName": "nowhere"}, "Sqs.QueueDoesNotExistException"),
        ("eventbridge:describeRule", {"Name": "nowhere"}, "EventBridge.ResourceNotFoundException"),
        (
            "cloudwatchlogs:getLogEvents",
            {"LogGroupName": "g", "LogStreamName": "s"},
            "CloudWatchLogs.ResourceNotFoundException",
        ),
    ],
)
def test_errors_of_the_sdk_begin_with_its_name_of_the_service(
    stack: Stack, call: str, parameters: dict[str, str], error: str
) -> None:
    """Definitions written for AWS catch them by these names.

    https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
    """
    resource = f"arn:aws:states:::aws-sdk:{call}"
    done = StateMachine(
        stack, {"Call": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}}
    ).run()
    assert (done["status"], done["error"]) == ("FAILED", error), done["cause"]


def test_executions_are_started_at_once(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that moto has listed and not yet started hinders no other, and is running."""
    machine = StateMachine(stack, {"End": END})
    machine.run(name="before")  # now moto is patched
    held, go_on, start = threading.Event(), threading.Event(), Execution.start

    def wait(self: Any) -> None:
        if self.name == "held":
            held.set()
            assert go_on.wait(PATIENCE)
        start(self)

    monkeypatch.setattr(Execution, "start", wait)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(machine.run, name="held")
        try:
            assert held.wait(PATIENCE)
            assert machine.run(name="other")["status"] == "SUCCEEDED"
            listed = machine.client.list_executions(stateMachineArn=machine.arn)["executions"]
            (first,) = (one["executionArn"] for one in listed if one["name"] == "held")
            described = machine.client.describe_execution(executionArn=first)
        finally:
            go_on.set()
        assert slow.result()["status"] == "SUCCEEDED"
    assert described["status"] == "RUNNING"


def test_an_execution_that_moto_fails_on_ends(stack: Stack) -> None:
    """It does not run for ever when its definition cannot be read after all."""
    machine = StateMachine(stack, {"End": END})
    stepfunctions_parser_backends[ACCOUNT_ID]["us-east-1"].describe_state_machine(
        machine.arn
    ).definition = "{"
    done = machine.run()
    assert (done["status"], done["error"]) == ("FAILED", "States.Runtime")


def test_an_integration_that_is_not_emulated_fails_its_state(stack: Stack) -> None:
    """The machine exists, and all else of it runs; the state tells why it does not."""
    catch = {"ErrorEquals": ["States.ALL"], "Next": "End"}
    call = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Catch": [catch], "End": True}
    done = StateMachine(stack, {"Call": call, "End": END}).run()
    assert json.loads(done["output"])["Cause"] == "the embedded AWS has no integration of http"


def test_a_function_that_does_not_exist_fails_the_state(stack: Stack) -> None:
    """What Lambda refuses is the state's error."""
    done = StateMachine(stack, {"Call": task("nobody", End=True)}).run()
    assert done["status"] == "FAILED"
    assert function_arn("nobody") in done["cause"]


def test_an_execution_without_end_is_ended(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that would fill the memory fails as on AWS when its history is full.

    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    monkeypatch.setattr(moto_states, "MOST_EVENTS", 100)
    machine = StateMachine(stack, {"Again": {"Type": "Pass", "Next": "Again"}})
    described = machine.run()
    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "maximum number of history events" in described["cause"]
