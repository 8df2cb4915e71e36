"""What a handler sends to AWS and gets back is the same with tracing on and off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tracing.harness import Aws, Collector, Worker, environment

OF_EACH_REQUEST = {
    "x-amzn-trace-id",  # what tracing is about
    "amz-sdk-invocation-id",
    "authorization",  # holds the date
    "x-amz-date",
}
CALLS = 13
PUBLISHED = b"<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"


def sent(aws: Aws, mode: str) -> tuple[list[Any], Any]:
    """Let a handler make its calls in a mode; return what arrived and what the handler saw."""
    collector = Collector()
    worker = Worker(mode, environment(mode, collector, aws, PYTHONHASHSEED="0"))  # orders User-Agent
    before = len(aws.requests)
    seen = worker.invoke("all_sorts")
    worker.close()
    collector.close()
    return [_kept(request) for request in aws.requests[before:]], seen


def _kept(request: Any) -> Any:
    headers = {key.lower(): value for key, value in request.headers.items()}
    kept = {key: value for key, value in headers.items() if key not in OF_EACH_REQUEST}
    return request.operation, request.body, kept


@pytest.fixture(scope="module")
def untraced(aws: Aws) -> tuple[list[Any], Any]:
    aws.answers.clear()
    aws.answers["POST /"] = (200, {}, PUBLISHED)
    aws.answers["PUT /files/k"] = (200, {}, b"")
    return sent(aws, "off")


@pytest.mark.parametrize("mode", ["otel", "native"])
def test_calls_are_the_same_as_without_tracing(aws: Aws, untraced: Any, mode: str) -> None:
    """Payloads of each kind, 10 message attributes, client context, parameters and results are untouched."""
    requests, seen = sent(aws, mode)
    expected, expected_seen = untraced
    assert len(expected) == CALLS
    assert requests == expected
    assert isinstance(expected_seen, list)
    assert seen == expected_seen
