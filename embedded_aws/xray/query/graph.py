"""The service graph: one trace's part of it, and the sum over many traces.

https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from embedded_aws.xray.intake.documents import is_trace_id
from embedded_aws.xray.query.inferred import node_identity
from embedded_aws.xray.query.statistics import Tally, histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedded_aws.xray.query.traces import Node, Trace

CLIENT = "client"
QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"


class ServiceKey(NamedTuple):
    """What makes a node: two segments with equal keys are the same service."""

    name: str
    type: str | None = None
    account: str | None = None

    def to_api(self) -> dict[str, Any]:
        """`ServiceId`; fields that the segments did not tell are left out."""
        kind = {} if self.type is None else {"Type": self.type}
        account = {} if self.account is None else {"AccountId": self.account}
        return {"Name": self.name, "Names": [self.name], **account, **kind}


Ends = tuple[ServiceKey, ServiceKey]
"""Caller and called, or queue and consumer."""


class Link(NamedTuple):
    """A consumer's invocation that names the message it came from; `received` in epoch seconds."""

    trace_id: str
    segment_id: str
    consumer: ServiceKey
    received: float


class Queue(NamedTuple):
    """A queue that a message was sent to; `sent` in epoch seconds."""

    key: ServiceKey
    sent: float


Queues = Callable[[str], Mapping[str, Queue]]
"""Tells of a trace, by its id, the queue behind every id that a message of it may carry as its parent."""


@dataclass(slots=True)
class Service:
    tally: Tally = field(default_factory=Tally)
    is_active: bool = False
    is_root: bool = False


@dataclass(slots=True)
class Graph:
    """Services, edges, and the links between traces.

    `links` are those whose queue is not known yet; `events` holds, by queue and consumer, how many
    milliseconds old the received messages were.
    """

    services: defaultdict[ServiceKey, Service] = field(default_factory=lambda: defaultdict(Service))
    edges: defaultdict[Ends, Tally] = field(default_factory=lambda: defaultdict(Tally))
    links: list[Link] = field(default_factory=list)
    events: defaultdict[Ends, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def size(self) -> int:
        """How many counts there are, of which each takes about as much memory."""
        tallies = [*(service.tally for service in self.services.values()), *self.edges.values()]
        counts = sum(len(tally.responses) + len(tally.durations) for tally in tallies)
        return counts + sum(map(len, self.events.values()))

    def merge(self, other: Graph) -> None:
        for key, service in other.services.items():
            mine = self.services[key]
            mine.tally.merge(service.tally)
            mine.is_active |= service.is_active
            mine.is_root |= service.is_root
        for ends, tally in other.edges.items():
            self.edges[ends].merge(tally)
        for ends, ages in other.events.items():
            self.events[ends].update(ages)
        self.links += other.links

    def resolve(self, queues_of: Queues) -> None:
        """Turn the links whose queue is known into events."""
        unknown = []
        for link in self.links:
            if queue := queues_of(link.trace_id).get(link.segment_id):
                age = max(0.0, link.received - queue.sent)
                self.events[queue.key, link.consumer][round(age * 1000)] += 1
            else:
                unknown.append(link)
        self.links = unknown


def service_key(top: Node, trace: Trace) -> ServiceKey:
    """Name the service that a segment belongs to."""
    key: ServiceKey | None = trace.service_keys.get(top)
    if key is None:
        key = trace.service_keys[top] = _service_key(top, trace)
    return key


def _service_key(top: Node, trace: Trace) -> ServiceKey:
    caller = trace.nodes.get(top.parent_id or "")
    # One that came as a segment says itself what it is, as those of HTTP APIs do.
    if top.is_inferred and top.id not in trace.nodes and caller:
        return ServiceKey(*node_identity(caller.fields))
    origin = top.fields.get("origin") or None
    if top.is_inferred and (node := _sent_node(top.fields, origin)):
        return ServiceKey(*node)
    return ServiceKey(top.name, origin, _account(top.fields))


def _sent_node(fields: Mapping[str, Any], origin: str | None) -> tuple[str, str] | None:
    """Return the node of a segment that X-Ray made up, when it was read from AWS and sent here.

    It is named after the service, `DynamoDB`, and its node after the table. What AWS does not infer has
    another origin, and is its own node.
    """
    name, kind = node_identity({**fields, "namespace": "aws" if origin else "remote"})
    return (name, kind) if kind == (origin or "remote") else None


def trace_graph(trace: Trace) -> Graph:
    """Work out what one trace adds to the service graph."""
    graph = Graph()
    segments = [top for top in trace.tops if top.is_segment] + list(trace.inferred)
    for segment in segments:
        key = service_key(segment, trace)
        service = graph.services[key]
        service.is_active |= not segment.is_inferred
        service.tally.add(segment.fields, segment.start, segment.end, duration=_duration(segment))
        _add_edge(graph, trace, segment, key)
        graph.links += [Link(link["trace_id"], link["id"], key, segment.start) for link in _links(segment)]
    if trace.root.is_segment:
        _add_client(graph, trace)
    return graph


def _add_client(graph: Graph, trace: Trace) -> None:
    """X-Ray draws the unknown caller of the root, with the root's own view of the calls."""
    root = service_key(trace.root, trace)
    graph.services[root].is_root = True
    client = ServiceKey(root.name, CLIENT)
    graph.services[client].tally.start = trace.root.start
    graph.services[client].tally.end = trace.root.start if trace.root.end is None else trace.root.end
    graph.edges[client, root].add(trace.root.fields, trace.root.start, trace.root.end)


def _add_edge(graph: Graph, trace: Trace, segment: Node, key: ServiceKey) -> None:
    """The caller's subsegment describes the edge; a segment as caller (Lambda's own) describes it itself."""
    caller = trace.caller_of(segment)
    if caller is None or not caller.top.is_segment or caller.top is segment:
        return
    edge = graph.edges[service_key(caller.top, trace), key]
    edge.add(caller.fields, caller.start, caller.end, is_synchronous=not _is_asynchronous(caller, segment))


def _is_asynchronous(caller: Node, segment: Node) -> bool:
    response = segment.fields.get("http", {}).get("response", {})
    if segment.fields.get("origin") == "AWS::Lambda" and response.get("status") == 202:
        return True
    return bool(caller.fields.get("aws", {}).get("invocation_type") == "Event")


def _duration(segment: Node) -> float:
    ends = (node.start if node.end is None else node.end for node in segment.walk())
    return max(ends) - segment.start


def _links(segment: Node) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = segment.fields.get("links", ())
    return (link for link in found if "id" in link and is_trace_id(link.get("trace_id", "")))


def queues(trace: Trace) -> dict[str, Queue]:
    """Find the queue behind every id that a message may carry as its parent.

    That is the call's own id, or the id of what encloses the call when the sender's SDK did not put its own
    id into the message; an id that encloses calls to several queues tells nothing.
    """
    found: dict[str, set[Queue]] = defaultdict(set)
    for node in trace.nodes.values():
        if not node.is_segment and node.fields.get("namespace") == "aws":
            name, kind = node_identity(node.fields)
            if kind == QUEUE:
                queue = Queue(ServiceKey(name, kind), node.start if node.end is None else node.end)
                for place in _lineage(node, trace):
                    found[place.id].add(queue)
    return {
        node_id: max(behind, key=lambda queue: queue.sent)
        for node_id, behind in found.items()
        if len({queue.key for queue in behind}) == 1
    }


def _lineage(node: Node, trace: Trace) -> Iterable[Node]:
    yield node
    while node is not node.top:
        node = trace.nodes[node.parent_id or ""]
        yield node
    # ADOT's wrapper makes a segment of its own below the function's, and messages carry the id of that.
    above = trace.caller_of(node)
    if above and above.is_segment and above.fields.get("origin") == FUNCTION:
        yield above


def _account(fields: Mapping[str, Any]) -> str | None:
    aws = fields.get("aws", {})
    for account in (aws.get("account_id"), aws.get("api_gateway", {}).get("account_id")):
        if isinstance(account, str) and account:
            return account
    for arn in (fields.get("resource_arn"), aws.get("function_arn")):
        if isinstance(arn, str) and len(parts := arn.split(":")) > 4 and parts[4]:
            return parts[4]
    return None


def to_api(graph: Graph) -> list[dict[str, Any]]:
    """Return `Services`, clients first, then roots, then by type and name."""
    keys = sorted(graph.services, key=lambda key: _place(key, graph))
    numbers = {key: number for number, key in enumerate(keys)}
    outgoing: dict[ServiceKey, list[dict[str, Any]]] = defaultdict(list)
    for (caller, called), tally in graph.edges.items():
        outgoing[caller].append(_edge(numbers[called], tally))
    for (queue, consumer), ages in graph.events.items():
        if queue in numbers:
            outgoing[queue].append(_link_edge(numbers[consumer], ages))
    return [_service(key, number, graph.services[key], outgoing[key]) for key, number in numbers.items()]


def _place(key: ServiceKey, graph: Graph) -> tuple[bool, bool, str, str, str]:
    is_client = key.type == CLIENT
    return not is_client, not graph.services[key].is_root, key.type or "", key.name, key.account or ""


def _edge(target: int, tally: Tally) -> dict[str, Any]:
    return {
        "ReferenceId": target,
        **tally.times(),
        "SummaryStatistics": tally.summary(),
        "ResponseTimeHistogram": histogram(tally.responses),
        "Aliases": [],
    }


def _link_edge(target: int, ages: Counter[int]) -> dict[str, Any]:
    # X-Ray leaves statistics and response times of these edges empty: nobody waited.
    return {
        "ReferenceId": target,
        "SummaryStatistics": Tally().summary(),
        "ResponseTimeHistogram": [],
        "Aliases": [],
        "EdgeType": "link",
        "ReceivedEventAgeHistogram": histogram(ages),
    }


def _service(key: ServiceKey, number: int, service: Service, edges: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ReferenceId": number,
        **key.to_api(),
        "Root": service.is_root,
        "State": "active" if service.is_active else "unknown",
        **service.tally.times(),
        "Edges": sorted(edges, key=lambda edge: edge["ReferenceId"]),
        "SummaryStatistics": service.tally.summary(),
        "DurationHistogram": histogram(service.tally.durations),
        "ResponseTimeHistogram": histogram(service.tally.responses),
    }
