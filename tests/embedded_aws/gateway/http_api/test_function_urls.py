"""Function URLs: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html."""

from __future__ import annotations

from embedded_aws.gateway.http_api.model import Route
from tests.embedded_aws.gateway.http_api.fakes import FUNCTION, answered, api, front

URL = api(Route("$default", FUNCTION), api_name="front", kind="URL")
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/lambda/aws4_request"}


def test_event() -> None:
    """The event is that of an HTTP API, with an anonymous account and the URL's own host."""
    gateway = front(URL)
    gateway.request("PUT", "http://127.0.0.1:4566/lambda-url/abc/any/path?a=1")
    event = gateway.event()
    context = event["requestContext"]
    assert (event["rawPath"], event["routeKey"]) == ("/any/path", "$default")
    assert (context["accountId"], context["stage"]) == ("anonymous", "$default")
    assert context["domainName"] == "abc.lambda-url.us-east-1.on.aws"


def test_url_by_host() -> None:
    """Its host names it, on AWS as below localhost."""
    gateway = front(URL)
    hosts = ("abc.lambda-url.us-east-1.on.aws", "abc.lambda-url.localhost:4566")
    assert [gateway.request("GET", f"http://{host}/").status_code for host in hosts] == [200, 200]


def test_function_that_fails() -> None:
    """A function's error is a 502, a throttled one a 429."""
    failed = front(URL, result=answered({}, function_error="Unhandled")).request("GET", "/")
    assert (failed.status_code, failed.text) == (502, "Internal Server Error")
    assert front(URL, result=answered({}, status=429)).request("GET", "/").status_code == 429


def test_iam() -> None:
    """Who does not sign is forbidden; signatures are not checked here, which is said."""
    gateway = front(api(Route("$default", FUNCTION, "AWS_IAM"), kind="URL"))
    assert gateway.request("GET", "/").status_code == 403
    signed = gateway.request("GET", "/", headers=SIGNED)
    assert signed.status_code == 501
    assert "AWS_IAM authorization" in signed.json()["message"]
    assert not gateway.function.calls
