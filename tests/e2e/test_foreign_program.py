"""Another Pulumi program, of plain resources, whose functions use other people's tracing unmodified."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.packaging import package_layer
from tests.e2e.functions import BUILD, host
from tests.e2e.stack import REPOSITORY, Stack, running
from tests.e2e.traces import whole_trace
from tests.waterfall.agents.client import call, over_stdio
from waterfall.cli import main
from waterfall.faults.client import Faults
from waterfall.faults.direct import read_fault
from waterfall.proof.cases import Case, Invocation, read_expected
from waterfall.proof.checking import Observe, check, observing, record
from waterfall.proof.lines import told
from waterfall.proof.observing import Place
from waterfall.proof.recorders import recorders
from waterfall.proof.redaction import redaction
from waterfall.stack.invocations import arn_of
from waterfall.traces.client import Source, client, connect

PROGRAM = REPOSITORY / "tests" / "e2e" / "programs" / "foreign"
PACKAGES = REPOSITORY / ".build" / "foreign"
OWN_SPANS = {
    "adot": [],
    "xray-sdk": ["check stock"],
    "powertools": ["## handler", "## powertools.check_stock"],
}
MOVED = "xray-sdk"
CASE = Case(MOVED, Invocation(MOVED, b'{"path": "/"}'), runs=1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Deploy the program with every request sampled."""
    assert PACKAGES.is_dir(), f"{PACKAGES.name} is missing; `make test` installs it"
    data = tmp_path_factory.mktemp("data")
    with running(data, "-C", str(PROGRAM), "--config", f"packages={PACKAGES}") as stack:
        rule = {"RuleName": "Default", "FixedRate": 1.0}
        stack.client("xray").update_sampling_rule(SamplingRuleUpdate=rule)
        yield stack


@pytest.mark.parametrize("name", OWN_SPANS)
def test_the_waterfall_of_foreign_tracing_is_complete(stack: Stack, name: str) -> None:
    """One root, and the DynamoDB call once below the function, whatever SDK sent it."""
    answer = stack.request(f"{stack.status['outputs']['url']}/{name}")
    assert answer.status == 201, answer.body
    spans = ("dynamodb", *OWN_SPANS[name])
    trace = whole_trace(
        stack, answer.trace_id, lambda found: found.ran(name) and found.has(*spans), "the function's segments"
    )
    assert [root.name for root in trace.roots] == ["orders/live"], str(trace)
    function = trace.only(name, origin="AWS::Lambda::Function")
    for span in spans:
        assert trace.only(span, below=function)


@pytest.mark.parametrize("name", OWN_SPANS)
def test_an_agent_asks_and_is_told_what_took_the_time(stack: Stack, name: str) -> None:
    """Of a program of plain resources, too, whatever traces it."""
    server = over_stdio(stack.status["endpoint"])
    calls = (("request", {"request": f"GET /{name}"}), ("explain", {"trace": f"/{name}"}))
    sent, told = call(server, *calls)
    assert "answered 201" in sent.text
    assert not told.is_error
    assert f"{name}" in told.text
    assert "the answer waited for, longest first:" in told.text


@pytest.mark.parametrize("name", ["adot", "xray-sdk"])
def test_a_function_of_a_plain_program_suffers_a_fault_until_it_is_stopped(stack: Stack, name: str) -> None:
    """Whatever traces it, and under ADOT's wrapper; the next request is as it was."""
    url = f"{stack.status['outputs']['url']}/{name}"
    source = Source(stack.status["endpoint"], region="eu-west-1")
    experiments, arn = Faults(source), arn_of(source, name)
    assert stack.request(url).status == 201
    for fault, status in (("delay 300ms", 201), ("error", 502), ("status 503", 503)):
        read = read_fault(fault)
        started = experiments.put(read, name, arn, percentage=100, seconds=300)
        answer = stack.request(url)
        experiments.stop(started.id)
        trace = whole_trace(stack, answer.trace_id, lambda found: found.ran(name), "the function's segments")
        function = trace.only(name, origin="AWS::Lambda::Function")
        assert answer.status == status
        assert function.document["annotations"]["fault.injected"] == f"{name}-{read.kind}"
    assert stack.request(url).status == 201


@pytest.fixture
def program(stack: Stack) -> Source:
    """Where the program runs, in its region."""
    return Source(stack.status["endpoint"], region="eu-west-1")


@pytest.fixture
def functions(program: Source) -> Iterator[Any]:
    """Return Lambda's client; the function that moves is afterwards what the program deployed."""
    functions = client(program, "lambda")
    was = functions.get_function_configuration(FunctionName=MOVED)
    yield functions
    configure(functions, was["Environment"]["Variables"], [each["Arn"] for each in was["Layers"]])
    give_code(functions, PROGRAM)


def configure(functions: Any, variables: dict[str, str], layers: list[str]) -> None:
    functions.update_function_configuration(
        FunctionName=MOVED, Environment={"Variables": variables}, Layers=layers
    )


def give_code(functions: Any, program: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in (program / "app").glob("*.py"):
            archive.write(file, file.name)
    functions.update_function_code(FunctionName=MOVED, ZipFile=packed.getvalue())


def test_the_printed_steps_move_a_function_onto_adots_layer(
    program: Source, functions: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It brings OpenTelemetry; without its wrapper, and with the printed permission, all is as it was."""
    code, folder = tmp_path / "program", tmp_path / "traces"
    shutil.copytree(PROGRAM, code)
    folder.mkdir()
    observe = observing(Place(program, connect(program), {}, redaction()))
    record(CASE, folder, observe)
    assert main(["migrate", str(code), "--write"]) == 0
    steps = " ".join(capsys.readouterr().out.partition("What the deployment needs:")[2].split())
    adot, was = (functions.get_function_configuration(FunctionName=name) for name in ("adot", MOVED))
    layers = [adot["Layers"][0]["Arn"], tracing_layer(functions)]
    name, value = found(r"Set the variable (\w+=\w+) of each function", steps).split("=")
    wrapper = found(r"Take (\w+) away if it is set", steps)
    variables = {**was["Environment"]["Variables"], name: value}
    give_code(functions, code)
    permit(client(program, "iam"), json.loads(found(r"policy of each function's role: (\{.*?\})", steps)))
    configure(functions, {**variables, wrapper: adot["Environment"]["Variables"][wrapper]}, layers)
    assert unexpected(observe, folder), "ADOT's provider is at work first"
    configure(functions, variables, layers)
    assert unexpected(observe, folder) == []
    assert set(recorders(observe(CASE)[0]).values()) == {"OpenTelemetry"}


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def tracing_layer(functions: Any) -> str:
    """Publish the folder tracing alone; return the layer's version."""
    packed = package_layer(REPOSITORY / "layers" / "tracing", host(), BUILD).read_bytes()
    layer = functions.publish_layer_version(LayerName="tracing", Content={"ZipFile": packed})
    return str(layer["LayerVersionArn"])


def permit(iam: Any, statement: dict[str, Any]) -> None:
    """Leave the program's role nothing for tracing but the statement; nothing enforces it here."""
    operations = client(Source(), "xray").meta.service_model.operation_names
    assert {*statement["Action"]} <= {f"xray:{name}" for name in operations}
    (role,) = (each["RoleName"] for each in iam.list_roles()["Roles"] if each["RoleName"].startswith("place"))
    managed = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
    iam.detach_role_policy(RoleName=role, PolicyArn=managed)
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName=role, PolicyName="tracing", PolicyDocument=json.dumps(document))
    assert iam.get_role_policy(RoleName=role, PolicyName="tracing")["PolicyDocument"] == document


def unexpected(observe: Observe, folder: Path) -> list[str]:
    """Return what differs from the recording, but for the handler's span."""
    (folder / "expected.yaml").write_text('- {change: added, span: "*.handler", reason: as the page says}\n')
    result = check(CASE, folder, observe, read_expected(folder))
    assert result.error is None
    return [told(one) for one in result.unexpected]
