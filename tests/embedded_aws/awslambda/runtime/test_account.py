"""A function's own boto3 knows nothing of the user's AWS account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.account import PROFILE, user_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.embedded_aws.awslambda.harness import Stack

FINDS = f"""
import boto3
from botocore.exceptions import ProfileNotFound

def handler(event, context):
    session = boto3.Session()
    found = [session.get_credentials().access_key, session.available_profiles]
    try:
        return [*found, boto3.Session(profile_name="{PROFILE}").get_credentials().access_key]
    except ProfileNotFound as problem:
        return [*found, str(problem)]
"""


def test_a_function_has_no_account(stack: Stack, tmp_path: Path) -> None:
    """Even with the user's home directory, where it would find a profile: there is none, as on AWS."""
    user_account(tmp_path)
    name = stack.deploy(FINDS, timeout=10, Environment={"Variables": {"HOME": str(tmp_path)}})
    result = stack.invoke(name)
    assert json.loads(result.payload) == [
        "test",
        [],
        f"The config profile ({PROFILE}) could not be found",
    ]
