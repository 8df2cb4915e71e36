"""Lambda's HTTP API: invocations and event source mappings here, everything else in moto, repaired.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from embedded_aws.aws.errors import AwsError, InvalidParameterValueError, InvalidRequestContentError
from embedded_aws.aws.http import Request, Response, read_request
from embedded_aws.aws.interfaces import EventSources, InvocationType, InvokeRequest, InvokeResult
from embedded_aws.aws.model import Found
from embedded_aws.aws.parsing import read_object
from embedded_aws.aws.service import Wire
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.awslambda.control import ControlPlane
from embedded_aws.awslambda.service import LambdaService

_MAPPINGS = "/2015-03-31/event-source-mappings"
_MAPPING_ARN = re.compile(r"arn:[^:]+:lambda:[^:]+:[0-9]+:event-source-mapping:(?P<uuid>[^:]+)")
_MAX_CLIENT_CONTEXT = 3583
_TYPES: dict[str, InvocationType] = {
    "RequestResponse": "RequestResponse",
    "Event": "Event",
    "DryRun": "DryRun",
}


class LambdaApi:
    """An ASGI app for every request to Lambda; `fallback` is moto."""

    def __init__(self, service: LambdaService, event_sources: EventSources, fallback: ASGIApp) -> None:
        self._service = service
        self._event_sources = event_sources
        self._wire = Wire("lambda")
        self._control = ControlPlane(service, fallback, self._wire)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        try:
            response = await self._route(request)
        except AwsError as error:
            response = self._wire.refused(error)
        await response(scope, receive, send)

    async def _route(self, request: Request) -> Response:
        found = self._wire.find(request)
        if found and found.operation.name == "Invoke":
            return await self._invoke(request, found.labels["FunctionName"])
        if found and request.method != "GET":
            self._wire.check_types(found, request.body)
        if request.path.startswith(_MAPPINGS):
            return await self._mapping(request, found)
        mapping = _MAPPING_ARN.fullmatch(found.labels.get("Resource", "")) if found else None
        if found and mapping:
            return self._tags(request, found.operation.name, mapping["uuid"])
        return await self._control.answer(request, found)

    async def _invoke(self, request: Request, function: str) -> Response:
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in _TYPES:
            raise InvalidParameterValueError(f"InvocationType {kind!r}: must be one of {', '.join(_TYPES)}")
        tail = request.headers.get("x-amz-log-type") == "Tail"
        wanted = InvokeRequest(
            function,
            request.body,
            invocation_type=_TYPES[kind],
            qualifier=_query(request, "Qualifier"),
            client_context=_client_context(request.headers.get("x-amz-client-context")),
            trace=TraceHeader.parse(request.headers.get(NAME.lower())),
            log_tail=tail and kind == "RequestResponse",
        )
        return _invoke_response(await self._service.invoke(wanted), log_tail=tail)

    async def _mapping(self, request: Request, found: Found | None) -> Response:
        sources, read = self._event_sources, self._wire.read
        uuid = found.labels.get("UUID", "") if found else ""
        match found and found.operation.name:
            case "CreateEventSourceMapping":
                return self._wire.answered(await sources.create(read(request.body)), 202)
            case "UpdateEventSourceMapping":
                return self._wire.answered(await sources.update(uuid, read(request.body)), 202)
            case "DeleteEventSourceMapping":
                return self._wire.answered(await sources.delete(uuid), 202)
            case "GetEventSourceMapping":
                return self._wire.answered(sources.get(uuid))
            case "ListEventSourceMappings":
                of = _query(request, "EventSourceArn"), _query(request, "FunctionName")
                return self._wire.answered(sources.list(*of))
        raise AwsError("MethodNotAllowedException", f"{request.method} is not allowed here", 405)

    def _tags(self, request: Request, operation: str, mapping: str) -> Response:
        """Answer an operation on the tags of an event source mapping."""
        tags = self._event_sources.tags(mapping)
        match operation:
            case "ListTags":
                return self._wire.answered({"Tags": tags})
            case "TagResource":
                tags.update(self._wire.read(request.body).get("Tags") or {})
            case "UntagResource":
                for key in parse_qs(request.query).get("tagKeys", []):
                    tags.pop(key, None)
        return Response(204, b"")


def _invoke_response(result: InvokeResult, *, log_tail: bool) -> Response:
    headers = {"x-amzn-requestid": result.request_id}
    if result.error_type:
        headers["x-amzn-errortype"] = result.error_type
    else:
        headers["x-amz-executed-version"] = result.executed_version
    if result.function_error:
        headers["x-amz-function-error"] = result.function_error
    if log_tail and result.log_tail:
        headers["x-amz-log-result"] = base64.b64encode(result.log_tail).decode()
    return Response(result.status, result.payload, headers)


def _client_context(header: str | None) -> str | None:
    """Return the client context's JSON in ASCII and one line: it reaches the runtime as a header.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-ClientContext
    """
    if not header:
        return None
    if len(header) > _MAX_CLIENT_CONTEXT:
        message = f"Client context must have at most {_MAX_CLIENT_CONTEXT} bytes in Base64."
        raise InvalidRequestContentError(message)
    try:
        return json.dumps(read_object(base64.b64decode(header, validate=True)))
    except ValueError as error:
        message = f"Client context must be a valid Base64-encoded JSON object: {error}"
        raise InvalidRequestContentError(message) from error


def _query(request: Request, name: str) -> str | None:
    values = parse_qs(request.query).get(name)
    return values[0] if values else None
