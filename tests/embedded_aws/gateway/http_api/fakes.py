"""HTTP APIs and function URLs with fakes of the parts that they call."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx

from embedded_aws.aws.calls import NO_TRACE
from embedded_aws.aws.interfaces import InvokeResult
from embedded_aws.gateway.app import Gateway
from embedded_aws.gateway.app import Services as RestServices
from embedded_aws.gateway.http_api.app import HttpGateway, Services
from embedded_aws.gateway.http_api.model import DEFAULT, Integration, Route, Stage
from embedded_aws.gateway.lambda_calls import LambdaCalls
from embedded_aws.gateway.user_pools import NoUserPools
from tests.embedded_aws.gateway.fakes import ARN, NOW, CountingIds, Function, Logs, OneStage, Rules, Segments
from tests.embedded_aws.gateway.fakes import stage as rest_stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.errors import AwsError
    from embedded_aws.aws.trace_header import TraceHeader
    from embedded_aws.gateway.user_pools import UserPools
    from embedded_aws.journal.records import ApiRequest

FUNCTION = Integration("AWS_PROXY", ARN)
BASE = "http://127.0.0.1:4566/execute-api/abc"


def answered(reply: Any, **changes: Any) -> InvokeResult:
    """What Lambda answers for a function that returned `reply`, in a trace that is kept."""
    return replace(
        InvokeResult(200, json.dumps(reply).encode(), request_id="lambda-request", recorded=True), **changes
    )


def api(*routes: Route, **changes: Any) -> Stage:
    """The default stage of an API, with `GET /hello` unless other routes are given."""
    made = Stage(
        api_id="abc",
        api_name="shop",
        name=DEFAULT,
        region="us-east-1",
        account_id="123456789012",
        routes=routes or (Route("GET /hello", FUNCTION),),
    )
    return replace(made, **changes)


@dataclass
class Aws:
    """The other AWS services, with one answer for everything; it keeps what it is asked."""

    output: Mapping[str, Any] = field(default_factory=dict)
    error: AwsError | None = None
    calls: list[tuple[str, Mapping[str, Any], TraceHeader]] = field(default_factory=list)

    async def __call__(
        self, service: str, operation: str, parameters: Mapping[str, Any], trace: TraceHeader = NO_TRACE
    ) -> Mapping[str, Any]:
        self.calls.append((f"{service}:{operation}", parameters, trace))
        if self.error:
            raise self.error
        return self.output


@dataclass
class Front:
    """A gateway with stages of HTTP APIs, and everything around it."""

    stages: list[Stage]
    function: Function
    aws: Aws = field(default_factory=Aws)
    rules: Rules = field(default_factory=Rules)
    segments: Segments = field(default_factory=Segments)
    logs: Logs = field(default_factory=Logs)
    known: list[ApiRequest] = field(default_factory=list)
    now: float = NOW
    pools: UserPools = field(default_factory=NoUserPools)

    def __post_init__(self) -> None:
        ids = CountingIds()
        services = Services(
            self,
            LambdaCalls(self.function),
            self.aws,
            self.rules,
            self.segments,
            self.logs,
            self.known.append,
            self.pools,
        )
        rest = RestServices(
            OneStage(rest_stage()), self.function, self.rules, self.segments, Logs(), self.known.append,
            http=HttpGateway(services, self._clock, ids),
        )  # fmt: skip
        self.gateway = Gateway(rest, clock=self._clock, ids=ids)

    def _clock(self) -> float:
        return self.now

    def stage(self, api_id: str, name: str) -> Stage | None:
        return next((each for each in self.stages if (each.api_id, each.name) == (api_id, name)), None)

    def knows(self, api_id: str) -> bool:
        return any(each.api_id == api_id for each in self.stages)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request to the API `abc`; `path` is relative to it."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.gateway, client=("192.0.2.7", 5000))
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, path if "://" in path else BASE + path, **options)

        return asyncio.run(send())

    def event(self) -> dict[str, Any]:
        """The event of the last invocation."""
        return self.function.calls[-1][1]

    def segment(self) -> Mapping[str, Any]:
        """The one segment that was made up."""
        assert len(self.segments.documents) == 1
        return self.segments.documents[0]


def front(*stages: Stage, reply: Any = "done", result: InvokeResult | None = None) -> Front:
    """Make a gateway in front of stages and one function."""
    return Front(list(stages) or [api()], Function(result or answered(reply)))
