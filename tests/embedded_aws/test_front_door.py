"""What comes in at the AWS endpoint, and what is refused before anything looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import PlainTextResponse

from embedded_aws.front_door import front_door
from tests.embedded_aws.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

DEPLOYED = "abc"
FRONT_END = "http://localhost:3000"
EVIL = "https://evil.example"
TARGET = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("inside", headers={"ETag": "x"})(scope, receive, send)

    with serving(front_door(inside, lambda api: api == DEPLOYED, frozenset({FRONT_END}))) as url:
        yield url


def ask(endpoint: str, path: str = "/", method: str = "GET", **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, endpoint + path, headers=given, trust_env=False)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254", ""])
def test_foreign_host_is_refused(endpoint: str, host: str) -> None:
    """A host name that is not local is refused: it could be a web page's, pointed at loopback."""
    response = ask(endpoint, "/_local/status", Host=host)
    assert response.status_code == 403
    assert response.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert repr(host) in response.json()["message"]


@pytest.mark.parametrize("host", ["localhost:4566", "[::1]:4566", "127.0.0.2", "bucket.localhost"])
def test_local_host_is_answered(endpoint: str, host: str) -> None:
    """Every name of loopback is answered."""
    assert ask(endpoint, "/_local/status", Host=host).text == "inside"


@pytest.mark.parametrize(
    "path", ["/", "/_local/status", "/2015-03-31/functions", "/moto-api/reset", "/GetSamplingRules"]
)
@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost:8080", "http://127.0.0.1:8080"])
def test_foreign_origin_is_refused(endpoint: str, path: str, origin: str) -> None:
    """No page uses the AWS APIs, be it another local one."""
    for method in ("GET", "POST", "OPTIONS"):
        response = ask(endpoint, path, method, Origin=origin)
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "host",
    [
        "a-b.execute-api.localhost",
        "xyz.execute-api.localhost",
        ".execute-api.localhost",
        "abc.execute-api.evil.example",
        "abc.execute-api.us-east-1.amazonaws.com.evil.example",
        "x.execute-api.us-east-1.amazonaws.com",
        "abc.execute-api.localhost.evil.example",
        "xyz.lambda-url.localhost",
        "xyz.lambda-url.us-east-1.on.aws",
        "abc.lambda-url.us-east-1.on.aws.evil.example",
    ],
)
def test_a_host_that_only_looks_like_an_api_s_opens_nothing(endpoint: str, host: str) -> None:
    """Only the host of an API that is deployed is one."""
    assert ask(endpoint, "/moto-api/reset", "POST", Host=host, Origin=EVIL).status_code == 403
    assert ask(endpoint, Host=host, Sec_Fetch_Site="cross-site").status_code == 403


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1:4566", "/execute-api/abc/dev/hello"),
        ("127.0.0.1:4566", "/execute-api/abc"),
        ("abc.execute-api.localhost:4566", "/dev/hello"),
        ("ABC.execute-api.localhost", "/dev/hello"),
        ("abc.execute-api.us-east-1.amazonaws.com", "/dev/hello"),
        ("127.0.0.1:4566", "/lambda-url/abc/hello"),
        ("abc.lambda-url.localhost:4566", "/hello"),
        ("abc.lambda-url.us-east-1.on.aws", "/hello"),
    ],
)
def test_a_deployed_api_answers_every_page(endpoint: str, host: str, path: str) -> None:
    """And answers CORS itself, to admitted origins too."""
    for origin in (EVIL, "null", FRONT_END):
        for method in ("GET", "POST", "OPTIONS"):
            wanted = {"Access_Control_Request_Method": "PUT", "Sec_Fetch_Site": "cross-site"}
            response = ask(endpoint, path, method, Host=host, Origin=origin, **wanted)
            assert response.text == "inside"
            assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "path", ["/execute-api/xyz/dev/hello", "/execute-api/", "/execute-api", "/execute%2dapi/abc/dev"]
)
def test_a_path_that_only_looks_like_an_api_s_opens_nothing(endpoint: str, path: str) -> None:
    """An API that is not deployed has no routes."""
    assert ask(endpoint, path, Origin=EVIL).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_an_image_of_another_page_is_refused(endpoint: str, site: str) -> None:
    """It has no origin, but browsers tell where it comes from; nor does a link lead to AWS."""
    for mode in ("no-cors", "navigate"):
        assert (
            ask(endpoint, "/?Action=ListQueues", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode).status_code == 403
        )


def test_the_refusal_is_in_the_protocol_of_the_caller(endpoint: str) -> None:
    """Query clients get it as XML."""
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    refused = ask(endpoint, "/", "POST", Origin=EVIL, **form)
    assert "<Code>AccessDeniedException</Code>" in refused.text
    assert ask(endpoint, "/", "POST", Origin=EVIL).json()["__type"] == "AccessDeniedException"


def test_an_admitted_origin_reads_every_header(endpoint: str) -> None:
    """What a script of the front end may see of an answer."""
    response = ask(endpoint, "/bucket/key", Origin=FRONT_END, Sec_Fetch_Site="cross-site")
    assert response.text == "inside"
    assert response.headers["access-control-allow-origin"] == FRONT_END
    assert response.headers["access-control-expose-headers"] == "*"
    assert "Origin" in response.headers["vary"]
