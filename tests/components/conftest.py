"""Runs the program, or one component, under Pulumi's mocks, and shows what it registered.

Locked layers are not built: an empty file at the place where the program keeps a finished one is enough.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import runpy
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import run_in_stack

from components.bytecode import can_compile
from components.packaging import locked_layer_path
from components.settings import Target

with warnings.catch_warnings():
    # importing these parts makes them warn about classes of their own
    warnings.simplefilter("ignore", DeprecationWarning)
    LOADED = (pulumi_aws.lambda_.Function, pulumi_aws.s3.Bucket)  # modules are loaded at first use

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass
class Resource:
    """One registration: `inputs` as sent, `options` as the engine received them."""

    type: str
    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    options: Any = None
    outputs: dict[str, Any] | None = None

    @property
    def parent_type(self) -> str:
        parent: str = self.options.parent
        return parent.rsplit("::", 2)[1].rsplit("$", 1)[-1]


@dataclass
class Deployed:
    """Everything that a program registered, and its stack outputs."""

    resources: list[Resource]
    exports: dict[str, Any]

    def all(self, type_: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str = "") -> Resource:
        (found,) = [resource for resource in self.all(type_) if name in ("", resource.name)]
        return found

    def policy(self, name: str) -> list[dict[str, Any]]:
        policy = json.loads(self.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])
        statements: list[dict[str, Any]] = policy["Statement"]
        return statements


Deploy = Callable[..., Deployed]
"""`run_program`, or a fixture that calls it with a program of its own."""


class FakeAws(mocks.Mocks):
    """Answers as the provider would: inputs, names and what AWS computes, which a preview does not know."""

    stashed: Any = None
    """What a Stash remembers; None is for a stack that was never deployed."""

    def __init__(self, region: str, suffix: str, *, preview: bool, logging_role: str) -> None:
        self.region = region
        self.suffix = suffix
        self.logging_role = logging_role
        self.preview = preview
        self.inputs: dict[tuple[str, str], dict[str, Any]] = {}
        self.lock = threading.Lock()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        with self.lock:
            self.inputs[args.typ, args.name] = dict(args.inputs)
        if args.resource_id:  # what is there is known to a preview too
            return args.resource_id, {"cloudwatchRoleArn": self.logging_role}
        if args.typ == "pulumi:index:Stash":
            stashed = args.inputs["input"] if self.stashed is None else self.stashed
            return f"{args.name}-id", {**args.inputs, "output": stashed}
        if self.preview:
            return None, args.inputs
        name = args.inputs.get("name") or args.inputs.get("layerName") or f"{args.name}-{self.suffix}"
        service = args.typ.split(":")[1].split("/")[0]
        computed = {
            "name": name,
            "arn": f"arn:aws:{service}:{self.region}:{ACCOUNT}:{name}",
            "invokeArn": f"arn:aws:apigateway:{self.region}:lambda:path/{name}/invocations",
            "executionArn": f"arn:aws:execute-api:{self.region}:{ACCOUNT}:{name}",
            "rootResourceId": "root",
            "invokeUrl": f"https://api.example/{args.inputs.get('stageName')}",
            "url": f"https://sqs.example/{name}",
            "bucket": name,
        }
        version = args.inputs.get("triggers", {}).get("routes", "")[:6]
        return f"{args.name}-id{version}", {**computed, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        answers: dict[str, dict[str, str]] = {
            "aws:index/getRegion:getRegion": {"region": self.region},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            # a public parameter of FIS, whose last parts are the layer's name and its version
            "aws:ssm/getParameter:getParameter": {
                "insecureValue": f"arn:of:{args.args.get('name', '').split('/')[-2:][0]}"
            },
        }
        return answers[args.token], []


class _Monitor(mocks.MockMonitor):
    def __init__(self, aws: FakeAws) -> None:
        super().__init__(aws)
        self.requests: list[Any] = []
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name is gRPC's
        self.requests.append(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call] # Pulumi's mocks

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the name is gRPC's
        self.outputs[request.urn] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call] # Pulumi's mocks


def run_program(
    program: Callable[[], Any],
    config: Mapping[str, str] | None = None,
    *,
    project: str = "traced-api",
    stack: str = "dev",
    region: str = "eu-west-1",
    preview: bool = False,
    suffix: str = "1a2b3c4",
    logging_role: str = f"arn:aws:iam::{ACCOUNT}:role/logs",
    stashed: Any = None,
) -> Deployed:
    """Run a program in a fresh Pulumi context and return what it registered; raises what it raises.

    `suffix` stands for the random digits in the names that Pulumi makes, `logging_role` is API Gateway's
    in the region. `stashed` is what the stack remembers of its first deployment, if there was one.
    """
    aws = FakeAws(region, suffix, preview=preview, logging_role=logging_role)
    aws.stashed = stashed
    monitor = _Monitor(aws)

    def run() -> None:
        with _event_loop() as loop:
            settings.SETTINGS.outputs = set()  # else outputs that failed in an earlier run leak in
            mocks.set_mocks(aws, project=project, stack=stack, preview=preview, monitor=monitor)
            pulumi_config.set_all_config(dict(config or {}), [])
            settings.ROOT.set(None)  # run_in_stack makes the root whose outputs the monitor sees
            loop.run_until_complete(run_in_stack(program))

    contextvars.copy_context().run(run)
    return _deployed(monitor, aws)


@contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Yield a loop; closes it, and the loops that Pulumi would open and forget in the threads of its pool."""
    opened: list[asyncio.AbstractEventLoop] = []

    def open_loop() -> asyncio.AbstractEventLoop:
        opened.append(asyncio.new_event_loop())
        asyncio.set_event_loop(opened[-1])
        return opened[-1]

    try:
        with ThreadPoolExecutor(initializer=open_loop) as pool:
            loop = open_loop()
            loop.set_default_executor(pool)
            yield loop
    finally:
        asyncio.set_event_loop(None)
        for loop in opened:
            loop.close()


def _deployed(monitor: _Monitor, aws: FakeAws) -> Deployed:
    resources = []
    for request in monitor.requests:
        if request.type != STACK_TYPE:
            inputs = aws.inputs[request.type, request.name]
            resources.append(Resource(request.type, request.name, inputs, request))
    for urn, outputs in monitor.outputs.items():
        for resource in resources:
            if urn.endswith(f"{resource.type}::{resource.name}"):
                resource.outputs = outputs
    exports = next((value for urn, value in monitor.outputs.items() if f"::{STACK_TYPE}::" in urn), {})
    return Deployed(resources, exports)


@dataclass(frozen=True)
class Project:
    """A copy of the project's program with a build directory of its own."""

    directory: Path

    def config(self, stack: str) -> dict[str, str]:
        """Return a stack's configuration as the Pulumi CLI passes it on: defaults, then the stack's own."""
        described = yaml.safe_load((self.directory / "Pulumi.yaml").read_text())["config"]
        given = yaml.safe_load((self.directory / f"Pulumi.{stack}.yaml").read_text())["config"]
        values = {name: about["default"] for name, about in described.items() if ":" not in name}
        return {
            key if ":" in key else f"{self.name}:{key}": _as_text(value)
            for key, value in {**values, **given}.items()
        }

    @property
    def name(self) -> str:
        return str(yaml.safe_load((self.directory / "Pulumi.yaml").read_text())["name"])

    def up(
        self,
        stack: str = "dev",
        *,
        region: str = "eu-west-1",
        preview: bool = False,
        suffix: str = "1a2b3c4",
        stashed: Any = None,
        **changed: str,
    ) -> Deployed:
        """Run the program afresh for a stack, with some settings changed."""
        config = self.config(stack) | {f"{self.name}:{name}": value for name, value in changed.items()}
        self._keep_layers(Target(config[f"{self.name}:runtime"], config[f"{self.name}:architecture"]))
        main = str(self.directory / "__main__.py")

        def program() -> None:
            runpy.run_path(main, run_name="__main__")

        return run_program(
            program,
            config,
            project=self.name,
            stack=stack,
            region=region,
            preview=preview,
            suffix=suffix,
            stashed=stashed,
        )

    def _keep_layers(self, target: Target) -> None:
        if f"python{target.version}" not in (
            *("python3.11", "python3.12", "python3.13", "python3.14", "python3.15"),
        ):
            return  # a test of a bad setting
        for lock in ("api", "native", "slim"):
            path = locked_layer_path(
                ROOT / "components" / "locks" / f"{lock}.lock", target, bytecode=can_compile(target.version)
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Deployed]:
    """Runs a program given as a function, with an empty directory to build in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code.py").write_text("def handler(event, context): ...\n")
    return run_program


def copy_project(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Copy the program into a directory, which becomes the working directory."""
    for path in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(path, directory)
    (directory / "handlers").symlink_to(ROOT / "handlers")
    monkeypatch.chdir(directory)
    return Project(directory)


@pytest.fixture(scope="session")
def open_project() -> Callable[[Path, pytest.MonkeyPatch], Project]:
    """Copies the program into a directory, which becomes the working directory."""
    return copy_project


@pytest.fixture
def project(
    open_project: Callable[[Path, pytest.MonkeyPatch], Project],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """A copy of the program, as the working directory."""
    return open_project(tmp_path, monkeypatch)


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
