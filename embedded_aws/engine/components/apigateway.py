"""The package `pulumi_aws_apigateway`: https://www.pulumi.com/registry/packages/aws-apigateway/."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import FileAsset

from embedded_aws.engine.archives import files_below
from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.registration import invoke_arn, partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.components.component import Child, Component
    from embedded_aws.engine.registration import State

_X = "x-amazon-apigateway-"
_ANY = f"{_X}any-method"
_PROXY = {"name": "proxy", "in": "path", "required": True, "type": "string"}
_PROXY_MAPPING = {"integration.request.path.proxy": "method.request.path.proxy"}
_NOT_FOUND = {"statusCode": 404, "responseTemplates": {"application/json": '{"message": "404 Not found" }'}}
_ANSWERS = {"MISSING_AUTHENTICATION_TOKEN": _NOT_FOUND, "ACCESS_DENIED": _NOT_FOUND}
"""What the component answers where API Gateway itself says 403."""
_VALIDATORS = {
    "ALL": {"validateRequestBody": True, "validateRequestParameters": True},
    "BODY_ONLY": {"validateRequestBody": True, "validateRequestParameters": False},
    "PARAMS_ONLY": {"validateRequestBody": False, "validateRequestParameters": True},
}
_ECHOED = ("description", "disableExecuteApiEndpoint", "tags")


def rest_api(c: Component) -> State:
    """Serve routes to functions, local files and other servers, with authorizers, validators and keys."""
    inputs, media_types = c.inputs, c.inputs.get("binaryMediaTypes") or ["*/*"]
    if text := inputs.get("swaggerString"):
        routes, document = None, json.loads(text)
        document["info"] = {"title": c.name, **document.get("info", {})}
    elif "routes" in inputs:
        routes = _Routes(c)
        document = {**routes.document(), f"{_X}binary-media-types": media_types}
    else:
        raise EngineError("it has neither `routes` nor `swagger_string`; give one of them")
    body = json.dumps(document)
    echoed = {key: inputs[key] for key in _ECHOED if key in inputs}
    settings = {"name": document["info"]["title"], "binaryMediaTypes": media_types, "body": body, **echoed}
    if source := inputs.get("apiKeySource"):
        settings["apiKeySource"] = source
    api = c.child("aws:apigateway/restApi:RestApi", c.name, settings)
    deployment = c.child(
        "aws:apigateway/deployment:Deployment",
        c.name,
        {"restApi": api.id, "variables": {"version": _digest(body)}},
    )
    for method, path, function in routes.functions if routes else ():
        _permit(c, api, f"{method}{path}", function)
    stage = c.child(
        "aws:apigateway/stage:Stage",
        c.name,
        {
            "restApi": api.id,
            "deployment": deployment.id,
            "stageName": inputs.get("stageName") or "stage",
            **{key: inputs[key] for key in ("tags",) if key in inputs},
        },
    )
    made = {"api": api, "deployment": deployment, "stage": stage}
    return {"url": f"{stage.state['invokeUrl']}/", **{key: child.reference for key, child in made.items()}}


def _permit(c: Component, api: Child, route: str, function: str) -> None:
    c.child(
        "aws:lambda/permission:Permission",
        f"{c.name}-{_digest(route)}",
        {
            "action": "lambda:InvokeFunction",
            "function": function,
            "principal": "apigateway.amazonaws.com",
            "sourceArn": f"{api.state['executionArn']}/*/{route}",
        },
    )


class _Routes:
    """Turns the component's routes into an OpenAPI document; what they need is made on the way.

    `functions` are those of the routes, with method and path as permissions name them.
    """

    def __init__(self, component: Component) -> None:
        self.functions: list[tuple[str, str, str]] = []
        self._component = component
        self._paths: dict[str, dict[str, Any]] = {}
        self._schemes: dict[str, dict[str, Any]] = {}
        self._bucket: str | None = component.inputs.get("staticRoutesBucket")
        self._role: Child | None = None

    def document(self) -> dict[str, Any]:
        """Return the document."""
        inputs = self._component.inputs
        for route in inputs["routes"]:
            self._add(route, f"/{route['path'].removeprefix('/')}")
        document: dict[str, Any] = {
            "swagger": "2.0",
            "info": {"title": self._component.name, "version": "1.0"},
            "paths": self._paths,
            "securityDefinitions": self._schemes,
            f"{_X}gateway-responses": {**_ANSWERS, **inputs.get("gatewayResponses", {})},
            f"{_X}api-key-source": inputs.get("apiKeySource") or "HEADER",
            f"{_X}request-validators": _VALIDATORS,
        }
        if validator := inputs.get("requestValidator"):
            document[f"{_X}request-validator"] = validator
        return document

    def _add(self, route: Mapping[str, Any], path: str) -> None:
        rules = self._rules(route)
        if "eventHandler" in route:
            self._add_function(route["eventHandler"], _method(route), path, rules)
        elif "localPath" in route:
            self._add_files(route, path, rules)
        elif "target" in route:
            self._add_server(route["target"], path, rules)
        elif "data" in route:
            self._set(path, _method(route), route["data"])
        else:
            raise EngineError(
                f"route '{path}' leads nowhere; give it `event_handler`, `local_path`, `target` or `data`"
            )

    def _set(self, path: str, method: str, operation: Mapping[str, Any]) -> None:
        key = _ANY if method == "ANY" else method.lower()
        self._paths.setdefault(path, {})[key] = operation

    def _add_function(self, function: str, method: str, path: str, rules: Mapping[str, Any]) -> None:
        self.functions.append(("*" if method == "ANY" else method, path, function))
        integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": self._invoke_arn(function)}
        self._set(path, method, _operation(rules, integration))

    def _add_server(self, target: Mapping[str, Any], path: str, rules: Mapping[str, Any]) -> None:
        """Hand on the path itself and all below it."""
        below = f"{path.removesuffix('/')}/"
        keys = ("connectionType", "connectionId")
        common = {
            "type": target.get("type", "http_proxy"),
            "httpMethod": "ANY",
            "passthroughBehavior": target.get("passthroughBehaviour", "when_no_match"),
            "responses": {"default": {"statusCode": "200"}},
            **{key: target[key] for key in keys if key in target},
        }
        uri = f"{target.get('uri', '').removesuffix('/')}/"
        self._set(below, "ANY", _operation(rules, {**common, "uri": uri}))
        proxy = {**common, "uri": f"{uri}{{proxy}}", "requestParameters": _PROXY_MAPPING}
        self._set(f"{below}{{proxy+}}", "ANY", _operation(rules, proxy, _PROXY))

    def _add_files(self, route: Mapping[str, Any], path: str, rules: Mapping[str, Any]) -> None:
        """Upload a file, or a folder with its index."""
        local = Path(route["localPath"])
        if local.is_file():
            key = self._upload(local, self._key(path), route.get("contentType"))
            self._set(path, "GET", self._object(key, rules))
        elif local.is_dir():
            index = route.get("index", True)
            name = "index.html" if index is True else index or None
            self._add_folder(local, f"{path.removesuffix('/')}/", name, rules)
        else:
            raise EngineError(f"route '{path}': {local.absolute()} is neither a file nor a directory")

    def _add_folder(self, folder: Path, path: str, index: str | None, rules: Mapping[str, Any]) -> None:
        prefix = self._key(path)
        names = [file.relative_to(folder).as_posix() for file in sorted(files_below(folder))]
        for name in names:
            self._upload(folder / name, f"{prefix}/{name}")
        if index in names:
            self._set(path, "GET", self._object(f"{prefix}/{index}", rules))
        self._set(f"{path}{{proxy+}}", "ANY", self._object(f"{prefix}/{{proxy}}", rules, _PROXY))

    def _upload(self, file: Path, key: str, content_type: str | None = None) -> str:
        kind = content_type or mimetypes.guess_type(file.name)[0]
        inputs = {"bucket": self._bucket_name(), "key": key, "source": FileAsset(str(file))}
        self._component.child(
            "aws:s3/bucketObject:BucketObject", key, inputs | ({"contentType": kind} if kind else {})
        )
        return key

    def _object(self, key: str, rules: Mapping[str, Any], *parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the operation that answers with an object of the bucket."""
        region = self._component.region
        arn = f"arn:{partition_of(region)}:apigateway:{region}:s3:path/{self._bucket_name()}/{key}"
        content_type = {"method.response.header.Content-Type": "integration.response.header.Content-Type"}
        integration = {
            "type": "aws",
            "httpMethod": "GET",
            "uri": arn,
            "credentials": self._role_arn(),
            "requestParameters": _PROXY_MAPPING if parameters else {},
            "responses": {
                r"4\d{2}": {"statusCode": "400"},
                r"5\d{2}": {"statusCode": "500"},
                "default": {"statusCode": "200", "responseParameters": content_type},
            },
        }
        answers: dict[str, Any] = {
            status: {"description": f"{status} response"} for status in ("200", "400", "500")
        }
        answers["200"]["headers"] = {"Content-Type": {"type": "string"}}
        return {**_operation(rules, integration, *parameters), "responses": answers}

    def _bucket_name(self) -> str:
        if self._bucket is None:
            logical = "".join(char for char in self._component.name.lower() if char.isalnum() or char == "-")
            self._bucket = self._component.child("aws:s3/bucket:Bucket", logical, {}).id
        return self._bucket

    def _role_arn(self) -> str:
        """Return the role with which the gateway reads files; without one it takes no such integration."""
        if self._role is None:
            principal = {"Service": "apigateway.amazonaws.com"}
            statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            trust = {"Version": "2012-10-17", "Statement": [statement]}
            name = f"{self._component.name}-files"
            self._role = self._component.child("aws:iam/role:Role", name, {"assumeRolePolicy": trust})
        return str(self._role.state["arn"])

    def _key(self, path: str) -> str:
        return f"{self._component.name}{_digest(f'get:{path}')}"

    def _rules(self, route: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an operation says about who may send what."""
        parameters = [{**each, "required": True} for each in route.get("requiredParameters") or ()]
        security = [self._scheme(each) for each in route.get("authorizers") or ()]
        if route.get("apiKeyRequired"):
            self._schemes["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
            security.append({"api_key": []})
        rules = {
            "parameters": parameters,
            "security": security,
            f"{_X}request-validator": route.get("requestValidator"),
            f"{_X}auth": {"type": "AWS_IAM"} if route.get("iamAuthEnabled") else None,
        }
        return {key: value for key, value in rules.items() if value}

    def _scheme(self, authorizer: Mapping[str, Any]) -> dict[str, Any]:
        """Define an authorizer; return how an operation asks for it."""
        unnamed = f"{self._component.name}-authorizer-{len(self._schemes)}"
        name = authorizer.get("authorizerName") or unnamed
        keys = ("identityValidationExpression", "authorizerResultTtlInSeconds")
        definition = {
            **{key: authorizer[key] for key in keys if key in authorizer},
            **(
                {"identitySource": ", ".join(authorizer["identitySource"])}
                if "identitySource" in authorizer
                else {}
            ),
        }
        if handler := authorizer.get("handler"):
            kind = authorizer.get("authType", "custom")
            definition |= {
                "type": authorizer.get("type", "request"),
                "authorizerUri": self._invoke_arn(handler),
            }
        else:
            kind = "cognito_user_pools"
            definition |= {"type": kind, "providerARNs": authorizer.get("providerARNs", [])}
        self._schemes.setdefault(name, {
            "type": "apiKey",
            "name": authorizer["parameterName"],
            "in": authorizer.get("parameterLocation", "header"),
            f"{_X}authtype": kind,
            f"{_X}authorizer": definition,
        })  # fmt: skip
        return {name: authorizer.get("methodsToAuthorize", [])}

    def _invoke_arn(self, function: str) -> str:
        found = self._component.client("lambda").get_function_configuration(FunctionName=function)
        return invoke_arn(self._component.region, found["FunctionArn"])


def _operation(
    rules: Mapping[str, Any], integration: Mapping[str, Any], *parameters: Mapping[str, Any]
) -> dict[str, Any]:
    asked = [*parameters, *rules.get("parameters", ())]
    return {**rules, **({"parameters": asked} if asked else {}), f"{_X}integration": integration}


def _method(route: Mapping[str, Any]) -> str:
    if "method" not in route:
        raise EngineError(f"route '{route['path']}' has no `method`; give it one such as GET or ANY")
    return str(route["method"]).upper()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


COMPONENTS = {"aws-apigateway:index:RestAPI": rest_api}
