"""The pack in its own environment, asked as Pulumi's engine asks: over gRPC, about what the program has."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2 as messages
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from rules.catalog import RULES
from tests.components.conftest import Resource
from tests.policy.conftest import Registered
from tests.policy.resources import urns_of

PACK = Path(__file__).parents[2] / "policy"


class Engine:
    """What Pulumi's engine asks a policy pack about one stack."""

    def __init__(self, port: str) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.pack = AnalyzerStub(self.channel)

    def levels(self) -> dict[str, int]:
        """Return the level of each rule."""
        return {rule.name: rule.enforcementLevel for rule in self.pack.GetAnalyzerInfo(Empty()).policies}

    def violations(
        self, resources: list[Resource], changes: Mapping[str, Mapping[str, Any]] | None = None
    ) -> list[str]:
        """Return what the pack says of each resource and of the stack; `changes` has inputs by name."""
        told = []
        stack = []
        for one, urn in zip(resources, urns_of(resources, "prod"), strict=True):
            asked = messages.AnalyzerResource(type=one.type, name=one.name, urn=urn)
            asked.properties.CopyFrom(one.options.object)
            asked.properties.update((changes or {}).get(one.name, {}))
            for name, used in one.options.propertyDependencies.items():
                asked.propertyDependencies[name].urns.extend(used.urns)
            stack.append(asked)
            alone = messages.AnalyzeRequest(
                type=one.type, name=one.name, urn=urn, properties=asked.properties
            )
            told += self.pack.Analyze(alone).diagnostics
        told += self.pack.AnalyzeStack(messages.AnalyzeStackRequest(resources=stack)).diagnostics
        return [one.message for one in told]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The pack, started as Pulumi's language host starts it, for a production stack."""
    environment = {
        "PATH": os.environ["PATH"],
        "PULUMI_PROJECT": "traced-api",
        "PULUMI_STACK": "prod",
        "PULUMI_DRY_RUN": "true",
        "PULUMI_CONFIG": json.dumps({"traced-api:production": "true"}),
    }
    command = [str(PACK / ".venv" / "bin" / "python"), "-u", "-m", "pulumi.policy", "127.0.0.1:0", str(PACK)]
    with subprocess.Popen(command, cwd=PACK, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        engine = Engine(process.stdout.readline().strip())
        yield engine
        engine.channel.close()
        process.kill()


def test_every_rule_stops_a_deployment(engine: Engine) -> None:
    """Whoever wants less sets the level of a rule by `--policy-pack-config`."""
    assert engine.levels() == {rule.name: messages.MANDATORY for rule in RULES}


@pytest.mark.parametrize("preview", [False, True], ids=["deployed", "preview"])
def test_the_production_stack_passes(engine: Engine, registered: Registered, *, preview: bool) -> None:
    """In its first preview too, when ARNs and names are not known yet."""
    assert engine.violations(registered("prod", preview=preview).resources) == []


@pytest.mark.parametrize("preview", [False, True], ids=["deployed", "preview"])
def test_what_is_worse_is_refused(engine: Engine, registered: Registered, *, preview: bool) -> None:
    """By a rule of one resource, by one for production, and by one that needs the whole stack."""
    worse: dict[str, dict[str, Any]] = {
        "worker-function": {"tracingConfig": {"mode": "PassThrough"}},
        "items": {"deletionProtectionEnabled": False},
        "work": {"visibilityTimeoutSeconds": 5},
    }
    said = engine.violations(registered("prod", preview=preview).resources, worse)
    assert sorted(message.partition("\n")[2].partition(":")[0] for message in said) == [
        "functions-are-traced",
        "production-tables-can-be-recovered",
        "queues-wait-for-their-function",
    ]
