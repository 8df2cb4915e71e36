"""The tools that read: their names, arguments and docstrings are what a language model sees of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from waterfall.agents.place import Place
from waterfall.agents.replies import MOST_BYTES_OF_DETAILS, recorded
from waterfall.compare.normal import Entity, is_cold, normal_form
from waterfall.faults.client import Faults
from waterfall.logs.client import Logs
from waterfall.proof.lines import told
from waterfall.proof.verdict import differences
from waterfall.stack.invocations import functions as names_of_functions
from waterfall.stack.routes import routes
from waterfall.terminal import logs as log_picture
from waterfall.terminal import outline, service_map
from waterfall.terminal import traces as list_picture
from waterfall.terminal import why as why_picture
from waterfall.terminal.faults import render_experiments, render_templates
from waterfall.terminal.screen import Screen
from waterfall.terminal.text import clean, duration, json_text, pairs
from waterfall.traces import arguments, cold_starts
from waterfall.traces.client import LONGEST_MAP, ReadError
from waterfall.traces.documents import bounded
from waterfall.traces.finding import hint
from waterfall.traces.links import linked_traces
from waterfall.traces.marking import marked
from waterfall.traces.model import Node, Trace
from waterfall.traces.stacks import line_of
from waterfall.traces.waiting import waits
from waterfall.why.question import question
from waterfall.why.service import Explainer

_SCREEN, _MAP = Screen(width=110), Screen(width=90)
_MOST_TRACES, _MOST_LINES = 50, 200
_CHANGES = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads traces, logs and experiments of a place; each method raises ReadError or ValueError."""

    place: Place

    def find(self, filter: str = "", since: str = "1h", limit: int = 10) -> str:  # noqa: A002 - X-Ray's word
        """List the newest traces: id, age, duration, status, request.

        filter: an X-Ray filter expression, such as `fault`, `duration > 2`, `http.url CONTAINS "/hello"`.
        since: 30s, 10m, 2h, 1d ago, or an ISO time. limit: 1 to 50.
        """
        now, reader = self.place.now(), self.place.reader
        start = arguments.since(since, now)
        found = reader.summaries(start, now, limit=_within(limit, _MOST_TRACES), expression=filter or None)
        if not found:
            return f"no traces since then; give a longer since, or another filter{hint(reader)}"
        return recorded(_plain(list_picture.render(found, _SCREEN, now=now)))

    def show(
        self,
        trace: str = "latest",
        *,
        span: int | None = None,
        depth: int | None = None,
        details: bool = False,
    ) -> str:
        """Show one trace as a tree of spans: number, start, duration, own time, name, status, annotations.

        trace: `latest`, an id or any unique part of one, or a request, whose newest is taken: `GET /hello`.
        span: only that number and what is below it. depth: levels below the top. details: also metadata,
        stacks, AWS's annotations, and of a span its raw document.
        """
        found = self.place.trace(trace)
        top = None if span is None else _node(found, span)
        lines = [*outline.head(found), *outline.rows(found, top=top, depth=depth, details=details)]
        if details and top:
            document = {key: value for key, value in top.document.items() if key != "subsegments"}
            raw: Any = bounded(document)
            lines += ["document:", *json_text(raw).splitlines()]
        return _recorded(lines, details=details)

    def explain(self, trace: str = "latest") -> str:
        """Say why a trace was slow or failed: which spans the answer waited for, longest first, and why.

        trace: as of show. Start here for "why is it slow" and "why did it fail".
        """
        found = self.place.trace(trace)
        cold = [clean(line, 300) for line in cold_starts.sentences(found)]
        consumers = () if self.place.source.aws else self._consumers(found)
        return recorded(
            [*outline.head(found), *_waited(found), *cold, *_failed(found), *_odd(found), *consumers]
        )

    def _consumers(self, trace: Trace) -> Iterator[str]:
        """Lead to the consumers of messages; in an account, too many traces would have to be read."""
        for other in linked_traces(self.place.reader, trace, self.place.now()):
            name = clean(other.entry.name, 60) if other.entry else ""
            yield f"linked trace, of the message's consumer: {other.id} {name}".rstrip()

    def why(self, request: str = "") -> str:
        """Say why a request has a trace or none: stage, header, sampling rule, each function, what arrived.

        request: a request id, a trace id, a URL, or `GET /hello`; without one, the last request. `rule NAME`:
        why an EventBridge rule or schedule fired or did not. `machine NAME`: its last execution.
        """
        now, reader = self.place.now(), self.place.reader
        answer = Explainer(reader, self.place.source).ask(question(request.split()), now)
        return recorded(_plain(why_picture.render(answer, _SCREEN, now)))

    def logs(
        self, trace: str = "", functions: Sequence[str] = (), since: str = "10m", limit: int = 40
    ) -> str:
        """Show log lines: of a trace's invocations, or the newest of functions.

        trace: as of show. functions: the beginnings of names, needed with an account. since: as of find.
        limit: 1 to 200 lines.
        """
        logs, most = Logs(self.place.source, self.place.now), _within(limit, _MOST_LINES)
        if trace:
            found = self.place.trace(trace)
            mine = [
                one
                for one in logs.of_trace(found)
                if not functions or one.invocation.function.startswith(tuple(functions))
            ]
            lines = _plain(log_picture.render_trace_logs(mine, _SCREEN, found.start))
            return recorded(_newest(lines, most), said=f"log lines of trace {found.id}")
        if self.place.source.aws and not functions:
            raise ValueError("an account may have thousands of log groups: name functions, or a trace")
        now = self.place.now()
        latest = logs.latest(functions, arguments.since(since, now), now, most)
        if not latest:
            return "no lines since then; give a longer since"
        return recorded(_newest(_plain(log_picture.LogLines(_SCREEN).render(latest)), most))

    def compare(self, trace: str = "latest", with_trace: str = "") -> str:
        """Say what differs between two traces, in structure, fields and time. The older one is the left.

        trace, with_trace: as of show. Without with_trace it is the request of the same kind before.
        """
        right = self.place.trace(trace)
        left = self.place.trace(with_trace) if with_trace else self.place.before(right)
        if left.start > right.start:
            left, right = right, left
        lines = _compared(left, right)
        return recorded(lines, said=f"from {left.id} to {right.id}")

    def map(self, since: str = "1h") -> str:
        """Show the service map: which service calls which, how often, how fast, how many failed.

        since: at most 6h.
        """
        now, reader = self.place.now(), self.place.reader
        start = max(arguments.since(since, now), now - LONGEST_MAP)
        graph = marked(reader.service_map(start, now), reader, aws=self.place.source.aws)
        if not graph.services:
            return f"no services since then; since 6h looks back the furthest{hint(reader)}"
        return recorded(_plain(service_map.render(graph, _MAP)))

    def faults(self) -> str:
        """List the fault injection experiments that can be started, and those that were."""
        faults, now = Faults(self.place.source), self.place.now()
        templates, started = faults.templates(), faults.experiments(most=10)
        lines = [*_plain(render_templates(templates, _SCREEN))] if templates else ["no experiments"]
        lines += ["", *_plain(render_experiments(started, _SCREEN, now))] if started else []
        return recorded(lines)

    def stack(self) -> str:
        """Say what runs: stack, APIs with their routes, functions; or which account is read."""
        source = self.place.source
        if source.aws:
            profile = source.used_profile or "default"
            return f"an account: profile {profile}, region {source.region or 'of the profile'}"
        status = self.place.stack()
        lines = [f"stack {clean(str(status.get('stack')))}, tracing {clean(str(status.get('tracing')))}"]
        for name, url in self.place.apis().items():
            lines.append(f"API {clean(name)} at {clean(url)}")
            lines += [f"  {clean(route)}" for route in routes(source, url.rstrip("/"))]
        lines.append(f"functions: {clean(', '.join(names_of_functions(source)) or 'none')}")
        return recorded(lines)


def _plain(lines: Iterable[Text]) -> list[str]:
    return [line.plain.rstrip() for line in lines]


def _newest(lines: Sequence[str], most: int) -> list[str]:
    left = len(lines) - most
    return [f"... {left} earlier lines", *lines[left:]] if left > 0 else list(lines)


def _recorded(lines: Iterable[str], *, details: bool) -> str:
    return recorded(lines, most=MOST_BYTES_OF_DETAILS) if details else recorded(lines)


def _within(limit: int, most: int) -> int:
    if not 1 <= limit <= most:
        raise ValueError(f"limit {limit} is not possible: give 1 to {most}")
    return limit


def _node(trace: Trace, span: int) -> Node:
    if not 0 <= span < len(trace.nodes):
        raise ReadError(f"trace {trace.id} has no span {span}: it has 0 to {len(trace.nodes) - 1}")
    return trace.nodes[span]


def _waited(trace: Trace) -> Iterator[str]:
    yield "the answer waited for, longest first:"
    for one in waits(trace):
        yield f"{duration(one.seconds):>8} {one.share:>4.0%}  {outline.title(one.node, trace)}: {one.reason}"
        own = {
            key: item for key, item in one.node.annotations.items() if not key.startswith(("aws:", "aws."))
        }
        yield from (f"{'':15}{line[:200]}" for line in pairs(own))


def _failed(trace: Trace) -> Iterator[str]:
    failed = [node for node in trace.nodes if node.failures or node.status != "ok"]
    if failed:
        yield "failed, the deepest first:"
    for node in sorted(failed, key=lambda node: (-node.depth, node.position))[:_CHANGES]:
        http = "" if node.http.status is None else f" {node.http.status}"
        yield f"  {outline.title(node, trace)}: {node.status}{http}"
        for failure in node.failures[:2]:
            frame = line_of(failure)
            at = f" at {frame.path}:{frame.line}" if frame else ""
            yield f"    {clean(failure.type, 100)}: {clean(failure.message, 300)}{clean(at, 200)}"


def _odd(trace: Trace) -> Iterator[str]:
    for node in trace.nodes:
        for note in node.notes:
            if note.anomaly not in {"early", "late"}:
                yield f"  {outline.title(node, trace)}: {note.anomaly}: {clean(note.reason, 300)}"


def _compared(left: Trace, right: Trace) -> Iterator[str]:
    imports = is_cold(left) == is_cold(right)
    found, rows = differences(normal_form(left, imports=imports), normal_form(right, imports=imports))
    cold = {True: "cold start", False: "warm"}
    for name, trace in (("from", left), ("to", right)):
        yield f"{name} {trace.id}: {duration(trace.duration)}, {cold[is_cold(trace)]}"
    yield "own time of spans, without what is below them, the largest change first:"
    timed = [
        (_own(pair.right), _own(pair.left), pair.right.label) for pair in rows if pair.left and pair.right
    ]
    for after, before, label in sorted(timed, key=lambda one: -abs(one[0] - one[1]))[:_CHANGES]:
        change = ("+" if after >= before else "") + duration(after - before)
        yield f"  {change}: {clean(label, 120)}: {duration(before)} -> {duration(after)}"
    yield f"{len(found)} other differences" + (":" if found else ", the traces are equal in form")
    yield from (f"  {clean(told(one), 400)}" for one in found)


def _own(entity: Entity) -> float:
    """Return about the seconds that an entity spent itself: its children may overlap."""
    below = sum(child.end - child.start for child in entity.children)
    return max(0.0, entity.end - entity.start - below)
