"""What the cold starts of a trace were spent on, and what would make them shorter, in sentences.

The figures are those that the functions measured themselves (`phase` is `cost`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from waterfall.traces.documents import COSTS, list_of, mapping_of, text_of
from waterfall.traces.model import Node, Trace

LEAST_SHARE = 0.05
WORTH_MOVING = 0.02
"""Seconds of an import from which on it is worth the words."""
MOST = 5


def sentences(trace: Trace) -> list[str]:
    """Say for each function that started what it imported and made, longest first."""
    return [line for node in trace.nodes if _is_top(node) for line in _told(trace, node)]


def _is_top(node: Node) -> bool:
    return node.phase == "cost" and node.name == COSTS


def _told(trace: Trace, init: Node) -> Iterator[str]:
    costs = [node for child in init.children if (node := trace.nodes[child]).phase == "cost"]
    name, whole = _function(trace, init)
    unmeasured = [text for item in list_of(_noted(init, "not_measured")) if (text := text_of(item))]
    worth = sorted(_worth(trace, costs, whole), key=lambda node: -_seconds(trace, node))[:MOST]
    if worth:
        parts = ", ".join(f"{_name(node)} {_ms(_seconds(trace, node))}" for node in worth)
        yield f"Cold start of {name}, {_ms(whole)}: {parts}"
    for node in worth:
        user = text_of(_noted(node, "used_in"))
        if user and _seconds(trace, node) >= WORTH_MOVING:
            yield (
                f"{_name(node)} is used in {user}() alone: imported there, it would save up to "
                f"{_ms(_seconds(trace, node))} of each cold start"
            )
    if unmeasured:
        yield (
            f"Imported before tracing, so not measured: {', '.join(unmeasured[:MOST])} "
            "(import tracing first to see them)"
        )


def _function(trace: Trace, init: Node) -> tuple[str, float]:
    """Return the name of what started, and the seconds of Lambda's own `Init`, else of what was measured."""
    around = init
    while around.parent is not None and not around.is_function:
        around = trace.nodes[around.parent]
    parent = init if init.parent is None else trace.nodes[init.parent]
    return around.name, _seconds(trace, parent if parent.phase == "init" else init)


def _worth(trace: Trace, costs: Iterable[Node], whole: float) -> Iterator[Node]:
    return (node for node in costs if _seconds(trace, node) >= LEAST_SHARE * whole)


def _name(node: Node) -> str:
    return text_of(_noted(node, "import")) or node.name


def _noted(node: Node, key: str) -> object:
    return mapping_of(node.metadata.get(COSTS)).get(key)


def _seconds(trace: Trace, node: Node) -> float:
    return trace.end_of(node) - node.start


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
