"""A span as both SDKs hand it over and every way out takes it, and the header that names its trace.

Instrumentations of other libraries write URLs as they are; queries, fragments and credentials stay here.
https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ANNOTATIONS = "aws.xray.annotations"
"""The span attribute that lists which attributes are annotations, as X-Ray's own conversion reads it."""

METADATA = "aws.xray.metadata."
"""Followed by a namespace: an attribute whose value is the JSON text of that namespace."""

MAX_ANNOTATIONS = 50

STATUS = ("http.response.status_code", "http.status_code")

_URLS = ("url.full", "http.url", "http.target", "url.original", "messaging.url")
_OF_URLS_ALONE = ("url.query", "url.fragment")
_ANY = frozenset({*_URLS, *_OF_URLS_ALONE})
_CREDENTIALS = r"^([^/?#]*//)[^/?#]*@"
_AFTER_PATH = r"(?s)[?#].*"

_encode = json.JSONEncoder().encode

_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_ANNOTATION_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SAMPLED = {"1": True, "0": False}


class Event(NamedTuple):
    """`time` in nanoseconds since the epoch."""

    name: str
    time: int
    attributes: Mapping[str, Any]


class Link(NamedTuple):
    """Another span that this one has to do with."""

    trace_id: int
    span_id: int
    attributes: Mapping[str, Any]


class SpanData(NamedTuple):
    """Times in nanoseconds since the epoch; `end` is `None` while the span is open.

    `kind` and `status` are OpenTelemetry's names (`CLIENT`, `ERROR`).
    """

    trace_id: int
    span_id: int
    parent_id: int
    name: str
    kind: str
    start: int
    end: int | None
    attributes: Mapping[str, Any] = {}
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
    status: str = "UNSET"
    description: str | None = None
    scope: str = ""


class Namespace(str):
    """A namespace of metadata as an attribute's value: its JSON text, which needs not be read again."""

    __slots__ = ("content",)

    content: Mapping[str, Any]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Namespace:
        """Write what JSON can say."""
        text = cls(_encode(content))
        text.content = content
        return text


def namespace_of(value: Any) -> Mapping[str, Any] | None:
    """What a namespace's JSON text says; `None` for other values."""
    if type(value) is Namespace:
        return value.content
    try:
        content = json.loads(value)
    except (TypeError, ValueError, RecursionError):  # the last where it nests too deep
        return None
    return content if isinstance(content, dict) else None


def read(span: Any) -> SpanData:
    """Copy a span of the OpenTelemetry SDK, or one of the native adapter, which has the same properties."""
    context, parent, scope, status = span.context, span.parent, span.instrumentation_scope, span.status
    events, links = span.events, span.links
    return SpanData(
        context.trace_id,
        context.span_id,
        parent.span_id if parent else 0,
        span.name,
        span.kind.name,
        span.start_time,
        span.end_time,
        public(span.attributes),
        [Event(event.name, event.timestamp, public(event.attributes)) for event in events] if events else (),
        [Link(link.context.trace_id, link.context.span_id, public(link.attributes)) for link in links]
        if links
        else (),
        status.status_code.name,
        status.description,
        scope.name if scope else "",
    )


def public(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy without the queries, fragments and credentials of URLs."""
    found = copied(attributes)
    if not _ANY.isdisjoint(found):
        for key in _URLS:
            if key in found:
                found[key] = public_url(found[key])
        for key in _OF_URLS_ALONE:
            found.pop(key, None)
    return found


def copied(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Copy those of an SDK by their own `copy`, which does not ask for each."""
    if not attributes:
        return {}
    copy = getattr(attributes, "copy", None)
    found = copy() if copy else None
    return found if type(found) is dict else dict(attributes)


def public_url(url: Any) -> Any:
    """Scheme, host and path of a URL, or the path of a target; anything but text as it is."""
    if not isinstance(url, str):
        return url
    return re.sub(_AFTER_PATH, "", re.sub(_CREDENTIALS, r"\1", url))


def trace_id_text(trace_id: int) -> str:
    """`1-<8 hex>-<24 hex>`."""
    digits = f"{trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


def span_id_text(span_id: int) -> str:
    """16 hex digits."""
    return f"{span_id:016x}"


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
        fields = []
        if self.trace_id:
            fields.append(f"Root={trace_id_text(self.trace_id)}")
        if self.parent_id:
            fields.append(f"Parent={span_id_text(self.parent_id)}")
        if self.sampled is not None:
            fields.append("Sampled=1" if self.sampled else "Sampled=0")
        fields += [f"{key}={value}" for key, value in self.extra if value]
        return ";".join(fields)


def parse(text: str | None) -> TraceHeader:
    """Read a header value; malformed parts are left out, `Self` (a load balancer's own id) too."""
    root = parent = sampled = ""
    extra: list[tuple[str, str]] = []
    for part in (text or "").split(";"):
        key, _, value = part.partition("=")
        key, value = key.strip(), value.strip()
        if not key or not value:
            continue
        known = key.lower()
        if known == "root":
            root = value
        elif known == "parent":
            parent = value
        elif known == "sampled":
            sampled = value
        elif known != "self":
            extra.append((key, value))
    return TraceHeader(
        _number(root[2:10] + root[11:], 32) if root[:2] == "1-" and root[10:11] == "-" else 0,
        _number(parent, 16),
        _SAMPLED.get(sampled),
        tuple(extra),
    )


def _number(digits: str, length: int) -> int:
    """So many hexadecimal digits; 0 for anything else."""
    return int(digits, 16) if len(digits) == length and _HEX_DIGITS.issuperset(digits) else 0


def from_traceparent(text: str | None) -> TraceHeader:
    """Read W3C `traceparent`: https://www.w3.org/TR/trace-context/#traceparent-header."""
    match = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2}).*", text or "")
    if match is None:
        return TraceHeader()
    return TraceHeader(int(match[1], 16), int(match[2], 16), sampled=bool(int(match[3], 16) & 1))


def annotation_key(key: str) -> str:
    """X-Ray drops annotations whose keys have other characters than letters, digits and `_`."""
    return key if _ANNOTATION_KEY.issuperset(key) else re.sub(r"[^A-Za-z0-9_]", "_", key)


def status_of(span: SpanData) -> dict[str, Any]:
    """The span's HTTP status, as the attributes that say it."""
    return {key: span.attributes[key] for key in STATUS if key in span.attributes}


def plain(value: Any) -> Any:
    """What JSON can say: no tuples, no bytes, no infinite numbers, text for unknown objects."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
