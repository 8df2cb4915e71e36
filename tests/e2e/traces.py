"""A trace as the X-Ray API tells it, flattened: segments and subsegments by their id; how to wait for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.e2e.stack import Stack, until

FUNCTION = "AWS::Lambda::Function"
GATEWAYS = {"AWS::ApiGatewayV2::Api", "AWS::Lambda::Url"}


@dataclass(frozen=True)
class Node:
    """One segment or subsegment; `parent_id` is the enclosing one's, or what the document names."""

    document: dict[str, Any]
    parent_id: str | None

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def origin(self) -> str | None:
        return self.document.get("origin")

    @property
    def duration(self) -> float:
        return float(self.document["end_time"]) - float(self.document["start_time"])


class Trace:
    """The nodes of one trace, without the stand-ins that X-Ray infers for called services.

    `gateways` are those inferred for what calls Lambda without a segment of its own; they hang nothing up.
    """

    def __init__(self, documents: Iterable[dict[str, Any]]) -> None:
        found = list(documents)
        self.gateways = [each for each in found if each.get("inferred") and each.get("origin") in GATEWAYS]
        self.nodes = [
            node
            for document in found
            if not document.get("inferred") or document in self.gateways
            for node in _walk(document, document.get("parent_id"))
        ]
        self.by_id = {node.id: node for node in self.nodes}

    @property
    def roots(self) -> list[Node]:
        return [node for node in self.nodes if node.parent_id is None]

    @property
    def orphans(self) -> list[Node]:
        return [node for node in self.nodes if node.parent_id and node.parent_id not in self.by_id]

    def ancestors(self, node: Node) -> list[Node]:
        """Return the nodes above `node` that are there, nearest first."""
        found: list[Node] = []
        while node.parent_id in self.by_id:
            node = self.by_id[node.parent_id]
            found.append(node)
        return found

    def named(self, name: str, *, origin: str | None = None, below: Node | None = None) -> list[Node]:
        """Return the nodes of that name (case aside: SDKs differ), of that origin, below that node."""
        return [
            node
            for node in self.nodes
            if node.name.lower() == name.lower()
            and node.origin == origin
            and (below is None or below in self.ancestors(node))
        ]

    def only(self, name: str, *, origin: str | None = None, below: Node | None = None) -> Node:
        """Return the one node of that name, origin and place."""
        found = self.named(name, origin=origin, below=below)
        assert len(found) == 1, f"{len(found)} nodes named {name!r} with origin {origin}: {self}"
        return found[0]

    def ran(self, *functions: str) -> bool:
        """Tell whether the segments of these functions are there: they come last, after the response."""
        return all(self.named(function, origin=FUNCTION) for function in functions)

    def has(self, *names: str) -> bool:
        """Tell whether there are nodes of these names."""
        return {name.lower() for name in names} <= {node.name.lower() for node in self.nodes}

    def __str__(self) -> str:
        return "\n".join(
            f"{'  ' * len(self.ancestors(node))}{'?? ' if node in self.orphans else ''}{node.name}"
            f" [{node.origin or node.document.get('namespace') or '-'}] {node.id} <- {node.parent_id}"
            for node in sorted(self.nodes, key=lambda node: node.document["start_time"])
        )


def whole_trace(stack: Stack, trace_id: str, is_whole: Callable[[Trace], bool], what: str) -> Trace:
    """Wait until a trace is there without orphans and `is_whole`; fail naming `what` and what there is.

    The parts of a trace arrive one by one, and most of them after the response.
    """
    trace = Trace([])

    def found() -> Trace | None:
        nonlocal trace
        trace = Trace(stack.documents(trace_id))
        return trace if trace.nodes and not trace.orphans and is_whole(trace) else None

    try:
        return until(found, what)
    except AssertionError as late:
        raise AssertionError(f"{late}; the trace is\n{trace}") from None


def trace_ids(stack: Stack) -> list[str]:
    """Return the ids of all traces of the last hour."""
    pages = stack.client("xray").get_paginator("get_trace_summaries").paginate(**stack.xray_window())
    return [summary["Id"] for page in pages for summary in page["TraceSummaries"]]


def settled(trace: Trace) -> bool:
    """Tell whether all is there, and both functions went on to wait for their next event."""
    sent = ("CallSecondLambda", "work", "dynamodb", "s3", "sqs")
    return trace.has(*sent) and len(trace.named("Overhead")) == 2


def _walk(document: dict[str, Any], parent_id: str | None) -> Iterator[Node]:
    yield Node(document, parent_id)
    for child in document.get("subsegments", []):
        yield from _walk(child, str(document["id"]))
