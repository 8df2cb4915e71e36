"""What a round of requests tells: figures, and weaknesses of the application. No I/O."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waterfall.gameday.load import Sample
from waterfall.traces.model import Node, Trace


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests, errors that the client saw, latencies in seconds, kept traces, and those with faults."""

    requests: int
    errors: int
    p50: float
    p99: float
    kept: int
    injected: int


@dataclass(frozen=True, slots=True)
class Round:
    """One experiment: its figures, whether and after how many requests the system recovered.

    `first` is the first trace of a failure, or else of a fault that the client did not notice. `ended_early`
    says why the experiment was over before all requests were sent: its alarm went off, perhaps.
    """

    name: str
    faults: tuple[str, ...]
    figures: Figures
    recovered_after: int | None
    weaknesses: tuple[str, ...]
    first: Trace | None
    ended_early: str | None = None


def figures(samples: Sequence[Sample], traces: Mapping[str, Trace]) -> Figures:
    times = sorted(sample.seconds for sample in samples)
    return Figures(
        requests=len(samples),
        errors=sum(sample.is_error for sample in samples),
        p50=_rank(times, 0.5),
        p99=_rank(times, 0.99),
        kept=sum(sample.trace_id in traces for sample in samples),
        injected=sum(is_injected(trace) for trace in traces.values()),
    )


def is_injected(trace: Trace) -> bool:
    """Tell whether an experiment put a fault into anything of a trace."""
    return any(node.injected for node in trace.nodes)


def weaknesses(samples: Sequence[Sample], traces: Mapping[str, Trace]) -> tuple[str, ...]:
    """Say what the application did wrong with the faults, in one sentence each."""
    found = [
        _hidden(samples, traces),
        _repeated(samples, traces),
    ]
    return tuple(sentence for sentence in found if sentence)


def first_failure(samples: Sequence[Sample], traces: Mapping[str, Trace]) -> Trace | None:
    """Return the trace to show: of a failed request with a fault, else of any request with one."""
    hit = [
        (not sample.is_error, trace)
        for sample in samples
        if (trace := traces.get(sample.trace_id or "")) and is_injected(trace)
    ]
    return min(hit, key=lambda item: item[0])[1] if hit else None


def _hidden(samples: Sequence[Sample], traces: Mapping[str, Trace]) -> str | None:
    functions: Counter[str] = Counter()
    for sample in samples:
        trace = traces.get(sample.trace_id or "")
        if trace and not sample.is_error:
            functions.update(_failed_for_good(trace))
    if not functions:
        return None
    name, times = functions.most_common(1)[0]
    return (
        f"a hidden failure: {times} of {len(samples)} requests were answered as a success although {name} "
        "had failed and no later attempt had succeeded"
    )


def _repeated(samples: Sequence[Sample], traces: Mapping[str, Trace]) -> str | None:
    repeated = 0
    for sample in samples:
        trace = traces.get(sample.trace_id or "")
        done = Counter(node.name for node in _runs(trace) if node.status == "ok") if trace else Counter()
        repeated += any(count > 1 for count in done.values())
    if not repeated:
        return None
    return f"work done twice: in {repeated} of {len(samples)} requests a function succeeded more than once"


def _failed_for_good(trace: Trace) -> set[str]:
    """Return the functions that ran, and never well."""
    runs = _runs(trace)
    return {node.name for node in runs} - {node.name for node in runs if node.status != "fault"}


def _runs(trace: Trace) -> list[Node]:
    return [node for node in trace.nodes if node.is_function]


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
