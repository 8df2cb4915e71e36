"""ECR: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html.

A program that builds an image logs in to its repository first. Here it can, although no image is ever pushed.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.registration import Created, Registration, State


def repository(r: Registration) -> Created:
    """Keep the repository; it takes no images."""
    name = str(r.inputs.get("name") or r.physical_name(max_length=256).lower())
    answer = r.call("ecr", "create_repository", repositoryName=name, tags=r.tag_list())
    made = answer["repository"]
    r.stored_only("images cannot be pushed here: it exists and holds none")
    return name, {
        "name": name,
        "arn": made["repositoryArn"],
        "registryId": made["registryId"],
        "repositoryUrl": made["repositoryUri"],
    }


def lifecycle_policy(r: Registration) -> Created:
    """Keep the policy."""
    name = str(r.inputs["repository"])
    policy = r.inputs.text("policy")
    kept = r.client("ecr").put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
    return name, {"registryId": kept["registryId"]}


def repository_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    name = str(r.inputs["repository"])
    policy = r.inputs.text("policy")
    kept = r.client("ecr").set_repository_policy(repositoryName=name, policyText=policy)
    return name, {"registryId": kept["registryId"]}


def get_authorization_token(_args: Mapping[str, Any], aws: Any) -> State:
    """A token that no registry takes: user and password in Base64."""
    [found] = aws.client("ecr").get_authorization_token()["authorizationData"]
    token = found["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    return {
        "id": aws.region,
        "authorizationToken": token,
        "userName": user,
        "password": password,
        "proxyEndpoint": found["proxyEndpoint"],
        "expiresAt": found["expiresAt"].isoformat(),
    }


RESOURCES = {
    "aws:ecr/repository:Repository": repository,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": lifecycle_policy,
    "aws:ecr/repositoryPolicy:RepositoryPolicy": repository_policy,
}

FUNCTIONS = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": get_authorization_token,
    "aws:ecr/getCredentials:getCredentials": get_authorization_token,
}
"""What the provider does for a program without making a resource."""
