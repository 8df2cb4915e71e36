"""A trace's part of the service graph as JSON, the form that the store keeps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import decode, encode
from embedded_aws.xray.query.graph import Graph, Link, Service, ServiceKey
from embedded_aws.xray.query.statistics import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping


def dump(graph: Graph) -> str:
    keys = list(graph.services)
    numbers = {key: number for number, key in enumerate(keys)}
    services = [
        [*key, service.is_active, service.is_root, _dump_tally(service.tally)]
        for key, service in graph.services.items()
    ]
    edges = [[numbers[a], numbers[b], _dump_tally(tally)] for (a, b), tally in graph.edges.items()]
    links = [[link.trace_id, link.segment_id, numbers[link.consumer], link.received] for link in graph.links]
    events = [
        [queue, numbers[consumer], _dump_counts(ages)] for (queue, consumer), ages in graph.events.items()
    ]
    return encode([services, edges, links, events])


def load(text: str) -> Graph:
    services, edges, links, events = decode(text)
    keys = [ServiceKey(*row[:3]) for row in services]
    graph = Graph()
    for key, (*_, is_active, is_root, tally) in zip(keys, services, strict=True):
        graph.services[key] = Service(_load_tally(tally), is_active, is_root)
    for caller, called, tally in edges:
        graph.edges[keys[caller], keys[called]] = _load_tally(tally)
    graph.links = [Link(trace_id, place, keys[key], received) for trace_id, place, key, received in links]
    for queue, consumer, ages in events:
        graph.events[ServiceKey(*queue), keys[consumer]] = Counter(_load_counts(ages))
    return graph


def _dump_tally(tally: Tally) -> list[Any]:
    responses, durations = _dump_counts(tally.responses), _dump_counts(tally.durations)
    if durations == responses:
        durations = []
    return [tally.start, tally.end, tally.outcomes, tally.seconds, responses, durations]


def _load_tally(row: list[Any]) -> Tally:
    start, end, outcomes, seconds, responses, durations = row
    return Tally(start, end, outcomes, seconds, _load_counts(responses), _load_counts(durations or responses))


def _dump_counts(counts: Mapping[int, int]) -> list[int]:
    """JSON has no integer keys: key, count, key, count, ..."""
    return [number for pair in counts.items() for number in pair]


def _load_counts(numbers: list[int]) -> dict[int, int]:
    pairs = iter(numbers)
    return dict(zip(pairs, pairs, strict=True))
