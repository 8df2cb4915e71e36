"""Calls in process reach the application as a client's would; answers are outputs or errors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from embedded_aws.aws.calls import AwsCalls
from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Request, Response, read_request
from embedded_aws.aws.trace_header import TraceHeader

ROOT = "1-5e6f7a8b-0123456789abcdef01234567"


class Application:
    """Keeps a request and gives one answer."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.request: Request | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.request = await read_request(scope, receive)
        await self.response(scope, receive, send)

    def call(self, service: str, operation: str, given: Any, trace: TraceHeader) -> Any:
        return asyncio.run(AwsCalls(self, "us-east-1")(service, operation, given, trace))


def test_a_call_carries_its_trace_and_names_its_service() -> None:
    """The request is signed for the service and has the caller's context."""
    app = Application(Response(200, b'{"executionArn": "arn:x", "startDate": 1}'))
    given = {"stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:m", "input": "{}"}
    answer = app.call("stepfunctions", "StartExecution", given, TraceHeader(ROOT, None, True))
    assert answer["executionArn"] == "arn:x"
    assert app.request is not None
    assert app.request.headers["x-amzn-trace-id"] == f"Root={ROOT};Sampled=1"
    assert app.request.headers["x-amz-target"] == "AWSStepFunctions.StartExecution"
    assert "/us-east-1/states/aws4_request" in app.request.headers["authorization"]


def test_a_payload_goes_as_it_is() -> None:
    """The body of Invoke is the payload, its other parameters are path and headers."""
    app = Application(Response(202, b"", {"x-amzn-requestid": "r-1"}))
    given = {"FunctionName": "f", "InvocationType": "Event", "Payload": b'{"a": 1}'}
    assert app.call("lambda", "Invoke", given, TraceHeader())["RequestId"] == "r-1"
    assert app.request is not None
    assert (app.request.method, app.request.path) == ("POST", "/2015-03-31/functions/f/invocations")
    assert (app.request.body, "x-amzn-trace-id" in app.request.headers) == (b'{"a": 1}', False)


def test_an_error_has_the_code_of_the_answer() -> None:
    """An error answer is raised with its code, message and status."""
    body = b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone"}'
    app = Application(Response(400, body, {"x-amzn-errortype": "QueueDoesNotExist"}))
    with pytest.raises(AwsError, match="gone") as raised:
        app.call("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": "x"}, TraceHeader())
    assert (raised.value.code, raised.value.status) == ("QueueDoesNotExist", 400)


@pytest.mark.parametrize(
    ("service", "operation", "given", "code"),
    [
        ("sqs", "SendMessage", {"QueueUrl": 1}, "ValidationException"),
        ("sqs", "Send", {}, "InvalidAction"),
        ("none", "Send", {}, "InvalidAction"),
    ],
)
def test_what_cannot_be_called_is_refused(service: str, operation: str, given: Any, code: str) -> None:
    """A call that no SDK would make is an error before it reaches the application."""
    app = Application(Response(200, b"{}"))
    with pytest.raises(AwsError) as raised:
        app.call(service, operation, given, TraceHeader())
    assert (raised.value.code, app.request) == (code, None)


@pytest.mark.parametrize("time", ["soon", "9" * 30, "1e400", "inf"])
def test_a_time_that_none_can_be_is_a_validation_error(time: str) -> None:
    """For some of them botocore raises what it does not document."""
    app = Application(Response(200, b"{}"))
    with pytest.raises(AwsError) as refused:
        app.call("events", "PutEvents", {"Entries": [{"Time": time}]}, TraceHeader())
    assert refused.value.code == "ValidationException"
