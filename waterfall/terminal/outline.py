"""A trace as lines of plain text without bars: for readers that pay for each character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waterfall.terminal.labels import type_of
from waterfall.terminal.remarks import remarks_on
from waterfall.terminal.screen import ASCII
from waterfall.terminal.text import clean, duration, shorten
from waterfall.terminal.waterfall import name_of
from waterfall.traces.insight import overview, own_time
from waterfall.traces.model import Node, Trace

ROWS = 60
_TYPE = 17
_NAME = 120
_REMARK, _WHOLE_REMARK = 200, 4000
_COLUMNS = "   #   start    took     own  span"
_MARGIN = " " * (len(_COLUMNS) - len("span"))


def head(trace: Trace) -> Iterator[str]:
    """Yield what a trace tells at a glance."""
    about = overview(trace)
    request = " ".join(filter(None, (about.http.method, about.http.url))) or about.name
    status = "" if about.http.status is None else f" -> {about.http.status}"
    facts = [f"{duration(about.duration)} total"]
    if about.response_time is not None and duration(about.response_time) != duration(about.duration):
        facts.append(f"answered after {duration(about.response_time)}")
    facts += [] if about.status == "ok" else [about.status]
    facts += ["not finished"] if about.unfinished else []
    facts += [f"cold start of {', '.join(about.cold_starts)}"] if about.cold_starts else []
    yield f"trace {clean(trace.id)}"
    yield f"{clean(request, 300)}{status}: {clean(', '.join(facts))}"
    yield from (f"warning: {clean(warning)}" for warning in trace.warnings)


def rows(
    trace: Trace, *, top: Node | None = None, depth: int | None = None, details: bool = False
) -> list[str]:
    """Return a line for each node, or for those below `top`, and below it what is to be said of it.

    Without a `depth` it is the deepest that fits; what is left out is counted.
    """
    nodes = _below(trace, top)
    first = min((node.depth for node in nodes), default=0)
    deepest = max((node.depth for node in nodes), default=0) if depth is None else first + depth
    while depth is None and deepest > first + 1 and sum(node.depth <= deepest for node in nodes) > ROWS:
        deepest -= 1
    drawn = [node for node in nodes if node.depth <= deepest]
    lines = [_COLUMNS]
    for node in drawn[:ROWS]:
        hidden = sum(other.depth > deepest for other in _below(trace, node)) if node.depth == deepest else 0
        lines.append(_row(trace, node, node.depth - first, hidden))
        most = _WHOLE_REMARK if details else _REMARK
        for remark, _ in remarks_on(node, ASCII, details=details):
            lines.append(f"{_MARGIN}{' ' * (node.depth - first)}  {shorten(remark, most, '...')}")
    if len(drawn) > ROWS:
        lines.append(f"... {len(drawn) - ROWS} more spans: ask for one with span, or for less depth")
    return lines


def title(node: Node, trace: Trace) -> str:
    """Return a node's name with its number, and the segment that it is in."""
    name = "".join(part for part, _ in name_of(trace, node))
    around = node
    while not around.is_segment and around.parent is not None:
        around = trace.nodes[around.parent]
    place = "" if around is node else f" in {clean(around.name, 60)}"
    return f"#{node.position} {shorten(name, _NAME, '...')}{place}"


def _below(trace: Trace, top: Node | None) -> Sequence[Node]:
    """Return a node and all below it: they follow it in reading order."""
    if top is None:
        return trace.nodes
    end = top.position + 1
    while end < len(trace.nodes) and trace.nodes[end].depth > top.depth:
        end += 1
    return trace.nodes[top.position : end]


def _row(trace: Trace, node: Node, level: int, hidden: int) -> str:
    times = (node.start - trace.start, trace.end_of(node) - node.start, own_time(trace, node))
    figures = "".join(f"{duration(seconds):>8}" for seconds in times)
    name = shorten("".join(part for part, _ in name_of(trace, node)), _NAME, "...")
    kind = type_of(node, _TYPE)
    told = [f"[{kind}]"] if kind else []
    told += [str(node.http.status)] if node.http.status is not None else []
    told += [node.status.upper()] if node.status != "ok" else []
    told += ["UNFINISHED"] if node.in_progress else []
    told += [f"(+{hidden} spans below)"] if hidden else []
    return " ".join([f"{node.position:>4}{figures}  {' ' * level}{name}", *told])
