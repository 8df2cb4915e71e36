"""The component of `pulumi_aws_apigateway`, as its class registers it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.conftest import Deploy

SOURCE = """\
def handler(event, context):
    return {"statusCode": 200, "body": event["httpMethod"] + " " + event["path"]}
"""
_MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "here"}}},
}
DOCUMENT = json.dumps({"swagger": "2.0", "paths": {"/": {"get": {"x-amazon-apigateway-integration": _MOCK}}}})


class RestAPI(pulumi.ComponentResource):
    """What the package's class asks Pulumi for; routes are in the wire's names."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        outputs = {"url": None, "api": None, "stage": None, "deployment": None}
        super().__init__("aws-apigateway:index:RestAPI", name, {**props, **outputs}, opts, remote=True)

    @property
    def url(self) -> pulumi.Output[str]:
        found: pulumi.Output[str] = pulumi.get(self, "url")
        return found

    @property
    def stage(self) -> pulumi.Output[aws.apigateway.Stage]:
        found: pulumi.Output[aws.apigateway.Stage] = pulumi.get(self, "stage")
        return found


def handler() -> aws.lambda_.Function:
    role = aws.iam.Role("role", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    code = pulumi.AssetArchive({"app.py": pulumi.StringAsset(SOURCE)})
    return aws.lambda_.Function("fn", role=role.arn, runtime="python3.11", handler="app.handler", code=code)


@pytest.fixture(scope="module")
def site(aws: harness.Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An API with one route of each kind."""
    files = tmp_path_factory.mktemp("site")
    (files / "www" / "deep").mkdir(parents=True)
    (files / "www" / "index.html").write_text("<h1>home</h1>")
    (files / "www" / "deep" / "a.js").write_text("1")
    (files / "one.txt").write_text("one")

    def program() -> None:
        fn = handler()
        page = {"in": "query", "name": "page"}
        routes = [
            {"path": "/", "localPath": str(files / "www")},
            {"path": "one", "localPath": str(files / "one.txt"), "contentType": "text/x-one"},
            {"path": "orders/{id}", "method": "ANY", "eventHandler": fn},
            {"path": "key", "method": "GET", "eventHandler": fn, "apiKeyRequired": True},
            {"path": "page", "method": "GET", "eventHandler": fn, "requiredParameters": [page],
             "requestValidator": "PARAMS_ONLY"},
            {"path": "guarded", "method": "GET", "eventHandler": fn,
             "authorizers": [{"parameterName": "Token", "type": "request", "authType": "custom",
                              "handler": fn, "identitySource": ["method.request.header.Token"]}]},
            {"path": "pool", "method": "GET", "eventHandler": fn,
             "authorizers": [{"parameterName": "Authorization", "providerARNs": ["arn:pool"]}]},
            {"path": "elsewhere", "target": {"type": "http_proxy", "uri": f"{aws.url}/_local"}},
            {"path": "raw", "method": "GET", "data": {"x-amazon-apigateway-integration": {
                "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "responses": {"default": {"statusCode": "204"}}}}},
        ]  # fmt: skip
        api = RestAPI("api", routes=routes)
        pulumi.export("url", api.url)
        pulumi.export("stage", api.stage.stage_name)

    done = harness.deploy(aws.url, program, "component")
    assert done.warnings == []
    assert done.counts == {"run": 15, "stored only": 0, "skipped": 0}
    assert done.outputs["stage"] == "stage"
    with httpx.Client(base_url=done.outputs["url"], trust_env=False) as client:
        yield client


@pytest.mark.parametrize(("path", "status", "body"), [
    ("", 200, "<h1>home</h1>"),
    ("deep/a.js", 200, "1"),
    ("deep/absent.js", 400, None),
    ("one", 200, "one"),
    ("orders/7", 200, "GET /orders/7"),
    ("key", 403, '{"message":"Forbidden"}'),
    ("page", 400, '{"message":"Missing required request parameters: [page]"}'),
    ("guarded", 401, '{"message":"Unauthorized"}'),
    ("pool", 401, '{"message":"Unauthorized"}'),
    ("elsewhere/status", 200, "{}"),
    ("raw", 204, ""),
])  # fmt: skip
def test_route_answers(site: httpx.Client, path: str, status: int, body: str | None) -> None:
    """Files, functions, servers and raw operations; and what validators, keys and authorizers refuse."""
    answer = site.get(path)
    assert (answer.status_code, body if body is None else answer.text) == (status, body)


def test_files_have_their_content_types(site: httpx.Client) -> None:
    """By their names, unless the route says it."""
    assert site.get("").headers["Content-Type"] == "text/html"
    assert site.get("one").headers["Content-Type"] == "text/x-one"


def test_document_of_the_program_is_served(deploy: Deploy) -> None:
    """A `swagger_string` in the place of routes, under the stage's name that was given."""

    def program() -> None:
        api = RestAPI("documented", swaggerString=DOCUMENT, stageName="live")
        pulumi.export("url", api.url)

    url = deploy(program).outputs["url"]
    assert url.endswith("/live/")
    assert httpx.get(url, trust_env=False).text == "here"


def test_resources_are_made_where_the_component_is(deploy: Deploy) -> None:
    """With the provider that was given for those of AWS."""

    def program() -> None:
        west = aws.Provider("west", region="us-west-2")
        api = RestAPI("far", pulumi.ResourceOptions(providers=[west]), swaggerString=DOCUMENT)
        pulumi.export("url", api.url)

    done = deploy(program)
    (api,) = (
        it for it in done.client("apigateway", "us-west-2").get_rest_apis()["items"] if it["name"] == "far"
    )
    assert api["id"] in done.outputs["url"]


@pytest.mark.parametrize(("routes", "message"), [
    ([{"path": "x"}], "route '/x' leads nowhere; give it `event_handler`, `local_path`, `target` or `data`"),
    ([{"path": "x", "data": {}}], "route 'x' has no `method`; give it one such as GET or ANY"),
    ([{"path": "x", "localPath": "absent"}], f"route '/x': {Path('absent').absolute()} is neither"),
    (None, "it has neither `routes` nor `swagger_string`; give one of them"),
])  # fmt: skip
def test_route_that_cannot_be_made_is_named(deploy: Deploy, routes: Any, message: str) -> None:
    """With the component that has it."""
    with pytest.raises(EngineError, match=r"RestAPI 'bad'.* could not be created: ") as raised:
        deploy(lambda: RestAPI("bad", routes=routes) and None)
    assert message in str(raised.value)
