"""A sentence for each thing that may decide, and the verdict that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.waterfall.why.facts import (
    OWN_TRACE,
    POST_ONLY,
    QUEUE,
    ROOT,
    STREAM,
    TRACE,
    complete,
    evidence,
    function,
    invocation,
    request,
    sampled,
    unsampled,
)
from waterfall.why.explain import brief, explain, explain_trace
from waterfall.why.facts import (
    ApiRequest,
    Decision,
    Evidence,
    Function,
    InvocationRecord,
    Refusal,
    StoredTrace,
)
from waterfall.why.reasons import Reason

if TYPE_CHECKING:
    from waterfall.why.reasons import Explanation

Entry = ApiRequest | InvocationRecord


def said(explanation: Explanation, words: str) -> Reason:
    """Return the one sentence with these words."""
    found = [reason for reason in explanation.reasons if words in reason.text]
    assert len(found) == 1, [reason.text for reason in explanation.reasons]
    return found[0]


def untold(**fields: Any) -> Entry:
    """A request that nothing decided against and that called nothing, but for these fields."""
    return request(**{"decision": None, **fields})


DECLINED = {
    "unknown stage": (
        request(api_name=None, stage="prod", status=403, function=None, decision=None, trace_id=None),
        "No stage prod of an API abc is deployed",
        "no stage prod of an API abc is deployed",
        "no such stage",
    ),
    "no stage in the URL": (
        request(api_name=None, stage="", status=403, function=None, decision=None, trace_id=None),
        "No stage (none) of an API abc is deployed",
        "no stage (none) of an API abc is deployed",
        "no such stage",
    ),
    "tracing off": (
        untold(tracing=False),
        "X-Ray tracing is off for the stage shop/dev",
        "tracing is off for the stage shop/dev",
        "stage: tracing off",
    ),
    "header Sampled=0": (
        request(header=f"{ROOT};Sampled=0", decision=Decision(False)),
        "says Sampled=0: API Gateway obeys, no rule was asked",
        "the X-Amzn-Trace-Id that came says Sampled=0",
        "header: Sampled=0",
    ),
    "reservoir and rate": (
        request(decision=unsampled()),
        "The rule all (priority 1000) did not sample it: reservoir of 1/s was used up; 5 % rate",
        "rule all did not sample it (reservoir of 1/s was used up; 5 % rate)",
        "rule: 5 %",
    ),
    "rate alone": (
        request(decision=unsampled(reservoir=0, share=0)),
        "did not sample it: no reservoir; 5 % rate",
        "rule all did not sample it (no reservoir; 5 % rate)",
        "rule: 5 %",
    ),
    "reservoir lent": (
        request(decision=unsampled(share=0)),
        "the reservoir of 1/s is lent to SDKs that sample; 5 % rate",
        "rule all did not sample it (the reservoir of 1/s is lent to SDKs that sample; 5 % rate)",
        "rule: 5 %",
    ),
    "ignored route": (
        request(decision=unsampled("shop-dev-ignored-1", reservoir=0, share=0, rate=0.0, priority=200)),
        "The rule shop-dev-ignored-1 (priority 200) did not sample it: no reservoir; 0 % rate",
        "rule shop-dev-ignored-1 did not sample it (no reservoir; 0 % rate)",
        "rule: never",
    ),
    "boosted": (
        request(decision=unsampled(boosted=True)),
        "Its sampling boost has no effect here.",
        "rule all did not sample it (reservoir of 1/s was used up; 5 % rate)",
        "rule: 5 %",
    ),
    "invoked: Lambda's own rule": (
        invocation(header="", sampled=None, recorded=False, decision=unsampled(None, priority=None)),
        "invoked without a decision, so Lambda's own rule decided: it is not traced, reservoir of 1/s",
        "Lambda's own rule did not sample it (reservoir of 1/s was used up; 5 % rate)",
        "Lambda's own rule",
    ),
    "invoked: Sampled=0": (
        invocation(header=f"{ROOT};Sampled=0", sampled=False, recorded=False),
        "The X-Amzn-Trace-Id that front was invoked with says Sampled=0",
        "its caller said Sampled=0",
        "caller: Sampled=0",
    ),
    "invoked: PassThrough": (
        invocation(header="", sampled=None, recorded=False, mode="PassThrough"),
        "front has Lambda's tracing mode PassThrough: Lambda sends no segments for it, and decides nothing",
        "Lambda's tracing mode of front is PassThrough",
        "function: PassThrough",
    ),
    "queue: senders": (
        invocation(header="Sampled=0", sampled=False, recorded=False, event_source=QUEUE),
        "The messages' senders say Sampled=0",
        "who sent the messages was not sampled",
        "senders not sampled",
    ),
}


@pytest.mark.parametrize(("entry", "sentence", "clause", "short"), DECLINED.values(), ids=DECLINED.keys())
def test_what_decides_against_a_trace(entry: Entry, sentence: str, clause: str, short: str) -> None:
    """It is the verdict, one sentence with a way out, and a few words in the list."""
    explanation = explain(evidence(entry))
    assert explanation.verdict == f"No trace: {clause}"
    assert explanation.trace_id is None
    reason = said(explanation, sentence)
    assert (reason.state, bool(reason.fix)) == ("stop", True)
    assert brief(entry, ()) == short
    assert len(short.split()) <= 3


ALLOWED = {
    "no header": (request(), "info", "No X-Amzn-Trace-Id came with the request."),
    "traceparent": (request(w3c=True), "info", "W3C's traceparent came with it; API Gateway ignores it."),
    "Sampled=1": (
        request(header=f"{ROOT};Sampled=1", decision=Decision(True)),
        "ok",
        "says Sampled=1: it is traced, no rule was asked.",
    ),
    "Sampled=?": (request(header=f"{ROOT};Sampled=?"), "info", "left the decision open (Sampled=?)."),
    "root alone": (request(header=ROOT), "info", "left the decision open (no Sampled)."),
    "malformed": (request(header="Root=1-abc;Sampled=0"), "info", "has no well-formed Root="),
    "Self": (
        request(header=f"Self=1-x;{ROOT}"),
        "info",
        "Its Self= is a load balancer's and decides nothing.",
    ),
    "reservoir": (
        request(),
        "ok",
        "The rule all (priority 1000) sampled it: it took one of the reservoir of 1/s.",
    ),
    "chance": (
        request(decision=sampled(taken=False)),
        "ok",
        "sampled it: the reservoir was used up, and chance took it (5 %).",
    ),
    "chance alone": (
        request(decision=sampled(taken=False, share=0, reservoir=0)),
        "ok",
        "sampled it: chance took it (5 %).",
    ),
    "rate 100 %": (request(decision=sampled(taken=False, rate=1.0)), "ok", "sampled it: its rate is 100 %."),
    "other rules": (
        request(decision=sampled(passed_over=(POST_ONLY,))),
        "info",
        "Tried first, by priority, and not for this request: critical (priority 100: HTTPMethod POST).",
    ),
    "no route": (
        request(route=None, function=None, status=403, error="Missing Authentication Token"),
        "info",
        "403 Missing Authentication Token, as the API has no route for GET /dev/hello: no function",
    ),
    "another service": (
        request(function=None, status=200),
        "ok",
        "What its route GET /hello leads to is no function, and answered.",
    ),
    "throttled": (
        request(function=None, status=429, error="Too Many Requests"),
        "info",
        "throttling let it not through",
    ),
    "too large": (
        request(function=None, status=413, error="Request Too Long"),
        "info",
        "its body is larger than API Gateway takes",
    ),
    "API key": (request(function=None, status=403, error="Forbidden"), "info", "without a valid API key"),
    "unsigned, REST": (
        request(function=None, status=403, error="Missing Authentication Token"),
        "info",
        "as it was not signed with Signature Version 4",
    ),
    "no token": (
        request(function=None, status=401, error="Unauthorized"),
        "info",
        "as it came without what its authorizer asks for",
    ),
    "denied": (
        request(function=None, status=403, error="User is not authorized to access this resource"),
        "info",
        "as its authorizer did not allow it",
    ),
    "invoked: Lambda's own rule": (
        invocation(header="", sampled=None, decision=sampled(None, priority=None)),
        "ok",
        "Lambda's own rule decided: it is traced, it took one of the reservoir of 1/s.",
    ),
    "invoked: Sampled=1": (invocation(), "ok", "was invoked with says Sampled=1: it is traced"),
    "invoked asynchronously": (
        invocation(type="Event", status=202),
        "ok",
        "front was invoked asynchronously.",
    ),
    "queue": (
        invocation(event_source=QUEUE, links=(OWN_TRACE,)),
        "ok",
        "messages of the queue work: a trace of its own, linked to 1 of the senders' traces.",
    ),
    "stream": (
        invocation(event_source=STREAM),
        "ok",
        "records of the table orders's stream: a trace of its own. Streams carry no trace header",
    ),
}


@pytest.mark.parametrize(("entry", "state", "sentence"), ALLOWED.values(), ids=ALLOWED.keys())
def test_what_decides_for_a_trace_or_nothing(entry: Entry, state: str, sentence: str) -> None:
    """It is one sentence, and no verdict against a trace."""
    explanation = explain(evidence(entry))
    assert said(explanation, sentence).state == state
    assert explanation.verdict == "No trace: it was sampled, but nothing has arrived"


LEFT = {
    "spans": (
        invocation(),
        function(),
        2,
        "ok",
        "front sent 2 of its own spans (otel) besides Lambda's segments.",
    ),
    "still running": (invocation(end=None, failed=None), function(), 0, "info", "front still runs"),
    "mode off": (invocation(), function(TRACING_MODE="off"), 0, "gap", "tracing is off (TRACING_MODE=off)"),
    "no layer": (invocation(), function(layers=()), 0, "gap", "It has no layer"),
    "no mode": (invocation(), function(TRACING_MODE=""), 0, "gap", "It names no TRACING_MODE"),
    "silent": (invocation(), function(), 0, "gap", "though its tracing is set to otel"),
    "silent ADOT": (
        invocation(),
        function(TRACING_MODE="", AWS_LAMBDA_EXEC_WRAPPER="/opt/otel-instrument"),
        0,
        "gap",
        "though its tracing is set to ADOT",
    ),
    "PassThrough": (
        invocation(mode="PassThrough", recorded=False),
        function(mode="PassThrough"),
        0,
        "gap",
        "front has Lambda's tracing mode PassThrough: Lambda sends no segments for it.",
    ),
    "not yet": (invocation(), function(), None, "info", "Lambda's own segment of front has not arrived yet"),
    "throttled": (
        invocation(status=429),
        function(),
        None,
        "info",
        "Lambda throttled the call of front (429)",
    ),
}


@pytest.mark.parametrize(("called", "configured", "own", "state", "sentence"), LEFT.values(), ids=LEFT.keys())
def test_what_a_function_of_a_traced_request_left(
    called: InvocationRecord, configured: Function, own: int | None, state: str, sentence: str
) -> None:
    """What it sent itself, or why it sent nothing; a part that is missing is in the verdict."""
    stored = (StoredTrace(TRACE, {} if own is None else {called.id: own}),)
    facts = replace(complete(), invocations=(called,), functions={"front": configured}, stored=stored)
    explanation = explain(facts)
    assert said(explanation, sentence).state == state
    missing = ", with a part missing" if state == "gap" else ""
    assert explanation.verdict == f"There is a trace: {TRACE}{missing}"


KEEPS: dict[str, Any] = {"TRACING_KEEP": "fault"}
UNSAMPLED = {
    "kept": (
        invocation(failed=True),
        function(**KEEPS),
        2,
        "ok",
        "although it was not sampled: keepErrors kept it",
    ),
    "nothing failed": (
        invocation(),
        function(**KEEPS),
        0,
        "info",
        "keepErrors (fault) had no reason to send front",
    ),
    "lost": (
        invocation(failed=True),
        function(**KEEPS),
        0,
        "gap",
        "front failed, and keepErrors (fault) sent nothing",
    ),
    "native": (
        invocation(failed=True),
        function(**KEEPS, TRACING_MODE="native"),
        0,
        "info",
        "keepErrors (fault) does nothing in front: the native X-Ray SDK records nothing unsampled.",
    ),
    "not set": (
        invocation(failed=True),
        function(),
        0,
        "info",
        "nothing keeps failures that are not sampled",
    ),
    "off": (invocation(), function(TRACING_MODE="off"), 0, "info", "front sends nothing itself"),
    "gone": (invocation(failed=True), None, 0, "info", "nothing keeps failures that are not sampled"),
}


@pytest.mark.parametrize(
    ("called", "configured", "own", "state", "sentence"), UNSAMPLED.values(), ids=UNSAMPLED.keys()
)
def test_what_a_function_of_an_unsampled_request_left(
    called: InvocationRecord, configured: Function | None, own: int, state: str, sentence: str
) -> None:
    """What keepErrors kept, or why not."""
    called = replace(called, sampled=False, recorded=False)
    explanation = explain(
        evidence(
            request(decision=unsampled()),
            invocations=(called,),
            functions={"front": configured} if configured else {},
            stored=(StoredTrace(TRACE, {called.id: own}, "fault"),) if own else (),
        )
    )
    assert said(explanation, sentence).state == state
    assert said(explanation, "front was called with Sampled=0 and obeyed.").state == "info"


def test_a_whole_trace() -> None:
    """All is as it should be, and the trace is named."""
    explanation = explain(complete())
    assert (explanation.verdict, explanation.trace_id) == (f"There is a trace: {TRACE}", TRACE)
    assert {reason.state for reason in explanation.reasons} == {"ok", "info"}
    assert said(explanation, f"4 segment documents arrived: X-Ray has the trace {TRACE}.")
    assert brief(request(), (TRACE,)) == "traced"


def test_a_kept_trace() -> None:
    """The trace is there although the rule said no."""
    stored = (StoredTrace(TRACE, {"front-1": 2}, "fault"),)
    explanation = explain(evidence(request(decision=unsampled()), stored=stored, documents={TRACE: 1}))
    assert explanation.verdict == (
        f"There is a trace: {TRACE}, of what was kept; "
        "rule all did not sample it (reservoir of 1/s was used up; 5 % rate)"
    )
    assert said(explanation, "1 segment document arrived").text.endswith("It was kept: fault.")
    assert brief(request(decision=unsampled()), (TRACE,)) == "partly"


def test_a_trace_of_the_same_id_by_others() -> None:
    """A client that reuses a trace id with Sampled=0 is told that this request is not in that trace."""
    entry = request(header=f"{ROOT};Sampled=0", decision=Decision(False))
    verdict = explain(evidence(entry, stored=(StoredTrace(TRACE),))).verdict
    assert verdict.startswith(f"There is a trace: {TRACE}, but this is not in it; the X-Amzn-Trace-Id")


def test_a_function_behind_a_stage_without_tracing_begins_its_own() -> None:
    """The stage hands on no decision, so Lambda's own rule decides, and the trace has another id."""
    entry = request(tracing=False, decision=None)
    called = invocation(trace_id=OWN_TRACE, header="", sampled=None, decision=sampled(None, priority=None))
    stored = (StoredTrace(OWN_TRACE, {"front-1": 2}),)
    explanation = explain(
        evidence(entry, invocations=(called,), functions={"front": function()}, stored=stored)
    )
    assert explanation.verdict == (
        f"There is a trace, which a function began itself: {OWN_TRACE}; tracing is off for the stage shop/dev"
    )
    assert said(explanation, "front was invoked without a decision").state == "ok"
    assert brief(entry, (OWN_TRACE,)) == "function's own"


def test_what_x_ray_refused_and_the_daemon_lost() -> None:
    """Refused documents are named with the reason, lost datagrams and dropped packets are counted."""
    facts = replace(
        complete(),
        refused=(Refusal("work", "Invalid segment. ErrorCode: MissingName"), Refusal(None, "other")),
        daemon={
            "lost": 3,
            "rejected: no newline after the header": 2,
            "rejected: X-Ray answered X": 1,
            "documents": 9,
        },
    )
    explanation = explain(facts)
    assert explanation.verdict == f"There is a trace: {TRACE}, with a part missing"
    assert (
        said(explanation, "refused a document of work: Invalid segment. ErrorCode: MissingName").state
        == "gap"
    )
    assert said(explanation, "refused a document: other")
    assert said(explanation, "The daemon lost 3 datagrams").fix
    assert said(explanation, "dropped 2 packets").text.endswith("no newline after the header.")
    assert not any("X-Ray answered X" in reason.text for reason in explanation.reasons)


@pytest.mark.parametrize(
    ("kind", "lacked"),
    [("URL", "it was not signed with Signature Version 4"), ("HTTP", "its authorizer did not allow it")],
)
def test_a_request_that_was_refused_before_a_function(kind: str, lacked: str) -> None:
    """What X-Ray does not know sends no segment, so there is nothing that could have arrived."""
    entry = request(function=None, status=403, api_type=kind, error="Forbidden", decision=None)
    explanation = explain(evidence(entry))
    assert explanation.verdict == "No trace: no function was called, and nothing else sends segments of it"
    assert said(explanation, f"403 Forbidden, as {lacked}: no function was called.").state == "info"
    assert brief(entry, []) == "no function"


def test_a_trace_that_only_had_refused_documents() -> None:
    """Sampled, but nothing was accepted: the verdict says so."""
    explanation = explain(evidence(request(), refused=(Refusal("work", "no"),)))
    assert explanation.verdict == "No trace: it was sampled, but X-Ray refused what arrived"


def test_a_traces_own_warnings_are_told() -> None:
    """Such as one over X-Ray's size limit."""
    facts = replace(
        complete(), stored=(StoredTrace(TRACE, {"front-1": 2}, None, ("this trace is over the limit",)),)
    )
    assert said(explain(facts), "this trace is over the limit").state == "gap"


def test_a_trace_whose_request_is_forgotten() -> None:
    """What has arrived is all that can be told."""
    began = int(TRACE[2:10], 16)
    known = [Reason("info", "forgotten")]
    stored = Evidence(None, documents={TRACE: 2}, stored=(StoredTrace(TRACE),))
    there = explain_trace(TRACE, stored, known, began + 5)
    assert there.reasons[0] == known[0]
    assert (there.verdict, there.trace_id) == (f"There is a trace: {TRACE}", TRACE)
    missing = explain_trace(TRACE, Evidence(None), known, began + 5)
    assert missing.verdict == "No trace: nothing of it has arrived, and no request of it is known"
    old = explain_trace(TRACE, Evidence(None), known, began + 40 * 86400)
    assert old.verdict == "No trace: it would be 40 days old, and X-Ray keeps traces for 30 days"


def test_nothing_to_explain() -> None:
    """Without a request there is no explanation."""
    with pytest.raises(ValueError, match="no request"):
        explain(Evidence(None))


@pytest.mark.parametrize(("kind", "named"), [("HTTP", "HTTP APIs"), ("URL", "Function URLs")])
def test_the_function_decides_about_what_x_ray_does_not_know(kind: str, named: str) -> None:
    """An HTTP API and a function URL decide nothing: Lambda's side is what is told, and not a setting."""
    entry = request(api_type=kind, tracing=False, decision=None)
    asked = invocation(header="", sampled=None, recorded=False, decision=unsampled(None, priority=None))
    explanation = explain(evidence(entry, invocations=(asked,)))
    told = said(explanation, f"{named} have no X-Ray tracing")
    assert told.state == "info"
    assert explanation.verdict.startswith("No trace: Lambda's own rule did not sample it")
    assert "xray_tracing_enabled" not in str(explanation)
