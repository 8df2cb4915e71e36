"""The `http` object: what was asked and answered, from old and new OpenTelemetry attribute names."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from embedded_aws.xray.intake.translation.spans import Attributes, Span, integer, text, without_empty

if TYPE_CHECKING:
    from collections.abc import Mapping

CONSUMED = frozenset(
    {
        "http.method", "http.request.method", "http.client_ip", "client.address",
        "http.user_agent", "user_agent.original", "http.status_code", "http.response.status_code",
        "http.url", "url.full", "http.scheme", "url.scheme", "http.host", "http.target", "http.server_name",
        "url.path", "url.query", "net.host.name", "net.host.port", "host.name", "net.peer.name",
        "net.peer.port", "net.peer.ip", "network.peer.address", "server.address", "server.port",
    }
)  # fmt: skip
"""Attributes that never reach metadata, whether or not an `http` object results."""

_TELLING = frozenset(
    {
        "http.method", "http.request.method", "http.client_ip", "http.user_agent", "user_agent.original",
        "http.status_code", "http.response.status_code", "http.url", "url.full", "http.scheme", "url.scheme",
        "http.host", "http.target", "http.server_name", "net.host.port", "url.path", "url.query",
    }
)  # fmt: skip
"""One of these makes the span an HTTP request."""

_LOCATING = frozenset(
    {
        "http.url", "url.full", "http.host", "http.server_name", "host.name", "net.host.name",
        "net.peer.name", "net.peer.ip", "server.address",
    }
)  # fmt: skip
"""One of these, or the peer's address, makes a URL worth writing."""

_DEFAULT_PORTS = {("http", "80"), ("https", "443")}


def http(span: Span) -> dict[str, Any] | None:
    """Return X-Ray's `http` object, or None for a span that says nothing of HTTP."""
    attributes = span.attributes
    if not _TELLING & attributes.keys():
        return None
    request = {
        "method": text(_first(attributes, "http.method", "http.request.method")),
        "url": _url(span),
        "user_agent": text(_first(attributes, "http.user_agent", "user_agent.original")),
        **_client(attributes),
    }
    response = {"content_length": _response_bytes(span)}
    status = _first(attributes, "http.status_code", "http.response.status_code")
    if status is not None:
        response["status"] = integer(status)
    return without_empty({"request": without_empty(request), "response": response})


def _client(attributes: Attributes) -> dict[str, Any]:
    """Tell who asked. A forwarded address can be forged; X-Ray marks it."""
    forwarded = text(attributes.get("http.client_ip"))
    if forwarded:
        return {"client_ip": forwarded, "x_forwarded_for": True}
    peer = _address(attributes, "net.peer.ip") or _address(attributes, "network.peer.address")
    client = _address(attributes, "client.address")
    if client and not peer:
        return {"client_ip": client, "x_forwarded_for": True}
    return {"client_ip": client or peer}


def _address(attributes: Attributes, key: str) -> str:
    """Return an IP address; host names are passed over."""
    candidate = text(attributes.get(key))
    try:
        ipaddress.ip_address(candidate)
    except ValueError:
        return ""
    return candidate


def _url(span: Span) -> str:
    attributes = span.attributes
    if not (_LOCATING & attributes.keys() or _address(attributes, "network.peer.address")):
        return ""
    full = _first(attributes, "http.url", "url.full")
    if full is not None:
        return text(full)
    scheme = text(_first(attributes, "http.scheme", "url.scheme")) or "http"
    host, port = _server(attributes) if span.kind == "SERVER" else _peer(attributes)
    if port and (scheme, port) not in _DEFAULT_PORTS:
        host = f"{host}:{port}"
    return f"{scheme}://{host}{_target(attributes)}"


def _server(attributes: Attributes) -> tuple[str, str]:
    if "http.host" in attributes:
        return text(attributes["http.host"]), ""
    host = _first(attributes, "http.server_name", "net.host.name", "host.name", "server.address")
    return text(host), _port(_first(attributes, "net.host.port", "server.port"))


def _peer(attributes: Attributes) -> tuple[str, str]:
    if "http.host" in attributes:
        return text(attributes["http.host"]), ""
    host = _first(attributes, "net.peer.name", "net.peer.ip", "server.address")
    return text(host), _port(attributes.get("net.peer.port"))


def _port(value: Any) -> str:
    return text(value) or (str(integer(value)) if value is not None else "")


def _target(attributes: Attributes) -> str:
    if "http.target" in attributes:
        return text(attributes["http.target"])
    path = text(attributes["url.path"]) if "url.path" in attributes else "/"
    if "url.query" not in attributes:
        return path
    return f"{path}?{text(attributes['url.query']).removeprefix('?')}"


def _response_bytes(span: Span) -> int:
    """Return the size that the span or one of its events gives; the collector writes 0 for unknown."""
    sources: list[Mapping[str, Any]] = [span.attributes, *(event.attributes for event in span.events)]
    for attributes in sources:
        if attributes.get("message.type") == "RECEIVED":
            size = integer(attributes.get("messaging.message_payload_size_bytes"))
            if size:
                return size
    return 0


def _first(attributes: Attributes, *keys: str) -> Any:
    """Return the value of the first key that is present, of whatever type."""
    return next((attributes[key] for key in keys if key in attributes), None)
