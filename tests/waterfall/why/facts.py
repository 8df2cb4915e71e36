"""Requests and invocations to explain; what a test does not name is as it should be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from waterfall.why.facts import (
    ApiRequest,
    Decision,
    Draw,
    Evidence,
    Function,
    InvocationRecord,
    PassedOver,
    StoredTrace,
)

TRACE = "1-6553f100-0123456789abcdef01234567"
OWN_TRACE = "1-6553f101-89abcdef0123456789abcdef"
ROOT = f"Root={TRACE}"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tracing:1"
STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-28T14:20:03.958"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:work"
POST_ONLY = PassedOver("critical", 100, "HTTPMethod", "POST")


def draw(**fields: Any) -> Draw:
    """A rule of one per second and 5 %, whose reservoir is used up."""
    return replace(Draw(taken=False, reservoir=1, share=1, rate=0.05, priority=1000), **fields)


def sampled(rule: str | None = "all", **fields: Any) -> Decision:
    return Decision(True, rule, draw(**{"taken": True, **fields}))


def unsampled(rule: str | None = "all", **fields: Any) -> Decision:
    return Decision(False, rule, draw(**fields))


def request(**fields: Any) -> ApiRequest:
    """GET /dev/hello, sampled by a rule, answered by the function `front`."""
    made = ApiRequest(
        id="r1",
        at=0.0,
        method="GET",
        url="/dev/hello",
        status=200,
        api_id="abc",
        stage="dev",
        api_name="shop",
        route="GET /hello",
        tracing=True,
        trace_id=TRACE,
        decision=sampled(),
        function="front",
        invocation_id="front-1",
    )
    return replace(made, **fields)


def invocation(function: str = "front", **fields: Any) -> InvocationRecord:
    """A synchronous invocation, sampled upstream, that has ended well."""
    made = InvocationRecord(
        id=f"{function}-1",
        at=0.0,
        function=function,
        type="RequestResponse",
        mode="Active",
        trace_id=TRACE,
        header=f"{ROOT};Sampled=1",
        sampled=True,
        recorded=True,
        failed=False,
        end=1.0,
    )
    return replace(made, **fields)


def function(
    name: str = "front", mode: str = "Active", layers: tuple[str, ...] = (LAYER,), **variables: str
) -> Function:
    return Function(name, mode, {"TRACING_MODE": "otel", **variables}, layers)


def evidence(entry: ApiRequest | InvocationRecord, **fields: Any) -> Evidence:
    return Evidence(entry, **fields)


def complete() -> Evidence:
    """A traced request, everything of which has arrived."""
    return evidence(
        request(),
        invocations=(invocation(),),
        documents={TRACE: 4},
        functions={"front": function()},
        stored=(StoredTrace(TRACE, {"front-1": 2}),),
    )
