"""The embedded AWS in a thread, and Pulumi programs deployed onto it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import yaml

from embedded_aws.embedded_aws import EmbeddedAws, FaultSources, Settings
from embedded_aws.engine.clients import Clients
from embedded_aws.engine.config import Config
from embedded_aws.engine.deployment import Deployment, Provider
from embedded_aws.engine.runner import run
from embedded_aws.engine.stack_references import stack_outputs
from embedded_aws.engine.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from embedded_aws.engine.standing import Standing

REPOSITORY = Path(__file__).parents[3]
HOST = "127.0.0.1"
REGION = "eu-west-1"
ANOTHER_ACCOUNT = {
    "AWS_PROFILE": "production",
    "AWS_REGION": "ap-south-1",
    "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
}
"""What a caller's environment may hold; nothing of it may reach a deployment."""


class Aws:
    """A running embedded AWS without a deployed program."""

    def __init__(
        self,
        data: Path,
        region: str = REGION,
        faults: FaultSources | None = None,
        debug_sources: Path | None = None,
    ) -> None:
        endpoint, otlp = (socket.create_server((HOST, 0)) for _ in range(2))
        self.url = f"http://{HOST}:{endpoint.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._start(endpoint, otlp, data, region, faults, debug_sources=debug_sources)
        except BaseException:
            endpoint.close()
            otlp.close()
            self._end()
            raise

    def _start(
        self,
        endpoint: socket.socket,
        otlp: socket.socket,
        data: Path,
        region: str,
        faults: FaultSources | None,
        *,
        debug_sources: Path | None,
    ) -> None:
        self._aws = EmbeddedAws(
            Settings(
                host=HOST,
                endpoint=endpoint,
                otlp=otlp,
                daemon_port=0,
                data=data,
                region=region,
                record_faults_where="TRACING_KEEP",
                debug_sources=debug_sources,
            ),
            faults,
        )
        self._await(self._aws.start(dict))

    @property
    def daemon(self) -> str:
        """`host:port` of the X-Ray daemon."""
        return self._aws.daemon_address

    def debug(self) -> dict[str, int]:
        """Return the port at which each function can be debugged."""
        ports: dict[str, int] = self._await(self._aws.debug())
        return ports

    def close(self) -> None:
        self._await(self._aws.stop())
        self._end()

    def _end(self) -> None:
        """End the loop as `asyncio.run` does, in which the product runs: what is left is cancelled first."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(_without_others())
        self._loop.close()

    def _await(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)


async def _without_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # connections are closed a step later


@dataclass(frozen=True)
class Deployed:
    """What a program left behind."""

    outputs: dict[str, Any]
    warnings: list[str]
    counts: dict[str, int]
    clients: Clients
    standing: list[Standing] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)

    def client(self, service: str, region: str = REGION) -> Any:
        return self.clients.get(service, region)


def deploy(
    url: str,
    program: Callable[[], Any],
    project: str,
    config: Mapping[str, Any] | None = None,
    *,
    tracing: Tracing | None = None,
    standing: Sequence[Standing] | None = None,
) -> Deployed:
    """Run a program, given as a function, in this process; with `tracing`, turn on what it is to turn on.

    With `standing` it is a run among several; `changes` are then action and name, without the type.
    """
    given = config or {}
    outputs_of = stack_outputs(project, given)
    deployment = Deployment(Clients(url), Provider(REGION), outputs_of, tracing, standing or ())
    outputs = run(program, deployment, Config(given), project=project, stack="dev")
    if tracing or standing is not None:
        deployment.finish()
    found = deployment.changes
    changes = [(str(change.action), change.name) for change in found.made]
    return Deployed(
        outputs, deployment.warnings, deployment.counts(), deployment.clients, found.standing, changes
    )


def write_project(directory: Path, program: str, **files: Any) -> Path:
    """Write Pulumi.yaml (`pulumi=`), stack files (`dev=`) and the program; mappings are written as YAML."""
    directory.mkdir(exist_ok=True)
    (directory / "__main__.py").write_text(program)
    files.setdefault("pulumi", {"name": "shop", "runtime": "python"})
    for name, content in files.items():
        file = directory / ("Pulumi.yaml" if name == "pulumi" else f"Pulumi.{name}.yaml")
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return directory


def virtualenv(directory: Path) -> Path:
    """Make a virtual environment without packages, on this Python."""
    python = Path(sys.executable).resolve()
    (directory / "bin").mkdir(parents=True)
    (directory / "bin" / "python").symlink_to(python)
    (directory / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n")
    _site_packages(directory).mkdir(parents=True)
    return directory


def installed(environment: Path, package: str, version: str, source: str = "") -> None:
    """Put a package of one module into a virtual environment."""
    packages = _site_packages(environment)
    (packages / package).mkdir()
    (packages / package / "__init__.py").write_text(source)
    facts = packages / f"{package}-{version}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")


def borrowed(environment: Path, *names: str) -> None:
    """Let a virtual environment hold packages of this Python's own."""
    ours = Path(pulumi.__file__).parents[1]
    for name in names:
        (_site_packages(environment) / name).symlink_to(ours / name)


def _site_packages(environment: Path) -> Path:
    return environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def run_engine(url: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the engine as the server does, in the environment of someone who uses a real account."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "embedded_aws.engine"),
            *("--directory", str(directory), "--endpoint", url, *arguments),
        ],
        cwd=REPOSITORY,
        env={**os.environ, **ANOTHER_ACCOUNT},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def answer_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the engine's answer: its one line on standard output."""
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    answer: dict[str, Any] = json.loads(line)
    return answer


def failure_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return the engine's message; there is nothing else on either stream."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line
