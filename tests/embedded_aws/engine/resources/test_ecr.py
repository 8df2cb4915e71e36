"""A program that makes a repository and logs in to it, as those do that build images."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from tests.embedded_aws.engine.conftest import Deploy

RULES = {"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {
    "tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}}]}  # fmt: skip

PULL = {"Version": "2012-10-17", "Statement": [
    {"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}]}  # fmt: skip


def test_a_repository_can_be_logged_in_to(deploy: Deploy) -> None:
    """Its URL and its credentials have the form that Docker wants; that it holds no images is told."""

    def program() -> None:
        made = aws.ecr.Repository(
            "Shop", image_tag_mutability="MUTABLE", force_delete=True, tags={"team": "a"}
        )
        aws.ecr.LifecyclePolicy("few", repository=made.name, policy=json.dumps(RULES))
        aws.ecr.RepositoryPolicy("open", repository=made.name, policy=json.dumps(PULL))
        found = made.registry_id.apply(lambda registry: aws.ecr.get_credentials(registry_id=registry))
        login = found.authorization_token.apply(lambda token: base64.b64decode(token).decode().split(":"))
        pulumi.export("user", login[0])
        pulumi.export("token", aws.ecr.get_authorization_token().user_name)
        pulumi.export("url", made.repository_url)
        pulumi.export("name", made.name)

    done = deploy(program)
    name = done.outputs["name"]
    assert (done.outputs["user"], done.outputs["token"]) == ("AWS", "AWS")
    assert done.outputs["url"] == f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{name}"
    assert name.startswith("shop-")
    client = done.client("ecr")
    assert json.loads(client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]) == RULES
    [warning] = done.warnings
    assert "images cannot be pushed here: it exists and holds none" in warning
    assert done.counts == {"run": 2, "stored only": 1, "skipped": 0}
