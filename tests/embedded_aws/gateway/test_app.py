from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from embedded_aws.gateway.model import AccessLog, Integration, Method, Resource, Throttle
from embedded_aws.gateway.response import MAX_PAYLOAD
from tests.embedded_aws.gateway.fakes import ARN, URI, Front, ok, proxy, stage

FrontFactory = Callable[..., Front]


def test_unknown_route(front: FrontFactory) -> None:
    """A path without a route gets API Gateway's misleading 403."""
    response = front().request("GET", "/nowhere")
    assert (response.status_code, response.json()) == (403, {"message": "Missing Authentication Token"})
    assert response.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("path", ["/execute-api/abc123/prod/hello", "/execute-api/zzz/dev/hello"])
def test_unknown_api_or_stage(front: FrontFactory, path: str) -> None:
    """An unknown API or stage is forbidden."""
    response = front().request("GET", f"http://127.0.0.1:4566{path}")
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})
    assert response.headers["x-amzn-errortype"] == "ForbiddenException"


@pytest.mark.parametrize(
    "host", ["abc123.execute-api.us-east-1.amazonaws.com", "abc123.execute-api.localhost:4566"]
)
def test_api_by_host(front: FrontFactory, host: str) -> None:
    """The API may be named by the host, as on AWS."""
    gateway = front()
    assert gateway.request("GET", f"http://{host}/dev/hello").status_code == 200
    assert gateway.event()["path"] == "/hello"


def test_integration_timeout(front: FrontFactory) -> None:
    """After the integration's timeout the client gets a 504, and the function runs on to its end."""
    slow = Method("GET", Integration("AWS_PROXY", URI, timeout=0.01))
    gateway = front(stage(Resource("r1", "/hello", {"GET": slow})))

    async def scenario() -> None:
        gateway.function.held = asyncio.Event()
        response = await gateway.asend("GET", "/hello")
        assert (response.status_code, response.json()) == (504, {"message": "Endpoint request timed out"})
        assert not gateway.function.finished.is_set()
        gateway.function.held.set()
        async with asyncio.timeout(5):
            await gateway.function.finished.wait()

    asyncio.run(scenario())


def test_throttling(front: FrontFactory) -> None:
    """A burst beyond the bucket gets 429, and the bucket refills with time."""
    gateway = front(stage(throttles={"*/*": Throttle(rate=2, burst=2)}))
    statuses = [gateway.request("GET", "/hello").status_code for _ in range(3)]
    gateway.now += 0.5
    statuses += [gateway.request("GET", "/hello").status_code for _ in range(2)]
    assert statuses == [200, 200, 429, 200, 429]


def test_a_clock_that_is_put_back_throttles_nobody(front: FrontFactory) -> None:
    """As after a correction of an hour: what was left is left, and refills from there."""
    gateway = front(stage(throttles={"*/*": Throttle(rate=2, burst=2)}))
    statuses = [gateway.request("GET", "/hello").status_code]
    gateway.now -= 3600
    statuses += [gateway.request("GET", "/hello").status_code for _ in range(2)]
    gateway.now += 0.5
    statuses.append(gateway.request("GET", "/hello").status_code)
    assert statuses == [200, 200, 429, 200]


def test_throttled_answer(front: FrontFactory) -> None:
    """The 429 has API Gateway's body and error type."""
    response = front(stage(throttles={"~1hello/GET": Throttle(0, 0)})).request("GET", "/hello")
    assert (response.status_code, response.json()) == (429, {"message": "Too Many Requests"})
    assert response.headers["x-amzn-errortype"] == "TooManyRequestsException"


def test_method_throttle_beats_the_default(front: FrontFactory) -> None:
    """A method's own limit counts instead of the stage's."""
    throttles = {"*/*": Throttle(0, 0), "~1hello/GET": Throttle(10, 10)}
    assert front(stage(throttles=throttles)).request("GET", "/hello").status_code == 200


def test_request_too_large(front: FrontFactory) -> None:
    """A body above 10 MB is refused and not handed to the function."""
    gateway = front(stage(Resource("r1", "/hello", {"POST": proxy("POST")})))
    response = gateway.request("POST", "/hello", content=b"x" * (MAX_PAYLOAD + 1))
    assert response.status_code == 413
    assert not gateway.function.calls


def test_api_key(front: FrontFactory) -> None:
    """A method that needs a key answers only to one of the stage's."""
    deployed = stage(Resource("r1", "/hello", {"GET": proxy("GET", api_key_required=True)}))
    gateway = front(deployed, keys=("secret",))
    statuses = [
        gateway.request("GET", "/hello", headers=headers).status_code
        for headers in ({}, {"x-api-key": "wrong"}, {"X-Api-Key": "secret"})
    ]
    assert statuses == [403, 403, 200]
    assert gateway.event()["requestContext"]["identity"]["apiKey"] == "secret"


@pytest.mark.parametrize(
    ("method", "named"),
    [
        (Method("GET", Integration("HTTP", "http://a.example")), "HTTP"),
        (
            Method("GET", Integration("AWS_PROXY", "arn:aws:apigateway:us-east-1:states:action/x")),
            "AWS_PROXY",
        ),
        (Method("GET", None), "missing"),
        (proxy("GET", authorization="CUSTOM"), "CUSTOM"),
    ],
)
def test_what_is_not_emulated(
    front: FrontFactory, caplog: pytest.LogCaptureFixture, method: Method, named: str
) -> None:
    """Integrations and authorizers that are not emulated answer 501, name themselves, and warn once."""
    gateway = front(stage(Resource("r1", "/hello", {"GET": method})))
    responses = [gateway.request("GET", "/hello") for _ in range(2)]
    assert [response.status_code for response in responses] == [501, 501]
    assert named in responses[0].json()["message"]
    [record] = caplog.records
    assert "shop/dev: GET /hello answers 501" in record.getMessage()


def test_stage_variable_names_the_function(front: FrontFactory) -> None:
    """The function's name in the integration may come from a stage variable."""
    uri = URI.replace("function:front", "function:${stageVariables.fn}")
    deployed = stage(
        Resource("r1", "/hello", {"GET": Method("GET", Integration("AWS_PROXY", uri))}),
        variables={"fn": "other"},
    )
    gateway = front(deployed)
    gateway.request("GET", "/hello")
    assert gateway.function.calls[0][0] == ARN.replace("front", "other")


def test_access_log(front: FrontFactory) -> None:
    """Each request writes one line of the stage's format; unknown variables become a dash."""
    log = AccessLog(
        "arn:aws:logs:us-east-1:123456789012:log-group:api",
        "$context.httpMethod $context.resourcePath $context.status $context.responseLength "
        "$context.xrayTraceId $context.identity.sourceIp $context.integration.requestId $context.nothing",
    )
    gateway = front(stage(access_log=log), ok("12345"))
    gateway.request("GET", "/hello")
    gateway.request("GET", "/nowhere")
    assert gateway.logs.lines == [
        f"GET /hello 200 5 1-6553f100-{'a' * 24} 192.0.2.7 lambda-request -",
        f"GET - 403 42 1-6553f100-{'a' * 24} 192.0.2.7 - -",
    ]


def test_what_cannot_be_told_of_a_request_does_not_fail_it(
    front: FrontFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """A store, a journal or a log that fails changes no answer, and is logged once."""
    gateway = front()

    def fail(document: object) -> None:
        raise OSError("no room")

    gateway.segments.emit = fail  # type: ignore[method-assign] # the worst sink there can be
    assert [gateway.request("GET", "/hello").status_code for _ in range(2)] == [200, 200]
    assert [record.exc_info is not None for record in caplog.records] == [True]
