"""One event source mapping: parsed from the API's request, shown in its replies.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Mapping as Request
from dataclasses import dataclass, field, replace
from typing import Any

from embedded_aws.aws.errors import InvalidParameterValueError
from embedded_aws.aws.event_patterns import Pattern
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.events.filters import FilterError, parse_patterns

REPORT_FAILURES = "ReportBatchItemFailures"

_UNLIMITED_CONCURRENCY = 5
"""Batches at a time without MaximumConcurrency; AWS starts with five pollers and scales up."""


@dataclass(frozen=True)
class EventSourceMapping:
    """An SQS queue that invokes a function. `window` in seconds; `function_arn` may be qualified."""

    uuid: str
    queue_arn: str
    function_arn: str
    modified: float
    batch_size: int = 10
    window: int = 0
    enabled: bool = True
    report_failures: bool = False
    maximum_concurrency: int | None = None
    filter_criteria: Request[str, Any] | None = None
    patterns: tuple[Pattern, ...] = ()
    other: Request[str, Any] = field(default_factory=dict)

    @property
    def concurrency(self) -> int:
        return self.maximum_concurrency or _UNLIMITED_CONCURRENCY

    def updated(self, request: Request[str, Any], now: float) -> EventSourceMapping:
        """Return the mapping with a request's settings; raises `InvalidParameterValueError`."""
        changed = replace(self, modified=now, **_settings(request))
        if changed.batch_size > 10 and changed.window < 1:
            raise InvalidParameterValueError(
                f"BatchSize {changed.batch_size}: above 10, MaximumBatchingWindowInSeconds must be 1 or more"
            )
        if changed.queue_arn.endswith(".fifo") and (changed.batch_size > 10 or changed.window):
            raise InvalidParameterValueError(
                "a FIFO queue takes a BatchSize of at most 10 and no MaximumBatchingWindowInSeconds"
            )
        return changed

    def for_function(self, arn: str) -> EventSourceMapping:
        """Return the mapping with another function."""
        return replace(self, function_arn=arn)

    def document(self, region: str, state: str | None = None) -> dict[str, Any]:
        """Return the API's description; `state` overrides `Enabled` or `Disabled`."""
        arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:event-source-mapping:{self.uuid}"
        content = {
            "UUID": self.uuid,
            "EventSourceMappingArn": arn,
            "EventSourceArn": self.queue_arn,
            "FunctionArn": self.function_arn,
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.window,
            "FunctionResponseTypes": [REPORT_FAILURES] if self.report_failures else [],
            "LastModified": self.modified,
            "State": state or ("Enabled" if self.enabled else "Disabled"),
            "StateTransitionReason": "USER_INITIATED",
            **self.other,
        }
        if self.maximum_concurrency is not None:
            content["ScalingConfig"] = {"MaximumConcurrency": self.maximum_concurrency}
        if self.filter_criteria:
            content["FilterCriteria"] = self.filter_criteria
        return content


def _settings(request: Request[str, Any]) -> dict[str, Any]:
    """Return the fields that a create or update request sets."""
    settings: dict[str, Any] = {}
    if request.get("BatchSize") is not None:
        settings["batch_size"] = _within(request, "BatchSize", 1, 10_000)
    if request.get("MaximumBatchingWindowInSeconds") is not None:
        settings["window"] = _within(request, "MaximumBatchingWindowInSeconds", 0, 300)
    if request.get("Enabled") is not None:
        settings["enabled"] = bool(request["Enabled"])
    if request.get("FunctionResponseTypes") is not None:
        settings["report_failures"] = _reports_failures(request["FunctionResponseTypes"])
    if request.get("ScalingConfig") is not None:
        scaling = request["ScalingConfig"]
        limit = (
            None
            if scaling.get("MaximumConcurrency") is None
            else _within(scaling, "MaximumConcurrency", 2, 1000)
        )
        settings["maximum_concurrency"] = limit
    if request.get("FilterCriteria") is not None:
        settings["filter_criteria"] = request["FilterCriteria"]
        settings["patterns"] = _patterns(request["FilterCriteria"])
    other = {name: request[name] for name in ("KMSKeyArn", "MetricsConfig") if request.get(name) is not None}
    return {**settings, "other": other} if other else settings


def _within(request: Request[str, Any], name: str, low: int, high: int) -> int:
    value = request[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidParameterValueError(f"{name} {value!r}: expected a whole number from {low} to {high}")
    return value


def _reports_failures(types: Any) -> bool:
    if not isinstance(types, list) or not set(types) <= {REPORT_FAILURES}:
        raise InvalidParameterValueError(
            f"FunctionResponseTypes {types!r}: only {REPORT_FAILURES} is allowed"
        )
    return REPORT_FAILURES in types


def _patterns(criteria: Any) -> tuple[Pattern, ...]:
    try:
        return parse_patterns(criteria)
    except FilterError as error:
        raise InvalidParameterValueError(str(error)) from error
