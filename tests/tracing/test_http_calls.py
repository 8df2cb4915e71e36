"""Outgoing HTTP calls, in both modes: real clients, a real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tracing.harness import HEADER, TRACE_ID, Aws, Collector, Output, Worker, by_name

CLIENTS = ["requests", "urllib3", "httpx", "httpx async"]
Traced = tuple[Worker, Collector]


@pytest.fixture(autouse=True)
def _warm(traced: Traced) -> None:
    """Take what the import left out of the way."""
    worker, collector = traced
    worker.invoke("plain", 1)
    collector.take()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_call_is_one_remote_subsegment(traced: Traced, aws: Aws, client: str) -> None:
    """A call is named after its host, with method, status and a URL that holds no secrets."""
    worker, collector = traced
    aws.answers["GET /orders?token=secret"] = (404, {}, b"")
    url = aws.url.replace("//", "//user:password@") + "/orders?token=secret"
    assert worker.invoke("http_get", {"url": url, "client": client}) == "ok"
    documents = collector.documents()
    assert len(documents) == 2
    call = by_name(documents)["127.0.0.1"]
    assert call["namespace"] == "remote"
    assert call["http"] == {
        "request": {"method": "GET", "url": f"{aws.url}/orders"},
        "response": {"status": 404},
    }
    assert call["error"] is True
    assert not {"fault", "cause", "metadata"} & call.keys()


@pytest.mark.parametrize("client", CLIENTS)
def test_the_call_carries_its_own_subsegment_on(traced: Traced, aws: Aws, client: str) -> None:
    """The one tracing header that arrives names the call's subsegment as the parent, and keeps `Lineage`."""
    worker, collector = traced
    worker.invoke("http_get", {"url": f"{aws.url}/own", "client": client})
    call = by_name(collector.documents())["127.0.0.1"]
    expected = f"Root={TRACE_ID};Parent={call['id']};Sampled=1;Lineage=a87bd80c:1|68fd508a:5"
    assert aws.requests[-1].trace_headers == [expected]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_call_without_an_answer_is_a_fault(traced: Traced, client: str) -> None:
    """The client's exception reaches the handler and is the cause, with a stack that ends in the handler."""
    worker, collector = traced
    result = worker.invoke("http_get", {"url": "http://127.0.0.1:9/", "client": client})
    assert "Error" in result
    call = by_name(collector.documents())["127.0.0.1"]
    first = call["cause"]["exceptions"][0]
    assert call["fault"] is True
    assert "response" not in call["http"]
    assert (first["type"], first["remote"]) == (result, False)
    assert any(frame["path"].endswith("scenarios.py") for frame in first["stack"])


FAILING = f"""
import os, scenarios
os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
scenarios.http_get({{"url": "http://127.0.0.1:9/", "client": "requests"}}, None)
"""


@pytest.mark.parametrize("mode", ["otel", "native"])
def test_a_call_without_an_answer_leaves_the_log_clean(run: Callable[..., Output], mode: str) -> None:
    """Of requests, and of urllib3 below it, whose call has no span of its own."""
    assert run(mode, FAILING).log == ""


def test_aws_calls_get_no_second_subsegment(traced: Traced, aws: Aws) -> None:
    """An AWS call, which uses urllib3, is recorded once."""
    worker, collector = traced
    aws.answers.clear()
    assert worker.invoke("put_item") == "ok"
    assert sorted(by_name(collector.documents())) == ["dynamodb", "save", "scenarios.put_item"]


def test_a_call_recorded_by_another_instrumentation_is_left_to_it(traced: Traced, aws: Aws) -> None:
    """Inside the client span of an instrumentation there is no second one."""
    worker, collector = traced
    worker.invoke("http_inside_another_s", aws.url)
    assert len(collector.documents()) == 2


def test_the_user_s_headers_stay_as_they_are(traced: Traced, aws: Aws) -> None:
    """The mapping that a handler passes gains nothing; what it says arrives."""
    worker, collector = traced
    assert worker.invoke("http_with_headers", aws.url) == {"X-Own": "1"}
    collector.take()


def test_an_unsampled_call_carries_the_decision_on(traced: Traced, aws: Aws) -> None:
    """Nothing is recorded, and the header goes on as it came."""
    worker, collector = traced
    header = f"Root={TRACE_ID};Parent=53995c3f42cd8ad8;Sampled=0"
    worker.invoke("http_get", {"url": f"{aws.url}/own", "client": "requests"}, header=header)
    assert collector.take() == []
    assert aws.requests[-1].trace_headers == [header]


def test_a_redirect_is_part_of_the_call(traced: Traced, aws: Aws) -> None:
    """Two exchanges of one call are one subsegment, with the last status."""
    worker, collector = traced
    aws.answers["GET /old"] = (302, {"Location": f"{aws.url}/new"}, b"")
    worker.invoke("http_get", {"url": f"{aws.url}/old", "client": "requests"})
    documents = collector.documents()
    assert len(documents) == 2
    assert by_name(documents)["127.0.0.1"]["http"]["response"] == {"status": 200}
