"""KMS: https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before


def key(r: Registration) -> Created:
    """Make the key; it encrypts and decrypts, and nothing is refused for lack of permission."""
    names = {"customerMasterKeySpec": "KeySpec"}
    policy = r.inputs.text("policy") if "policy" in r.inputs else None
    answer = r.call("kms", "create_key", names, Policy=policy, Tags=r.tag_list("TagKey", "TagValue"))
    created = answer["KeyMetadata"]
    if r.inputs.get("enableKeyRotation"):
        r.client("kms").enable_key_rotation(KeyId=created["KeyId"])
    return created["KeyId"], {
        "keyId": created["KeyId"],
        "arn": created["Arn"],
        "customerMasterKeySpec": created.get("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"),
    }


def update_key(r: Registration, before: Before) -> State:
    """Change policy and rotation; what it encrypted can be read on."""
    if before.has("policy") and "policy" in r.inputs:
        r.client("kms").put_key_policy(
            KeyId=before.standing.id, PolicyName="default", Policy=r.inputs.text("policy")
        )
    if r.inputs.get("enableKeyRotation"):
        r.client("kms").enable_key_rotation(KeyId=before.standing.id)
    elif before.has("enableKeyRotation"):
        r.client("kms").disable_key_rotation(KeyId=before.standing.id)
    return {}


def alias(r: Registration) -> Created:
    """Name the key."""
    name = r.physical_name(max_length=256)
    name = name if name.startswith("alias/") else f"alias/{name}"
    target = str(r.inputs["targetKeyId"])
    r.client("kms").create_alias(AliasName=name, TargetKeyId=target)
    found = r.client("kms").describe_key(KeyId=target)["KeyMetadata"]
    return name, {
        "name": name,
        "arn": r.arn("kms", name),
        "targetKeyId": found["KeyId"],
        "targetKeyArn": found["Arn"],
    }


RESOURCES = {"aws:kms/key:Key": key, "aws:kms/alias:Alias": alias}

UPDATES = {
    "aws:kms/key:Key": Update(update_key, frozenset({"keyUsage", "customerMasterKeySpec", "multiRegion"})),
}
