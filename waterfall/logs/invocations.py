"""Which runs of functions a trace is about, and what they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from waterfall.logs.lines import GROUPS, Line
from waterfall.logs.runs import Run
from waterfall.traces.documents import list_of, mapping_of, text_of
from waterfall.traces.model import LAMBDA_FUNCTION, LAMBDA_SERVICE, Node, Trace
from waterfall.traces.pauses import measured

LONGEST_INIT = 600.0
"""Seconds before its event in which an environment's start is looked for; some start long ahead."""

_CLOCKS = 0.01
"""Seconds by which the times of segments and of log lines may differ: both are cut to milliseconds."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a function as the trace tells it: `node` is the position of its segment.

    `init` is when its cold start began, if it had one. Not `ran` is an invocation that Lambda refused.
    """

    function: str
    group: str
    request_id: str | None
    start: float
    end: float
    node: int | None = None
    init: float | None = None
    ran: bool = True
    finished: bool = True

    @property
    def began(self) -> float:
        return self.start if self.init is None else max(self.init, self.start - LONGEST_INIT)


@dataclass(frozen=True, slots=True)
class InvocationLogs:
    """The lines of one invocation, in the order of time; `missing` says why there are none."""

    invocation: Invocation
    lines: tuple[Line, ...] = ()
    missing: str | None = None


def invocations_of(trace: Trace) -> list[Invocation]:
    """Return the invocations of a trace in the order of their nodes."""
    functions = {
        node.position: _service_of(trace, node) for node in trace.nodes if _is(node, LAMBDA_FUNCTION)
    }
    covered = {service.position for service in functions.values() if service}
    alone = [node for node in trace.nodes if _is(node, LAMBDA_SERVICE) and node.position not in covered]
    found = [_of_function(trace, trace.nodes[at], service) for at, service in functions.items()]
    found += [_invocation(trace, node, node) for node in alone]
    return sorted(found, key=lambda one: one.node or 0)


def _is(node: Node, type_: str) -> bool:
    return node.is_segment and node.type == type_ and not node.inferred


def _service_of(trace: Trace, node: Node) -> Node | None:
    """Return Lambda's own segment above a function's; an asynchronous attempt lies between them."""
    above = node.parent
    while above is not None:
        if _is(trace.nodes[above], LAMBDA_SERVICE):
            return trace.nodes[above]
        above = trace.nodes[above].parent
    return None


def _of_function(trace: Trace, node: Node, service: Node | None) -> Invocation:
    phases = (trace.nodes[child] for child in node.children)
    init = next((measured(phase)[0] for phase in phases if phase.phase in {"init", "restore"}), None)
    return _invocation(trace, node, service or node, init)


def _invocation(trace: Trace, node: Node, service: Node, init: float | None = None) -> Invocation:
    began, ended = measured(node)  # nothing is logged by a time that pauses were taken out of
    return Invocation(
        function=node.name,
        group=_group(node) or _group(service) or f"{GROUPS}{node.name}",
        request_id=_request_id(node) or _request_id(service),
        start=began,
        end=trace.end_of(node) if ended is None else ended,
        node=node.position,
        init=init,
        ran=node.http.status != HTTPStatus.TOO_MANY_REQUESTS,
        finished=not node.in_progress,
    )


def _request_id(node: Node) -> str | None:
    return text_of(mapping_of(node.document.get("aws")).get("request_id"))


def _group(node: Node) -> str | None:
    named = list_of(mapping_of(node.document.get("aws")).get("cloudwatch_logs"))
    return next(filter(None, (text_of(mapping_of(item).get("log_group")) for item in named)), None)


def assign(
    trace_id: str, wanted: Sequence[Invocation], runs: Iterable[Run], outside: Iterable[Line]
) -> list[InvocationLogs]:
    """Give each invocation of one log group its lines.

    A run belongs to the invocation of its request id, of several (Lambda repeats what failed with the same
    id) to the nearest; a run that only says the trace's id is one that the trace does not tell about. Lines
    outside all runs count where they carry the trace's id.
    """
    chosen: dict[Invocation, list[Line]] = {one: [] for one in wanted}
    for run in runs:
        owner = _owner(trace_id, wanted, run)
        if owner:
            init = None if owner.init is None else owner.init - _CLOCKS
            chosen.setdefault(owner, []).extend([*run.opening(init), *run.lines])
    _add_loose(trace_id, chosen, outside)
    return [InvocationLogs(one, tuple(_in_order(lines))) for one, lines in chosen.items()]


def _owner(trace_id: str, wanted: Sequence[Invocation], run: Run) -> Invocation | None:
    named = [one for one in wanted if one.request_id == run.request_id]
    is_traced = run.trace_id == trace_id
    nameless = [one for one in wanted if one.request_id is None] if is_traced else []
    if candidates := named or nameless:
        return min(candidates, key=lambda one: abs(one.start - run.start))
    if not is_traced:
        return None
    first = run.lines[0].event
    return Invocation(first.function, first.group, run.request_id, run.start, run.lines[-1].event.time)


def _add_loose(trace_id: str, chosen: dict[Invocation, list[Line]], outside: Iterable[Line]) -> None:
    taken = {line.event.id for lines in chosen.values() for line in lines}
    for line in outside:
        if line.event.id in taken or not carries(line.event.text, trace_id):
            continue
        event = line.event
        nearest = min(chosen, key=lambda one: abs(one.start - event.time), default=None)
        owner = nearest or Invocation(event.function, event.group, line.request_id, event.time, event.time)
        chosen.setdefault(owner, []).append(line)


def _in_order(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.event.time)


def carries(text: str, trace_id: str) -> bool:
    """Tell whether a text has a trace's id, in X-Ray's form or as 32 hex digits."""
    return any(form in text for form in forms(trace_id))


def forms(trace_id: str) -> tuple[str, str]:
    """Return both forms of a trace's id."""
    return trace_id, trace_id.replace("-", "")[1:]
