from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import SpanKind

from tests.embedded_aws.xray.sdk_spans import document

PYTHON = {"telemetry.sdk.language": "python"}


@pytest.mark.parametrize(
    ("attributes", "failed", "expected"),
    [
        ({}, False, ""),
        ({}, True, "fault"),
        ({"http.status_code": 200}, True, "fault"),
        ({"http.status_code": 399}, False, ""),
        ({"http.status_code": 400}, False, "error"),
        ({"http.status_code": 404}, True, "error"),
        ({"http.status_code": 429}, False, "error throttle"),
        ({"http.status_code": 499}, False, "error"),
        ({"http.status_code": 500}, False, "fault"),
        ({"http.status_code": 599}, False, "fault"),
        ({"http.status_code": 600}, False, ""),
        ({"http.response.status_code": 503}, False, "fault"),
        ({"http.status_code": 404, "http.response.status_code": 503}, False, "error"),
        ({"http.status_code": "503"}, False, ""),
    ],
)
def test_flags_follow_the_status_code_then_the_span_status(
    attributes: dict[str, Any], expected: str, *, failed: bool
) -> None:
    """4xx is an error, 429 also a throttle, 5xx a fault; else the span's own status decides."""
    found = document(attributes, failed="" if failed else None)
    assert {flag for flag in ("error", "fault", "throttle") if found[flag]} == set(expected.split())


def test_a_span_that_is_fine_has_no_cause() -> None:
    """Events of another name explain nothing."""
    assert "cause" not in document(events=[("retry", {"exception.message": "x"})])


def test_a_failed_span_is_explained_by_its_status() -> None:
    """Without exceptions the status description is one."""
    found = document(failed="it broke")
    assert found["cause"] == {"exceptions": [{"id": "0000000000000001", "type": "", "message": "it broke"}]}


def test_a_failed_span_without_description_is_explained_by_the_status_text() -> None:
    """http.status_text is used, and consumed."""
    found = document({"http.status_text": "Bad Gateway"}, failed="")
    assert found["cause"]["exceptions"][0]["message"] == "Bad Gateway"
    assert "metadata" not in found


def test_a_status_text_that_explains_nothing_stays_in_metadata() -> None:
    """A span that is fine keeps it."""
    assert document({"http.status_text": "OK"})["metadata"] == {"default": {"http.status_text": "OK"}}


def test_a_failed_span_that_says_nothing_has_no_cause() -> None:
    """There is only the flag."""
    assert "cause" not in document(failed="")


def test_a_recorded_exception_counts_without_an_error_status() -> None:
    """The cause is there, no flag is."""
    found = document(raising=ValueError("no"), resource=PYTHON)
    (exception,) = found["cause"]["exceptions"]
    assert (exception["type"], exception["message"], exception["remote"]) == ("ValueError", "no", False)
    assert not found["fault"]


@pytest.mark.parametrize(
    ("kind", "remote"),
    [
        (SpanKind.CLIENT, True),
        (SpanKind.PRODUCER, True),
        (SpanKind.CONSUMER, False),
        (SpanKind.SERVER, False),
        (SpanKind.INTERNAL, False),
    ],
)
def test_an_exception_of_a_call_is_remote(kind: SpanKind, *, remote: bool) -> None:
    """Clients and producers only."""
    found = document(kind=kind, events=[("exception", {"exception.type": "E"})])
    assert found["cause"]["exceptions"] == [
        {"id": "0000000000000001", "type": "E", "message": "", "remote": remote}
    ]


def test_every_exception_event_is_kept() -> None:
    """In their order, and the status description adds none."""
    events = [("exception", {"exception.type": "A"}), ("exception", {"exception.type": "B"})]
    found = document(events=events, failed="B: no")
    assert [exception["type"] for exception in found["cause"]["exceptions"]] == ["A", "B"]


def test_the_stack_is_read_in_a_known_language_only() -> None:
    """Without the name of one it is left out, type and message are kept."""
    try:
        raise ValueError("no")
    except ValueError as error:
        raised = error
    assert document(raising=raised, resource=PYTHON)["cause"]["exceptions"][0]["stack"]
    assert "stack" not in document(raising=raised)["cause"]["exceptions"][0]


def test_failed_attempts_of_an_aws_call_are_exceptions() -> None:
    """Each retried HTTP attempt gives `<status>@<time>@<message>`."""
    attempt = {"http.response.status_code": 503, "aws.http.error_message": "slow down"}
    found = document({"rpc.system": "aws-api"}, events=[("HTTP request failure", attempt)])
    assert found["cause"]["exceptions"] == [
        {
            "id": "0000000000000001",
            "type": "aws.http.error.event",
            "remote": True,
            "message": "503@1700000000.123456@slow down",
        }
    ]


@pytest.mark.parametrize(
    ("attributes", "attempt"),
    [
        ({}, {"http.response.status_code": 503, "aws.http.error_message": "slow down"}),
        ({"rpc.system": "aws-api"}, {"http.response.status_code": 503}),
        ({"rpc.system": "aws-api"}, {"aws.http.error_message": "slow down"}),
    ],
)
def test_an_attempt_needs_an_aws_call_a_status_and_a_message(
    attributes: dict[str, Any], attempt: dict[str, Any]
) -> None:
    """Otherwise no cause has an exception."""
    found = document(attributes, events=[("HTTP request failure", attempt)])
    assert "exceptions" not in found.get("cause", {})
