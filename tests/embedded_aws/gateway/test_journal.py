"""What the gateway tells of each request."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from embedded_aws.aws.interfaces import Draw, InvokeResult, SamplingDecision
from embedded_aws.gateway.model import Throttle
from tests.embedded_aws.gateway.fakes import Front, stage

FrontFactory = Callable[..., Front]
ROOT = f"1-6553f100-{'a' * 24}"
THEIRS = f"1-5759e988-{'b' * 24}"


def test_a_request_that_was_answered(front: FrontFactory) -> None:
    """Where it went, what decided, which invocation it caused; under the id that the client got."""
    gateway = front()
    gateway.rules.decision = SamplingDecision(True, "Default", Draw(True, 1, 1, 0.05, 10_000))
    response = gateway.request("GET", "/hello?a=1")
    (known,) = gateway.known
    assert known.id == response.headers["x-amzn-requestid"]
    assert (known.method, known.url, known.status) == ("GET", "/dev/hello?a=1", 200)
    assert (known.api_id, known.stage, known.api_name, known.route) == ("abc123", "dev", "shop", "GET /hello")
    assert (known.tracing, known.trace_id, known.header, known.w3c) == (True, ROOT, None, False)
    assert known.decision is not None
    assert known.decision.draw == Draw(True, 1, 1, 0.05, 10_000)
    assert (known.function, known.invocation_id, known.error) == ("front", "lambda-request", None)


def test_headers_are_kept_as_they_came(front: FrontFactory) -> None:
    """The tracing header as text, of a traceparent only that it was there; a decision in it names no rule."""
    gateway = front()
    header = f"Root={THEIRS};Sampled=0"
    gateway.request("GET", "/hello", headers={"X-Amzn-Trace-Id": header, "traceparent": "00-1-2-01"})
    (known,) = gateway.known
    assert (known.header, known.w3c, known.trace_id) == (header, True, THEIRS)
    assert known.decision == SamplingDecision(False)


@pytest.mark.parametrize(
    ("throttles", "path", "status", "error", "route"),
    [
        ({}, "/nowhere", 403, "Missing Authentication Token", None),
        ({"*/*": Throttle(0, 0)}, "/hello", 429, "Too Many Requests", "GET /hello"),
    ],
)
def test_a_request_that_reached_no_function(  # noqa: PLR0917 - one row of the table each
    front: FrontFactory, throttles: dict[str, Throttle], path: str, status: int, error: str, route: str | None
) -> None:
    """API Gateway's own error, and no function; the rules had been asked all the same."""
    gateway = front(stage(throttles=throttles))
    gateway.request("GET", path)
    (known,) = gateway.known
    assert (known.status, known.error, known.route, known.function) == (status, error, route, None)
    assert known.decision is not None


def test_a_stage_that_is_not_deployed(front: FrontFactory) -> None:
    """There is nothing that could decide, and no trace id."""
    gateway = front()
    gateway.request("GET", "http://127.0.0.1:4566/execute-api/abc123/prod/hello")
    (known,) = gateway.known
    assert (known.status, known.api_id, known.stage, known.url) == (403, "abc123", "prod", "/prod/hello")
    assert (known.api_name, known.trace_id, known.decision) == (None, None, None)


def test_a_stage_without_tracing(front: FrontFactory) -> None:
    """It decides nothing, but the request has a trace id."""
    gateway = front(stage(tracing=False))
    gateway.request("GET", "/hello")
    (known,) = gateway.known
    assert (known.tracing, known.decision, known.trace_id) == (False, None, ROOT)


def test_a_function_that_lambda_refused_has_no_invocation(front: FrontFactory) -> None:
    """Lambda's refusal without a request id is told as none."""
    gateway = front(answer=InvokeResult(429, error_type="TooManyRequestsException"))
    gateway.request("GET", "/hello")
    (known,) = gateway.known
    assert (known.function, known.invocation_id, known.status) == ("front", None, 500)
