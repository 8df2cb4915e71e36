"""A traced function on its own."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.function import (
    AsyncInvocation,
    Extension,
    QueueTrigger,
    TracedFunction,
    TracedFunctionArgs,
    VpcSettings,
)
from components.kinds import SettingError
from components.policy import Grant
from components.settings import FunctionProfile, Target, Tracing
from components.zips import PackagingError
from tests.components.conftest import Deploy, Deployed

FUNCTION = "aws:lambda/function:Function"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:work"


@pytest.fixture
def function(deploy: Deploy) -> Deploy:
    """Deploys one function named `f`."""

    def up(
        tracing: Tracing = "otel",
        profile: dict[str, Any] | None = None,
        stack: str = "dev",
        code: str = "code.py",
        **args: Any,
    ) -> Deployed:
        shared = FunctionProfile(Target("python3.13", "arm64"), tracing, **(profile or {}))
        return deploy(
            lambda: TracedFunction("f", TracedFunctionArgs(Path(code), shared, **args)), stack=stack
        )

    return up


def actions(deployed: Deployed) -> set[str]:
    return {action for statement in deployed.policy("f-policy") for action in statement["Action"]}


@pytest.mark.parametrize(
    ("tracing", "mode"), [("otel", "Active"), ("native", "Active"), ("off", "PassThrough")]
)
def test_lambda_traces_unless_switched_off(function: Deploy, tracing: Tracing, mode: str) -> None:
    """Active is what makes Lambda send segments of its own."""
    assert function(tracing).one(FUNCTION).inputs["tracingConfig"] == {"mode": mode}


def test_the_tracing_library_learns_mode_and_export(function: Deploy) -> None:
    """The function's own variables stay beside them."""
    deployed = function("otel", {"export": "otlp"}, environment={"TABLE_NAME": "items"})
    variables = {"TABLE_NAME": "items", "TRACING_MODE": "otel", "TRACING_EXPORT": "otlp"}
    assert deployed.one(FUNCTION).inputs["environment"]["variables"] == variables


def test_the_profile_shapes_the_function(function: Deploy) -> None:
    """Memory, timeout, runtime and architecture are the stack's."""
    inputs = function(profile={"memory": 1024, "timeout": 7}, reserved_concurrency=3).one(FUNCTION).inputs
    expected = {
        "memorySize": 1024,
        "timeout": 7,
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "reservedConcurrentExecutions": 3,
        "handler": "code.handler",
    }
    assert {name: inputs[name] for name in expected} == expected


@pytest.mark.parametrize(("timeout", "total"), [(10, 15), (895, 900)])
def test_a_function_that_waits_has_more_time(function: Deploy, timeout: int, total: int) -> None:
    """The extra comes on top, up to what Lambda allows."""
    deployed = function(profile={"timeout": timeout}, extra_timeout=5)
    assert deployed.one(FUNCTION).inputs["timeout"] == total


def test_a_timeout_that_lambda_refuses_is_refused(function: Deploy) -> None:
    """Cut to what Lambda allows, the function would end with those that it waits for."""
    with pytest.raises(SettingError, match=r"function f has a timeout of 896 s and 5 s more .* allows 900"):
        function(profile={"timeout": 896}, extra_timeout=5)


def test_the_code_is_one_module(function: Deploy) -> None:
    """Pulumi gets the finished zip, so that its bytes are ours."""
    path = function().one(FUNCTION).inputs["code"].path
    assert re.fullmatch(r"\.build/functions/code-[0-9a-f]{16}\.zip", path)


def test_the_code_may_be_a_directory(function: Deploy) -> None:
    """It then says which of its modules has the handler; a single module may say it too."""
    Path("app").mkdir()
    Path("app/main.py").write_text("def handle(event, context): ...\n")
    inputs = function(code="app", handler="main.handle").one(FUNCTION).inputs
    assert inputs["handler"] == "main.handle"
    assert zipfile.ZipFile(inputs["code"].path).namelist() == ["main.py"]
    assert function(handler="code.other").one(FUNCTION).inputs["handler"] == "code.other"


def test_a_directory_without_a_handler_stops_the_program(function: Deploy) -> None:
    """The error names function and directory, and says what to give."""
    Path("app").mkdir()
    with pytest.raises(SettingError, match=r"function f has the directory app .* handler='app\.handler'"):
        function(code="app")


def test_a_missing_module_stops_the_program(deploy: Deploy) -> None:
    """The error names the file."""
    args = TracedFunctionArgs(Path("gone.py"), FunctionProfile(Target("python3.13", "arm64"), "off"))
    with pytest.raises(PackagingError, match=r"no handler module or directory gone\.py"):
        deploy(lambda: TracedFunction("f", args))


def test_a_wrapper_and_fault_injection_exclude_each_other(function: Deploy) -> None:
    """Lambda has one wrapper script: the error names function and variable, and says what to do."""
    variable = "AWS_LAMBDA_EXEC_WRAPPER"
    extension = Extension("arn:of:a:layer", {variable: "/opt/aws-fis/bootstrap"}, [])
    with pytest.raises(SettingError, match=f"function f sets {variable}, .*: remove the variable, or take"):
        function(environment={variable: "/opt/otel-instrument"}, extension=extension)


@pytest.mark.parametrize("variable", ["TRACING_MODE", "TRACING_EXPORT"])
def test_a_variable_that_the_component_sets_is_refused(function: Deploy, variable: str) -> None:
    """One of the two would silently have no effect."""
    with pytest.raises(SettingError, match=f"function f sets {variable}, which the component sets"):
        function(environment={variable: "off"})


def test_a_function_may_be_in_a_vpc(function: Deploy) -> None:
    """Lambda needs network interfaces there, which the role then allows it."""
    deployed = function(vpc=VpcSettings(["subnet-1", "subnet-2"], ["sg-1"]))
    expected = {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}
    assert deployed.one(FUNCTION).inputs["vpcConfig"] == expected
    assert "ec2:CreateNetworkInterface" in actions(deployed)
    assert not [action for action in actions(function()) if action.startswith("ec2:")]


def test_tags_go_to_all_that_can_have_tags(function: Deploy) -> None:
    """Costs and owners are found by them."""
    deployed = function(tags={"team": "shop"}, queue=QueueTrigger(QUEUE))
    tagged = {resource.name for resource in deployed.resources if resource.inputs.get("tags")}
    assert tagged == {"f-logs", "f", "f-function", "f-queue"}
    assert deployed.one(FUNCTION).inputs["tags"] == {"team": "shop"}


def test_what_it_is_made_of_can_be_built_on(deploy: Deploy) -> None:
    """An alarm, an alias and a policy of one's own take the parts, not names put together."""

    def program() -> None:
        profile = FunctionProfile(Target("python3.13", "arm64"), "otel")
        made = TracedFunction("f", TracedFunctionArgs(Path("code.py"), profile, queue=QueueTrigger(QUEUE)))
        assert made.event_source
        assert made.async_config is None
        pulumi.export("made", [made.function.name, made.role.name, made.log_group.name, made.policy.name])
        pulumi.export("source", made.event_source.batch_size)

    exports = deploy(program).exports
    assert exports["made"] == ["f-1a2b3c4", "f-1a2b3c4", "/aws/lambda/f-1a2b3c4", "function"]
    assert exports["source"] == 10


class TestPermissions:
    def test_a_function_may_write_its_own_logs_and_traces(self, function: Deploy) -> None:
        """Nothing else is granted by itself."""
        deployed = function()
        logs, traces = deployed.policy("f-policy")
        assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert logs["Resource"][0].endswith(":/aws/lambda/f-1a2b3c4:*")
        assert traces["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        assert traces["Resource"] == ["*"]

    def test_a_function_that_is_not_traced_may_not_write_traces(self, function: Deploy) -> None:
        """Mode off has no X-Ray permission at all."""
        assert not [action for action in actions(function("off")) if action.startswith("xray:")]

    def test_grants_come_on_top(self, function: Deploy) -> None:
        """A grant becomes a statement of the function's own policy."""
        grant = Grant(["dynamodb:PutItem"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/items"])
        statement = function(grants=[grant]).policy("f-policy")[0]
        assert (statement["Action"], statement["Resource"]) == (grant.actions, grant.resources)

    def test_only_lambda_may_assume_the_role(self, function: Deploy) -> None:
        """The role is the function's own."""
        (statement,) = json.loads(function().one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


class TestLogs:
    def test_they_are_kept_as_long_as_set(self, function: Deploy) -> None:
        """The log group is the one that Lambda writes to."""
        logs = function(profile={"log_retention": 30}).one("aws:cloudwatch/logGroup:LogGroup").inputs
        assert logs == {"name": "/aws/lambda/f-1a2b3c4", "retentionInDays": 30}

    @pytest.mark.parametrize("tracing", ["otel", "native", "off"])
    def test_they_are_json_in_every_mode(self, function: Deploy, tracing: Tracing) -> None:
        """Records show their fields, the trace ids among them; Lambda's own reports are there too."""
        assert function(tracing).one(FUNCTION).inputs["loggingConfig"] == {
            "logFormat": "JSON",
            "applicationLogLevel": "INFO",
            "systemLogLevel": "INFO",
            "logGroup": "/aws/lambda/f-1a2b3c4",
        }

    def test_the_group_is_there_before_the_function(self, function: Deploy) -> None:
        """Else Lambda would make one without retention, and would run before it may write."""
        needs = function().one(FUNCTION).options.dependencies
        assert {urn.rsplit("::", 1)[-1] for urn in needs} >= {"f-logs", "f-policy", "f"}


class TestTriggers:
    def test_a_queue_reports_failures_record_by_record(self, function: Deploy) -> None:
        """One bad message does not bring the whole batch back."""
        deployed = function(queue=QueueTrigger(QUEUE, batch_size=5))
        mapping = deployed.one("aws:lambda/eventSourceMapping:EventSourceMapping").inputs
        assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
        assert (mapping["eventSourceArn"], mapping["batchSize"]) == (QUEUE, 5)

    def test_a_queue_may_be_read(self, function: Deploy) -> None:
        """The permission is for that queue only."""
        (statement,) = [
            statement
            for statement in function(queue=QueueTrigger(QUEUE)).policy("f-policy")
            if "sqs:ReceiveMessage" in statement["Action"]
        ]
        assert statement["Resource"] == [QUEUE]

    def test_failed_asynchronous_invocations_go_to_a_queue(self, function: Deploy) -> None:
        """Retries, age and destination are set, and the destination may be written to."""
        deployed = function(async_invocation=AsyncInvocation(1, 60, on_failure=QUEUE))
        config = deployed.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").inputs
        assert (config["maximumRetryAttempts"], config["maximumEventAgeInSeconds"]) == (1, 60)
        assert config["destinationConfig"] == {"onFailure": {"destination": QUEUE}}
        assert "sqs:SendMessage" in actions(deployed)

    def test_asynchronous_invocations_need_no_destination(self, function: Deploy) -> None:
        """Retries alone are a valid setting."""
        deployed = function(async_invocation=AsyncInvocation(maximum_retries=0))
        config = deployed.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").inputs
        assert "destinationConfig" not in config


class TestNames:
    def test_pulumi_names_the_role_and_all_follow(self, function: Deploy) -> None:
        """One random suffix for role, function and log group: no two stacks, developers, regions meet."""
        deployed = function()
        assert "name" not in deployed.one("aws:iam/role:Role", "f").inputs
        assert deployed.one(FUNCTION).inputs["name"] == "f-1a2b3c4"
        assert deployed.one("aws:cloudwatch/logGroup:LogGroup").inputs["name"] == "/aws/lambda/f-1a2b3c4"

    def test_a_function_may_have_a_name_that_stays(self, function: Deploy) -> None:
        """Its role keeps Pulumi's: IAM's names are shared by all regions."""
        deployed = function(physical_name="checkout")
        assert deployed.one(FUNCTION).inputs["name"] == "checkout"
        assert deployed.one("aws:cloudwatch/logGroup:LogGroup").inputs["name"] == "/aws/lambda/checkout"
        assert "name" not in deployed.one("aws:iam/role:Role", "f").inputs

    def test_a_name_too_long_is_refused(self, function: Deploy) -> None:
        """The error has the function, the length and Lambda's limit."""
        with pytest.raises(SettingError, match=r"function f has the physical name 'x+' of 65 .* allows 64"):
            function(physical_name="x" * 65)


def test_a_plain_cold_start_is_told_to_the_library(function: Deploy) -> None:
    """The library tells of imports and clients unless the profile says otherwise."""
    told = [
        function(profile=profile).one(FUNCTION).inputs["environment"]["variables"].get("TRACING_COLD_STARTS")
        for profile in ({}, {"cold_starts": "plain"})
    ]
    assert told == [None, "plain"]
