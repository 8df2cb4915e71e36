"""API Gateway's API for HTTP APIs: what moto lacks of it.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/operations.html
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Request, Response, forward
from embedded_aws.gateway.http_api.model import DEFAULT
from embedded_aws.gateway.http_api.openapi import HttpImport
from embedded_aws.gateway.openapi import Document, read_document

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.gateway.http_api.moto_stages import MotoStages

_APIS = re.compile(r"/v2/apis/?")
_API = re.compile(r"/v2/apis/(?P<api>[^/]+)")
_DEPLOYMENTS = re.compile(r"/v2/apis/(?P<api>[^/]+)/deployments(?:/(?P<deployment>[^/]+))?")
_STAGES = re.compile(r"/v2/apis/(?P<api>[^/]+)/stages(?:/(?P<stage>[^/]+))?")
_CUSTOM_ID = "_custom_id_"
"""moto's tag for the id of a REST API, understood for HTTP APIs too."""


class HttpApisControl:
    """Answers requests below `/v2/apis`, with moto's help; raises `AwsError` and `ParseError`."""

    def __init__(self, moto: MotoAws, stages: MotoStages) -> None:
        self._moto = moto
        self._stages = stages

    async def answer(self, request: Request, region: str) -> Response:
        """Answer one request."""
        backend = self._moto.backend("apigatewayv2", region)
        method = request.method
        if _APIS.fullmatch(request.path) and method in {"POST", "PUT"}:
            document = await read_document(_text(request, "body"), region) if method == "PUT" else None
            return await self._create(request, backend, document)
        if (found := _API.fullmatch(request.path)) and method == "PUT":
            api = backend.get_api(found["api"])
            HttpImport(api, await read_document(_text(request, "body"), region)).run()
            return _answered(api.to_json(), 201)
        if found := _DEPLOYMENTS.fullmatch(request.path):
            backend.get_api(found["api"])
            return self._deployments(method, found["api"], found["deployment"])
        response = await forward(self._moto, request, request.body)
        if (
            (found := _STAGES.fullmatch(request.path))
            and method in {"POST", "PATCH"}
            and response.status < 300
        ):
            given = json.loads(request.body)
            name = found["stage"] and unquote(found["stage"])
            if deployment := given.get("deploymentId"):
                self._stages.serve(found["api"], name or given["stageName"], deployment)
        return response

    async def _create(self, request: Request, backend: Any, document: Document | None) -> Response:
        """Make an API: from a document, with a catch-all route to a target, or empty."""
        given = json.loads(request.body or b"{}")
        if document:
            body = json.dumps({"name": document.title or "api", "protocolType": "HTTP"}).encode()
            scope = {**request.scope, "method": "POST"}
            response = await forward(self._moto, replace(request, scope=scope, method="POST"), body)
        else:
            response = await forward(self._moto, request, request.body)
        if response.status >= 300:
            return response
        api = backend.get_api(json.loads(response.body)["apiId"])
        _give_id(backend, api, (given.get("tags") or {}).get(_CUSTOM_ID))
        if document:
            HttpImport(api, document).run()
        if target := given.get("target"):
            _quick_create(api, target, given.get("routeKey") or DEFAULT, given.get("credentialsArn"))
        return _answered(api.to_json(), 201)

    def _deployments(self, method: str, api: str, deployment: str | None) -> Response:
        known = self._stages.deployments(api)
        if method == "POST":
            made = secrets.token_hex(3)
            self._stages.deploy(api, made)
            return _answered(_deployment(made), 201)
        if method == "GET" and deployment is None:
            return _answered({"items": [_deployment(each) for each in known]})
        if method == "GET" and deployment in known:
            return _answered(_deployment(deployment))
        if method == "GET":
            message = f"Invalid Deployment identifier specified {deployment}"
            raise AwsError("NotFoundException", message, 404)
        raise AwsError("NotImplemented", f"The embedded AWS does not emulate {method} of deployments.", 501)


def _give_id(backend: Any, api: Any, wanted: str | None) -> None:
    """Give an API the id that its creator asks for, so that its address is the same in every run."""
    if not wanted:
        return
    del backend.apis[api.api_id]
    for attribute in ("api_endpoint", "arn"):
        setattr(api, attribute, getattr(api, attribute).replace(api.api_id, wanted))
    api.api_id = wanted
    backend.apis[wanted] = api


def _quick_create(api: Any, target: str, route_key: str, credentials: str | None) -> None:
    """Make the integration, the route and the stage of an API that has a target.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop.html
    """
    is_address = target.startswith(("http://", "https://"))
    integration = api.create_integration(
        connection_type="INTERNET",
        credentials_arn=credentials,
        description="",
        integration_method="ANY" if is_address else "POST",
        integration_type="HTTP_PROXY" if is_address else "AWS_PROXY",
        integration_uri=target,
        payload_format_version="1.0" if is_address else "2.0",
    )
    api.create_route(
        api_key_required=False,
        authorization_scopes=[],
        route_key=route_key,
        target=f"integrations/{integration.id}",
    )
    api.create_stage({"stageName": DEFAULT, "autoDeploy": True})


def _deployment(id_: str) -> dict[str, Any]:
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "deploymentId": id_,
        "deploymentStatus": "DEPLOYED",
        "createdDate": created,
        "autoDeployed": False,
    }


def _text(request: Request, member: str) -> str:
    return str(json.loads(request.body or b"{}").get(member) or "")


def _answered(output: dict[str, Any], status: int = 200) -> Response:
    return Response(status, json.dumps(output).encode())
