"""IAM authorization: who signed a request, as far as that can be known here.

A signature is checked for its form, its service and its region. Whether it was made with the right secret is
not: any credentials are good here, and no secret is known. So whoever signs is taken for the account's root,
whom no policy restricts, as IAM is not enforced anywhere here.

https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from embedded_aws.gateway.method_request import MethodRequest

MISSING = "MissingAuthenticationTokenException"
_ALGORITHMS = ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")
_SERVICE, _TERMINATOR = "execute-api", "aws4_request"
_SCOPE = 5
_PARTS = ("Credential", "Signature", "SignedHeaders")


@dataclass(frozen=True)
class Signature:
    """What a request says of who signed it, and when; what it lacks is empty."""

    credential: str = ""
    signature: str = ""
    signed_headers: str = ""
    date: str = ""

    @property
    def access_key(self) -> str:
        return self.credential.partition("/")[0]


def read_signature(request: MethodRequest) -> Signature | None:
    """Return the signature in the header `Authorization`, or in the query of a presigned URL."""
    query = dict(parse_qsl(request.query))
    if query.get("X-Amz-Algorithm") in _ALGORITHMS:
        names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
        credential, signature, signed_headers, date = (query.get(name, "") for name in names)
        return Signature(credential, signature, signed_headers, date)
    given = request.header("Authorization")
    if given is None:
        return None
    algorithm, _, rest = given.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    known = algorithm in _ALGORITHMS
    credential, signature, signed_headers = (parts.get(name, "") if known else "" for name in _PARTS)
    date = request.header("X-Amz-Date") or request.header("Date") or ""
    return Signature(credential, signature, signed_headers, date)


def signature_problem(request: MethodRequest, region: str) -> tuple[str, str] | None:
    """Return what is wrong with how a request is signed, if it is: the error's type and its message."""
    signed = read_signature(request)
    if signed is None:
        return MISSING, "Missing Authentication Token"
    values = (signed.credential, signed.signature, signed.signed_headers)
    lacking = [
        f"Authorization header requires '{name}' parameter."
        for name, value in zip(_PARTS, values, strict=True)
        if not value
    ]
    if not signed.date:
        lacking.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if lacking:
        given = request.header("Authorization") or ""
        return "IncompleteSignatureException", f"{' '.join(lacking)} Authorization={given}"
    wrong = _wrong_scope(signed.credential, region)
    return ("InvalidSignatureException", wrong) if wrong else None


def _wrong_scope(credential: str, region: str) -> str:
    scope = credential.split("/")
    if len(scope) < _SCOPE:
        return "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
    wrong = []
    if scope[-3] != region:
        wrong.append(f"Credential should be scoped to a valid region, not '{scope[-3]}'.")
    if scope[-2] != _SERVICE:
        wrong.append(f"Credential should be scoped to correct service: '{_SERVICE}'.")
    if scope[-1] != _TERMINATOR:
        wrong.append(
            f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{scope[-1]}'."
        )
    return " ".join(wrong)


def signer_identity(request: MethodRequest, account: str) -> dict[str, str]:
    """Return what a function learns of who signed: the access key, and the account's root."""
    signed = read_signature(request)
    if signed is None or not signed.credential:
        return {}
    root = f"arn:aws:iam::{account}:root"
    return {
        "accountId": account,
        "accessKey": signed.access_key,
        "caller": account,
        "user": account,
        "userArn": root,
    }
