"""Parameters and secrets.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before


def parameter(r: Registration) -> Created:
    """Put the parameter."""
    name = r.physical_name(max_length=2048)
    value = r.inputs.get("value", r.inputs.get("insecureValue"))
    answer = r.call("ssm", "put_parameter", Name=name, Value=str(value), Tags=r.tag_list())
    arn = r.arn("ssm", f"parameter/{name.lstrip('/')}")
    return name, {"name": name, "arn": arn, "version": answer["Version"]}


def update_parameter(r: Registration, before: Before) -> State:
    """Put the new value as the next version."""
    value = r.inputs.get("value", r.inputs.get("insecureValue"))
    answer = r.call("ssm", "put_parameter", Name=before.standing.id, Value=str(value), Overwrite=True)
    return {"version": answer["Version"]}


def secret(r: Registration) -> Created:
    """Make the secret."""
    name = r.physical_name(max_length=512)
    arn = r.call("secretsmanager", "create_secret", Name=name, Tags=r.tag_list())["ARN"]
    if "policy" in r.inputs:
        r.client("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=r.inputs.text("policy"))
    return arn, {"name": name, "arn": arn}


def update_secret(r: Registration, before: Before) -> State:
    """Change its policy; its values stay."""
    if "policy" in r.inputs:
        r.client("secretsmanager").put_resource_policy(
            SecretId=before.standing.id, ResourcePolicy=r.inputs.text("policy")
        )
    return {}


def secret_version(r: Registration) -> Created:
    """Put the secret's value."""
    binary = base64.b64decode(r.inputs["secretBinary"]) if "secretBinary" in r.inputs else None
    answer = r.call("secretsmanager", "put_secret_value", SecretBinary=binary)
    return f"{r.inputs['secretId']}|{answer['VersionId']}", {
        "arn": answer["ARN"],
        "versionId": answer["VersionId"],
        "versionStages": answer.get("VersionStages", ["AWSCURRENT"]),
    }


RESOURCES = {
    "aws:ssm/parameter:Parameter": parameter,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretVersion:SecretVersion": secret_version,
}

UPDATES = {
    "aws:ssm/parameter:Parameter": Update(update_parameter, frozenset({"name"})),
    "aws:secretsmanager/secret:Secret": Update(update_secret, frozenset({"name", "namePrefix"})),
}
