"""IAM authorization: what is checked of a signature, what a function learns, and what is not known here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded_aws.gateway.model import Resource
from tests.embedded_aws.gateway.fakes import Front, proxy, stage

URL = "http://127.0.0.1:4566/execute-api/abc123/dev/hello"
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def guarded(front: Callable[..., Front]) -> Front:
    """A gateway whose one method asks for a signature."""
    return front(stage(Resource("r1", "/hello", {"GET": proxy("GET", authorization="AWS_IAM")})))


def signed(service: str = "execute-api", region: str = "us-east-1") -> Mapping[str, str]:
    """Return the headers of a request that botocore signed."""
    request = AWSRequest("GET", URL)
    SigV4Auth(Credentials(ACCESS_KEY, "secret"), service, region).add_auth(request)
    return dict(request.headers.items())


def refused(response: httpx.Response) -> tuple[int, str, str]:
    return response.status_code, response.headers["x-amzn-ErrorType"], response.json()["message"]


def test_an_unsigned_request_is_refused(guarded: Front) -> None:
    """And the function is not called."""
    assert refused(guarded.request("GET", "/hello")) == (
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )
    assert guarded.function.calls == []


def test_whoever_signs_is_the_root_of_the_account(guarded: Front) -> None:
    """The function learns the access key; nobody checks the secret, and no policy restricts anybody."""
    assert guarded.request("GET", URL, headers=signed()).status_code == 200
    identity = guarded.event()["requestContext"]["identity"]
    assert (identity["accessKey"], identity["accountId"]) == (ACCESS_KEY, "123456789012")
    assert identity["userArn"] == "arn:aws:iam::123456789012:root"
    assert "authorizer" not in guarded.event()["requestContext"]


def test_a_presigned_url_is_let_in(guarded: Front) -> None:
    """Its signature is in the query."""
    request = AWSRequest("GET", URL)
    SigV4QueryAuth(Credentials(ACCESS_KEY, "secret"), "execute-api", "us-east-1").add_auth(request)
    assert guarded.request("GET", request.url).status_code == 200
    assert guarded.event()["requestContext"]["identity"]["accessKey"] == ACCESS_KEY


@pytest.mark.parametrize(
    ("service", "region", "told"),
    [
        ("lambda", "us-east-1", "Credential should be scoped to correct service: 'execute-api'."),
        ("execute-api", "eu-west-1", "Credential should be scoped to a valid region, not 'eu-west-1'."),
    ],
)
def test_a_signature_for_something_else_is_refused(
    guarded: Front, service: str, region: str, told: str
) -> None:
    """The most frequent mistakes of whoever signs by hand."""
    answer = guarded.request("GET", URL, headers=signed(service, region))
    assert refused(answer) == (403, "InvalidSignatureException", told)


def test_what_is_no_signature_is_refused(guarded: Front) -> None:
    """A token of something else, in the header that the signature goes into."""
    answer = guarded.request("GET", "/hello", headers={"Authorization": "Bearer abc"})
    status, kind, told = refused(answer)
    assert (status, kind) == (403, "IncompleteSignatureException")
    assert told.startswith("Authorization header requires 'Credential' parameter.")
    assert told.endswith("Authorization=Bearer abc")


def test_an_open_method_does_not_look_at_signatures(front: Callable[..., Front]) -> None:
    """Nor does its function learn of one."""
    gateway = front()
    assert gateway.request("GET", URL, headers=signed()).status_code == 200
    assert gateway.event()["requestContext"]["identity"]["accessKey"] is None
