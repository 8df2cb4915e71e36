"""Least-privilege IAM policies: who may assume a role, and what a role grants."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

Conditions = Mapping[str, Mapping[str, Any]]
"""Tests with the keys and values that they compare, as IAM writes them."""


@dataclass(frozen=True)
class Grant:
    """IAM actions on resources, which are named by ARN.

    An ARN may end in `/*` or `:*` for what is inside a resource and gets its name later: the objects of a
    bucket, the streams of a log group.
    """

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]
    conditions: Conditions | None = None


TRACE_WRITE = Grant(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])
"""What sending traces needs. X-Ray has no resources to name here, so `*` is the only value it takes.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
"""

VPC_ACCESS = Grant(
    [
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ],
    ["*"],
)
"""What Lambda needs of a function's role to put it into a VPC, as in AWS's own policy for it.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html
"""


def assume_role_policy(service: str, conditions: Conditions | None = None) -> str:
    """Return the trust policy of a role that one AWS service may assume."""
    statement = {"Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return _document([{**statement, **_condition(conditions)}])


def policy_document(grants: Sequence[Grant]) -> pulumi.Output[str]:
    """Return the policy that allows exactly `grants`."""
    resources = pulumi.Output.all(*[pulumi.Output.all(*grant.resources) for grant in grants])
    return resources.apply(
        lambda resolved: _document(
            [
                {"Action": list(grant.actions), "Resource": arns, **_condition(grant.conditions)}
                for grant, arns in zip(grants, resolved, strict=True)
            ]
        )
    )


def refuse_without_tls(action: str, resources: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
    """Return the policy of a resource that is not to be reached over plain HTTP; it allows nothing.

    Which version of TLS is no question: endpoints of AWS take 1.2 or newer
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html).
    """
    return pulumi.Output.all(*resources).apply(
        lambda arns: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "RefuseWithoutTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": action,
                        "Resource": arns,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            }
        )
    )


def _condition(conditions: Conditions | None) -> dict[str, Any]:
    return {"Condition": conditions} if conditions else {}


def _document(statements: Sequence[dict[str, Any]]) -> str:
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})
