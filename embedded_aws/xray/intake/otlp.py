"""OTLP trace request -> X-Ray segment documents; pure.

AWS has not published how X-Ray converts OTLP, so this follows the OpenTelemetry collector's X-Ray
exporter 0.161.0, whose rules are public; docs/otlp.md has each difference with its reason:
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.161.0/exporter/awsxrayexporter
`Options.flat_metadata` is the one difference of X-Ray's own conversion that has been seen and is offered.

A span may carry the segment document that it was made of: then that is taken, as it is.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from embedded_aws.aws.ids import Ids, RandomIds
from embedded_aws.aws.parsing import ParseError, read_json
from embedded_aws.xray.intake.translation import aws_data, causes, http_data, indexing, names, sql_data
from embedded_aws.xray.intake.translation.indexing import Options
from embedded_aws.xray.intake.translation.spans import (
    Attributes,
    Link,
    Span,
    SpanError,
    plain,
    read_attributes,
    read_span,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.trace.v1 import trace_pb2

__all__ = ["DEFAULTS", "Options", "RequestError", "Translation", "segments", "translate", "translate_request"]

_CALLS = {"CLIENT", "PRODUCER", "CONSUMER"}
_IN_PROGRESS = "aws.xray.inprogress"
_DOCUMENT = "aws.xray.document"
_NOT_OF_THE_SERVICE = {"aws.remote.service", "aws.remote.operation", "remoteTarget", "K8s.RemoteNamespace"}
_NANOSECONDS = 1_000_000_000

DEFAULTS = Options()


class RequestError(ValueError):
    """The bytes are no OTLP trace request."""


@dataclass(frozen=True)
class Translation:
    """Segment documents, and for each span that could not become one the reason."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


def translate_request(payload: bytes, ids: Ids | None = None, options: Options = DEFAULTS) -> Translation:
    """Translate an ExportTraceServiceRequest in protobuf. Raises `RequestError` for other bytes."""
    try:
        request = ExportTraceServiceRequest.FromString(payload)
    except DecodeError:
        raise RequestError("the payload is not an OTLP trace request in protobuf") from None
    return translate(request.resource_spans, ids, options)


def translate(
    resource_spans: Iterable[trace_pb2.ResourceSpans], ids: Ids | None = None, options: Options = DEFAULTS
) -> Translation:
    """Translate all spans; a bad one is left out and takes no other with it."""
    result = Translation()
    ids = ids or RandomIds()
    for resource_span in resource_spans:
        resource = read_attributes(resource_span.resource.attributes)
        for scope in resource_span.scope_spans:
            for message in scope.spans:
                try:
                    result.documents.extend(segments(read_span(message), resource, ids, options))
                except SpanError as error:
                    result.rejected.append(str(error))
    return result


def segments(span: Span, resource: Attributes, ids: Ids, options: Options = DEFAULTS) -> list[dict[str, Any]]:
    """Return one document, or two for a call that Application Signals marks as its service's entry."""
    carried = _carried(span)
    if carried is not None:
        return [carried]
    span, in_progress = _without_mark(span)
    if names.is_local_root(span) and span.kind in _CALLS:
        service_id = ids.segment_id()
        documents = [
            _call_subsegment(span, service_id, resource, ids, options),
            _service_segment(span, service_id, resource, ids, options),
        ]
    else:
        documents = [_document(span, resource, ids, options)]
        if names.is_local_root(span):
            documents[0].pop("type", None)
            documents[0].pop("namespace", None)
        elif span.kind in _CALLS and "type" in documents[0] and "aws.remote.service" in span.attributes:
            documents[0].setdefault("namespace", "remote")
    if in_progress:
        for document in documents:
            del document["end_time"]
            document["in_progress"] = True
    return documents


def _carried(span: Span) -> dict[str, Any] | None:
    """Return the segment document that a span carries, if it is of this very span."""
    text = span.attributes.get(_DOCUMENT)
    if not isinstance(text, str):
        return None
    try:
        document = read_json(text)
    except ParseError:
        return None
    own = {"id": span.span_id, "trace_id": span.trace_id}
    if not isinstance(document, dict) or any(document.get(key) != value for key, value in own.items()):
        return None
    return document


def _without_mark(span: Span) -> tuple[Span, bool]:
    """Take out the attribute that marks a span as open, and tell what it says."""
    mark = span.attributes.get(_IN_PROGRESS)
    if not isinstance(mark, bool):
        return span, False
    rest = {key: value for key, value in span.attributes.items() if key != _IN_PROGRESS}
    return dataclasses.replace(span, attributes=rest), mark


def _call_subsegment(
    span: Span, service_id: str, resource: Attributes, ids: Ids, options: Options
) -> dict[str, Any]:
    """The call itself, below the segment that is made up for the service."""
    document = _document(dataclasses.replace(span, parent_id=service_id), resource, ids, options)
    document["type"] = "subsegment"
    document.setdefault("namespace", "remote")
    if span.kind == "CONSUMER":
        document.pop("links", None)
    return document


def _service_segment(
    span: Span, service_id: str, resource: Attributes, ids: Ids, options: Options
) -> dict[str, Any]:
    """The calling service: as long as its call, without anything that describes the called one."""
    attributes = {key: value for key, value in span.attributes.items() if key not in _NOT_OF_THE_SERVICE}
    own = dataclasses.replace(span, span_id=service_id, attributes=attributes)
    document = _document(own, resource, ids, options)
    document["name"] = names.service(span, resource) or document["name"]
    for key in ("http", "type", "namespace", *(() if span.kind == "CONSUMER" else ("links",))):
        document.pop(key, None)
    if "aws" in document:
        document["aws"] = {
            key: value for key, value in document["aws"].items() if key not in aws_data.CALL_FIELDS
        }
    if "metadata" in document:
        document["metadata"] = indexing.keep_resource_metadata(document["metadata"])
    return document


def _document(span: Span, resource: Attributes, ids: Ids, options: Options) -> dict[str, Any]:
    is_segment = span.kind in {"SERVER", "CONSUMER"} or not span.parent_id
    sql = sql_data.sql(span)
    sorted_attributes = indexing.sort(
        span.attributes, _consumed(span, is_sql=sql is not None), resource if is_segment else {}, options
    )
    flags = causes.flags(span)
    return without_empty(
        {
            "trace_id": span.trace_id,
            "id": span.span_id,
            "parent_id": span.parent_id,
            "type": None if is_segment else "subsegment",
            "name": names.name(span, resource),
            "namespace": names.namespace(span),
            "start_time": _seconds(span.start),
            "end_time": _seconds(span.end),
            "error": flags.error,
            "fault": flags.fault,
            "throttle": flags.throttle,
            "cause": causes.cause(span, resource, ids),
            "origin": aws_data.origin(resource),
            "user": sorted_attributes.user,
            "service": aws_data.service(resource),
            "http": http_data.http(span),
            "aws": aws_data.aws(span, resource),
            "sql": sql,
            "annotations": sorted_attributes.annotations or None,
            "metadata": sorted_attributes.metadata or None,
            "links": [_link(link) for link in span.links],
        }
    )


def _seconds(nanoseconds: int) -> float:
    """Round as the collector does, which makes a double of the nanoseconds first: up to 0.24 µs beside it."""
    return float(nanoseconds) / _NANOSECONDS


def _link(link: Link) -> dict[str, Any]:
    attributes = {"attributes": plain(dict(link.attributes))} if link.attributes else {}
    return {"trace_id": link.trace_id, "id": link.span_id, **attributes}


def _consumed(span: Span, *, is_sql: bool) -> frozenset[str]:
    """Tell which attributes have found a place outside annotations and metadata."""
    consumed = http_data.CONSUMED | aws_data.CONSUMED
    if is_sql:
        consumed |= sql_data.CONSUMED
    if causes.explained_by_status_text(span):
        consumed |= {causes.STATUS_TEXT}
    return consumed
