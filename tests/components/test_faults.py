"""What fault injection adds to a stack, and that it adds nothing when there is none."""

from __future__ import annotations

import json

import pulumi
import pytest

from components.faults import stop_threshold
from components.function import WRAPPER
from components.kinds import SettingError
from components.settings import parse_settings
from tests.components.conftest import Deployed, Project

FAULTS = {
    "slow": {"functions": ["worker"], "kind": "delay", "delay": 3, "percentage": 50, "duration": 120},
    "broken": {"functions": ["front", "worker"], "kind": "error", "percentage": 10, "instead": False},
    "teapot": {"functions": ["front"], "kind": "http", "status": 418},
}
FUNCTION = "aws:lambda/function:Function"
TEMPLATE = "aws:fis/experimentTemplate:ExperimentTemplate"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.fixture
def deployed(project: Project) -> Deployed:
    return project.up(faults=json.dumps(FAULTS))


def as_path(archive: pulumi.FileArchive) -> str:
    return archive.path


def registered(deployed: Deployed) -> list[tuple[str, str, str]]:
    return sorted(
        (one.type, one.name, json.dumps(one.inputs, default=as_path, sort_keys=True))
        for one in deployed.resources
    )


def test_disabled_changes_nothing(project: Project) -> None:
    """Without faults nothing of FIS is registered, and no function knows of it."""
    plain = registered(project.up())
    assert registered(project.up(faults="{}")) == plain
    assert not [one for one in plain if "fis" in str(one).lower() or WRAPPER in str(one)]


def test_functions_outside_experiments_do_not_differ_by_a_byte(project: Project, deployed: Deployed) -> None:
    """What no experiment is about is the same with faults as without."""
    plain, disturbed = registered(project.up()), registered(deployed)
    touched = {"front-function", "front-policy", "worker-function", "worker-policy"}
    assert [one for one in plain if one[1] not in touched and one not in disturbed] == []


def test_only_functions_in_experiments_have_the_extension(deployed: Deployed) -> None:
    """Front and worker get layer, variables and rights; the consumer is as it was."""
    functions = {one.name.removesuffix("-function"): one.inputs for one in deployed.all(FUNCTION)}
    for name in ("front", "worker"):
        variables = functions[name]["environment"]["variables"]
        assert functions[name]["layers"][-1] == "arn:of:AWS-FIS-extension-arm64"
        assert variables[WRAPPER] == "/opt/aws-fis/bootstrap"
        assert variables["AWS_FIS_POLL_MAX_WAIT_MILLISECONDS"] == "2000"
        location = variables["AWS_FIS_CONFIGURATION_LOCATION"]
        assert location.startswith("arn:aws:s3:")
        assert location.endswith("/FisConfigs/")
        statements = [one for one in deployed.policy(f"{name}-policy") if "s3" in str(one["Action"])]
        listing = next(one for one in statements if one["Action"] == ["s3:ListBucket"])
        assert listing["Condition"] == {"StringLike": {"s3:prefix": ["FisConfigs/*"]}}
        (reading,) = [one for one in statements if one["Action"] == ["s3:GetObject"]]
        assert reading["Resource"][0].endswith("/FisConfigs/*")
    consumer = functions["consumer"]
    assert WRAPPER not in consumer["environment"]["variables"]
    assert len(consumer["layers"]) == len(functions["front"]["layers"]) - 1


def test_the_bucket_is_private_and_forgets(deployed: Deployed) -> None:
    """The bucket of the configurations has no public access, and keeps objects for a day."""
    blocks = deployed.one(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "fault-configuration-public-access"
    )
    assert all(
        value for key, value in blocks.inputs.items() if key.startswith(("block", "ignore", "restrict"))
    )
    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    rules = deployed.one(kind, "fault-configuration-expiry").inputs["rules"]
    assert rules[0]["expiration"] == {"days": 1}


def test_each_experiment_is_a_template(deployed: Deployed) -> None:
    """Actions, parameters and targets are those that FIS documents for Lambda."""
    templates = {one.inputs["tags"]["Name"]: one.inputs for one in deployed.all(TEMPLATE)}
    (action,) = templates["broken"]["actions"]
    assert action["actionId"] == "aws:lambda:invocation-error"
    assert action["target"] == {"key": "Functions", "value": "functions"}
    assert {one["key"]: one["value"] for one in action["parameters"]} == {
        "duration": "PT300S",
        "invocationPercentage": "10",
        "preventExecution": "false",
    }
    (target,) = templates["broken"]["targets"]
    assert target["resourceType"] == "aws:lambda:function"
    assert [arn.rpartition(":")[2] for arn in target["resourceArns"]] == [
        "front-1a2b3c4",
        "worker-1a2b3c4",
    ]
    (action,) = templates["slow"]["actions"]
    assert {"key": "startupDelayMilliseconds", "value": "3000"} in action["parameters"]
    (action,) = templates["teapot"]["actions"]
    assert {"key": "statusCode", "value": "418"} in action["parameters"]
    assert templates["slow"]["logConfiguration"]["cloudwatchLogsConfiguration"]["logGroupArn"].endswith(":*")


def test_each_experiment_stops_on_its_alarm(deployed: Deployed) -> None:
    """The alarm is about the API's server errors, and above what the experiment can cause."""
    alarms = {one.name: one.inputs for one in deployed.all(ALARM)}
    alarm = alarms["faults-broken-stop"]
    assert (alarm["namespace"], alarm["metricName"], alarm["statistic"]) == (
        "AWS/ApiGateway",
        "5XXError",
        "Average",
    )
    assert alarm["dimensions"] == {"ApiName": "api-1a2b3c4", "Stage": "dev"}
    assert alarm["treatMissingData"] == "notBreaching"
    assert alarm["threshold"] == 0.55
    (condition,) = deployed.one(TEMPLATE, "faults-broken").inputs["stopConditions"]
    assert condition["source"] == "aws:cloudwatch:alarm"
    assert condition["value"].endswith(":faults-broken-stop-1a2b3c4")


@pytest.mark.parametrize("percentage", [1, 10, 50, 99])
def test_the_threshold_is_above_the_injected_level(percentage: int) -> None:
    """An experiment does not stop itself, and other errors on top of its own can stop it."""
    faults = {"x": {"functions": ["front"], "kind": "error", "percentage": percentage}}
    (experiment,) = parse_settings({"faults": json.dumps(faults)}).faults
    assert percentage / 100 < stop_threshold(experiment) < 1


@pytest.mark.parametrize(
    "about", [{"kind": "delay", "percentage": 100}, {"kind": "http", "status": 404, "percentage": 100}]
)
def test_what_makes_no_server_errors_stops_at_half(about: dict[str, object]) -> None:
    """A delay that breaks more than half of the requests has gone too far, of however many it is."""
    (experiment,) = parse_settings({"faults": json.dumps({"x": {"functions": ["front"], **about}})}).faults
    assert stop_threshold(experiment) == 0.5


def test_all_of_it_tells_whose_it_is(deployed: Deployed) -> None:
    """By project and stack, by which `waterfall fault --aws` finds its own."""
    for one in (deployed.one(TEMPLATE, "faults-broken"), deployed.one(ALARM, "faults-broken-stop")):
        assert one.inputs["tags"].items() >= {"project": "traced-api", "stack": "dev"}.items()
    assert deployed.one(TEMPLATE, "faults-broken").inputs["tags"]["Name"] == "broken"


def test_the_role_is_for_experiments_of_this_account(deployed: Deployed) -> None:
    """Only FIS may take the role, for this account, and it grants what the actions need."""
    role = deployed.one("aws:iam/role:Role", "faults-role")
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "fis.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:fis:eu-west-1:123456789012:experiment/*"},
    }
    grants = {tuple(one["Action"]): one["Resource"] for one in deployed.policy("faults-policy")}
    assert grants["s3:PutObject", "s3:DeleteObject"][0].endswith("/FisConfigs/*")
    assert len(grants["lambda:GetFunction",]) == 2
    wide = {action for actions, resources in grants.items() if resources == ["*"] for action in actions}
    assert {action.partition(":")[0] for action in wide} == {"logs", "tag"}


def test_an_unknown_function_is_refused(project: Project) -> None:
    """The error names the experiment, the function, and those that there are."""
    faults = {"slow": {"functions": ["back"], "kind": "delay"}}
    with pytest.raises(SettingError, match="names 'back', but the program has front, worker, consumer"):
        project.up(faults=json.dumps(faults))
