"""Sends the requests of recordings to a stack or an account, and reads what each left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from waterfall.compare.alignment import walk
from waterfall.compare.normal import Entity, normal_form
from waterfall.proof.budgets import Measured
from waterfall.proof.cases import Case, Filter, Invocation
from waterfall.proof.form import recorded_form
from waterfall.proof.redaction import Redaction
from waterfall.proof.runs import Key, spans
from waterfall.stack import first_request
from waterfall.stack.first_request import Polling, new_trace_id
from waterfall.stack.invocations import invoke
from waterfall.stack.requests import Request
from waterfall.stack.routes import addressed
from waterfall.traces.client import Reader, ReadError, Source
from waterfall.traces.documents import status_of
from waterfall.traces.links import linked_traces
from waterfall.traces.model import Trace

LINKED_WITHIN = 10.0
LINKED_APART = 1.0
"""Seconds within which the consumers of a request's messages are waited for, and the next one of them."""
AWS_WITHIN = 60.0
AWS_PAUSE = 2.0
"""X-Ray shows a trace seconds after it happened, and its calls are limited and paid for."""
LATE, QUIET = 3.0, 0.5
"""Seconds in which a span may come after its trace looks whole, and without one of which none is expected."""
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests are sent and traces read; `apis` are the URLs of its APIs, by name."""

    source: Source
    reader: Reader
    apis: Mapping[str, str]
    redact: Redaction
    now: Callable[[], float] = time.time

    @property
    def polling(self) -> Polling:
        if self.source.aws:
            return Polling(AWS_WITHIN, pause=lambda _: time.sleep(AWS_PAUSE))
        return Polling()


@dataclass(frozen=True, slots=True)
class Run:
    """One request: its trace, those linked to it, and their form."""

    trace: Trace
    linked: tuple[Trace, ...]
    form: tuple[Entity, ...]

    @property
    def seconds(self) -> dict[Key, float]:
        return {key: one.end - one.start for key, one in spans(self.form) if one.fields["kind"] != "trace"}

    @property
    def cold_starts(self) -> list[float]:
        """How long each function took to start, in seconds."""
        return [
            sum(
                self._seconds(trace, child)
                for child in node.children
                if trace.nodes[child].phase in {"init", "restore"}
            )
            for trace in (self.trace, *self.linked)
            for node in trace.nodes
            if node.cold_start
        ]

    def _seconds(self, trace: Trace, at: int) -> float:
        return trace.end_of(trace.nodes[at]) - trace.nodes[at].start


@dataclass(slots=True)
class Observer:
    """Sends one case again and again; the first run says how many linked traces are waited for."""

    case: Case
    place: Place
    linked: int | None = None
    runs: list[Run] = field(default_factory=list)
    cold_starts: list[float] = field(default_factory=list)
    _least: int | None = None

    def warm_up(self) -> None:
        """Send it once without keeping it, but for the time of its cold starts."""
        run = self._run()
        self.cold_starts += run.cold_starts
        if self.linked is None:
            self.linked = len(run.linked)

    def observe(self) -> None:
        """Send it once and keep what it left."""
        run = self._run()
        self.cold_starts += run.cold_starts
        self.linked = max(self.linked or 0, len(run.linked))
        self.runs.append(run)

    def _run(self) -> Run:
        trace_id, told = self._ask()
        trace = first_request.whole_trace(self.place.reader, trace_id, self.place.polling)
        if trace is None:
            raise ReadError(
                f"{self.case.name}: {self.case.title} left no trace {trace_id}{told}: "
                "is tracing on in its stage and function?"
            )
        trace = self._complete(trace)
        linked = tuple(self._linked(trace))
        return Run(trace, linked, recorded_form(trace, linked, self.place.redact))

    def _complete(self, trace: Trace) -> Trace:
        """Wait for spans of functions, which on a busy machine come after the segments around them.

        A run before says how many there are; without one, none may have come for a while.
        """
        since = time.monotonic()
        for _ in replace(self.place.polling, limit=LATE).tries():
            is_quiet = time.monotonic() - since >= QUIET
            if is_quiet if self._least is None else _count(trace) >= self._least:
                break
            for again in self.place.reader.get([trace.id]):
                if _count(again) > _count(trace):
                    trace, since = again, time.monotonic()
        self._least = max(self._least or 0, _count(trace))
        return trace

    def _ask(self) -> tuple[str, str]:
        """Send it; return its trace, and what was answered."""
        asked, trace_id = self.case.asked, new_trace_id(self.place.now())
        assert not isinstance(asked, Filter)  # noqa: S101 - for the type checker: `filtered` is for those
        if isinstance(asked, Invocation):
            failure = invoke(
                self.place.source, asked.function, asked.event, f"Root={trace_id};Sampled=1"
            ).failure
            return trace_id, f" ({failure})" if failure else ""
        headers = {
            "X-Amzn-Trace-Id": f"Root={trace_id};Sampled=1",
            "User-Agent": "waterfall",
            **asked.headers,
        }
        answer = first_request.send(replace(self._addressed(asked), headers=headers), trace_id=None)
        return answer.trace_id or trace_id, f" (answered {answer.status})"

    def _addressed(self, asked: Request) -> Request:
        apis = self.place.apis
        chosen = {
            name: url for name, url in apis.items() if self.case.api in {None, name, name.partition("/")[0]}
        }
        if self.case.api and not chosen:
            raise ReadError(
                f"{self.case.name}: there is no API {self.case.api!r}: there are {', '.join(apis) or 'none'}"
            )
        return addressed(self.place.source, asked, chosen.values())

    def _linked(self, trace: Trace) -> list[Trace]:
        """Wait for the traces of consumers, and of theirs."""
        found: dict[str, Trace] = {trace.id: trace}
        around = [trace]
        for _ in range(_DEEPEST):
            fresh = [each for one in around for each in self._next(one, found)]
            if not fresh:
                break
            found |= {each.id: each for each in fresh}
            around = fresh
        return [each for each in found.values() if each is not trace]

    def _next(self, trace: Trace, known: Mapping[str, Trace]) -> list[Trace]:
        missing = None if self.linked is None else self.linked - (len(known) - 1)
        if missing == 0 or not first_request.has_consumers(trace, self.place.source):
            return []
        limit = max(LINKED_WITHIN, self.place.polling.limit if self.place.source.aws else 0)
        found: list[Trace] = []
        since = time.monotonic()
        for _ in replace(self.place.polling, limit=limit).tries():
            others = linked_traces(self.place.reader, trace, self.place.now())
            fresh = [each for each in others if each.id not in known]
            if len(fresh) > len(found):
                found, since = fresh, time.monotonic()
            is_all = missing is not None and len(found) >= missing
            if is_all or (found and time.monotonic() - since > LINKED_APART):
                break
        polling = self.place.polling
        whole = [first_request.whole_trace(self.place.reader, each.id, polling) for each in found]
        return [each for each in whole if each is not None]


def _count(trace: Trace) -> int:
    """Count what warm and cold traces both have."""
    return sum(1 for _ in walk(normal_form(trace, imports=False)))


def filtered(case: Case, asked: Filter, place: Place) -> list[Run]:
    """Return what requests of others left: the newest that fit, those of the commonest structure."""
    summaries = place.reader.summaries(asked.since, place.now(), limit=case.runs, expression=asked.expression)
    alike: dict[tuple[Key, ...], list[Run]] = {}
    for trace in place.reader.get([each.id for each in summaries]):
        linked = tuple(linked_traces(place.reader, trace, place.now()))
        run = Run(trace, linked, recorded_form(trace, linked, place.redact))
        alike.setdefault(tuple(sorted(key for key, _ in spans(run.form))), []).append(run)
    if not alike:
        raise ReadError(
            f"{case.name}: no trace fits {asked.expression}: look further back with --since, such as 1d"
        )
    return max(alike.values(), key=len)


def measured(runs: Sequence[Run], cold_starts: Sequence[float]) -> Measured:
    """Return what budgets are about."""
    seconds: dict[str | None, list[float]] = {None: [run.trace.duration for run in runs]}
    calls: Counter[str | None] = Counter()
    failures: dict[str, str] = {}
    for run in runs:
        here: Counter[str | None] = Counter()
        for _, one in spans(run.form):
            if one.fields["kind"] == "trace":
                continue
            names = dict.fromkeys((str(one.fields["name"]), one.label))
            for name in names:
                seconds.setdefault(name, []).append(one.end - one.start)
            if one.fields.get("namespace") in {"aws", "remote"}:
                here.update([*names, None])
            if (status := status_of(one.fields)) != "ok":
                failures[f"{one.label}: {status}"] = status
        calls = calls | here  # the most that one run had
    faults = [told for told, status in failures.items() if status == "fault"]
    return Measured(seconds, calls, list(failures), faults, cold_starts)
