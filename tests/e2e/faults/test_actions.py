"""Each action with each share, through boto3 and the AWS CLI: the client's result, the run and the trace."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import pytest

from tests.aws_cli import AwsCli
from tests.e2e.faults.subject import (
    DELAY_SECONDS,
    FAULTS,
    KINDS,
    Subject,
    check,
    check_clean,
    is_injected,
    request_of,
    start,
    whole_trace,
)
from tests.e2e.lab import Lab


class Tool(Protocol):
    """What people start and stop experiments with."""

    def start(self, request: dict[str, Any]) -> str:
        """Create a template, start it, and return the experiment's id."""

    def stop(self, experiment: str) -> str:
        """Stop an experiment; return its status."""


class Boto3:
    """The SDK."""

    def __init__(self, lab: Lab) -> None:
        self._fis = lab.fis

    def start(self, request: dict[str, Any]) -> str:
        template = self._fis.create_experiment_template(**request)["experimentTemplate"]["id"]
        started = self._fis.start_experiment(clientToken=template, experimentTemplateId=template)
        return str(started["experiment"]["id"])

    def stop(self, experiment: str) -> str:
        self._fis.stop_experiment(id=experiment)
        return str(self._fis.get_experiment(id=experiment)["experiment"]["state"]["status"])


class Cli:
    """AWS's command, run in this process to save its start-up; `run` returns what one call prints."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    def start(self, request: dict[str, Any]) -> str:
        made = self._run("create-experiment-template", "--cli-input-json", json.dumps(request))
        template = made["experimentTemplate"]["id"]
        started = self._run("start-experiment", "--experiment-template-id", template)
        return str(started["experiment"]["id"])

    def stop(self, experiment: str) -> str:
        self._run("stop-experiment", "--id", experiment)
        return str(self._run("get-experiment", "--id", experiment)["experiment"]["state"]["status"])


@pytest.fixture(params=["boto3", "AWS CLI"])
def tool(
    request: pytest.FixtureRequest,
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Tool:
    """Boto3 or the AWS CLI."""
    if request.param == "boto3":
        return Boto3(lab)
    return Cli(partial(AwsCli(monkeypatch, capsys).run, lab.stack.status["endpoint"], "fis"))


@pytest.mark.usefixtures("stop")
@pytest.mark.parametrize("kind", KINDS)
def test_every_request_meets_a_fault_of_100_percent(subject: Subject, tool: Tool, kind: str) -> None:
    """Answer, run and trace are as AWS documents them; after the stop the very next requests are clean."""
    experiment = tool.start(request_of(subject, FAULTS[kind]))
    for _ in range(2):
        check(subject, FAULTS[kind], subject.lab.get(subject.url))
    assert tool.stop(experiment) == "stopped"
    for _ in range(2):
        check_clean(subject, subject.lab.get(subject.url))


@pytest.mark.usefixtures("stop")
@pytest.mark.parametrize("kind", KINDS)
def test_one_request_in_ten_meets_a_fault_of_10_percent(subject: Subject, tool: Tool, kind: str) -> None:
    """With even dice one of ten meets the fault, and the others are as if there were none."""
    experiment = tool.start(request_of(subject, FAULTS[kind], invocationPercentage="10"))
    answers = [subject.lab.get(subject.url) for _ in range(10)]
    (hit,) = [answer for answer in answers if is_injected(whole_trace(subject, answer), subject)]
    check(subject, FAULTS[kind], hit)
    for answer in answers:
        if answer is not hit:
            check_clean(subject, answer)
    assert tool.stop(experiment) == "stopped"
    check_clean(subject, subject.lab.get(subject.url))


@pytest.mark.usefixtures("stop")
def test_a_delay_lies_before_the_handler(subject: Subject) -> None:
    """The function segment is longer by the delay, which comes before the handler's first span."""
    start(subject, FAULTS["delay"])
    trace = whole_trace(subject, subject.lab.get(subject.url), runs=True)
    function = trace.only(subject.name, origin="AWS::Lambda::Function")
    work = trace.only("work", below=function)
    assert function.duration >= DELAY_SECONDS
    assert work.document["start_time"] - function.document["start_time"] >= DELAY_SECONDS
    assert work.duration < DELAY_SECONDS


@pytest.mark.usefixtures("stop")
def test_a_delay_beyond_the_timeout_is_a_timeout(subject: Subject) -> None:
    """A delay that is longer than the function's timeout ends the run there, before the handler."""
    client = subject.lab.stack.client("lambda")
    client.update_function_configuration(FunctionName=subject.name, Timeout=1)
    start(subject, FAULTS["timeout"])
    answer = subject.lab.get(subject.url)
    client.update_function_configuration(FunctionName=subject.name, Timeout=5)
    check(subject, FAULTS["timeout"], answer)
    function = whole_trace(subject, answer).only(subject.name, origin="AWS::Lambda::Function")
    assert "timed out after 1.00 seconds" in function.document["cause"]["exceptions"][0]["message"]


@pytest.mark.usefixtures("stop")
def test_the_caller_sees_a_failed_invocation(subject: Subject) -> None:
    """Invoke answers 200 with a function error, and the log says who did it and that the handler ran."""
    start(subject, FAULTS["error after"])
    answer = subject.lab.stack.client("lambda").invoke(FunctionName=subject.name, LogType="Tail")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert "on-purpose" in json.load(answer["Payload"])["errorMessage"]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "AWS FIS EXTENSION - marking function invocation as failed" in log
    assert "the handler ran" in log


@pytest.mark.usefixtures("stop")
def test_different_actions_add_up(subject: Subject) -> None:
    """A delay and an error of two experiments meet the same invocation, and both are named."""
    start(subject, FAULTS["delay"])
    start(subject, FAULTS["error instead"])
    answer = subject.lab.get(subject.url)
    check(subject, FAULTS["error instead"], answer)
    function = whole_trace(subject, answer).only(subject.name, origin="AWS::Lambda::Function")
    assert function.duration >= DELAY_SECONDS


@pytest.mark.usefixtures("stop")
def test_of_conflicting_actions_the_earlier_one_applies(subject: Subject) -> None:
    """An error and a replaced response exclude each other: the one that started first is in force."""
    first = start(subject, FAULTS["response instead"])
    subject.lab.time.passed += 1
    start(subject, FAULTS["error instead"])
    check(subject, FAULTS["response instead"], subject.lab.get(subject.url))
    subject.lab.fis.stop_experiment(id=first)
    check(subject, FAULTS["error instead"], subject.lab.get(subject.url))


def test_summaries_tell_the_experiment(subject: Subject) -> None:
    """X-Ray indexes the annotation, with the service that it is about."""
    experiment = start(subject, FAULTS["error instead"])
    answer = subject.lab.get(subject.url)
    subject.lab.fis.stop_experiment(id=experiment)
    whole_trace(subject, answer)
    window = subject.lab.stack.xray_window()
    pages = subject.lab.stack.client("xray").get_paginator("get_trace_summaries").paginate(**window)
    summaries = {one["Id"]: one for page in pages for one in page["TraceSummaries"]}
    (found,) = summaries[answer.trace_id]["Annotations"]["fault.injected"]
    assert found["AnnotationValue"] == {"StringValue": "on-purpose"}
    assert found["ServiceIds"][0]["Name"] == subject.name
