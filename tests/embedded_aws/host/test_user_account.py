"""Nothing of the user's AWS account is left in the server, nor in what it starts."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import botocore.session

from embedded_aws.host.user_account import no_account, without_account
from tests.account import KEY, PROFILE, user_account
from tests.embedded_aws.server_process import serve, write_program

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FINDS = f"""
import boto3
import pulumi
from botocore.exceptions import ProfileNotFound

session = boto3.Session()
pulumi.export("key", session.get_credentials().access_key)
pulumi.export("profiles", session.available_profiles)
pulumi.export("queues", boto3.client("sqs").list_queues().get("QueueUrls", []))
try:
    boto3.Session(profile_name="{PROFILE}")
except ProfileNotFound as problem:
    pulumi.export("asked", str(problem))
"""


def test_the_shell_s_account_stays_out(tmp_path: Path) -> None:
    """Of all that AWS SDKs read only the region is kept; what is not AWS's stays as it is."""
    shell = user_account(tmp_path) | {"PATH": "/bin"}
    found = without_account(shell)
    assert found == {
        "HOME": str(tmp_path),
        "PATH": "/bin",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_the_account_is_back_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that serves for a while goes on as it was."""
    for name, value in user_account(tmp_path).items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with no_account():
        assert KEY not in os.environ.values()
    assert dict(os.environ) == before


def test_the_server_has_no_account(tmp_path: Path) -> None:
    """With a profile that exists: botocore finds no credentials but ours in the server, and no profile."""
    directory = write_program(tmp_path / "program", "")
    with serve(directory, user_account(tmp_path / "home"), ready="account") as server:
        server.status()
        found = server.status()
        assert server.end() == 0
    assert found["key"] == "test"
    assert found["profiles"] == []
    assert KEY not in json.dumps(found)
    assert "real" not in found["variables"].values()


def test_a_program_has_no_account(tmp_path: Path) -> None:
    """Its own boto3 finds the endpoint; a profile that it asks for does not exist, which boto3 says."""
    directory = write_program(tmp_path / "program", FINDS)
    with serve(directory, user_account(tmp_path / "home"), ready="stop") as server:
        found = server.status()["outputs"]
        assert server.end() == 0
    assert found == {
        "key": "test",
        "profiles": [],
        "queues": [],
        "asked": f"The config profile ({PROFILE}) could not be found",
    }


def test_a_profile_that_does_not_exist_is_no_error(tmp_path: Path) -> None:
    """Whatever the shell says, calls of AWS are answered, also those in which moto asks botocore."""
    directory = write_program(tmp_path / "program", FINDS)
    with serve(directory, {"AWS_PROFILE": "nope"}, ready="stop") as server:
        assert server.status()["outputs"]["key"] == "test"
        assert server.end() == 0


def test_the_tests_have_no_account() -> None:
    """Nor do they look for one."""
    session = botocore.session.Session()
    assert session.available_profiles == []
    assert session.get_credentials() is None
