"""What AWS does not let one read comes with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from tests.waterfall.samples import TRACE_ID
from waterfall.traces.client import Reader, ReadError, RefusedError, Source, connect

if TYPE_CHECKING:
    from pathlib import Path

SSO = """
[profile dev]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = reader
region = eu-west-1
[profile newer]
sso_session = work
sso_account_id = 123456789012
sso_role_name = reader
region = eu-west-1
[sso-session work]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
"""


@pytest.fixture(autouse=True)
def _signed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 find two profiles of SSO, and no login of theirs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text(SSO)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.parametrize("profile", ["dev", "newer"])
def test_a_login_that_is_over_says_how_to_log_in(profile: str) -> None:
    """Of SSO, in both forms of a profile."""
    with pytest.raises(ReadError, match=f"log in again: `aws sso login --profile {profile}`"):
        connect(Source(aws=True, profile=profile)).get([TRACE_ID])


def test_the_shell_s_profile_is_the_one_to_log_in_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """As boto3 takes it, so the advice names it."""
    monkeypatch.setenv("AWS_PROFILE", "dev")
    with pytest.raises(ReadError, match="`aws sso login --profile dev`"):
        connect(Source(aws=True)).get([TRACE_ID])


def refused(code: str, message: str) -> str:
    xray = boto3.client("xray", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(xray)
    stub.add_client_error("batch_get_traces", code, message)
    with stub, pytest.raises(RefusedError) as error:
        Reader(Source(aws=True, profile="dev"), xray).get([TRACE_ID])
    return str(error.value)


def test_credentials_that_have_expired_say_so() -> None:
    """Of SSO or not, since a key that was copied does not tell."""
    told = refused("ExpiredTokenException", "The security token included in the request is expired")
    again = "with SSO, log in again: `aws sso login --profile dev`; else set new ones"
    assert told.endswith(f"; the credentials have expired: {again}")


def test_a_permission_that_is_missing_is_named() -> None:
    """With the name that a policy gives it, which AWS tells."""
    told = refused(
        "AccessDeniedException",
        "User: arn:aws:iam::123456789012:user/me is not authorized to perform: xray:BatchGetTraces because "
        "no identity-based policy allows the xray:BatchGetTraces action",
    )
    assert told.endswith("; whoever reads here needs the permission xray:BatchGetTraces")


def test_other_refusals_are_told_as_they_are() -> None:
    """Nothing is advised where nothing is known."""
    assert (
        refused("ThrottledException", "Slow down.")
        == "X-Ray refused BatchGetTraces: ThrottledException: Slow down."
    )
