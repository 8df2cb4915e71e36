"""What to do about what AWS does not let one read. No other place turns an AWS error into advice. Pure.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html
"""

from __future__ import annotations

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    SSOError,
    TokenRetrievalError,
)

_SIGNED_OUT = (SSOError, TokenRetrievalError, NoAuthTokenError)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException", "InvalidAccessKeyId"}
)
DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "ForbiddenException"})
"""The codes by which services say that a permission is missing."""
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


def advice(error: BotoCoreError | ClientError, profile: str | None) -> str:
    """Return what helps against an error of boto3, if that is known; `profile` is the one that was used."""
    again = f"log in again: `aws sso login{f' --profile {profile}' if profile else ''}`"
    if isinstance(error, ClientError):
        return _of_answer(error, again)
    kinds = {
        _SIGNED_OUT: again,
        NoCredentialsError: "log in, or name a profile with --profile",
        CredentialRetrievalError: "this profile's own way to credentials failed: log in there again",
    }
    return next((told for kind, told in kinds.items() if isinstance(error, kind)), "")


def _of_answer(error: ClientError, again: str) -> str:
    details = error.response.get("Error", {})
    code, action = details.get("Code"), _ACTION.search(str(details.get("Message")))
    if code in _EXPIRED:
        return f"the credentials have expired: with SSO, {again}; else set new ones"
    if code in _UNKNOWN:
        return "AWS does not know these credentials: look at the profile, or at AWS_ACCESS_KEY_ID"
    if code in DENIED:
        return f"whoever reads here needs the permission {action[1] if action else error.operation_name}"
    return ""
