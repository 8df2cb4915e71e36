"""Documents -> trace: subsegments hang in their parents, and every order of arrival gives the same tree.

Ids and parents are what senders say: they may be missing, doubled, or run in a circle. Nothing that was sent
is dropped for that. A subsegment that cannot hang in a parent stands beside the segments, with
`type: subsegment` and its `parent_id`: X-Ray does not say what it does with those, and a viewer that reads
only the API must be able to show them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import decode
from embedded_aws.xray.intake.conformity import conforming
from embedded_aws.xray.intake.documents import children
from embedded_aws.xray.query import inferred

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_DEPTH = 100
"""Deeper subsegments stand for themselves: JSON readers give up at a few hundred levels."""

_PLACE = ("id", "trace_id", "parent_id", "type", "subsegments", "start_time", "end_time", "in_progress")


@dataclass(slots=True, eq=False)
class Node:
    """A segment or subsegment; `fields` are its conforming fields, `inner` the subsegments in it.

    `start` and `end` are epoch seconds; `end` is `None` while in progress. `top` is the segment (or the
    subsegment without a parent) that contains the node, at `depth` 1; 0 means not placed yet.
    """

    id: str
    parent_id: str | None
    is_segment: bool
    start: float
    end: float | None
    fields: dict[str, Any]
    inner: list[Node] = field(default_factory=list)
    depth: int = 0
    top: Node = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.top = self

    @property
    def name(self) -> str:
        return str(self.fields["name"])

    @property
    def is_inferred(self) -> bool:
        return self.fields.get("inferred") is True

    def walk(self) -> Iterator[Node]:
        """Yield the node and all subsegments in it, parents first, siblings by start."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.inner))

    def document(self) -> dict[str, Any]:
        inner = {"subsegments": [child.document() for child in self.inner]} if self.inner else {}
        return {"id": self.id, **self.fields, **_times(self), **inner}


@dataclass(frozen=True)
class Trace:
    """An assembled trace: its real segments, then subsegments without a parent, each group by start.

    `unreadable` counts the documents that were left out.
    """

    id: str
    tops: tuple[Node, ...]
    unreadable: int = 0

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """All real segments and subsegments by id."""
        return {node.id: node for top in self.tops for node in top.walk()}

    @cached_property
    def service_keys(self) -> dict[Node, Any]:
        """What `graph` has found out of the services behind segments."""
        return {}

    @cached_property
    def inferred(self) -> tuple[Node, ...]:
        answered = {top.parent_id for top in self.tops if top.is_segment and not self._is_passed_on(top)}
        return tuple(
            _node(
                inferred.inferred_segment(self.id, node.id, node.fields | _times(node)),
                node.id,
                is_segment=True,
            )
            for node in self.nodes.values()
            if not node.is_segment and node.id not in answered and inferred.is_called(node.fields)
        )

    def caller_of(self, node: Node) -> Node | None:
        """Return what is above a node, real or inferred: for a segment, what called it."""
        if node not in self._callers:
            self._callers[node] = self._caller_of(node)
        return self._callers[node]

    @cached_property
    def _callers(self) -> dict[Node, Node | None]:
        return {}

    def _caller_of(self, node: Node) -> Node | None:
        above = self.nodes.get(node.parent_id or "")
        if above and node.is_segment and not node.is_inferred and self._is_passed_on(node):
            return self._inferred_by_call.get(above.id, above)
        return above

    @cached_property
    def _inferred_by_call(self) -> dict[str | None, Node]:
        return {node.parent_id: node for node in self.inferred}

    def _is_passed_on(self, top: Node) -> bool:
        """Tell whether a segment was reached through a service that only passed the trace on."""
        call = self.nodes.get(top.parent_id or "")
        return call is not None and not call.is_segment and inferred.passes_on(call.fields, top.fields)

    @cached_property
    def root(self) -> Node:
        """The segment that began the trace: the first one that was not called from within the trace."""
        return min(
            self.tops, key=lambda top: (not top.is_segment, _caller_rank(top, self.nodes), top.start, top.id)
        )

    @property
    def start(self) -> float:
        return min(top.start for top in self.tops)

    @property
    def duration(self) -> float:
        """Seconds from the first segment's start to the last end, work after a response included."""
        last = max(node.start if node.end is None else node.end for node in self.nodes.values())
        return max(0.0, last - self.start)

    def segments(self) -> list[tuple[str, str]]:
        """Return (id, JSON document) of every segment, real and inferred, by start."""
        everything = sorted(
            (*self.tops, *self.inferred), key=lambda top: (top.start, top.is_inferred, top.id)
        )
        return [(top.id, json.dumps(self._document(top), separators=(",", ":"))) for top in everything]

    def _document(self, top: Node) -> dict[str, Any]:
        kind = {} if top.is_segment else {"type": "subsegment"}
        caller = self.caller_of(top)
        parent_id = caller.id if caller else top.parent_id
        parent = {} if parent_id is None else {"parent_id": parent_id}
        return {**top.document(), "trace_id": self.id, **parent, **kind}


def assemble(trace_id: str, documents: Iterable[str]) -> Trace | None:
    """Build the trace from its stored documents; `None` when there is none, or none that can be read."""
    nodes, unreadable = _best_copies(documents)
    if not nodes:
        return None
    ordered = sorted(nodes.values(), key=_order)
    tops = []
    for node in ordered:
        parent = None if node.is_segment else nodes.get(node.parent_id or "")
        if parent is None:
            tops.append(node)
        else:
            parent.inner.append(node)
    _place(tops)
    for node in ordered:
        if node.depth == 0:
            cut = [_cut_circle(node, nodes)]
            _place(cut)
            tops += cut
    ranked = sorted(tops, key=lambda top: (not top.is_segment, *_order(top)))
    return Trace(trace_id, tuple(ranked), unreadable)


def _best_copies(documents: Iterable[str]) -> tuple[dict[str, Node], int]:
    """Take the documents apart; of several copies of an id the complete one counts, then the longest.

    Counts those that cannot be read: none was like that when it came, so something else wrote to the file.
    """
    best: dict[str, Node] = {}
    unreadable = 0
    for text in documents:
        try:
            nodes = _nodes(decode(text))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            unreadable += 1
            continue
        for node in nodes:
            known = best.get(node.id)
            if known is None or _rank(node) > _rank(known):
                best[node.id] = node
    return best, unreadable


def _nodes(whole: dict[str, Any]) -> list[Node]:
    """Return a document's segment and its subsegments, parents first."""
    nodes = []
    pending = [(whole, whole.get("parent_id"), whole.get("type") != "subsegment")]
    while pending:
        document, parent_id, is_segment = pending.pop()
        node = _node(document, parent_id, is_segment=is_segment)
        nodes.append(_whole(node))
        pending += [(child, node.id, False) for child in children(document)]
    return nodes


def _whole(node: Node) -> Node:
    """Return a node that was read from the database; raises `TypeError` when it has not even its place."""
    texts, times = (node.id, node.parent_id or "", node.fields["name"]), (node.start, node.end or 0)
    if not (
        all(isinstance(text, str) for text in texts) and all(isinstance(at, int | float) for at in times)
    ):
        raise TypeError(f"{texts} and {times} are not ids, a name and times")
    return node


def _node(document: Mapping[str, Any], parent_id: str | None, *, is_segment: bool) -> Node:
    fields = conforming({key: value for key, value in document.items() if key not in _PLACE})
    fields["name"] = inferred.canonical_name(fields)
    aws = fields.get("aws", {})
    if "resource_names" not in aws and (names := inferred.resource_names(aws)):
        fields["aws"] = {**aws, "resource_names": names}
    end = None if document.get("in_progress") is True else document["end_time"]
    return Node(document["id"], parent_id, is_segment, document["start_time"], end, fields)


def _rank(node: Node) -> tuple[bool, float, str]:
    content = json.dumps([node.start, node.parent_id, node.is_segment, node.fields], sort_keys=True)
    return node.end is not None, node.end or 0, content


def _order(node: Node) -> tuple[float, str]:
    return node.start, node.id


def _place(tops: list[Node]) -> None:
    """Tell all nodes below their top and depth; `tops` grows by what lies too deep."""
    for top in tops:
        top.depth = 1
        pending = [top]
        while pending:
            node = pending.pop()
            node.top = top
            if node.depth == MAX_DEPTH:
                tops += node.inner
                node.inner = []
            for child in node.inner:
                child.depth = node.depth + 1
            pending += node.inner


def _cut_circle(node: Node, nodes: Mapping[str, Node]) -> Node:
    """Find the circle of parents that `node` hangs in, and cut it before its first member."""
    seen: dict[str, Node] = {}
    while node.id not in seen:
        seen[node.id] = node
        node = nodes[node.parent_id or ""]
    circle = list(seen.values())[list(seen).index(node.id) :]
    first = min(circle, key=_order)
    nodes[first.parent_id or ""].inner.remove(first)
    return first


def _caller_rank(top: Node, nodes: Mapping[str, Node]) -> int:
    if top.parent_id is None:
        return 0
    return 2 if top.parent_id in nodes else 1


def _times(node: Node) -> dict[str, Any]:
    end = {"in_progress": True} if node.end is None else {"end_time": node.end}
    return {"start_time": node.start, **end}
