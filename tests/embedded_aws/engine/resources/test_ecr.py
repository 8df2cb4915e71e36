"""A program that logs in to a repository, as those do that build images."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from tests.embedded_aws.engine.conftest import Deploy


def test_credentials_have_the_form_that_docker_wants(deploy: Deploy) -> None:
    """User and password in Base64, and apart."""

    def program() -> None:
        given = aws.ecr.get_credentials(registry_id="123456789012").authorization_token
        found = aws.ecr.get_authorization_token()
        pulumi.export("login", base64.b64decode(given).decode().split(":"))
        pulumi.export("token", [found.user_name, found.password])

    done = deploy(program)
    assert done.outputs["login"] == done.outputs["token"]
    assert done.outputs["login"][0] == "AWS"
    assert done.warnings == []
