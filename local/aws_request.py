"""Which AWS service a request is for, and whether it may come in at all."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers

from local.parsing import ParseError, read_object

if TYPE_CHECKING:
    from starlette.types import Scope

_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_LAMBDA_PATH = re.compile(
    r"/20\d\d-\d\d-\d\d/(functions|layers|event-source-mappings|tags|account-settings)\b"
)
# X-Ray's operations are POSTs to upper-case paths, which cannot be S3 buckets; SDKs send some unsigned.
_XRAY_PATH = re.compile(r"/[A-Z][A-Za-z]*")
_TARGETS = {"AmazonSQS": "sqs", "DynamoDB_20120810": "dynamodb", "Logs_20140328": "logs"}
_GATEWAY_HOST = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com", re.IGNORECASE)


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
    """Read service and region: from the signature, a presigned URL, the target, or the path."""
    headers = Headers(scope=scope)
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


def refuse(call: Call) -> str | None:
    """Return why a request may not come in, or `None`.

    The port is open to every web page in the developer's browser. A page's own host name can be pointed at
    loopback (DNS rebinding), so the name must be a local one; and a page must not use the AWS APIs across
    origins. The deployed APIs answer any origin, as they do on AWS.
    """
    host = _hostname(call.host)
    if not (_is_local(host) or _GATEWAY_HOST.fullmatch(host)):
        return (
            f"The host name {host!r} is not allowed: this endpoint answers to 127.0.0.1, localhost, "
            "names under .localhost, and <api>.execute-api.<region>.amazonaws.com."
        )
    origin = call.headers.get("origin")
    is_api = call.path.startswith("/execute-api/") or ".execute-api." in host
    if origin and not is_api and not _is_local(urlsplit(origin).hostname or ""):
        return (
            f"The origin {origin!r} is not allowed: only local pages may use the AWS APIs of this endpoint."
        )
    return None


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return host


def _is_local(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
