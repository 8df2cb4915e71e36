"""What a trace tells at a glance: its request, who recorded it, and where the time went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from waterfall.traces.documents import mapping_of, text_of
from waterfall.traces.model import Http, Node, Status, Trace

SHARE_WORTH_NAMING = 0.05


@dataclass(frozen=True, slots=True)
class Overview:
    """The head of a trace. `response_time` is the entry's own duration, `None` while it is unfinished.

    `cold_starts` names functions, `rule` the sampling rule that chose the trace, `recorders` the SDKs;
    `paused` are the seconds that a debugger held it up, and that are in no other time.
    """

    trace_id: str
    name: str
    http: Http
    status: Status
    start: float
    duration: float
    response_time: float | None
    unfinished: bool
    cold_starts: tuple[str, ...]
    rule: str | None
    recorders: tuple[str, ...]
    paused: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """The seconds that a node spent itself, outside its children."""

    node: Node
    seconds: float


def overview(trace: Trace) -> Overview:
    entry = trace.entry
    done = entry is not None and entry.end is not None
    return Overview(
        trace_id=trace.id,
        name=entry.name if entry else "",
        http=entry.http if entry else Http(),
        status=entry.status if entry else "ok",
        start=trace.start,
        duration=trace.duration,
        response_time=trace.end_of(entry) - entry.start if entry and done else None,
        unfinished=trace.unfinished,
        cold_starts=_unique(node.name for node in trace.nodes if node.cold_start),
        rule=next(filter(None, (_xray(node, "sampling_rule_name") for node in trace.nodes)), None),
        recorders=_unique(filter(None, map(_recorder, trace.nodes))),
        paused=entry.paused if entry else 0.0,
    )


def _xray(node: Node, key: str) -> str | None:
    return text_of(mapping_of(mapping_of(node.document.get("aws")).get("xray")).get(key))


def _recorder(node: Node) -> str | None:
    sdk = _xray(node, "sdk")
    return sdk and " ".join(filter(None, (sdk, _xray(node, "sdk_version"))))


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def where_time_went(trace: Trace, most: int = 3) -> list[Share]:
    """Return the nodes that spent most time themselves: at least 5 % of the trace each, longest first."""
    shares = [Share(node, own_time(trace, node)) for node in trace.nodes]
    worth = [share for share in shares if share.seconds >= SHARE_WORTH_NAMING * trace.duration > 0]
    return sorted(worth, key=lambda share: -share.seconds)[:most]


def own_time(trace: Trace, node: Node) -> float:
    """Return a node's seconds less those that its children cover."""
    end = trace.end_of(node)
    children = [trace.nodes[child] for child in node.children]
    spans = [(max(node.start, begin(trace, child)), min(end, trace.end_of(child))) for child in children]
    return end - node.start - covered(spans)


def begin(trace: Trace, node: Node) -> float:
    """Return when a node's work began: a cold start lies before the function that it belongs to."""
    phases = (trace.nodes[child] for child in node.children if node.cold_start)
    return min([node.start, *(phase.start for phase in phases if phase.phase)])


def covered(spans: Sequence[tuple[float, float]]) -> float:
    """Return the seconds of spans that may overlap, counted once."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
