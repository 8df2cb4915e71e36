"""The tracing header `X-Amzn-Trace-Id`.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import re
from typing import NamedTuple

NAME = "X-Amzn-Trace-Id"

_TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_SPAN_ID = re.compile(r"[0-9a-fA-F]{16}")
_SAMPLED = {"1": True, "0": False}
_KNOWN = {"root", "parent", "sampled"}


class TraceHeader(NamedTuple):
    """One trace context: ids as OpenTelemetry holds them, 0 where absent or malformed.

    `sampled` is `None` when nobody decided yet. `extra` keeps `Lineage` and unknown fields in order.
    """

    trace_id: int = 0
    parent_id: int = 0
    sampled: bool | None = None
    extra: tuple[tuple[str, str], ...] = ()

    def format(self) -> str:
        """Write the header value; absent fields are left out."""
        fields = [
            ("Root", trace_id_text(self.trace_id) if self.trace_id else ""),
            ("Parent", span_id_text(self.parent_id) if self.parent_id else ""),
            ("Sampled", "" if self.sampled is None else str(int(self.sampled))),
            *self.extra,
        ]
        return ";".join(f"{key}={value}" for key, value in fields if value)


def parse(text: str | None) -> TraceHeader:
    """Read a header value; malformed parts are left out, `Self` (a load balancer's own id) too."""
    known: dict[str, str] = {}
    extra: list[tuple[str, str]] = []
    for part in (text or "").split(";"):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if not key or not value or key.lower() == "self":
            continue
        if key.lower() in _KNOWN:
            known[key.lower()] = value
        else:
            extra.append((key, value))
    root, parent = known.get("root", ""), known.get("parent", "")
    return TraceHeader(
        trace_id=int(root[2:10] + root[11:], 16) if _TRACE_ID.fullmatch(root) else 0,
        parent_id=int(parent, 16) if _SPAN_ID.fullmatch(parent) else 0,
        sampled=_SAMPLED.get(known.get("sampled", "")),
        extra=tuple(extra),
    )


def from_traceparent(text: str | None) -> TraceHeader:
    """Read W3C `traceparent`: https://www.w3.org/TR/trace-context/#traceparent-header."""
    match = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2}).*", text or "")
    if match is None:
        return TraceHeader()
    return TraceHeader(int(match[1], 16), int(match[2], 16), sampled=bool(int(match[3], 16) & 1))


def trace_id_text(trace_id: int) -> str:
    """`1-<8 hex>-<24 hex>`."""
    digits = f"{trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


def span_id_text(span_id: int) -> str:
    """16 hex digits."""
    return f"{span_id:016x}"
