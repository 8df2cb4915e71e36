"""The function that works, stores and queues."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from tests.handlers.conftest import Load, Spans, Stub

ENVIRONMENT = {
    "WORK_SECONDS": "0",
    "TABLE_NAME": "items",
    "BUCKET_NAME": "objects",
    "QUEUE_URL": "https://sqs.example/work",
}


@pytest.fixture
def worker(load: Load) -> ModuleType:
    return load("worker", **ENVIRONMENT)


@pytest.fixture
def aws(worker: ModuleType, stub: Stub) -> Callable[[str, str], None]:
    """Stubs the three services, expecting what the worker writes for one message."""

    def expect(request_id: str, message: str) -> None:
        key = f"messages/{request_id}.json"
        item = {"id": {"S": request_id}, "message": {"S": message}}
        content = {
            "Bucket": "objects",
            "Key": key,
            "Body": json.dumps({"id": request_id, "message": message}),
            "ContentType": "application/json",
        }
        queued = {"QueueUrl": "https://sqs.example/work", "MessageBody": json.dumps({"key": key})}
        stub(worker.dynamodb).add_response("put_item", {}, {"TableName": "items", "Item": item})
        stub(worker.s3).add_response("put_object", {}, content)
        stub(worker.sqs).add_response("send_message", {"MessageId": "1"}, queued)

    return expect


def test_it_stores_the_message_and_answers(
    worker: ModuleType, aws: Callable[[str, str], None], context: SimpleNamespace
) -> None:
    """One item, one object and one message, all named after the request."""
    aws(context.aws_request_id, "Hello from Lambda 1")
    answer = worker.handler({"message": "Hello from Lambda 1"}, context)
    assert answer == {"statusCode": 200, "body": '"Hello from Lambda 2!"'}


def test_a_message_is_not_required(
    worker: ModuleType, aws: Callable[[str, str], None], context: SimpleNamespace
) -> None:
    """An empty event, as a first try by hand sends it, works too."""
    aws(context.aws_request_id, "")
    assert worker.handler({}, context)["statusCode"] == 200


def test_the_work_is_a_span(worker: ModuleType, spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow part is seen by itself, with the time that it was set to take."""
    finished = spans(worker)
    monkeypatch.setenv("WORK_SECONDS", "0.01")
    worker.work()
    span = finished()["work"]
    assert span.attributes["WorkSeconds"] == 0.01
    assert span.end_time - span.start_time >= 10_000_000
