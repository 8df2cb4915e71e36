"""Calls of AWS operations in process, as AWS's services call each other: SNS sends to SQS, for example.

The endpoint answers them as it answers every client, so a target is whatever it can do, under its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol
from urllib.parse import unquote, urlencode, urlsplit

from botocore.exceptions import ParamValidationError, UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from starlette.types import ASGIApp, Message, Scope

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Response, replay
from embedded_aws.aws.model import model
from embedded_aws.aws.trace_header import NAME, TraceHeader

NO_TRACE = TraceHeader()


class AwsCall(Protocol):
    """Calls one operation and returns its output; raises `AwsError` with the answer's code and status."""

    async def __call__(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        trace: TraceHeader = NO_TRACE,
    ) -> Mapping[str, Any]: ...


class AwsCalls:
    """Calls operations of one application, which serves all of AWS.

    `service` is botocore's name and `parameters` are those of its clients; S3 is left out, whose buckets
    are no part of botocore's model.
    """

    def __init__(self, app: ASGIApp, region: str) -> None:
        self._app = app
        self._region = region

    async def __call__(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        trace: TraceHeader = NO_TRACE,
    ) -> Mapping[str, Any]:
        """Call one operation; `trace` is the caller's context."""
        try:
            described = model(service)
            shape = described.operation_model(operation)
        except (UnknownServiceError, OperationNotFoundError) as problem:
            raise AwsError("InvalidAction", f"there is no {service}:{operation}") from problem
        protocol = described.resolved_protocol
        try:
            request = _serializer(protocol).serialize_to_request(dict(parameters), shape)
        except (ParamValidationError, RuntimeError) as problem:  # botocore's for a time that none can be
            raise AwsError("ValidationException", " ".join(str(problem).split())) from problem
        headers = {**request["headers"], **_signed(described.signing_name, self._region)}
        if trace.root:
            headers[NAME] = trace.format()
        answer = await self._answer(request, headers)
        parsed = create_parser(protocol).parse(answer, shape.output_shape)
        if answer["status_code"] >= 300:
            told = parsed.get("Error", {})
            code, message = str(told.get("Code") or "InternalFailure"), str(told.get("Message") or "")
            raise AwsError(code, message, answer["status_code"])
        return {**parsed, "RequestId": parsed["ResponseMetadata"].get("RequestId", "")}

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, trace: TraceHeader = NO_TRACE
    ) -> Response:
        """Answer a signed request that somebody else has made, whatever host it is for."""
        parts = urlsplit(url)
        request = {"method": method, "url_path": parts.path, "query_string": parts.query, "body": body}
        carried = {NAME: trace.format()} if trace.root else {}
        kept = {name: text for name, text in headers.items() if name.lower() not in {"host", NAME.lower()}}
        answer = await self._answer(request, {**kept, **carried})
        return Response(answer["status_code"], answer["body"], answer["headers"])

    async def _answer(self, request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        body = request["body"]
        encoded = urlencode(body) if isinstance(body, dict) else body
        content = encoded.encode() if isinstance(encoded, str) else encoded
        started: Message = {}
        received = bytearray()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                received.extend(message.get("body", b""))

        await self._app(_scope(request, headers), replay(content), send)
        names = {name.decode("latin-1"): value.decode("latin-1") for name, value in started["headers"]}
        return {"status_code": started["status"], "headers": names, "body": bytes(received)}


@cache
def _serializer(protocol: str) -> Any:
    return create_serializer(protocol, include_validation=True)


def _signed(service: str, region: str) -> dict[str, str]:
    scope = f"test/20260101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}


def _scope(request: Mapping[str, Any], headers: Mapping[str, str]) -> Scope:
    path, query = request["url_path"], request["query_string"]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request["method"],
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": (query if isinstance(query, str) else urlencode(query)).encode(),
        "headers": [
            (b"host", b"localhost"),
            *(
                (name.lower().encode("latin-1"), str(value).encode("latin-1"))
                for name, value in headers.items()
            ),
        ],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
