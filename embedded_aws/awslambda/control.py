"""The control plane: functions, versions and layers live in moto; what moto lacks is done around it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp

from embedded_aws.aws.errors import InvalidParameterValueError
from embedded_aws.aws.http import Request, Response, forward, run_in_thread
from embedded_aws.aws.model import Found
from embedded_aws.aws.service import Wire
from embedded_aws.awslambda.catalog import Layer, parse_reference
from embedded_aws.awslambda.overlay import LATEST
from embedded_aws.awslambda.runtime.pool import ACCOUNT_CONCURRENCY
from embedded_aws.awslambda.service import LambdaService
from embedded_aws.awslambda.validate import check_configuration, check_handler, check_zip

_UPLOADS = {"UpdateFunctionCode", "PublishLayerVersion"}

_RUNTIME = ("RuntimeManagement", {"UpdateRuntimeOn": "Auto"})
_RECURSION = ("Recursion", {"RecursiveLoop": "Terminate"})
_OPTIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "GetRuntimeManagementConfig": _RUNTIME,
    "PutRuntimeManagementConfig": _RUNTIME,
    "GetFunctionRecursionConfig": _RECURSION,
    "PutFunctionRecursionConfig": _RECURSION,
}
"""Operations on what moto lacks, and what a function has before it is set.

https://docs.aws.amazon.com/lambda/latest/api/API_GetRuntimeManagementConfig.html
https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionRecursionConfig.html
"""

_LIMITS = {"TotalCodeSize": 80_530_636_800, "CodeSizeUnzipped": 262_144_000, "CodeSizeZipped": 52_428_800}
"""Bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


class ControlPlane:
    """Passes requests to moto with what it cannot take removed, and replies back with it restored."""

    def __init__(self, service: LambdaService, moto: ASGIApp, wire: Wire) -> None:
        self._service = service
        self._catalog = service.catalog
        self._overlay = service.catalog.overlay
        self._moto = moto
        self._wire = wire

    async def answer(self, request: Request, found: Found | None) -> Response:
        """Answer one request for an operation, or for none that Lambda has; raises `AwsError`."""
        operation = found.operation.name if found else ""
        function = found.labels.get("FunctionName", "") if found else ""
        if operation == "CreateFunction":
            response = await self._create(request)
        elif operation == "UpdateFunctionConfiguration":
            response = await self._update(request, _name(function))
        elif operation == "GetAccountSettings":
            return await run_in_thread(self._account)
        elif operation in _OPTIONS:
            return await run_in_thread(lambda: self._option(request, operation, function))
        else:
            if operation in _UPLOADS:
                asked = self._wire.read(request.body)
                encoded = (asked.get("Content") or asked).get("ZipFile")
                await run_in_thread(lambda: check_zip(encoded))
            response = await forward(self._moto, request, request.body)
            if response.status < 300:
                self._after(operation, function, request.query)
                if operation == "CreateFunctionUrlConfig":
                    response = self._with_steady_url(response, function, request.query)
        return self._restored(response)

    async def _create(self, request: Request) -> Response:
        asked = self._wire.read(request.body)
        check_configuration(asked)
        layers = self._catalog.layers(asked.get("Layers") or [])
        response = await forward(self._moto, request, json.dumps(self._overlay.strip(asked)).encode())
        if response.status == 201:
            name = _name(asked["FunctionName"])
            self._overlay.keep(name, asked, created=True)
            try:
                await run_in_thread(lambda: self._check_code(name, layers))
            except InvalidParameterValueError:
                self._catalog.delete(name)
                raise
        return response

    def _account(self) -> Response:
        """Answer GetAccountSettings: AWS's default quotas, and what the functions here take."""
        functions, code, reserved = self._catalog.usage()
        unreserved = {"UnreservedConcurrentExecutions": ACCOUNT_CONCURRENCY - reserved}
        limit = {**_LIMITS, "ConcurrentExecutions": ACCOUNT_CONCURRENCY, **unreserved}
        usage = {"TotalCodeSize": code, "FunctionCount": functions}
        return self._wire.answered({"AccountLimit": limit, "AccountUsage": usage})

    def _option(self, request: Request, operation: str, reference: str) -> Response:
        """Answer an operation that reads or sets what a function has and what nothing here depends on."""
        function = self._catalog.function(reference, _qualifier(request.query))
        option, default = _OPTIONS[operation]
        if operation.startswith("Put"):
            given = self._wire.check(operation, {**self._wire.read(request.body), "FunctionName": reference})
            kept = {name: given[name] for name in given if name != "FunctionName"}
            self._overlay.set_option(function.name, function.version, option, kept)
        kept = self._overlay.option(function.name, function.version, option, default)
        arn = {"FunctionArn": function.arn} if option == "RuntimeManagement" else {}
        return self._wire.answered({**kept, **arn})

    def _check_code(self, name: str, layers: Sequence[Layer]) -> None:
        function = self._catalog.function(name)
        if function.obstacle:
            return
        try:
            directories = [self._service.layer_directory(layer) for layer in layers]
        except zipfile.BadZipFile as error:
            raise InvalidParameterValueError(
                f"function {name}: a layer is not a zip file ({error})"
            ) from error
        check_handler(name, function.handler, function.code, directories)

    async def _update(self, request: Request, name: str) -> Response:
        asked = self._wire.read(request.body)
        check_configuration(asked)
        self._catalog.layers(asked.get("Layers") or [])
        response = await forward(self._moto, request, json.dumps(self._overlay.strip(asked)).encode())
        if response.status == 200:
            self._overlay.keep(name, asked, created=False)
        return response

    def _after(self, operation: str, function: str, query: str) -> None:
        if operation == "DeleteFunction" and not query:
            self._overlay.forget(_name(function))
        if operation in {"PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"}:
            self._catalog.replace_async_config(_name(function), merge=operation.startswith("Update"))

    def _with_steady_url(self, response: Response, function: str, query: str) -> Response:
        """Give a function URL a host that is the same in every run; moto's is random."""
        content = json.loads(response.body)
        qualifier = _qualifier(query) or ""
        content["FunctionUrl"] = self._catalog.steady_url(_name(function), qualifier)
        return replace(response, body=json.dumps(content).encode())

    def _restored(self, response: Response) -> Response:
        """Put back into a reply what moto does not know of the functions in it."""
        try:
            content = json.loads(response.body)
        except ValueError:
            return response
        if not isinstance(content, dict):
            return response
        if "FunctionArn" in content:
            content = self._configuration(content)
        if isinstance(content.get("Configuration"), dict):
            content["Configuration"] = self._configuration(content["Configuration"])
        for plural in ("Functions", "Versions"):
            if isinstance(content.get(plural), list):
                content[plural] = [self._configuration(item) for item in content[plural]]
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return Response(response.status, json.dumps(content).encode(), headers)

    def _configuration(self, configuration: dict[str, Any]) -> dict[str, Any]:
        if not {"FunctionName", "Handler"} <= configuration.keys():
            return configuration  # an alias, a concurrency, an event invoke config
        version = str(configuration.get("Version", LATEST))
        if version != LATEST:
            self._overlay.publish(configuration["FunctionName"], version)
        return self._overlay.restore(configuration)


def _qualifier(query: str) -> str | None:
    return parse_qs(query).get("Qualifier", [None])[0]


def _name(reference: str) -> str:
    return parse_reference(reference)[0]
