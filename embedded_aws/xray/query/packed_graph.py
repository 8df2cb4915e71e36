"""Service graphs that are kept for long, in a tenth of the memory."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.xray.query.graph import Graph
from embedded_aws.xray.query.statistics import Tally

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Mapping, Sequence

    from embedded_aws.xray.query.graph import Ends, Link, ServiceKey


class _Counts:
    """A histogram in two arrays."""

    __slots__ = ("_counts", "_milliseconds")

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._milliseconds, self._counts = _packed(counts), _packed(counts.values())

    def counts(self) -> dict[int, int]:
        return dict(zip(self._milliseconds, self._counts, strict=True))


def _packed(numbers: Collection[int]) -> Sequence[int]:
    try:
        return array("I", numbers)
    except OverflowError:  # documents may have any times
        return list(numbers)


class _PackedTally:
    __slots__ = ("_durations", "_responses", "_tally")

    def __init__(self, tally: Tally) -> None:
        self._tally = Tally(tally.start, tally.end, tally.outcomes, tally.seconds)
        self._responses = _Counts(tally.responses)
        is_same = tally.durations == tally.responses
        self._durations = self._responses if is_same else _Counts(tally.durations)

    def tally(self) -> Tally:
        """Return it as it was; it shares its outcomes, and is only to be merged into another."""
        tally, responses = self._tally, self._responses.counts()
        durations = responses if self._durations is self._responses else self._durations.counts()
        return Tally(tally.start, tally.end, tally.outcomes, tally.seconds, responses, durations)


@dataclass(slots=True, frozen=True)
class PackedGraph:
    """A graph that nothing is added to any more; `size` is that of the graph."""

    size: int
    _services: Sequence[tuple[ServiceKey, bool, bool, _PackedTally]]
    _edges: Sequence[tuple[Ends, _PackedTally]]
    _links: Sequence[Link]
    _events: Sequence[tuple[Ends, Counter[int]]]

    @classmethod
    def of(cls, graph: Graph) -> PackedGraph:
        """Pack a graph, which is not to be changed afterwards."""
        return cls(
            graph.size,
            [
                (key, service.is_active, service.is_root, _PackedTally(service.tally))
                for key, service in graph.services.items()
            ],
            [(ends, _PackedTally(tally)) for ends, tally in graph.edges.items()],
            graph.links,
            list(graph.events.items()),
        )

    def add_to(self, total: Graph) -> None:
        """Merge the graph into another one."""
        for key, is_active, is_root, packed in self._services:
            service = total.services[key]
            service.tally.merge(packed.tally())
            service.is_active |= is_active
            service.is_root |= is_root
        for ends, packed in self._edges:
            total.edges[ends].merge(packed.tally())
        for ends, ages in self._events:
            total.events[ends].update(ages)
        total.links += self._links
