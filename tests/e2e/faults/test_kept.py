"""Experiments at 0 % sampling with keepErrors: every fault leaves a trace, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.faults.subject import FAULTS
from tests.e2e.lab import Lab, template
from tests.e2e.stack import Answer, until
from tests.e2e.traces import Trace, whole_trace

HANDLERS = Path(__file__).parents[1] / "handlers"
pytestmark = pytest.mark.usefixtures("stop")
KINDS = ["delay", "error after", "error instead", "response after", "response instead"]


@dataclass(frozen=True)
class Chain:
    """An API before `front`, which calls `worker`; both keep what fails."""

    lab: Lab
    url: str
    functions: dict[str, str]

    def start(self, function: str, kind: str, **parameters: str) -> None:
        fault = FAULTS[kind]
        request = template(self.functions[function], fault.action, {**fault.parameters, **parameters})
        created = self.lab.fis.create_experiment_template(**request)["experimentTemplate"]["id"]
        self.lab.fis.start_experiment(clientToken=created, experimentTemplateId=created)

    def send(self, count: int) -> list[Answer]:
        return [self.lab.get(f"{self.url}?fails=nobody", sampled=False) for _ in range(count)]

    def found(self, expression: str) -> set[str]:
        """Return the ids of the traces that match a filter."""
        pages = self.lab.stack.client("xray").get_paginator("get_trace_summaries")
        window = self.lab.stack.xray_window()
        return {
            one["Id"]
            for page in pages.paginate(FilterExpression=expression, **window)
            for one in page["TraceSummaries"]
        }

    def trace(self, answer: Answer, *functions: str) -> Trace:
        """Return a request's trace once it is one tree, with the segments of these functions."""
        return whole_trace(
            self.lab.stack,
            answer.trace_id,
            lambda found: len(found.roots) == 1 and found.ran(*functions),
            "one tree",
        )

    def injected(self, answers: list[Answer], count: int) -> list[Trace]:
        """Wait until the filter finds so many of these requests; return their traces."""
        sent = {answer.trace_id for answer in answers}

        def arrived() -> set[str] | None:
            found = sent & self.found('annotation[fault.injected] = "on-purpose"')
            return found if len(found) >= count else None

        found = until(arrived, f"{count} traces with faults")
        assert len(found) == count
        return [Trace(self.lab.stack.documents(trace_id)) for trace_id in found]


@pytest.fixture(scope="module")
def chain(lab: Lab) -> Chain:
    queue = lab.stack.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    # Tests follow each other so fast that one would use up what the next may keep in the same second.
    keeps = {"TRACING_KEEP": "fault", "TRACING_KEEP_PER_SECOND": "1000"}
    # Without retries: boto3 waits before each for a random time, in all for longer than the function may run.
    calls = {"QUEUE_URL": queue, "AWS_MAX_ATTEMPTS": "1"}
    worker = lab.function("otel", "kept-worker", HANDLERS / "failing_worker.py", **calls, **keeps)
    front = lab.function(
        "otel",
        "kept-front",
        HANDLERS / "failing_front.py",
        WORKER_FUNCTION="kept-worker",
        **keeps,
    )
    chain = Chain(lab, lab.api(front), {"front": front, "worker": worker})
    assert [answer.status for answer in chain.send(2)] == [200, 200]
    return chain


def function_names(trace: Trace) -> set[str]:
    return {node.name for node in trace.nodes if node.origin == "AWS::Lambda::Function"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", ["front", "worker"])
def test_every_fault_is_kept(chain: Chain, function: str, kind: str) -> None:
    """There are as many traces with the annotation as there were requests, each with one root."""
    chain.start(function, kind)
    answers = chain.send(3)
    chain.injected(answers, 3)
    for answer in answers:
        assert chain.trace(answer, f"kept-{function}")


@pytest.mark.parametrize("function", ["front", "worker"])
def test_of_a_share_of_faults_all_are_kept_and_nothing_else(chain: Chain, function: str) -> None:
    """Half of ten requests meet it, more or less: those have a trace with the annotation, the others none."""
    chain.start(function, "error instead", invocationPercentage="50")
    answers = chain.send(10)
    failed = {answer.trace_id for answer in answers if answer.status == 502}
    assert 3 <= len(failed) <= 7
    chain.injected(answers, len(failed))
    assert {answer.trace_id for answer in answers} & chain.found("") == failed


def test_a_caller_that_sees_the_failure_keeps_itself(chain: Chain) -> None:
    """As on AWS: its library sends its part, and the failed run is below its call."""
    chain.start("worker", "error instead")
    (answer,) = chain.send(1)
    trace = chain.trace(answer, "kept-front", "kept-worker")
    front = trace.only("kept-front", origin="AWS::Lambda::Function")
    assert front.document["annotations"] == {"kept": "fault"}
    worker = trace.only("kept-worker", origin="AWS::Lambda::Function")
    assert worker.document["fault"] is True
    assert [node.name for node in trace.ancestors(worker)] == [
        "kept-worker",
        "Lambda",
        "failing_front.handler",
        "kept-front",
    ]


def test_a_run_without_fault_stays_unsampled(chain: Chain) -> None:
    """The experiment is about the worker: a healthy front is not recorded for it."""
    chain.start("worker", "delay")
    (trace,) = chain.injected(chain.send(1), 1)
    assert function_names(trace) == {"kept-worker"}


def test_without_the_setting_nothing_is_kept(lab: Lab, chain: Chain) -> None:
    """A function without keepErrors leaves no trace of an unsampled request, fault or not."""
    plain = lab.function("otel", "not-kept")
    unkept = Chain(lab, lab.api(plain), {"front": plain})
    unkept.start("front", "error instead")
    chain.start("front", "error instead")
    (silent,) = unkept.send(1)
    chain.injected(chain.send(1), 1)
    assert silent.status == 502
    assert silent.trace_id not in chain.found("")


@pytest.mark.parametrize("kind", ["delay", "throttle", "error"])
def test_a_fault_of_a_call_is_kept(chain: Chain, kind: str) -> None:
    """A call that fails for good keeps its function, one that is only late keeps the mark alone."""
    request = template("", f"aws:local-call:{kind}", {"service": "sqs", "operation": "SendMessage"})
    del request["targets"], request["actions"]["fault"]["targets"]
    request["actions"]["fault"]["parameters"] |= {"delayMilliseconds": "100"} if kind == "delay" else {}
    created = chain.lab.fis.create_experiment_template(**request)["experimentTemplate"]["id"]
    chain.lab.fis.start_experiment(clientToken=created, experimentTemplateId=created)
    answers = chain.send(2)
    chain.injected(answers, 2)
    for answer in answers:
        if kind == "delay":
            trace = Trace(chain.lab.stack.documents(answer.trace_id))
            assert [node.name for node in trace.nodes] == ["injected delay"]
        else:
            trace = chain.trace(answer, "kept-front", "kept-worker")
            assert function_names(trace) == {"kept-front", "kept-worker"}
            assert trace.named(f"injected {kind}")
