"""What the gateway answers: the function's reply, or one of API Gateway's own errors.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import (
    MAX_PAYLOAD_DEPTH,
    ParseError,
    header_field,
    read_integer,
    read_json,
    shown,
)
from embedded_aws.gateway.event import is_binary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_PAYLOAD = 10 * 1024 * 1024
"""Bytes that API Gateway takes and returns; Lambda's own limit is lower."""

_KEYS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# From "Amazon API Gateway important notes": API Gateway sets these itself and keeps the function's value
# under another name, or drops what belongs to the connection.
_REMAPPED = {
    "connection", "content-length", "content-md5", "date", "host", "max-forwards", "server", "user-agent",
    "via", "www-authenticate",
}  # fmt: skip
_DROPPED = {"expect", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclass(frozen=True)
class Response:
    """An HTTP response; `error` is the message of API Gateway's own errors, `kind` their type."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str | None = None
    kind: str | None = None

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class MalformedReplyError(Exception):
    """The function's reply does not have the form that a proxy integration needs."""


def error(
    status: int, error_type: str, message: str | None, *, kind: str | None = None, member: str = "message"
) -> Response:
    """Answer as API Gateway does: a JSON `message`, and the error's type in a header.

    `kind` is the type of the gateway response that an API may have for it.
    """
    return Response(
        status,
        (("Content-Type", "application/json"), ("x-amzn-ErrorType", error_type)),
        json.dumps({member: message}, separators=(",", ":")).encode(),
        error=message,
        kind=kind,
    )


FORBIDDEN = error(403, "ForbiddenException", "Forbidden", kind="INVALID_API_KEY")
MISSING_TOKEN = error(
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
    kind="MISSING_AUTHENTICATION_TOKEN",
)
TOO_MANY_REQUESTS = error(429, "TooManyRequestsException", "Too Many Requests", kind="THROTTLED")
INTERNAL_SERVER_ERROR = error(
    500, "InternalServerErrorException", "Internal server error", kind="API_CONFIGURATION_ERROR"
)
BAD_REPLY = error(502, "InternalServerErrorException", "Internal server error", kind="DEFAULT_5XX")
INTEGRATION_FAILURE = error(
    500, "InternalServerErrorException", "Internal server error", kind="INTEGRATION_FAILURE"
)
TIMED_OUT = error(
    504, "InternalServerErrorException", "Endpoint request timed out", kind="INTEGRATION_TIMEOUT"
)
# The type's name is (unconfirmed).
TOO_LARGE = error(
    413,
    "RequestTooLargeException",
    f"HTTP content length exceeded {MAX_PAYLOAD} bytes.",
    kind="REQUEST_TOO_LARGE",
)
UNAUTHORIZED = error(401, "UnauthorizedException", "Unauthorized", kind="UNAUTHORIZED")
_NOT_AUTHORIZED = "User is not authorized to access this resource"
DENIED = error(403, "AccessDeniedException", _NOT_AUTHORIZED, kind="ACCESS_DENIED", member="Message")
EXPLICITLY_DENIED = error(
    403,
    "AccessDeniedException",
    f"{_NOT_AUTHORIZED} with an explicit deny",
    kind="ACCESS_DENIED",
    member="Message",
)
AUTHORIZER_FAILURE = error(500, "AuthorizerFailureException", None, kind="AUTHORIZER_FAILURE")
AUTHORIZER_CONFIGURATION = error(
    500, "AuthorizerConfigurationException", None, kind="AUTHORIZER_CONFIGURATION_ERROR"
)


def not_emulated(what: str) -> Response:
    """Answer for what API Gateway can do and this gateway cannot."""
    return error(501, "NotImplementedException", f"The local API Gateway does not emulate {what}.")


def parse_reply(payload: bytes, accept: str | None, binary_media_types: tuple[str, ...]) -> Response:
    """Turn a proxy integration's reply into the response; raises `MalformedReplyError`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
    """
    reply = load_reply(payload)
    response = response_of(reply, decode=False)
    asked = accept or response.header("Content-Type")
    if response.header("Content-Type") is None:
        response = replace(response, headers=(("Content-Type", "application/json"), *response.headers))
    if reply.get("isBase64Encoded") and is_binary(asked, binary_media_types):
        return replace(response, body=_decode(response.body))
    return response


def response_of(reply: Mapping[str, Any], *, decode: bool) -> Response:
    """Return what a reply says, decoded if it is in Base64 and `decode` asks for it.

    Raises `MalformedReplyError`.
    """
    headers = tuple(_headers(reply))
    # Half a surrogate pair has no bytes in UTF-8; Java, which writes the body on AWS, has `?` for it.
    body = _text("body", reply.get("body")).encode(errors="replace")
    decodes = decode and reply.get("isBase64Encoded")
    return Response(_status(reply), headers, _decode(body) if decodes else body)


def load_reply(payload: bytes) -> Mapping[str, Any]:
    """Read the object that a proxy integration must return; raises `MalformedReplyError`."""
    try:
        reply = read_json(payload or b"null", MAX_PAYLOAD_DEPTH)
    except ParseError as problem:
        raise MalformedReplyError(f"the reply is not JSON: {problem}") from problem
    if not isinstance(reply, dict):
        raise MalformedReplyError(f"the reply must be an object with statusCode, not {_kind(reply)}")
    unknown = sorted(reply.keys() - _KEYS)
    if unknown:
        names = ", ".join(unknown)[:200].encode("ascii", "backslashreplace").decode()
        raise MalformedReplyError(f"the reply has unknown keys {names}; allowed: {', '.join(sorted(_KEYS))}")
    if not isinstance(reply.get("isBase64Encoded", False), bool | None):
        raise MalformedReplyError("isBase64Encoded must be true or false")
    return reply


def _status(reply: Mapping[str, Any]) -> int:
    status = reply.get("statusCode", 200)
    try:
        if isinstance(status, bool) or not isinstance(status, int | str):
            raise ParseError(f"{shown(status)} is {_kind(status)}")
        return read_integer(str(status), 200, 599)
    except ParseError as problem:
        raise MalformedReplyError(f"statusCode must be a number from 200 to 599: {problem}") from problem


def _headers(reply: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield single values first; a name in both mappings takes its values from `multiValueHeaders`."""
    single, multiple = reply.get("headers") or {}, reply.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise MalformedReplyError("headers and multiValueHeaders must be objects")
    shadowed = {name.lower() for name in multiple}
    for name, value in single.items():
        if name.lower() not in shadowed:
            yield from _header(name, value)
    for name, values in multiple.items():
        if not isinstance(values, list):
            raise MalformedReplyError(f"multiValueHeaders[{name[:60]!r}] must be a list, not {_kind(values)}")
        for value in values:
            yield from _header(name, value)


def _header(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if name.lower() in _DROPPED:
        return
    remapped = f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name
    text = _text(f"headers[{name[:60]!r}]", value)
    try:
        sent = header_field(remapped, text)
    except ParseError as problem:
        raise MalformedReplyError(f"a header cannot be sent: {problem}") from problem
    yield remapped, sent[1].decode("latin-1")


def _text(what: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        raise MalformedReplyError(f"{what} must be a string, not {_kind(value)}: use json.dumps")
    return json.dumps(value)


def _decode(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as problem:
        raise MalformedReplyError(f"body is not base64: {problem}") from problem


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", type(None): "null", bool: "a boolean"}
    return kinds.get(type(value), "a number")
