"""A gateway with fakes of the parts that it calls."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx

from embedded_aws.aws.interfaces import InvokeRequest, InvokeResult, SamplingDecision, SamplingRequest
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.gateway.app import Gateway, Services
from embedded_aws.gateway.model import Deployment, Integration, LoggedStage, Method, Resource, Stage
from embedded_aws.journal.records import ApiRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOW = 1_700_000_000.25
ARN = "arn:aws:lambda:us-east-1:123456789012:function:front"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations"


class CountingIds:
    """Ids that count up, so that tests can name them."""

    def __init__(self) -> None:
        self._segments: Iterator[int] = itertools.count(1)
        self._requests: Iterator[int] = itertools.count(1)

    def trace_id(self, now: float) -> str:
        return f"1-{int(now):08x}-{'a' * 24}"

    def segment_id(self) -> str:
        return f"{next(self._segments):016x}"

    def request_id(self) -> str:
        return f"00000000-0000-4000-a000-{next(self._requests):012x}"


@dataclass
class Function:
    """A Lambda service with one answer for everything; it records what it is asked."""

    answer: InvokeResult = field(default_factory=lambda: ok())  # noqa: PLW0108 - defined below
    held: asyncio.Event | None = None
    calls: list[tuple[str, dict[str, Any], TraceHeader]] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    async def invoke(self, request: InvokeRequest) -> InvokeResult:
        self.calls.append((request.function, json.loads(request.payload), request.trace))
        if self.held:
            await self.held.wait()
        self.finished.set()
        return self.answer


@dataclass
class Rules:
    """A sampler with one decision; it records what it is asked."""

    decision: SamplingDecision = field(default_factory=lambda: SamplingDecision(True, "Default"))
    asked: list[SamplingRequest] = field(default_factory=list)

    def decide(self, request: SamplingRequest) -> SamplingDecision:
        self.asked.append(request)
        return self.decision


@dataclass
class Segments:
    documents: list[Mapping[str, Any]] = field(default_factory=list)

    def emit(self, document: Mapping[str, Any]) -> None:
        self.documents.append(document)


@dataclass
class Logs:
    lines: list[str] = field(default_factory=list)

    def write(self, stage: LoggedStage, line: str, at: float) -> None:
        self.lines.append(line)


@dataclass
class OneStage:
    """An API with one stage."""

    deployed: Stage
    keys: set[str] = field(default_factory=set)

    def stage(self, api_id: str, name: str) -> Stage | None:
        return self.deployed if (api_id, name) == (self.deployed.api_id, self.deployed.name) else None

    def accepts_key(self, stage: Stage, key: str) -> bool:
        return key in self.keys


def ok(body: str = '"done"', **reply: Any) -> InvokeResult:
    """The answer of a function that returns a proxy reply."""
    return returned({"statusCode": 200, "body": body, **reply})


def returned(reply: Any) -> InvokeResult:
    """The answer of a function that returns `reply`."""
    return InvokeResult(status=200, payload=json.dumps(reply).encode(), request_id="lambda-request")


def proxy(http_method: str, **changes: Any) -> Method:
    return Method(http_method, Integration("AWS_PROXY", URI), **changes)


def stage(*resources: Resource, binary_media_types: tuple[str, ...] = (), **changes: Any) -> Stage:
    """A traced stage `dev` of the API `abc123`, with GET /hello unless other resources are given."""
    tree = resources or (Resource("r1", "/hello", {"GET": proxy("GET")}),)
    return replace(
        Stage(
            api_id="abc123",
            api_name="shop",
            name="dev",
            region="us-east-1",
            account_id="123456789012",
            deployment=Deployment("dep1", tree, binary_media_types),
            tracing=True,
        ),
        **changes,
    )


@dataclass
class Front:
    """A gateway with everything around it."""

    apis: OneStage
    function: Function
    rules: Rules
    segments: Segments
    logs: Logs
    now: float = NOW
    known: list[ApiRequest] = field(default_factory=list)
    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def get(self, bucket: str, key: str) -> tuple[str, bytes] | None:
        return self.objects.get(f"{bucket}/{key}")

    def __post_init__(self) -> None:
        services = Services(
            self.apis, self.function, self.rules, self.segments, self.logs, self.known.append, objects=self
        )
        self.gateway = Gateway(services, clock=lambda: self.now, ids=CountingIds())

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send one request to the stage; `url` is relative to it."""
        return asyncio.run(self.asend(method, url, **options))

    async def asend(self, method: str, url: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.gateway, client=("192.0.2.7", 5000))
        base = "http://127.0.0.1:4566/execute-api/abc123/dev"
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url if "://" in url else base + url, **options)

    def event(self) -> dict[str, Any]:
        """The event of the last invocation."""
        return self.function.calls[-1][1]

    def segment(self) -> Mapping[str, Any]:
        """The one segment that was sent."""
        assert len(self.segments.documents) == 1
        return self.segments.documents[0]

    def subsegment(self) -> Mapping[str, Any]:
        """Its one subsegment."""
        assert len(self.segment()["subsegments"]) == 1
        found: Mapping[str, Any] = self.segment()["subsegments"][0]
        return found
