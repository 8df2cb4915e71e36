"""A user with an AWS account: what a shell and a home directory may hold of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = "production"
KEY = "AKIAREALREALREALREAL"


def user_account(home: Path) -> dict[str, str]:
    """Write the files of an account below `home`; return the variables of a shell that uses it."""
    directory = home / ".aws"
    directory.mkdir(parents=True)
    secret = f"aws_access_key_id = {KEY}\naws_secret_access_key = real\n"
    (directory / "config").write_text(
        f"[default]\n{secret}[profile {PROFILE}]\n{secret}region = eu-north-1\n"
    )
    (directory / "credentials").write_text(f"[{PROFILE}]\n{secret}")
    (home / ".boto").write_text(f"[Credentials]\n{secret}")
    return {
        "HOME": str(home),
        "AWS_PROFILE": PROFILE,
        "AWS_DEFAULT_PROFILE": PROFILE,
        "AWS_CONFIG_FILE": str(directory / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials"),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(directory / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/real",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "BOTO_CONFIG": str(home / ".boto"),
        "AWS_REGION": "eu-west-1",
    }
