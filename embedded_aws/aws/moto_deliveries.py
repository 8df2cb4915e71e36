"""What moto would deliver by itself, switched off: SNS, EventBridge and S3 note it (`moto_events`).

Each is patched when the first request for it comes: importing all of them would delay every start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from math import prod
from typing import Any

from embedded_aws.aws.bucket_notifications import conflict
from embedded_aws.aws.event_patterns import EventPatternError, checked, matches, parse
from embedded_aws.aws.moto_events import EventPut, NotificationsSet, ObjectChanged, Published, note
from embedded_aws.aws.moto_patches import (
    correct_bucket_policies,
    correct_iam,
    correct_streams,
    publish_parameters,
)
from embedded_aws.aws.moto_tables import correct_tables
from embedded_aws.aws.parsing import ParseError, read_json
from embedded_aws.aws.schedule_expressions import ExpressionError
from embedded_aws.aws.schedule_expressions import parse as parse_schedule

_PREDEFINED = {
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event",
    "aws.events.event.json",
    "aws.events.event.ingestion-time",
}
"""Variables of input templates: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
_NO_JSON = "{"
_MOST_KEYS = 5
_MOST_COMBINATIONS = 150


@cache
def switch_off(service: str) -> None:
    """Patch one of moto's services, by moto's name, before its first request; others stay as they are."""
    patch = _PATCHES.get(service)
    if patch:
        patch()


def _open(of_moto: Any) -> Any:
    """Return a class or module of moto as what it is: changeable."""
    return of_moto


def _sns() -> None:
    """Let SNS note what is published, instead of delivering and then keeping it for ever."""
    from moto.moto_api._internal import mock_random  # noqa: PLC0415
    from moto.sns.exceptions import SNSInvalidParameter  # noqa: PLC0415
    from moto.sns.models import SNSBackend, Topic  # noqa: PLC0415

    def publish(self: Topic, message: str, subject: str | None = None, **options: Any) -> str:
        is_structured = options.get("message_structure") == "json"
        if is_structured:
            _check_structure(message)
        message_id = str(mock_random.uuid4())
        note(
            Published(
                self.arn,
                message_id,
                message,
                subject,
                options.get("message_attributes") or {},
                options.get("group_id"),
                options.get("deduplication_id"),
                is_structured,
            )
        )
        return message_id

    def check_policy(_self: SNSBackend, policy: Any, scope: str | None) -> None:
        try:
            _check_filter_policy(checked(policy), is_nested=scope == "MessageBody")
        except EventPatternError as error:
            raise SNSInvalidParameter(f"Invalid parameter: FilterPolicy: {error}") from error

    topic, backend = _open(Topic), _open(SNSBackend)
    topic.publish = publish
    backend._validate_filter_policy = check_policy  # noqa: SLF001


def _check_filter_policy(policy: Mapping[str, Any], *, is_nested: bool) -> None:
    """Check what SNS limits beyond the language; moto knows fewer operators than SNS has.

    https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
    """
    if len(policy) > _MOST_KEYS:
        raise EventPatternError("Filter policy can not have more than 5 keys")
    if not is_nested and any(isinstance(wanted, dict) for wanted in policy.values()):
        raise EventPatternError("Filter policy scope MessageAttributes does not support nested filter policy")
    if _combinations(policy) > _MOST_COMBINATIONS:
        raise EventPatternError("Filter policy is too complex")


def _combinations(policy: Mapping[str, Any], depth: int = 1) -> int:
    """Count the ways to fit: those of all fields multiplied; what `$or` lets one choose from adds up."""

    def ways(key: str, wanted: Any) -> int:
        if key == "$or":
            return sum(_combinations(choice, depth) for choice in wanted)
        return _combinations(wanted, depth + 1) if isinstance(wanted, dict) else len(wanted) * depth

    return prod(ways(key, wanted) for key, wanted in policy.items())


def _check_structure(message: str) -> None:
    from moto.sns.exceptions import InvalidParameterValue  # noqa: PLC0415

    try:
        texts = json.loads(message)
    except ValueError:
        raise InvalidParameterValue(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from None
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise InvalidParameterValue(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )


def _events() -> None:
    """Let EventBridge note accepted events and refuse wrong inputs and patterns."""
    from moto.events.exceptions import ValidationException  # noqa: PLC0415
    from moto.events.models import EventsBackend, Rule  # noqa: PLC0415

    put_events, put_rule, put_targets = (
        EventsBackend.put_events,
        EventsBackend.put_rule,
        EventsBackend.put_targets,
    )

    def noting(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        # moto takes any JSON for the detail of an event, AWS objects alone.
        entries = put_events(self, [_with_object(event) for event in events])
        for entry, answer in zip(events, entries, strict=True):
            if "EventId" in answer:
                bus = self._normalize_event_bus_arn(entry.get("EventBusName"))
                note(EventPut(self.region_name, bus, answer["EventId"], entry))
        return entries

    def putting(
        self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        for target in targets:
            if problem := _wrong_input(target):
                raise ValidationException(problem)
        put_targets(self, name, event_bus_arn, targets)

    def ruling(self: EventsBackend, name: str, **given: Any) -> Rule:
        if text := given.get("scheduled_expression"):
            try:
                parse_schedule(text)
            except ExpressionError as problem:
                raise ValidationException(
                    f"Parameter ScheduleExpression is not valid. Reason: {problem}"
                ) from problem
        return put_rule(self, name, **given)

    backend, rule = _open(EventsBackend), _open(Rule)
    backend.put_rule = ruling
    backend.put_events = noting
    backend.put_targets = putting
    rule.send_to_targets = lambda *_, **__: None
    _event_patterns()


def _scheduler() -> None:
    """Let the Scheduler refuse expressions that are never due.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    from moto.scheduler.exceptions import ValidationException  # noqa: PLC0415
    from moto.scheduler.models import EventBridgeSchedulerBackend  # noqa: PLC0415

    backend = _open(EventBridgeSchedulerBackend)

    def checking(put: Callable[..., Any]) -> Callable[..., Any]:
        def checked_put(self: Any, **given: Any) -> Any:
            text, zone = given["schedule_expression"], given["schedule_expression_timezone"] or "UTC"
            try:
                parse_schedule(text, zone, is_rule=False)
            except ExpressionError as problem:
                raise ValidationException(
                    f"Invalid Schedule Expression {text}. Reason: {problem}"
                ) from problem
            return put(self, **given)

        return checked_put

    backend.create_schedule = checking(backend.create_schedule)
    backend.update_schedule = checking(backend.update_schedule)


def _with_object(event: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of PutEvents whose detail moto refuses too when AWS does: `MalformedDetail`.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
    """
    try:
        is_other = event.get("Detail") and not isinstance(read_json(event["Detail"]), dict)
    except ParseError:
        return event
    return {**event, "Detail": _NO_JSON} if is_other else event


def _event_patterns() -> None:
    """Refuse wrong patterns, and test patterns as rules match."""
    from moto.events.exceptions import InvalidEventPatternException  # noqa: PLC0415
    from moto.events.models import EventPatternParser  # noqa: PLC0415
    from moto.events.responses import EventsHandler  # noqa: PLC0415

    def check(_self: EventPatternParser, pattern: Any) -> None:
        try:
            checked(pattern)
        except EventPatternError as error:
            raise InvalidEventPatternException(reason=str(error)) from error

    def test_pattern(self: EventsHandler) -> tuple[str, dict[str, Any]]:
        try:
            pattern, event = parse(self._get_param("EventPattern")), read_json(self._get_param("Event"))
        except EventPatternError as error:
            raise InvalidEventPatternException(reason=str(error)) from error
        return json.dumps({"Result": matches(pattern, event)}), self.response_headers

    _open(EventsHandler).test_event_pattern = test_pattern
    _open(EventPatternParser)._validate_event_pattern = check  # noqa: SLF001


def _wrong_input(target: Mapping[str, Any]) -> str | None:
    """Return why AWS refuses what a target of a rule is to get of an event, in its words."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) is not None]
    if len(given) > 1:
        return (
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        )
    transformer = target.get("InputTransformer") or {}
    paths = transformer.get("InputPathsMap") or {}
    names = re.findall(r"<([A-Za-z0-9_.-]+)>", transformer.get("InputTemplate") or "")
    unknown = next((name for name in names if name not in paths and name not in _PREDEFINED), None)
    if unknown:
        return f"InputTemplate for target {target['Id']} contains invalid placeholder {unknown}."
    return None


def _s3() -> None:
    """Let S3 note changes of objects, delete markers too, and refuse notifications that overlap."""
    from moto.s3 import models, notifications  # noqa: PLC0415
    from moto.s3.exceptions import S3ClientError  # noqa: PLC0415
    from moto.s3.models import S3Backend  # noqa: PLC0415

    set_delete_marker = S3Backend._set_delete_marker  # noqa: SLF001 - nothing public is called for both
    put_configuration = S3Backend.put_bucket_notification_configuration

    def changed(_account: str, event_name: str, bucket: Any, key: Any) -> None:
        configuration = bucket.notification_configuration
        if configuration is not None and key is not None:
            event = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
            version = key.version_id if bucket.is_versioned else None
            size, etag = getattr(key, "size", 0), getattr(key, "etag", "").strip('"')
            place = (bucket.region_name, bucket.name, key.name)
            note(ObjectChanged(event, *place, size, etag, version, configuration))

    def marked(self: S3Backend, bucket_name: str, key_name: str) -> Any:
        marker = set_delete_marker(self, bucket_name, key_name)
        event = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
        changed("", event, self.get_bucket(bucket_name), marker)
        return marker

    def configured(account_id: str, bucket: Any) -> None:  # noqa: ARG001 - moto passes it by name
        note(NotificationsSet(bucket.region_name, bucket.name, bucket.notification_configuration))

    def putting(self: S3Backend, bucket_name: str, notification_config: dict[str, Any]) -> None:
        if problem := conflict(notification_config):
            raise S3ClientError("InvalidArgument", problem)
        put_configuration(self, bucket_name, notification_config)

    correct_bucket_policies()
    backend, told, called = _open(S3Backend), _open(notifications), _open(models)
    told.send_event = changed
    told.send_test_event = configured
    called.events_send_notification = lambda **_: None
    backend._set_delete_marker = marked  # noqa: SLF001
    backend.put_bucket_notification_configuration = putting


_PATCHES: Mapping[str, Callable[[], None]] = {
    "dynamodb": correct_tables,
    "events": _events,
    "iam": correct_iam,
    "kinesis": correct_streams,
    "s3": _s3,
    "scheduler": _scheduler,
    "sns": _sns,
    "ssm": publish_parameters,
}
