"""Graphs that are kept in little memory."""

from __future__ import annotations

import pytest

from embedded_aws.xray.query.graph import Graph, Link, ServiceKey
from embedded_aws.xray.query.packed_graph import PackedGraph

FRONT, WORKER = ServiceKey("front", "AWS::Lambda", "1"), ServiceKey("worker", None, None)


def graph(*seconds: float) -> Graph:
    """Return one with something of everything; each response takes so long."""
    made = Graph()
    for number, taken in enumerate(seconds):
        service = made.services[FRONT]
        service.is_active, service.is_root = True, number == 0
        service.tally.add({"fault": number == 1}, 1.0, 1.0 + taken, duration=2 * taken)
        made.edges[FRONT, WORKER].add({}, 1.0, 1.0 + taken)
        made.events[WORKER, FRONT][number] += 1
        made.links.append(Link("1-0-0", f"{number}", WORKER, 1.0))
    return made


@pytest.mark.parametrize(
    "seconds", [(), (0.0,), (0.1, 0.2, 0.1), (1e-9, 1e300)], ids=["nothing", "one", "several", "any time"]
)
def test_a_graph_is_the_same_after_it_was_packed(seconds: tuple[float, ...]) -> None:
    """Times may be those of any document."""
    packed, total = PackedGraph.of(graph(*seconds)), Graph()
    packed.add_to(total)
    assert total == graph(*seconds)
    assert packed.size == graph(*seconds).size


def test_what_is_packed_stays_as_it_is_when_it_is_added_to_others() -> None:
    """The same minute is in many ranges."""
    packed = PackedGraph.of(graph(0.1, 0.2))
    totals = [Graph(), Graph(), graph(0.1, 0.2)]
    for total in totals:
        packed.add_to(total)
        total.merge(graph(0.3, 0.1))
    assert totals[0] == totals[1]
    expected = graph(0.1, 0.2)
    expected.merge(graph(0.1, 0.2))
    expected.merge(graph(0.3, 0.1))
    assert totals[2] == expected
