"""The function behind GET /hello."""

from __future__ import annotations

import io
import json
import socket
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.stub import Stubber
from opentelemetry.trace import StatusCode

from tests.handlers.conftest import Load, Spans, Stub

CALL = {
    "FunctionName": "worker",
    "InvocationType": "RequestResponse",
    "Payload": '{"message": "Hello from Lambda 1"}',
}
ANSWER = {"statusCode": 200, "body": '"Successfully invoked Lambda 2!"'}
FAILURE = {"statusCode": 502, "body": '"Lambda 2 failed"'}


@pytest.fixture
def front(load: Load) -> ModuleType:
    return load("front", WORKER_FUNCTION="worker")


@pytest.fixture
def worker(front: ModuleType, stub: Stub) -> Stubber:
    return stub(front.lambda_client)


def reply(**more: Any) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": io.BytesIO(b"{}"), **more}


def test_it_calls_the_worker_and_answers(
    front: ModuleType, worker: Stubber, context: SimpleNamespace
) -> None:
    """The worker is invoked synchronously with the message, and the answer is a JSON string."""
    worker.add_response("invoke", reply(), CALL)
    answer = front.handler({}, context)
    assert answer == ANSWER
    assert json.loads(answer["body"]) == "Successfully invoked Lambda 2!"


def test_the_call_is_a_span_with_the_status_as_text(
    front: ModuleType, worker: Stubber, spans: Spans, context: SimpleNamespace
) -> None:
    """The annotation is searched for as text."""
    finished = spans(front)
    worker.add_response("invoke", reply(), CALL)
    front.handler({}, context)
    span = finished()["CallSecondLambda"]
    assert span.attributes["SecondLambdaStatus"] == "200"
    assert (list(span.events), span.status.status_code) == ([], StatusCode.UNSET)


def test_a_worker_that_does_not_answer_is_called_once(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is repeated could do the work twice, so the client waits as long as the worker may take."""
    monkeypatch.delitem(sys.modules, "handlers.front", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        front = load(
            "front",
            WORKER_FUNCTION="worker",
            WORKER_TIMEOUT="0.05",
            AWS_ENDPOINT_URL_LAMBDA=f"http://127.0.0.1:{silent.getsockname()[1]}",
            AWS_ACCESS_KEY_ID="x",
            AWS_SECRET_ACCESS_KEY="y",
        )
        calls: list[Any] = []
        front.lambda_client.meta.events.register(
            "before-send.lambda.Invoke", lambda **sent: calls.append(sent)
        )
        with pytest.raises(ReadTimeoutError):
            front.handler({}, None)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("answered", "message"),
    [
        ({"FunctionError": "Unhandled"}, "Lambda 2 answered 200 Unhandled"),
        ({"StatusCode": 300}, "Lambda 2 answered 300"),
    ],
    ids=["function failed", "status 300"],
)
def test_a_bad_reply_is_recorded_and_answered(
    front: ModuleType, worker: Stubber, spans: Spans, answered: dict[str, Any], message: str
) -> None:
    """The span has the exception and is marked; the caller is told that it failed."""
    finished = spans(front)
    worker.add_response("invoke", reply(**answered), CALL)
    assert front.handler({}, None) == FAILURE
    span = finished()["CallSecondLambda"]
    (event,) = span.events
    assert event.attributes["exception.message"] == message
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, message)


def test_a_bad_reply_is_logged(front: ModuleType, worker: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    """The log says what the caller is not told."""
    worker.add_response("invoke", reply(FunctionError="Unhandled"), CALL)
    front.handler({}, None)
    logged = [
        (record.levelname, record.getMessage()) for record in caplog.records if record.name == front.__name__
    ]
    assert logged == [("ERROR", "Lambda 2 answered 200 Unhandled")]


def test_what_boto3_raises_is_raised_on(
    front: ModuleType, worker: Stubber, spans: Spans, context: SimpleNamespace
) -> None:
    """The exception reaches Lambda unchanged, and is on the span once."""
    finished = spans(front)
    worker.add_client_error("invoke", "TooManyRequestsException", "Rate exceeded", 429)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        front.handler({}, context)
    span = finished()["CallSecondLambda"]
    assert [event.name for event in span.events] == ["exception"]
    assert span.status.status_code is StatusCode.ERROR
