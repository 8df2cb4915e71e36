"""Which AWS service a request is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

from starlette.datastructures import Headers

from embedded_aws.aws.parsing import ParseError, read_object

if TYPE_CHECKING:
    from starlette.types import Scope

_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_LAMBDA_PATH = re.compile(
    r"/20\d\d-\d\d-\d\d/(functions|layers|event-source-mappings|tags|account-settings)\b"
)
# X-Ray's operations are POSTs to upper-case paths, which cannot be S3 buckets; SDKs send some unsigned.
_XRAY_PATH = re.compile(r"/[A-Z][A-Za-z]*")
_KEPT = "embedded_aws.call"
_TARGETS = {"AmazonSQS": "sqs", "DynamoDB_20120810": "dynamodb", "Logs_20140328": "logs"}


@dataclass(frozen=True)
class Call:
    """What the endpoint reads of a request; `service` is `None` when nothing names it."""

    method: str
    host: str
    path: str
    service: str | None
    region: str | None
    headers: Headers


def parse(scope: Scope) -> Call:
    """Read service and region: from the signature, a presigned URL, the target, or the path.

    Each that a request passes asks; it is read once, unless something on the way has changed the request.
    """
    headers, rest = scope["headers"], (scope["method"], scope.get("raw_path"), scope["query_string"])
    kept_headers, kept_rest, call = scope.get(_KEPT, (None, None, None))
    if kept_headers is not headers or kept_rest != rest:
        call = _parsed(scope)
        scope[_KEPT] = headers, rest, call
    return cast("Call", call)


def _parsed(scope: Scope) -> Call:
    headers = Headers(raw=scope["headers"])  # of a scope it would put a copy there, which is read again
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.split(b"?", 1)[0].decode("latin-1")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    credential = headers.get("authorization") or f"Credential={query.get('X-Amz-Credential', [''])[0]}"
    signed = _SCOPE.search(credential)
    service = signed["service"].lower() if signed else _unsigned_service(scope["method"], path, headers)
    return Call(
        method=scope["method"],
        host=headers.get("host", ""),
        path=path,
        service=service,
        region=signed["region"] if signed else None,
        headers=headers,
    )


def _unsigned_service(method: str, path: str, headers: Headers) -> str | None:
    target = headers.get("x-amz-target", "").partition(".")[0]
    if target:
        return _TARGETS.get(target, target.lower())
    if _LAMBDA_PATH.match(path):
        return "lambda"
    return "xray" if method == "POST" and _XRAY_PATH.fullmatch(path) else None


def queue_url(call: Call, body: bytes) -> str | None:
    """Return the queue of an SQS call, in either protocol, if it names one."""
    if call.headers.get("x-amz-target"):
        try:
            named = read_object(body).get("QueueUrl")
        except ParseError:
            return None
    else:
        named = parse_qs(body.decode("utf-8", "replace")).get("QueueUrl", [call.path])[0]
    return named if isinstance(named, str) else None
