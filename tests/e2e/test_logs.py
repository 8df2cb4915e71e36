"""Logs of functions, read from CloudWatch Logs: beside their traces, in every mode, after a restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.e2e.conftest import Demo
from tests.e2e.functions import invoke
from tests.e2e.lab import Lab
from tests.e2e.logs import messages, records
from tests.e2e.stack import Stack, until
from tests.e2e.traces import whole_trace

HANDLER = Path(__file__).with_name("handlers") / "logging_.py"


def digits(trace_id: str) -> str:
    """OpenTelemetry's form of X-Ray's id."""
    return trace_id[2:].replace("-", "")


def consumer_trace(stack: Stack, trace_id: str) -> str:
    """Return the trace of the queue's consumer, which is linked to the request's."""

    def linked() -> str | None:
        summaries = stack.client("xray").get_trace_summaries(**stack.xray_window())["TraceSummaries"]
        for other in (each["Id"] for each in summaries if each["Id"] != trace_id):
            links = [link for document in stack.documents(other) for link in document.get("links", ())]
            if any(link["trace_id"] == trace_id for link in links):
                return str(other)
        return None

    return until(linked, "the consumer's trace")


@pytest.mark.parametrize("mode", ["otel-xray", "native"])
def test_the_logs_of_a_request_carry_its_trace(demo: Demo, mode: str) -> None:
    """All three functions log the ids that X-Ray has, in both forms; they are found by either, at once."""
    stack = demo(mode)
    answer = stack.request(stack.status["outputs"]["url"])
    for function in ("front", "worker"):
        check(stack, function, answer.trace_id)
    other = consumer_trace(stack, answer.trace_id)
    until(lambda: records(stack, stack.function("consumer"), "consumer", f'"{other}"') or None, "its log")
    check(stack, "consumer", other)


def check(stack: Stack, function: str, trace_id: str) -> None:
    """The function's own records of the trace, and what X-Ray has of it, agree."""
    name, form = stack.function(function), digits(trace_id)
    for pattern in (f'"{trace_id}"', f'"{form}"', f'{{ $.trace_id = "{form}" }}'):
        found = records(stack, name, function, pattern)
        assert found, f"{name} logged nothing that {pattern} selects"
        assert {(each["xray_trace_id"], each["trace_id"]) for each in found} == {(trace_id, form)}
    logging = {each["span_id"] for each in found}
    trace = whole_trace(
        stack, trace_id, lambda there: there.ran(name) and logging <= there.by_id.keys(), "the spans that log"
    )
    (report,) = until(lambda: reports(stack, name, trace_id) or None, "the report")
    assert (report["status"], report["requestId"]) == ("success", found[0]["requestId"])
    assert report["tracing"]["spanId"] in trace.by_id


def reports(stack: Stack, function: str, trace_id: str) -> list[dict[str, Any]]:
    """Return what Lambda wrote at the end of the trace's invocations of a function."""
    found = messages(stack, function, '{ $.type = "platform.report" }')
    return [json.loads(message)["record"] for message in found if trace_id in message]


def test_off_has_json_without_ids(demo: Demo) -> None:
    """Without tracing the same records are there, and no id in them."""
    stack = demo("off")
    stack.request(stack.status["outputs"]["url"])
    for function in ("front", "worker"):
        found = records(stack, stack.function(function), function)
        assert found
        assert not {"xray_trace_id", "trace_id", "span_id"} & {key for each in found for key in each}


@pytest.fixture(scope="module", params=["otel", "native"])
def function(request: pytest.FixtureRequest, lab: Lab) -> str:
    """Deploy the handler that logs in one mode; its log group is made by Lambda."""
    settings = {"Timeout": 3, "LoggingConfig": {"LogFormat": "JSON"}}
    lab.function(request.param, name := f"logging-{request.param}", HANDLER, settings)
    return name


@pytest.mark.parametrize("end", ["", "crash", "timeout"])
def test_everything_a_function_wrote_is_kept(lab: Lab, function: str, end: str) -> None:
    """Its records, what it printed, and why it ended, however it ended."""
    stack = lab.stack
    trace_id = RandomIds().trace_id(stack.xray_window()["EndTime"])
    invoke(stack, function, {"order": f"{function} {end}", "end": end}, trace_id)

    def reported() -> list[str] | None:
        found = messages(stack, function)
        ended = [message for message in found if "platform.report" in message and trace_id in message]
        return found if ended else None

    found = until(reported, "the report")
    start = next(at for at, text in enumerate(found) if "platform.start" in text and trace_id in text)
    record = json.loads(found[start + 1])
    assert (record["order"], record["xray_trace_id"]) == (f"{function} {end}", trace_id)
    assert record["trace_id"] == digits(trace_id)
    assert found[start + 2] == "printed"
    report = next(text for text in found[start:] if "platform.report" in text)
    expected = {"": "success", "crash": "failure", "timeout": "timeout"}[end]
    assert json.loads(report)["record"]["status"] == expected
