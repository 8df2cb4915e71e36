from __future__ import annotations

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from moto.iam.models import IAMBackend, Role

from tests.embedded_aws.engine.conftest import Deploy

ASSUME: Any = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ALLOW: Any = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}


def test_role_has_its_policies(deploy: Deploy) -> None:
    """Trust, inline and managed policies, given as text or mapping, are on the role."""

    def program() -> None:
        own = aws.iam.Policy("own", policy=json.dumps(ALLOW))
        role = aws.iam.Role(
            "worker",
            assume_role_policy=ASSUME,
            description="works",
            inline_policies=[{"name": "inline", "policy": json.dumps(ALLOW)}],
            managed_policy_arns=[own.arn],
            tags={"team": "a"},
        )
        aws.iam.RolePolicy("extra", role=role.id, policy=ALLOW)
        aws.iam.RolePolicyAttachment(
            "basic",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        )
        pulumi.export("name", role.name)
        pulumi.export("arn", role.arn)
        pulumi.export("own", own.arn)

    done = deploy(program)
    iam, name = done.client("iam"), done.outputs["name"]
    role = iam.get_role(RoleName=name)["Role"]
    assert role["Arn"] == done.outputs["arn"]
    assert (role["AssumeRolePolicyDocument"], role["Description"]) == (ASSUME, "works")
    assert role["Tags"] == [{"Key": "team", "Value": "a"}]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    assert len(inline) == 2
    assert [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline] == [
        ALLOW
    ] * 2
    attached = {
        each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    }
    assert attached == {
        done.outputs["own"], "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    }  # fmt: skip
    assert done.warnings == []


def test_unknown_managed_policy_is_a_warning(deploy: Deploy) -> None:
    """An AWS policy that is not known here stops nothing, since policies are not enforced."""

    def program() -> None:
        role = aws.iam.Role("worker", assume_role_policy=ASSUME)
        aws.iam.RolePolicyAttachment(
            "new", role=role.name, policy_arn="arn:aws:iam::aws:policy/BrandNewPolicy"
        )

    (warning,) = deploy(program).warnings
    assert (
        "RolePolicyAttachment 'new': managed policy arn:aws:iam::aws:policy/BrandNewPolicy is not known"
        in warning
    )


def test_iam_answers_in_turn(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two requests at once one waits: moto fails when roles are made while it looks for one."""
    client = deploy(lambda: None).client("iam")
    client.list_roles()
    absent = client.exceptions.NoSuchEntityException  # made when it is first asked for, not by two threads
    together, get_role = threading.Barrier(2), IAMBackend.get_role
    met: list[bool] = []

    def found(self: IAMBackend, role_name: str) -> Role:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(0.2)
            met.append(True)
        return get_role(self, role_name)

    def asked(_: int) -> str:
        with pytest.raises(absent):
            client.get_role(RoleName="absent")
        return "answered"

    monkeypatch.setattr(IAMBackend, "get_role", found)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(asked, range(2))) == ["answered"] * 2
    assert met == []


def test_an_inline_policy_needs_no_version(deploy: Deploy) -> None:
    """AWS takes it for one of its first language; only a managed policy must have one."""
    unversioned: Any = {"Statement": ALLOW["Statement"]}

    def program() -> None:
        inline: Any = {"name": "inline", "policy": json.dumps(unversioned)}
        role = aws.iam.Role("worker", assume_role_policy=ASSUME, inline_policies=[inline])
        aws.iam.RolePolicy("extra", role=role.id, policy=unversioned)
        pulumi.export("name", role.name)

    done = deploy(program)
    iam, name = done.client("iam"), done.outputs["name"]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        kept = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        assert kept["Statement"] == ALLOW["Statement"]
