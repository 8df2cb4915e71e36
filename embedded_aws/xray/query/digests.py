"""What queries need of one trace, worked out of its documents once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.aws.parsing import encode
from embedded_aws.xray.query import graph_json
from embedded_aws.xray.query.filters.facts import work_out
from embedded_aws.xray.query.graph import trace_graph
from embedded_aws.xray.query.summaries import summarize

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.xray.query.filters.facts import Facts
    from embedded_aws.xray.query.graph import Graph
    from embedded_aws.xray.query.traces import Trace


@dataclass(frozen=True, slots=True)
class Digest:
    """What queries need of one trace, as JSON: its summary, its part of the service graph, its facts."""

    summary: str
    graph: str
    facts: Facts


def stored(summary: str | None, graph: str, facts: str) -> Digest | None:
    """Return a digest of which the facts are lines of one text; `None` for one that was cut or is no JSON."""
    if summary is None:
        return None
    parts = facts.split("\n")
    if len(parts) != 3 or not (summary.endswith("}") and all(text.endswith("]") for text in (graph, *parts))):
        return None
    trace, services, edges = parts
    return Digest(summary, graph, (trace, services, edges))


def digest_of(trace: Trace, resolve_links: Callable[[Graph], None]) -> Digest:
    """Work out a trace's digest; `resolve_links` finds the queues that its messages came from."""
    graph = trace_graph(trace)
    resolve_links(graph)
    summary = summarize(trace)
    return Digest(encode(summary), graph_json.dump(graph), work_out(trace, summary))
