"""One event source mapping: parsed from the API's request, shown in its replies.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

from collections.abc import Mapping as Request
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from embedded_aws.aws.errors import AwsError, InvalidParameterValueError
from embedded_aws.aws.event_patterns import Pattern
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.events.filters import FilterError, parse_patterns

REPORT_FAILURES = "ReportBatchItemFailures"

_UNLIMITED_CONCURRENCY = 5
"""Batches at a time without MaximumConcurrency; AWS starts with five pollers and scales up."""

_QUEUE_BATCH, _STREAM_BATCH = 10, 100
"""Batch sizes of mappings that do not set any."""

StartingPosition = Literal["LATEST", "TRIM_HORIZON", "AT_TIMESTAMP"]


@dataclass(frozen=True)
class StreamSettings:
    """What a mapping of a stream has besides; `retries` and `max_age` (seconds) are -1 for no limit.

    `starting_at` in epoch seconds, for `AT_TIMESTAMP`; `on_failure` is the ARN of a destination.
    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
    """

    starting_position: StartingPosition
    starting_at: float | None = None
    parallelization: int = 1
    bisect: bool = False
    retries: int = -1
    max_age: int = -1
    on_failure: str | None = None


@dataclass(frozen=True)
class EventSourceMapping:
    """A queue or stream that invokes a function. `window` in seconds; `function_arn` may be qualified.

    `role` is that of the function; `stream` is `None` for a queue.
    """

    uuid: str
    source_arn: str
    function_arn: str
    role: str
    modified: float
    stream: StreamSettings | None = None
    batch_size: int = _QUEUE_BATCH
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
        if changed.stream:
            return replace(changed, stream=_stream_settings(changed.stream, request))
        for name in _STREAMS_ALONE:
            if request.get(name) not in {None, 0, -1}:
                raise InvalidParameterValueError(f"{name} is for streams; leave it out for an SQS queue")
        if changed.batch_size > 10 and changed.window < 1:
            raise InvalidParameterValueError(
                f"BatchSize {changed.batch_size}: above 10, MaximumBatchingWindowInSeconds must be 1 or more"
            )
        if changed.source_arn.endswith(".fifo") and (changed.batch_size > 10 or changed.window):
            raise InvalidParameterValueError(
                "a FIFO queue takes a BatchSize of at most 10 and no MaximumBatchingWindowInSeconds"
            )
        return changed

    def for_function(self, arn: str, role: str) -> EventSourceMapping:
        """Return the mapping with another function."""
        return replace(self, function_arn=arn, role=role)

    def document(self, region: str, state: str | None = None) -> dict[str, Any]:
        """Return the API's description; `state` overrides `Enabled` or `Disabled`."""
        arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:event-source-mapping:{self.uuid}"
        content = {
            "UUID": self.uuid,
            "EventSourceMappingArn": arn,
            "EventSourceArn": self.source_arn,
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
        return content | (_stream_document(self.stream) if self.stream else {})


def new_mapping(
    request: Request[str, Any], uuid: str, function_arn: str, role: str, now: float
) -> EventSourceMapping:
    """Return the mapping of a create request for a queue or a stream; raises `InvalidParameterValueError`."""
    arn = request["EventSourceArn"]
    blank = EventSourceMapping(uuid, arn, function_arn, role, now)
    if ":sqs:" not in arn:
        position = _starting_position(request, arn)
        at = request.get("StartingPositionTimestamp")
        stream = StreamSettings(position, None if at is None else float(at))
        blank = replace(blank, stream=stream, batch_size=_STREAM_BATCH)
    return blank.updated(request, now)


def _starting_position(request: Request[str, Any], arn: str) -> Any:
    known = ("LATEST", "TRIM_HORIZON") if ":dynamodb:" in arn else ("LATEST", "TRIM_HORIZON", "AT_TIMESTAMP")
    position = request.get("StartingPosition")
    if position not in known:
        raise InvalidParameterValueError(
            f"StartingPosition {position!r}: {arn} needs one of {', '.join(known)}"
        )
    if (position == "AT_TIMESTAMP") != (request.get("StartingPositionTimestamp") is not None):
        raise InvalidParameterValueError(
            "StartingPositionTimestamp goes with StartingPosition AT_TIMESTAMP, and only with it"
        )
    return position


_STREAMS_ALONE = (
    "BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts",
    "ParallelizationFactor", "StartingPosition", "TumblingWindowInSeconds",
)  # fmt: skip


def _stream_settings(stream: StreamSettings, request: Request[str, Any]) -> StreamSettings:
    """Return a stream's settings with those that a request sets."""
    if request.get("TumblingWindowInSeconds"):
        raise AwsError("NotImplemented", "TumblingWindowInSeconds: tumbling windows are not emulated", 501)
    settings: dict[str, Any] = {}
    if request.get("ParallelizationFactor") is not None:
        settings["parallelization"] = _within(request, "ParallelizationFactor", 1, 10)
    if request.get("BisectBatchOnFunctionError") is not None:
        settings["bisect"] = bool(request["BisectBatchOnFunctionError"])
    if request.get("MaximumRetryAttempts") is not None:
        settings["retries"] = _within(request, "MaximumRetryAttempts", -1, 10_000)
    if request.get("MaximumRecordAgeInSeconds") not in {None, -1}:
        settings["max_age"] = _within(request, "MaximumRecordAgeInSeconds", 60, 604_800)
    elif request.get("MaximumRecordAgeInSeconds") == -1:
        settings["max_age"] = -1
    if request.get("DestinationConfig") is not None:
        settings["on_failure"] = _on_failure(request["DestinationConfig"])
    return replace(stream, **settings)


def _on_failure(config: Request[str, Any]) -> str | None:
    arn = (config.get("OnFailure") or {}).get("Destination") or None
    if arn and (arn.split(":")[2:3] not in (["sqs"], ["sns"]) or arn.endswith(".fifo")):
        told = "only standard SQS queues and SNS topics are supported"
        raise AwsError("NotImplemented", f"DestinationConfig.OnFailure {arn}: {told}", 501)
    return str(arn) if arn else None


def _stream_document(stream: StreamSettings) -> dict[str, Any]:
    destination = {"OnFailure": {"Destination": stream.on_failure}} if stream.on_failure else {}
    content: dict[str, Any] = {
        "StartingPosition": stream.starting_position,
        "ParallelizationFactor": stream.parallelization,
        "BisectBatchOnFunctionError": stream.bisect,
        "MaximumRetryAttempts": stream.retries,
        "MaximumRecordAgeInSeconds": stream.max_age,
        "TumblingWindowInSeconds": 0,
        "DestinationConfig": destination,
    }
    if stream.starting_at is not None:
        content["StartingPositionTimestamp"] = stream.starting_at
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
