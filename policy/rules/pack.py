"""The rules as a Pulumi policy pack; needs the pack's own environment, see `requirements.in`.

What a preview does not know yet is looked at when it is deployed.
https://www.pulumi.com/docs/insights/policy/policy-packs/authoring/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from rules.catalog import RULES
from rules.rule import Resource, Rule


def serve() -> None:
    """Answer Pulumi's engine until it ends this process."""
    PolicyPack("traced-api", [_policy(rule) for rule in RULES], EnforcementLevel.MANDATORY)


def _policy(rule: Rule) -> Policy:
    kind, validate = (
        (StackValidationPolicy, _of_stack) if rule.of_stack else (ResourceValidationPolicy, _of_resource)
    )
    return kind(
        rule.name,
        rule.description,
        lambda args, report: validate(rule, args, report),
        remediation_steps=rule.fix,
    )


def _of_resource(rule: Rule, args: ResourceValidationArgs, report: ReportViolation) -> None:
    if rule.in_production and not pulumi.Config().get_bool("production"):
        args.not_applicable("the stack is no production stack")
    _report(rule, Resource(args.resource_type, args.name, args.urn, args.props), (), report)


def _of_stack(rule: Rule, args: StackValidationArgs, report: ReportViolation) -> None:
    stack = [
        Resource(one.resource_type, one.name, one.urn, one.props, _uses(one.property_dependencies))
        for one in args.resources
    ]
    for resource in stack:
        _report(rule, resource, stack, report)


def _report(rule: Rule, resource: Resource, stack: Sequence[Resource], report: ReportViolation) -> None:
    with suppress(UnknownValueError):
        for message in rule.violations(resource, stack):
            report(message, resource.urn)


def _uses(dependencies: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    return {name: frozenset(one.urn for one in used) for name, used in dependencies.items()}
