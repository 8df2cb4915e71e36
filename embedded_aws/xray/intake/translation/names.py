"""How a segment is called, and which namespace it gets."""

from __future__ import annotations

import re

from embedded_aws.xray.intake.translation.spans import Attributes, Span, text

LOCAL_ROOT = "LOCAL_ROOT"
_REMOTE_KINDS = {"CLIENT", "PRODUCER", "CONSUMER"}
_MOST_BYTES = 200
_AUTHORITY = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?:[\w.~!$&'()*+,;=:@%\-]*@)?"
    r"(?P<host>\[[^\[\]/?#]*\]|[\w.~!$&'()*+,;=<>\"\]\x80-\U0010ffff\-]*)(?::[0-9]*)?(?:[/?#]|$)"
)
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME_SYMBOLS = frozenset(" 0123456789_.:/%&#=+-@")


def is_local_root(span: Span) -> bool:
    """Tell whether Application Signals marked the span as its service's entry."""
    return bool(span.attributes.get("aws.span.kind") == LOCAL_ROOT)


def name(span: Span, resource: Attributes) -> str:
    """Return the first name that is not empty, from the service that is meant down to the span's own name.

    Only the span's own name is made to fit X-Ray's character set; the others pass as they are.
    """
    attributes = span.attributes
    candidates = (
        _local_service(span),
        _remote_service(span),
        text(attributes.get("peer.service")),
        text(attributes.get("aws.service")),
        _database(attributes),
        text(resource.get("service.name")) if span.kind == "SERVER" else "",
        text(attributes.get("rpc.service")),
        text(attributes.get("http.host")),
        text(attributes.get("net.peer.name")),
    )
    return next(filter(None, candidates), None) or fixed(span.name)


def service(span: Span, resource: Attributes) -> str:
    """Return how the service is called whose entry a call is; empty when nobody says."""
    if "aws.local.service" in span.attributes:
        return text(span.attributes["aws.local.service"])
    return text(resource.get("service.name"))


def namespace(span: Span) -> str:
    """Return `aws` for a call to AWS, `remote` for another call, else the empty string."""
    if span.is_aws_call or _named_by_aws_service(span):
        return "aws"
    return "remote" if span.kind in {"CLIENT", "PRODUCER"} else ""


def remote_service(span: Span) -> str:
    """Return `aws.remote.service`; of an AWS call without the prefix that Application Signals puts there."""
    service = text(span.attributes.get("aws.remote.service"))
    if span.is_aws_call:
        for prefix in ("AWS.SDK.", "AWS::"):
            if service.startswith(prefix):
                return service.removeprefix(prefix)
    return service


def fixed(span_name: str) -> str:
    """Delete the characters that X-Ray forbids and cut to 200 bytes of UTF-8."""
    kept = "".join(char for char in span_name if char in _NAME_SYMBOLS or char.isalpha())
    return kept.encode()[:_MOST_BYTES].decode(errors="ignore") or "span"


def _local_service(span: Span) -> str:
    entry = span.kind == "SERVER" or (span.kind == "INTERNAL" and is_local_root(span))
    return text(span.attributes.get("aws.local.service")) if entry else ""


def _remote_service(span: Span) -> str:
    return remote_service(span) if span.kind in _REMOTE_KINDS else ""


def _named_by_aws_service(span: Span) -> bool:
    earlier = _local_service(span) or _remote_service(span) or text(span.attributes.get("peer.service"))
    return not earlier and "aws.service" in span.attributes


def _database(attributes: Attributes) -> str:
    if "db.name" not in attributes:
        return ""
    database = text(attributes["db.name"])
    host = _host(text(attributes.get("db.connection_string")).removeprefix("jdbc:"))
    return f"{database}@{host}" if host else database


def _host(url: str) -> str:
    """Return a URL's host as it is written; nothing for what Go's reader of URLs refuses."""
    match = _AUTHORITY.match(url)
    before_fragment, before_query = url.partition("#")[0], url.partition("?")[0]
    if match is None or _CONTROL.search(before_fragment) or _NO_ESCAPE.search(before_query):
        return ""
    host = match["host"]
    return host[1:-1].replace("%25", "%") if host.startswith("[") else host
