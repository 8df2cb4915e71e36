"""The gateway as an ASGI application: takes requests for deployed stages, calls their functions."""

from __future__ import annotations

import base64
import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.http import read_body
from embedded_aws.aws.ids import Clock, Ids, RandomIds
from embedded_aws.aws.interfaces import NoMetrics
from embedded_aws.aws.parsing import ParseError, header_field
from embedded_aws.aws.trace_header import NAME as TRACE_HEADER
from embedded_aws.gateway import response as answers
from embedded_aws.gateway import validation
from embedded_aws.gateway.access_log import build_line
from embedded_aws.gateway.event import Arrival, request_context
from embedded_aws.gateway.gateway_responses import customized
from embedded_aws.gateway.journal import describe, describe_unknown
from embedded_aws.gateway.lambda_calls import LambdaCalls
from embedded_aws.gateway.method_request import Address, MethodRequest, find_api
from embedded_aws.gateway.model import NoObjects
from embedded_aws.gateway.response import MAX_PAYLOAD, Response
from embedded_aws.gateway.rest_authorizers import RestAuthorizers, told
from embedded_aws.gateway.rest_integrations import RestIntegrations
from embedded_aws.gateway.routing import NOWHERE, Match, Routed, match
from embedded_aws.gateway.throttling import Throttling
from embedded_aws.gateway.tracing import Exchange, IntegrationCall, begin, build_segment
from embedded_aws.gateway.user_pools import NoUserPools

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from embedded_aws.aws.interfaces import Lambda, RequestMetrics, Sampler, SegmentSink
    from embedded_aws.debugging.standstill import Standstill
    from embedded_aws.gateway.authorizers import Verdict
    from embedded_aws.gateway.http_api.app import HttpGateway
    from embedded_aws.gateway.model import AccessLogs, Apis, Objects, Stage
    from embedded_aws.gateway.user_pools import Claims, UserPools
    from embedded_aws.journal.records import ApiRequest

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """What the gateway needs of the other parts; `record` takes what is to be known of each request."""

    apis: Apis
    functions: Lambda
    sampler: Sampler
    segments: SegmentSink
    access_logs: AccessLogs
    record: Callable[[ApiRequest], None]
    metrics: RequestMetrics = field(default_factory=NoMetrics)
    objects: Objects = field(default_factory=NoObjects)
    http: HttpGateway | None = None
    pools: UserPools = field(default_factory=NoUserPools)
    standstill: Standstill | None = None


class Gateway:
    """API Gateway's front: `/execute-api/<api>/<stage>/…`, or any path when the host names the API.

    What is for an HTTP API or a function URL, `http` answers.
    """

    def __init__(self, services: Services, *, clock: Clock = time.time, ids: Ids | None = None) -> None:
        self._services = services
        self._clock = clock
        self._ids = ids or RandomIds()
        self._throttling = Throttling(clock)
        self._warned: set[str] = set()
        functions = LambdaCalls(services.functions, services.standstill)
        self._authorizers = RestAuthorizers(functions, services.pools, clock, self._ids)
        self._integrations = RestIntegrations(functions, services.objects, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        address = find_api(host, raw_path(scope))
        # One byte more than allowed is enough to know; the rest is not kept.
        body = await read_body(receive, MAX_PAYLOAD + 1)
        request = _request(scope, address, body) if address else None
        arrival = self._arrival()
        await _send(send, await self._answer(address, request, arrival))

    def _arrival(self) -> Arrival:
        digits = self._ids.request_id().replace("-", "")
        extended = base64.b64encode(bytes.fromhex(digits)[:11]).decode()
        return Arrival(self._clock(), self._ids.request_id(), extended)

    async def _answer(
        self, address: Address | None, request: MethodRequest | None, arrival: Arrival
    ) -> Response:
        """Answer by the stage that is meant: of a REST API, else of an HTTP API or a function URL."""
        if address is None or request is None:
            return _with_ids(answers.FORBIDDEN, arrival)
        http = self._services.http
        stage = self._services.apis.stage(address.api_id, address.stage)
        if stage is None and http and http.knows(address.api_id):
            return await http.answer(address, request, arrival)
        if stage is None:
            refused = answers.FORBIDDEN
            self._services.record(describe_unknown(address, request, arrival, refused, self._clock()))
            return _with_ids(refused, arrival)
        return _with_ids(await self._serve(stage, request, arrival), arrival)

    async def _serve(self, stage: Stage, request: MethodRequest, arrival: Arrival) -> Response:
        trace = begin(stage, request, self._services.sampler, self._ids, arrival.at)
        route = match(stage.deployment.resources, request.method, request.path)
        context = request_context(stage, route, request, arrival)
        # What answers an unknown path is customized too, and has no method to tell of.
        routed = Routed(stage, route or NOWHERE, request, arrival, trace, context)
        response, call, authorization = await self._route(routed)
        response = customized(response, routed)
        exchange = Exchange(stage, request, arrival, trace, response, self._clock(), call, authorization)
        # Stored before the response leaves, so that the client can read the trace at once.
        for tell in (self._emit_segment, self._record, self._write_access_log, self._count):
            self._guarded(tell, exchange, route)
        return replace(response, headers=(*response.headers, (TRACE_HEADER, trace.to_client)))

    async def _route(self, routed: Routed) -> tuple[Response, IntegrationCall | None, IntegrationCall | None]:
        """Return the response, the integration's call, and the authorizer's."""
        if routed.route is NOWHERE:
            return answers.MISSING_TOKEN, None, None
        unsupported = self._authorizers.unsupported(routed) or self._integrations.unsupported(routed)
        if unsupported:
            return self._not_emulated(routed, unsupported), None, None
        said, authorization = await self._authorizers.check(routed)
        if isinstance(said, Response):
            return said, None, authorization
        if refused := self._refuse(routed, said) or await validation.refusal(routed):
            return refused, None, authorization
        response, call = await self._integrations.call(routed, told(said) if said else None)
        return response, call, authorization

    def _refuse(self, routed: Routed, said: Verdict | Claims | None) -> Response | None:
        """Return the error of a request that does not reach its integration."""
        stage, route, request = routed.stage, routed.route, routed.request
        key = said.key if said and stage.deployment.key_from_authorizer else request.header("X-Api-Key")
        if route.method.api_key_required and not (key and self._services.apis.accepts_key(stage, key)):
            return answers.FORBIDDEN
        if not self._throttling.allows(stage, route):
            return answers.TOO_MANY_REQUESTS
        return answers.TOO_LARGE if len(request.body) > MAX_PAYLOAD else None

    def _not_emulated(self, routed: Routed, what: str) -> Response:
        stage, route = routed.stage, routed.route
        where = f"{stage.api_name}/{stage.name}: {route.method.http_method} {route.resource.path}"
        if where not in self._warned:
            self._warned.add(where)
            _LOG.warning("%s answers 501: the local API Gateway does not emulate %s", where, what)
        return answers.not_emulated(what)

    def _guarded(self, tell: Callable[[Exchange, Match | None], None], *about: Any) -> None:
        """Tell of a request that was served: no failure of the one who is told may change its answer."""
        try:
            tell(*about)
        except Exception:  # noqa: BLE001 - whatever it is
            if tell.__name__ not in self._warned:
                self._warned.add(tell.__name__)
                _LOG.exception("a request was served, but not told of everywhere; more of it is not logged")

    def _emit_segment(self, exchange: Exchange, _: Match | None) -> None:
        if exchange.trace.recorded:
            self._services.segments.emit(build_segment(exchange))

    def _record(self, exchange: Exchange, route: Match | None) -> None:
        self._services.record(describe(exchange, route))

    def _write_access_log(self, exchange: Exchange, route: Match | None) -> None:
        stage = exchange.stage
        if stage.access_log is None:
            return
        context = request_context(stage, route, exchange.request, exchange.arrival)
        line = build_line(stage.access_log.format, exchange, context)
        self._services.access_logs.write(stage, line, exchange.end)

    def _count(self, exchange: Exchange, _: Match | None) -> None:
        stage, call = exchange.stage, exchange.call
        self._services.metrics.request(
            stage.api_name,
            stage.name,
            exchange.response.status,
            exchange.end - exchange.arrival.at,
            call.end - call.start if call else None,
        )


def raw_path(scope: Scope) -> str:
    """Return the path as sent, percent-encoded."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.split(b"?", 1)[0].decode("latin-1")


def _request(scope: Scope, address: Address, body: bytes) -> MethodRequest:
    # The HTTP server keeps the names as sent; ASGI itself has them in lower case.
    names = scope.get("state", {}).get("header_fields") or scope["headers"]
    return MethodRequest(
        method=scope["method"],
        path=address.path,
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in names),
        body=body,
        source_ip=scope["client"][0] if scope.get("client") else "127.0.0.1",
        protocol=f"HTTP/{scope['http_version']}",
    )


def _with_ids(response: Response, arrival: Arrival) -> Response:
    own = (
        ("x-amzn-RequestId", arrival.request_id),
        ("x-amz-apigw-id", arrival.extended_request_id),
    )
    return replace(response, headers=(*response.headers, *own))


async def _send(send: Send, response: Response) -> None:
    # These have no body by definition; with one, the HTTP server would break the connection, as it would for
    # a header that HTTP cannot carry: mappings and other servers bring those.
    try:
        fields = [header_field(name, value) for name, value in response.headers]
    except ParseError as problem:
        _LOG.warning("a response cannot be sent: %s", problem)
        response, fields = answers.BAD_REPLY, [header_field(*each) for each in answers.BAD_REPLY.headers]
    body = b"" if response.status in {204, 304} else response.body
    length = [] if response.status == 204 else [(b"Content-Length", str(len(body)).encode())]
    headers = [*fields, *length]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
