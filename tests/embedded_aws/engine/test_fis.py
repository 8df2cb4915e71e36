from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_aws import fis, ssm

if TYPE_CHECKING:
    from tests.embedded_aws.engine import harness
    from tests.embedded_aws.engine.conftest import Deploy

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:some"


def test_a_template_can_be_started(aws: harness.Aws, deploy: Deploy) -> None:
    """Lists of the program become maps of the API, and FIS knows the template by the resource's id."""

    def program() -> None:
        fis.ExperimentTemplate(
            "slow",
            description="a test",
            role_arn="arn:aws:iam::123456789012:role/experiments",
            targets=[
                {
                    "name": "functions",
                    "resource_type": "aws:lambda:function",
                    "selection_mode": "ALL",
                    "resource_arns": [ARN],
                }
            ],
            actions=[
                {
                    "name": "delay",
                    "action_id": "aws:lambda:invocation-add-delay",
                    "parameters": [{"key": "duration", "value": "PT5M"}],
                    "target": {"key": "Functions", "value": "functions"},
                },
                {
                    "name": "wait",
                    "action_id": "aws:fis:wait",
                    "parameters": [{"key": "duration", "value": "PT1M"}],
                    "start_afters": ["delay"],
                },
            ],
            stop_conditions=[{"source": "none"}],
            tags={"Name": "slow"},
        )

    client = deploy(program).client("fis")
    found = [
        one
        for one in client.list_experiment_templates()["experimentTemplates"]
        if one["tags"] == {"Name": "slow"}
    ]
    template = client.get_experiment_template(id=found[0]["id"])["experimentTemplate"]
    assert template["targets"]["functions"]["resourceArns"] == [ARN]
    assert template["actions"]["delay"]["targets"] == {"Functions": "functions"}
    assert template["actions"]["delay"]["parameters"] == {"duration": "PT5M"}
    assert template["actions"]["wait"]["startAfter"] == ["delay"]


def test_the_extension_is_found_and_does_nothing(deploy: Deploy) -> None:
    """AWS's public parameter names a layer that a function can have; its wrapper is left out here."""

    def program() -> None:
        for architecture in ("x86_64", "arm64"):
            name = f"/aws/service/fis/lambda-extension/AWS-FIS-extension-{architecture}/1.x.x"
            found = ssm.get_parameter(name=name).insecure_value
            assert found is not None
            assert f"layer:AWS-FIS-extension-{architecture}:1" in found

    assert deploy(program).warnings == []
