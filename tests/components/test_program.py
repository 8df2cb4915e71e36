"""The whole program, run afresh for every tracing mode and stack file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.kinds import SettingError
from tests.components.conftest import Deployed, Project

ROOT = Path(__file__).parents[2]
FUNCTION = "aws:lambda/function:Function"
POLICY = "aws:iam/rolePolicy:RolePolicy"
PARTS_OF_A_BUCKET = (
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
)
FUNCTIONS = ["consumer", "front", "worker"]
STACKS, MODES = ("dev", "staging", "prod"), ("otel", "native", "off")


Run = tuple[str, str, Deployed]


@pytest.fixture(scope="module", params=itertools.product(STACKS, MODES), ids="-".join)
def run(
    request: pytest.FixtureRequest,
    open_project: Callable[[Path, pytest.MonkeyPatch], Project],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """One fresh run of the program for each stack file and mode: stack, mode and what was registered."""
    stack, mode = request.param
    with pytest.MonkeyPatch.context() as monkeypatch:
        project = open_project(tmp_path_factory.mktemp("project"), monkeypatch)
        return stack, mode, project.up(stack, tracing=mode)


def statements(deployed: Deployed) -> Iterator[dict[str, Any]]:
    for policy in deployed.all(POLICY):
        yield from json.loads(policy.inputs["policy"])["Statement"]


def test_every_function_is_traced_or_none(run: Run) -> None:
    """Stage, functions and the tracing library agree with the setting."""
    _, mode, deployed = run
    functions = [function.inputs for function in deployed.all(FUNCTION)]
    assert sorted(inputs["name"] for inputs in functions) == [f"{name}-1a2b3c4" for name in FUNCTIONS]
    expected = "PassThrough" if mode == "off" else "Active"
    assert [inputs["tracingConfig"]["mode"] for inputs in functions] == [expected] * 3
    assert [inputs["environment"]["variables"]["TRACING_MODE"] for inputs in functions] == [mode] * 3
    assert deployed.one("aws:apigateway/stage:Stage").inputs["xrayTracingEnabled"] is (mode != "off")
    assert len(deployed.all("aws:xray/samplingRule:SamplingRule")) == (mode != "off")


def test_no_policy_has_a_wildcard_but_for_traces(run: Run) -> None:
    """Only writing traces names no resource, and only traced functions may; else `*` ends an own ARN."""
    _, mode, deployed = run
    for statement in statements(deployed):
        assert not [action for action in statement["Action"] if "*" in action]
        if statement["Action"][0].startswith("xray:"):
            assert (mode != "off", statement["Resource"]) == (True, ["*"])
        else:
            for arn in statement["Resource"]:
                assert arn.startswith("arn:aws:")
                assert "*" not in arn.removesuffix(":*").removesuffix("/*")


def test_every_resource_belongs_to_a_component(run: Run) -> None:
    """Components are at the top, and everything else is the child of one."""
    _, _, deployed = run
    for resource in deployed.resources:
        if resource.type.startswith("aws:"):
            assert resource.parent_type.startswith("traced-api:index:")
        else:
            assert resource.parent_type in ("pulumi:pulumi:Stack", "traced-api:index:TracingLayers")


def test_every_component_registers_what_it_offers(run: Run) -> None:
    """No component ends with empty outputs."""
    _, _, deployed = run
    components = [resource for resource in deployed.resources if resource.type.startswith("traced-api:")]
    assert len(components) >= 8
    assert not [component.name for component in components if not component.outputs]


def test_the_outputs_are_exported(run: Run) -> None:
    """What a user or a test needs to reach the stack."""
    stack, mode, deployed = run
    assert deployed.exports == {
        "url": f"https://api.example/{stack}/hello",
        "apiUrl": f"https://api.example/{stack}",
        "tracing": mode,
        "export": "xray",
        "apiName": "api-1a2b3c4",
        "frontFunction": "front-1a2b3c4",
        "workerFunction": "worker-1a2b3c4",
        "consumerFunction": "consumer-1a2b3c4",
        "tableName": "items-1a2b3c4",
        "bucketName": "objects-1a2b3c4",
        "queueUrl": "https://sqs.example/work-1a2b3c4",
        "deadLetterQueueUrl": "https://sqs.example/work-dead-letters-1a2b3c4",
    }


@pytest.mark.parametrize(
    ("function", "may"),
    [
        ("front", {"lambda:InvokeFunction"}),
        ("worker", {"dynamodb:PutItem", "s3:PutObject", "sqs:SendMessage"}),
        ("consumer", {"s3:GetObject", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}),
    ],
)
def test_a_function_may_do_its_work_and_no_more(project: Project, function: str, may: set[str]) -> None:
    """Beyond logs, each function is granted exactly what its handler calls."""
    granted = {
        action
        for statement in project.up(tracing="off").policy(f"{function}-policy")
        for action in statement["Action"]
    }
    assert granted - {"logs:CreateLogStream", "logs:PutLogEvents"} == may


@pytest.mark.parametrize(
    ("function", "own"),
    [
        ("front", {"WORKER_FUNCTION": "worker-1a2b3c4", "WORKER_TIMEOUT": "14"}),
        (
            "worker",
            {
                "TABLE_NAME": "items-1a2b3c4",
                "BUCKET_NAME": "objects-1a2b3c4",
                "QUEUE_URL": "https://sqs.example/work-1a2b3c4",
                "WORK_SECONDS": "0.25",
            },
        ),
        ("consumer", {"BUCKET_NAME": "objects-1a2b3c4"}),
    ],
)
def test_a_function_knows_what_it_works_with(project: Project, function: str, own: dict[str, str]) -> None:
    """Handlers find their resources in the environment."""
    deployed = project.up(workSeconds="0.25", export="otlp")
    variables = deployed.one(FUNCTION, f"{function}-function").inputs["environment"]["variables"]
    assert variables == {**own, "TRACING_MODE": "otel", "TRACING_EXPORT": "otlp"}


def test_front_waits_longer_than_the_worker_runs(project: Project) -> None:
    """A worker that runs into its timeout is seen as such, not as a front that gave up."""
    functions = {
        function.name: function.inputs["timeout"] for function in project.up(timeout="20").all(FUNCTION)
    }
    assert functions == {"front-function": 25, "worker-function": 20, "consumer-function": 20}


def test_a_front_that_outlasts_the_gateway_is_refused(project: Project) -> None:
    """API Gateway waits 29 seconds, and front has five more than the worker."""
    assert project.up(timeout="24")
    with pytest.raises(SettingError, match="may run 30 s, but API Gateway answers 504 after 29 s"):
        project.up(timeout="25")


def physical_names(deployed: Deployed) -> list[tuple[str, str]]:
    """Return the names that AWS would see, by type; an inline policy's is the role's own affair."""
    return [
        (one.type, one.inputs[key])
        for one in deployed.resources
        for key in ("name", "ruleName", "bucket")
        if one.type not in {POLICY, *PARTS_OF_A_BUCKET} and key in one.inputs
    ]


def test_names_have_no_two_owners(project: Project) -> None:
    """No two resources of a type share their name, logical or physical."""
    deployed = project.up()
    for named in ([(one.type, one.name) for one in deployed.resources], physical_names(deployed)):
        assert len(set(named)) == len(named)


def test_two_deployments_of_a_stack_never_meet(project: Project) -> None:
    """A second developer's `dev`, or the stack in a second region.

    Only layers have the same name; their versions have numbers of their own.
    """
    faults = json.dumps({"slow": {"functions": ["worker"], "kind": "delay"}})
    one, two = (
        project.up(faults=faults, apiGatewayAccount="true", suffix=suffix)
        for suffix in ("1a2b3c4", "9f8e7d6")
    )
    assert physical_names(one)
    assert set(physical_names(one)) & set(physical_names(two)) == set()


def test_two_runs_register_the_same(project: Project) -> None:
    """A second deployment without a change has nothing to do."""

    def registered() -> str:
        resources = project.up(otelLayer="slim").resources
        inputs = {r.name: {k: getattr(v, "path", v) for k, v in r.inputs.items()} for r in resources}
        return json.dumps(inputs, sort_keys=True)

    assert registered() == registered()


def test_a_preview_registers_what_an_update_does(project: Project) -> None:
    """Nothing depends on values that exist only after deployment."""
    preview, update = ([(r.type, r.name) for r in project.up(preview=p).resources] for p in (True, False))
    assert sorted(preview) == sorted(update)


def test_no_path_of_the_machine_reaches_the_state(project: Project) -> None:
    """Archives are named relative to the project."""
    for resource in project.up(otelLayer="slim").resources:
        if "code" in resource.inputs:
            assert not Path(resource.inputs["code"].path).is_absolute()


def test_a_renamed_project_keeps_its_settings(project: Project) -> None:
    """As `pulumi new --name shop` leaves it: production stays production, with its own sampling."""
    description = project.directory / "Pulumi.yaml"
    description.write_text(description.read_text().replace("name: traced-api\n", "name: shop\n"))
    deployed = project.up("prod")
    assert deployed.one("aws:xray/samplingRule:SamplingRule").inputs["fixedRate"] == 0.05
    faults = json.dumps({"slow": {"functions": ["worker"], "kind": "delay"}})
    with pytest.raises(SettingError, match="production: true"):
        project.up("prod", faults=faults)


def test_a_bad_setting_stops_the_program(project: Project) -> None:
    """The error is the plain one, and nothing is registered."""
    with pytest.raises(SettingError, match=r"samplingRate is '5%', but must be a number from 0 to 1"):
        project.up(samplingRate="5%")


def test_the_program_stays_short() -> None:
    """The entry point reads settings, calls components and exports; it is under 60 lines."""
    assert len((ROOT / "__main__.py").read_text().splitlines()) < 60


def test_executions_are_reserved_for_the_functions_that_are_named(project: Project) -> None:
    """`pulumi config set --path reservedConcurrency.front 20` stores the number as text."""
    deployed = project.up(reservedConcurrency=json.dumps({"front": "20"}))
    reserved = {one.name: one.inputs.get("reservedConcurrentExecutions") for one in deployed.all(FUNCTION)}
    assert reserved == {"front-function": 20, "worker-function": None, "consumer-function": None}
