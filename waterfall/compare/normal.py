"""The normal form of a trace: what stays the same whenever the same request does the same work.

Left out are ids, times, the figures that Lambda measures (`aws:responseLatency` and its like), Lambda's own
`Init`, `Restore` and `Overhead`, what our library measured of imports, and fields that only name an SDK:
`aws.xray` and the runtime in `service`.
A flag that is `false` is as one that is absent, and so are the namespace `local` and an empty object. Of
request and message ids only the presence counts; ports, UUIDs and other generated parts of texts are replaced
by their kind. Stack paths are relative to the code, and an id of an exception becomes what it points to.

A cold and a warm invocation have the same normal form but for what the function's own code recorded while it
was imported. That is compared between two cold traces, and left out when only one of the two is cold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from waterfall.compare import causes
from waterfall.compare.ephemeral import PRESENT, deeply, settled
from waterfall.traces.documents import bounded, list_of, mapping_of, text_of
from waterfall.traces.model import STAGE, Node, Trace

_PLACE = frozenset(
    {"id", "trace_id", "parent_id", "start_time", "end_time", "type", "subsegments", "inferred"}
)
_OWN_FORM = frozenset({"aws", "annotations", "metadata", "cause", "links", "service", "in_progress", "http"})
_GENERATED = frozenset({"request_id", "id_2", "message_id", "extended_request_id"})
_MEASURED = frozenset(
    f"aws:{part}" for part in ("responseLatency", "responseDuration", "runtimeOverhead", "extensionOverhead")
)
_EMPTY: tuple[Any, ...] = (None, {}, [])


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """A segment or subsegment in normal form.

    `fields` is what is compared. `start` and `end`, in seconds after the trace's start, only tell which of
    two siblings came first. Two entities with one `signature` are equal with all that is below them, whatever
    the order of siblings.
    """

    label: str
    fields: Mapping[str, Any]
    start: float
    end: float
    children: tuple[Entity, ...]
    signature: str


def is_cold(trace: Trace) -> bool:
    return any(node.cold_start for node in trace.nodes)


def normal_form(
    trace: Trace, *, imports: bool = True, change: Callable[[dict[str, Any]], dict[str, Any]] = dict
) -> tuple[Entity, ...]:
    """Return the roots in normal form; without `imports` what functions recorded at import is left out.

    `change` may leave out more of an entity's fields.
    """
    known, settle = causes.recorded(trace), settled(trace)
    made: dict[int, tuple[Entity, ...]] = {}
    for node in reversed(trace.nodes):  # children come after their parents
        children = tuple(one for child in node.children for one in made[child])
        if not imports and _is_of_import(trace, node):
            made[node.position] = ()
        elif node.phase is not None:
            made[node.position] = children
        else:
            fields = change(deeply(_fields(node, known), settle))
            start, end = node.start - trace.start, trace.end_of(node) - trace.start
            made[node.position] = (entity(fields, children, start=start, end=end),)
    return tuple(one for root in trace.roots for one in made[root.position])


def _is_of_import(trace: Trace, node: Node) -> bool:
    """Tell whether a node is work at import, or ended before its function began."""
    if node.phase == "cost":
        return True
    parent = None if node.parent is None else trace.nodes[node.parent]
    return parent is not None and parent.is_function and trace.end_of(node) <= parent.start


def entity(
    fields: Mapping[str, Any], children: Iterable[Entity] = (), *, start: float = 0.0, end: float = 0.0
) -> Entity:
    """Return an entity of these fields, of which `name` and `kind` must be there."""
    below = tuple(children)
    text = json.dumps([fields, sorted(child.signature for child in below)], sort_keys=True)
    return Entity(
        label=" ".join(
            filter(None, (fields["name"], text_of(mapping_of(fields.get("aws")).get("operation"))))
        ),
        fields=fields,
        start=start,
        end=end,
        children=below,
        signature=hashlib.sha256(text.encode()).hexdigest(),
    )


def _fields(node: Node, known: Mapping[str, str]) -> dict[str, Any]:
    document = node.document
    kept = {key: document[key] for key in document if key not in _PLACE | _OWN_FORM}
    annotations = mapping_of(document.get("annotations"))
    fields = {
        **kept,
        "name": node.name,
        "kind": "segment" if node.is_segment else "subsegment",
        "namespace": None if node.namespace == "local" else node.namespace,
        "called": None if node.is_segment else node.type,
        "in_progress": node.in_progress,
        "http": {key: item for key, item in mapping_of(document.get("http")).items() if item not in _EMPTY},
        "service": _service(mapping_of(document.get("service"))),
        "aws": _aws(mapping_of(document.get("aws"))),
        "annotations": {key: annotations[key] for key in annotations if key not in _MEASURED},
        "metadata": _metadata(node),
        "cause": causes.normal(node, known),
        "links": _links(node),
    }
    return {
        key: bounded(item) for key, item in sorted(fields.items()) if item is not False and item not in _EMPTY
    }


def _service(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the user said about the service: the SDK adds its runtime and compiler."""
    return {key: fields[key] for key in fields if not key.startswith(("runtime", "compiler"))}


def _aws(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: PRESENT if key in _GENERATED else _aws(item) if key == "api_gateway" else item
        for key, item in fields.items()
        if key != "xray"
    }


def _metadata(node: Node) -> dict[str, Any]:
    """Leave out the times of span events, and API Gateway's own request ids."""
    namespaces = dict(node.metadata)
    otel = mapping_of(namespaces.get("otel"))
    if "events" in otel:
        events = [_without_time(mapping_of(event)) for event in list_of(otel["events"])]
        namespaces["otel"] = {**otel, "events": events}
    if node.type == STAGE:
        namespaces["default"] = _aws(mapping_of(namespaces.get("default")))
    return namespaces


def _without_time(event: Mapping[str, Any]) -> dict[str, Any]:
    return {key: event[key] for key in event if key != "time"}


def _links(node: Node) -> list[dict[str, Any]]:
    """Return one entry for each link; traces are numbered in the order in which they are named."""
    numbers: dict[Any, int] = {}
    links = [mapping_of(link) for link in list_of(node.document.get("links"))]
    return [
        {
            "trace": numbers.setdefault(str(link.get("trace_id")), len(numbers) + 1),
            "attributes": mapping_of(link.get("attributes")),
        }
        for link in links
    ]
