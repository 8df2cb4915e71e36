"""Trace summaries and service graphs as X-Ray answers them, brought into shape. Times are seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from waterfall.traces.documents import list_of, mapping_of, number_of, text_of
from waterfall.traces.model import FAULT_ANNOTATION, Http, Status

_VALUES = ("StringValue", "NumberValue", "BooleanValue")


@dataclass(frozen=True, slots=True)
class Summary:
    """One element of GetTraceSummaries; `start` is `None` when neither it nor the id tells the time."""

    id: str
    start: float | None
    duration: float
    response_time: float | None
    status: Status
    throttled: bool
    unfinished: bool
    http: Http
    entry: str | None
    entry_type: str | None
    annotations: Mapping[str, tuple[Any, ...]]
    injected: tuple[str, ...] = ()

    @property
    def is_request(self) -> bool:
        """Tell whether the trace began with an HTTP request, not with a message or a direct call."""
        return self.http.method is not None or self.http.url is not None


def summary(answer: Mapping[str, Any]) -> Summary:
    http, entry = mapping_of(answer.get("Http")), mapping_of(answer.get("EntryPoint"))
    http_status = number_of(http.get("HttpStatus"))
    identifier = answer.get("Id", "")
    return Summary(
        id=identifier,
        start=_time(answer.get("StartTime")) or time_in(identifier),
        duration=number_of(answer.get("Duration")) or 0.0,
        response_time=number_of(answer.get("ResponseTime")),
        status=_status(answer),
        throttled=answer.get("HasThrottle") is True,
        unfinished=answer.get("IsPartial") is True,
        http=Http(
            text_of(http.get("HttpMethod")),
            text_of(http.get("HttpURL")),
            None if http_status is None else int(http_status),
        ),
        entry=text_of(entry.get("Name")),
        entry_type=text_of(entry.get("Type")),
        annotations={
            key: _annotation(values) for key, values in mapping_of(answer.get("Annotations")).items()
        },
        injected=_injected(mapping_of(answer.get("Annotations"))),
    )


def _injected(annotations: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the services that met a fault of an experiment."""
    ids = [
        id_
        for value in list_of(annotations.get(FAULT_ANNOTATION))
        for id_ in list_of(value.get("ServiceIds"))
    ]
    return tuple(dict.fromkeys(name for id_ in ids if (name := text_of(mapping_of(id_).get("Name")))))


def _status(answer: Mapping[str, Any]) -> Status:
    """Return the root's status; a throttle anywhere below is `throttled`, not the trace's own status."""
    if answer.get("HasFault") is True:
        return "fault"
    if answer.get("HasError") is not True:
        return "ok"
    return "throttle" if answer.get("HasThrottle") is True else "error"


def _annotation(values: Any) -> tuple[Any, ...]:
    found = [mapping_of(mapping_of(item).get("AnnotationValue")) for item in list_of(values)]
    return tuple(value[kind] for value in found for kind in _VALUES if kind in value)


def _time(value: Any) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else number_of(value)


def time_in(trace_id: str) -> float | None:
    """Return the time that a trace id carries, in whole seconds."""
    try:
        return float(int(trace_id.split("-")[1], 16))
    except (IndexError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Counts:
    """How calls ended; `errors` are 4xx without throttles."""

    total: int = 0
    ok: int = 0
    errors: int = 0
    throttles: int = 0
    faults: int = 0
    seconds: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.seconds / self.total if self.total else None

    @property
    def outcomes(self) -> dict[str, int]:
        return {"ok": self.ok, "errors": self.errors, "throttles": self.throttles, "faults": self.faults}


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls from one service to another; `is_link` for messages that were picked up later."""

    target: int
    counts: Counts
    histogram: tuple[tuple[float, int], ...]
    is_link: bool


@dataclass(frozen=True, slots=True)
class Service:
    """A node of the service map; `type` is `client` for whoever called the first service."""

    reference: int
    name: str
    type: str | None
    is_root: bool
    is_inferred: bool
    counts: Counts
    histogram: tuple[tuple[float, int], ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """Services in the order in which requests reach them, over the seconds from `start` to `end`.

    `injected` has the names of those that met a fault of an experiment.
    """

    start: float
    end: float
    services: tuple[Service, ...]
    injected: frozenset[str] = frozenset()

    def named(self, reference: int) -> Service | None:
        return next((service for service in self.services if service.reference == reference), None)


def service_map(services: Iterable[Mapping[str, Any]], start: float, end: float) -> ServiceMap:
    """Build the map from the services of GetServiceGraph or GetTraceGraph."""
    return ServiceMap(start, end, _in_order([_service(answer) for answer in services]))


def _service(answer: Mapping[str, Any]) -> Service:
    return Service(
        reference=int(number_of(answer.get("ReferenceId")) or 0),
        name=text_of(answer.get("Name")) or "(no name)",
        type=text_of(answer.get("Type")),
        is_root=answer.get("Root") is True,
        is_inferred=answer.get("State") == "unknown",
        counts=_counts(answer),
        histogram=_histogram(answer),
        edges=tuple(_edge(edge) for edge in map(mapping_of, list_of(answer.get("Edges")))),
    )


def _edge(answer: Mapping[str, Any]) -> Edge:
    target = int(number_of(answer.get("ReferenceId")) or 0)
    return Edge(target, _counts(answer), _histogram(answer), answer.get("EdgeType") == "link")


def _counts(answer: Mapping[str, Any]) -> Counts:
    statistics = mapping_of(answer.get("SummaryStatistics"))
    errors = mapping_of(statistics.get("ErrorStatistics"))
    faults = mapping_of(statistics.get("FaultStatistics"))
    return Counts(
        total=_count(statistics, "TotalCount"),
        ok=_count(statistics, "OkCount"),
        errors=_count(errors, "OtherCount"),
        throttles=_count(errors, "ThrottleCount"),
        faults=_count(faults, "TotalCount"),
        seconds=number_of(statistics.get("TotalResponseTime")) or 0.0,
    )


def _count(answer: Mapping[str, Any], key: str) -> int:
    return int(number_of(answer.get(key)) or 0)


def _histogram(answer: Mapping[str, Any]) -> tuple[tuple[float, int], ...]:
    entries = [mapping_of(entry) for entry in list_of(answer.get("ResponseTimeHistogram"))]
    return tuple(sorted((number_of(entry.get("Value")) or 0.0, _count(entry, "Count")) for entry in entries))


def percentile(histogram: Sequence[tuple[float, int]], share: float) -> float | None:
    """Return the least value that at least `share` of the counted calls did not exceed."""
    wanted = math.ceil(share * sum(count for _, count in histogram))
    reached = 0
    for value, count in histogram:
        reached += count
        if reached >= wanted and count:
            return value
    return None


def _in_order(services: Sequence[Service]) -> tuple[Service, ...]:
    """Return callers before what they call, where the map has no cycle."""
    by_reference = {service.reference: service for service in services}
    called = {edge.target for service in services for edge in service.edges}
    first = sorted((s for s in services if s.reference not in called), key=_calls_made, reverse=True)
    order: dict[int, Service] = {}
    for start in [*first, *services]:
        pending = [start]
        while pending:
            service = pending.pop()
            if service.reference in order:
                continue
            order[service.reference] = service
            targets = [by_reference[e.target] for e in service.edges if e.target in by_reference]
            pending += targets[::-1]
    return tuple(order.values())


def _calls_made(service: Service) -> int:
    return sum(edge.counts.total for edge in service.edges)
