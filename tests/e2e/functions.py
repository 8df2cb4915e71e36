"""Functions of a test's own on a running stack: one source, deployed in a mode, with the layers it needs."""

from __future__ import annotations

import io
import json
import platform
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.packaging import locked_layer, package_layer
from components.settings import Target
from tests.e2e.stack import REPOSITORY, Stack, tracing_header

ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
LOCKS = {"otel": "slim", "native": "native"}
BUILD = REPOSITORY / ".build"


@dataclass(frozen=True)
class Reply:
    """What Invoke answered; `error` is `Unhandled` when the function failed."""

    payload: Any
    error: str | None
    trace_id: str


def host() -> Target:
    """What functions run on here."""
    machine = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    return Target(f"python3.{sys.version_info.minor}", machine)


def layers(stack: Stack, mode: str) -> list[str]:
    """Publish the tracing library and the packages behind it; return the layer versions."""
    archives = [
        locked_layer(REPOSITORY / "components" / "locks" / f"{LOCKS[mode]}.lock", host(), BUILD),
        package_layer(REPOSITORY / "layers" / "tracing", host(), BUILD),
    ]
    client = stack.client("lambda")
    return [_publish(client, archive) for archive in archives]


def _publish(client: Any, archive: Path) -> str:
    content = {"ZipFile": archive.read_bytes()}
    version = client.publish_layer_version(LayerName=archive.stem.replace(".", "-"), Content=content)
    return str(version["LayerVersionArn"])


def deploy(stack: Stack, name: str, module: Path, environment: dict[str, str], **more: Any) -> str:
    """Create an actively traced function from one module with a function `handler`; return its name."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.write(module, module.name)
    iam = stack.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ROLE))["Role"]["Arn"]
    stack.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime=host().runtime,
        Handler=f"{module.stem}.handler",
        Code={"ZipFile": archive.getvalue()},
        TracingConfig={"Mode": "Active"},
        Environment={"Variables": environment},
        **more,
    )
    return name


def invoke(stack: Stack, name: str, event: Any, trace_id: str) -> Reply:
    """Invoke a function synchronously as part of a sampled trace."""
    with tracing_header(f"Root={trace_id};Sampled=1"):
        answer = stack.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    return Reply(json.load(answer["Payload"]), answer.get("FunctionError"), trace_id)
