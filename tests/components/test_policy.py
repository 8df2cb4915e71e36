"""IAM policy documents."""

from __future__ import annotations

import json

import pulumi

from components.policy import Grant, assume_role_policy, policy_document
from tests.components.conftest import Deploy


def test_a_role_trusts_one_service() -> None:
    """Nobody but the named service may assume the role."""
    (statement,) = json.loads(assume_role_policy("lambda.amazonaws.com"))["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_a_policy_allows_the_grants_and_nothing_else(deploy: Deploy) -> None:
    """Each grant is one statement, with the ARNs that exist only after deployment filled in."""

    def program() -> None:
        late = pulumi.Output.from_input("arn:aws:sqs:::late")
        grants = [
            Grant(["sqs:SendMessage"], [late, "arn:aws:sqs:::early"]),
            Grant(["s3:GetObject"], ["arn:aws:s3:::b/*"]),
        ]
        pulumi.export("policy", policy_document(grants))

    assert json.loads(deploy(program).exports["policy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": ["arn:aws:sqs:::late", "arn:aws:sqs:::early"],
        },
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]},
    ]
