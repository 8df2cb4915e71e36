"""The same request in each tracing mode, now: one stack for each, what each left, and the difference."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from waterfall.compare.difference import Comparison, compare
from waterfall.stack import first_request
from waterfall.stack.child import Program, run_stack
from waterfall.stack.first_request import Polling
from waterfall.traces.client import Reader, ReadError, Source, connect
from waterfall.traces.model import Trace
from waterfall.traces.service_map import ServiceMap

MODES = ("native", "otel")
LINKED_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Observed:
    """A trace and its service map."""

    trace: Trace
    graph: ServiceMap


def compare_modes(program: Program, say: Callable[[str], None]) -> list[Comparison]:
    """Run the program in each mode and compare the request's traces, and those of what it queued.

    Raises ReadError when a stack does not start or leaves no trace. `say` takes lines of progress.
    """
    with ExitStack() as running, ThreadPoolExecutor(len(MODES)) as pool:
        stacks = [
            running.enter_context(
                run_stack(
                    replace(program, settings=settings_of(mode, program.settings)), mode, say, kind="mode"
                )
            )
            for mode in MODES
        ]
        left, right = pool.map(lambda stack: observe(stack.name, stack.ready(), say), stacks)
    return compare_observed(left, right)


def compare_observed(left: Sequence[Observed], right: Sequence[Observed]) -> list[Comparison]:
    """Compare what `observe` returned of a stack in each of `MODES`.

    Raises ReadError when only one has a linked trace.
    """
    if len(left) != len(right):
        more, mode = (left, MODES[0]) if len(left) > len(right) else (right, MODES[1])
        raise ReadError(f"only mode {mode} left a linked trace: {more[-1].trace.id}")
    return [
        compare(one.trace, other.trace, (one.graph, other.graph))
        for one, other in zip(left, right, strict=True)
    ]


def settings_of(mode: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of one side; `export` is about OpenTelemetry, the native SDK has one way out."""
    native = {"export": "xray"} if mode == "native" and "export" in given else {}
    return {**given, **native, "tracing": mode}


def observe(mode: str, ready: tuple[str, Source], say: Callable[[str], None]) -> Sequence[Observed]:
    """Send one request to warm up and one to compare; return its trace and the one linked to it.

    `ready` is a URL to request, and where the stack is read.
    Raises ReadError when there is no trace.
    """
    url, source = ready
    reader = connect(source)
    _request(reader, source, mode, url)
    say(f"{mode}: warm, sending the request to compare")
    return _request(reader, source, mode, url)


def _request(reader: Reader, source: Source, mode: str, url: str) -> list[Observed]:
    answer = first_request.get(url)
    if answer.sampled is False:
        raise ReadError(
            f"mode {mode}: the sampling rules passed GET {url} over; compare where all is sampled"
        )
    trace = answer.trace_id and first_request.whole_trace(reader, answer.trace_id, Polling())
    if not trace:
        raise ReadError(f"mode {mode} left no trace of GET {url}, which was answered {answer.status}")
    traces = [trace]
    if first_request.has_consumers(trace, source):
        linked = first_request.linked_trace(reader, trace, time.time, Polling(LINKED_WITHIN))
        found = linked and first_request.whole_trace(reader, linked, Polling())
        traces += [found] if found else []
    return [Observed(trace, reader.map_of(trace)) for trace in traces]
