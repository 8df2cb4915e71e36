"""What queries need of one trace, worked out of its documents once."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.aws.parsing import encode
from embedded_aws.xray.query import graph_json
from embedded_aws.xray.query.filters.facts import work_out
from embedded_aws.xray.query.graph import trace_graph
from embedded_aws.xray.query.summaries import summarize

if TYPE_CHECKING:
    from embedded_aws.xray.query.filters.facts import Facts
    from embedded_aws.xray.query.graph import Queues
    from embedded_aws.xray.query.traces import Trace


@dataclass(frozen=True, slots=True)
class Digest:
    """What queries need of one trace, as JSON: its summary, its part of the service graph, its facts."""

    summary: str
    graph: str
    facts: Facts


def columns(digest: Digest) -> tuple[str, str, str]:
    """Return the texts that the store keeps: summary, graph, and facts as lines, the last one a checksum."""
    facts = "\n".join(digest.facts)
    return digest.summary, digest.graph, f"{facts}\n{_checksum(digest.summary, digest.graph, facts)}"


def stored(summary: str | None, graph: str, lines: str) -> Digest | None:
    """Return a digest of such texts; `None` when there is none, or not all is as it was written."""
    if summary is None:
        return None
    try:
        facts, _, checksum = lines.rpartition("\n")
        if checksum == str(_checksum(summary, graph, facts)):
            trace, services, edges = facts.split("\n")
            return Digest(summary, graph, (trace, services, edges))
    except (AttributeError, TypeError):  # no text
        return None
    return None


def _checksum(*texts: str) -> int:
    return zlib.crc32("\n".join(texts).encode())


def digest_of(trace: Trace, queues_of: Queues) -> Digest:
    """Work out a trace's digest; `queues_of` tells the queues that its messages came from."""
    graph = trace_graph(trace)
    graph.resolve(queues_of)
    summary = summarize(trace)
    return Digest(encode(summary), graph_json.dump(graph), work_out(trace, summary))
