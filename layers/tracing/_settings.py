"""What the environment says about tracing."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

log = logging.getLogger("tracing")

N = TypeVar("N", int, float)
D = TypeVar("D", int, None)

MODES = ("otel", "native", "off")
EXPORTS = ("xray", "otlp")
COLD_STARTS = ("detailed", "plain")
KEEP_KINDS = ("fault", "error", "throttle")
DEFAULT_KEEP_PER_SECOND = 10
DEFAULT_DAEMON = ("127.0.0.1", 2000)


class Keep:
    """What unsampled invocations are kept for: kinds of failure, seconds; and how many per second.

    Plain classes, `Settings` too: the first `NamedTuple` of a process costs a cold start, even in mode `off`.
    """

    def __init__(self, kinds: frozenset[str], slower_than: float | None, per_second: int) -> None:
        self.kinds = kinds
        self.slower_than = slower_than
        self.per_second = per_second


class Settings:
    """`mode` is empty when the environment names none; `otlp_url` is set for OTLP over HTTP."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read the settings; an unknown value is logged once and its default taken."""
        self.mode = _choice(environ, "TRACING_MODE", MODES, default="")
        self.export = _choice(environ, "TRACING_EXPORT", EXPORTS, default="xray")
        if self.mode == "native" and self.export == "otlp":
            log.warning("TRACING_EXPORT=otlp needs TRACING_MODE=otel; native sends X-Ray documents")
            self.export = "xray"
        self.keep = _keep(environ)
        if self.mode == "native" and self.keep:
            log.warning(
                "TRACING_KEEP needs TRACING_MODE=otel: the native X-Ray SDK records no unsampled request"
            )
            self.keep = None
        self.cold_starts = _choice(environ, "TRACING_COLD_STARTS", COLD_STARTS, default="detailed")
        self.daemon = _daemon(environ)
        self.otlp_url = _otlp_url(environ)
        self.otlp_headers = _otlp_headers(environ)


def handler_name(environ: Mapping[str, str]) -> str:
    """Return `front.handler`, as the function's configuration names it; nothing outside Lambda."""
    name = environ.get("ORIG_HANDLER") or environ.get("_HANDLER") or ""
    return name.replace("/", ".")


def _keep(environ: Mapping[str, str]) -> Keep | None:
    """Read what unsampled invocations are kept for, such as `fault,throttle,404`; timeouts always count."""
    kinds = {part.strip().lower() for part in environ.get("TRACING_KEEP", "").split(",")} - {""}
    if not kinds:
        return None
    unknown = sorted(kind for kind in kinds if kind not in KEEP_KINDS and not re.fullmatch(r"4\d\d", kind))
    if unknown:
        allowed = f"{', '.join(KEEP_KINDS)} or a status from 400 to 499"
        log.warning("TRACING_KEEP=%r is unknown; allowed: %s. It is left out.", ",".join(unknown), allowed)
    return Keep(
        frozenset(kinds - set(unknown)) | {"timeout"},
        _positive(environ, "TRACING_KEEP_SLOWER_THAN", float, None),
        _positive(environ, "TRACING_KEEP_PER_SECOND", int, DEFAULT_KEEP_PER_SECOND),
    )


def _positive(environ: Mapping[str, str], name: str, kind: Callable[[str], N], default: D) -> N | D:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        number = kind(text)
    except ValueError:
        number = None
    if number is not None and 0 < number < float("inf"):
        return number
    log.warning("%s=%r is no number above 0; %s is used", name, text, default or "none")
    return default


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
