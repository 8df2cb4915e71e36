"""The service map: service graphs as X-Ray answers them, brought into shape. Times are seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waterfall.traces.documents import list_of, mapping_of, number_of, text_of, whole_of


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
        reference=_whole(answer, "ReferenceId"),
        name=text_of(answer.get("Name")) or "(no name)",
        type=text_of(answer.get("Type")),
        is_root=answer.get("Root") is True,
        is_inferred=answer.get("State") == "unknown",
        counts=_counts(answer),
        histogram=_histogram(answer),
        edges=tuple(_edge(edge) for edge in map(mapping_of, list_of(answer.get("Edges")))),
    )


def _edge(answer: Mapping[str, Any]) -> Edge:
    is_link = answer.get("EdgeType") == "link"
    return Edge(_whole(answer, "ReferenceId"), _counts(answer), _histogram(answer), is_link)


def _counts(answer: Mapping[str, Any]) -> Counts:
    statistics = mapping_of(answer.get("SummaryStatistics"))
    errors = mapping_of(statistics.get("ErrorStatistics"))
    faults = mapping_of(statistics.get("FaultStatistics"))
    return Counts(
        total=_whole(statistics, "TotalCount"),
        ok=_whole(statistics, "OkCount"),
        errors=_whole(errors, "OtherCount"),
        throttles=_whole(errors, "ThrottleCount"),
        faults=_whole(faults, "TotalCount"),
        seconds=number_of(statistics.get("TotalResponseTime")) or 0.0,
    )


def _whole(answer: Mapping[str, Any], key: str) -> int:
    return whole_of(answer.get(key)) or 0


def _histogram(answer: Mapping[str, Any]) -> tuple[tuple[float, int], ...]:
    entries = [mapping_of(entry) for entry in list_of(answer.get("ResponseTimeHistogram"))]
    return tuple(sorted((number_of(entry.get("Value")) or 0.0, _whole(entry, "Count")) for entry in entries))


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
