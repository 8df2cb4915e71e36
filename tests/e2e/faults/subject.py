"""Functions under experiments, the faults that they get, and what must then be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.lab import Lab, template
from tests.e2e.stack import Answer
from tests.e2e.traces import Trace
from tests.e2e.traces import whole_trace as wait_for_trace

DELAY, ERROR, RESPONSE = (
    f"aws:lambda:invocation-{kind}" for kind in ("add-delay", "error", "http-integration-response")
)
DELAY_SECONDS = 1.0
"""More than an undelayed handler ever takes to begin."""


@dataclass(frozen=True)
class Subject:
    """A function under test, and the URL of the API before it."""

    lab: Lab
    arn: str
    url: str

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]


@dataclass(frozen=True)
class Fault:
    """An action and what it does to one request: `status` for the client, whether the handler runs."""

    action: str
    parameters: dict[str, str]
    status: int
    runs: bool
    faulted: bool


FAULTS = {
    "delay": Fault(
        DELAY, {"startupDelayMilliseconds": f"{DELAY_SECONDS * 1000:.0f}"}, 200, runs=True, faulted=False
    ),
    "timeout": Fault(DELAY, {"startupDelayMilliseconds": "20000"}, 502, runs=False, faulted=True),
    "error instead": Fault(ERROR, {"preventExecution": "true"}, 502, runs=False, faulted=True),
    "error after": Fault(ERROR, {"preventExecution": "false"}, 502, runs=True, faulted=True),
    "response instead": Fault(
        RESPONSE,
        {"preventExecution": "true", "statusCode": "503", "contentTypeHeader": "text/plain"},
        503,
        runs=False,
        faulted=False,
    ),
    "response after": Fault(
        RESPONSE,
        {"preventExecution": "false", "statusCode": "404", "contentTypeHeader": "text/plain"},
        404,
        runs=True,
        faulted=False,
    ),
}


KINDS = sorted(FAULTS.keys() - {"timeout"})
"""All combinations of a kind of action with before or instead of the handler."""


def request_of(subject: Subject, fault: Fault, **parameters: str) -> dict[str, Any]:
    """Return the request of a template with one fault."""
    return template(subject.arn, fault.action, {**fault.parameters, **parameters})


def start(subject: Subject, fault: Fault, **parameters: str) -> str:
    """Create a template for one fault, start it, and return the experiment's id."""
    fis = subject.lab.fis
    request = request_of(subject, fault, **parameters)
    created = fis.create_experiment_template(**request)["experimentTemplate"]["id"]
    started = fis.start_experiment(clientToken=created, experimentTemplateId=created)["experiment"]
    assert started["state"] == {"status": "initiating", "reason": "Experiment is initiating."}
    return str(started["id"])


def whole_trace(subject: Subject, answer: Answer, *, runs: bool = False) -> Trace:
    """Wait until the function's own segment has come, and what the handler sent if it `runs`."""
    sent = ("work",) if runs else ()
    return wait_for_trace(
        subject.lab.stack,
        answer.trace_id,
        lambda trace: trace.ran(subject.name) and trace.has(*sent),
        "the function's segment",
    )


def is_injected(trace: Trace, subject: Subject) -> bool:
    segment = trace.only(subject.name, origin="AWS::Lambda::Function").document
    return bool(segment.get("annotations", {}).get("fault.injected") == "on-purpose")


def check(subject: Subject, fault: Fault, answer: Answer) -> None:
    """Check everything that AWS documents of a request that met the fault."""
    assert answer.status == fault.status
    trace = whole_trace(subject, answer, runs=fault.runs)
    function = trace.only(subject.name, origin="AWS::Lambda::Function")
    assert function.document["annotations"]["fault.injected"] == "on-purpose"
    assert function.document.get("fault", False) is fault.faulted
    assert bool(trace.named("work", below=function)) is fault.runs
    stage = trace.roots[0].document
    assert stage["http"]["response"]["status"] == fault.status
    assert stage.get("fault", False) is (fault.status >= 500)
    assert stage.get("error", False) is (400 <= fault.status < 500)


def check_clean(subject: Subject, answer: Answer) -> None:
    """Check that a request met no fault."""
    assert answer.status == 200
    trace = whole_trace(subject, answer, runs=True)
    function = trace.only(subject.name, origin="AWS::Lambda::Function")
    assert not is_injected(trace, subject)
    assert "fault" not in function.document
    assert (
        trace.only("work", below=function).document["start_time"] - function.document["start_time"]
        < DELAY_SECONDS
    )
