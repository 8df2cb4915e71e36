"""The OTLP/HTTP receiver: POST /v1/traces, protobuf or JSON, gzip or not.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route

from embedded_aws.xray.intake import otlp

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

_MOST_BYTES = 64 * 1024 * 1024
_INVALID_ARGUMENT = 3
_PERMISSION_DENIED = 7
_UNAVAILABLE = 14
_GZIP = 16 + zlib.MAX_WBITS
_ID_FIELDS = ("traceId", "spanId", "parentSpanId")

Put = Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]
"""PutTraceSegments: document texts in, the unprocessed items out."""


class HttpError(Exception):
    """A refusal: HTTP status, gRPC code and what was wrong."""

    def __init__(self, status: int, message: str, code: int = _INVALID_ARGUMENT) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def otlp_app(put: Put) -> Starlette:
    """Build the ASGI app; any path but /v1/traces is 404, any method but POST is 405."""

    async def traces(request: Request) -> Response:
        media = _media(request.headers)
        try:
            message = decode(media, _unpacked(await request.body(), request.headers.get("content-encoding")))
            answer = await asyncio.to_thread(_store, message, put)
        except HttpError as error:
            return _refusal(error, media)
        return Response(_encoded(answer, media), media_type=media)

    return Starlette(routes=[Route("/v1/traces", traces, methods=["POST"])])


def refused(scope: Scope, reason: str) -> Response:
    """Answer a request that may not come in; in JSON, unless an exporter sent protobuf."""
    media = PROTOBUF if _media(Headers(scope=scope)) == PROTOBUF else JSON
    return _refusal(HttpError(403, reason, _PERMISSION_DENIED), media)


def decode(media: str, body: bytes) -> ExportTraceServiceRequest:
    """Read a request body. Raises `HttpError`: 415 for another media type, 400 for a malformed body."""
    message = ExportTraceServiceRequest()
    if media == PROTOBUF:
        try:
            message.ParseFromString(body)
        except DecodeError:
            raise HttpError(400, "the body is not an OTLP trace request in protobuf") from None
    elif media == JSON:
        try:
            json_format.ParseDict(_json_request(body), message, ignore_unknown_fields=True)
        # protobuf's reader raises the last two for half a surrogate pair in a name, and for 10**400.
        except (ValueError, RecursionError, json_format.ParseError, SystemError, OverflowError) as error:
            raise HttpError(400, f"the body is not an OTLP trace request in JSON: {error}") from None
    else:
        raise HttpError(415, f"Content-Type {media!r} is neither {PROTOBUF} nor {JSON}")
    return message


def _media(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _store(message: ExportTraceServiceRequest, put: Put) -> ExportTraceServiceResponse:
    """Translate and store; what X-Ray or the translation refused is told as a partial success."""
    translation = otlp.translate(message.resource_spans)
    try:
        unprocessed = put([json.dumps(document) for document in translation.documents])
    except Exception as error:
        # 503 makes an exporter try again.
        raise HttpError(503, f"storing the segments failed: {error}", _UNAVAILABLE) from error
    reasons = [*translation.rejected, *(str(item.get("Message")) for item in unprocessed)]
    if not reasons:
        return ExportTraceServiceResponse()
    told = "; ".join(dict.fromkeys(reasons))
    return ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=len(reasons), error_message=told)
    )


def _unpacked(body: bytes, encoding: str | None) -> bytes:
    if len(body) > _MOST_BYTES:
        raise HttpError(413, f"the body is larger than {_MOST_BYTES} bytes")
    if encoding in {None, "", "identity"}:
        return body
    if encoding != "gzip":
        raise HttpError(415, f"Content-Encoding {encoding!r} is not gzip")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(body, _MOST_BYTES)
    except zlib.error:
        raise HttpError(400, "the body is not gzip") from None
    if unpacker.unconsumed_tail:
        raise HttpError(413, f"the unpacked body is larger than {_MOST_BYTES} bytes")
    if not unpacker.eof:
        raise HttpError(400, "the gzip body is cut short")
    return unpacked


def _json_request(body: bytes) -> dict[str, Any]:
    request = _with_base64_ids(json.loads(body))
    if not isinstance(request, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - as all that is wrong with a body
    return request


def _with_base64_ids(value: Any) -> Any:
    """Rewrite ids: OTLP's JSON has them in hex, protobuf's JSON reader wants base64."""
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _base64_of_hex(item) if key in _ID_FIELDS and isinstance(item, str) else _with_base64_ids(item)
        for key, item in value.items()
    }


def _base64_of_hex(digits: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(digits)).decode()
    except (ValueError, binascii.Error):
        raise ValueError(f"{digits!r} is not an id in hex digits") from None


def _encoded(message: ExportTraceServiceResponse, media: str) -> bytes:
    if media == JSON:
        return json.dumps(json_format.MessageToDict(message)).encode()
    return bytes(message.SerializeToString())


def _refusal(error: HttpError, media: str) -> Response:
    """Answer with google.rpc.Status in the request's own encoding; protobuf where that is unknown."""
    if media == JSON:
        body = json.dumps({"code": error.code, "message": str(error)}).encode()
        return Response(body, error.status, media_type=JSON)
    # Status is not among OTLP's own messages, but this one has its wire form: 1 a number, 2 a text.
    status = ExportTracePartialSuccess(rejected_spans=error.code, error_message=str(error))
    return Response(status.SerializeToString(), error.status, media_type=PROTOBUF)
