"""Runs a game day: starts the program, and one experiment after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from waterfall.faults.client import Faults, Template
from waterfall.gameday import findings, load
from waterfall.gameday.findings import Figures, Round
from waterfall.gameday.load import Sample
from waterfall.stack import first_request
from waterfall.stack.child import Program, run_stack
from waterfall.stack.first_request import Polling
from waterfall.traces.client import Reader, ReadError, connect
from waterfall.traces.model import Trace

RECOVERY_REQUESTS = 5
WARM_UP_ROUNDS = 5
QUIET_SECONDS = 2.0
"""How long a trace that is not whole may stay as it is: some, of runs that were ended, never are."""


@dataclass(frozen=True, slots=True)
class GameDay:
    """The figures without any fault, a round for each experiment, and how many clients sent at once."""

    baseline: Figures
    rounds: tuple[Round, ...]
    clients: int

    @property
    def weaknesses(self) -> int:
        return sum(len(one.weaknesses) for one in self.rounds)


@dataclass(frozen=True, slots=True)
class Target:
    """The stack under test: its API's URL, its traces, its experiments; `requests` in each round."""

    url: str
    reader: Reader
    faults: Faults
    requests: int
    clients: int


def run(program: Program, requests: int, clients: int, say: Callable[[str], None]) -> GameDay:
    """Start the program on this machine and run all of its experiments; raises ReadError."""
    with run_stack(program, "gameday", say) as stack:
        url, source = stack.ready()
        target = Target(url, connect(source), Faults(source), requests, clients)
        return _run(target, say)


def _run(target: Target, say: Callable[[str], None]) -> GameDay:
    templates = target.faults.templates()
    if not templates:
        raise ReadError("there are no experiments: name some in the setting faults, see docs/faults.md")
    say("warming up")
    _warm_up(target)
    say(f"baseline: {target.requests} requests")
    samples = load.send(target.url, target.requests, target.clients)
    baseline = findings.figures(samples, _traces(target, samples))
    rounds = [
        _round(target, template, f"{number}/{len(templates)}", say)
        for number, template in enumerate(sorted(templates, key=lambda one: one.name), 1)
    ]
    return GameDay(baseline, tuple(rounds), target.clients)


def _warm_up(target: Target) -> None:
    """Send until nothing starts cold any more, so that the baseline has no cold starts in it."""
    for _ in range(WARM_UP_ROUNDS):
        traces = _traces(target, load.send(target.url, target.clients * 2, target.clients))
        if not any(node.cold_start for trace in traces.values() for node in trace.nodes):
            return


def _round(target: Target, template: Template, number: str, say: Callable[[str], None]) -> Round:
    say(f"{number} {template.name}: {'; '.join(template.faults)}")
    experiment = target.faults.start(template.id)
    try:
        samples = load.send(target.url, target.requests, target.clients)
    finally:
        over = target.faults.experiment(experiment.id)
        if over.is_active:
            target.faults.stop(experiment.id)
    recovered = _recover(target)
    traces = _traces(target, samples)
    measured = findings.figures(samples, traces)
    say(
        f"{number} {template.name}: {measured.errors} of {measured.requests} failed, "
        f"{'recovered' if recovered else 'did not recover'}"
    )
    return findings.Round(
        name=template.name,
        faults=template.faults,
        figures=measured,
        recovered_after=recovered,
        weaknesses=findings.weaknesses(samples, traces),
        first=findings.first_failure(samples, traces),
        ended_early=None if over.is_active else f"{over.status}: {over.reason}",
    )


def _recover(target: Target) -> int | None:
    """Return after how many requests one succeeds without any fault; None when none does."""
    for number in range(1, RECOVERY_REQUESTS + 1):
        samples = load.send(target.url, 1, 1)
        traces = _traces(target, samples).values()
        if not samples[0].is_error and not any(map(findings.is_injected, traces)):
            return number
    return None


def _traces(target: Target, samples: Sequence[Sample]) -> dict[str, Trace]:
    """Return the traces of requests, once all are whole, or no more of them comes."""
    ids = [sample.trace_id for sample in samples if sample.trace_id]
    found: dict[str, Trace] = {}
    grown = bool(ids)
    while grown:
        for _ in Polling(QUIET_SECONDS).tries():
            before, found = found, {trace.id: trace for trace in target.reader.get(ids)}
            if grown := _nodes(found) > _nodes(before):
                break
            if len(found) == len(ids) and all(map(first_request.is_whole, found.values())):
                return found
    return found


def _nodes(traces: Mapping[str, Trace]) -> int:
    return sum(len(trace.nodes) for trace in traces.values())
