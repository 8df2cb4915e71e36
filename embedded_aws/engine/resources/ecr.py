"""ECR: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html.

A program that builds an image logs in to its repository first. Here it can, although there is no repository.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.registration import State


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


FUNCTIONS = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": get_authorization_token,
    "aws:ecr/getCredentials:getCredentials": get_authorization_token,
}
"""What the provider does for a program without making a resource."""
