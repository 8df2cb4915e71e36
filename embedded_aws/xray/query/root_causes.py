"""Root causes of a trace: the paths of services and subsegments that end where it failed or where time went.

https://docs.aws.amazon.com/xray/latest/api/API_FaultRootCause.html

X-Ray does not publish how it finds them. Here a fault's path ends at a node with the flag below which no
other node has it, and the path of the response time follows the longest call as long as that is most of
the time of the one before.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from embedded_aws.xray.query.graph import service_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedded_aws.xray.query.traces import Node, Trace

Flag = Literal["fault", "error"]

MAX_ROOT_CAUSES = 10
"""Of each kind; X-Ray's own limit is not known."""


def failure_root_causes(trace: Trace, flag: Flag) -> list[dict[str, Any]]:
    """Return `FaultRootCauses` or `ErrorRootCauses`, in the order of the trace."""
    flagged = [node for node in _everything(trace) if node.fields.get(flag) is True]
    called = _called(trace) if flagged else {}
    leaves = [node for node in flagged if _is_leaf(node, called, flag)]
    paths = [_path_to(leaf, trace) for leaf in leaves[:MAX_ROOT_CAUSES]]
    return [
        {
            "ClientImpacting": all(node.fields.get(flag) is True for node in path),
            "Services": _services(path, trace, lambda node: {"Exceptions": _exceptions(node)}),
        }
        for path in paths
    ]


def response_time_root_causes(trace: Trace) -> list[dict[str, Any]]:
    """Return `ResponseTimeRootCauses`: none while the root has not answered."""
    total = _seconds(trace.root)
    if not trace.root.is_segment or total <= 0:
        return []
    called = _called(trace)
    path = [trace.root]
    while (longest := _longest(path[-1], called)) and longest not in path:
        path.append(longest)

    def coverage(node: Node) -> dict[str, Any]:
        return {"Coverage": min(1.0, _seconds(node) / total)}

    return [{"ClientImpacting": True, "Services": _services(path, trace, coverage)}]


def _everything(trace: Trace) -> list[Node]:
    return [*trace.nodes.values(), *trace.inferred]


def _called(trace: Trace) -> dict[str, list[Node]]:
    """Return the segments by the id of what called them."""
    called: dict[str, list[Node]] = defaultdict(list)
    for top in (*trace.tops, *trace.inferred):
        caller = trace.caller_of(top)
        if top.is_segment and caller:
            called[caller.id].append(top)
    return called


def _is_leaf(node: Node, called: dict[str, list[Node]], flag: Flag) -> bool:
    below = (*node.inner, *called.get(node.id, ()))
    return not any(child.fields.get(flag) is True for child in below)


def _path_to(node: Node, trace: Trace) -> list[Node]:
    """Return the way from the trace's first caller to the node; a circle of callers is walked once."""
    path = {node.id: node}
    while (above := trace.caller_of(node)) and above.id not in path:
        path[above.id] = node = above
    return list(reversed(path.values()))


def _longest(node: Node, called: dict[str, list[Node]]) -> Node | None:
    below = (*node.inner, *called.get(node.id, ()))
    longest = max(below, key=_seconds, default=None)
    return longest if longest and _seconds(longest) * 2 > _seconds(node) else None


def _seconds(node: Node) -> float:
    return 0.0 if node.end is None else max(0.0, node.end - node.start)


def _services(
    path: Iterable[Node], trace: Trace, details: Callable[[Node], dict[str, Any]]
) -> list[dict[str, Any]]:
    return [
        {
            **(
                service_key(top, trace).to_api()
                if top.is_segment
                else {"Name": top.name, "Names": [top.name]}
            ),
            "Inferred": top.is_inferred,
            "EntityPath": [_entity(node) | details(node) for node in nodes],
        }
        for top, nodes in groupby(path, key=lambda node: node.top)
    ]


def _entity(node: Node) -> dict[str, Any]:
    return {"Name": node.name, "Remote": node.fields.get("namespace") in {"aws", "remote"}}


def _exceptions(node: Node) -> list[dict[str, str]]:
    cause = node.fields.get("cause")
    found = cause.get("exceptions", []) if isinstance(cause, dict) else []
    return [{"Name": item.get("type", ""), "Message": item.get("message", "")} for item in found]
