"""IAM: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from embedded_aws.engine.operation_input import as_text

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration


def role(r: Registration) -> Created:
    """Keep the role; nothing is refused for lack of permission."""
    name = r.physical_name(max_length=64)
    document = r.inputs.text("assumeRolePolicy")
    answer = r.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=document, Tags=r.tag_list())
    for policy in r.inputs.get("inlinePolicies", []):
        if policy.get("policy"):
            r.client("iam").put_role_policy(
                RoleName=name,
                PolicyName=policy.get("name", name),
                PolicyDocument=_inline(as_text(policy["policy"])),
            )
    for arn in r.inputs.get("managedPolicyArns", []):
        _attach(r, name, arn)
    created = answer["Role"]
    return name, {
        "name": name,
        "arn": created["Arn"],
        "uniqueId": created["RoleId"],
        "createDate": created["CreateDate"].isoformat(),
        "path": created["Path"],
    }


def role_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    name, role_name = r.physical_name(max_length=128), r.inputs["role"]
    r.client("iam").put_role_policy(
        RoleName=role_name, PolicyName=name, PolicyDocument=_inline(r.inputs.text("policy"))
    )
    return f"{role_name}:{name}", {"name": name}


def _inline(document: str) -> str:
    """Return an inline policy with a version: AWS asks for one in managed policies alone, moto in all.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    try:
        policy = json.loads(document)
    except ValueError:
        return document  # which IAM refuses
    is_lacking = isinstance(policy, dict) and "Version" not in policy
    return json.dumps({"Version": "2012-10-17", **policy}) if is_lacking else document


def role_policy_attachment(r: Registration) -> Created:
    """Attach the policy; nothing is refused for lack of permission."""
    role_name, arn = r.inputs["role"], r.inputs["policyArn"]
    _attach(r, role_name, arn)
    return f"{role_name}/{arn}", {}


def policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    name = r.physical_name(max_length=128)
    answer = r.call(
        "iam", "create_policy", PolicyName=name, PolicyDocument=r.inputs.text("policy"), Tags=r.tag_list()
    )
    created = answer["Policy"]
    return created["Arn"], {"name": name, "arn": created["Arn"], "policyId": created["PolicyId"]}


def instance_profile(r: Registration) -> Created:
    """Keep the profile."""
    name = r.physical_name(max_length=128)
    client = r.client("iam")
    created = r.call("iam", "create_instance_profile", InstanceProfileName=name, Tags=r.tag_list())
    if role_name := r.inputs.get("role"):
        client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role_name)
    profile = created["InstanceProfile"]
    return name, {"name": name, "arn": profile["Arn"], "uniqueId": profile["InstanceProfileId"]}


def user(r: Registration) -> Created:
    """Keep the user; nothing is refused for lack of permission."""
    name = r.physical_name(max_length=64)
    created = r.call("iam", "create_user", UserName=name, Tags=r.tag_list())["User"]
    return name, {"name": name, "arn": created["Arn"], "uniqueId": created["UserId"]}


def _attach(r: Registration, role_name: str, arn: str) -> None:
    try:
        r.client("iam").attach_role_policy(RoleName=role_name, PolicyArn=arn)
    except ClientError as error:
        # The endpoint may know no AWS managed policies; policies are not enforced here, so go on.
        if error.response["Error"]["Code"] != "NoSuchEntity" or ":iam::aws:policy/" not in arn:
            raise
        r.warn(f"managed policy {arn} is not known here and was not attached")


RESOURCES = {
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": role_policy_attachment,
    "aws:iam/policy:Policy": policy,
    "aws:iam/instanceProfile:InstanceProfile": instance_profile,
    "aws:iam/user:User": user,
}
