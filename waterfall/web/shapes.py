"""What only the console's API answers: `waterfall.traces.shapes` has the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from waterfall.compare.difference import Comparison, Pair
from waterfall.compare.normal import Entity
from waterfall.traces import cold_starts
from waterfall.traces.client import Source
from waterfall.traces.critical_path import critical_path
from waterfall.traces.documents import bounded, mapping_of, status_of
from waterfall.traces.failure import Raised, failed_at
from waterfall.traces.insight import covered, overview, own_time, where_time_went
from waterfall.traces.links import sender_in
from waterfall.traces.model import Document, Http, Node, Trace
from waterfall.traces.shapes import http_shape, trace_shape
from waterfall.traces.stacks import line_of
from waterfall.traces.summaries import Summary


def source_shape(source: Source, *, indexed_only: bool = False) -> dict[str, Any]:
    """Say what is read; an account's endpoint is not known, and not needed.

    `indexed_only`: with Transaction Search X-Ray shows a share of the account's traces.
    """
    told = asdict(source) | {"indexed_only": indexed_only}
    return told | ({"endpoint": None} if source.aws else {})


def detailed_trace(trace: Trace) -> dict[str, Any]:
    """Return `waterfall.trace/1`, and what only a picture needs.

    Of each node: `critical`, stretches `[from, to]` in seconds after the start of the trace; `own`, seconds
    outside its children, and `resources`; of each exception `line`, the frame of the program's own code, or
    `null`. Of the trace: `most_time`, `[node, seconds]`, longest first,
    `cold_start_notes`, sentences, and `failed`: `null`, or where it failed (`origin`) and what the program
    made of it (`outcome`), each with `node`, `type`, `message` and `frame`, and the node that was `waiting`.
    """
    shape = trace_shape(trace)
    critical: dict[int, list[list[float]]] = {}
    for position, start, end in critical_path(trace):
        critical.setdefault(position, []).append([start - trace.start, end - trace.start])
    for node, fields in zip(trace.nodes, shape["nodes"], strict=True):
        fields["critical"] = critical.get(node.position, [])
        fields["own"] = own_time(trace, node)
        fields["resources"] = _resources(node)
        for exception, failure in zip(fields["exceptions"], node.failures, strict=True):
            frame = line_of(failure)
            exception["line"] = frame and asdict(frame)
    shape["cold_start_notes"] = cold_starts.sentences(trace)
    shape["most_time"] = [[share.node.position, share.seconds] for share in where_time_went(trace)]
    shape["failed"] = _failed(trace)
    return shape


def _failed(trace: Trace) -> dict[str, Any] | None:
    found = failed_at(trace)
    if found is None:
        return None
    return {
        "origin": _raised(found.origin),
        "outcome": _raised(found.outcome) if found.outcome else None,
        "waiting": found.waiting.position if found.waiting else None,
    }


def _raised(found: Raised) -> dict[str, Any]:
    failure = found.failure
    return {
        "node": found.node.position,
        "type": failure and failure.type,
        "message": failure and failure.message,
        "frame": found.frame and asdict(found.frame),
    }


def _resources(node: Node) -> dict[str, Any]:
    """Return what a document says about where it ran and what it called."""
    keys = ("origin", "resource_arn", "user", "service", "aws", "sql", "precursor_ids")
    return {key: bounded(node.document[key]) for key in keys if key in node.document}


def raw_document(document: Document) -> dict[str, Any]:
    """Return a node's own document; its subsegments are nodes of their own and are only counted."""
    nested = document.get("subsegments")
    kept = {key: bounded(value) for key, value in document.items() if key != "subsegments"}
    return kept | ({"subsegments": f"({len(nested)} of their own)"} if isinstance(nested, list) else {})


def linked_shape(trace: Trace, later: Iterable[Trace], senders: Iterable[Trace] = ()) -> dict[str, Any]:
    """Return `traces` and `senders`, each as a side of a comparison is headed.

    A later one has `node`, what in `trace` sent what it received, and `after`, seconds after the end of that:
    of a call, or of the whole trace; `None` where only a node around the call is known.
    """
    return {
        "traces": [_later(trace, each) for each in later],
        "senders": [_head(each) for each in senders],
    }


def _later(trace: Trace, later: Trace) -> dict[str, Any]:
    sender = sender_in(trace, later)
    known = sender is None or sender.call.operation
    sent = trace.end if sender is None else trace.end_of(sender)
    return {
        **_head(later),
        "node": sender and sender.position,
        "after": later.start - sent if known else None,
    }


def previous_shape(summary: Summary | None) -> dict[str, Any]:
    keys = ("id", "start", "duration", "response_time", "status")
    return {"trace": summary and {key: getattr(summary, key) for key in keys}}


def request_shape(trace: Trace, entry: Any, endpoint: str | None) -> dict[str, Any]:
    """Return `method`, `url`, `headers` (pairs), `body` and `size` of the request that began a trace.

    `entry` is the journal's, which knows all of it: the last three are `null` without, and what the trace has
    is all that is known.
    """
    sent = mapping_of(mapping_of(entry).get("sent"))
    http = trace.entry.http if trace.entry else Http()
    return {
        "method": http.method,
        "url": _reached(mapping_of(entry), endpoint) or http.url,
        "headers": sent.get("headers"),
        "body": sent.get("body"),
        "size": sent.get("size"),
    }


def _reached(entry: Mapping[str, Any], endpoint: str | None) -> str | None:
    """Return the URL below the endpoint, where the API of the embedded AWS is reached from everywhere."""
    path = str(entry.get("url"))
    if endpoint is None or entry.get("kind") != "request" or path.endswith("…"):
        return None
    service = "lambda-url" if entry.get("api_type") == "URL" else "execute-api"
    return f"{endpoint.rstrip('/')}/{service}/{entry.get('api_id')}{path}"


def side_by_side(found: Comparison) -> dict[str, Any]:
    """Return `left`, `right`, `pairs` in reading order, the number of `findings`, `imports_left_out`.

    A pair has `depth`, `left` and `right` (`label`, `kind`, `namespace`, `type`, `status`, `offset`,
    `duration`, `own` seconds outside what is below, or `null` where one side lacks it), and `findings`
    (`field`, `left`, `right`).
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
        "response_time": head.response_time,
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
        "own": entity.end - entity.start - covered([(one.start, one.end) for one in entity.children]),
    }
