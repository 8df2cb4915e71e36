"""What the environment says about tracing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple

log = logging.getLogger("tracing")

MODES = ("otel", "native", "off")
EXPORTS = ("xray", "otlp")
DEFAULT_DAEMON = ("127.0.0.1", 2000)


class Settings(NamedTuple):
    """`mode` is empty when the environment names none; `otlp_url` is set for OTLP over HTTP."""

    mode: str
    export: str
    daemon: tuple[str, int]
    otlp_url: str | None
    otlp_headers: Mapping[str, str]


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings; an unknown value is logged once and its default taken."""
    mode = _choice(environ, "TRACING_MODE", MODES, default="")
    export = _choice(environ, "TRACING_EXPORT", EXPORTS, default="xray")
    if mode == "native" and export == "otlp":
        log.warning("TRACING_EXPORT=otlp needs TRACING_MODE=otel; native sends X-Ray documents")
        export = "xray"
    return Settings(mode, export, _daemon(environ), _otlp_url(environ), _otlp_headers(environ))


def _choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...], *, default: str) -> str:
    value = environ.get(name, "").strip().lower()
    if value in allowed:
        return value
    if value:
        log.warning("%s=%r is unknown; allowed: %s. Its default is used.", name, value, ", ".join(allowed))
    return default


def _daemon(environ: Mapping[str, str]) -> tuple[str, int]:
    """Read `host:port` or `tcp:host:port udp:host:port`.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-configuration.html
    """
    name = "AWS_XRAY_DAEMON_ADDRESS"
    text = environ.get(name, "").strip()
    if not text:
        return DEFAULT_DAEMON
    parts = text.split()
    chosen = next((part[4:] for part in parts if part.startswith("udp:")), parts[0])
    host, _, port = chosen.rpartition(":")
    if host and port.isdecimal() and int(port) < 65536 and not host.startswith("tcp:"):
        return host.strip("[]"), int(port)
    log.warning("%s=%r is not host:port; %s:%d is used", name, text, *DEFAULT_DAEMON)
    return DEFAULT_DAEMON


def _otlp_url(environ: Mapping[str, str]) -> str | None:
    """Read where OTLP over HTTP goes.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
    """
    if traces := environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip():
        name, url = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces
    elif base := environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip():
        name, url = "OTEL_EXPORTER_OTLP_ENDPOINT", base.rstrip("/") + "/v1/traces"
    else:
        return None
    if url.startswith(("http://", "https://")):
        return url
    log.warning("%s=%r is not an http:// or https:// URL; spans go to the X-Ray daemon", name, url)
    return None


def _otlp_headers(environ: Mapping[str, str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in environ.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(","))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}
