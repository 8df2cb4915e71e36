"""The Lambda service with real workers, moto in process behind it, on a loopback port for boto3."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from embedded_aws.aws import moto as moto_aws
from embedded_aws.aws.calls import AwsCalls
from embedded_aws.aws.http import Response, forward, read_request
from embedded_aws.aws.ids import RandomIds
from embedded_aws.aws.interfaces import Document, InvokeRequest, SamplingDecision
from embedded_aws.aws.moto_events import collected
from embedded_aws.aws.trace_header import NAME, TraceHeader
from embedded_aws.awslambda.api import LambdaApi
from embedded_aws.awslambda.catalog import Catalog
from embedded_aws.awslambda.runtime.provision import find_adot, find_runtime
from embedded_aws.awslambda.runtime.worker import WorkerFactory
from embedded_aws.awslambda.service import LambdaService
from embedded_aws.awslambda.services import Services
from embedded_aws.delivery.courier import Courier
from embedded_aws.events.lanes import Services as EventServices
from embedded_aws.events.push import PushServices
from embedded_aws.events.push import Services as PushedServices
from embedded_aws.events.registry import EventSources
from embedded_aws.host.http_server import HttpServer
from embedded_aws.journal.records import InvocationRecord
from embedded_aws.logs.api import LogsApi
from embedded_aws.logs.operations import Operations, moto_groups
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import Store
from embedded_aws.sqs.header import with_trace_header
from embedded_aws.stepfunctions.api import StepFunctionsApi
from embedded_aws.stepfunctions.service import Neighbours, StepFunctions

REGION = "us-east-1"
RUNTIME = "python3.11"
PATIENCE = 60.0
"""Seconds after which a condition that does not come true fails a test."""


class Sink:
    """Keeps segment documents in memory."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._documents: list[Document] = []

    def emit(self, document: Document) -> None:
        with self._changed:
            self._documents.append(document)
            self._changed.notify_all()

    def all(self) -> list[Document]:
        with self._changed:
            return list(self._documents)

    def of(self, function: str) -> list[Document]:
        with self._changed:
            return [document for document in self._documents if document["name"] == function]

    def wait(self, function: str, enough: Callable[[list[Document]], bool]) -> list[Document]:
        """Return a function's documents as soon as they satisfy the condition."""
        with self._changed:

            def documents() -> list[Document]:
                return [document for document in self._documents if document["name"] == function]

            assert self._changed.wait_for(lambda: enough(documents()), PATIENCE), documents()
            return documents()


class Sampler:
    """Decides as it is told."""

    def __init__(self) -> None:
        self.answer = True
        self.asked: list[Any] = []

    def decide(self, asked: Any) -> SamplingDecision:
        self.asked.append(asked)
        return SamplingDecision(self.answer)


class Stack:
    """One running service; `call` runs a coroutine in its loop."""

    def __init__(self, work_dir: Path, daemon_address: str = "127.0.0.1:9") -> None:
        self.sink = Sink()
        self.sampler = Sampler()
        self.machine_sampler = Sampler()
        self.known: dict[str, InvocationRecord] = {}
        self.work_dir = work_dir
        self.names = 0
        self.pauses: list[float] = []
        self.failing: dict[str, int] = {}
        self.now: float | None = None
        self._daemon_address = daemon_address
        self._ready: Future[None] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        try:
            self._ready.result(PATIENCE)
            self.client("iam").create_role(RoleName=work_dir.name, AssumeRolePolicyDocument="{}")
        except BaseException:
            self.close()
            raise

    def clock(self) -> float:
        """The time of deliveries and schedules: `now`, while it is set."""
        return time.time() if self.now is None else self.now

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def client(self, service: str, **config: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def deploy(
        self, code: str | Mapping[str, str], *, timeout: int = 3, active: bool = True, **settings: Any
    ) -> str:
        """Create a function under a new name from the source of `app.py`, or from several files."""
        self.names += 1
        name: str = settings.pop("FunctionName", f"{self.work_dir.name}-{self.names}")
        files = {"app.py": code} if isinstance(code, str) else code
        request = {
            "FunctionName": name,
            "Runtime": RUNTIME,
            "Handler": "app.handler",
            "Role": f"arn:aws:iam::123456789012:role/{self.work_dir.name}",
            "Code": {"ZipFile": zipped(files)},
            "Timeout": timeout,
            "TracingConfig": {"Mode": "Active" if active else "PassThrough"},
            **settings,
        }
        self.client("lambda").create_function(**request)
        return name

    def invoke(self, name: str, payload: bytes = b"{}", **options: Any) -> Any:
        return self.call(self.service.invoke(InvokeRequest(name, payload, **options)))

    def messages(self, name: str, pattern: str = "") -> list[str]:
        """Return what is in a function's log group, as CloudWatch Logs gives it."""
        group = f"/aws/lambda/{name}"
        events = self.client("logs").filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        return [event["message"] for event in events]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the service does not end"

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.close()

    async def _main(self) -> None:
        self._closing = asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._build()
        server = HttpServer(self, listener)
        await server.start()
        self._ready.set_result(None)
        await self._closing.wait()
        await server.stop()
        self.executions.close()
        await self.sources.close()
        await self.courier.close()
        await self.service.close()
        self.logs.close()

    def _build(self) -> None:
        self._moto = moto_aws.MotoAws()
        catalog = Catalog(REGION, find_adot())
        self.logs = Logs(Store(None), time.time)
        self._logs_api = LogsApi(Operations(self.logs, partial(moto_groups, self._moto)), self._moto, REGION)
        calls, ids = AwsCalls(self._unless_failing, REGION), RandomIds()
        self.courier = Courier(calls, self.clock, self._pause)
        neighbours = Neighbours(calls, self.sink, self.machine_sampler, time.time, ids)
        self.executions = StepFunctions(self._moto, neighbours, self._loop)
        self._states = StepFunctionsApi(self.executions, self._moto, REGION)
        self.push = PushServices(self._moto, PushedServices(self.courier, self.sink, self.clock, ids))
        services = Services(
            self.sink, self.sampler.decide, self.logs, self._remember, time.time, ids, self.courier.send
        )
        workers = WorkerFactory(
            find_runtime(), self.work_dir, REGION, self.url, self._daemon_address, services
        )
        self.service = LambdaService(catalog, workers, services, retry_delays=(0.01, 0.01), init_limit=2.0)
        used = EventServices(self.service, self.courier.send, self.clock, ids, self._pause)
        self.sources = EventSources(self._moto, catalog, used)
        self._lambda = LambdaApi(self.service, self.sources, self._moto)

    async def _unless_failing(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer what one service calls of another; a service in `failing` answers 503 so many times."""
        authorization = dict(scope["headers"])[b"authorization"].decode()
        service = authorization.split("/")[3]
        if self.failing.get(service):
            self.failing[service] -= 1
            await Response(503, b'{"__type": "ServiceUnavailable"}')(scope, receive, send)
            return
        await self(scope, receive, send)

    async def _pause(self, seconds: float) -> None:
        """Note how long a delivery would wait before it is tried again, and go on."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def _remember(self, invocation: InvocationRecord) -> None:
        self.known[invocation.id] = invocation

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Do what the endpoint does: requests to Lambda and Logs go there, all others to moto."""
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode()
        if "/lambda/aws4_request" in authorization:
            await self._lambda(scope, receive, send)
            return
        if "/logs/aws4_request" in authorization:
            await self._logs_api(scope, receive, send)
            return
        if "/states/aws4_request" in authorization:
            await self._states(scope, receive, send)
            return
        request = await read_request(scope, receive)
        body = with_trace_header(request.headers, request.body)
        with collected() as notes:
            response: Response = await forward(self._moto, request, body)
        for service in ("events", "scheduler"):
            if f"/{service}/aws4_request" in authorization:
                self.push.schedules.changed(service)
        self.push.take(notes, TraceHeader.parse(request.headers.get(NAME.lower())))
        await response(scope, receive, send)
        if "/sqs/aws4_request" in authorization:
            for mapping in self.sources.list(None, None)["EventSourceMappings"]:
                self.sources.notify(mapping["EventSourceArn"])
        self.sources.notify_streams()


def zipped(files: Mapping[str, str]) -> bytes:
    """Return a zip of text files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()
