"""The way out of a finished span: X-Ray segment documents."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from tracing import _cause
from tracing._document import document
from tracing._fit import fit_document
from tracing._sender import Item, Losses, Sender
from tracing._span import SpanData, public_url

LAMBDA = "AWS::Lambda"
"""The origin of the segment that Lambda's service sends for an invocation."""

TIMEOUT_TYPE = "Timeout"
TIMEOUT_MESSAGE = "about to time out: still open shortly before the function's deadline"


def new_id() -> str:
    """16 hex digits from the operating system: a restored snapshot must not repeat them."""
    return os.urandom(8).hex()


class Exporter(Protocol):
    """`base` is what the X-Ray SDK itself noted on the span."""

    sender: Sender

    def finished(self, span: SpanData, base: Mapping[str, Any]) -> None:
        """Send a finished span."""

    def segment(self, span: SpanData, more: Mapping[str, Any]) -> None:
        """Send a segment of its own; `more` is what only documents have (`origin`, `aws`)."""

    def unfinished(self, spans: Sequence[SpanData], *, timing_out: bool = False) -> None:
        """Send spans that are open at the end of their invocation, or near its deadline, outermost first."""

    def forget(self, running: Collection[int]) -> None:
        """Forget what was noted for traces other than these."""


class XRay:
    """Segment documents; an exception that went through several spans is written once."""

    def __init__(self, sender: Sender, losses: Losses, ids: Callable[[], str] = new_id) -> None:
        self.sender = sender
        self._losses = losses
        self._ids = ids
        self._failed_children: dict[tuple[int, int], list[_cause.Recorded]] = {}

    def finished(self, span: SpanData, base: Mapping[str, Any]) -> None:
        children = self._failed_children.pop((span.trace_id, span.span_id), [])
        content = document(span, children, self._ids)
        if recorded := _cause.recorded(content.get("cause"), children):
            self._failed_children.setdefault((span.trace_id, span.parent_id), []).append(recorded)
        self._send(span, merge(base, content) if base else content)

    def unfinished(self, spans: Sequence[SpanData], *, timing_out: bool = False) -> None:
        identifier = self._ids()
        for span in spans:
            content = document(span, self._failed_children.get((span.trace_id, span.span_id), ()), self._ids)
            if timing_out:
                content["fault"] = True
                content.setdefault("cause", identifier if span is not spans[-1] else _timeout(identifier))
            self._send(span, content)

    def forget(self, running: Collection[int]) -> None:
        for key in [key for key in list(self._failed_children) if key[0] not in running]:
            self._failed_children.pop(key, None)

    def segment(self, span: SpanData, more: Mapping[str, Any]) -> None:
        children = self._failed_children.pop((span.trace_id, span.span_id), [])
        content = document(span, children, self._ids)
        del content["type"]
        described = {**content, **{key: value for key, value in more.items() if value}}
        text, _ = fit_document(described)
        # Named as nobody's child, so that it is never embedded as a subsegment.
        self.sender.add(Item(content["id"], "", text.encode("ascii")))

    def _send(self, span: SpanData, content: Mapping[str, Any]) -> None:
        text, shortened = fit_document(content)
        if shortened:
            self._losses.add("a span over 64 kB was truncated", span.name)
        parent = content.get("parent_id", "")
        self.sender.add(Item(content["id"], parent, text.encode("ascii")))


def merge(base: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """What the X-Ray SDK noted, and over it what the span says."""
    merged = {key: value for key, value in base.items() if value is not False and value is not None}
    merged.update(content)
    http = merged.get("http", {})
    if url := http.get("request", {}).get("url"):
        merged["http"] = {**http, "request": {**http["request"], "url": public_url(url)}}
    if annotations := {**base.get("annotations", {}), **content.get("annotations", {})}:
        merged["annotations"] = annotations
    namespaces = dict(base.get("metadata", {}))
    for namespace, values in content.get("metadata", {}).items():
        namespaces[namespace] = {**namespaces.get(namespace, {}), **values}
    if namespaces:
        merged["metadata"] = namespaces
    return merged


def _timeout(identifier: str) -> dict[str, Any]:
    exception = {"id": identifier, "type": TIMEOUT_TYPE, "message": TIMEOUT_MESSAGE}
    return {"exceptions": [exception]}
