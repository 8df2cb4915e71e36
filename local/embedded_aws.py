"""Puts the parts of the embedded AWS together, and starts and stops them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from local import moto_aws
from local.endpoint import Endpoint
from local.endpoint import Services as EndpointServices
from local.gateway.app import Gateway
from local.gateway.app import Services as GatewayServices
from local.gateway.moto_apis import MotoAccessLogs, MotoApis
from local.http_server import HttpServer
from local.ids import RandomIds
from local.lambda_.provision import find_adot
from local.xray import api as xray_api
from local.xray import sampling_api
from local.xray.daemon import Daemon
from local.xray.otlp_http import otlp_app
from local.xray.sampling import LambdaSampler, Sampling

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from local.events.registry import EventSources
    from local.lambda_.catalog import Catalog
    from local.lambda_.service import LambdaService
    from local.xray.service import XRay


@dataclass(frozen=True)
class Site:
    """Where one embedded AWS stands: its bound sockets, its data directory, its region."""

    endpoint: socket.socket
    otlp: socket.socket
    data: Path
    region: str


@dataclass(frozen=True)
class Tracing:
    """X-Ray: the store, the sampling rules, the API, and the daemon in front of them."""

    xray: XRay
    sampling: Sampling
    api: Callable[[str, bytes], xray_api.Response]
    daemon: Daemon

    @classmethod
    def of(cls, xray: XRay, host: str, daemon_port: int, region: str) -> Tracing:
        """Build all around a store; the daemon is not started."""
        sampling = Sampling()
        table = xray_api.operations(xray, sampling_api.operations(sampling, region))
        api = partial(xray_api.dispatch, table)
        return cls(xray, sampling, api, Daemon(host, daemon_port, xray.put, api))


class EmbeddedAws:
    """The AWS endpoint and the OTLP receiver, with the services behind them."""

    def __init__(self, site: Site, tracing: Tracing) -> None:
        self._site = site
        self._tracing = tracing
        self._servers: list[HttpServer] = []
        self._functions: LambdaService | None = None
        self._events: EventSources | None = None
        self._apis: MotoApis | None = None

    @property
    def url(self) -> str:
        """The AWS endpoint's address."""
        return _url(self._site.endpoint)

    @property
    def otlp_url(self) -> str:
        """The OTLP receiver's base address."""
        return _url(self._site.otlp)

    @property
    def daemon_address(self) -> str:
        """`host:port` of the X-Ray daemon."""
        return self._tracing.daemon.address

    def apis(self) -> dict[str, str]:
        """Return the base URLs of the deployed stages by `<API name>/<stage>`."""
        stages = self._apis.stages() if self._apis else []
        return {
            f"{stage.api_name}/{stage.name}": f"{self.url}/execute-api/{stage.api_id}/{stage.name}"
            for stage in stages
        }

    async def start(self, status: Callable[[], Mapping[str, Any]]) -> None:
        """Serve on both sockets; `status` is what the endpoint tells about the server."""
        endpoint = self._build(status)
        for app, listener in (
            (endpoint, self._site.endpoint),
            (otlp_app(self._tracing.xray.put), self._site.otlp),
        ):
            server = HttpServer(app, listener)
            self._servers.append(server)
            await server.start()

    async def stop(self) -> None:
        """Stop workers and servers, at the same time: each takes its own grace."""
        stops = [server.stop() for server in self._servers]
        if self._events:
            stops.append(self._events.close())
        if self._functions:
            stops.append(self._functions.close())
        await asyncio.gather(*stops)

    def _build(self, status: Callable[[], Mapping[str, Any]]) -> Endpoint:
        moto = moto_aws.load()
        # These modules read moto's state and import it: only after its settings were made.
        from local.events.registry import EventSources  # noqa: PLC0415
        from local.lambda_.api import LambdaApi  # noqa: PLC0415
        from local.lambda_.catalog import Catalog  # noqa: PLC0415

        catalog, ids = Catalog(self._site.region, find_adot()), RandomIds()
        self._apis = apis = MotoApis(moto)
        self._functions = functions = self._lambda(catalog, ids)
        self._events = events = EventSources(functions, catalog, time.time, ids)
        sampling, xray = self._tracing.sampling, self._tracing.xray
        return Endpoint(
            EndpointServices(
                xray=self._tracing.api,
                lambda_=LambdaApi(functions, events, moto),
                gateway=Gateway(GatewayServices(apis, functions, sampling, xray, MotoAccessLogs(moto))),
                aws=moto,
                status=status,
                apis_changed=apis.capture,
                queue_used=events.notify,
            )
        )

    def _lambda(self, catalog: Catalog, ids: RandomIds) -> LambdaService:
        from local.lambda_.service import LambdaService  # noqa: PLC0415 - imports moto

        return LambdaService(
            catalog,
            self._tracing.xray,
            LambdaSampler(),
            endpoint_url=self.url,
            daemon_address=self.daemon_address,
            work_dir=self._site.data / "lambda",
            clock=time.time,
            ids=ids,
            region=self._site.region,
        )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
