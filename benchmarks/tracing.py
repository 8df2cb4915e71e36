"""What tracing adds to an invocation, for this library, the bare X-Ray SDK, Powertools and ADOT.

Workers are those of the embedded AWS: Lambda's own runtime client, layers in `/opt`. Nothing else runs:
DynamoDB is canned, and what is sent to the daemon goes nowhere. The contenders take turns, each round in
another order, and are frozen while others run, so that a busy machine is busy for all.
"""

from __future__ import annotations

import asyncio
import io
import json
import socket
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import ADOT, FIRST, FROM_LAYER, MODES, POWERTOOLS, SDK, TRACED, Measured
from benchmarks.servers import REGION, memory
from components.packaging import locked_layer, package_layer
from embedded_aws.aws.ids import RandomIds
from embedded_aws.aws.interfaces import SamplingDecision
from embedded_aws.awslambda.catalog import Function, Layer
from embedded_aws.awslambda.runtime.environ import HOST_RUNTIME
from embedded_aws.awslambda.runtime.environment import Environment
from embedded_aws.awslambda.runtime.provision import find_adot, find_runtime
from embedded_aws.awslambda.runtime.runtime_api import InvocationEvent
from embedded_aws.awslambda.runtime.worker import WorkerFactory
from embedded_aws.awslambda.services import Services
from tests.e2e.functions import BUILD, host
from tests.e2e.stack import REPOSITORY

HANDLERS = Path(__file__).with_name("handlers")
FOREIGN = REPOSITORY / ".build" / "foreign"
WRAPPED = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}
NONE, MODULES = "none", "modules"
PEERS = {"sdk": SDK, "powertools": POWERTOOLS, "wrapped": ADOT}
WARM_UP = 20


@dataclass
class Contender:
    """A way to trace: a handler with layers and variables; `sampled` as the event says."""

    name: str
    module: str
    layers: Sequence[Layer] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    sampled: bool = True
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    megabytes: float = 0
    environment: Environment | None = None


class Layers:
    """The layers of the contenders, built as a deployment builds them."""

    def __init__(self, folder: Path) -> None:
        locks = REPOSITORY / "components" / "locks"
        tracing = self._zip(package_layer(REPOSITORY / "layers" / "tracing", host(), BUILD))
        self.native = [self._zip(locked_layer(locks / "native.lock", host(), BUILD)), tracing]
        self.slim = [self._zip(locked_layer(locks / "slim.lock", host(), BUILD)), tracing]
        adot = find_adot()
        assert adot is not None
        self.managed = [Layer("adot", directory=adot)]
        self.adot = [*self.managed, tracing]
        (folder / "foreign").mkdir()
        (folder / "foreign" / "python").symlink_to(FOREIGN)
        self.foreign = [Layer("foreign", directory=folder / "foreign")]

    def _zip(self, archive: Path) -> Layer:
        return Layer(archive.stem, archive.read_bytes(), archive.stem)


def contenders(layers: Layers) -> list[Contender]:
    """Return all but the one whose modules are known once another has run; the first does not trace."""
    otel = {"TRACING_MODE": "otel"}
    keep = {**otel, "TRACING_KEEP": "fault"}
    found = [
        Contender(NONE, "plain"),
        Contender("off", "ours", layers.native, {"TRACING_MODE": "off"}),
        Contender("native", "ours", layers.native, {"TRACING_MODE": "native"}),
        Contender("slim", "ours", layers.slim, otel),
        Contender("adot", "ours", layers.adot, otel),
        Contender("otlp", "ours", layers.slim, {**otel, "TRACING_EXPORT": "otlp"}),
        Contender("unsampled", "ours", layers.slim, otel, sampled=False),
        Contender("keep", "ours", layers.slim, keep, sampled=False),
        Contender("sdk", "xray_sdk", layers.foreign),
        Contender("powertools", "powertools", layers.foreign),
        Contender("wrapped", "adot", layers.managed, WRAPPED),
    ]
    assert {one.name for one in found} == {NONE, *MODES, *PEERS}
    return found


class Quiet:
    """What Lambda uses of other services, which do nothing."""

    def emit(self, document: Any) -> None:
        """Take a segment."""

    def write(self, stream: Any, events: Any) -> None:
        """Take lines of a log."""

    def has_room(self) -> bool:
        """Take more of them."""
        return True

    def services(self) -> Services:
        return Services(
            self,
            lambda _: SamplingDecision(sampled=True),
            self,
            lambda _: None,
            time.time,
            RandomIds(),
            lambda _: None,
        )


class Lambda:
    """Starts workers and hands them events."""

    def __init__(self, folder: Path, stub: str, daemon: str) -> None:
        self._stub = stub
        services = Quiet().services()
        self._ids = services.ids
        self._factory = WorkerFactory(find_runtime(), folder / "lambda", REGION, stub, daemon, services)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            for path in HANDLERS.glob("*.py"):
                archive.write(path, path.name)
        self._code = code.getvalue()

    def environment(self, contender: Contender) -> Environment:
        """Return an execution environment that is not started."""
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:{contender.name}"
        return self._factory.environment(
            Function(
                contender.name, arn, arn, "$LATEST", f"{contender.module}.handler", HOST_RUNTIME, self._code,
                "handlers", timeout=30, memory=512, variables={"STUB": self._stub, **contender.variables},
                layers=tuple(contender.layers), tracing="Active",
            )
        )  # fmt: skip

    async def cold(self, contender: Contender) -> Any:
        """Start an environment, time it until its first response, and keep it instead of the one before."""
        if contender.environment:
            await contender.environment.stop()
        contender.environment = self.environment(contender)
        begun = time.perf_counter()
        await contender.environment.start()
        await contender.environment.initialised()
        payload = await self._run(contender.environment, contender)
        contender.cold.append((time.perf_counter() - begun) * 1000)
        await contender.environment.finished()
        return payload

    async def warm(self, contender: Contender) -> Any:
        """Time an invocation until the runtime asks for the next event."""
        environment = contender.environment
        assert environment is not None
        begun = time.time()
        payload = await self._run(environment, contender)
        await environment.finished()
        contender.warm.append((environment.polled_at - begun) * 1000)
        return payload

    async def _run(self, environment: Environment, contender: Contender) -> Any:
        header = (
            f"Root={self._ids.trace_id(time.time())};Parent={self._ids.segment_id()};"
            f"Sampled={contender.sampled:d}"
        )
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:{contender.name}"
        deadline = round((time.time() + 30) * 1000)
        event = InvocationEvent(self._ids.request_id(), b"{}", deadline, arn, header)
        reply = await environment.run(event)
        payload = json.loads(reply.body)
        if reply.failed:
            raise RuntimeError(f"{contender.name}: {payload}")
        return payload


async def _canned(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be DynamoDB that has always just stored the item."""
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
        b"x-amzn-RequestId: 0\r\nContent-Length: 2\r\n\r\n{}"
    )
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or b"0"))
            writer.write(answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@asynccontextmanager
async def surroundings() -> AsyncIterator[tuple[str, str]]:
    """Yield the URL of a canned DynamoDB and the address of a daemon that nobody listens to."""
    server = await asyncio.start_server(_canned, "127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}", f"127.0.0.1:{daemon.getsockname()[1]}"
        finally:
            server.close()


async def rounds(count: int, all_: Sequence[Contender], turn: Callable[[Contender], Any]) -> None:
    """Let each have its turn so often; who began a round comes last in the next."""
    for number in range(count):
        first = number % len(all_)
        for contender in (*all_[first:], *all_[:first]):
            await turn(contender)


async def _measure(cold: int, warm: int, say: Callable[[str], None]) -> list[Contender]:
    with tempfile.TemporaryDirectory() as folder:
        layers = Layers(Path(folder))
        async with surroundings() as (stub, daemon):
            aws = Lambda(Path(folder), stub, daemon)
            found = contenders(layers)
            try:
                asking = Contender("loaded", "loaded", layers.adot, {"TRACING_MODE": "otel"})
                found.append(asking)
                names = await aws.cold(asking)
                await asking.environment.stop() if asking.environment else None
                found.remove(asking)
                found.append(
                    Contender(MODULES, "modules", layers.managed, {"MODULES": " ".join(sorted(names))})
                )
                await rounds(1, found, aws.cold)  # unpacks, and compiles what is not
                for contender in found:
                    contender.cold.clear()
                say(f"{cold} cold starts of each")
                await rounds(cold, found, aws.cold)
                await rounds(WARM_UP, found, aws.warm)
                for contender in found:
                    contender.warm.clear()
                say(f"{warm} warm invocations of each")
                await rounds(warm, found, aws.warm)
                for contender in found:
                    contender.megabytes = memory((await aws.warm(contender))["pid"])
            finally:
                for contender in found:
                    if contender.environment:
                        await contender.environment.stop()
    return found


def measure(cold: int, warm: int, say: Callable[[str], None]) -> Iterator[Measured]:
    """Measure everybody, with so many cold starts and warm invocations of each."""
    found = {one.name: one for one in asyncio.run(_measure(cold, warm, say))}
    first = {name: median(one.cold) for name, one in found.items()}
    yield from _added("first", first, [MODULES, *FIRST])
    yield from _added("warm", {name: median(one.warm) for name, one in found.items()}, MODES)
    yield from _added("memory", {name: one.megabytes for name, one in found.items()}, TRACED)


def _added(kind: str, values: Mapping[str, float], names: Iterable[str]) -> Iterator[Measured]:
    """Yield what comes on top of no tracing."""
    base = values[NONE]
    yield Measured(f"{kind}.none", base)
    peers = {title: values[name] - base for name, title in PEERS.items()}
    for name in names:
        alone = name == MODULES
        row = FROM_LAYER if alone else f"{kind}.{name}"
        yield Measured(row, values[name] - base, {} if alone else peers)
