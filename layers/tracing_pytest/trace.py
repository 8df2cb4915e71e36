"""A trace as a tree of spans, made of the documents that were sent."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FLAGS = ("fault", "throttle", "error")


class _Spans(ABC):
    @abstractmethod
    def walk(self) -> Iterator[Node]:
        """Yield every span, parents first, in the order in which they started."""

    def find(self, label: str) -> list[Node]:
        """Return the spans with this name, or name and operation (`S3 PutObject`); case does not count."""
        wanted = label.casefold()
        return [node for node in self.walk() if wanted in {node.name.casefold(), node.label.casefold()}]

    def only(self, label: str) -> Node:
        """Return the one span with this name; AssertionError shows the tree."""
        __tracebackhide__ = True
        found = self.find(label)
        if len(found) != 1:
            counted = "no span is" if not found else f"{len(found)} spans are"
            raise AssertionError(f"{counted} named {label!r} in\n{self}")
        return found[0]


class _Part:
    """An object in a node's document, by the name that it has there; empty where there is none."""

    def __set_name__(self, owner: type[Node], name: str) -> None:
        self._name = name

    def __get__(self, node: Node, owner: type[Node]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = node.document.get(self._name, {})
        return found


@dataclass(frozen=True, repr=False)
class Node(_Spans):
    """One span: `document` is what X-Ray gets of it, without its children.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    """

    document: Mapping[str, Any]
    children: Sequence[Node] = ()
    exceptions: Sequence[Mapping[str, Any]] = ()
    """Each with `type`, `message` and `stack`; also where X-Ray's document only names a child's exception."""

    annotations = _Part()
    metadata = _Part()
    """By namespace."""
    aws = _Part()
    """What is known of an AWS call: `operation`, `region`, `table_name`, `bucket_name` and so on."""
    http = _Part()
    """`request` and `response`."""

    @property
    def name(self) -> str:
        return str(self.document["name"])

    @property
    def label(self) -> str:
        """The name, for AWS calls with the operation: `S3 PutObject`."""
        return " ".join(filter(None, (self.name, self.aws.get("operation"))))

    @property
    def status(self) -> str:
        """`ok`, `error` (4xx), `throttle` (429) or `fault`."""
        return next((flag for flag in _FLAGS if self.document.get(flag)), "ok")

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    def __repr__(self) -> str:
        return f"<Node {self.label!r}>"

    def __str__(self) -> str:
        return "\n".join(_lines(self, "", ""))


@dataclass(frozen=True, repr=False)
class Trace(_Spans):
    """What one call of a handler left: `roots` are the spans directly below the function's segment.

    An unsampled call that was kept (`TRACING_KEEP`) begins with the segments that it brings along.
    """

    roots: Sequence[Node]
    result: Any = None
    error: BaseException | None = None
    """What the handler raised, where `raises=` announced it."""

    def walk(self) -> Iterator[Node]:
        for root in self.roots:
            yield from root.walk()

    def __repr__(self) -> str:
        return f"<Trace of {sum(1 for _ in self.walk())} spans>"

    def __str__(self) -> str:
        return "\n".join(map(str, self.roots)) or "(no spans)"


def trace_of(documents: Sequence[Mapping[str, Any]], **outcome: Any) -> Trace:
    """Build the tree; a span that was sent twice counts as it was sent last."""
    by_id = {document["id"]: document for document in documents}
    causes = {
        exception["id"]: exception for document in by_id.values() for exception in _own_exceptions(document)
    }

    def nodes(found: list[Mapping[str, Any]]) -> tuple[Node, ...]:
        found.sort(key=lambda document: float(document["start_time"]))
        return tuple(Node(document, nodes(below(document)), exceptions(document)) for document in found)

    def below(parent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [document for document in by_id.values() if document.get("parent_id") == parent["id"]]

    def exceptions(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        cause = document.get("cause")
        if isinstance(cause, str):
            return (causes[cause],) if cause in causes else ()
        return tuple(_own_exceptions(document))

    return Trace(
        nodes([document for document in by_id.values() if document.get("parent_id") not in by_id]), **outcome
    )


def _own_exceptions(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    cause = document.get("cause")
    return cause.get("exceptions", ()) if isinstance(cause, Mapping) else ()


def _lines(node: Node, first: str, rest: str) -> Iterator[str]:
    status = node.http.get("response", {}).get("status")
    yield first + " ".join(
        filter(None, ("✓" if node.status == "ok" else f"✗ {node.status}", str(status or ""), node.label))
    )
    inner = rest + ("│ " if node.children else "  ")
    for key, value in node.annotations.items():
        yield f"{inner}{key} = {json.dumps(value, ensure_ascii=False)}"
    for namespace, content in node.metadata.items():
        yield f"{inner}{namespace}: {json.dumps(content, ensure_ascii=False)}"
    for exception in node.exceptions:
        yield f"{inner}{exception.get('type', 'exception')}: {exception.get('message', '')}"
    for child in node.children:
        last = child is node.children[-1]
        yield from _lines(child, rest + ("└ " if last else "├ "), rest + ("  " if last else "│ "))
