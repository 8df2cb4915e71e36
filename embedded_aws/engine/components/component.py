"""What a component function works with: its inputs, and the way to resources below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.engine import values
from embedded_aws.engine.clients import Clients
from embedded_aws.engine.registration import Created, State


@dataclass(frozen=True)
class Child:
    """A resource that a component made."""

    urn: str
    id: str
    state: State

    @property
    def reference(self) -> Any:
        """Return the output that the program reads as this resource."""
        return values.reference(self.urn, self.id)


@dataclass(frozen=True)
class Component:
    """One component of the program; `register` takes a resource's URN, type, name and inputs."""

    urn: str
    name: str
    inputs: Mapping[str, Any]
    region: str
    clients: Clients
    register: Callable[[str, str, str, Mapping[str, Any]], Created]

    def child(self, type_: str, name: str, inputs: Mapping[str, Any]) -> Child:
        """Create a resource below the component; raises EngineError."""
        stack, project, own, _ = self.urn.split("::", 3)
        urn = f"{stack}::{project}::{own}${type_}::{name}"
        id_, state = self.register(urn, type_, name, inputs)
        return Child(urn, id_, state)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service in the component's region."""
        return self.clients.get(service, self.region)
