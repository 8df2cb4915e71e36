"""The protocol rpc-v2-cbor, by which the newest SDKs call some services, among them CloudWatch.

A request becomes the JSON request that says the same, and its answer CBOR again: nothing behind this knows
of the protocol. All services whose model lists it, and that can be had here, list JSON too.
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownServiceError
from botocore.model import DenormalizedStructureBuilder, OperationModel
from botocore.parsers import ResponseParserError, RpcV2CBORParser, create_parser
from botocore.serialize import create_serializer

from embedded_aws.aws import call as aws_request
from embedded_aws.aws.http import Request, Response, forward, read_request
from embedded_aws.aws.model import model
from embedded_aws.aws.parsing import ParseError, read_object, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

NAME = "smithy-rpc-v2-cbor"
_HEADERS = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
_PATH = re.compile(r"/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")
_MODELS = {
    "AWSEventsV2": "eventbridgev2",
    "AWSMPCommerceService_v20200301": "marketplace-agreement",
    "AWSMPEntitlementService": "marketplace-entitlement",
    "CloudWatchOmniFrontend": "cloudwatchomni",
    "ComputeOptimizerAutomationService": "compute-optimizer-automation",
    "EC2WindowsBarleyService": "application-insights",
    "GraniteServiceVersion20100801": "cloudwatch",
    "KeyspacesService": "keyspaces",
    "MailManagerSvc": "mailmanager",
    "PartnerCentralRevenueMeasurement": "partnercentral-revenue-measurement",
    "ResourceGroupsTaggingAPI_20170126": "resourcegroupstaggingapi",
}
"""The names in paths of services whose model is not called as they sign."""
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RecursionError,
    ResponseParserError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What botocore, which expects answers of AWS, does with bytes that are no CBOR or have another shape."""


@dataclass(frozen=True)
class RpcV2Cbor:
    """An ASGI application in front of one that speaks JSON.

    What `is_elsewhere` tells of is no call of AWS: deployed APIs may speak the protocol by themselves.
    """

    app: ASGIApp
    is_elsewhere: Callable[[Scope], bool] = lambda _scope: False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: those in the protocol themselves, all others as they come."""
        is_ours = scope["type"] == "http" and (b"smithy-protocol", b"rpc-v2-cbor") in scope["headers"]
        if not is_ours or self.is_elsewhere(scope):
            await self.app(scope, receive, send)
            return
        request = await read_request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = _operation(request)
        if operation is None:
            return _refused(404, "UnknownOperationException", f"there is no operation {request.path}")
        try:
            as_json = _as_json(request, operation)
        except ParseError as problem:
            return _refused(400, "SerializationException", str(problem))
        answer = await forward(self.app, as_json, as_json.body)
        return _as_cbor(answer, operation)


def _operation(request: Request) -> OperationModel | None:
    found = _PATH.fullmatch(request.path)
    if not found:
        return None
    name = _MODELS.get(found["service"]) or aws_request.parse(request.scope).service or ""
    try:
        service = model(name)
    except (UnknownServiceError, ValueError):
        return None
    listed = {NAME, "json"} <= set(service.metadata.get("protocols", ()))
    if not listed or service.metadata["targetPrefix"] != found["service"]:
        return None
    known = found["operation"] in service.operation_names
    return service.operation_model(found["operation"]) if known else None


def _as_json(request: Request, operation: OperationModel) -> Request:
    """Return the same call in JSON; raises `ParseError` for a body that is not the operation's input."""
    metadata = operation.service_model.metadata
    try:
        body = unpacked(request.body) if request.headers.get("content-encoding") else request.body
        given = _parsed(NAME, 200, body, operation.input_shape) if body else {}
        written = _serializer("json").serialize_to_request(given, operation)["body"]
    except _UNREADABLE as problem:
        told = " ".join(f"{type(problem).__name__}: {problem}".split())[:200]
        message = f"the body is not the input of {operation.name} in CBOR: {told}"
        raise ParseError(message) from problem
    left_out = (b"accept", b"content-encoding", b"content-type", b"smithy-protocol")
    headers = [item for item in request.scope["headers"] if item[0] not in left_out]
    headers.append((b"content-type", f"application/x-amz-json-{metadata['jsonVersion']}".encode()))
    headers.append((b"x-amz-target", f"{metadata['targetPrefix']}.{operation.name}".encode()))
    scope = {**request.scope, "path": "/", "raw_path": b"/", "headers": headers}
    return Request(scope, "POST", "/", "", request.headers, written)


def _as_cbor(answer: Response, operation: OperationModel) -> Response:
    kept = {
        key: text for key, text in answer.headers.items() if key not in {"content-type", "content-length"}
    }
    try:
        if answer.status < 300:
            parsed = _parsed("json", answer.status, answer.body, operation.output_shape)
            body = _written(parsed, operation.output_shape, operation)
        else:
            told = {key: text for key, text in read_object(answer.body).items() if isinstance(text, str)}
            body = _error(told, operation)
    except _UNREADABLE as problem:
        return _refused(500, "InternalFailure", f"{operation.name} was answered with no JSON: {problem}")
    return Response(answer.status, body, kept | _HEADERS)


def _refused(status: int, code: str, message: str) -> Response:
    return Response(status, _error({"__type": code, "message": message}, _any_operation()), _HEADERS)


def _error(members: Mapping[str, str], operation: OperationModel) -> bytes:
    texts = {name: {"type": "string"} for name in members}
    shape = DenormalizedStructureBuilder().with_members(texts).build_model()
    return _written(members, shape, operation)


def _parsed(protocol: str, status: int, body: bytes, shape: Any) -> dict[str, Any]:
    parser = _Parser() if protocol == NAME else create_parser(protocol)
    parsed: dict[str, Any] = parser.parse({"status_code": status, "headers": {}, "body": body}, shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


def _written(members: Mapping[str, Any], shape: Any, operation: OperationModel) -> bytes:
    """Return CBOR; botocore writes inputs alone, so this is one."""
    body: bytes = _serializer(NAME).serialize_to_request(members, _Carrier(operation, shape))["body"]
    return body


class _Parser(RpcV2CBORParser):  # type: ignore[misc]
    """Reads no more than there is: botocore would make room for whatever length a text says it has."""

    def get_peekable_stream_from_bytes(self, content: bytes) -> io.BytesIO:
        return _Peekable(content)


class _Peekable(io.BytesIO):
    def peek(self, size: int) -> bytes:
        place = self.tell()
        found = self.read(size)
        self.seek(place)
        return found


class _Carrier(OperationModel):  # type: ignore[misc]
    """An operation whose input has any shape."""

    def __init__(self, operation: OperationModel, shape: Any) -> None:
        super().__init__({}, operation.service_model, operation.name)
        self.input_shape = shape


@cache
def _serializer(protocol: str) -> Any:
    return create_serializer(protocol, include_validation=False)


def _any_operation() -> OperationModel:
    return model("cloudwatch").operation_model("ListMetrics")
