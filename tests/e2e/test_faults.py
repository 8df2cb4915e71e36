"""Experiments through the API of FIS: what the client gets, what runs, and what the trace says."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from local.ids import RandomIds
from tests.e2e.functions import deploy, invoke
from tests.e2e.lab import Lab, running, template
from tests.e2e.stack import Answer, until
from tests.e2e.traces import Trace

DELAY, ERROR, RESPONSE = (
    f"aws:lambda:invocation-{kind}" for kind in ("add-delay", "error", "http-integration-response")
)


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
    "delay": Fault(DELAY, {"startupDelayMilliseconds": "200"}, 200, runs=True, faulted=False),
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


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(tmp_path_factory.mktemp("data")) as lab:
        yield lab


@pytest.fixture(scope="module", params=["otel", "native"])
def subject(request: pytest.FixtureRequest, lab: Lab) -> Subject:
    """Deploy a function in one tracing mode, and call it once."""
    arn = lab.function(request.param, f"echo-{request.param}")
    subject = Subject(lab, arn, lab.api(arn))
    assert lab.get(subject.url).status == 200
    return subject


@pytest.fixture
def stop(lab: Lab) -> Iterator[None]:
    """Leave no experiment behind."""
    yield
    for experiment in lab.fis.list_experiments()["experiments"]:
        if experiment["state"]["status"] == "running":
            lab.fis.stop_experiment(id=experiment["id"])


def start(subject: Subject, fault: Fault, **parameters: str) -> str:
    """Create a template for one fault, start it, and return the experiment's id."""
    fis = subject.lab.fis
    request = template(subject.arn, fault.action, {**fault.parameters, **parameters})
    created = fis.create_experiment_template(**request)["experimentTemplate"]["id"]
    started = fis.start_experiment(clientToken=created, experimentTemplateId=created)["experiment"]
    assert started["state"] == {"status": "initiating", "reason": "Experiment is initiating."}
    return str(started["id"])


def whole_trace(subject: Subject, answer: Answer) -> Trace:
    """Wait until the function's own segment has come."""

    def arrived() -> Trace | None:
        trace = Trace(subject.lab.stack.documents(answer.trace_id))
        return trace if trace.named(subject.name, origin="AWS::Lambda::Function") else None

    return until(arrived, "the function's segment", seconds=20)


def is_injected(trace: Trace, subject: Subject) -> bool:
    segment = trace.only(subject.name, origin="AWS::Lambda::Function").document
    return segment.get("annotations", {}).get("fault.injected") == "on-purpose"


def check(subject: Subject, fault: Fault, answer: Answer) -> None:
    """Check everything that AWS documents of a request that met the fault."""
    assert answer.status == fault.status
    trace = whole_trace(subject, answer)
    function = trace.only(subject.name, origin="AWS::Lambda::Function")
    assert function.document["annotations"]["fault.injected"] == "on-purpose"
    assert function.document.get("fault", False) is fault.faulted
    assert bool(trace.named("work", below=function)) is fault.runs
    stage = trace.roots[0].document
    assert stage["http"]["response"]["status"] == fault.status
    assert stage.get("fault", False) is (fault.status >= 500)
    assert stage.get("error", False) is (400 <= fault.status < 500)
    assert not trace.orphans, str(trace)


@pytest.mark.usefixtures("stop")
@pytest.mark.parametrize("kind", sorted(FAULTS.keys() - {"timeout"}))
def test_every_request_meets_a_fault_of_100_percent(subject: Subject, kind: str) -> None:
    """Each kind of action shows in the answer, in what runs, and in the trace, as AWS documents it."""
    start(subject, FAULTS[kind])
    for _ in range(2):
        check(subject, FAULTS[kind], subject.lab.get(subject.url))


@pytest.mark.usefixtures("stop")
@pytest.mark.parametrize("kind", sorted(FAULTS.keys() - {"timeout"}))
def test_one_request_in_ten_meets_a_fault_of_10_percent(subject: Subject, kind: str) -> None:
    """Of ten requests one meets the fault; the others are as if there were none."""
    start(subject, FAULTS[kind], invocationPercentage="10")
    answers = [subject.lab.get(subject.url) for _ in range(10)]
    hit = [answer for answer in answers if is_injected(whole_trace(subject, answer), subject)]
    assert len(hit) == 1
    check(subject, FAULTS[kind], hit[0])
    assert all(answer.status == 200 for answer in answers if answer is not hit[0])


@pytest.mark.usefixtures("stop")
def test_a_delay_lies_before_the_handler(subject: Subject) -> None:
    """The function segment is longer by the delay, which comes before the handler's first span."""
    start(subject, FAULTS["delay"])
    trace = whole_trace(subject, subject.lab.get(subject.url))
    function = trace.only(subject.name, origin="AWS::Lambda::Function")
    work = trace.only("work", below=function)
    assert function.duration >= 0.2
    assert work.document["start_time"] - function.document["start_time"] >= 0.2
    assert work.duration < 0.1


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
    assert function.duration >= 0.2


@pytest.mark.usefixtures("stop")
def test_of_conflicting_actions_the_earlier_one_applies(subject: Subject) -> None:
    """An error and a replaced response exclude each other: the one that started first is in force."""
    first = start(subject, FAULTS["response instead"])
    subject.lab.time.passed += 1
    start(subject, FAULTS["error instead"])
    check(subject, FAULTS["response instead"], subject.lab.get(subject.url))
    subject.lab.fis.stop_experiment(id=first)
    check(subject, FAULTS["error instead"], subject.lab.get(subject.url))


def test_the_next_request_after_a_stop_is_clean(subject: Subject) -> None:
    """A stopped experiment says so, and leaves the very next request alone."""
    fis = subject.lab.fis
    experiment = start(subject, FAULTS["error instead"])
    assert fis.get_experiment(id=experiment)["experiment"]["state"]["status"] == "running"
    assert subject.lab.get(subject.url).status == 502
    stopped = fis.stop_experiment(id=experiment)["experiment"]
    assert stopped["state"] == {"status": "stopped", "reason": "Experiment halted by user."}
    assert stopped["actions"]["fault"]["state"]["status"] == "stopped"
    answer = subject.lab.get(subject.url)
    assert answer.status == 200
    assert not is_injected(whole_trace(subject, answer), subject)


def test_the_next_request_after_the_end_is_clean(subject: Subject) -> None:
    """When its duration is over an experiment is completed, and the very next request is left alone."""
    experiment = start(subject, FAULTS["error instead"], duration="PT2M")
    subject.lab.time.passed += 119
    assert subject.lab.get(subject.url).status == 502
    subject.lab.time.passed += 2
    answer = subject.lab.get(subject.url)
    assert answer.status == 200
    assert not is_injected(whole_trace(subject, answer), subject)
    found = subject.lab.fis.get_experiment(id=experiment)["experiment"]
    assert found["state"] == {"status": "completed", "reason": "Experiment completed."}
    assert (found["endTime"] - found["startTime"]).total_seconds() == 120


def test_an_alarm_stops_an_experiment(subject: Subject) -> None:
    """An experiment whose alarm goes off is stopped at that moment, even when the alarm is over again."""
    cloudwatch = subject.lab.stack.client("cloudwatch")
    name = f"too-much-{subject.name}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/ApiGateway",
        MetricName="5XXError",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )
    arn = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
    fault = FAULTS["error instead"]
    request = template(subject.arn, fault.action, fault.parameters)
    request["stopConditions"] = [{"source": "aws:cloudwatch:alarm", "value": arn}]
    fis = subject.lab.fis
    created = fis.create_experiment_template(**request)["experimentTemplate"]["id"]
    experiment = fis.start_experiment(clientToken=created, experimentTemplateId=created)["experiment"]["id"]
    assert subject.lab.get(subject.url).status == 502
    for state in ("ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")
    assert subject.lab.get(subject.url).status == 200
    state = fis.get_experiment(id=experiment)["experiment"]["state"]
    assert state == {"status": "stopped", "reason": "Experiment halted by stop condition."}


def test_an_experiment_fails_when_its_function_disappears(lab: Lab) -> None:
    """The reason of a failed experiment names the function that is gone."""
    arn = lab.function("otel", "short-lived")
    subject = Subject(lab, arn, "")
    experiment = start(subject, FAULTS["error instead"])
    lab.stack.client("lambda").delete_function(FunctionName="short-lived")
    state = lab.fis.get_experiment(id=experiment)["experiment"]["state"]
    assert state == {"status": "failed", "reason": f"Target function {arn} no longer exists."}
    again = start(subject, FAULTS["error instead"])
    state = lab.fis.get_experiment(id=again)["experiment"]["state"]
    assert state == {"status": "failed", "reason": f"Error resolving targets. Function not found: {arn}"}


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


@pytest.fixture
def cli(lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs commands of the AWS CLI, in this process to save its start-up, and returns what they print."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    driver = create_clidriver()

    def run(*arguments: str) -> Any:
        endpoint = ["--endpoint-url", lab.stack.status["endpoint"], "--region", "us-east-1"]
        status = driver.main(["fis", *arguments, *endpoint])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        return json.loads(printed.out)

    return run


@pytest.mark.parametrize("kind", ["delay", "error instead", "error after", "response instead"])
def test_the_aws_cli_runs_experiments(subject: Subject, cli: Callable[..., Any], kind: str) -> None:
    """A template is created, started and stopped with AWS's own command."""
    fault, lab = FAULTS[kind], subject.lab
    request = template(subject.arn, fault.action, fault.parameters)
    created = cli("create-experiment-template", "--cli-input-json", json.dumps(request))
    started = cli("start-experiment", "--experiment-template-id", created["experimentTemplate"]["id"])[
        "experiment"
    ]
    check(subject, fault, lab.get(subject.url))
    cli("stop-experiment", "--id", started["id"])
    found = cli("get-experiment", "--id", started["id"])["experiment"]
    assert found["state"]["status"] == "stopped"
    assert lab.get(subject.url).status == 200


CALLS = """
import os, boto3
from botocore.config import Config
from tracing import capture_lambda_handler
config = Config(retries={"total_max_attempts": 1})
dynamodb, s3 = boto3.client("dynamodb", config=config), boto3.client("s3", config=config)
sqs = boto3.client("sqs", config=config)

@capture_lambda_handler
def handler(event, _context):
    calls = {
        "put": lambda: dynamodb.put_item(TableName="calls", Item={"id": {"S": "1"}}),
        "get": lambda: dynamodb.get_item(TableName="calls", Key={"id": {"S": "1"}}),
        "object": lambda: s3.put_object(Bucket="calls-of-a-test", Key="a/b", Body=b"x"),
        "send": lambda: sqs.send_message(QueueUrl=event.get("queue", ""), MessageBody="x"),
    }
    try:
        calls[event["call"]]()
    except Exception as error:
        return error.response["Error"]["Code"]
    return "ok"
"""


@pytest.fixture(scope="module", params=["otel", "native"])
def caller(request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Deploy a function that calls AWS, with the table, bucket and queue that it calls."""
    module = tmp_path_factory.mktemp("code") / "calls.py"
    module.write_text(CALLS)
    lab.function(request.param, f"for-layers-{request.param}")
    clients = {name: lab.stack.client(name) for name in ("dynamodb", "s3", "sqs")}
    if not clients["dynamodb"].list_tables()["TableNames"]:
        clients["dynamodb"].create_table(
            TableName="calls",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        clients["s3"].create_bucket(Bucket="calls-of-a-test")
        clients["sqs"].create_queue(QueueName="calls")
    environment = {"TRACING_MODE": request.param, "TRACING_EXPORT": "xray"}
    name = f"calls-{request.param}"
    layers = lab.layers[request.param]
    return deploy(lab.stack, name, module, environment, Layers=layers, Timeout=10, MemorySize=512)


def disturb(lab: Lab, kind: str, **parameters: str) -> None:
    """Start an experiment about calls of AWS."""
    request = template("", f"local:aws-call:{kind}", parameters)
    del request["targets"], request["actions"]["fault"]["targets"]
    created = lab.fis.create_experiment_template(**request)["experimentTemplate"]["id"]
    lab.fis.start_experiment(clientToken=created, experimentTemplateId=created)


@pytest.mark.usefixtures("stop")
@pytest.mark.parametrize(
    ("call", "service", "operation", "kind", "code", "flag"),
    [
        ("put", "dynamodb", "PutItem", "throttle", "ProvisionedThroughputExceededException", "throttle"),
        ("put", "dynamodb", "PutItem", "error", "InternalServerError", "fault"),
        ("object", "s3", "PutObject", "throttle", "SlowDown", "throttle"),
        ("object", "s3", "PutObject", "error", "InternalError", "fault"),
        ("send", "sqs", "SendMessage", "throttle", "RequestThrottled", "throttle"),
        ("put", "dynamodb", "PutItem", "delay", "ok", None),
    ],
)
def test_calls_of_aws_are_disturbed(  # noqa: PLR0917 - a table of cases
    lab: Lab, caller: str, call: str, service: str, operation: str, kind: str, code: str, flag: str | None
) -> None:
    """The SDK gets the service's own error, and the trace says under the call that it was on purpose."""
    queue = lab.stack.client("sqs").get_queue_url(QueueName="calls")["QueueUrl"]
    late = {"delayMilliseconds": "300"} if kind == "delay" else {}
    disturb(lab, kind, service=service, operation=operation, **late)
    root = RandomIds().trace_id(time.time())
    reply = invoke(lab.stack, caller, {"call": call, "queue": queue}, root)
    assert (reply.payload, reply.error) == (code, None)

    def arrived() -> Trace | None:
        trace = Trace(lab.stack.documents(root))
        marks = trace.named(f"injected {kind}")
        return trace if marks and not trace.orphans else None

    trace = until(arrived, "the mark", seconds=20)
    mark = trace.only(f"injected {kind}")
    assert mark.document["annotations"] == {"fault.injected": "on-purpose"}
    above = trace.by_id[mark.parent_id or ""]
    assert above.document["aws"]["operation"] == operation
    assert flag is None or above.document[flag] is True
    assert kind != "delay" or above.duration >= 0.3
    assert invoke(lab.stack, caller, {"call": "get"}, root).payload == "ok"


def test_calls_are_clean_after_the_experiment(lab: Lab, caller: str) -> None:
    """When it is stopped the very next call succeeds."""
    disturb(lab, "error", service="dynamodb", resource="calls")
    root = RandomIds().trace_id(time.time())
    assert invoke(lab.stack, caller, {"call": "get"}, root).payload == "InternalServerError"
    for one in lab.fis.list_experiments()["experiments"]:
        if one["state"]["status"] == "running":
            lab.fis.stop_experiment(id=one["id"])
    assert invoke(lab.stack, caller, {"call": "get"}, root).payload == "ok"
