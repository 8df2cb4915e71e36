"""What an HTTP API or a function URL answers: the function's reply, or an error of its own.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import MAX_PAYLOAD_DEPTH, ParseError, header_field, read_json
from embedded_aws.gateway.response import MalformedReplyError, Response, load_reply, response_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_aws.gateway.http_api.model import Stage

_FORBIDDEN_URL = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


def message(status: int, text: str, key: str = "message") -> Response:
    """Answer as HTTP APIs do: a JSON `message`."""
    body = json.dumps({key: text}, separators=(",", ":")).encode()
    return Response(status, (("Content-Type", "application/json"),), body, error=text)


def bearer(error: str, description: str, scopes: Sequence[str] = ()) -> Response:
    """Refuse a token, and say why where clients of OAuth 2.0 look: in `www-authenticate`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html
    """
    refusal = FORBIDDEN if error == "insufficient_scope" else UNAUTHORIZED
    told = f'Bearer scope="{" ".join(scopes)}" error="{error}" error_description="{description}"'
    return replace(refusal, headers=(*refusal.headers, ("www-authenticate", told)))


UNAUTHORIZED = message(401, "Unauthorized")
FORBIDDEN = message(403, "Forbidden")
NOT_FOUND = message(404, "Not Found")
TOO_LARGE = message(413, "Request Entity Too Large")
TOO_MANY_REQUESTS = message(429, "Too Many Requests")
INTERNAL_SERVER_ERROR = message(500, "Internal Server Error")
TIMED_OUT = message(503, "Service Unavailable")

URL_FORBIDDEN = message(403, _FORBIDDEN_URL, key="Message")
URL_BAD_REPLY = Response(502, (), b"Internal Server Error", error="Internal Server Error")


def not_emulated(what: str) -> Response:
    """Answer for what AWS can do and this gateway cannot."""
    return message(501, f"The embedded AWS does not emulate {what}.")


def failed(stage: Stage, status: int | None) -> Response:
    """Answer for a function that failed, timed out (`None`), or that Lambda did not run, with its status."""
    if status == 429 and stage.kind == "URL":
        return TOO_MANY_REQUESTS
    if stage.kind == "URL":
        return URL_BAD_REPLY
    return TIMED_OUT if status is None else INTERNAL_SERVER_ERROR


def read_reply(payload: bytes, version: str) -> Response:
    """Turn a function's reply into the response; raises `MalformedReplyError`.

    In format 2.0 whatever has no `statusCode` is itself the body of a 200, as JSON.
    """
    if version == "1.0":
        return response_of(load_reply(payload), decode=True)
    try:
        reply = read_json(payload or b"null", MAX_PAYLOAD_DEPTH)
    except ParseError as problem:
        raise MalformedReplyError(f"the reply is not JSON: {problem}") from problem
    if not isinstance(reply, dict) or "statusCode" not in reply:
        text = reply if isinstance(reply, str) else json.dumps(reply)
        return Response(200, (("Content-Type", "application/json"),), text.encode(errors="replace"))
    response = response_of(reply, decode=True)
    return replace(response, headers=(*response.headers, *_cookies(reply.get("cookies"))))


def _cookies(given: Any) -> list[tuple[str, str]]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise MalformedReplyError("cookies must be a list of strings")
    try:
        return [("set-cookie", header_field("set-cookie", each)[1].decode("latin-1")) for each in given]
    except ParseError as problem:
        raise MalformedReplyError(f"a cookie cannot be sent: {problem}") from problem
