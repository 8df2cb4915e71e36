"""What a program registered, as rules take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rules.catalog import RULES
from rules.rule import Resource
from tests.components.conftest import Deployed
from tests.components.conftest import Resource as Registered

Stack = tuple[Resource, ...]


def resources_of(deployed: Deployed, stack: str) -> Stack:
    """Return the resources, with the URNs by which they use each other."""
    return tuple(
        Resource(
            one.type,
            one.name,
            urn,
            one.inputs,
            {
                name: frozenset(used.urns)
                for name, used in one.options.propertyDependencies.items()
                if used.urns
            },
        )
        for one, urn in zip(deployed.resources, urns_of(deployed.resources, stack), strict=True)
    )


def urns_of(resources: Sequence[Registered], stack: str) -> list[str]:
    """Return the URN of each resource: that by which others use it, or one without its parents."""
    used = {
        end_of(urn): urn
        for one in resources
        for uses in one.options.propertyDependencies.values()
        for urn in uses.urns
    }
    return [used.get((one.type, one.name), urn_of(stack, one.type, one.name)) for one in resources]


def urn_of(stack: str, type_: str, name: str) -> str:
    return f"urn:pulumi:{stack}::traced-api::{type_}::{name}"


def end_of(urn: str) -> tuple[str, str]:
    """Return the type and the name in a URN."""
    *_, types, name = urn.split("::")
    return types.rpartition("$")[-1], name


def changed(stack: Stack, type_: str, name: str, **inputs: Any) -> Stack:
    """Return a stack with other inputs of one resource; None takes an input away."""
    (found,) = [one for one in stack if (one.type, one.name) == (type_, name)]
    props = {key: value for key, value in {**found.props, **inputs}.items() if value is not None}
    uses = {key: used for key, used in found.uses.items() if key not in inputs}
    return tuple(replace(one, props=props, uses=uses) if one is found else one for one in stack)


def violations(stack: Sequence[Resource], *, production: bool) -> list[str]:
    """Return what all rules say of a stack."""
    return [
        message
        for rule in RULES
        if production or not rule.in_production
        for resource in stack
        for message in rule.violations(resource, stack if rule.of_stack else ())
    ]
