"""What a trace's answer waited for, and why each part of that took its time, in one sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from waterfall.traces.critical_path import critical_path
from waterfall.traces.documents import mapping_of, whole_of
from waterfall.traces.model import LAMBDA_FUNCTION, LAMBDA_SERVICE, STAGE, Node, Phase, Trace

WORTH_NAMING = 0.02

_PHASES: Mapping[Phase, str] = {
    "init": "cold start: a new execution environment was started and the function's modules were imported",
    "restore": "cold start: a new execution environment was restored from its snapshot",
    "overhead": "Lambda's own work after the handler had returned",
    "cost": "part of the cold start: an import or a client, before the first invocation",
    "paused": "somebody stood at a line, with the debugger",
}
_OWN = {
    STAGE: "API Gateway's own time",
    LAMBDA_SERVICE: "Lambda's own time: to find or start an environment, and to hand the event over",
    LAMBDA_FUNCTION: "the function's time outside of its handler's spans",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """The seconds for which the answer waited for a node's own work, their share of all, and the reason."""

    node: Node
    seconds: float
    share: float
    reason: str


def waits(trace: Trace, most: int = 5) -> list[Wait]:
    """Return what was waited for longest, at least 2 % of the whole each."""
    own: dict[int, float] = defaultdict(float)
    for position, start, end in critical_path(trace):
        own[position] += end - start
    total = sum(own.values())
    return [
        Wait(trace.nodes[position], seconds, seconds / total, reason(trace, trace.nodes[position]))
        for position, seconds in sorted(own.items(), key=lambda item: -item[1])[:most]
        if total and seconds / total >= WORTH_NAMING
    ]


def reason(trace: Trace, node: Node) -> str:
    """Say what a node's own time is spent with; all text from the trace is left to who shows it."""
    told = [_kind(trace, node)]
    if node.injected:
        told.append("a fault was injected on purpose")
    retries = whole_of(mapping_of(node.document.get("aws")).get("retries"))
    if retries:
        told.append(f"the SDK sent it {retries + 1} times")
    if node.status != "ok":
        told.append(f"it ended as {node.status}")
    if node.in_progress:
        told.append("its end has not arrived")
    return "; ".join(told)


def _kind(trace: Trace, node: Node) -> str:
    if node.phase:
        return _PHASES[node.phase]
    if node.is_segment and node.type in _OWN:
        return _OWN[node.type]
    if node.namespace in {"aws", "remote"} and not node.is_segment:
        called = any(trace.nodes[child].is_segment for child in node.children)
        return "the way to what it called and back" if called else "waiting for what it called"
    return (
        "its own code: no span below it says more"
        if not node.children
        else "its own code, between the spans below it"
    )
