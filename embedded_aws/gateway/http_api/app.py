"""HTTP APIs and function URLs as an ASGI application: takes requests for what is deployed, answers them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.trace_header import NAME
from embedded_aws.gateway.http_api import response as answers
from embedded_aws.gateway.http_api.access_log import build_line
from embedded_aws.gateway.http_api.authorizers import Authorizers
from embedded_aws.gateway.http_api.cors import preflight, with_cors
from embedded_aws.gateway.http_api.event import request_context
from embedded_aws.gateway.http_api.integrations import Integrations
from embedded_aws.gateway.http_api.journal import describe
from embedded_aws.gateway.http_api.model import DEFAULT
from embedded_aws.gateway.http_api.parameters import Parameters
from embedded_aws.gateway.http_api.routing import Match, Routed, match
from embedded_aws.gateway.http_api.tracing import Call, Exchange, begin, build_segment
from embedded_aws.gateway.response import MAX_PAYLOAD, Response
from embedded_aws.gateway.throttling import Throttling
from embedded_aws.gateway.user_pools import NoUserPools

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.aws.calls import AwsCall
    from embedded_aws.aws.ids import Clock, Ids
    from embedded_aws.aws.interfaces import Sampler, SegmentSink
    from embedded_aws.gateway.event import Arrival
    from embedded_aws.gateway.http_api.model import Stage, Stages
    from embedded_aws.gateway.http_api.tracing import Trace
    from embedded_aws.gateway.lambda_calls import LambdaCalls
    from embedded_aws.gateway.method_request import Address, MethodRequest
    from embedded_aws.gateway.model import AccessLogs
    from embedded_aws.gateway.user_pools import UserPools
    from embedded_aws.journal.records import ApiRequest

_LOG = logging.getLogger(__name__)
_MOST_URL_PAYLOAD = 6 * 1024 * 1024


@dataclass(frozen=True)
class Services:
    """What HTTP APIs need of the other parts; `record` takes what is to be known of each request."""

    stages: Stages
    functions: LambdaCalls
    aws: AwsCall
    sampler: Sampler
    segments: SegmentSink
    access_logs: AccessLogs
    record: Callable[[ApiRequest], None]
    pools: UserPools = field(default_factory=NoUserPools)


@dataclass
class HttpGateway:
    """Answers requests to HTTP APIs and function URLs."""

    services: Services
    clock: Clock
    ids: Ids
    _warned: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        services = self.services
        self._throttling = Throttling(self.clock)
        self._authorizers = Authorizers(services.functions, services.pools, self.clock)
        self._integrations = Integrations(services.functions, services.aws, services.sampler, self.clock)

    def knows(self, api_id: str) -> bool:
        """Tell whether there is an HTTP API, or a function URL, of that id."""
        return self.services.stages.knows(api_id)

    async def answer(self, address: Address, request: MethodRequest, arrival: Arrival) -> Response:
        """Answer one request; its `path` has the stage's name in it."""
        stage, request = self._stage(address, request)
        if stage is None:
            return _with_id(answers.NOT_FOUND, "HTTP", arrival)
        if stage.cors and (told := preflight(stage.cors, request)):
            return _with_id(told, stage.kind, arrival)
        trace = begin(request, self.ids, arrival.at)
        route = match(stage.routes, request.method, request.path)
        response, call, asked = await self._route(stage, route, request, arrival, trace)
        if stage.cors:
            response = with_cors(stage.cors, request, response)
        exchange = Exchange(stage, route, request, arrival, trace, response, self.clock(), call, asked)
        self._guarded(exchange)
        if stage.kind == "URL":
            response = replace(response, headers=(*response.headers, (NAME, _to_client(exchange))))
        return _with_id(response, stage.kind, arrival)

    def _stage(self, address: Address, request: MethodRequest) -> tuple[Stage | None, MethodRequest]:
        """Find the stage that the path's first segment names, else the default one."""
        named = address.stage and self.services.stages.stage(address.api_id, address.stage)
        if named:
            return named, replace(request, path=address.path)
        default = self.services.stages.stage(address.api_id, DEFAULT)
        return default, replace(request, path=address.whole)

    async def _route(
        self, stage: Stage, route: Match | None, request: MethodRequest, arrival: Arrival, trace: Trace
    ) -> tuple[Response, Call | None, bool]:
        """Return the response, what was called, and whether a traced authorizer was asked."""
        if route is None:
            return answers.NOT_FOUND, None, False
        if refusal := self._refuse(stage, route, request):
            return refusal, None, False
        context = request_context(stage, route, request, arrival)
        parameters = Parameters(request, route.path_parameters, context, stage.variables)
        routed = Routed(stage, route, request, arrival, trace)
        checked = await self._authorizers.check(routed, parameters)
        if isinstance(checked.result, Response):
            return checked.result, None, checked.recorded
        if checked.result:
            known = {**context, "authorizer": checked.result.said}
            parameters = Parameters(request, route.path_parameters, known, stage.variables)
        response, call = await self._integrations.call(routed, parameters, checked.result)
        return response, call, checked.recorded

    def _refuse(self, stage: Stage, route: Match, request: MethodRequest) -> Response | None:
        """Return the error of a request that does not reach its integration."""
        if stage.kind == "URL" and route.route.authorization == "AWS_IAM" and not _is_signed(request):
            return answers.URL_FORBIDDEN
        unsupported = self._authorizers.unsupported(stage, route) or self._integrations.unsupported(
            stage, route.route.integration
        )
        if unsupported:
            return self._not_emulated(f"{stage.title}: {route.route.key}", unsupported)
        throttle = stage.throttles.get(route.route.key) or stage.throttles.get("*")
        key = (stage.region, stage.api_id, stage.name, route.route.key)
        if throttle and not self._throttling.take(key, throttle):
            return answers.TOO_MANY_REQUESTS
        limit = _MOST_URL_PAYLOAD if stage.kind == "URL" else MAX_PAYLOAD
        return answers.TOO_LARGE if len(request.body) > limit else None

    def _not_emulated(self, where: str, what: str) -> Response:
        if where not in self._warned:
            self._warned.add(where)
            _LOG.warning("%s answers 501: the embedded AWS does not emulate %s", where, what)
        return answers.not_emulated(what)

    def _guarded(self, exchange: Exchange) -> None:
        """Tell of a request that was served: no failure of the one who is told may change its answer."""
        try:
            if exchange.recorded:
                self.services.segments.emit(build_segment(exchange))
            self.services.record(describe(exchange))
            if log := exchange.stage.access_log:
                line = build_line(log.format, exchange)
                self.services.access_logs.write(exchange.stage, line, exchange.end)
        except Exception:  # noqa: BLE001 - whatever it is
            if "telling" not in self._warned:
                self._warned.add("telling")
                _LOG.exception("a request was served, but not told of everywhere; more of it is not logged")


def _is_signed(request: MethodRequest) -> bool:
    return (request.header("Authorization") or "").startswith("AWS4-") or "X-Amz-Signature=" in request.query


def _to_client(exchange: Exchange) -> str:
    """Return the header of a function URL's answer, which Lambda writes in lower case."""
    return f"root={exchange.trace.root};sampled={int(exchange.recorded)}"


def _with_id(response: Response, kind: str, arrival: Arrival) -> Response:
    own = (
        ("x-amzn-RequestId", arrival.request_id)
        if kind == "URL"
        else ("apigw-requestid", arrival.extended_request_id)
    )
    headers: list[Any] = [*response.headers, own]
    if response.body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(
            ("Content-Type", "text/plain; charset=utf-8" if kind == "HTTP" else "application/json")
        )
    return replace(response, headers=tuple(headers))
