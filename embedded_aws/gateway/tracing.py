"""What a stage does about X-Ray: the decision, the headers, and its segment.

https://docs.aws.amazon.com/xray/latest/devguide/xray-services-apigateway.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.interfaces import Sampler, SamplingDecision, SamplingRequest
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.gateway.lambda_calls import function_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.ids import Ids
    from embedded_aws.gateway.event import Arrival
    from embedded_aws.gateway.method_request import MethodRequest
    from embedded_aws.gateway.model import Stage
    from embedded_aws.gateway.response import Response

ORIGIN = "AWS::ApiGateway::Stage"


@dataclass(frozen=True)
class Trace:
    """The trace of one request.

    `decision` is `None` when the stage does not trace; `recorded`: it sends a segment. `to_event` is the
    header's text in the event, `to_function` the context of the Invoke call, `to_client` the response's
    header.
    """

    incoming: TraceHeader
    root: str
    segment_id: str
    subsegment_id: str
    decision: SamplingDecision | None
    to_event: str
    to_function: TraceHeader

    @property
    def recorded(self) -> bool:
        return self.decision is not None and self.decision.sampled

    @property
    def to_client(self) -> str:
        return (self.to_function if self.to_function.root else TraceHeader(root=self.root)).format()


@dataclass(frozen=True)
class IntegrationCall:
    """The call of an integration or an authorizer, times in epoch seconds; `id` is its subsegment's.

    `status` and `content_length` are those of the reply that a function asked for; when Lambda itself
    refused, `status` is Lambda's. `request_id` is Lambda's. Of a call that is not of a function, `name`,
    `url`, `method` and, when it is AWS's, `aws` describe the subsegment.
    """

    id: str
    start: float
    end: float
    status: int
    function_arn: str | None = None
    content_length: int = 0
    request_id: str = ""
    error: str | None = None
    name: str = "Lambda"
    url: str = ""
    method: str = ""
    aws: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it; `end` in epoch seconds.

    `call` is the integration's, `authorization` that of an authorizer, if one was asked.
    """

    stage: Stage
    request: MethodRequest
    arrival: Arrival
    trace: Trace
    response: Response
    end: float
    call: IntegrationCall | None = None
    authorization: IntegrationCall | None = None


def begin(stage: Stage, request: MethodRequest, sampler: Sampler, ids: Ids, now: float) -> Trace:
    """Decide about the trace of one request.

    A decision that came with the request is honoured. The event's header is the incoming one; when the
    gateway starts the trace it holds the root alone, without parent and decision, as AWS sends it.
    A stage without tracing sends no segment and hands on what came.
    """
    text = request.header(NAME)
    incoming = TraceHeader.parse(text)
    root = incoming.root or ids.trace_id(now)
    to_event = text if text and incoming.root else f"Root={root}"
    segment_id, subsegment_id = ids.segment_id(), ids.segment_id()
    if not stage.tracing:
        handed_on = incoming if incoming.root else TraceHeader()
        return Trace(incoming, root, segment_id, subsegment_id, None, to_event, handed_on)
    decision = _decide(stage, request, incoming, sampler)
    to_function = replace(incoming, root=root, parent=subsegment_id, sampled=decision.sampled)
    return Trace(incoming, root, segment_id, subsegment_id, decision, to_event, to_function)


def _decide(
    stage: Stage, request: MethodRequest, incoming: TraceHeader, sampler: Sampler
) -> SamplingDecision:
    if incoming.root and incoming.sampled is not None:
        return SamplingDecision(sampled=incoming.sampled)
    return sampler.decide(
        SamplingRequest(
            service_name=f"{stage.api_name}/{stage.name}",
            service_type=ORIGIN,
            host=stage.domain_name,
            method=request.method,
            path=f"/{stage.name}{request.path}",
            resource_arn=stage.arn,
            attributes=dict(request.headers),
        )
    )


def build_segment(exchange: Exchange) -> dict[str, Any]:
    """Build the stage's segment document, with a subsegment for each call."""
    stage, request, arrival = exchange.stage, exchange.request, exchange.arrival
    trace = exchange.trace
    aws: dict[str, Any] = {
        "api_gateway": {
            "account_id": stage.account_id,
            "rest_api_id": stage.api_id,
            "stage": stage.name,
            "request_id": arrival.request_id,
        }
    }
    if trace.decision and trace.decision.rule_name:
        aws["xray"] = {"sampling_rule_name": trace.decision.rule_name}
    segment: dict[str, Any] = {
        "id": trace.segment_id,
        "trace_id": trace.root,
        "name": f"{stage.api_name}/{stage.name}",
        "origin": ORIGIN,
        "resource_arn": stage.arn,
        "start_time": milliseconds(arrival.at),
        "end_time": milliseconds(exchange.end),
        "http": {
            "request": _http_request(stage, request),
            # 0 in every document of AWS that is public.
            "response": {"status": exchange.response.status, "content_length": 0},
        },
        "aws": aws,
        "annotations": {"aws:api_id": stage.api_id, "aws:api_stage": stage.name},
        "metadata": {
            "default": {
                "extended_request_id": arrival.extended_request_id,
                "request_id": arrival.request_id,
            }
        },
        **status_flags(exchange.response.status),
    }
    if trace.incoming.root and trace.incoming.parent:
        segment["parent_id"] = trace.incoming.parent
    calls = [call for call in (exchange.authorization, exchange.call) if call]
    if calls:
        segment["subsegments"] = [_build_subsegment(exchange, call) for call in calls]
    return segment


def _http_request(stage: Stage, request: MethodRequest) -> dict[str, Any]:
    described: dict[str, Any] = {
        "url": f"https://{stage.domain_name}/{stage.name}{request.path}",
        "method": request.method,
        "client_ip": request.source_ip,
        "x_forwarded_for": True,
    }
    user_agent = request.header("User-Agent")
    if user_agent:
        described["user_agent"] = user_agent
    return described


def _build_subsegment(exchange: Exchange, call: IntegrationCall) -> dict[str, Any]:
    region, arn = exchange.stage.region, call.function_arn
    aws, url, method = call.aws, call.url, call.method
    if arn:
        aws = {"function_name": function_name(arn), "region": region, "operation": "Invoke"}
        url = f"https://lambda.{region}.amazonaws.com/2015-03-31/functions/{arn}/invocations"
        method = exchange.request.method
    return {
        "id": call.id,
        "name": call.name,
        "namespace": "remote" if aws is None else "aws",
        "start_time": milliseconds(call.start),
        "end_time": milliseconds(call.end),
        "http": {
            "request": {"url": url, "method": method},
            "response": {"status": call.status, "content_length": call.content_length},
        },
        **({} if aws is None else {"aws": dict(aws)}),
        **status_flags(call.status),
    }


def status_flags(status: int) -> dict[str, bool]:
    if status >= 500:
        return {"fault": True}
    if status == 429:
        return {"error": True, "throttle": True}
    return {"error": True} if status >= 400 else {}


def milliseconds(seconds: float) -> float:
    return round(seconds, 3)
