"""OpenAPI documents become REST APIs, as PutRestApi and ImportRestApi make them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
import yaml

from embedded_aws.aws.parsing import ParseError
from embedded_aws.gateway.yaml_document import read_yaml
from tests.embedded_aws.gateway.control import Control
from tests.embedded_aws.gateway.fakes import URI
from tests.embedded_aws.steps import lines_run

PROXY = {"type": "aws_proxy", "httpMethod": "POST", "uri": URI, "passthroughBehavior": "when_no_match"}
INTEGRATION = "x-amazon-apigateway-integration"
ANY = "x-amazon-apigateway-any-method"


@pytest.fixture(scope="module")
def control() -> Control:
    return Control()


def swagger(paths: Any, **others: Any) -> dict[str, Any]:
    return {"swagger": "2.0", "info": {"title": "orders", "version": "1"}, "paths": paths, **others}


def openapi(paths: Any, **others: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "orders", "version": "1"}, "paths": paths, **others}


def routes(control: Control, api: str) -> dict[str, set[str]]:
    """Paths and methods of the deployed API."""
    return {
        each.path: set(each.methods) for each in control.deployed(api).deployment.resources if each.methods
    }


@pytest.mark.parametrize("kind", [swagger, openapi])
def test_paths_become_resources(control: Control, kind: Any) -> None:
    """Both versions bring their paths with all that is above them, greedy and any-method routes too."""
    document = kind({"/orders/{id}": {"get": {INTEGRATION: PROXY}}, "/{proxy+}": {ANY: {INTEGRATION: PROXY}}})
    api = control.imported(document)
    assert routes(control, api) == {"/orders/{id}": {"GET"}, "/{proxy+}": {"ANY"}}


def test_yaml(control: Control) -> None:
    """A document may be YAML, whose statuses are numbers."""
    document = yaml.safe_dump(openapi({"/": {"get": {INTEGRATION: PROXY, "responses": {200: {}}}}}))
    assert routes(control, control.imported(document)) == {"/": {"GET"}}


def test_the_root_keeps_its_id(control: Control) -> None:
    """An overwritten API keeps the root that its creator was told, and the name that it was given."""
    created = control.call("POST", "/restapis", {"name": "shop"})
    control.imported(swagger({"/": {"get": {INTEGRATION: PROXY}}}), api=created["id"])
    found = control.call("GET", f"/restapis/{created['id']}")
    assert (found["rootResourceId"], found["name"]) == (created["rootResourceId"], "shop")
    root = next(each for each in control.deployed(created["id"]).deployment.resources if each.path == "/")
    assert root.id == created["rootResourceId"]


def test_overwrite_and_merge(control: Control) -> None:
    """A document that is merged adds routes; one that overwrites leaves only its own."""
    api = control.imported(swagger({"/a": {"get": {INTEGRATION: PROXY}}}))
    control.imported(swagger({"/b": {"get": {INTEGRATION: PROXY}}}), mode="merge", api=api)
    assert set(routes(control, api)) == {"/a", "/b"}
    control.imported(swagger({"/c": {"get": {INTEGRATION: PROXY}}}), api=api)
    assert set(routes(control, api)) == {"/c"}


def test_a_removed_route_is_gone_from_the_next_deployment(control: Control) -> None:
    """In the order in which Pulumi updates an API: first its document, then a new deployment of it."""
    two = openapi({path: {"get": {INTEGRATION: PROXY}} for path in ("/a", "/b")})
    api = control.imported(two)
    assert deployed_paths(control, api) == {"/a", "/b"}
    control.imported(openapi({"/a": {"get": {INTEGRATION: PROXY}}}), api=api)
    assert deployed_paths(control, api) == {"/a"}


def deployed_paths(control: Control, api: str) -> set[str]:
    return {each.path for each in control.deployed(api).deployment.resources if each.methods}


def test_variables_of_aws(control: Control) -> None:
    """An address may leave partition, region and account to the import; other variables are the author's.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/import-api-aws-variables.html
    """
    place = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:front"
    uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/%s/invocations"
    integration = {**PROXY, "uri": uri % place, "requestTemplates": {"text/plain": "${AWS::Other}"}}
    stage = control.deployed(control.imported(openapi({"/a": {"get": {INTEGRATION: integration}}})))
    [method] = [each.methods["GET"] for each in stage.deployment.resources if each.methods]
    assert method.integration
    assert method.integration.uri == URI
    assert method.integration.templates == {"text/plain": "${AWS::Other}"}


def test_integration_of_the_document(control: Control) -> None:
    """Integrations arrive with type, URI and timeout."""
    integration = {**PROXY, "timeoutInMillis": 5000}
    stage = control.deployed(control.imported(swagger({"/a": {"get": {INTEGRATION: integration}}})))
    [method] = [each.methods["GET"] for each in stage.deployment.resources if each.methods]
    assert method.integration
    found = method.integration
    assert (found.type, found.uri, found.timeout) == ("AWS_PROXY", URI, 5.0)


def test_reference_to_an_integration(control: Control) -> None:
    """Integrations may be shared by reference."""
    document = openapi(
        {"/a": {"get": {INTEGRATION: {"$ref": "#/components/x-integrations/all"}}}},
        components={"x-integrations": {"all": PROXY}},
    )
    assert routes(control, control.imported(document)) == {"/a": {"GET"}}


def test_parameters_models_and_validators(control: Control) -> None:
    """Parameters, the body's model and the validator of an operation are kept."""
    document = openapi(
        {
            "/a": {
                "parameters": [{"$ref": "#/components/parameters/tenant"}],
                "post": {
                    "operationId": "createA",
                    "parameters": [{"in": "query", "name": "page", "required": True}],
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
                    },
                    INTEGRATION: PROXY,
                },
            }
        },
        components={
            "parameters": {"tenant": {"in": "header", "name": "X-Tenant"}},
            "schemas": {"A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}}},
        },
        **{
            "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}},
            "x-amazon-apigateway-request-validator": "all",
        },
    )
    api = control.imported(document)
    resources = control.call("GET", f"/restapis/{api}/resources")["item"]
    [method] = [each["resourceMethods"]["POST"] for each in resources if each.get("resourceMethods")]
    assert method["requestParameters"] == {
        "method.request.header.X-Tenant": False,
        "method.request.querystring.page": True,
    }
    assert (method["requestModels"], method["operationName"]) == ({"application/json": "A"}, "createA")
    validators = control.call("GET", f"/restapis/{api}/requestvalidators")["item"]
    assert [each["id"] for each in validators] == [method["requestValidatorId"]]
    schema = json.loads(control.call("GET", f"/restapis/{api}/models/A")["schema"])
    assert schema["properties"]["b"]["$ref"] == f"https://apigateway.amazonaws.com/restapis/{api}/models/B"


def test_security(control: Control) -> None:
    """Operations take the document's security or their own: an authorizer, an API key, IAM, or nothing."""
    schemes = {
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Token",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": URI},
        },
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "iam": {"type": "apiKey", "in": "header", "name": "Authorization",
                "x-amazon-apigateway-authtype": "awsSigv4"},
    }  # fmt: skip
    document = swagger(
        {
            "/default": {"get": {INTEGRATION: PROXY}},
            "/key": {"get": {"security": [{"key": []}], INTEGRATION: PROXY}},
            "/iam": {"get": {"security": [{"iam": []}], INTEGRATION: PROXY}},
            "/open": {"get": {"security": [], INTEGRATION: PROXY}},
        },
        securityDefinitions=schemes,
        security=[{"token": []}],
    )
    api = control.imported(document)
    stage = control.deployed(api)
    methods = {each.path: each.methods["GET"] for each in stage.deployment.resources if each.methods}
    assert {path: (each.authorization, each.api_key_required) for path, each in methods.items()} == {
        "/default": ("CUSTOM", False),
        "/key": ("NONE", True),
        "/iam": ("AWS_IAM", False),
        "/open": ("NONE", False),
    }
    [authorizer] = control.call("GET", f"/restapis/{api}/authorizers")["item"]
    assert (authorizer["type"], authorizer["identitySource"]) == ("TOKEN", "method.request.header.X-Token")


def test_import_makes_an_api(control: Control) -> None:
    """ImportRestApi makes an API of the document's name."""
    document = swagger({"/a": {"get": {INTEGRATION: PROXY}}})
    made = control.call("POST", "/restapis", document, mode="import")
    assert made["name"] == "orders"
    assert routes(control, made["id"]) == {"/a": {"GET"}}


def test_binary_media_types(control: Control) -> None:
    """They come from the document, or from the API's own setting."""
    api = control.imported(
        swagger({"/a": {"get": {INTEGRATION: PROXY}}}, **{"x-amazon-apigateway-binary-media-types": ["*/*"]})
    )
    assert control.deployed(api).deployment.binary_media_types == ("*/*",)
    made = control.call("POST", "/restapis", {"name": "b", "binaryMediaTypes": ["image/png"]})
    assert made["binaryMediaTypes"] == ["image/png"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "neither JSON nor YAML"),
        ("just text", "no OpenAPI document"),
        (json.dumps({"swagger": "2.0"}), "has no paths"),
        (
            json.dumps(swagger({"/a": {"get": {INTEGRATION: {"$ref": "#/nowhere"}}}})),
            "#/nowhere leads to nothing",
        ),
        (
            json.dumps(swagger({"/a": {"get": {INTEGRATION: {"type": "aws_proxy", "uri": "x"}}}})),
            "HttpMethod",
        ),
    ],
)
def test_refused_documents(control: Control, body: str, told: str) -> None:
    """What is no document, or describes no API, is a bad request with the reason."""
    api = control.call("POST", "/restapis", {"name": "shop"})["id"]
    response = control.answer("PUT", f"/restapis/{api}", body)
    assert response.status_code == 400
    assert told in response.text


def test_unknown_api(control: Control) -> None:
    """A document for an API that does not exist is not found."""
    response = control.answer("PUT", "/restapis/nowhere", swagger({"/a": {}}))
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (404, "NotFoundException")


def test_static_files_of_s3(control: Control) -> None:
    """An integration with S3 keeps its role, its mapped parameters and what selects each response."""
    header = "method.response.header.Content-Type"
    integration = {
        "type": "aws",
        "httpMethod": "GET",
        "uri": "arn:aws:apigateway:us-east-1:s3:path/site/{proxy}",
        "credentials": "arn:aws:iam::123456789012:role/reader",
        "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
        "responses": {
            "4\\d{2}": {"statusCode": "404"},
            "default": {
                "statusCode": "200",
                "responseParameters": {header: "integration.response.header.Content-Type"},
            },
        },
    }
    api = control.imported(swagger({"/{proxy+}": {ANY: {INTEGRATION: integration}}}))
    [method] = [each.methods["ANY"] for each in control.deployed(api).deployment.resources if each.methods]
    found = method.integration
    assert found
    assert found.parameters == integration["requestParameters"]
    assert {each.pattern: each.status for each in found.responses} == {"4\\d{2}": 404, None: 200}


NINE = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
MERGED = [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]


@pytest.mark.parametrize(
    "lines",
    [
        ["a0: &a0 [x]", *NINE],
        ["a0: &a0 {x: y}", *MERGED],
        ["a: &a [*a]"],
        ["a: &a {b: *a}"],
        ["a: " + "[" * 5000],
        ["a: *b"],
    ],
    ids=["lists", "merged", "inside itself", "map inside itself", "deep", "unknown"],
)
def test_yaml_that_grows(control: Control, lines: list[str]) -> None:
    """Aliases of aliases are refused before they fill the memory."""
    api = control.imported(swagger({}))
    refused = control.answer("PUT", f"/restapis/{api}", "\n".join(['swagger: "2.0"', "paths: {}", *lines]))
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (400, "BadRequestException")
    assert "neither JSON nor YAML" in refused.json()["message"]


@pytest.mark.parametrize(
    "value",
    ["!!bool x", "!!int ''", "!!float x", "!!timestamp x", "!!binary é", ".nan", f"{'1:' * 300}1.5"],
    ids=["bool", "int", "float", "timestamp", "binary", "no number", "base 60"],
)
def test_yaml_that_is_no_value(control: Control, value: str) -> None:
    """A tag that does not fit, and a number that JSON does not have, are the document's fault."""
    api = control.imported(swagger({}))
    refused = control.answer("PUT", f"/restapis/{api}", f'swagger: "2.0"\npaths: {{}}\nx: {value}')
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (400, "BadRequestException")
    assert "neither JSON nor YAML" in refused.json()["message"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("[" * 20_000, "more than 100 levels"), (f"a: {'1:' * 200_000}1", "more than 100 characters")],
    ids=["lists", "base 60"],
)
def test_yaml_that_would_take_long(text: str, told: str) -> None:
    """PyYAML's parser looks at all open lists for each value, and at all digits for each digit."""
    with pytest.raises(ParseError, match=told):
        read_yaml(text)


def test_a_value_of_yaml_takes_no_longer_inside_of_many_lists() -> None:
    """PyYAML's own parser looks at each of them again; the one in C does not."""
    texts = [f"{'[' * depth}{'a,' * 2000}{']' * depth}" for depth in (1, 90)]
    flat, deep = [lines_run(partial(read_yaml, text)) for text in texts]
    assert deep < 1.5 * flat


def test_dates_of_yaml_stay_texts() -> None:
    """JSON has none, and the document means what it says."""
    assert read_yaml("version: 2016-01-01T00:00:00Z") == {"version": "2016-01-01T00:00:00Z"}


def test_yaml_with_aliases(control: Control) -> None:
    """Those that stay small are understood."""
    method = f"get: {{{INTEGRATION}: {{type: mock}}}}"
    paths = ["/a: &a", f"  {method}", "/b: *a", "/c: {<<: *a}"]
    text = "\n  ".join(['swagger: "2.0"\npaths:', *paths])
    assert set(routes(control, control.imported(text))) == {"/a", "/b", "/c"}
