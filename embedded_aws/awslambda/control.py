"""The control plane: functions, versions and layers live in moto; what moto lacks is done around it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp

from embedded_aws.aws.errors import AwsError, InvalidParameterValueError
from embedded_aws.aws.http import Request, Response, forward, run_in_thread
from embedded_aws.aws.parsing import ParseError, read_object
from embedded_aws.awslambda.catalog import Layer, parse_reference
from embedded_aws.awslambda.overlay import LATEST
from embedded_aws.awslambda.service import LambdaService
from embedded_aws.awslambda.validate import check_configuration, check_handler, check_zip

_FUNCTIONS = re.compile(r"/2015-03-31/functions/?")
_FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)/?")
_CONFIGURATION = re.compile(r"/2015-03-31/functions/([^/]+)/configuration/?")
_UPLOAD = re.compile(r"/2015-03-31/functions/[^/]+/code/?|/2018-10-31/layers/[^/]+/versions/?")
_ASYNC_CONFIG = re.compile(r"/2019-09-25/functions/([^/]+)/event-invoke-config/?")


class ControlPlane:
    """Passes requests to moto with what it cannot take removed, and replies back with it restored."""

    def __init__(self, service: LambdaService, moto: ASGIApp) -> None:
        self._service = service
        self._catalog = service.catalog
        self._overlay = service.catalog.overlay
        self._moto = moto

    async def answer(self, request: Request) -> Response:
        """Answer one request; raises `AwsError`."""
        configuration = _CONFIGURATION.fullmatch(request.path)
        if request.method == "POST" and _FUNCTIONS.fullmatch(request.path):
            response = await self._create(request)
        elif request.method == "PUT" and configuration:
            response = await self._update(request, _name(configuration.group(1)))
        else:
            if request.method in {"POST", "PUT"} and _UPLOAD.fullmatch(request.path):
                asked = json_object(request.body)
                encoded = (asked.get("Content") or asked).get("ZipFile")
                await run_in_thread(lambda: check_zip(encoded))
            response = await forward(self._moto, request, request.body)
            self._after(request, response)
        return self._restored(response)

    async def _create(self, request: Request) -> Response:
        asked = json_object(request.body)
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

    def _check_code(self, name: str, layers: Sequence[Layer]) -> None:
        function = self._catalog.function(name)
        try:
            directories = [self._service.layer_directory(layer) for layer in layers]
        except zipfile.BadZipFile as error:
            raise InvalidParameterValueError(
                f"function {name}: a layer is not a zip file ({error})"
            ) from error
        check_handler(name, function.handler, function.code, directories)

    async def _update(self, request: Request, name: str) -> Response:
        asked = json_object(request.body)
        check_configuration(asked)
        self._catalog.layers(asked.get("Layers") or [])
        response = await forward(self._moto, request, json.dumps(self._overlay.strip(asked)).encode())
        if response.status == 200:
            self._overlay.keep(name, asked, created=False)
        return response

    def _after(self, request: Request, response: Response) -> None:
        if response.status >= 300:
            return
        deleted = _FUNCTION.fullmatch(request.path)
        if deleted and request.method == "DELETE" and not request.query:
            self._overlay.forget(_name(deleted.group(1)))
        changed = _ASYNC_CONFIG.fullmatch(request.path)
        if changed and request.method in {"PUT", "POST"}:
            self._catalog.replace_async_config(_name(changed.group(1)), merge=request.method == "POST")

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


def json_object(body: bytes) -> dict[str, Any]:
    """Read a request's JSON object; raises `AwsError`."""
    try:
        return read_object(body)
    except ParseError as error:
        message = f"Could not parse request body into json: {error}"
        raise AwsError("InvalidRequestContentException", message) from error


def _name(reference: str) -> str:
    return parse_reference(unquote(reference))[0]
