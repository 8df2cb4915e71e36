"""API Gateway's own API: what moto lacks of it here, everything else in moto.

https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Request, Response, forward, read_request
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.parsing import ParseError
from embedded_aws.gateway import rest_tags
from embedded_aws.gateway.openapi import read_document
from embedded_aws.gateway.rest_import import RestImport
from embedded_aws.gateway.rest_tags import tagged_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import Receive, Scope, Send
    from werkzeug.exceptions import HTTPException

    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.gateway.http_api.control import HttpApisControl

_LOGGING_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/APIGatewayLogs"
_REST_API = re.compile(r"/restapis/(?P<api>[^/]+)")
_AUTHORIZERS = re.compile(r"/restapis/(?P<api>[^/]+)/authorizers")


class ApiGatewayApi:
    """An ASGI application for every request to API Gateway's API.

    `changed` is called after each that may have changed an API, before its answer leaves.
    """

    def __init__(self, moto: MotoAws, http_apis: HttpApisControl, changed: Callable[[], None]) -> None:
        self._moto = moto
        self._http_apis = http_apis
        self._changed = changed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        try:
            response = await self._answer(request)
        except AwsError as error:
            response = _refused(error)
        except _of_moto() as refusal:  # its state is used directly
            response = Response(
                refusal.code or 400, str(refusal.description).encode(), {"x-amzn-errortype": _code(refusal)}
            )
        if request.method not in {"GET", "HEAD"}:
            self._changed()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.path.startswith("/v2/apis"):
            region = aws_request.parse(request.scope).region or "us-east-1"
            with _refusing():
                return await self._http_apis.answer(request, region)
        if arn := tagged_arn(request.path):
            told = rest_tags.answer(request, arn, self._backend(request))
            return Response(204, b"") if told is None else _answered(told)
        return await self._rest_api(request)

    async def _rest_api(self, request: Request) -> Response:
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        found = _REST_API.fullmatch(request.path)
        if request.method == "PUT" and found:
            return await self._put_rest_api(request, found["api"], query)
        if (request.method, request.path, query.get("mode")) == ("POST", "/restapis", "import"):
            return await self._import_rest_api(request)
        response = await forward(self._moto, request, request.body)
        if (request.method, request.path) == ("POST", "/restapis") and response.status < 300:
            return self._with_media_types(request, response)
        if request.path == "/account" and response.status < 300:
            return _with_logging_role(response)
        found = _AUTHORIZERS.fullmatch(request.path)
        if request.method == "POST" and found and response.status < 300:
            self._keep_expression(request, found["api"], json.loads(response.body)["id"])
        return response

    def _keep_expression(self, request: Request, api_id: str, authorizer_id: str) -> None:
        """Keep the validation expression of a new authorizer, which moto loses."""
        made = self._backend(request).get_rest_api(api_id).authorizers[authorizer_id]
        made.identity_validation_expression = json.loads(request.body).get("identityValidationExpression")

    def _with_media_types(self, request: Request, response: Response) -> Response:
        """Keep the binary media types and other settings of a new API, which moto loses."""
        api, given = (
            self._backend(request).get_rest_api(json.loads(response.body)["id"]),
            json.loads(request.body),
        )
        api.binaryMediaTypes = given.get("binaryMediaTypes") or []
        api.keep(given)
        return replace(response, body=json.dumps(api.to_dict()).encode())

    async def _put_rest_api(self, request: Request, api_id: str, query: dict[str, str]) -> Response:
        mode = query.get("mode", "merge")
        if mode not in {"merge", "overwrite"}:
            raise AwsError("BadRequestException", f"mode {mode!r}: must be merge or overwrite")
        backend = self._backend(request)
        api = backend.get_rest_api(api_id)
        with _refusing():
            document = await read_document(request.body, _region(request))
            RestImport(backend, api, document, overwrite=mode == "overwrite").run()
        return _answered(api.to_dict())

    async def _import_rest_api(self, request: Request) -> Response:
        backend = self._backend(request)
        with _refusing():
            document = await read_document(request.body, _region(request))
            api = backend.create_rest_api(name=document.title or "api", description="")
            RestImport(backend, api, document, overwrite=False).run()
        return replace(_answered(api.to_dict()), status=201)

    def _backend(self, request: Request) -> Any:
        return self._moto.backend("apigateway", _region(request))


def _region(request: Request) -> str:
    return aws_request.parse(request.scope).region or "us-east-1"


@contextmanager
def _refusing() -> Iterator[None]:
    """Refuse a document that cannot be read, or has not the shape of OpenAPI's."""
    try:
        yield
    except ParseError as problem:
        raise AwsError("BadRequestException", str(problem)) from problem
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as problem:
        message = (
            f"the document has not the shape that OpenAPI and API Gateway's extensions have: {problem!r}"
        )
        raise AwsError("BadRequestException", message) from problem


def _with_logging_role(response: Response) -> Response:
    """Answer as an account in use does: its role for logs was set long ago, until somebody sets another one.

    Access logs need none here; programs ask for it, as AWS refuses a stage with access logs without one:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    settings = json.loads(response.body)
    settings["cloudwatchRoleArn"] = settings.get("cloudwatchRoleArn") or _LOGGING_ROLE
    return replace(response, body=json.dumps(settings).encode())


def _answered(output: dict[str, Any]) -> Response:
    return Response(200, json.dumps(output).encode())


def _refused(error: AwsError) -> Response:
    body = json.dumps({"message": error.message}).encode()
    return Response(error.status, body, {"x-amzn-errortype": error.code})


def _of_moto() -> type[HTTPException]:
    """Return what moto refuses by; its package is a slow import."""
    from werkzeug.exceptions import HTTPException  # noqa: PLC0415 - see above

    return HTTPException


def _code(refusal: HTTPException) -> str:
    return str(getattr(refusal, "error_type", "BadRequestException"))
