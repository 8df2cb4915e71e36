from __future__ import annotations

import json

import pytest

from embedded_aws.aws.interfaces import Draw, PassedOver, SamplingDecision
from embedded_aws.journal.answers import Arrivals, RequestAnswers
from embedded_aws.journal.log import RequestLog
from embedded_aws.journal.records import MOST_BODY, MOST_CHARACTERS, Sent, sent
from embedded_aws.xray.intake.refusals import Refusal
from tests.embedded_aws.journal.test_log import invoked, request

DECISION = SamplingDecision(
    sampled=False,
    rule_name="all",
    draw=Draw(False, 1, 1, 0.05, 1000, passed_over=(PassedOver("critical", 100, "HTTPMethod", "POST"),)),
)
REFUSAL = Refusal("t1", "work", "MissingId", "Invalid segment. ErrorCode: MissingId")


def answers(log: RequestLog) -> RequestAnswers:
    """Two documents of the trace `t1` are stored, one was refused."""
    arrivals = Arrivals(
        documents=lambda ids: {id_: 2 for id_ in ids if id_ == "t1"},
        refused=lambda ids: [REFUSAL] if "t1" in ids else [],
        counts=lambda: {"lost": 4},
    )
    return RequestAnswers(log, arrivals)


def test_the_list_says_which_traces_are_there() -> None:
    """Each request with what decided, as plain JSON, newest first, no more than asked for."""
    log = RequestLog()
    log.answered(request("r1", 1, trace_id="t1", decision=DECISION))
    log.invoked(invoked("i", "t2", 2))
    told = json.loads(json.dumps(answers(log).newest()))["requests"]
    assert [(one["kind"], one["id"], one["traces"]) for one in told] == [
        ("invocation", "i", []),
        ("request", "r1", ["t1"]),
    ]
    assert told[1]["decision"]["draw"]["passed_over"] == [
        {"rule_name": "critical", "priority": 100, "field": "HTTPMethod", "pattern": "POST"}
    ]
    assert [one["id"] for one in answers(log).newest(1)["requests"]] == ["i"]


def test_one_request_with_what_arrived() -> None:
    """A request, its invocations, and of its traces the documents, the refused ones, the daemon's counts."""
    log = RequestLog()
    log.invoked(invoked("front", "t1"))
    log.answered(request("r1", trace_id="t1", invocation_id="front"))
    told = json.loads(json.dumps(answers(log).one("r1")))
    assert told["entry"]["id"] == "r1"
    assert [one["id"] for one in told["invocations"]] == ["front"]
    assert told["documents"] == {"t1": 2}
    assert told["refused"][0]["message"] == REFUSAL.message
    assert told["daemon"] == {"lost": 4}


def test_an_unknown_id_may_be_a_trace_of_elsewhere() -> None:
    """Nothing is known of the request, but of the trace what has arrived."""
    told = answers(RequestLog()).one("t1")
    assert (told["entry"], told["invocations"], told["documents"]) == (None, [], {"t1": 2})
    assert answers(RequestLog()).one("other")["documents"] == {}


def test_what_a_client_sent_is_told_of_one_request_alone() -> None:
    """A list of a thousand would be long."""
    log = RequestLog()
    log.answered(request("r1", 1, trace_id="t1", sent=sent([("Accept", "a/b")], b'{"name": "Ada"}')))
    told = json.loads(json.dumps(answers(log).one("t1")))["entry"]
    assert told["sent"] == {"headers": [["Accept", "a/b"]], "body": '{"name": "Ada"}', "size": 15}
    assert "sent" not in answers(log).newest()["requests"][0]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"x" * (MOST_BODY + 1)])
def test_a_body_that_is_no_text_or_too_long_is_only_counted(body: bytes) -> None:
    assert sent([], body) == Sent((), None, len(body))


def test_a_long_header_is_cut() -> None:
    ((_, value),) = sent([("Cookie", "x" * 9_000)], b"").headers
    assert len(value) == MOST_CHARACTERS
