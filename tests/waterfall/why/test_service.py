"""Facts gathered over HTTP from a server, and what the command prints of them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.aws.interfaces import Draw, SamplingDecision
from embedded_aws.journal.records import ApiRequest, InvocationRecord
from embedded_aws.xray.sampling_rules import Rule
from tests.waterfall import samples
from tests.waterfall.why.facts import function
from waterfall.cli import main
from waterfall.shell import typed
from waterfall.traces.client import ReadError, Source, connect
from waterfall.why.question import question
from waterfall.why.service import Explainer, UnknownRequestError

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

NOW = samples.T0 + 65
UNKNOWN = "1-6553f100-ffffffffffffffffffffffff"
NO = SamplingDecision(False, "all", Draw(False, 1, 1, 0.05, 1000))
REST_API = {"id": "abc", "name": "shop"}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setenv("COLUMNS", "100")


def request(id_: str = "r1", **fields: Any) -> ApiRequest:
    made = ApiRequest(
        id_, samples.T0 + 60, samples.T0 + 61, "GET", "/dev/hello", 200, "abc", "dev", api_name="shop",
        route="GET /hello", tracing=True, trace_id=UNKNOWN, decision=NO, function="front", invocation_id="f1",
    )  # fmt: skip
    return replace(made, **fields)


def invoked(id_: str, **fields: Any) -> InvocationRecord:
    made = InvocationRecord(
        id_, samples.T0 + 60, "front", "RequestResponse", "Active", UNKNOWN, "", False, recorded=False,
        failed=False, end=samples.T0 + 61,
    )  # fmt: skip
    return replace(made, **fields)


def ask(api: Api, *words: str) -> str:
    return Explainer(api.reader(), api.source).ask(question(words), NOW).explanation.verdict


def run(api: Api, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["why", *arguments, "--endpoint", api.endpoint]) == 0
    return capsys.readouterr().out


def stage(api: Api, *, tracing: bool, path: str = "/hello") -> None:
    """Let API Gateway's API know a stage with one route, which calls `front`."""

    def reply(url: str, told: Any) -> None:
        body = json.dumps(told).encode()
        api.replies[url] = lambda: (200, {"Content-Type": "application/json"}, body)

    arn = "arn:aws:lambda:us-east-1:1:function:front"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}"
    resources = [
        {"id": "root", "path": "/"},
        {"id": "any", "path": "/{proxy+}", "resourceMethods": {"ANY": {}}},
        {"id": "r", "path": path, "resourceMethods": {"GET": {}}},
    ]
    settings = {"stageName": "dev", "tracingEnabled": tracing}
    reply("/restapis", {"item": [REST_API]})
    reply("/restapis/abc/stages/dev", settings)
    reply("/restapis/abc/stages", {"item": [settings]})
    reply("/restapis/abc/resources?embed=methods", {"item": resources})
    reply("/restapis/abc/resources/r/methods/GET/integration", {"uri": f"{uri}/invocations"})
    reply("/restapis/abc/resources/any/methods/ANY/integration", {"uri": ""})
    api.functions(function())


def test_by_every_name(api: Api) -> None:
    """A request is found by its id, its beginning, its trace, its URL; without a name it is the last one."""
    api.log.answered(request("11111111-0000-4000-8000-000000000001", at=1.0))
    api.log.answered(
        request("22222222-0000-4000-8000-000000000002", api_name=None, stage="prod", url="/prod/x")
    )
    api.log.invoked(invoked("q", trace_id="t2", at=NOW, event_source="arn:aws:sqs:us-east-1:1:work"))
    ruled = "No trace: rule all did not sample it (reservoir of 1/s was used up; 5 % rate)"
    for words in (["11111111-0000-4000-8000-000000000001"], ["11111111"], [UNKNOWN], ["GET", "/hello"]):
        assert ask(api, *words) == ruled
    assert ask(api) == "No trace: no stage prod of an API abc is deployed"


def test_by_a_part_of_the_trace_s_id(api: Api) -> None:
    """Where no request has such an id, and only one trace has it."""
    api.put(samples.request())
    whole = ask(api, samples.TRACE_ID)
    assert samples.TRACE_ID in whole
    assert ask(api, samples.TRACE_ID[-18:]) == ask(api, samples.TRACE_ID[:14]) == whole
    api.put(samples.consumer())
    with pytest.raises(UnknownRequestError, match="no request 89abcdef is remembered"):
        ask(api, "89abcdef")


def test_what_functions_left_is_read_from_the_trace(api: Api) -> None:
    """The trace and the functions' settings come from AWS's own APIs."""
    api.put(samples.request())
    api.functions(function("traced-api-dev-front"))
    sampled = SamplingDecision(True, "all", Draw(True, 1, 1, 0.05, 1000))
    api.log.answered(request(trace_id=samples.TRACE_ID, decision=sampled))
    answer = Explainer(api.reader(), api.source).ask(question([samples.TRACE_ID]), NOW)
    assert answer.explanation.verdict == f"There is a trace: {samples.TRACE_ID}"
    assert any("segment documents arrived" in reason.text for reason in answer.explanation.reasons)


def test_refused_documents_and_lost_datagrams_are_told(api: Api) -> None:
    """What X-Ray refused of this trace, and what the daemon lost."""
    api.log.answered(request(decision=SamplingDecision(True)))
    api.xray.put(
        [json.dumps({"trace_id": UNKNOWN, "id": "0123456789abcdef", "name": "work", "start_time": 1.0})]
    )
    api.daemon["lost"] = 7
    answer = Explainer(api.reader(), api.source).ask(question([UNKNOWN]), NOW)
    told = " ".join(reason.text for reason in answer.explanation.reasons)
    assert answer.explanation.verdict == "No trace: it was sampled, but X-Ray refused what arrived"
    assert "X-Ray refused a document of work: Invalid segment. ErrorCode: MissingEndTime" in told
    assert "The daemon lost 7 datagrams" in told


def test_a_request_that_nobody_remembers_is_explained_as_the_stack_is_set(api: Api) -> None:
    """Stage, rule and function of its URL, by AWS's own APIs."""
    stage(api, tracing=True)
    answer = Explainer(api.reader(), api.source).ask(question(["GET", "/hello"]), NOW)
    assert answer.entry is None
    assert (
        answer.explanation.verdict == "Such a request is traced: 1 per second, then 5 % of the rest by chance"
    )
    told = [reason.text for reason in answer.explanation.reasons]
    assert told[0].startswith("No such request is remembered")
    assert "It calls front, whose Lambda tracing mode is Active." in told


def test_a_function_that_may_not_be_read_is_not_said_to_be_absent(api: Api) -> None:
    """Without the permission its part is not known, and the permission is named."""
    stage(api, tracing=True)
    told = "User: me is not authorized to perform: lambda:GetFunctionConfiguration on resource: front"
    denied = json.dumps({"Message": told}).encode()
    api.replies["/2015-03-31/functions/front/configuration"] = lambda: (
        403,
        {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"},
        denied,
    )
    explainer = Explainer(api.reader(), api.source)
    reasons = explainer.ask(question(["GET", "/hello"]), NOW).explanation.reasons
    assert not [one for one in reasons if "calls no function" in one.text]
    (gap,) = [one.text for one in reasons if one.state == "gap"]
    assert gap.startswith("It calls front, whose part in the trace is not known: Lambda refused")
    assert "lambda:GetFunctionConfiguration" in gap


def test_a_rule_for_another_stage_does_not_decide(api: Api) -> None:
    """A rule's ResourceARN is compared with the ARN of the stage."""
    stage(api, tracing=True)
    apis = "arn:aws:apigateway:us-east-1::/restapis"
    api.sampling.create(
        Rule(
            name="other", priority=1, fixed_rate=0.0, reservoir_size=0, resource_arn=f"{apis}/xyz/stages/dev"
        )
    )
    api.sampling.create(
        Rule(name="own", priority=2, fixed_rate=1.0, reservoir_size=0, resource_arn=f"{apis}/abc/*")
    )
    explainer = Explainer(api.reader(), api.source)
    assert explainer.ask(question(["GET", "/hello"]), NOW).explanation.verdict == (
        "Such a request is traced: every request"
    )


def test_the_most_specific_route_is_meant(api: Api) -> None:
    """A path parameter comes before a greedy one, which takes the rest."""
    stage(api, tracing=True, path="/orders/{id}")
    url = "https://abc.execute-api.us-east-1.amazonaws.com/dev/orders"
    explainer = Explainer(api.reader(), api.source)
    assert any(
        "It calls front" in one.text for one in explainer.ask(question([f"{url}/7"]), NOW).explanation.reasons
    )
    rest = explainer.ask(question([f"{url}/7/lines"]), NOW).explanation.reasons
    assert any("calls no function" in one.text for one in rest)


def test_a_real_account_has_no_record_of_requests(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --aws nothing is asked of a server's own; the stage's setting and the rules explain."""
    stage(api, tracing=False)
    for name, value in {
        **{f"AWS_ENDPOINT_URL_{service}": api.endpoint for service in ("XRAY", "LAMBDA", "API_GATEWAY")},
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    source = Source(aws=True, region="us-east-1")
    explainer = Explainer(connect(source), source)
    explanation = explainer.ask(question(["GET", "/hello"]), NOW).explanation
    assert explanation.verdict == "No trace: tracing is off for the stage shop/dev"
    assert explanation.reasons[0].text.startswith(
        "AWS records neither past requests nor how they were sampled"
    )
    assert explainer.newest(10) is None
    for words in ([], ["r1-2"]):
        with pytest.raises(ReadError, match="AWS remembers no requests"):
            explainer.ask(question(words), NOW)
    missing = explainer.ask(question([UNKNOWN]), NOW).explanation
    assert missing.verdict == "No trace: nothing of it has arrived, and no request of it is known"
    assert "the trace itself is all there is" in missing.reasons[0].text
    assert not [path for path, _ in api.requests if path.startswith("/_local")]


def test_transaction_search_keeps_traces_elsewhere(api: Api) -> None:
    """An account that keeps spans in CloudWatch Logs shows only indexed traces here."""
    api.reader()._xray.update_trace_segment_destination(Destination="CloudWatchLogs")
    explainer = Explainer(api.reader(), replace(api.source, aws=True))
    told = explainer.ask(question([UNKNOWN]), NOW).explanation.reasons
    assert any("Transaction Search is on" in reason.text for reason in told)


def test_unknown_requests(api: Api) -> None:
    """Nothing has come, or nothing of that id: what can be asked instead is said."""
    with pytest.raises(UnknownRequestError, match="no request has come yet"):
        ask(api)
    with pytest.raises(UnknownRequestError, match="--list` shows the last ones"):
        ask(api, "12345678")
    assert ask(api, UNKNOWN) == "No trace: nothing of it has arrived, and no request of it is known"


def test_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a server the error says how to start one."""
    assert main(["why", "--endpoint", "http://127.0.0.1:1"]) == 1
    assert f"start a local stack with `{typed('up')}`" in capsys.readouterr().err


def test_the_command_explains(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict first, then the request, then a sentence for each thing, with the way out."""
    api.log.answered(request())
    lines = run(api, capsys).splitlines()
    assert lines[0] == "No trace: rule all did not sample it (reservoir of 1/s was used up; 5 % rate)"
    assert lines[1] == "GET /dev/hello → 200 · request r1 · 5 s ago"
    assert "✓ The request reached the stage shop/dev and was answered 200." in lines
    assert any(line.startswith("✗ The rule all (priority 1000)") for line in lines)
    assert any(line.startswith("   → Raise the rule") for line in lines)


def test_the_command_lists(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, newest first, with the beginning of the id, which the command takes."""
    api.log.answered(request("12345678-aaaa"))
    api.log.invoked(
        invoked("87654321-bbbb", trace_id="t2", at=NOW, event_source="arn:aws:sqs:us-east-1:1:work")
    )
    head, *lines = run(api, capsys, "--list").splitlines()
    assert head.split() == ["age", "request", "status", "trace", "id"]
    assert [line.split() for line in lines] == [
        ["now", "queue", "front", "200", "✗", "senders", "not", "sampled", "87654321"],
        ["5", "s", "GET", "/dev/hello", "200", "✗", "rule:", "5", "%", "12345678"],
    ]
    assert run(api, capsys, "12345678").startswith("No trace: rule all")


def test_the_command_prints_json(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for machines."""
    api.log.answered(request())
    told = json.loads(run(api, capsys, "--json"))
    assert (told["format"], told["request"]["id"], told["trace_id"]) == ("waterfall.why/1", "r1", None)
    assert [one["state"] for one in told["reasons"]].count("stop") == 1
    listed = json.loads(run(api, capsys, "--list", "--json"))
    assert [(one["id"], one["brief"]) for one in listed["requests"]] == [("r1", "rule: 5 %")]


def test_text_of_requests_is_harmless(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a URL or a header do not reach the terminal."""
    evil = "\x1b]0;owned\x07\u202e" + "x" * 5000
    api.log.answered(request(url=f"/dev/{evil}", header=evil, route=None, function=None, status=403))
    for text in (run(api, capsys), run(api, capsys, "--list")):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert all(len(line) <= 100 for line in text.splitlines())


def test_a_senseless_question_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and what can be given."""
    for arguments in (["why", "?"], ["why", "--list", "r1-2"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
    assert "not both" in capsys.readouterr().err
