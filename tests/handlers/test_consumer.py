"""The function that takes messages off the queue."""

from __future__ import annotations

import io
import json
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber
from opentelemetry.trace import StatusCode

from tests.handlers.conftest import Load, Spans, Stub

OBJECT = {"id": "1", "message": "Hello from Lambda 1"}


@pytest.fixture
def consumer(load: Load) -> ModuleType:
    return load("consumer", BUCKET_NAME="objects")


@pytest.fixture
def s3(consumer: ModuleType, stub: Stub) -> Stubber:
    return stub(consumer.s3)


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"message-{n}", "body": body} for n, body in enumerate(bodies)]}


def message(key: str) -> str:
    return json.dumps({"key": key})


def expect(s3: Stubber, key: str) -> None:
    body = io.BytesIO(json.dumps(OBJECT).encode())
    s3.add_response("get_object", {"Body": body}, {"Bucket": "objects", "Key": key})


def test_it_reads_every_object_back(consumer: ModuleType, s3: Stubber, context: SimpleNamespace) -> None:
    """A batch without a failure is done with."""
    expect(s3, "a.json")
    expect(s3, "b.json")
    answer = consumer.handler(batch(message("a.json"), message("b.json")), context)
    assert answer == {"batchItemFailures": []}


@pytest.mark.parametrize("body", ["no JSON", "{}", "[]"], ids=["not JSON", "no key", "no object"])
def test_a_bad_message_does_not_stop_the_others(
    consumer: ModuleType, s3: Stubber, context: SimpleNamespace, body: str
) -> None:
    """Only the record that failed comes back."""
    expect(s3, "b.json")
    answer = consumer.handler(batch(body, message("b.json")), context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}


def test_a_missing_object_is_tried_again(
    consumer: ModuleType, s3: Stubber, context: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """The record is reported, and the log says which and why."""
    s3.add_client_error("get_object", "NoSuchKey", "The key does not exist", 404)
    answer = consumer.handler(batch(message("gone.json")), context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert "message message-0 failed" in caplog.text
    assert "NoSuchKey" in caplog.text


def test_each_record_is_a_span(
    consumer: ModuleType, s3: Stubber, spans: Spans, context: SimpleNamespace
) -> None:
    """The span carries the object's key, and the exception if there is one."""
    finished = spans(consumer)
    expect(s3, "a.json")
    consumer.handler(batch(message("a.json")), context)
    assert finished()["ReadMessage"].attributes["ObjectKey"] == "a.json"
    consumer.handler(batch("{}"), context)
    span = finished()["ReadMessage"]
    assert [event.attributes["exception.type"] for event in span.events] == ["KeyError"]
    assert span.status.status_code is StatusCode.ERROR
