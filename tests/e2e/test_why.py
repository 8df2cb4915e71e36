"""Why there is no trace: what decided about real requests, told by the real command."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.e2e import traces
from tests.e2e.stack import Answer, Stack, running, until
from tests.e2e.traces import whole_trace
from waterfall.cli import main

SETTINGS = {
    "samplingRate": "0",
    "samplingReservoir": "0",
    "sampling": '{ignored: ["GET /health"], critical: ["GET /hello/*"]}',
    "workSeconds": "0",
    "otelLayer": "slim",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the program with a rule that samples nothing."""
    arguments = [word for key, value in SETTINGS.items() for word in ("--config", f"{key}={value}")]
    with running(tmp_path_factory.mktemp("data"), *arguments) as stack:
        yield stack


@pytest.fixture
def front(stack: Stack) -> str:
    return stack.function("front")


@pytest.fixture
def worker(stack: Stack) -> str:
    return stack.function("worker")


@pytest.fixture
def rule(stack: Stack) -> str:
    """The rule for all other requests, which is called after the API."""
    return str(stack.status["outputs"]["apiName"])


class Why:
    """The command, on one stack."""

    def __init__(self, stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
        self._stack = stack
        self._capsys = capsys

    def __call__(self, *words: str) -> dict[str, Any]:
        """Return the explanation of what the words name."""
        told = self._run(*words, "--json")
        explanation: dict[str, Any] = json.loads(told)
        return explanation

    def of(self, answer: Answer) -> dict[str, Any]:
        return self(answer.headers["x-amzn-requestid"])

    def listed(self) -> dict[str, str]:
        """Return the few words of the list by request id."""
        return {
            one["id"]: one["brief"]
            for one in json.loads(self._run("--list", "--limit", "500", "--json"))["requests"]
        }

    def _run(self, *words: str) -> str:
        assert main(["why", *words, "--endpoint", self._stack.status["endpoint"]]) == 0
        return self._capsys.readouterr().out


@pytest.fixture
def why(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Why:
    return Why(stack, capsys)


def url(stack: Stack, path: str = "/hello") -> str:
    return f"{stack.status['api']}{path}"


def header(decision: str) -> tuple[dict[str, str], str]:
    """Return a tracing header with this decision, and its trace id."""
    root = RandomIds().trace_id(time.time())
    return {"X-Amzn-Trace-Id": f"Root={root}{decision}"}, root


def sentence(told: dict[str, Any], words: str) -> dict[str, str]:
    """Return the one sentence with these words."""
    found = [one for one in told["reasons"] if words in one["text"]]
    assert len(found) == 1, told
    return dict(found[0])


def settled(told: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is told once everything has come: Lambda sends its last segment after the response."""
    return None if any("has not arrived yet" in one["text"] for one in told["reasons"]) else told


@contextmanager
def stage_without_tracing(stack: Stack) -> Iterator[None]:
    client = stack.client("apigateway")
    _, _, api, stage = stack.status["api"].rsplit("/", 3)

    def switch(value: str) -> None:
        operation = {"op": "replace", "path": "/tracingEnabled", "value": value}
        client.update_stage(restApiId=api, stageName=stage, patchOperations=[operation])

    switch("false")
    try:
        yield
    finally:
        switch("true")


@contextmanager
def function_mode(stack: Stack, name: str, mode: str) -> Iterator[None]:
    """Let a function's own tracing be in another mode."""
    client = stack.client("lambda")
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def set_to(variables: dict[str, str]) -> None:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    set_to({**before, "TRACING_MODE": mode})
    try:
        yield
    finally:
        set_to(before)


def test_a_rule_that_samples_nothing(stack: Stack, why: Why, front: str, worker: str, rule: str) -> None:
    """The rule is named with its numbers, and the rules before it with what did not match."""
    answer = stack.request(url(stack))
    told = why.of(answer)
    assert told["verdict"] == f"No trace: rule {rule} did not sample it (no reservoir; 0 % rate)"
    assert told["trace_id"] is None
    before = sentence(told, "Tried first, by priority, and not for this request")["text"]
    assert f"{rule}-ignored-1 (priority 200: URLPath */health)" in before
    assert f"{front} and {worker} were called with Sampled=0 and obeyed." in [
        one["text"] for one in told["reasons"]
    ]
    assert why.listed()[answer.headers["x-amzn-requestid"]] == "rule: never"
    assert stack.documents(answer.trace_id) == []


def test_the_last_request_and_its_url(stack: Stack, why: Why) -> None:
    """Without an argument the last request is meant, with a URL the last one to it; not a queue's."""
    stack.request(url(stack, "/hello?name=ada"))
    for words in ([], ["GET", url(stack)], ["GET", "/hello"], [url(stack)]):
        told = why(*words)
        assert (told["request"]["kind"], told["request"]["url"]) == ("request", "/dev/hello?name=ada")


def test_an_ignored_route(stack: Stack, why: Why, rule: str) -> None:
    """The rule of the route says no, before the one for all others."""
    told = why.of(stack.request(url(stack, "/health")))
    assert told["verdict"] == f"No trace: rule {rule}-ignored-1 did not sample it (no reservoir; 0 % rate)"
    assert "`ignored`" in sentence(told, "The rule")["fix"]


def test_a_header_that_says_no(stack: Stack, why: Why) -> None:
    """The caller's decision is obeyed, and a traceparent beside it ignored."""
    headers, root = header(";Sampled=0")
    answer = stack.request(url(stack), headers={**headers, "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
    told = why.of(answer)
    assert told["verdict"] == "No trace: the X-Amzn-Trace-Id that came says Sampled=0"
    assert (
        "traceparent came with it; API Gateway ignores it" in sentence(told, "Sampled=0: API Gateway")["text"]
    )
    assert why(root)["verdict"] == told["verdict"]


def test_a_header_that_says_yes(stack: Stack, why: Why, front: str, worker: str) -> None:
    """There is a trace, with what each function sent of its own, and how many documents arrived."""
    headers, root = header(";Sampled=1")
    answer = stack.request(url(stack), headers=headers)
    whole_trace(stack, root, traces.settled, "what the functions sent")
    told = why.of(answer)
    assert (told["verdict"], told["trace_id"]) == (f"There is a trace: {root}", root)
    for name in (front, worker):
        assert sentence(told, f"{name} sent ")["text"].endswith(
            "of its own spans (otel) besides Lambda's segments."
        )
    assert sentence(told, f"segment documents arrived: X-Ray has the trace {root}.")["state"] == "ok"


def test_a_malformed_header(stack: Stack, why: Why, rule: str) -> None:
    """It counts as none: the rules were asked."""
    told = why.of(stack.request(url(stack), headers={"X-Amzn-Trace-Id": "Root=1-abc;Sampled=1"}))
    assert sentence(told, "has no well-formed Root=")["state"] == "info"
    assert told["verdict"].startswith(f"No trace: rule {rule} ")


def test_a_route_that_is_not_there(stack: Stack, why: Why) -> None:
    """No function was called; the stage decides all the same, here by the rule for what is critical."""
    answer = stack.request(url(stack, "/hello/nobody"))
    told = why.of(answer)
    assert (answer.status, told["verdict"]) == (403, f"There is a trace: {answer.trace_id}")
    missing = sentence(told, "Missing Authentication Token")
    assert "the API has no route for GET /dev/hello/nobody: no function was called" in missing["text"]


def test_a_stage_that_is_not_deployed(stack: Stack, why: Why) -> None:
    """Nothing is there that could trace; the deployed stage is named."""
    endpoint = stack.status["endpoint"]
    told = why.of(stack.request(f"{endpoint}/execute-api/nothing/prod/hello"))
    assert told["verdict"] == "No trace: no stage prod of an API nothing is deployed"
    assert stack.status["api"] in told["reasons"][0]["fix"]


def test_a_stage_without_tracing(stack: Stack, why: Why, front: str) -> None:
    """The stage asks no rule; the function behind it decides by Lambda's own, in a trace of its own."""
    with stage_without_tracing(stack):
        answer = stack.request(url(stack))
        told = why.of(answer)
    own = told["trace_id"]
    assert own not in {None, answer.trace_id}
    assert told["verdict"] == (
        f"There is a trace, which a function began itself: {own}; "
        f"tracing is off for the stage {stack.service}"
    )
    assert sentence(told, f"{front} was invoked without a decision")["state"] == "ok"
    assert why.listed()[answer.headers["x-amzn-requestid"]] == "function's own"


def test_a_function_whose_own_tracing_is_off(stack: Stack, why: Why, worker: str) -> None:
    """Lambda's segments are there, the function's own are not: a part of the trace is missing."""
    headers, root = header(";Sampled=1")
    with function_mode(stack, worker, "off"):
        answer = stack.request(url(stack), headers=headers)
        told = until(lambda: settled(why.of(answer)), "the functions' segments")
    assert told["verdict"] == f"There is a trace: {root}, with a part missing"
    gap = sentence(told, "Its own tracing is off (TRACING_MODE=off)")
    assert gap["state"] == "gap"
    assert worker in gap["text"]


def test_direct_invocations(stack: Stack, why: Why, worker: str) -> None:
    """Lambda's own rule samples the first of a second, and of the next ones few."""
    client = stack.client("lambda")
    ids = [
        client.invoke(FunctionName=worker, Payload=b"{}")["ResponseMetadata"]["RequestId"] for _ in range(20)
    ]
    listed = why.listed()
    assert {listed[id_] for id_ in ids} == {"traced", "Lambda's own rule"}
    traced = why(next(id_ for id_ in ids if listed[id_] == "traced"))
    assert traced["verdict"] == f"There is a trace: {traced['trace_id']}"
    told = why(next(id_ for id_ in ids if listed[id_] != "traced"))
    assert told["verdict"] == (
        "No trace: Lambda's own rule did not sample it (reservoir of 1/s was used up; 5 % rate)"
    )


def test_what_a_queue_hands_on(stack: Stack, why: Why) -> None:
    """The consumer obeys those who sent the messages, and is listed as an invocation of its own."""
    headers, _ = header(";Sampled=0")
    stack.request(url(stack), headers=headers)

    def told() -> dict[str, Any] | None:
        ids = [id_ for id_, brief in why.listed().items() if brief == "senders not sampled"]
        return why(ids[0]) if ids else None

    found = until(told, "the consumer")
    queue = stack.status["outputs"]["queueUrl"].rpartition("/")[2]
    assert found["verdict"] == "No trace: who sent the messages was not sampled"
    assert sentence(found, f"was invoked with messages of the queue {queue}")["state"] == "ok"


def test_failures_without_keep_errors(stack: Stack, why: Why, worker: str) -> None:
    """A failure that was not sampled and that nothing keeps is told with what would keep it."""
    client = stack.client("lambda")
    handler = client.get_function_configuration(FunctionName=worker)["Handler"]
    client.update_function_configuration(FunctionName=worker, Handler="worker.missing")
    try:
        told = why.of(stack.request(url(stack)))
    finally:
        client.update_function_configuration(FunctionName=worker, Handler=handler)
    assert "keepErrors" in sentence(told, f"{worker} failed, and nothing keeps failures")["fix"]
