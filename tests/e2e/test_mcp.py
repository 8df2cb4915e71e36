"""`waterfall mcp` on the demo, as an editor starts it: the official client over stdio."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import WORK_SECONDS, Demo
from tests.e2e.stack import Stack
from tests.waterfall.agents.client import Reply, call, over_stdio

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CALLS, MOST_BYTES = 2, 8_000
"""What the question of an agent may cost."""


def asked(stack: Stack, *calls: tuple[str, dict[str, Any]]) -> Sequence[Reply]:
    replies = call(over_stdio(stack.status["endpoint"]), *calls)
    assert not [reply.text for reply in replies if reply.is_error]
    return replies


@pytest.fixture(params=["otel-xray", "native"])
def stack(request: pytest.FixtureRequest, demo: Demo) -> Stack:
    return demo(request.param)


def test_which_span_made_the_last_request_slow_and_why_takes_two_calls(stack: Stack) -> None:
    """One says which and why, the second has the whole tree; both together are small."""
    calls = [("explain", {"trace": "GET /hello"}), ("show", {"trace": "GET /hello"})]
    _, *replies = asked(stack, ("request", {"request": "GET /hello"}), *calls)
    assert len(calls) <= MOST_CALLS
    assert sum(reply.size for reply in replies) <= MOST_BYTES
    lines = replies[0].text.splitlines()
    waited = lines.index("the answer waited for, longest first:")
    (work,) = [number for number, line in enumerate(lines) if re.search(r"#\d+ work in worker", line)]
    assert work > waited
    assert "its own code" in lines[work]
    assert f"WorkSeconds = {WORK_SECONDS}" in lines[work + 1]
    assert re.search(r" work( |$)", replies[1].text, re.MULTILINE)


def test_what_was_asked_is_answered_with_its_trace(stack: Stack) -> None:
    """The status, the body, and the spans, of a request as of an invocation."""
    sent, invoked = asked(
        stack,
        ("request", {"request": "GET /hello?name=ada", "headers": ["X-Mine: 1"]}),
        ("invoke", {"function": "worker", "event": {"name": "ada"}}),
    )
    assert 'answered 200: "Successfully invoked Lambda 2!"' in sent.text
    assert "CallSecondLambda" in sent.text
    assert '"statusCode": 200' in invoked.text
    assert "DynamoDB PutItem" in invoked.text


def test_the_rest_is_read_too(stack: Stack) -> None:
    """What runs, the map, why there is a trace, logs of it, and what differs from the request before."""
    request = ("request", {"request": "GET /hello"})
    _, _, what, graph, why, logs, compared, found = asked(
        stack,
        request,
        request,
        ("stack", {}),
        ("map", {}),
        ("why", {"request": "GET /hello"}),
        ("logs", {"trace": "GET /hello"}),
        ("compare", {"trace": "GET /hello"}),
        ("find", {"filter": 'http.url ENDSWITH "/hello"', "limit": 2}),
    )
    assert "  GET /hello" in what.text
    assert "worker" in graph.text
    assert "sampl" in why.text
    assert "REPORT" in logs.text or "platform" in logs.text or "worker" in logs.text
    assert "own time of spans, " in compared.text
    assert len(re.findall(r"1-[0-9a-f]{8}-", found.text)) == 2
