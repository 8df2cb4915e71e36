"""Rules for IAM: what a role may do, and who may be one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rules.rule import Resource, rule

_POLICIES = (
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
)
_ATTACHMENTS = (
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)
_TOO_MUCH = re.compile(r"arn:[\w-]+:iam::aws:policy/.*(FullAccess|AdministratorAccess|PowerUserAccess)")

_WITHOUT_RESOURCES = re.compile(
    r"xray:\w+|cloudwatch:PutMetricData|tag:GetResources|ec2:\w+NetworkInterface\w*|ec2:DescribeSubnets"
    r"|ec2:(Una|A)ssignPrivateIpAddresses|logs:(CreateLogDelivery|\w+ResourcePolic\w+|DescribeLogGroups)"
)
"""Actions that AWS gives no resource to name, or whose own guides ask for `*`.

https://docs.aws.amazon.com/service-authorization/latest/reference/
https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
"""


@rule(*_POLICIES, fix="name each action that is needed; the components' grants do")
def policies_name_their_actions(policy: Resource) -> Iterator[str]:
    """A policy allows no actions by wildcard, nor all but some."""
    for statement in _allowed(policy):
        for action in _many(statement.get("Action")):
            if "*" in action or "?" in action:
                yield f"allows {action}, which grows with each action that AWS adds"
        if "NotAction" in statement:
            yield f"allows everything but {', '.join(_many(statement['NotAction']))}"


@rule(*_POLICIES, fix="name the ARN of what is meant, or add a condition")
def policies_name_their_resources(policy: Resource) -> Iterator[str]:
    """A policy allows an action on all resources only where AWS has none to name."""
    for statement in _allowed(policy):
        everywhere = "*" in _many(statement.get("Resource")) or "NotResource" in statement
        if everywhere and not statement.get("Condition"):
            for action in _many(statement.get("Action")):
                if not _WITHOUT_RESOURCES.fullmatch(action):
                    yield f"allows {action} on everything in the account"


@rule(*_ATTACHMENTS, fix="write a policy of the actions that are needed")
def roles_get_no_full_access(attachment: Resource) -> Iterator[str]:
    """No identity gets one of AWS's policies that allow a whole service, or all of them."""
    arn = attachment.props.get("policyArn", "")
    if _TOO_MUCH.fullmatch(arn):
        yield f"attaches {arn}"


@rule("aws:iam/role:Role", fix="name the service or the account in Principal")
def roles_name_who_may_assume_them(role: Resource) -> Iterator[str]:
    """A role may be assumed by named principals, not by everybody."""
    for statement in _statements(role.props["assumeRolePolicy"]):
        principal = statement.get("Principal", {})
        named = _many(principal.get("AWS")) if isinstance(principal, Mapping) else [principal]
        if statement.get("Effect") == "Allow" and "*" in named and not statement.get("Condition"):
            yield "may be assumed by everybody with an AWS account"


def _allowed(policy: Resource) -> Iterator[Mapping[str, Any]]:
    for statement in _statements(policy.props["policy"]):
        if statement.get("Effect") == "Allow":
            yield statement


def _statements(document: str | Mapping[str, Any]) -> list[Mapping[str, Any]]:
    read = json.loads(document) if isinstance(document, str) else document
    return _many(read.get("Statement"))


def _many(value: Any) -> list[Any]:
    """Return a list of what IAM lets stand alone or in a list."""
    if value is None:
        return []
    return list(value) if not isinstance(value, str | Mapping) else [value]
