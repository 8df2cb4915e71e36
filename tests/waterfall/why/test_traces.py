from __future__ import annotations

from typing import Any

from tests.waterfall import samples
from waterfall.why.traces import stored


def test_what_functions_sent_is_counted_by_invocation() -> None:
    """Spans below a function's segment belong to its invocation, not to its caller's; Lambda's own do not."""
    found = stored(samples.trace(called()))
    assert found.own == {"front-id": 2, "worker-id": 1}
    assert found.kept is None


def test_a_call_of_lambda_s_api_is_the_function_s_own() -> None:
    """X-Ray infers Lambda from a call that invokes nothing, such as the X-Ray SDK's of GetAccountSettings."""
    call = samples.subsegment("Lambda", "e100000000000000", 0.2, 0.9, namespace="aws")
    inferred = samples.segment(
        "Lambda", "f100000000000000", 0.2, 0.9, origin="AWS::Lambda", parent_id=call["id"], inferred=True
    )
    documents = [service("front", "a1", "front-id"), running("front", "b1", "a1", [call]), inferred]
    assert stored(samples.trace(documents)).own == {"front-id": 1}


def test_silence_is_told_from_what_has_not_come() -> None:
    """A function's segment without spans counts none; without that segment nothing is known."""
    assert stored(samples.trace([service("front", "a1", "front-id")])).own == {}
    assert stored(
        samples.trace([service("front", "a1", "front-id"), running("front", "b1", "a1", [])])
    ).own == {"front-id": 0}


def test_why_a_trace_was_kept() -> None:
    """The annotation of the function's segment says it."""
    documents = [
        samples.segment(
            "front", "b000000000000002", 0, 1, origin="AWS::Lambda::Function",
            aws={"request_id": "front-id"}, annotations={"kept": "timeout"},
            subsegments=[samples.subsegment("front.handler", "c000000000000001", 0, 1)],
        )
    ]  # fmt: skip
    found = stored(samples.trace(documents))
    assert (found.kept, found.own) == ("timeout", {"front-id": 1})


def called() -> list[dict[str, Any]]:
    """A function that calls another one, both with spans of their own."""
    return [
        service("front", "a1", "front-id"),
        running("front", "b1", "a1", [
            samples.subsegment("Init", "c100000000000000", 0, 0.1),
            samples.subsegment("front.handler", "d100000000000000", 0.1, 1, subsegments=[
                samples.subsegment("Lambda", "e100000000000000", 0.2, 0.9, namespace="aws"),
            ]),
        ]),
        service("worker", "a2", "worker-id", "e1"),
        running("worker", "b2", "a2", [samples.subsegment("worker.handler", "d200000000000000", 0.3, 0.8)]),
    ]  # fmt: skip


def service(name: str, id_: str, request_id: str, parent: str | None = None) -> dict[str, Any]:
    return samples.segment(
        name, id_.ljust(16, "0"), 0, 1, origin="AWS::Lambda", aws={"request_id": request_id},
        parent_id=parent and parent.ljust(16, "0"),
    )  # fmt: skip


def running(name: str, id_: str, parent: str, subsegments: list[dict[str, Any]]) -> dict[str, Any]:
    return samples.segment(
        name, id_.ljust(16, "0"), 0, 1, origin="AWS::Lambda::Function",
        parent_id=parent.ljust(16, "0"), subsegments=subsegments,
    )  # fmt: skip
