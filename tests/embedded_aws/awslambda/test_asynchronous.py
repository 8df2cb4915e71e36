from __future__ import annotations

import json
import time
from typing import Any

from embedded_aws.aws.trace_header import TraceHeader
from tests.embedded_aws.awslambda.harness import PATIENCE, Stack

ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
SAMPLED = TraceHeader(ROOT, "53995c3f42cd8ad8", True)
COUNTING = (
    "import os, pathlib\n"
    "def handler(event, context):\n"
    "  runs = pathlib.Path(os.environ['LAMBDA_TASK_ROOT']) / 'runs'\n"
    "  count = len(runs.read_text()) if runs.exists() else 0\n"
    "  runs.write_text('x' * (count + 1))\n"
    "  if count < event['failures']: raise ValueError('not yet')\n"
    "  return count\n"
)


def fresh(marker: str) -> str:
    # Equal code shares a directory, and these functions count in theirs.
    return f"# {marker}\n{COUNTING}"


def attempts(documents: list[Any]) -> list[Any]:
    service = [document for document in documents if document["origin"] == "AWS::Lambda"][-1]
    return [part for part in service.get("subsegments", ()) if part["name"].startswith("Attempt")]


def message_from(client: Any, url: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        reply = client.receive_message(
            QueueUrl=url,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        if reply.get("Messages"):
            return reply["Messages"][0]
    raise AssertionError(f"no message in {url}")


def queue(stack: Stack, name: str) -> tuple[Any, str, str]:
    client = stack.client("sqs")
    url = client.create_queue(QueueName=name)["QueueUrl"]
    return client, url, f"arn:aws:sqs:us-east-1:123456789012:{name}"


def test_an_asynchronous_invocation_shows_its_wait_and_its_attempt(stack: Stack) -> None:
    """The service segment answers 202 and holds Dwell Time and one attempt, the function segment's parent."""
    name = stack.deploy("def handler(event, context): pass")
    result = stack.invoke(name, invocation_type="Event", trace=SAMPLED)
    assert (result.status, result.payload) == (202, b"")
    documents = stack.sink.wait(name, lambda found: len(found) >= 3)
    service = [document for document in documents if document["origin"] == "AWS::Lambda"][-1]
    (function,) = [document for document in documents if document["origin"] == "AWS::Lambda::Function"]
    dwell, attempt = service["subsegments"]
    assert (service["http"]["response"]["status"], service["trace_id"]) == (202, ROOT)
    assert (dwell["name"], attempt["name"]) == ("Dwell Time", "Attempt #1")
    assert attempt["http"]["response"]["status"] == 200
    assert function["parent_id"] == attempt["id"]
    assert "fault" not in service


def test_a_failing_function_is_tried_again_in_the_same_trace(stack: Stack) -> None:
    """A function that fails twice and then works shows three attempts, two of them faults."""
    name = stack.deploy(fresh("retried"))
    stack.invoke(name, b'{"failures": 2}', invocation_type="Event", trace=SAMPLED)
    documents = stack.sink.wait(name, lambda found: bool(found) and len(attempts(found)) == 3)
    assert [bool(attempt.get("fault")) for attempt in attempts(documents)] == [True, True, False]
    assert {document["trace_id"] for document in documents} == {ROOT}


def test_retries_end_after_the_configured_number(stack: Stack) -> None:
    """With no retries a failed event goes to the failure destination after one attempt."""
    client, url, arn = queue(stack, "on-failure")
    name = stack.deploy(fresh("not retried"))
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    result = stack.invoke(name, b'{"failures": 9}', invocation_type="Event", trace=SAMPLED)
    record = json.loads(message_from(client, url)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestContext"]["requestId"] == result.request_id
    assert record["requestPayload"] == {"failures": 9}
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_a_lost_event_goes_to_the_dead_letter_queue(stack: Stack) -> None:
    """After the last attempt the event itself is in the dead-letter queue, with its error and trace."""
    client, url, arn = queue(stack, "dead-letters")
    name = stack.deploy(fresh("lost"), DeadLetterConfig={"TargetArn": arn})
    stack.invoke(name, b'{"failures": 9}', invocation_type="Event", trace=SAMPLED)
    message = message_from(client, url)
    assert json.loads(message["Body"]) == {"failures": 9}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "not yet"
    assert message["Attributes"]["AWSTraceHeader"].startswith(f"Root={ROOT};")


def test_a_success_goes_to_its_destination(stack: Stack) -> None:
    """A successful event's result goes to the success destination."""
    client, url, arn = queue(stack, "on-success")
    name = stack.deploy("def handler(event, context): return 'done'")
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    stack.invoke(name, invocation_type="Event")
    assert json.loads(message_from(client, url)["Body"])["responsePayload"] == "done"


def test_another_function_can_be_the_destination(stack: Stack) -> None:
    """A record sent to a function invokes it in the same trace."""
    target = stack.deploy("def handler(event, context): print(event['requestContext']['condition'])")
    name = stack.deploy("def handler(event, context): pass")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{target}"
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    stack.invoke(name, invocation_type="Event", trace=SAMPLED)
    documents = stack.sink.wait(target, bool)
    assert documents[0]["trace_id"] == ROOT


def test_a_destination_is_called_by_the_function(stack: Stack) -> None:
    """What a record invokes is a child of the function, also where that began the trace."""
    target = stack.deploy("def handler(event, context): pass")
    name = stack.deploy("def handler(event, context): pass")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{target}"
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    stack.invoke(name, invocation_type="Event")
    (called, *_), (service, *_) = stack.sink.wait(target, bool), stack.sink.wait(name, bool)
    assert (called["trace_id"], called["parent_id"]) == (service["trace_id"], service["id"])


def test_a_topic_can_be_the_destination_and_the_dead_letter_queue(stack: Stack) -> None:
    """A record and a lost event go to topics as to queues, in the trace of the invocation."""
    client, url, arn = queue(stack, "by-topic")
    sns = stack.client("sns")
    topic = sns.create_topic(Name="by-topic")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
    name = stack.deploy(fresh("by topic"), DeadLetterConfig={"TargetArn": topic})
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": topic}},
    )
    stack.invoke(name, b'{"failures": 9}', invocation_type="Event", trace=SAMPLED)
    bodies: list[Any] = []
    while len(bodies) < 2:
        message = message_from(client, url)
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert message["Attributes"]["AWSTraceHeader"].startswith(f"Root={ROOT};")
        bodies.append(json.loads(message["Body"]))
    record, event = sorted(bodies, key=len, reverse=True)
    assert (record["requestContext"]["condition"], event) == ("RetriesExhausted", {"failures": 9})


def test_a_bus_can_be_the_destination(stack: Stack) -> None:
    """A record for a bus is an event of the source `lambda`.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    client, url, arn = queue(stack, "by-bus")
    events = stack.client("events")
    bus = events.create_event_bus(Name="by-bus")["EventBusArn"]
    events.put_rule(Name="all", EventBusName="by-bus", EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule="all", EventBusName="by-bus", Targets=[{"Id": "1", "Arn": arn}])
    name = stack.deploy("def handler(event, context): return 'done'")
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": bus}}
    )
    stack.invoke(name, invocation_type="Event")
    event = json.loads(message_from(client, url)["Body"])
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["detail"]["responsePayload"] == "done"


def test_a_throttled_event_shows_its_throttled_attempt(stack: Stack) -> None:
    """An event for a function without concurrency shows an attempt with 429 and keeps waiting."""
    name = stack.deploy("def handler(event, context): pass")
    client = stack.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    stack.invoke(name, invocation_type="Event", trace=SAMPLED)
    documents = stack.sink.wait(name, lambda found: bool(found) and bool(attempts(found)))
    (attempt,) = attempts(documents)
    assert (attempt["http"]["response"]["status"], attempt["throttle"]) == (429, True)
    client.delete_function_concurrency(FunctionName=name)
    stack.sink.wait(name, lambda found: any(d["origin"] == "AWS::Lambda::Function" for d in found))
