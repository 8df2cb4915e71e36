"""The first request to a fresh stack, and what is said about it."""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from embedded_aws.server import Status
from tests.waterfall import samples
from tests.waterfall.samples import TRACE_ID
from waterfall.commands.welcome import Welcome
from waterfall.pulumi.workspace import Kept, Workspace
from waterfall.shell import typed
from waterfall.stack import first_request
from waterfall.stack.first_request import Polling
from waterfall.stack.registry import Noted, noted
from waterfall.stack.requests import read_request
from waterfall.terminal.screen import Screen
from waterfall.terminal.teller import Teller
from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.waterfall.conftest import Api

BASE = "/execute-api/k2v9x1/dev"
JSON_TYPE = {"Content-Type": "application/json"}
UNSAMPLED = f"Root={TRACE_ID};Sampled=0"
TRACED = {"X-Amzn-Trace-Id": f"Root={TRACE_ID};Parent=0123456789abcdef;Sampled=1"}


def stack_at(endpoint: str, api: str | None, tracing: str | None = "otel") -> Status:
    return Status(
        status="ready",
        stack="dev",
        region="us-east-1",
        tracing=tracing,
        api=api,
        apis={"shop/dev": api} if api else {},
        endpoint=endpoint,
        console="http://127.0.0.1:8080",
        daemon="127.0.0.1:2000",
        otlp="http://127.0.0.1:4318",
        outputs={},
    )


class Clock:
    """Time that passes only when someone waits; `events` happen when their time has come."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: list[tuple[float, Callable[[], None]]] = []

    def pause(self, seconds: float) -> None:
        self.now += seconds
        due = [event for event in self.events if event[0] <= self.now]
        self.events = [event for event in self.events if event[0] > self.now]
        for _, happen in due:
            happen()

    def polling(self, limit: float = 10.0) -> Polling:
        return Polling(limit, lambda: self.now, self.pause)


def answer(
    api: Api, path: str, body: object, status: int = 200, headers: Mapping[str, str] = JSON_TYPE
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    api.replies[path] = lambda: (status, headers, text.encode())


def deployed(api: Api, *paths: str, methods: tuple[str, ...] = ("GET",)) -> Status:
    """An API with these routes, as API Gateway describes it."""
    resources = [{"id": path, "path": path, "resourceMethods": {m: {} for m in methods}} for path in paths]
    answer(api, "/restapis", {"item": [{"id": "other"}, {"id": "k2v9x1"}]})
    answer(api, "/restapis/k2v9x1/resources", {"item": [{"id": "root", "path": "/"}, *resources]})
    answer(
        api,
        "/2015-03-31/event-source-mappings",
        {"EventSourceMappings": [{"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:jobs"}]},
    )
    return stack_at(api.endpoint, api.endpoint + BASE)


def greeted(stack: Status, clock: Clock, *, polling: float = 10.0) -> tuple[str, Welcome]:
    out = io.StringIO()
    welcome = Welcome(Teller(out, Screen(100)), now=lambda: samples.T0 + 65, polling=clock.polling(polling))
    welcome.greet(stack)
    return out.getvalue(), welcome


def test_request_and_waterfall_and_addresses_are_shown(api: Api) -> None:
    """The first request's answer, its waterfall, the consumer's trace and the addresses, in this order."""
    stack = deployed(api, "/hello/{name}", "/hello")
    answer(api, f"{BASE}/hello", '"Successfully invoked Lambda 2!"', headers=TRACED)
    api.put([*samples.request(), *samples.consumer()])
    text, welcome = greeted(stack, Clock())
    parts = [
        f'GET {stack.api}/hello → 200 "Successfully invoked Lambda 2!"',
        f"Trace {TRACE_ID}",
        "simulate slow work",
        f"linked trace, of the message's consumer: {samples.CONSUMER_ID}",
        f"  {typed('show')} --endpoint {api.endpoint} {samples.CONSUMER_ID}",
        f"try  curl {stack.api}/hello",
        "open  http://127.0.0.1:8080",
        "stop  Ctrl-C",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert not welcome.teller.failed


def test_warnings_are_whole_and_what_was_deployed_is_last(api: Api) -> None:
    """Each warning is printed in full, however long, and the last line counts the resources."""
    warning = (
        f"aws:ecr/repository:Repository 'net' ({'long/' * 30}__main__.py:3): this type is not supported here"
    )
    counts = {"run": 38, "stored only": 2, "skipped": 1}
    stack = replace(stack_at(api.endpoint, None), warnings=[warning], resources=counts)
    text, _ = greeted(stack, Clock())
    assert warning.replace(" ", "") in "".join(text.split())
    assert text.splitlines()[-1] == "41 resources: 38 run, 2 stored only, 1 skipped"


def test_what_became_of_no_resource_is_left_out(api: Api) -> None:
    """A kind that there are none of is not counted."""
    stack = replace(stack_at(api.endpoint, None), resources={"run": 1, "stored only": 0, "skipped": 0})
    assert greeted(stack, Clock())[0].splitlines()[-1] == "1 resource: 1 run"


def test_what_the_cli_and_sdks_need_is_printed(api: Api) -> None:
    """Three lines to copy: where, keys to sign with, and the region by both of its names."""
    lines = [line.strip() for line in greeted(stack_at(api.endpoint, None), Clock())[0].splitlines()]
    assert [line for line in lines if line.startswith("export ")] == [
        f"export AWS_ENDPOINT_URL={api.endpoint}",
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
    ]


def test_the_only_stack_needs_no_naming(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be typed names the endpoint once there are two."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    stack = stack_at(api.endpoint, None)
    with noted(Noted(api.endpoint, "us-east-1", "dev", "/shop")):
        assert f"  then  {typed('show')}    (" in greeted(stack, Clock())[0]
        with noted(Noted("http://127.0.0.1:1", "us-east-1", "dev", "/other")):
            assert f"  then  {typed('show')} --endpoint {api.endpoint}    (" in greeted(stack, Clock())[0]


def test_of_a_stack_that_ends_no_address_is_told(api: Api) -> None:
    """After `up --once` nothing of what could be typed would work."""
    out = io.StringIO()
    Welcome(Teller(out, Screen(100))).greet(stack_at(api.endpoint, None), stays=False)
    assert "no request was sent" in out.getvalue()
    assert api.endpoint not in out.getvalue()


def test_trace_is_waited_for(api: Api) -> None:
    """A trace that arrives in pieces is shown when it is whole."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", "ok", headers=TRACED)
    clock = Clock()
    documents = samples.orphaned()
    clock.events = [
        (0.2, lambda: api.put(documents[1:])),
        (0.4, lambda: api.put([samples.function("front", "f" * 16, "a000000000000001", 0.01, 0.05)])),
        (0.6, lambda: api.put(documents[:1])),
    ]
    text, welcome = greeted(stack, clock)
    assert "orphan" not in text
    assert "front.handler" in text
    assert not welcome.teller.failed
    assert 0.6 <= clock.now < 1


def test_missing_trace_is_a_failure(api: Api) -> None:
    """With tracing on, no trace within the polling is a failure."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", "ok", headers=TRACED)
    text, welcome = greeted(stack, Clock())
    assert f"no trace {TRACE_ID} came within 10 s of the response" in text
    assert welcome.teller.failed


def test_incomplete_trace_is_shown_at_last(api: Api) -> None:
    """What never becomes whole is shown as it is when polling ends."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", "ok", headers=TRACED)
    api.put(samples.timed_out())
    clock = Clock()
    text, _ = greeted(stack, clock, polling=2)
    assert "▲ unfinished" in text
    assert clock.now == pytest.approx(2, abs=0.1)


def test_tracing_off_is_said(api: Api) -> None:
    """Without tracing there is no trace to wait for, and no failure."""
    stack = stack_at(api.endpoint, deployed(api, "/hello").api, tracing="off")
    answer(api, f"{BASE}/hello", "ok", headers={"X-Amzn-Trace-Id": f"Root={TRACE_ID}"})
    text, welcome = greeted(stack, Clock())
    assert "tracing is off: this request left no trace" in text
    assert not welcome.teller.failed
    assert "/Traces" not in [path for path, _ in api.requests]


def test_what_is_traced_all_the_same_is_shown(api: Api) -> None:
    """`tracing: off` is about the functions; the stage may trace, and says so in its answer."""
    stack = stack_at(api.endpoint, deployed(api, "/hello").api, tracing="off")
    answer(api, f"{BASE}/hello", "ok", headers=TRACED)
    api.put([samples.function("front", "f" * 16, "a000000000000001", 0.01, 0.05)])
    text, _ = greeted(stack, Clock())
    assert f"Trace {TRACE_ID}" in text


def test_unsampled_request_is_said(api: Api) -> None:
    """A request that sampling passed over leaves no trace, and is no failure."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", "ok", headers={"X-Amzn-Trace-Id": f"Root={TRACE_ID};Sampled=0"})
    text, welcome = greeted(stack, Clock())
    assert "the sampling rules passed this request over" in text
    assert not welcome.teller.failed


def test_program_of_unknown_tracing_may_leave_no_trace(api: Api) -> None:
    """A program without the tracing setting is not blamed for the missing trace."""
    stack = stack_at(api.endpoint, deployed(api, "/hello").api, tracing=None)
    answer(api, f"{BASE}/hello", "ok", headers={"X-Amzn-Trace-Id": f"Root={TRACE_ID}"})
    text, welcome = greeted(stack, Clock())
    told = " ".join(text.split())
    assert "is tracing on in its stage and function?" in told
    assert f"why {TRACE_ID}` says what became of it" in told
    assert not welcome.teller.failed


def test_failed_request_is_a_failure_with_its_waterfall(api: Api) -> None:
    """A 5xx answer is a failure, and its trace is shown."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", '{"message": "Internal server error"}', 502, TRACED)
    api.put(samples.failed())
    text, welcome = greeted(stack, Clock())
    assert "→ 502" in text
    assert "LookupError" in text
    assert welcome.teller.failed


def test_response_to_an_unreadable_trace_id_is_a_failure(api: Api) -> None:
    """With tracing on, the answer has to name a trace if the request brings none."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", "ok", headers={})
    out = io.StringIO()
    asked = read_request("GET /hello", ["X-Amzn-Trace-Id: mine"])
    welcome = Welcome(Teller(out, Screen(100)), asked)
    welcome.greet(stack)
    assert "no X-Amzn-Trace-Id header" in out.getvalue()
    assert welcome.teller.failed


def test_the_request_that_was_asked_for_is_sent(api: Api) -> None:
    """In the place of the first route's, and it is what is to be tried again."""
    stack = deployed(api, "/hello", "/orders")
    answer(api, f"{BASE}/orders", "made", headers=TRACED)
    api.put(samples.request())
    out = io.StringIO()
    Welcome(Teller(out, Screen(160)), read_request('POST /orders {"sku": 1}')).greet(stack)
    text = out.getvalue()
    assert f"POST {stack.api}/orders → 200 made" in text
    assert f"curl -X POST {stack.api}/orders -H 'Content-Type: application/json' -d '{{\"sku\": 1}}'" in text


def test_outputs_are_printed_in_order(api: Api) -> None:
    """As `pulumi up` prints them."""
    stack = dataclasses.replace(stack_at(api.endpoint, None), outputs={"b": "two", "a": {"c": [1]}})
    out = io.StringIO()
    Welcome(Teller(out, Screen(100))).greet(stack)
    assert 'Outputs:\n    a : {"c": [1]}\n    b : "two"\n' in out.getvalue()


def test_no_api_is_said(api: Api) -> None:
    """A program without an API gets no request, and its addresses."""
    text, welcome = greeted(stack_at(api.endpoint, None), Clock())
    assert "deploys no API and no function URL" in text
    assert "127.0.0.1:2000" in text
    assert not welcome.teller.failed


def test_a_program_of_a_state_machine_says_how_to_start_it(api: Api) -> None:
    """Without an API there is nothing to request, but what the outputs name can be started."""
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:flow"
    text, _ = greeted(replace(stack_at(api.endpoint, None), outputs={"a": 1, "arn": machine}), Clock())
    assert f"try  aws stepfunctions start-execution --state-machine-arn {machine}" in text


def test_no_route_is_said(api: Api) -> None:
    """Without a route no request is sent."""
    text, welcome = greeted(deployed(api), Clock())
    assert "this API has no route" in text
    assert not welcome.teller.failed


@pytest.mark.parametrize(
    ("path", "method", "asked", "typed_as"),
    [
        ("/items/{id}", "GET", "GET /items/id", "curl "),
        ("/items", "POST", "POST /items", "curl -X POST "),
        ("/{proxy+}", "ANY", "GET /proxy", "curl "),
    ],
)
def test_any_route_is_better_than_none(api: Api, path: str, method: str, asked: str, typed_as: str) -> None:
    """Without a plain GET route the first of any kind is requested; its refusal is no failure."""
    stack = deployed(api, path, methods=(method, "OPTIONS"))
    verb, _, sent = asked.partition(" ")
    answer(api, f"{BASE}{sent}", "no", status=400, headers={**TRACED, "X-Amzn-Trace-Id": UNSAMPLED})
    text, welcome = greeted(stack, Clock())
    assert f"{verb} {stack.api}{sent} → 400" in text
    assert f"try  {typed_as}{stack.api}{sent}" in text
    assert not welcome.teller.failed


def test_http_api_answers_within_a_trace_that_the_request_brings(api: Api) -> None:
    """An HTTP API names no trace, and its routes are those of another service."""
    answer(api, "/restapis", {"item": []})
    answer(api, "/v2/apis/k2v9x1/routes", {"items": [{"routeKey": "POST /a"}, {"routeKey": "GET /hello"}]})
    answer(api, f"{BASE}/hello", "ok", headers={})
    text, welcome = greeted(stack_at(api.endpoint, api.endpoint + BASE), Clock())
    assert "GET" in text
    assert f"no trace 1-{int(samples.T0 + 65):08x}-" in text
    assert welcome.teller.failed


def test_open_routes_come_first(api: Api) -> None:
    """A route that asks for a key or a token is requested only when there is no other."""
    routes = [
        {"routeKey": "GET /jwt", "authorizationType": "JWT"},
        {"routeKey": "POST /open", "authorizationType": "NONE"},
    ]
    answer(api, "/restapis", {"item": []})
    answer(api, "/v2/apis/k2v9x1/routes", {"items": routes})
    answer(api, f"{BASE}/open", "not here", status=501, headers={})
    text, _ = greeted(stack_at(api.endpoint, api.endpoint + BASE), Clock())
    assert "/open → 501" in text
    assert "not emulated: the request left no trace" in text


def test_function_url_is_requested(api: Api) -> None:
    """A function URL has one route, and its answer names the trace in Lambda's form."""
    answer(api, "/lambda-url/abc/", "ok", headers={"X-Amzn-Trace-Id": f"root={TRACE_ID};sampled=0"})
    text, _ = greeted(stack_at(api.endpoint, f"{api.endpoint}/lambda-url/abc"), Clock())
    assert "/lambda-url/abc/ → 200" in text
    assert "the sampling rules passed this request over" in text


def test_a_refused_request_is_not_put_down_to_sampling(api: Api) -> None:
    """A function URL that wants a signature runs nothing; sampling rules have no part in that."""
    headers = {"X-Amzn-Trace-Id": f"root={TRACE_ID};sampled=0"}
    answer(api, "/lambda-url/abc/", "Forbidden", status=403, headers=headers)
    text, _ = greeted(stack_at(api.endpoint, f"{api.endpoint}/lambda-url/abc"), Clock())
    assert "the request was refused, and left no trace" in text
    assert "sampling" not in text


def test_route_of_any_method_is_taken(api: Api) -> None:
    """ANY answers GET."""
    stack = deployed(api, "/any", methods=("ANY",))
    answer(api, f"{BASE}/any", "ok", headers=TRACED)
    api.put(samples.failed())
    assert "/any → 200" in greeted(stack, Clock())[0]


def test_link_that_never_comes_is_said(api: Api) -> None:
    """When the message is not consumed in time, the stack is announced all the same."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", "ok", headers=TRACED)
    api.put(samples.request())
    text, welcome = greeted(stack, Clock())
    assert "not been consumed yet" in text
    assert "Ctrl-C" in text
    assert not welcome.teller.failed


def test_queue_without_a_consumer_is_not_waited_for(api: Api) -> None:
    """Without an event source mapping there is no linked trace to wait for."""
    stack = deployed(api, "/hello")
    answer(api, "/2015-03-31/event-source-mappings", {"EventSourceMappings": []})
    answer(api, f"{BASE}/hello", "ok", headers=TRACED)
    api.put(samples.request())
    clock = Clock()
    assert "consumed" not in greeted(stack, clock)[0]
    assert clock.now < 1


def test_no_answer_is_an_error() -> None:
    """A request that nobody answers is told in one line."""
    with pytest.raises(ReadError, match="got no answer"):
        first_request.get("http://127.0.0.1:1/")


def test_hostile_answer_is_harmless(api: Api) -> None:
    """What the function answers is shown without its control characters."""
    stack = deployed(api, "/hello")
    answer(api, f"{BASE}/hello", "\x1b[31mred\x07", headers={"X-Amzn-Trace-Id": f"Root={TRACE_ID};Sampled=0"})
    assert r"\x1b[31mred\x07" in greeted(stack, Clock())[0]


def test_progress_is_one_line() -> None:
    """Progress fits the screen."""
    out = io.StringIO()
    Teller(out, Screen(60)).progress("deploying\n" + "x" * 200)
    assert out.getvalue().startswith("· deploying x")
    assert len(out.getvalue()) == 61


def test_what_ended_with_the_last_run_is_told_once_with_the_cure(api: Api, tmp_path: Path) -> None:
    """Pulumi's state has resources that this embedded AWS, which is empty, does not."""
    space = Workspace(tmp_path / "pulumi", "shop", "dev")
    space.prepare({"PULUMI_HOME": str(tmp_path / "none")})
    space.keep(Kept("/home/ada/shop", {}))
    space.checkpoint.parent.mkdir(parents=True)
    resources = [{"type": "aws:sqs/queue:Queue", "custom": True}, {"type": "pulumi:pulumi:Stack"}]
    space.checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    out = io.StringIO()
    status = replace(stack_at(api.endpoint, None), storage={"directory": str(tmp_path)})
    Welcome(Teller(out, Screen(width=300))).serve(status)
    [line] = [line for line in out.getvalue().splitlines() if "ended with the last run" in line]
    assert line.endswith(f"type: {typed('pulumi -C /home/ada/shop --stack dev -- up')}")
