"""A second read of what the demo program has made tells what was set: no `up` after it changes anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.engine import values
from embedded_aws.engine.clients import Clients
from embedded_aws.engine.config import load_config
from embedded_aws.engine.deployment import Deployment, Provider, Request
from embedded_aws.engine.program import host_settings, main_of
from embedded_aws.engine.project import load_project
from embedded_aws.engine.runner import run
from tests.embedded_aws.engine.harness import REGION, REPOSITORY
from tests.embedded_aws.engine.provider.demo_reads import CALLS, given, leaves, names

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created
    from tests.embedded_aws.engine.harness import Aws

STACKS = ("gameday", "prod")
"""Those that differ most: one with all faults, one guarded and watched."""


@dataclass(frozen=True)
class Resource:
    stack: str
    name: str
    id: str
    inputs: dict[str, Any]


class Kept(Deployment):
    """A deployment that remembers what was made of which inputs."""

    made: dict[str, list[Resource]]
    stack: str

    def register(self, request: Request) -> Created:
        created = super().register(request)
        inputs = {key: values.plain(value) for key, value in request.inputs.items()}
        found = Resource(self.stack, request.name, created[0], inputs)
        self.made.setdefault(request.type, []).append(found)
        return created


@dataclass
class Demo:
    clients: Clients
    made: dict[str, list[Resource]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def demo(aws: Aws) -> Demo:
    """The demo program, deployed in this process as each of the stacks."""
    project = load_project(Path(REPOSITORY))
    found = Demo(Clients(aws.url))
    for stack in STACKS:
        config = load_config(project, stack, [], host=host_settings("python3.11"))
        deployment = Kept(found.clients, Provider(REGION))
        deployment.made, deployment.stack = found.made, stack
        run(main_of(project), deployment, config, project=project.name, stack=stack)
    return found


@pytest.mark.parametrize("kind", sorted(CALLS))
def test_what_was_set_is_read(demo: Demo, kind: str) -> None:
    """Every input of every resource of this type, but those that name it or steer the deployment."""
    assert demo.made[f"aws:{kind}"]
    for resource in demo.made[f"aws:{kind}"]:
        told: set[tuple[str, str]] = set()
        for service, method, parameters in CALLS[kind](resource.id, resource.inputs):
            answer = getattr(demo.clients.get(service, REGION), method)(**parameters)
            told |= {*leaves(answer), *names(answer)}
        assert sorted(given(kind, resource.inputs) - told) == [], (
            f"{resource.name} of the stack {resource.stack}"
        )


def test_every_resource_of_the_demo_is_read(demo: Demo) -> None:
    assert {kind.removeprefix("aws:") for kind in demo.made if kind.startswith("aws:")} == CALLS.keys()
