"""Rules for stacks that say `production: true`."""

from __future__ import annotations

from collections.abc import Iterator

from rules.data import BUCKETS
from rules.functions import FUNCTION
from rules.rule import Resource, given, rule


@rule(
    "aws:fis/experimentTemplate:ExperimentTemplate",
    FUNCTION,
    fix="remove faults from the settings of this stack",
    in_production=True,
)
def no_faults_in_production(resource: Resource) -> Iterator[str]:
    """A production stack has nothing that fails on purpose."""
    if resource.type != FUNCTION:
        yield "is a fault experiment, which anybody who may start it can run on customers' requests"
    elif given(resource.props.get("environment", {}).get("variables", {}), "AWS_FIS_CONFIGURATION_LOCATION"):
        yield "listens to AWS FIS for faults to inject"


@rule(
    "aws:dynamodb/table:Table",
    fix="set point_in_time_recovery and deletion_protection_enabled",
    in_production=True,
)
def production_tables_can_be_recovered(table: Resource) -> Iterator[str]:
    """A production table survives a bad write and a bad deployment."""
    if not table.props.get("pointInTimeRecovery", {}).get("enabled"):
        yield "has no point-in-time recovery"
    if not table.props.get("deletionProtectionEnabled"):
        yield "can be deleted with its items"


@rule(*BUCKETS, fix="leave force_destroy out", in_production=True)
def production_buckets_are_not_emptied(bucket: Resource) -> Iterator[str]:
    """A production bucket is not deleted together with its objects."""
    if bucket.props.get("forceDestroy"):
        yield "is emptied when it is deleted"
