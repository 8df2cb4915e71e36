"""What only the console's API answers: `waterfall.traces.shapes` has the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from waterfall.compare.difference import Comparison, Pair
from waterfall.compare.normal import Entity
from waterfall.traces.client import Source
from waterfall.traces.critical_path import critical_path
from waterfall.traces.documents import bounded, status_of
from waterfall.traces.insight import overview, own_time, where_time_went
from waterfall.traces.model import Document, Node, Trace
from waterfall.traces.shapes import http_shape, trace_shape


def source_shape(source: Source, *, indexed_only: bool = False) -> dict[str, Any]:
    """Say what is read; an account's endpoint is not known, and not needed.

    `indexed_only`: with Transaction Search X-Ray shows a share of the account's traces.
    """
    told = asdict(source) | {"indexed_only": indexed_only}
    return told | ({"endpoint": None} if source.aws else {})


def detailed_trace(trace: Trace) -> dict[str, Any]:
    """Return `waterfall.trace/1`, and what only a picture needs.

    Of each node: `critical`, stretches `[from, to]` in seconds after the start of the trace; `own`, seconds
    outside its children, and `resources`. Of the trace: `most_time`, `[node, seconds]`, longest first.
    """
    shape = trace_shape(trace)
    critical: dict[int, list[list[float]]] = {}
    for position, start, end in critical_path(trace):
        critical.setdefault(position, []).append([start - trace.start, end - trace.start])
    for node, fields in zip(trace.nodes, shape["nodes"], strict=True):
        fields["critical"] = critical.get(node.position, [])
        fields["own"] = own_time(trace, node)
        fields["resources"] = _resources(node)
    shape["most_time"] = [[share.node.position, share.seconds] for share in where_time_went(trace)]
    return shape


def _resources(node: Node) -> dict[str, Any]:
    """Return what a document says about where it ran and what it called."""
    keys = ("origin", "resource_arn", "user", "service", "aws", "sql", "precursor_ids")
    return {key: bounded(node.document[key]) for key in keys if key in node.document}


def raw_document(document: Document) -> dict[str, Any]:
    """Return a node's own document; its subsegments are nodes of their own and are only counted."""
    nested = document.get("subsegments")
    kept = {key: bounded(value) for key, value in document.items() if key != "subsegments"}
    return kept | ({"subsegments": f"({len(nested)} of their own)"} if isinstance(nested, list) else {})


def linked_shape(traces: Iterable[Trace]) -> dict[str, Any]:
    """Return `traces`, each with `id` and the `name` of what it began with."""
    names = {each.id: each.entry.name if each.entry else "" for each in traces}
    return {"traces": [{"id": id_, "name": name} for id_, name in names.items()]}


def side_by_side(found: Comparison) -> dict[str, Any]:
    """Return `left`, `right`, `pairs` in reading order, the number of `findings`, `imports_left_out`.

    A pair has `depth`, `left` and `right` (`label`, `kind`, `namespace`, `type`, `status`, `offset`,
    `duration`, or `null` where one side lacks it), and `findings` (`field`, `left`, `right`).
    """
    return {
        "left": _head(found.left),
        "right": _head(found.right),
        "pairs": [_pair(pair) for pair in found.pairs],
        "findings": len(found.findings),
        "imports_left_out": found.imports_left_out,
    }


def _head(trace: Trace) -> dict[str, Any]:
    head = overview(trace)
    return {
        "id": trace.id,
        "name": head.name,
        "start": trace.start,
        "duration": trace.duration,
        "status": head.status,
        "unfinished": head.unfinished,
        **http_shape(head.http),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "depth": pair.depth,
        "left": pair.left and _side(pair.left),
        "right": pair.right and _side(pair.right),
        "findings": [
            {key: value for key, value in asdict(finding).items() if key != "path"}
            for finding in pair.findings
        ],
    }


def _side(entity: Entity) -> dict[str, Any]:
    return {
        "label": entity.label,
        "kind": entity.fields.get("kind"),
        "namespace": entity.fields.get("namespace"),
        "type": entity.fields.get("origin") or entity.fields.get("called"),
        "status": status_of(entity.fields),
        "offset": entity.start,
        "duration": entity.end - entity.start,
    }
