from __future__ import annotations

from dataclasses import replace
from typing import Any

from embedded_aws.journal.log import RequestLog
from embedded_aws.journal.records import MOST_CHARACTERS, ApiRequest, InvocationRecord, shortened


def request(id_: str, at: float = 1.0, **fields: Any) -> ApiRequest:
    return replace(ApiRequest(id_, at, at, "GET", "/dev/", 200, "abc", "dev"), **fields)


def invoked(id_: str, trace_id: str, at: float = 1.0, **fields: Any) -> InvocationRecord:
    made = InvocationRecord(id_, at, "front", "RequestResponse", "Active", trace_id, "", None, recorded=True)
    return replace(made, **fields)


def ids(log: RequestLog) -> list[str]:
    return [entry.id for entry in log.entries()]


def test_the_newest_are_kept() -> None:
    """Beyond its size the log forgets the oldest, of requests and of invocations."""
    log = RequestLog(requests=2, invocations=2)
    for number in range(4):
        log.answered(request(f"r{number}", number))
        log.invoked(invoked(f"i{number}", f"t{number}", number + 0.5))
    assert ids(log) == ["i3", "r3", "i2", "r2"]
    assert log.find("r1") is None
    assert log.find("i1") is None


def test_an_invocation_is_known_by_its_last_state() -> None:
    """What is told again of an invocation replaces what was told before, in its place."""
    log = RequestLog()
    log.invoked(invoked("a", "t1", 1))
    log.invoked(invoked("b", "t2", 2))
    log.invoked(invoked("a", "t1", 1, failed=True))
    assert ids(log) == ["b", "a"]
    assert log.find("a") == invoked("a", "t1", 1, failed=True)


def test_what_a_request_called_is_no_entry() -> None:
    """Listed is what came from outside: a request, a direct invocation, a queue's; not what they called."""
    log = RequestLog()
    log.invoked(invoked("front", "t1", 1))
    log.invoked(invoked("worker", "t1", 2))
    log.answered(request("r", 0.5, trace_id="t1", invocation_id="front"))
    log.invoked(invoked("direct", "t2", 3))
    log.invoked(invoked("below", "t2", 4))
    assert ids(log) == ["direct", "r"]


def test_a_stage_without_tracing_begins_another_trace() -> None:
    """What the function called in a trace of its own belongs to the request all the same."""
    log = RequestLog()
    log.invoked(invoked("front", "own", 1))
    log.invoked(invoked("worker", "own", 2))
    log.answered(request("r", 0.5, trace_id="stage", invocation_id="front"))
    entry = log.find("r")
    assert entry is not None
    assert [one.id for one in log.invocations_of(entry)] == ["front", "worker"]
    assert log.traces_of(entry) == ["stage", "own"]
    assert ids(log) == ["r"]


def test_found_by_the_trace() -> None:
    """A trace's id finds the request that began it, else the first invocation."""
    log = RequestLog()
    log.invoked(invoked("front", "t1"))
    log.invoked(invoked("worker", "t1"))
    assert log.find("t1") == invoked("front", "t1")
    log.answered(request("r", trace_id="t1"))
    assert log.find("t1") == request("r", trace_id="t1")
    assert log.find("t2") is None


def test_long_texts_are_cut() -> None:
    """A thousand requests with long URLs must not fill the memory."""
    assert shortened("x" * MOST_CHARACTERS) == "x" * MOST_CHARACTERS
    assert len(shortened("x" * 100_000)) == MOST_CHARACTERS
