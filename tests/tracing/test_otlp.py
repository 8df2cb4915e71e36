"""The hand-written protobuf says what the official classes read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from tracing import _otlp_export as _otlp
from tracing._span import Event, Link, SpanData

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def read(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [read(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: read(pair.value) for pair in value.kvlist_value.values}
    return getattr(value, kind)


@given(st.dictionaries(TEXT, VALUES, max_size=4), TEXT, st.integers(1, 2**64 - 1))
def test_round_trip(attributes: dict[str, Any], text: str, number: int) -> None:
    """Ids, times, attributes of every type, events, links and status come through."""
    event, link = Event(text, number, attributes), Link(number << 64, number, attributes)
    span = SpanData(
        number,
        number,
        number,
        text,
        "CLIENT",
        number,
        number,
        attributes,
        [event],
        [link],
        "ERROR",
        text,
        "scope",
    )
    body = _otlp.request(attributes, {"scope": [_otlp.encode(span)]})
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert {pair.key: read(pair.value) for pair in resource.resource.attributes} == attributes
    assert resource.scope_spans[0].scope.name == "scope"
    (found,) = resource.scope_spans[0].spans
    assert int.from_bytes(found.trace_id, "big") == int.from_bytes(found.span_id, "big") == number
    assert (found.name, found.kind, found.start_time_unix_nano) == (text, found.SPAN_KIND_CLIENT, number)
    assert {pair.key: read(pair.value) for pair in found.attributes} == attributes
    assert (found.events[0].name, found.events[0].time_unix_nano) == (text, number)
    assert int.from_bytes(found.links[0].span_id, "big") == number
    assert (found.status.code, found.status.message) == (found.status.STATUS_CODE_ERROR, text)
