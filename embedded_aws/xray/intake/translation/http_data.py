"""The `http` object: what was asked and answered, from old and new OpenTelemetry attribute names."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from embedded_aws.xray.intake.translation.spans import (
    Attributes,
    Span,
    integer,
    latest,
    text,
    without_empty,
)

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

_STATUS = frozenset({"http.status_code", "http.response.status_code"})
_URLS = frozenset({"http.url", "url.full"})
_SCHEMES = frozenset({"http.scheme", "url.scheme"})
_ADDRESSES = frozenset({"http.client_ip", "net.peer.ip", "network.peer.address", "client.address"})
_DEFAULT_PORTS = {("http", "80"), ("https", "443")}


def http(span: Span) -> dict[str, Any] | None:
    """Return X-Ray's `http` object, or None for a span that says nothing of HTTP."""
    attributes = span.attributes
    if not _TELLING & attributes.keys():
        return None
    request = {
        "method": text(latest(attributes, "http.method", "http.request.method")),
        "url": _url(span),
        "user_agent": text(latest(attributes, "http.user_agent", "user_agent.original")),
        **_client(attributes),
    }
    response = {"content_length": _response_bytes(span)}
    if _STATUS & attributes.keys():
        response["status"] = integer(latest(attributes, *_STATUS))
    return {"request": without_empty(request), "response": response}


def _client(attributes: Attributes) -> dict[str, Any]:
    """Tell who asked. A forwarded address can be forged; X-Ray marks it."""
    found, forwarded, has_peer = "", False, False
    for key in attributes:
        if key not in _ADDRESSES:
            continue
        value = text(attributes[key])
        is_address = key in {"http.client_ip", "net.peer.ip"} or _is_ip(value)
        is_peer = key in {"net.peer.ip", "network.peer.address"}
        if is_address and not (is_peer and found):
            found, forwarded = value, key == "http.client_ip"
        has_peer = has_peer or (is_peer and is_address)
    # Unlike the collector, this marks what is said to be forwarded also where the peer is known.
    return {"client_ip": found, "x_forwarded_for": True if found and (forwarded or not has_peer) else None}


def _is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return "%" not in value  # Go reads no zones


def _url(span: Span) -> str:
    attributes = span.attributes
    if not (_LOCATING & attributes.keys() or _is_ip(text(attributes.get("network.peer.address")))):
        return ""
    if _URLS & attributes.keys():
        return text(latest(attributes, *_URLS))
    scheme = text(latest(attributes, *_SCHEMES)) if _SCHEMES & attributes.keys() else "http"
    host, port = _server(attributes) if span.kind == "SERVER" else _peer(attributes)
    if port and (scheme, port) not in _DEFAULT_PORTS:
        host = f"{host}:{port}"
    return f"{scheme}://{host}{_target(attributes)}"


def _server(attributes: Attributes) -> tuple[str, str]:
    if "http.host" in attributes:
        return text(attributes["http.host"]), ""
    host = _first(attributes, "http.server_name", "net.host.name", "host.name", "server.address")
    return host, _port(attributes, "net.host.port", "server.port")


def _peer(attributes: Attributes) -> tuple[str, str]:
    """Return where the call went; unlike the collector, from the new names too."""
    if "http.host" in attributes:
        return text(attributes["http.host"]), ""
    if {"net.peer.name", "net.peer.ip"} & attributes.keys():
        return _first(attributes, "net.peer.name", "net.peer.ip"), _port(attributes, "net.peer.port")
    host = _first(attributes, "server.address")
    port = _port(attributes, "net.peer.port", *(("server.port",) if host else ()))
    return f"[{host}]" if ":" in host and _is_ip(host) else host, port


def _port(attributes: Attributes, *keys: str) -> str:
    """Return the first port that is present; what is no text counts as a number, as in the collector."""
    for key in keys:
        if key in attributes:
            return text(attributes[key]) or str(integer(attributes[key]))
    return ""


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


def _first(attributes: Attributes, *keys: str) -> str:
    """Return the text of the first attribute that is present, of whatever type."""
    return next((text(attributes[key]) for key in keys if key in attributes), "")
