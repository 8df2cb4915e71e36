"""The trace of a request to an HTTP API or a function URL.

Neither sends a segment on AWS: a tracing header is made for a request that has none, the root alone, and
handed on (https://docs.aws.amazon.com/xray/latest/devguide/xray-services-apigateway.html tells it of the
gateway as it was before REST stages could trace, which HTTP APIs still do as of that page); Lambda decides.
So that the request is seen here, a segment that is marked `inferred` stands for the gateway: what it holds is
what the event's `requestContext` tells, and it is the parent of Lambda's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.interfaces import SamplingDecision, SamplingRequest
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.gateway.http_api.event import full_path, request_context
from embedded_aws.gateway.tracing import milliseconds, status_flags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.ids import Ids
    from embedded_aws.aws.interfaces import Sampler
    from embedded_aws.gateway.event import Arrival
    from embedded_aws.gateway.http_api.model import Stage
    from embedded_aws.gateway.http_api.routing import Match
    from embedded_aws.gateway.method_request import MethodRequest
    from embedded_aws.gateway.response import Response

ORIGINS = {"HTTP": "AWS::ApiGatewayV2::Api", "URL": "AWS::Lambda::Url"}
"""Types of the inferred node: CloudFormation's names, because X-Ray has none."""
_ITS_OWN = {"requestId", "time", "timeEpoch"}
"""Of `requestContext`: what the segment has in other places."""


@dataclass(frozen=True)
class Trace:
    """The trace of one request.

    `gateway_id` is the inferred segment's, `call_id` that of its one call of something that is no function.
    `to_event` is the header's text in the event.
    """

    incoming: TraceHeader
    root: str
    gateway_id: str
    call_id: str
    to_event: str

    @property
    def to_function(self) -> TraceHeader:
        """The context of the Invoke call: what came, below the inferred segment."""
        return replace(self.incoming, root=self.root, parent=self.gateway_id)

    def to_call(self, decision: SamplingDecision) -> TraceHeader:
        """The context of a call of something else, which the inferred segment has in it."""
        return replace(self.incoming, root=self.root, parent=self.call_id, sampled=decision.sampled)


@dataclass(frozen=True)
class Call:
    """What the integration called; times in epoch seconds.

    `recorded`: the trace is kept. `function` and `request_id` are of a function's invocation, `subsegment`
    has name, namespace and data of any other call.
    """

    start: float
    end: float
    recorded: bool
    function: str | None = None
    request_id: str = ""
    decision: SamplingDecision | None = None
    status: int = 200
    subsegment: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it; `end` in epoch seconds.

    `authorized`: a traced invocation of an authorizer decided about it.
    """

    stage: Stage
    route: Match | None
    request: MethodRequest
    arrival: Arrival
    trace: Trace
    response: Response
    end: float
    call: Call | None = None
    authorized: bool = False

    @property
    def recorded(self) -> bool:
        """Whether the trace is kept: by the client's wish, or because something below was recorded."""
        called = bool(self.call and self.call.recorded)
        return self.trace.incoming.sampled is True or self.authorized or called


def begin(request: MethodRequest, ids: Ids, now: float) -> Trace:
    """Read or begin the trace of one request."""
    text = request.header(NAME)
    incoming = TraceHeader.parse(text)
    root = incoming.root or ids.trace_id(now)
    to_event = text if text and incoming.root else f"Root={root}"
    return Trace(
        incoming if incoming.root else TraceHeader(), root, ids.segment_id(), ids.segment_id(), to_event
    )


def decide(stage: Stage, request: MethodRequest, trace: Trace, sampler: Sampler) -> SamplingDecision:
    """Decide about a request that calls no function.

    On AWS nobody would. X-Ray's rules do here, as for the stage of a REST API, so that the call is seen.
    """
    if trace.incoming.sampled is not None:
        return SamplingDecision(sampled=trace.incoming.sampled)
    return sampler.decide(
        SamplingRequest(
            service_name=stage.title,
            service_type=ORIGINS[stage.kind],
            host=stage.domain_name,
            method=request.method,
            path=full_path(stage, request),
            resource_arn=stage.arn,
            attributes=dict(request.headers),
        )
    )


def build_segment(exchange: Exchange) -> dict[str, Any]:
    """Build the inferred segment of a request that is traced."""
    stage, trace, request = exchange.stage, exchange.trace, exchange.request
    context = request_context(stage, exchange.route, request, exchange.arrival)
    told = context["http"]
    described = {"url": f"https://{context['domainName']}{told['path']}", "method": told["method"]}
    described |= {"client_ip": told["sourceIp"], "user_agent": told["userAgent"]}
    segment: dict[str, Any] = {
        "id": trace.gateway_id,
        "trace_id": trace.root,
        "name": stage.title,
        "origin": ORIGINS[stage.kind],
        "inferred": True,
        "start_time": milliseconds(exchange.arrival.at),
        "end_time": milliseconds(exchange.end),
        "http": {
            "request": {name: value for name, value in described.items() if value},
            "response": {"status": exchange.response.status},
        },
        "aws": _aws(stage, context),
        "metadata": {
            "default": {"requestContext": {key: context[key] for key in context if key not in _ITS_OWN}}
        },
        **status_flags(exchange.response.status),
    }
    if trace.incoming.parent:
        segment["parent_id"] = trace.incoming.parent
    if exchange.call and exchange.call.subsegment:
        segment["subsegments"] = [_subsegment(exchange.call, trace.call_id)]
    return segment


def _aws(stage: Stage, context: Mapping[str, Any]) -> dict[str, Any]:
    """Name the API as the stage of a REST API names its own."""
    if stage.kind == "URL":
        return {"request_id": context["requestId"]}
    named = {"account_id": stage.account_id, "rest_api_id": stage.api_id, "stage": stage.name}
    return {"api_gateway": {**named, "request_id": context["requestId"]}}


def _subsegment(call: Call, call_id: str) -> dict[str, Any]:
    return {
        "id": call_id,
        "start_time": milliseconds(call.start),
        "end_time": milliseconds(call.end),
        **(call.subsegment or {}),
        **status_flags(call.status),
    }
