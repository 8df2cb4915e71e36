"""Puts the parts of the embedded AWS together, and starts and stops them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.calls import AwsCalls
from embedded_aws.aws.http import run_in_thread
from embedded_aws.aws.ids import Clock, RandomIds
from embedded_aws.aws.moto import MotoAws
from embedded_aws.aws.rpc_v2_cbor import RpcV2Cbor
from embedded_aws.awslambda.api import LambdaApi
from embedded_aws.awslambda.catalog import Catalog
from embedded_aws.awslambda.runtime.provision import ProvisionError, find_adot, find_runtime
from embedded_aws.awslambda.runtime.worker import WorkerFactory
from embedded_aws.awslambda.service import LambdaService
from embedded_aws.awslambda.services import Services
from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metrics import Metrics
from embedded_aws.debugging.debugger import Debugger, DebuggerMissingError
from embedded_aws.debugging.standstill import Standstill
from embedded_aws.delivery.courier import Courier
from embedded_aws.endpoint import Endpoint, is_for_api
from embedded_aws.endpoint import Services as EndpointServices
from embedded_aws.events.lanes import Services as EventServices
from embedded_aws.events.push import PushServices
from embedded_aws.events.push import Services as PushedServices
from embedded_aws.events.registry import EventSources
from embedded_aws.fis.api import fis_api
from embedded_aws.fis.middleware import CallFaultMiddleware
from embedded_aws.fis.resources import MotoResources
from embedded_aws.fis.service import Fis
from embedded_aws.front_door import front_door
from embedded_aws.gateway.access_log import GroupAccessLogs
from embedded_aws.gateway.service import ApiGateway, Neighbours
from embedded_aws.host import memory
from embedded_aws.host.http_server import HttpServer
from embedded_aws.host.losses import Losses
from embedded_aws.host.retention import DAY, DEFAULT_BYTES, MAX_AGE, CleanupThread, Limits
from embedded_aws.host.startup import StartupError, port_error
from embedded_aws.host.watching import watch
from embedded_aws.journal.about import About
from embedded_aws.journal.answers import Arrivals, RequestAnswers
from embedded_aws.journal.last_request import LastRequest
from embedded_aws.journal.log import RequestLog
from embedded_aws.journal.traces import TraceAnswers
from embedded_aws.logs.api import LogsApi
from embedded_aws.logs.operations import Operations, moto_groups
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import Store as LogStore
from embedded_aws.logs.store import StoreError as LogStoreError
from embedded_aws.sqs.queues import Queues
from embedded_aws.stepfunctions.api import StepFunctionsApi
from embedded_aws.stepfunctions.service import Neighbours as StatesNeighbours
from embedded_aws.stepfunctions.service import StepFunctions
from embedded_aws.xray.api import sampling as sampling_api
from embedded_aws.xray.api import traces as xray_api
from embedded_aws.xray.intake.daemon import Daemon
from embedded_aws.xray.intake.sink import Intake
from embedded_aws.xray.query.store import StoreError
from embedded_aws.xray.sampling import LambdaSampler, Sampling
from embedded_aws.xray.sampling_rules import DEFAULT, EVERY_REQUEST
from embedded_aws.xray.service import XRay
from loopback_guard.asgi import LoopbackGuard

if TYPE_CHECKING:
    import socket
    from collections.abc import Coroutine, Iterable, Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from embedded_aws.xray.query.store import Store as TraceStore

_GRACE_SECONDS = 1.5
"""How long open requests, pollers and workers may take to end; what does not is left behind."""
# Those of a serverless API, the slowest to import first.
_USUAL_SERVICES = ("iam", "apigateway", "lambda", "logs", "sqs", "dynamodb", "s3", "sts")


@dataclass(frozen=True)
class FaultSources:
    """The time of experiments and schedules, and random numbers from 0 up to 1 for what a percentage hits."""

    clock: Clock = time.time
    chance: Callable[[], float] = random.random


@dataclass(frozen=True)
class Settings:
    """What one embedded AWS is given: its bound sockets, the daemon's port, its data, its region.

    `most_bytes` is what traces and logs may take on disk. Pages of `allowed_origins`, as
    `loopback_guard.parse_origin` returns them, may use AWS and OTLP. Functions that have the environment
    variable `record_faults_where` have injected faults recorded also in what is not sampled. With
    `traces_all` every request is sampled until there is a sampling rule. With `debug_sources`, functions can
    be debugged: breakpoints are set in the files of that folder.
    """

    host: str
    endpoint: socket.socket
    otlp: socket.socket
    daemon_port: int
    data: Path
    region: str
    most_bytes: int = DEFAULT_BYTES
    allowed_origins: frozenset[str] = frozenset()
    record_faults_where: str | None = None
    traces_all: bool = False
    debug_sources: Path | None = None


class EmbeddedAws:
    """The AWS endpoint, the OTLP receiver and the X-Ray daemon, with the services behind them.

    The stores of traces and logs are open and the daemon runs as soon as it is made; `start` adds the rest.
    Raises `StartupError`.
    """

    def __init__(self, settings: Settings, faults: FaultSources | None = None) -> None:
        self._settings = settings
        self._faults = faults or FaultSources()
        self._sampling = Sampling(default=EVERY_REQUEST if settings.traces_all else DEFAULT)
        self._losses = Losses()
        limits = Limits.of(settings.most_bytes)
        self._xray = _open_store(settings, limits.traces, self._losses)
        self._intake = Intake(self._xray)
        self._logs = _open_logs(settings, limits.logs, self._losses)
        self._cleanups = (
            CleanupThread(self._tidy, "traces-cleanup"),
            CleanupThread(memory.give_back, "memory-cleanup"),
        )
        rules = sampling_api.operations(self._sampling, settings.region, self._xray.tags)
        samplers = xray_api.service(sampling_api.sampler_operations(self._sampling, settings.region))
        self._daemon = Daemon(settings.host, settings.daemon_port, self._xray.put, samplers)
        table = xray_api.operations(self._xray, rules, arrived=self._daemon.flush)
        self._xray_api = xray_api.service(table)
        self._requests = RequestLog()
        self._servers: list[HttpServer] = []
        self._functions: LambdaService | None = None
        self._events: EventSources | None = None
        self._courier: Courier | None = None
        self._gateway: ApiGateway | None = None
        self.last_request: LastRequest | None = None
        self._states: StepFunctions | None = None
        self._endpoint: Endpoint | None = None
        self._moto = MotoAws()
        self._otlp_app: LoopbackGuard | None = None
        self._watching: asyncio.Task[None] | None = None
        self._standstill = Standstill(time.time)
        self._debugger: Debugger | None = None
        self._catalog: Catalog | None = None
        try:
            self._daemon.start()
        except (OSError, OverflowError) as problem:
            self._close_stores()
            raise port_error(settings.host, settings.daemon_port, "--daemon-port", problem) from problem

    @property
    def _url(self) -> str:
        host, port = self._settings.endpoint.getsockname()
        return f"http://{host}:{port}"

    @property
    def daemon_address(self) -> str:
        """`host:port` of the X-Ray daemon."""
        return self._daemon.address

    def apis(self) -> dict[str, str]:
        """Return the base URLs of all that is deployed: see `ApiGateway.addresses`."""
        return self._gateway.addresses(self._url) if self._gateway else {}

    async def start(self, status: Callable[[], Mapping[str, Any]]) -> None:
        """Serve on both sockets; `status` is what the endpoint tells about the server."""
        for app, listener in (
            (self._build(status), self._settings.endpoint),
            (self._otlp, self._settings.otlp),
        ):
            server = HttpServer(app, listener)
            self._servers.append(server)
            await server.start()
        self._standstill.keep_waiting.append(lambda _: self._servers[0].keep_waiting())

    def warm(self) -> None:
        """Import, in a thread, what a serverless API is made of: the first call of each would wait for it."""
        self._moto.warm(_USUAL_SERVICES)

    async def debug(self) -> dict[str, int]:
        """Let the functions that there are be debugged, if that was asked for; return each one's port."""
        if self._debugger is None or self._catalog is None:
            return {}
        await self._debugger.open(self._catalog.names())
        return self._debugger.ports()

    async def stop(self) -> None:
        """Stop workers and servers at the same time, each with its own grace; then store what came last."""
        if self._watching:
            self._watching.cancel()
        if self._states:
            self._states.close()
        self._xray.news.close()
        stops = [server.stop() for server in self._servers]
        stops.append(run_in_thread(self._daemon.stop_answering))
        if self._events:
            stops.append(self._events.close())
        if self._courier:
            stops.append(self._courier.close())
        if self._functions:
            stops.append(self._functions.close())
        if self._debugger:
            stops.append(self._debugger.close())
        try:
            await _all_in_time(stops)
        finally:
            await run_in_thread(self._daemon.stop)
            self._close_stores()

    def storage(self) -> dict[str, Any]:
        """Return what is kept and what was not, as JSON.

        `bytes` are those on disk of traces and logs, `most_bytes` their limit; `dropped` were let go of for
        want of room since the start, `expired` for their age; `lost` could not be stored.
        """
        stores: dict[str, TraceStore | LogStore] = {
            "traces": self._xray.store,
            "log events": self._logs.store,
        }
        return {
            "directory": str(self._settings.data),
            "bytes": sum(store.size() for store in stores.values()),
            "most_bytes": self._settings.most_bytes,
            "most_days": MAX_AGE / DAY,
            "dropped": {what: store.dropped for what, store in stores.items()},
            "expired": {what: store.expired for what, store in stores.items()},
            "lost": self._losses.told(),
        }

    def _tidy(self) -> bool:
        with suppress(StoreError):  # a store that takes nothing is told of by what it loses
            return self._xray.tidy() or self._xray.pack()
        return False

    def _close_stores(self) -> None:
        self._xray.stop_packing()
        for cleanup in self._cleanups:
            cleanup.close()
        self._logs.close()
        self._xray.close()

    def _build(self, status: Callable[[], Mapping[str, Any]]) -> LoopbackGuard:
        moto = self._moto

        catalog, ids = Catalog(self._settings.region, find_adot()), RandomIds()
        self._catalog, self._debugger = catalog, self._open_debugger()
        clock = self._faults.clock
        metrics = Metrics(clock)
        alarms = Alarms(moto, metrics, clock, self._settings.region)
        resources = MotoResources(moto, catalog, alarms)
        fis = Fis(resources, clock=clock, ids=ids, region=catalog.region, chance=self._faults.chance)
        logs = Operations(self._logs, partial(moto_groups, moto))
        access_logs = GroupAccessLogs(self._logs, logs.has_group)
        calls = AwsCalls(self._answer, catalog.region)
        self._courier = courier = Courier(calls, time.time)
        push = PushServices(moto, PushedServices(courier, self._intake, clock, ids))
        states = StatesNeighbours(calls, self._intake, self._sampling, clock, ids)
        self._states = executions = StepFunctions(moto, states, asyncio.get_running_loop())
        self._functions = functions = self._lambda(catalog, ids, fis, metrics, courier)
        self._events = events = EventSources(
            moto, catalog, EventServices(functions, courier.send, time.time, ids)
        )
        neighbours = Neighbours(
            functions,
            calls,
            self._sampling,
            self._intake,
            access_logs,
            self._requests.answered,
            metrics,
            self._standstill,
        )
        self._gateway = gateway = ApiGateway(moto, neighbours, time.time)
        self.last_request = last_request = LastRequest(gateway.front)
        self._endpoint = endpoint = Endpoint(
            EndpointServices(
                xray=self._xray_api,
                lambda_=LambdaApi(functions, events, moto),
                gateway=last_request,
                apigateway=gateway.api,
                states=StepFunctionsApi(executions, moto, self._settings.region),
                logs=LogsApi(logs, moto, self._settings.region),
                fis=fis_api(fis),
                aws=moto,
                about=About(
                    status,
                    RequestAnswers(self._requests, self._arrivals()),
                    TraceAnswers(self._xray),
                    push.fire,
                    push.rules.one,
                ),
                metrics_read=alarms.read,
                alarms_changed=fis.refresh,
                queue_used=events.notify,
                streams_used=events.notify_streams,
                schedules_changed=push.schedules.changed,
                noted=push.take,
            )
        )
        self._standstill.keep_waiting.append(Queues(self._settings.region).hold)
        self._watching = asyncio.create_task(
            watch(alarms.refresh, fis.refresh, push.schedules.tick, self.debug)
        )
        app = CallFaultMiddleware(endpoint, fis, self._intake, time.time, ids, functions.records_faults)
        return front_door(RpcV2Cbor(app, is_for_api), gateway.is_deployed, self._settings.allowed_origins)

    async def _otlp(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer who sends OTLP, which few do: what reads it is a slow import."""
        if self._otlp_app is None:
            from embedded_aws.xray.intake.otlp_http import otlp_app, refused  # noqa: PLC0415 - see above

            app = otlp_app(self._xray.put)
            self._otlp_app = LoopbackGuard(app, refused, allowed=self._settings.allowed_origins)
        await self._otlp_app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call that one service makes of another."""
        if self._endpoint:
            await self._endpoint(scope, receive, send)

    def _arrivals(self) -> Arrivals:
        return Arrivals(self._xray.store.counts, self._xray.refusals.of, self._daemon.counts)

    def _open_debugger(self) -> Debugger | None:
        sources = self._settings.debug_sources
        if sources is None:
            return None
        try:
            return Debugger(self._settings.data / "debugger", sources, self._standstill)
        except DebuggerMissingError as problem:
            raise StartupError(str(problem)) from problem

    def _lambda(
        self, catalog: Catalog, ids: RandomIds, faults: Fis, metrics: Metrics, courier: Courier
    ) -> LambdaService:

        try:
            runtime = find_runtime()
        except ProvisionError as problem:
            raise StartupError(str(problem)) from problem
        setting = self._settings.record_faults_where
        services = Services(
            self._intake,
            LambdaSampler(rate=self._sampling.rate_without_rules).decide,
            self._logs,
            self._requests.invoked,
            time.time,
            ids,
            courier.send,
            faults.injection,
            metrics,
            lambda variables: bool(setting and variables.get(setting)),
            self._standstill,
            self._debugger,
        )
        work_dir, region = self._settings.data / "lambda", catalog.region
        workers = WorkerFactory(runtime, work_dir, region, self._url, self.daemon_address, services)
        return LambdaService(catalog, workers, services)


async def _all_in_time(stops: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all, but not for what ignores that it is cancelled."""
    tasks = [asyncio.create_task(stop) for stop in stops]
    done, late = await asyncio.wait(tasks, timeout=_GRACE_SECONDS) if tasks else (set(), set())
    for task in late:
        task.cancel()
    for task in done:
        task.result()


def _open_store(settings: Settings, most_bytes: int, losses: Losses) -> XRay:
    try:
        return XRay(settings.data / "traces.db", region=settings.region, most_bytes=most_bytes, losses=losses)
    except StoreError as problem:
        raise StartupError(str(problem)) from problem


def _open_logs(settings: Settings, most_bytes: int, losses: Losses) -> Logs:
    try:
        return Logs(LogStore(settings.data / "logs.db", most_bytes=most_bytes), time.time, losses)
    except LogStoreError as problem:
        raise StartupError(str(problem)) from problem
